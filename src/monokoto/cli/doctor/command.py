"""The command: looks at everything, prints a table, ends with 1 when something is broken."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monokoto.cli.client import JsonOption, print_json
from monokoto.cli.doctor import machine, running, stores
from monokoto.cli.doctor.finding import Finding, Level, Patient, fault, from_error, ok
from monokoto.cli.ports import LOOPBACK
from monokoto.cli.running import SettingsOption
from monokoto.engines.host import FolderLock
from monokoto.kernel.errors import BadSettings, Conflict, MonokotoError
from monokoto.settings import Settings, load_settings

CHECKS: tuple[Callable[[Patient], Iterable[Finding]], ...] = (
    machine.data_folder,
    machine.disk,
    machine.clock,
    machine.open_files,
    machine.certificates,
    machine.privacy,
    machine.ports,
    running.server,
    running.platform,
    running.log,
    stores.records,
    stores.series,
    stores.objects,
)
"""In the order of the table."""

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAULT: "bold red"}

UrlOption = Annotated[
    str, typer.Option("--url", envvar="MONOKOTO_URL", help="Address of the API, if not as set.", show_default=False)
]
PartsOption = Annotated[bool, typer.Option("--parts", help="Read every stored part and check it (while stopped).")]


def doctor(
    settings: SettingsOption = None, url: UrlOption = "", parts: PartsOption = False, as_json: JsonOption = False
) -> None:
    """Say what is wrong with this installation and how to mend it. Ends with 1 when there are faults."""
    findings = list(examine(settings, os.environ, url=url, parts=parts))
    if as_json:
        print_json(findings)
    else:
        show(findings)
    if any(finding.level is Level.FAULT for finding in findings):
        raise typer.Exit(1)


def examine(file: Path | None, environ: Mapping[str, str], *, url: str = "", parts: bool = False) -> Iterator[Finding]:
    """Everything that is found. A folder that nobody uses is locked meanwhile, so that nothing starts under us."""
    try:
        settings = load_settings(file, environ)
    except BadSettings as error:
        yield from from_error("settings", error)
        return
    yield ok("settings", f"valid{f' ({file})' if file else ''}; `koto settings` lists them")
    folder = Path(settings.data_dir)
    lock, in_use = FolderLock(folder), False
    try:
        if folder.is_dir():
            lock.acquire()
    except Conflict:
        in_use = True
    except OSError:
        pass  # The check of the folder tells why it cannot be written.
    try:
        patient = Patient(settings=settings, running=in_use, url=url.rstrip("/") or address_of(settings), parts=parts)
        for check in CHECKS:
            yield from _asked(check, patient)
    finally:
        lock.release()


def _asked(check: Callable[[Patient], Iterable[Finding]], patient: Patient) -> Iterator[Finding]:
    """One check's findings; a check that fails itself must not hide the others."""
    name = check.__name__.replace("_", " ")
    try:
        yield from check(patient)
    except MonokotoError as error:
        yield from from_error(name, error)
    except OSError as error:
        yield fault(name, f"cannot be looked at: {error}", "See who may read it.")


def address_of(settings: Settings) -> str:
    """Where the API is, as far as the settings tell."""
    host = settings.api.host
    reachable = LOOPBACK if host in {"", "0.0.0.0", "::"} else host  # noqa: S104
    return f"http://{reachable}:{settings.api.port}" if settings.api.port else ""


def show(findings: Iterable[Finding]) -> None:
    """For a person."""
    console = Console()
    table = Table("check", "", "what", box=None, pad_edge=False)
    counted: Counter[Level] = Counter()
    for finding in findings:
        counted[finding.level] += 1
        what = Text(finding.what)
        if finding.remedy:
            what.append(f"\n{finding.remedy}", style="yellow")
        table.add_row(finding.check, Text(finding.level, style=_STYLES[finding.level]), what)
    console.print(table)
    if counted[Level.FAULT] or counted[Level.WARNING]:
        console.print(f"faults: {counted[Level.FAULT]}, warnings: {counted[Level.WARNING]}")
    else:
        console.print("[green]All is well.[/green]")

"""`koto twin show|desire|watch`, `koto rebuild twins`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.client.types import Rebuild, Twin
from monokoto.kernel.errors import Fault, Invalid, MonokotoError

_POLL_SECONDS = 0.5

twin = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="What a unit reports and what is desired of it.",
)
rebuild = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Compute something anew from what is stored.",
)


@twin.command("show")
@told
def show(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Show a unit's reported and desired state, and the difference."""
    with connect(url, key) as client:
        found = client.twins.get(unit_id_of(client, unit))
    if as_json:
        print_json(found)
    else:
        show_twin(Console(), found)


def show_twin(console: Console, found: Twin) -> None:
    """A twin for people: a line for each property."""
    reported, desired, drift = found.reported.properties, found.desired.properties, found.drift
    console.print(Text(f"{found.unit}  {found.product}", style="bold"))
    if not reported and not desired:
        console.print("It has not reported anything yet, and nothing is desired of it.")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("property", "reported", "at", "desired"):
        table.add_column(heading)
    for name in sorted({*reported, *desired}):
        held = reported.get(name)
        table.add_row(
            name,
            "" if held is None else Text(_text(held.value)),
            "" if held is None else held.at,
            Text(_text(desired[name]) if name in desired else "", style="yellow" if name in drift else ""),
        )
    console.print(table)
    if drift:
        console.print(Text(f"Not reported yet: {', '.join(drift)}", style="yellow"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@twin.command("desire")
@told
def desire(
    unit: UnitArgument,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="Values as JSON; NAME= takes it out.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A JSON merge patch (RFC 7396).", exists=True, dir_okay=False)
    ] = None,
    whole: Annotated[bool, typer.Option("--replace", help="Desire exactly this, nothing else.")] = False,
    revision: Annotated[
        int | None, typer.Option("--revision", help="Only if this is still the current revision.")
    ] = None,
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """Say what a unit should be like. It is told at once, or when it comes back."""
    patch = parse_values(values or []) if file is None else _read_patch(file)
    if whole:
        patch = {name: value for name, value in patch.items() if value is not None}
    tag = None if revision is None else f'"{revision}"'
    with connect(url, key) as client:
        change = client.twins.put_desired if whole else client.twins.patch_desired
        desired = change(unit_id_of(client, unit), patch, if_match=tag)
    print_json(desired)


def parse_values(values: list[str]) -> dict[str, Any]:
    """`name=value` pairs as a merge patch; a value that is no JSON is text, an empty one takes the property out.

    Raises:
        Invalid: with every argument that is no pair.
    """
    faults = [Fault(place=pair, reason="expected NAME=VALUE") for pair in values if not pair.partition("=")[1]]
    if faults or not values:
        raise Invalid("Say what is desired.", remedy="For example `mode=eco target=21.5`.", faults=faults)
    return {name: _value(text) for name, _, text in (pair.partition("=") for pair in values)}


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _read_patch(file: Path) -> dict[str, Any]:
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, Any])
    except msgspec.MsgspecError as error:
        fault = Fault(file=str(file), reason=str(error))
        raise Invalid("The file is not a merge patch.", faults=[fault]) from None


@twin.command("watch")
@told
def watch(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "") -> None:
    """Print a unit's changes as they come, a line of JSON each, until Ctrl-C."""
    with connect(url, key) as client:
        try:
            with client.twins.stream_twin(unit_id_of(client, unit)) as changes:
                for change in changes:
                    typer.echo(change.data)
        except KeyboardInterrupt:
            return


@rebuild.callback()
def _rebuild() -> None:
    """Compute something anew from what is stored."""


@rebuild.command("twins")
@told
def rebuild_twins(url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Compute the reported state of all units anew from the stored readings. Units go on meanwhile."""
    with connect(url, key) as client:
        progress = client.twins.rebuild()
        bar = Progress(SpinnerColumn(), TextColumn("{task.description}"), transient=True, console=Console(stderr=True))
        with bar:
            task = bar.add_task("reading the history", total=None)
            while progress.state == "running":
                bar.update(task, description=_so_far(progress))
                time.sleep(_POLL_SECONDS)
                progress = client.twins.get_rebuild()
    if progress.state != "done":
        raise MonokotoError(f"The rebuild failed: {progress.detail}", remedy="The twins are as they were before.")
    if as_json:
        print_json(progress)
        return
    typer.echo(f"The twins are rebuilt: {progress.values} values of {progress.properties_total} properties.")


def _so_far(progress: Rebuild) -> str:
    return f"{progress.properties_done} of {progress.properties_total} properties, {progress.values} values"

"""`koto audit`: who did what; and whether anybody has tampered with it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.tables import show_table
from monokoto.client.types import Entry, ExportFormat
from monokoto.connect.audit import AuditLog, Head
from monokoto.connect.tenancy import Organisations
from monokoto.engines.records import open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.settings import load_settings

audit = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Who did what, when.")
ActionOption = Annotated[str, typer.Option("--action", help="Only this operation, such as `putDesired`.")]
SubjectOption = Annotated[str, typer.Option("--subject", help="Only on this: `unit:ID`, a kind, or an id.")]
FromOption = Annotated[str, typer.Option("--from", help="At this instant (RFC 3339) or later.")]
ToOption = Annotated[str, typer.Option("--to", help="Before this instant.")]


@audit.command("list")
@told
def list_entries(
    action: ActionOption = "",
    subject: SubjectOption = "",
    begin: FromOption = "",
    end: ToOption = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=PAGE_SIZE_MAX, help="At most so many.")] = 50,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """The newest entries."""
    with connect(url, key) as api:
        found = api.audit.list(
            action=action or None, subject=subject or None, from_=begin or None, to=end or None, limit=limit
        ).first()
    if as_json:
        print_json(found)
        return
    show_table(("at", "who", "did", "on", "outcome", "fields"), map(_cells, found.items))


def _cells(one: Entry) -> tuple[str, ...]:
    actor, subject = one.actor, one.subject
    who = "somebody else" if actor is None else actor.name or actor.id or actor.kind
    on = f"{subject.kind} {subject.id}" if subject else ""
    outcome = one.outcome + (f" {one.status}" if one.status else "")
    return one.at, who, one.action, on, outcome, " ".join(one.detail.get("fields", []))


@audit.command("export")
@told
def export(
    file_format: Annotated[ExportFormat, typer.Option("--format", help="How it is written.")] = ExportFormat.NDJSON,
    action: ActionOption = "",
    subject: SubjectOption = "",
    begin: FromOption = "",
    end: ToOption = "",
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """All entries as a file, the oldest first, to standard output."""
    output = typer.get_binary_stream("stdout")
    with connect(url, key) as api:
        file = api.audit.export(
            format=file_format, action=action or None, subject=subject or None, from_=begin or None, to=end or None
        )
        for piece in file.pieces():
            output.write(piece)


@audit.command("verify")
@told
def verify(
    organisation: Annotated[str, typer.Option("--organisation", "-o", help="Its slug; left out: all.")] = "",
    expect: Annotated[str, typer.Option("--expect", help="A head that was kept elsewhere, NUMBER:DIGEST.")] = "",
    settings: Annotated[
        Path | None, typer.Option("--settings", envvar="MONOKOTO_SETTINGS", help="Settings file of the installation.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Read the whole chain of this installation and say whether anything was changed, removed or inserted."""
    loaded = load_settings(settings, os.environ)
    expected = _head(expect)
    if expected is not None and not organisation:
        raise Invalid("A head belongs to one organisation.", faults=[Fault(place="--organisation", reason="name it")])
    records = open_records(loaded.records.url, data_dir=Path(loaded.data_dir), keys_file=loaded.records.keys_file)
    try:
        clock = SystemClock()
        known, log = Organisations(records, clock), AuditLog(records, clock)
        slugs = {one.id: one.slug for one in known.list(limit=PAGE_SIZE_MAX)}
        ids = [known.by_slug(organisation).id] if organisation else log.organisations()
        found = {slugs.get(one, str(one)): log.verify(one, expected=expected) for one in ids}  # type: ignore[call-overload]
    finally:
        records.close()
    if as_json:
        print_json(
            [
                {
                    "organisation": slug,
                    "sound": one.sound,
                    "entries": one.entries,
                    "head": f"{one.head.number}:{one.head.digest.hex()}",
                    "faults": list(one.faults),
                }
                for slug, one in found.items()
            ]
        )
    else:
        for slug, one in found.items():
            typer.echo(f"{slug}: {one.entries} entries, head {one.head.number}:{one.head.digest.hex()}")
    faults = [Fault(place=slug, reason=fault) for slug, one in found.items() for fault in one.faults]
    if faults:
        raise Conflict("The audit log is not as it was written.", faults=faults)


def _head(text: str) -> Head | None:
    if not text:
        return None
    number, _, digest = text.partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest))
    except ValueError:
        fault = Fault(place="--expect", reason="it is NUMBER:DIGEST, as `koto audit verify` prints it")
        raise Invalid("This is no head.", faults=[fault]) from None

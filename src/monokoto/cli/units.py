"""`koto units …`: register, import, find, change and retire units."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import typer
from msgspec import UNSET, UnsetType, structs
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from monokoto.cli.choices import Sort
from monokoto.cli.client import JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.cli.unit_credentials import CertificateOption, credentials, read_certificate, show_token
from monokoto.cli.unit_id import UnitArgument, unit_id_of
from monokoto.client.types import ImportMode, Location, Unit, UnitPresence, UnitStatus
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT

_PAGE_SIZE = 1000
_MEDIA_TYPES: dict[str, Literal["text/csv", "application/x-ndjson"]] = {
    ".csv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}
_NONE = "none"

TagOption = Annotated[list[str] | None, typer.Option("--tag", help="Repeat for more.")]

units = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Register, import, list and change units; their credentials.",
)
units.add_typer(credentials, name="credentials")


@units.command("list")
@told
def list_units(
    product: Annotated[str | None, typer.Option("--product", help="Only units of this product.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Only units of this version.")] = None,
    tag: TagOption = None,
    prefix: Annotated[str | None, typer.Option("--serial", help="Only serials that start so.")] = None,
    parent: Annotated[str | None, typer.Option("--parent", help="Only direct parts of this unit.")] = None,
    below: Annotated[str | None, typer.Option("--below", help="Only parts of this unit, at every depth.")] = None,
    status: Annotated[list[UnitStatus] | None, typer.Option("--status", help="Left out: all not retired.")] = None,
    text: Annotated[str | None, typer.Option("--text", help="Somewhere in serial, name or place.")] = None,
    sort: Annotated[Sort, typer.Option("--sort", help="The order.")] = Sort.OLDEST,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = PAGE_SIZE_DEFAULT,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """List units."""
    with connect(url, key) as client:
        pages = client.units.list(
            product=product,
            version=version,
            tag=tag,
            serial_prefix=prefix,
            parent=parent and (parent if parent == _NONE else unit_id_of(client, parent)),
            below=below and unit_id_of(client, below),
            status=status,
            text=text,
            sort=sort.value,
            limit=min(limit, _PAGE_SIZE),
        )
        found = list(islice(pages, limit))
    if as_json:
        print_json(found)
    else:
        _show_table(found)


@units.command("show")
@told
def show_unit(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Show a unit and its presence."""
    with connect(url, key) as client:
        unit_id = unit_id_of(client, unit)
        found, presence = client.units.get(unit_id), client.presence.get(unit_id)
    if as_json:
        print_json({**structs.asdict(found), "presence": presence})
    else:
        _show_unit(Console(), found, presence)


@units.command("tree")
@told
def show_tree(unit: UnitArgument, url: UrlOption = "", key: KeyOption = "", as_json: JsonOption = False) -> None:
    """Show a unit with all its parts."""
    with connect(url, key) as client:
        found = list(client.units.get_tree(unit_id_of(client, unit), limit=_PAGE_SIZE))
    if as_json:
        print_json(found)
        return
    branches: dict[str, Tree] = {}
    for one in found:
        label = Text(f"{one.serial}  {one.product} {one.version}")
        if one.status != UnitStatus.ACTIVE:
            label.append(f"  {one.status}", style="yellow")
        above = branches.get(one.parent or "")
        branches[one.id] = Tree(label) if above is None else above.add(label)
    Console().print(branches[found[0].id])


@units.command("register")
@told
def register_unit(
    serial: Annotated[str, typer.Argument(metavar="SERIAL", help="Its serial.")],
    product: Annotated[str, typer.Option("--product", help="What product it is.")],
    version: Annotated[str, typer.Option("--version", help="Left out: the product's current one.")] = "",
    name: Annotated[str, typer.Option("--name", help="A name for people.")] = "",
    tag: TagOption = None,
    parent: Annotated[str, typer.Option("--parent", help="Id or serial of the unit it is a part of.")] = "",
    place: Annotated[str, typer.Option("--place", help="Where it is, in words.")] = "",
    latitude: Annotated[float | None, typer.Option("--latitude", help="Degrees north.")] = None,
    longitude: Annotated[float | None, typer.Option("--longitude", help="Degrees east.")] = None,
    token: Annotated[str, typer.Option("--token", help="A token its firmware already has.")] = "",
    certificate: CertificateOption = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Register one unit and print its token, once: TOKEN=$(koto units register ...) works."""
    located = place or latitude is not None or longitude is not None
    with connect(url, key) as client:
        made = client.units.register(
            serial=serial,
            product=product,
            version=version,
            name=name,
            tags=tag or [],
            parent=parent,
            location=Location(place=place, latitude=latitude, longitude=longitude) if located else None,
            token=token,
            certificate=read_certificate(certificate),
        )
    if as_json:
        print_json(made)
        return
    unit = made.unit
    typer.echo(f"{unit.serial} is registered: unit {unit.id}, version {unit.version}.", err=True)
    show_token(made.token)


@units.command("import")
@told
def import_units(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV with a header, or NDJSON.", dir_okay=False)],
    out: Annotated[
        Path | None, typer.Option("--out", help="Where the results with tokens go; else the screen.")
    ] = None,
    product: Annotated[str | None, typer.Option("--product", help="For rows that name no product.")] = None,
    skip_faulty: Annotated[
        bool, typer.Option("--skip-faulty", help="Register the sound rows, not all or none.")
    ] = False,
    tokens: Annotated[bool, typer.Option("--tokens/--no-tokens", help="Make tokens for units without one.")] = True,
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """Register the units of a file. Columns: serial, product, version, name, tags (split by ;), latitude, longitude,
    altitude, place, parent, token, certificate. Put a unit before its parts.
    """
    media_type = _MEDIA_TYPES.get(file.suffix.lower())
    if media_type is None:
        fault = Fault(file=str(file), reason=f"its name ends in none of {', '.join(_MEDIA_TYPES)}")
        raise Invalid("We cannot tell how the rows are written.", faults=[fault])
    mode = ImportMode.SKIP_FAULTY if skip_faulty else ImportMode.ALL_OR_NOTHING
    with (
        connect(url, key) as client,
        _opened(file) as rows,
        # Opened first: tokens that cannot be written would be lost.
        _output(out) as results,
        client.units.import_(rows, content_type=media_type, mode=mode, product=product, tokens=tokens) as answer,
    ):
        for piece in answer.pieces():
            results.write(piece)
    refused = int(answer.headers.get("Units-Refused", 0))
    typer.echo(f"{answer.headers.get('Units-Registered', 0)} registered, {refused} refused.", err=True)
    if refused:
        raise typer.Exit(3)


@units.command("change")
@told
def change_unit(
    unit: UnitArgument,
    name: Annotated[str | None, typer.Option("--name", help="A name for people.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Another version of its product.")] = None,
    tag: TagOption = None,
    parent: Annotated[
        str | None, typer.Option("--parent", help="The unit it becomes a part of; `none`: of none.")
    ] = None,
    status: Annotated[UnitStatus | None, typer.Option("--status", help="Suspended units may not connect.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Change a unit: its name, version, tags (all of them), place in a product system, status."""
    with connect(url, key) as client:
        above: str | UnsetType | None = UNSET
        if parent is not None:
            above = None if parent == _NONE else unit_id_of(client, parent)
        changed = client.units.update(
            unit_id_of(client, unit),
            name=UNSET if name is None else name,
            version=UNSET if version is None else version,
            tags=UNSET if tag is None else tag,
            status=UNSET if status is None else status,
            parent=above,
        )
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"{changed.serial} is at revision {changed.revision}.")


@units.command("upgrade")
@told
def upgrade_units(
    product: Annotated[str, typer.Option("--product", help="Whose units.")],
    version: Annotated[str, typer.Option("--to", help="The version they get.")],
    from_version: Annotated[str, typer.Option("--from", help="Only units of this version.")] = "",
    tag: TagOption = None,
    below: Annotated[str | None, typer.Option("--below", help="Only parts of this unit.")] = None,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Give many units another version of their product."""
    with connect(url, key) as client:
        changed = client.units.upgrade(
            product=product,
            version=version,
            from_version=from_version,
            tags=tag or [],
            below=below and unit_id_of(client, below),
        )
    if as_json:
        print_json(changed)
    else:
        typer.echo(f"{changed.units} units have version {version} now.")


@units.command("retire")
@told
def retire_unit(
    unit: UnitArgument,
    parts: Annotated[bool, typer.Option("--parts", help="Its parts too.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take a unit out of use: its credentials end, its history stays."""
    with connect(url, key) as client:
        retired = client.units.retire(unit_id_of(client, unit), parts=parts)
    if as_json:
        print_json(retired)
    else:
        typer.echo(f"{retired.serial} is retired.")


def _show_table(found: list[Unit]) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("id", "serial", "product", "version", "status", "name", "tags"):
        table.add_column(column, no_wrap=column in {"id", "serial"})
    for one in found:
        cells = (one.id, one.serial, one.product, one.version, one.status, one.name)
        table.add_row(*map(Text, cells), Text(" ".join(one.tags)))
    Console().print(table)


def _show_unit(console: Console, found: Unit, presence: UnitPresence) -> None:
    location = found.location or Location()
    degrees = (location.latitude, location.longitude, location.altitude)
    position = " ".join(str(one) for one in degrees if one is not None)
    lines = {
        "id": found.id,
        "product": f"{found.product} {found.version}",
        "status": found.status,
        "name": found.name,
        "tags": " ".join(found.tags),
        "place": " ".join(filter(None, (location.place, position))),
        "part of": found.parent or "",
        "registered": found.created_at,
        "presence": f"{'online' if presence.online else 'offline'} since {presence.since or 'ever'}",
        "last seen": presence.last_seen or "never",
        "revision": str(found.revision),
    }
    console.print(Text(found.serial, style="bold"))
    for label, value in lines.items():
        if value:
            console.print(Text(f"  {label:11} {value}"), soft_wrap=True)


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        fault = Fault(file=str(file), reason=error.strerror or str(error))
        raise Invalid("The file cannot be read.", faults=[fault]) from None


@contextmanager
def _output(out: Path | None) -> Iterator[BinaryIO]:
    """Where results go; a new file that its owner alone may read, for there are tokens in it."""
    if out is None:
        yield sys.stdout.buffer
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        fault = Fault(file=str(out), reason=error.strerror or str(error))
        raise Invalid("The results cannot be written there.", faults=[fault]) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
    finally:
        if not out.stat().st_size:
            out.unlink()

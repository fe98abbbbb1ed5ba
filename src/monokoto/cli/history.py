"""`koto history`, `koto export`, `koto import`: what units measured, on the screen and as files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO, Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from monokoto.cli.choices import Format
from monokoto.cli.client import ApiClient, JsonOption, KeyOption, UrlOption, connect, print_json, told
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import parse_id

UnitsArgument = Annotated[list[str] | None, typer.Argument(metavar="[UNIT]...", help="Ids or serials of units.")]
UnitsOption = Annotated[list[str] | None, typer.Option("--unit", help="Id or serial of a unit; may be repeated.")]
ProductOption = Annotated[str, typer.Option("--product", help="All units of this product.")]
PropertiesOption = Annotated[list[str] | None, typer.Option("--property", help="May be repeated; default: all.")]
FromOption = Annotated[str, typer.Option("--from", help="RFC 3339, or -15min, -24h, -7d; default: a day before --to.")]
ToOption = Annotated[str, typer.Option("--to", help="RFC 3339 or before now; default: now.")]
FormatOption = Annotated[
    str, typer.Option("--format", help="csv, ndjson, parquet or arrow; default: by the file's name.")
]
_PIECE_BYTES = 1 << 20
_TIMEOUT_SECONDS = 3600.0
_EVERYTHING = "1970-01-01T00:00:00Z"


@told
def history(
    units: UnitsArgument = None,
    product: ProductOption = "",
    property_: PropertiesOption = None,
    last: Annotated[str, typer.Option("--last", help="The time up to now: 15min, 24h, 7d; instead of --from.")] = "",
    start: FromOption = "",
    end: ToOption = "",
    width: Annotated[str, typer.Option("--width", help="Buckets: 10s, 15min, 6h, day, week, month, ...")] = "",
    zone: Annotated[str, typer.Option("--zone", help="IANA zone in which days are cut.")] = "UTC",
    aggregate: Annotated[list[str] | None, typer.Option("--aggregate", help="avg, max, p95, time_avg, ...")] = None,
    group: Annotated[str, typer.Option("--group", help="unit, product or all.")] = "unit",
    fill: Annotated[str, typer.Option("--fill", help="none, null, previous or linear.")] = "none",
    limit: Annotated[int, typer.Option("--limit", min=1, help="Readings at most, without --width.")] = 50,
    oldest: Annotated[bool, typer.Option("--oldest", help="The oldest first instead of the newest.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show what units measured: the readings, or with --width buckets of them."""
    asked: dict[str, Any] = {
        "product": product,
        "properties": property_ or [],
        "from": f"-{last}" if last else start,
        "to": end,
        "width": width,
        "zone": zone,
        "aggregates": aggregate or [],
        "group": group,
        "fill": fill,
        "limit": limit,
        "order": "oldest" if oldest else "newest",
    }
    with connect(url, key) as client:
        answer = client.post("/api/v1/history", asked | {"units": _ids(client, units or [], product)})
    if as_json:
        print_json(answer)
        return
    console = Console()
    for series in answer["series"]:
        console.print(_table(series))
    if not answer["series"]:
        console.print("No readings in this time.")
    elif answer.get("next_cursor"):
        console.print(Text("There are more: raise --limit, or narrow the time.", style="dim"), soft_wrap=True)


def _ids(client: ApiClient, names: list[str], product: str) -> list[str]:
    """Ids for what a person calls units by: an id is taken as it is, anything else is a serial."""
    return [name if _is_id(name) else _id_of_serial(client, name, product) for name in names]


def _is_id(name: str) -> bool:
    try:
        parse_id(name)
    except Invalid:
        return False
    return True


def _id_of_serial(client: ApiClient, serial: str, product: str) -> str:
    found = client.get("/api/v1/units", {"serial": serial, "product": product or None})["items"]
    if not found:
        raise NotFound(f"There is no unit with the serial {serial!r}.", remedy="See `koto units list`.")
    if len(found) > 1:
        products = ", ".join(sorted(unit["product"] for unit in found))
        raise Conflict(f"Several units have the serial {serial!r}: of {products}.", remedy="Name the --product.")
    return str(found[0]["id"])


def _table(series: dict[str, Any]) -> Table:
    names = [series[name] for name in ("unit", "product", "group", "property") if series.get(name)]
    columns = [name for name in series if name not in {"unit", "product", "group", "property"}]
    table = Table(title=" ".join(names), title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name == "at" else "right")
    for row in zip_longest(*(series[name] for name in columns)):
        table.add_row(*(_cell(value) for value in row))
    return table


def _cell(value: Any) -> Text:
    if value is None:
        return Text("")
    if isinstance(value, float):
        return Text(f"{value:.6g}")
    return Text(value if isinstance(value, str) else msgspec.json.encode(value).decode())


@told
def export(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Where to: .csv, .ndjson, .parquet, .arrow, .csv.gz; - for standard output."
        ),
    ],
    unit: UnitsOption = None,
    product: ProductOption = "",
    property_: PropertiesOption = None,
    start: FromOption = _EVERYTHING,
    end: ToOption = "",
    format_: FormatOption = "",
    wide: Annotated[bool, typer.Option("--wide", help="A row for each moment, a column for each property.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
) -> None:
    """Write readings to a file."""
    packed = file.suffix == ".gz"
    params: dict[str, Any] = {
        "product": product,
        "property": property_ or [],
        "from": start,
        "to": end,
        "format": _format(file, format_).value,
        "shape": "wide" if wide else "tall",
        "gzip": str(packed).lower(),
    }
    with connect(url, key) as client:
        params["unit"] = _ids(client, unit or [], product)
        params = {name: value for name, value in params.items() if value not in ("", [])}
        with client.stream("GET", "/api/v1/export", params=params, timeout=_TIMEOUT_SECONDS) as answer:
            _save(answer.iter_bytes(_PIECE_BYTES), file)
    if str(file) != "-":
        Console(stderr=True).print(f"{file} has {file.stat().st_size:,} bytes.", soft_wrap=True)


def _save(pieces: Iterator[bytes], file: Path) -> None:
    if str(file) == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    # Under another name until it is whole: half an export looks like an export.
    unfinished = file.with_name(f"{file.name}.part")
    with _progress() as progress, unfinished.open("wb") as out:
        task = progress.add_task("exporting", total=None)
        for piece in pieces:
            out.write(piece)
            progress.advance(task, len(piece))
    unfinished.replace(file)


@told
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Columns unit, at and one for each property; or unit, property, at, value."
        ),
    ],
    format_: FormatOption = "",
    check: Annotated[bool, typer.Option("--check", help="Only say what would be refused; store nothing.")] = False,
    url: UrlOption = "",
    key: KeyOption = "",
    as_json: JsonOption = False,
) -> None:
    """Take in readings from a file; the same file again changes nothing."""
    if not file.is_file():
        raise NotFound(f"There is no file {file}.")
    params = {"format": _format(file, format_).value, "check": str(check).lower()}
    with connect(url, key) as client, file.open("rb") as content, _progress() as progress:
        task = progress.add_task("importing", total=file.stat().st_size)
        done = client.request(
            "POST",
            "/api/v1/import",
            params=params,
            content=_watched(content, lambda size: progress.advance(task, size)),
            timeout=_TIMEOUT_SECONDS,
        )
    if as_json:
        print_json(done)
    else:
        _tell(done, file, check=check)
    if done["refused"]:
        raise typer.Exit(3)


def _tell(done: dict[str, Any], file: Path, *, check: bool) -> None:
    console = Console()
    for fault in done["faults"]:
        place = f"{fault['place']}: " if fault["place"] else ""
        console.print(Text(f"{file}:{fault['row']}: {place}{fault['reason']}", style="red"), soft_wrap=True)
    untold = done["refused"] - len(done["faults"])
    if untold:
        console.print(Text(f"... and {untold:,} more.", style="red"))
    verb = "would be stored" if check else "stored"
    console.print(
        f"{done['rows']:,} rows: {done['readings']:,} readings {verb}, {done['refused']:,} refused.", soft_wrap=True
    )


def _format(file: Path, name: str) -> Format:
    if name in set(Format):
        return Format(name)
    if name:
        raise Invalid(f"There is no format {name[:40]!r}.", remedy=f"Use one of {', '.join(Format)}.")
    plain = file.with_suffix("") if file.suffix == ".gz" else file
    by_suffix = {f".{one}": one for one in Format} | {".jsonl": Format.NDJSON}
    found = Format.CSV if str(file) == "-" else by_suffix.get(plain.suffix.lower())
    if found is None:
        raise Invalid(f"{file.name} does not say its format.", remedy=f"Give --format: {', '.join(Format)}.")
    return found


def _watched(content: IO[bytes], advance: Any) -> Iterator[bytes]:
    while piece := content.read(_PIECE_BYTES):
        yield piece
        advance(len(piece))


def _progress() -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)

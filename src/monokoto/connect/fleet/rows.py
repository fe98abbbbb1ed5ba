"""Reading the rows of an import, CSV (RFC 4180, UTF-8, with a header) or NDJSON, one at a time.

A row that cannot be read is told with its line and the next one is read; only what makes the rest unreadable (a bad
header, an unclosed quote) ends the import.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import IO

import msgspec

from monokoto.connect.fleet.json import RegisterRequest, new_unit_from_json
from monokoto.connect.fleet.unit import Location, NewUnit
from monokoto.kernel.errors import Fault, Invalid, TooLarge
from monokoto.kernel.limits import REGISTER_ROW_BYTES_MAX, REGISTER_ROWS_MAX

_TAG_SEPARATOR = ";"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COLUMNS = (
    "serial",
    "product",
    "version",
    "name",
    "tags",
    "latitude",
    "longitude",
    "altitude",
    "place",
    "parent",
    "token",
    "certificate",
)
"""What a CSV header may name; `tags` are separated by semicolons."""


class RowFormat(StrEnum):
    """How rows are written."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row: a description, or what keeps it from being one."""

    line: int
    new: NewUnit
    faults: tuple[Fault, ...] = ()


def read_rows(stream: IO[bytes], rows: RowFormat, *, product: str = "") -> Iterator[ReadRow]:
    """The rows of a stream; `product` stands in where a row names none.

    Raises:
        Invalid: the header is wrong, or the file cannot be read further.
        TooLarge: there are more rows than one import may have.
    """
    for count, row in enumerate(_READERS[rows](stream, product), 1):
        if count > REGISTER_ROWS_MAX:
            raise TooLarge(
                f"An import has at most {REGISTER_ROWS_MAX} rows.", remedy="Split the file; nothing was registered."
            )
        yield row


def _read_ndjson(stream: IO[bytes], product: str) -> Iterator[ReadRow]:
    decoder = msgspec.json.Decoder(RegisterRequest)
    for number, line in enumerate(_lines(stream), 1):
        if line is None:
            yield _faulty(number, f"is over {REGISTER_ROW_BYTES_MAX} bytes")
        elif line.strip():
            try:
                yield ReadRow(number, new_unit_from_json(decoder.decode(line), product=product))
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                reason, _, place = str(error).partition(" - at `$")
                yield _faulty(number, reason, place=place.strip("`.").replace(".", "/"))


def _lines(stream: IO[bytes]) -> Iterator[bytes | None]:
    """Lines of bounded length; None for one that is too long, the rest of which is skipped."""
    while line := stream.readline(REGISTER_ROW_BYTES_MAX + 1):
        if len(line) <= REGISTER_ROW_BYTES_MAX or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(REGISTER_ROW_BYTES_MAX)
        yield None


def _read_csv(stream: IO[bytes], product: str) -> Iterator[ReadRow]:
    # Bytes that are not UTF-8 are kept as surrogates, so that their row can be told and the next one read.
    reader = csv.reader(_csv_lines(stream), strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise Invalid("The file is empty: its first line must name the columns.")
        columns = [name.strip().lower() for name in header]
        _check_header(columns)
        start = reader.line_num + 1
        for cells in reader:
            if cells:
                yield _csv_row(start, columns, cells, product)
            start = reader.line_num + 1
    except csv.Error as error:
        fault = Fault(line=reader.line_num, reason=f"{error}; is a quote left open?")
        raise Invalid("The file is not CSV from here on; nothing was registered.", faults=[fault]) from None


def _csv_lines(stream: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(_lines(stream), 1):
        if line is None:
            fault = Fault(line=number, reason=f"is over {REGISTER_ROW_BYTES_MAX} bytes")
            raise Invalid("A line is too long; nothing was registered.", faults=[fault])
        text = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
        yield text.decode("utf-8", "surrogateescape")


def _check_header(columns: list[str]) -> None:
    faults = []
    for name in columns:
        if name not in COLUMNS:
            near = get_close_matches(name, COLUMNS, 1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are {', '.join(COLUMNS)}"
            faults.append(Fault(line=1, place="header", reason=f"{name[:40]!r} is no column of a unit{hint}"))
        elif columns.count(name) > 1:
            faults.append(Fault(line=1, place=name, reason="is named twice"))
    if "serial" not in columns:
        faults.append(Fault(line=1, place="serial", reason="this column is missing; are the columns split by commas?"))
    if faults:
        raise Invalid("The first line does not name a unit's columns.", faults=faults)


def _csv_row(line: int, columns: list[str], cells: list[str], product: str) -> ReadRow:
    if len(cells) != len(columns):
        return _faulty(line, f"has {len(cells)} cells, the first line names {len(columns)} columns")
    row = dict(zip(columns, cells, strict=True))
    try:
        "".join(cells).encode()
    except UnicodeEncodeError:
        return _faulty(line, "is not UTF-8", serial=row["serial"].encode("utf-8", "replace").decode())
    faults: list[Fault] = []
    numbers = [_number(row, name, line, faults) for name in ("latitude", "longitude", "altitude")]
    tags = (tag.strip() for tag in row.get("tags", "").split(_TAG_SEPARATOR))
    new = NewUnit(
        serial=row["serial"],
        product=row.get("product", "") or product,
        version=row.get("version", ""),
        name=row.get("name", ""),
        tags=tuple(tag for tag in tags if tag),
        location=Location(latitude=numbers[0], longitude=numbers[1], altitude=numbers[2], place=row.get("place", "")),
        parent=row.get("parent", ""),
        token=row.get("token", ""),
        certificate=row.get("certificate", ""),
    )
    return ReadRow(line, new, tuple(faults))


def _number(row: Mapping[str, str], name: str, line: int, faults: list[Fault]) -> float | None:
    text = row.get(name, "").strip()
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        faults.append(Fault(line=line, place=name, reason=f"{text[:40]!r} is not a number"))
        return None


def _faulty(line: int, reason: str, *, place: str = "", serial: str = "") -> ReadRow:
    return ReadRow(line, NewUnit(serial=serial, product=""), (Fault(line=line, place=place, reason=reason),))


_READERS: Mapping[RowFormat, Callable[[IO[bytes], str], Iterator[ReadRow]]] = {
    RowFormat.CSV: _read_csv,
    RowFormat.NDJSON: _read_ndjson,
}

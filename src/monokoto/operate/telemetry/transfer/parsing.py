"""Files of readings read in chunks: one function a format, one table to choose, all ending in the same cells.

Two shapes are known by their columns (in NDJSON by their members): tall has `unit`, `property`, `at` and a value in
`value`, or in `number` and `text`; wide has `unit`, `at` and a column for each property (in NDJSON `values`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from monokoto.kernel.errors import Fault, Invalid, MonokotoError
from monokoto.kernel.limits import TEXT_BYTES_MAX
from monokoto.operate.telemetry.transfer.formats import ROWS_PER_CHUNK, TIME_COLUMN, UNIT_COLUMN, Format

_BLOCK_BYTES = 4 << 20
_LINE_BYTES_MAX = 64 * TEXT_BYTES_MAX
_NOT_PROPERTIES = frozenset({UNIT_COLUMN, TIME_COLUMN})


@dataclass(frozen=True, slots=True)
class Cells:
    """Values of one property in a chunk: `values[i]` stands in the chunk's row `rows[i]`."""

    property: str
    rows: npt.NDArray[np.intp]
    values: pa.Array | Sequence[Any]
    """Numbers, booleans or texts of arrow; or what JSON said, as Python has it."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of the file."""

    first_row: int
    """The place of its first row in the file: counted from 1, a header counted too."""
    units: Sequence[str | None]
    at: pa.Array | Sequence[Any]
    """Timestamps or whatever the file has for times."""
    cells: tuple[Cells, ...]
    faults: tuple[Fault, ...] = field(default=())
    """Rows that are no rows at all."""


def parse(file: IO[bytes], format_: Format) -> Iterator[Chunk]:
    """The file's rows.

    Raises:
        Invalid: it is not of this format, or cut short, or lacks a column; chunks before the fault were handed out.
    """
    try:
        yield from _PARSERS[format_](file)
    except MonokotoError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError) as error:
        raise Invalid(
            f"The file cannot be read as {format_.value}.", faults=[Fault(reason=str(error).splitlines()[0][:300])]
        ) from None


def _parse_csv(file: IO[bytes]) -> Iterator[Chunk]:
    header = file.readline(_LINE_BYTES_MAX).decode("utf-8-sig")
    names = next(csv.reader([header]), [])
    rest = _PushedBack(file.read(_BLOCK_BYTES), file)
    if not rest.head:
        _check_columns(names)
        return
    # Everything as text first: what a text means is for the product model to say, not for a guess at types.
    reader = pyarrow.csv.open_csv(
        rest,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False, column_names=names),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    yield from _parse_batches(reader, first_row=2)


class _PushedBack(io.RawIOBase):
    """A file whose beginning has been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        super().__init__()
        self.head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self.head[: len(buffer)] or self._rest.read(len(buffer))
        self.head = self.head[len(piece) :] if self.head else self.head
        buffer[: len(piece)] = piece
        return len(piece)


def _parse_parquet(file: IO[bytes]) -> Iterator[Chunk]:
    parquet = pyarrow.parquet.ParquetFile(file, pre_buffer=False)
    yield from _parse_batches(parquet.iter_batches(batch_size=ROWS_PER_CHUNK), first_row=1)


def _parse_arrow(file: IO[bytes]) -> Iterator[Chunk]:
    yield from _parse_batches(pa.ipc.open_stream(file), first_row=1)


def _parse_batches(batches: Iterator[pa.RecordBatch], *, first_row: int) -> Iterator[Chunk]:
    for whole in batches:
        for start in range(0, whole.num_rows, ROWS_PER_CHUNK):
            batch = whole.slice(start, ROWS_PER_CHUNK)
            yield _chunk(batch, first_row)
            first_row += batch.num_rows


def _chunk(batch: pa.RecordBatch, first_row: int) -> Chunk:
    names = batch.schema.names
    _check_columns(names)
    plain = {name: _plain(batch.column(name)) for name in names}
    tall = "property" in plain and ("value" in plain or "number" in plain)
    cells = _tall_cells(plain) if tall else _wide_cells(plain)
    return Chunk(first_row, plain[UNIT_COLUMN].cast(pa.string()).to_pylist(), plain[TIME_COLUMN], tuple(cells))


def _check_columns(names: Sequence[str]) -> None:
    missing = [name for name in (UNIT_COLUMN, TIME_COLUMN) if name not in names]
    if missing or len(set(names)) != len(names):
        faults = [Fault(place=name, reason="there is no such column") for name in missing]
        raise Invalid(
            "The file is not a table of readings.",
            faults=faults or [Fault(reason="two columns have the same name")],
            remedy="Give it the columns unit, at and one for each property; or unit, property, at, value.",
        )


def _plain(column: pa.Array) -> pa.Array:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _wide_cells(columns: dict[str, pa.Array]) -> Iterator[Cells]:
    for name, values in columns.items():
        if name not in _NOT_PROPERTIES:
            rows = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
            yield Cells(name, rows, values.drop_null())


def _tall_cells(columns: dict[str, pa.Array]) -> Iterator[Cells]:
    names = columns["property"].cast(pa.string()).fill_null("").dictionary_encode()
    codes = names.indices.to_numpy(zero_copy_only=False)
    for code, name in enumerate(names.dictionary.to_pylist()):
        rows = np.flatnonzero(codes == code)
        here = pa.array(rows)
        if "value" in columns:
            yield Cells(name, rows, columns["value"].take(here))
            continue
        numbers = columns["number"].take(here)
        texts = columns["text"].take(here) if "text" in columns else pa.nulls(len(rows), pa.string())
        numeric = numbers.is_valid().to_numpy(zero_copy_only=False)
        for chosen, values in ((numeric, numbers), (~numeric, texts)):
            if chosen.any():
                yield Cells(name, rows[chosen], values.filter(pa.array(chosen)))


class _TallLine(msgspec.Struct):
    unit: str
    property: str
    at: Any
    value: Any


class _WideLine(msgspec.Struct):
    unit: str
    at: Any
    values: dict[str, Any]


_tall_line, _wide_line = msgspec.json.Decoder(_TallLine), msgspec.json.Decoder(_WideLine)


def _parse_ndjson(file: IO[bytes]) -> Iterator[Chunk]:
    row = 1
    buffered = io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file
    while lines := _lines(buffered):
        yield _lines_chunk(lines, row)
        row += len(lines)


def _lines(file: IO[bytes]) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    while len(lines) < ROWS_PER_CHUNK and size < _BLOCK_BYTES:
        line = file.readline(_LINE_BYTES_MAX)
        if not line:
            break
        if len(line) == _LINE_BYTES_MAX and not line.endswith(b"\n"):
            raise Invalid(f"A line has over {_LINE_BYTES_MAX} bytes.", remedy="Write one reading or moment a line.")
        lines.append(line)
        size += len(line)
    return lines


def _lines_chunk(lines: Sequence[bytes], first_row: int) -> Chunk:
    units: list[str | None] = []
    times: list[Any] = []
    cells: dict[str, tuple[list[int], list[Any]]] = {}
    faults: list[Fault] = []
    for index, line in enumerate(lines):
        unit, at = None, None
        values: dict[str, Any] = {}
        if stripped := line.strip():
            try:
                unit, at, values = _line(stripped)
            except msgspec.MsgspecError as error:
                faults.append(Fault(line=first_row + index, reason=str(error)))
        units.append(unit)
        times.append(at)
        for name, value in values.items():
            rows, held = cells.setdefault(name, ([], []))
            rows.append(index)
            held.append(value)
    return Chunk(
        first_row,
        units,
        times,
        tuple(Cells(name, np.array(rows, np.intp), held) for name, (rows, held) in cells.items()),
        tuple(faults),
    )


def _line(line: bytes) -> tuple[str, Any, dict[str, Any]]:
    try:
        wide = _wide_line.decode(line)
    except msgspec.ValidationError:
        tall = _tall_line.decode(line)
        return tall.unit, tall.at, {tall.property: tall.value}
    return wide.unit, wide.at, wide.values


_PARSERS: dict[Format, Callable[[IO[bytes]], Iterator[Chunk]]] = {
    Format.CSV: _parse_csv,
    Format.NDJSON: _parse_ndjson,
    Format.PARQUET: _parse_parquet,
    Format.ARROW: _parse_arrow,
}

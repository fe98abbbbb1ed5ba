"""History as a file, streamed: the store's batches go out as they come, never whole in memory.

Tall: one row for each reading. Wide: one row for each moment of a unit, a column for each property; the store sorts the
readings by moment (on disk when they are many), and batches are pivoted as they pass.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from monokoto.engines.series import Series
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry.history.answers import id_texts, kind_names
from monokoto.operate.telemetry.history.selection import Selection
from monokoto.operate.telemetry.history.statements import export_statement, kinds_statement
from monokoto.operate.telemetry.tables import INSTANT, NAME
from monokoto.operate.telemetry.transfer.formats import FORMATS, TIME_COLUMN, UNIT_COLUMN, Format
from monokoto.operate.telemetry.transfer.writing import write

TALL_SCHEMA = pa.schema(
    [
        (UNIT_COLUMN, NAME),
        ("property", NAME),
        (TIME_COLUMN, INSTANT),
        ("number", pa.float64()),
        ("text", pa.string()),
        ("kind", NAME),
        ("arrived", INSTANT),
    ]
)
_COLUMN_TYPES = {Kind.NUMBER: pa.float64(), Kind.INTEGER: pa.int64(), Kind.BOOLEAN: pa.bool_()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportQuestion:
    """What to export and how."""

    selection: Selection
    format: Format = Format.CSV
    wide: bool = False
    compressed: bool = False
    """gzip, for the text formats; Parquet and Arrow compress themselves."""


@dataclass(frozen=True, slots=True)
class WideColumn:
    """One property's column in the wide form."""

    name: str
    kind: Kind
    """Where the property's kind changed with a version: NUMBER if all are numbers, STRING otherwise."""


def export(series: Series, question: ExportQuestion) -> Iterator[bytes]:
    """The file, in pieces.

    Raises:
        Invalid: the wide form cannot hold the selection's properties.
    """
    statement = export_statement(question.selection, by_moment=question.wide)
    columns = _wide_columns(series, question.selection) if question.wide else []
    if question.wide and question.format is not Format.NDJSON:
        _check_names(columns)
    source = series.stream(statement.sql, statement.parameters)
    batches = _wide(source, columns) if question.wide else map(_tall, source)
    schema = _wide_schema(columns) if question.wide else TALL_SCHEMA
    pieces = write(batches, schema, columns, question.format)
    if question.compressed and FORMATS[question.format].text:
        return _gzipped(pieces)
    return pieces


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    for piece in pieces:
        if packed := compressor.compress(piece):
            yield packed
    yield compressor.flush()


def _tall(batch: pa.RecordBatch) -> pa.RecordBatch:
    kinds = _plain(batch, "kind").cast(pa.uint8())
    numeric = pc.less_equal(kinds, int(Kind.BOOLEAN))
    arrays = [
        id_texts(_plain(batch, "unit")),
        _plain(batch, "property").dictionary_encode(),
        _plain(batch, "instant").cast(pa.int64()).cast(INSTANT),
        pc.if_else(numeric, _plain(batch, "number"), None),
        pc.if_else(numeric, None, _plain(batch, "text")),
        kind_names(kinds),
        _plain(batch, "arrived_instant").cast(pa.int64()).cast(INSTANT),
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=TALL_SCHEMA)


def _plain(batch: pa.RecordBatch, name: str) -> pa.Array:
    column = batch.column(name)
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _wide_columns(series: Series, selection: Selection) -> list[WideColumn]:
    statement = kinds_statement(selection)
    rows = series.query(statement.sql, statement.parameters).to_pylist()
    return [WideColumn(row["property"], _common(row["kind_least"], row["kind_most"])) for row in rows]


def _common(least: int, most: int) -> Kind:
    if least == most:
        return Kind(least)
    return Kind.NUMBER if most <= Kind.BOOLEAN else Kind.STRING


def _check_names(columns: Iterable[WideColumn]) -> None:
    taken = [column.name for column in columns if column.name in {UNIT_COLUMN, TIME_COLUMN}]
    if taken:
        raise Invalid(
            "The wide form has columns of its own by these names.",
            faults=[Fault(place="property", reason=f"a property is named {name!r}") for name in taken],
            remedy="Export the tall form, or wide NDJSON.",
        )


def _wide_schema(columns: Iterable[WideColumn]) -> pa.Schema:
    fields = [(column.name, _COLUMN_TYPES.get(column.kind, pa.string())) for column in columns]
    return pa.schema([(UNIT_COLUMN, NAME), (TIME_COLUMN, INSTANT), *fields])


def _wide(batches: Iterable[pa.RecordBatch], columns: list[WideColumn]) -> Iterator[pa.RecordBatch]:
    """Readings sorted by (unit, instant) as one row a moment; a moment cut by a batch's end waits for the next batch."""
    waiting: pa.RecordBatch | None = None
    for fresh in batches:
        batch = _simple(fresh)
        if waiting is not None:
            batch = pa.concat_batches([waiting, batch])
        starts = _moment_starts(batch)
        complete = int(starts[-1]) if len(starts) else 0
        waiting = batch.slice(complete)
        if complete:
            yield _pivot(batch.slice(0, complete), starts[:-1], columns)
    if waiting is not None and waiting.num_rows:
        yield _pivot(waiting, _moment_starts(waiting), columns)


_SIMPLE = ("unit", "instant", "property", "number", "text", "kind")


def _simple(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_plain(batch, name) for name in _SIMPLE], names=list(_SIMPLE))


def _moment_starts(batch: pa.RecordBatch) -> npt.NDArray[np.intp]:
    unit, instant = (batch.column(name).to_numpy(zero_copy_only=False) for name in ("unit", "instant"))
    change = np.ones(len(unit), np.bool_)
    change[1:] = (unit[1:] != unit[:-1]) | (instant[1:] != instant[:-1])
    return np.flatnonzero(change)


def _pivot(batch: pa.RecordBatch, starts: npt.NDArray[np.intp], columns: list[WideColumn]) -> pa.RecordBatch:
    moments = len(starts)
    moment = np.repeat(np.arange(moments), np.diff(np.append(starts, batch.num_rows)))
    names = batch.column("property").dictionary_encode()
    code = {name: index for index, name in enumerate(names.dictionary.to_pylist())}
    codes = names.indices.to_numpy(zero_copy_only=False)
    first = pa.array(starts)
    arrays = [
        id_texts(batch.column("unit").take(first)),
        batch.column("instant").take(first).cast(pa.int64()).cast(INSTANT),
    ]
    for column in columns:
        rows = np.flatnonzero(codes == code.get(column.name, -1))
        arrays.append(_column(batch.take(pa.array(rows)), moment[rows], moments, column.kind))
    return pa.RecordBatch.from_arrays(arrays, schema=_wide_schema(columns))


def _column(rows: pa.RecordBatch, moment: npt.NDArray[np.intp], moments: int, kind: Kind) -> pa.Array:
    """The property's values at their moments, null elsewhere."""
    place = np.full(moments, -1)
    place[moment] = np.arange(rows.num_rows)
    index = pa.array(place, mask=place < 0)
    kinds, numbers = rows.column("kind"), rows.column("number")
    if kind.numeric:
        return numbers.take(index).cast(_COLUMN_TYPES[kind], safe=False)
    texts = pc.if_else(pc.less_equal(kinds, int(Kind.BOOLEAN)), numbers.cast(pa.string()), rows.column("text"))
    return texts.take(index)

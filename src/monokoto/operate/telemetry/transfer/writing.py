"""Batches of readings written in each format; one function a format, one table to choose."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from monokoto.kernel.values import JSON_TYPES, Kind
from monokoto.operate.telemetry.history.answers import instant_texts, values_of
from monokoto.operate.telemetry.transfer.formats import TIME_COLUMN, UNIT_COLUMN, Format

_encoder = msgspec.json.Encoder()


class WideColumn(Protocol):
    """One property's column in the wide form."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> Kind: ...


class _Sink(io.RawIOBase):
    """Takes what a writer writes and hands it on; holds no more than one batch."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._written += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """What was written since the last time."""
        piece = b"".join(self._pieces)
        self._pieces.clear()
        return piece


def write(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, columns: Sequence[WideColumn], format_: Format
) -> Iterator[bytes]:
    """The batches in a format; `columns` are there in the wide form."""
    if format_ is Format.NDJSON:
        return _write_lines(batches, columns)
    if format_ is Format.CSV:
        schema = _csv_schema(schema)
        batches = map(_csv_batch, batches)
    return _write_with(_WRITERS[format_], batches, schema)


def _write_with(
    open_writer: Callable[[Any, pa.Schema], Any], batches: Iterable[pa.RecordBatch], schema: pa.Schema
) -> Iterator[bytes]:
    sink = _Sink()
    with open_writer(sink, schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
            if piece := sink.taken():
                yield piece
    yield sink.taken()


_WRITERS: dict[Format, Callable[[Any, pa.Schema], Any]] = {
    Format.CSV: pyarrow.csv.CSVWriter,
    Format.PARQUET: lambda sink, schema: pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd"),
    Format.ARROW: lambda sink, schema: pa.ipc.new_stream(
        sink, schema, options=pa.ipc.IpcWriteOptions(compression="zstd", emit_dictionary_deltas=False)
    ),
}


def _csv_schema(schema: pa.Schema) -> pa.Schema:
    if not _is_wide(schema):
        return pa.schema(
            [(name, pa.string()) for name in (UNIT_COLUMN, "property", TIME_COLUMN, "value", "kind", "arrived")]
        )
    return pa.schema([(field.name, _csv_type(field.type)) for field in schema])


def _csv_type(type_: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_timestamp(type_) or pa.types.is_dictionary(type_) else type_


def _csv_batch(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Times and names as text; in the tall form one column of values."""
    schema = _csv_schema(batch.schema)
    arrays = [_csv_values(batch) if name == "value" else _csv_column(batch.column(name)) for name in schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _csv_column(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        return instant_texts(column)
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _csv_values(batch: pa.RecordBatch) -> pa.Array:
    kind, number = batch.column("kind").cast(pa.string()), batch.column("number")
    whole = pc.equal(kind, "integer")
    integers = pc.if_else(whole, number, 0.0).cast(pa.int64()).cast(pa.string())
    texts = pc.if_else(whole, integers, number.cast(pa.string()))
    texts = pc.if_else(pc.equal(kind, "boolean"), pc.not_equal(number, 0.0).cast(pa.string()), texts)
    return pc.coalesce(texts, batch.column("text"))


def _write_lines(batches: Iterable[pa.RecordBatch], columns: Sequence[WideColumn]) -> Iterator[bytes]:
    for batch in batches:
        rows = _wide_lines(batch, columns) if _is_wide(batch.schema) else _tall_lines(batch)
        yield _encoder.encode_lines(rows)


def _is_wide(schema: pa.Schema) -> bool:
    # By place: a wide table may hold properties of any name, but its second column is the time.
    return bool(schema.names[1] == TIME_COLUMN)


def _tall_lines(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    names = batch.column("kind").cast(pa.string()).to_pylist()
    kinds = np.array([JSON_TYPES[name] for name in names], np.uint8)
    numbers = batch.column("number").fill_null(0.0).to_numpy(zero_copy_only=False)
    values = values_of(kinds, numbers, batch.column("text"))
    heads = [_csv_column(batch.column(name)).to_pylist() for name in (UNIT_COLUMN, "property", TIME_COLUMN)]
    return [
        {"unit": unit, "property": name, "at": at, "value": value}
        for unit, name, at, value in zip(*heads, values, strict=True)
    ]


def _wide_lines(batch: pa.RecordBatch, columns: Sequence[WideColumn]) -> list[dict[str, Any]]:
    units, stamps = (_csv_column(batch.column(index)).to_pylist() for index in (0, 1))
    values: list[dict[str, Any]] = [{} for _ in units]
    for index, column in enumerate(columns):
        cells = batch.column(index + 2)
        structured = column.kind in {Kind.OBJECT, Kind.ARRAY}
        for row, cell in zip(np.flatnonzero(cells.is_valid()).tolist(), cells.drop_null().to_pylist(), strict=True):
            values[row][column.name] = msgspec.Raw(cell.encode()) if structured else cell
    return [{"unit": unit, "at": at, "values": held} for unit, at, held in zip(units, stamps, values, strict=True)]

"""A snapshot of reported state: one object per partition and generation, written whole.

Layout: the eight bytes `KOTOTWIN`, u32 length of the head, the head (MessagePack), one Arrow IPC stream per table, and the
BLAKE2b-128 digest of everything before it. The head carries the log sequence the snapshot covers at least: more may be in
it, which is harmless, for a replay changes nothing. So no table has to stand still while another is written.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.kernel.values import Kind
from monokoto.operate.twins.reported.column import ABSENT, Column
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.reported.table import SHARED, Table
from monokoto.operate.twins.reported.winners import Int64s

_MAGIC = b"KOTOTWIN"
_LENGTH = struct.Struct("<I")
_DIGEST_BYTES = 16
VERSION = 1


class ColumnHead(msgspec.Struct, frozen=True):
    """One property in a snapshot; its arrays are the Arrow columns `at`, `arrived`, ... with its position behind."""

    name: str
    kind: int
    mixed: bool
    """Its rows differ in kind: there is a column `kind` too."""
    number: bool
    text: bool


class TableHead(msgspec.Struct, frozen=True):
    """One table in a snapshot."""

    organisation_id: int
    product: str
    columns: list[ColumnHead]
    length: int
    """Bytes of its Arrow stream."""


class Head(msgspec.Struct, frozen=True):
    """What stands in front."""

    version: int
    partition: int
    sequence: int
    tables: list[TableHead]


@dataclass(frozen=True, slots=True)
class _Copy:
    """One table's rows, copied out so that the line may go on."""

    head: TableHead
    arrays: dict[str, Any]


def encode_snapshot(state: ReportedState, partition: int, sequence: int) -> bytes:
    """The units that speak through this partition, from a state that has observed it up to `sequence`."""
    heads, bodies = [], []
    for table in state.tables():
        with state.lock:
            copy = _copy(table, partition)
        if copy is None:
            continue
        body = _arrow_bytes(copy.arrays)
        bodies.append(body)
        heads.append(msgspec.structs.replace(copy.head, length=len(body)))
    head = msgspec.msgpack.encode(Head(VERSION, partition, sequence, heads))
    whole = b"".join((_MAGIC, _LENGTH.pack(len(head)), head, *bodies))
    return whole + hashlib.blake2b(whole, digest_size=_DIGEST_BYTES).digest()


def _copy(table: Table, partition: int) -> _Copy | None:
    count = len(table)
    owners = table.partition[:count]
    rows = np.flatnonzero((owners == partition) | (owners == SHARED))
    if not len(rows):
        return None
    arrays: dict[str, Any] = {"unit": table.unit[rows], "partition": table.partition[rows]}
    heads = []
    for position, column in enumerate(table.columns.values()):
        heads.append(_column_head(column))
        arrays |= {
            f"{field}{position}": array[rows]
            for field in ("at", "arrived", "number", "text")
            if (array := getattr(column, field)) is not None
        }
        if column.kinds is not None:
            arrays[f"kind{position}"] = column.kinds[rows]
    return _Copy(TableHead(table.organisation_id, table.product, heads, 0), arrays)


def _column_head(column: Column) -> ColumnHead:
    return ColumnHead(
        name=column.name,
        kind=int(column.kind),
        mixed=column.kinds is not None,
        number=column.number is not None,
        text=column.text is not None,
    )


def _arrow_bytes(arrays: dict[str, Any]) -> bytes:
    columns = {
        name: pa.array(array, pa.large_string() if array.dtype == object else None) for name, array in arrays.items()
    }
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def merge_snapshot(state: ReportedState, body: bytes) -> Head:
    """Join a snapshot into the state; nothing is taken from one that is damaged.

    Raises:
        ValueError: it is cut short, altered, or of a version we do not read.
    """
    head, start = _read_head(body)
    for described in head.tables:
        reader = pa.ipc.open_stream(pa.BufferReader(memoryview(body)[start : start + described.length]))
        start += described.length
        arrow = reader.read_all()
        with state.lock:
            _merge_table(state.table_to_fill(described.organisation_id, described.product), described, arrow)
    return head


def _read_head(body: bytes) -> tuple[Head, int]:
    prefix = len(_MAGIC) + _LENGTH.size
    if len(body) < prefix + _DIGEST_BYTES or not body.startswith(_MAGIC):
        raise ValueError("not a snapshot of twins")
    digest = hashlib.blake2b(memoryview(body)[:-_DIGEST_BYTES], digest_size=_DIGEST_BYTES).digest()
    if digest != body[-_DIGEST_BYTES:]:
        raise ValueError("the snapshot is damaged: its digest does not match")
    (length,) = _LENGTH.unpack_from(body, len(_MAGIC))
    head = msgspec.msgpack.decode(memoryview(body)[prefix : prefix + length], type=Head)
    if head.version != VERSION:
        raise ValueError(f"a snapshot of version {head.version}, this reads version {VERSION}")
    return head, prefix + length


def _merge_table(table: Table, head: TableHead, arrow: pa.Table) -> None:
    units = _numpy(arrow, "unit")
    known = table.known_rows(units)
    rows = table.rows_for(units, SHARED)
    kept = _numpy(arrow, "partition")
    # A row new here takes its partition from the snapshot; one that was here already came through another one too.
    table.partition[rows] = np.where((known < 0) | (table.partition[rows] == kept), kept, SHARED)
    for position, column in enumerate(head.columns):
        _merge_column(table, column, position, rows, arrow)


def _merge_column(table: Table, head: ColumnHead, position: int, rows: Int64s, arrow: pa.Table) -> None:
    at, arrived = _numpy(arrow, f"at{position}"), _numpy(arrow, f"arrived{position}")
    kinds = _numpy(arrow, f"kind{position}") if head.mixed else np.full(len(rows), head.kind, np.int8)
    for number in np.unique(kinds).tolist():
        chosen = np.flatnonzero((kinds == number) & (at != ABSENT))
        if not len(chosen):
            continue
        kind = Kind(number)
        field = "number" if kind.numeric else "text"
        name = f"{field}{position}"
        values = _numpy(arrow, name) if kind.numeric else arrow.column(name).to_pylist()
        table.merge(head.name, kind, rows[chosen], at[chosen], arrived[chosen], values, chosen)


def _numpy(arrow: pa.Table, name: str) -> Any:
    return arrow.column(name).to_numpy()

"""The engine's state as bytes: one object, written whole, with the positions on the log it covers exactly.

Layout: the eight bytes `KOTORULE`, MessagePack, and the BLAKE2b-128 digest of everything before it. Arrays are LZ4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import Array
from monokoto.operate.rules.engine.running import Record

_MAGIC = b"KOTORULE"
_DIGEST_BYTES = 16
VERSION = 1


class ArrayPart(msgspec.Struct, frozen=True):
    """One array."""

    kind: str
    shape: tuple[int, ...]
    data: bytes


class StandingPart(msgspec.Struct, frozen=True):
    """An alert that stands."""

    row: int
    instance: int
    severity: int
    at: int


class RulePart(msgspec.Struct, frozen=True):
    """One rule's state, and what is needed to end it should the rule be gone."""

    organisation_id: int
    key: str
    digest: str
    version: str
    audience: str
    stream: str
    arrays: dict[str, ArrayPart]
    standing: list[StandingPart]
    texts: dict[str, list[str]]


class WaitingPart(msgspec.Struct, frozen=True):
    """Readings that wait for their place."""

    columns: dict[str, ArrayPart]


class StreamPart(msgspec.Struct, frozen=True):
    """One stream's state."""

    name: str
    lateness: int
    unit: ArrayPart
    arrays: dict[str, ArrayPart]
    texts: dict[str, list[str]]
    waiting: WaitingPart | None
    late: int
    hurried: int


class PopulationPart(msgspec.Struct, frozen=True):
    """One product's state."""

    maker_id: int
    product: str
    events: list[str]
    versions: list[str]
    streams: list[StreamPart]
    rules: list[RulePart]


class EnginePart(msgspec.Struct, frozen=True):
    """All of it."""

    clock: int
    populations: list[PopulationPart]
    sessions: dict[str, ArrayPart]
    replaying: list[RecordPart]


class RecordPart(msgspec.Struct, frozen=True):
    """A record of the journal."""

    key: tuple[int, str, str]
    unit: ArrayPart
    arrived: ArrayPart
    until: ArrayPart
    values: dict[str, ArrayPart]


class Snapshot(msgspec.Struct, frozen=True):
    """What is stored."""

    version: int
    positions: dict[int, int]
    journal: int
    """The first piece of the journal that is not in the state."""
    engine: EnginePart
    untold: tuple[AlertChange, ...] = ()
    """Changes that are in the state and may not have been told."""


def pack(array: Array) -> ArrayPart:
    """An array as it is stored. The copy stays as it is when the state goes on."""
    data = np.ascontiguousarray(array).tobytes()
    return ArrayPart(array.dtype.str, tuple(array.shape), data)


def pack_all(arrays: Mapping[str, Array]) -> dict[str, ArrayPart]:
    """Arrays by name."""
    return {name: pack(array) for name, array in arrays.items()}


def unpack(part: ArrayPart) -> Array:
    """The array."""
    return np.frombuffer(part.data, np.dtype(part.kind)).reshape(part.shape).copy()


def unpack_all(parts: Mapping[str, ArrayPart]) -> dict[str, Array]:
    """Arrays by name."""
    return {name: unpack(part) for name, part in parts.items()}


def record_to_part(record: Record) -> RecordPart:
    """For storing."""
    return RecordPart(record.key, pack(record.unit), pack(record.arrived), pack(record.until), pack_all(record.values))


def record_from_part(part: RecordPart) -> Record:
    """As it was."""
    return Record(part.key, unpack(part.unit), unpack(part.arrived), unpack(part.until), unpack_all(part.values))


def encode_records(records: Sequence[Record]) -> bytes:
    """A piece of the journal."""
    return _sealed(msgspec.msgpack.encode([record_to_part(record) for record in records]))


def decode_records(body: bytes) -> list[Record]:
    """The records of a piece. Raises ValueError."""
    return [record_from_part(part) for part in _decoded(body, list[RecordPart])]


def encode(snapshot: Snapshot) -> bytes:
    """As it is stored."""
    return _sealed(msgspec.msgpack.encode(snapshot))


def decode(body: bytes) -> Snapshot:
    """Raises ValueError: it is damaged, or of another version."""
    snapshot: Snapshot = _decoded(body, Snapshot)
    if snapshot.version != VERSION:
        raise ValueError(f"snapshot of version {snapshot.version}, this reads {VERSION}")
    return snapshot


def _sealed(packed: bytes) -> bytes:
    head = _MAGIC + len(packed).to_bytes(8, "little")
    body = head + bytes(pa.compress(packed, codec="lz4", asbytes=True))
    return body + hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()


def _decoded(body: bytes, kind: Any) -> Any:
    sealed, digest = body[:-_DIGEST_BYTES], body[-_DIGEST_BYTES:]
    if sealed[:8] != _MAGIC or hashlib.blake2b(sealed, digest_size=_DIGEST_BYTES).digest() != digest:
        raise ValueError("not a whole snapshot of rules")
    packed = pa.decompress(sealed[16:], int.from_bytes(sealed[8:16], "little"), codec="lz4", asbytes=True)
    try:
        return msgspec.msgpack.decode(packed, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None

"""The engine's state as bytes: one object, with the positions on the log it covers exactly. See `keeping` for its moments.

Layout: the eight bytes `KOTORUL2`, MessagePack with arrays as LZ4, and the BLAKE2b-128 digest of the MessagePack.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.arrays import Array
from monokoto.operate.rules.engine.running import Record

_MAGIC = b"KOTORUL2"
_DIGEST_BYTES = 16
VERSION = 2


class ArrayPart(msgspec.Struct, frozen=True):
    """One array."""

    kind: str
    shape: tuple[int, ...]
    data: bytes
    """LZ4."""


class StandingPart(msgspec.Struct, frozen=True):
    """An alert that stands."""

    row: int
    instance: int
    severity: int
    at: int


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


class RulePart(msgspec.Struct, frozen=True):
    """One rule's state, and what is needed to end it should the rule be gone."""

    maker_id: int
    product: str
    organisation_id: int
    key: str
    digest: str
    version: str
    audience: str
    stream: str
    arrays: dict[str, ArrayPart]
    standing: list[StandingPart]
    units: dict[int, tuple[int, int]]
    """By row of what stands: the unit and its last reading."""
    texts: dict[str, list[str]]
    own_stream: StreamPart | None
    """The stream at the same moment, when no other rule runs on it."""
    moment: int
    """Which of `EnginePart.moments` it is of; -1: that of the streams."""
    journal: int
    """The first piece of the journal that is not in it."""


class PopulationPart(msgspec.Struct, frozen=True):
    """One product's state, without its rules."""

    maker_id: int
    product: str
    events: list[str]
    versions: list[str]
    streams: list[StreamPart]


class SeenPart(msgspec.Struct, frozen=True):
    """How far a stream was when some rules were written down: by row, the commit of the last reading."""

    maker_id: int
    product: str
    stream: str
    arrived: ArrayPart


class UnitsPart(msgspec.Struct, frozen=True):
    """The units of a stream by row, at the last moment."""

    maker_id: int
    product: str
    stream: str
    unit: ArrayPart


class EnginePart(msgspec.Struct, frozen=True):
    """All of it. Rules may be of later moments than the streams they run on."""

    clock: int
    populations: list[PopulationPart]
    sessions: dict[str, ArrayPart]
    replaying: list[RecordPart]
    rules: list[RulePart]
    moments: list[list[SeenPart]]
    units: list[UnitsPart]


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
    """By partition, what the streams cover."""
    journal: int
    """The first piece of the journal that is not in the streams."""
    engine: EnginePart
    untold: tuple[AlertChange, ...] = ()
    """Changes that are in the state and may not have been told."""
    until: dict[int, int] = {}
    """By partition, what the last of the rules covers."""


def pack(array: Array) -> ArrayPart:
    """An array as it is stored. The copy stays as it is when the state goes on."""
    whole = np.ascontiguousarray(array)
    data = pa.compress(pa.py_buffer(whole), codec="lz4", asbytes=True) if whole.nbytes else b""
    return ArrayPart(array.dtype.str, tuple(array.shape), data)


def pack_all(arrays: Mapping[str, Array]) -> dict[str, ArrayPart]:
    """Arrays by name."""
    return {name: pack(array) for name, array in arrays.items()}


def unpack(part: ArrayPart) -> Array:
    """The array."""
    kind = np.dtype(part.kind)
    size = kind.itemsize * math.prod(part.shape)
    data = pa.decompress(part.data, size, codec="lz4", asbytes=True) if size else b""
    return np.frombuffer(data, kind).reshape(part.shape).copy()


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
    return b"".join((_MAGIC, packed, hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest()))


def _decoded(body: bytes, kind: Any) -> Any:
    packed, digest = memoryview(body)[len(_MAGIC) : -_DIGEST_BYTES], body[-_DIGEST_BYTES:]
    if body[: len(_MAGIC)] != _MAGIC or hashlib.blake2b(packed, digest_size=_DIGEST_BYTES).digest() != digest:
        raise ValueError("not a whole snapshot of rules")
    try:
        return msgspec.msgpack.decode(packed, type=kind)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None

"""A snapshot of presence as bytes: MessagePack of the columns as they lie in memory, little-endian."""

from __future__ import annotations

import sys

import msgspec
import numpy as np

from monokoto.connect.presence.columns import COLUMNS, Names, PresenceColumns
from monokoto.connect.presence.presence import Session

VERSION = 1


class Snapshot(msgspec.Struct, frozen=True):
    """Everything that survives a crash."""

    version: int
    byte_order: str
    positions: dict[int, int]
    """By partition of the line, the sequence it covers."""
    count: int
    columns: dict[str, bytes]
    gateways: list[str]
    reasons: list[str]
    sessions: list[tuple[int, tuple[Session, ...]]]
    earlier: dict[int, dict[int, int]]


def take(columns: PresenceColumns, positions: dict[int, int]) -> Snapshot:
    """A copy of the present state: quick, for the caller holds everybody up."""
    return Snapshot(
        version=VERSION,
        byte_order=sys.byteorder,
        positions=dict(positions),
        count=columns.count,
        columns={name: columns.columns[name][: columns.count].tobytes() for name in COLUMNS},
        gateways=list(columns.gateways.all),
        reasons=list(columns.reasons.all),
        sessions=list(columns.sessions.items()),
        earlier=dict(columns.earlier),
    )


def encode(snapshot: Snapshot) -> bytes:
    """The bytes to keep."""
    return msgspec.msgpack.encode(snapshot)


def decode(body: bytes) -> tuple[PresenceColumns, dict[int, int]]:
    """The state in a snapshot and the positions it covers.

    Raises:
        ValueError: it is damaged, or of a version we do not read.
    """
    try:
        kept = msgspec.msgpack.decode(body, type=Snapshot)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from None
    if kept.version != VERSION or kept.byte_order != sys.byteorder or kept.columns.keys() != COLUMNS.keys():
        raise ValueError(f"a snapshot of version {kept.version} ({kept.byte_order}-endian)")
    columns = PresenceColumns()
    columns.gateways, columns.reasons = Names(kept.gateways), Names(kept.reasons)
    found = {name: np.frombuffer(kept.columns[name], kind) for name, kind in COLUMNS.items()}
    if any(len(column) != kept.count for column in found.values()):
        raise ValueError("columns of different lengths")
    columns.add(found["unit"])
    for name, column in found.items():
        columns.columns[name][: kept.count] = column
    columns.sessions = dict(kept.sessions)
    columns.holders = {one.gateway for sessions in columns.sessions.values() for one in sessions}
    columns.earlier = kept.earlier
    return columns, kept.positions

"""One commit: the publishes of many connections in one log entry. Written by the gateway, read by the line.

Layout, little-endian, version 1::

    u8  magic 0x4B   u8 version 1   u16 reserved   u32 count   i64 arrived
    i64 unit[count]     who sent it, as authenticated
    u8  route[count]    what it is (`Route`)
    u32 length[count]   bytes of each payload
    u8  payload[...]    one after the other

`arrived` is when the commit was made, in whole milliseconds (a shared, round number costs almost nothing on disk where it is
kept with every reading). Record i arrived at `arrived + i` microseconds: the gateway keeps `arrived` past the previous commit's
last, so that arrival is unique and rising within one gateway, and two readings without a time of their own never collide.

A route that needs more than the payload (an event's name, a child unit's serial) has it in front of the payload:
u16 length and UTF-8 bytes (`with_subject` / `split_subject`).
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

MAGIC = 0x4B
VERSION = 1
_HEAD = struct.Struct("<BBHIq")
_SUBJECT = struct.Struct("<H")


class Route(IntEnum):
    """What a record is; `SUBJECT_ROUTES` carry a subject in front of the payload."""

    TELEMETRY = 1
    """JSON in any of the shapes of docs/topics.md: one object, an array of timestamped ones."""
    TELEMETRY_CBOR = 2
    COLUMNS = 3
    """Columnar arrays for one or many units (JSON); InfluxDB line protocol is cut into these."""
    COLUMNS_CBOR = 4
    PROPERTY = 5
    """One bare value; subject: the property's name."""
    EVENT = 6
    """Subject: the event's name."""
    CHILD_TELEMETRY = 7
    """Telemetry JSON for a part or child of the sender; subject: the child's id or serial."""
    GATEWAY_TELEMETRY = 8
    """ThingsBoard `v1/gateway/telemetry` and `.../attributes`: an object from child serial to telemetry."""
    SHADOW_UPDATE = 10
    """AWS shadow update: `state.reported` is telemetry."""
    REQUEST = 11
    """A question to the platform (attributes request, shadow get); subject: the topic."""
    ACTION_STATUS = 12
    """A unit's answer to a command; subject: `action/command`."""
    CONNECTED = 13
    """Presence: payload is JSON {gateway, session, client_id, address, protocol}."""
    DISCONNECTED = 14
    """Presence: payload is JSON {gateway, session, reason}."""
    REFUSED = 15
    """A publish the gateway did not take (topic, size, rights): dead letter; subject: `reason code` + space + topic."""


LISTENS = "listens"
"""Subject of a `Route.REQUEST` that the gateway makes when a unit has subscribed to what it is told without asking, or came
back to a session that has: payload JSON {filters, resumed}. Whatever is to be told again is told then."""

SUBJECT_ROUTES = frozenset(
    {
        Route.PROPERTY,
        Route.EVENT,
        Route.CHILD_TELEMETRY,
        Route.REQUEST,
        Route.ACTION_STATUS,
        Route.REFUSED,
    }
)


_ANSWER, _QUESTION = bytes((Route.ACTION_STATUS,)), bytes((Route.REQUEST,))


@dataclass(frozen=True, slots=True)
class Records:
    """A decoded commit: parallel columns, `payloads[i]` was sent by `unit[i]`."""

    unit: npt.NDArray[np.int64]
    route: npt.NDArray[np.uint8]
    arrived: npt.NDArray[np.int64]
    payloads: list[bytes]
    committed: int = 0
    """When the commit was made: the arrival that is kept with a reading; of two readings of one name the later holds."""


def encode_commit(units: Sequence[int], routes: Sequence[int], payloads: Sequence[bytes], *, arrived: int) -> bytes:
    """The body of one log entry."""
    return b"".join(
        (
            _HEAD.pack(MAGIC, VERSION, 0, len(units), arrived),
            array("q", units).tobytes(),
            bytes(routes),
            array("I", map(len, payloads)).tobytes(),
            *payloads,
        )
    )


def commit_senders(body: bytes) -> npt.NDArray[np.int64]:
    """Who sent the records of one log entry, without a look at what they sent. Raises ValueError as `decode_commit`."""
    count, _ = _read_head(body)
    return np.frombuffer(body, np.int64, count, _HEAD.size)


def _read_head(body: bytes) -> tuple[int, int]:
    """How many records there are and when they were committed; their columns are all there."""
    if len(body) < _HEAD.size:
        raise ValueError("a commit is shorter than its head")
    magic, version, _, count, arrived = _HEAD.unpack_from(body)
    if magic != MAGIC or version != VERSION:
        raise ValueError(f"not a commit of version {VERSION}: starts with {body[:2].hex()}")
    if len(body) < _HEAD.size + 13 * count:
        raise ValueError("a commit is cut short in its columns")
    return count, arrived


def decode_commit(body: bytes) -> Records:
    """The records of one log entry.

    Raises:
        ValueError: the body is not a commit of a version we read.
    """
    count, arrived = _read_head(body)
    offset = _HEAD.size
    unit = np.frombuffer(body, np.int64, count, offset)
    route = np.frombuffer(body, np.uint8, count, offset + 8 * count)
    length = np.frombuffer(body, np.uint32, count, offset + 9 * count)
    start = offset + 13 * count
    ends = np.cumsum(length, dtype=np.int64) + start
    if count and ends[-1] != len(body):
        raise ValueError("a commit is cut short in its payloads")
    payloads = []
    for end in ends.tolist():
        payloads.append(body[start:end])
        start = end
    return Records(unit, route, arrived + np.arange(count, dtype=np.int64), payloads, arrived)


def is_urgent(body: bytes) -> bool:
    """Whether somebody waits for what the platform makes of a commit: an answer to a command, a question of a unit."""
    if len(body) < _HEAD.size:
        return False
    first = _HEAD.size + 8 * _HEAD.unpack_from(body)[3]
    last = first + _HEAD.unpack_from(body)[3]
    return body.find(_ANSWER, first, last) >= 0 or body.find(_QUESTION, first, last) >= 0


def with_subject(subject: str, payload: bytes) -> bytes:
    """A payload with its subject in front."""
    encoded = subject.encode()
    return _SUBJECT.pack(len(encoded)) + encoded + payload


def split_subject(payload: bytes) -> tuple[str, bytes]:
    """The subject and the payload behind it.

    Raises:
        ValueError: there is no whole subject in front.
    """
    if len(payload) < _SUBJECT.size:
        raise ValueError("a subject's length is cut short")
    end = _SUBJECT.size + _SUBJECT.unpack_from(payload)[0]
    if len(payload) < end:
        raise ValueError("a subject is cut short")
    return payload[_SUBJECT.size : end].decode(), payload[end:]

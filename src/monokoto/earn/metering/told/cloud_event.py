"""Usage told from outside: CloudEvents 1.0 in JSON (https://github.com/cloudevents/spec, core and JSON format 1.0.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from monokoto.kernel.errors import Invalid, TooLarge
from monokoto.kernel.limits import (
    USAGE_DATA_BYTES_MAX,
    USAGE_EVENTS_MAX,
    USAGE_FUTURE_SECONDS,
    USAGE_NAME_LENGTH_MAX,
    USAGE_PAST_DAYS,
)

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What reading JSON raises: of its form; of its characters; of lists in lists in lists."""
BATCH_TYPE: Final = "application/cloudevents-batch+json"
SINGLE_TYPE: Final = "application/cloudevents+json"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


class CloudEvent(msgspec.Struct, frozen=True):
    """The attributes that mean something here; others are allowed, and not kept."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str = ""
    time: datetime | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")
    data_base64: str | None = None


class Reason(StrEnum):
    """Why a usage event is not taken."""

    MALFORMED = "malformed"
    TOO_OLD = "too-old"
    IN_THE_FUTURE = "in-the-future"
    TOO_LARGE = "too-large"
    UNKNOWN_UNIT = "unknown-unit"
    NO_VALUE = "no-value"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why, as a code and as a sentence."""

    reason: Reason
    detail: str


_BATCH = msgspec.json.Decoder(list[CloudEvent])
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(CloudEvent)


def read_events(body: bytes) -> list[CloudEvent | Refusal]:
    """The events of a body: a JSON array of them, or one. What is none is refused by itself.

    Raises:
        Invalid: it is no JSON, or neither an array nor an object. TooLarge: too many.
    """
    try:
        events: list[CloudEvent | Refusal] = list(_BATCH.decode(body))
    except UNREADABLE:
        events = _one_by_one(body)
    if len(events) > USAGE_EVENTS_MAX:
        raise TooLarge(f"There are {len(events)} events; a request has at most {USAGE_EVENTS_MAX}.")
    return events


def _one_by_one(body: bytes) -> list[CloudEvent | Refusal]:
    try:
        raws = [msgspec.Raw(body)] if body.lstrip()[:1] == b"{" else _RAWS.decode(body)
        if len(raws) == 1:
            msgspec.json.decode(raws[0])
    except UNREADABLE as error:
        raise Invalid(
            f"The body is not a list of CloudEvents in JSON: {error}",
            remedy='Send [{"specversion": "1.0", "id": ..., "source": ..., "type": ..., "subject": UNIT, "data": {...}}].',
        ) from None
    return [_read(raw) for raw in raws]


def _read(raw: msgspec.Raw) -> CloudEvent | Refusal:
    try:
        return _ONE.decode(raw)
    except UNREADABLE as error:
        return Refusal(Reason.MALFORMED, f"It is no CloudEvent: {error}"[:300])


def instant_of(event: CloudEvent, now: int) -> int:
    """When it was used, µs; the present where it does not say."""
    return now if event.time is None else (event.time - _EPOCH) // _MICROSECOND


def form_fault(event: CloudEvent) -> Refusal | None:
    """What is wrong with an event whenever it happened."""
    malformed = _malformed(event)
    if malformed:
        return Refusal(Reason.MALFORMED, malformed)
    if len(event.data) > USAGE_DATA_BYTES_MAX:
        return Refusal(Reason.TOO_LARGE, f"`data` has {len(event.data)} bytes; {USAGE_DATA_BYTES_MAX} are allowed.")
    return None


def age_fault(at: int, now: int) -> Refusal | None:
    """What is wrong with an event's time."""
    if at < now - USAGE_PAST_DAYS * 86_400 * _SECOND:
        return Refusal(
            Reason.TOO_OLD, f"It is older than {USAGE_PAST_DAYS} days; correct usage at /api/v1/usage-corrections."
        )
    if at > now + USAGE_FUTURE_SECONDS * _SECOND:
        return Refusal(Reason.IN_THE_FUTURE, f"It is more than {USAGE_FUTURE_SECONDS} s ahead of our clock.")
    return None


def _malformed(event: CloudEvent) -> str:
    """Which attribute is not as it must be; empty: none."""
    if event.specversion != "1.0":
        return "`specversion` is not 1.0."
    longest = max(len(event.id), len(event.source), len(event.type))
    if longest > USAGE_NAME_LENGTH_MAX or not (event.id and event.source and event.type):
        for name, value in (("id", event.id), ("source", event.source), ("type", event.type)):
            if not value or len(value) > USAGE_NAME_LENGTH_MAX:
                return f"`{name}` has 1 to {USAGE_NAME_LENGTH_MAX} characters."
    if event.data_base64 is not None:
        return "`data_base64` is not read; send JSON in `data`."
    return "`time` has no zone." if event.time is not None and event.time.tzinfo is None else ""

"""Instants as integers: microseconds since 1970-01-01T00:00:00Z, in every column, file and message.

Refused: milliseconds (high-rate sensors sample faster), nanoseconds (JSON numbers cannot carry them exactly), datetime
objects on the hot path (a hundred times the cost of an integer).
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import NewType, Protocol

Instant = NewType("Instant", int)
"""Microseconds since the epoch, UTC."""

MICROSECONDS_PER_SECOND = 1_000_000
MICROSECONDS_PER_MILLISECOND = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})")


class Clock(Protocol):
    """Where the time comes from; handed in, so that a test can own it."""

    def now(self) -> Instant:
        """The present instant."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return Instant(time.time_ns() // 1_000)


class ManualClock:
    """A clock that stands still until told to move."""

    def __init__(self, start: int = 1_767_225_600_000_000) -> None:
        self._now = start

    def now(self) -> Instant:
        return Instant(self._now)

    def advance(self, seconds: float) -> None:
        """Move on by this many seconds."""
        self._now += round(seconds * MICROSECONDS_PER_SECOND)


def parse_instant(text: str) -> Instant:
    """An RFC 3339 date-time; digits past the microsecond are cut.

    Raises:
        ValueError: it is not one (a time zone is required: a local time is not an instant).
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not an RFC 3339 time such as 2026-03-01T08:30:00.250Z")
    date, clock, fraction, zone = match.groups()
    moment = datetime.fromisoformat(f"{date}T{clock}{'+00:00' if zone in 'Zz' else zone}")
    microseconds = int((fraction or "").ljust(6, "0")[:6])
    return Instant((moment - _EPOCH) // _MICROSECOND + microseconds)


def format_instant(instant: int) -> str:
    """RFC 3339 in UTC, with as many fraction digits as it needs (0, 3 or 6)."""
    moment = _EPOCH + timedelta(microseconds=instant)
    fraction = instant % MICROSECONDS_PER_SECOND
    spec = "seconds" if not fraction else "milliseconds" if not fraction % 1000 else "microseconds"
    return moment.isoformat(timespec=spec).replace("+00:00", "Z")

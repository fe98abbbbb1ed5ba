"""What clocks of a zone show beside UTC, over a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from monokoto.earn.calendar.cycles import local
from monokoto.earn.calendar.span import Span

_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_HOUR = 3_600 * _SECOND
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Clocks that run evenly."""

    start: int
    """Since when, µs UTC."""
    offset: int
    """µs clocks are ahead of UTC."""


@lru_cache(maxsize=1_000)
def clocks(span: Span, timezone: str) -> tuple[Clock, ...]:
    """The clocks of a span, the first from its start on and one more for each change in it.

    A change is found by the day, and then exactly: two on one day that undo each other are not seen (no zone has had any).
    """
    found = [Clock(span.start, _offset(span.start, timezone))]
    at = span.start
    while at < span.end - 1:
        then = min(at + _DAY, span.end - 1)
        if _offset(then, timezone) != found[-1].offset:
            found.append(_changed(at, then, timezone))
        at = then
    return tuple(found)


def next_hour(at: int, timezone: str) -> int:
    """When the next hour begins as local clocks show it; where they change within an hour, then."""
    now = _offset(at, timezone)
    end = at + _HOUR - (at + now) % _HOUR
    changes = clocks(Span(at, end + 1), timezone)[1:]
    return changes[0].start if changes else end


def _changed(before: int, after: int, timezone: str) -> Clock:
    """When the offset of `after` began to hold."""
    offset = _offset(after, timezone)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(middle, timezone) == offset else (middle, after)
    return Clock(after, offset)


def _offset(at: int, timezone: str) -> int:
    return (local(at, timezone).utcoffset() or timedelta()) // _MICROSECOND

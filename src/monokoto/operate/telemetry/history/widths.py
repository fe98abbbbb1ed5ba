"""How wide a bucket is: so many microseconds, or a day, week, month, quarter or year as people in a zone count them.

Calendar edges are computed here, once, from the IANA database, and handed to the store as numbers: the store only sorts
readings in between them, so that its idea of summer time never differs from ours. An edge is the first instant that bears
the new date in that zone, also where midnight is skipped or told twice.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import BUCKETS_MAX

_UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
}
_FIXED = re.compile(r"([1-9]\d{0,8})(us|ms|s|m|min|h)")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FixedWidth:
    """Buckets of equal length, counted from the epoch."""

    microseconds: int


@dataclass(frozen=True, slots=True)
class CalendarWidth:
    """Buckets of whole days, weeks (from Monday), months, quarters or years in a zone."""

    period: str
    zone: str


Width = FixedWidth | CalendarWidth


def _first_of_next_month(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


_PERIODS: dict[str, tuple[Callable[[date], date], Callable[[date], date]]] = {
    # period: (the period's first day, the next period's first day)
    "day": (lambda day: day, lambda day: day + _DAY),
    "week": (lambda day: day - timedelta(days=day.weekday()), lambda day: day + timedelta(days=7)),
    "month": (lambda day: day.replace(day=1), lambda day: _first_of_next_month(day, 1)),
    "quarter": (
        lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        lambda day: _first_of_next_month(day, 3),
    ),
    "year": (lambda day: day.replace(month=1, day=1), lambda day: day.replace(year=day.year + 1)),
}
_DAYS_AT_LEAST = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}
_ALIASES = {
    "d": "day",
    "1d": "day",
    "w": "week",
    "1w": "week",
    "mo": "month",
    "1mo": "month",
    "y": "year",
    "1y": "year",
}


def parse_width(text: str, *, zone: str = "UTC") -> Width:
    """`250ms`, `10s`, `15min`, `6h`, or `day`, `week`, `month`, `quarter`, `year` in a zone such as `Europe/Berlin`.

    Raises:
        Invalid: neither, or no such zone.
    """
    period = _ALIASES.get(text, text)
    if period in _PERIODS:
        _zone(zone)
        return CalendarWidth(period, zone)
    match = _FIXED.fullmatch(text)
    if match is None:
        reason = f"{text[:40]!r} is no width; write for example 10s, 15min, 6h, day, week, month, quarter or year"
        raise Invalid("The width of the buckets is not valid.", faults=[Fault(place="width", reason=reason)])
    return FixedWidth(int(match[1]) * _UNITS[match[2]])


def edges(width: Width, start: int, end: int) -> npt.NDArray[np.int64]:
    """The starts of the buckets that touch [start, end) and, last, the end of the last bucket. Microseconds, rising.

    Raises:
        Invalid: more than BUCKETS_MAX buckets.
    """
    if isinstance(width, FixedWidth):
        step = width.microseconds
        first = start // step * step
        count = -(-(end - first) // step)
        _bound(count)
        return first + np.arange(count + 1, dtype=np.int64) * step
    _bound((end - start) // (_DAYS_AT_LEAST[width.period] * 86_400_000_000))
    return np.fromiter(_calendar_edges(width, start, end), np.int64)


def _calendar_edges(width: CalendarWidth, start: int, end: int) -> Iterator[int]:
    zone = _zone(width.zone)
    first_day, next_day = _PERIODS[width.period]
    day = first_day((_EPOCH + timedelta(microseconds=start)).astimezone(zone).date())
    edge = _first_instant(day, zone)
    while edge < end:
        yield edge
        day = next_day(day)
        following = _first_instant(day, zone)
        while following == edge:  # a day the zone skipped (Apia, 2011-12-30) has no length
            day = next_day(day)
            following = _first_instant(day, zone)
        edge = following
    yield edge


def _first_instant(day: date, zone: ZoneInfo) -> int:
    """The first instant that bears this date, or, where the zone skipped the date, the first one after it."""
    midnight = datetime.combine(day, time(), zone)
    instant = midnight.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != midnight.replace(tzinfo=None):
        # Midnight was skipped: the clocks jumped somewhere between its two readings. Find the jump, to the second.
        low, high = midnight.replace(fold=1).astimezone(UTC), instant
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
            low, high = (low, middle) if middle.astimezone(zone).date() >= day else (middle, high)
        instant = high
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        reason = f"{name[:64]!r} is no time zone of the IANA database; write for example Europe/Berlin"
        raise Invalid("The time zone is not known.", faults=[Fault(place="zone", reason=reason)]) from None


def _bound(count: int) -> None:
    if count > BUCKETS_MAX:
        reason = f"{count} buckets in this time; at most {BUCKETS_MAX}"
        raise Invalid(
            "There would be too many buckets.",
            faults=[Fault(place="width", reason=reason)],
            remedy="Ask for wider buckets or a shorter time.",
        )

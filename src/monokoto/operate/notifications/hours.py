"""Times of the week by the clock on somebody's wall: when a route applies, when a receiver wants quiet, when a digest comes.

Everything is asked of instants, and each instant shows one time on the wall. So where clocks are put forward an hour that is not
there holds no instant, and where they are put back the hour that comes twice counts twice.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Fault

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Final[tuple[Day, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIME_PATTERN: Final = r"^([01]\d|2[0-3]):[0-5]\d$"
TimeOfDay = Annotated[str, Meta(pattern=TIME_PATTERN, description="As `22:30`")]
Zone = Annotated[str, Meta(min_length=1, max_length=64, description="IANA name, as `Asia/Seoul`")]
_MINUTE: Final = 60 * MICROSECONDS_PER_SECOND
_DAY_MINUTES: Final = 24 * 60
_STRIDE_MINUTES: Final = 15
"""No longer at once while looking for an end: clocks are changed in between."""
_LOOK_MINUTES: Final = 8 * _DAY_MINUTES
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WeeklyHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From one time of day until another, on some days, in a time zone. Until an earlier or the same time: into the next
    day, and it belongs to the day it began on."""

    begin: TimeOfDay = msgspec.field(name="from")
    until: TimeOfDay
    timezone: Zone
    days: Annotated[tuple[Day, ...], Meta(min_length=1, max_length=7)] = DAYS

    def holds(self, at: int) -> bool:
        """Whether an instant lies in them."""
        return self._left(at) > 0

    def end_after(self, at: int) -> Instant:
        """The first instant from `at` on that does not lie in them; none within eight days: that far ahead."""
        looked = at
        while looked < at + _LOOK_MINUTES * _MINUTE:
            left = self._left(looked)
            if left == 0:
                return Instant(looked)
            stride = min(left, _STRIDE_MINUTES)
            following = looked // _MINUTE * _MINUTE + stride * _MINUTE
            if self._left(following) == 0:
                return Instant(_first(lambda one: self._left(one) == 0, looked, following))
            looked = following
        return Instant(looked)

    def _left(self, at: int) -> int:
        """Minutes until the end by the wall, if the clock is not changed; 0: not in them."""
        wall = _wall(at, self.timezone)
        minute, begin, until = wall.hour * 60 + wall.minute, minutes_of(self.begin), minutes_of(self.until)
        today, before = DAYS[wall.weekday()] in self.days, DAYS[wall.weekday() - 1] in self.days
        if begin < until:
            return until - minute if today and begin <= minute < until else 0
        if before and minute < until:
            return until - minute
        return until + _DAY_MINUTES - minute if today and minute >= begin else 0

    def faults(self, place: str) -> list[Fault]:
        """What is wrong with them."""
        return zone_faults(self.timezone, f"{place}.timezone")


def next_daily(time_of_day: str, timezone: str, after: int) -> Instant:
    """The first instant after `after` at which the clock on the wall shows a time of day. On a day that skips it: the
    moment the clocks are put forward; on a day that has it twice: the first."""
    today = _wall(after, timezone).date()
    for days in range(-1, 4):
        found = _at(today + timedelta(days=days), minutes_of(time_of_day), timezone)
        if found > after:
            return Instant(found)
    raise AssertionError("every day has its time")


def minutes_of(time_of_day: str) -> int:
    """Minutes since midnight."""
    return int(time_of_day[:2]) * 60 + int(time_of_day[3:])


def local(instant: int, timezone: str) -> str:
    """As a clock on their wall shows it: `2026-11-22 16:51 (Asia/Seoul)`."""
    return f"{_wall(instant, timezone):%Y-%m-%d %H:%M} ({timezone})"


def zone_faults(timezone: str, place: str) -> list[Fault]:
    """One fault when there is no such time zone."""
    if timezone in _zones():
        return []
    return [Fault(place=place, reason=f"{timezone[:64]!r} is not a time zone's IANA name such as Asia/Seoul")]


def time_faults(text: str, place: str) -> list[Fault]:
    """One fault when it is no time of day."""
    return [] if re.fullmatch(TIME_PATTERN, text) else [Fault(place=place, reason=f"{text[:20]!r} is no time as 22:30")]


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) | {"UTC"}


def _wall(at: int, timezone: str) -> datetime:
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zoneinfo.ZoneInfo(timezone))


def _at(day: date, minute: int, timezone: str) -> int:
    """The instant a wall shows a minute of a day, or would if it were not skipped."""
    zone = zoneinfo.ZoneInfo(timezone)
    shown = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    first, second = (_instant(shown.replace(fold=fold)) for fold in (0, 1))
    if _wall(first, timezone).replace(fold=0) == shown:
        return first
    # In a gap the earlier offset gives the later instant; the clocks are put forward between the two.
    low, high = sorted((first, second))
    offset = _wall(low, timezone).utcoffset()
    return _first(lambda one: _wall(one, timezone).utcoffset() != offset, low, high)


def _instant(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _first(true: Callable[[int], bool], low: int, high: int) -> int:
    """The first full minute past `low` for which it is true, if it is true of `high`, and from then on."""
    first, last = low // _MINUTE, -(-high // _MINUTE)
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if true(middle * _MINUTE) else (middle, last)
    return last * _MINUTE

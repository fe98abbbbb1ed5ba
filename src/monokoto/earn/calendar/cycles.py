"""Billing periods in the customer's own calendar: anchors, the ends of months, leap years, clocks that change."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from monokoto.earn.calendar.span import Span
from monokoto.kernel.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MONTHS = {"month": 1, "year": 12}
_DAYS = {"day": 1, "week": 7}


class Every(StrEnum):
    """The unit of a cycle."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """Periods of `count` times `every`, one of which starts at the anchor.

    All start at the anchor's local time of day. Months count from the anchor and not from the period before, so that a
    cycle begun on January 31st starts on February 28th and then on March 31st again. A local time that clocks skip is
    the same distance after the skip; of one that they show twice the first counts.
    """

    every: Every
    anchor: int
    """µs UTC."""
    timezone: str = "UTC"
    count: int = 1

    def __post_init__(self) -> None:
        zone(self.timezone)
        if not 1 <= self.count <= 1000:
            raise Invalid("A period is 1 to 1000 of its units long.")

    def start(self, index: int) -> int:
        """When the period `index` starts, µs UTC; the anchor starts 0."""
        first = local(self.anchor, self.timezone).replace(tzinfo=None, fold=0)
        steps = index * self.count
        try:
            if self.every in _DAYS:
                wall = first + timedelta(days=steps * _DAYS[self.every])
            else:
                years, month = divmod(first.month - 1 + steps * _MONTHS[self.every], 12)
                year = first.year + years
                last = monthrange(year, month + 1)[1]
                wall = first.replace(year=year, month=month + 1, day=min(first.day, last))
        except (ValueError, OverflowError):
            raise Invalid("The period lies outside the calendar.") from None
        if index == 0:
            return self.anchor
        return _instant(wall, self.timezone)

    def period(self, index: int) -> Span:
        """The period `index`."""
        return Span(self.start(index), self.start(index + 1))

    def after(self, at: int) -> int:
        """The first start of a period later than `at`."""
        return self.containing(at).end

    def containing(self, at: int) -> Span:
        """The period that `at` lies in."""
        days = _DAYS[self.every] if self.every in _DAYS else _MONTHS[self.every] * 30.436875
        index = int((at - self.anchor) // (days * self.count * 86_400_000_000))
        while self.start(index) > at:
            index -= 1
        while self.start(index + 1) <= at:
            index += 1
        return self.period(index)


@cache
def zone(name: str) -> ZoneInfo:
    """The time zone of an IANA name. Raises Invalid for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"There is no time zone {name!r}.", remedy="Use a name such as Europe/Berlin.") from None


def local(at: int, timezone: str) -> datetime:
    """An instant (µs UTC) as clocks show it there."""
    return (_EPOCH + timedelta(microseconds=at)).astimezone(zone(timezone))


def start_of_day(day: date, timezone: str) -> int:
    """When a local day begins, µs UTC."""
    return _instant(datetime(day.year, day.month, day.day), timezone)  # noqa: DTZ001 - the zone is added there


def end_of_day(at: int, timezone: str) -> int:
    """When the local day of an instant ends, µs UTC: the end of what was used by a customer who left that day."""
    return start_of_day(local(at, timezone).date() + timedelta(days=1), timezone)


def day_count(start: int, end: int, timezone: str) -> int:
    """How many local midnights lie after `start` and at or before `end`: the days of a period, whose last day is the one
    before its end.

    The days are those of the customer's calendar, of 23 or 25 hours where clocks change. Adjoining periods add up.
    """
    return (local(end, timezone).date() - local(start, timezone).date()).days


def _instant(wall: datetime, timezone: str) -> int:
    return (wall.replace(tzinfo=zone(timezone)).astimezone(UTC) - _EPOCH) // _MICROSECOND

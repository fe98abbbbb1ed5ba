"""Months of a seller's calendar, counted through: `year * 12 + month - 1`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from monokoto.earn.calendar import Span, local, start_of_day
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import REPORT_MONTHS_MAX

FIRST = 1970 * 12
"""Nothing is told of what was before."""
_LAST = 9998 * 12
_TEXT = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def month_of(at: int, timezone: str) -> int:
    """The month an instant (µs UTC) lies in."""
    found = local(at, timezone)
    return found.year * 12 + found.month - 1


def month_of_day(day: date) -> int:
    """The month of a day of the calendar."""
    return day.year * 12 + day.month - 1


def month_text(month: int) -> str:
    """`2026-05`."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def parse_month(text: str, place: str) -> int:
    """The month a text says. Raises Invalid."""
    found = _TEXT.fullmatch(text)
    month = int(found[1]) * 12 + int(found[2]) - 1 if found else 0
    if not FIRST <= month <= _LAST:
        raise Invalid("This is no month.", faults=[Fault(place=place, reason="is written like 2026-05")])
    return month


def month_span(month: int, timezone: str) -> Span:
    """From its first instant until before the next one's."""
    return Span(_start(month, timezone), _start(month + 1, timezone))


def _start(month: int, timezone: str) -> int:
    return start_of_day(date(month // 12, month % 12 + 1, 1), timezone)


@dataclass(frozen=True, slots=True)
class Months:
    """What a report is of: whole months up to the present one, of which only what is over counts."""

    first: int
    last: int
    timezone: str
    now: int

    @property
    def all(self) -> range:
        """Each of them."""
        return range(self.first, self.last + 1)

    @property
    def current(self) -> int:
        """The month that goes on."""
        return month_of(self.now, self.timezone)

    def is_over(self, month: int) -> bool:
        """Whether nothing comes to it any more."""
        return month < self.current

    def ends(self) -> Sequence[int]:
        """The last instant of every month from `FIRST` to the last, in µs; of the one that goes on it is now."""
        known = _ends(self.timezone, self.last)
        return known if self.is_over(self.last) else [*known[:-1], self.now]


@lru_cache(maxsize=64)
def _ends(timezone: str, last: int) -> tuple[int, ...]:
    return tuple(_start(month + 1, timezone) - 1 for month in range(FIRST, last + 1))


def months_asked(begin: str, end: str, *, timezone: str, now: int) -> Months:
    """The months `from` and `to` say, both counted; left out, the twelve up to this one. Raises Invalid."""
    current = month_of(now, timezone)
    last = parse_month(end, "to") if end else current
    first = parse_month(begin, "from") if begin else max(last - 11, FIRST)
    reasons = (
        ("to", last > current, "has not begun yet"),
        ("from", first > last, "lies after the last month"),
        ("from", last - first >= REPORT_MONTHS_MAX, f"at most {REPORT_MONTHS_MAX} months are told of at once"),
    )
    faults = [Fault(place=place, reason=reason) for place, wrong, reason in reasons if wrong]
    if faults:
        raise Invalid("These months cannot be told of.", faults=faults)
    return Months(first, last, timezone, now)

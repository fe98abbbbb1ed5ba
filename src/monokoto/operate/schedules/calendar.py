"""When something is to happen: dates and times of day by a clock on the wall, or by the sun.

**Summer time.** A local time that does not exist (the clock jumps over it) happens at the first instant after the jump; one
that exists twice (the clock is put back) happens the first time only. Two times of a schedule on one instant are one.

**The sun.** A sunrise belongs to the date it has by the sun's own time at that longitude, so that there is one for each date,
whatever the clock says. In polar day and polar night there is none, and nothing happens on that date.

Dates by rule are RFC 5545 recurrence rules of whole days (`python-dateutil`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from astral import Observer, SunDirection
from astral.sun import SUN_APPARENT_RADIUS, time_of_transit
from dateutil.rrule import rrulestr
from msgspec import Meta

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import Fault
from monokoto.kernel.limits import SCHEDULE_DATES_MAX, SCHEDULE_TIMES_MAX

HORIZON_DAYS = 366 * 8 + 31
"""How far ahead the next time is looked for: past every 29 February."""
_AROUND = timedelta(days=2)
"""Dates around an interval that may fall into it: time zones, jumps of a whole day, half a day off the sun."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RULE_LENGTH_MAX = 200
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_STRIDE_DAYS = {"DAILY": 1, "WEEKLY": 7}
_RULE_PARTS = frozenset(
    "FREQ INTERVAL COUNT UNTIL BYDAY BYMONTHDAY BYMONTH BYYEARDAY BYWEEKNO BYSETPOS WKST".split()  # noqa: SIM905
)
_SLOW_BY_DAY = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
"""What a rule that goes from day to day would search years for; by month or year it is found at once."""
_INTERVAL_MAX = 1000


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_DAYS = tuple(Day)


class SunEvent(StrEnum):
    """What the sun does. Dawn and dusk are civil: the sun 6 degrees below the horizon."""

    DAWN = "dawn"
    SUNRISE = "sunrise"
    SUNSET = "sunset"
    DUSK = "dusk"


_HORIZON, _CIVIL = 90.0 + SUN_APPARENT_RADIUS, 96.0
_SUN = {
    SunEvent.DAWN: (_CIVIL, SunDirection.RISING),
    SunEvent.SUNRISE: (_HORIZON, SunDirection.RISING),
    SunEvent.SUNSET: (_HORIZON, SunDirection.SETTING),
    SunEvent.DUSK: (_CIVIL, SunDirection.SETTING),
}


class Sun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By the sun."""

    event: SunEvent
    offset_minutes: Annotated[int, Meta(ge=-720, le=720, description="Before it, when negative")] = 0


class When(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"except_": "except"}):
    """Times of day, or the sun, on all dates for which every condition given holds."""

    at: Annotated[
        list[Annotated[str, Meta(max_length=8)]],
        Meta(max_length=SCHEDULE_TIMES_MAX, description="Times of day: `18:30`, `18:30:15`"),
    ] = []
    sun: Sun | None = None
    days: Annotated[list[Day], Meta(max_length=7, description="Days of the week; none: all")] = []
    dates: Annotated[
        list[Annotated[str, Meta(max_length=10)]],
        Meta(max_length=SCHEDULE_DATES_MAX, description="These dates alone: `2026-12-24`"),
    ] = []
    rule: Annotated[
        str, Meta(max_length=_RULE_LENGTH_MAX, description="Dates by an RFC 5545 rule: `FREQ=MONTHLY;BYDAY=1MO`")
    ] = ""
    since: Annotated[str, Meta(max_length=10, description="The first date; also where `rule` begins to count")] = ""
    until: Annotated[str, Meta(max_length=10, description="The last date")] = ""
    except_: Annotated[
        list[Annotated[str, Meta(max_length=21)]],
        Meta(max_length=SCHEDULE_DATES_MAX, description="Not on these: `2026-12-25`, `2026-12-24/2027-01-06`"),
    ] = []

    def faults(self, where: str = "when/") -> Iterator[Fault]:
        """Everything wrong with it."""
        if bool(self.at) == (self.sun is not None):
            yield Fault(place=f"{where}at", reason="say times of day, or `sun`: one of them")
        for number, text in enumerate(self.at):
            if _time(text) is None:
                yield Fault(place=f"{where}at/{number}", reason=f"{text!r} is no time of day such as 18:30")
        dates = [
            *((f"dates/{number}", text) for number, text in enumerate(self.dates)),
            *((name, text) for name, text in (("since", self.since), ("until", self.until)) if text),
            *((f"except/{number}", one) for number, text in enumerate(self.except_) for one in text.split("/", 1)),
        ]
        for place, text in dates:
            if _date(text) is None:
                yield Fault(place=f"{where}{place}", reason=f"{text!r} is no date such as 2026-12-24")
        if reason := _rule_fault(self.rule):
            yield Fault(place=f"{where}rule", reason=reason)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose clock, and whose sun."""

    zone: ZoneInfo
    latitude: float | None = None
    longitude: float | None = None

    @property
    def located(self) -> bool:
        """Whether the sun can be asked."""
        return self.latitude is not None and self.longitude is not None


def occurrences(when: When, place: Place, *, anchor: date, after: int, until: int) -> list[int]:
    """Every instant later than `after` and not later than `until`, in order, each once; microseconds.

    `anchor` is where a rule without `since` begins to count.
    """
    first = _local_date(after, place.zone) - _AROUND
    last = _local_date(until, place.zone) + _AROUND
    found = {at for day in _dates(when, anchor, first, last) for at in _instants(when, place, day)}
    return sorted(at for at in found if after < at <= until)


def next_occurrences(when: When, place: Place, *, anchor: date, after: int, count: int) -> list[int]:
    """The first `count` instants later than `after`; fewer where there are no more within HORIZON_DAYS."""
    first = _local_date(after, place.zone) - _AROUND
    last = _latest(first)
    found: set[int] = set()
    enough: date | None = None
    for day in _dates(when, anchor, first, last):
        if enough is not None and day > enough:
            break
        found.update(at for at in _instants(when, place, day) if at > after)
        if enough is None and len(found) >= count:
            enough = day + _AROUND  # what comes later by date may come earlier by the clock
    return sorted(found)[:count]


def local_instant(day: date, at: time, zone: ZoneInfo) -> int:
    """The instant of a local time: the first of two, or the first after the jump when there is none."""
    early = datetime.combine(day, at, zone)  # fold=0: of two the first; in a gap counted with the offset before it
    instant = _microseconds(early)
    if _local(instant, zone).replace(tzinfo=None) == early.replace(tzinfo=None):
        return instant
    # In a gap: the jump lies between the local time counted with the offset after it and with the one before it.
    low, high = _microseconds(early.replace(fold=1)), instant
    after = _local(high, zone).utcoffset()
    while high - low > 1:
        middle = (low + high) // 2
        if _local(middle, zone).utcoffset() == after:
            high = middle
        else:
            low = middle
    return high


def sun_instant(day: date, event: SunEvent, latitude: float, longitude: float) -> int | None:
    """When the sun does it on the date by its own time at that longitude; None in polar day or night."""
    zenith, direction = _SUN[event]
    # The almanac counts by dates of Greenwich and, where the sun rises at its midnight, leaves one out. So it is asked for
    # the meridian, at the instant when it is that date's midnight by the sun here; what it says are hours since then.
    midnight = datetime.combine(day, time(), UTC) - timedelta(hours=longitude / 15)
    try:
        moment = time_of_transit(Observer(latitude, 0.0), midnight, zenith, direction)
    except ValueError:  # the sun does not come so low or so high on that date
        return None
    since = moment - datetime.combine(midnight.date(), time(), UTC)
    if direction is SunDirection.RISING and since > timedelta(
        hours=18
    ):  # it rises just before midnight, not after a day
        since -= timedelta(days=1)
    return _microseconds(midnight + since)


def _instants(when: When, place: Place, day: date) -> Iterator[int]:
    if when.sun is not None:
        if place.latitude is not None and place.longitude is not None:
            at = sun_instant(day, when.sun.event, place.latitude, place.longitude)
            if at is not None:
                yield at + when.sun.offset_minutes * 60 * MICROSECONDS_PER_SECOND
        return
    for text in when.at:
        parsed = _time(text)
        if parsed is not None:
            yield local_instant(day, parsed, place.zone)


def _dates(when: When, anchor: date, first: date, last: date) -> Iterator[date]:
    """The dates meant between two, both included, in order."""
    first = max(first, _date(when.since) or first)
    last = min(last, _date(when.until) or last)
    weekdays = {_DAYS.index(day) for day in when.days} or {*range(7)}
    excepted = [_range(text) for text in when.except_]
    for day in _candidates(when, anchor, first, last):
        if day.weekday() in weekdays and not any(low <= day <= high for low, high in excepted):
            yield day


def _candidates(when: When, anchor: date, first: date, last: date) -> Iterator[date]:
    named = {day for text in when.dates if (day := _date(text)) is not None}
    if when.rule:
        by_rule = rule_dates(when.rule, _date(when.since) or anchor, last, first)
        yield from (day for day in by_rule if day >= first and (not named or day in named))
    elif named:
        yield from (day for day in sorted(named) if first <= day <= last)
    else:
        day = first
        while day <= last:
            yield day
            day += timedelta(days=1)


def rule_dates(rule: str, start: date, last: date, first: date | None = None) -> Iterator[date]:
    """The dates of a recurrence rule that begins at `start`, up to `last`; those before `first` may be left out."""
    parts = _parts(rule)
    count = parts.pop("COUNT", "")
    until = min(_rule_date(parts.pop("UNTIL", "")) or last, last)
    stride = _STRIDE_DAYS.get(parts["FREQ"], 0) * int(parts.get("INTERVAL", "1"))
    if first is not None and stride and not count and first > start:
        start += timedelta(days=(first - start).days // stride * stride)
    text = ";".join(f"{name}={value}" for name, value in parts.items())
    # Bounded here: a rule that never holds would be looked for until the year 9999.
    made = rrulestr(text, dtstart=datetime.combine(start, time())).replace(until=datetime.combine(until, time()))
    return (moment.date() for moment in (islice(made, int(count)) if count else made))


def _rule_fault(rule: str) -> str:
    """Why this is no rule; empty: it is, or there is none."""
    if not rule:
        return ""
    parts = _parts(rule)
    unknown = sorted(parts.keys() - _RULE_PARTS)
    if unknown or parts.get("FREQ") not in _FREQUENCIES:
        return f"a rule of whole days has FREQ={'|'.join(_FREQUENCIES)} and {', '.join(sorted(_RULE_PARTS))} alone"
    if parts["FREQ"] == "DAILY" and (slow := sorted(parts.keys() & _SLOW_BY_DAY)):
        return f"with {', '.join(slow)} take FREQ=MONTHLY or YEARLY"
    if reason := _number_fault(parts):
        return reason
    try:
        start = date(2026, 1, 1)
        next(rule_dates(rule, start, start + timedelta(days=31)), None)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        return f"is no RFC 5545 rule: {error}"
    return ""


def _number_fault(parts: Mapping[str, str]) -> str:
    for name, most in (("INTERVAL", _INTERVAL_MAX), ("COUNT", _INTERVAL_MAX), ("BYMONTH", 12)):
        for value in parts.get(name, "1").split(","):
            if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
                return f"{name} lies between 1 and {most}"
    if "UNTIL" in parts and _rule_date(parts["UNTIL"]) is None:
        return "UNTIL is a date such as 20261231"
    return ""


def _parts(rule: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in rule.upper().removeprefix("RRULE:").split(";") if part)
    return {name: value for name, _, value in pairs}


def _rule_date(text: str) -> date | None:
    try:
        return datetime.strptime(text[:8], "%Y%m%d").date() if text else None  # noqa: DTZ007 - a date alone
    except ValueError:
        return None


def _time(text: str) -> time | None:
    if len(text) not in (5, 8) or text[2] != ":":
        return None
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None


def _date(text: str) -> date | None:
    if len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _range(text: str) -> tuple[date, date]:
    low, _, high = text.partition("/")
    first = _date(low) or date.min
    return first, (_date(high) or first) if high else first


def _latest(first: date) -> date:
    return first + timedelta(days=HORIZON_DAYS)


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=instant)).astimezone(zone)


def _local_date(instant: int, zone: ZoneInfo) -> date:
    return _local(instant, zone).date()


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def local_text(instant: int, zone: ZoneInfo) -> str:
    """The instant by a clock there, with its offset: `2026-12-24T18:30:00+09:00`."""
    return _local(instant, zone).isoformat(timespec="seconds")

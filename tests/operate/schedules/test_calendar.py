"""Times by the clock and by the sun: every zone, both nights on which the clock is changed, and where the sun does not set."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.operate.schedules import Day, Place, Sun, SunEvent, When, local_instant, next_occurrences, occurrences
from monokoto.operate.schedules.calendar import rule_dates, sun_instant

SECOND = 1_000_000
ANCHOR = date(2026, 1, 1)
ZONES = (
    *("UTC", "Europe/Vienna", "Europe/London", "America/New_York", "America/Los_Angeles", "America/Sao_Paulo"),
    *("Asia/Seoul", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Tehran", "Africa/Casablanca", "Africa/Cairo"),
    *("Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Apia", "Pacific/Chatham", "Pacific/Kiritimati"),
    *("America/St_Johns", "Antarctica/Troll", "Asia/Gaza", "America/Asuncion", "Pacific/Marquesas"),
)
VIENNA, SEOUL = Place(ZoneInfo("Europe/Vienna"), 48.2, 16.4), Place(ZoneInfo("Asia/Seoul"), 37.57, 126.98)
TROMSO = Place(ZoneInfo("Europe/Oslo"), 69.65, 18.96)


def texts(found: list[int]) -> list[str]:
    return [format_instant(at) for at in found]


def between(when: When, place: Place, after: str, until: str) -> list[str]:
    return texts(occurrences(when, place, anchor=ANCHOR, after=parse_instant(after), until=parse_instant(until)))


def upcoming(when: When, place: Place, after: str, count: int) -> list[str]:
    return texts(next_occurrences(when, place, anchor=ANCHOR, after=parse_instant(after), count=count))


def microseconds(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_a_time_that_does_not_exist_comes_when_the_clock_has_jumped() -> None:
    when = When(at=["02:15", "02:45", "03:30"])
    found = between(when, VIENNA, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")
    assert found == ["2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"], "both of the gap are its end, once"


def test_a_time_that_exists_twice_comes_the_first_time() -> None:
    found = between(When(at=["02:30"]), VIENNA, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")
    assert found == ["2026-10-25T00:30:00Z"]


def test_a_day_that_does_not_exist() -> None:
    """Samoa went from 29 to 31 December 2011."""
    apia = Place(ZoneInfo("Pacific/Apia"))
    found = between(When(at=["12:00"]), apia, "2011-12-29T00:00:00Z", "2011-12-31T00:00:00Z")
    assert found == ["2011-12-29T22:00:00Z", "2011-12-30T10:00:00Z", "2011-12-30T22:00:00Z"]


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(1975, 1, 1), date(2037, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_every_local_time_of_every_zone_has_one_instant(zone: str, day: date, minute: int) -> None:
    """What `local_instant` says is the first minute from which the clock on the wall stands at this time or past it."""
    there = ZoneInfo(zone)
    at = time(minute // 60, minute % 60)
    instant = local_instant(day, at, there)
    wall = datetime.combine(day, at)

    def clock(moment: int) -> datetime:
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(there).replace(tzinfo=None)
        )

    assert clock(instant) >= wall
    assert clock(instant - SECOND) < wall, "not earlier"
    if clock(instant) != wall:  # it does not exist: the clock jumps over it at that instant
        assert clock(instant) - clock(instant - SECOND) > timedelta(minutes=1)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    begin=st.dates(date(2000, 1, 1), date(2036, 1, 1)),
    minute=st.integers(0, 24 * 60 - 1),
    cuts=st.lists(st.integers(1, 39), max_size=6, unique=True),
)
def test_a_daily_time_comes_once_a_day_however_time_is_cut(
    zone: str, begin: date, minute: int, cuts: list[int]
) -> None:
    when, place = When(at=[f"{minute // 60:02}:{minute % 60:02}"]), Place(ZoneInfo(zone))
    start = microseconds(datetime.combine(begin, time(), UTC))
    edges = [start + day * 86_400 * SECOND + day * 977 * SECOND for day in sorted({0, 40, *cuts})]
    whole = occurrences(when, place, anchor=ANCHOR, after=edges[0], until=edges[-1])
    parts = [
        at
        for after, until in itertools.pairwise(edges)
        for at in occurrences(when, place, anchor=ANCHOR, after=after, until=until)
    ]
    assert parts == whole, "nothing is lost or doubled between two looks at the clock"
    gaps = [(later - earlier) / 3600 / SECOND for earlier, later in itertools.pairwise(whole)]
    assert all(22 <= gap <= 26 for gap in gaps)
    assert next_occurrences(when, place, anchor=ANCHOR, after=edges[0], count=len(whole)) == whole


def test_days_dates_rules_and_exceptions_all_hold() -> None:
    week = When(at=["08:00"], days=[Day.MON, Day.FRI], except_=["2026-03-06", "2026-03-09/2026-03-13"])
    assert upcoming(week, VIENNA, "2026-03-02T12:00:00Z", 2) == ["2026-03-16T07:00:00Z", "2026-03-20T07:00:00Z"]
    named = When(at=["20:00", "06:00"], dates=["2026-12-24", "2026-12-31"], until="2026-12-30")
    assert upcoming(named, SEOUL, "2026-01-01T00:00:00Z", 10) == ["2026-12-23T21:00:00Z", "2026-12-24T11:00:00Z"]
    first_monday = When(at=["09:00"], rule="FREQ=MONTHLY;BYDAY=1MO")
    assert upcoming(first_monday, SEOUL, "2026-03-01T00:00:00Z", 2) == ["2026-03-02T00:00:00Z", "2026-04-06T00:00:00Z"]
    counted = When(at=["00:00"], rule="RRULE:FREQ=DAILY;INTERVAL=2;COUNT=3", since="2026-05-01")
    utc = Place(ZoneInfo("UTC"))
    assert upcoming(counted, utc, "2026-01-01T00:00:00Z", 9) == [f"2026-05-0{day}T00:00:00Z" for day in (1, 3, 5)]
    ending = When(at=["00:00"], rule="FREQ=WEEKLY;BYDAY=SU;UNTIL=20260510T000000Z", since="2026-05-01")
    assert upcoming(ending, utc, "2026-01-01T00:00:00Z", 9) == ["2026-05-03T00:00:00Z", "2026-05-10T00:00:00Z"]
    leap = When(at=["12:00"], rule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29")
    assert upcoming(leap, utc, "2026-03-01T00:00:00Z", 2) == ["2028-02-29T12:00:00Z", "2032-02-29T12:00:00Z"]


def test_a_rule_that_began_long_ago_keeps_its_stride() -> None:
    for rule in ("FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU"):
        start, first, last = date(1990, 5, 17), date(2026, 1, 1), date(2026, 4, 1)
        whole = [day for day in rule_dates(rule, start, last) if day >= first]
        assert whole
        assert [day for day in rule_dates(rule, start, last, first) if day >= first] == whole


def test_a_rule_that_never_holds_is_soon_given_up() -> None:
    for rule in ("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"):
        assert upcoming(When(at=["12:00"], rule=rule), VIENNA, "2026-03-01T00:00:00Z", 1) == []
        assert not list(rule_dates(rule, ANCHOR, date(2027, 1, 1)))


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({}, "at"),
        ({"at": ["18:30"], "sun": Sun(SunEvent.DUSK)}, "at"),
        ({"at": ["24:00"]}, "at/0"),
        ({"at": ["18:30+01:00"]}, "at/0"),
        ({"at": ["1830"]}, "at/0"),
        ({"at": ["18:30"], "dates": ["2026-02-30"]}, "dates/0"),
        ({"at": ["18:30"], "except_": ["2026-02-01/soon"]}, "except/0"),
        ({"at": ["18:30"], "since": "today"}, "since"),
        ({"at": ["18:30"], "rule": "FREQ=HOURLY"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=DAILY;BYHOUR=3"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=DAILY;INTERVAL=0"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=WEEKLY;BYDAY=XX"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=DAILY;BYMONTH=13"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=DAILY;BYMONTHDAY=30"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=DAILY;UNTIL=never"}, "rule"),
        ({"at": ["18:30"], "rule": "FREQ=MONTHLY;BYSETPOS=1000;BYDAY=MO"}, "rule"),
    ],
)
def test_what_is_no_time_is_told(more: dict[str, object], place: str) -> None:
    assert [fault.place for fault in When(**more).faults()] == [f"when/{place}"]


def test_the_sun_sets_where_and_when_almanacs_say() -> None:
    """As calendars of these cities print it, to the minute."""
    for day, event, place, told in (
        (date(2026, 6, 21), SunEvent.SUNSET, VIENNA, "2026-06-21T18:58:00Z"),
        (date(2026, 12, 21), SunEvent.SUNRISE, SEOUL, "2026-12-20T22:43:00Z"),
    ):
        assert place.latitude is not None
        assert place.longitude is not None
        found = sun_instant(day, event, place.latitude, place.longitude)
        assert found is not None
        assert abs(found - parse_instant(told)) <= 90 * SECOND, format_instant(found)


def test_polar_day_and_night_have_no_sunset() -> None:
    when = When(sun=Sun(SunEvent.SUNSET))
    year = between(when, TROMSO, "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z")
    months = {int(text[5:7]) for text in year}
    assert 6 not in months
    assert 12 not in months
    assert {2, 3, 4, 8, 9, 10} <= months
    assert upcoming(when, TROMSO, "2026-06-01T00:00:00Z", 1)[0][:7] == "2026-07", "the next one is looked for past it"


@settings(max_examples=60, deadline=None)
@given(
    latitude=st.floats(-60, 60),
    longitude=st.floats(-180, 180),
    event=st.sampled_from([SunEvent.SUNRISE, SunEvent.SUNSET]),
)
def test_there_is_one_of_each_a_day_wherever_it_is_not_polar(
    latitude: float, longitude: float, event: SunEvent
) -> None:
    place = Place(ZoneInfo("UTC"), latitude, longitude)
    start = parse_instant("2026-01-01T00:00:00Z")
    found = occurrences(When(sun=Sun(event)), place, anchor=ANCHOR, after=start, until=start + 366 * 86_400 * SECOND)
    assert 365 <= len(found) <= 367
    gaps = [(later - earlier) / 3600 / SECOND for earlier, later in itertools.pairwise(found)]
    assert all(23.8 <= gap <= 24.2 for gap in gaps), "none is left out, also where it sets at midnight UTC"


def test_before_and_after_the_sun() -> None:
    day = between(When(sun=Sun(SunEvent.SUNSET)), VIENNA, "2026-06-21T00:00:00Z", "2026-06-22T00:00:00Z")
    early = between(
        When(sun=Sun(SunEvent.SUNSET, offset_minutes=-30)), VIENNA, "2026-06-21T00:00:00Z", "2026-06-22T00:00:00Z"
    )
    assert parse_instant(day[0]) - parse_instant(early[0]) == 30 * 60 * SECOND
    assert (
        between(When(sun=Sun(SunEvent.SUNSET)), Place(VIENNA.zone), "2026-06-21T00:00:00Z", "2026-06-22T00:00:00Z")
        == []
    )

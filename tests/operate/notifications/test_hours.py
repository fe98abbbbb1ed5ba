"""Times of the week in every zone, across changes of the clock."""

import zoneinfo
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.operate.notifications import DigestPace, WeeklyHours, next_daily

NIGHT = WeeklyHours(begin="22:00", until="07:00", timezone="Europe/Berlin")
OFFICE = WeeklyHours(begin="09:00", until="17:30", timezone="Asia/Seoul", days=("mon", "tue", "wed", "thu", "fri"))
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Seoul",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Cairo",
)


@pytest.mark.parametrize(
    ("hours", "at", "holds"),
    [
        (NIGHT, "2026-01-10T20:59:59Z", False),
        (NIGHT, "2026-01-10T21:00:00Z", True),
        (NIGHT, "2026-01-11T05:59:59Z", True),
        (NIGHT, "2026-01-11T06:00:00Z", False),
        (NIGHT, "2026-07-10T20:00:00Z", True),  # summer time: an hour earlier by UTC
        (OFFICE, "2026-03-02T00:00:00Z", True),  # Monday 09:00 in Seoul
        (OFFICE, "2026-03-02T08:29:59Z", True),
        (OFFICE, "2026-03-02T08:30:00Z", False),
        (OFFICE, "2026-03-07T03:00:00Z", False),  # Saturday
        # A night belongs to the day it begins on.
        (WeeklyHours(begin="22:00", until="06:00", timezone="UTC", days=("fri",)), "2026-03-07T05:00:00Z", True),
        (WeeklyHours(begin="22:00", until="06:00", timezone="UTC", days=("fri",)), "2026-03-06T05:00:00Z", False),
        # The same time: a whole day.
        (WeeklyHours(begin="08:00", until="08:00", timezone="UTC", days=("sat",)), "2026-03-08T07:59:00Z", True),
        (WeeklyHours(begin="08:00", until="08:00", timezone="UTC", days=("sat",)), "2026-03-08T08:00:00Z", False),
    ],
)  # fmt: skip
def test_hours_hold_by_the_wall(hours: WeeklyHours, at: str, holds: bool) -> None:
    assert hours.holds(parse_instant(at)) is holds


@pytest.mark.parametrize(
    ("hours", "at", "end"),
    [
        (NIGHT, "2026-01-10T21:30:00Z", "2026-01-11T06:00:00Z"),
        (NIGHT, "2026-01-10T12:00:00Z", "2026-01-10T12:00:00Z"),
        # The night of 29 March 2026 is an hour shorter in Berlin, that of 25 October an hour longer.
        (NIGHT, "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"),
        (NIGHT, "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"),
        # 02:30 is not there on 29 March: they end when the clocks are put forward.
        (
            WeeklyHours(begin="22:00", until="02:30", timezone="Europe/Berlin"),
            "2026-03-28T23:00:00Z",
            "2026-03-29T01:00:00Z",
        ),
        # Over several days.
        (
            WeeklyHours(begin="00:00", until="00:00", timezone="UTC", days=("sat", "sun")),
            "2026-03-07T10:00:00Z",
            "2026-03-09T00:00:00Z",
        ),
    ],
)
def test_hours_end(hours: WeeklyHours, at: str, end: str) -> None:
    assert format_instant(hours.end_after(parse_instant(at))) == end


@pytest.mark.parametrize(
    ("time_of_day", "zone", "after", "found"),
    [
        ("08:00", "UTC", "2026-03-02T07:59:59Z", "2026-03-02T08:00:00Z"),
        ("08:00", "UTC", "2026-03-02T08:00:00Z", "2026-03-03T08:00:00Z"),
        ("08:00", "Asia/Seoul", "2026-03-02T12:00:00Z", "2026-03-02T23:00:00Z"),
        ("08:00", "Europe/Berlin", "2026-03-28T08:00:00Z", "2026-03-29T06:00:00Z"),
        ("02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"),  # in the gap: at its edge
        ("02:30", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z"),  # twice: the first
        ("02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),  # and not again
        ("02:15", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", "2026-10-03T15:30:00Z"),  # a gap of half an hour
    ],
)
def test_a_time_of_day_comes_once_a_day(time_of_day: str, zone: str, after: str, found: str) -> None:
    assert format_instant(next_daily(time_of_day, zone, parse_instant(after))) == found


@given(
    zone=st.sampled_from(ZONES),
    at=st.integers(parse_instant("2025-01-01T00:00:00Z"), parse_instant("2027-12-31T00:00:00Z")),
    begin=st.integers(0, 1439),
    until=st.integers(0, 1439),
    days=st.sets(st.sampled_from(("mon", "tue", "wed", "thu", "fri", "sat", "sun")), min_size=1, max_size=6),
)
def test_the_end_is_the_first_minute_outside(zone: str, at: int, begin: int, until: int, days: set[str]) -> None:
    def text(minute: int) -> str:
        return f"{minute // 60:02}:{minute % 60:02}"

    hours = WeeklyHours(begin=text(begin), until=text(until), timezone=zone, days=tuple(sorted(days)))  # type: ignore[arg-type]
    end = hours.end_after(at)
    assert not hours.holds(end)
    if hours.holds(at):
        assert end > at
        assert hours.holds(end - 60_000_000) or end - at < 60_000_000
        wall = datetime.fromtimestamp(end / 1e6, UTC).astimezone(zoneinfo.ZoneInfo(zone))
        assert wall.second == 0
    else:
        assert end == at


@given(zone=st.sampled_from(ZONES), minute=st.integers(0, 1439), day=st.integers(0, 800))
def test_every_day_has_its_digest_once(zone: str, minute: int, day: int) -> None:
    at = parse_instant("2025-06-01T00:00:00Z") + day * 86_400_000_000
    text = f"{minute // 60:02}:{minute % 60:02}"
    first = next_daily(text, zone, at)
    second = next_daily(text, zone, first)
    assert at < first <= at + 25 * 3_600_000_000
    assert 22 * 3_600_000_000 <= second - first <= 26 * 3_600_000_000
    walls = [datetime.fromtimestamp(one / 1e6, UTC).astimezone(zoneinfo.ZoneInfo(zone)) for one in (first, second)]
    assert (walls[1].date() - walls[0].date()).days == 1


def test_a_digest_opens_at_its_time_or_after_its_minutes() -> None:
    planned = parse_instant("2026-03-02T12:00:00Z")
    daily = DigestPace(daily_at="08:00", timezone="UTC")
    assert format_instant(daily.opens_after(0, planned)) == "2026-03-03T08:00:00Z"
    every = DigestPace(every_minutes=30)
    assert every.opens_after(0, planned) == planned
    assert every.opens_after(planned - 600_000_000, planned) == planned + 1_200_000_000

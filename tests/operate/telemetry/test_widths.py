"""Buckets are cut where people in the zone turn a page of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.operate.telemetry.history.widths import edges, parse_width

ZONES = (
    "Europe/Berlin",
    "Australia/Lord_Howe",  # summer time of half an hour
    "America/New_York",
    "Asia/Kolkata",
    "Pacific/Apia",  # has no 2011-12-30
    "America/Sao_Paulo",  # midnight itself was skipped
    "Asia/Beirut",  # summer time ended at midnight
    "Africa/Cairo",
    "UTC",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_date(instant: int, zone: str) -> datetime:
    return (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))


def texts(width: str, zone: str, start: str, end: str) -> list[str]:
    return [
        format_instant(edge)
        for edge in edges(parse_width(width, zone=zone), parse_instant(start), parse_instant(end)).tolist()
    ]


def test_a_day_of_23_and_one_of_25_hours() -> None:
    spring = texts("day", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-30T12:00:00Z")
    assert spring == ["2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"]
    autumn = texts("day", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T13:00:00Z")
    assert autumn == ["2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"]


def test_a_day_longer_by_half_an_hour() -> None:
    assert texts("day", "Australia/Lord_Howe", "2026-04-04T20:00:00Z", "2026-04-05T10:00:00Z") == [
        "2026-04-04T13:00:00Z",
        "2026-04-05T13:30:00Z",
    ]


def test_a_skipped_day_has_no_bucket() -> None:
    found = texts("day", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T12:00:00Z")
    # The 29th, then at once the 31st (the zone jumped from ten hours behind to fourteen ahead), then January.
    assert found == ["2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z", "2012-01-01T10:00:00Z"]


def test_months_quarters_years_and_leap_days() -> None:
    assert texts("month", "UTC", "2028-01-31T00:00:00Z", "2028-03-01T00:00:00Z") == [
        "2028-01-01T00:00:00Z",
        "2028-02-01T00:00:00Z",
        "2028-03-01T00:00:00Z",
    ]
    assert texts("day", "UTC", "2028-02-28T00:00:00Z", "2028-03-01T00:00:00Z")[1] == "2028-02-29T00:00:00Z"
    assert texts("quarter", "UTC", "2026-12-31T00:00:00Z", "2027-01-02T00:00:00Z") == [
        "2026-10-01T00:00:00Z",
        "2027-01-01T00:00:00Z",
        "2027-04-01T00:00:00Z",
    ]
    assert texts("year", "UTC", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z") == [
        "2028-01-01T00:00:00Z",
        "2029-01-01T00:00:00Z",
    ]
    assert texts("week", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")[0] == "2025-12-29T00:00:00Z"  # a Monday


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
    st.integers(parse_instant("1990-01-01T00:00:00Z"), parse_instant("2035-01-01T00:00:00Z")),
    st.integers(1, 400 * 86_400_000_000),
)
def test_an_edge_is_where_the_local_period_changes(zone: str, period: str, start: int, length: int) -> None:
    found = edges(parse_width(period, zone=zone), start, start + length).tolist()
    assert found[0] <= start < found[1]
    assert found[-2] < start + length <= found[-1]
    assert found == sorted(set(found))
    for edge in found:
        before, at = local_date(edge - 1, zone), local_date(edge, zone)
        assert period_of(before, period) < period_of(at, period)
    for first, last in pairwise(found):
        assert period_of(local_date(first, zone), period) == period_of(local_date(last - 1, zone), period)


def period_of(moment: datetime, period: str) -> tuple[int, ...]:
    year, week, _ = moment.isocalendar()
    return {
        "day": (moment.year, moment.month, moment.day),
        "week": (year, week),
        "month": (moment.year, moment.month),
        "quarter": (moment.year, (moment.month - 1) // 3),
        "year": (moment.year,),
    }[period]


def test_fixed_widths_count_from_the_epoch() -> None:
    found = edges(parse_width("7s"), 20_000_000, 36_000_000)
    assert found.tolist() == [14_000_000, 21_000_000, 28_000_000, 35_000_000, 42_000_000]
    assert np.all(np.diff(edges(parse_width("250ms"), 0, 10_000_000)) == 250_000)


@pytest.mark.parametrize("text", ["", "0s", "-1h", "1.5h", "fortnight", "1;DROP", "9999999999h"])
def test_what_is_no_width(text: str) -> None:
    with pytest.raises(Invalid, match="width"):
        parse_width(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "", "Europe/"])
def test_what_is_no_zone(zone: str) -> None:
    with pytest.raises(Invalid, match="zone"):
        parse_width("day", zone=zone)


def test_too_many_buckets_are_refused() -> None:
    with pytest.raises(Invalid, match="too many"):
        edges(parse_width("1us"), 0, 10_000_000)

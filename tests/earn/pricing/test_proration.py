"""Periods follow the customer's calendar, and their parts are the whole."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from monokoto.earn import pricing
from monokoto.earn.metering import Span
from monokoto.earn.pricing import Basis, Cycle, Every
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency

quick = settings(max_examples=150, deadline=None)

HOUR = 3_600_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Seoul",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
)
zones = st.sampled_from(ZONES)
instants = st.integers(946_684_800, 2_208_988_800).map(lambda second: second * 1_000_000)  # 2000 to 2039
cycles = st.builds(Cycle, every=st.sampled_from(Every), anchor=instants, timezone=zones, count=st.integers(1, 4))


def at(text: str, zone: str = "UTC") -> int:
    return int((datetime.fromisoformat(text).replace(tzinfo=pricing.zone(zone)) - EPOCH).total_seconds()) * 1_000_000


def starts(cycle: Cycle, count: int) -> list[str]:
    return [f"{pricing.local(cycle.start(index), cycle.timezone):%Y-%m-%d %H:%M}" for index in range(count)]


@quick
@given(cycles, instants)
def test_periods_follow_each_other_without_a_gap(cycle: Cycle, moment: int) -> None:
    period = cycle.containing(moment)
    assert period.start <= moment < period.end
    assert cycle.containing(period.end).start == period.end == cycle.after(moment)
    assert cycle.containing(period.start) == period
    assert cycle.start(0) == cycle.anchor


def test_months_end_where_they_end() -> None:
    cycle = Cycle(every=Every.MONTH, anchor=at("2023-12-31"))
    assert starts(cycle, 6) == [
        f"{day} 00:00" for day in ("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30", "2024-05-31")
    ]
    assert cycle.containing(at("2025-02-28")).start == at("2025-02-28"), "no leap year, so it starts on the 28th"


def test_leap_days_come_back() -> None:
    cycle = Cycle(every=Every.YEAR, anchor=at("2024-02-29"))
    assert [text[:10] for text in starts(cycle, 5)] == [
        "2024-02-29",
        "2025-02-28",
        "2026-02-28",
        "2027-02-28",
        "2028-02-29",
    ]


def test_the_time_of_day_stays_when_clocks_change() -> None:
    cycle = Cycle(every=Every.DAY, anchor=at("2024-03-08T02:30", "America/New_York"), timezone="America/New_York")
    assert starts(cycle, 4) == ["2024-03-08 02:30", "2024-03-09 02:30", "2024-03-10 03:30", "2024-03-11 02:30"]
    month = Cycle(every=Every.MONTH, anchor=at("2024-03-01", "Europe/Berlin"), timezone="Europe/Berlin").period(0)
    assert month.length == (31 * 24 - 1) * HOUR


@quick
@given(cycles, st.lists(st.fractions(0, 1), max_size=6), st.sampled_from(Basis), zones)
def test_parts_are_the_whole(cycle: Cycle, cuts: list[Fraction], basis: Basis, zone: str) -> None:
    whole = cycle.period(0)
    assume(basis is Basis.SECOND or pricing.day_count(whole.start, whole.end, zone) > 0)
    borders = sorted({whole.start, whole.end, *(whole.start + int(whole.length * cut) for cut in cuts)})
    shares = [pricing.share(Span(*pair), whole, basis, zone) for pair in pairwise(borders)]
    assert sum(shares) == 1
    assert all(0 <= share <= 1 for share in shares)
    for code in ("EUR", "JPY"):
        parts = pricing.prorated_parts(Decimal(9999), shares, pricing.currency(code))
        assert sum(parts) == 9999
        assert all(abs(Fraction(part) - 9999 * share) < 1 for part, share in zip(parts, shares, strict=True))


@quick
@given(instants, st.integers(0, 400), st.integers(0, 400), zones)
def test_days_add_up_over_every_change_of_clocks(start: int, first: int, second: int, zone: str) -> None:
    middle, end = start + first * 7 * HOUR, start + (first + second) * 7 * HOUR
    days = pricing.day_count(start, middle, zone) + pricing.day_count(middle, end, zone)
    assert pricing.day_count(start, end, zone) == days
    assert abs(days - (first + second) * 7 / 24) < 1 + 1 / 12
    assert pricing.day_count(start, pricing.end_of_day(start, zone), zone) == 1
    assert start < pricing.end_of_day(start, zone) <= start + 26 * HOUR


def test_a_day_of_25_hours_is_a_day() -> None:
    zone = "Europe/Berlin"
    whole = Span(at("2024-10-26", zone), at("2024-10-29", zone))
    long_day = Span(at("2024-10-27", zone), at("2024-10-28", zone))
    assert pricing.share(long_day, whole, Basis.DAY, zone) == Fraction(1, 3)
    assert pricing.share(long_day, whole, Basis.SECOND, zone) == Fraction(25, 73)
    assert pricing.share(Span(0, 1), whole, Basis.SECOND) == 0, "elsewhere"


@quick
@given(
    st.decimals(0, 10_000, places=2),
    st.decimals(0, 10_000, places=2),
    st.fractions(0, 1),
    st.decimals(0, 500, places=2),
)
def test_a_change_gives_back_no_more_than_was_paid(
    old: Decimal, new: Decimal, rest: Fraction, credited: Decimal
) -> None:
    euro = pricing.currency("EUR")
    found = pricing.change(old, new, rest, euro)
    assert found.net == found.credit + found.charge
    assert pricing.change(old, old, rest, euro).net == 0, "changing nothing costs nothing"
    back = pricing.capped_credit(-found.credit, old, credited)
    assert 0 <= back <= max(old - credited, ZERO)


def test_what_is_no_period_is_refused() -> None:
    for wrong in (
        lambda: Cycle(every=Every.DAY, anchor=0, timezone="Mars/Olympus"),
        lambda: Cycle(every=Every.DAY, anchor=0, count=0),
        lambda: Cycle(every=Every.YEAR, anchor=0).start(10_000),
        lambda: Span(5, 5),
        lambda: pricing.share(Span(0, HOUR), Span(0, 2 * HOUR), Basis.DAY),
        lambda: pricing.prorated_parts(Decimal(1), [Fraction(1, 2)], Currency("x", 2)),
    ):
        with pytest.raises(Invalid):
            wrong()

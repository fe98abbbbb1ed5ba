"""How a fee charged ahead becomes revenue: evenly over its time, exactly, also where it is changed within it."""

from __future__ import annotations

import random

import pytest
from subscriptions_making import DAY, at

from monokoto.earn.calendar import Span
from monokoto.earn.reports.deferral import Earning, earning_of, months_moved
from monokoto.earn.reports.months import month_text
from monokoto.kernel.limits import DEFERRED_MONTHS_MAX

YEAR = Span(at("2026-01-01"), at("2027-01-01"))


def moved(before: Earning | None, after: Earning, when: str, timezone: str = "UTC") -> dict[str, int]:
    return {month_text(month): amount for month, amount in months_moved(before, after, at(when), timezone)}


def test_a_year_is_earned_by_its_days_and_comes_to_the_fee() -> None:
    found = moved(None, earning_of(None, 36500, YEAR, YEAR.start), "2026-01-01")
    assert len(found) == 12
    assert (found["2026-01"], found["2026-02"], found["2026-12"]) == (3100, 2800, 3100)
    assert sum(found.values()) == 36500


def test_nothing_is_earned_before_its_document_and_what_is_over_at_once() -> None:
    late = moved(None, earning_of(None, 36500, YEAR, at("2026-04-10")), "2026-04-10")
    assert late["2026-04"] == 3100 + 2800 + 3100 + 3000, "what is behind comes with the document"
    assert moved(None, earning_of(None, 500, YEAR, at("2027-02-01")), "2027-02-01") == {"2027-02": 500}
    assert moved(None, earning_of(None, 500, None, at("2026-02-01")), "2026-02-01") == {"2026-02": 500}
    ahead = moved(None, earning_of(None, 500, Span(at("2026-05-01"), at("2026-06-01")), at("2026-02-01")), "2026-02-01")
    assert ahead == {"2026-05": 500}


def test_months_are_those_of_the_sellers_calendar() -> None:
    july = Span(at("2026-06-30T15:00:00Z"), at("2026-07-31T15:00:00Z"))
    assert moved(None, earning_of(None, 990, july, july.start), "2026-06-30T15:00:00Z", "Asia/Seoul") == {
        "2026-07": 990
    }
    cut = moved(None, earning_of(None, 990, july, july.start), "2026-06-30T15:00:00Z")
    assert set(cut) == {"2026-06", "2026-07"}
    assert sum(cut.values()) == 990


def test_who_cancels_within_the_time_leaves_what_was_earned_and_nothing_after() -> None:
    first = earning_of(None, 36500, YEAR, YEAR.start)
    ended = earning_of(first, -18400, Span(YEAR.start, at("2026-07-01")), at("2026-07-01"))
    taken = moved(first, ended, "2026-07-01")
    assert taken == {month: -amount for month, amount in moved(None, first, "2026-01-01").items() if month > "2026-06"}


def test_a_unit_that_comes_is_earned_over_what_is_left_of_the_time() -> None:
    first = earning_of(None, 36500, YEAR, YEAR.start)
    more = earning_of(first, 18400, YEAR, at("2026-07-01"))
    found = moved(first, more, "2026-07-01")
    assert (found["2026-07"], found["2026-08"], sum(found.values())) == (3100, 3100, 18400)


def test_what_is_given_back_spreads_until_it_is_more_than_is_left() -> None:
    first = earning_of(None, 36500, YEAR, YEAR.start)
    kind = moved(first, earning_of(first, -1840, YEAR, at("2026-07-01")), "2026-07-01")
    assert (kind["2026-07"], sum(kind.values())) == (-310, -1840)
    much = moved(first, earning_of(first, -30000, YEAR, at("2026-12-01")), "2026-12-01")
    assert much == {"2026-12": -30000}, (
        "33,400 were earned: more than is left is taken off at once, and December's as well"
    )
    void = earning_of(first, -36500, YEAR, at("2026-03-01"))
    assert moved(first, void, "2026-03-01")["2026-03"] == -5900 - 3100
    again = moved(void, earning_of(void, 36500, YEAR, at("2026-03-01")), "2026-03-01")
    assert again["2026-03"] == 5900 + 3100, "billed again it is what it was"


@pytest.mark.parametrize("seed", range(30))
def test_months_come_to_the_documents_whatever_happens(seed: int) -> None:
    dice = random.Random(seed)
    known: Earning | None = None
    when, charged, earned = YEAR.start, 0, dict[int, int]()
    for _ in range(dice.randrange(1, 8)):
        span = dice.choice(
            [YEAR, None, Span(YEAR.start - dice.randrange(90) * DAY, when + dice.randrange(1, 500) * DAY)]
        )
        amount = dice.choice([dice.randrange(-50_000, 50_000), -charged])
        after = earning_of(known, amount, span, when)
        for month, part in months_moved(known, after, when, "Europe/Berlin"):
            earned[month] = earned.get(month, 0) + part
        known, charged = after, charged + amount
        assert sum(earned.values()) == charged
        assert after.earned(1 << 62) == charged
        when += dice.randrange(60) * DAY


def test_a_time_without_an_end_in_sight_is_cut() -> None:
    ages = Span(YEAR.start, YEAR.start + 100 * 366 * DAY)
    found = moved(None, earning_of(None, 1_000_000, ages, YEAR.start), "2026-01-01")
    assert (len(found), sum(found.values())) == (DEFERRED_MONTHS_MAX, 1_000_000)
    assert [*found.values()][-1] > 400_000

"""A promised availability: measured over all units and their own times, maintenance apart, given back by its table."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from contracts import EVER, Contract, at, plan

from monokoto.earn.billing import Due, Outage, UnitOutages, credits_of, measure
from monokoto.earn.calendar import Every, Span
from monokoto.earn.plans import Promise, RecurringFee
from monokoto.earn.pricing import CreditTable, CreditTier

HOUR = 3_600_000_000
JUNE = Span(at("2026-06-01"), at("2026-07-01"))
TABLE = CreditTable(
    tiers=tuple(
        CreditTier(at_least_percent=Decimal(border), credit_percent=Decimal(credit))
        for border, credit in (("99.5", "0"), ("99", "10"), ("0", "25"))
    )
)
FEE = RecurringFee(name="base", title={}, fee=Decimal("1000.00"), every=Every.MONTH)


def _outage(hours: int, begin: str = "2026-06-10") -> Outage:
    return Outage(span=Span(at(begin), at(begin) + hours * HOUR), because="alert")


def _credits(units: dict[int, UnitOutages], *, now: str = "2026-07-01", every: Every = Every.MONTH) -> list[Due]:
    promise = Promise(name="availability", rules=("offline",), every=every, credits=TABLE)
    one = Contract([(JUNE.start, plan(FEE, outcome=(promise,)))], units={1: [Span(0, EVER)], 2: [Span(0, EVER)]})
    dues = one.dues(JUNE.start)
    return credits_of(one.stretches(JUNE), dues, {"availability": units}, one.circumstances, now=at(now))


def test_a_kept_promise_gives_nothing_back() -> None:
    assert _credits({}) == []
    assert _credits({1: UnitOutages(down=[_outage(7)])}) == [], "7 of 1,440 hours: 99.51 %"


def test_a_missed_one_gives_its_tier_back_with_the_evidence() -> None:
    (credit,) = _credits({1: UnitOutages(down=[_outage(8)])})
    assert credit.amount == Decimal("-100.00")
    assert credit.explanation["availability_percent"] == "99.4444"
    assert credit.explanation["outages"] == [
        {"unit_id": 1, "kind": "down", "because": "alert", "from": at("2026-06-10"), "to": at("2026-06-10") + 8 * HOUR}
    ]
    (credit,) = _credits({unit: UnitOutages(down=[_outage(8)]) for unit in (1, 2)})
    assert credit.amount == Decimal("-250.00")


def test_maintenance_counts_neither_as_up_nor_as_down() -> None:
    down, planned = _outage(8), _outage(6)
    assert _credits({1: UnitOutages(down=[down], excluded=[planned])}) == [], "two hours are left"
    one = Contract([(JUNE.start, plan(FEE))])
    whole = Outage(span=JUNE, because="window")
    found = measure(JUNE, {1: UnitOutages(down=[down], excluded=[whole])}, one.circumstances)
    assert found.percent == 100


def test_a_unit_counts_for_its_own_time() -> None:
    one = Contract([(JUNE.start, plan(FEE))], units={1: [Span(at("2026-06-21"), EVER)]})
    outages = {1: UnitOutages(down=[_outage(24, "2026-06-20T12:00")])}
    assert measure(JUNE, outages, one.circumstances).percent == Fraction(100) - Fraction(100 * 12, 240)


def test_a_promise_is_open_until_its_time_is_over() -> None:
    assert _credits({1: UnitOutages(down=[_outage(100)])}, now="2026-06-30") == []


def test_a_shorter_promise_gives_back_a_part_of_the_fee_for_each_of_its_times() -> None:
    given = _credits({unit: UnitOutages(down=[_outage(24)]) for unit in (1, 2)}, every=Every.DAY)
    assert [(credit.amount, credit.span.start) for credit in given] == [(Decimal("-8.33"), at("2026-06-10"))]

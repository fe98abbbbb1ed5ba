"""Monthly recurring revenue: what counts, how it moves, who stays."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from office import Office
from subscriptions_making import at

from monokoto.earn.reports import CustomerFilter, Movement
from monokoto.earn.reports.months import parse_month
from monokoto.earn.subscriptions import Coverage, Gift, NewCoupon
from monokoto.engines.records import Records


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


@pytest.fixture
def office(records: Records) -> Office:
    return Office(records)


MRR = {
    "basic": 490,
    "yearly": 333,  # 40.00 by 12
    "quarterly": 1000,
    "weekly": 3044,  # 7.00 by 7 days, times 30.436875
    "used": 0,
    "hybrid": 500,
}


@pytest.mark.parametrize("plan", MRR)
def test_fees_count_by_the_month_and_nothing_else_does(office: Office, plan: str) -> None:
    office.start(office.customer(), plan)
    office.wind(at("2026-02-03"))
    found = office.recurring()["2026-01"]
    assert (found.mrr, found.new, found.customers, found.customers_new) == (MRR[plan], MRR[plan], 1, 1)


def test_a_trial_counts_nothing_until_it_is_over(office: Office) -> None:
    office.wind(at("2026-01-25"))
    office.start(office.customer(), "trial")
    office.wind(at("2026-03-03"))
    found = office.recurring()
    assert [found[month].mrr for month in ("2026-01", "2026-02")] == [0, 990]
    assert [found[month].customers for month in ("2026-01", "2026-02")] == [0, 1]


def test_a_unit_counts_from_when_it_is_there(office: Office) -> None:
    for unit_id in (501, 502):
        office.owners.give(unit_id, 0, 0)
    one = office.start(office.customer(), "each", coverage=Coverage.UNITS, unit_ids=(501,))
    office.wind(at("2026-02-10"))
    office.subscriptions.change_units(office.maker, one.id, add=[502])
    office.wind(at("2026-03-02"))
    found = office.recurring()
    assert [(found[month].mrr, found[month].units) for month in ("2026-01", "2026-02")] == [(200, 1), (400, 2)]
    assert (found["2026-02"].expansion, found["2026-02"].new) == (200, 0)


def test_coupons_are_taken_off_the_fees_they_are_for(office: Office) -> None:
    half, fixed, other = (office.start(office.customer(name=name), "hybrid") for name in ("half", "fixed", "other"))
    office.subscriptions.give_coupon(office.maker, half.id, NewCoupon(name="half", percent=Decimal(50)))
    office.subscriptions.give_coupon(office.maker, fixed.id, NewCoupon(name="fixed", amount=Decimal("7.00")))
    office.subscriptions.give_coupon(
        office.maker, other.id, NewCoupon(name="washes", percent=Decimal(50), charges=("wash",))
    )
    office.wind(at("2026-01-05"))
    assert office.recurring()["2026-01"].mrr == 250 + 0 + 500


def test_it_moves_by_customer_and_each_movement_has_its_customers(office: Office) -> None:
    grows, leaves, stays = (office.customer(name=name) for name in ("grows", "leaves", "stays"))
    office.start(stays)
    office.start(grows)
    gone = office.start(leaves)
    office.wind(at("2026-02-05"))
    office.start(grows, "quarterly")
    office.subscriptions.end(office.maker, gone.id, at="now")
    office.wind(at("2026-03-05"))
    office.start(leaves, "calendar")
    office.wind(at("2026-04-02"))
    found = office.recurring("2026-01", "2026-03")
    february, march = found["2026-02"], found["2026-03"]
    assert (february.opening, february.expansion, february.churn, february.mrr) == (1470, 1000, 490, 1980)
    assert (march.reactivation, march.new, march.mrr) == (300, 0, 2280)
    assert (february.customers_lost, march.customers_back, march.customers_new) == (1, 1, 0)
    assert february.logo_churn == Fraction(1, 3)
    assert february.revenue_churn == Fraction(490, 1470)
    assert february.net_retention == Fraction(1470 + 1000 - 490, 1470)

    def behind(movement: Movement, month: str) -> list[int]:
        wanted = CustomerFilter(month=parse_month(month, ""), currency="EUR", movement=movement)
        return [one.customer_id for one in office.reports.customers(office.maker, wanted, limit=9)]

    assert behind(Movement.EXPANSION, "2026-02") == [grows.id]
    assert behind(Movement.CHURN, "2026-02") == [leaves.id]
    assert behind(Movement.REACTIVATION, "2026-03") == [leaves.id]
    assert behind(Movement.UNCHANGED, "2026-03") == sorted([grows.id, stays.id])
    lost = CustomerFilter(month=parse_month("2026-02", ""), currency="EUR", lost=True)
    (one,) = office.reports.customers(office.maker, lost, limit=9)
    assert one.subscriptions == {gone.id: (490, 0)}


def test_a_gift_is_the_payers_and_each_currency_stands_by_itself(office: Office) -> None:
    giver, given = office.customer(name="giver"), office.customer(name="given", currency="EUR")
    office.start(given, gift=Gift(giver_id=giver.id))
    office.start(office.customer(name="Bob", currency="USD"), "dollars")
    office.wind(at("2026-01-20"))
    assert office.recurring(currency="EUR")["2026-01"].mrr == 490
    assert office.recurring(currency="USD")["2026-01"].mrr == 500
    wanted = CustomerFilter(month=parse_month("2026-01", ""), currency="EUR")
    assert [one.customer_id for one in office.reports.customers(office.maker, wanted, limit=9)] == [giver.id]


def test_months_are_the_sellers(office: Office) -> None:
    office.wind(at("2026-01-31T16:00:00Z"))  # February in Seoul
    office.start(office.customer())
    office.wind(at("2026-03-02"))
    assert office.recurring()["2026-01"].mrr == 490
    office.issuers.put(replace(office.issuers.get(office.maker), timezone="Asia/Seoul"))
    assert [office.recurring()[month].mrr for month in ("2026-01", "2026-02")] == [0, 490]

"""Random histories of a maker: reports come to what a plain look at subscriptions, at documents and at the books comes to."""

from __future__ import annotations

import random
from collections import defaultdict
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from office import Office
from subscriptions_making import DAY, at
from till import GRACE

from monokoto.earn.invoices import DocumentKind, InvoiceFilter, InvoiceState
from monokoto.earn.reports.months import month_of, month_span, month_text
from monokoto.earn.subscriptions import Customer, NewCoupon, Subscription
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict

FEES = {"basic": 490, "trial": 990, "calendar": 300, "yearly": 4000 / 12, "quarterly": 1000, "used": 0, "hybrid": 500}
"""Cents a month."""
MONTHS = ("2026-01", "2026-06")


@pytest.fixture
def records_kind() -> str:
    return "sqlite"


def lived(records: Records, seed: int) -> Office:
    """Half a year of customers who come, change, leave, come back, use, are credited."""
    dice, office = random.Random(seed), Office(records)
    people: list[Customer] = []
    for day in range(0, 170, 4):
        office.wind(at("2026-01-01") + day * DAY + dice.randrange(DAY))
        if dice.random() < 0.5:
            people.append(office.customer(name=f"customer {day}"))
        if people and dice.random() < 0.6:
            one = office.start(dice.choice(people), dice.choice([*FEES]))
            if dice.random() < 0.3:
                coupon = NewCoupon(name="part", percent=Decimal(dice.choice((10, 50, 100))))
                office.subscriptions.give_coupon(office.maker, one.id, coupon)
        there = office.subscriptions.list(office.maker)
        for one in dice.sample(there, min(2, len(there))):
            changed(office, one, dice)
        office.used.add(500 + dice.randrange(20), office.clock.now() - DAY)
        if day % 12 == 0:
            office.go(office.clock.now())
            given_back(office, dice)
    office.go(at("2026-07-01") + GRACE)
    return office


def changed(office: Office, one: Subscription, dice: random.Random) -> None:
    try:
        if dice.random() < 0.3:
            office.subscriptions.end(office.maker, one.id, at="now")
        elif dice.random() < 0.5:
            office.subscriptions.change(office.maker, one.id, plan=dice.choice([*FEES]))
    except Conflict:
        """It is over."""


def given_back(office: Office, dice: random.Random) -> None:
    wanted = InvoiceFilter(states=frozenset({InvoiceState.FINALISED}))
    sent = [one for one in office.invoices.list(office.maker, wanted, limit=200) if one.net > 0]
    for one in dice.sample(sent, min(2, len(sent))):
        try:
            if dice.random() < 0.5:
                office.giving.void(office.maker, one.id, "wrong")
            else:
                lines = office.invoices.lines(office.maker, one.id)
                key, amount = next((line["key"], line["amount"]) for line in lines if Decimal(line["amount"]) > 0)
                half = (Decimal(amount) / 2).quantize(Decimal("0.01"))
                office.giving.credit_note(office.maker, one.id, key=f"c{one.id}", reason="kind", lines={key: half})
        except Conflict:
            """Given back already."""


def plain_mrr(office: Office, month: int) -> dict[int, int]:
    """By payer what it brings at the end of a month, worked out the long way."""
    when = month_span(month, "UTC").end - 1
    found: dict[int, int] = defaultdict(int)
    for one in office.subscriptions.list(office.maker, limit=1000):
        if one.status(when).value in {"scheduled", "ended", "trialing"}:
            continue
        plan = [phase.plan for phase in one.phases if phase.begin <= when][-1]
        left = FEES[plan]
        for coupon in one.coupons:
            if coupon.begin <= one.period(when).span.start and coupon.percent is not None:
                left *= 1 - float(coupon.percent) / 100
        found[int(one.payer_id)] += int(left + 0.5 + 1e-9)
    return found


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 22))])
def test_a_plain_look_comes_to_the_same(records: Records, seed: int) -> None:
    office = lived(records, seed)
    rows = [*office.recurring(*MONTHS).values()]
    before: dict[int, int] = {}
    ever: set[int] = set()
    for row in rows:
        now = plain_mrr(office, row.month)
        assert row.mrr == sum(now.values()), row
        assert row.mrr - row.opening == row.new + row.reactivation + row.expansion - row.contraction - row.churn
        fresh = sum(amount for key, amount in now.items() if not before.get(key) and key not in ever)
        gone = sum(amount for key, amount in before.items() if not now.get(key))
        assert (row.new, row.churn, row.opening) == (fresh, gone, sum(before.values()))
        ever |= {key for key, amount in now.items() if amount}
        before = now
    moved = (row.churn or row.contraction or row.expansion for row in rows)
    assert any(moved), "histories in which nothing happens show nothing"
    assert any(row.new for row in rows)
    assert charged_as_documents(office) > 0
    fees_are_earned_over_their_time(office)
    cohorts_come_to_totals(office)


def charged_as_documents(office: Office) -> int:
    """Months as documents say them, and all of it as the books do; how many documents were looked at."""
    by_month: dict[int, int] = defaultdict(int)
    documents = office.invoices.documents_after(office.maker, 0, 10_000)
    for one in documents:
        net = int(Decimal(one.content["totals"]["net"]) * 100)
        by_month[month_of(one.issued_at, "UTC")] += net if one.kind is DocumentKind.INVOICE else -net
    found = office.revenue("2026-01", "2026-07").values()
    assert {row.month: row.total for row in found if row.total} == {key: net for key, net in by_month.items() if net}
    assert all(row.other == 0 for row in found), "all that billing says has its kind"
    booked = sum(one.amount for one in office.ledger.balances(office.maker, prefix="revenue:"))
    assert sum(row.total for row in found) == -booked * 100
    assert any(one.kind is DocumentKind.CREDIT_NOTE for one in documents)
    return len(documents)


def cohorts_come_to_totals(office: Office) -> None:
    for begin, end in (MONTHS, ("2026-04", "2026-07")):
        months = office.months(begin, end)
        cohorts = office.reports.cohorts(office.maker, months, "EUR").rows
        for row in office.reports.recurring(office.maker, months, "EUR").rows:
            cells: list[Any] = [cell for one in cohorts for cell in one.cells if cell.month == row.month]
            assert sum(cell.customers for cell in cells) == row.customers
            assert sum(cell.mrr for cell in cells) == row.mrr
            assert sum(cell.services for cell in cells) == row.services
        assert sum(one.size for one in cohorts) >= max(row.customers for row in office.recurring(begin, end).values())


def fees_are_earned_over_their_time(office: Office) -> None:
    """The report against each line by itself, looked at day by day; what is charged is what is earned and what is left."""
    report = office.reports.deferred(office.maker, office.months("2026-01", "2026-07"), "EUR")
    revenue = office.revenue("2026-01", "2026-07")
    lines = plain_earned(office)
    left = 0
    for row in report.rows:
        assert row.charged == revenue[month_text(row.month)].total
        assert (row.opening, row.closing) == (left, left + row.charged - row.recognised)
        left = row.closing
        looked = sum(exact.get(row.month, Fraction(0)) for exact in lines.values())
        assert abs(row.recognised - looked) <= len(lines), (row, float(looked))
        behind = office.reports.deferred_documents(office.maker, row.month, "EUR", limit=10_000)
        assert sum(one.amount for one in behind) == row.closing
    assert sum(one.amount for one in report.to_come) == left
    assert any(row.put_by > 0 for row in report.rows)
    assert any(row.released > 0 for row in report.rows)
    later = office.reports.deferred(office.maker, office.months("2026-05", "2026-07"), "EUR").rows
    assert later == report.rows[-3:], "however the months are cut"


def plain_earned(office: Office) -> dict[str, dict[int, Fraction]]:
    """By line and month what is earned, in cents, worked out the long way: what is left, day by day over the days that are left."""
    found: dict[str, dict[int, Fraction]] = {}
    known: dict[str, list[tuple[int, int, tuple[int, int] | None]]] = defaultdict(list)
    for one in office.invoices.documents_after(office.maker, 0, 10_000):
        sign = 1 if one.kind is DocumentKind.INVOICE else -1
        for line in one.content["lines"]:
            fee = "/fee" in line["key"]
            name = f"{line['explanation'].get('subscription')}/{line['key']}"
            known[name].append(
                (one.issued_at, sign * int(Decimal(line["amount"]) * 100), line["span"] if fee else None)
            )
    for name, told in known.items():
        months: dict[int, Fraction] = defaultdict(Fraction)
        charged, earned, time = 0, Fraction(0), None
        for place, (when, amount, span) in enumerate(told):
            fresh, time = charged == 0, span or time
            charged += amount
            until = told[place + 1][0] if place + 1 < len(told) else at("2027-12-01")
            earned += day_by_day(months, charged, Fraction(0) if fresh else earned, time, when, until, fresh=fresh)
        found[name] = months
    return found


def day_by_day(
    months: dict[int, Fraction], charged: int, earned: Fraction, time: Any, when: int, until: int, *, fresh: bool
) -> Fraction:
    """Adds what is earned between two documents; how much it was."""
    first = month_of(when, "UTC")
    left = charged - earned
    if time is None or time[1] <= when or left * charged <= 0:
        months[first] += left
        return left
    begin, end = (time[0] if fresh else max(when, time[0])), time[1]
    sofar = Fraction(0)
    for month in range(first, first + 30):
        upto = min(month_span(month, "UTC").end, until)
        now = left * Fraction(max(0, min(upto, end) - begin), end - begin)
        months[month] += now - sofar
        sofar = now
        if upto == until:
            break
    return sofar

"""Invoices within a period: each amount once, the end invoices the rest, and all of it is what rating at once gives."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from subscriptions_making import at
from till import GRACE, Till

from monokoto.earn.billing import Billing, BillingRuns
from monokoto.earn.invoices import Invoice, InvoiceState
from monokoto.engines.records import Records
from monokoto.kernel.errors import Invalid

HOUR, DAY = 3_600_000_000, 86_400_000_000
WASHER = 501
PLAN = {
    "currency": "EUR", "every": "month", "invoice_at": {"amounts": ["3.00", "10.00"], "every": "20.00"},
    "charges": {
        "wash": {"meter": "washes", "graduated": {"tiers": [{"up_to": 4, "price": "1.00"}, {"price": "0.50"}]}},
        "base": {"fee": "4.90"},
    },
}  # fmt: skip


class Nothing:
    """No usage is late."""

    def touched(self, mark: int, _limit: int) -> tuple[list[object], int]:
        return [], mark


class Open(Till):
    """A till whose plans may be invoiced within their periods."""

    def __init__(self, records: Records) -> None:
        super().__init__(records)
        self.billing = Billing(
            records, self.clock, rater=self.rater, subscriptions=self.subscriptions, invoices=self.invoices,
            issuers=self.issuers, thresholds=self.plans,
        )  # fmt: skip
        self.plans.publish(self.maker, "washer", "open", PLAN)
        self.owners.units.add(WASHER)

    def subscribe(self) -> int:
        self.owners.give(WASHER, self.find("house"), 0)
        return self.start(self.customer(organisation="house"), "open").id

    def usage(self) -> list[dict[str, str]]:
        """Of each invoice that has some: its lines of usage."""
        told = [self.said(one) for one in self.sent()]
        found = [{title: amount for title, amount in one.items() if "wash" in title} for one in told]
        return [one for one in found if one]


@pytest.fixture
def till(records: Records) -> Open:
    return Open(records)


SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)


def finalised(invoices: list[Invoice]) -> list[str]:
    return [f"{one.net}" for one in invoices if one.state is InvoiceState.FINALISED]


def test_an_invoice_comes_when_usage_reaches_an_amount_and_the_end_has_the_rest(till: Open) -> None:
    till.subscribe()
    till.go(at("2026-01-01") + GRACE)
    till.used.add(WASHER, at("2026-01-03"), "2")
    assert till.go(at("2026-01-04")).drafted == 0, "2.00 are not 3.00"
    till.used.add(WASHER, at("2026-01-05"), "1")
    assert till.go(at("2026-01-06")).drafted == 1
    assert till.go(at("2026-01-06") + GRACE).finalised == 1
    assert till.usage() == [{"wash (tier 1)": "3.00"}]
    assert till.go(at("2026-01-07")).drafted == 0, "each amount once"
    till.used.add(WASHER, at("2026-01-09"), "3")
    assert till.go(at("2026-01-10")).drafted == 0, "5.00 are not 10.00"
    till.go(at("2026-02-01"))
    till.go(at("2026-02-01") + GRACE)
    assert till.usage() == [{"wash (tier 1)": "3.00"}, {"wash (tier 1)": "1.00", "wash (tier 2)": "1.00"}]
    assert finalised(till.sent()) == ["4.90", "3.00", "6.90"], "what began is no correction"
    assert till.ledger.audit(till.maker) == []
    assert till.invoices.audit(till.maker) == []


@SQLITE
def test_the_last_amount_comes_again_and_again(till: Open) -> None:
    till.subscribe()
    till.go(at("2026-01-01") + GRACE)
    drafted = []
    for day in range(2, 22):
        till.used.add(WASHER, at(f"2026-01-{day:02}"), "10")
        drafted.append(till.go(at(f"2026-01-{day:02}") + HOUR).drafted)
    # 7.00, 12.00, 17.00, ... 102.00: 3, 10, 30, 50, 70 and 90 are reached
    assert [place for place, count in enumerate(drafted) if count] == [0, 1, 5, 9, 13, 17]


@SQLITE
def test_usage_that_is_taken_out_is_given_back_with_the_end(till: Open) -> None:
    till.subscribe()
    till.used.add(WASHER, at("2026-01-03"), "4")
    till.go(at("2026-01-04"))
    till.go(at("2026-01-04") + GRACE)
    till.used.events.clear()
    till.used.add(WASHER, at("2026-01-03"), "1")
    till.go(at("2026-02-01"))
    till.go(at("2026-02-01") + GRACE)
    assert till.usage() == [{"wash (tier 1)": "4.00"}, {"Correction: wash (tier 1)": "-3.00"}]


@SQLITE
def test_who_has_such_plans_is_looked_at_by_itself(till: Open) -> None:
    till.subscribe()
    runs = BillingRuns(
        till.records, till.clock, billing=till.billing, subscriptions=till.subscriptions, invoices=till.invoices,
        usage=Nothing(),
    )  # fmt: skip
    till.wind(at("2026-01-01") + GRACE)
    runs.look()
    till.used.add(WASHER, at("2026-01-03"), "4")
    till.wind(at("2026-01-04"))
    runs.look()
    assert till.usage() == [{"wash (tier 1)": "4.00"}]


@SQLITE
@pytest.mark.parametrize("seed", range(4))
def test_however_it_is_cut_the_invoices_come_to_what_rating_at_once_comes_to(till: Open, seed: int) -> None:
    chance = random.Random(seed)
    till.subscribe()
    total, now = 0, at("2026-01-01")
    while now < at("2026-04-01"):
        now += chance.randrange(HOUR, 5 * DAY)
        if chance.random() < 0.8:
            quantity = chance.randrange(1, 15)
            till.used.add(WASHER, now - 60_000_000, str(quantity))
            total += quantity
        if chance.random() < 0.7:
            till.go(now)
    for _ in range(3):
        till.go(now + 40 * DAY)
    months: dict[str, Decimal] = {}
    for _, instant, quantity, _ in till.used.events:
        month = next(f"2026-{number:02}" for number in range(6, 0, -1) if instant >= at(f"2026-{number:02}-01"))
        months[month] = months.get(month, Decimal(0)) + quantity
    due = sum(min(used, Decimal(4)) + max(used - 4, Decimal(0)) * Decimal("0.5") for used in months.values())
    assert sum(Decimal(amount) for told in till.usage() for amount in told.values()) == due
    assert till.ledger.audit(till.maker) == []


@SQLITE
@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ({}, "at which `amounts`"),
        ({"amounts": ["5", "3"]}, "rise"),
        ({"every": "0"}, "above zero"),
        ({"amounts": [1.5]}, "binary"),
    ],
)
def test_amounts_that_are_none_are_refused(till: Open, written: dict[str, object], reason: str) -> None:
    with pytest.raises(Invalid) as told:
        till.plans.check(till.maker, "washer", "open", {**PLAN, "invoice_at": written})
    assert reason in str([fault.reason for fault in told.value.faults])

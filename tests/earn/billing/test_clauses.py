"""What a maker can write of a price, each as the smallest plan that says it: told from outside, metered, rated and invoiced.

The pure functions have tests of their own; here everything between the product's text and the lines of an invoice takes part. The
expected amounts are worked out by hand, beside each.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from subscriptions_making import at
from till import GRACE, Till

from monokoto.connect.products import Folder, Products
from monokoto.earn.billing import Billing, Rater, Run
from monokoto.earn.metering import MeterBook, Metering, UsageIntake
from monokoto.earn.plans import preview
from monokoto.earn.plans.documents import QuantityRequest, usage_from_json
from monokoto.earn.sections import SECTIONS
from monokoto.earn.subscriptions import Coverage, NewSubscription, Subscription
from monokoto.engines.records import open_records, records_file
from monokoto.engines.series import Series
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id

METERS = {
    "calls": {"sum": "com.example.call", "external": True, "value": "data.n", "by": ["data.region"]},
    "tries": {"count": "com.example.call", "external": True},
    "users": {"unique": "com.example.call", "external": True, "value": "data.region"},
    "most": {"maximum": "com.example.call", "external": True, "value": "data.n"},
}
TENTH = {"percent": 10, "fixed": "0.10"}
Told = tuple[str, str]
"""How much, of which region."""


@dataclass(frozen=True)
class Clause:
    """A charge, what January used, and what the invoice of February says of it."""

    name: str
    charge: Mapping[str, Any]
    used: tuple[str | Told, ...]
    lines: Mapping[str, str]
    """Amounts by title; a line that comes to nothing is none."""
    currency: str = "EUR"
    meter: str = "calls"
    plan: Mapping[str, Any] = field(default_factory=dict)


def graduated(*borders: str) -> Mapping[str, Any]:
    return {"tiers": [{"up_to": 2, "price": "1.00"}, {"price": "0.50"}], **dict.fromkeys(borders)}


PROMISE = {"amount": 100, "overage_factor": "1.2", "true_up": True}
THOUSANDS = {"divide_by": 1000, "rounding": "ceil", "places": 0}
CLAUSES = (
    Clause("standard", {"standard": {"price": "0.333"}}, ("1", "2", "4"), {"c": "2.33"}),  # 2.331
    Clause("free-units", {"standard": {"price": "1.20"}, "free": 2}, ("1", "4"), {"c": "3.60"}),
    Clause(
        "graduated",
        {"graduated": {"tiers": [{"up_to": 10, "price": "1"}, {"up_to": 20, "price": "0.80", "flat": 5}, {"price": 1}]}},
        ("10", "5.5"),
        {"c (tier 1)": "10.00", "c (tier 2)": "4.40", "c (tier 2, flat fee)": "5.00"},
    ),
    Clause("volume", {"volume": {"tiers": [{"up_to": 10, "price": 1}, {"price": "0.50"}]}}, ("10", "1"), {"c (tier 2)": "5.50"}),
    Clause("package", {"package": {"size": 12, "price": 10, "free": 2}}, ("27",), {"c": "30.00"}),  # 25 are three begun
    Clause(
        # 60 free; 40 of 60 free, 20 are 0.30 + 0.10; 5 are 0.175, at least 0.20; 1,000 are 15.10, at most 3: 3.60 in all
        "percentage",
        {"percentage": {
            "percent": "1.5", "fixed": "0.10", "free_transactions": 2, "free_amount": 100, "minimum": "0.20", "maximum": 3,
        }},
        ("60", "60", "5", "1000"),
        {"c": "15.38", "c (per transaction)": "0.30", "c (least and most of a transaction)": "-12.08"},
    ),
    Clause("flat-percentage", {"flat_percentage": {"percent": "1.5"}}, ("100", "33.33"), {"c": "2.00"}),
    Clause(
        "graduated-percentage",
        {"graduated_percentage": {"tiers": [{"up_to": 1000, "percent": 2}, {"percent": 1, "flat": 3}]}},
        ("1000", "500"),
        {"c (tier 1)": "20.00", "c (tier 2)": "5.00", "c (tier 2, flat fee)": "3.00"},
    ),
    Clause("dynamic", {"dynamic": {"multiplier": "1.1"}}, ("3.33", "0.01"), {"c": "3.67"}),  # 3.674
    Clause(
        "stairstep", {"stairstep": {"steps": [{"up_to": 5, "price": 100}, {"price": 300}]}}, ("5", "1"),
        {"c (step 2)": "300.00"},
    ),
    Clause(
        "blocks",
        {"blocks": {"tiers": [{"size": 60, "price": 4, "blocks": 2}, {"size": 30, "price": 1}]}},
        ("121",),
        {"c (tier 1)": "8.00", "c (tier 2)": "1.00"},
    ),
    Clause(
        "matrix",
        {"matrix": {"by": "data.region", "prices": {"eu": "0.80", "us": {"package": {"size": 2, "price": 3}}}, "otherwise": 1}},
        (("3", "eu"), ("3", "us"), ("2", "kr")),
        {"c (eu)": "2.40", "c (kr)": "2.00", "c (us)": "6.00"},
    ),
    Clause(
        "matrix-of-tiers",
        {"matrix": {"by": "data.region", "prices": {"eu": {"graduated": graduated()}, "us": {"volume": graduated()}}}},
        (("3", "eu"), ("3", "us")),
        {"c (eu, tier 1)": "2.00", "c (eu, tier 2)": "0.50", "c (us, tier 2)": "1.50"},
    ),
    Clause(
        # each of the three in the group pays its own 0.10; the other group is by quantity
        "matrix-of-percentages",
        {"matrix": {"by": "data.region", "prices": {"eu": {"percentage": TENTH}}, "otherwise": "2.00"}},
        (("3", "eu"), ("4", "kr"), ("5", "eu"), ("2", "eu")),
        {"c (eu)": "1.00", "c (eu, per transaction)": "0.30", "c (kr)": "8.00"},
    ),
    Clause("converted", {"standard": {"price": 2}, "per": THOUSANDS}, ("1400", "1300"), {"c": "6.00"}),  # 2.7 begun
    Clause("converted-then-free", {"standard": {"price": 2}, "per": THOUSANDS, "free": 1}, ("1400", "1300"), {"c": "4.00"}),
    Clause(
        "least-spend", {"standard": {"price": 1}, "minimum": 10}, ("3",), {"c": "3.00", "c (made up to the minimum)": "7.00"}
    ),
    Clause("least-spend-of-nothing", {"standard": {"price": 1}, "minimum": 7}, (), {"c (made up to the minimum)": "7.00"}),
    Clause("most-spend", {"standard": {"price": 1}, "maximum": 10}, ("30",), {"c": "30.00", "c (above the maximum)": "-20.00"}),
    Clause(
        "commitment-over", {"standard": {"price": 1}, "commitment": PROMISE}, ("150",),
        {"c": "150.00", "c (beyond what was promised)": "10.00"},
    ),
    Clause(
        "commitment-under", {"standard": {"price": 1}, "commitment": PROMISE}, ("60",),
        {"c": "60.00", "c (made up to what was promised)": "40.00"},
    ),
    Clause("no-true-up", {"standard": {"price": 1}, "commitment": {"amount": 100}}, ("60",), {"c": "60.00"}),
    Clause(
        # 2 promised cost 2.00; the third is 0.50, twice
        "commitment-in-units", {"graduated": graduated(), "commitment": {"quantity": 2, "overage_factor": 2}}, ("3",),
        {"c (tier 1)": "2.00", "c (tier 2)": "0.50", "c (beyond what was promised)": "0.50"},
    ),
    Clause("whole-yen", {"standard": {"price": "0.5"}}, ("5",), {"c": "3"}, currency="JPY"),  # half goes away from zero
    Clause("three-digits", {"standard": {"price": "0.0005"}}, ("3",), {"c": "0.002"}, currency="KWD"),
    Clause("counted", {"percentage": TENTH}, ("3", "5"), {"c": "0.20", "c (per transaction)": "0.20"}, meter="tries"),
    Clause("different", {"standard": {"price": 3}}, (("1", "eu"), ("1", "us"), ("1", "eu")), {"c": "6.00"}, meter="users"),
    Clause(
        "highest", {"stairstep": {"steps": [{"up_to": 5, "price": 1}, {"price": 9}]}}, ("5", "2"), {"c (step 1)": "1.00"},
        meter="most",
    ),
    Clause(
        "least-spend-of-the-plan", {"standard": {"price": 1}}, ("3",),
        {"c": "3.00", "Minimum of the plan least-spend-of-the-plan": "17.00"}, plan={"minimum": "20.00"},
    ),
)  # fmt: skip


def document_of(clause: Clause) -> dict[str, Any]:
    charges = {"c": {"meter": clause.meter, **clause.charge}}
    return {"currency": clause.currency, "every": "month", "charges": charges, **clause.plan}


class Shop(Till):
    """A till whose meters are real."""

    def __init__(self, records: Any, series: Series) -> None:
        super().__init__(records)
        self.bought: dict[str, Subscription] = {}
        self.told = Run()
        self.places = {clause.name: 501 + place for place, clause in enumerate(CLAUSES)}
        self.owners.units.update(self.places.values())
        checked = Products(records, self.clock, SECTIONS)
        plans = {clause.name: document_of(clause) for clause in CLAUSES}
        text = {"product": "shop", "model": {"version": {"model": "1.0.0"}}, "meters": METERS, "plans": plans}
        checked.apply(self.maker, Folder({"product.yaml": yaml.safe_dump(text, sort_keys=False)}))
        units = SimpleNamespace(get=self.unit, find=self.unit)
        metering = Metering(series, book=MeterBook(checked), products=checked, units=units, clock=self.clock)
        self.intake = UsageIntake(series, metering.writer, metering.book, units, self.clock)
        rater = Rater(
            self.clock, plans=self.plans, subscriptions=self.subscriptions, customers=self.customers, metering=metering,
            units_of_meters=lambda _organisation, _product: {}, outages=self._outages,
        )  # fmt: skip
        self.billing = Billing(
            records,
            self.clock,
            rater=rater,
            subscriptions=self.subscriptions,
            invoices=self.invoices,
            issuers=self.issuers,
        )

    def unit(self, unit_id: int) -> Any:
        return SimpleNamespace(unit_id=unit_id, organisation_id=self.maker, product="shop", version="1.0.0")

    def tell(self, clause: Clause, day: int = 20) -> None:
        events = [
            {
                "specversion": "1.0", "id": f"{day}/{clause.name}/{place}", "source": "/shop", "type": "com.example.call",
                "subject": format_id(self.places[clause.name]), "time": format_instant(at(f"2026-01-{day}") + place),
                "data": {"n": one[0], "region": one[1]} if isinstance(one, tuple) else {"n": one, "region": "eu"},
            }
            for place, one in enumerate(clause.used)
        ]  # fmt: skip
        if events:
            asyncio.run(self.intake.take(self.maker, json.dumps(events).encode()))


@pytest.fixture(scope="module")
def shop(
    lend_series: Callable[[], AbstractContextManager[Series]],
    migrated_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shop]:
    """Everybody's January, invoiced."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copy(migrated_file, records_file(folder))
    records = open_records("", data_dir=folder)
    with lend_series() as series:
        made = Shop(records, series)
        made.wind(at("2026-02-01"))
        payers = {currency: made.customer(currency=currency) for currency in {one.currency for one in CLAUSES}}
        made.bought = {
            clause.name: made.subscriptions.start(
                made.maker,
                NewSubscription(
                    customer_id=payers[clause.currency].id, product="shop", plan=clause.name,
                    coverage=Coverage.UNITS, unit_ids=(made.places[clause.name],), starts_at=at("2026-01-01"),
                ),
                actor_id=7,
            )
            for clause in CLAUSES
        }  # fmt: skip
        for clause in CLAUSES:
            made.tell(clause)
        made.told = made.go(at("2026-02-01") + GRACE)
        yield made
    records.close()


def test_every_subscription_can_be_billed_and_the_books_are_right(shop: Shop) -> None:
    assert shop.told.failures == []
    assert shop.ledger.audit(shop.maker) == []
    assert shop.invoices.audit(shop.maker) == []


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.name)
def test_an_invoice_says_what_was_worked_out_by_hand(shop: Shop, clause: Clause) -> None:
    told = [shop.said(one) for one in shop.sent() if one.subscription_id == shop.bought[clause.name].id]
    assert [lines for lines in told if lines] == [clause.lines]


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda clause: clause.name)
def test_a_preview_comes_to_the_same(shop: Shop, clause: Clause) -> None:
    used = [one if isinstance(one, tuple) else (one, "eu") for one in clause.used]
    amounts = [amount for amount, _ in used]
    regions = {region: [amount for amount, one in used if one == region] for _, region in used}
    asked = {
        "tries": QuantityRequest(transactions=["1"] * len(used)),
        "users": QuantityRequest(quantity=len(regions)),
        "most": QuantityRequest(quantity=max(amounts, default="0")),
        "calls": QuantityRequest(transactions=list(amounts), groups=_groups(clause, regions)),
    }
    quantities = usage_from_json({clause.meter: asked[clause.meter]})
    found = preview(shop.plans.get(shop.maker, "shop", clause.name), quantities)
    assert f"{found.total}" == f"{sum(map(Decimal, clause.lines.values()))}"


def _groups(clause: Clause, regions: Mapping[str, list[str]]) -> dict[str, Any]:
    if "matrix" not in clause.charge:
        return {}
    prices = clause.charge["matrix"]["prices"]
    by_amount = {region for region, price in prices.items() if "percentage" in price}
    return {
        region: amounts if region in by_amount else str(sum(map(Decimal, amounts)))
        for region, amounts in regions.items()
    }


REFUSED = {
    "of each transaction": {"meter": "most", "percentage": {"percent": 1}},
    "does not group by": {"meter": "tries", "matrix": {"by": "data.region", "otherwise": 1}},
    "names one charge model": {"meter": "calls", "standard": {"price": 1}, "volume": {"tiers": [{"price": 1}]}},
    "binary fraction": {"meter": "calls", "standard": {"price": 1.2}},
    "digits after the point": {"meter": "calls", "standard": {"price": 1}, "minimum": "1.234"},
    "tiers/1/up_to": {"meter": "calls", "graduated": {"tiers": [{"up_to": 5, "price": 1}]}},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_could_never_be_billed_is_refused_when_it_is_written(shop: Shop, reason: str) -> None:
    document = {"currency": "EUR", "every": "month", "charges": {"c": REFUSED[reason]}}
    with pytest.raises(Invalid) as told:
        shop.plans.check(shop.maker, "shop", "draft", document)
    assert reason in str([fault.reason for fault in told.value.faults])

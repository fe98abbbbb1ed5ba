"""What one of a price is, for people who read prices and documents."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from monokoto.earn.plans import UsageCharge, counted_in, preview, read_document
from monokoto.earn.pricing import Usage

TIERS = {"tiers": [{"up_to": 10, "price": "0.30"}, {"price": "0.25", "flat": "1.00"}]}
THOUSANDS = {"per": {"divide_by": 1000}}


@pytest.mark.parametrize(
    ("charge", "part", "said"),
    [
        ({"standard": {"price": "0.30"}}, "units", "kWh"),
        ({"graduated": TIERS}, "tier-2", "kWh"),
        ({"graduated": TIERS}, "tier-2-flat", ""),
        ({"standard": {"price": "0.30"}, **THOUSANDS}, "units", "1000 kWh"),
        ({"standard": {"price": "0.30"}, "per": {"multiply_by": 3}}, "units", ""),
        ({"package": {"price": "5", "size": 20}}, "packages", "20 kWh"),
        ({"package": {"price": "5", "size": 20}, **THOUSANDS}, "packages", "20000 kWh"),
        ({"blocks": {"tiers": [{"size": 5, "price": 1, "blocks": 2}, {"size": 100, "price": 9}]}}, "tier-2", "100 kWh"),
        ({"stairstep": {"steps": [{"up_to": 5, "price": 1}, {"price": 2}]}}, "step-1", ""),
        ({"standard": {"price": 1}, "minimum": 9}, "minimum-spend", ""),
        ({"matrix": {"by": "kind", "prices": {"a/b": {"package": {"price": 1, "size": 4}}, "c": 2}}}, "a/b/packages", "4 kWh"),
        ({"matrix": {"by": "kind", "prices": {"c": 2}, "otherwise": 3}}, "d/units", "kWh"),
    ],
)  # fmt: skip
def test_a_part_of_a_price_counts_by_so_many_of_the_meters_unit(charge: dict[str, Any], part: str, said: str) -> None:
    assert counted_in(_usage(charge), part, "kWh") == said


def test_a_preview_says_by_how_many_each_part_counts() -> None:
    plan = _plan({"package": {"price": "5", "size": 20}})
    (line,) = preview(plan, {"energy": Usage(quantity=Decimal(41))}).lines
    assert [(one.quantity, one.size) for one in line.parts] == [(Decimal(3), Decimal(20))]


def _plan(charge: dict[str, Any]) -> Any:
    document = {"currency": "EUR", "every": "month", "charges": {"c": {"meter": "energy", **charge}}}
    return read_document(document, organisation_id=1, product="laundry", name="p")


def _usage(charge: dict[str, Any]) -> UsageCharge:
    (found,) = _plan(charge).usage_charges
    assert isinstance(found, UsageCharge)
    return found

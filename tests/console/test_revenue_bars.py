"""Bars of revenue: one part upon the other, nothing below zero, no wider than a few need."""

from __future__ import annotations

import pytest

from monokoto.console.revenue_bars import HEIGHT, WIDEST, WIDTH, heat, most, stacked
from monokoto.console.usage_bars import bars


def item(services: str, products: str) -> dict[str, str]:
    return {"services": services, "products": products}


def test_parts_stand_upon_each_other_and_the_highest_fills_the_drawing() -> None:
    found = stacked([item("30.00", "10.00"), item("-5.00", "20.00"), item("0.00", "0.00")], ["services", "products"])
    assert [(one.part, one.height, one.y) for one in found] == [
        ("services", HEIGHT * 0.75, HEIGHT * 0.25), ("products", HEIGHT * 0.25, 0.0), ("products", HEIGHT / 2, HEIGHT / 2),
    ]  # fmt: skip
    assert max(one.width for one in found) == WIDEST
    assert stacked([], ["services"]) == []
    many = stacked([item("1.00", "0.00")] * 60, ["services"])
    assert all(one.x >= 0 and one.x + one.width <= WIDTH for one in many)


@pytest.mark.parametrize(("percent", "shown"), [(None, 0), ("0.00", 0), ("33.33", 2), ("100.00", 5), ("140.00", 5)])
def test_cells_are_as_strong_as_what_is_left(percent: str | None, shown: int) -> None:
    assert heat(percent) == shown


def test_the_top_of_a_drawing_says_what_it_stands_for() -> None:
    rows = [item("30.10", "10.00"), item("-5.00", "20.00")]
    assert most(rows, ["services", "products"]) == "40.10"
    assert most([item("-5.00", "0.00")], ["services", "products"]) == ""


def test_one_bar_of_usage_is_no_wider_than_others() -> None:
    (bar,) = bars([{"quantity": "5"}])
    assert bar.width == WIDEST
    assert bar.x == (WIDTH - WIDEST) / 2

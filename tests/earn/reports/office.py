"""A maker that bills and reads its reports."""

from __future__ import annotations

from typing import Any

from subscriptions_making import FILE
from till import METER, Till

from monokoto.connect.products import Folder
from monokoto.earn.reports import By, ProductSales, Reports
from monokoto.earn.reports.hybrid import RevenueGroup, RevenueMonth
from monokoto.earn.reports.months import Months, month_text
from monokoto.earn.reports.movements import RecurringMonth
from monokoto.earn.subscriptions import Coverage, Customer, Subscription
from monokoto.engines.records import Records

MORE = """\
  quarterly: {currency: EUR, every: month, count: 3, charges: {base: {fee: "30.00"}}}
  weekly: {currency: EUR, every: week, charges: {base: {fee: "7.00"}}}
  each: {currency: EUR, every: month, charges: {base: {fee: "2.00", per: unit}}}
  used: {currency: EUR, every: month, charges: {wash: {meter: washes, standard: {price: "1.20"}}}}
  hybrid:
    currency: EUR
    every: month
    minimum: "8.00"
    charges: {wash: {meter: washes, standard: {price: "1.00"}}, base: {fee: "5.00"}, machine: {once: "300.00"}}
"""


class Office(Till):
    """Everything a test of reports asks."""

    def __init__(self, records: Records, start: str = "2026-01-01T00:00:00Z") -> None:
        super().__init__(records, start)
        text = (FILE + MORE).replace("{count: cycleFinished}", METER).replace("1.0.0", "1.1.0")
        self.products.apply(self.maker, Folder({"product.yaml": text}))
        self.product_sales = ProductSales(records, self.clock)
        self.reports = Reports(
            records, self.clock, subscriptions=self.subscriptions, plans=self.plans, documents=self.invoices,
            issuers=self.issuers,
        )  # fmt: skip

    def start(self, customer: Customer, plan: str = "basic", **given: Any) -> Subscription:
        """For a unit of its own, unless the test says for which."""
        if not given.keys() & {"coverage", "unit_ids"}:
            unit_id = 500 + len(self.owners.units)
            self.owners.give(unit_id, 0, 0)
            given = {"coverage": Coverage.UNITS, "unit_ids": (unit_id,), **given}
        return super().start(customer, plan, **given)

    def months(self, begin: str = "", end: str = "") -> Months:
        return self.reports.months(self.maker, begin, end)

    def recurring(self, begin: str = "", end: str = "", currency: str = "EUR") -> dict[str, RecurringMonth]:
        """By month."""
        found = self.reports.recurring(self.maker, self.months(begin, end), currency)
        return {month_text(row.month): row for row in found.rows}

    def revenue(self, begin: str = "", end: str = "", currency: str = "EUR") -> dict[str, RevenueMonth]:
        """By month."""
        found = self.reports.revenue(self.maker, self.months(begin, end), currency)
        return {month_text(row.month): row for row in found.rows}

    def groups(self, by: By, **given: Any) -> list[RevenueGroup]:
        return self.reports.revenue(self.maker, self.months(**given), "EUR", by).groups

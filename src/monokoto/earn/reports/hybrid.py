"""What a month's revenue is made of: fees that come again, usage, what is sold once; products set against services. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from monokoto.earn.reports.months import Months
from monokoto.earn.reports.revenue import RevenueKind

Charged = tuple[int, str, RevenueKind, str, int]
"""Month, currency, kind, group, amount."""
Sold = tuple[int, str, str, int, int]
"""Month, currency, product, units, amount."""


class By(StrEnum):
    """What revenue is cut by."""

    PRODUCT = "product"
    PLAN = "plan"
    METER = "meter"


@dataclass(slots=True)
class RevenueMonth:
    """One month in one currency; amounts without tax in its smallest unit."""

    currency: str
    month: int
    is_over: bool
    recurring: int = 0
    usage: int = 0
    other: int = 0
    one_time: int = 0
    """On documents."""
    sold: int = 0
    """Products sold elsewhere, as they were told."""
    sold_units: int = 0

    @property
    def services(self) -> int:
        """What is not sold once."""
        return self.recurring + self.usage + self.other

    @property
    def products(self) -> int:
        """What is sold once, wherever."""
        return self.one_time + self.sold

    @property
    def total(self) -> int:
        """All of it."""
        return self.services + self.products

    @property
    def services_share(self) -> Fraction | None:
        """Services, of all; None where that says nothing: nothing was sold, or one of both is below zero."""
        if self.total <= 0 or self.services < 0 or self.products < 0:
            return None
        return Fraction(self.services, self.total)


@dataclass(frozen=True, slots=True)
class RevenueGroup:
    """A part of a month's revenue."""

    month: int
    currency: str
    group: str
    """The product, plan or meter; empty: none is named."""
    kind: RevenueKind | None
    """None: products sold elsewhere."""
    amount: int


_FIELDS = {kind: kind.value.replace("-", "_") for kind in RevenueKind}


def revenue_months(months: Months, charged: Iterable[Charged], sold: Iterable[Sold]) -> list[RevenueMonth]:
    """Each month of each currency, by currency."""
    taken, told = list(charged), list(sold)
    codes = {code for _, code, *_ in taken} | {code for _, code, *_ in told}
    rows = {
        (code, month): RevenueMonth(code, month, months.is_over(month))
        for code in sorted(codes)
        for month in months.all
    }
    for month, code, kind, _, amount in taken:
        row = rows[code, month]
        setattr(row, _FIELDS[kind], getattr(row, _FIELDS[kind]) + amount)
    for month, code, _, units, amount in told:
        rows[code, month].sold += amount
        rows[code, month].sold_units += units
    return list(rows.values())


def revenue_groups(charged: Iterable[Charged], sold: Iterable[Sold], by: By) -> list[RevenueGroup]:
    """What there is of each group, by currency, month and name. What was sold elsewhere has a product, and nothing else."""
    found = [RevenueGroup(month, code, group, kind, amount) for month, code, kind, group, amount in charged]
    for month, code, product, _, amount in sold:
        found.append(RevenueGroup(month, code, product if by is By.PRODUCT else "", None, amount))
    return sorted(found, key=lambda one: (one.currency, one.month, one.group, one.kind or ""))

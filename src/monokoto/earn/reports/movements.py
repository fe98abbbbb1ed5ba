"""How what comes again moved from month to month: new, more, less, gone, back; customers kept and lost. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from monokoto.earn.reports.months import Months
from monokoto.earn.reports.standing import Key, Standing


class Movement(StrEnum):
    """What became of a customer's recurring revenue in a month."""

    NEW = "new"
    """Some, and never before."""
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    """None any more."""
    REACTIVATION = "reactivation"
    """Some again, after a time without."""
    UNCHANGED = "unchanged"


def movement_of(before: int, after: int, first: int | None, month: int) -> Movement | None:
    """From one month end to the next; None: there was none and is none.

    Args:
        before: At the end of the month before.
        after: At the end of `month`.
        first: The first month at whose end there was any.
        month: The one that is looked at.
    """
    if before == after:
        return Movement.UNCHANGED if after else None
    if not before:
        return Movement.NEW if first is None or first >= month else Movement.REACTIVATION
    if not after:
        return Movement.CHURN
    return Movement.EXPANSION if after > before else Movement.CONTRACTION


@dataclass(slots=True)
class RecurringMonth:
    """One month in one currency; amounts in its smallest unit, at the end of the month (of the one that goes on: now)."""

    currency: str
    month: int
    is_over: bool
    opening: int = 0
    """Recurring revenue at the end of the month before."""
    new: int = 0
    expansion: int = 0
    contraction: int = 0
    churn: int = 0
    reactivation: int = 0
    mrr: int = 0
    customers_before: int = 0
    customers_new: int = 0
    customers_back: int = 0
    customers_lost: int = 0
    customers: int = 0
    """Who pay for a subscription, whether it has a recurring fee or only prices of what is used."""
    units: int = 0
    services: int = 0
    """What documents of the month charged for recurring fees and usage."""

    @property
    def logo_churn(self) -> Fraction | None:
        """Customers lost, of those there were; None: there were none."""
        return Fraction(self.customers_lost, self.customers_before) if self.customers_before else None

    @property
    def revenue_churn(self) -> Fraction | None:
        """Recurring revenue lost to those who left or pay less, of that there was."""
        return Fraction(self.churn + self.contraction, self.opening) if self.opening else None

    @property
    def net_retention(self) -> Fraction | None:
        """What those who paid before pay now, of what they paid before."""
        kept = self.opening + self.expansion - self.contraction - self.churn
        return Fraction(kept, self.opening) if self.opening else None

    def per_customer(self, amount: int) -> Fraction | None:
        """A part of an amount for each customer."""
        return Fraction(amount, self.customers) if self.customers else None

    def per_unit(self, amount: int) -> Fraction | None:
        """The same for each unit."""
        return Fraction(amount, self.units) if self.units else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """What a customer is worth, if all goes on as in the months that are over; see `definitions`."""

    currency: str
    months: int
    """Looked at."""
    services_per_customer: Fraction | None
    """A month, in smallest units."""
    logo_churn: Fraction | None
    value: Fraction | None
    """None: nobody left, so that no end can be told."""


def recurring_months(
    months: Months, found: Mapping[Key, Standing], services: Mapping[tuple[str, int], int]
) -> list[RecurringMonth]:
    """Each month of each currency, by currency; `services` by currency and month."""
    rows: dict[tuple[str, int], RecurringMonth] = {}
    codes = {currency for currency, _ in found} | {currency for currency, _ in services}
    for code in sorted(codes):
        for month in months.all:
            row = RecurringMonth(code, month, months.is_over(month), services=services.get((code, month), 0))
            rows[code, month] = row
    for (code, _), one in found.items():
        for place, month in enumerate(months.all, start=1):
            _count(rows[code, month], one, place)
    return list(rows.values())


_COUNTED = frozenset(Movement) - {Movement.UNCHANGED}


def _count(row: RecurringMonth, one: Standing, place: int) -> None:
    before, after = one.mrr[place - 1], one.mrr[place]
    row.opening += before
    row.mrr += after
    movement = movement_of(before, after, one.first_mrr, row.month)
    if movement in _COUNTED:
        setattr(row, movement.value, getattr(row, movement.value) + abs(after - before))
    there, here = one.paying[place - 1] > 0, one.paying[place] > 0
    row.customers_before += there
    row.customers += here
    row.customers_lost += there and not here
    if here and not there:
        is_new = one.first_paying is None or one.first_paying >= row.month
        row.customers_new += is_new
        row.customers_back += not is_new
    row.units += one.units[place]


def lifetimes(rows: Iterable[RecurringMonth]) -> list[Lifetime]:
    """Of each currency, over the months that are over: services by customer and month, divided by the share that leaves."""
    by_currency: dict[str, list[RecurringMonth]] = defaultdict(list)
    for row in rows:
        mine = by_currency[row.currency]
        if row.is_over:
            mine.append(row)
    found = []
    for code, mine in by_currency.items():
        customers, before = sum(row.customers for row in mine), sum(row.customers_before for row in mine)
        lost = sum(row.customers_lost for row in mine)
        each = Fraction(sum(row.services for row in mine), customers) if customers else None
        leaving = Fraction(lost, before) if before else None
        value = each / leaving if each is not None and leaving else None
        found.append(
            Lifetime(currency=code, months=len(mine), services_per_customer=each, logo_churn=leaving, value=value)
        )
    return found

"""Cohorts: customers by the month they came in, and what of them and of their money is still there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monokoto.earn.reports.months import Months
from monokoto.earn.reports.standing import Key, Standing


@dataclass(slots=True)
class CohortCell:
    """One month of a cohort; amounts in the smallest unit of the currency."""

    month: int
    customers: int = 0
    """Who pay for a subscription at the month's end."""
    mrr: int = 0
    services: int = 0
    """What documents of the month charged them for recurring fees and usage."""


@dataclass(slots=True)
class Cohort:
    """Customers who came in the same month."""

    currency: str
    month: int | None
    """None: all who came before the report's first month."""
    size: int = 0
    """How many came."""
    cells: list[CohortCell] = field(default_factory=list)


def cohort_of(one: Standing | None, first_charged: int | None) -> int | None:
    """The month a customer came in: the first at whose end a subscription was paid for, or the first with a document that charged
    for services, whichever was earlier."""
    known = [month for month in (one.first_paying if one else None, first_charged) if month is not None]
    return min(known, default=None)


def cohorts_of(
    months: Months,
    found: Mapping[Key, Standing],
    services: Mapping[Key, Mapping[int, int]],
    first_charged: Mapping[Key, int],
) -> list[Cohort]:
    """By currency and month, those from before the report first. Each month's cells come to that month's totals.

    Args:
        months: Of the report.
        found: Where customers stand.
        services: What each was charged, by month.
        first_charged: The first month with a document for services, of each customer that has one.
    """
    made: dict[tuple[str, int], Cohort] = {}
    for key in sorted(found.keys() | services.keys() | first_charged.keys()):
        code, one = key[0], found.get(key)
        month = cohort_of(one, first_charged.get(key))
        if month is None or month > months.last:
            continue
        since = max(month, months.first - 1)
        cohort = made.get((code, since))
        if cohort is None:
            begin = max(since, months.first)
            cells = [CohortCell(each) for each in range(begin, months.last + 1)]
            cohort = made[code, since] = Cohort(code, None if since < months.first else since, cells=cells)
        cohort.size += 1
        charged = services.get(key, {})
        for cell in cohort.cells:
            place = cell.month - months.first + 1
            if one is not None:
                cell.customers += one.paying[place] > 0
                cell.mrr += one.mrr[place]
            cell.services += charged.get(cell.month, 0)
    return [made[key] for key in sorted(made)]

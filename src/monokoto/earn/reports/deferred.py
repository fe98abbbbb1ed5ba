"""Deferred revenue by month: what was charged ahead, and when it is earned. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monokoto.earn.reports.deferrals import Moved
from monokoto.earn.reports.hybrid import Charged
from monokoto.earn.reports.months import Months


@dataclass(slots=True)
class DeferredMonth:
    """One month in one currency; amounts without tax in its smallest unit. Opening, and what was put by, less what was released, is
    closing; what was charged, less what was put by, and what was released, is recognised."""

    currency: str
    month: int
    is_over: bool
    opening: int = 0
    charged: int = 0
    put_by: int = 0
    """Of what the month's documents charged; below zero where they give back more than they charge ahead."""
    released: int = 0
    """What documents of earlier months put by for this one."""

    @property
    def recognised(self) -> int:
        """Revenue of the month."""
        return self.charged - self.put_by + self.released

    @property
    def closing(self) -> int:
        """Charged by the month's end and not earned by then."""
        return self.opening + self.put_by - self.released


@dataclass(frozen=True, slots=True)
class ToCome:
    """What of the last closing is earned in a later month."""

    currency: str
    month: int
    amount: int


def deferred_months(
    months: Months, charged: Iterable[Charged], moved: Iterable[Moved]
) -> tuple[list[DeferredMonth], list[ToCome]]:
    """Each month of each currency, by currency, and when the last closing is earned.

    Args:
        months: What is told of.
        charged: What documents of these months charge.
        moved: What documents up to the last of them move.
    """
    told, shifts = list(charged), list(moved)
    codes = sorted({code for _, code, *_ in told} | {one.currency for one in shifts})
    rows = {
        (code, month): DeferredMonth(code, month, months.is_over(month)) for code in codes for month in months.all
    }  # fmt: skip
    for month, code, _, _, amount in told:
        rows[code, month].charged += amount
    opening, to_come = dict.fromkeys(codes, 0), dict[tuple[str, int], int]()
    for one in shifts:
        if one.month < months.first:
            opening[one.currency] -= one.amount
        elif one.month > months.last:
            key = (one.currency, one.month)
            to_come[key] = to_come.get(key, 0) + one.amount
        elif one.month == one.issued:
            rows[one.currency, one.month].put_by -= one.amount
        else:
            rows[one.currency, one.month].released += one.amount
    for code in codes:
        for month in months.all:
            row = rows[code, month]
            row.opening = opening[code]
            opening[code] = row.closing
    return list(rows.values()), [
        ToCome(code, month, amount) for (code, month), amount in sorted(to_come.items()) if amount
    ]

"""Coupons, as dues of their own: what a coupon takes off a charge follows that charge through every correction. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby

from monokoto.earn.billing.due import Due, named
from monokoto.earn.invoices import LineKind
from monokoto.earn.pricing import Coupon, coupon_lines
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedCoupon:
    """A coupon of a subscription and the periods it holds for: those that begin in its time."""

    name: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    """In each billing period; one of the two."""
    charges: frozenset[str] = frozenset()
    """Names of charges it is limited to; empty: all."""
    begin: int
    end: int | None = None

    def holds(self, due: Due) -> bool:
        """Whether it applies to the billing period that a due belongs to."""
        return self.begin <= due.stretch.began and (self.end is None or due.stretch.began < self.end)


@exact
def discounts_of(dues: Sequence[Due], coupons: Sequence[TimedCoupon]) -> list[Due]:
    """What coupons take off, a due for each coupon and due: never more than is charged, nothing off what is given back.

    Args:
        dues: Of one or more billing periods, whole.
        coupons: In the order given.
    """
    found: list[Due] = []
    in_order = sorted(dues, key=lambda due: due.stretch.began)
    for _, group in groupby(in_order, key=lambda due: due.stretch.began):
        mine = list(group)
        holding = [coupon for coupon in coupons if coupon.holds(mine[0])]
        if holding:
            found += _of_period(mine, holding)
    return found


def _of_period(dues: Sequence[Due], coupons: Sequence[TimedCoupon]) -> list[Due]:
    amounts = [due.amount for due in dues]
    limited = [
        Coupon(
            amount=coupon.amount, percent=coupon.percent,
            lines=frozenset(place for place, due in enumerate(dues) if due.charge in coupon.charges) if coupon.charges else None,
        )
        for coupon in coupons
    ]  # fmt: skip
    taken = coupon_lines(amounts, limited, dues[0].stretch.plan.currency)
    return [
        Due(
            key=named(due.key, "coupon", coupon.name), kind=LineKind.DISCOUNT, charge=due.charge, amount=-part,
            quantity=Decimal(1), at=due.at, span=due.span, stretch=due.stretch, part=coupon.name,
            explanation={"coupon": coupon.name, "of": f"{due.amount:f}"},
        )
        for coupon, parts in zip(coupons, taken, strict=True)
        for due, part in zip(dues, parts, strict=True)
        if part != ZERO
    ]  # fmt: skip

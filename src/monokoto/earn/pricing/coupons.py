"""Coupons: an amount or a percentage off some of the lines, before tax."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.pricing.allocation import allocate
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """Takes off up to `amount`, or `percent` of what is left, of the lines it applies to."""

    amount: Decimal | None = None
    percent: Decimal | None = None
    lines: frozenset[int] | None = None
    """Indices of the lines it is limited to; None: all."""

    def __post_init__(self) -> None:
        if (self.amount is None) == (self.percent is None):
            raise Invalid("A coupon is of an amount or of a percentage.")
        if (self.amount or ZERO) < 0 or not 0 <= (self.percent or ZERO) <= 100:
            raise Invalid("A coupon takes off between nothing and everything.")

    def value_on(self, base: Fraction) -> Fraction:
        """What it takes off lines that come to `base`."""
        if self.percent is not None:
            return base * Fraction(self.percent) / 100
        assert self.amount is not None
        return min(Fraction(self.amount), base)


@exact
def coupon_shares(lines: Sequence[Decimal], coupons: Sequence[Coupon]) -> list[Fraction]:
    """What all coupons together take off each line, exactly.

    Coupons limited to lines come first (in the order given), then the others. Each is spread over its lines by what the
    coupons before it left of them; no line falls below zero, and negative lines take no part.
    """
    left = [max(Fraction(line), Fraction(0)) for line in lines]
    start = list(left)
    for coupon in (coupons[place] for place in _in_order(coupons)):
        indices = [index for index in range(len(lines)) if coupon.lines is None or index in coupon.lines]
        base = sum((left[index] for index in indices), Fraction(0))
        if base:
            rest = 1 - coupon.value_on(base) / base
            for index in indices:
                left[index] *= rest
    return [before - after for before, after in zip(start, left, strict=True)]


@exact
def coupon_lines(lines: Sequence[Decimal], coupons: Sequence[Coupon], currency: Currency) -> list[list[Decimal]]:
    """What each coupon (as given) takes off each line, payable: the rounded value of a coupon is what its parts add up to."""
    if any(currency.round(line) != line for line in lines):
        raise Invalid("The lines are not rounded yet.")
    left = [max(line, ZERO) for line in lines]
    taken: dict[int, list[Decimal]] = {}
    for place in _in_order(coupons):
        coupon = coupons[place]
        chosen = [left[index] if coupon.lines is None or index in coupon.lines else ZERO for index in range(len(lines))]
        value = currency.round(coupon.value_on(Fraction(sum(chosen, ZERO))))
        parts = allocate(value, chosen, currency)
        left = [before - part for before, part in zip(left, parts, strict=True)]
        taken[place] = parts
    return [taken[place] for place in range(len(coupons))]


def _in_order(coupons: Sequence[Coupon]) -> list[int]:
    """Indices of the coupons: the limited ones first."""
    return sorted(range(len(coupons)), key=lambda index: coupons[index].lines is None)

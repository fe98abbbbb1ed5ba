"""Proration: what a part of a period costs, by the second or by the day, as the plan says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from monokoto.earn.calendar import Span, day_count
from monokoto.earn.pricing.allocation import allocate
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency, exact


class Basis(StrEnum):
    """What a part of a period is measured in."""

    SECOND = "second"
    """Elapsed time, to the microsecond; a day on which clocks change is longer or shorter than others."""
    DAY = "day"
    """Days of the customer's calendar; each counts the same. The day a change falls on belongs to what comes after it."""


def share(part: Span, whole: Span, basis: Basis, timezone: str = "UTC") -> Fraction:
    """Which part of `whole` is taken by `part`, exactly; the shares of adjoining parts add up to 1.

    Raises Invalid by the day when the whole has none.
    """
    start, end = max(part.start, whole.start), min(part.end, whole.end)
    if end <= start:
        return Fraction(0)
    if basis is Basis.SECOND:
        return whole.share(start, end)
    days = day_count(whole.start, whole.end, timezone)
    if not days:
        raise Invalid("A period of less than a day is not prorated by the day.", remedy="Prorate by the second.")
    return Fraction(day_count(start, end, timezone), days)


def prorated(amount: Decimal, part: Fraction, currency: Currency) -> Decimal:
    """The payable part of an amount."""
    return currency.round(Fraction(amount) * part)


def prorated_parts(amount: Decimal, parts: Sequence[Fraction], currency: Currency) -> list[Decimal]:
    """An amount over all parts of a period, which add up to it. Raises Invalid when the parts do not add up to 1."""
    if sum(parts, Fraction(0)) != 1:
        raise Invalid("The parts are not the whole period.")
    return allocate(amount, parts, currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change in the middle of a period that was paid in advance."""

    credit: Decimal
    """Zero or negative: what was paid for the rest."""
    charge: Decimal
    net: Decimal


@exact
def change(old: Decimal, new: Decimal, rest: Fraction, currency: Currency) -> Change:
    """From a fee of `old` for the period to one of `new` when the share `rest` is left. Both lines are rounded, the net
    is their sum."""
    credit, charge = currency.round(-Fraction(old) * rest), prorated(new, rest, currency)
    return Change(credit=credit, charge=charge, net=credit + charge)


@exact
def capped_credit(wanted: Decimal, paid: Decimal, credited: Decimal) -> Decimal:
    """What may be given back: never more than was paid and is not given back yet, never less than nothing."""
    return max(min(wanted, paid - credited), ZERO)

"""Taxes on amounts: what is rounded, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from monokoto.kernel.money import ZERO, Currency, exact


class TaxRounding(StrEnum):
    """What a document rounds its tax for."""

    PER_RATE = "per_rate"
    """Once for each rate, from the sum of its lines: what EN 16931 asks (BR-CO-17), and the default."""
    PER_LINE = "per_line"
    PER_DOCUMENT = "per_document"
    """Once, from the exact sum over all rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taxable:
    """A net amount (exact) and the percentage on it."""

    amount: Decimal | Fraction
    rate_percent: Decimal

    @property
    def tax(self) -> Fraction:
        """Exact."""
        return Fraction(self.amount) * Fraction(self.rate_percent) / 100


def tax_on(amount: Decimal | Fraction, rate_percent: Decimal, currency: Currency) -> Decimal:
    """One tax on one amount, payable."""
    return currency.round(Taxable(amount=amount, rate_percent=rate_percent).tax)


@exact
def taxes_on(amount: Decimal | Fraction, rates_percent: Sequence[Decimal], currency: Currency) -> Decimal:
    """Several taxes on one amount (state, county): each on the amount itself and never on another tax, each rounded."""
    return sum((tax_on(amount, rate, currency) for rate in rates_percent), ZERO)


@exact
def tax_total(lines: Sequence[Taxable], currency: Currency, rounding: TaxRounding = TaxRounding.PER_RATE) -> Decimal:
    """The tax of a document."""
    if rounding is TaxRounding.PER_DOCUMENT:
        return currency.round(sum((line.tax for line in lines), Fraction(0)))
    sums: dict[object, Fraction] = {}
    for index, line in enumerate(lines):
        group: object = line.rate_percent if rounding is TaxRounding.PER_RATE else index
        sums[group] = sums.get(group, Fraction(0)) + line.tax
    return sum((currency.round(tax) for tax in sums.values()), currency.round(ZERO))

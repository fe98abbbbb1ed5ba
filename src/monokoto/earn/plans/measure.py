"""What one of a price is: a wash, a thousand requests, a package of ten. Prices without it are but numbers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from monokoto.earn.plans.plan import UsageCharge
from monokoto.earn.pricing import Blocks, Conversion, Matrix, Package, Price
from monokoto.kernel.money import plain

_UNCOUNTED = frozenset({"", "fixed", "bounds", "overage", "true-up", "minimum-spend", "maximum-spend"})
"""Parts that are for a transaction, or for nothing that was counted."""


def size_of(charge: UsageCharge, part: str) -> Decimal | None:
    """How many of the meter's units the quantity of a part of a price counts by; None: it counts none of them, or no whole ones.

    Args:
        charge: With what is asked for it.
        part: As rating names it: `units`, `tier-2`, `eco/packages`.
    """
    group, _, kind = part.rpartition("/")
    if kind in _UNCOUNTED or kind.endswith("-flat") or kind.startswith("step-"):
        return None
    size = _converted(charge.tariff.conversion) * _held(charge.tariff.price, group, kind)
    return plain(Decimal(size.numerator)) if size.denominator == 1 else None


def counted_in(charge: UsageCharge, part: str, unit: str) -> str:
    """The measure of a part's quantity, as documents say it: `kWh`, `1000 requests`; empty: none."""
    size = size_of(charge, part)
    if size is None:
        return ""
    return unit if size == 1 else f"{size:f} {unit}".strip()


def _converted(conversion: Conversion | None) -> Fraction:
    return Fraction(1) if conversion is None else Fraction(conversion.divide_by) / Fraction(conversion.multiply_by)


def _held(price: Price, group: str, kind: str) -> Fraction:
    """Units in a package or a block; one of everything else."""
    if isinstance(price, Matrix):
        price = price.prices.get(group) or price.otherwise or price
    if isinstance(price, Package) and kind == "packages":
        return Fraction(price.size)
    if isinstance(price, Blocks) and kind.startswith("tier-"):
        return Fraction(price.tiers[int(kind.removeprefix("tier-")) - 1].size)
    return Fraction(1)

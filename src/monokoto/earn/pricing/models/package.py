"""Package: units are sold by the dozen, and a dozen begun is a dozen."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from monokoto.earn.pricing.models.price import Rated, Usage, check_numbers, priced
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Rounding, exact, rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """`amount` for each `size` units begun, after `free` units."""

    by_quantity: ClassVar[bool] = True
    size: Decimal
    amount: Decimal
    free: Decimal = ZERO

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.size <= 0:
            raise Invalid("A package holds something.")

    @exact
    def rate(self, usage: Usage) -> Rated:
        """The packages begun; none when nothing is used."""
        return Rated().plus(priced("packages", begun(usage.quantity - self.free, self.size), self.amount))


def begun(quantity: Decimal, size: Decimal) -> Decimal:
    """How many packages of `size` a quantity begins; none below zero."""
    return max(rounded(Fraction(quantity) / Fraction(size), 0, Rounding.CEIL), ZERO)

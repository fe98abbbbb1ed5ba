"""Units of measure on the way from the meter to the price: bytes metered, gigabytes sold, a gigabyte begun counts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.metering import QUANTITY_PLACES
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import Rounding, exact, rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """Metered quantity times `multiply_by`, divided by `divide_by`, rounded. Of the cumulative quantity, never of a
    piece of it."""

    multiply_by: Decimal = Decimal(1)
    divide_by: Decimal = Decimal(1)
    rounding: Rounding = Rounding.HALF_UP
    places: int = QUANTITY_PLACES

    def __post_init__(self) -> None:
        if self.divide_by <= 0 or self.multiply_by <= 0:
            raise Invalid("A conversion is by a number above zero.")

    @exact
    def apply(self, quantity: Decimal) -> Decimal:
        """The quantity that is priced."""
        return rounded(Fraction(quantity * self.multiply_by) / Fraction(self.divide_by), self.places, self.rounding)

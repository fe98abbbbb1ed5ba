"""A tariff: a price and everything around it, in the one order in which it is applied.

metered quantity -> conversion -> free units -> price -> commitment -> minimum and maximum spend -> (rounding: `delta.py`)
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.pricing.commitments import Commitment
from monokoto.earn.pricing.conversion import Conversion
from monokoto.earn.pricing.models import Part, Price, Rated, Usage
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What rates the usage of one meter in one period."""

    price: Price
    conversion: Conversion | None = None
    free: Decimal = ZERO
    """Units (after conversion) that cost nothing; they are the first ones used."""
    commitment: Commitment | None = None
    minimum: Decimal | None = None
    """Least spend, made up when the period is over."""
    maximum: Decimal | None = None
    """Greatest spend, at any time; it wins over a commitment."""

    def __post_init__(self) -> None:
        faults = []
        quantity = self.commitment is not None and self.commitment.quantity is not None
        if not self.price.by_quantity and (self.conversion or self.free or quantity):
            reason = "looks at more than the quantity: no conversion, free units or committed quantity around it"
            faults.append(Fault(place="price", reason=reason))
        if self.free < 0 or (self.minimum or ZERO) < 0 or (self.maximum or ZERO) < 0:
            faults.append(Fault(place="free, minimum, maximum", reason="are not negative"))
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            faults.append(Fault(place="minimum", reason="is above the maximum"))
        if faults:
            raise Invalid("The tariff is not usable.", faults=faults)

    @exact
    def billable(self, usage: Usage) -> Usage:
        """What of cumulative `usage` is priced: converted, and without the free units."""
        if self.conversion is None and not self.free:
            return usage
        quantity = usage.quantity if self.conversion is None else self.conversion.apply(usage.quantity)
        return Usage(quantity=max(quantity - self.free, ZERO))

    @exact
    def rate(self, usage: Usage, *, final: bool = False) -> Rated:
        """What the period's cumulative `usage` costs, exact. `final`: the period is over, so minima and true-ups are due."""
        priced = self.billable(usage)
        rated = self.price.rate(priced)
        if self.commitment is not None:
            rated = self.commitment.apply(self.price, priced, rated, final=final)
        amount = rated.amount
        if final and self.minimum is not None and amount < self.minimum:
            return rated.plus(Part(key="minimum-spend", amount=self.minimum - amount))
        if self.maximum is not None and amount > self.maximum:
            return rated.plus(Part(key="maximum-spend", amount=self.maximum - amount))
        return rated

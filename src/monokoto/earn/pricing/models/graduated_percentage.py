"""Graduated percentage: the part of an amount that lies in a tier pays the tier's percentage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from monokoto.earn.pricing.models.price import Part, Rated, Usage, priced
from monokoto.earn.pricing.models.tiers import RateTier, check_tiers, pieces
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class GraduatedPercentage:
    """The tiers one after another; reaching one makes its flat fee due."""

    by_quantity: ClassVar[bool] = True
    tiers: tuple[RateTier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    @exact
    def rate(self, usage: Usage) -> Rated:
        """The sum over the tiers reached."""
        rated = Rated()
        for index, inside in pieces(self.tiers, ZERO, max(usage.quantity, ZERO)):
            tier = self.tiers[index]
            key = f"tier-{index + 1}"
            flat = Part(key=f"{key}-flat", amount=tier.flat)
            rated = rated.plus(priced(key, inside, tier.rate_percent.scaleb(-2)), flat)
        return rated

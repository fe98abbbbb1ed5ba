"""Volume: the tier the whole quantity lies in prices all of it. One unit more can cost less in all; that is legal and
often wanted."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from monokoto.earn.pricing.models.price import Part, Rated, Usage, priced
from monokoto.earn.pricing.models.tiers import Tier, check_tiers, tier_of
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True)
class Volume:
    """One tier for everything."""

    by_quantity: ClassVar[bool] = True
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def rate(self, usage: Usage) -> Rated:
        """Quantity times the price of its tier, and the tier's flat fee; nothing used costs nothing."""
        return self.rate_held(usage.quantity, usage.quantity)

    def rate_held(self, full: Decimal, prorated: Decimal) -> Rated:
        """What units held for parts of a period cost: the full number chooses the tier, the prorated one is priced."""
        if full <= ZERO:
            return Rated()
        index = tier_of(self.tiers, full)
        tier = self.tiers[index]
        key = f"tier-{index + 1}"
        return Rated().plus(priced(key, max(prorated, ZERO), tier.unit), Part(key=f"{key}-flat", amount=tier.flat))

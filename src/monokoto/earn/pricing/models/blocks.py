"""Blocks: tiers in which units are sold by the block, each tier with its own block size. A block begun is a block."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from monokoto.earn.pricing.models.package import begun
from monokoto.earn.pricing.models.price import Rated, Usage, check_numbers, priced
from monokoto.kernel import limits
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import exact


class BlockPolicy(StrEnum):
    """Which tiers price the usage."""

    ALL_TIERS = "all_tiers"
    """Each its own part, as in `graduated`."""
    TOP_TIER = "top_tier"
    """The one the quantity reaches prices all of it, as in `volume`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockTier:
    """`blocks_max` blocks of `size` units at `price` each; None: as many as there are."""

    size: Decimal
    price: Decimal
    blocks_max: int | None = None

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.size <= 0 or (self.blocks_max is not None and self.blocks_max < 1):
            raise Invalid("A block holds something, and a tier holds a block.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Tiers of blocks. The last tier takes all that is left, whatever its `blocks_max`: no usage is lost."""

    by_quantity: ClassVar[bool] = True
    tiers: tuple[BlockTier, ...]
    policy: BlockPolicy = BlockPolicy.ALL_TIERS

    def __post_init__(self) -> None:
        if not 1 <= len(self.tiers) <= limits.PRICE_TIERS_MAX:
            raise Invalid(f"There are 1 to {limits.PRICE_TIERS_MAX} tiers.")
        if any(tier.blocks_max is None for tier in self.tiers[:-1]):
            raise Invalid("Only the last tier may be without end.")

    @exact
    def rate(self, usage: Usage) -> Rated:
        """The blocks begun."""
        if usage.quantity <= 0:
            return Rated()
        rated, left = Rated(), usage.quantity
        for number, tier in enumerate(self.tiers, 1):
            wanted = begun(left, tier.size)
            last = number == len(self.tiers) or tier.blocks_max is None or wanted <= tier.blocks_max
            if last and self.policy is BlockPolicy.TOP_TIER:
                return Rated().plus(priced(f"tier-{number}", begun(usage.quantity, tier.size), tier.price))
            blocks = wanted if last or tier.blocks_max is None else Decimal(tier.blocks_max)
            rated = rated.plus(priced(f"tier-{number}", blocks, tier.price))
            if last:
                break
            left -= blocks * tier.size
        return rated

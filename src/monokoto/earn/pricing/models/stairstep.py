"""Stairstep: a fixed price for the step the quantity stands on, for capacity and seats: 1-5 machines 100, 6-20 machines 300."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from monokoto.earn.pricing.models.price import Part, Rated, Usage, check_numbers
from monokoto.earn.pricing.models.tiers import check_tiers, tier_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """All quantities up to here cost the same."""

    up_to: Decimal | None
    price: Decimal

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True, slots=True)
class Stairstep:
    """One price for the step reached; a later step may be cheaper."""

    by_quantity: ClassVar[bool] = True
    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        check_tiers(self.steps)

    def rate(self, usage: Usage) -> Rated:
        """The price of the step; nothing used costs nothing."""
        if usage.quantity <= 0:
            return Rated()
        index = tier_of(self.steps, usage.quantity)
        return Rated().plus(Part(key=f"step-{index + 1}", amount=self.steps[index].price))

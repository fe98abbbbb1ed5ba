"""Standard: each unit costs the same."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from monokoto.earn.pricing.models.price import Rated, Usage, check_numbers, priced
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """`unit` for each."""

    by_quantity: ClassVar[bool] = True
    unit: Decimal

    def __post_init__(self) -> None:
        check_numbers(self)

    def rate(self, usage: Usage) -> Rated:
        """Quantity times unit."""
        return Rated().plus(priced("units", max(usage.quantity, ZERO), self.unit))

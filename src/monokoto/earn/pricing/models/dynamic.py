"""Dynamic: the events bring their own price, what they add up to is passed on with a markup."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from monokoto.earn.pricing.models.price import Rated, Usage, check_numbers, priced
from monokoto.kernel.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """The usage's quantity is money already; `multiplier` times of it is charged."""

    by_quantity: ClassVar[bool] = True
    multiplier: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        check_numbers(self)

    def rate(self, usage: Usage) -> Rated:
        """The sum of the events' own prices, multiplied."""
        return Rated().plus(priced("passed-on", max(usage.quantity, ZERO), self.multiplier))

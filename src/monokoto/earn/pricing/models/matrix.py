"""Matrix: each group of the usage (region, programme, class of unit) has a price of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

from monokoto.earn.pricing.models.percentage import Percentage
from monokoto.earn.pricing.models.price import Part, Price, Rated, Usage
from monokoto.kernel import limits
from monokoto.kernel.errors import Fault, Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """`prices` by group, `otherwise` for groups not named; without it such a group is a fault and not a gift."""

    by_quantity: ClassVar[bool] = False
    prices: Mapping[str, Price] = field(default_factory=dict)
    otherwise: Price | None = None

    def __post_init__(self) -> None:
        if len(self.prices) > limits.PRICE_GROUPS_MAX:
            raise Invalid(f"A matrix has at most {limits.PRICE_GROUPS_MAX} groups.")

    def rate(self, usage: Usage) -> Rated:
        """Each group at its price. Raises Invalid for usage of a group that has none."""
        parts: list[Part] = []
        lacking = []
        for group, inside in sorted(usage.groups.items()):
            price = self.prices.get(group, self.otherwise)
            if price is None:
                lacking.append(Fault(place=group, reason="has no price"))
                continue
            parts += [replace(part, key=f"{group}/{part.key}") for part in price.rate(inside).parts]
        if lacking:
            raise Invalid("Some usage has no price.", faults=lacking, remedy="Name the group or add `otherwise`.")
        return Rated(tuple(parts))


def by_transaction(price: Price) -> bool:
    """Whether it has to be told each amount by itself, and not only their sum."""
    if isinstance(price, Matrix):
        inside = (*price.prices.values(), *(() if price.otherwise is None else (price.otherwise,)))
        return any(map(by_transaction, inside))
    return isinstance(price, Percentage)

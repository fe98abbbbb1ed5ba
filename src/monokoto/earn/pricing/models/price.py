"""What every charge model takes and gives.

A price rates *cumulative* usage: all of a period so far. What a document charges is the difference to what is booked
(`pricing/delta.py`), so that no model knows of late data, corrections or split periods.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import ClassVar, Protocol

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used, cumulatively. Most models look at `quantity` alone."""

    quantity: Decimal = ZERO
    transactions: tuple[Decimal, ...] = ()
    """Each amount, in order of event time, where each counts by itself (percentage with a fixed part)."""
    groups: Mapping[str, Usage] = field(default_factory=dict)
    """The same usage by group (region, programme), for a matrix."""

    def __post_init__(self) -> None:
        if not all(isinstance(one, Decimal) and one.is_finite() for one in (self.quantity, *self.transactions)):
            raise Invalid("Usage is counted in finite exact decimals.")

    @classmethod
    @exact
    def of_transactions(cls, amounts: Iterable[Decimal]) -> Usage:
        """The usage that consists of these transactions."""
        kept = tuple(amounts)
        return cls(quantity=sum(kept, ZERO), transactions=kept)

    @classmethod
    @exact
    def of_groups(cls, groups: Mapping[str, Usage]) -> Usage:
        """The usage that these groups add up to."""
        return cls(quantity=sum((one.quantity for one in groups.values()), ZERO), groups=dict(groups))

    @exact
    def __add__(self, later: Usage) -> Usage:
        names = {**self.groups, **later.groups}
        return Usage(
            quantity=self.quantity + later.quantity,
            transactions=self.transactions + later.transactions,
            groups={name: self.groups.get(name, NOTHING) + later.groups.get(name, NOTHING) for name in names},
        )


NOTHING = Usage()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One reason for money: so much at this price."""

    key: str
    """Names the reason within the price, the same at every rating: `tier-2`, `tier-2-flat`, `eu/package`."""
    amount: Decimal
    """Exact, not rounded."""
    quantity: Decimal = ZERO
    price: Decimal = ZERO
    """For one; 0 where the amount is no product."""


@dataclass(frozen=True, slots=True)
class Rated:
    """What usage costs, part by part; exact."""

    parts: tuple[Part, ...] = ()

    @property
    @exact
    def amount(self) -> Decimal:
        """The sum of the parts, not rounded."""
        return sum((part.amount for part in self.parts), ZERO)

    def plus(self, *parts: Part) -> Rated:
        """With more parts; those of no money and no quantity are left out."""
        return Rated(self.parts + tuple(part for part in parts if part.amount or part.quantity))


class Price(Protocol):
    """A charge model with its numbers."""

    by_quantity: ClassVar[bool]
    """Whether `Usage.quantity` is all it looks at, so that it can be converted, given for free and committed to."""

    def rate(self, usage: Usage) -> Rated:
        """What cumulative `usage` costs. Less than nothing used costs nothing."""
        ...


@exact
def priced(key: str, quantity: Decimal, price: Decimal) -> Part:
    """So many at so much."""
    return Part(key=key, quantity=quantity, price=price, amount=quantity * price)


def check_numbers(price: object, *, negative: Iterable[str] = ()) -> None:
    """Raise Invalid unless every decimal of a dataclass is exact, finite and not negative (but those named `negative`)."""
    faults = []
    for one in fields(price):  # type: ignore[arg-type]
        value = getattr(price, one.name)
        if isinstance(value, float) or (isinstance(value, Decimal) and not value.is_finite()):
            faults.append(Fault(place=one.name, reason="is not an exact, finite decimal"))
        elif isinstance(value, Decimal) and value < 0 and one.name not in negative:
            faults.append(Fault(place=one.name, reason="is negative"))
    if faults:
        raise Invalid("The price is not usable.", faults=faults)

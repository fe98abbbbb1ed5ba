"""Tiers: ranges of quantity with their own prices. A tier includes its upper border; the last one is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from monokoto.earn.pricing.models.price import check_numbers
from monokoto.kernel import limits
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, exact


class Bordered(Protocol):
    """Anything with an upper border."""

    @property
    def up_to(self) -> Decimal | None:
        """The last quantity inside; None: open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """A price for each unit inside, and a fee for reaching it."""

    up_to: Decimal | None
    unit: Decimal = ZERO
    flat: Decimal = ZERO
    """Due once when the first unit falls inside."""

    def __post_init__(self) -> None:
        check_numbers(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTier:
    """A percentage of each amount inside, and a fee for reaching it."""

    up_to: Decimal | None
    rate_percent: Decimal
    flat: Decimal = ZERO

    def __post_init__(self) -> None:
        check_numbers(self)


def check_tiers(tiers: Sequence[Bordered]) -> None:
    """Raise Invalid unless the borders rise and the last tier alone is open: no usage falls outside."""
    faults = []
    if not 1 <= len(tiers) <= limits.PRICE_TIERS_MAX:
        faults.append(Fault(place="tiers", reason=f"are 1 to {limits.PRICE_TIERS_MAX}"))
    border = ZERO
    for number, tier in enumerate(tiers, 1):
        if tier.up_to is None:
            if number < len(tiers):
                faults.append(Fault(place=f"tiers/{number}/up_to", reason="only the last tier goes without `up_to`"))
            continue
        if number == len(tiers):
            faults.append(
                Fault(place=f"tiers/{number}/up_to", reason="the last tier takes all that is above: it has no `up_to`")
            )
        if tier.up_to <= border:
            faults.append(Fault(place=f"tiers/{number}/up_to", reason="must be above that of the tier before"))
        border = tier.up_to
    if faults:
        raise Invalid("The tiers do not follow each other.", faults=faults)


def tier_of(tiers: Sequence[Bordered], quantity: Decimal) -> int:
    """The index of the tier a quantity lies in."""
    return next(index for index, tier in enumerate(tiers) if tier.up_to is None or quantity <= tier.up_to)


@exact
def pieces(tiers: Sequence[Bordered], start: Decimal, end: Decimal) -> list[tuple[int, Decimal]]:
    """How start..end falls on the tiers: (index, quantity), the quantities negative when end lies below start.

    What lies below zero falls on the first tier.
    """
    if end < start:
        return [(index, -quantity) for index, quantity in pieces(tiers, end, start)]
    found = []
    lower: Decimal | None = None
    for index, tier in enumerate(tiers):
        inside = (end if tier.up_to is None else min(end, tier.up_to)) - (start if lower is None else max(start, lower))
        if inside > 0:
            found.append((index, inside))
        lower = tier.up_to
    return found

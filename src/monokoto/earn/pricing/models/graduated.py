"""Graduated: each unit costs what its own tier says, like the brackets of an income tax."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import ClassVar

from monokoto.earn.pricing.models.price import Part, Rated, Usage, priced
from monokoto.earn.pricing.models.tiers import Tier, check_tiers, pieces
from monokoto.kernel.money import ZERO, exact


@dataclass(frozen=True, slots=True)
class HeldChange:
    """More or fewer units held from some day of the period on."""

    full: Decimal
    """Units added or taken away."""
    prorated: Decimal
    """The same weighted by the share of the period that was left."""


@dataclass(frozen=True, slots=True)
class Graduated:
    """The tiers one after another; reaching one makes its flat fee due."""

    by_quantity: ClassVar[bool] = True
    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        check_tiers(self.tiers)

    def rate(self, usage: Usage) -> Rated:
        """The sum over the tiers reached."""
        rated = Rated()
        for index, inside in pieces(self.tiers, ZERO, max(usage.quantity, ZERO)):
            tier = self.tiers[index]
            rated = rated.plus(priced(f"tier-{index + 1}", inside, tier.unit), _flat(index, tier))
        return rated

    @exact
    def rate_held(self, changes: Iterable[HeldChange]) -> Fraction:
        """What units held for parts of a period cost, exactly.

        Each change is spread over the tiers by the full number held before and after it, its prorated units in the same
        proportions; the flat fees are those of every tier ever reached. Never below zero.
        """
        cost, held, highest = Fraction(0), ZERO, ZERO
        for change in changes:
            spread = pieces(self.tiers, held, held + change.full)
            for index, inside in spread:
                share = Fraction(inside) / Fraction(change.full)
                cost += Fraction(change.prorated) * share * Fraction(self.tiers[index].unit)
            held += change.full
            highest = max(highest, held)
        flats = sum((self.tiers[index].flat for index, _ in pieces(self.tiers, ZERO, highest)), ZERO)
        return max(cost + Fraction(flats), Fraction(0))


def _flat(index: int, tier: Tier) -> Part:
    return Part(key=f"tier-{index + 1}-flat", amount=tier.flat)

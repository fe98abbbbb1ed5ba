"""A grant: so many units of a metered feature, from when, until when, how often again, and in which order they are used up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum
from typing import Protocol

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO


class Category(IntEnum):
    """Where a grant came from; among equals what was given goes before what was paid for."""

    PROMOTIONAL = 0
    PAID = 1


class Recurrence(Protocol):
    """When a grant is filled up again."""

    def after(self, at: int) -> int:
        """The first time later than `at`, µs UTC."""
        ...


@dataclass(frozen=True, slots=True)
class FixedRecurrence:
    """Every so many µs, counted from an anchor in both directions. Calendar months: `pricing.Cycle`."""

    every: int
    anchor: int

    def __post_init__(self) -> None:
        if self.every <= 0:
            raise Invalid("A recurrence comes after some time.")

    def after(self, at: int) -> int:
        """The first time later than `at`."""
        return self.anchor + ((at - self.anchor) // self.every + 1) * self.every


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Units that may be used. Times are µs UTC; a grant is there from `effective` until before `expires`."""

    id: str
    amount: Decimal
    effective: int
    expires: int | None = None
    priority: int = 1
    """Lower is used first."""
    category: Category = Category.PAID
    created: int = 0
    recurrence: Recurrence | None = None
    """When the balance is filled up to `amount` again; what was left of it lapses."""
    rollover_min: Decimal = ZERO
    rollover_max: Decimal = ZERO
    """At a reset the balance becomes min(max, max(min, balance)): by default nothing is carried over."""

    def __post_init__(self) -> None:
        faults = []
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite() or self.amount < 0:
            faults.append(Fault(place="amount", reason="is an exact number, zero or more"))
        if self.expires is not None and self.expires <= self.effective:
            faults.append(Fault(place="expires", reason="is not after it is effective"))
        if not 0 <= self.rollover_min <= self.rollover_max:
            faults.append(Fault(place="rollover_min", reason="lies between 0 and rollover_max"))
        if faults:
            raise Invalid(f"The grant {self.id} is not usable.", faults=faults)

    def rolled_over(self, balance: Decimal) -> Decimal:
        """What a reset leaves of a balance."""
        return min(self.rollover_max, max(self.rollover_min, balance))

    @property
    def order(self) -> tuple[int, bool, int, int, int, int, str]:
        """Sorts grants in the order they are used up."""
        expires = self.expires or 0
        never = self.expires is None
        return (self.priority, never, expires, self.category, self.effective, self.created, self.id)


def in_order(grants: Iterable[Grant]) -> list[Grant]:
    """Priority, expiry (never is last), promotional before paid, effective, created, id: the first is used first."""
    return sorted(grants, key=lambda grant: grant.order)

"""An entitlement: a feature that somebody was given, bought or shares, from when until when. Kept as a row, never changed but
for its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monokoto.earn.entitlements.grants import Category, Grant
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import EntitlementId, OrganisationId
from monokoto.kernel.money import ZERO

FOREVER = 1 << 62
"""Microseconds: past every instant."""


class Holder(StrEnum):
    """Who has something: the first two pass it on to their units."""

    SUBSCRIPTION = "subscription"
    CUSTOMER = "customer"
    UNIT = "unit"


class Source(StrEnum):
    """How one came to have it."""

    PLAN = "plan"
    """With a subscription; these are no rows but follow from it."""
    BOUGHT = "bought"
    TOP_UP = "top-up"
    GIVEN = "given"
    """By the maker."""
    GIFT = "gift"
    """Handed on by another who had it."""
    SHARED = "shared"
    """Used together with another unit, which has it."""


@dataclass(frozen=True, slots=True, order=True)
class Held:
    """One holder."""

    kind: Holder
    id: int

    def __str__(self) -> str:
        return f"{self.kind.value}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One row."""

    id: EntitlementId
    organisation_id: OrganisationId
    """The maker's."""
    product: str
    feature: str
    holder: Held
    source: Source
    key: str
    """The asker's name for it: the same again is the same entitlement."""
    begin: Instant
    end: Instant | None = None
    value: Any = None
    """Of a feature that has one."""
    amount: Decimal | None = None
    """Of a metered feature."""
    priority: int = 1
    category: Category = Category.PAID
    origin: Held | None = None
    """Of a share: the unit, or for a metered feature the quota, that is shared. Of a gift: who gave it."""
    note: str = ""
    created_at: Instant
    created_by: int = 0
    changed_at: Instant
    taken_at: Instant | None = None
    """When it was taken back; it ended then, or never began."""

    @property
    def until(self) -> int:
        """Its end, past every instant where it has none."""
        return FOREVER if self.end is None else self.end

    @property
    def void(self) -> bool:
        """Whether it was taken back before it began."""
        return self.until <= self.begin

    def grant(self) -> Grant:
        """As the burn-down takes it: what is left stays when a period ends."""
        assert self.amount is not None
        return Grant(
            id=f"entitlement:{self.id}",
            amount=self.amount,
            effective=self.begin,
            expires=self.end,
            priority=self.priority,
            category=self.category,
            created=self.created_at,
            rollover_min=ZERO,
            rollover_max=self.amount,
        )


class SuspendedBy(StrEnum):
    """Who suspended a customer."""

    HAND = "hand"
    """Somebody of the seller's."""
    DUNNING = "dunning"
    """The platform, for an invoice nobody paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspension:
    """A time in which a customer has none of its features, those for safety apart. Several may go on at once, one by each."""

    id: int
    organisation_id: OrganisationId
    customer_id: int
    because: str
    by: SuspendedBy
    begin: Instant
    end: Instant | None = None
    changed_at: Instant

    @property
    def until(self) -> int:
        """Its end, past every instant where it has none."""
        return FOREVER if self.end is None else self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a unit may use a feature at an instant."""

    feature: str
    allowed: bool
    reason: str
    """For people, also of a yes."""
    value: Any = None
    left: Decimal | None = None
    """Of a metered feature: what may still be used of what was granted."""
    used: Decimal | None = None
    """Of a metered feature: since its period began."""
    overage: Decimal | None = None
    period_begin: int | None = None
    until: int | None = None
    """When this answer ends by itself, as far as is known; None: nothing ends it."""
    source: str = ""
    """What it comes from: `plan eco 3`, `bought`, …"""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """Of a metered feature: which meter, of how many units together."""

"""An alert: one time that a rule found one unit in a bad way, from its beginning to its end, and what people did about it.

What rules told of it (`Told`) and what people did (`acknowledged`, `assignee`, ...) are kept apart: neither ever overwrites the
other, so that a rule's change told again, or late, cannot undo what somebody did.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AlertEventId, AlertId, MaintenanceWindowId, OrganisationId, UnitId
from monokoto.operate.alerts.told import Told
from monokoto.operate.rules import Severity

PRODUCT_RULE_SIGN = "/"
"""In the key of every rule of a product, in that of no other."""


class State(StrEnum):
    """Where an alert stands: whether it stands still, and whether anybody took notice."""

    RAISED = "raised"
    """It stands, and nobody has acknowledged it."""
    ACKNOWLEDGED = "acknowledged"
    """It stands, and somebody has."""
    CLEARED = "cleared"
    """It is over, and nobody has acknowledged it."""
    CLOSED = "closed"
    """It is over, and somebody has."""


class Flapping(IntEnum):
    """Whether the rule raises and clears too often on this unit."""

    NO = 0
    BEGINS = 1
    """With this alert it became too often: this is told."""
    GOES_ON = 2
    """It still is: nobody is told until it was calm."""


class Quiet(StrEnum):
    """Why nobody is told of an alert."""

    SHELVED = "shelved"
    MAINTENANCE = "maintenance"
    SUPPRESSED = "suppressed"
    """A rule's alert on the unit or one above it hides this one, or may: it waits for that one for its rule's grace."""
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class By:
    """Somebody who did something."""

    organisation_id: OrganisationId
    actor_id: int
    """A person's id or a key's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert as it stands. (organisation, rule, unit, instance) names it for ever."""

    id: AlertId
    organisation_id: OrganisationId
    """Whose rule it is: the maker's for a rule of a product."""
    unit_id: UnitId
    rule: str
    instance: Instant
    """Event time at which the condition became true."""
    told: Told
    product: str = ""
    """The unit's when the alert was first told of."""
    top_id: int = 0
    """The uppermost unit above the unit; 0: it is a part of nothing."""
    group_id: int = 0
    flapping: Flapping = Flapping.NO
    revealed_at: Instant | None = None
    """Event time since which no alert of the rule that may hide it does."""
    undecided_until: Instant | None = None
    """Until then (our clock) it waits for an alert that hides it; None: nothing may, or it is decided."""
    maintenance_id: MaintenanceWindowId | None = None
    """The window in which it was raised."""
    maintenance_until: Instant | None = None
    """Until then nobody is told; None: not, or no longer, for that reason."""
    shelved_until: Instant | None = None
    acknowledged_at: Instant | None = None
    acknowledged_by: By | None = None
    assignee: int = 0
    """A member of the rule's organisation; 0: nobody."""
    cleared_by: By | None = None
    """Who cleared it by hand; None: the rule, or it stands."""
    comments: int = 0
    events: int = 0
    created_at: Instant
    """When it was first told of, by our clock."""
    changed_at: Instant
    number: int = 0
    """The organisation's count of changes at its last one."""

    @property
    def standing(self) -> bool:
        """Whether it is not over."""
        return self.told.cleared_at is None

    @property
    def severity(self) -> Severity:
        """As bad as it is now, or was at last."""
        return self.told.severity

    @property
    def state(self) -> State:
        """Where it stands."""
        if self.acknowledged_at is None:
            return State.RAISED if self.standing else State.CLEARED
        return State.ACKNOWLEDGED if self.standing else State.CLOSED

    @property
    def hidden(self) -> bool:
        """Whether another rule's alert hides it, or may yet."""
        return bool(self.told.suppressed_by) and self.revealed_at is None

    @property
    def of_product(self) -> bool:
        """Whether the rule is a product's, and not one an organisation added."""
        return PRODUCT_RULE_SIGN in self.rule

    def quiet(self, now: int) -> Quiet | None:
        """Why nobody is to be told of it at this instant (our clock); None: somebody is."""
        if self.shelved_until is not None and now < self.shelved_until:
            return Quiet.SHELVED
        if self.maintenance_until is not None and now < self.maintenance_until:
            return Quiet.MAINTENANCE
        if self.hidden:
            return Quiet.SUPPRESSED
        return Quiet.FLAPPING if self.flapping is Flapping.GOES_ON else None


class What(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    SEVERITY = "severity"
    CLEARED = "cleared"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ASSIGNED = "assigned"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    """By hand, or because the time was over."""
    MAINTENANCE_ENDED = "maintenance_ended"
    """It was raised in a maintenance window, the window is over, and it still stands."""
    REVEALED = "revealed"
    """What hid it is over, and it still stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertEvent:
    """One line of an alert's timeline; never changed."""

    id: AlertEventId
    organisation_id: OrganisationId
    """The alert's."""
    alert_id: AlertId
    unit_id: UnitId
    what: What
    at: Instant
    """Event time for what the rule told and for `revealed`, our clock for all else."""
    told_at: Instant
    """When it came to be known, by our clock."""
    number: int = 0
    """The organisation's count of changes: in its order nothing comes later than what was read."""
    severity: Severity
    rule_version: str = ""
    by: By | None = None
    """None: the rule, or time."""
    text: str = ""
    """A comment; the assignee's id; until when it is shelved."""
    shared: bool = False
    """A comment that the other side may read too."""
    evidence: str = "[]"
    """Of what the rule told, as JSON."""

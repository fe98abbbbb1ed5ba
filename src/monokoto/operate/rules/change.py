"""What a rule says of a unit: an alert begins, changes its severity, or ends.

An alert is named by (organisation, rule, unit, instance) for ever: who is told the same change twice, after a crash or
because the log was read again, has nothing to do the second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId


class Severity(StrEnum):
    """How bad it is, from the least on. After ITU-T X.733, with `info` below."""

    INFO = "info"
    WARNING = "warning"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class ChangeKind(StrEnum):
    """What became of the alert."""

    RAISED = "raised"
    SEVERITY = "severity"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A reading, or a value made of readings, that spoke for the change."""

    name: str
    """A property, or a signal of the rule."""
    at: Instant
    value: float | str | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """One change of one alert."""

    organisation_id: OrganisationId
    """Whose rule it is, and so whose alert."""
    unit_id: UnitId
    rule: str
    """`<product>/<name>` for a rule of a product, the id as text for a rule an organisation added."""
    rule_version: str
    """The product's version, or the number of the added rule's version."""
    instance: Instant
    """The event time at which the condition became true: with organisation, rule and unit the alert's name."""
    kind: ChangeKind
    at: Instant
    """Event time of the change."""
    severity: Severity
    evidence: tuple[Evidence, ...] = ()
    suppressed_by: str = ""
    """The rule whose alert on this unit or one above it would hide this one; empty: none would. Whether one does is seen by
    who knows all alerts, whatever the order in which they were found."""
    suppress_grace: int = 0
    """Microseconds that the alert waits for the one that hides it, and, when that is over, for its own end."""
    audience: str = "both"
    """Who is told: `maker`, `owner` (the unit's), or `both`. Only for rules of products: an added rule is its organisation's."""

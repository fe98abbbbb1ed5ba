"""What becomes of alerts, as those hear it who tell people of it; and where it is read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.rules import Severity


class What(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    """It began, or came to light again: a maintenance window or a shelf ended while it stood."""
    SEVERITY = "severity"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Measured:
    """A value that spoke for the alert."""

    name: str
    value: float | str | bool | None
    unit: str = ""
    """Unit of measure, as the model has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """One thing that became of one alert. Only what people are to hear of: nothing of alerts that are suppressed, shelved,
    in maintenance or flapping."""

    id: int
    """Names it for ever: read twice, it is told once."""
    position: int
    """Its place among all news; never lower than that of news recorded much earlier."""
    recorded_at: Instant
    """When the platform came to know it. `at` is the event's own time."""
    alert_id: int
    organisation_id: OrganisationId
    """Whose alert it is."""
    unit_id: UnitId
    what: What
    at: Instant
    severity: Severity
    rule: str
    """`<product>/<name>`, or the id of an added rule."""
    title: Mapping[str, str] = field(default_factory=dict)
    """The rule's title by language; empty: it has none."""
    product: str = ""
    unit: str = ""
    """The unit's serial."""
    tags: frozenset[str] = frozenset()
    """The unit's."""
    measured: tuple[Measured, ...] = ()
    by: str = ""
    """Who acknowledged it."""
    told: tuple[int, ...] = ()
    """The organisations whose routes are asked: the alert's own, the owner's of the unit, or both."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """What an alert is like now."""

    acknowledged_at: Instant | None = None
    """When the platform was told so; None: nobody has acknowledged it."""
    cleared: bool = False
    hidden: bool = False
    """Suppressed, shelved, in maintenance, or flapping: nobody is to be told."""


class AlertsToTell(Protocol):
    """Where news of alerts is kept. Blocking."""

    def changed_since(self, position: int, limit: int) -> Sequence[AlertNews]:
        """News of all organisations at or past a position, in its order."""
        ...

    def state(self, alert_ids: Sequence[int]) -> Mapping[int, AlertState]:
        """What these are like now; an alert that is gone is not there."""
        ...

    def position_at(self, instant: int) -> int:
        """The lowest position of news recorded at an instant."""
        ...

"""What becomes of alerts, as those hear it who tell people of it; and where it is read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.alerts import Mark
from monokoto.operate.rules import Severity


class What(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    """It began, or came to light again: a maintenance window or a shelf ended while it stood."""
    SEVERITY = "severity"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    CLEARED = "cleared"
    THRESHOLD = "threshold"
    """Of no alert: so much of what was granted to a unit is used. `alert_id` and `id` name the threshold that was reached."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A value that spoke for the alert."""

    name: str
    value: float | str | bool | None
    unit: str = ""
    """Unit of measure, as the model has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertNews:
    """One thing that became of one alert."""

    id: int
    """Names it for ever: read twice, it is told once."""
    number: int
    """The alert's organisation's count of changes when it happened."""
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
    quiet: bool = False
    """Whether nobody is to be told that it stands: suppressed, flapping."""
    quiet_for: frozenset[int] = frozenset()
    """Organisations that have it shelved, or its unit in maintenance: nobody of theirs is."""
    by: str = ""
    """Who acknowledged it."""
    by_organisation: int = 0
    """Theirs; to all others they have no name."""
    told: tuple[int, ...] = ()
    """The organisations whose routes are asked: the alert's own, the owner's of the unit, or both."""


@dataclass(frozen=True, slots=True)
class AlertState:
    """What an alert is like now."""

    acknowledged_at: Instant | None = None
    """When the platform was told so; None: nobody has acknowledged it."""
    cleared: bool = False
    hidden: bool = False
    """Suppressed, or flapping: nobody is to be told."""
    hidden_from: frozenset[int] = frozenset()
    """Organisations that have it shelved, or its unit in maintenance."""

    def is_hidden(self, organisation_id: int) -> bool:
        """Whether nobody of an organisation is to be told."""
        return self.hidden or organisation_id in self.hidden_from


@dataclass(frozen=True, slots=True)
class NewsPage:
    """Some news of an organisation's alerts, and how far they go."""

    news: Sequence[AlertNews]
    mark: Mark
    more: bool = False


class ThresholdsToTell(Protocol):
    """Where quotas that reached a threshold are kept, each once a period. Blocking."""

    def reached(self, after: int, limit: int) -> Sequence[AlertNews]:
        """Those of all organisations with this id or a later one, by id; ids follow the time."""
        ...


class NoThresholds:
    """Nothing is metered."""

    def reached(self, _after: int, _limit: int) -> Sequence[AlertNews]:
        return ()


class AlertsToTell(Protocol):
    """Where news of alerts is kept. Blocking."""

    def numbers(self) -> Mapping[int, int]:
        """The last number of each organisation's changes."""
        ...

    def news(self, organisation_id: int, after: Mark, limit: int) -> NewsPage:
        """What happened to an organisation's alerts after a place, in order; nothing is ever added before what was read."""
        ...

    def state(self, alert_ids: Sequence[int]) -> Mapping[int, AlertState]:
        """What these are like now; an alert that is gone is not there."""
        ...

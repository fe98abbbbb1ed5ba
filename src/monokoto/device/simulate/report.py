"""What came of a simulation: counts, and what people at the units wanted and got."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

NOTES_MAX = 1_000
"""Notes a report keeps; each is told when it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing a unit did by itself: an action that somebody at it wanted, or a promise that opened or closed."""

    at: str
    """In the unit's life (RFC 3339)."""
    serial: str
    online: bool
    what: str
    """The action, or the feature."""
    outcome: str
    """`done`, `opens`, `closes`, or `refused`: by the unit, for `reason`; `failed` as its simulation says."""
    reason: str = ""


Noted = Callable[[Note], None]


@dataclass(slots=True)
class SimulationReport:
    """What happened; messages and readings are those acknowledged."""

    units: int = 0
    online: int = 0
    messages: int = 0
    readings: int = 0
    events: int = 0
    refused: int = 0
    """Messages the platform did not take."""
    lost: int = 0
    """Messages given up because a unit's outbox was full."""
    desired: int = 0
    """Desired states that were taken over."""
    actions: int = 0
    """Actions that were carried out."""
    tokens: int = 0
    """Entitlement tokens that were taken over."""
    tokens_refused: int = 0
    pressed: int = 0
    """Actions wanted at a unit itself and done."""
    closed: int = 0
    """Actions wanted at a unit itself that it refused: what they need was not open."""
    seconds: float = 0.0
    simulated_seconds: float = 0.0
    interrupted: bool = False
    notes: list[Note] = field(default_factory=list)

    def note(self, one: Note) -> None:
        """Keep it, as long as there is room."""
        if len(self.notes) < NOTES_MAX:
            self.notes.append(one)

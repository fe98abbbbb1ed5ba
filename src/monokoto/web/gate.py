"""May this caller reach this unit, and which time of its life? Asked by every route about a unit.

A unit's records stay with the maker's organisation for ever; who may look at them changes with its owners. So a route asks
the gate first and then the stores in the name of `Reach.organisation_id`, within `Reach.periods`. The gate is handed in by
assembly: slices below it only know this protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.web.context import Caller


class Side(StrEnum):
    """As what the caller's organisation stands to the unit."""

    MAKER = "maker"
    OWNER = "owner"
    GUEST = "guest"
    """Somebody the owner shares it with, or rents it to."""


@dataclass(frozen=True, slots=True)
class Period:
    """A time of a unit's life, by the readings' own time: from `begin` up to, not including, `end`."""

    begin: Instant | None = None
    """None: from its very beginning."""
    end: Instant | None = None
    """None: it goes on."""

    def holds(self, at: int) -> bool:
        """Whether the instant lies in it."""
        return (self.begin is None or self.begin <= at) and (self.end is None or at < self.end)


ALWAYS = (Period(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of one unit lies open to a caller."""

    unit_id: UnitId
    organisation_id: OrganisationId
    """The maker's organisation, in whose name the stores are asked."""
    side: Side
    periods: tuple[Period, ...] = ALWAYS
    """In order, without overlap; never empty."""
    now: bool = True
    """Whether the present is open: what it is like now, live changes, control."""

    @property
    def always(self) -> bool:
        """Whether its whole life lies open."""
        return self.periods == ALWAYS

    def holds(self, at: int) -> bool:
        """Whether a reading of this instant may be seen."""
        return any(period.holds(at) for period in self.periods)


class Gate(Protocol):
    """Answers from memory; safe to ask on the event loop."""

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        """Raises NotFound when nothing of the unit lies open to the caller: a foreign unit is no different from none."""
        ...

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        """Every unit within reach at present; None: all those its organisation made, of which the fleet has the list."""
        ...

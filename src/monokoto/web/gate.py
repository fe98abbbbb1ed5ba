"""May this caller reach this unit, and which time of its life? Asked by every route about a unit.

A unit's records stay with the maker's organisation for ever; who may look at them changes with its owners. So a route asks
the gate first and then the stores in the name of `Reach.organisation_id`, within `Reach.periods`. The gate is handed in by
assembly: slices below it only know this protocol.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Forbidden
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
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
_AGES = 1 << 62
"""Microseconds: past every instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What of one unit lies open to a caller."""

    unit_id: UnitId
    organisation_id: OrganisationId
    """The maker's organisation, in whose name the stores are asked."""
    side: Side
    periods: tuple[Period, ...] = ALWAYS
    """In order, without overlap; empty where the unit is the caller's and nothing of its data is: rented out at once, say."""
    now: bool = True
    """Whether the present is open: what it is like now, live changes."""
    control: bool = True
    """Whether it may be told what to do."""
    owned: bool = False
    """Whether it belongs to somebody other than its maker at present."""
    label: str = ""
    """What the caller's side calls it; empty: what the maker calls it."""

    @property
    def always(self) -> bool:
        """Whether its whole life lies open."""
        return self.periods == ALWAYS

    @property
    def times(self) -> tuple[tuple[int, int], ...]:
        """The periods as pairs of numbers, past all instants where they have no beginning or end."""
        return tuple(
            (-_AGES if one.begin is None else one.begin, _AGES if one.end is None else one.end) for one in self.periods
        )

    def holds(self, at: int) -> bool:
        """Whether a reading of this instant may be seen."""
        return any(period.holds(at) for period in self.periods)

    def must_be_present(self) -> Reach:
        """This reach; raises Forbidden when what the unit is like now is not the caller's to see."""
        if not self.now:
            raise Forbidden(
                f"What the unit {format_id(self.unit_id)} is like now is not yours to see.",
                remedy="The history of your own periods is at /api/v1/units/{unit}/history.",
            )
        return self

    def must_control(self) -> Reach:
        """This reach; raises Forbidden when the caller may not tell the unit what to do."""
        if not self.control:
            raise Forbidden(
                f"The unit {format_id(self.unit_id)} is not yours to control.",
                remedy="Ask its owner to share it with the permission to control.",
            )
        return self

    def must_be_maker(self) -> Reach:
        """This reach; raises Forbidden for everybody but the maker."""
        if self.side is not Side.MAKER:
            raise Forbidden(
                f"This of the unit {format_id(self.unit_id)} is its maker's alone.", remedy="Ask its maker."
            )
        return self


class Gate(ABC):
    """Answers from memory; safe to ask on the event loop.

    An abstract class and no protocol: the framework looks at each request whether a gate is one, which for a protocol takes a
    hundred times as long.
    """

    @abstractmethod
    def unit(self, caller: Caller, unit_id: int) -> Reach:
        """Raises NotFound when nothing of the unit lies open to the caller: a foreign unit is no different from none."""
        ...

    @abstractmethod
    def units(self, caller: Caller) -> Sequence[Reach] | None:
        """Every unit of which anything lies open, by id; None (a maker): those its organisation made, of which the fleet
        has the list, each of them whole unless `clipped` says otherwise."""
        ...

    @abstractmethod
    def held(self, caller: Caller) -> Sequence[Reach]:
        """Units of other makers of which anything lies open: owned, shared or rented, now or once; by id."""
        ...

    @abstractmethod
    def clipped(self, caller: Caller) -> Mapping[int, Reach]:
        """Of the units its organisation made, by id, those of whose life not all lies open. Nearly always empty."""
        ...

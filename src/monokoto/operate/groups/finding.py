"""Which units somebody means: named, or found by what they are; always within the asker's reach at this moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from monokoto.connect.fleet import Held, Unit, UnitFilter
from monokoto.kernel.errors import NotFound
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Page, Reach


class Fleet(Protocol):
    """Who the units are (`connect.fleet.Fleet`)."""

    def list(
        self,
        organisation_id: int,
        wanted: UnitFilter = ...,
        *,
        sort: str = "",
        limit: int = ...,
        cursor: str | None = None,
        held: Held | None = None,
    ) -> Page[Unit]: ...


@dataclass(frozen=True, slots=True)
class Chosen:
    """A unit that is meant, and in whose name the stores are asked about it."""

    unit_id: int
    maker_id: int


class UnitFinder:
    """Finds units for a caller. Blocking; what the caller cannot see at present is not there."""

    def __init__(self, fleet: Fleet, gate: Gate) -> None:
        self._fleet = fleet
        self._gate = gate

    def reach(self, caller: Caller, unit_id: int) -> Reach | None:
        """What of a unit lies open now; None: nothing of its present."""
        try:
            reach = self._gate.unit(caller, unit_id)
        except NotFound:
            return None
        return reach if reach.now else None

    def named(self, caller: Caller, unit_ids: Iterable[int]) -> list[Chosen]:
        """Of these units those within reach, in their order."""
        reaches = (self.reach(caller, unit_id) for unit_id in dict.fromkeys(unit_ids))
        return [Chosen(reach.unit_id, reach.organisation_id) for reach in reaches if reach is not None]

    def found(self, caller: Caller, wanted: UnitFilter, *, limit: int) -> list[Unit]:
        """The units within reach that meet all conditions, by id, at most `limit`."""
        reaches = self._gate.units(caller)
        others = self._gate.held(caller) if reaches is None else reaches
        found: dict[int, Unit] = {}
        if reaches is None:
            clipped = self._gate.clipped(caller)
            for unit in self._pages(caller, wanted, None):
                if unit.id not in clipped or clipped[unit.id].now:
                    found[unit.id] = unit
                if len(found) >= limit:
                    break
        held = _held([reach for reach in others if reach.now])
        if held.units:
            for unit in self._pages(caller, wanted, held):
                found[unit.id] = unit
                if len(found) >= 2 * limit:
                    break
        return [found[unit_id] for unit_id in sorted(found)][:limit]

    def _pages(self, caller: Caller, wanted: UnitFilter, held: Held | None) -> Iterator[Unit]:
        cursor: str | None = None
        while True:
            try:
                page = self._fleet.list(caller.organisation_id, wanted, limit=PAGE_SIZE_MAX, cursor=cursor, held=held)
            except NotFound:  # the unit below which they are to be is not within reach
                return
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                return


def _held(reaches: Sequence[Reach]) -> Held:
    return Held({reach.unit_id: reach.organisation_id for reach in reaches}, {})

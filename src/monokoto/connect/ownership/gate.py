"""The gate: what of a unit lies open to a caller. Asked by every route about a unit, on the event loop, from memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monokoto.connect.fleet import Directory
from monokoto.connect.ownership.ledger import Ledger
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
from monokoto.web import Caller, Gate, Reach, Side

_MAKER = "maker"


class UnitGate(Gate):
    """Implements `web.Gate` over the directory (who made which unit) and the ledger (whose they became)."""

    def __init__(self, directory: Directory, ledger: Ledger) -> None:
        self._directory = directory
        self._ledger = ledger

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        """Raises NotFound when nothing of the unit lies open to the caller."""
        reach = self._ledger.reach(caller.organisation_id, unit_id)
        if reach is not None:
            return reach
        unit = self._directory.find(unit_id)
        if unit is None or unit.organisation_id != caller.organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
        return _made(unit_id, unit.organisation_id)

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        """None for a maker; for others the units they hold, by id (and those they made, should they have made any)."""
        if caller.organisation_kind == _MAKER:
            return None
        held = self._ledger.foreign(caller.organisation_id)
        made = self._directory.units(caller.organisation_id).tolist()
        if not made:
            return held
        clipped = self._ledger.clipped(caller.organisation_id)
        own = (clipped.get(unit_id) or _made(unit_id, caller.organisation_id) for unit_id in made)
        return sorted((*held, *own), key=lambda reach: reach.unit_id)

    def held(self, caller: Caller) -> Sequence[Reach]:
        """Units of other makers within reach, by id."""
        return self._ledger.foreign(caller.organisation_id)

    def clipped(self, caller: Caller) -> Mapping[int, Reach]:
        """Own units that are not wholly open."""
        return self._ledger.clipped(caller.organisation_id)


def _made(unit_id: int, organisation_id: int) -> Reach:
    return Reach(unit_id=UnitId(unit_id), organisation_id=OrganisationId(organisation_id), side=Side.MAKER)

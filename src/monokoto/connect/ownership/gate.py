"""The gate: what of a unit lies open to a caller. Asked by every route about a unit, on the event loop, from memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from monokoto.connect.fleet import Directory
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
from monokoto.web import Caller, Reach, Side


class UnitGate:
    """Implements `web.Gate`."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        """Raises NotFound when nothing of the unit lies open to the caller."""
        unit = self._directory.get(unit_id)
        if unit is None:
            # Registered a moment ago: the directory may not have seen it yet.
            self._directory.refresh()
            unit = self._directory.get(unit_id)
        if unit is None or unit.organisation_id != caller.organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
        return Reach(unit_id=UnitId(unit_id), organisation_id=OrganisationId(unit.organisation_id), side=Side.MAKER)

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        """None: the caller's organisation made them all."""
        return None

    def held(self, caller: Caller) -> Sequence[Reach]:
        """Units of other makers within reach."""
        return ()

    def clipped(self, caller: Caller) -> Mapping[int, Reach]:
        """Own units that are not wholly open."""
        return {}

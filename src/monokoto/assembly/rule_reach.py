"""Which units the rules of an organisation are for: out of the directory (what they are) and the ledger (whose they are)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from monokoto.connect.fleet import Directory, Fleet, UnitFilter
from monokoto.connect.ownership import Ledger
from monokoto.kernel.errors import NotFound, TooLarge
from monokoto.kernel.ids import OrganisationId, UnitId, format_id
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.operate.groups import Groups
from monokoto.operate.rules import Watched
from monokoto.operate.telemetry import Windows

Int64s = npt.NDArray[np.int64]


class RuleReach:
    """As `rules.Reach`."""

    def __init__(self, directory: Directory, ledger: Ledger, fleet: Fleet, groups: Groups) -> None:
        self._directory = directory
        self._ledger = ledger
        self._fleet = fleet
        self._groups = groups

    def kinds(self) -> Collection[tuple[int, str, str]]:
        """As `Reach.kinds`."""
        return self._directory.kinds()

    def makers(self, organisation_id: int, product: str) -> Collection[OrganisationId]:
        """As `Reach.makers`: its own product first of all, where it has one of the name."""
        found = self._makers(organisation_id, product)
        if not found:
            self._read_again()
            found = self._makers(organisation_id, product)
        return found

    def _read_again(self) -> None:
        """Units may have been registered, or handed on, a moment ago: a miss is looked up in the records."""
        self._directory.refresh()
        self._ledger.refresh()

    def _makers(self, organisation_id: int, product: str) -> list[OrganisationId]:
        if any((organisation_id, product) == kind[:2] for kind in self._directory.kinds()):
            return [OrganisationId(organisation_id)]
        held = [reach for reach in self._ledger.foreign(organisation_id) if reach.now]
        units = np.array([reach.unit_id for reach in held], np.int64)
        named = self._of_product(units, None, product)
        return sorted({reach.organisation_id for reach, fits in zip(held, named.tolist(), strict=True) if fits})

    def open_units(
        self, organisation_id: int, maker_id: int, product: str, *, control: bool, wanted: Sequence[int] = ()
    ) -> Int64s:
        """As `Reach.open_units`."""
        found = self._opened(organisation_id, maker_id, product, control=control)
        if not np.isin(np.array(wanted, np.int64), found).all():
            self._read_again()
            found = self._opened(organisation_id, maker_id, product, control=control)
        return found

    def _opened(self, organisation_id: int, maker_id: int, product: str, *, control: bool) -> Int64s:
        found = self._open(organisation_id, maker_id, control=control)
        return found[self._of_product(found, maker_id, product)]

    def _open(self, organisation_id: int, maker_id: int, *, control: bool) -> Int64s:
        """The units of a maker whose present lies open, sorted."""
        if maker_id != organisation_id:
            held = (one for one in self._ledger.foreign(organisation_id) if one.organisation_id == maker_id)
            return np.array([one.unit_id for one in held if one.now and (one.control or not control)], np.int64)
        made = self._directory.units(organisation_id)
        closed = {unit_id for unit_id, reach in self._ledger.clipped(organisation_id).items() if not reach.now}
        if control:
            reaches = ((one, self._ledger.reach(organisation_id, one)) for one in self._ledger.owned(organisation_id))
            closed |= {unit_id for unit_id, reach in reaches if reach is None or not reach.control}
        return np.setdiff1d(made, np.fromiter(closed, np.int64, len(closed)), assume_unique=True) if closed else made

    def open_to(self, organisation_id: int, maker_id: int, units: Sequence[int]) -> Windows | None:
        """The times of a maker's units that lie open to an organisation; None: all of them."""
        if maker_id != organisation_id:
            held = {one.unit_id: one for one in self._ledger.foreign(organisation_id)}
            return Windows({unit: held[UnitId(unit)].times for unit in units if unit in held}, others=False)
        clipped = self._ledger.clipped(organisation_id)
        times = {unit: clipped[unit].times for unit in units if unit in clipped}
        return Windows(times) if times else None

    def selected(self, organisation_id: int, watched: Watched) -> Int64s | None:
        """As `Reach.selected`."""
        found = self._tagged(organisation_id, watched) if watched.tags else None
        if not watched.group:
            return found
        members = self.members(organisation_id, format_id(watched.group))
        return members if found is None else np.intersect1d(found, members)

    def members(self, organisation_id: int, group: str) -> Int64s:
        """As `Reach.members`."""
        try:
            return np.array(self._groups.members(organisation_id, group), np.int64)
        except (NotFound, TooLarge):  # it is gone, or grew past what a group may be: it has nobody then
            return np.empty(0, np.int64)

    def _of_product(self, units: Int64s, maker_id: int | None, product: str) -> npt.NDArray[np.bool_]:
        described = self._directory.described(units)
        fits = np.array(
            [kind[1] == product and maker_id in (None, kind[0]) for kind in described.kinds] + [False], np.bool_
        )
        return fits[described.kind]  # -1, where there is no unit, is the last one

    def _tagged(self, organisation_id: int, watched: Watched) -> Int64s:
        found: list[int] = []
        wanted, cursor = UnitFilter(product=watched.product, tags=watched.tags), None
        while True:
            page = self._fleet.list(organisation_id, wanted, limit=PAGE_SIZE_MAX, cursor=cursor)
            found += [unit.id for unit in page.items]
            cursor = page.next_cursor
            if cursor is None:
                return np.unique(np.array(found, np.int64))

"""What rules ask of others; assembly hands it in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from monokoto.kernel.ids import OrganisationId
from monokoto.operate.rules.added.added_rule import Watched

Int64s = npt.NDArray[np.int64]


class Reach(Protocol):
    """Which units lie open to an organisation at present. Blocking."""

    def kinds(self) -> Collection[tuple[int, str, str]]:
        """Organisation, product and version of all units there are."""
        ...

    def makers(self, organisation_id: int, product: str) -> Collection[OrganisationId]:
        """The organisations that made units of a product of this name which lie open to this one."""
        ...

    def open_units(
        self, organisation_id: int, maker_id: int, product: str, *, control: bool, wanted: Sequence[int] = ()
    ) -> Int64s:
        """The units of a product whose present lies open to an organisation, sorted; with `control` only those it may tell
        what to do. From memory; the records are read when one that is `wanted` is not among them."""
        ...

    def selected(self, organisation_id: int, watched: Watched) -> Int64s | None:
        """The units that have the tags and are in the group, sorted; None: neither is asked for."""
        ...

    def members(self, organisation_id: int, group: str) -> Int64s:
        """The units of a group by its name or id, sorted; nobody where there is no such group."""
        ...


def units_of(reach: Reach, organisation_id: int, watched: Watched, open_units: Int64s) -> Int64s:
    """The units a rule is for, of those that lie open."""
    found = open_units
    if watched.units:
        found = np.intersect1d(found, np.array(watched.units, np.int64))
    selected = reach.selected(organisation_id, watched)
    return found if selected is None else np.intersect1d(found, selected)

"""Which gateways have applications that watch which units: what the platform knows of it, in memory.

A gateway's own table is the truth; here is a copy, brought up to date when the revisions differ. What a gateway asked for
since it was last asked for its table is kept beside it, so that nothing is missed in between.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from monokoto.connect.gateway import live


@dataclass(frozen=True, slots=True)
class Viewer:
    """As whom a unit is watched: what the gate decides by."""

    organisation_id: int
    kind: str


_NOBODY: dict[Viewer, dict[str, int]] = {}
Watch = tuple[Viewer, int, int]
"""Who watches, the unit (or `EVERY`), its aspects."""


@dataclass(slots=True)
class GatewayWatches:
    """One gateway."""

    revision: int = 0
    """Of the table that was last taken in; 0: none yet."""
    heard_at: float = 0.0
    """When it last beat or asked, monotonic."""
    watches: set[Watch] = field(default_factory=set)
    recent: set[Watch] = field(default_factory=set)
    """Asked for since the table was last asked for."""
    sent: int = 0
    """The number of the last bulletin to it."""
    sent_before: int = 0
    """What `sent` was at its last beat but one: that must have arrived by now."""


class Interest:
    """Everybody's."""

    def __init__(self) -> None:
        self.gateways: dict[str, GatewayWatches] = {}
        self._units: dict[int, dict[Viewer, dict[str, int]]] = {}
        self._fleets: dict[int, dict[Viewer, dict[str, int]]] = {}
        self._lock = threading.Lock()
        self._sorted: npt.NDArray[np.int64] | None = None

    def __bool__(self) -> bool:
        return bool(self._units or self._fleets)

    @property
    def units(self) -> npt.NDArray[np.int64]:
        """The units watched by themselves, sorted."""
        if self._sorted is None:
            self._sorted = np.sort(np.fromiter(self._units, np.int64, len(self._units)))
        return self._sorted

    def fleet(self, maker_id: int) -> bool:
        """Whether somebody watches all units of this maker."""
        return maker_id in self._fleets

    def watched(self, aspect: live.Aspect) -> list[int]:
        """The units watched by themselves in this aspect."""
        return [
            unit_id
            for unit_id, viewers in self._units.items()
            if any(aspects & aspect for gateways in viewers.values() for aspects in gateways.values())
        ]

    def of(self, unit_id: int, maker_id: int, aspect: live.Aspect) -> list[tuple[Viewer, str]]:
        """Who watches this of a unit, and at which gateway. From any thread."""
        with self._lock:
            return [
                (viewer, gateway)
                for found in (self._units.get(unit_id, _NOBODY), self._fleets.get(maker_id, _NOBODY))
                for viewer, gateways in found.items()
                for gateway, aspects in gateways.items()
                if aspects & aspect
            ]

    def hear(self, name: str, at: float) -> GatewayWatches:
        """A gateway lives."""
        gateway = self.gateways.setdefault(name, GatewayWatches())
        gateway.heard_at = at
        return gateway

    def add(self, name: str, watch: Watch) -> None:
        """A gateway asked for one more."""
        gateway = self.gateways[name]
        gateway.recent.add(watch)
        if watch not in gateway.watches:
            gateway.watches.add(watch)
            with self._lock:
                self._enter(name, watch)

    def replace(self, name: str, table: live.Table) -> set[int]:
        """Take a gateway's table in; returns the units that are watched only now."""
        gateway = self.gateways[name]
        told = {
            (Viewer(one.organisation_id, one.kind), unit_id, one.aspects) for one in table.watched for unit_id in one
        } | gateway.recent
        dropped = gateway.watches - told
        fresh = told - gateway.watches
        again = {watch[:2] for watch in dropped}
        with self._lock:
            for watch in dropped:
                self._leave(name, watch)
            for watch in told:
                if watch in fresh or watch[:2] in again:
                    self._enter(name, watch)
        gateway.watches, gateway.revision = told, table.revision
        return {unit_id for _, unit_id, _ in fresh if unit_id != live.EVERY}

    def forget(self, name: str) -> None:
        """A gateway is silent: it watches nothing."""
        watches = self.gateways.pop(name).watches
        with self._lock:
            for watch in watches:
                self._leave(name, watch)

    def _enter(self, name: str, watch: Watch) -> None:
        viewer, _, aspects = watch
        gateways = self._place(watch).setdefault(viewer, {})
        gateways[name] = gateways.get(name, 0) | aspects
        self._sorted = None

    def _leave(self, name: str, watch: Watch) -> None:
        """Take it out; another watch of the same unit by the same gateway is entered again by who calls."""
        viewer, unit_id, _ = watch
        places = self._fleets if unit_id == live.EVERY else self._units
        key = viewer.organisation_id if unit_id == live.EVERY else unit_id
        viewers = places.get(key, {})
        gateways = viewers.get(viewer, {})
        gateways.pop(name, None)
        if not gateways:
            viewers.pop(viewer, None)
        if not viewers:
            places.pop(key, None)
        self._sorted = None

    def _place(self, watch: Watch) -> dict[Viewer, dict[str, int]]:
        viewer, unit_id, _ = watch
        if unit_id == live.EVERY:
            return self._fleets.setdefault(viewer.organisation_id, {})
        return self._units.setdefault(unit_id, {})

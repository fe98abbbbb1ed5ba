"""The fleet at a glance, from memory. Blocking for a moment (dead letters, places): called in threads."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from monokoto.connect.fleet import Box, Described, Directory, Located, Places, Status, UnitSets
from monokoto.connect.line import DeadLetters
from monokoto.connect.overview.arrivals import Arrivals, Pace
from monokoto.connect.overview.clusters import Cluster, clustered, inside
from monokoto.connect.presence import Presence
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.ids import first_id_at
from monokoto.web import Caller, Gate, Reach, Scope

_LETTERS_SECONDS = 10
"""How long a count of dead letters is good: the one number here that is asked of a store."""
_REMEMBERED_MAX = 1000
_DAY = 86_400 * MICROSECONDS_PER_SECOND
_WHOLE_EARTH = Box(-90.0, -180.0, 90.0, 180.0)
Int64s = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductCount:
    """How many units of a product there are."""

    product: str
    units: int
    online: int
    versions: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A fleet in numbers."""

    units: int
    online: int
    never_seen: int
    suspended: int
    fresh: int
    """Since the instant asked for: registered by their maker, come to whoever holds them."""
    claimed: int
    located: int
    products: tuple[ProductCount, ...]
    dead_letters: int | None
    """Since the instant asked for; None: not the caller's to know."""
    pace: Pace | None
    alerts: int | None = None
    """That stand, without those that are shelved or hidden; None: not the caller's to know."""


@dataclass(frozen=True, slots=True)
class _Fleet:
    """The units a caller counts, by id, and what each is."""

    units: Int64s
    reaches: tuple[Reach, ...] | None
    """Of whoever holds units of others; None: a maker."""


class Overview:
    """Answers for whole fleets."""

    def __init__(
        self,
        *,
        gate: Gate,
        directory: Directory,
        presence: Presence,
        unit_sets: UnitSets,
        places: Places,
        dead_letters: DeadLetters,
        arrivals: Arrivals,
        clock: Clock,
        standing: Callable[[Caller], int | None] = lambda _caller: None,
    ) -> None:
        """`standing`: how many alerts stand, of those that lie open to a caller."""
        self._gate = gate
        self._directory = directory
        self._presence = presence
        self._unit_sets = unit_sets
        self._places = places
        self._dead_letters = dead_letters
        self._arrivals = arrivals
        self._clock = clock
        self._standing = standing
        self._letters: dict[tuple[int, int], tuple[int, int]] = {}
        self._lock = threading.Lock()

    def summary(self, caller: Caller, since: int) -> Summary:
        """The fleet of a caller in numbers."""
        fleet = self._fleet(caller)
        present = self._present(caller, fleet)
        counts = self._presence.count(caller.organisation_id, present)
        described = self._directory.described(fleet.units)
        online = np.isin(fleet.units, self._online(caller, present))
        owned = np.array(self._unit_sets.owned(caller.organisation_id), np.int64)
        telemetry = fleet.reaches is None and caller.may(Scope.TELEMETRY_READ)
        return Summary(
            units=len(fleet.units),
            online=counts.online,
            never_seen=counts.never_seen,
            suspended=int((described.status == list(Status).index(Status.SUSPENDED)).sum()),
            fresh=_fresh(fleet, since),
            claimed=int(np.isin(fleet.units, owned).sum()),
            located=len(self._located(caller, fleet).unit),
            products=_products(described, online),
            dead_letters=self._letters_since(caller, since) if telemetry else None,
            pace=self._arrivals.pace(caller.organisation_id) if telemetry else None,
            alerts=self._standing(caller) if caller.may(Scope.TELEMETRY_READ) else None,
        )

    def map(self, caller: Caller, *, box: Box | None, cells: int, product: str, online: bool | None) -> list[Cluster]:
        """Where the fleet of a caller is, in cells of which a box is so many wide."""
        fleet = self._fleet(caller)
        located = inside(self._located(caller, fleet), box or _WHOLE_EARTH)
        if product:
            described = self._directory.described(located.unit)
            named = np.array([kind[1] == product for kind in described.kinds] + [False], np.bool_)
            located = located.only(named[described.kind])
        live = np.isin(located.unit, self._online(caller, self._present(caller, fleet)))
        if online is not None:
            located, live = located.only(live == online), live[live == online]
        return clustered(located, live, box or _WHOLE_EARTH, cells)

    @property
    def day_ago(self) -> int:
        """What counts as lately when nobody says."""
        return self._clock.now() - _DAY

    def serial(self, unit_id: int) -> str:
        """What a unit is called on its plate."""
        unit = self._directory.find(unit_id)
        return "" if unit is None else unit.serial

    def _fleet(self, caller: Caller) -> _Fleet:
        reaches = self._gate.units(caller)
        if reaches is None:
            return _Fleet(self._directory.units(caller.organisation_id), None)
        present = tuple(reach for reach in reaches if reach.now)
        units = np.array([reach.unit_id for reach in present], np.int64)
        kept = self._directory.described(units).status != list(Status).index(Status.RETIRED)
        return _Fleet(units[kept], tuple(reach for reach, keep in zip(present, kept, strict=True) if keep))

    def _present(self, caller: Caller, fleet: _Fleet) -> Int64s:
        """Of the fleet those whose present lies open: what is online is told of them alone."""
        closed = [] if fleet.reaches is not None else _closed(self._gate, caller)
        return np.setdiff1d(fleet.units, closed) if closed else fleet.units

    def _online(self, caller: Caller, present: Int64s) -> Int64s:
        return np.array(self._presence.connected(caller.organisation_id, present.tolist()), np.int64)

    def _located(self, caller: Caller, fleet: _Fleet) -> Located:
        """Where a unit is belongs to its present."""
        if fleet.reaches is None:
            located = self._places.of(caller.organisation_id)
            closed = _closed(self._gate, caller)
            return located.only(~np.isin(located.unit, closed)) if closed else located
        by_maker: dict[int, list[int]] = {}
        for reach in fleet.reaches:
            by_maker.setdefault(reach.organisation_id, []).append(reach.unit_id)
        return self._places.among(by_maker)

    def _letters_since(self, caller: Caller, since: int) -> int:
        key, now = (int(caller.organisation_id), since), self._clock.now()
        with self._lock:
            known = self._letters.get(key)
            if known is not None and now < known[0]:
                return known[1]
        windows = {unit_id: reach.times for unit_id, reach in self._gate.clipped(caller).items()}
        count = self._dead_letters.count_since(caller.organisation_id, since, windows=windows)
        with self._lock:
            if len(self._letters) >= _REMEMBERED_MAX:
                self._letters.clear()
            self._letters[key] = now + _LETTERS_SECONDS * MICROSECONDS_PER_SECOND, count
        return count


def _closed(gate: Gate, caller: Caller) -> list[int]:
    return [unit_id for unit_id, reach in gate.clipped(caller).items() if not reach.now]


def _fresh(fleet: _Fleet, since: int) -> int:
    if fleet.reaches is None:
        # Ids rise with time.
        return len(fleet.units) - int(np.searchsorted(fleet.units, first_id_at(since)))
    begins = [reach.periods[-1].begin for reach in fleet.reaches if reach.periods]
    return sum(1 for begin in begins if begin is not None and begin >= since)


def _products(described: Described, online: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> tuple[ProductCount, ...]:
    """By product, the most units first."""
    known = described.kind >= 0
    kinds = len(described.kinds)
    units = np.bincount(described.kind[known], minlength=kinds)
    live = np.bincount(described.kind[known], weights=online[known], minlength=kinds)
    versions: dict[str, Counter[str]] = {}
    connected: Counter[str] = Counter()
    for place in np.flatnonzero(units).tolist():
        _, product, version = described.kinds[place]
        versions.setdefault(product, Counter())[version] += int(units[place])
        connected[product] += int(live[place])
    found = [
        ProductCount(product=product, units=counts.total(), online=connected[product], versions=dict(counts))
        for product, counts in versions.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.units, one.product)))

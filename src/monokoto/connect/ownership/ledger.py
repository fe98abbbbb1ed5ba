"""All ownership in memory, and what follows from it for each organisation: what the gate answers from.

Kept per organisation, so that a question costs a look-up, and a list no more than those units. What changes by itself as
time goes on (a rental ends) is found by a heap of instants, looked at with every question: exact, and nothing waits for
a job. What others change is found by `refresh`.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from monokoto.connect.ownership.ownership import Access, Ownership, UnitLedger, reach_of
from monokoto.connect.ownership.store import (
    access_from_row,
    load_accesses,
    load_ownerships,
    ownership_changes,
    ownership_from_row,
    ownerships,
    unit_accesses,
)
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.web import Reach

_ROWS_FETCHED = 20_000


class _Holding:
    """What lies open to one organisation, of all units that anybody ever owned. Used under the ledger's lock."""

    def __init__(self, organisation_id: int) -> None:
        self._organisation_id = organisation_id
        self.reaches: dict[int, Reach] = {}
        self._held: dict[int, Reach] = {}
        """Those of other makers."""
        self._foreign: tuple[Reach, ...] | None = None
        self._closed: dict[int, Reach] = {}
        """Its own that are not wholly open."""
        self._clipped: Mapping[int, Reach] | None = None
        self._turns: list[tuple[int, int]] = []

    def put(self, unit: UnitLedger, now: int) -> None:
        """Work out a unit anew."""
        unit_id = unit.unit_id
        reach = reach_of(unit, self._organisation_id, now)
        before = self.reaches.get(unit_id)
        turn = unit.next_turn(now)
        if turn is not None:
            heapq.heappush(self._turns, (turn, unit_id))
        if reach == before:
            return
        _keep(self.reaches, unit_id, reach)
        if unit.organisation_id != self._organisation_id:
            _keep(self._held, unit_id, reach)
            self._foreign = None
        elif (reach is not None and not reach.always) or unit_id in self._closed:
            _keep(self._closed, unit_id, None if reach is None or reach.always else reach)
            self._clipped = None

    def turn(self, units: Mapping[int, UnitLedger], now: int) -> None:
        """Let time do what it does."""
        while self._turns and self._turns[0][0] <= now:
            _, unit_id = heapq.heappop(self._turns)
            self.put(units[unit_id], now)

    def foreign(self) -> tuple[Reach, ...]:
        """Units of other makers, by id."""
        if self._foreign is None:
            self._foreign = tuple(map(self._held.__getitem__, sorted(self._held)))
        return self._foreign

    def clipped(self) -> Mapping[int, Reach]:
        """Own units that are not wholly open."""
        if self._clipped is None:
            # A copy: somebody may be going through it while the next change comes.
            self._clipped = dict(self._closed)
        return self._clipped


def _keep(reaches: dict[int, Reach], unit_id: int, reach: Reach | None) -> None:
    if reach is None:
        reaches.pop(unit_id, None)
    else:
        reaches[unit_id] = reach


class Ledger:
    """The ownership of all units. `refresh` blocks; reading is quick and safe from any thread."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._units: dict[int, UnitLedger] = {}
        self._holdings: dict[int, _Holding] = {}
        self._numbers: dict[int, int] = {}
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()

    def __len__(self) -> int:
        return len(self._units)

    def moved(self, organisation_id: int | None = None) -> int:
        """A number that rises whenever units this organisation (None: any) made changed hands, as of the last `refresh`."""
        numbers = self._numbers
        return sum(numbers.values()) if organisation_id is None else numbers.get(organisation_id, 0)

    def refresh(self) -> int:
        """Take in what changed since the last time; returns how many units did. The first time loads them all."""
        with self._refreshing, self._records.read() as connection:
            # The numbers first: what changes between the two reads is read again by the next refresh.
            rows = connection.execute(sa.select(ownership_changes.c.organisation_id, ownership_changes.c.number)).all()
            numbers = {row.organisation_id: row.number for row in rows}
            if not self._numbers or any(numbers.get(one, 0) < known for one, known in self._numbers.items()):
                fresh = _load_all(connection)
                with self._lock:
                    self._units, self._holdings = {}, {}
                    self._take(fresh)
            else:
                fresh = _load_changes(connection, self._numbers, numbers)
                with self._lock:
                    self._take(fresh)
            self._numbers = numbers
            return len(fresh)

    def _take(self, fresh: Sequence[UnitLedger]) -> None:
        now = self._clock.now()
        for unit in fresh:
            before = self._units.get(unit.unit_id)
            self._units[unit.unit_id] = unit
            for organisation_id in unit.parties() | (before.parties() if before else set()):
                holding = self._holdings.get(organisation_id)
                if holding is None:
                    holding = self._holdings[organisation_id] = _Holding(organisation_id)
                holding.put(unit, now)

    def unit(self, unit_id: int) -> UnitLedger | None:
        """Who had and has a unit; None: nobody but its maker ever."""
        return self._units.get(unit_id)

    def reach(self, organisation_id: int, unit_id: int) -> Reach | None:
        """What of a unit that somebody ever owned lies open to an organisation."""
        if organisation_id not in self._holdings:
            return None
        with self._lock:
            holding = self._now(organisation_id)
            return None if holding is None else holding.reaches.get(unit_id)

    def foreign(self, organisation_id: int) -> Sequence[Reach]:
        """Units of other makers within an organisation's reach, by id."""
        with self._lock:
            holding = self._now(organisation_id)
            return () if holding is None else holding.foreign()

    def clipped(self, organisation_id: int) -> Mapping[int, Reach]:
        """An organisation's own units that are not wholly open to it."""
        with self._lock:
            holding = self._now(organisation_id)
            return {} if holding is None else holding.clipped()

    def owned(self, organisation_id: int) -> list[int]:
        """The units within an organisation's reach that belong to somebody other than their maker."""
        with self._lock:
            holding = self._now(organisation_id)
            return [] if holding is None else [one for one, reach in holding.reaches.items() if reach.owned]

    def _now(self, organisation_id: int) -> _Holding | None:
        holding = self._holdings.get(organisation_id)
        if holding is not None:
            holding.turn(self._units, self._clock.now())
        return holding


def _load_all(connection: sa.Connection) -> list[UnitLedger]:
    streamed = connection.execution_options(yield_per=_ROWS_FETCHED)
    return _ledgers(
        [ownership_from_row(row) for row in streamed.execute(sa.select(ownerships).order_by(ownerships.c.begins_at))],
        [
            access_from_row(row)
            for row in streamed.execute(sa.select(unit_accesses).order_by(unit_accesses.c.begins_at))
        ],
    )


def _load_changes(connection: sa.Connection, known: Mapping[int, int], numbers: Mapping[int, int]) -> list[UnitLedger]:
    fresh: list[UnitLedger] = []
    for organisation_id, number in numbers.items():
        since = known.get(organisation_id, 0)
        if number == since:
            continue
        changed: set[int] = set()
        for table in (ownerships, unit_accesses):
            later = (table.c.organisation_id == organisation_id) & (table.c.changed > since)
            changed.update(connection.execute(sa.select(table.c.unit_id).where(later).distinct()).scalars())
        fresh += _ledgers(
            load_ownerships(connection, organisation_id, changed), load_accesses(connection, organisation_id, changed)
        )
    return fresh


def _ledgers(owned: Iterable[Ownership], accesses: Iterable[Access]) -> list[UnitLedger]:
    by_unit: dict[int, tuple[list[Ownership], list[Access]]] = {}
    for ownership in owned:
        by_unit.setdefault(ownership.unit_id, ([], []))[0].append(ownership)
    for access in accesses:
        by_unit.setdefault(access.unit_id, ([], []))[1].append(access)
    return [
        UnitLedger(unit_id, (mine or used)[0].organisation_id, tuple(mine), tuple(used))
        for unit_id, (mine, used) in by_unit.items()
    ]

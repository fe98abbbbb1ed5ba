"""The directory: every unit's identity in memory, for those who see each message.

A million units must fit beside everything else, so identities are not kept as objects: a table of sorted columns holds
the fleet, a small dict over it what changed since, and a bounded cache the identities asked for lately. Table, dict and
cache stand in one state that is replaced whole, so that readers in any thread need no lock. Refused: a dict of
identities (450 bytes a unit), a query per message.

Retired and suspended units stay known by id: what they sent before was acknowledged and must still be decoded. They
are no longer found as somebody's child.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sqlalchemy as sa

from monokoto.connect.fleet.columns import (
    ACTIVE,
    RETIRED,
    STATUS_CODES,
    STATUSES,
    Gathered,
    Int64s,
    Kind,
    Kinds,
    Known,
    Table,
    name_key,
)
from monokoto.connect.fleet.store import fleet_changes, units
from monokoto.connect.fleet.unit import NOWHERE, UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import TEXT_LENGTH, format_id, parse_id
from monokoto.kernel.limits import TREE_DEPTH_MAX

_CACHE_MAX = 100_000
_CHANGES_MIN = 4096
_CHANGES_SHARE = 16
_ROWS_FETCHED = 20_000
_COLUMNS = (
    units.c.unit_id,
    units.c.organisation_id,
    units.c.product,
    units.c.version,
    units.c.serial,
    units.c.parent_id,
    units.c.status,
)


@dataclass(frozen=True, slots=True)
class Described:
    """What some units are, in columns as long as they are."""

    kind: np.ndarray[tuple[int], np.dtype[np.int32]]
    """Places in `kinds`; -1 where there is no such unit."""
    status: np.ndarray[tuple[int], np.dtype[np.uint8]]
    """Places in `columns.STATUSES`."""
    kinds: Sequence[Kind]


@dataclass(frozen=True, slots=True)
class _State:
    """The fleet at one moment. Only what it remembers (`cache`, `children`) is written to after it was made, and a miss there
    costs time alone."""

    table: Table
    kinds: Kinds
    changes: dict[int, Known] = field(default_factory=dict)
    """Units changed since the table was made."""
    named: dict[int, tuple[int, ...]] = field(default_factory=dict)
    """`name_key` of the changed ones with a parent, to their ids."""
    cache: dict[int, Known] = field(default_factory=dict)
    children: dict[tuple[int, str], UnitIdentity] = field(default_factory=dict)
    """Whom a unit meant lately by a name: gateways say the same names in each message."""

    def known(self, unit_id: int) -> Known | None:
        """A unit, wherever it stands."""
        known = self.cache.get(unit_id) or self.changes.get(unit_id)
        if known is None:
            row = self.table.row_of(unit_id)
            if row < 0:
                return None
            known = self.table.known(row, self.kinds.all)
            if len(self.cache) >= _CACHE_MAX:
                self.cache.clear()
            self.cache[unit_id] = known
        return known

    def distance(self, top_id: int, unit_id: int) -> int | None:
        """How many levels a unit is below another; None: it is not."""
        for levels in range(TREE_DEPTH_MAX):
            if unit_id == top_id:
                return levels
            known = self.known(unit_id)
            if known is None or known.identity.parent_id == NOWHERE:
                return None
            unit_id = known.identity.parent_id
        return None


class Directory:
    """All units of all organisations. `refresh` blocks and is called by one thread at a time; reading never waits."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._refreshing = threading.Lock()
        self._numbers: dict[int, int] = {}
        self._state = _empty_state()

    def __len__(self) -> int:
        state = self._state
        return len(state.table) + sum(1 for unit_id in state.changes if state.table.row_of(unit_id) < 0)

    def refresh(self) -> int:
        """Take in what changed since the last time; returns how many units did. The first time loads them all."""
        with self._refreshing, self._records.read() as connection:
            # The numbers first: what changes between the two reads is read again by the next refresh.
            rows = connection.execute(sa.select(fleet_changes.c.organisation_id, fleet_changes.c.number)).all()
            numbers = {row.organisation_id: row.number for row in rows}
            behind = any(numbers.get(organisation, 0) < known for organisation, known in self._numbers.items())
            if behind or not self._numbers:
                # The first time, or the records were put back to an earlier state.
                state, count = _load_all(connection)
            else:
                state, count = self._load_changes(connection, numbers)
            self._state, self._numbers = state, numbers
            return count

    def get(self, unit_id: int) -> UnitIdentity | None:
        """The unit with this id, whatever its status; None when there is none, or none yet."""
        known = self._state.known(unit_id)
        return None if known is None else known.identity

    def find(self, unit_id: int) -> UnitIdentity | None:
        """The same, also when the unit was registered a moment ago: a miss is looked up in the records, which blocks."""
        unit = self.get(unit_id)
        if unit is None:
            self.refresh()
            unit = self.get(unit_id)
        return unit

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        """The active unit with this id (text) or serial in the tree below a unit, that unit itself included.

        Of several with the same serial the nearest is meant, then the oldest.
        """
        state = self._state
        asked = (parent_unit_id, name)
        child = state.children.get(asked)
        if child is None:
            child = _child(state, parent_unit_id, name)
            if child is not None:  # Names of nobody are not remembered: there is no end of them.
                if len(state.children) >= _CACHE_MAX:
                    # Half of them, here and there: of more units than fit, saying their names in turn, some are still known.
                    for other in list(state.children)[::2]:
                        state.children.pop(other, None)
                state.children[asked] = child
        return child

    def units(self, organisation_id: int) -> Int64s:
        """The ids of an organisation's units that are not retired, sorted."""
        state = self._state
        table = state.table
        of_kind = state.kinds.organisations()
        mine = np.flatnonzero((of_kind == organisation_id)[table.kind] & (table.status != RETIRED))
        ids = table.unit[mine]
        if not state.changes:
            return ids
        changed = np.fromiter(state.changes, np.int64, len(state.changes))
        added = [
            unit_id
            for unit_id, known in state.changes.items()
            if known.identity.organisation_id == organisation_id and known.status != RETIRED
        ]
        return np.union1d(ids[~np.isin(ids, changed)], np.array(added, np.int64))

    def described(self, unit_ids: Int64s) -> Described:
        """Product, version and status of many units at once; quick, from memory."""
        state = self._state
        table, kinds = state.table, list(state.kinds.all)
        places = np.minimum(np.searchsorted(table.unit, unit_ids), max(len(table) - 1, 0))
        known = table.unit[places] == unit_ids if len(table) else np.zeros(len(unit_ids), np.bool_)
        kind = (
            np.where(known, table.kind[places], -1).astype(np.int32)
            if len(table)
            else np.full(len(known), -1, np.int32)
        )
        status = (
            np.where(known, table.status[places], ACTIVE).astype(np.uint8) if len(table) else known.astype(np.uint8)
        )
        numbers = {one: number for number, one in enumerate(kinds)}
        changed = np.fromiter(state.changes, np.int64, len(state.changes))
        for place in np.flatnonzero(np.isin(unit_ids, changed)).tolist():
            one = state.changes[int(unit_ids[place])]
            it = one.identity
            named = (it.organisation_id, str(it.product), it.version)
            if named not in numbers:
                numbers[named] = len(kinds)
                kinds.append(named)
            kind[place], status[place] = numbers[named], one.status
        return Described(kind, status, kinds)

    def moved(self, organisation_id: int | None = None) -> int:
        """A number that rises whenever units of this organisation (None: of any) changed, as of the last `refresh`."""
        numbers = self._numbers
        return sum(numbers.values()) if organisation_id is None else numbers.get(organisation_id, 0)

    def kinds(self) -> set[Kind]:
        """Organisation, product and version of all units there are or were since the start."""
        state = self._state
        changed = (known.identity for known in state.changes.values())
        return {*state.kinds.all, *((one.organisation_id, str(one.product), one.version) for one in changed)}

    @property
    def table_bytes(self) -> int:
        """Memory the table takes (the cache and the changes, both bounded, come on top)."""
        return self._state.table.bytes

    def _load_changes(self, connection: sa.Connection, numbers: dict[int, int]) -> tuple[_State, int]:
        old = self._state
        changed: dict[int, Known] = {}
        for organisation_id, number in numbers.items():
            since = self._numbers.get(organisation_id, 0)
            if number != since:
                query = sa.select(*_COLUMNS).where(units.c.organisation_id == organisation_id, units.c.changed > since)
                changed.update((known.identity.unit_id, known) for known in map(_known, connection.execute(query)))
        if not changed:
            return old, 0
        changes = old.changes | changed
        if len(changes) > _CHANGES_MIN + len(old.table) // _CHANGES_SHARE:
            gathered = Gathered(old.kinds)
            gathered.add_rows([_row(known) for known in changes.values()])
            return _State(old.table.merged(gathered.table()), old.kinds), len(changed)
        # Copies: a reader that is filling the old state's caches with what it read there cannot spoil the new one.
        cache = dict(old.cache)
        for unit_id in changed:
            cache.pop(unit_id, None)
        children = _still_meant(old, changed)
        return _State(old.table, old.kinds, changes, _names(changes.values()), cache, children), len(changed)


def _child(state: _State, parent_unit_id: int, name: str) -> UnitIdentity | None:
    parent = state.known(parent_unit_id)
    if parent is None:
        return None
    found: list[tuple[int, int, UnitIdentity]] = []
    for unit_id in {parent_unit_id, *_candidates(state, parent.identity.organisation_id, name)}:
        known = state.known(unit_id)
        if known is None or known.status != ACTIVE or not _called(known.identity, name):
            continue
        levels = state.distance(parent_unit_id, unit_id)
        if levels is not None:
            found.append((levels, unit_id, known.identity))
    return min(found)[2] if found else None


def _still_meant(old: _State, changed: Mapping[int, Known]) -> dict[tuple[int, str], UnitIdentity]:
    """Whom names mean after a change: the names of a changed unit, old and new, may mean another; one that moved to another
    place or maker took its whole tree with it."""
    serials, ids = set(), set()
    for unit_id, known in changed.items():
        before, now = old.known(unit_id), known.identity
        if before is not None:
            was = before.identity
            if (was.parent_id, was.organisation_id) != (now.parent_id, now.organisation_id):
                return {}
            serials.add(was.serial)
        serials.add(now.serial)
        ids.add(format_id(unit_id))
    return {
        (parent, name): child
        for (parent, name), child in dict(old.children).items()
        if name not in serials and not (len(name) == TEXT_LENGTH and name.lower() in ids)
    }


def _empty_state() -> _State:
    kinds = Kinds()
    return _State(Gathered(kinds).table(), kinds)


def _load_all(connection: sa.Connection) -> tuple[_State, int]:
    kinds = Kinds()
    gathered = Gathered(kinds)
    streamed = connection.execution_options(stream_results=True, yield_per=_ROWS_FETCHED)
    for rows in streamed.execute(sa.select(*_COLUMNS)).partitions():
        gathered.add_rows(rows)
    table = gathered.table()
    return _State(table, kinds), len(table)


def _known(row: Any) -> Known:
    unit_id, organisation_id, product, version, serial, parent_id, status = row
    return Known(UnitIdentity(unit_id, organisation_id, product, version, serial, parent_id), STATUS_CODES[status])


def _row(known: Known) -> tuple[Any, ...]:
    it = known.identity
    return (it.unit_id, it.organisation_id, it.product, it.version, it.serial, it.parent_id, STATUSES[known.status])


def _names(changes: Iterable[Known]) -> dict[int, tuple[int, ...]]:
    named: dict[int, tuple[int, ...]] = {}
    for known in changes:
        if known.identity.parent_id != NOWHERE:
            key = name_key(known.identity.organisation_id, known.identity.serial)
            named[key] = (*named.get(key, ()), known.identity.unit_id)
    return named


def _candidates(state: _State, organisation_id: int, name: str) -> Iterable[int]:
    key = name_key(organisation_id, name)
    yield from state.table.children_named(key)
    yield from state.named.get(key, ())
    if len(name) == TEXT_LENGTH:
        try:
            yield parse_id(name)
        except Invalid:
            return


def _called(identity: UnitIdentity, name: str) -> bool:
    if identity.serial == name:
        return True
    try:
        return len(name) == TEXT_LENGTH and parse_id(name) == identity.unit_id
    except Invalid:
        return False

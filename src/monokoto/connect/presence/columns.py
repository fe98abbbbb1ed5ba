"""The presence of every unit in columns: about 70 bytes a unit, and an object for each live session alone.

What makes a replay harmless: `arrived` rises strictly within one gateway, so of one unit and one gateway every record
at or before the last one taken in is a repeat. Refused: comparing arrivals across gateways, whose clocks differ.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from monokoto.connect.presence.presence import Session, UnitPresence

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

COLUMNS: dict[str, type[np.generic]] = {
    "unit": np.int64,
    "last_seen": np.int64,
    "since": np.int64,
    "online": np.bool_,
    "reason": np.int32,
    "gateway": np.int32,
    "arrived": np.int64,
}
"""`reason` and `gateway` are numbers of names; `gateway` and `arrived` belong to the last record taken in."""
_ROWS_FIRST = 1024
_GATEWAYS_REMEMBERED_MAX = 8
_SESSIONS_PER_UNIT_MAX = 64
NOBODY = -1


class Names:
    """Texts that many units share, numbered from 0."""

    def __init__(self, texts: Collection[str] = ()) -> None:
        self.all = list(texts)
        self._numbers = {text: number for number, text in enumerate(self.all)}

    def number(self, text: str) -> int:
        """The number of a text, given when it is first seen."""
        known = self._numbers.get(text)
        if known is None:
            known = self._numbers[text] = len(self.all)
            self.all.append(text)
        return known


class Ended(NamedTuple):
    """A session's end: when, and why."""

    at: int
    reason: str


class PresenceColumns:
    """All units' presence. Written by one thread; reading from others sees each value old or new."""

    def __init__(self) -> None:
        self.columns: dict[str, npt.NDArray[np.generic]] = {
            name: np.zeros(_ROWS_FIRST, kind) for name, kind in COLUMNS.items()
        }
        self.count = 0
        self.gateways = Names()
        self.reasons = Names([""])
        self.sessions: dict[int, tuple[Session, ...]] = {}
        """By row, the sessions nobody ended; those of a dead gateway too, until it is given up."""
        self.earlier: dict[int, dict[int, int]] = {}
        """By row, the last arrival from gateways other than the one in the columns: for units that wander."""
        self.holders: set[str] = set()
        """The gateways that may hold sessions: all that were heard of and are not given up."""
        self.dead: frozenset[str] = frozenset()
        """Gateways that do not beat: their sessions do not count."""
        self._lookup: tuple[Int64s, Int64s] = (np.empty(0, np.int64), np.empty(0, np.int64))
        # Sorted ids and the row of each, replaced together: a reader sees both old or both new.

    def rows_of(self, units: Int64s) -> Int64s:
        """The row of each unit, -1 where it has none."""
        known, rows = self._lookup
        if not len(known):
            return np.full(len(units), NOBODY, np.int64)
        places = np.minimum(np.searchsorted(known, units), len(known) - 1)
        return np.where(known[places] == units, rows[places], NOBODY)

    def row_of(self, unit_id: int) -> int:
        """The row of one unit, -1 when it has none."""
        return int(self.rows_of(np.array([unit_id], np.int64))[0])

    def rows_for(self, units: Int64s) -> Int64s:
        """The row of each unit; those that have none get one."""
        rows = self.rows_of(units)
        missing = rows == NOBODY
        if missing.any():
            self.add(np.unique(units[missing]))
            rows = self.rows_of(units)
        return rows

    def add(self, units: Int64s) -> None:
        """Give rows to units that have none yet; each is named once."""
        first, self.count = self.count, self.count + len(units)
        capacity = len(self.columns["unit"])
        if self.count > capacity:
            more = max(self.count, 2 * capacity) - capacity
            # New arrays, not resized ones: a reader may hold the old.
            self.columns = {
                name: np.concatenate((column, np.zeros(more, column.dtype))) for name, column in self.columns.items()
            }
        self.int64("unit")[first : self.count] = units
        self.int64("gateway")[first : self.count] = NOBODY
        order = np.argsort(units, kind="stable")
        known, rows = self._lookup
        places = np.searchsorted(known, units[order])
        self._lookup = np.insert(known, places, units[order]), np.insert(rows, places, first + order)

    def int64(self, name: str) -> Int64s:
        """A column of integers."""
        column: Int64s = self.columns[name]  # type: ignore[assignment]
        return column

    def seen(self, units: Int64s, arrived: Int64s) -> None:
        """These units (each once) sent something. Late repeats change nothing."""
        rows = self.rows_for(units)
        last_seen = self.int64("last_seen")
        last_seen[rows] = np.maximum(last_seen[rows], arrived)

    def connected(self, row: int, session: Session) -> None:
        """A session began."""
        if self._is_repeat(row, session.gateway, session.since):
            return
        others = [one for one in self.sessions.get(row, ()) if one.session != session.session]
        self.sessions[row] = (*others[-_SESSIONS_PER_UNIT_MAX + 1 :], session)
        self.holders.add(session.gateway)
        self._judge(row, Ended(session.since, ""))

    def disconnected(self, row: int, gateway: str, session: str, ended: Ended) -> None:
        """A session ended."""
        if self._is_repeat(row, gateway, ended.at):
            return
        self._keep(row, [one for one in self.sessions.get(row, ()) if one.session != session])
        self._judge(row, ended)

    def bury(self, dead: frozenset[str], last_beats: Mapping[str, int]) -> None:
        """Count the sessions of exactly these gateways no more; one that beats again counts again."""
        changed = dead ^ self.dead
        self.dead = dead
        for row, sessions in list(self.sessions.items()):
            touched = {one.gateway for one in sessions} & changed
            if touched:
                self._judge(row, self._lost(row, touched, last_beats))

    def forget(self, gone: Collection[str], last_beats: Mapping[str, int]) -> None:
        """Drop the sessions of gateways that never come back."""
        self.holders.difference_update(gone)
        for row, sessions in list(self.sessions.items()):
            kept = [one for one in sessions if one.gateway not in gone]
            if len(kept) < len(sessions):
                self._keep(row, kept)
                self._judge(row, self._lost(row, gone, last_beats))

    def live(self, row: int) -> tuple[Session, ...]:
        """The sessions of a unit that count."""
        return tuple(one for one in self.sessions.get(row, ()) if one.gateway not in self.dead)

    def presence(self, row: int) -> UnitPresence:
        """What is known of the unit in a row."""
        columns = self.columns
        return UnitPresence(
            unit_id=int(columns["unit"][row]),
            online=bool(columns["online"][row]),
            since=int(columns["since"][row]),
            last_seen=int(columns["last_seen"][row]),
            reason=self.reasons.all[int(columns["reason"][row])],
            sessions=self.live(row),
        )

    def _lost(self, row: int, gateways: Collection[str], last_beats: Mapping[str, int]) -> Ended:
        """The unit was there until the last beat of its gateways, or until it was last heard of."""
        beats = [last_beats[gateway] for gateway in gateways if gateway in last_beats]
        return Ended(max(beats, default=int(self.int64("last_seen")[row])), "gateway-lost")

    def _keep(self, row: int, sessions: list[Session]) -> None:
        if sessions:
            self.sessions[row] = tuple(sessions)
        else:
            self.sessions.pop(row, None)

    def _judge(self, row: int, ended: Ended) -> None:
        """Whether the unit is online now; if that is news, since when and why."""
        live = self.live(row)
        online = self.columns["online"]
        if bool(live) == bool(online[row]):
            return
        online[row] = bool(live)
        since = max(one.since for one in live) if live else ended.at
        self.int64("since")[row] = since
        self.int64("reason")[row] = self.reasons.number("" if live else ended.reason)

    def _is_repeat(self, row: int, gateway: str, arrived: int) -> bool:
        """Whether this record, or a later one of the same unit and gateway, was taken in before; else it is noted."""
        number = self.gateways.number(gateway)
        gateways, arrivals = self.int64("gateway"), self.int64("arrived")
        held = int(gateways[row])
        earlier = self.earlier.get(row, {})
        known = int(arrivals[row]) if held == number else earlier.get(number, -1)
        if arrived <= known:
            return True
        if held not in {number, NOBODY}:
            others = {other: at for other, at in earlier.items() if other != number} | {held: int(arrivals[row])}
            latest = sorted(others, key=others.__getitem__)[-_GATEWAYS_REMEMBERED_MAX:]
            self.earlier[row] = {other: others[other] for other in latest}
        gateways[row], arrivals[row] = number, arrived
        last_seen = self.int64("last_seen")
        last_seen[row] = max(int(last_seen[row]), arrived)
        return False

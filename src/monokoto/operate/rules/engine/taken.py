"""Rows in the order of event time, with what was known of their units before: what all rules of a stream look at."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from monokoto.operate.conditions import Vector
from monokoto.operate.rules.engine.arrays import Array, Arrays, Bools, Int64s, rows_of, values_at
from monokoto.operate.rules.engine.arrays import Rows as Place
from monokoto.operate.rules.engine.order import firsts
from monokoto.operate.rules.engine.rows import NO_EVENT, Rows
from monokoto.operate.rules.engine.slots import Slot, vector_of

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot over rows: the value held at each, and where it was read (None: at each row itself)."""

    values: Array
    read: Int64s | None
    """The row at which the value was read; before the unit's first row here: it was known before."""


@dataclass(slots=True)
class Taken:
    """Rows grouped by unit, of each unit in order of event time."""

    rows: Rows
    state: Arrays
    """Of the stream, as it was before these rows."""
    number: Int64s
    """Which of `units` each row is about."""
    starts: Int64s
    units: Int64s
    """The stream's row of each unit, once."""
    kept: Int64s | None = None
    """Rows that stand for themselves; the others only lend their values to the row after them. None: all."""
    _filled: dict[str, Filled] = field(default_factory=dict)
    _vectors: dict[str, Vector] = field(default_factory=dict)
    _every_row: Int64s | None = None
    _ends: Int64s | None = None
    _last: Int64s | None = None
    _place: Place | None = None
    _shared: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows, state: Arrays) -> Taken:
        """Rows that are in order already."""
        starts = firsts(rows.unit)
        number = np.zeros(len(rows), np.int64)
        number[starts[1:]] = 1
        np.cumsum(number, out=number)
        return cls(rows, state, number, starts, rows.unit[starts], _kept(rows))

    @property
    def ends(self) -> Int64s:
        """Where each unit's last row is."""
        if self._ends is None:
            self._ends = np.append(self.starts[1:], len(self.rows)) - 1
        return self._ends

    @property
    def last(self) -> Int64s:
        """Of each unit, the last instant before these rows."""
        if self._last is None:
            self._last = values_at(self.state["last"], self.place)
        return self._last

    @property
    def place(self) -> Place:
        """Where the units are in arrays over all units."""
        if self._place is None:
            self._place = rows_of(self.units)
        return self._place

    @property
    def every_row(self) -> Int64s:
        """The rows by number."""
        if self._every_row is None:
            self._every_row = np.arange(len(self.rows))
        return self._every_row

    def shared(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What rules that look at every row find alike: made for the first of them, and nobody writes to it."""
        if key not in self._shared:
            self._shared[key] = make()
        found: _T = self._shared[key]
        return found

    def vector(self, slot: Slot) -> Vector:
        """A slot at each row; made once for all rules."""
        found = self._vectors.get(slot.key)
        if found is None:
            found = self._vectors[slot.key] = vector_of(slot, self.filled(slot.key).values)
        return found

    def filled(self, slot: str) -> Filled:
        """The values held at each row."""
        found = self._filled.get(slot)
        if found is None:
            found = self._filled[slot] = self._fill(slot)
        return found

    def _fill(self, slot: str) -> Filled:
        said = self.rows.said.get(slot)
        if said is None:
            return Filled(self.state[slot][self.rows.unit], np.full(len(self.rows), -1, np.int64))
        if said.present is None:
            return Filled(said.values, None)
        read = np.maximum.accumulate(np.where(said.present, np.arange(len(self.rows)), -1))
        here = read >= self.starts[self.number]
        return Filled(np.where(here, said.values[read], self.state[slot][self.rows.unit]), np.where(here, read, -1))

    def fresh(self, slots: Mapping[str, object] | frozenset[str] | set[str]) -> Bools:
        """Whether a row brings a reading of any of these slots."""
        found = np.zeros(len(self.rows), np.bool_)
        for slot in slots:
            said = self.rows.said.get(slot)
            if said is None:
                continue
            if said.present is None:
                return np.ones(len(self.rows), np.bool_)
            found |= said.present
        return found

    def carried_over(self, flags: Bools) -> Bools:
        """Flags of all rows as flags of the rows kept: a row that only lends its values lends its flag too."""
        if self.kept is None:
            return flags
        sums = np.cumsum(flags)[self.kept]
        return np.diff(sums, prepend=0) > 0

    def leave_in(self, slots: Mapping[str, object]) -> None:
        """Make what these rows say what is known of their units."""
        ends, at = self.ends, self.rows.at
        at_end = at[ends]
        for slot in slots:
            if slot not in self.rows.said:
                continue
            filled = self.filled(slot)
            self.state[slot][self.place] = filled.values[ends]
            if filled.read is None:
                self.state[f"{slot}@"][self.place] = at_end
            else:
                read = filled.read[ends]
                there = read >= 0
                self.state[f"{slot}@"][self.units[there]] = at[read[there]]


def _kept(rows: Rows) -> Int64s | None:
    """Without the readings that another one of the same unit, commit and instant follows: they are one step."""
    if len(rows) < 2:
        return None
    same = (rows.unit[1:] == rows.unit[:-1]) & (rows.at[1:] == rows.at[:-1]) & (rows.arrived[1:] == rows.arrived[:-1])
    if rows.events is not None:
        same &= (rows.events[1:] == NO_EVENT) & (rows.events[:-1] == NO_EVENT)
    if not same.any():
        return None
    return np.flatnonzero(np.append(~same, True))

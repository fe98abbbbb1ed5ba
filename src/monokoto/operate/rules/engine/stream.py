"""The units of one product in order of event time, and what was last read of each: shared by rules with one lateness.

A reading that came more than the lateness behind the newest of its unit changes nothing. Without a lateness every other
reading is taken at once; with one it waits until a reading that much newer came, so that those between find their place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monokoto.kernel.limits import RULE_WAITING_READINGS_MAX
from monokoto.operate.conditions import CelType
from monokoto.operate.rules.engine.arrays import NEVER, Array, Arrays, Int64s, rows_of
from monokoto.operate.rules.engine.dictionary import UNKNOWN
from monokoto.operate.rules.engine.order import as_it_came, by_unit, firsts, late
from monokoto.operate.rules.engine.rows import Rows, joined
from monokoto.operate.rules.engine.slots import Slot
from monokoto.operate.rules.engine.taken import Taken
from monokoto.operate.twins import RowIndex

MISSING = -1
"""The row of a unit that has none."""


@dataclass(slots=True)
class Stream:
    """Rows, what they last said, and readings that wait for their place."""

    lateness: int = 0
    """Microseconds."""
    index: RowIndex = field(default_factory=RowIndex)
    unit: Int64s = field(default_factory=lambda: np.zeros(64, np.int64))
    """The id of each row."""
    state: Arrays = field(default_factory=Arrays)
    """`newest`: event time of the newest reading; `arrived`: the commit of the last one; `last`: event time of the last one
    taken; and for each slot its value and, under the slot's key with `@`, when it was read."""
    slots: dict[str, Slot] = field(default_factory=dict)
    waiting: Rows | None = None
    begun: bool = False
    """Whether the units that reported before there was a stream were looked for."""
    late: int = 0
    hurried: int = 0
    """Readings taken before their time, because too many waited."""

    def __post_init__(self) -> None:
        for name in ("newest", "arrived", "last"):
            self.state.add(name, np.int64, NEVER)

    def __len__(self) -> int:
        return len(self.index)

    def slot(self, name: str, kind: CelType) -> Slot:
        """The slot of a name, made when there is none."""
        slot = Slot.of(name, kind)
        if slot.key not in self.slots:
            self.slots[slot.key] = slot
            self.state.add(slot.key, np.int32 if kind.coded else np.float64, slot.blank)
            self.state.add(f"{slot.key}@", np.int64, NEVER)
        return self.slots[slot.key]

    def row_of(self, unit_id: int) -> int:
        """The row of one unit, -1 when it has none."""
        return int(self.index.find(np.array([unit_id], np.int64))[0])

    def rows_for(self, units: Int64s) -> Int64s:
        """The row of each unit; those that have none get one."""
        rows = self.index.find(units)
        if (rows == MISSING).any():
            self.add(np.unique(units[rows == MISSING]))
            rows = self.index.find(units)
        return rows

    def add(self, units: Int64s) -> None:
        """Give the next rows to these units, none of which has one."""
        first = len(self.index)
        self.index.add(units)
        self.state.reserve(len(self.index))
        if len(self.index) > len(self.unit):
            self.unit = np.concatenate((self.unit, np.zeros(len(self.index) + len(self.unit), np.int64)))
        self.unit[first : first + len(units)] = units

    def take(self, rows: Rows) -> Taken | None:
        """Put rows in order; what is too late or has to wait is not in what comes out. `leave` ends what this began."""
        rows = rows.take(by_unit(rows.unit))
        order = as_it_came(rows.unit, rows.arrived, rows.at)
        if order is not None:
            rows = rows.take(order)
        starts = firsts(rows.unit)
        units = rows.unit[starts]
        number = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(rows)))
        newest, arrived, place = self.state["newest"], self.state["arrived"], rows_of(units)
        gone = late(rows.at, starts, number, newest[place], self.lateness)
        ends = np.append(starts[1:], len(rows)) - 1
        arrived[place] = np.maximum(arrived[place], rows.arrived[ends])
        newest[place] = np.maximum(newest[place], np.maximum.reduceat(rows.at, starts))
        if gone is not None:
            self.late += int(gone.sum())
            rows = rows.take(~gone)
        if self.lateness:
            rows = self._wait(rows)
        return Taken.of(rows, self.state) if len(rows) else None

    def _wait(self, rows: Rows) -> Rows:
        if self.waiting is not None:
            rows = joined([self.waiting, rows], self.blanks)
        rows = rows.take(np.lexsort((np.arange(len(rows)), rows.at, rows.unit)))
        due = rows.at <= self.state["newest"][rows.unit] - self.lateness
        if len(rows) - int(due.sum()) > RULE_WAITING_READINGS_MAX:
            self.hurried += len(rows) - int(due.sum())
            due[:] = True
        self.waiting = rows.take(~due) if not due.all() else None
        return rows.take(due)

    def waits(self, units: Int64s, until: Int64s) -> Taken | None:
        """The readings of these units that wait and are not after `until` (one for each), as if they were taken."""
        if self.waiting is None:
            return None
        chosen = self._waiting_of(units, until)
        return Taken.of(self.waiting.take(chosen), self.state) if chosen.any() else None

    def end_wait(self, units: Int64s, until: Int64s) -> None:
        """They wait no longer."""
        if self.waiting is not None:
            left = ~self._waiting_of(units, until)
            self.waiting = self.waiting.take(left) if left.any() else None

    def _waiting_of(self, units: Int64s, until: Int64s) -> Array:
        assert self.waiting is not None
        limit = np.full(len(self.index), NEVER, np.int64)
        limit[units] = until
        return self.waiting.at <= limit[self.waiting.unit]

    def leave(self, taken: Taken) -> None:
        """Every rule has seen it: what it says is known now."""
        taken.leave_in(self.slots)
        self.state["last"][taken.place] = np.maximum(self.state["last"][taken.place], taken.rows.at[taken.ends])
        for slot in self.slots.values():
            if slot.dictionary is not None and slot.dictionary.full:
                self._tidy(slot)

    @property
    def blanks(self) -> Mapping[str, Any]:
        """What stands for nothing, by slot."""
        return {key: slot.blank for key, slot in self.slots.items()}

    def _tidy(self, slot: Slot) -> None:
        """Let go of the texts that no unit holds. Nobody else keeps codes: rules keep hashes."""
        codes = self.state[slot.key]
        dictionary = slot.dictionary
        assert dictionary is not None
        texts = dictionary.texts()
        waiting = self.waiting.said.get(slot.key) if self.waiting is not None else None
        held = np.unique(codes if waiting is None else np.concatenate((codes, waiting.values)))
        fresh = Slot.of(slot.name, slot.type).dictionary
        assert fresh is not None
        renumbered = np.full(len(texts) + 1, UNKNOWN, np.int32)
        for code in held[held >= 0].tolist():
            renumbered[code] = fresh[texts[code]]
        codes[:] = renumbered[codes]
        if waiting is not None:
            waiting.values[:] = renumbered[waiting.values]
        slot.dictionary = fresh

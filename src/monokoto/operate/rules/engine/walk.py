"""One rule's way through the readings of some units: the points in time at which it is looked at.

Points are the rows of a `Taken` that concern the rule; signals put more between them, at the instants when something
becomes true by the passing of time alone. A look by the clock has no rows, only a last point for each unit. Everything a
point needs is the value at the last row at or before it, or what was known of the unit before all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from monokoto.operate.conditions import Condition, Frame, Vector
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Array, Arrays, Bools, Int64s, Rows, rows_of, values_at
from monokoto.operate.rules.engine.order import firsts, spread
from monokoto.operate.rules.engine.rows import NO_EVENT
from monokoto.operate.rules.engine.slots import Slot, vector_of
from monokoto.operate.rules.engine.taken import Taken

_T = TypeVar("_T")


@dataclass(slots=True)
class Carried:
    """Values at points, and of each unit before its first: they follow when points are put in between."""

    values: Array
    before: Array


@dataclass(slots=True)
class Signal:
    """What a signal is at each point."""

    carried: Carried
    known: Carried | None
    wrap: Callable[[Array, Bools | None], Vector]


@dataclass(frozen=True, slots=True)
class Parts:
    """Points by parts of time: those of one unit and part are a group."""

    part: Int64s
    """The part of time each point lies in."""
    opens: Int64s
    """The first point of each group."""
    which: Int64s
    """The group of each point."""
    lowest: int
    highest: int

    @classmethod
    def of(cls, part: Int64s, number: Int64s) -> Parts:
        """`number`: whose each point is."""
        new = np.ones(len(part), np.bool_)
        new[1:] = (part[1:] != part[:-1]) | (number[1:] != number[:-1])
        return cls(part, np.flatnonzero(new), np.cumsum(new) - 1, int(part.min()), int(part.max()))


@dataclass(slots=True)
class Walk:
    """Points of some units, each unit's in order of event time."""

    taken: Taken | None
    state: Arrays
    """Of the stream."""
    slots: Mapping[str, Slot]
    """By the name conditions use."""
    units: Int64s
    """The stream's rows."""
    number: Int64s
    """Which of `units` a point is about."""
    at: Int64s
    source: Int64s
    """The row of `taken` that holds at each point; past the rows: what was known of the unit before."""
    last: Int64s
    """By unit, the instant it was looked at before."""
    due: Int64s = field(default_factory=lambda: np.empty(0, np.int64))
    """By unit, the next instant at which time alone may change something; empty: nothing does."""
    look: bool = False
    """Nothing came: it is the clock that asks."""
    signals: dict[str, Signal] = field(default_factory=dict)
    _carried: list[Carried] = field(default_factory=list)
    _columns: dict[str, Vector] = field(default_factory=dict)
    _commits: list[Callable[[], None]] = field(default_factory=list)
    _starts: Int64s | None = None
    _ends: Int64s | None = None

    _place: Rows | None = None

    def __post_init__(self) -> None:
        taken = self.taken
        if taken is not None and self.units is taken.units:
            self._place = taken.place
            if self.is_plain:
                self._starts, self._ends = taken.starts, taken.ends

    @property
    def place(self) -> Rows:
        """Where the units are in arrays over all units."""
        if self._place is None:
            self._place = rows_of(self.units)
        return self._place

    def before(self, state: Array) -> Array:
        """What stands in an array over all units, of each unit of the walk."""
        return values_at(state, self.place)

    # Points

    def __len__(self) -> int:
        return len(self.at)

    @property
    def rows(self) -> int:
        """How many rows `taken` has."""
        return 0 if self.taken is None else len(self.taken.rows)

    @property
    def starts(self) -> Int64s:
        """Each unit's first point; every unit has one."""
        if self._starts is None:
            self._starts = firsts(self.number)
        return self._starts

    @property
    def ends(self) -> Int64s:
        """Each unit's last point."""
        if self._ends is None:
            self._ends = np.append(self.starts[1:], len(self)) - 1
        return self._ends

    def shift(self, values: Array, before: Array) -> Array:
        """At each point the value at the one before."""
        found = np.empty_like(values)
        found[1:] = values[:-1]
        found[self.starts] = before
        return found

    def fill(self, chosen: Bools, values: Array, before: Array) -> Array:
        """At each point the value at the last point that was chosen, up to this one."""
        if chosen.all():
            return values
        found = before[self.number]
        places = np.flatnonzero(chosen)
        if len(places):  # each holds until the next one of its unit, mostly over few points
            until = np.minimum(self.ends[self.number[places]] + 1, np.append(places[1:], len(self)))
            lengths = until - places
            found[spread(places, lengths)] = np.repeat(values[places], lengths)
        return found

    def search(self, number: Int64s, values: Int64s, ordered: Int64s) -> Int64s:
        """The first point of a unit where `ordered` (never falling within a unit) is greater than the value."""
        low, high = self.starts[number], self.ends[number] + 1
        while (low < high).any():
            middle = (low + high) >> 1
            right = (low < high) & (ordered[np.minimum(middle, len(self) - 1)] <= values)
            low, high = np.where(right, middle + 1, low), np.where(right, high, np.minimum(middle, high))
        return low

    def insert(self, number: Int64s, at: Int64s) -> None:
        """Put points in, each before some point of its unit that is there."""
        if not len(number):
            return
        order = np.lexsort((at, number))
        number, at = number[order], at[order]
        places = self.search(number, at, self.at)
        take = np.insert(np.arange(len(self)), places, np.where(places > self.starts[number], places - 1, -1))
        numbers = np.insert(self.number, places, number)
        # Past the points stand the values of before, one for each unit.
        pooled = np.where(take >= 0, take, len(self) + numbers)
        self.source = np.concatenate((self.source, self.rows + np.arange(len(self.units))))[pooled]
        for carried in self._carried:
            carried.values = np.concatenate((carried.values, carried.before))[pooled]
        self.at = np.insert(self.at, places, at)
        self.number = numbers
        self._starts = self._ends = None
        self._columns.clear()

    def carry(self, values: Array, before: Array) -> Carried:
        """Values that follow when points are put in."""
        carried = Carried(values, before)
        self._carried.append(carried)
        return carried

    def elapse(self, since: Carried, length: int) -> None:
        """Put in points where so much time has passed since the instants carried (`NEVER`: none), while they last."""
        # Between a point and the one before it, what the one before it carries holds.
        held = self.shift(since.values, since.before)
        instant = held + length
        wanted = (instant > self.shift(self.at, self.last)) & (instant < self.at)
        places = np.flatnonzero(wanted)
        places = places[held[places] != NEVER]
        self.insert(self.number[places], instant[places])
        at_end, coming = self.at[self.ends], since.values[self.ends] + length
        self.wake(np.where(coming > at_end, coming, ALWAYS))

    def wake(self, due: Int64s) -> None:
        """Each unit is to be looked at at this instant, or before."""
        self.due = np.minimum(self.due, due) if len(self.due) else due

    def shared(self, key: Hashable, make: Callable[[], _T]) -> _T:
        """What is made of nothing but what the points say: made once for all rules whose points are the rows."""
        return self.taken.shared(key, make) if self.taken is not None and self.is_plain else make()

    def parts(self, length: int) -> Parts:
        """The points by parts of time of such a length."""
        if self.taken is not None and self.at is self.taken.rows.at and self.is_plain:
            return self.taken.shared(("parts", length), lambda: Parts.of(self.at // length, self.number))
        return Parts.of(self.at // length, self.number)

    def meaning(self, condition: Condition) -> Hashable:
        """What tells it from conditions that say something else at the same points."""
        return condition.text(), *sorted((name, self.slots[name].key) for name in condition.names if name in self.slots)

    # Values

    def column(self, name: str) -> Vector:
        """A variable at each point. Raises KeyError."""
        signal = self.signals.get(name)
        if signal is not None:
            return signal.wrap(signal.carried.values, None if signal.known is None else signal.known.values)
        found = self._columns.get(name)
        if found is None:
            found = self._columns[name] = self._column(self.slots[name])
        return found

    def _column(self, slot: Slot) -> Vector:
        if self.taken is None:
            values = self.state[slot.key][self.units][self.source - self.rows]
        elif self.is_plain:
            return self.taken.vector(slot)
        else:
            values = self.taken.filled(slot.key).values
            if (self.source < self.rows).all():
                values = values[self.source]
            else:
                values = np.concatenate((values, self.state[slot.key][self.units]))[self.source]
        return vector_of(slot, values)

    def read_at(self, slot: str, point: int) -> int:
        """When the value of a slot that holds at a point was read."""
        row = int(self.source[point])
        if self.taken is not None and row < self.rows:
            read = self.taken.filled(slot).read
            if read is None:
                return int(self.taken.rows.at[row])
            if read[row] >= 0:
                return int(self.taken.rows.at[read[row]])
        return int(self.state[f"{slot}@"][self.units[self.number[point]]])

    @property
    def is_plain(self) -> bool:
        """Whether the points are the rows, one to one."""
        return len(self) == self.rows and self.taken is not None and self.source is self.taken.every_row

    def evaluate(self, condition: Condition) -> Vector:
        """A condition at each point."""
        return condition.evaluate(Frame(len(self), Variables(self)))

    def truth(self, condition: Condition) -> Bools:
        """Where a condition is known to be true."""
        found = self.evaluate(condition)
        values: Bools = found.values if found.known is None else found.values & found.known
        return values

    def fresh(self, names: frozenset[str]) -> Bools:
        """At which points one of these properties was read; without properties among them: at which there is any row."""
        slots = {self.slots[name].key for name in names if name in self.slots}
        return self.flags(self.taken.fresh(slots) if slots and self.taken is not None else None)

    def flags(self, of_rows: Bools | None) -> Bools:
        """Flags of rows as flags of points; None: every row has it. Points put in have none."""
        if self.taken is None:
            return np.zeros(len(self), np.bool_)
        if of_rows is None:
            of_rows = np.ones(self.rows, np.bool_)
        elif self.taken.kept is not None:
            spread = np.zeros(self.rows, np.bool_)
            spread[self.taken.kept] = self.taken.carried_over(of_rows)
            of_rows = spread
        if self.is_plain:
            return of_rows
        first = np.ones(len(self), np.bool_)
        first[1:] = self.source[1:] != self.source[:-1]
        here = first & (self.source < self.rows)
        found: Bools = here & of_rows[np.minimum(self.source, self.rows - 1)]
        return found

    def events(self, number: int) -> Bools:
        """At which points this event was told of."""
        if self.taken is None or self.taken.rows.events is None or number == NO_EVENT:
            return np.zeros(len(self), np.bool_)
        return self.flags(self.taken.rows.events == number)

    # State

    def afterwards(self, commit: Callable[[], None]) -> None:
        """Do this if what was found is to hold."""
        self._commits.append(commit)

    def commit(self) -> None:
        """Let the state of the rule be what it is at the last points."""
        for commit in self._commits:
            commit()


class Variables(Mapping[str, Vector]):
    """The variables of a walk by name, made when they are asked for."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk

    def __getitem__(self, name: str) -> Vector:
        return self._walk.column(name)

    def __contains__(self, name: object) -> bool:
        return name in self._walk.signals or name in self._walk.slots

    def __iter__(self) -> Iterator[str]:
        return iter({**self._walk.slots, **self._walk.signals})

    def __len__(self) -> int:
        return len(self._walk.slots) + len(self._walk.signals)

"""Signals from outside the unit's own readings: fleet, peers, drift, offline.

Their value at a reading is the one last taken in. The clock looks at what they are now, and takes in what differs; that
is written to the journal, so that after a crash the same values are taken in at the same places between the readings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np

from monokoto.operate.conditions import CelType, Vector
from monokoto.operate.rules.engine.arrays import Array, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import Fleet, Peers, Quantifier, Statistic, Window
from monokoto.operate.rules.engine.signals.base import State, numbers
from monokoto.operate.rules.engine.signals.windows import WindowRun
from monokoto.operate.rules.engine.walk import Signal, Walk


@runtime_checkable
class Outside(Protocol):
    """A signal whose value the clock brings."""

    def now(self, rows: int, clock: int) -> Float64s:
        """What it is at present for each of the stream's rows; NaN where it is not known."""
        ...


class Taking:
    """The part all of them share: the value taken in last, or the one that is being taken in."""

    def __init__(self, kind: CelType, state: State) -> None:
        self._boolean = kind is CelType.BOOLEAN
        self._state = state
        self.coming: Float64s | None = None
        """Set for one look: the new value of each unit of the walk."""
        state.add("value", np.float64, np.nan)

    @property
    def taken(self) -> Array:
        """The value taken in last, by row."""
        return self._state["value"]

    def signal(self, walk: Walk) -> Signal:
        """Its value at each point."""
        before: Float64s = self.taken[walk.units]
        now = before if self.coming is None else self.coming
        values = before[walk.number]
        if self.coming is not None:
            values[walk.ends] = now
        walk.afterwards(lambda: self.taken.__setitem__(walk.units, now))
        return Signal(walk.carry(values, before), None, self._vector)

    def _vector(self, values: Array, _: Bools | None) -> Vector:
        known = ~np.isnan(values)
        shown = values != 0 if self._boolean else values
        return Vector(CelType.BOOLEAN if self._boolean else CelType.NUMBER, shown, None if known.all() else known)


class ReadRun(Taking):
    """A signal that assembly's or the engine's memory answers: drift, offline."""

    def __init__(self, read: Callable[[int, int], Float64s], state: State) -> None:
        super().__init__(CelType.BOOLEAN, state)
        self._read = read

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        return self.signal(walk)

    def now(self, rows: int, clock: int) -> Float64s:
        """As `Outside.now`."""
        return self._read(rows, clock)


class FleetRun(Taking):
    """As `Fleet`. State: each unit's own value of the expression."""

    def __init__(self, kind: Fleet, groups: Callable[[int], tuple[Int64s, Bools]], state: State) -> None:
        average = kind.quantifier in {Quantifier.AVERAGE, Quantifier.COUNT}
        super().__init__(CelType.NUMBER if average else CelType.BOOLEAN, state)
        self._kind = kind
        self._groups = groups
        """For so many rows: the group whose value each unit sees, and whether the unit is one of its members."""
        state.add("own", np.float64, np.nan)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        own = walk.carry(numbers(walk, self._kind.expression), self._state["own"][walk.units])
        walk.afterwards(lambda: self._state["own"].__setitem__(walk.units, own.values[walk.ends]))
        return self.signal(walk)

    def now(self, rows: int, clock: int) -> Float64s:
        """As `Outside.now`."""
        del clock
        group, member = self._groups(rows)
        own = self._state["own"][:rows]
        counts = member & ~np.isnan(own)
        size = int(group.max(initial=0)) + 1
        known = np.bincount(group[counts], minlength=size).astype(np.float64)
        sums: Float64s = np.bincount(group[counts], weights=own[counts], minlength=size).astype(np.float64)
        return np.asarray(_QUANTIFIED[self._kind.quantifier](known, sums)[group])


def _any(known: Float64s, sums: Float64s) -> Float64s:
    return np.where(known > 0, sums > 0, np.nan)


def _all(known: Float64s, sums: Float64s) -> Float64s:
    return np.where(known > 0, sums == known, np.nan)


def _count(known: Float64s, sums: Float64s) -> Float64s:
    del known
    return sums


def _average(known: Float64s, sums: Float64s) -> Float64s:
    return sums / np.where(known > 0, known, np.nan)


_QUANTIFIED: dict[Quantifier, Callable[[Float64s, Float64s], Float64s]] = {
    Quantifier.ANY: _any,
    Quantifier.ALL: _all,
    Quantifier.COUNT: _count,
    Quantifier.AVERAGE: _average,
}


class PeersRun(Taking):
    """As `Peers`: the average of the others' averages over the last whole interval."""

    def __init__(self, kind: Peers, state: State, inner: State) -> None:
        super().__init__(CelType.NUMBER, state)
        window = Window(Statistic.AVERAGE, kind.expression, kind.over_us, every_us=kind.over_us)
        self._own = WindowRun(window, inner)
        self._inner = inner

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        self._own.advance(walk)
        return self.signal(walk)

    def now(self, rows: int, clock: int) -> Float64s:
        """As `Outside.now`."""
        del clock
        own = self._inner["value"][:rows]
        known = ~np.isnan(own)
        count, total = float(known.sum()), float(own[known].sum())
        others = count - known
        return np.where(others > 0, (total - np.where(known, own, 0.0)) / np.maximum(others, 1), np.nan)

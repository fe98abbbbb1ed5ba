"""Signals over a stretch of time, from running totals: count, sum, average, deviation; rate of change; the unit's past.

A sliding window consists of `RULE_WINDOW_PANES` parts of time, the last one still running: a reading leaves it with its
part, between 59/60 of the window's length and all of it after it came. A tumbling or hopping window consists of whole
parts, and its value changes only at their ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from monokoto.kernel.limits import RULE_WINDOW_PANES
from monokoto.operate.rules.engine.arrays import ALWAYS, Array, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import Past, Rate, Statistic, Window
from monokoto.operate.rules.engine.signals.base import State, number, numbers
from monokoto.operate.rules.engine.signals.ring import VALUE_MAX, Ring, Totals, split, summed, whole
from monokoto.operate.rules.engine.walk import Signal, Walk

EXACT_UNITS_MAX = 16
"""Units of one walk whose next instant is worth finding exactly; for more the end of the running part will do, where the clock
finds it for those that said nothing until then. It costs what tens of readings do: with 512 a batch of 400 readings was four
times as expensive a reading as one of 1,000."""
_SUM: Mapping[str, npt.DTypeLike] = {"n": np.int32, "i": np.int64, "f": np.int64}
CHANNELS: Mapping[Statistic, Mapping[str, npt.DTypeLike]] = {
    Statistic.COUNT: {"n": np.int32},
    Statistic.SUM: _SUM,
    Statistic.AVERAGE: _SUM,
    Statistic.DEVIATION: {**_SUM, "qi": np.int64, "qf": np.int64},
}


def _count(sums: Mapping[str, Array]) -> Float64s:
    return sums["n"].astype(np.float64)


def _sum(sums: Mapping[str, Array]) -> Float64s:
    return whole(sums["i"], sums["f"])


def _average(sums: Mapping[str, Array]) -> Float64s:
    count = sums["n"].astype(np.float64)
    count[count == 0] = np.nan
    return _sum(sums) / count


def _deviation(sums: Mapping[str, Array]) -> Float64s:
    count = sums["n"].astype(np.float64)
    count[count == 0] = np.nan
    mean = _sum(sums) / count
    return np.sqrt(np.maximum(whole(sums["qi"], sums["qf"]) / count - mean * mean, 0))


_VALUES: Mapping[Statistic, Callable[[Mapping[str, Array]], Float64s]] = {
    Statistic.COUNT: _count,
    Statistic.SUM: _sum,
    Statistic.AVERAGE: _average,
    Statistic.DEVIATION: _deviation,
}


def slide(walk: Walk, totals: Totals, parts: int, part_us: int) -> None:
    """Put points in where a part that is not empty leaves the window, and say when the next one does."""
    if not totals.rest:
        low, high = totals.part_before() - parts + 1, totals.part - parts + 1
        if (high > low).any():
            who, part = totals.between(low, high)
            leaves = totals.differ(who, part)
            walk.insert(who[leaves], (part[leaves] + parts) * part_us)
    last = totals.part[walk.ends]
    due = (last + 1) * part_us
    exact = looked_at_exactly(walk, last - totals.last_part)
    if len(exact):
        who = np.repeat(exact, parts)
        part = np.repeat(last[exact] - parts + 1, parts) + np.tile(np.arange(parts), len(exact))
        occupied = totals.differ(who, part).reshape(len(exact), parts)
        oldest = last[exact] - parts + 1 + occupied.argmax(axis=1)
        due[exact] = np.where(occupied.any(axis=1), (oldest + parts) * part_us, ALWAYS)
    walk.wake(due)


def looked_at_exactly(walk: Walk, parts_since: Int64s) -> Int64s:
    """Of which units all parts of a window are gone through, to say when the next one leaves it; the others are looked at
    again when the running part ends. `parts_since`: how many parts ago each was last seen.

    Of more than a few units only those that are silent by the clock: of one that speaks, something comes before anything
    found so would be of use, and of a large fleet it would be sought anew with every part.
    """
    if len(walk.units) <= EXACT_UNITS_MAX:
        return np.arange(len(walk.units))
    return np.flatnonzero(parts_since > 1) if walk.look else np.empty(0, np.int64)


def hop(walk: Walk, totals: Totals, part_us: int) -> None:
    """Put points in where a part ends, and say when the next one does."""
    if not totals.rest:
        low, high = totals.part_before() + 1, totals.part + 1
        if (high > low).any():
            who, part = totals.between(low, high)
            walk.insert(who, part * part_us)
    walk.wake((totals.part[walk.ends] + 1) * part_us)


class _Kept:
    """A number whose value at the last point is kept."""

    def __init__(self, state: State) -> None:
        self._state = state
        state.add("value", np.float64, np.nan)

    def signal(self, walk: Walk, totals: Totals, values: Float64s) -> Signal:
        found = number(walk, values, walk.before(self._state["value"]))

        def commit() -> None:
            totals.commit()
            self._state["value"][walk.place] = found.carried.values[walk.ends]

        walk.afterwards(commit)
        return found


class WindowRun(_Kept):
    """As `Window`, for the statistics that are made of sums."""

    def __init__(self, kind: Window, state: State) -> None:
        super().__init__(state)
        self._kind = kind
        self._hops = kind.over_us // kind.every_us if kind.every_us else 0
        self._part_us = kind.every_us or -(-kind.over_us // RULE_WINDOW_PANES)
        self._parts = self._hops + 1 if self._hops else RULE_WINDOW_PANES
        self._ring = Ring(state, CHANNELS[kind.statistic], part_us=self._part_us, parts=self._parts)
        if kind.statistic is Statistic.DEVIATION:
            state.add("centre", np.float64, np.nan)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        totals = self._ring.walk(walk, self._sums(walk))
        if self._hops:
            hop(walk, totals, self._part_us)
        else:
            slide(walk, totals, self._parts, self._part_us)
        begin = totals.at_points(self._hops or self._parts - 1)
        until = totals.at_points(0) if self._hops else {name: one.values for name, one in totals.running.items()}
        sums = {name: until[name] - begin[name] for name in begin}
        return self.signal(walk, totals, _VALUES[self._kind.statistic](sums))

    def _sums(self, walk: Walk) -> dict[str, Array]:
        if self._kind.statistic is Statistic.DEVIATION:  # about the centres of this rule
            return summed(walk, self._samples(walk))
        key = ("sums", self._kind.statistic is Statistic.COUNT, walk.meaning(self._kind.expression))
        return walk.shared(key, lambda: summed(walk, self._samples(walk)))

    def _samples(self, walk: Walk) -> dict[str, Array]:
        read = walk.fresh(self._kind.expression.names)
        if self._kind.statistic is Statistic.COUNT:
            return {"n": (walk.truth(self._kind.expression) & read).astype(np.int32)}
        values = numbers(walk, self._kind.expression)
        taken = read & (np.abs(values) < VALUE_MAX)
        if self._kind.statistic is Statistic.DEVIATION:
            values = self._from_centre(walk, values, taken)
            taken &= np.abs(values) < np.sqrt(VALUE_MAX)
        values = np.where(taken, values, 0.0)
        samples: dict[str, Array] = {"n": taken.astype(np.int32)}
        samples["i"], samples["f"] = split(values)
        if self._kind.statistic is Statistic.DEVIATION:
            samples["qi"], samples["qf"] = split(values * values)
        return samples

    def _from_centre(self, walk: Walk, values: Float64s, taken: Bools) -> Float64s:
        """Less the unit's first value: squares of large values that hardly differ would lose what makes them differ."""
        state = self._state
        centre = walk.before(state["centre"])
        without = np.isnan(centre)
        if without.any():
            place = np.where(taken, np.arange(len(walk)), len(walk))
            first = np.minimum.reduceat(place, walk.starts)
            has = without & (first < len(walk))
            centre[has] = values[first[has]]
        walk.afterwards(lambda: state["centre"].__setitem__(walk.place, centre))
        return np.asarray(values - centre[walk.number])


class RateRun(_Kept):
    """As `Rate`: the value now less the value held when the window's first part began, over the time between."""

    def __init__(self, kind: Rate, state: State) -> None:
        super().__init__(state)
        self._kind = kind
        self._part_us = -(-kind.over_us // RULE_WINDOW_PANES)
        self._ring = Ring(state, {"v": np.float64}, part_us=self._part_us, parts=RULE_WINDOW_PANES)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        values = numbers(walk, self._kind.expression)
        known = ~np.isnan(values)
        held = walk.fill(known, values, walk.before(self._state["v"]))
        totals = self._ring.hold(walk, "v", held)
        slide(walk, totals, RULE_WINDOW_PANES, self._part_us)
        begin = totals.part - RULE_WINDOW_PANES + 1
        was = totals.at_points(RULE_WINDOW_PANES - 1)["v"]
        took = walk.at - begin * self._part_us
        found = (totals.running["v"].values - was) * (self._kind.per_us / took)
        return self.signal(walk, totals, found)


class PastRun(_Kept):
    """As `Past`: the sum of one part of time that lies some parts back."""

    def __init__(self, kind: Past, state: State) -> None:
        super().__init__(state)
        self._kind = kind
        self._back = kind.ago_us // kind.over_us
        self._ring = Ring(state, _SUM, part_us=kind.over_us, parts=self._back + 1)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        values = numbers(walk, self._kind.expression)
        taken = walk.fresh(self._kind.expression.names) & (np.abs(values) < VALUE_MAX)
        i, f = split(np.where(taken, values, 0.0))
        totals = self._ring.walk(walk, summed(walk, {"n": taken.astype(np.int32), "i": i, "f": f}))
        hop(walk, totals, self._kind.over_us)
        begin, end = totals.at_points(self._back), totals.at_points(self._back - 1)
        sums = {name: end[name] - begin[name] for name in begin}
        return self.signal(walk, totals, _average(sums))

"""Signals over a stretch of time that no sum can give: minimum, maximum, percentile.

Each unit keeps one value for each part of the window: the extreme of the part, or the first reading in it. The points of
a walk are gone through part by part, all units at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monokoto.kernel.limits import RULE_PERCENTILE_READINGS_MAX, RULE_WINDOW_PANES
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import Statistic, Window
from monokoto.operate.rules.engine.order import firsts
from monokoto.operate.rules.engine.signals.base import State, number, numbers
from monokoto.operate.rules.engine.walk import Signal, Walk

_EXACT_UNITS_MAX = 512


class ExtremeRun:
    """As `Window` for MINIMUM, MAXIMUM and PERCENTILE."""

    def __init__(self, kind: Window, state: State) -> None:
        self._kind = kind
        self._state = state
        self._sign = -1.0 if kind.statistic is Statistic.MAXIMUM else 1.0
        self.first_only = kind.statistic is Statistic.PERCENTILE
        most = RULE_PERCENTILE_READINGS_MAX if self.first_only else RULE_WINDOW_PANES
        self._hops = kind.over_us // kind.every_us if kind.every_us else 0
        self._parts_a_hop = _fitting(kind.every_us, most // self._hops if self.first_only else 1) if self._hops else 1
        if self._hops:
            self._part_us, self.parts = kind.every_us // self._parts_a_hop, self._hops * self._parts_a_hop + 1
        else:
            self._part_us, self.parts = -(-kind.over_us // most), most
        self._steps = bool(self._hops) or self.first_only
        """Its value changes at the end of a part only."""
        state.add("part", np.int64, NEVER)
        state.add("value", np.float64, np.nan)
        state.add("kept#", np.float64, np.nan, self.parts)
        for field in ("rest", "current"):
            state.add(field, np.float64, np.nan)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        units = walk.units
        values = numbers(walk, self._kind.expression) * self._sign
        read = walk.fresh(self._kind.expression.names)
        samples = walk.carry(np.where(read, values, np.nan), np.full(len(units), np.nan))
        before = self._state["value"][units]
        self._put_points(walk)
        samples.values[~walk.flags(None)] = np.nan
        kept = _Kept(self, self._state, units)
        found = self._go_through(walk, samples.values, kept, before)
        self._wake(walk, kept)
        signal = number(walk, found, before)

        def commit() -> None:
            kept.commit()
            self._state["value"][units] = signal.carried.values[walk.ends]

        walk.afterwards(commit)
        return signal

    def _put_points(self, walk: Walk) -> None:
        """Where a part ends, as long as anything may leave the window."""
        every = self._kind.every_us or self._part_us
        most = self._hops + 1 if self._hops else self.parts
        before = np.where(walk.last == NEVER, walk.at[walk.starts], walk.last)
        low = walk.shift(walk.at, before) // every + 1
        counts = np.clip(walk.at // every + 1 - low, 0, most)
        gaps = np.flatnonzero(counts)
        if len(gaps):
            counts = counts[gaps]
            steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            walk.insert(np.repeat(walk.number[gaps], counts), (np.repeat(low[gaps], counts) + steps) * every)

    def _go_through(self, walk: Walk, samples: Float64s, kept: _Kept, before: Float64s) -> Float64s:
        """The statistic at each point."""
        part = walk.at // self._part_us
        opens = part != walk.shift(part, kept.part - 1)
        opens[walk.starts] = True
        begins = np.flatnonzero(opens)
        groups = _Groups(begins, np.diff(begins, append=len(walk)), walk.number[begins], part[begins])
        running = _running(samples, groups.begins, groups.lengths, first=self.first_only)
        found, closed = np.full(len(walk), np.nan), np.zeros(len(walk), np.bool_)
        for chosen in groups.rounds():
            units, now, first = groups.number[chosen], groups.part[chosen], groups.begins[chosen]
            ended = now // self._parts_a_hop != kept.part[units] // self._parts_a_hop
            moved = np.flatnonzero(now != kept.part[units])
            level = kept.move(units[moved], now[moved])
            if self._steps:
                wanted = ended[moved]
                closed[first[moved[wanted]]] = True
                found[first[moved[wanted]]] = level[wanted]
            else:
                spread = _spread(first, groups.lengths[chosen])
                so_far = np.fmin(kept.rest[units], kept.current[units])
                found[spread] = np.fmin(running[spread], np.repeat(so_far, groups.lengths[chosen])) * self._sign
            kept.add(units, running[first + groups.lengths[chosen] - 1])
        return np.asarray(walk.fill(closed, found, before)) if self._steps else found

    def level(self, kept: Float64s) -> Float64s:
        """The statistic of what is kept, a column for each unit."""
        return self._percentile(kept.T) if self.first_only else np.fmin.reduce(kept, axis=0) * self._sign

    def _percentile(self, kept: Float64s) -> Float64s:
        """Between neighbours linearly, as most tables and NumPy have it; NaN of nothing."""
        kept = np.sort(kept, axis=1)
        count = self.parts - np.isnan(kept).sum(axis=1)
        place = np.maximum(count - 1, 0) * (self._kind.percentile / 100)
        low = place.astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        rows = np.arange(len(kept))
        below, above = kept[rows, low], kept[rows, high]
        return np.asarray(below + (above - below) * (place - low))

    def _wake(self, walk: Walk, kept: _Kept) -> None:
        at_end = walk.at[walk.ends]
        every = self._kind.every_us or self._part_us
        if self._kind.every_us or (len(walk.units) > _EXACT_UNITS_MAX and not walk.look):
            walk.wake((at_end // every + 1) * every)
            return
        ring = kept.whole()
        now = at_end // self._part_us
        part = now - (now - np.arange(self.parts)[:, None]) % self.parts
        empty = np.isnan(ring)
        oldest = np.where(empty, np.int64(ALWAYS // self._part_us), part).min(axis=0)
        walk.wake(np.where(empty.all(axis=0), ALWAYS, (oldest + self.parts) * self._part_us))


class _Kept:
    """What is kept of the units of a walk, while it is gone through. The ring is copied for units that begin a part."""

    def __init__(self, run: ExtremeRun, state: State, units: Int64s) -> None:
        self._run = run
        self._state = state
        self._units = units
        self.part: Int64s = state["part"][units]
        self.rest: Float64s = state["rest"][units]
        """The least of the parts before the running one."""
        self.current: Float64s = state["current"][units]
        self._place = np.full(len(units), -1)
        """The column of `_moved` that is a unit's ring."""
        self._moved: Float64s = np.empty((run.parts, 0))

    def _columns(self, numbers_: Int64s) -> Int64s:
        new = numbers_[self._place[numbers_] < 0]
        if len(new):
            self._place[new] = self._moved.shape[1] + np.arange(len(new))
            self._moved = np.concatenate((self._moved, self._state["kept#"][:, self._units[new]]), axis=1)
        return self._place[numbers_]

    def move(self, numbers_: Int64s, now: Int64s) -> Float64s:
        """A new part begins for these units; says the statistic of the parts before it."""
        if not len(numbers_):
            return np.empty(0)
        columns = self._columns(numbers_)
        last = self.part[numbers_]
        self._moved[last % self._run.parts, columns] = self.current[numbers_]
        ring = self._moved[:, columns]
        age = (now - np.arange(self._run.parts)[:, None]) % self._run.parts
        ring[now - age > last] = np.nan
        self._moved[:, columns] = ring
        self.part[numbers_] = now
        self.current[numbers_] = np.nan
        if self._run.first_only:
            return self._run.level(ring)
        self.rest[numbers_] = np.fmin.reduce(ring, axis=0)
        return self._run.level(ring)

    def add(self, numbers_: Int64s, values: Float64s) -> None:
        """Readings in the running part: the least of them, or the first."""
        held = self.current[numbers_]
        first = np.where(np.isnan(held), values, held) if self._run.first_only else np.fmin(held, values)
        self.current[numbers_] = first

    def whole(self) -> Float64s:
        """The rings, with the running part."""
        everyone = np.arange(len(self._units))
        columns = self._columns(everyone)  # may put another array in the place of `_moved`
        ring = self._moved[:, columns]
        ring[self.part % self._run.parts, everyone] = self.current
        return ring

    def commit(self) -> None:
        """Keep it."""
        there = np.flatnonzero(self._place >= 0)
        self._state["kept#"][:, self._units[there]] = self._moved[:, self._place[there]]
        for name, values in (("part", self.part), ("rest", self.rest), ("current", self.current)):
            self._state[name][self._units] = values


def _running(values: Float64s, begins: Int64s, lengths: Int64s, *, first: bool) -> Float64s:
    """The least value so far within each group, or the first; by doubling the reach, so that a long group is no long loop."""
    found = values.copy()
    longest = int(lengths.max()) if len(lengths) else 0
    if longest < 2:
        return found
    place = np.arange(len(values)) - np.repeat(begins, lengths)
    reach = 1
    while reach < longest:
        inside = np.flatnonzero(place >= reach)
        earlier = found[inside - reach]
        found[inside] = (
            np.where(np.isnan(earlier), found[inside], earlier) if first else np.fmin(found[inside], earlier)
        )
        reach *= 2
    return found


def _spread(begins: Int64s, lengths: Int64s) -> Int64s:
    """The places of groups, one after the other."""
    return np.asarray(np.repeat(begins - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum()))


def _fitting(every_us: int, most: int) -> int:
    """Into how many equal parts of whole microseconds a hop is cut: as many as may be."""
    return next(parts for parts in range(max(most, 1), 0, -1) if every_us % parts == 0)


@dataclass(frozen=True, slots=True)
class _Groups:
    """Points of one unit and one part, in order."""

    begins: Int64s
    lengths: Int64s
    number: Int64s
    part: Int64s

    def rounds(self) -> Iterator[Int64s]:
        """The first group of each unit, then the second of each that has one, and so on."""
        units = firsts(self.number)
        turn = np.arange(len(self.number)) - np.repeat(units, np.diff(units, append=len(self.number)))
        order = np.argsort(turn, kind="stable")
        ends = np.searchsorted(turn[order], np.arange(int(turn.max()) + 1), side="right")
        begin = 0
        for end in ends.tolist():
            yield order[begin:end]
            begin = end

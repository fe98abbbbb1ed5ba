"""Signals over a stretch of time that no sum can give: minimum, maximum, percentile.

Each unit keeps one value for each part of the window: the extreme of the part, or the first reading in it. The points of
a walk are gone through part by part, all units at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monokoto.kernel.limits import RULE_PERCENTILE_READINGS_MAX, RULE_WINDOW_PANES
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Bools, Float64s, Int64s, Rows
from monokoto.operate.rules.engine.compiled import Statistic, Window
from monokoto.operate.rules.engine.order import firsts, spread, strides
from monokoto.operate.rules.engine.signals.base import State, number, numbers
from monokoto.operate.rules.engine.signals.windows import looked_at_exactly
from monokoto.operate.rules.engine.walk import Signal, Walk

_UNITS_AT_ONCE = 2048
"""Units whose rings are looked at together: so many stay near the processor."""


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
        values = numbers(walk, self._kind.expression) * self._sign
        read = walk.fresh(self._kind.expression.names)
        samples = walk.carry(np.where(read, values, np.nan), np.full(len(walk.units), np.nan))
        before = walk.before(self._state["value"])
        self._put_points(walk)
        if not walk.is_plain:
            samples.values[~walk.flags(None)] = np.nan
        kept = _Kept(self, self._state, walk)
        found = self._go_through(walk, samples.values, kept, before)
        self._wake(walk, kept)
        signal = number(walk, found, before)

        def commit() -> None:
            kept.commit()
            self._state["value"][walk.place] = signal.carried.values[walk.ends]

        walk.afterwards(commit)
        return signal

    def _put_points(self, walk: Walk) -> None:
        """Where a part ends, as long as anything may leave the window."""
        every = self._kind.every_us or self._part_us
        most = self._hops + 1 if self._hops else self.parts
        part = walk.parts(every).part
        before = np.where(walk.last == NEVER, part[walk.starts], walk.last // every)
        low = walk.shift(part, before) + 1
        who, ends = strides(walk.number, low, np.clip(part + 1 - low, 0, most))
        if len(who):
            walk.insert(who, ends * every)

    def _go_through(self, walk: Walk, samples: Float64s, kept: _Kept, before: Float64s) -> Float64s:
        """The statistic at each point."""
        parts = walk.parts(self._part_us)
        begins = parts.opens
        groups = _Groups(
            begins, np.diff(begins, append=len(walk)), walk.number[begins], parts.part[begins], len(walk.units)
        )
        kept.copy(groups.moving_again(kept.part))
        running = _running(samples, groups.begins, groups.lengths, first=self.first_only)
        found, closed = np.full(len(walk), np.nan), np.zeros(len(walk), np.bool_)
        for chosen, units in groups.rounds():
            now, first, lengths = groups.part[chosen], groups.begins[chosen], groups.lengths[chosen]
            last = kept.part[units]
            moved = np.flatnonzero(now != last)
            if len(moved):
                ended = now[moved] // self._parts_a_hop != last[moved] // self._parts_a_hop
                level = kept.move(groups.number[chosen][moved], now[moved])
                if self._steps:
                    closed[first[moved[ended]]] = True
                    found[first[moved[ended]]] = level[ended] * self._sign
            if not self._steps:
                places = spread(first, lengths)
                so_far = np.fmin(kept.rest[units], kept.current[units])
                found[places] = np.fmin(running[places], np.repeat(so_far, lengths)) * self._sign
            kept.add(units, running[first + lengths - 1])
        return np.asarray(walk.fill(closed, found, before)) if self._steps else found

    def level(self, kept: Float64s) -> Float64s:
        """The statistic of what is kept, a column for each unit; of extremes the least, as they are kept."""
        return self._percentile(np.ascontiguousarray(kept.T)) if self.first_only else np.fmin.reduce(kept, axis=0)

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
        due = (at_end // every + 1) * every
        now = at_end // self._part_us
        # The state is that of before the walk until it is committed.
        last = walk.before(self._state["part"])
        exact = np.empty(0, np.int64) if self._kind.every_us else looked_at_exactly(walk, now - last)
        if len(exact):
            ring = kept.whole(exact)
            part = now[exact] - (now[exact] - np.arange(self.parts)[:, None]) % self.parts
            empty = np.isnan(ring)
            oldest = np.where(empty, np.int64(ALWAYS // self._part_us), part).min(axis=0)
            due[exact] = np.where(empty.all(axis=0), ALWAYS, (oldest + self.parts) * self._part_us)
        walk.wake(due)


@dataclass(frozen=True, slots=True)
class _Closed:
    """Of each of some units a part ended."""

    number: Int64s
    last: Int64s
    """The part."""
    value: Float64s
    now: Int64s
    """The part that runs now."""

    def write(self, ring: Float64s, columns: Int64s) -> None:
        """Into their rings: the value of the part, and nothing for those between it and now, nor for the one that left."""
        parts = len(ring)
        skipped = self.now - self.last
        ring[self.last % parts, columns] = self.value
        far = skipped >= parts
        if far.any():
            ring[:, columns[far & (self.last != NEVER)]] = np.nan  # nothing was kept yet of the others
            skipped[far] = 0
        for back in range(int(skipped.max())):
            those = np.flatnonzero(skipped > back)
            ring[(self.now[those] - back) % parts, columns[those]] = np.nan

    def take(self, chosen: slice | Bools) -> _Closed:
        """Some of them."""
        return _Closed(self.number[chosen], self.last[chosen], self.value[chosen], self.now[chosen])


class _Kept:
    """What is kept of the units of a walk, while it is gone through. The rings of units of which a part may end more than once
    are copied; of the others what is to be written is gathered, and their rings are looked at some at a time."""

    def __init__(self, run: ExtremeRun, state: State, walk: Walk) -> None:
        self._run = run
        self._state = state
        self._units, self._rows = walk.units, walk.place
        self.part: Int64s = walk.before(state["part"])
        self.rest: Float64s = walk.before(state["rest"])
        """The least of the parts before the running one."""
        self.current: Float64s = walk.before(state["current"])
        self._closed: list[_Closed] = []
        self._place = np.full(len(walk.units), -1)
        """The column of `_moved` that is a unit's ring."""
        self._moved: Float64s = np.empty((run.parts, 0))

    def copy(self, numbers_: Int64s) -> None:
        """Units of which more than one part will end."""
        self._place[numbers_] = np.arange(len(numbers_))
        self._moved = self._state["kept#"][:, self._units[numbers_]]

    def move(self, numbers_: Int64s, now: Int64s) -> Float64s:
        """A new part begins for these units; says the statistic of the parts before it."""
        closed = _Closed(numbers_, self.part[numbers_], self.current[numbers_], now)
        self.part[numbers_] = now
        self.current[numbers_] = np.nan
        level = np.empty(len(numbers_))
        for begin in range(0, len(numbers_), _UNITS_AT_ONCE):
            chosen = slice(begin, begin + _UNITS_AT_ONCE)
            level[chosen] = self._run.level(self._ring_after(closed.take(chosen)))
        once = self._place[numbers_] < 0
        if once.any():
            self._closed.append(closed.take(once))
        if not self._run.first_only:
            self.rest[numbers_] = level
        return level

    def _ring_after(self, closed: _Closed) -> Float64s:
        ring, place = self._state["kept#"][:, self._units[closed.number]], self._place[closed.number]
        copied = np.flatnonzero(place >= 0)
        ring[:, copied] = self._moved[:, place[copied]]
        closed.write(ring, np.arange(len(place)))
        self._moved[:, place[copied]] = ring[:, copied]
        return ring

    def add(self, numbers_: Rows, values: Float64s) -> None:
        """Readings in the running part: the least of them, or the first."""
        held = self.current[numbers_]
        first = np.where(np.isnan(held), values, held) if self._run.first_only else np.fmin(held, values)
        self.current[numbers_] = first

    def whole(self, numbers_: Int64s) -> Float64s:
        """The rings of some units, with the running part."""
        ring, columns = self._state["kept#"][:, self._units[numbers_]], np.full(len(self._units), -1)
        columns[numbers_] = np.arange(len(numbers_))
        chosen = columns >= 0
        some = [closed.take(chosen[closed.number]) for closed in self._closed]
        self._write(
            ring, columns, np.flatnonzero(chosen & (self._place >= 0)), [one for one in some if len(one.number)]
        )
        ring[self.part[numbers_] % self._run.parts, columns[numbers_]] = self.current[numbers_]
        return ring

    def _write(self, ring: Float64s, columns: Int64s, copied: Int64s, closed: list[_Closed]) -> None:
        ring[:, columns[copied]] = self._moved[:, self._place[copied]]
        for one in closed:
            one.write(ring, columns[one.number])

    def commit(self) -> None:
        """Keep it."""
        self._write(self._state["kept#"], self._units, np.flatnonzero(self._place >= 0), self._closed)
        for name, values in (("part", self.part), ("rest", self.rest), ("current", self.current)):
            self._state[name][self._rows] = values


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
    units: int
    """How many units there are."""

    def moving_again(self, last: Int64s) -> Int64s:
        """The units of which more than one part ends, who were in these parts before."""
        if len(self.number) == self.units:
            return np.empty(0, np.int64)
        starts = firsts(self.number)
        moves = np.diff(starts, append=len(self.number)) - (self.part[starts] == last)
        return np.flatnonzero(moves > 1)

    def rounds(self) -> Iterator[tuple[Rows, Rows]]:
        """The first group of each unit, then the second of each that has one, and so on; and whose they are."""
        if len(self.number) == self.units:
            yield slice(None), slice(None)
            return
        units = firsts(self.number)
        turn = np.arange(len(self.number)) - np.repeat(units, np.diff(units, append=len(self.number)))
        order = np.argsort(turn, kind="stable")
        ends = np.searchsorted(turn[order], np.arange(int(turn.max()) + 1), side="right")
        begin = 0
        for end in ends.tolist():
            yield order[begin:end], self.number[order[begin:end]]
            begin = end

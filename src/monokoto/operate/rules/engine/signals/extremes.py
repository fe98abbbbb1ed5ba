"""Signals over a stretch of time that no sum can give: minimum, maximum, percentile.

Each unit keeps one value for each part of the window: the extreme of the part, or the first reading in it. The points of
a walk are gone through part by part, all units at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from monokoto.kernel.limits import RULE_PERCENTILE_READINGS_MAX, RULE_WINDOW_PANES
from monokoto.operate.rules.engine.arrays import ALWAYS, NEVER, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.compiled import Statistic, Window
from monokoto.operate.rules.engine.order import firsts
from monokoto.operate.rules.engine.signals.base import State, number, numbers
from monokoto.operate.rules.engine.walk import Signal, Walk


class ExtremeRun:
    """As `Window` for MINIMUM, MAXIMUM and PERCENTILE."""

    def __init__(self, kind: Window, state: State) -> None:
        self._kind = kind
        self._state = state
        self._sign = -1.0 if kind.statistic is Statistic.MAXIMUM else 1.0
        self._first_only = kind.statistic is Statistic.PERCENTILE
        most = RULE_PERCENTILE_READINGS_MAX if self._first_only else RULE_WINDOW_PANES
        self._hops = kind.over_us // kind.every_us if kind.every_us else 0
        self._parts_a_hop = _fitting(kind.every_us, most // self._hops if self._first_only else 1) if self._hops else 1
        if self._hops:
            self._part_us, self._parts = kind.every_us // self._parts_a_hop, self._hops * self._parts_a_hop + 1
        else:
            self._part_us, self._parts = -(-kind.over_us // most), most
        state.add("part", np.int64, NEVER)
        state.add("value", np.float64, np.nan)
        state.add("kept#", np.float64, np.nan, self._parts)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        units = walk.units
        values = numbers(walk, self._kind.expression) * self._sign
        read = walk.fresh(self._kind.expression.names)
        samples = walk.carry(np.where(read, values, np.nan), np.full(len(units), np.nan))
        before = self._state["value"][units]
        self._put_points(walk)
        samples.values[~walk.flags(None)] = np.nan
        ring = self._state["kept#"][units]
        found = self._go_through(walk, samples.values, ring, before)
        self._wake(walk, ring)
        signal = number(walk, found, before)
        last = walk.at[walk.ends] // self._part_us

        def commit() -> None:
            self._state["kept#"][units] = ring
            self._state["part"][units] = np.maximum(last, self._state["part"][units])
            self._state["value"][units] = signal.carried.values[walk.ends]

        walk.afterwards(commit)
        return signal

    def _put_points(self, walk: Walk) -> None:
        """Where a part ends, as long as anything may leave the window."""
        every = self._kind.every_us or self._part_us
        most = self._hops + 1 if self._hops else self._parts
        before = np.where(walk.last == NEVER, walk.at[walk.starts], walk.last)
        low = walk.shift(walk.at, before) // every + 1
        counts = np.clip(walk.at // every + 1 - low, 0, most)
        gaps = np.flatnonzero(counts)
        if len(gaps):
            counts = counts[gaps]
            steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            walk.insert(np.repeat(walk.number[gaps], counts), (np.repeat(low[gaps], counts) + steps) * every)

    def _go_through(self, walk: Walk, samples: Float64s, ring: Float64s, before: Float64s) -> Float64s:
        """The statistic at each point; `ring` becomes what is kept after the last."""
        last = self._state["part"][walk.units]
        part = walk.at // self._part_us
        opens = part != walk.shift(part, last - 1)
        opens[walk.starts] = True
        if self._first_only:
            opens |= _nth(~np.isnan(samples), np.flatnonzero(opens)) * ~np.isnan(samples) == 1
        begins = np.flatnonzero(opens)
        groups = _Groups(begins, np.diff(begins, append=len(walk)), walk.number[begins], part[begins])
        running = samples if self._first_only else _running_least(samples, groups.begins, groups.lengths)
        found, closed = np.full(len(walk), np.nan), np.zeros(len(walk), np.bool_)
        for chosen in groups.rounds():
            rows, now, first = groups.number[chosen], groups.part[chosen], groups.begins[chosen]
            ended = now // self._parts_a_hop != last[rows] // self._parts_a_hop
            self._forget(ring, rows, now, last)
            if self._hops:
                closed[first[ended]] = True
                found[first[ended]] = self._level(ring[rows[ended]])
            elif not self._first_only:
                rest = np.fmin.reduce(ring[rows], axis=1)
                spread = _spread(first, groups.lengths[chosen])
                found[spread] = np.fmin(running[spread], np.repeat(rest, groups.lengths[chosen])) * self._sign
            at = now % self._parts
            new = running[first if self._first_only else first + groups.lengths[chosen] - 1]
            kept = ring[rows, at]
            ring[rows, at] = np.where(np.isnan(kept), new, kept) if self._first_only else np.fmin(kept, new)
            if self._first_only and not self._hops:
                found[_spread(first, groups.lengths[chosen])] = np.repeat(
                    self._level(ring[rows]), groups.lengths[chosen]
                )
        return np.asarray(walk.fill(closed, found, before)) if self._hops else found

    def _level(self, kept: Float64s) -> Float64s:
        return self._percentile(kept) if self._first_only else np.fmin.reduce(kept, axis=1) * self._sign

    def _forget(self, ring: Float64s, rows: Int64s, now: Int64s, last: Int64s) -> None:
        """Of these units, the parts that left the window or begin anew."""
        moved = now > last[rows]
        if moved.any():
            rows, now = rows[moved], now[moved]
            places = np.arange(self._parts)
            age = (now[:, None] - places) % self._parts
            stale = now[:, None] - age > last[rows][:, None]
            kept = ring[rows]
            kept[stale] = np.nan
            ring[rows] = kept
            last[rows] = now

    def _percentile(self, kept: Float64s) -> Float64s:
        """Between neighbours linearly, as most tables and NumPy have it; NaN of nothing."""
        kept = np.sort(kept, axis=1)
        count = self._parts - np.isnan(kept).sum(axis=1)
        place = np.maximum(count - 1, 0) * (self._kind.percentile / 100)
        low = place.astype(np.int64)
        high = np.minimum(low + 1, np.maximum(count - 1, 0))
        rows = np.arange(len(kept))
        below, above = kept[rows, low], kept[rows, high]
        return np.asarray(below + (above - below) * (place - low))

    def _wake(self, walk: Walk, ring: Float64s) -> None:
        at_end = walk.at[walk.ends]
        every = self._kind.every_us or self._part_us
        holds = ~np.isnan(ring).all(axis=1)
        if not self._kind.every_us and len(ring):
            places = np.arange(self._parts)
            now = at_end // self._part_us
            part = now[:, None] - (now[:, None] - places) % self._parts
            oldest = np.where(np.isnan(ring), ALWAYS // self._part_us, part).min(axis=1)
            walk.wake(np.where(holds, (oldest + self._parts) * self._part_us, ALWAYS))
        else:
            walk.wake(np.where(holds, (at_end // every + 1) * every, ALWAYS))


def _nth(flags: Bools, begins: Int64s) -> Int64s:
    """Of each flag that is set, the how-manieth of its group it is."""
    sums = np.cumsum(flags)
    offset: Int64s = sums[begins] - flags[begins]
    return np.asarray(sums - np.repeat(offset, np.diff(begins, append=len(flags))))


def _running_least(values: Float64s, begins: Int64s, lengths: Int64s) -> Float64s:
    """The least value so far within each group; by doubling the reach, so that groups of any length are one loop."""
    found = values.copy()
    place = np.arange(len(values)) - np.repeat(begins, lengths)
    reach = 1
    longest = int(lengths.max()) if len(lengths) else 0
    while reach < longest:
        inside = np.flatnonzero(place >= reach)
        found[inside] = np.fmin(found[inside], found[inside - reach])
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

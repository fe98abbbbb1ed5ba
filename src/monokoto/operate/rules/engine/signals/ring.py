"""Running totals of each unit, and what they were at the beginning of each of the last so many parts of time.

The sum over any stretch of whole parts is the difference of two totals, so a window of any number of readings costs two
look-ups. Totals are whole numbers that wrap around (2^64): differences are exact whatever the order of addition, and so
the same however the log is cut into batches. Values are taken apart into a whole part and a fraction in units of 2^-40.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from monokoto.operate.rules.engine.arrays import NEVER, Array, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.signals.base import State
from monokoto.operate.rules.engine.walk import Carried, Walk

FRACTION = float(2**40)
VALUE_MAX = float(2**52)
"""Larger values are not taken into a sum."""


class Ring:
    """The totals of one signal. Channels are named; a held value (no sum) may be a channel too."""

    def __init__(self, state: State, channels: Mapping[str, npt.DTypeLike], *, part_us: int, parts: int) -> None:
        self.part_us = part_us
        self.parts = parts
        self._state = state
        self._channels = tuple(channels)
        state.add("part", np.int64, NEVER)
        for name, kind in channels.items():
            fill = np.nan if np.dtype(kind).kind == "f" else 0
            state.add(name, kind, fill)
            state.add(f"{name}#", kind, fill, parts)

    def walk(self, walk: Walk, samples: Mapping[str, Array]) -> Totals:
        """The totals at each point, from what each point adds."""
        running = {}
        for name in self._channels:
            before = self._state[name][walk.units]
            sums = np.cumsum(samples[name], dtype=samples[name].dtype)
            offset = sums[walk.starts] - samples[name][walk.starts]
            running[name] = walk.carry(before[walk.number] + sums - offset[walk.number], before)
        return Totals(self, walk, self._state, running)

    def hold(self, walk: Walk, name: str, values: Array) -> Totals:
        """The same for a value that is held, not summed."""
        return Totals(self, walk, self._state, {name: walk.carry(values, self._state[name][walk.units])})


class Totals:
    """Totals along a walk."""

    def __init__(self, ring: Ring, walk: Walk, state: State, running: Mapping[str, Carried]) -> None:
        self._ring = ring
        self._walk = walk
        self._state = state
        self.running = running
        self._last_part: Int64s = state["part"][walk.units]

    @property
    def part(self) -> Int64s:
        """The part of time each point lies in."""
        return self._walk.at // self._ring.part_us

    def at_start(self, name: str, number: Int64s, part: Int64s, parts: Int64s | None = None) -> Array:
        """A channel as it was when a part began, for units by number. The part is among the last ones of the unit."""
        walk, ring = self._walk, self._ring
        here = self.part if parts is None else parts
        carried = self.running[name]
        rows, last = walk.units[number], self._last_part[number]
        kept = self._state[f"{name}#"][rows, part % ring.parts]
        blank = np.nan if kept.dtype.kind == "f" else 0
        kept = np.where(part > last - ring.parts, kept, blank).astype(kept.dtype)
        found = np.where(part > last, carried.before[number], kept)
        # Parts that began within this walk: the total before the first point in them or after.
        begun = np.flatnonzero(part > here[walk.starts[number]])
        if len(begun):
            place = walk.search(number[begun], part[begun] - 1, here)
            found[begun] = carried.values[place - 1]
        return found

    def differ(self, number: Int64s, part: Int64s) -> Bools:
        """Whether anything was added in a part."""
        here = self.part
        found = np.zeros(len(part), np.bool_)
        for name in self.running:
            begin, end = self.at_start(name, number, part, here), self.at_start(name, number, part + 1, here)
            other = begin != end
            if begin.dtype.kind == "f":
                other &= ~(np.isnan(begin) & np.isnan(end))
            found |= other
        return found

    def between(self, low: Int64s, high: Int64s) -> tuple[Int64s, Int64s]:
        """For each gap between points, the parts from `low` (at the point before) up to below `high`: (number, part)."""
        counts = np.clip(high - low, 0, self._ring.parts)
        gaps = np.flatnonzero(counts)
        counts = counts[gaps]
        steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        return np.repeat(self._walk.number[gaps], counts), np.repeat(low[gaps], counts) + steps

    def part_before(self) -> Int64s:
        """At each point the part of the point before."""
        part = self.part
        before = np.where(self._last_part == NEVER, part[self._walk.starts], self._last_part)
        return self._walk.shift(part, before)

    def commit(self) -> None:
        """Keep the totals, and what they were at the beginning of each part that began."""
        walk, ring = self._walk, self._ring
        ends = walk.ends
        last = self.part[ends]
        low = np.maximum(self._last_part + 1, last - ring.parts + 1)
        counts = np.maximum(last - low + 1, 0)
        number = np.repeat(np.arange(len(ends)), counts)
        part = np.repeat(low, counts) + np.arange(len(number)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows = walk.units[number]
        here = self.part
        for name, carried in self.running.items():
            kept = self.at_start(name, number, part, here)
            self._state[f"{name}#"][rows, part % ring.parts] = kept
            self._state[name][walk.units] = carried.values[ends]
        self._state["part"][walk.units] = np.maximum(last, self._last_part)


def split(values: Float64s) -> tuple[Int64s, Int64s]:
    """The whole part and the fraction (in units of 2^-40) of each value; they must be below `VALUE_MAX`."""
    whole = np.floor(values)
    return whole.astype(np.int64), ((values - whole) * FRACTION).astype(np.int64)


def whole(parts: Int64s, fractions: Int64s) -> Float64s:
    """The value of a sum of such parts."""
    return parts + fractions / FRACTION

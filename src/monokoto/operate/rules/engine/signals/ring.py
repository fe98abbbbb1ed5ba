"""Running totals of each unit, and what they were at the beginning of each of the last so many parts of time.

The sum over any stretch of whole parts is the difference of two totals, so a window of any number of readings costs two
look-ups. Totals are whole numbers that wrap around (2^64): differences are exact whatever the order of addition, and so
the same however the log is cut into batches. Values are taken apart into a whole part and a fraction in units of 2^-40.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from monokoto.operate.rules.engine.arrays import NEVER, Array, Bools, Float64s, Int64s, Rows, values_at
from monokoto.operate.rules.engine.order import strides
from monokoto.operate.rules.engine.signals.base import State
from monokoto.operate.rules.engine.walk import Carried, Parts, Walk

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

    def walk(self, walk: Walk, sums: Mapping[str, Array]) -> Totals:
        """The totals at each point, from what was added since each unit's first (`summed`)."""
        running = {}
        for name in self._channels:
            before = walk.before(self._state[name])
            running[name] = walk.carry(before[walk.number] + sums[name], before)
        return Totals(self, walk, self._state, running)

    def hold(self, walk: Walk, name: str, values: Array) -> Totals:
        """The same for a value that is held, not summed."""
        return Totals(self, walk, self._state, {name: walk.carry(values, walk.before(self._state[name]))})


@dataclass(frozen=True, slots=True)
class Place:
    """Where to find what totals were when some parts began."""

    number: Int64s
    slot: Int64s | int
    """Of the ring; one number where it is the same for all."""
    rows: Rows
    kept: Bools | None
    """Whether the ring has it; None: it has all of them. Otherwise it is the total of before."""
    forgotten: Bools | None
    """Whether it lies too far back; None: nothing does."""
    begun: Int64s
    """Which of them began within the walk."""
    point: Int64s
    """The last point before each of those."""


class Totals:
    """Totals along a walk."""

    def __init__(self, ring: Ring, walk: Walk, state: State, running: Mapping[str, Carried]) -> None:
        self._ring = ring
        self._walk = walk
        self._state = state
        self.running = running
        self.last_part: Int64s = walk.before(state["part"])
        """The part each unit was last seen in."""
        self._parts: Parts | None = None
        self._rests: bool | None = None

    @property
    def parts(self) -> Parts:
        """The points by parts of time."""
        if self._parts is None or len(self._parts.part) != len(self._walk):
            self._parts, self._rests = self._walk.parts(self._ring.part_us), None
        return self._parts

    @property
    def part(self) -> Int64s:
        """The part of time each point lies in."""
        return self.parts.part

    @property
    def rest(self) -> bool:
        """Whether all points lie in one part of time, in which their units were before: nothing begins or ends."""
        if self._rests is None:
            last, parts = self.last_part, self.parts
            now = parts.highest
            self._rests = parts.lowest == now and int(last.min()) == now and int(last.max()) == now
        return self._rests

    def place(self, number: Int64s, part: Int64s) -> Place:
        """Where to look for the beginning of parts of units (by number)."""
        walk, ring, here = self._walk, self._ring, self.part
        each_once = len(number) == len(walk.units) and bool((number[1:] > number[:-1]).all())
        last = self.last_part if each_once else self.last_part[number]
        kept = part <= last
        forgotten = part <= last - ring.parts
        begun = np.flatnonzero(part > here[walk.starts if each_once else walk.starts[number]])
        point = walk.search(number[begun], part[begun] - 1, here) - 1 if len(begun) else begun
        # Mostly all units stand in the same part of time, side by side in memory.
        in_one = len(part) > 0 and bool((part == part[0]).all())
        return Place(
            number,
            int(part[0]) % ring.parts if in_one else part % ring.parts,
            walk.place if in_one and each_once else walk.units[number],
            None if kept.all() else kept,
            forgotten if forgotten.any() else None,
            begun,
            point,
        )

    def at(self, name: str, place: Place) -> Array:
        """A channel as it was there."""
        carried = self.running[name]
        kept = self._state[f"{name}#"]
        found = values_at(kept[place.slot], place.rows) if isinstance(place.slot, int) else kept[place.slot, place.rows]
        if place.forgotten is not None:
            found[place.forgotten] = np.nan if found.dtype.kind == "f" else 0
        if place.kept is not None:
            found = np.where(place.kept, found, carried.before[place.number])
        if len(place.begun):
            found[place.begun] = carried.values[place.point]
        return found

    def at_start(self, name: str, number: Int64s, part: Int64s) -> Array:
        """A channel as it was when parts began. A part is among the last ones of its unit."""
        return self.at(name, self.place(number, part))

    def at_points(self, back: int) -> dict[str, Array]:
        """All channels, at each point, as they were at the beginning of the part so many parts before its own."""
        parts = self.parts
        if self.rest and 0 <= back < self._ring.parts:
            slot, rows, number = (parts.highest - back) % self._ring.parts, self._walk.place, self._walk.number
            return {name: self._state[f"{name}#"][slot][rows][number] for name in self.running}
        place = self.place(self._walk.number[parts.opens], parts.part[parts.opens] - back)
        return {name: self.at(name, place)[parts.which] for name in self.running}

    def differ(self, number: Int64s, part: Int64s) -> Bools:
        """Whether anything was added in a part."""
        found = np.zeros(len(part), np.bool_)
        begins, ends = self.place(number, part), self.place(number, part + 1)
        for name in self.running:
            begin, end = self.at(name, begins), self.at(name, ends)
            other = begin != end
            if begin.dtype.kind == "f":
                other &= ~(np.isnan(begin) & np.isnan(end))
            found |= other
        return found

    def between(self, low: Int64s, high: Int64s) -> tuple[Int64s, Int64s]:
        """For each gap between points, the parts from `low` (at the point before) up to below `high`: (number, part)."""
        return strides(self._walk.number, low, np.clip(high - low, 0, self._ring.parts))

    def part_before(self) -> Int64s:
        """At each point the part of the point before."""
        part = self.part
        before = np.where(self.last_part == NEVER, part[self._walk.starts], self.last_part)
        return self._walk.shift(part, before)

    def commit(self) -> None:
        """Keep the totals, and what they were at the beginning of each part that began."""
        if not self.rest:
            self._keep_beginnings()
        ends = self._walk.ends
        for name, carried in self.running.items():
            self._state[name][self._walk.place] = carried.values[ends]

    def _keep_beginnings(self) -> None:
        walk, ring = self._walk, self._ring
        last = self.part[walk.ends]
        low = np.maximum(self.last_part + 1, last - ring.parts + 1)
        counts = np.maximum(last - low + 1, 0)
        if counts.any():
            place = self.place(*strides(np.arange(len(last)), low, counts))
            kept = {name: self.at(name, place) for name in self.running}
            for name, values in kept.items():
                self._state[f"{name}#"][place.slot, place.rows] = values
        self._state["part"][walk.place] = np.maximum(last, self.last_part)


def summed(walk: Walk, samples: Mapping[str, Array]) -> dict[str, Array]:
    """What was added since each unit's first point, it included, from what each point adds."""
    found = {}
    for name, values in samples.items():
        sums = np.cumsum(values, dtype=values.dtype)
        offset = sums[walk.starts - 1]  # what was summed before each unit's first point
        offset[:1] = 0
        found[name] = sums - offset[walk.number]
    return found


def split(values: Float64s) -> tuple[Int64s, Int64s]:
    """The whole part and the fraction (in units of 2^-40) of each value; they must be below `VALUE_MAX`."""
    whole = np.floor(values)
    return whole.astype(np.int64), ((values - whole) * FRACTION).astype(np.int64)


def whole(parts: Int64s, fractions: Int64s) -> Float64s:
    """The value of a sum of such parts."""
    return parts + fractions / FRACTION

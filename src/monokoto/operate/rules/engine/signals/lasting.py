"""Signals about how long something has been: held, silent, event, sequence, and staying in an area."""

from __future__ import annotations

import numpy as np
import shapely

from monokoto.operate.rules.engine.arrays import NEVER, Bools, Int64s
from monokoto.operate.rules.engine.compiled import Event, Geofence, Held, Sequence, Silent
from monokoto.operate.rules.engine.signals.base import State, boolean, numbers
from monokoto.operate.rules.engine.walk import Signal, Walk


def lasting(walk: Walk, state: State, true: Bools, for_us: int) -> Signal:
    """Whether something has been true for so long without a break. State: since when it is."""
    before: Int64s = walk.before(state["since"])
    since = walk.carry(_since(walk, true, before), before)
    if for_us:
        walk.elapse(since, for_us)
    walk.afterwards(lambda: _keep(state, "since", walk, since.values))
    found = (since.values != NEVER) & (walk.at - since.values >= for_us)
    return boolean(walk, found, (before != NEVER) & (walk.last - before >= for_us))


def _since(walk: Walk, true: Bools, before: Int64s) -> Int64s:
    """At each point since when it is true. Only the points at which it is are looked at: mostly they are few."""
    found = np.full(len(walk), NEVER, np.int64)
    places = np.flatnonzero(true)
    if len(places):
        number = walk.number[places]
        opens = np.ones(len(places), np.bool_)
        opens[1:] = (places[1:] != places[:-1] + 1) | (number[1:] != number[:-1])
        first = places[np.maximum.accumulate(np.where(opens, np.arange(len(places)), 0))]
        goes_on = (first == walk.starts[number]) & (before[number] != NEVER)
        found[places] = np.where(goes_on, before[number], walk.at[first])
    return found


def _keep(state: State, field: str, walk: Walk, values: Int64s) -> None:
    state[field][walk.place] = values[walk.ends]


class HeldRun:
    """As `Held`."""

    def __init__(self, kind: Held, state: State) -> None:
        self._kind = kind
        self._state = state
        state.add("since", np.int64, NEVER)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        return lasting(walk, self._state, walk.truth(self._kind.expression), self._kind.for_us)


class GeofenceRun:
    """As `Geofence`. State: since when inside; whether it is known where the unit is."""

    def __init__(self, kind: Geofence, state: State) -> None:
        self._kind = kind
        self._state = state
        self._area = kind.area
        shapely.prepare(self._area)
        self._bounds = shapely.bounds(self._area).tolist()
        state.add("since", np.int64, NEVER)
        state.add("placed", np.bool_, False)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        latitude, longitude = numbers(walk, self._kind.latitude), numbers(walk, self._kind.longitude)
        west, south, east, north = self._bounds
        inside: Bools = (longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)
        near = np.flatnonzero(inside)  # the others are not inside the area either
        inside[near] = shapely.contains_xy(self._area, longitude[near], latitude[near])
        known = walk.carry(~(np.isnan(latitude) | np.isnan(longitude)), walk.before(self._state["placed"]))
        walk.afterwards(lambda: _keep(self._state, "placed", walk, known.values))
        signal = lasting(walk, self._state, inside, self._kind.dwell_us)
        return Signal(signal.carried, known, signal.wrap)


class SilentRun:
    """As `Silent`. State: when anything of it was read last."""

    def __init__(self, kind: Silent, state: State) -> None:
        self._kind = kind
        self._state = state
        state.add("last", np.int64, NEVER)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        before: Int64s = walk.before(self._state["last"])
        read = walk.fresh(frozenset(self._kind.properties)) if self._kind.properties else walk.flags(None)
        last = walk.carry(walk.fill(read, walk.at, before), before)
        length = self._kind.for_us
        walk.elapse(last, length)
        walk.afterwards(lambda: _keep(self._state, "last", walk, last.values))
        found = (last.values != NEVER) & (walk.at - last.values >= length)
        return boolean(walk, found, (before != NEVER) & (walk.last - before >= length))


class EventRun:
    """As `Event`. State: when it was told of last."""

    def __init__(self, kind: Event, number: int, state: State) -> None:
        self._number = number
        self._length = max(kind.for_us, 1)
        self._state = state
        state.add("told", np.int64, NEVER)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        before: Int64s = walk.before(self._state["told"])
        told = walk.carry(walk.fill(walk.events(self._number), walk.at, before), before)
        walk.elapse(told, self._length)
        walk.afterwards(lambda: _keep(self._state, "told", walk, told.values))
        found = (told.values != NEVER) & (walk.at - told.values < self._length)
        return boolean(walk, found, (before != NEVER) & (walk.last - before < self._length))


class SequenceRun:
    """As `Sequence`. State: for each step, when the chain began whose steps up to it came true: of several the latest."""

    def __init__(self, kind: Sequence, state: State) -> None:
        self._kind = kind
        self._state = state
        for step in range(len(kind.steps)):
            state.add(f"step{step}", np.int64, NEVER)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        read = walk.flags(None)
        began = None
        chain = []
        for step, condition in enumerate(self._kind.steps):
            true = walk.truth(condition) & read
            before: Int64s = walk.before(self._state[f"step{step}"])
            if began is None:
                values = walk.fill(true, walk.at, before)
            else:
                earlier = walk.shift(began, chain[-1].before)
                values = walk.fill(true & (earlier != NEVER), earlier, before)
            began = values
            chain.append(walk.carry(values, before))
        last, within = chain[-1], self._kind.within_us
        walk.elapse(last, within + 1)
        for step, carried in enumerate(chain):
            walk.afterwards(lambda step=step, carried=carried: _keep(self._state, f"step{step}", walk, carried.values))  # type: ignore[misc]
        found = (last.values != NEVER) & (walk.at - last.values <= within)
        return boolean(walk, found, (last.before != NEVER) & (walk.last - last.before <= within))

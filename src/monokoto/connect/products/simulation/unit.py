"""One virtual unit: a sequence of moments, the same for the same seed, whatever the speed at which they are asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from monokoto.connect.products.model import PropertyModel
from monokoto.connect.products.simulation.acts import Deed, SimulatedAction, deed
from monokoto.connect.products.simulation.generators import Generator, Source, Tick
from monokoto.connect.products.simulation.section import Simulation
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.values import Kind

_GOES_WELL = SimulatedAction()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event that happened."""

    name: str
    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a unit measured at an instant."""

    at: Instant
    online: bool
    """Whether it can send; what it measured while away it sends when it is back, if it keeps it (`kept`)."""
    kept: bool
    values: Mapping[str, Any]
    """Without the properties that gave no value at this moment."""
    events: tuple[Occurrence, ...] = ()


class VirtualUnit:
    """Lives tick by tick from `start` on. `index` tells the units of one seed apart."""

    __slots__ = (
        "_absent_until",
        "_acts",
        "_away_at",
        "_desired",
        "_events_at",
        "_phase",
        "_random",
        "_simulation",
        "_sources",
        "_start",
        "_ticks",
        "_whims",
    )

    def __init__(self, simulation: Simulation, *, seed: int, index: int, start: Instant) -> None:
        # Two streams: what happens to a unit (jitter, absence, events) does not change what it measures.
        self._random = Random(f"{seed}/{index}/values")
        self._whims = Random(f"{seed}/{index}/whims")
        self._acts = Random(f"{seed}/{index}/acts")
        self._simulation = simulation
        self._start = start
        self._ticks = 0
        # Units do not tick in step.
        self._phase = self._whims.random() * simulation.every_seconds
        self._sources: list[tuple[PropertyModel, Source]] = [
            (simulated.model, simulated.generator(self._random)) for simulated in simulation.properties
        ]
        self._desired: dict[str, Any] = {}
        self._absent_until = 0.0
        absence = simulation.absence
        self._away_at = self._wait(absence.every_seconds) if absence else math.inf
        self._events_at = [self._wait(event.every_seconds) for event in simulation.events]

    def _wait(self, mean: float) -> float:
        return self._whims.expovariate(1 / mean)

    def desire(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Take desired values over; returns what the unit reports: those that are properties of its product.

        From now on such a property keeps its desired value; None lets it live by its generator again.
        """
        taken = {name: value for name, value in values.items() if name in self._simulation.models}
        for name, value in taken.items():
            if value is None:
                self._desired.pop(name, None)
            else:
                self._desired[name] = value
        return {name: value for name, value in taken.items() if value is not None}

    def as_desired(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a moment made some time ago says now: what was taken over since has its desired value."""
        return {name: self._desired.get(name, value) for name, value in values.items()}

    def takes_over(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What of a desired state it takes over this time: all of it, nothing, and never what it leaves."""
        desire = self._simulation.desire
        if self._acts.random() < desire.refuses:
            return {}
        return {name: value for name, value in values.items() if name not in desire.leaves}

    @property
    def desire_seconds(self) -> float:
        """How long it takes until it does what is desired."""
        return self._simulation.desire.after_seconds

    def act(self, name: str) -> Deed:
        """What it does when it is asked this action."""
        return deed(self._simulation.actions.get(name, _GOES_WELL), self._acts)

    def output(self, made: Generator) -> Any:
        """A value of an action's output."""
        tick = Tick(self._acts, self._start, 0.0)
        return made(self._acts)(tick)

    def tick(self) -> Moment:
        """The next moment."""
        simulation = self._simulation
        shift = self._whims.uniform(-simulation.jitter, simulation.jitter) if simulation.jitter else 0.0
        elapsed = max(0.0, self._phase + (self._ticks + shift) * simulation.every_seconds)
        self._ticks += 1
        at = Instant(self._start + round(elapsed * MICROSECONDS_PER_SECOND))
        tick = Tick(self._random, at, elapsed)
        for model, source in self._sources:
            value = fitted(source(tick), model)
            value = self._desired.get(model.name, value)
            if value is not None:
                tick.values[model.name] = value
        return Moment(
            at=at,
            online=self._online(elapsed),
            kept=simulation.absence is None or simulation.absence.keep,
            values=tick.values,
            events=self._events(tick),
        )

    def _online(self, elapsed: float) -> bool:
        absence = self._simulation.absence
        if absence is None:
            return True
        while elapsed >= self._away_at:
            self._absent_until = self._away_at + self._wait(absence.seconds)
            self._away_at = self._absent_until + self._wait(absence.every_seconds)
        return elapsed >= self._absent_until

    def _events(self, tick: Tick) -> tuple[Occurrence, ...]:
        happened = []
        apart = Tick(self._whims, tick.at, tick.elapsed, tick.values)
        for index, event in enumerate(self._simulation.events):
            while tick.elapsed >= self._events_at[index]:
                self._events_at[index] += self._wait(event.every_seconds)
                data = event.data(self._whims)(apart) if event.data else None
                happened.append(Occurrence(event.name, data))
        return tuple(happened)


def fitted(value: Any, model: PropertyModel) -> Any:
    """The value as the property takes it: whole for an integer, in its steps, within its range, no longer than it may be."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return value[: model.length_max] if model.kind is Kind.STRING else value
    if not isinstance(value, int | float) or not model.kind.numeric:
        return value
    if not math.isfinite(value):
        return None
    return _ranged(value, model)


def _ranged(value: float, model: PropertyModel) -> float | int:
    integer = model.kind is Kind.INTEGER
    low = model.minimum if model.minimum is not None else -math.inf
    high = model.maximum if model.maximum is not None else math.inf
    if model.exclusive_minimum is not None:
        above = model.exclusive_minimum
        low = max(low, math.floor(above) + 1 if integer else math.nextafter(above, math.inf))
    if model.exclusive_maximum is not None:
        below = model.exclusive_maximum
        high = min(high, math.ceil(below) - 1 if integer else math.nextafter(below, -math.inf))
    if step := model.schema.get("multipleOf"):
        return _stepped(value, step, low, high)
    if not integer:
        return min(max(value, low), high)
    low = math.ceil(low) if math.isfinite(low) else low
    high = math.floor(high) if math.isfinite(high) else high
    return int(min(max(round(value), low), high))


def _stepped(value: float, step: float, low: float, high: float) -> float | int:
    """The nearest multiple of `step` from `low` to `high`."""
    first = math.ceil(low / step) if math.isfinite(low) else low
    last = math.floor(high / step) if math.isfinite(high) else high
    count = int(min(max(round(value / step), first), last))
    # Twelve decimals: 7 * 0.1 is 0.7000000000000001, which a reader of the step 0.1 takes for another number.
    return count * step if isinstance(step, int) else round(count * step, 12)

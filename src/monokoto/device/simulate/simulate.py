"""A fleet of virtual units: each lives by its own seed, with its own connection; one clock drives them all."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from monokoto.connect.products import ActionModel, Moment, Simulation, VirtualUnit
from monokoto.device.device import Device, DeviceOptions
from monokoto.device.replay import Speed
from monokoto.device.simulate.promises import TOPIC, Pressing, Promises, Promising
from monokoto.device.simulate.report import Noted, SimulationReport
from monokoto.device.simulate.unit import DRAIN_SECONDS, Unit
from monokoto.device.telemetry import DESIRED
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Invalid, MonokotoError

_CONNECT_AT_ONCE = 50
_TELL_SECONDS = 0.5
_TOKEN_SECONDS = 5.0
_FAR = 1 << 62


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSimulation:
    """What to simulate, and how."""

    simulation: Simulation
    url: str
    seed: int = 1
    speed: Speed = Speed(1.0)  # noqa: RUF009 a frozen value
    minutes: float | None = None
    """Simulated minutes; None: until it is cancelled."""
    qos: int = 1
    options: DeviceOptions = field(default_factory=DeviceOptions)
    actions: Mapping[str, ActionModel] = field(default_factory=dict)
    """What the units do when they are asked; anything else they fail to do, and say so."""
    promising: Promising = field(default_factory=Promising)
    """What their entitlement tokens open."""
    presses: tuple[Pressing, ...] = ()
    """What people at each of the units want done."""
    away: tuple[tuple[float, float], ...] = ()
    """From when to when in their lives, in seconds, all units have no network; beside the absences of the section."""
    since: Instant | None = None
    """When their lives begin, instead of what the section says."""

    def start(self, now: int) -> Instant:
        """When the units' lives begin: as the section says, else so that they end now, or go on with the clock.

        Raises:
            Invalid: they would run ahead of the clock.
        """
        if self.since is not None or self.simulation.start is not None:
            return Instant(self.since or self.simulation.start or 0)
        if self.speed.factor <= 1:
            return Instant(now)
        if self.minutes is None:
            raise Invalid(
                "Faster than life, the units would soon be in the future.",
                remedy="Say for how long (--minutes), or since when (start: in the simulation section).",
            )
        seconds = self.minutes * 60
        lasting = 0.0 if self.speed.unlimited else seconds / self.speed.factor
        return Instant(now - round((seconds - lasting) * MICROSECONDS_PER_SECOND))


async def simulate(
    plan: FleetSimulation,
    credentials: Sequence[tuple[str, str]],
    *,
    now: int,
    told: Callable[[SimulationReport], None] = lambda _report: None,
    noted: Noted = lambda _note: None,
) -> SimulationReport:
    """Let a unit live for each (serial, token); `told` is called now and then, `noted` with each note. Cancelled, it returns
    what was acknowledged, as `interrupted`.

    Raises:
        Invalid: the plan cannot be carried out.
        Refused, Disconnected: the platform does not let a unit in at the start, or is not there.
    """
    fleet = _Fleet(plan, plan.start(now), told, noted)
    try:
        await fleet.connect(credentials)
        await fleet.live()
    except asyncio.CancelledError:
        fleet.report.interrupted = True
    finally:
        await fleet.finish()
    return fleet.report


class _Fleet:
    def __init__(
        self, plan: FleetSimulation, start: Instant, told: Callable[[SimulationReport], None], noted: Noted
    ) -> None:
        self.report = SimulationReport()
        self._plan = plan
        self._start = start
        self._told = told
        self._noted = noted
        self._units: list[Unit] = []
        self._lives: float | None = None
        """When life began, by the monotonic clock, which any thread may ask; None: it has not."""
        self._real = 0.0
        """How late it really was then, in seconds since 1970."""
        self._began = self._told_at = time.monotonic()

    async def connect(self, credentials: Sequence[tuple[str, str]]) -> None:
        """Connect all of them, some at a time."""
        for index, (serial, token) in enumerate(credentials):
            virtual = VirtualUnit(self._plan.simulation, seed=self._plan.seed, index=index, start=self._start)
            device = Device(self._plan.url, token=token, options=self._plan.options)
            made = Unit(
                serial,
                virtual,
                device,
                self.report,
                self._plan.speed,
                promises=self._promises if self._plan.promising.features else lambda _unit: None,
                noted=self._noted,
            )
            self._units.append(made)
        for first in range(0, len(self._units), _CONNECT_AT_ONCE):
            await asyncio.gather(*map(self._connect, self._units[first : first + _CONNECT_AT_ONCE]))
        self.report.units = len(self._units)
        if self._plan.presses or self._plan.away:
            await self._be_promised()

    def _promises(self, unit: Unit) -> Promises:
        return Promises(self._plan.promising, lambda: self._clock(unit))

    def _clock(self, unit: Unit) -> float:
        """By which a unit's promises go: real time until life begins, which from then on passes as life does."""
        if self._lives is None:
            return time.time()
        return self._real + (self._life(unit) - self._start) / MICROSECONDS_PER_SECOND

    def _life(self, unit: Unit) -> int:
        """How late it is in a unit's life."""
        if self._lives is None or self._plan.speed.unlimited:
            return unit.at or self._start
        passed = (time.monotonic() - self._lives) * self._plan.speed.factor
        return self._start + round(passed * MICROSECONDS_PER_SECOND)

    async def _be_promised(self) -> None:
        """Wait a little for the units' tokens: who is left alone at once should have what it was promised."""
        waiting = [unit.heard.wait() for unit in self._units if unit.promises is not None]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_TOKEN_SECONDS):
                await asyncio.gather(*waiting)

    async def _connect(self, unit: Unit) -> None:
        try:
            await unit.device.start()
        except MonokotoError as error:
            error.message = f"Unit {unit.serial}: {error.message}"
            raise
        unit.device.subscribe(DESIRED, unit.hear)
        if unit.promises is not None:
            unit.device.subscribe(TOPIC, unit.promised)
        unit.learn(self._plan.actions)

    async def live(self) -> None:
        """Let time pass: always the unit whose moment comes first, and before it what was planned from outside."""
        plan = self._plan
        end = None if plan.minutes is None else self._start + plan.minutes * 60 * MICROSECONDS_PER_SECOND
        coming = [
            (moment.at, index, moment) for index, unit in enumerate(self._units) for moment in (unit.virtual.tick(),)
        ]
        heapq.heapify(coming)
        planned = deque(self._planned())
        self._real, self._lives = time.time(), time.monotonic()
        while coming and (end is None or min(coming[0][0], planned[0][0] if planned else _FAR) < end):
            if planned and planned[0][0] <= coming[0][0]:
                at, act = planned.popleft()
                await self._until(at)
                await act(at)
                continue
            at, index, moment = coming[0]
            await self._until(at)
            unit = self._units[index]
            await self._take(unit, moment)
            self.report.simulated_seconds = (at - self._start) / MICROSECONDS_PER_SECOND
            following = unit.virtual.tick()
            heapq.heapreplace(coming, (following.at, index, following))
        if end is not None:
            await self._settle()

    def _planned(self) -> list[tuple[int, Callable[[int], Awaitable[None]]]]:
        """What happens to all units from outside, in order of time; a network that goes goes first."""

        def at(seconds: float) -> int:
            return self._start + round(seconds * MICROSECONDS_PER_SECOND)

        found: list[tuple[int, Callable[[int], Awaitable[None]]]] = []
        for gone, back in self._plan.away:
            found += [(at(gone), partial(self._network, lost=True)), (at(back), partial(self._network, lost=False))]
        found += [(at(one.after_seconds), partial(self._press, one)) for one in self._plan.presses]
        return sorted(found, key=lambda one: one[0])

    async def _network(self, at: int, *, lost: bool) -> None:
        await asyncio.gather(*(unit.lose_network(at, lost=lost) for unit in self._units))

    async def _press(self, one: Pressing, at: int) -> None:
        for unit in self._units:
            unit.press(one, at)

    async def _until(self, at: int) -> None:
        """Wait until it is so late in the units' lives; meanwhile what they were promised opens and closes."""
        plan = self._plan
        if plan.speed.unlimited or self._lives is None:
            return
        due = self._lives + (at - self._start) / MICROSECONDS_PER_SECOND / plan.speed.factor
        while (wait := due - time.monotonic()) > 0:
            self._tell()
            for unit in self._units if plan.promising.features else ():
                unit.turn(self._life(unit))
            await asyncio.sleep(min(wait, _TELL_SECONDS))

    async def _take(self, unit: Unit, moment: Moment) -> None:
        if self._plan.speed.unlimited and unit.present:
            while unit.device.pending >= unit.device.options.window:  # as fast as it is acknowledged
                await unit.device.drain()
        await unit.live(moment, self._plan.qos)
        if time.monotonic() - self._told_at > _TELL_SECONDS:
            self._tell()
            await asyncio.sleep(0)

    async def _settle(self) -> None:
        """At the end every unit comes back and sends what it kept."""
        for unit in self._units:
            if not unit.device.online:
                unit.device.begin()
        for unit in self._units:
            await unit.device.drain()

    def _tell(self) -> None:
        self._told_at = time.monotonic()
        self.report.seconds = self._told_at - self._began
        self.report.online = sum(unit.device.online for unit in self._units)
        self._told(self.report)

    async def finish(self) -> None:
        """Say good-bye."""
        self._tell()
        for unit in self._units:
            unit.leave_off()
        drain = DRAIN_SECONDS if self.report.interrupted else 0.0
        await asyncio.gather(*(unit.device.stop(drain_seconds=drain) for unit in self._units))
        await asyncio.sleep(0)  # the last acknowledgements are counted by callbacks
        self._tell()

"""A fleet of virtual units: each lives by its own seed, with its own connection; one clock drives them all."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from monokoto.connect.products import ActionModel, Moment, Simulation, VirtualUnit
from monokoto.device.actions import ActionHandler, Ask
from monokoto.device.device import Device, DeviceOptions
from monokoto.device.replay import Speed
from monokoto.device.simulate.acting import handler_of
from monokoto.device.telemetry import DESIRED, EVENTS, TELEMETRY, time_to_json
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.errors import Invalid, MonokotoError, TooMany
from monokoto.mqtt import Reason

_ENCODE = msgspec.json.Encoder().encode
_CONNECT_AT_ONCE = 50
_TELL_SECONDS = 0.5
_DRAIN_SECONDS = 2.0


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

    def start(self, now: int) -> Instant:
        """When the units' lives begin: as the section says, else so that they end now, or go on with the clock.

        Raises:
            Invalid: they would run ahead of the clock.
        """
        if self.simulation.start is not None:
            return self.simulation.start
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


@dataclass(slots=True)
class SimulationReport:
    """What happened; messages and readings are those acknowledged."""

    units: int = 0
    online: int = 0
    messages: int = 0
    readings: int = 0
    events: int = 0
    refused: int = 0
    """Messages the platform did not take."""
    lost: int = 0
    """Messages given up because a unit's outbox was full."""
    desired: int = 0
    """Desired states that were taken over."""
    actions: int = 0
    """Actions that were carried out."""
    seconds: float = 0.0
    simulated_seconds: float = 0.0
    interrupted: bool = False


async def simulate(
    plan: FleetSimulation,
    credentials: Sequence[tuple[str, str]],
    *,
    now: int,
    told: Callable[[SimulationReport], None] = lambda _report: None,
) -> SimulationReport:
    """Let a unit live for each (serial, token); `told` is called now and then. Cancelled, it returns what was
    acknowledged, as `interrupted`.

    Raises:
        Invalid: the plan cannot be carried out.
        Refused, Disconnected: the platform does not let a unit in at the start, or is not there.
    """
    fleet = _Fleet(plan, plan.start(now), told)
    try:
        await fleet.connect(credentials)
        await fleet.live()
    except asyncio.CancelledError:
        fleet.report.interrupted = True
    finally:
        await fleet.finish()
    return fleet.report


class _Unit:
    """A virtual unit and its device."""

    __slots__ = ("_desired", "_obeying", "_report", "_speed", "at", "device", "present", "serial", "virtual")

    def __init__(
        self,
        serial: str,
        virtual: VirtualUnit,
        device: Device,
        report: SimulationReport,
        speed: Speed,
    ) -> None:
        self.serial = serial
        self.virtual = virtual
        self.device = device
        self.at = 0
        self.present = True
        """Whether it wants to be connected."""
        self._desired: set[str] = set()
        self._report = report
        self._speed = speed
        self._obeying: asyncio.Task[None] | None = None

    def learn(self, actions: Mapping[str, ActionModel]) -> None:
        """Be ready to do these."""
        for name, model in actions.items():
            self.device.on_action(name, self._counted(handler_of(self.virtual, model, self._pause, self._set)))

    def _counted(self, handler: ActionHandler) -> ActionHandler:
        async def act(ask: Ask) -> Any:
            output = await handler(ask)
            self._report.actions += 1
            return output

        return act

    def _set(self, values: Mapping[str, Any]) -> None:
        """From now on these properties have these values."""
        reported = self.virtual.desire(values)
        if reported:
            self._publish(TELEMETRY, {"at": time_to_json(self.at or self._now()), "values": reported}, len(reported), 1)

    def hear(self, _topic: str, payload: bytes) -> None:
        """Desired state: take it over and report it back, after a while. What is no desired state is left alone."""
        try:
            document = msgspec.json.decode(payload)
        except msgspec.DecodeError:
            return
        wanted = document.get("desired") if isinstance(document, Mapping) else None
        if not isinstance(wanted, Mapping):
            return
        taken = self.virtual.takes_over(wanted)
        if wanted and not taken:
            return
        if self._obeying is not None:
            self._obeying.cancel()  # the newest desired state is what counts
        self._obeying = asyncio.create_task(self._obey(taken))

    async def _obey(self, wanted: Mapping[str, Any]) -> None:
        await self._pause(self.virtual.desire_seconds)
        released = dict.fromkeys(self._desired - wanted.keys())
        self._desired = {str(name) for name in wanted}
        reported = self.virtual.desire({**released, **wanted})
        self._report.desired += 1
        if reported and self.at:
            self._publish(TELEMETRY, {"at": time_to_json(self.at), "values": reported}, len(reported), 1)

    async def _pause(self, seconds: float) -> None:
        """Let so many simulated seconds pass; as fast as it goes they take no time."""
        await asyncio.sleep(0.0 if self._speed.unlimited else seconds / self._speed.factor)

    def _now(self) -> int:
        return round(time.time() * MICROSECONDS_PER_SECOND)

    def leave_off(self) -> None:
        """Obey nothing more."""
        if self._obeying is not None:
            self._obeying.cancel()

    async def live(self, moment: Moment, qos: int) -> None:
        """Send what the moment brings; leave or come back as it says."""
        self.at = moment.at
        if moment.online != self.present:
            self.present = moment.online
            if moment.online:
                self.device.begin()
            else:
                await self._leave()
        if not moment.online and not moment.kept:
            return
        at = time_to_json(moment.at)
        if moment.values:
            # The moment was made ahead of its time; what was taken over meanwhile holds.
            values = self.virtual.as_desired(moment.values)
            self._publish(TELEMETRY, {"at": at, "values": values}, len(values), qos)
        for event in moment.events:
            self._publish(EVENTS + event.name, {"at": at, "data": event.data}, 0, qos)
            self._report.events += 1

    async def _leave(self) -> None:
        with contextlib.suppress(TimeoutError, MonokotoError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                await self.device.drain()
        await self.device.pause()

    def _publish(self, topic: str, body: Mapping[str, Any], readings: int, qos: int) -> None:
        try:
            done = self.device.publish(topic, _ENCODE(body), qos=qos)
        except TooMany:
            self._report.lost += 1
            return
        done.add_done_callback(lambda future: self._acknowledged(future, readings))

    def _acknowledged(self, future: asyncio.Future[int], readings: int) -> None:
        if future.cancelled():
            return
        if future.result() >= Reason.UNSPECIFIED_ERROR:
            self._report.refused += 1
            return
        self._report.messages += 1
        self._report.readings += readings


class _Fleet:
    def __init__(self, plan: FleetSimulation, start: Instant, told: Callable[[SimulationReport], None]) -> None:
        self.report = SimulationReport()
        self._plan = plan
        self._start = start
        self._told = told
        self._units: list[_Unit] = []
        self._began = self._told_at = time.monotonic()

    async def connect(self, credentials: Sequence[tuple[str, str]]) -> None:
        """Connect all of them, some at a time."""
        for index, (serial, token) in enumerate(credentials):
            virtual = VirtualUnit(self._plan.simulation, seed=self._plan.seed, index=index, start=self._start)
            device = Device(self._plan.url, token=token, options=self._plan.options)
            self._units.append(_Unit(serial, virtual, device, self.report, self._plan.speed))
        for first in range(0, len(self._units), _CONNECT_AT_ONCE):
            await asyncio.gather(*map(self._connect, self._units[first : first + _CONNECT_AT_ONCE]))
        self.report.units = len(self._units)

    async def _connect(self, unit: _Unit) -> None:
        try:
            await unit.device.start()
        except MonokotoError as error:
            error.message = f"Unit {unit.serial}: {error.message}"
            raise
        unit.device.subscribe(DESIRED, unit.hear)
        unit.learn(self._plan.actions)

    async def live(self) -> None:
        """Let time pass: always the unit whose moment comes first."""
        plan, loop = self._plan, asyncio.get_running_loop()
        end = None if plan.minutes is None else self._start + plan.minutes * 60 * MICROSECONDS_PER_SECOND
        coming = [
            (moment.at, index, moment) for index, unit in enumerate(self._units) for moment in (unit.virtual.tick(),)
        ]
        heapq.heapify(coming)
        began = loop.time()
        while coming and (end is None or coming[0][0] < end):
            at, index, moment = coming[0]
            if not plan.speed.unlimited:
                due = began + (at - self._start) / MICROSECONDS_PER_SECOND / plan.speed.factor
                while (wait := due - loop.time()) > 0:
                    self._tell()
                    await asyncio.sleep(min(wait, _TELL_SECONDS))
            unit = self._units[index]
            await self._take(unit, moment)
            self.report.simulated_seconds = (at - self._start) / MICROSECONDS_PER_SECOND
            following = unit.virtual.tick()
            heapq.heapreplace(coming, (following.at, index, following))
        if end is not None:
            await self._settle()

    async def _take(self, unit: _Unit, moment: Moment) -> None:
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
        drain = _DRAIN_SECONDS if self.report.interrupted else 0.0
        await asyncio.gather(*(unit.device.stop(drain_seconds=drain) for unit in self._units))
        await asyncio.sleep(0)  # the last acknowledgements are counted by callbacks
        self._tell()

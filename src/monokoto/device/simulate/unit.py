"""A virtual unit and its device: what it sends, hears, does, and does not because nobody paid for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from monokoto.connect.products import ActionModel, Moment, VirtualUnit
from monokoto.device.actions import ActionHandler, Ask
from monokoto.device.device import Device
from monokoto.device.replay import Speed
from monokoto.device.simulate.acting import handler_of, told_of
from monokoto.device.simulate.promises import Pressing, Promises
from monokoto.device.simulate.report import Note, Noted, SimulationReport
from monokoto.device.telemetry import EVENTS, TELEMETRY, time_to_json
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant, format_instant
from monokoto.kernel.errors import MonokotoError, TooMany
from monokoto.mqtt import Reason

_ENCODE = msgspec.json.Encoder().encode
DRAIN_SECONDS = 2.0
BACK_SECONDS = 30.0


class Unit:
    """One of a fleet; belongs to its event loop."""

    def __init__(
        self,
        serial: str,
        virtual: VirtualUnit,
        device: Device,
        report: SimulationReport,
        speed: Speed,
        *,
        promises: Callable[[Unit], Promises | None] = lambda _unit: None,
        noted: Noted = lambda _note: None,
    ) -> None:
        self.serial = serial
        self.virtual = virtual
        self.device = device
        self.at = 0
        self.present = True
        """Whether it wants to be connected."""
        self.away = False
        """Whether somebody took its network away."""
        self.promises = promises(self)
        self.heard = asyncio.Event()
        """Whether a token came, good or bad."""
        self._desired: set[str] = set()
        self._report = report
        self._speed = speed
        self._noted = noted
        self._obeying: asyncio.Task[None] | None = None
        self._taking: set[asyncio.Task[None]] = set()

    # What comes from the platform

    def learn(self, actions: Mapping[str, ActionModel]) -> None:
        """Be ready to do these."""
        for name, model in actions.items():
            handler = handler_of(self.virtual, model, self._pause, self._set, self._tell)
            self.device.on_action(name, self._counted(handler))

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

    def _tell(self, event: str, data: Any) -> None:
        self._publish(EVENTS + event, {"at": time_to_json(self.at or self._now()), "data": data}, 0, 1)
        self._report.events += 1

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

    def promised(self, _topic: str, payload: bytes) -> None:
        """A token: verify it and keep it."""
        if self.promises is not None and payload:
            task = asyncio.create_task(self._take(self.promises, payload.decode("ascii", "replace")))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def _take(self, promises: Promises, token: str) -> None:
        if await asyncio.to_thread(promises.take, token):
            self._report.tokens += 1
            self.turn(self.at)
        else:
            self._report.tokens_refused += 1
        self.heard.set()

    # What it does by itself

    def press(self, one: Pressing, at: int) -> None:
        """Somebody at the unit wants this: it is done if the unit's token opens it, whoever can be reached."""
        self.at = at
        closed = "" if self.promises is None else self.promises.press(one.action)
        if closed:
            self._report.closed += 1
            self._note(one.action, "refused", closed)
            return
        made = self.virtual.act(one.action)
        if made.error or made.silent:
            self._note(one.action, "failed", made.error)
            return
        self._report.pressed += 1
        self._note(one.action, "done")
        if made.sets:
            self._set(made.sets)
        for event, data in told_of(self.virtual, made, one.input):
            self._tell(event, data)

    def turn(self, at: int) -> None:
        """What the token opens and closes by itself; a property that a feature sets follows, and is reported."""
        for feature, value in () if self.promises is None else self.promises.turns():
            assert feature.sets is not None
            self.at = max(self.at, at)
            self._set({feature.sets.property: value})
            self._note(feature.name, "closes" if value == feature.sets.otherwise else "opens")

    def _note(self, what: str, outcome: str, reason: str = "") -> None:
        at = format_instant(Instant(self.at or self._now()))
        online = self.device.online
        made = Note(at=at, serial=self.serial, online=online, what=what, outcome=outcome, reason=reason)
        self._report.note(made)
        self._noted(made)

    # Its life

    async def live(self, moment: Moment, qos: int) -> None:
        """Send what the moment brings; leave or come back as it says."""
        self.at = moment.at
        await self._be(moment.online and not self.away)
        self.turn(moment.at)
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

    async def lose_network(self, at: int, *, lost: bool) -> None:
        """Its network goes away, or comes back; what it has to say waits meanwhile."""
        self.at, self.away = at, lost
        await self._be(not lost)
        if not lost and self._speed.unlimited:  # else its life would be over before it is back
            with contextlib.suppress(TimeoutError, MonokotoError):
                async with asyncio.timeout(BACK_SECONDS):
                    await self.device.drain()

    async def _be(self, online: bool) -> None:
        if online != self.present:
            self.present = online
            if online:
                self.device.begin()
            else:
                await self._leave()

    async def _leave(self) -> None:
        with contextlib.suppress(TimeoutError, MonokotoError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.device.drain()
        await self.device.pause()

    async def _pause(self, seconds: float) -> None:
        """Let so many simulated seconds pass; as fast as it goes they take no time."""
        await asyncio.sleep(0.0 if self._speed.unlimited else seconds / self._speed.factor)

    def _now(self) -> int:
        return round(time.time() * MICROSECONDS_PER_SECOND)

    def leave_off(self) -> None:
        """Obey nothing more."""
        for task in (*self._taking, *([self._obeying] if self._obeying is not None else [])):
            task.cancel()

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

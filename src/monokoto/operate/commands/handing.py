"""Handing commands down: to units that are connected, in their turn, unless something forbids it by now.

What was asked a moment ago comes here straight from the writer; what a unit's coming back, the end of the command before, or a
time that is due brings comes from the records. Both may bring the same one: each message has a name, so that it goes
down once, and the command a number of tries, so that the next time is another message with the same command in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol

import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import ToUnit
from monokoto.connect.products import ActionModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.operate.commands import store
from monokoto.operate.commands.asking import Asking, Refusal, Units, reasons
from monokoto.operate.commands.command import Command, Status
from monokoto.operate.commands.speakers import Speakers
from monokoto.operate.commands.telling import OWN, Message, messages
from monokoto.operate.commands.writer import Change, Writer

AT_ONCE = 500
_FRESH = MICROSECONDS_PER_SECOND
"""So long what was found when a command was asked still holds when it goes down."""
_OFFLINE_SECONDS = 30
_HELD_SECONDS = 10
_BELOW_MAX = 10_000
_NOTE_SECONDS = 0.05
"""After these it is looked at again, should the news that it may go down be lost."""
_log = structlog.get_logger(__name__)


class Down(Protocol):
    """The way to the units (the gateway's `Downlink`)."""

    async def send_all(
        self, unit_id: int, given: Sequence[tuple[str, bytes]], *, expires_at: int = 0, message_id: str = ""
    ) -> None:
        """(topic, payload), in order."""
        ...

    async def send_together(self, given: Sequence[ToUnit]) -> None:
        """To many units that are connected, in few entries; one that goes away at this moment may miss its message."""
        ...


Reachable = Callable[[UnitIdentity], bool]
"""Whether the unit is connected now, by itself or through the one above it; from memory."""
Refused = Callable[[Command, Sequence[Refusal]], None]
"""Hears of a command that was not handed down because something forbids it by now."""


class Handing:
    """Call on the event loop."""

    def __init__(
        self,
        *,
        records: Records,
        asking: Asking,
        units: Units,
        writer: Writer,
        downlink: Down,
        clock: Clock,
        reachable: Reachable | None,
        refused: Refused | None,
    ) -> None:
        self._records = records
        self._asking = asking
        self._units = units
        self._writer = writer
        self._downlink = downlink
        self._clock = clock
        self._reachable = reachable
        self._refused = refused
        self._ready: dict[int, Command] = {}
        self._freed: set[tuple[int, int]] = set()
        self._freed_below: set[tuple[int, int]] = set()
        self._noting: set[asyncio.Task[None]] = set()
        self._going: set[int] = set()
        self._went: dict[int, int] = {}
        """When those went down of which it is not noted."""
        self._hurry = asyncio.Event()
        self.speakers = Speakers()
        self.signal = asyncio.Event()
        """Set when there is something to hand down."""

    def add(self, commands: Iterable[Command]) -> None:
        """These go down as soon as may be."""
        for command in commands:
            self._ready[command.id] = command
        self.signal.set()

    def drop(self, command_id: int) -> None:
        """It has ended."""
        self._ready.pop(command_id, None)

    def is_going(self, command_id: int) -> bool:
        """Whether it may be on its way down, though that is not noted yet."""
        return command_id in self._going

    def free(self, organisation_id: int, unit_id: int, *, below: bool = False) -> None:
        """Something that kept this unit's commands back is gone: it came back, or one of them ended; `below`: it came back, and
        speaks for the units right under it."""
        self._freed.add((organisation_id, unit_id))
        if below:
            self._freed_below.add((organisation_id, unit_id))
        self.signal.set()

    async def run(self) -> int:
        """Hand down what waits here; how many went."""
        went = 0
        while self._ready or self._freed:
            if self._freed:
                freed, below = self._freed, self._freed_below
                self._freed, self._freed_below = set(), set()
                found = await asyncio.to_thread(self._of_units, freed, below)
                self._ready |= {command.id: command for command in found}
            some = [self._ready.pop(command_id) for command_id in sorted(self._ready)[:AT_ONCE]]
            went += await self._hand_down(some)
        return went

    async def run_due(self) -> int:
        """The same for what the records say is due: of processes that died, of units that did not answer."""
        went = 0
        while due := await asyncio.to_thread(self._due):
            went += await self._hand_down(due)
            if len(due) < AT_ONCE:
                break
        return went

    def _of_units(self, keys: Collection[tuple[int, int]], above: Collection[tuple[int, int]]) -> list[Command]:
        with self._records.read() as connection:
            under = store.by_organisation(
                (organisation_id, unit_id)
                for organisation_id in {organisation_id for organisation_id, _ in above}
                for unit_id in store.units_waiting(connection, organisation_id, limit=_BELOW_MAX)
                if (unit := self._units.get(unit_id)) is not None and (organisation_id, unit.parent_id) in above
            )
            return [
                command
                for some in (store.by_organisation(keys), under)
                for organisation_id, unit_ids in some.items()
                for command in store.waiting_of(connection, organisation_id, unit_ids)
            ]

    def _due(self) -> list[Command]:
        with self._records.read() as connection:
            return store.due(connection, self._clock.now(), limit=AT_ONCE)

    # One group

    async def _hand_down(self, commands: Sequence[Command]) -> int:
        now = self._clock.now()
        going: list[tuple[Command, ActionModel]] = []
        looked: list[Command] = []
        for command in commands:
            if not command.open or command.expires_at <= now:
                continue
            if self._is_fresh(command, now):
                going.append((command, self._asking.action(command)))
            else:
                looked.append(command)
        if looked:
            going += await self._look(looked, now)
            going.sort(key=lambda one: one[0].id)
        ids = {int(command.id) for command, _ in going}
        self._going |= ids
        went = await self._send_all(going)
        at = self._clock.now()
        self._went |= {command.id: at for command in went}
        noting = asyncio.create_task(self._note(went))
        self._noting.add(noting)
        noting.add_done_callback(lambda done: self._noted(done, ids))
        return len(went)

    def went(self, command: Command) -> Command:
        """The command with what is not noted yet: that it went down. Any thread; once."""
        at = self._went.pop(command.id, None)
        return command if at is None else command.went_down(at)

    async def _note(self, went: Sequence[Command]) -> None:
        """Write what went down, a moment later: most units have answered by then, and both are one change of the row."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_NOTE_SECONDS):
                await self._hurry.wait()
        await self._write([_change(command, self.went) for command in went if command.id in self._went])

    async def noted(self) -> None:
        """Wait until it is on disk what went down. Raises Unavailable."""
        self._hurry.set()
        try:
            await self._all_noted()
        finally:
            self._hurry.clear()

    async def _all_noted(self) -> None:
        while self._noting:
            await asyncio.gather(*self._noting)

    def _noted(self, noting: asyncio.Task[None], ids: set[int]) -> None:
        self._noting.discard(noting)
        self._going -= ids
        if not noting.cancelled() and (error := noting.exception()) is not None:
            # Looked at again when it is due; the message's name keeps it from going down twice.
            _log.warning("commands_not_noted", reason=str(error))

    def _is_fresh(self, command: Command, now: int) -> bool:
        """Whether it can go at once, with nobody asked: it was looked at when it was asked, and waits for no other."""
        asked = command.confirmed_at or command.created_at
        if command.tries or command.cancelling_at or now - asked > _FRESH or self._asking.action(command).synchronous:
            return False
        unit = self._units.get(command.unit_id)
        return unit is not None and (self._reachable is None or self._reachable(unit))

    async def _look(self, commands: Sequence[Command], now: int) -> list[tuple[Command, ActionModel]]:
        """Those that may go; what becomes of the others is written."""
        going, steps = await asyncio.to_thread(self._sorted, commands, now)
        await self._write(steps)
        return going

    def _sorted(self, commands: Sequence[Command], now: int) -> tuple[list[tuple[Command, ActionModel]], list[Change]]:
        first = self._first(commands)
        going: list[tuple[Command, ActionModel]] = []
        steps: list[Change] = []
        for command in commands:
            try:
                action = self._asking.action(command)
                unit = self._units.find(command.unit_id)
            except Unavailable:
                raise
            except MonokotoError as error:
                steps.append(_change(command, _ended(now, error.message)))
                continue
            if unit is None:
                steps.append(_change(command, _later(now, _OFFLINE_SECONDS)))
            elif self._reachable is not None and not self._reachable(unit):
                # A unit that comes back brings it here; this is for the case that the news of that is lost.
                steps.append(_change(command, _later(now, _OFFLINE_SECONDS)))
            elif action.synchronous and first.get((command.unit_id, command.action), command.id) < command.id:
                steps.append(_change(command, _later(now, _HELD_SECONDS)))
            elif command.cancelling_at is None and (refusals := self._asking.refusals(command)):
                steps.append(self._forbidden(command, refusals, now))
            else:
                going.append((command, action))
        return going, steps

    def _first(self, commands: Sequence[Command]) -> dict[tuple[int, str], int]:
        waiting = [one for one in commands if one.status is Status.QUEUED and self._is_synchronous(one)]
        found: dict[tuple[int, str], int] = {}
        if waiting:
            with self._records.read() as connection:
                for organisation_id, units in store.by_organisation(
                    (one.organisation_id, one.unit_id) for one in waiting
                ).items():
                    found |= store.first_open(connection, organisation_id, units)
        return found

    def _is_synchronous(self, command: Command) -> bool:
        try:
            return self._asking.action(command).synchronous
        except Unavailable:
            raise
        except MonokotoError:
            return False

    def _forbidden(self, command: Command, refusals: Sequence[Refusal], now: int) -> Change:
        if command.tries:  # it may be on its way: only the unit can say what came of it
            return _change(command, _later(now, _HELD_SECONDS))
        if self._refused is not None:
            self._refused(command, refusals)
        return _change(command, _ended(now, f"It was forbidden when it was to go down. {reasons(refusals)}"))

    # Sending

    async def _send_all(self, going: Sequence[tuple[Command, ActionModel]]) -> list[Command]:
        """Those that went."""
        together = [command for command, _ in going if self._may_go_together(command)]
        ids = {command.id for command in together}
        alone = [one for one in going if one[0].id not in ids]
        sent, went = await asyncio.gather(
            asyncio.gather(*(self._send(command, action) for command, action in alone)), self._send_together(together)
        )
        return went + [command for (command, _), did in zip(alone, sent, strict=True) if did]

    def _may_go_together(self, command: Command) -> bool:
        """The first message of a command whose next one, should it be missed, is sent anyway and does no harm."""
        return not command.tries and command.cancelling_at is None and self.speakers.only_own(command.unit_id)

    async def _send_together(self, commands: Sequence[Command]) -> list[Command]:
        given, went = [], []
        for command in commands:
            if (unit := self._units.get(command.unit_id)) is not None:
                went.append(command)
                given += [
                    ToUnit(one.unit_id, one.topic, one.payload, command.expires_at)
                    for one in OWN.messages(unit, command)
                ]
        try:
            if given:
                await self._downlink.send_together(given)
        except MonokotoError as error:
            _log.warning("commands_not_sent", commands=len(went), reason=error.message)
            return []
        return went

    async def _send(self, command: Command, action: ActionModel) -> bool:
        unit = self._units.get(command.unit_id)
        if unit is None:
            return False
        to_units: dict[int, list[Message]] = {}
        for message in messages(unit, command, idempotent=action.idempotent):
            to_units.setdefault(message.unit_id, []).append(message)
        word = "cancel" if command.cancelling_at else "command"
        name = f"{word}-{format_id(command.id)}-{command.tries}"
        try:
            for unit_id, given in to_units.items():
                # With a name, so that a crash between sending and noting it sends nothing twice.
                await self._downlink.send_all(
                    unit_id,
                    [(one.topic, one.payload) for one in given],
                    expires_at=command.expires_at,
                    message_id=name,
                )
        except MonokotoError as error:
            _log.warning("command_not_sent", command=format_id(command.id), reason=error.message)
            return False
        return True

    async def _write(self, steps: Sequence[Change]) -> None:
        if not steps:
            return
        for outcome in await self._writer.make_many(steps):
            if isinstance(outcome, Unavailable):
                raise outcome


def _change(command: Command, following: Callable[[Command], Command]) -> Change:
    return Change(
        organisation_id=command.organisation_id,
        unit_id=command.unit_id,
        command_id=command.id,
        following=following,
    )


def _later(now: int, seconds: int) -> Callable[[Command], Command]:
    return lambda command: command.postponed(now + seconds * MICROSECONDS_PER_SECOND)


def _ended(now: int, error: str) -> Callable[[Command], Command]:
    """Not done, because it never went down and now cannot."""
    return lambda command: command.ended(Status.CANCELLED, now, error) if command.status is Status.QUEUED else command

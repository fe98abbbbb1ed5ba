"""Actions asked of units: invoked, handed down, answered, expired, cancelled."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, MonokotoError, NotFound, TooMany
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId, format_id, new_id
from monokoto.kernel.limits import (
    COMMAND_DAYS,
    COMMAND_REQUEST_LENGTH_MAX,
    COMMAND_SECONDS_DEFAULT,
    COMMAND_SECONDS_MAX,
    COMMANDS_OPEN_PER_UNIT_MAX,
    PAGE_SIZE_DEFAULT,
)
from monokoto.operate.commands import store
from monokoto.operate.commands.answers import Said, Unreadable
from monokoto.operate.commands.checking import action_of, check_input, output_fault
from monokoto.operate.commands.command import OPEN, Command, Status
from monokoto.operate.commands.telling import Message, cancellation, messages
from monokoto.operate.twins import keep_doing

COMMAND_CHANGED = "commands.changed"
"""Fact: a command came a stage further; data: unit_id, command_id, action, status."""
_AT_ONCE = 500
_LOOK_SECONDS = 1.0
_RUN_SECONDS = 1.0
_FORGET_SECONDS = 6 * 3600.0
_DAY = 24 * 3600 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


class Down(Protocol):
    """The way to the units (the gateway's `Downlink`)."""

    async def send(
        self, unit_id: int, *, topic: str, payload: bytes, qos: int = 1, expires_at: int = 0, message_id: str = ""
    ) -> None: ...


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a unit."""

    action: str
    input: Any = None
    by: int = 0
    """The person or key that asks."""
    request: str = ""
    """The client's own name for it; the same name again is the same command."""
    seconds: float = COMMAND_SECONDS_DEFAULT
    """How long the unit has to give its last word."""


class Commands:
    """The commands of all units. Plain methods block: call them from a thread; the others are for the event loop."""

    def __init__(
        self,
        *,
        records: Records,
        units: Units,
        model_of: Callable[[int, str, str], ProductModel],
        downlink: Down,
        clock: Clock,
        facts: Facts | None = None,
    ) -> None:
        self._records = records
        self._units = units
        self._model_of = model_of
        self._downlink = downlink
        self._clock = clock
        self._facts = facts
        self._watchers: dict[int, set[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self.signal = asyncio.Event()
        """Set when there is something to send."""

    # Life

    async def start(self) -> None:
        """Begin the background work."""
        if self._facts is not None:
            await self._facts.listen(COMMAND_CHANGED, self.heard)
        self.signal.set()
        jobs = (
            ("commands-run", self.run, _RUN_SECONDS, self.signal),
            ("commands-forget", lambda: asyncio.to_thread(self.forget_old), _FORGET_SECONDS, asyncio.Event()),
        )
        self._tasks = [
            asyncio.create_task(keep_doing(name, work, period_seconds=partial(float, period), signal=signal), name=name)
            for name, work, period, signal in jobs
        ]

    async def stop(self) -> None:
        """End it."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    # Asking

    async def invoke(self, organisation_id: int, unit_id: int, asked: Asked) -> tuple[Command, bool]:
        """The command, on disk and on its way, and whether it is new (else the one that has the request's name).

        Raises:
            NotFound: there is no such unit in this organisation, or its product has no such action.
            Invalid: the input does not fit the model.
            Conflict: the request's name is taken by another action or input.
            TooMany: the unit has as many open commands as it may.
        """
        command, new = await asyncio.to_thread(self._store, organisation_id, unit_id, asked)
        if new:
            self.signal.set()
            await self._tell([command])
        return command, new

    def _store(self, organisation_id: int, unit_id: int, asked: Asked) -> tuple[Command, bool]:
        command = self._drafted(organisation_id, unit_id, asked)
        try:
            with self._records.write() as connection:
                if known := self._known(connection, command):
                    return known, False
                if store.count_open(connection, organisation_id, unit_id) >= COMMANDS_OPEN_PER_UNIT_MAX:
                    raise TooMany(
                        f"The unit has {COMMANDS_OPEN_PER_UNIT_MAX} commands it has not answered.",
                        remedy="Cancel some, or wait until they expire.",
                    )
                store.insert(connection, command)
                return command, True
        except sa.exc.IntegrityError:  # somebody else asked with this name at the same instant
            with self._records.read() as connection:
                if known := self._known(connection, command):
                    return known, False
            raise

    def _drafted(self, organisation_id: int, unit_id: int, asked: Asked) -> Command:
        unit = self._identity(organisation_id, unit_id)
        check_input(action_of(self._model_of(organisation_id, unit.product, unit.version), asked.action), asked.input)
        faults = [
            Fault(place=place, reason=reason)
            for place, reason, wrong in (
                (
                    "timeout",
                    f"lies between 1 and {COMMAND_SECONDS_MAX} s",
                    not 1 <= asked.seconds <= COMMAND_SECONDS_MAX,
                ),
                (
                    "request",
                    f"has at most {COMMAND_REQUEST_LENGTH_MAX} printable characters",
                    len(asked.request) > COMMAND_REQUEST_LENGTH_MAX or not asked.request.isprintable(),
                ),
            )
            if wrong
        ]
        if faults:
            raise Invalid("This cannot be asked.", faults=faults)
        now = self._clock.now()
        return Command(
            id=CommandId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            unit_id=UnitId(unit_id),
            action=asked.action,
            product=unit.product,
            version=unit.version,
            input=asked.input,
            request=asked.request,
            created_at=now,
            created_by=asked.by,
            expires_at=Instant(now + round(asked.seconds * MICROSECONDS_PER_SECOND)),
        )

    def _identity(self, organisation_id: int, unit_id: int) -> UnitIdentity:
        unit = self._units.get(unit_id)
        if unit is None or unit.organisation_id != organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)}.")
        return unit

    def _known(self, connection: sa.Connection, command: Command) -> Command | None:
        if not command.request:
            return None
        mine = store.of_unit(command.organisation_id, command.unit_id)
        known = store.find(connection, mine, store.commands.c.request == command.request)
        if known is not None and (known.action, known.input) != (command.action, command.input):
            raise Conflict(
                f"The request {command.request!r} asked for something else.", remedy="Give each request its own name."
            )
        return known

    # Looking

    def get(self, organisation_id: int, unit_id: int, command_id: int) -> Command:
        """One command; raises NotFound."""
        mine = store.of_unit(organisation_id, unit_id)
        with self._records.read() as connection:
            found = store.find(connection, mine, store.commands.c.command_id == command_id)
        if found is None:
            raise NotFound(f"There is no command {format_id(command_id)!r} of this unit.")
        return found

    def list(
        self,
        organisation_id: int,
        unit_id: int,
        *,
        action: str = "",
        status: Status | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Command]:
        """A unit's commands, the newest first, those before a command's id."""
        conditions = [store.of_unit(organisation_id, unit_id)]
        if action:
            conditions.append(store.commands.c.action == action)
        if status is not None:
            conditions.append(store.commands.c.status == status.value)
        if before is not None:
            conditions.append(store.commands.c.command_id < before)
        with self._records.read() as connection:
            return store.find_all(connection, *conditions, limit=limit, newest_first=True)

    async def wait(self, command: Command, *, seconds: float) -> Command:
        """The command once nothing more comes of it, or as it is when the time is over."""
        changed = asyncio.Event()
        watchers = self._watchers.setdefault(command.id, set())
        watchers.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while True:
                    # Looked at anew each time: another process may have taken the answer, and its fact may be lost.
                    command = await asyncio.to_thread(self.get, command.organisation_id, command.unit_id, command.id)
                    if not command.open:
                        return command
                    changed.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(changed.wait(), _LOOK_SECONDS)
        except TimeoutError:
            return command
        finally:
            watchers.discard(changed)
            if not watchers:
                self._watchers.pop(command.id, None)

    async def heard(self, fact: Fact) -> None:
        """Another process, or this one, changed a command: whoever waits for it looks again."""
        for changed in self._watchers.get(int(fact.data["command_id"]), ()):
            changed.set()

    # Ending

    async def cancel(self, organisation_id: int, unit_id: int, command_id: int) -> Command:
        """Ask for it no more. What the unit has already heard it is told to leave off; it may still say what became of it.

        Raises:
            NotFound: there is no such command of this unit.
            Conflict: it has ended already.
        """
        before = await asyncio.to_thread(self.get, organisation_id, unit_id, command_id)
        now = self._clock.now()
        cancelled = replace(before, status=Status.CANCELLED, ended_at=now)
        if not before.open or not await asyncio.to_thread(self._move, cancelled, [before.status]):
            raise Conflict("The command has ended already, or goes on at this moment.", remedy="Look at it again.")
        unit = self._units.get(unit_id)
        if before.status is not Status.QUEUED and unit is not None:
            await self._send(cancellation(unit, cancelled), cancelled, "cancel")
        await self._tell([cancelled])
        return cancelled

    def _move(self, command: Command, before: Sequence[Status]) -> bool:
        with self._records.write() as connection:
            return store.update(connection, command, before=before)

    # The reconciler: by signal and by period, idempotent

    async def run(self) -> int:
        """Hand down what is queued, end what is overdue, forget what is old; how many commands that changed."""
        return await self._send_queued() + await self._expire()

    async def _send_queued(self) -> int:
        sent, after = 0, 0
        while waiting := await asyncio.to_thread(self._queued, after):
            for command in waiting:
                sent += await self._hand_down(command)
            after = waiting[-1].id
        return sent

    def _queued(self, after: int) -> builtins.list[Command]:
        with self._records.read() as connection:
            return store.queued(connection, after=after, limit=_AT_ONCE)

    async def _hand_down(self, command: Command) -> bool:
        unit = self._units.get(command.unit_id)
        if unit is None or command.expires_at <= self._clock.now():
            return False  # it expires
        try:
            for number, message in enumerate(messages(unit, command)):
                await self._send(message, command, str(number))
        except MonokotoError as error:
            _log.warning("command_not_sent", command=format_id(command.id), reason=error.message)
            return False
        sent = replace(command, status=Status.SENT, sent_at=self._clock.now())
        if not await asyncio.to_thread(self._move, sent, [Status.QUEUED]):
            return False  # cancelled meanwhile, or the unit was faster than this note
        await self._tell([sent])
        return True

    async def _send(self, message: Message, command: Command, part: str) -> None:
        # With a name, so that a crash between sending and noting it sends nothing twice.
        name = f"command-{format_id(command.id)}-{part}"
        await self._downlink.send(
            message.unit_id,
            topic=message.topic,
            payload=message.payload,
            expires_at=command.expires_at,
            message_id=name,
        )

    async def _expire(self) -> int:
        now = self._clock.now()
        ended = await asyncio.to_thread(self._end_overdue, now)
        await self._tell(ended)
        return len(ended)

    def _end_overdue(self, now: Instant) -> builtins.list[Command]:
        with self._records.write() as connection:
            expired = [
                replace(command, status=Status.EXPIRED, ended_at=now)
                for command in store.overdue(connection, now, limit=_AT_ONCE)
            ]
            return [command for command in expired if store.update(connection, command, before=tuple(OPEN))]

    def forget_old(self) -> int:
        """Delete what ended long ago; how many."""
        with self._records.write() as connection:
            return store.forget(connection, self._clock.now() - COMMAND_DAYS * _DAY)

    # The unit's word

    async def take(self, said: Sequence[Said], refuse: Callable[[Said, str], Awaitable[None]]) -> None:
        """Take answers in, all in one transaction; `refuse` gets those that are about nothing. Raises Unavailable."""
        changed, refused = await asyncio.to_thread(self._take, said)
        for one, reason in refused:
            await refuse(one, reason)
        await self._tell(changed)

    def _take(self, said: Sequence[Said]) -> tuple[builtins.list[Command], builtins.list[tuple[Said, str]]]:
        changed, refused = [], []
        with self._records.write() as connection:
            for one in said:
                try:
                    command = self._take_one(connection, one)
                except Unreadable as error:
                    refused.append((one, str(error)))
                else:
                    changed += [command] if command else []
        return changed, refused

    def _take_one(self, connection: sa.Connection, said: Said) -> Command | None:
        unit = self._units.child(said.unit_id, said.child) if said.child else self._units.get(said.unit_id)
        if unit is None:
            raise Unreadable("There is no such unit below the sender.")
        mine = store.of_unit(unit.organisation_id, unit.unit_id)
        columns = store.commands.c
        named = columns.command_id == said.command_id if said.command_id else columns.number == said.number
        before = store.find(connection, mine, named, lock=True)
        if before is None or (said.action and before.action != said.action):
            raise Unreadable("The unit was never asked this.")
        after = self._judged(before.answered(said.answer, said.arrived), before)
        if after is before:
            return None
        store.update(connection, after, before=tuple(Status))
        return after

    def _judged(self, after: Command, before: Command) -> Command:
        """What is not what the model promises is no success, whatever the unit calls it."""
        if after is before or after.status is not Status.SUCCEEDED:
            return after
        model = self._model_of(after.organisation_id, after.product, after.version)
        fault = output_fault(action_of(model, after.action), after.output)
        return replace(after, status=Status.FAILED, error=fault, progress=before.progress) if fault else after

    async def _tell(self, changed: Sequence[Command]) -> None:
        for command in changed:
            fact = Fact(
                name=COMMAND_CHANGED,
                organisation_id=command.organisation_id,
                at=self._clock.now(),
                data={
                    "unit_id": command.unit_id,
                    "command_id": command.id,
                    "action": command.action,
                    "status": command.status.value,
                },
            )
            await self.heard(fact)
            if self._facts is not None:
                await self._facts.tell(fact)

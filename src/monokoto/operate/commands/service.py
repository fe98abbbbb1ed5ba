"""Actions asked of units: asked, said yes to, handed down, answered, left off, expired."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
import structlog

from monokoto.connect.products import ProductModel
from monokoto.engines.records import Records
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Clock, Instant
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, MonokotoError, NotFound, Unavailable
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import CommandId, format_id
from monokoto.kernel.limits import COMMAND_DAYS, COMMANDS_AT_ONCE_MAX, PAGE_SIZE_DEFAULT
from monokoto.operate.commands import store
from monokoto.operate.commands.announcing import COMMAND_CHANGED, Announcer
from monokoto.operate.commands.answers import Listening, Said, Unreadable
from monokoto.operate.commands.asking import LOOK_AGAIN, Asked, Asking, Interlocks, Units
from monokoto.operate.commands.checking import output_fault
from monokoto.operate.commands.command import OPEN, Command, Status
from monokoto.operate.commands.handing import AT_ONCE, Down, Handing, Reachable, Refused
from monokoto.operate.commands.writer import Change, Made, New, Writer
from monokoto.operate.twins import keep_doing

_LOOK_SECONDS = 1.0
_RECENT_MAX = 10_000
_RUN_SECONDS = 1.0
_FORGET_SECONDS = 6 * 3600.0
_DAY = 24 * 3600 * MICROSECONDS_PER_SECOND
_log = structlog.get_logger(__name__)


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
        interlocks: Interlocks | None = None,
        reachable: Reachable | None = None,
        refused: Refused | None = None,
    ) -> None:
        """`interlocks` may forbid an action in a state; `reachable` says whether a unit is connected (None: all are);
        `refused` hears of what was forbidden only when it was to go down."""
        self._records = records
        self._units = units
        self._clock = clock
        self._facts = facts
        self._origin = secrets.token_hex(8)
        self._announcer = None if facts is None else Announcer(facts, clock, origin=self._origin)
        self._asking = Asking(units=units, model_of=model_of, interlocks=interlocks, clock=clock)
        self._writer = Writer(records, self._told)
        self._handing = Handing(
            records=records,
            asking=self._asking,
            units=units,
            writer=self._writer,
            downlink=downlink,
            clock=clock,
            reachable=reachable,
            refused=refused,
        )
        self._watchers: dict[int, set[asyncio.Event]] = {}
        self._recent: dict[int, Command] = {}
        """Those this process changed last."""
        self._tasks: list[asyncio.Task[None]] = []

    # Life

    async def start(self) -> None:
        """Begin the background work."""
        if self._facts is not None:
            await self._facts.listen(COMMAND_CHANGED, self.heard)
        jobs = (
            ("commands-hand-down", self._handing.run, 3600.0, self._handing.signal),
            ("commands-run", self._run_due, _RUN_SECONDS, asyncio.Event()),
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
        with contextlib.suppress(MonokotoError):
            await self._handing.noted()
        if self._announcer is not None:
            await self._announcer.stop()

    # Asking

    async def invoke(self, organisation_id: int, unit_id: int, asked: Asked) -> tuple[Command, bool]:
        """The command, on disk and on its way, and whether it is new (else the one that has the request's name).

        Raises:
            NotFound: there is no such unit in this organisation, or its product has no such action.
            Invalid: the input does not fit the model.
            Conflict: something forbids it now, or the request's name is taken by another action or input.
            TooMany: the unit has as many open commands as it may.
        """
        (outcome,) = await self.ask_many([(organisation_id, unit_id, asked)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def ask_many(
        self, asks: Sequence[tuple[int, int, Asked]]
    ) -> builtins.list[tuple[Command, bool] | MonokotoError]:
        """The same for (organisation, unit, asked) of many, in few transactions: for each the command and whether it is new,
        or why it was refused.

        Raises:
            Invalid: more than `COMMANDS_AT_ONCE_MAX` at once.
            Unavailable: an engine is away; some may have been asked, and asked again under their requests' names are one.
        """
        if len(asks) > COMMANDS_AT_ONCE_MAX:
            raise Invalid(f"At most {COMMANDS_AT_ONCE_MAX} commands are asked at once, and not {len(asks)}.")
        steps = [New(partial(self._draft, *one)) for one in asks]
        found: builtins.list[tuple[Command, bool] | MonokotoError] = []
        for outcome in await self._writer.make_many(steps):
            if isinstance(outcome, Made):
                found.append((outcome.after, outcome.changed))
            elif isinstance(outcome, MonokotoError) and not isinstance(outcome, Unavailable):
                found.append(outcome)
            else:
                raise outcome
        return found

    def _draft(self, organisation_id: int, unit_id: int, asked: Asked) -> Command:
        command = self._asking.draft(organisation_id, unit_id, asked)
        self._asking.must_be_allowed(command)
        return command

    def check(self, organisation_id: int, unit_id: int, asked: Asked) -> None:
        """Raises what `invoke` would raise now, as far as that can be known."""
        self._draft(organisation_id, unit_id, asked)

    async def confirm(self, organisation_id: int, unit_id: int, command_id: int, *, by: int, person: bool) -> Command:
        """Say yes to a command; `person`: it is a person who does, and not a key.

        Raises:
            NotFound: there is no such command of this unit.
            Forbidden: it takes another person than the one who asked.
            Conflict: nobody has to say yes to it (any more), or something forbids it now.
        """
        before = await asyncio.to_thread(self.get, organisation_id, unit_id, command_id)
        if before.status is Status.UNCONFIRMED:
            await asyncio.to_thread(self._may_confirm, before, by, person)
        now = self._clock.now()

        def following(command: Command) -> Command:
            if command.status is not Status.UNCONFIRMED or command.expires_at <= now:
                raise Conflict(f"The command is {command.status.value}: there is nothing to say yes to.")
            return replace(
                command,
                status=Status.QUEUED,
                confirmed_at=now,
                confirmed_by=by,
                expires_at=Instant(now + command.lasting),
                due_at=Instant(now + LOOK_AGAIN),
            )

        return (await self._writer.make(_change(before, following))).after

    def _may_confirm(self, command: Command, by: int, person: bool) -> None:
        if self._asking.action(command).two_person and (not person or by == command.created_by):
            raise Forbidden(
                f"The action {command.action!r} takes two: one who asks, and another person who says yes.",
                remedy="Let somebody else of your organisation confirm it.",
            )
        self._asking.must_be_allowed(command)

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
        return self.list_of(
            {organisation_id}, unit_ids=[unit_id], action=action, status=status, before=before, limit=limit
        )

    def list_of(
        self,
        organisation_ids: Collection[int],
        *,
        unit_ids: Collection[int] | None = None,
        batch: int = 0,
        action: str = "",
        status: Status | None = None,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Command]:
        """Commands of these organisations' units (or of these units, of a batch), the newest first."""
        columns = store.commands.c
        conditions: builtins.list[sa.ColumnElement[bool]] = [columns.organisation_id.in_(sorted(organisation_ids))]
        if unit_ids is not None:
            conditions.append(columns.unit_id.in_(sorted(unit_ids)))
        given = ((columns.batch, batch), (columns.action, action), (columns.status, status.value if status else ""))
        conditions += [column == wanted for column, wanted in given if wanted]
        if before is not None:
            conditions.append(columns.command_id < before)
        with self._records.read() as connection:
            return store.find_all(connection, *conditions, limit=limit, newest_first=True)

    def outcomes(self, organisation_ids: Collection[int], batch: int) -> dict[Status, int]:
        """How many commands of a batch stand where."""
        with self._records.read() as connection:
            return store.outcomes(connection, organisation_ids, batch)

    async def wait(self, command: Command, *, seconds: float) -> Command:
        """The command once nothing more comes of it, or as it is when the time is over."""
        return (await self.wait_for_all([command], seconds=seconds))[0]

    async def wait_for_all(self, commands: Sequence[Command], *, seconds: float) -> builtins.list[Command]:
        """The same of many, in their order: once nothing more comes of any."""
        until = time.monotonic() + seconds
        news = asyncio.Event()
        for command in commands:
            self._watchers.setdefault(command.id, set()).add(news)
        # What this process did meanwhile is in memory; what another did is looked for now and then.
        found = {command.id: self._recent.get(command.id, command) for command in commands}
        waiting = [one for one in found.values() if one.open]
        try:
            while waiting and (left := until - time.monotonic()) > 0:
                unsure = waiting
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(left, _LOOK_SECONDS)):
                        await news.wait()
                    unsure = [one for one in waiting if one.id not in self._recent]
                news.clear()
                found |= {one.id: self._recent.get(one.id, one) for one in waiting}
                if unsure:
                    found |= {one.id: one for one in await asyncio.to_thread(self._look, unsure)}
                waiting = [one for one in (found[one.id] for one in waiting) if one.open]
            return [found[command.id] for command in commands]
        finally:
            for command in commands:
                self._leave(command.id, news)

    def _leave(self, command_id: CommandId, news: asyncio.Event) -> None:
        watchers = self._watchers.get(command_id, set())
        watchers.discard(news)
        if not watchers:
            self._watchers.pop(command_id, None)

    def _look(self, commands: Sequence[Command]) -> builtins.list[Command]:
        with self._records.read() as connection:
            return store.now_of(connection, commands)

    async def heard(self, fact: Fact) -> None:
        """Another process changed commands: whoever waits for one looks again."""
        if fact.data.get("origin") != self._origin:
            for one in fact.data["commands"]:
                self._recent.pop(int(one["command_id"]), None)
                self._wake(int(one["command_id"]))

    def _wake(self, command_id: int) -> None:
        for changed in self._watchers.get(command_id, ()):
            changed.set()

    # Ending

    async def cancel(self, organisation_id: int, unit_id: int, command_id: int) -> Command:
        """Ask for it no more. What never went down is cancelled; the unit is told to leave off what went down, and the
        command is cancelled when it says so. It may as well say what became of it.

        Raises:
            NotFound: there is no such command of this unit.
            Conflict: it has ended already.
        """
        now = self._clock.now()

        def following(command: Command) -> Command:
            if not command.open:
                raise Conflict(f"The command has ended already: {command.status.value}.", remedy="Look at it again.")
            never = not command.tries and not self._handing.is_going(command.id)
            if never and command.status in (Status.UNCONFIRMED, Status.QUEUED):
                return command.ended(Status.CANCELLED, now)
            return replace(command, cancelling_at=command.cancelling_at or now, due_at=now)

        change = Change(organisation_id=organisation_id, unit_id=unit_id, command_id=command_id, following=following)
        return (await self._writer.make(change)).after

    # The reconcilers: by signal and by period, idempotent

    async def run(self) -> int:
        """Hand down what is to be, end what is overdue; how many commands that changed."""
        went = await self._handing.run()
        await self._handing.noted()
        return went + await self._run_due()

    async def _run_due(self) -> int:
        went = await self._handing.run_due()
        await self._handing.noted()
        return went + await self._expire()

    async def _expire(self) -> int:
        now = self._clock.now()

        def following(command: Command) -> Command:
            if not command.open or command.expires_at > now:
                return command
            never = "Nobody said yes to it in time." if command.status is Status.UNCONFIRMED else ""
            return command.ended(Status.EXPIRED, now, never)

        overdue = await asyncio.to_thread(self._overdue, now)
        outcomes = await self._writer.make_many([_change(command, following) for command in overdue])
        return sum(isinstance(one, Made) and one.changed for one in outcomes)

    def _overdue(self, now: Instant) -> builtins.list[Command]:
        with self._records.read() as connection:
            return store.overdue(connection, now, limit=AT_ONCE)

    def forget_old(self) -> int:
        """Delete what ended long ago; how many."""
        with self._records.write() as connection:
            return store.forget(connection, self._clock.now() - COMMAND_DAYS * _DAY)

    # The unit's word

    def listens(self, unit_id: int, heard: Listening) -> None:
        """The unit has begun to listen: what waits for it, or may have missed it, goes down; where it speaks for them, also
        what waits for the units under it."""
        self._handing.speakers.listens(unit_id, own=heard.own, others=heard.others)
        unit = self._units.get(unit_id)
        if unit is not None:
            self._handing.free(unit.organisation_id, unit_id, below=heard.below)

    async def take(self, said: Sequence[Said], refuse: Callable[[Said, str], Awaitable[None]]) -> None:
        """Take answers in, in few transactions; `refuse` gets those that are about nothing. Raises Unavailable."""
        steps: builtins.list[Change] = []
        about: builtins.list[Said] = []
        for one in said:
            try:
                steps.append(self._step(one))
                about.append(one)
            except Unreadable as error:
                await refuse(one, str(error))
        for one, outcome in zip(about, await self._writer.make_many(steps), strict=True):
            if isinstance(outcome, NotFound):
                await refuse(one, "The unit was never asked this.")
            elif isinstance(outcome, Exception):
                raise outcome

    def _step(self, said: Said) -> Change:
        unit = self._units.child(said.unit_id, said.child) if said.child else self._units.get(said.unit_id)
        if unit is None:
            raise Unreadable("There is no such unit below the sender.")
        if said.command_id:
            self._handing.speakers.answers(said.unit_id)

        def following(command: Command) -> Command:
            if said.action and command.action != said.action:
                raise NotFound("It is another action's.")
            held = self._handing.went(command)
            return self._judged(held.answered(said.answer, said.arrived), held)

        return Change(
            organisation_id=unit.organisation_id,
            unit_id=unit.unit_id,
            command_id=said.command_id,
            number=said.number,
            following=following,
        )

    def _judged(self, after: Command, before: Command) -> Command:
        """What is not what the model promises is no success, whatever the unit calls it."""
        if after is before or after.status is not Status.SUCCEEDED:
            return after
        fault = output_fault(self._asking.action(after), after.output)
        return replace(after, status=Status.FAILED, error=fault, progress=before.progress) if fault else after

    # What follows from a change

    def _told(self, made: Sequence[Made]) -> None:
        """On the event loop, once they are on disk."""
        ready: builtins.list[Command] = []
        for one in made:
            command, before = one.after, one.before
            self._remember(command)
            if not command.open:
                self._wake(command.id)
            if self._announcer is not None:
                self._announcer.changed(command)
            asked = (
                before is None or before.status is Status.UNCONFIRMED or before.cancelling_at != command.cancelling_at
            )
            if command.due_at is not None and asked:
                ready.append(command)
            elif not command.open and before is not None and before.status in OPEN:
                self._handing.drop(command.id)
                self._next(command)
        if ready:
            self._handing.add(ready)

    def _remember(self, command: Command) -> None:
        self._recent.pop(command.id, None)
        if len(self._recent) >= _RECENT_MAX:
            self._recent.pop(next(iter(self._recent)))
        self._recent[command.id] = command

    def _next(self, command: Command) -> None:
        """It has ended: the one behind it may go down, where they go one after the other."""
        with contextlib.suppress(MonokotoError):
            if self._asking.action(command).synchronous:
                self._handing.free(command.organisation_id, command.unit_id)


def _change(command: Command, following: Callable[[Command], Command]) -> Change:
    return Change(
        organisation_id=command.organisation_id, unit_id=command.unit_id, command_id=command.id, following=following
    )

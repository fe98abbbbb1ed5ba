"""Group commit of commands: what is asked, handed down and answered while one group is being written makes the next one.

The wait for the disk costs the same for one as for hundreds. Every step of a group succeeds or fails by itself, in the order
in which it came, and is answered once the group is on disk. Refused: a transaction for each step (120 commands/s on a
disk that takes 3 ms to flush).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, MonokotoError, NotFound, TooMany, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import COMMANDS_OPEN_PER_UNIT_MAX, COMMANDS_WAITING_MAX
from monokoto.operate.commands import store
from monokoto.operate.commands.command import Command

_AT_ONCE = 500
_TRIES_MAX = 3


@dataclass(frozen=True, slots=True)
class New:
    """A command that is asked."""

    draft: Callable[[], Command]
    """Makes it, in the writer's thread: it may block for a moment. Raises MonokotoError: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of one that is there, named by id or by its unit and number."""

    organisation_id: int
    unit_id: int
    command_id: int = 0
    number: int = 0
    following: Callable[[Command], Command]
    """Makes the next one out of what it is now; the same: nothing changes. Raises MonokotoError: neither."""


Step = New | Change


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a step."""

    before: Command | None
    after: Command

    @property
    def changed(self) -> bool:
        """Whether it is another than before."""
        return self.before is not self.after


Outcome = Made | Exception


class Writer:
    """Makes steps in groups; call on the event loop. `told` hears of every change once it is on disk."""

    def __init__(self, records: Records, told: Callable[[Sequence[Made]], None]) -> None:
        self._records = records
        self._told = told
        self._waiting: deque[tuple[Step, asyncio.Future[Made]]] = deque()
        self._work: asyncio.Task[None] | None = None

    async def make(self, step: Step) -> Made:
        """What came of it, once it is on disk. Raises what the step raises, TooMany and Unavailable."""
        return await self._put(step)

    async def make_many(self, steps: Sequence[Step]) -> list[Outcome]:
        """What came of each; an engine that is away is raised. Raises TooMany, Unavailable."""
        outcomes = await asyncio.gather(*map(self._put, steps), return_exceptions=True)
        found: list[Outcome] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
                raise outcome
            found.append(outcome)
        return found

    def _put(self, step: Step) -> asyncio.Future[Made]:
        if len(self._waiting) >= COMMANDS_WAITING_MAX and isinstance(step, New):
            raise TooMany("Too many commands wait for the disk.", remedy="Try again in a moment.")
        future: asyncio.Future[Made] = asyncio.get_running_loop().create_future()
        self._waiting.append((step, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._make_all(), name="commands")
        return future

    async def _make_all(self) -> None:
        while self._waiting:
            group = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
            try:
                outcomes: Sequence[Outcome] = await asyncio.to_thread(self.write, [step for step, _ in group])
            except BaseException as error:
                _settle(group, [error] * len(group))
                if not isinstance(error, Exception):
                    raise
            else:
                self._told([one for one in outcomes if isinstance(one, Made) and one.changed])
                _settle(group, outcomes)

    def write(self, steps: Sequence[Step]) -> list[Outcome]:
        """Make these in their order, in one transaction. Blocking; raises Unavailable, and nothing was changed."""
        ready = [_ready(step) for step in steps]
        if not any(isinstance(one, Change | Command) for one in ready):
            return [one for one in ready if isinstance(one, Exception)]
        for _ in range(_TRIES_MAX):
            try:
                with self._records.write() as connection:
                    return _Group(connection, ready).make()
            except sa.exc.IntegrityError:
                # Another process took a request's name in between: look again.
                continue
        raise Conflict("Others keep asking under this name.", remedy="Try again.")


_Ready = Command | Change | Exception
"""A step before its transaction: what was asked stands there as a command, or as why it cannot be one."""


def _ready(step: Step) -> _Ready:
    if isinstance(step, Change):
        return step
    try:
        return step.draft()
    except Unavailable:
        raise
    except Exception as error:  # whatever is wrong with this one, the others of the group are none the worse
        return error


class _Group:
    """The steps of one transaction, and the commands they are about."""

    def __init__(self, connection: sa.Connection, steps: Sequence[_Ready]) -> None:
        self._connection = connection
        self._steps = steps
        self._held: dict[int, Command] = {}
        self._ids: dict[tuple[int, int], int] = {}
        """Of (unit, number)."""
        self._requests: dict[tuple[int, int, str], Command] = {}
        self._open: dict[store.Key, int] = {}
        self._new: list[int] = []
        self._changed: set[int] = set()

    def make(self) -> list[Outcome]:
        """What came of each step; the rows are written."""
        self._read()
        outcomes = [self._step(step) for step in self._steps]
        store.insert_many(self._connection, [self._held[command_id] for command_id in self._new])
        store.update_many(self._connection, [self._held[command_id] for command_id in sorted(self._changed)])
        return outcomes

    def _read(self) -> None:
        changes = [step for step in self._steps if isinstance(step, Change)]
        ids = store.by_organisation((one.organisation_id, one.command_id) for one in changes if one.command_id)
        numbers = store.by_organisation(
            (one.organisation_id, (one.unit_id, one.number)) for one in changes if not one.command_id
        )
        for organisation_id in sorted(ids.keys() | numbers.keys()):
            for command in store.lock_many(
                self._connection,
                organisation_id,
                ids=ids.get(organisation_id, ()),
                numbers=numbers.get(organisation_id, ()),
            ):
                self._held[command.id] = command
                self._ids[command.unit_id, command.number] = command.id
        made = [step for step in self._steps if isinstance(step, Command)]
        named = store.by_organisation((one.organisation_id, (one.unit_id, one.request)) for one in made if one.request)
        for organisation_id, names in named.items():
            for (unit_id, request), command in store.requested(self._connection, organisation_id, names).items():
                self._requests[organisation_id, unit_id, request] = command
        for organisation_id, units in store.by_organisation((one.organisation_id, one.unit_id) for one in made).items():
            counts = store.count_open(self._connection, organisation_id, units)
            self._open |= {(organisation_id, unit_id): count for unit_id, count in counts.items()}

    def _step(self, step: _Ready) -> Outcome:
        if isinstance(step, Exception):
            return step
        try:
            return self._ask(step) if isinstance(step, Command) else self._change(step)
        except MonokotoError as error:
            return error

    def _ask(self, command: Command) -> Made:
        name = (command.organisation_id, command.unit_id, command.request)
        known = self._requests.get(name) if command.request else None
        if known is not None:
            if (known.action, known.input) != (command.action, command.input):
                raise Conflict(
                    f"The request {command.request!r} asked for something else.",
                    remedy="Give each request its own name.",
                )
            return Made(known, known)
        key = (command.organisation_id, command.unit_id)
        if self._open.get(key, 0) >= COMMANDS_OPEN_PER_UNIT_MAX:
            raise TooMany(
                f"The unit has {COMMANDS_OPEN_PER_UNIT_MAX} commands it has not answered.",
                remedy="Cancel some, or wait until they expire.",
            )
        self._open[key] = self._open.get(key, 0) + 1
        self._requests[name] = self._held[command.id] = command
        self._new.append(command.id)
        return Made(None, command)

    def _change(self, change: Change) -> Made:
        command_id = change.command_id or self._ids.get((change.unit_id, change.number), 0)
        before = self._held.get(command_id)
        if before is None or (before.organisation_id, before.unit_id) != (change.organisation_id, change.unit_id):
            raise NotFound(f"There is no command {format_id(change.command_id or change.number)!r} of this unit.")
        after = change.following(before)
        if after is not before:
            self._held[before.id] = after
            self._changed.add(before.id)
        return Made(before, after)


def _settle(group: Sequence[tuple[Step, asyncio.Future[Made]]], outcomes: Sequence[BaseException | Outcome]) -> None:
    for (_, future), outcome in zip(group, outcomes, strict=True):
        if future.done():
            continue  # who asked has gone
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

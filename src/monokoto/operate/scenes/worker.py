"""Doing the runs: in short turns, each for the organisation served the longest time ago.

A turn looks what became of commands that are under way, then begins the next items: it writes what was desired before, does
them, writes what became of them. Killed anywhere, the next process finds the begun items and does them again, which changes
nothing where they were done: a command has a name made of run and item, a desired value is itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
import structlog

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import SCENE_RUN_DAYS
from monokoto.operate.scenes import run_store
from monokoto.operate.scenes.doing import Doer
from monokoto.operate.scenes.pacing import Pacing
from monokoto.operate.scenes.run import Run, RunItem, RunItemState, RunState, must_stop
from monokoto.operate.scenes.runs import Runs
from monokoto.operate.scenes.scene import Order
from monokoto.web import Caller, Scope

TURN_ITEMS_MAX: Final = 50
LOOKED_AT_MAX: Final = 500
"""Commands of one run that are looked at in one turn."""
HOLD_SECONDS: Final = 10.0
"""How long a run waits for a process that died in the middle of it."""
LOOK_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 2.0
"""Between two looks at the commands of a run of which no fact was heard."""
PAUSE_SECONDS: Final = 1.0
"""After an engine was away."""
WORKERS: Final = 3
"""Turns at once. One organisation has all but one of them at most: its slow turns hold up nobody else's."""
NO_LONGER: Final = "Who began this may not any more: the key was revoked, or the role was taken away."
_REMEMBERED_MAX: Final = 100_000
_EARLY_MAX: Final = 10_000
_FORGET_SECONDS: Final = 6 * 3600.0
_DAY = 24 * 3600 * MICROSECONDS_PER_SECOND
_NEEDED = frozenset({Scope.CONTROL_WRITE})
_ENDED = ("succeeded", "failed", "expired", "cancelled")
_log = structlog.get_logger(__name__)


Ending = Callable[[sa.Connection, Run], None]
"""What is written together with a run's end."""


class Worker:
    """Works on the runs of all organisations until stopped.

    `finished` is asked (blocking) before a run ends, and what it answers is done with the ended run in the transaction that
    ends it: what it writes there is there exactly when the run has ended.

    `still_may` says (blocking) whether who began a run may do so still: one whose key was revoked begins nothing more.
    """

    def __init__(
        self,
        runs: Runs,
        doer: Doer,
        *,
        finished: Callable[[Run], Ending] | None = None,
        still_may: Callable[[Caller], bool] = lambda _caller: True,
        hold_seconds: float = HOLD_SECONDS,
        workers: int = WORKERS,
    ) -> None:
        self._runs = runs
        self._doer = doer
        self._finished = finished
        self._still_may = still_may
        self._workers = workers
        self._hold_microseconds = round(hold_seconds * MICROSECONDS_PER_SECOND)
        self._holder = secrets.token_hex(16)
        self._awake = asyncio.Event()
        self._open: list[tuple[int, int]] = []
        self._busy: dict[int, int] = {}
        """Runs that have their turn right now, and of which organisation."""
        self._looked = self._forgot = float("-inf")
        self._served: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._follow_at: dict[int, float] = {}
        self._followed: dict[int, int] = {}
        """Run to the number of the item its last look ended with."""
        self._runs_of: dict[int, int] = {}
        """Command to run, of those this process asked for."""
        self._heard: dict[int, set[int]] = {}
        """Run to commands that ended and were not looked at yet."""
        self._early: dict[int, None] = {}
        """Commands that ended before anybody here knew of which run they are, or of none."""
        self._taken_back: dict[int, None] = {}
        """Runs whose commands were taken back by this process."""
        self._pacing = Pacing()
        self._kept: tuple[dict[int, Any], ...] = (
            *(self._not_before, self._follow_at, self._followed, self._heard),
            *(self._taken_back, self._pacing.due),
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; what a process before left unfinished is taken up."""
        loop = asyncio.get_running_loop()

        def signal() -> None:
            loop.call_soon_threadsafe(self._wake)

        self._runs.signal = signal
        self._tasks = [asyncio.create_task(self._run(), name=f"scenes {number}") for number in range(self._workers)]

    def _wake(self) -> None:
        self._looked = float("-inf")
        self._awake.set()

    async def stop(self) -> None:
        """End after the items under way, and let others take up the runs at once."""
        self._runs.signal = lambda: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with contextlib.suppress(MonokotoError):
            await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        with self._runs.records.write() as connection:
            for organisation_id, run_id in self._open:
                run_store.hold(connection, organisation_id, run_id, self._holder, now=0, until=0)

    async def heard(self, fact: Fact) -> None:
        """Commands went on (COMMAND_CHANGED)."""
        for one in fact.data.get("commands", ()):
            if one["status"] in _ENDED:
                self._ended(int(one["command_id"]))

    def _ended(self, command_id: int) -> None:
        run_id = self._runs_of.pop(command_id, None)
        if run_id is not None:
            self._heard.setdefault(run_id, set()).add(command_id)
            self._awake.set()
        else:
            self._early[command_id] = None
            if len(self._early) > _EARLY_MAX:
                del self._early[next(iter(self._early))]

    async def _run(self) -> None:
        while True:
            try:
                await self._forget()
                chosen = await self._choose()
                if chosen is None:
                    self._awake.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._idle_seconds()):
                            await self._awake.wait()
                    continue
                try:
                    await self._turn(*chosen)
                finally:
                    del self._busy[chosen[1]]
                    self._awake.set()
            except MonokotoError as error:
                _log.warning("scenes_wait", reason=error.message)
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                _log.exception("scene_turn_failed")
                await asyncio.sleep(PAUSE_SECONDS)

    async def _forget(self) -> None:
        now = time.monotonic()
        if now - self._forgot > _FORGET_SECONDS:
            self._forgot = now
            await asyncio.to_thread(self._runs.forget_old, self._runs.clock.now() - SCENE_RUN_DAYS * _DAY)

    def _idle_seconds(self) -> float:
        now = time.monotonic()
        soonest = min((at for at in self._not_before.values() if at > now), default=now + LOOK_SECONDS)
        return min(LOOK_SECONDS, max(soonest - now, 0.005))

    async def _choose(self) -> tuple[int, int] | None:
        """The next run: of the organisation served the longest time ago, its own run served the longest time ago."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._open = await asyncio.to_thread(self._read_open)
            known = {run_id for _, run_id in self._open}
            for kept in self._kept:
                for run_id in [one for one in kept if one not in known]:
                    del kept[run_id]
        ready = [
            one
            for one in self._open
            if one[1] not in self._busy and (self._not_before.get(one[1], 0.0) <= now or one[1] in self._heard)
        ]
        if self._workers > 1:
            ready = [one for one in ready if list(self._busy.values()).count(one[0]) < self._workers - 1]
        if not ready:
            return None
        served = self._served
        chosen = min(ready, key=lambda one: (served.get(one[0], 0.0), served.get(one[1], 0.0), one[1]))
        if len(served) > _REMEMBERED_MAX:
            served.clear()
        served[chosen[0]] = served[chosen[1]] = now
        self._busy[chosen[1]] = chosen[0]
        return chosen

    def _read_open(self) -> list[tuple[int, int]]:
        with self._runs.records.read() as connection:
            return run_store.read_open(connection)

    # One turn

    async def _turn(self, organisation_id: int, run_id: int) -> None:
        began = time.monotonic()
        run = await asyncio.to_thread(self._take, organisation_id, run_id)
        if run is None:
            self._not_before[run_id] = began + LOOK_SECONDS
            self._heard.pop(run_id, None)
            return
        try:
            moved = await (self._undo(run) if run.state is RunState.UNDOING else self._go_on(run))
        except Unavailable as error:
            _log.warning("scene_waits", run=format_id(run.id), reason=error.message)
            self._not_before[run.id] = time.monotonic() + PAUSE_SECONDS
            return
        if moved is None:
            return
        if moved and run.spec.pace:
            self._not_before[run.id] = self._pacing.next_turn(run.id, run.spec.pace, began, moved)
        else:
            self._pacing.rest(run.id)
            self._not_before[run.id] = began + (0.0 if moved else FOLLOW_SECONDS)

    def _take(self, organisation_id: int, run_id: int) -> Run | None:
        """The run, held; None when another process holds it or it has ended."""
        now = self._runs.clock.now()
        with self._runs.records.write() as connection:
            until = now + self._hold_microseconds
            if not run_store.hold(connection, organisation_id, run_id, self._holder, now=now, until=until):
                return None
            run = run_store.read(connection, organisation_id, run_id)
            if not run.open:
                return None
            if run.state is RunState.WAITING:
                changes = {"state": RunState.RUNNING.value, "started_at": now}
                run_store.update(connection, organisation_id, run_id, changes)
                run = replace(run, state=RunState.RUNNING, started_at=now)
            return run

    async def _go_on(self, run: Run) -> int | None:
        """How many items were begun; None: the run has ended."""
        if not run.cancelling and not await asyncio.to_thread(self._may_go_on, run):
            run = await asyncio.to_thread(self._end_early, run)
        if run.counts.get(RunItemState.ASKED):
            await self._follow(run)
            run = await asyncio.to_thread(self._runs.get, run.organisation_id, run.id)
        if not run.cancelling and run.state is RunState.RUNNING and must_stop(run.spec, run.counts):
            run = await asyncio.to_thread(self._stop, run)
        ending = run.cancelling or run.state is RunState.STOPPING
        if ending:
            await self._leave(run)
        items = await asyncio.to_thread(self._next, run, ending=ending)
        if items:
            return await self._work(run, items)
        if await asyncio.to_thread(self._left, run):
            return 0
        state = RunState.CANCELLED if run.cancelling else RunState.STOPPED if ending else RunState.DONE
        await self._finish(run, state)
        return None

    def _may_go_on(self, run: Run) -> bool:
        """Whether who began it may still; a schedule's runs are the organisation's, whoever put the schedule."""
        return bool(run.schedule_id) or self._still_may(replace(run.caller, scopes=_NEEDED))

    def _end_early(self, run: Run) -> Run:
        with self._runs.records.write() as connection:
            changes = {"cancelling": True, "reason": NO_LONGER}
            run_store.update(connection, run.organisation_id, run.id, changes)
        return replace(run, cancelling=True, reason=NO_LONGER)

    async def _follow(self, run: Run) -> None:
        """Note what became of commands: of those a fact was heard of, and by period of all, some at a time."""
        heard = sorted(self._heard.pop(run.id, ()))[:LOOKED_AT_MAX]
        found = await asyncio.to_thread(self._asked, run, 0, heard) if heard else []
        now = time.monotonic()
        if now >= self._follow_at.get(run.id, 0.0):
            self._follow_at[run.id] = now + FOLLOW_SECONDS
            some = await asyncio.to_thread(self._asked, run, self._followed.get(run.id, 0), ())
            self._followed[run.id] = some[-1].number if len(some) == LOOKED_AT_MAX else 0
            known = {item.number for item in found}
            found += [item for item in some if item.number not in known]
        if not found:
            return
        outcomes = await self._doer.actions.look(found)
        ended = [
            self._doer.settled(item, outcome.state, outcome.reason)
            for item in found
            if (outcome := outcomes[item.command_id]).state is not RunItemState.ASKED
        ]
        await asyncio.to_thread(self._write, run, ended)

    def _asked(self, run: Run, after: int, commands: Sequence[int]) -> list[RunItem]:
        with self._runs.records.read() as connection:
            return run_store.read_items(
                connection,
                run.organisation_id,
                run.id,
                states=[RunItemState.ASKED],
                after=after,
                commands=commands,
                limit=LOOKED_AT_MAX,
            )

    def _stop(self, run: Run) -> Run:
        failed = run.counts.get(RunItemState.FAILED, 0)
        stop = run.spec.stop_on_failure
        assert stop is not None
        reason = f"{failed} units failed, more than {stop.percent:g} % of those that came to an end."
        changes = {"state": RunState.STOPPING.value, "reason": reason}
        with self._runs.records.write() as connection:
            run_store.update(connection, run.organisation_id, run.id, changes)
        return replace(run, state=RunState.STOPPING, reason=reason)

    async def _leave(self, run: Run) -> None:
        """Begin nothing more; what no unit has heard of yet is taken back, once."""
        if run.counts.get(RunItemState.WAITING):
            await asyncio.to_thread(self._leave_waiting, run)
        if run.id in self._taken_back:
            return
        self._taken_back[run.id] = None
        after = 0
        while some := await asyncio.to_thread(self._asked, run, after, ()):
            await self._doer.actions.take_back(some)
            after = some[-1].number
        self._follow_at[run.id] = 0.0

    def _leave_waiting(self, run: Run) -> None:
        with self._runs.records.write() as connection:
            run_store.leave_waiting(connection, run.organisation_id, run.id, self._runs.clock.now())

    def _room(self, run: Run) -> int:
        """How many items one turn may begin."""
        pace = run.spec.pace
        return self._pacing.room(run.id, pace, time.monotonic(), TURN_ITEMS_MAX) if pace else TURN_ITEMS_MAX

    def _next(self, run: Run, *, ending: bool) -> list[RunItem]:
        """The items of this turn: begun ones first, for they wait for a process that died."""
        limit = self._room(run)
        mine = (run.organisation_id, run.id)
        with self._runs.records.read() as connection:
            begun = run_store.read_items(connection, *mine, states=[RunItemState.BEGUN], limit=limit)
            if begun or ending:
                return begun
            step = None
            if run.spec.order is Order.SEQUENCE:
                under_way = (RunItemState.WAITING, RunItemState.BEGUN, RunItemState.ASKED)
                step = run_store.first_step(connection, *mine, under_way)
            return run_store.read_items(connection, *mine, states=[RunItemState.WAITING], step=step, limit=limit)

    async def _work(self, run: Run, items: Sequence[RunItem]) -> int:
        """Do them, and return how many."""
        begun = [item for item in items if item.state is RunItemState.BEGUN]
        if waiting := [item for item in items if item.state is RunItemState.WAITING]:
            prepared = await asyncio.gather(*(self._doer.prepare(run, item) for item in waiting))
            await asyncio.to_thread(self._write, run, prepared)
            begun += [item for item in prepared if item.state is RunItemState.BEGUN]
        done = await asyncio.gather(*(self._doer.do(run, item) for item in begun), return_exceptions=True)
        settled = [one for one in done if isinstance(one, RunItem)]
        for item in settled:
            self._expect(run, item)
        await asyncio.shield(asyncio.to_thread(self._write, run, settled))
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return len(items)

    def _expect(self, run: Run, item: RunItem) -> None:
        if item.state is not RunItemState.ASKED:
            return
        if item.command_id in self._early:  # the unit was faster than our note
            del self._early[item.command_id]
            self._heard.setdefault(run.id, set()).add(item.command_id)
        elif len(self._runs_of) < _REMEMBERED_MAX:
            self._runs_of[item.command_id] = run.id

    async def _undo(self, run: Run) -> int | None:
        """One turn of undoing; None: it is over."""
        items = await asyncio.to_thread(self._to_undo, run)
        if not items:
            await self._finish(run, RunState.CANCELLED if run.cancelling else RunState.UNDONE)
            return None
        begun = [self._doer.settled(item, RunItemState.UNDOING) for item in items]
        await asyncio.to_thread(self._write, run, begun)
        # One after the other: two steps may have changed the same unit, and the later one is undone first.
        settled = [await self._doer.undo(run, item) for item in begun]
        await asyncio.to_thread(self._write, run, settled)
        return len(settled)

    def _to_undo(self, run: Run) -> list[RunItem]:
        limit = self._room(run)
        states = (RunItemState.UNDOING,) if run.cancelling else (RunItemState.UNDOING, RunItemState.DONE)
        with self._runs.records.read() as connection:
            return run_store.read_items(
                connection, run.organisation_id, run.id, states=states, undoable=True, limit=limit
            )

    def _write(self, run: Run, items: Sequence[RunItem]) -> None:
        if items:
            with self._runs.records.write() as connection:
                run_store.update_items(connection, run.organisation_id, run.id, items)

    def _left(self, run: Run) -> bool:
        """Whether anything is still under way."""
        states = (RunItemState.WAITING, RunItemState.BEGUN, RunItemState.ASKED)
        with self._runs.records.read() as connection:
            return run_store.first_step(connection, run.organisation_id, run.id, states) is not None

    async def _finish(self, run: Run, state: RunState) -> None:
        ended = await asyncio.to_thread(self._end, run, state)
        self._open = [one for one in self._open if one[1] != run.id]
        for kept in self._kept:
            kept.pop(run.id, None)
        if ended is not None:
            await self._runs.tell(ended)

    def _end(self, run: Run, state: RunState) -> Run | None:
        """The run as it ended; None: another process took it up meanwhile, or ended it."""
        now = self._runs.clock.now()
        ending = None if self._finished is None else self._finished(run)
        changes = {"state": state.value, "cancelling": False, "finished_at": now, "held_until": 0}
        mine = (run.organisation_id, run.id)
        with self._runs.records.write() as connection:
            if not run_store.hold(connection, *mine, self._holder, now=now, until=now):
                return None
            if not run_store.read(connection, *mine).open:
                return None
            run_store.update(connection, *mine, changes)
            ended = run_store.read(connection, *mine)
            if ending is not None:
                ending(connection, ended)
        return ended

"""Doing the jobs: in turns of half a second, each turn for the organisation that was served the longest time ago.

A turn takes the next items of one job: plans them, writes what stands there before, applies, writes what became of them.
Killed anywhere, the next process finds the begun items and applies them again, which changes nothing where it was done.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import structlog

from monokoto.connect.jobs import store
from monokoto.connect.jobs.job import Careful, Item, ItemState, Job, JobKind, JobState, OfJob, Stopping
from monokoto.connect.jobs.service import Jobs, check_maker, reason_of
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.web import Caller

TURN_ITEMS_MAX: Final = 25
TURN_SECONDS: Final = 0.5
HOLD_SECONDS: Final = 10.0
"""How long a job waits for a process that died in the middle of it."""
LOOK_SECONDS: Final = 1.0
PAUSE_SECONDS: Final = 1.0
"""After an engine was away."""
CAREFUL_SECONDS: Final = 0.5
"""Between two turns of a job that looks how it went before it goes on."""
WORKERS: Final = 2
NO_LONGER: Final = "Who asked for this may not any more: the key was revoked, or the role was taken away."
_FORGOTTEN_MAX: Final = 10_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Direction:
    """Doing or undoing: which items are next, and what they become."""

    waiting: ItemState
    begun: ItemState
    done: ItemState
    refused: ItemState
    end: JobState


_FORWARD = _Direction(ItemState.WAITING, ItemState.BEGUN, ItemState.DONE, ItemState.FAILED, JobState.DONE)
_BACK = _Direction(ItemState.DONE, ItemState.UNDOING, ItemState.UNDONE, ItemState.KEPT, JobState.UNDONE)


class Worker:
    """Works on the jobs of all organisations until stopped; `finished` hears of every job that ended.

    `still_may` says (blocking) whether who asked for a job may do so still: a job whose key was revoked begins nothing more.
    """

    def __init__(
        self,
        jobs: Jobs,
        *,
        finished: Callable[[Job], Awaitable[None]] | None = None,
        still_may: Callable[[Caller], bool] = lambda _caller: True,
        hold_seconds: float = HOLD_SECONDS,
        workers: int = WORKERS,
    ) -> None:
        self._jobs = jobs
        self._finished = finished
        self._still_may = still_may
        self._hold_microseconds = round(hold_seconds * MICROSECONDS_PER_SECOND)
        self._workers = workers
        self._holder = secrets.token_hex(16)
        self._awake = asyncio.Event()
        self._open: list[tuple[int, int]] = []
        self._looked = float("-inf")
        self._served: dict[int, float] = {}
        self._not_before: dict[int, float] = {}
        self._busy: set[int] = set()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin; what a process before left unfinished is taken up."""
        loop = asyncio.get_running_loop()

        def signal() -> None:
            loop.call_soon_threadsafe(self._wake)

        self._jobs.signal = signal
        self._tasks = [asyncio.create_task(self._run(), name=f"jobs {number}") for number in range(self._workers)]

    def _wake(self) -> None:
        self._looked = float("-inf")
        self._awake.set()

    async def stop(self) -> None:
        """End after the items under way, and let others take up the jobs at once."""
        self._jobs.signal = lambda: None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        with contextlib.suppress(MonokotoError):
            await asyncio.to_thread(self._let_go)

    def _let_go(self) -> None:
        with self._jobs.records.write() as connection:
            for organisation_id, job_id in self._open:
                store.hold(connection, organisation_id, job_id, self._holder, now=0, until=0)

    async def _run(self) -> None:
        while True:
            try:
                chosen = await self._choose()
                if chosen is None:
                    self._awake.clear()
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(self._idle_seconds()):
                            await self._awake.wait()
                    continue
                organisation_id, job_id = chosen
                try:
                    await self._turn(organisation_id, job_id)
                finally:
                    self._busy.discard(job_id)
            except MonokotoError as error:
                _log.warning("jobs_wait", reason=error.message)
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                _log.exception("job_turn_failed")
                await asyncio.sleep(PAUSE_SECONDS)

    def _idle_seconds(self) -> float:
        now = time.monotonic()
        soonest = min((at for at in self._not_before.values() if at > now), default=now + LOOK_SECONDS)
        return min(LOOK_SECONDS, max(soonest - now, 0.005))

    async def _choose(self) -> tuple[int, int] | None:
        """The next job: of the organisation served the longest time ago, its own job served the longest time ago."""
        now = time.monotonic()
        if now - self._looked > LOOK_SECONDS:
            self._looked = now
            self._open = await asyncio.to_thread(self._read_open)
        ready = [
            (organisation_id, job_id)
            for organisation_id, job_id in self._open
            if job_id not in self._busy and self._not_before.get(job_id, 0.0) <= now
        ]
        if not ready:
            return None
        served = self._served
        chosen = min(ready, key=lambda one: (served.get(one[0], 0.0), served.get(one[1], 0.0), one[1]))
        if len(served) > _FORGOTTEN_MAX:
            served.clear()
            self._not_before.clear()
        served[chosen[0]] = served[chosen[1]] = now
        self._busy.add(chosen[1])
        return chosen

    def _read_open(self) -> list[tuple[int, int]]:
        with self._jobs.records.read() as connection:
            return store.read_open(connection)

    async def _turn(self, organisation_id: int, job_id: int) -> None:
        began = time.monotonic()
        job = await asyncio.to_thread(self._take, organisation_id, job_id)
        if job is None:
            self._not_before[job_id] = began + LOOK_SECONDS
            return
        kind = self._jobs.kinds.get(job.kind)
        if kind is None:
            await self._finish(job, JobState.FAILED, f"This release knows no job {job.kind!r}.")
            return
        if isinstance(kind, OfJob):
            kind = kind.of_job(job)
        parameters = msgspec.json.decode(job.parameters, type=kind.parameters)
        direction = _BACK if job.state is JobState.UNDOING else _FORWARD
        if isinstance(kind, Stopping) and (reason := await kind.stop_reason(parameters)):
            await self._finish(job, JobState.CANCELLED, reason)
            return
        reason = ""
        # Taking back was asked by somebody else, perhaps because of just that.
        if direction is _FORWARD and not await asyncio.to_thread(self._still_may, job.caller):
            job, reason = replace(job, cancelling=True), NO_LONGER
        room = TURN_ITEMS_MAX
        if isinstance(kind, Careful) and direction is _FORWARD and not job.cancelling:
            room = await kind.room(parameters)
        if room <= 0:
            self._not_before[job_id] = began + CAREFUL_SECONDS
            return
        items = await asyncio.to_thread(self._next, job, direction, room)
        if not items:
            await self._finish(job, JobState.CANCELLED if job.cancelling else direction.end, reason)
            return
        settled = await self._work(job, kind, parameters, items, direction, began + TURN_SECONDS)
        if job.pace:
            self._not_before[job_id] = began + settled / job.pace
        elif room < TURN_ITEMS_MAX:
            self._not_before[job_id] = began + CAREFUL_SECONDS

    def _take(self, organisation_id: int, job_id: int) -> Job | None:
        """The job, held; None when another process holds it or it has ended."""
        now = self._jobs.clock.now()
        with self._jobs.records.write() as connection:
            until = now + self._hold_microseconds
            if not store.hold(connection, organisation_id, job_id, self._holder, now=now, until=until):
                return None
            job = store.read_job(connection, organisation_id, job_id)
            if not job.open:
                return None
            if job.state is JobState.WAITING:
                changes = {"state": JobState.RUNNING.value, "started_at": now}
                store.update_job(connection, organisation_id, job_id, changes)
                job = replace(job, state=JobState.RUNNING, started_at=now)
            return job

    def _next(self, job: Job, direction: _Direction, room: int) -> list[Item]:
        """The items of the next turn: begun ones first, for they wait for a process that died."""
        limit = min(room, TURN_ITEMS_MAX if not job.pace else max(1, min(TURN_ITEMS_MAX, job.pace // 2)))
        with self._jobs.records.read() as connection:
            # A job that is being cancelled ends what it has begun and begins nothing.
            for state in (direction.begun,) if job.cancelling else (direction.begun, direction.waiting):
                if direction is _FORWARD:
                    found = store.read_items(connection, job.organisation_id, job.id, states=[state], limit=limit)
                else:
                    found = store.read_last_items(connection, job.organisation_id, job.id, states=[state], limit=limit)
                if found:
                    return found
        return []

    async def _work(
        self, job: Job, kind: JobKind, parameters: Any, items: Sequence[Item], direction: _Direction, until: float
    ) -> int:
        """Returns how many items were settled; those for which the time was too short stay begun."""
        if items[0].state is direction.waiting:
            begun = [await self._begin(job, kind, parameters, item, direction) for item in items]
            await asyncio.to_thread(self._write, job, begun)
        else:
            begun = list(items)
        settled: list[Item] = []
        waits: Unavailable | None = None
        try:
            for item in begun:
                if item.state is not direction.begun:
                    continue
                if settled and time.monotonic() > until:
                    break
                settled.append(await self._apply(job, kind, parameters, item, direction))
        except Unavailable as error:
            waits = error
        finally:
            await asyncio.shield(asyncio.to_thread(self._write, job, settled))
        if waits is not None:
            _log.warning("job_waits", job=format_id(job.id), reason=waits.message)
            self._not_before[job.id] = time.monotonic() + PAUSE_SECONDS
        return len(begun)

    async def _begin(self, job: Job, kind: JobKind, parameters: Any, item: Item, direction: _Direction) -> Item:
        """The item with what stands there before; settled at once when nothing is to be done or it is refused."""
        if direction is _BACK:
            return replace(item, state=direction.begun, at=self._jobs.clock.now())
        try:
            check_maker(kind, job.caller, item.target)
            plan = await kind.plan(job.caller, item.target, parameters)
        except Exception as error:
            return self._settled(item, direction.refused, _reason(job, item, error))
        if plan.before is None:
            return self._settled(item, ItemState.UNCHANGED)
        return replace(self._settled(item, direction.begun), before=msgspec.json.encode(plan.before).decode())

    async def _apply(self, job: Job, kind: JobKind, parameters: Any, item: Item, direction: _Direction) -> Item:
        try:
            if direction is _FORWARD:
                await kind.apply(job.caller, item.target, parameters)
            else:
                before = msgspec.json.decode(item.before or "{}")
                await kind.undo(job.caller, item.target, parameters, before)
        except Exception as error:
            return self._settled(item, direction.refused, _reason(job, item, error))
        return self._settled(item, direction.done)

    def _settled(self, item: Item, state: ItemState, reason: str = "") -> Item:
        return replace(item, state=state, reason=reason, at=self._jobs.clock.now())

    def _write(self, job: Job, items: Sequence[Item]) -> None:
        if items:
            with self._jobs.records.write() as connection:
                store.update_items(connection, job.organisation_id, job.id, items)

    async def _finish(self, job: Job, state: JobState, reason: str = "") -> None:
        ended = await asyncio.to_thread(self._end, job, state, reason)
        self._open = [one for one in self._open if one[1] != job.id]
        self._not_before.pop(job.id, None)
        if self._finished is not None:
            await self._finished(ended)

    def _end(self, job: Job, state: JobState, reason: str) -> Job:
        now = self._jobs.clock.now()
        changes = {"state": state.value, "cancelling": False, "reason": reason, "finished_at": now, "held_until": 0}
        with self._jobs.records.write() as connection:
            store.update_job(connection, job.organisation_id, job.id, changes)
            return store.read_job(connection, job.organisation_id, job.id)


def _reason(job: Job, item: Item, error: Exception) -> str:
    """Why an item was refused; raises what only makes the job wait, and logs what nobody expected."""
    if isinstance(error, Unavailable):
        raise error
    if isinstance(error, MonokotoError):
        return reason_of(error)
    _log.error("job_item_failed", job=format_id(job.id), number=item.number, exc_info=error)
    return "Something went wrong here; the platform's log has the reason."

"""Beginning what is due: each planned instant once, whatever dies when.

A run is named by schedule, planned instant and place, and the name is unique in the records; only afterwards the schedule notes
up to when it has been looked at. Killed between the two, the next process begins it again, which is the same run. What was
planned while nobody was there is begun late within `catch_up_seconds`; later it is told as missed, in the list of runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from typing import Final

import structlog

from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import SCHEDULE_MISSED_MAX
from monokoto.operate.scenes import Run, Runs, RunState, SceneSpec, reason_of
from monokoto.operate.schedules import store
from monokoto.operate.schedules.calendar import next_occurrences, occurrences
from monokoto.operate.schedules.places import UnitsAt
from monokoto.operate.schedules.schedule import Schedule
from monokoto.operate.schedules.service import Schedules, What

TICK_SECONDS: Final = 1.0
"""The longest time between two looks at the clock: how late a run begins at most, on a machine that keeps up."""
LIST_SECONDS: Final = 5.0
"""Between two looks at which schedules there are, when nobody said that one changed."""
PLACES_SECONDS: Final = 300.0
"""Between two looks at where the units of a schedule are, that goes by the units."""
LOOK_BACK_MICROSECONDS: Final = 31 * 24 * 3600 * MICROSECONDS_PER_SECOND
"""What was planned longer ago is not even told as missed."""
_NEVER: Final = 1 << 62
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Known:
    """An enabled schedule, and when it comes next."""

    schedule: Schedule
    next_at: int
    look_again: float
    """By the monotonic clock: when to work that out anew."""


class Scheduler:
    """Begins the runs of all schedules until stopped. Several processes may; each run begins once."""

    def __init__(self, schedules: Schedules, runs: Runs) -> None:
        self._schedules = schedules
        self._runs = runs
        self._known: dict[int, _Known] = {}
        self._listed = float("-inf")
        self._awake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; what was planned meanwhile is begun late or told as missed."""
        loop = asyncio.get_running_loop()

        def signal() -> None:
            loop.call_soon_threadsafe(self._wake)

        self._schedules.signal = signal
        self._task = asyncio.create_task(self._run(), name="schedules")

    def _wake(self) -> None:
        self._listed = float("-inf")
        self._awake.set()

    async def stop(self) -> None:
        """End."""
        self._schedules.signal = lambda: None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _run(self) -> None:
        while True:
            seconds = TICK_SECONDS
            try:
                await self.tick()
                seconds = self._idle_seconds()
            except MonokotoError as error:
                _log.warning("schedules_wait", reason=error.message)
            except Exception:
                _log.exception("schedules_failed")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._awake.wait()
            self._awake.clear()

    def _idle_seconds(self) -> float:
        soonest = min((known.next_at for known in self._known.values()), default=_NEVER)
        wait = (soonest - self._schedules.clock.now()) / MICROSECONDS_PER_SECOND
        return min(TICK_SECONDS, max(wait, 0.01))

    async def tick(self) -> None:
        """Begin everything that is due now."""
        if time.monotonic() - self._listed > LIST_SECONDS:
            self._listed = time.monotonic()
            await self._list()
        now = self._schedules.clock.now()
        for known in list(self._known.values()):
            if known.next_at <= now:
                await self._due(known, now)
            elif known.look_again <= time.monotonic():
                await asyncio.to_thread(self._plan, known)

    async def _list(self) -> None:
        enabled = await asyncio.to_thread(self._read_enabled)
        self._known = {key: known for key, known in self._known.items() if key in enabled}
        for schedule_id, (organisation_id, revision) in enabled.items():
            known = self._known.get(schedule_id)
            if known is None or known.schedule.revision != revision:
                schedule = await asyncio.to_thread(self._read, organisation_id, schedule_id)
                if schedule is not None and schedule.enabled:
                    # What was planned before now and not decided is due at once.
                    self._known[schedule_id] = _Known(schedule, 0, 0.0)

    def _read_enabled(self) -> dict[int, tuple[int, int]]:
        with self._schedules.records.read() as connection:
            return {
                schedule_id: (organisation_id, revision)
                for organisation_id, schedule_id, revision in store.read_enabled(connection)
            }

    def _read(self, organisation_id: int, schedule_id: int) -> Schedule | None:
        with self._schedules.records.read() as connection:
            return store.read(connection, organisation_id, schedule_id)

    def _plan(self, known: _Known) -> None:
        """Work out when it comes next."""
        schedule = known.schedule
        known.look_again = time.monotonic() + PLACES_SECONDS if schedule.spec.per_unit else float("inf")
        after = self._schedules.clock.now()
        try:
            places = self._schedules.places(schedule)
        except Unavailable:
            raise
        except MonokotoError as error:
            # Its scene or group is no more: by the schedule's own clock, so that its run can say so.
            _log.warning("schedule_has_no_units", schedule=format_id(schedule.id), reason=error.message)
            places = [UnitsAt(schedule.spec.place)]
        times = [
            at
            for where in places
            for at in next_occurrences(schedule.spec.when, where.place, anchor=schedule.anchor, after=after, count=1)
        ]
        known.next_at = min(times, default=_NEVER)

    async def _due(self, known: _Known, now: int) -> None:
        schedule = await asyncio.to_thread(self._read, known.schedule.organisation_id, known.schedule.id)
        if schedule is None or not schedule.enabled:
            del self._known[known.schedule.id]
            return
        known.schedule = schedule
        since = max(schedule.checked_until, now - LOOK_BACK_MICROSECONDS)
        if since < now:
            await self._begin_all(schedule, since, now)
            await asyncio.to_thread(self._note_checked, schedule, now)
        await asyncio.to_thread(self._plan, known)

    def _note_checked(self, schedule: Schedule, until: int) -> None:
        with self._schedules.records.write() as connection:
            store.note_checked(connection, schedule, until)

    async def _begin_all(self, schedule: Schedule, since: int, now: int) -> None:
        """Everything planned in this time: begun, or told as missed."""
        try:
            places = await asyncio.to_thread(self._schedules.places, schedule)
            what = await asyncio.to_thread(self._schedules.what, schedule)
        except Unavailable:
            raise
        except MonokotoError as error:
            # Its scene or group is no more: its runs say so.
            places, trouble = [UnitsAt(schedule.spec.place)], reason_of(error)
            what = What(SceneSpec(steps=[]), schedule.name)
        else:
            trouble = ""
        late = now - schedule.spec.catch_up_seconds * MICROSECONDS_PER_SECOND
        missed: list[tuple[int, UnitsAt]] = []
        for where in places:
            when = schedule.spec.when
            planned = await asyncio.to_thread(
                occurrences, when, where.place, anchor=schedule.anchor, after=since, until=now
            )
            missed += [(at, where) for at in planned if at < late]
            for at in planned:
                if at >= late:
                    await self._begin(self._draft(schedule, what, where, at), where, trouble)
        await asyncio.to_thread(self._tell_missed, schedule, what, sorted(missed, key=lambda one: one[0]))

    async def _begin(self, draft: Run, where: UnitsAt, trouble: str) -> None:
        if trouble:
            await asyncio.to_thread(self._runs.record, draft, RunState.FAILED, trouble)
            return
        try:
            await self._runs.begin(draft, only=lambda one: where.has(one.unit_id))
        except Unavailable:
            raise
        except MonokotoError as error:
            failed = await asyncio.to_thread(self._runs.record, draft, RunState.FAILED, reason_of(error))
            await self._runs.tell(failed)

    def _draft(self, schedule: Schedule, what: What, where: UnitsAt, at: int) -> Run:
        draft = self._runs.draft(
            schedule.caller,
            what.name,
            what.spec,
            confirmed=schedule.spec.confirmed,
            key=f"schedule:{format_id(schedule.id)}:{at}:{where.label}",
            schedule_id=schedule.id,
            planned_at=at,
        )
        return replace(draft, scene_id=what.scene_id)

    def _tell_missed(self, schedule: Schedule, what: What, missed: list[tuple[int, UnitsAt]]) -> None:
        count = len(missed)
        for at, where in missed[-SCHEDULE_MISSED_MAX:]:
            reason = (
                f"Nobody was there to begin it at {format_instant(at)}, nor {schedule.spec.catch_up_seconds} s later."
            )
            if count > SCHEDULE_MISSED_MAX:
                reason += f" {count} times were missed like this; the last {SCHEDULE_MISSED_MAX} are told."
            self._runs.record(self._draft(schedule, what, where, at), RunState.MISSED, reason)
        if missed:
            _log.warning("schedule_missed", schedule=format_id(schedule.id), times=count)

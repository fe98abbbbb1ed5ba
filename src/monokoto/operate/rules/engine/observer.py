"""The engine on the line: fed batch by batch, told the time, its changes handed on, its state kept.

What makes a crash harmless: the snapshot covers exactly the readings up to its positions; the journal has what the clock
did since; a change told again is the same value. Nothing is counted as kept before it has been told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from monokoto.connect.line import Batch
from monokoto.engines.objects import Objects
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.keeping import dump, load
from monokoto.operate.rules.engine.running import Record
from monokoto.operate.rules.engine.snapshot import (
    VERSION,
    EnginePart,
    Snapshot,
    decode,
    decode_records,
    encode,
    encode_records,
)

Sink = Callable[[Sequence[AlertChange]], Awaitable[None]]
"""Who is told; raises Unavailable while it cannot take anything. May be told the same change again."""
FOLDER = "rules/"
_SNAPSHOT = f"{FOLDER}snapshot"
_JOURNAL = f"{FOLDER}journal/"
_WORK_SHARE_MAX = 0.1
"""Of the time that may go into snapshots."""
_QUIET_SECONDS = 1.0
"""A line that handed over nothing for so long has nothing to hand over."""
_START_SECONDS = 5.0
"""The same, while the line begins."""
_REPLAY_SECONDS_MAX = 60.0
_RETRY_SECONDS_MAX = 2.0
_log = structlog.get_logger(__name__)


class RulesObserver:
    """Observer of the line, `Saving` and `Waiting`. `start` before the line starts, `stop` after it stopped."""

    name = "rules"

    def __init__(
        self,
        *,
        engine: Engine,
        objects: Objects,
        sink: Sink,
        clock: Clock,
        snapshot_seconds: float = 30.0,
        tick_seconds: float = 0.25,
        grace_seconds: float = 1.0,
    ) -> None:
        self.engine = engine
        self._objects = objects
        self._sink = sink
        self._clock = clock
        self._snapshot_seconds = snapshot_seconds
        self._tick_seconds = tick_seconds
        self._grace_us = round(grace_seconds * 1_000_000)
        self._turn = asyncio.Lock()
        self._observed: dict[int, int] = {}
        self._kept: dict[int, int] = {}
        self._arrived: dict[int, tuple[float, int]] = {}
        """By partition, when its last batch was taken in (monotonic) and the last arrival in it."""
        self._untold: list[AlertChange] = []
        self._unkept: list[Record] = []
        self._unwritten = False
        """Whether the state has to be written before anything more is told: what happened is in no journal."""
        self._writing = asyncio.Lock()
        self._copies = self._written = 0
        self._journal = 0
        self._took_seconds = 0.0
        self._begin_again = 0.0
        """When rules may begin with units again (monotonic): each time the state is written."""
        self._quiet_since = time.monotonic() + _START_SECONDS
        self._waits_for: Unavailable | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # The line

    async def observe(self, batch: Batch) -> None:
        """As `Observer.observe`."""
        async with self._turn:
            position = self._observed.get(batch.partition, 0)
            if batch.last_sequence > position:
                again = batch.first_sequence <= position
                self._untold += await asyncio.to_thread(self._take, batch, again)
                self._observed[batch.partition] = batch.last_sequence
                if len(batch.seen_arrived):
                    self._arrived[batch.partition] = (time.monotonic(), int(batch.seen_arrived.max()))
            await self._tell()
        self._quiet_since = max(self._quiet_since, time.monotonic() + _QUIET_SECONDS)

    def kept(self, partition: int) -> int:
        """As `Observer.kept`."""
        return self._kept.get(partition, 0)

    @property
    def waits_for(self) -> Unavailable | None:
        """As `Waiting.waits_for`."""
        return self._waits_for

    def _take(self, batch: Batch, again: bool) -> list[AlertChange]:
        with self.engine.lock:
            return self.engine.take(batch, again=again)

    async def _tell(self) -> None:
        """State and journal first, then whoever is told; waits for both, however long they are away."""
        pause = 0.1
        while self._unwritten or self._unkept or self._untold:
            try:
                if self._unwritten:
                    await self._write(await self._copy())
                    self._unwritten, self._unkept = False, []
                if self._unkept:
                    body = await asyncio.to_thread(encode_records, self._unkept)
                    await self._objects.put(f"{_JOURNAL}{self._journal:012d}", body)
                    self._journal += 1
                    self._unkept = []
                if self._untold:
                    await self._sink(tuple(self._untold))
                    self._untold = []
            except Unavailable as error:
                if self._waits_for is None:  # one line while it lasts
                    _log.warning("rules_wait", reason=error.message)
                self._waits_for = error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _RETRY_SECONDS_MAX)
        self._waits_for = None

    # Rules

    async def set_rules(self, rules: Sequence[CompiledRule]) -> None:
        """From now on these; see `Engine.set_rules`. The new ones begin with what units reported last."""
        async with self._turn:
            self._untold += await asyncio.to_thread(self._set_rules, rules)
            if self._now() is not None:
                self._untold += await asyncio.to_thread(self._begin)
            self._unwritten = True
            await self._tell()

    async def units_moved(self) -> None:
        """Units may be of other versions now."""
        async with self._turn:
            await asyncio.to_thread(self._know_versions)

    def _know_versions(self) -> None:
        with self.engine.lock:
            self.engine.know_versions()

    def _begin(self) -> list[AlertChange]:
        # By the clock itself: no two beginnings are at one instant, so that what they raise has names of its own.
        with self.engine.lock:
            return self.engine.begin(int(self._clock.now()))

    def _begins(self) -> bool:
        with self.engine.lock:
            return self.engine.begins

    def _set_rules(self, rules: Sequence[CompiledRule]) -> list[AlertChange]:
        with self.engine.lock:
            return self.engine.set_rules(rules)

    # The clock

    async def tick(self) -> None:
        """Let the clock do what is due. While the line has something to hand over, its time is that of what was handed over:
        what the units said since is still on its way."""
        async with self._turn:
            now = self._now()
            if now is not None and time.monotonic() >= self._begin_again and await asyncio.to_thread(self._begins):
                self._untold += await asyncio.to_thread(self._begin)
                self._unwritten = True
            if now is not None:
                found, records = await asyncio.to_thread(self._tick, now)
                self._untold += found
                self._unkept += records
            await self._tell()

    def _now(self) -> int | None:
        moment, clock = time.monotonic(), int(self._clock.now()) - self._grace_us
        if self.engine.replaying:
            if moment < self._quiet_since + _REPLAY_SECONDS_MAX:
                return None
            _log.error("journal_left_over", records=len(self.engine.replaying))
            self.engine.replaying = []
        if moment >= self._quiet_since:
            return clock
        active = [arrived for when, arrived in self._arrived.values() if moment - when < _QUIET_SECONDS]
        return min([clock, *active]) if active else None

    def _tick(self, now: int) -> tuple[list[AlertChange], list[Record]]:
        with self.engine.lock:
            return self.engine.tick(now)

    # Life

    async def start(self, rules: Sequence[CompiledRule]) -> None:
        """Take in the last snapshot and the journal, and begin to look at the clock. Raises Unavailable."""
        found = await asyncio.to_thread(self._set_rules, rules)
        body = await self._objects.get(_SNAPSHOT)
        if body is not None:
            try:
                snapshot = await asyncio.to_thread(decode, body)
            except ValueError as error:
                _log.error("snapshot_damaged", path=_SNAPSHOT, reason=str(error))
            else:
                found += await asyncio.to_thread(self._load, snapshot)
                self._observed, self._kept = dict(snapshot.positions), dict(snapshot.positions)
                self._journal = snapshot.journal
                found = [*snapshot.untold, *found]
        await self._read_journal()
        with self.engine.lock:
            found += self.engine.replay_ready()
        self._untold += found
        self._tasks = [
            asyncio.create_task(_every(lambda: self._tick_seconds, self.tick), name="rules-clock"),
            asyncio.create_task(_every(self._snapshot_period, self.save), name="rules-snapshot"),
        ]

    def _load(self, snapshot: Snapshot) -> list[AlertChange]:
        with self.engine.lock:
            return load(self.engine, snapshot.engine)

    async def _read_journal(self) -> None:
        for info in sorted(await self._objects.list(_JOURNAL), key=lambda one: one.path):
            number = int(info.path.rpartition("/")[2])
            if number < self._journal:
                continue
            try:
                self.engine.replaying += decode_records(await self._objects.get(info.path) or b"")
            except ValueError as error:
                _log.error("journal_damaged", path=info.path, reason=str(error))
            self._journal = number + 1

    async def stop(self) -> None:
        """End the background work and write a last snapshot."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        await self.save()

    async def save(self) -> None:
        """As `Saving.save`. What was not told yet is not covered: then the last snapshot stays."""
        async with self._turn:
            if self._untold or self._unkept or (self._observed == self._kept and not self._tasks):
                return
            copy = await self._copy()
        await self._write(copy)

    async def _copy(self) -> tuple[int, Snapshot]:
        """The state as it is now, with the number of the copy; hold the turn."""
        self._copies += 1
        part = await asyncio.to_thread(self._dump)
        return self._copies, Snapshot(VERSION, dict(self._observed), self._journal, part, tuple(self._untold))

    async def _write(self, numbered: tuple[int, Snapshot]) -> None:
        number, snapshot = numbered
        async with self._writing:
            if number <= self._written:
                return  # a newer one is there
            began = time.monotonic()
            await self._objects.put(_SNAPSHOT, await asyncio.to_thread(encode, snapshot))
            self._written, self._kept = number, dict(snapshot.positions)
            for info in await self._objects.list(_JOURNAL):
                if int(info.path.rpartition("/")[2]) < snapshot.journal:
                    await self._objects.delete(info.path)
            self._took_seconds = time.monotonic() - began
            self._begin_again = time.monotonic() + self._took_seconds / _WORK_SHARE_MAX

    def _dump(self) -> EnginePart:
        with self.engine.lock:
            return dump(self.engine)

    def _snapshot_period(self) -> float:
        return max(self._snapshot_seconds, self._took_seconds / _WORK_SHARE_MAX)


async def _every(period_seconds: Callable[[], float], work: Callable[[], Awaitable[None]]) -> None:
    """Do the work after each period until cancelled; a failure is logged and tried again after the next."""
    while True:
        await asyncio.sleep(period_seconds())
        try:
            await work()
        except MonokotoError as error:
            _log.warning("rules_wait", reason=error.message)
        except Exception:
            _log.exception("rules_failed")

"""The engine on the line: fed batch by batch, told the time, its changes handed on, its state kept.

What makes a crash harmless: the snapshot covers exactly the readings up to its positions; the journal has what the clock
did since; a change told again is the same value. Nothing is counted as kept before it has been told.

Writing a snapshot keeps nobody waiting: it is copied some rules at a time, between batches. What a beginning brought is told
once it is in a snapshot; the alerts of other rules go on meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import structlog

from monokoto.connect.line import Batch
from monokoto.engines.objects import Objects
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import MonokotoError, Unavailable
from monokoto.operate.rules.change import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.keeping import Copying, load
from monokoto.operate.rules.engine.past import Past, PastLoader
from monokoto.operate.rules.engine.reconciling import StandingAlert, name_of, settle, strays
from monokoto.operate.rules.engine.running import Record
from monokoto.operate.rules.engine.snapshot import (
    VERSION,
    Snapshot,
    decode,
    decode_records,
    encode,
    encode_records,
)

_T = TypeVar("_T")
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
_COPY_SECONDS = 0.01
"""So long rules are copied before the line has its turn again; the largest rule may take some times as long."""
_RECONCILE_SECONDS = 60.0
_log = structlog.get_logger(__name__)


def _nothing_stands() -> Iterable[StandingAlert]:
    return ()


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
        standing: Callable[[], Iterable[StandingAlert]] = _nothing_stands,
        past: Past | None = None,
    ) -> None:
        """`standing`: the alerts that stand for whoever is told; blocking. `past`: what rules that look back begin with;
        None: they begin with nothing."""
        self.engine = engine
        engine.loads = past is not None
        self._past = None if past is None else PastLoader(self, past)
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
        self._held: list[AlertChange] = []
        """What is told only once the state is written: it follows from a beginning, or from an end, that is in no journal."""
        self._fresh: set[tuple[int, str]] = set()
        """Organisation and key of the rules of which everything is held back so."""
        self._beginnings = self._written = 0
        """Counts when rules were made others, or began with units; and up to which of them the state is written."""
        self._copying = asyncio.Lock()
        """While the state is copied no rule begins."""
        self._writing = asyncio.Lock()
        self._saving: asyncio.Task[None] | None = None
        self._standing = standing
        self._strays: set[tuple[int, str, int, int]] = set()
        self._until: dict[int, int] = {}
        """By partition, how far the log is to be seen again before all of the state is of one moment."""
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
                self._look_whether_caught_up()
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

    def _look_whether_caught_up(self) -> None:
        if self.engine.catching_up is None:
            return
        if all(self._observed.get(partition, 0) >= until for partition, until in self._until.items()):
            self.engine.caught_up()

    async def _tell(self) -> None:
        """The journal first, then whoever is told; waits for both, however long they are away."""

        async def tell() -> None:
            if self._unkept:
                body = await asyncio.to_thread(encode_records, self._unkept)
                await self._objects.put(f"{_JOURNAL}{self._journal:012d}", body)
                self._journal += 1
                self._unkept = []
            if self._fresh:
                self._held += [one for one in self._untold if (one.organisation_id, one.rule) in self._fresh]
                self._untold = [one for one in self._untold if (one.organisation_id, one.rule) not in self._fresh]
            if self._untold:
                await self._sink(tuple(self._untold))
                self._untold = []

        if self._unkept or self._untold:
            await self._insist(tell)

    async def _insist(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it again until it can be done."""
        pause = 0.1
        while True:
            try:
                await work()
                break
            except Unavailable as error:
                if self._waits_for is None:  # one line while it lasts
                    _log.warning("rules_wait", reason=error.message)
                self._waits_for = error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _RETRY_SECONDS_MAX)
        self._waits_for = None

    # Rules

    async def set_rules(self, rules: Sequence[CompiledRule]) -> None:
        """From now on these; see `Engine.set_rules`. The new ones begin with what units reported last. Ends once all that
        follows is written and told; the line goes on meanwhile."""
        async with self._copying, self._turn:
            self._hold_back(await asyncio.to_thread(self._set_rules, rules))
            if self._now() is not None:
                self._hold_back(await asyncio.to_thread(self._begin))
        await self._insist(self.save)

    def _hold_back(self, changes: Sequence[AlertChange]) -> None:
        """What a beginning brought, and all that the same rules find after it; hold the turn."""
        self._beginnings += 1
        self._held += changes
        self._fresh |= {(one.rule.organisation_id, one.rule.key) for one in self.engine.begun()}
        self._fresh |= {(one.organisation_id, one.rule) for one in changes}

    async def units_moved(self) -> None:
        """Units may be of other versions now."""
        async with self._turn:
            await asyncio.to_thread(self._know_versions)

    def _know_versions(self) -> None:
        with self.engine.lock:
            self.engine.know_versions()

    # What rules that begin with their past ask (`past.Host`)

    def now(self) -> int | None:
        """The time by which rules begin; None: not yet."""
        return None if self._copying.locked() or self._now() is None else int(self._clock.now())

    def positions(self) -> dict[int, int]:
        """By partition that handed over anything, up to where."""
        return {partition: self._observed[partition] for partition in self._arrived}

    async def in_turn(self, work: Callable[[], _T]) -> _T:
        """Do it between two batches."""
        async with self._turn:
            return await asyncio.to_thread(self._locked, work)

    async def begin_by(self, work: Callable[[], Sequence[AlertChange]]) -> None:
        """A beginning: what it brings is told once the state is written, which goes on meanwhile."""
        async with self._copying, self._turn:
            self._hold_back(await asyncio.to_thread(self._locked, work))
        if time.monotonic() >= self._begin_again and (self._saving is None or self._saving.done()):
            self._saving = asyncio.create_task(self._insist(self.save), name="rules-begun")

    async def load_past(self) -> None:
        """Let all rules that wait for it begin with their past."""
        if self._past is not None:
            while await self._past.step():
                pass
            if self._written < self._beginnings and (self._saving is None or self._saving.done()):
                await self._insist(self.save)

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
        what the units said since is still on its way. Ends once what began is written and told."""
        if await self._look():
            await self._insist(self.save)

    async def _look_on(self) -> None:
        """The same, without waiting for what is to be written."""
        if await self._look() and (self._saving is None or self._saving.done()):
            self._saving = asyncio.create_task(self._insist(self.save), name="rules-begun")

    async def _look(self) -> bool:
        began = False
        async with self._turn:
            now = self._now()
            began = now is not None and await self._let_begin()
            if now is not None:
                found, records = await asyncio.to_thread(self._tick, now)
                self._untold += found
                self._unkept += records
            await self._tell()
        return began

    async def _let_begin(self) -> bool:
        if self._copying.locked() or time.monotonic() < self._begin_again:
            return False
        if not await asyncio.to_thread(self._begins):
            return False
        self._hold_back(await asyncio.to_thread(self._begin))
        return True

    def _now(self) -> int | None:
        moment, clock = time.monotonic(), int(self._clock.now()) - self._grace_us
        if self.engine.replaying or self.engine.catching_up is not None:
            if moment < self._quiet_since + _REPLAY_SECONDS_MAX:
                return None
            _log.error("journal_left_over", records=len(self.engine.replaying))
            self.engine.replaying = []
            self.engine.caught_up()
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
        self.engine.begun()
        body = await self._objects.get(_SNAPSHOT)
        if body is not None:
            try:
                snapshot = await asyncio.to_thread(decode, body)
            except ValueError as error:
                _log.error("snapshot_damaged", path=_SNAPSHOT, reason=str(error))
            else:
                found += await asyncio.to_thread(self._load, snapshot)
                self._observed, self._kept = dict(snapshot.positions), dict(snapshot.positions)
                self._until = dict(snapshot.until)
                self._journal = snapshot.journal
                found = [*snapshot.untold, *found]
        await self._read_journal()
        self._look_whether_caught_up()
        with self.engine.lock:
            found += self.engine.replay_ready()
        self._untold += found
        self._tasks = [
            asyncio.create_task(_every(lambda: self._tick_seconds, self._look_on), name="rules-clock"),
            asyncio.create_task(_every(self._snapshot_period, self.save), name="rules-snapshot"),
            asyncio.create_task(_every(lambda: _RECONCILE_SECONDS, self.reconcile), name="rules-reconcile"),
            asyncio.create_task(_every(lambda: self._tick_seconds, self.load_past), name="rules-past"),
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
                records = decode_records(await self._objects.get(info.path) or b"")
            except ValueError as error:
                _log.error("journal_damaged", path=info.path, reason=str(error))
                records = []
            held = {} if self.engine.catching_up is None else self.engine.catching_up.journals
            self.engine.replaying += [one for one in records if held.get(one.key, 0) <= number]
            self._journal = number + 1

    async def stop(self) -> None:
        """End the background work and write a last snapshot."""
        tasks = [*self._tasks, *([self._saving] if self._saving is not None else ())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks = []
        await self.save()

    async def save(self) -> None:
        """As `Saving.save`. What was not told yet is not covered: then the last snapshot stays. Raises Unavailable."""
        async with self._writing:
            began = time.monotonic()
            found = await self._copy()
            if found is not None:
                await self._write(*found)
                self._took_seconds = time.monotonic() - began
                self._begin_again = time.monotonic() + self._took_seconds / _WORK_SHARE_MAX
        async with self._turn:
            if self._written == self._beginnings and self._fresh:
                self._untold, self._held, self._fresh = [*self._held, *self._untold], [], set()
                await self._tell()

    async def _copy(self) -> tuple[int, Snapshot] | None:
        """The state, copied in moments between which the line goes on, and the number of the last beginning in it. None:
        there is nothing to write, or not all of it can be."""
        copying = Copying(self.engine)
        async with self._copying:
            async with self._turn:
                written = self._observed == self._kept and self._beginnings == self._written and not self._tasks
                if self._untold or self._unkept or self.engine.catching_up is not None or written:
                    return None
                beginnings, positions, journal = self._beginnings, dict(self._observed), self._journal
                await asyncio.to_thread(self._locked, copying.begin)
            await asyncio.to_thread(copying.make_room)
            while True:
                async with self._turn:
                    if self._untold or self._unkept:  # whoever is told was away, and the work was given up
                        return None
                    some = await asyncio.to_thread(
                        self._locked, lambda: copying.some(self._journal, seconds=_COPY_SECONDS)
                    )
                    if not some:
                        await asyncio.to_thread(self._locked, copying.end)
                        until, untold = dict(self._observed), tuple(self._held)
                        break
                await asyncio.to_thread(copying.pack_some)
        part = await asyncio.to_thread(copying.part)
        return beginnings, Snapshot(VERSION, positions, journal, part, untold, until)

    def _locked(self, work: Callable[[], _T]) -> _T:
        with self.engine.lock:
            return work()

    async def _write(self, beginnings: int, snapshot: Snapshot) -> None:
        await self._objects.put(_SNAPSHOT, await asyncio.to_thread(encode, snapshot))
        self._written, self._kept = beginnings, dict(snapshot.positions)
        for info in await self._objects.list(_JOURNAL):
            if int(info.path.rpartition("/")[2]) < snapshot.journal:
                await self._objects.delete(info.path)

    # Reconciling

    async def reconcile(self) -> None:
        """End, or take on, alerts that stand for whoever is told and not here; those that were found so the last time, too."""
        if self._now() is None:
            return
        standing = list(await asyncio.to_thread(self._standing))
        async with self._turn:
            if self._now() is None or self._untold or self._held:
                return
            found = await asyncio.to_thread(self._locked, lambda: strays(self.engine, standing))
            before, self._strays = self._strays, {name_of(one) for one in found}
            again = [one for one in found if name_of(one) in before]
            if again:
                _log.warning("rules_reconciled", alerts=len(again))
                self._untold += await asyncio.to_thread(self._locked, lambda: settle(self.engine, again))
            await self._tell()

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

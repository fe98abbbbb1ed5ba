"""The line: reads the log in order, decodes, hands batches to the observers, remembers how far each one is.

One task a partition, two stages: while the observers take a batch in, the next one is read and decoded. Positions are
kept in the bucket `positions`; after a crash the line starts behind the lowest of them, and observers see some entries
again (they are idempotent). The log is trimmed here and nowhere else: behind every observer's kept position, and not
before `keep_hours` have passed unless the disk limit comes near.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from monokoto.connect.gateway import is_urgent
from monokoto.connect.line.batch import Batch, Observer, Saving, Waiting
from monokoto.connect.line.decode import Decoder
from monokoto.connect.line.trimming import nearly_full, trim_partition
from monokoto.engines.log import Bucket, Entry, Log, Reader
from monokoto.engines.objects import Objects
from monokoto.kernel.errors import Unavailable

STREAM = "LINE"
POSITIONS = "positions"
BATCH_BYTES_MAX = 6_000_000
"""Bodies decoded at once: about 60,000 messages of 100 bytes, some 100 MB of Python objects at the peak."""
READ_AHEAD = 2
URGENT_LINGER_SECONDS = 0.005
"""How long the line gathers when somebody waits for what is in it: a command's asker for the answer, a unit for a document."""
KEEP_SECONDS = 1.0
TRIM_ROUNDS = 30
WAIT_SECONDS_MAX = 2.0
TRIES_BEFORE_ASIDE = 5
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class LineState:
    """What one partition's line is at; for metrics and `koto doctor`."""

    partition: int
    position: int = 0
    messages: int = 0
    readings: int = 0
    dead_letters: int = 0
    set_aside: int = 0
    batches: int = 0
    stalled: str = ""
    """Why nothing moves right now; empty when it does."""
    remedy: str = ""
    """What to do about that."""


class Line:
    """The line of one partition."""

    def __init__(
        self,
        *,
        partition: int,
        log: Log,
        objects: Objects,
        decoder: Decoder,
        observers: Sequence[Observer],
        witnesses: Sequence[Callable[[Batch], None]] = (),
        refresh_units: Callable[[], int],
        linger_ms: float,
        keep_hours: float,
        bytes_max: int,
    ) -> None:
        self.state = LineState(partition)
        self._partition = partition
        self._log = log
        self._objects = objects
        self._decoder = decoder
        self._observers = tuple(observers)
        self._witnesses = tuple(witnesses)
        """Told of each batch once all observers have taken it in; they keep nothing and have no position."""
        self._refresh_units = refresh_units
        self._linger_seconds = linger_ms / 1000
        self._keep_hours = keep_hours
        self._bytes_max = bytes_max
        self._saved: dict[str, int] = {}
        self._units_changed = False
        self._unread = False
        """Whether the log could not be read at the last try."""

    @property
    def subject(self) -> str:
        """Where gateways append for this partition."""
        return f"line.{self._partition}"

    @property
    def waits_for(self) -> Unavailable | None:
        """Why the line, or an observer of it, does not get on right now; None when all do."""
        if self.state.stalled:
            return Unavailable(self.state.stalled, remedy=self.state.remedy)
        for observer in self._observers:
            if isinstance(observer, Waiting) and (error := observer.waits_for) is not None:
                return Unavailable(f"{observer.name}: {error.message}", remedy=error.remedy)
        return None

    def units_changed(self) -> None:
        """Units were registered, moved to another version or removed: look again before the next batch."""
        self._units_changed = True

    async def run(self) -> None:
        """Work until cancelled."""
        bucket = await self._log.bucket(POSITIONS)
        start = await self._start(bucket)
        self.state.position = start
        reader = await self._log.reader(STREAM, self.subject, from_sequence=start + 1)
        batches: asyncio.Queue[Batch] = asyncio.Queue(READ_AHEAD)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(reader, batches))
                tasks.create_task(self._observe(batches))
                tasks.create_task(self._keep_house(bucket))
        finally:
            await asyncio.shield(self._save(bucket))
            await reader.close()

    async def keep(self) -> None:
        """Write down how far the observers are; once more after they wrote their last snapshots, so that the next start has
        little to see again. Raises Unavailable."""
        await self._save(await self._log.bucket(POSITIONS))

    async def replay(self, observers: Sequence[str]) -> None:
        """Let these observers see everything again that the log still holds; before `run`. Raises Unavailable."""
        bucket = await self._log.bucket(POSITIONS)
        for observer in self._observers:
            if observer.name in observers:
                await bucket.put(self._key(observer), b"0")

    async def _start(self, bucket: Bucket) -> int:
        for observer in self._observers:
            kept = await bucket.get(self._key(observer))
            self._saved[observer.name] = int(kept[0]) if kept is not None else 0
        start = min(self._saved.values(), default=0)
        _log.info("line_started", partition=self._partition, after=start)
        return start

    async def _read(self, reader: Reader, batches: asyncio.Queue[Batch]) -> None:
        while True:
            entries = await self._gather(reader)
            if not entries:
                continue
            await self._look_at_units(entries)
            await batches.put(await asyncio.to_thread(self._decode, entries))

    def _decode(self, entries: Sequence[Entry]) -> Batch:
        """Names of units registered a moment ago are looked up before what is said of them is refused."""
        batch = self._decoder.decode(self._partition, entries)
        if self._decoder.missed:
            with contextlib.suppress(Unavailable):  # then the dead letter keeps what was said
                self._refresh_units()
            if self._decoder.finds_missed():
                return self._decoder.decode(self._partition, entries)
        return batch

    async def _gather(self, reader: Reader) -> list[Entry]:
        """Entries for one batch: until it is big enough or the first of them has waited long enough."""
        gathered: list[Entry] = []
        size, deadline = 0, 0.0
        while size < BATCH_BYTES_MAX:
            wait = 1.0 if not gathered else deadline - time.monotonic()
            if wait <= 0:
                break
            try:
                entries = await reader.read(entries_max=16, wait_seconds=wait)
                self._unread = self._unread and self._moves()
            except Unavailable as error:
                self._unread = self._waits(error.message, error.remedy)
                await asyncio.sleep(0.2)
                entries = []
            if not entries and not gathered:
                return []
            if not gathered:
                deadline = time.monotonic() + self._linger_seconds
            if any(is_urgent(entry.body) for entry in entries):
                deadline = min(deadline, time.monotonic() + URGENT_LINGER_SECONDS)
            gathered.extend(entries)
            size += sum(len(entry.body) for entry in entries)
        return gathered

    async def _look_at_units(self, entries: Sequence[Entry]) -> None:
        if not self._units_changed and self._decoder.knows(entries):
            return
        told, self._units_changed = self._units_changed, False
        # Another partition's line, or somebody else, may have refreshed what all share.
        if await asyncio.to_thread(self._refresh_units) or told:
            self._decoder.forget_units()

    async def _observe(self, batches: asyncio.Queue[Batch]) -> None:
        while True:
            batch = await batches.get()
            async with asyncio.TaskGroup() as tasks:
                for observer in self._observers:
                    tasks.create_task(self._observe_with(observer, batch))
            self._tell(batch)
            state = self.state
            state.position = batch.last_sequence
            self._moves()
            state.batches += 1
            state.messages += sum(len(block.unit) for block in batch.blocks) + len(batch.events)
            state.readings += sum(block.readings for block in batch.blocks)
            state.dead_letters += len(batch.dead_letters)

    def _tell(self, batch: Batch) -> None:
        for witness in self._witnesses:
            try:
                witness(batch)
            except Exception:  # what a witness makes of it is no matter of the line
                _log.exception("witness_failed", first=batch.first_sequence)

    async def _observe_with(self, observer: Observer, batch: Batch) -> None:
        """Until it is taken in. An engine that is away is waited for; a bug sets the batch aside after some tries."""
        tries, waits, told = 0, 0, ""
        while True:
            try:
                await observer.observe(batch)
                return
            except Unavailable as error:
                waits += 1
                self._waits(f"{observer.name}: {error.message}", error.remedy)
                if error.message != told:  # One line for as long as it lasts.
                    told = error.message
                    _log.warning("observer_waits", observer=observer.name, reason=told, remedy=error.remedy)
            except Exception:
                tries += 1
                self._waits(f"{observer.name} fails on entries {batch.first_sequence} to {batch.last_sequence}")
                _log.exception("observer_failed", observer=observer.name, first=batch.first_sequence, tries=tries)
                if tries >= TRIES_BEFORE_ASIDE:
                    await self.set_aside(observer.name, batch)
                    return
            await asyncio.sleep(min(WAIT_SECONDS_MAX, 0.1 * 2 ** min(tries + waits, 9)))

    def _waits(self, why: str, remedy: str = "") -> bool:
        self.state.stalled, self.state.remedy = why, remedy
        return True

    def _moves(self) -> bool:
        self.state.stalled = self.state.remedy = ""
        return False

    async def set_aside(self, observer: str, batch: Batch) -> None:
        """Keep a batch's raw entries where a person finds them, so that one bug does not stop every unit."""
        self.state.set_aside += 1
        sequence = batch.first_sequence - 1
        while (entry := await self._log.next_after(STREAM, self.subject, sequence)) is not None:
            if entry.sequence > batch.last_sequence:
                break
            await self._objects.put(f"set-aside/{observer}/{self._partition}-{entry.sequence}.commit", entry.body)
            sequence = entry.sequence
        _log.error("entries_set_aside", observer=observer, first=batch.first_sequence, last=batch.last_sequence)

    async def _keep_house(self, bucket: Bucket) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            rounds += 1
            try:
                full = await nearly_full(self._log, STREAM, bytes_max=self._bytes_max)
                if full:
                    await self._hasten()
                await self._save(bucket)
                if full or rounds % TRIM_ROUNDS == 0:
                    await trim_partition(
                        self._log,
                        STREAM,
                        self.subject,
                        kept=min(self._saved.values(), default=0),
                        keep_hours=self._keep_hours,
                        bytes_max=self._bytes_max,
                    )
            except Unavailable as error:
                _log.warning("line_housekeeping_waits", reason=error.message)

    async def _hasten(self) -> None:
        """Gateways are about to be refused: do not wait for the observers' own periods to give room."""
        for observer in self._observers:
            if isinstance(observer, Saving) and observer.kept(self._partition) < self.state.position:
                await observer.save()

    async def _save(self, bucket: Bucket) -> None:
        for observer in self._observers:
            kept = observer.kept(self._partition)
            if kept > self._saved.get(observer.name, kept):
                await bucket.put(self._key(observer), str(kept).encode())
                self._saved[observer.name] = kept

    def _key(self, observer: Observer) -> str:
        return f"{observer.name}.{self._partition}"

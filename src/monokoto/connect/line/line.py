"""The line: reads the log in order, decodes, hands batches to the observers, remembers how far each one is.

One task a partition, two stages: while the observers take a batch in, the next one is read and decoded. Positions are
kept in the bucket `positions`; after a crash the line starts behind the lowest of them, and observers see some entries
again (they are idempotent). The log is trimmed here and nowhere else: behind every observer's kept position, and not
before `keep_hours` have passed unless the disk limit comes near.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from monokoto.connect.line.batch import Batch, Observer
from monokoto.connect.line.decode import Decoder
from monokoto.connect.line.trimming import trim_partition
from monokoto.engines.log import Bucket, Entry, Log, Reader, StreamSpec
from monokoto.engines.objects import Objects
from monokoto.kernel.errors import Unavailable

STREAM = "LINE"
POSITIONS = "positions"
BATCH_BYTES_MAX = 6_000_000
"""Bodies decoded at once: about 60,000 messages of 100 bytes, some 100 MB of Python objects at the peak."""
READ_AHEAD = 2
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


def stream_spec(*, bytes_max: int) -> StreamSpec:
    """The stream that gateways append to."""
    return StreamSpec(name=STREAM, subjects=("line.>",), bytes_max=bytes_max)


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
        refresh_units: Callable[[], int],
        linger_ms: int,
        keep_hours: float,
        bytes_max: int,
    ) -> None:
        self.state = LineState(partition)
        self._partition = partition
        self._log = log
        self._objects = objects
        self._decoder = decoder
        self._observers = tuple(observers)
        self._refresh_units = refresh_units
        self._linger_seconds = linger_ms / 1000
        self._keep_hours = keep_hours
        self._bytes_max = bytes_max
        self._saved: dict[str, int] = {}
        self._units_changed = False

    @property
    def subject(self) -> str:
        """Where gateways append for this partition."""
        return f"line.{self._partition}"

    def units_changed(self) -> None:
        """Units were registered, moved to another version or removed: look again before the next batch."""
        self._units_changed = True

    async def run(self) -> None:
        """Work until cancelled."""
        bucket = await self._log.bucket(POSITIONS)
        start = await self._start(bucket)
        self.state.position = start
        reader = await self._log.reader(STREAM, self.subject, from_sequence=start + 1)
        batches: asyncio.Queue[tuple[Sequence[Entry], Batch]] = asyncio.Queue(READ_AHEAD)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(reader, batches))
                tasks.create_task(self._observe(batches))
                tasks.create_task(self._keep_house(bucket))
        finally:
            await asyncio.shield(self._save(bucket))
            await reader.close()

    async def _start(self, bucket: Bucket) -> int:
        for observer in self._observers:
            kept = await bucket.get(self._key(observer))
            self._saved[observer.name] = int(kept[0]) if kept is not None else 0
        start = min(self._saved.values(), default=0)
        _log.info("line_started", partition=self._partition, after=start)
        return start

    async def _read(self, reader: Reader, batches: asyncio.Queue[tuple[Sequence[Entry], Batch]]) -> None:
        while True:
            entries = await self._gather(reader)
            if not entries:
                continue
            await self._look_at_units(entries)
            batch = await asyncio.to_thread(self._decoder.decode, self._partition, entries)
            await batches.put((entries, batch))

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
            except Unavailable as error:
                self.state.stalled = error.message
                await asyncio.sleep(0.2)
                entries = []
            if not entries and not gathered:
                return []
            if not gathered:
                deadline = time.monotonic() + self._linger_seconds
            gathered.extend(entries)
            size += sum(len(entry.body) for entry in entries)
        return gathered

    async def _look_at_units(self, entries: Sequence[Entry]) -> None:
        if not self._units_changed and self._decoder.knows(entries):
            return
        self._units_changed = False
        if await asyncio.to_thread(self._refresh_units):
            self._decoder.forget_units()

    async def _observe(self, batches: asyncio.Queue[tuple[Sequence[Entry], Batch]]) -> None:
        while True:
            entries, batch = await batches.get()
            async with asyncio.TaskGroup() as tasks:
                for observer in self._observers:
                    tasks.create_task(self._observe_with(observer, batch, entries))
            state = self.state
            state.position = batch.last_sequence
            state.stalled = ""
            state.batches += 1
            state.messages += sum(len(block.unit) for block in batch.blocks) + len(batch.events)
            state.readings += sum(block.readings for block in batch.blocks)
            state.dead_letters += len(batch.dead_letters)

    async def _observe_with(self, observer: Observer, batch: Batch, entries: Sequence[Entry]) -> None:
        """Until it is taken in. An engine that is away is waited for; a bug sets the batch aside after some tries."""
        tries = 0
        while True:
            try:
                await observer.observe(batch)
                return
            except Unavailable as error:
                self.state.stalled = f"{observer.name}: {error.message}"
                _log.warning("observer_waits", observer=observer.name, reason=error.message)
            except Exception:
                tries += 1
                self.state.stalled = f"{observer.name} fails on entries {batch.first_sequence} to {batch.last_sequence}"
                _log.exception("observer_failed", observer=observer.name, first=batch.first_sequence, tries=tries)
                if tries >= TRIES_BEFORE_ASIDE:
                    await self._set_aside(observer, entries)
                    return
            await asyncio.sleep(min(5.0, 0.2 * 2**tries))

    async def _set_aside(self, observer: Observer, entries: Sequence[Entry]) -> None:
        """Keep the raw entries where a person finds them, so that one bug does not stop every unit."""
        self.state.set_aside += 1
        for entry in entries:
            path = f"set-aside/{observer.name}/{self._partition}-{entry.sequence}.commit"
            await self._objects.put(path, entry.body)
        _log.error("entries_set_aside", observer=observer.name, first=entries[0].sequence, last=entries[-1].sequence)

    async def _keep_house(self, bucket: Bucket) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(1.0)
            rounds += 1
            try:
                await self._save(bucket)
                if rounds % 30 == 0:
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

    async def _save(self, bucket: Bucket) -> None:
        for observer in self._observers:
            kept = observer.kept(self._partition)
            if kept > self._saved[observer.name]:
                await bucket.put(self._key(observer), str(kept).encode())
                self._saved[observer.name] = kept

    def _key(self, observer: Observer) -> str:
        return f"{observer.name}.{self._partition}"

"""The line's observer that meters: it samples each batch, gathers, and stores all that gathered by one insert."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol

import msgspec
import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, EventRecord
from monokoto.earn.metering.keeping import UsageWriter
from monokoto.earn.metering.meters import MeterBook, Origin
from monokoto.earn.metering.sampling import (
    Occurrence,
    Samples,
    name_of,
    read_data,
    samples_of_block,
    samples_of_events,
)
from monokoto.kernel.errors import NotFound, Unavailable
from monokoto.kernel.limits import USAGE_SAMPLES_GATHERED_MAX

_RETRY_SECONDS_MIN = 0.2
_RETRY_SECONDS_MAX = 5.0
_log = structlog.get_logger(__name__)


class Units(Protocol):
    """Who the units are."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        """From memory; None when there is none."""
        ...


class UsageObserver:
    """As `line.Observer`. What it gathered when the process dies is still in the log, and is sampled again to the same rows."""

    name = "usage"

    def __init__(
        self,
        writer: UsageWriter,
        book: MeterBook,
        units: Units,
        *,
        linger_ms: int = 1000,
        set_aside: Callable[[Batch], Awaitable[None]] | None = None,
    ) -> None:
        self._writer = writer
        self._book = book
        self._units = units
        self._linger_seconds = linger_ms / 1000
        self._set_aside = set_aside
        self._kept: dict[int, int] = {}
        self._gathered: list[Batch] = []
        self._rows = 0
        self._inserting = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._waits_for: Unavailable | None = None
        self.samples = 0
        """Stored since the process began."""

    async def observe(self, batch: Batch) -> None:
        """Take in what the batch's meters count. Raises Unavailable when what waits cannot be stored."""
        if self._rows >= USAGE_SAMPLES_GATHERED_MAX:
            await self.flush()
        if not self._gathered and not self._may_count(batch):
            self._keep(batch)
            return
        self._gathered.append(batch)
        self._rows += _size(batch)
        if not self._linger_seconds:
            await self.flush()
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later(), name="usage")

    def kept(self, partition: int) -> int:
        """The last sequence whose usage is durable; 0 before the first batch."""
        return self._kept.get(partition, 0)

    @property
    def waits_for(self) -> Unavailable | None:
        """Why what was gathered cannot be stored right now; None when it can."""
        return self._waits_for

    async def flush(self) -> None:
        """Store what was gathered. Raises Unavailable; what was gathered stays then."""
        async with self._inserting:
            gathered, rows = list(self._gathered), self._rows
            if not gathered:
                return
            self.samples += await asyncio.to_thread(self._store, gathered)
            del self._gathered[: len(gathered)]
            self._rows -= rows
            self._waits_for = None
            for batch in gathered:
                self._keep(batch)

    def _keep(self, batch: Batch) -> None:
        self._kept[batch.partition] = max(batch.last_sequence, self._kept.get(batch.partition, 0))

    def _may_count(self, batch: Batch) -> bool:
        """Whether anything in it may be metered; a version never asked about may be."""
        return bool(batch.events) or any(self._book.at_hand(block.model) != () for block in batch.blocks)

    def _store(self, batches: Sequence[Batch]) -> int:
        """How many samples there were."""
        samples = [
            one for batch in batches for one in (*self._of_blocks(batch), *self._of_events(batch.events)) if len(one)
        ]
        self._writer.write(samples)
        return sum(map(len, samples))

    def _of_blocks(self, batch: Batch) -> Iterator[Samples]:
        for block in batch.blocks:
            meters = self._book.at_hand(block.model)
            if meters is None:
                meters = self._book.of_version(*block.model.key)
            if meters:
                yield from samples_of_block(block, meters)

    def _of_events(self, events: Sequence[EventRecord]) -> Iterator[Samples]:
        found: dict[tuple[int, str, str, str], list[EventRecord]] = {}
        for event in events:
            unit = self._units.get(event.unit_id)
            if unit is not None:
                key = (event.organisation_id, event.product, unit.version, event.name)
                found.setdefault(key, []).append(event)
        for (organisation_id, product, version, name), group in found.items():
            try:
                meters = self._book.of_version(organisation_id, product, version)
            except NotFound:
                continue
            mine = [meter for meter in meters if meter.origin is Origin.EVENT and meter.subject == name]
            happened = (
                [occurrence_of(event.unit_id, event.at, event.arrived, event.data) for event in group] if mine else []
            )
            for meter in mine:
                samples, _ = samples_of_events(organisation_id, meter, happened)
                if samples is not None:
                    yield samples

    async def _flush_later(self) -> None:
        wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
        while self._gathered:
            await asyncio.sleep(wait)
            try:
                await self.flush()
                wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
                continue
            except Unavailable as error:
                if self._waits_for is None or self._waits_for.message != error.message:  # one line while it lasts
                    _log.warning("usage_waits", reason=error.message, remedy=error.remedy)
                self._waits_for = error
            except Exception:
                _log.exception("usage_failed")
                await self._one_by_one()
            wait, pause = pause, min(2 * pause, _RETRY_SECONDS_MAX)

    async def _one_by_one(self) -> None:
        """A bug of ours with some batch must not hold up the others: the raw entries of that one are set aside."""
        if self._set_aside is None:
            return
        async with self._inserting:
            for batch in list(self._gathered):
                try:
                    await asyncio.to_thread(self._store, [batch])
                except Unavailable:
                    return
                except Exception:
                    await self._set_aside(batch)
                del self._gathered[0]
                self._rows -= _size(batch)
                self._keep(batch)


def occurrence_of(unit_id: int, at: int, arrived: int, data: bytes) -> Occurrence:
    """An event of a unit. It is known by its time and its content, as in the history: the same told twice is one."""
    try:
        content = read_data(data)
    except msgspec.DecodeError:
        content = None
    return Occurrence(unit_id, at, arrived, content, name_of(data))


def _size(batch: Batch) -> int:
    return sum(block.readings for block in batch.blocks) + len(batch.events)

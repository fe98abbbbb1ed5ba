"""The line's observer that meters: it samples each batch, gathers, and stores all that gathered by one insert."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec
import structlog

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, Block, EventRecord, GatheringObserver, joined
from monokoto.earn.metering.keeping import UsageWriter
from monokoto.earn.metering.meters import Meter, MeterBook, Origin
from monokoto.earn.metering.sampling import (
    Occurrence,
    Samples,
    name_of,
    read_data,
    samples_of_block,
    samples_of_events,
)
from monokoto.kernel.errors import MonokotoError, NotFound
from monokoto.kernel.limits import USAGE_LATE_SECONDS, USAGE_SAMPLES_GATHERED_MAX

_log = structlog.get_logger(__name__)


class Units(Protocol):
    """Who the units are."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        """From memory; None when there is none."""
        ...


class UsageObserver(GatheringObserver):
    """What it gathered when the process dies is still in the log, and is sampled again to the same rows.

    Whose usage came late is told some seconds after the usage is stored, for many inserts at once; `kept` stands still until it is.
    """

    name = "usage"
    rows_max = USAGE_SAMPLES_GATHERED_MAX

    def __init__(
        self,
        writer: UsageWriter,
        book: MeterBook,
        units: Units,
        *,
        linger_ms: int = 1000,
        set_aside: Callable[[Batch], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(linger_ms=linger_ms, set_aside=set_aside)
        self._writer = writer
        self._book = book
        self._units = units
        self._late = writer.late
        self._told: dict[int, int] = {}
        """What was kept when the first of `_late` was stored."""
        self._telling: asyncio.Task[None] | None = None
        self.samples = 0
        """Stored since the process began."""

    def wants(self, batch: Batch) -> bool:
        """Whether anything in it may be metered; a version never asked about may be."""
        return bool(batch.events) or any(self._book.at_hand(block.model) != () for block in batch.blocks)

    def store(self, batches: Sequence[Batch]) -> None:
        """Sample them, all batches in one pass, and write the samples by one insert."""
        events = [event for batch in batches for event in batch.events]
        samples = [one for one in (*self._of_blocks(batches), *self._of_events(events)) if len(one)]
        if not self._late:
            self._told = dict(self._kept)
        self._writer.write(samples, late=self._late)
        self.samples += sum(map(len, samples))
        if self._late.due:
            self._writer.mark(self._late)

    def kept(self, partition: int) -> int:
        """The last sequence that is stored and, where it came late, told as late."""
        return self._told.get(partition, 0) if self._late else super().kept(partition)

    async def flush(self) -> None:
        """As it is said there. Late usage is told later on, by itself."""
        await super().flush()
        if self._late and (self._telling is None or self._telling.done()):
            self._telling = asyncio.create_task(self._tell(), name="late usage")

    async def close(self) -> None:
        """Store what gathered, and tell what is late. Raises Unavailable; the log has it then."""
        await self.flush()
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)
        await self._mark()

    async def _tell(self) -> None:
        while self._late:
            await asyncio.sleep(USAGE_LATE_SECONDS)
            try:
                await self._mark()
            except MonokotoError as error:
                _log.warning("late_usage_waits", reason=error.message, remedy=error.remedy)

    async def _mark(self) -> None:
        async with self._storing:
            if self._late:
                await asyncio.to_thread(self._writer.mark, self._late)

    def _of_blocks(self, batches: Sequence[Batch]) -> Iterator[Samples]:
        looked_at = (self._looked_at(block) for batch in batches for block in batch.blocks)
        for block in joined([block for block in looked_at if block is not None]):
            yield from samples_of_block(block, self._book.of_version(*block.model.key))

    def _looked_at(self, block: Block) -> Block | None:
        """The block with the columns its meters look at; None when they look at none of them."""
        names = names_in(self._book.of_version(*block.model.key))
        columns = tuple(column for column in block.columns if column.property.name in names)
        return Block(block.model, block.unit, block.at, block.arrived, columns) if columns else None

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


@lru_cache(maxsize=1_000)
def names_in(meters: tuple[Meter, ...]) -> frozenset[str]:
    """Every column meters of properties may look at: of `a.b.c` it is `a`, `a.b` or the whole."""
    asked = [{*meter.names, meter.subject} for meter in meters if meter.origin is Origin.PROPERTY]
    steps = [name.split(".") for names in asked for name in names]
    return frozenset(".".join(path[:length]) for path in steps for length in range(1, len(path) + 1))


def occurrence_of(unit_id: int, at: int, arrived: int, data: bytes) -> Occurrence:
    """An event of a unit. It is known by its time and its content, as in the history: the same told twice is one."""
    try:
        content = read_data(data)
    except msgspec.DecodeError:
        content = None
    return Occurrence(unit_id, at, arrived, content, name_of(data))

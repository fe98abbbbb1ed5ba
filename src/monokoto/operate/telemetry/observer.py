"""The line's observer that keeps every reading and event."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pyarrow as pa
import structlog

from monokoto.connect.line import Batch, EventRecord
from monokoto.engines.series import Series
from monokoto.kernel.errors import Unavailable
from monokoto.operate.telemetry.tables import EVENTS, NAME, READINGS
from monokoto.operate.telemetry.tall import by_months, instants, joined, tall_readings

ROWS_MAX = 400_000
"""Readings in one insert, when they come that fast: the larger, the fewer merges later; some 30 MB."""
_RETRY_SECONDS_MIN = 0.2
_RETRY_SECONDS_MAX = 5.0
_log = structlog.get_logger(__name__)


class ReadingsObserver:
    """Puts what the line decoded into the store; the same entries again, cut however, change nothing.

    With `linger_ms` batches gather for so long, or until they hold ROWS_MAX readings, and go in by one insert: an insert
    costs some 20 ms of CPU whatever its size, while the other observers want their batches at once. A batch is kept when
    its insert has returned (the store promises durable parts), so `kept` trails `observe`; what was gathered when the
    process dies is still in the log.
    """

    name = "readings"

    def __init__(
        self, series: Series, *, linger_ms: int = 0, set_aside: Callable[[Batch], Awaitable[None]] | None = None
    ) -> None:
        self._series = series
        self._set_aside = set_aside
        self._linger_seconds = linger_ms / 1000
        self._kept: dict[int, int] = {}
        self._gathered: list[Batch] = []
        self._rows = 0
        self._inserting = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._waits_for: Unavailable | None = None

    async def observe(self, batch: Batch) -> None:
        """Take the batch's readings and events in.

        Raises:
            Unavailable: the store is away or full; nothing was lost, the batch may be offered again.
        """
        if self._rows >= ROWS_MAX or not self._linger_seconds:
            # First what waits already: raising here leaves this batch with the line, which offers it again.
            await self.flush()
        self._gathered.append(batch)
        self._rows += sum(block.readings for block in batch.blocks) + len(batch.events)
        if not self._linger_seconds:
            try:
                await self.flush()
            except BaseException:
                self._take_back(batch)
                raise
        elif self._timer is None or self._timer.done():
            self._timer = asyncio.create_task(self._flush_later(), name="readings")

    def kept(self, partition: int) -> int:
        """The last sequence whose readings are durable; 0 before the first batch."""
        return self._kept.get(partition, 0)

    @property
    def waits_for(self) -> Unavailable | None:
        """Why what was gathered cannot be stored right now; None when it can."""
        return self._waits_for

    async def flush(self) -> None:
        """Insert what was gathered. Raises Unavailable; what was gathered stays then."""
        async with self._inserting:
            batches, rows = list(self._gathered), self._rows
            if not batches:
                return
            if rows:
                await asyncio.to_thread(self._insert, batches)
            del self._gathered[: len(batches)]
            self._rows -= rows
            self._waits_for = None
            for batch in batches:
                self._kept[batch.partition] = max(batch.last_sequence, self._kept.get(batch.partition, 0))

    def _take_back(self, batch: Batch) -> None:
        self._gathered = [one for one in self._gathered if one is not batch]
        self._rows = sum(sum(block.readings for block in one.blocks) + len(one.events) for one in self._gathered)

    async def _flush_later(self) -> None:
        wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
        while self._gathered:
            await asyncio.sleep(wait)
            try:
                await self.flush()
                # What came in while this insert ran has its turn after another linger: nobody else would wake us for it.
                wait, pause = self._linger_seconds, _RETRY_SECONDS_MIN
                continue
            except Unavailable as error:
                if self._waits_for is None or self._waits_for.message != error.message:  # One line while it lasts.
                    _log.warning("readings_wait", reason=error.message, remedy=error.remedy)
                self._waits_for = error
            except Exception:
                _log.exception("readings_failed")
                await self._one_by_one()
            wait, pause = pause, min(2 * pause, _RETRY_SECONDS_MAX)

    async def _one_by_one(self) -> None:
        """A bug of ours with some batch must not hold up the others: the raw entries of that one are set aside."""
        if self._set_aside is None:
            return
        async with self._inserting:
            for batch in list(self._gathered):
                try:
                    await asyncio.to_thread(self._insert, [batch])
                except Unavailable:
                    return
                except Exception:
                    await self._set_aside(batch)
                self._take_back(batch)
                self._kept[batch.partition] = max(batch.last_sequence, self._kept.get(batch.partition, 0))

    def _insert(self, batches: Sequence[Batch]) -> None:
        blocks = [block for batch in batches for block in batch.blocks]
        if blocks:
            for rows in by_months(tall_readings(joined(blocks))):
                self._series.insert(READINGS, rows)
        events = [event for batch in batches for event in batch.events]
        if events:
            for rows in by_months(event_rows(events)):
                self._series.insert(EVENTS, rows)


def event_rows(events: Sequence[EventRecord]) -> pa.Table:
    """The events in the columns of the `events` table."""
    return pa.table(
        {
            "organisation": pa.array([event.organisation_id for event in events], pa.int64()),
            "product": pa.array([event.product for event in events], pa.string()).cast(NAME),
            "event": pa.array([event.name for event in events], pa.string()).cast(NAME),
            "unit": pa.array([event.unit_id for event in events], pa.int64()),
            "at": instants(np.array([event.at for event in events], np.int64)),
            "arrived": instants(np.array([event.arrived for event in events], np.int64)),
            "data": pa.array([event.data.decode() for event in events], pa.string()),
        }
    )

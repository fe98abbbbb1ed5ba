"""The line's observer that keeps every reading and event."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from monokoto.connect.line import Batch, EventRecord
from monokoto.engines.series import Series
from monokoto.operate.telemetry.tables import EVENTS, NAME, READINGS
from monokoto.operate.telemetry.tall import by_months, instants, tall_readings


class ReadingsObserver:
    """Puts what the line decoded into the store; the same entries again, cut however, change nothing.

    A batch is kept when its inserts have returned (the store promises durable parts), so `kept` follows `observe` at once.
    """

    name = "readings"

    def __init__(self, series: Series) -> None:
        self._series = series
        self._kept: dict[int, int] = {}

    async def observe(self, batch: Batch) -> None:
        """Insert the batch's readings and events.

        Raises:
            Unavailable: the store is away or full; nothing was lost, the batch may be offered again.
        """
        if batch.blocks or batch.events:
            await asyncio.to_thread(self._insert, batch)
        self._kept[batch.partition] = max(batch.last_sequence, self._kept.get(batch.partition, 0))

    def kept(self, partition: int) -> int:
        """The last sequence whose readings are durable; 0 before the first batch."""
        return self._kept.get(partition, 0)

    def _insert(self, batch: Batch) -> None:
        if batch.blocks:
            for rows in by_months(tall_readings(batch.blocks)):
                self._series.insert(READINGS, rows)
        if batch.events:
            for rows in by_months(event_rows(batch.events)):
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

"""The line's observer that keeps every reading and event."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pyarrow as pa

from monokoto.connect.line import Batch, EventRecord, GatheringObserver, joined
from monokoto.engines.series import Series
from monokoto.operate.telemetry.tables import EVENTS, NAME, READINGS
from monokoto.operate.telemetry.tall import by_months, instants, tall_readings

ROWS_MAX = 400_000
"""Readings in one insert, when they come that fast: the larger, the fewer merges later; some 30 MB."""


class ReadingsObserver(GatheringObserver):
    """Puts what the line decoded into the store; the same entries again, cut however, change nothing."""

    name = "readings"
    rows_max = ROWS_MAX

    def __init__(
        self, series: Series, *, linger_ms: int = 0, set_aside: Callable[[Batch], Awaitable[None]] | None = None
    ) -> None:
        super().__init__(linger_ms=linger_ms, set_aside=set_aside)
        self._series = series

    def store(self, batches: Sequence[Batch]) -> None:
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

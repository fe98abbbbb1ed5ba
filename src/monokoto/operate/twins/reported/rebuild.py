"""Reported state computed anew from the series store, then joined with what the line brings meanwhile.

1. A second set of tables starts to see the live log (`begin_rebuild`).
2. Wait until the series store has kept all that the twins had observed at that moment: what came before is there, what
   comes after is in the second set.
3. For each product and property the value with the greatest time of every unit is streamed into the second set.
4. The second set takes the place of the first, and a snapshot is written.

Values that retention deleted from the series store are not in the rebuilt twin.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import structlog

from monokoto.engines.series import Parameters, Series
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Unavailable
from monokoto.kernel.values import Kind
from monokoto.operate.twins.reported.snapshots import Snapshots
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.reported.table import SHARED

_CATCH_UP_SECONDS_MAX = 60.0
_PROPERTIES = """
SELECT product, property FROM readings WHERE organisation = {organisation:Int64}
GROUP BY product, property ORDER BY product, property
"""
# FINAL leaves one row for each (unit, at): the four argMax speak of the same row.
_LATEST = """
SELECT unit, toUnixTimestamp64Micro(max(at)) AS newest, argMax(toUnixTimestamp64Micro(arrived), at) AS arrived_last,
    argMax(number, at) AS number_last, argMax(text, at) AS text_last, argMax(kind, at) AS kind_last
FROM readings FINAL
WHERE organisation = {organisation:Int64} AND product = {product:String} AND property = {property:String}
GROUP BY unit
"""
_ORGANISATIONS = "SELECT DISTINCT organisation FROM readings ORDER BY organisation"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildProgress:
    """How far a rebuild is."""

    state: str = "running"
    """`running`, `done` or `failed`."""
    properties_done: int = 0
    properties_total: int = 0
    values: int = 0
    started_at: int = 0
    ended_at: int | None = None
    detail: str = ""
    """Why it failed."""


class Rebuilds:
    """At most one rebuild of each organisation at a time."""

    def __init__(
        self,
        state: ReportedState,
        snapshots: Snapshots,
        series: Series,
        clock: Clock,
        *,
        readings_kept: Callable[[int], int],
    ) -> None:
        self._state = state
        self._snapshots = snapshots
        self._series = series
        self._clock = clock
        self._readings_kept = readings_kept
        self._progress: dict[int, RebuildProgress] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def progress(self, organisation_id: int) -> RebuildProgress | None:
        """The running or the last rebuild of this organisation."""
        return self._progress.get(organisation_id)

    def start(self, organisation_id: int) -> RebuildProgress:
        """Begin one in the background.

        Raises:
            Conflict: one is running.
        """
        if organisation_id in self._tasks:
            raise Conflict("A rebuild of the twins is running.", remedy="Wait for it: GET /api/v1/twins/rebuild.")
        progress = self._progress[organisation_id] = RebuildProgress(started_at=self._clock.now())
        task = asyncio.get_running_loop().create_task(self._run(organisation_id))
        self._tasks[organisation_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(organisation_id, None))
        return progress

    async def ensure(self, organisation_id: int) -> RebuildProgress:
        """Wait for the running rebuild, or run one."""
        if organisation_id not in self._tasks:
            self.start(organisation_id)
        return await self.wait(organisation_id)

    async def wait(self, organisation_id: int) -> RebuildProgress:
        """Until the running rebuild ended."""
        task = self._tasks.get(organisation_id)
        if task is not None:
            await asyncio.wait([task])
        return self._progress[organisation_id]

    async def stop(self) -> None:
        """Give up what is running."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def organisations(self) -> list[int]:
        """Every organisation that has readings."""
        found = await asyncio.to_thread(self._series.query, _ORGANISATIONS)
        return [int(value) for value in found.column("organisation").to_pylist()]

    async def _run(self, organisation_id: int) -> None:
        self._state.begin_rebuild(organisation_id)
        done = False
        try:
            await self._wait_for_readings()
            await asyncio.to_thread(self._read_all, organisation_id)
            done = True
        except Exception as error:
            _log.exception("rebuild_failed", organisation_id=organisation_id)
            self._note(organisation_id, state="failed", detail=str(error), ended_at=self._clock.now())
        finally:
            self._state.end_rebuild(organisation_id, keep=done)
        if done:
            await self._snapshots.save(anyway=True)
            self._note(organisation_id, state="done", ended_at=self._clock.now())

    def _note(self, organisation_id: int, **changes: Any) -> None:
        self._progress[organisation_id] = replace(self._progress[organisation_id], **changes)

    async def _wait_for_readings(self) -> None:
        before = self._snapshots.observed_up_to()
        try:
            async with asyncio.timeout(_CATCH_UP_SECONDS_MAX):
                # A number somebody else raises, not an event of ours.
                while self._behind(before):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise Unavailable("The series store does not catch up with the line; nothing was rebuilt.") from None

    def _behind(self, sequences: dict[int, int]) -> bool:
        return any(self._readings_kept(partition) < sequence for partition, sequence in sequences.items())

    def _read_all(self, organisation_id: int) -> None:
        named = self._series.query(_PROPERTIES, {"organisation": organisation_id}).to_pylist()
        self._note(organisation_id, properties_total=len(named))
        for row in named:
            for count in self._read_property(organisation_id, str(row["product"]), str(row["property"])):
                self._note(organisation_id, values=self._progress[organisation_id].values + count)
            self._note(organisation_id, properties_done=self._progress[organisation_id].properties_done + 1)

    def _read_property(self, organisation_id: int, product: str, name: str) -> Iterator[int]:
        parameters: Parameters = {"organisation": organisation_id, "product": product, "property": name}
        for batch in self._series.stream(_LATEST, parameters):
            with self._state.lock:
                self._merge(organisation_id, product, name, batch)
            yield batch.num_rows

    def _merge(self, organisation_id: int, product: str, name: str, batch: pa.RecordBatch) -> None:
        table = self._state.rebuilding(organisation_id, product)
        column = {field: batch.column(field).to_numpy(zero_copy_only=False) for field in _NUMERIC}
        kinds = column["kind_last"]
        rows = table.rows_for(column["unit"].astype(np.int64), SHARED)
        for number in np.unique(kinds).tolist():
            kind = Kind(number)
            chosen = np.flatnonzero(kinds == number)
            values = column["number_last"] if kind.numeric else batch.column("text_last").to_pylist()
            table.merge(
                name, kind, rows[chosen], column["newest"][chosen], column["arrived_last"][chosen], values, chosen
            )


_NUMERIC = ("unit", "newest", "arrived_last", "number_last", "kind_last")

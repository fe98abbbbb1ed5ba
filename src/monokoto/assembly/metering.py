"""Metering, joined: the observer on the line, usage told from outside, corrections, questions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory
from monokoto.connect.line import Batch
from monokoto.connect.products import Products
from monokoto.earn.calendar import Span
from monokoto.earn.metering import Corrections, MeterBook, Metering, ReplayMeters, UsageIntake, UsageObserver
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.kernel.limits import PAGE_SIZE_MAX
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import EventQuestion, Selection, Telemetry

USAGE_LINGER_MS = 1000
"""How long samples gather before one insert takes them all: within it, and the line's own, a reading is usage."""


class Parts(Protocol):
    """What metering stands on (the platform)."""

    products: Products
    directory: Directory
    telemetry: Telemetry


class JoinedMetering:
    """What meters. `start` before the line runs, `stop` after it."""

    def __init__(self, engines: Engines, parts: Parts, set_aside: Callable[[str, Batch], Awaitable[None]]) -> None:
        series, clock = engines.series, engines.clock
        self.book = MeterBook(parts.products)
        self.metering = Metering(series, book=self.book, products=parts.products, units=parts.directory, clock=clock)
        writer = self.metering.writer
        self.intake = UsageIntake(series, writer, self.book, parts.directory, clock)
        self.corrections = Corrections(engines.records, self.metering, parts.directory, clock)

        async def aside(batch: Batch) -> None:
            await set_aside(UsageObserver.name, batch)

        self.observer = UsageObserver(writer, self.book, parts.directory, linger_ms=USAGE_LINGER_MS, set_aside=aside)
        self.replay = ReplayMeters(self.metering, KeptHistory(parts.telemetry), parts.products.model, parts.directory)
        self._loading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Finish corrections that were cut short; learn which usage events were told before, meanwhile they are looked up."""
        await asyncio.to_thread(self.corrections.finish)
        self._loading = asyncio.create_task(self._load(), name="usage names")

    async def stop(self) -> None:
        """Store what gathered. Raises Unavailable; the log has it then."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await self.observer.close()

    async def _load(self) -> None:
        with contextlib.suppress(Unavailable):
            await self.intake.start()


class KeptHistory:
    """As `metering.History`: what telemetry keeps of one unit."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    def readings(
        self, organisation_id: int, unit_id: int, span: Span
    ) -> Iterator[tuple[int, Mapping[str, float | str]]]:
        """What each moment told, in order of time."""
        selection = _selection(organisation_id, unit_id, span)
        moments: dict[int, dict[str, float | str]] = {}
        for row in self._telemetry.moments(selection).to_pylist():
            value = row["number"] if Kind(row["kind"]).numeric else row["text"]
            moments.setdefault(row["instant"], {})[row["property"]] = value
        yield from sorted(moments.items())

    def events(self, organisation_id: int, unit_id: int, name: str, span: Span) -> Iterator[tuple[int, int, bytes]]:
        """Time, arrival and data of each."""
        selection, cursor = _selection(organisation_id, unit_id, span, name), None
        while True:
            question = EventQuestion(selection=selection, limit=PAGE_SIZE_MAX, cursor=cursor, newest_first=False)
            page = self._telemetry.events(question)
            yield from ((event.at, event.arrived, event.data.encode()) for event in page.items)
            cursor = page.next_cursor
            if cursor is None:
                return


def _selection(organisation_id: int, unit_id: int, span: Span, *names: str) -> Selection:
    return Selection(
        organisation_id=OrganisationId(organisation_id), start=span.start, end=span.end, units=(UnitId(unit_id),),
        properties=names,
    )  # fmt: skip

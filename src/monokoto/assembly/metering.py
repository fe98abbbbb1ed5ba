"""Metering, joined: the observer on the line, usage told from outside, corrections, questions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

from monokoto.assembly.engines import Engines
from monokoto.connect.fleet import Directory
from monokoto.connect.line import Batch
from monokoto.connect.products import Products
from monokoto.earn.metering import Corrections, MeterBook, Metering, UsageIntake, UsageObserver
from monokoto.kernel.errors import Unavailable

USAGE_LINGER_MS = 1000
"""How long samples gather before one insert takes them all: within it, and the line's own, a reading is usage."""


class Parts(Protocol):
    """What metering stands on (the platform)."""

    products: Products
    directory: Directory


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
        await self.observer.flush()

    async def _load(self) -> None:
        with contextlib.suppress(Unavailable):
            await self.intake.start()

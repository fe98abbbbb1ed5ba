"""What readiness asks of each part."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import sqlalchemy as sa

from monokoto.api import Check, Problem
from monokoto.assembly.engines import Engines
from monokoto.connect.line import Line
from monokoto.kernel.errors import Unavailable


def checks_of(engines: Engines, lines: Sequence[Line]) -> dict[str, Check]:
    """One check for each engine and for the line."""

    async def log() -> None:
        if not engines.log.connected:
            raise Unavailable("The log cannot be reached.", remedy="See whether nats-server runs; it is tried again.")

    async def series() -> list[Problem]:
        found = await asyncio.to_thread(engines.series.problems)
        return [Problem("series", one.what, one.remedy) for one in found]

    async def records() -> None:
        await asyncio.to_thread(_select_one)

    def _select_one() -> None:
        with engines.records.read() as connection:
            connection.execute(sa.select(1))

    async def line() -> None:
        for one in lines:
            if (error := one.waits_for) is not None:
                raise Unavailable(
                    f"The line of partition {one.state.partition} waits: {error.message}", remedy=error.remedy
                )

    return {"log": log, "series": series, "records": records, "line": line}

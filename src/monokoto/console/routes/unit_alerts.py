"""What a unit is watched for, and what was found."""

from __future__ import annotations

import asyncio

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.unit_frame import load, show
from monokoto.console.visit import Visit

PAGE_SIZE = 30


class UnitAlertPagesController(Controller):
    """`/console/units/{unit}/alerts`."""

    path = "/units/{unit:str}/alerts"

    @get("/")
    async def alerts(
        self, visit: NamedDependency[Visit], unit: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """The last to begin first, and the rules behind them."""
        frame = await load(visit, unit, "alerts")
        found, rules = await asyncio.gather(
            visit.api.part(f"{frame.api}/alerts", limit=PAGE_SIZE, cursor=cursor),
            visit.api.part(f"{frame.api}/rules"),
        )
        return show(visit, frame, found=found, rules=rules, cursor=cursor)

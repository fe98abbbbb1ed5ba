"""Maintenance windows: when nobody is told of alerts, because somebody works on the units."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Fault, Problem, Refused
from monokoto.console.formats import zone_of
from monokoto.console.languages import mark
from monokoto.console.lookups import groups, products, serials, unit_id, unit_ids, words_of
from monokoto.console.visit import Visit
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, format_instant

HOURS = {"1": mark("1 hour"), "2": mark("2 hours"), "8": mark("8 hours"), "24": mark("1 day"), "168": mark("1 week")}
UNITS_NAMED = 20
MADE = mark("The window is made.")
ENDED = mark("The window is over.")
NO_TIME = mark("This is no date and time.")


class MaintenancePagesController(Controller):
    """`/console/maintenance`."""

    path = "/maintenance"

    @get("/")
    async def index(
        self, visit: NamedDependency[Visit], over: FromQuery[str] = "", cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """Those to come and those that are open; with `over` the others too."""
        return visit.page("maintenance/list.html", **await _windows(visit, over, cursor))

    @post("/")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make one."""
        try:
            begin = _instant(visit, "from")
            hours = int(visit.value("hours")) if visit.value("hours") in HOURS else 1
            end = (begin or visit.formats.now) + hours * 3600 * MICROSECONDS_PER_SECOND
            body = {
                "from": format_instant(begin) if begin else None,
                "to": format_instant(end),
                "reason": visit.value("reason"),
                "selection": await _concerned(visit),
            }
            await visit.api.post("/api/v1/maintenance-windows", body)
        except Refused as refused:
            return visit.again("maintenance/list.html", refused, **await _windows(visit))
        return visit.go("/console/maintenance", visit.say(MADE))

    @post("/{window:str}/end")
    async def end(self, visit: NamedDependency[Visit], window: FromPath[str]) -> Response[str]:
        """Now, or take back one that has not begun."""
        await visit.api.delete(f"/api/v1/maintenance-windows/{quote(window, safe='')}")
        return visit.go("/console/maintenance", visit.say(ENDED))


async def _concerned(visit: Visit) -> dict[str, Any]:
    found = {
        "units": await unit_ids(visit, visit.value("units")),
        "product": visit.value("product"),
        "tags": words_of(visit.value("tags")),
        "below": await unit_id(visit, visit.value("below")),
        "group": visit.value("group"),
    }
    return {name: value for name, value in found.items() if value}


def _instant(visit: Visit, name: str) -> int | None:
    """What a field of date and time says on the visitor's clocks. Raises Refused."""
    text = visit.value(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=zone_of(visit.formats.zone))
    except ValueError:
        fault = Fault(reason=visit.say(NO_TIME), place=name)
        raise Refused(Problem(status=422, code="invalid", faults=[fault])) from None
    return round(moment.timestamp()) * MICROSECONDS_PER_SECOND


async def _windows(visit: Visit, over: str = "", cursor: str = "") -> dict[str, Any]:
    found, known, of = await asyncio.gather(
        visit.api.part("/api/v1/maintenance-windows", over="true" if over else "", limit=50, cursor=cursor),
        products(visit),
        groups(visit),
    )
    items = found.value["items"] if found.value else []
    named = [unit for one in items for unit in one["selection"].get("units", [])[:UNITS_NAMED]]
    below = [one["selection"]["below"] for one in items if one["selection"].get("below")]
    return {
        "found": found,
        "names": await serials(visit, [*named, *below][:200]),
        "products": known,
        "groups": of,
        "hours": HOURS,
        "over": over,
        "units_named": UNITS_NAMED,
        "now": format_instant(visit.formats.now),
    }

"""One unit: what it says, what it said, what became of it. What can be done to it is in `unit_control.py`."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.schemas import Property
from monokoto.console.unit_frame import UnitFrame, address, load, show
from monokoto.console.values import epoch, plain
from monokoto.console.visit import Visit
from monokoto.kernel.clock import parse_instant

PAGE_SIZE = 50
TREE_SIZE = 200
CHOSEN_MAX = 8
"""Properties on one chart: as many as there are colours that can be told apart."""
CHOSEN_CURVES, CHOSEN_STATES = 3, 1
RANGES = {"hour": mark("Hour"), "day": mark("Day"), "week": mark("Week"), "month": mark("Month")}
EVENT_RANGES = {"-24h": mark("24 hours"), "-7d": mark("7 days"), "-30d": mark("30 days"), "-365d": mark("A year")}
UPGRADED = mark("The unit belongs to version %(version)s now.")


class UnitPagesController(Controller):
    """`/console/units/{unit}` and its tabs."""

    path = "/units/{unit:str}"

    @get("/")
    async def overview(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """What it is like now."""
        frame = await load(visit, unit, "overview")
        twin, counts, parent = await asyncio.gather(
            visit.api.part(f"{frame.api}/twin"),
            visit.api.part("/api/v1/dead-letters/counts", unit=frame.id),
            visit.api.part(f"/api/v1/units/{frame.unit['parent']}") if frame.unit["parent"] else _nothing(),
        )
        return show(visit, frame, twin=twin, rows=_rows(frame, twin.value), counts=counts, parent=parent)

    @get("/presence")
    async def presence(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Whether it is connected: the part of the page's head that asks again by itself."""
        found = await visit.api.part(f"/api/v1/units/{quote(unit, safe='')}/presence")
        return visit.page("unit/presence.html", presence=found, address=address(unit))

    @get("/charts")
    async def charts(
        self,
        visit: NamedDependency[Visit],
        unit: FromPath[str],
        property: FromQuery[list[str] | None] = None,  # noqa: A002 - its name in the address
        range: FromQuery[str] = "hour",  # noqa: A002
        start: Annotated[str, QueryParameter(name="from")] = "",
        end: Annotated[str, QueryParameter(name="to")] = "",
    ) -> Response[str]:
        """The history as curves; the script asks the API for what it draws."""
        frame = await load(visit, unit, "charts")
        drawn = [one for one in frame.properties if one.drawn]
        chosen = [name for name in property or [] if any(one.name == name for one in drawn)][:CHOSEN_MAX]
        preset = {"preset": range if range in RANGES else "hour"}
        return show(
            visit, frame, drawn=drawn, chosen=chosen or _first_choice(drawn), ranges=RANGES, chosen_max=CHOSEN_MAX,
            range={"from": start, "to": end} if _is_instant(start) and _is_instant(end) else preset,
            told=[_drawn(one) for one in drawn],
        )  # fmt: skip

    @get("/events")
    async def events(
        self,
        visit: NamedDependency[Visit],
        unit: FromPath[str],
        event: FromQuery[str] = "",
        since: FromQuery[str] = "-7d",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """What it said happened, newest first."""
        frame = await load(visit, unit, "events")
        since = since if since in EVENT_RANGES else "-7d"
        query = {"event": event, "from": since, "limit": PAGE_SIZE, "cursor": cursor}
        found = await visit.api.part(f"{frame.api}/events", **query)
        return show(visit, frame, events=found, event=event, since=since, ranges=EVENT_RANGES, cursor=cursor)

    @get("/dead-letters")
    async def dead_letters(
        self, visit: NamedDependency[Visit], unit: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """What it sent and could not be taken."""
        frame = await load(visit, unit, "dead-letters")
        letters, counts = await asyncio.gather(
            visit.api.part("/api/v1/dead-letters", unit=frame.id, limit=PAGE_SIZE, cursor=cursor),
            visit.api.part("/api/v1/dead-letters/counts", unit=frame.id),
        )
        return show(visit, frame, letters=letters, counts=counts, cursor=cursor)

    @get("/system")
    async def system(
        self, visit: NamedDependency[Visit], unit: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """What it is a part of, and its own parts."""
        frame = await load(visit, unit, "system")
        tree = await visit.api.part(f"{frame.api}/tree", limit=TREE_SIZE, cursor=cursor)
        return show(visit, frame, tree=tree, cursor=cursor)

    @get("/software")
    async def software(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Its product's version, what it says about its firmware, and the versions it could have."""
        frame = await load(visit, unit, "software")
        return await _software(visit, frame)

    @post("/software")
    async def upgrade(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Give it another version of its product."""
        frame = await load(visit, unit, "software")
        version = visit.value("version")
        try:
            await visit.api.patch(frame.api, {"version": version})
        except Refused as refused:
            return await _software(visit, frame, refused)
        return visit.go(frame.href("software"), visit.say(UPGRADED, version=version))

    @get("/description")
    async def description(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Its Thing Description."""
        frame = await load(visit, unit, "description")
        found = await visit.api.part(f"{frame.api}/td")
        text = "" if found.problem else msgspec.json.format(msgspec.json.encode(found.value)).decode()
        return show(visit, frame, description=found, text=text)

    @get("/audit")
    async def audit(
        self, visit: NamedDependency[Visit], unit: FromPath[str], cursor: FromQuery[str] = ""
    ) -> Response[str]:
        """Who did what to it."""
        frame = await load(visit, unit, "audit")
        entries = await visit.api.part("/api/v1/audit", subject=frame.id, limit=PAGE_SIZE, cursor=cursor)
        return show(visit, frame, entries=entries, cursor=cursor)

    @get("/{tab:str}")
    async def not_there(self, visit: NamedDependency[Visit], unit: FromPath[str], tab: FromPath[str]) -> Response[str]:
        """A unit has no such page."""
        raise NotThere(Problem(status=404, code="not-found"))


async def _nothing() -> None:
    return None


async def _software(visit: Visit, frame: UnitFrame, refused: Refused | None = None) -> Response[str]:
    versions, twin = await asyncio.gather(
        visit.api.part(f"/api/v1/products/{quote(frame.unit['product'], safe='')}/versions"),
        visit.api.part(f"{frame.api}/twin"),
    )
    told = [row for row in _rows(frame, twin.value) if _is_about_software(row["property"])]
    problem = refused.problem if refused else None
    return show(
        visit, frame, versions=versions, told=told, problem=problem, status=problem.status if problem else 200
    )  # fmt: skip


def _is_about_software(one: Property) -> bool:
    """A property that tells of software, by the names makers give such properties."""
    name = one.name.lower()
    return any(word in name for word in ("firmware", "software", "fw_", "sw_", "bootloader"))


def _rows(frame: UnitFrame, twin: Any) -> list[dict[str, Any]]:
    """The properties of the model with what the unit reports of them, then what it reports beyond the model."""
    reported = dict(twin["reported"]["properties"]) if twin else {}
    names = [one.name for one in frame.properties] + [name for name in reported if not _knows(frame, name)]
    rows = []
    for name in names:
        told = reported.get(name, {"value": None, "at": None})
        row = {"property": frame.property_of(name), "value": plain(told["value"]), "at": told["at"]}
        rows.append({**row, "epoch": epoch(told["at"])})
    return rows


def _knows(frame: UnitFrame, name: str) -> bool:
    return any(one.name == name for one in frame.properties)


def _first_choice(drawn: list[Property]) -> list[str]:
    """What a chart shows unasked: the first curves, and a state beside them."""
    curves = [one.name for one in drawn if one.numeric][:CHOSEN_CURVES]
    states = [one.name for one in drawn if one.kind == "boolean" or one.states][:CHOSEN_STATES]
    return curves + states or [one.name for one in drawn[:1]]


def _drawn(one: Property) -> dict[str, Any]:
    """What the chart's script is told of a property."""
    return {"name": one.name, "title": one.title, "unit": one.unit, "kind": one.kind, "states": one.states}


def _is_instant(text: str) -> bool:
    try:
        parse_instant(text)
    except ValueError:
        return False
    return True

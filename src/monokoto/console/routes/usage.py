"""Usage: what is counted, how much it was, and the readings behind it."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.api import Part
from monokoto.console.features import features_of
from monokoto.console.languages import mark
from monokoto.console.lookups import nothing, unit_id
from monokoto.console.titles import titles_of
from monokoto.console.unit_names import names_of
from monokoto.console.usage_bars import HEIGHT, WIDTH, bars, share
from monokoto.console.visit import Visit
from monokoto.kernel.clock import Instant, format_instant, parse_instant

METERS_MAX = 200
ROWS_SHOWN = 30
UNITS_SHOWN = 50
SPANS = {
    "-24h": mark("Last 24 hours"),
    "-7d": mark("Last 7 days"),
    "-30d": mark("Last 30 days"),
    "-90d": mark("Last 90 days"),
    "-365d": mark("Last year"),
}
CUTS = {
    "hour": mark("By hour"),
    "day": mark("By day"),
    "month": mark("By month"),
    "unit": mark("By unit"),
    "customer": mark("By customer"),
}
CUSTOMERS_SHOWN = 50
THRESHOLDS_SHOWN = 50
_CUT_OF = {"-24h": "hour", "-365d": "month"}
"""What is drawn when nothing is asked for; else days."""
_HOURS_SPANS = frozenset({"-24h", "-7d", "-30d"})
"""Times that are shown by the hour; a longer one has more hours than bars fit on a screen."""
_AROUND_US = 3_600_000_000
"""Shown of a unit's chart before and after a reading."""


class UsagePagesController(Controller):
    """`/console/usage`."""

    path = "/usage"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        meter: FromQuery[str] = "",
        unit: FromQuery[str] = "",
        since: Annotated[str, QueryParameter(name="from")] = "-30d",
        by: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
        rows: FromQuery[str] = "",
    ) -> Response[str]:
        """One meter over a time, cut as asked, with its rows; `cursor` pages units, `rows` the rows."""
        meters = (await visit.api.get("/api/v1/meters", limit=METERS_MAX))["items"]
        chosen = next((one for one in meters if one["meter"] == meter), meters[0] if meters and not meter else None)
        since = since if since in SPANS else "-30d"
        if chosen is None:
            return visit.page("usage/none.html", unknown=meter)
        by = _cut(by, since, chosen)
        asked = {"meter": chosen["meter"], "unit": await unit_id(visit, unit), "from": since}
        zone = visit.formats.zone
        if by == "customer":
            whole = {"meter": chosen["meter"], "from": since, "limit": CUSTOMERS_SHOWN, "cursor": cursor}
            parts = visit.api.part("/api/v1/customer-usage", **whole)
        else:
            parts = visit.api.part("/api/v1/usage", **asked, by=by, timezone=zone, limit=UNITS_SHOWN, cursor=cursor)
        found, total, samples = await asyncio.gather(
            parts,
            visit.api.part("/api/v1/usage", **asked, timezone=zone),
            visit.api.part("/api/v1/usage-rows", **asked, limit=ROWS_SHOWN, cursor=rows) if chosen else nothing(),
        )
        query = {"meter": chosen["meter"], "unit": unit, "from": since, "by": by}
        return visit.page(
            "usage/explorer.html",
            meters=meters,
            chosen=chosen,
            query=query,
            address="/console/usage?" + urlencode({name: value for name, value in query.items() if value}),
            found=found,
            total=total,
            samples=[with_pages(one) for one in samples.value["items"]] if samples.value else [],
            samples_part=samples,
            names=await _names(visit, found, samples),
            bars=bars(found.value["items"]) if found.value and by in {"hour", "day", "month"} else [],
            across=WIDTH,
            down=HEIGHT,
            share=share,
            spans=SPANS,
            cuts=CUTS,
            titles=await titles_of(visit, products=(one["meter"].partition("/")[0] for one in meters)),
        )

    @get("/thresholds")
    async def thresholds(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """Quotas that are used up, or soon will be: the newest first."""
        found = await visit.api.get("/api/v1/entitlement-thresholds", limit=THRESHOLDS_SHOWN, cursor=cursor)
        items = found["items"]
        features, names = await asyncio.gather(
            features_of(visit, (one["product"] for one in items)), names_of(visit, (one["unit"] for one in items))
        )
        shown = {one.key: one for one in features}
        return visit.page("usage/thresholds.html", found=found, names=names, features=shown)


def _cut(by: str, since: str, meter: dict[str, Any]) -> str:
    if by == "hour" and since not in _HOURS_SPANS:
        return "day"
    return by if by in CUTS or by in meter["by"] else _CUT_OF.get(since, "day")


async def _names(visit: Visit, found: Part, samples: Part) -> dict[str, str]:
    ids = [one["unit"] for part in (found, samples) if part.value for one in part.value["items"] if one.get("unit")]
    return await names_of(visit, ids)


def with_pages(one: dict[str, Any]) -> dict[str, Any]:
    """A sample with the page that shows what it was taken from; empty where usage was told from outside."""
    unit = f"/console/units/{one['unit']}"
    at = parse_instant(one["at"])
    around = {
        "from": format_instant(Instant(at - _AROUND_US)),
        "to": format_instant(Instant(at + _AROUND_US)),
        "property": one["subject"],
    }
    told = {
        "property": f"{unit}/charts?{urlencode(around)}",
        "event": f"{unit}/events?{urlencode({'event': one['subject']})}",
    }
    return {**one, "told": told.get(one["origin"], "")}

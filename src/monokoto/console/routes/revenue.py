"""Revenue: what comes again and how it moves, what was charged and sold, who stays; each figure leads to what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.api import Part
from monokoto.console.languages import mark
from monokoto.console.revenue_bars import HEIGHT, WIDTH, heat, stacked
from monokoto.console.routes.invoices import customer_names
from monokoto.console.visit import Visit

PATH = "/console/revenue"
PAGE_SIZE = 50
MOVED = {
    "new": mark("New"),
    "expansion": mark("More"),
    "contraction": mark("Less"),
    "churn": mark("Gone"),
    "reactivation": mark("Back"),
}
KINDS = {
    "recurring": mark("Recurring fees"),
    "usage": mark("For what was used"),
    "other": mark("Given back by hand"),
    "one-time": mark("Sold once"),
}
_REPORTS = ("recurring", "revenue", "cohorts")
Begin = Annotated[str, QueryParameter(name="from")]
End = Annotated[str, QueryParameter(name="to")]


class RevenuePagesController(Controller):
    """`/console/revenue`."""

    path = "/revenue"

    @get("/")
    async def index(
        self, visit: NamedDependency[Visit], begin: Begin = "", end: End = "", currency: FromQuery[str] = ""
    ) -> Response[str]:
        """All reports over some months, in one currency."""
        asked = {"from": begin, "to": end}
        parts = await asyncio.gather(*(visit.api.part(f"/api/v1/reports/{name}", **asked) for name in _REPORTS))
        reports = dict(zip(_REPORTS, parts, strict=True))
        codes = sorted({one["currency"] for part in parts if part.value for one in part.value["items"]})
        code = currency if currency in codes or not codes else codes[0]
        problem = parts[0].problem
        return visit.page(
            "revenue/report.html",
            status=problem.status if problem and problem.status == 422 else 200,
            problem=problem,
            reports=reports,
            codes=codes,
            code=code,
            query=asked | {"currency": code},
            moved=MOVED,
            heat=heat,
            across=WIDTH,
            down=HEIGHT,
            **_drawn(reports, code),
        )

    @get("/customers")
    async def customers(
        self,
        visit: NamedDependency[Visit],
        month: FromQuery[str] = "",
        currency: FromQuery[str] = "",
        movement: FromQuery[str] = "",
        change: FromQuery[str] = "",
        cohort: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The customers behind a month, and their subscriptions; `change` is `lost` or `gained`."""
        query = {
            "month": month,
            "currency": currency,
            "movement": movement if movement in MOVED else "",
            "cohort": cohort,
        }
        wanted = query | ({change: "true"} if change in {"lost", "gained"} else {})
        found = await _listed(visit, "recurring/customers", wanted, cursor)
        names = await customer_names(visit, (one["customer"] for one in found["items"]))
        return visit.page(
            "revenue/customers.html", found=found, query=query | {"change": change}, names=names, moved=MOVED
        )

    @get("/documents")
    async def documents(
        self,
        visit: NamedDependency[Visit],
        month: FromQuery[str] = "",
        currency: FromQuery[str] = "",
        kind: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The documents behind a month's revenue."""
        query = {"month": month, "currency": currency, "kind": kind if kind in KINDS else ""}
        found = await _listed(visit, "revenue/documents", query, cursor)
        names = await customer_names(visit, (one["customer"] for one in found["items"]))
        return visit.page("revenue/documents.html", found=found, query=query, names=names, kinds=KINDS)


async def _listed(visit: Visit, path: str, query: Mapping[str, str], cursor: str) -> Any:
    """A page of what is behind a month; nothing where no month is named."""
    if not query["month"] or not query["currency"]:
        return {"items": [], "next_cursor": None}
    return await visit.api.get(f"/api/v1/reports/{path}", **query, cursor=cursor, limit=PAGE_SIZE)


def _begun(rows: list[dict[str, Any]], *fields: str) -> list[dict[str, Any]]:
    """The months since there was anything."""
    first = next((place for place, one in enumerate(rows) if any(float(one[name]) for name in fields)), len(rows))
    return rows[first:]


def _drawn(reports: Mapping[str, Part], code: str) -> dict[str, Any]:
    """The rows of one currency, and their drawings."""
    rows = {
        name: [one for one in part.value["items"] if one["currency"] == code] if part.value else []
        for name, part in reports.items()
    }
    rows["recurring"] = _begun(rows["recurring"], "mrr", "opening", "customers", "customers_before", "services")
    rows["revenue"] = _begun(rows["revenue"], "services", "products")
    recurring = reports["recurring"].value
    lifetimes = recurring["lifetimes"] if recurring else []
    return {
        "recurring": rows["recurring"],
        "revenue": rows["revenue"],
        "cohorts": rows["cohorts"],
        "lifetime": next((one for one in lifetimes if one["currency"] == code), None),
        "mrr_bars": stacked(rows["recurring"], ["mrr"]),
        "revenue_bars": stacked(rows["revenue"], ["services", "products"]),
        "widest": max((len(one["months"]) for one in rows["cohorts"] if one["cohort"]), default=0),
    }

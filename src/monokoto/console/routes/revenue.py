"""Revenue: what comes again and how it moves, what was charged and sold, who stays; each figure leads to what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from monokoto.console.api import Part
from monokoto.console.revenue_bars import HEIGHT, WIDTH, heat, most, stacked
from monokoto.console.revenue_terms import TERMS
from monokoto.console.routes.invoices import customer_names
from monokoto.console.titles import titles_of_subscriptions
from monokoto.console.visit import Visit

PATH = "/console/revenue"
PAGE_SIZE = 50
MOVED = ("new", "expansion", "contraction", "churn", "reactivation")
KINDS = {name.replace("_", "-"): TERMS[name].label for name in ("recurring", "usage", "other", "one_time")}
_REPORTS = ("recurring", "revenue", "cohorts", "deferred")
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
        problem, told = parts[0].problem, parts[0].value
        return visit.page(
            "revenue/report.html",
            status=problem.status if problem and problem.status == 422 else 200,
            problem=problem,
            reports=reports,
            codes=codes,
            code=code,
            query=asked | {"currency": code},
            asked=told or {"first": "", "last": ""},
            calendar=told["timezone"] if told else "",
            moved=MOVED,
            terms=TERMS,
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
        called = await _called(visit, list(names))
        shown = query | {"change": change}
        return visit.page("revenue/customers.html", found=found, query=shown, names=names, called=called, terms=TERMS)

    @get("/documents")
    async def documents(
        self,
        visit: NamedDependency[Visit],
        month: FromQuery[str] = "",
        currency: FromQuery[str] = "",
        kind: FromQuery[str] = "",
        deferred: FromQuery[bool] = False,
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The documents behind a month's revenue, or behind what is deferred at its end."""
        query = {"month": month, "currency": currency, "kind": kind if kind in KINDS and not deferred else ""}
        found = await _listed(visit, "deferred/documents" if deferred else "revenue/documents", query, cursor)
        names = await customer_names(visit, (one["customer"] for one in found["items"]))
        shown = query | {"deferred": "true" if deferred else ""}
        return visit.page("revenue/documents.html", found=found, query=shown, names=names, kinds=KINDS)


async def _called(visit: Visit, customers: list[str]) -> dict[str, str]:
    """The plans of these customers' subscriptions, by subscription; one of very many keeps its id."""
    lists = await asyncio.gather(
        *(visit.api.part("/api/v1/subscriptions", customer=one, limit=PAGE_SIZE) for one in customers)
    )
    items = [one for part in lists if part.value for one in part.value["items"]]
    titles = await titles_of_subscriptions(visit, items)
    return {one["id"]: titles.plan(one["product"], one["plan"]) for one in items}


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
    rows["deferred"] = _begun(rows["deferred"], "opening", "charged", "recognised", "closing")
    recurring, deferred = reports["recurring"].value, reports["deferred"].value
    return {
        "recurring": rows["recurring"],
        "revenue": rows["revenue"],
        "deferred": rows["deferred"],
        "cohorts": rows["cohorts"],
        "arr": f"{12 * Decimal(rows['recurring'][-1]['mrr']):f}" if rows["recurring"] else "",
        "whole": next((one for one in reversed(rows["recurring"]) if one["is_over"]), None),
        "lifetime": _one_of(recurring["lifetimes"] if recurring else [], code),
        "to_come": [one for one in (deferred["to_come"] if deferred else []) if one["currency"] == code],
        "mrr_bars": stacked(rows["recurring"], ["mrr"]),
        "mrr_top": most(rows["recurring"], ["mrr"]),
        "revenue_bars": stacked(rows["revenue"], ["services", "products"]),
        "revenue_top": most(rows["revenue"], ["services", "products"]),
        "earned_bars": stacked(rows["deferred"], ["recognised"]),
        "earned_top": most(rows["deferred"], ["recognised"]),
        "widest": max((len(one["months"]) for one in rows["cohorts"] if one["cohort"]), default=0),
    }


def _one_of(items: list[dict[str, Any]], code: str) -> dict[str, Any] | None:
    return next((one for one in items if one["currency"] == code), None)

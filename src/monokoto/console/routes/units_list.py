"""The list of units: found, sorted, shown as people want it, kept under a name, written to a file.

The address holds the whole state: every condition, the order, the columns, the page. A saved view is such an address.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Stream

from monokoto.console.api import Part, Refused
from monokoto.console.languages import mark
from monokoto.console.unit_query import COLUMNS, DEFAULT_COLUMNS, UnitQuery, parse_query, read_query
from monokoto.console.visit import Visit

PAGE_SIZE = 50
EXPORT_PAGE_SIZE = 1000
PRODUCTS_SHOWN = 500
VIEWS_SHOWN = 500
SAVED = mark("The view “%(name)s” is saved.")
FORGOTTEN = mark("The view “%(name)s” is forgotten.")
STATUSES = {
    "": mark("In use"),
    "active": mark("Active"),
    "suspended": mark("Suspended"),
    "retired": mark("Retired"),
}
EXPORTED = (
    "id", "product", "version", "serial", "name", "tags", "latitude", "longitude", "altitude", "place", "parent",
    "status", "owned", "created_at", "updated_at",
)  # fmt: skip
"""The columns of the file; those an import knows have the names it knows them by."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class UnitsController(Controller):
    """`/console/units`."""

    path = "/units"

    @get("/")
    async def index(self, visit: NamedDependency[Visit]) -> Response[str]:
        """A page of units for which every condition holds."""
        query = read_query(visit.request.query_params.multi_items())
        try:
            found, products, views, kinds, held = await asyncio.gather(
                visit.api.get("/api/v1/units", **query.asked(), sort=query.sort, cursor=query.cursor, limit=PAGE_SIZE),
                visit.api.part("/api/v1/products", limit=PRODUCTS_SHOWN),
                visit.api.part("/api/v1/views", list="units", limit=VIEWS_SHOWN),
                visit.api.part("/api/v1/jobs/kinds"),
                visit.api.part("/api/v1/fleet/summary"),
            )
        except Refused as refused:
            if refused.problem.status not in {404, 422}:
                raise
            none: dict[str, Any] = {"items": [], "next_cursor": None}
            return visit.again(
                "units/list.html", refused, **_values(query, none, Part(), Part(), Part(), Part()), live={}
            )
        live = await _presence(visit, found["items"], query)
        return visit.page("units/list.html", live=live, **_values(query, found, products, views, kinds, held))

    @get("/export")
    async def export(self, visit: NamedDependency[Visit]) -> Stream:
        """All units for which every condition holds, as CSV; what it names an import takes back."""
        query = read_query(visit.request.query_params.multi_items())
        # The first page before the answer begins: what is refused is a page that says so.
        first = await visit.api.get("/api/v1/units", **query.asked(), sort=query.sort, limit=EXPORT_PAGE_SIZE)
        headers = {"Content-Disposition": 'attachment; filename="units.csv"', "Cache-Control": "no-store"}
        return Stream(_rows(visit, query, first), media_type="text/csv; charset=utf-8", headers=headers)

    @post("/views")
    async def save(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Keep the present conditions under a name."""
        query = parse_query(visit.value("query"))
        body = {
            "name": visit.value("name"),
            "query": query.text,
            "list": "units",
            "shared": bool(visit.value("shared")),
        }
        made = await visit.api.post("/api/v1/views", body)
        return visit.go(query.address(), visit.say(SAVED, name=made["name"]))

    @post("/views/{view:str}/forget")
    async def forget(self, visit: NamedDependency[Visit], view: FromPath[str]) -> Response[str]:
        """Forget a view."""
        gone = await visit.api.delete(f"/api/v1/views/{view}")
        return visit.go("/console/units", visit.say(FORGOTTEN, name=gone["name"]))


def _values(
    query: UnitQuery, found: Mapping[str, Any], products: Part, views: Part, kinds: Part, summary: Part
) -> dict[str, Any]:
    saved = views.value["items"] if views.value else []
    return {
        "query": query,
        "units": found["items"],
        "next_cursor": found["next_cursor"],
        "product_options": _products(query, products),
        "views": saved,
        "view": next((one for one in saved if parse_query(one["query"]).text == query.text), None),
        "kinds": kinds.value or [],
        "total": summary.value["units"] if summary.value else None,
        "columns": [(name, COLUMNS[name]) for name in query.columns],
        "all_columns": COLUMNS,
        "default_columns": DEFAULT_COLUMNS,
        "statuses": STATUSES,
    }


def _products(query: UnitQuery, products: Part) -> list[tuple[str, str]]:
    """What can be chosen, and what is chosen although it is no product of one's own: units that are held."""
    found = (
        [(one["product"], one["title"] or one["product"]) for one in products.value["items"]] if products.value else []
    )
    chosen = query.get("product")
    return found if not chosen or chosen in dict(found) else [*found, (chosen, chosen)]


async def _presence(visit: Visit, units: list[dict[str, Any]], query: UnitQuery) -> dict[str, Any]:
    """Who of these is online and when each was last heard of, by id."""
    if not units or not {"online", "last_seen"} & set(query.columns):
        return {}
    asked = [one["id"] for one in units]
    found = await visit.api.part("/api/v1/presence", unit=asked, limit=len(asked))
    return {one["unit"]: one for one in found.value["items"]} if found.value else {}


async def _rows(visit: Visit, query: UnitQuery, page: dict[str, Any]) -> AsyncIterator[bytes]:
    yield _csv([EXPORTED])
    while True:
        yield _csv([_row(unit) for unit in page["items"]])
        if not page["next_cursor"]:
            return
        asked = query.asked()
        page = await visit.api.get(
            "/api/v1/units", **asked, sort=query.sort, cursor=page["next_cursor"], limit=EXPORT_PAGE_SIZE
        )


def _row(unit: dict[str, Any]) -> list[Any]:
    place = unit["location"] or {}
    told = {**unit, **place, "tags": ";".join(unit["tags"]), "owned": str(unit["owned"]).lower()}
    return [_harmless(told.get(name)) for name in EXPORTED]


def _harmless(value: Any) -> Any:
    """No cell that a spreadsheet would compute."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _csv(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()

"""Plans: what using a product costs, its versions, and an editor that prices what is typed."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Part, Refused
from monokoto.console.features import features_of
from monokoto.console.languages import mark
from monokoto.console.lookups import products
from monokoto.console.money_forms import writers_only
from monokoto.console.plan_text import QUANTITY, SAMPLE, differences, quantities_of
from monokoto.console.rule_text import as_yaml, worded
from monokoto.console.simulation_rows import months
from monokoto.console.titles import titles_of
from monokoto.console.visit import Visit

PAGE_SIZE = 50
METERS_MAX = 200
DRAFT = "draft"
"""What a draft is called that has no name yet; previews need one."""
PUBLISHED = mark("Version %(version)s is published. Who subscribes from now on pays by it.")
UNCHANGED = mark("Nothing was changed: version %(version)s says the same.")
RETIRED = mark("The plan is retired. Nobody can subscribe to it any more; who did goes on.")


class PlanPagesController(Controller):
    """`/console/plans`."""

    path = "/plans"

    @get("/")
    async def index(
        self,
        visit: NamedDependency[Visit],
        product: FromQuery[str] = "",
        retired: FromQuery[str] = "",
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """The newest version of each."""
        wanted = {"product": product, "retired": "true" if retired else "false", "cursor": cursor, "limit": PAGE_SIZE}
        found, known = await asyncio.gather(visit.api.get("/api/v1/plans", **wanted), products(visit))
        titles = await titles_of(visit, products=[*known, *(one["product"] for one in found["items"])])
        return visit.page(
            "plans/list.html", found=found, products=known, product=product, retired=retired, titles=titles
        )

    @get("/new")
    async def new(self, visit: NamedDependency[Visit], product: FromQuery[str] = "") -> Response[str]:
        """The editor with an example; first the product is chosen, whose meters it prices."""
        writers_only(visit)
        known = await products(visit)
        product = product or (known[0] if len(known) == 1 else "")
        shown = await _editor(visit, product, "", SAMPLE)
        if not product:
            shown["titles"] = await titles_of(visit, products=known)
        return visit.page("plans/edit.html", **shown, products=known)

    @post("/save")
    async def save(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Publish what the editor says as a new version."""
        product, plan = visit.value("product"), visit.value("plan")
        path = f"/console/plans/{quote(product, safe='')}/{quote(plan, safe='')}"
        try:
            made = await visit.api.replace(
                _api(product, plan or DRAFT), {"yaml": visit.secret("text")}, visit.value("version")
            )
        except Refused as refused:
            if refused.problem.status == 404:
                raise
            shown = await _editor(visit, product, plan, visit.secret("text"), visit.value("version"))
            return visit.again("plans/edit.html", refused, **shown, products=await products(visit))
        same = str(made["version"]) == visit.value("version")
        return visit.go(path, visit.say(UNCHANGED if same else PUBLISHED, version=made["version"]))

    @post("/preview", status_code=200)
    async def preview(self, visit: NamedDependency[Visit]) -> Response[str]:
        """What a period would cost: of the draft in the editor, else of a version."""
        product, plan = visit.value("product"), visit.value("plan")
        text, version = visit.secret("text"), visit.value("version")
        priced = await _priced(visit, product, plan)
        if visit.is_part:
            return visit.page("plans/preview.html", preview=priced, measures=_measures(await _meters(visit, product)))
        if "text" not in visit.form:
            shown = await _shown(visit, product, plan, int(version or 0))
            return visit.page("plans/plan.html", **{**shown, "preview": priced}, entered=visit.form)
        editor = await _editor(visit, product, plan, text, version)
        editor |= {"preview": priced, "entered": visit.form, "products": await products(visit)}
        return visit.page("plans/edit.html", **editor)

    @get("/{product:str}/{plan:str}")
    async def one(
        self, visit: NamedDependency[Visit], product: FromPath[str], plan: FromPath[str], version: FromQuery[int] = 0
    ) -> Response[str]:
        """What it costs, includes and promises."""
        return visit.page("plans/plan.html", **await _shown(visit, product, plan, version))

    @get("/{product:str}/{plan:str}/edit")
    async def edit(self, visit: NamedDependency[Visit], product: FromPath[str], plan: FromPath[str]) -> Response[str]:
        """The editor, beginning as the newest version."""
        writers_only(visit)
        found = await visit.api.get(_api(product, plan))
        editor = await _editor(visit, product, plan, as_yaml(found["plan"]), str(found["version"]))
        return visit.page("plans/edit.html", **editor, products=[product])

    @get("/{product:str}/{plan:str}/diff")
    async def diff(
        self,
        visit: NamedDependency[Visit],
        product: FromPath[str],
        plan: FromPath[str],
        older: FromQuery[int] = 0,
        newer: FromQuery[int] = 0,
    ) -> Response[str]:
        """The lines in which two versions differ; by default the newest and the one before."""
        path = _api(product, plan)
        after = await visit.api.get(path, version=newer)
        before = await visit.api.get(path, version=older or max(1, after["version"] - 1))
        lines = differences(before["plan"], after["plan"])
        return visit.page("plans/diff.html", older=before, plan=after, lines=lines)

    @post("/{product:str}/{plan:str}/retire")
    async def retire(self, visit: NamedDependency[Visit], product: FromPath[str], plan: FromPath[str]) -> Response[str]:
        """Let nobody subscribe any more."""
        await visit.api.post(f"{_api(product, plan)}/retire")
        return visit.go(f"/console/plans/{quote(product, safe='')}/{quote(plan, safe='')}", visit.say(RETIRED))


def _api(product: str, plan: str) -> str:
    return f"/api/v1/products/{quote(product, safe='')}/plans/{quote(plan, safe='')}"


async def _priced(visit: Visit, product: str, plan: str) -> Part:
    units = visit.value("units") or "1"
    try:
        body: dict[str, Any] = {"quantities": quantities_of(visit), "first": bool(visit.value("first"))}
    except Refused as refused:
        return Part(problem=refused.problem)
    # A count the API cannot read as one is told by the API, at its place.
    body["units"] = int(units) if units.isascii() and units.isdigit() else units
    if "text" in visit.form:
        body["yaml"] = visit.secret("text")
    else:
        body["version"] = int(visit.value("version") or 0)
    return await visit.api.part_of("POST", f"{_api(product, plan or DRAFT)}/preview", body=body)


async def _meters(visit: Visit, product: str) -> list[dict[str, Any]]:
    if not product:
        return []
    found = await visit.api.part("/api/v1/meters", product=product, limit=METERS_MAX)
    items = found.value["items"] if found.value else []
    return [{**one, "name": one["meter"].partition("/")[2]} for one in items]


def _measures(meters: list[dict[str, Any]]) -> dict[str, str]:
    """By meter what it counts in."""
    return {one["name"]: one["unit"] for one in meters}


async def _editor(visit: Visit, product: str, plan: str, text: str, version: str = "") -> dict[str, Any]:
    meters = await _meters(visit, product)
    return {
        "product": product,
        "plan": plan,
        "text": text,
        "version": version,
        "meters": meters,
        "measures": _measures(meters),
        "preview": None,
        "quantity": QUANTITY,
        "months": months(visit.formats),
        "titles": await titles_of(visit, plans=[(product, plan)] if version else []),
    }


async def _shown(visit: Visit, product: str, plan: str, version: int) -> dict[str, Any]:
    path = _api(product, plan)
    found, versions, meters, features = await asyncio.gather(
        visit.api.get(path, version=version),
        visit.api.part(f"{path}/versions"),
        _meters(visit, product),
        features_of(visit, [product]),
    )
    priced = {one["meter"] for one in found["charges"] if one["meter"]}
    return {
        "titles": await titles_of(visit, products=[product]),
        "plan": found,
        "versions": versions,
        "meters": [one for one in meters if one["name"] in priced],
        "measures": _measures(meters),
        "counted": {one["name"]: worded(one["title"], visit.formats.language, one["name"]) for one in meters},
        "features": {one.name: one.title for one in features},
        "preview": None,
        "quantity": QUANTITY,
        "text": as_yaml(found["plan"]),
    }

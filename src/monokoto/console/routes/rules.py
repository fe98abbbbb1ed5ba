"""Rules: what products watch for, and what the organisation added for its units."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Part, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import groups, nothing, products
from monokoto.console.routes.rule_trial import DAYS, DAYS_UNASKED
from monokoto.console.rule_form import SAMPLE, lined, of_fields, watched, written
from monokoto.console.rule_text import as_yaml
from monokoto.console.visit import Visit

OWN_MAX = 100
PRODUCTS_SHOWN = 30
ALERTS_SHOWN = 10
MADE = mark("The rule is added. It watches from now on.")
CHANGED = mark("The rule is changed. It watches from now on by what it says now.")
REMOVED = mark("The rule is taken away.")
_STATES = {"enable": True, "disable": False}


class RulePagesController(Controller):
    """`/console/rules`."""

    path = "/rules"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The organisation's own, then those of products."""
        own, known = await asyncio.gather(
            visit.api.part("/api/v1/rules", limit=OWN_MAX, cursor=cursor),
            visit.api.part("/api/v1/products", limit=PRODUCTS_SHOWN) if visit.may("products:read") else nothing(),
        )
        items = [one for one in known.value["items"] if one["current_version"]] if known.value else []
        found = await asyncio.gather(
            *(visit.api.part(_rules_of(one["product"], one["current_version"])) for one in items)
        )
        of_products = [
            {**one, "rules": part.value["items"]}
            for one, part in zip(items, found, strict=True)
            if part.value and part.value["items"]
        ]
        return visit.page("rules/list.html", own=own, of_products=of_products)

    @get("/new")
    async def new(
        self,
        visit: NamedDependency[Visit],
        product: FromQuery[str] = "",
        rule: FromQuery[str] = "",
        version: FromQuery[str] = "",
    ) -> Response[str]:
        """The editor; with `rule` it begins as one of the product."""
        text = SAMPLE
        if rule and product and version:
            text = as_yaml((await _of_product(visit, product, version, rule))["rule"])
        return visit.page("rules/new.html", **await _editor(visit, product=product, name=rule, text=text))

    @post("/new")
    async def add(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Add it."""
        try:
            body = {"name": visit.value("name"), "product": visit.value("product"), "rule": written(visit).document}
            made = await visit.api.post("/api/v1/rules", body | await watched(visit))
        except Refused as refused:
            editor = await _editor(
                visit, product=visit.value("product"), text=visit.secret("text"), problem=refused.problem
            )
            return visit.page("rules/new.html", status=refused.problem.status, entered=visit.form, **editor)
        return visit.go(f"/console/rules/{made['id']}", visit.say(MADE))

    @get("/of/{product:str}/{version:str}/{name:str}")
    async def of_product(
        self, visit: NamedDependency[Visit], product: FromPath[str], version: FromPath[str], name: FromPath[str]
    ) -> Response[str]:
        """A rule of a product's version."""
        rule = await _of_product(visit, product, version, name)
        return visit.page(
            "rules/of_product.html",
            product=product,
            version=version,
            rule=rule,
            text=as_yaml(rule["rule"]),
            alerts=await _alerts(visit, f"{product}/{name}"),
            days=DAYS,
            days_unasked=DAYS_UNASKED,
        )

    @get("/{rule:str}")
    async def rule(self, visit: NamedDependency[Visit], rule: FromPath[str]) -> Response[str]:
        """One of the organisation's own."""
        return visit.page("rules/rule.html", **await _own(visit, rule))

    @post("/{rule:str}/{doing:str}")
    async def act(self, visit: NamedDependency[Visit], rule: FromPath[str], doing: FromPath[str]) -> Response[str]:
        """Change it, switch it on or off, take it away."""
        path, page = f"/api/v1/rules/{quote(rule, safe='')}", f"/console/rules/{quote(rule, safe='')}"
        try:
            if doing == "remove":
                await visit.api.delete(path)
                return visit.go("/console/rules", visit.say(REMOVED))
            if doing in _STATES:
                await visit.api.patch(path, {"enabled": _STATES[doing]})
                return visit.go(page)
            body = {"name": visit.value("name"), "rule": written(visit).document}
            await visit.api.amend(path, body | await watched(visit), visit.value("tag"))
        except Refused as refused:
            if refused.problem.status == 404:
                raise
            shown = await _own(visit, rule, refused.problem)
            return visit.page("rules/rule.html", status=refused.problem.status, entered=visit.form, **shown)
        return visit.go(page, visit.say(CHANGED))


def _rules_of(product: str, version: str) -> str:
    return f"/api/v1/products/{quote(product, safe='')}/versions/{quote(version, safe='')}/rules"


async def _of_product(visit: Visit, product: str, version: str, name: str) -> dict[str, Any]:
    found = await visit.api.get(_rules_of(product, version))
    rule: dict[str, Any] | None = next((one for one in found["items"] if one["name"] == name), None)
    if rule is None:
        raise NotThere(Problem(status=404, code="not-found"))
    return rule


async def _alerts(visit: Visit, key: str) -> Part:
    query = {"rule": key, "shelved": "yes", "suppressed": "yes", "limit": ALERTS_SHOWN}
    return await visit.api.part("/api/v1/alerts", **query)


async def _own(visit: Visit, rule: str, problem: Problem | None = None) -> dict[str, Any]:
    path = f"/api/v1/rules/{quote(rule, safe='')}"
    (found, tag), versions, alerts = await asyncio.gather(
        visit.api.tagged(path), visit.api.part(f"{path}/versions"), _alerts(visit, rule)
    )
    text = visit.secret("text") if problem else as_yaml(found["rule"])
    of = found["watched"]
    editor = await _editor(visit, product=of["product"], name=found["name"], text=text, watched=of, problem=problem)
    olds = [{**one, "text": as_yaml(one["rule"])} for one in versions.value["items"]] if versions.value else []
    # Somebody was faster: what they wrote is shown beside what was to be saved, which may be saved over it by saving again.
    theirs = as_yaml(found["rule"]) if problem and problem.status == 412 else ""
    return {"rule": found, "tag": tag, "theirs": theirs, "versions": olds, "alerts": alerts, **editor}


async def _editor(
    visit: Visit,
    *,
    product: str = "",
    name: str = "",
    text: str = "",
    watched: dict[str, Any] | None = None,
    problem: Problem | None = None,
) -> dict[str, Any]:
    known, of = await asyncio.gather(products(visit), groups(visit))
    return {
        "products": known,
        "groups": of,
        "product": product,
        "name": name,
        "text": text,
        "watched": watched or {"units": [], "tags": [], "group": ""},
        "faults": lined(visit, problem),
        "problem": of_fields(problem) if problem else None,
        "days": DAYS,
        "days_unasked": DAYS_UNASKED,
    }

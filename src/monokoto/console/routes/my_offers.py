"""Buy a function: what makers offer for the units one owns, and the purchase."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from babel import Locale
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.portal_rows import lines_of
from monokoto.console.routes.portal import OFFERS_MAX, PATH
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

NAMED_MAX = 100
"""Units that can be ticked one by one; of more, all are bought for."""
BOUGHT = mark("It is yours. What it includes opens within a second.")
_KNOWN_MAX = 200
_NONE = frozenset({"EU", "EZ", "UN", "XA", "XB", "XK", "ZZ", "QO", "AC", "CP", "CQ", "DG", "EA", "IC", "TA"})
"""Territories of CLDR that are no countries of ISO 3166."""


class OfferPagesController(Controller):
    """`/console/mine/offers`."""

    path = "/mine/offers"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], product: FromQuery[str] = "") -> Response[str]:
        """What is offered, by product."""
        found = await visit.api.get("/api/v1/my/offers", product=product, limit=OFFERS_MAX)
        products: dict[tuple[str, str], list[Any]] = {}
        for one in found["items"]:
            key = (one["maker_name"], one["plan"]["product"])
            products.setdefault(key, []).append({**one, "lines": lines_of(one["plan"])})
        units = await visit.api.part("/api/v1/units", limit=1)
        return visit.page(
            "mine/offers.html", products=products, has_units=bool(units.value and units.value["items"]), product=product
        )

    @get("/{maker:str}/{product:str}/{plan:str}")
    async def one(
        self, visit: NamedDependency[Visit], maker: FromPath[str], product: FromPath[str], plan: FromPath[str]
    ) -> Response[str]:
        """What it costs and includes, for which units, who pays."""
        return await _form(visit, await offer_of(visit, maker, product, plan))

    @post("/{maker:str}/{product:str}/{plan:str}")
    async def buy(
        self, visit: NamedDependency[Visit], maker: FromPath[str], product: FromPath[str], plan: FromPath[str]
    ) -> Response[str]:
        """Buy it, once however often the form is sent."""
        version = visit.value("version")
        body = {
            "maker": maker,
            "product": product,
            "plan": plan,
            "version": int(version) if version.isdecimal() and int(version) else 1,
            "units": visit.values("units") if visit.value("for") == "named" else [],
            "billing": billing_of(visit),
        }
        headers = {"Idempotency-Key": visit.value("key")} if visit.value("key") else {}
        try:
            made = await visit.api.call("POST", "/api/v1/my/subscriptions", body=body, headers=headers)
        except Refused as refused:
            return await _form(visit, await offer_of(visit, maker, product, plan), problem=refused.problem)
        return visit.go(f"{PATH}/subscriptions/{made['id']}", visit.say(BOUGHT))


async def offer_of(visit: Visit, maker: str, product: str, plan: str) -> Mapping[str, Any]:
    found = await visit.api.get("/api/v1/my/offers", product=product, limit=OFFERS_MAX)
    for one in found["items"]:
        if (one["maker"], one["plan"]["plan"]) == (maker, plan):
            return dict(one)
    raise NotThere(Problem(status=404, code="not-found"))


def billing_of(visit: Visit) -> dict[str, Any] | None:
    """Who pays, where the form asked."""
    if "country" not in visit.form:
        return None
    address = {name: visit.value(name) for name in ("street", "postal_code", "city")}
    plain = {name: visit.value(name) for name in ("name", "country", "email", "vat_id")}
    return {**plain, "address": address, "timezone": visit.formats.zone, "language": visit.formats.language}


async def asks_who_pays(visit: Visit, maker: str, problem: Problem | None = None) -> bool:
    """Whether the form asks who pays: of whoever is no customer of the maker yet."""
    mine = await visit.api.part("/api/v1/my/credit", limit=_KNOWN_MAX)
    known = any(one["maker"] == maker for one in (mine.value["items"] if mine.value else []))
    return "country" in visit.form or (problem is not None and bool(problem.at("billing"))) or not known


def countries_of(visit: Visit) -> list[tuple[str, str]]:
    """Codes and names of countries in the visitor's language, by name."""
    names = Locale.parse(visit.formats.language).territories
    found = [(code, name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NONE]
    return sorted(found, key=lambda one: one[1])


async def _form(visit: Visit, offer: Mapping[str, Any], *, problem: Problem | None = None) -> Response[str]:
    asks = await asks_who_pays(visit, offer["maker"], problem)
    return visit.page(
        "mine/buy.html",
        status=problem.status if problem else 200,
        problem=problem,
        entered=visit.form,
        offer=offer,
        plan=offer["plan"],
        lines=lines_of(offer["plan"]),
        names=await names_of(visit, offer["units"][:NAMED_MAX]),
        # A refused purchase bought nothing, so its name is free; another choice is another request.
        key=str(uuid.uuid4()),
        asks=asks,
        countries=countries_of(visit),
    )

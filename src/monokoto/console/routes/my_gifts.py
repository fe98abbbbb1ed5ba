"""Presents: give what is offered to somebody, take what one was given."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.portal_rows import lines_of
from monokoto.console.routes.my_offers import asks_who_pays, billing_of, countries_of, offer_of
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

PATH = "/console/mine/gifts"
PAGE_SIZE = 30
TAKEN = mark("It is yours. What it includes opens within a second.")
WITHDRAWN = mark("The present is taken back.")


class GiftPagesController(Controller):
    """`/console/mine/gifts`."""

    path = "/mine/gifts"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """What was given, and where a code goes."""
        return visit.page("mine/gifts.html", **await _given(visit, cursor))

    @post("/{gift:str}/withdraw")
    async def withdraw(self, visit: NamedDependency[Visit], gift: FromPath[str]) -> Response[str]:
        """Its code opens nothing any more."""
        try:
            await visit.api.post(f"/api/v1/my/gifts/{quote(gift, safe='')}/withdraw")
        except Refused as refused:
            if refused.problem.status in {401, 403, 404}:
                raise
            return visit.again("mine/gifts.html", refused, **await _given(visit, ""))
        return visit.go(PATH, visit.say(WITHDRAWN))

    @get("/of/{maker:str}/{product:str}/{plan:str}")
    async def choose(
        self, visit: NamedDependency[Visit], maker: FromPath[str], product: FromPath[str], plan: FromPath[str]
    ) -> Response[str]:
        """What is given, and who pays."""
        return await _form(visit, await offer_of(visit, maker, product, plan))

    @post("/of/{maker:str}/{product:str}/{plan:str}")
    async def give(
        self, visit: NamedDependency[Visit], maker: FromPath[str], product: FromPath[str], plan: FromPath[str]
    ) -> Response[str]:
        """Make it, once however often the form is sent; its code is shown now and never again."""
        version = visit.value("version")
        body = {
            "maker": maker,
            "product": product,
            "plan": plan,
            "version": int(version) if version.isdecimal() and int(version) else 1,
            "message": visit.value("message"),
            "billing": billing_of(visit),
        }
        headers = {"Idempotency-Key": visit.value("key")} if visit.value("key") else {}
        try:
            made = await visit.api.call("POST", "/api/v1/my/gifts", body=body, headers=headers)
        except Refused as refused:
            return await _form(visit, await offer_of(visit, maker, product, plan), problem=refused.problem)
        return visit.page("mine/given.html", gift=made["gift"], code=made["code"])

    @post("/look")
    async def look(self, visit: NamedDependency[Visit]) -> Response[str]:
        """What a code opens."""
        return await _opened(visit)

    @post("/take")
    async def take(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Have it, for a unit of one's own."""
        body = {"code": visit.value("code"), "unit": visit.value("unit"), "billing": billing_of(visit)}
        try:
            made = await visit.api.post("/api/v1/my/gifts/take", body)
        except Refused as refused:
            if refused.problem.status in {401, 403}:
                raise
            return await _opened(visit, refused.problem)
        return visit.go(f"/console/mine/subscriptions/{made['id']}", visit.say(TAKEN))


async def _given(visit: Visit, cursor: str) -> dict[str, Any]:
    found = await visit.api.get("/api/v1/my/gifts", cursor=cursor, limit=PAGE_SIZE)
    return {"found": found}


async def _form(visit: Visit, offer: Mapping[str, Any], *, problem: Problem | None = None) -> Response[str]:
    return visit.page(
        "mine/give.html",
        status=problem.status if problem else 200,
        problem=problem,
        entered=visit.form,
        offer=offer,
        plan=offer["plan"],
        lines=lines_of(offer["plan"]),
        key=str(uuid.uuid4()),
        asks=await asks_who_pays(visit, offer["maker"], problem),
        countries=countries_of(visit),
    )


async def _opened(visit: Visit, problem: Problem | None = None) -> Response[str]:
    code = visit.value("code")
    try:
        found = await visit.api.post("/api/v1/my/gifts/look", {"code": code})
    except Refused as refused:
        if refused.problem.status in {401, 403}:
            raise
        return visit.again("mine/gifts.html", refused, **await _given(visit, ""))
    return visit.page(
        "mine/take.html",
        status=problem.status if problem else 200,
        problem=problem,
        entered=visit.form,
        gift=found["gift"],
        plan=found["plan"],
        code=code,
        asks=not found["known"],
        names=await names_of(visit, found["units"]),
        units=found["units"],
        countries=countries_of(visit),
    )

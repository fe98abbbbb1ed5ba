"""What I use: an owner's subscriptions, what they come to, what they include."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.lookups import nothing
from monokoto.console.portal_rows import (
    ENDED,
    api_of,
    has_money,
    included,
    lines_of,
    product_of,
    unit_ids_of,
    units_of,
    used,
)
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit
from monokoto.kernel.clock import format_instant

PATH = "/console/mine"
PAGE_SIZE = 12
"""Each is shown with what it comes to so far."""
OFFERS_MAX = 200
SHARED_MAX = 100
"""Units a function can be shared with in the form."""
OVER = mark("It ends with the period that runs.")
CHANGED = mark("The plan is changed.")
SHARED = mark("Both may use it now.")
UNSHARED = mark("It is shared no more.")
LASTING = {
    "": mark("As long as I have it"),
    "12": mark("For 12 hours"),
    "168": mark("For a week"),
}
"""Hours a function is shared for."""
_HOUR = 3_600_000_000


class PortalPagesController(Controller):
    """`/console/mine`."""

    path = "/mine"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """What there is, each with what it comes to so far."""
        found = await visit.api.get("/api/v1/my/subscriptions", cursor=cursor, limit=PAGE_SIZE)
        items = found["items"]
        nexts, plans, units, credit, shares = await asyncio.gather(
            asyncio.gather(*(_next(visit, one) for one in items)),
            asyncio.gather(*(visit.api.part(f"{api_of(one['id'])}/plan") for one in items)),
            asyncio.gather(*(unit_ids_of(visit, one["id"]) for one in items)),
            visit.api.part("/api/v1/my/credit", limit=SHARED_MAX),
            visit.api.part("/api/v1/my/shares", limit=SHARED_MAX),
        )
        shared = shares.value["items"] if shares.value else []
        products = [product_of(one, plan.value) for one, plan in zip(items, plans, strict=True)]
        # Asked together: the same unit may stand in several of them, and be shared besides.
        sharing = (unit for one in shared for unit in (one["unit"], one["with_unit"]))
        names = await names_of(visit, (*(unit for ids in units for unit in ids), *sharing))
        called = [[names[unit] for unit in ids if unit in names] for ids in units]
        return visit.page(
            "mine/list.html",
            rows=list(zip(items, nexts, products, called, strict=True)),
            accounts=[one for one in (credit.value["items"] if credit.value else []) if has_money(one)],
            shares=shared,
            names=names,
            next_cursor=found["next_cursor"],
            cursor=cursor,
        )

    @post("/shares/end")
    async def unshare(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The other unit may use it no more."""
        unit, share = quote(visit.value("unit"), safe=""), quote(visit.value("share"), safe="")
        await visit.api.delete(f"/api/v1/units/{unit}/entitlement-shares/{share}")
        return visit.go(PATH, visit.say(UNSHARED))

    @get("/subscriptions/{subscription:str}")
    async def one(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """What it costs so far, what was used, what is included and left."""
        return visit.page("mine/subscription.html", **await _shown(visit, subscription))

    @get("/subscriptions/{subscription:str}/included")
    async def functions(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """The part of the page about functions: it asks for itself again until everything is open."""
        one = await visit.api.get(api_of(subscription))
        plan, (units, names) = await asyncio.gather(
            visit.api.get(f"{api_of(subscription)}/plan"), units_of(visit, subscription)
        )
        found = await included(visit, one, plan, units)
        return visit.page("mine/included.html", one=one, included=found, names=names, lasting=LASTING)

    @post("/subscriptions/{subscription:str}/end")
    async def end(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """Over with the period that runs."""
        return await _do(visit, subscription, "/end", {}, OVER)

    @post("/subscriptions/{subscription:str}/change")
    async def change(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """Another plan that is offered."""
        plan, _, version = visit.value("plan").partition(" ")
        body = {"plan": plan, "version": int(version) if version.isdecimal() else 1, "at": visit.value("at", "now")}
        return await _do(visit, subscription, "/change", body, CHANGED)

    @post("/subscriptions/{subscription:str}/share")
    async def share(self, visit: NamedDependency[Visit], subscription: FromPath[str]) -> Response[str]:
        """Use a function together with another unit: somebody's of the family."""
        body: dict[str, Any] = {"feature": visit.value("feature"), "with_unit": visit.value("with")}
        hours = visit.value("hours")
        if hours.isdecimal() and hours in LASTING:
            body["until"] = format_instant(visit.formats.now + int(hours) * _HOUR)
        try:
            await visit.api.get(api_of(subscription))
            await visit.api.post(f"/api/v1/units/{visit.value('unit')}/entitlement-shares", body)
        except Refused as refused:
            return await _again(visit, subscription, refused.problem)
        return visit.go(f"{PATH}/subscriptions/{subscription}", visit.say(SHARED))


async def _next(visit: Visit, one: dict[str, Any]) -> Any:
    """What a subscription comes to so far; nothing of one that has ended."""
    if one["status"] == ENDED or not visit.api.offers("/api/v1/my/subscriptions/{subscription}/next-invoice"):
        return await nothing()
    return await visit.api.part(f"{api_of(one['id'])}/next-invoice")


async def _shown(visit: Visit, subscription: str) -> dict[str, Any]:
    one = await visit.api.get(api_of(subscription))
    plan, coming, (units, names), offers = await asyncio.gather(
        visit.api.get(f"{api_of(subscription)}/plan"),
        _next(visit, one),
        units_of(visit, subscription),
        visit.api.part("/api/v1/my/offers", product=one["product"], limit=OFFERS_MAX),
    )
    usage, found = await asyncio.gather(used(visit, one, plan, units), included(visit, one, plan, units))
    others = [
        each
        for each in (offers.value["items"] if offers.value else [])
        if each["maker"] == one["maker"] and each["plan"]["plan"] != one["plan"] and not each["plan"]["lasts_seconds"]
    ]
    own = [unit for each in (offers.value["items"] if offers.value else [])[:1] for unit in each["units"]]
    without = [unit for unit in own if unit not in units][:SHARED_MAX]
    return {
        "one": one,
        "plan": plan,
        "lines": lines_of(plan),
        "coming": coming,
        "usage": usage,
        "included": found,
        "names": names,
        "others": others,
        "own": [(unit, name) for unit, name in (await names_of(visit, without)).items()],
        "lasting": LASTING,
        "shares": visit.may("portal:write") and one["status"] != ENDED,
        "decides": visit.may("portal:write")
        and plan["offered"]
        and not plan["lasts_seconds"]
        and one["status"] != ENDED,
    }


async def _do(visit: Visit, subscription: str, path: str, body: dict[str, Any], said: str) -> Response[str]:
    try:
        await visit.api.post(f"{api_of(subscription)}{path}", body)
    except Refused as refused:
        return await _again(visit, subscription, refused.problem)
    return visit.go(f"{PATH}/subscriptions/{subscription}", visit.say(said))


async def _again(visit: Visit, subscription: str, problem: Problem) -> Response[str]:
    shown = await _shown(visit, subscription)
    return visit.page("mine/subscription.html", status=problem.status, problem=problem, **shown)

"""What a customer has: what their subscriptions include and how much of it is left, what was added; suspending all of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Refused
from monokoto.console.entitlement_form import GIVEN, SOURCES, TAKEN, give, take
from monokoto.console.features import GRANTS_SHOWN, features_of, grants_of, pool_of, used_share
from monokoto.console.languages import mark
from monokoto.console.titles import titles_of_subscriptions
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

SUBSCRIPTIONS_SHOWN = 20
UNITS_LOOKED_AT = 5
"""Of each subscription: enough to say how its quota stands, which its units draw on together."""
SUSPENSIONS_MAX = 1000
SUSPENDED = mark("The customer's features are closed, but for those of safety.")
RESUMED = mark("The customer's features are open again.")


class CustomerEntitlementsController(Controller):
    """`/console/customers/{customer}/entitlements`."""

    path = "/customers/{customer:str}/entitlements"

    @get("/")
    async def entitlements(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """Subscription by subscription, then every grant."""
        return visit.page("entitlements/customer.html", **await _shown(visit, customer))

    @post("/")
    async def change(self, visit: NamedDependency[Visit], customer: FromPath[str]) -> Response[str]:
        """Give, take back, suspend, resume (`do`)."""
        found = await visit.api.get(f"/api/v1/customers/{quote(customer, safe='')}")
        try:
            said = await _do(visit, found["id"])
        except Refused as refused:
            if refused.problem.status == 401:
                raise
            return visit.again("entitlements/customer.html", refused, **await _shown(visit, customer))
        return visit.go(f"/console/customers/{found['id']}/entitlements", visit.say(said))


async def _do(visit: Visit, customer: str) -> str:
    if visit.value("do") == "give":
        product = visit.value("feature").partition("/")[0]
        subscription = visit.value("holder")
        holder = {"subscription": subscription} if subscription else {"customer": customer}
        await give(visit, await features_of(visit, [product] if product else []), holder)
        return GIVEN
    if visit.value("do") == "suspend":
        await visit.api.post(
            "/api/v1/entitlement-suspensions", {"customer": customer, "because": visit.value("because")}
        )
        return SUSPENDED
    if visit.value("do") == "resume":
        await visit.api.delete(f"/api/v1/entitlement-suspensions/{quote(customer, safe='')}")
        return RESUMED
    await take(visit)
    return TAKEN


async def _shown(visit: Visit, customer: str) -> dict[str, Any]:
    found = await visit.api.get(f"/api/v1/customers/{quote(customer, safe='')}")
    asked, suspended = await asyncio.gather(
        visit.api.part("/api/v1/subscriptions", customer=found["id"], limit=SUBSCRIPTIONS_SHOWN),
        visit.api.part("/api/v1/entitlement-suspensions", limit=SUSPENSIONS_MAX),
    )
    items = [one for one in (asked.value["items"] if asked.value else []) if one["status"] != "ended"]
    lists, features, included = await asyncio.gather(
        _lists(visit, found["id"], items),
        features_of(visit, (one["product"] for one in items)),
        asyncio.gather(*(_included(visit, one) for one in items)),
    )
    return {
        "customer": found,
        "asked": asked,
        "subscriptions": list(zip(items, included, strict=True)),
        "grants": grants_of(visit, lists),
        "lists": lists,
        "features": {one.key: one for one in features},
        "titles": await titles_of_subscriptions(visit, items),
        "names": await names_of(visit, {unit for one in included for unit in one["units"]}),
        "suspension": next(
            (one for one in (suspended.value["items"] if suspended.value else []) if one["customer"] == found["id"]),
            None,
        ),
        "share": used_share,
        "sources": SOURCES,
        "key": secrets.token_hex(8),
    }


async def _lists(visit: Visit, customer: str, items: Sequence[Mapping[str, Any]]) -> list[Any]:
    return await asyncio.gather(
        visit.api.part("/api/v1/entitlements", customer=customer, limit=GRANTS_SHOWN),
        *(visit.api.part("/api/v1/entitlements", subscription=one["id"], limit=GRANTS_SHOWN) for one in items),
    )


async def _included(visit: Visit, one: Mapping[str, Any]) -> dict[str, Any]:
    """What its plan includes, and how its quotas stand on the units that draw on them."""
    product, plan = quote(one["product"], safe=""), quote(one["plan"], safe="")
    told, held = await asyncio.gather(
        visit.api.part(f"/api/v1/products/{product}/plans/{plan}", version=one["version"]),
        visit.api.part(f"/api/v1/subscriptions/{one['id']}/units", limit=UNITS_LOOKED_AT),
    )
    units = [each["unit"] for each in held.value["items"]] if held.value else []
    parts = await asyncio.gather(*(visit.api.part(f"/api/v1/units/{unit}/entitlements") for unit in units))
    mine = ("subscription", one["id"])
    quotas = {
        verdict["feature"]: verdict
        for part in parts
        for verdict in part.value or ()
        if verdict["kind"] == "metered" and pool_of(verdict["source"]) == mine
    }
    includes = told.value["plan"].get("includes") or {} if told.value else {}
    return {"includes": includes, "quotas": quotas, "units": units, "problem": told.problem}

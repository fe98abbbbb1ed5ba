"""Features of products: what each opens, which plans include it, and who has it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.api import NotThere, Problem, Refused
from monokoto.console.entitlement_form import TAKEN, take
from monokoto.console.features import GRANTS_SHOWN, FeatureView, features_of, grants_of
from monokoto.console.lookups import nothing, products
from monokoto.console.routes.invoices import customer_names
from monokoto.console.rule_text import worded
from monokoto.console.titles import titles_of
from monokoto.console.unit_names import names_of
from monokoto.console.visit import Visit

METERS_MAX = 200
PLANS_MAX = 200
PLANS_LOOKED_AT = 20
SUBSCRIPTIONS_SHOWN = 20
"""Of each plan that includes a feature."""
THRESHOLDS_SHOWN = 20


class FeaturePagesController(Controller):
    """`/console/features`."""

    path = "/features"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], product: FromQuery[str] = "") -> Response[str]:
        """Of all products, or of one."""
        known = await products(visit)
        features, titles = await asyncio.gather(
            features_of(visit, [product] if product else known), titles_of(visit, products=known)
        )
        return visit.page(
            "entitlements/features.html", features=features, products=known, product=product, titles=titles
        )

    @get("/{product:str}/{feature:str}")
    async def one(
        self,
        visit: NamedDependency[Visit],
        product: FromPath[str],
        feature: FromPath[str],
        cursor: FromQuery[str] = "",
    ) -> Response[str]:
        """Who has it: by their plan, and by what was given."""
        return visit.page("entitlements/feature.html", **await _shown(visit, product, feature, cursor))

    @post("/{product:str}/{feature:str}")
    async def change(
        self, visit: NamedDependency[Visit], product: FromPath[str], feature: FromPath[str]
    ) -> Response[str]:
        """Take one back."""
        found = await _feature(visit, product, feature)
        try:
            await take(visit)
        except Refused as refused:
            if refused.problem.status == 401:
                raise
            return visit.again("entitlements/feature.html", refused, **await _shown(visit, product, feature, ""))
        return visit.go(found.href, visit.say(TAKEN))


async def _feature(visit: Visit, product: str, feature: str) -> FeatureView:
    found = next((one for one in await features_of(visit, [product]) if one.name == feature), None)
    if found is None:
        raise NotThere(Problem(status=404, code="not-found"))
    return found


async def _counted(visit: Visit, feature: FeatureView) -> str:
    """What people call the meter a quota is of."""
    if not feature.meter:
        return ""
    part = await visit.api.part("/api/v1/meters", product=feature.product, limit=METERS_MAX)
    titles = {one["meter"]: one["title"] for one in part.value["items"]} if part.value else {}
    return worded(titles.get(f"{feature.product}/{feature.meter}"), visit.formats.language, feature.meter)


async def _shown(visit: Visit, product: str, feature: str, cursor: str) -> dict[str, Any]:
    found = await _feature(visit, product, feature)
    listed, plans, reached = await asyncio.gather(
        visit.api.part("/api/v1/entitlements", product=product, feature=feature, limit=GRANTS_SHOWN, cursor=cursor),
        visit.api.part("/api/v1/plans", product=product, limit=PLANS_MAX),
        visit.api.part("/api/v1/entitlement-thresholds", product=product, feature=feature, limit=THRESHOLDS_SHOWN)
        if found.kind == "metered"
        else nothing(),
    )
    known = sorted(plans.value["items"] if plans.value else [], key=lambda one: not _includes(one, feature))
    including = [one for one in known if _includes(one, feature)]
    holders = await asyncio.gather(*(_holders(visit, one, feature) for one in known[:PLANS_LOOKED_AT]))
    grants = grants_of(visit, [listed])
    told = reached.value["items"] if reached.value else []
    titles = await titles_of(visit, products=[product], plans=[(product, one["name"]) for one in known])
    subscribed = [one for held in holders for one in held.items]
    customers = {one["customer"] for one in subscribed}
    customers |= {one.told["holder_id"] for one in grants if one.told["holder"] == "customer"}
    units = {one.told["holder_id"] for one in grants if one.told["holder"] == "unit"} | {one["unit"] for one in told}
    return {
        "feature": found,
        "listed": listed,
        "grants": grants,
        "plans": including,
        "counted": await _counted(visit, found),
        "by_plan": list(zip(known, holders, strict=False)),
        "reached": reached,
        "thresholds": told,
        "buyers": await customer_names(visit, sorted(customers)),
        "names": await names_of(visit, sorted(units)),
        "titles": titles,
        "features": {found.name: found, found.key: found},
        "subscribed": {one["id"]: titles.plan(one["product"], one["plan"]) for one in subscribed},
    }


def _includes(plan: Mapping[str, Any], feature: str) -> bool:
    return (plan["plan"].get("includes") or {}).get(feature, False) is not False


@dataclass(frozen=True, slots=True)
class Holders:
    """Who has a feature by a plan."""

    items: Sequence[Mapping[str, Any]] = ()
    """Subscriptions that are not over and whose own version of the plan includes it."""
    more: bool = False
    """Whether the plan has more subscriptions than were looked at."""
    problem: Problem | None = None


async def _holders(visit: Visit, plan: Mapping[str, Any], feature: str) -> Holders:
    """A subscription has what its own version includes, whatever newer ones do."""
    product, name = plan["product"], plan["name"]
    found = await visit.api.part("/api/v1/subscriptions", product=product, plan=name, limit=SUBSCRIPTIONS_SHOWN)
    if not found.value:
        return Holders(problem=found.problem)
    going = [one for one in found.value["items"] if one["status"] != "ended"]
    others = sorted({one["version"] for one in going} - {plan["version"]})
    path = f"/api/v1/products/{quote(product, safe='')}/plans/{quote(name, safe='')}"
    older = await asyncio.gather(*(visit.api.part(path, version=version) for version in others))
    including = {plan["version"]} if _includes(plan, feature) else set()
    including |= {
        version for version, part in zip(others, older, strict=True) if part.value and _includes(part.value, feature)
    }
    return Holders([one for one in going if one["version"] in including], bool(found.value["next_cursor"]))

"""What a unit may use and why: its features, what is left of its quotas, what was given; giving and taking back."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from monokoto.console.api import Part, Refused
from monokoto.console.entitlement_form import GIVEN, SOURCES, TAKEN, give, take
from monokoto.console.features import GRANTS_SHOWN, features_of, grants_of, pool_of, used_share
from monokoto.console.lookups import nothing
from monokoto.console.titles import titles_of_subscriptions
from monokoto.console.unit_frame import UnitFrame, load, show
from monokoto.console.visit import Visit


class UnitEntitlementPagesController(Controller):
    """`/console/units/{unit}/entitlements`."""

    path = "/units/{unit:str}/entitlements"

    @get("/")
    async def entitlements(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Feature by feature, then every grant."""
        return await _show(visit, await load(visit, unit, "entitlements"))

    @post("/")
    async def change(self, visit: NamedDependency[Visit], unit: FromPath[str]) -> Response[str]:
        """Give something to it, or take it back (`do`)."""
        frame = await load(visit, unit, "entitlements")
        try:
            if visit.value("do") == "give":
                features = await features_of(visit, [frame.unit["product"]], frame.unit["version"])
                await give(visit, features, {"unit": frame.id})
                said = GIVEN
            else:
                await take(visit)
                said = TAKEN
        except Refused as refused:
            if refused.problem.status == 401:
                raise
            return await _show(visit, frame, refused)
        return visit.go(frame.href("entitlements"), visit.say(said))


async def _show(visit: Visit, frame: UnitFrame, refused: Refused | None = None) -> Response[str]:
    judged, features, named = await asyncio.gather(
        visit.api.part(f"{frame.api}/entitlements"),
        features_of(visit, [frame.unit["product"]], frame.unit["version"]),
        visit.api.part("/api/v1/subscriptions", unit=frame.id, limit=GRANTS_SHOWN),
    )
    verdicts: Sequence[Mapping[str, Any]] = judged.value or ()
    lists = await _lists(visit, frame, verdicts)
    subscriptions = named.value["items"] if named.value else []
    problem = refused.problem if refused else None
    return show(
        visit, frame, judged=judged, verdicts=verdicts, features={one.name: one for one in features},
        grants=grants_of(visit, lists), lists=lists, subscriptions=subscriptions,
        titles=await titles_of_subscriptions(visit, subscriptions), share=used_share, pool=pool_of, sources=SOURCES,
        key=secrets.token_hex(8), problem=problem, entered=visit.form if problem else {},
        status=problem.status if problem else 200,
    )  # fmt: skip


async def _lists(visit: Visit, frame: UnitFrame, verdicts: Sequence[Mapping[str, Any]]) -> list[Part]:
    """What the unit was given by itself, and what was added to the quotas it draws on."""
    pools = dict.fromkeys(pool_of(one["source"]) for one in verdicts if one["kind"] == "metered")
    others = [(kind, one) for kind, one in pools if kind in {"subscription", "customer"}]
    return await asyncio.gather(
        visit.api.part("/api/v1/entitlements", unit=frame.id, limit=GRANTS_SHOWN),
        *(visit.api.part("/api/v1/entitlements", **{kind: one}, limit=GRANTS_SHOWN) for kind, one in others),
        nothing(),
    )

"""What a unit may do, over HTTP: for its maker, its owner and whoever uses it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from monokoto.earn.entitlements.checking import feature_named
from monokoto.earn.entitlements.entitlement import Source
from monokoto.earn.entitlements.json import (
    EntitlementJson,
    EntitlementTokenJson,
    ShareFeatureRequest,
    VerdictJson,
    entitlement_to_json,
    token_to_json,
    verdict_to_json,
)
from monokoto.earn.entitlements.reading import instant_of
from monokoto.earn.entitlements.service import Entitlements
from monokoto.earn.entitlements.tokens import Tokens
from monokoto.kernel.errors import Forbidden, NotFound
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.web import Caller, Gate, Reach, Scope, Side, problem_responses, requires

_READ = [requires(Scope.UNITS_READ)]
At = Annotated[str | None, QueryParameter(description="An instant (RFC 3339) instead of now")]


class UnitEntitlementsController(Controller):
    """`/api/v1/units/{unit}/entitlements`, its token, its shares."""

    path = "/api/v1/units/{unit:str}"
    tags = ("Entitlements",)

    @get(
        "/entitlements",
        operation_id="listUnitEntitlements",
        guards=_READ,
        responses=problem_responses(404),
        summary="Say what a unit may use",
    )
    async def of_unit(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        entitlements: NamedDependency[Entitlements],
        unit: FromPath[str],
    ) -> list[VerdictJson]:
        """Every feature of its product, and why the unit may or may not use it now."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        judged = await asyncio.to_thread(entitlements.all_of, reach.organisation_id, reach.unit_id)
        return [verdict_to_json(feature, verdict) for feature, verdict in judged]

    @get(
        "/entitlements/{feature:str}",
        operation_id="getUnitEntitlement",
        guards=_READ,
        responses=problem_responses(403, 404),
        summary="Say whether a unit may use a feature",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        entitlements: NamedDependency[Entitlements],
        unit: FromPath[str],
        feature: FromPath[str],
        at: At = None,
    ) -> VerdictJson:
        """Now, or at an instant of the asker's own times."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        when = None if at is None else instant_of("at", at)
        if when is not None and not reach.holds(when):
            raise Forbidden("What the unit could do then is not yours to see.")

        def asked() -> VerdictJson:
            verdict = entitlements.may(reach.organisation_id, reach.unit_id, feature, when)
            identity, features = entitlements.features(reach.organisation_id, reach.unit_id)
            return verdict_to_json(feature_named(features, identity.product, feature), verdict)

        return await asyncio.to_thread(asked)

    @get(
        "/entitlement-token",
        operation_id="getEntitlementToken",
        guards=[requires(Scope.CONTROL_READ)],
        responses=problem_responses(403, 404),
        summary="Get what a unit shows itself while it is away",
    )
    async def token(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        entitlements: NamedDependency[Entitlements],
        entitlement_tokens: NamedDependency[Tokens],
        unit: FromPath[str],
    ) -> EntitlementTokenJson:
        """The unit's token as it is now: signed, for this unit alone, with an end. Units that are connected find it on
        `koto/v1/entitlements`."""
        reach = gate.unit(caller, _unit(unit)).must_be_present().must_control()

        def made() -> EntitlementTokenJson:
            identity, _ = entitlements.features(reach.organisation_id, reach.unit_id)
            found = entitlement_tokens.kept_up(identity, entitlements.standing_ahead(identity))
            if found is None:
                raise NotFound("The unit has no feature, and never had one: there is nothing to sign.")
            return token_to_json(found)

        return await asyncio.to_thread(made)

    @post(
        "/entitlement-shares",
        operation_id="shareFeature",
        guards=[requires(Scope.PORTAL_WRITE)],
        responses=problem_responses(404, 409),
        summary="Use a feature together with another unit",
    )
    async def share(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        entitlements: NamedDependency[Entitlements],
        unit: FromPath[str],
        data: JSONBody[ShareFeatureRequest],
    ) -> EntitlementJson:
        """As long as this unit has it; a metered one is used up together. Both must be the asker's to control."""
        reach = _owned(gate, caller, unit)
        other = gate.unit(caller, _unit(data.with_unit)).must_control()
        if other.organisation_id != reach.organisation_id:
            raise NotFound(f"There is no unit {data.with_unit[:13]} of the same maker.")
        made = await asyncio.to_thread(
            entitlements.share,
            reach.organisation_id,
            reach.unit_id,
            data.feature,
            other.unit_id,
            until=None if data.until is None else instant_of("until", data.until),
            by=caller.actor_id,
        )
        return entitlement_to_json(made)

    @delete(
        "/entitlement-shares/{share:str}",
        operation_id="endFeatureShare",
        guards=[requires(Scope.PORTAL_WRITE)],
        status_code=200,
        responses=problem_responses(404),
        summary="Share a feature no longer",
    )
    async def unshare(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        entitlements: NamedDependency[Entitlements],
        unit: FromPath[str],
        share: FromPath[str],
    ) -> EntitlementJson:
        """At once; by whoever owns the unit that has it."""
        reach = _owned(gate, caller, unit)
        share_id = parse_id(share, what="share")

        def ended() -> EntitlementJson:
            one = entitlements.get(reach.organisation_id, share_id)
            if one.source is not Source.SHARED or one.origin is None or one.origin.id != reach.unit_id:
                raise NotFound(f"There is no such share of the unit {format_id(reach.unit_id)}.")
            return entitlement_to_json(entitlements.take(reach.organisation_id, share_id))

        return await asyncio.to_thread(ended)


def _unit(text: str) -> UnitId:
    return UnitId(parse_id(text, what="unit id"))


def _owned(gate: Gate, caller: Caller, unit: str) -> Reach:
    """The unit, for its owner alone."""
    reach = gate.unit(caller, _unit(unit))
    if reach.side is not Side.OWNER or not reach.control:
        raise NotFound(f"There is no unit {unit[:13]} of yours.")
    return reach

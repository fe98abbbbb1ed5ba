"""What owners see and decide about plans, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from monokoto.earn.portal.billing_routes import MyBillingController
from monokoto.earn.portal.documents import (
    BuyRequest,
    ChangeMySubscriptionRequest,
    EndMySubscriptionRequest,
    MyPlanJson,
    PlanOfferJson,
    choice_of,
)
from monokoto.earn.portal.gift_routes import GiftsController, held_by
from monokoto.earn.portal.own_routes import OwnController
from monokoto.earn.portal.portal import Portal
from monokoto.earn.subscriptions import (
    MySubscriptionJson,
    MySubscriptionsController,
    SubscribedUnitJson,
    Subscription,
    span_to_json,
    subscriptions_changed,
)
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.PORTAL_READ)]
_WRITE = [requires(Scope.PORTAL_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class OffersController(Controller):
    """`/api/v1/my/offers`."""

    path = "/api/v1/my/offers"
    tags = ("Portal",)

    @get("", operation_id="listMyOffers", guards=_READ, responses=problem_responses(), summary="What we may buy")
    async def offers(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        product: Annotated[str, QueryParameter(description="Only for this product", max_length=64)] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[PlanOfferJson]:
        """Plans makers offer to whoever owns a unit of the product, by maker, product and name."""
        after = decode_cursor(cursor, str, str, str) if cursor else ("", "", "")
        held = held_by(gate, caller)

        def found() -> Page[PlanOfferJson]:
            told = [one for one in portal.offers(caller.organisation_id, held, product) if _key(one) > after]
            return page_of(told[: limit + 1], limit, _key, lambda one: one)

        return await asyncio.to_thread(found)


class PurchasesController(MySubscriptionsController):
    """`/api/v1/my/subscriptions`: what customers see, and what they decide."""

    @post(
        "",
        operation_id="startMySubscription",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Buy what is offered",
    )
    async def buy(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        facts: NamedDependency[SkipValidation[Facts]],
        data: JSONBody[BuyRequest],
    ) -> Response[MySubscriptionJson]:
        """From now on; what it includes opens on the units within a second. Send an `Idempotency-Key`: asked again it is bought
        once. 409 where you have it already, or the offer has changed since you saw it."""
        choice, held = choice_of(data), held_by(gate, caller)
        made = await asyncio.to_thread(portal.buy, caller.organisation_id, choice, held, actor_id=caller.actor_id)
        shown = await _told(made, portal, facts)
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/my/subscriptions/{shown.id}"})

    @post(
        "/{subscription:str}/change",
        operation_id="changeMySubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Change to another offer",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[ChangeMySubscriptionRequest],
    ) -> MySubscriptionJson:
        """Another plan that is offered for the same product. 409 where the subscription was agreed with the maker."""
        held = held_by(gate, caller)
        changed = await asyncio.to_thread(
            portal.change,
            caller.organisation_id,
            _id(subscription),
            held,
            plan=data.plan,
            version=data.version,
            at=data.at,
            actor_id=caller.actor_id,
        )
        return await _told(changed, portal, facts)

    @post(
        "/{subscription:str}/end",
        operation_id="endMySubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="End one of ours",
    )
    async def end(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[EndMySubscriptionRequest],
    ) -> MySubscriptionJson:
        """With the period that runs. 409 where it was agreed with the maker, or ends by itself."""
        ended = await asyncio.to_thread(
            portal.end, caller.organisation_id, _id(subscription), because=data.because, actor_id=caller.actor_id
        )
        return await _told(ended, portal, facts)

    @get(
        "/{subscription:str}/plan",
        operation_id="getMyPlan",
        guards=_READ,
        responses=problem_responses(404),
        summary="What one of ours costs and includes",
    )
    async def plan(
        self, caller: NamedDependency[Caller], portal: NamedDependency[Portal], subscription: FromPath[str]
    ) -> MyPlanJson:
        """The version that holds now."""
        return await asyncio.to_thread(portal.plan, caller.organisation_id, _id(subscription))

    @get(
        "/{subscription:str}/units",
        operation_id="listMySubscribedUnits",
        guards=_READ,
        responses=problem_responses(404),
        summary="Which units one of ours is for",
    )
    async def units(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        subscription: FromPath[str],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SubscribedUnitJson]:
        """In the period that runs, each with when it is in it; by id."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(portal.units, caller.organisation_id, _id(subscription))
        some = [(unit_id, spans) for unit_id, spans in found.items() if unit_id > after][: limit + 1]
        return page_of(
            some,
            limit,
            lambda one: one[0],
            lambda one: SubscribedUnitJson(format_id(one[0]), [span_to_json(span) for span in one[1]]),
        )


async def _told(one: Subscription, portal: Portal, facts: Facts) -> MySubscriptionJson:
    await facts.tell(subscriptions_changed(one))
    return await asyncio.to_thread(portal.shown, one)


def _key(one: PlanOfferJson) -> tuple[str, str, str]:
    return one.maker, one.plan.product, one.plan.plan


def _id(text: str) -> int:
    return parse_id(text, what="subscription id")


CONTROLLERS = (OffersController, PurchasesController, GiftsController, OwnController, MyBillingController)
"""What `api` mounts."""

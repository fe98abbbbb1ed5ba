"""Subscriptions over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from monokoto.earn.calendar import Span
from monokoto.earn.plans import Plans
from monokoto.earn.subscriptions.documents import (
    ChangeSubscriptionRequest,
    ChangeUnitsRequest,
    CouponRequest,
    EndSubscriptionRequest,
    MovedSubscriptionsJson,
    MoveSubscriptionsRequest,
    StartSubscriptionRequest,
    SubscribedUnitJson,
    SubscriptionEventJson,
    SubscriptionJson,
    SuspendSubscriptionRequest,
    coupon_from_json,
    event_to_json,
    ids_of,
    instant_of,
    moved_to_json,
    new_from_json,
    span_to_json,
    subscription_to_json,
    when_of,
)
from monokoto.earn.subscriptions.facts import subscriptions_changed
from monokoto.earn.subscriptions.moving import move_all
from monokoto.earn.subscriptions.service import Subscriptions
from monokoto.earn.subscriptions.store import Wanted
from monokoto.earn.subscriptions.subscription import Status, Subscription
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class SubscriptionsController(Controller):
    """`/api/v1/subscriptions`: those a maker sold."""

    path = "/api/v1/subscriptions"
    tags = ("Subscriptions",)

    @get(
        "", operation_id="listSubscriptions", guards=_READ, responses=problem_responses(), summary="List subscriptions"
    )
    async def list_subscriptions(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        customer: Annotated[str, QueryParameter(description="Of the customer with this id")] = "",
        product: Annotated[str, QueryParameter(description="Only to this product")] = "",
        plan: Annotated[str, QueryParameter(description="Whose last phase is this plan")] = "",
        version: Annotated[int, QueryParameter(ge=0, description="And this version of it")] = 0,
        unit: Annotated[str, QueryParameter(description="That name the unit with this id")] = "",
        in_status: Annotated[
            Status | None, QueryParameter(name="status", description="Only where it stands so")
        ] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SubscriptionJson]:
        """In the order they were made."""
        wanted = Wanted(
            customer_id=parse_id(customer, what="customer id") if customer else 0,
            product=product,
            plan=plan,
            version=version,
            unit_id=parse_id(unit, what="unit id") if unit else 0,
            status=in_status,
        )
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(
            subscriptions.list, caller.organisation_id, wanted, after=after, limit=limit + 1
        )
        now = subscriptions.now()
        return page_of(found, limit, lambda one: one.id, lambda one: subscription_to_json(one, now))

    @post(
        "",
        operation_id="startSubscription",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Start a subscription",
    )
    async def start(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        data: JSONBody[StartSubscriptionRequest],
    ) -> Response[SubscriptionJson]:
        """By the newest version of a plan, or by another one. 409 where the customer subscribed to the same already."""
        made = await asyncio.to_thread(
            subscriptions.start, caller.organisation_id, new_from_json(data), actor_id=caller.actor_id
        )
        shown = await _told(made, subscriptions, facts)
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/subscriptions/{shown.id}"})

    @post(
        "/move",
        operation_id="moveSubscriptions",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 413),
        summary="Move all who subscribed to another version",
    )
    async def move(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        plans: NamedDependency[Plans],
        facts: NamedDependency[SkipValidation[Facts]],
        data: JSONBody[MoveSubscriptionsRequest],
    ) -> MovedSubscriptionsJson:
        """Each from its first period on that begins when the notice its own version gives is over. Asked again, nobody is
        moved twice."""
        moved = await asyncio.to_thread(
            move_all,
            subscriptions,
            plans,
            caller.organisation_id,
            product=data.product,
            plan=data.plan,
            version=data.version,
            from_version=data.from_version,
            preview=data.preview,
            actor_id=caller.actor_id,
        )
        for one in () if data.preview else moved.moved:
            await facts.tell(subscriptions_changed(one))
        return moved_to_json(moved)

    @get(
        "/{subscription:str}",
        operation_id="getSubscription",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a subscription",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        subscription: FromPath[str],
    ) -> SubscriptionJson:
        """With all its phases, those to come too."""
        found = await asyncio.to_thread(subscriptions.get, caller.organisation_id, _id(subscription))
        return subscription_to_json(found, subscriptions.now())

    @get(
        "/{subscription:str}/events",
        operation_id="listSubscriptionEvents",
        guards=_READ,
        responses=problem_responses(404),
        summary="What was decided about a subscription",
    )
    async def events(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        subscription: FromPath[str],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SubscriptionEventJson]:
        """The oldest first; none is ever changed."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(
            subscriptions.events, caller.organisation_id, _id(subscription), after=after, limit=limit + 1
        )
        return page_of(found, limit, lambda one: one.id, event_to_json)

    @get(
        "/{subscription:str}/units",
        operation_id="listSubscribedUnits",
        guards=_READ,
        responses=problem_responses(404),
        summary="Which units it was for, and when",
    )
    async def units(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        subscription: FromPath[str],
        begins_at: Annotated[str, QueryParameter(name="from", description="Left out: the present alone")] = "",
        ends_at: Annotated[str, QueryParameter(name="to", description="Left out: until now")] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SubscribedUnitJson]:
        """By id. A unit that changed hands in the time is there with its part of it."""
        now = subscriptions.now()
        end = instant_of(ends_at, "to") if ends_at else now + 1
        start = instant_of(begins_at, "from") if begins_at else end - 1
        if start >= end:
            raise Invalid("No time lies between them.", faults=[Fault(place="to", reason="is not after `from`")])
        found = await asyncio.to_thread(subscriptions.get, caller.organisation_id, _id(subscription))
        held = await asyncio.to_thread(subscriptions.units, found, Span(start, end))
        after = decode_cursor(cursor, int)[0] if cursor else 0
        some = [(unit_id, spans) for unit_id, spans in held.items() if unit_id > after][: limit + 1]
        return page_of(
            some,
            limit,
            lambda one: one[0],
            lambda one: SubscribedUnitJson(format_id(one[0]), [span_to_json(span) for span in one[1]]),
        )

    @post(
        "/{subscription:str}/units",
        operation_id="changeSubscribedUnits",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Change the named units",
    )
    async def change_units(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[ChangeUnitsRequest],
    ) -> SubscriptionJson:
        """From now on; until now it stays for those it was for."""
        changed = await asyncio.to_thread(
            subscriptions.change_units,
            caller.organisation_id,
            _id(subscription),
            add=ids_of(data.add),
            remove=ids_of(data.remove),
            actor_id=caller.actor_id,
        )
        return await _told(changed, subscriptions, facts)

    @post(
        "/{subscription:str}/change",
        operation_id="changeSubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Change the plan",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[ChangeSubscriptionRequest],
    ) -> SubscriptionJson:
        """Another plan, or another version of its own. 409 where the notice of a price is not kept and nobody agreed."""
        changed = await asyncio.to_thread(
            subscriptions.change,
            caller.organisation_id,
            _id(subscription),
            plan=data.plan,
            version=data.version,
            at=when_of(data.at),
            agreed=data.agreed,
            actor_id=caller.actor_id,
        )
        return await _told(changed, subscriptions, facts)

    @post(
        "/{subscription:str}/end",
        operation_id="endSubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="End a subscription",
    )
    async def end(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[EndSubscriptionRequest],
    ) -> SubscriptionJson:
        """By default with the period that runs."""
        ended = await asyncio.to_thread(
            subscriptions.end,
            caller.organisation_id,
            _id(subscription),
            at=when_of(data.at),
            because=data.because,
            actor_id=caller.actor_id,
        )
        return await _told(ended, subscriptions, facts)

    @post(
        "/{subscription:str}/withdraw",
        operation_id="withdrawSubscriptionChange",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Withdraw what is planned",
    )
    async def withdraw(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
    ) -> SubscriptionJson:
        """Changes and an end that are still to come do not happen."""
        kept = await asyncio.to_thread(
            subscriptions.withdraw, caller.organisation_id, _id(subscription), actor_id=caller.actor_id
        )
        return await _told(kept, subscriptions, facts)

    @post(
        "/{subscription:str}/suspend",
        operation_id="suspendSubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Suspend a subscription",
    )
    async def suspend(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[SuspendSubscriptionRequest],
    ) -> SubscriptionJson:
        """From now on, until it is resumed."""
        paused = await asyncio.to_thread(
            subscriptions.suspend,
            caller.organisation_id,
            _id(subscription),
            because=data.because,
            actor_id=caller.actor_id,
        )
        return await _told(paused, subscriptions, facts)

    @post(
        "/{subscription:str}/resume",
        operation_id="resumeSubscription",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Resume a subscription",
    )
    async def resume(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
    ) -> SubscriptionJson:
        """From now on."""
        resumed = await asyncio.to_thread(
            subscriptions.resume, caller.organisation_id, _id(subscription), actor_id=caller.actor_id
        )
        return await _told(resumed, subscriptions, facts)

    @post(
        "/{subscription:str}/coupons",
        operation_id="giveCoupon",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Give a coupon",
    )
    async def give_coupon(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        facts: NamedDependency[SkipValidation[Facts]],
        subscription: FromPath[str],
        data: JSONBody[CouponRequest],
    ) -> SubscriptionJson:
        """From now on, for a number of periods or for ever."""
        changed = await asyncio.to_thread(
            subscriptions.give_coupon,
            caller.organisation_id,
            _id(subscription),
            coupon_from_json(data),
            actor_id=caller.actor_id,
        )
        return await _told(changed, subscriptions, facts)


async def _told(one: Subscription, subscriptions: Subscriptions, facts: Facts) -> SubscriptionJson:
    await facts.tell(subscriptions_changed(one))
    return subscription_to_json(one, subscriptions.now())


def _id(text: str) -> int:
    return parse_id(text, what="subscription id")

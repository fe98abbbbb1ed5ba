"""What a customer sees of its own subscriptions, of whichever maker."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Meta

from monokoto.earn.plans import Plans, titled
from monokoto.earn.subscriptions.documents import SpanJson, SubscriptionJson, subscription_to_json
from monokoto.earn.subscriptions.service import Subscriptions
from monokoto.earn.subscriptions.subscription import Status, Subscription
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.PORTAL_READ)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class MyPhaseJson(msgspec.Struct, frozen=True):
    """What holds from an instant on."""

    begins_at: str
    plan: str
    version: int
    title: Annotated[dict[str, str], Meta(description="Of the plan, by language")]


class MySubscriptionJson(msgspec.Struct, frozen=True):
    """A subscription as its customer sees it."""

    id: str
    maker: Annotated[str, Meta(description="Id of the organisation that sells it")]
    product: str
    title: str
    plan: str
    version: int
    status: Status
    units: Annotated[str | list[str], Meta(description="owned, fleet, or ids of units")]
    currency: str
    starts_at: str
    trial_until: str | None
    ends_at: str | None
    period: SpanJson | None
    phases: Annotated[list[MyPhaseJson], Meta(description="Those to come too: a change of price is told here")]


class MySubscriptionsController(Controller):
    """`/api/v1/my/subscriptions`."""

    path = "/api/v1/my/subscriptions"
    tags = ("Portal",)

    @get(
        "",
        operation_id="listMySubscriptions",
        guards=_READ,
        responses=problem_responses(),
        summary="What we subscribe to",
    )
    async def mine(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        plans: NamedDependency[Plans],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MySubscriptionJson]:
        """The caller's organisation as a customer, of all makers; in the order they were made."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        now = subscriptions.now()

        def found() -> Page[MySubscriptionJson]:
            rows = subscriptions.of_buyer(caller.organisation_id, after=after, limit=limit + 1)
            return page_of(rows, limit, lambda one: one.id, lambda one: my_subscription_to_json(one, plans, now))

        return await asyncio.to_thread(found)

    @get(
        "/{subscription:str}",
        operation_id="getMySubscription",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at one of ours",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        subscriptions: NamedDependency[Subscriptions],
        plans: NamedDependency[Plans],
        subscription: FromPath[str],
    ) -> MySubscriptionJson:
        """With what is to come."""
        subscription_id = parse_id(subscription, what="subscription id")
        now = subscriptions.now()

        def found() -> MySubscriptionJson:
            return my_subscription_to_json(
                subscriptions.one_of_buyer(caller.organisation_id, subscription_id), plans, now
            )

        return await asyncio.to_thread(found)


def my_subscription_to_json(one: Subscription, plans: Plans, now: int) -> MySubscriptionJson:
    """As its customer sees it."""
    whole: SubscriptionJson = subscription_to_json(one, now)
    titles = {
        (each.plan, each.version): plans.get(one.organisation_id, one.product, each.plan, each.version).title
        for each in one.phases
    }
    return MySubscriptionJson(
        id=whole.id,
        maker=format_id(one.organisation_id),
        product=whole.product,
        title=titled(titles[whole.plan, whole.version]) or whole.plan,
        plan=whole.plan,
        version=whole.version,
        status=whole.status,
        units=whole.units,
        currency=whole.currency,
        starts_at=whole.starts_at,
        trial_until=whole.trial_until,
        ends_at=whole.ends_at,
        period=whole.period,
        phases=[
            MyPhaseJson(each.begins_at, each.plan, each.version, dict(titles[each.plan, each.version]))
            for each in whole.phases
        ],
    )

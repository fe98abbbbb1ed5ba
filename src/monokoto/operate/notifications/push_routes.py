"""A person's browsers over HTTP: what the console's page asks when somebody wants to be told in their browser."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Controller, Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from monokoto.kernel.errors import Forbidden
from monokoto.kernel.ids import PersonId, format_id, parse_id
from monokoto.operate.notifications.json import (
    PushKeyJson,
    PushSubscriptionJson,
    SubscribeRequest,
    subscription_to_json,
)
from monokoto.operate.notifications.subscriptions import PushSubscriptions
from monokoto.web import Caller, Page, problem_responses


def _person(caller: Caller) -> PersonId:
    if caller.person_id is None:
        raise Forbidden("A key has no browser.", remedy="Sign in as a person.")
    return caller.person_id


class PushSubscriptionsController(Controller):
    """`/api/v1/push-subscriptions`: the caller's own, in the organisation they act in."""

    path = "/api/v1/push-subscriptions"
    tags = ("Notifications",)

    @get("/key", operation_id="getPushKey", responses=problem_responses(), summary="The key a browser subscribes with")
    async def key(self, push_subscriptions: NamedDependency[PushSubscriptions]) -> PushKeyJson:
        """The same for everybody, and for ever."""
        return PushKeyJson(await asyncio.to_thread(push_subscriptions.public_key))

    @get("", operation_id="listPushSubscriptions", responses=problem_responses(), summary="List your browsers")
    async def found(
        self, caller: NamedDependency[Caller], push_subscriptions: NamedDependency[PushSubscriptions]
    ) -> Page[PushSubscriptionJson]:
        """Those that are told, the newest first."""
        found = await asyncio.to_thread(push_subscriptions.list, caller.organisation_id, _person(caller))
        return Page(items=[subscription_to_json(one) for one in found])

    @post("", operation_id="createPushSubscription", responses=problem_responses(), summary="Tell this browser")
    async def subscribe(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        push_subscriptions: NamedDependency[PushSubscriptions],
        data: JSONBody[SubscribeRequest],
    ) -> Response[PushSubscriptionJson]:
        """A receiver of the kind `person` that is you, or one of the kind `push`, tells it. The same browser given again is
        one, and somebody else's subscription of it ends."""
        made = await asyncio.to_thread(
            push_subscriptions.subscribe,
            caller.organisation_id,
            _person(caller),
            endpoint=data.endpoint,
            p256dh=data.keys.p256dh,
            auth=data.keys.auth,
            agent=request.headers.get("user-agent", ""),
        )
        headers = {"Location": f"/api/v1/push-subscriptions/{format_id(made.id)}"}
        return Response(subscription_to_json(made), status_code=201, headers=headers)

    @delete(
        "/{subscription:str}",
        operation_id="deletePushSubscription",
        status_code=204,
        responses=problem_responses(404),
        summary="Tell a browser no more",
    )
    async def unsubscribe(
        self,
        caller: NamedDependency[Caller],
        push_subscriptions: NamedDependency[PushSubscriptions],
        subscription: FromPath[str],
    ) -> None:
        """One of your own."""
        wanted = parse_id(subscription, what="push subscription id")
        await asyncio.to_thread(push_subscriptions.unsubscribe, caller.organisation_id, _person(caller), wanted)

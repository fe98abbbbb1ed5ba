"""Entitlements over HTTP, for whoever sells: given, taken back, handed on; customers suspended; the keys that sign."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.earn.entitlements.entitlement import Holder
from monokoto.earn.entitlements.json import (
    EntitlementJson,
    GiveRequest,
    HandOnRequest,
    SigningKeysJson,
    SuspendRequest,
    SuspensionJson,
    entitlement_to_json,
    suspension_to_json,
)
from monokoto.earn.entitlements.reading import gift_of, held_of
from monokoto.earn.entitlements.service import Entitlements
from monokoto.earn.entitlements.threshold_routes import ThresholdsController
from monokoto.earn.entitlements.tokens import Tokens
from monokoto.earn.entitlements.unit_routes import UnitEntitlementsController
from monokoto.earn.subscriptions import Customers, Subscriptions
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class EntitlementsController(Controller):
    """`/api/v1/entitlements`."""

    path = "/api/v1/entitlements"
    tags = ("Entitlements",)

    @get(
        "",
        operation_id="listEntitlements",
        guards=_READ,
        responses=problem_responses(),
        summary="List what was given, bought and shared",
    )
    async def list_entitlements(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        product: Annotated[str, QueryParameter(description="Only of this product")] = "",
        feature: Annotated[str, QueryParameter(description="Only this feature")] = "",
        unit: Annotated[str, QueryParameter(description="Only what this unit has by itself")] = "",
        customer: Annotated[str, QueryParameter(description="Only what this customer has")] = "",
        subscription: Annotated[str, QueryParameter(description="Only what was added to this subscription")] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[EntitlementJson]:
        """The newest first. What subscriptions include follows from them and is not listed here."""
        found = await asyncio.to_thread(
            entitlements.list,
            caller.organisation_id,
            product=product,
            feature=feature,
            holder=held_of(unit=unit, customer=customer, subscription=subscription),
            before=decode_cursor(cursor, int)[0] if cursor else None,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda one: one.id, entitlement_to_json)

    @post(
        "",
        operation_id="giveEntitlement",
        guards=_WRITE,
        responses=problem_responses(404, 409)
        | {200: ResponseSpec(EntitlementJson, description="It was given before", generate_examples=False)},
        summary="Give a feature",
    )
    async def give(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        subscriptions: NamedDependency[Subscriptions],
        entitlements: NamedDependency[Entitlements],
        data: JSONBody[GiveRequest],
    ) -> Response[EntitlementJson]:
        """To a unit, a customer or a subscription; from an instant until another. Top-ups are given so, too."""
        gift = gift_of(data, caller.actor_id)
        # Units the entitlements know by themselves.
        look = {Holder.CUSTOMER: customers.get, Holder.SUBSCRIPTION: subscriptions.get}.get(gift.holder.kind)
        if look is not None:
            await asyncio.to_thread(look, caller.organisation_id, gift.holder.id)
        made, new = await asyncio.to_thread(entitlements.give, caller.organisation_id, gift)
        return Response(entitlement_to_json(made), status_code=201 if new else 200)

    @get(
        "/{entitlement:str}",
        operation_id="getEntitlement",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at what was given",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        entitlement: FromPath[str],
    ) -> EntitlementJson:
        """One of them."""
        entitlement_id = parse_id(entitlement, what="entitlement")
        return entitlement_to_json(await asyncio.to_thread(entitlements.get, caller.organisation_id, entitlement_id))

    @delete(
        "/{entitlement:str}",
        operation_id="withdrawEntitlement",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Take back what was given",
    )
    async def take(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        entitlement: FromPath[str],
    ) -> EntitlementJson:
        """It ends now; that it was there stays known."""
        entitlement_id = parse_id(entitlement, what="entitlement")
        return entitlement_to_json(await asyncio.to_thread(entitlements.take, caller.organisation_id, entitlement_id))

    @post(
        "/{entitlement:str}/hand-on",
        operation_id="transferEntitlement",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Hand on what was bought, as a gift",
    )
    async def hand_on(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        entitlement: FromPath[str],
        data: JSONBody[HandOnRequest],
    ) -> EntitlementJson:
        """To another unit, as long as nothing of it is used."""
        made = await asyncio.to_thread(
            entitlements.hand_on,
            caller.organisation_id,
            parse_id(entitlement, what="entitlement"),
            parse_id(data.unit, what="unit"),
            by=caller.actor_id,
        )
        return entitlement_to_json(made)


class SuspensionsController(Controller):
    """`/api/v1/entitlement-suspensions`."""

    path = "/api/v1/entitlement-suspensions"
    tags = ("Entitlements",)

    @get(
        "",
        operation_id="listSuspensions",
        guards=_READ,
        responses=problem_responses(),
        summary="List customers without features",
    )
    async def list_suspensions(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SuspensionJson]:
        """Those who are suspended now."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(entitlements.suspensions, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, suspension_to_json)

    @post(
        "",
        operation_id="putSuspension",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Suspend a customer's features",
    )
    async def suspend(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        entitlements: NamedDependency[Entitlements],
        data: JSONBody[SuspendRequest],
    ) -> SuspensionJson:
        """All but those of safety, at once. A customer who is suspended by hand already stays so, for the reason given first."""
        customer_id = parse_id(data.customer, what="customer")
        await asyncio.to_thread(customers.get, caller.organisation_id, customer_id)
        made = await asyncio.to_thread(entitlements.suspend, caller.organisation_id, customer_id, data.because)
        return suspension_to_json(made)

    @delete(
        "/{customer:str}",
        operation_id="endSuspension",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Open a customer's features again",
    )
    async def resume(
        self,
        caller: NamedDependency[Caller],
        entitlements: NamedDependency[Entitlements],
        customer: FromPath[str],
    ) -> None:
        """At once, whoever suspended it."""
        customer_id = parse_id(customer, what="customer")
        if not await asyncio.to_thread(entitlements.resume, caller.organisation_id, customer_id):
            raise NotFound("This customer is not suspended.")


class SigningKeysController(Controller):
    """`/api/v1/entitlement-keys`: no secret, and asked by units that have no key of ours."""

    path = "/api/v1/entitlement-keys"
    tags = ("Entitlements",)

    @get(
        "",
        operation_id="listSigningKeys",
        opt={"exclude_from_auth": True},
        responses=problem_responses(),
        summary="List the keys that sign tokens",
    )
    async def shown(self, entitlement_tokens: NamedDependency[Tokens]) -> SigningKeysJson:
        """A JSON Web Key Set. A key is here a week before it signs, and as long as what it signed may hold."""
        held = await asyncio.to_thread(entitlement_tokens.keys.shown)
        return SigningKeysJson([key.json for key in held])

    @post(
        "",
        operation_id="rotateSigningKeys",
        guards=[requires(Scope.PLATFORM)],
        responses=problem_responses(),
        summary="Sign with a new key from now on",
    )
    async def rotate(self, entitlement_tokens: NamedDependency[Tokens]) -> SigningKeysJson:
        """The keys before sign no more; what they signed holds to its end."""
        await asyncio.to_thread(entitlement_tokens.keys.rotate)
        held = await asyncio.to_thread(entitlement_tokens.keys.shown)
        return SigningKeysJson([key.json for key in held])


CONTROLLERS = (
    EntitlementsController,
    SuspensionsController,
    ThresholdsController,
    SigningKeysController,
    UnitEntitlementsController,
)
"""What `api` mounts."""

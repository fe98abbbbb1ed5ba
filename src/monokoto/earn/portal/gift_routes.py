"""Presents over HTTP: who gives, and who has a code."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.earn.plans import Plan
from monokoto.earn.portal.documents import BillingJson, MyPlanJson, Name, Text, customer_of
from monokoto.earn.portal.gift import Gift, GiftState
from monokoto.earn.portal.portal import Portal
from monokoto.earn.portal.purchases import Choice
from monokoto.earn.subscriptions import MySubscriptionJson, subscriptions_changed
from monokoto.kernel.clock import Clock, format_instant
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.PORTAL_READ)]
_WRITE = [requires(Scope.PORTAL_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Code = Annotated[str, Meta(min_length=1, max_length=64, description="However it is typed")]


class GiftPlanJson(msgspec.Struct, frozen=True):
    """What is given."""

    id: str
    maker: str
    maker_name: str
    product: str
    plan: str
    version: int
    title: Annotated[dict[str, str], Meta(description="By language; under the empty tag the text without one")]
    message: str
    state: GiftState
    created_at: str
    expires_at: Annotated[str, Meta(description="Nobody can take it from then on")]
    subscription: Annotated[str | None, Meta(description="What it became")]


class NewGiftJson(msgspec.Struct, frozen=True):
    """A present that was made."""

    gift: GiftPlanJson
    code: Annotated[str, Meta(description="Opens it; shown this once: hand it to whom it is for")]


class GiveOfferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given, and who pays."""

    maker: str
    product: Name
    plan: Name
    version: Annotated[int, Meta(ge=1, description="That was seen; another one by now is a conflict")]
    message: Text = ""
    billing: Annotated[BillingJson | None, Meta(description="Needed from whoever is no customer of the maker yet")] = (
        None
    )


class GiftCodeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code somebody has."""

    code: Code


class OpenedGiftJson(msgspec.Struct, frozen=True):
    """What a code opens."""

    gift: GiftPlanJson
    plan: MyPlanJson
    units: Annotated[list[str], Meta(description="Your units it could be for")]
    known: Annotated[bool, Meta(description="Whether the maker knows you as a customer: else say who you are")]


class TakeGiftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For which unit of one's own."""

    code: Code
    unit: str
    billing: Annotated[BillingJson | None, Meta(description="Who you are, for the maker; nothing is charged")] = None


class GiftsController(Controller):
    """`/api/v1/my/gifts`."""

    path = "/api/v1/my/gifts"
    tags = ("Gifts",)

    @get("", operation_id="listMyGifts", guards=_READ, responses=problem_responses(), summary="What we gave")
    async def gifts(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        clock: NamedDependency[SkipValidation[Clock]],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[GiftPlanJson]:
        """The newest first; codes are not kept."""
        before = decode_cursor(cursor, int)[0] if cursor else None

        def found() -> Page[GiftPlanJson]:
            made = portal.gifts.list(caller.organisation_id, before=before, limit=limit + 1)
            return page_of(made, limit, lambda one: one.id, lambda one: _shown(one, portal, clock.now()))

        return await asyncio.to_thread(found)

    @post("", operation_id="giveOffer", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Give what is offered to somebody")  # fmt: skip
    async def give(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[GiveOfferRequest],
    ) -> NewGiftJson:
        """Something that ends by itself. Whoever has the code takes it for a unit of theirs; only then it runs and is charged. Send
        an `Idempotency-Key`: asked again it is made once."""
        choice = Choice(
            maker_id=parse_id(data.maker, what="maker id"),
            product=data.product,
            plan=data.plan,
            version=data.version,
            billing=customer_of(data.billing),
        )
        held = held_by(gate, caller)

        def made() -> NewGiftJson:
            offers = portal.offered(caller.organisation_id, held)
            gift, code = portal.gifts.make(caller.organisation_id, choice, offers, data.message)
            return NewGiftJson(_shown(gift, portal, clock.now()), code)

        return await asyncio.to_thread(made)

    @post("/{gift:str}/withdraw", operation_id="withdrawMyGift", guards=_WRITE, status_code=200,
          responses=problem_responses(404, 409), summary="Take a present back")  # fmt: skip
    async def withdraw(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        clock: NamedDependency[SkipValidation[Clock]],
        gift: FromPath[str],
    ) -> GiftPlanJson:
        """Its code opens nothing from now on. 409 where somebody has taken it."""
        gift_id = parse_id(gift, what="gift")

        def ended() -> GiftPlanJson:
            return _shown(portal.gifts.withdraw(caller.organisation_id, gift_id), portal, clock.now())

        return await asyncio.to_thread(ended)

    @post("/look", operation_id="seeGift", guards=_WRITE, status_code=200, responses=problem_responses(404, 409),
          summary="See what a code opens")  # fmt: skip
    async def look(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[GiftCodeRequest],
    ) -> OpenedGiftJson:
        """Asked by POST, since a code has no business in an address."""
        held = held_by(gate, caller)

        def opened() -> OpenedGiftJson:
            gift, plan, units = portal.gifts.look(caller.organisation_id, data.code, held)
            return OpenedGiftJson(
                gift=_shown(gift, portal, clock.now(), plan),
                plan=portal.worded(plan),
                units=[format_id(one) for one in units],
                known=portal.is_customer(caller.organisation_id, gift.organisation_id),
            )

        return await asyncio.to_thread(opened)

    @post("/take", operation_id="claimGift", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Take a present")  # fmt: skip
    async def take(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        facts: NamedDependency[SkipValidation[Facts]],
        data: JSONBody[TakeGiftRequest],
    ) -> Response[MySubscriptionJson]:
        """From now on; what it includes opens on the unit within a second. Whoever gave it pays."""
        held = held_by(gate, caller)
        taken = await asyncio.to_thread(
            portal.gifts.take,
            caller.organisation_id,
            data.code,
            parse_id(data.unit, what="unit id"),
            held,
            billing=customer_of(data.billing),
            actor_id=caller.actor_id,
        )
        await facts.tell(subscriptions_changed(taken))
        shown = await asyncio.to_thread(portal.shown, taken)
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/my/subscriptions/{shown.id}"})


def held_by(gate: Gate, caller: Caller) -> list[int]:
    """Units of makers that lie open to the caller at present, of which it owns some."""
    return [int(reach.unit_id) for reach in gate.held(caller)]


def _shown(gift: Gift, portal: Portal, now: int, plan: Plan | None = None) -> GiftPlanJson:
    plan = portal.plan_given(gift) if plan is None else plan
    return GiftPlanJson(
        id=format_id(gift.id),
        maker=format_id(gift.organisation_id),
        maker_name=portal.maker(gift.organisation_id),
        product=gift.product,
        plan=gift.plan,
        version=gift.version,
        title=dict(plan.title),
        message=gift.message,
        state=gift.state(now),
        created_at=format_instant(gift.created_at),
        expires_at=format_instant(gift.expires_at),
        subscription=None if gift.subscription_id is None else format_id(gift.subscription_id),
    )

"""What an organisation has with makers, over HTTP: money that is left, and what its units share."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.earn.entitlements import Entitlement
from monokoto.earn.portal.gift_routes import held_by
from monokoto.earn.portal.own import Balance
from monokoto.earn.portal.portal import Portal
from monokoto.earn.subscriptions import Customer
from monokoto.kernel.clock import Clock, format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Gate, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.PORTAL_READ)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class MyBalanceJson(msgspec.Struct, frozen=True):
    """What is left in a currency."""

    currency: str
    credit: Annotated[str, Meta(description="Pays the next invoice by itself")]
    wallet: Annotated[str, Meta(description="Paid ahead")]


class MyAccountJson(msgspec.Struct, frozen=True):
    """What one has with a maker."""

    maker: str
    maker_name: str
    balances: list[MyBalanceJson]


class MyShareJson(msgspec.Struct, frozen=True):
    """A function of a unit of one's own that another unit may use too."""

    id: str
    product: str
    feature: str
    title: Annotated[dict[str, str], Meta(description="Of the function, by language")]
    unit: Annotated[str, Meta(description="That has it")]
    with_unit: Annotated[str, Meta(description="That may use it too")]
    begin: str
    end: Annotated[str | None, Meta(description="null: as long as the unit has it")]


class OwnController(Controller):
    """`/api/v1/my/credit` and `/api/v1/my/shares`."""

    path = "/api/v1/my"
    tags = ("Portal",)

    @get(
        "/credit", operation_id="listMyCredit", guards=_READ, responses=problem_responses(), summary="What we have left"
    )
    async def credit(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MyAccountJson]:
        """With each maker one is a customer of: money that pays no invoice yet, and what was paid ahead."""
        after = decode_cursor(cursor, int)[0] if cursor else 0

        def found() -> Page[MyAccountJson]:
            held = portal.standing.balances(caller.organisation_id, after=after, limit=limit + 1)
            return page_of(held, limit, lambda one: int(one[0].id), lambda one: _account(*one, portal))

        return await asyncio.to_thread(found)

    @get(
        "/shares",
        operation_id="listMyShares",
        guards=_READ,
        responses=problem_responses(),
        summary="What our units share",
    )
    async def shares(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        portal: NamedDependency[Portal],
        clock: NamedDependency[SkipValidation[Clock]],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MyShareJson]:
        """Functions of units one owns that other units may use too, the newest first. `DELETE
        /api/v1/units/{unit}/entitlement-shares/{share}` ends one."""
        before = decode_cursor(cursor, int)[0] if cursor else 1 << 63
        held = held_by(gate, caller)

        def found() -> Page[MyShareJson]:
            shared = portal.standing.shares(caller.organisation_id, held, clock.now())
            some = [one for one in shared if one.id < before][: limit + 1]
            return page_of(some, limit, lambda one: int(one.id), lambda one: _share(one, portal))

        return await asyncio.to_thread(found)


def _account(customer: Customer, balances: Sequence[Balance], portal: Portal) -> MyAccountJson:
    told = [MyBalanceJson(one.currency, f"{one.credit:f}", f"{one.wallet:f}") for one in balances]
    maker = customer.organisation_id
    return MyAccountJson(maker=format_id(maker), maker_name=portal.maker(maker), balances=told)


def _share(one: Entitlement, portal: Portal) -> MyShareJson:
    feature = portal.words(one.organisation_id, one.product).features.get(one.feature)
    assert one.origin is not None
    return MyShareJson(
        id=format_id(one.id),
        product=one.product,
        feature=one.feature,
        title={} if feature is None else dict(feature.title),
        unit=format_id(one.origin.id),
        with_unit=format_id(one.holder.id),
        begin=format_instant(one.begin),
        end=None if one.end is None else format_instant(one.end),
    )

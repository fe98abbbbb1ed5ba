"""To whom and where one's invoices go, with each maker one is a customer of: seen and changed by oneself."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, patch
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from monokoto.earn.portal.documents import BillingAddressJson
from monokoto.earn.portal.portal import Portal
from monokoto.earn.subscriptions import Address, Customer
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, TITLE_LENGTH_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class MyBillingJson(msgspec.Struct, frozen=True):
    """Who one is on the invoices of a maker."""

    maker: str
    maker_name: str
    name: str
    email: str
    vat_id: str
    address: BillingAddressJson
    country: Annotated[str, Meta(description="ISO 3166; the maker changes it, since taxes hang on it")]
    language: Annotated[str, Meta(description="Of the documents and notices")]


class ChangeMyBillingRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What changes; what is left out stays."""

    name: Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] | UnsetType = UNSET
    email: Annotated[str, Meta(max_length=256)] | UnsetType = UNSET
    vat_id: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    address: BillingAddressJson | UnsetType = UNSET
    language: Annotated[str, Meta(max_length=64)] | UnsetType = UNSET


class MyBillingController(Controller):
    """`/api/v1/my/billing`."""

    path = "/api/v1/my/billing"
    tags = ("Subscriptions",)

    @get(
        "/",
        operation_id="listMyBilling",
        guards=[requires(Scope.PORTAL_READ)],
        responses=problem_responses(),
        summary="Where our invoices go",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MyBillingJson]:
        """With each maker one is a customer of."""
        after = decode_cursor(cursor, int)[0] if cursor else 0

        def found() -> Page[MyBillingJson]:
            some = portal.customers_of(caller.organisation_id, after=after, limit=limit + 1)
            return page_of(some, limit, lambda one: int(one.id), lambda one: _billing(one, portal))

        return await asyncio.to_thread(found)

    @patch(
        "/{maker:str}",
        operation_id="changeMyBilling",
        guards=[requires(Scope.PORTAL_WRITE)],
        responses=problem_responses(404, 409),
        summary="Say where our invoices go",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        portal: NamedDependency[Portal],
        maker: FromPath[str],
        data: JSONBody[ChangeMyBillingRequest],
    ) -> MyBillingJson:
        """It stands on the next document; one that was sent stays as it is. A VAT number is checked with its country."""
        maker_id = parse_id(maker, what="maker")

        def changed() -> MyBillingJson:
            return _billing(portal.change_billing(caller.organisation_id, maker_id, _changes(data)), portal)

        return await asyncio.to_thread(changed)


def _changes(data: ChangeMyBillingRequest) -> dict[str, Any]:
    given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    if data.address is not UNSET:
        given["address"] = Address(**msgspec.structs.asdict(data.address))
    return given


def _billing(one: Customer, portal: Portal) -> MyBillingJson:
    told = one.address
    return MyBillingJson(
        maker=format_id(one.organisation_id),
        maker_name=portal.maker(one.organisation_id),
        name=one.name,
        email=one.email,
        vat_id=one.vat_id,
        address=BillingAddressJson(told.street, told.more, told.postal_code, told.city, told.region),
        country=one.country,
        language=one.language,
    )

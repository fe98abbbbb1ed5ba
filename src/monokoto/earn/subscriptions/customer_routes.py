"""Customers over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.earn.subscriptions.customers import Customers
from monokoto.earn.subscriptions.documents import (
    ChangeCustomerRequest,
    CreateCustomerRequest,
    CustomerJson,
    changes_from_json,
    customer_from_json,
    customer_to_json,
)
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, format_etag, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class CustomersController(Controller):
    """`/api/v1/customers`."""

    path = "/api/v1/customers"
    tags = ("Customers",)

    @get("", operation_id="listCustomers", guards=_READ, responses=problem_responses(), summary="List customers")
    async def list_customers(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        search: Annotated[str, QueryParameter(description="In their name, mail or reference", max_length=200)] = "",
        organisation: Annotated[str, QueryParameter(description="Of the organisation with this id")] = "",
        archived: Annotated[bool, QueryParameter(description="Those that are archived, instead")] = False,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[CustomerJson]:
        """In the order they were made."""
        found = await asyncio.to_thread(
            customers.list,
            caller.organisation_id,
            text=search,
            buyer_id=parse_id(organisation, what="organisation id") if organisation else 0,
            archived=archived,
            after=decode_cursor(cursor, int)[0] if cursor else 0,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda one: one.id, customer_to_json)

    @post("", operation_id="createCustomer", guards=_WRITE, responses=problem_responses(409), summary="Make a customer")
    async def create(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        data: JSONBody[CreateCustomerRequest],
    ) -> Response[CustomerJson]:
        """VAT id and IBAN are held to the formats and check digits of their country."""
        made = await asyncio.to_thread(customers.create, caller.organisation_id, customer_from_json(data))
        headers = {"ETag": format_etag(made.revision), "Location": f"/api/v1/customers/{format_id(made.id)}"}
        return Response(customer_to_json(made), status_code=201, headers=headers)

    @get(
        "/{customer:str}",
        operation_id="getCustomer",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a customer",
    )
    async def one(
        self, caller: NamedDependency[Caller], customers: NamedDependency[Customers], customer: FromPath[str]
    ) -> Response[CustomerJson]:
        """Archived ones, too."""
        found = await asyncio.to_thread(customers.get, caller.organisation_id, _id(customer))
        return Response(customer_to_json(found), headers={"ETag": format_etag(found.revision)})

    @patch(
        "/{customer:str}",
        operation_id="changeCustomer",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412),
        summary="Change a customer",
    )
    async def change(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        customer: FromPath[str],
        data: JSONBody[ChangeCustomerRequest],
    ) -> Response[CustomerJson]:
        """What was invoiced keeps what it was. `If-Match` takes the revision."""
        found = await asyncio.to_thread(
            customers.change,
            caller.organisation_id,
            _id(customer),
            changes_from_json(data),
            match=request.headers.get("if-match"),
        )
        return Response(customer_to_json(found), headers={"ETag": format_etag(found.revision)})

    @post(
        "/{customer:str}/archive",
        operation_id="retireCustomer",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Archive a customer",
    )
    async def archive(
        self, caller: NamedDependency[Caller], customers: NamedDependency[Customers], customer: FromPath[str]
    ) -> CustomerJson:
        """409 while it has subscriptions that have not ended. What it bought stays on record."""
        return customer_to_json(await asyncio.to_thread(customers.archive, caller.organisation_id, _id(customer)))


def _id(text: str) -> int:
    return parse_id(text, what="customer id")

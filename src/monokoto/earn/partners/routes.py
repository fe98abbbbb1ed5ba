"""Partners over HTTP: the maker's side."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Meta

from monokoto.earn.calendar import Span
from monokoto.earn.partners.statement import Owed, Statement, StatementRow, Statements
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Scope, decode_cursor, page_of, problem_responses, requires

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX, description="Rows at most")]


class PartnerJson(msgspec.Struct, frozen=True):
    """A partner, and what it is owed in a currency."""

    partner: str
    currency: str
    owed: Annotated[str, Meta(description="An exact decimal; below zero it has to give back")]


class PartnersJson(msgspec.Struct, frozen=True):
    """All partners that were ever owed something."""

    items: list[PartnerJson]


class StatementLineJson(msgspec.Struct, frozen=True):
    """A line of a document of which the partner has a part."""

    title: str
    net: Annotated[str, Meta(description="Without tax; below zero on a credit note")]
    percent: str


class StatementRowJson(msgspec.Struct, frozen=True):
    """Something that moved what a partner is owed."""

    at: str
    title: str
    amount: Annotated[str, Meta(description="Above zero: the partner is owed more")]
    document: Annotated[str, Meta(description="The invoice or credit note; empty for what was paid")]
    lines: list[StatementLineJson]


class StatementJson(msgspec.Struct, frozen=True):
    """What a partner was owed, got and is owed. What it opens with and all rows come to what it closes with."""

    partner: str
    currency: str
    start: str
    end: str
    opening: str
    closing: str
    items: Annotated[list[StatementRowJson], Meta(description="The newest first")]
    next_cursor: str | None


class PartnersController(Controller):
    """`/api/v1/partners`."""

    path = "/api/v1/partners"
    tags = ("Ledger",)
    guards = (requires(Scope.EARN_READ),)

    @get("/", operation_id="listPartners", responses=problem_responses(), summary="What partners are owed")
    async def partners(self, caller: NamedDependency[Caller], statements: NamedDependency[Statements]) -> PartnersJson:
        """By partner and currency, as the shares of plans and what was paid come to."""
        found = await asyncio.to_thread(statements.owed, caller.organisation_id)
        return PartnersJson(items=[_owed_to_json(one) for one in found])

    @get(
        "/{partner:str}/statement",
        operation_id="getPartnerStatement",
        responses=problem_responses(),
        summary="What a partner was owed and got",
    )
    async def statement(
        self,
        caller: NamedDependency[Caller],
        statements: NamedDependency[Statements],
        partner: Annotated[FromPath[str], Meta(max_length=100)],
        currency: Annotated[str, QueryParameter(description="ISO 4217, such as EUR", min_length=3, max_length=3)],
        start: Annotated[str, QueryParameter(name="from", description="From then on (RFC 3339)")],
        end: Annotated[str, QueryParameter(name="to", description="Until before then (RFC 3339)")],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> StatementJson:
        """The rows name the lines of documents of which the partner has a part, and how much of them."""
        span = Span(_instant(start, "from"), _instant(end, "to"))
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            statements.of, caller.organisation_id, partner, currency, span, before=before, limit=limit + 1
        )
        page = page_of(found.rows, limit, lambda one: one.number, _row_to_json)
        return _statement_to_json(found, page.items, page.next_cursor)


def _owed_to_json(one: Owed) -> PartnerJson:
    return PartnerJson(partner=one.partner, currency=one.currency, owed=f"{one.owed:f}")


def _row_to_json(one: StatementRow) -> StatementRowJson:
    lines = [StatementLineJson(line.title, f"{line.net:f}", f"{line.percent:f}") for line in one.lines]
    return StatementRowJson(format_instant(one.at), one.title, f"{one.amount:f}", one.document, lines)


def _statement_to_json(one: Statement, items: list[StatementRowJson], cursor: str | None) -> StatementJson:
    return StatementJson(
        partner=one.partner,
        currency=one.currency,
        start=format_instant(one.span.start),
        end=format_instant(one.span.end),
        opening=f"{one.opening:f}",
        closing=f"{one.closing:f}",
        items=items,
        next_cursor=cursor,
    )


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no instant.", faults=[Fault(place=place, reason=str(error))]) from None


CONTROLLERS = (PartnersController,)
"""What `api` mounts."""

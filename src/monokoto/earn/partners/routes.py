"""Partners over HTTP: the maker's side, and their own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.earn.calendar import Span
from monokoto.earn.partners.partnership import Partnership
from monokoto.earn.partners.service import Partnerships
from monokoto.earn.partners.statement import Owed, Statement, StatementRow, Statements
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, TITLE_LENGTH_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX, description="Rows at most")]


class PartnerJson(msgspec.Struct, frozen=True):
    """A partner, and what it is owed in a currency."""

    partner: str
    currency: str
    owed: Annotated[str, Meta(description="An exact decimal; below zero it has to give back")]


class PartnersJson(msgspec.Struct, frozen=True):
    """All partners that were ever owed something."""

    items: list[PartnerJson]


class PartnerOrganisationJson(msgspec.Struct, frozen=True):
    """Which organisation a partner is."""

    partner: str
    organisation: Annotated[str, Meta(description="Its id; it sees the statements of this partner, and no others")]
    name: str


class PartnerOrganisationsJson(msgspec.Struct, frozen=True):
    """All partners that are organisations here."""

    items: list[PartnerOrganisationJson]


class PartnerOrganisationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which organisation it is."""

    organisation: Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX, description="Its slug or id")]


class PartnerOwedJson(msgspec.Struct, frozen=True):
    """What is owed in a currency."""

    currency: str
    owed: Annotated[str, Meta(description="An exact decimal; below zero it has to give back")]


class MyPartnershipJson(msgspec.Struct, frozen=True):
    """A maker of whose sales one has a part."""

    maker: str
    maker_name: str
    partner: Annotated[str, Meta(description="What the maker's plans call one")]
    since: str
    owed: list[PartnerOwedJson]


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


class PartnerOrganisationsController(Controller):
    """`/api/v1/partner-organisations`."""

    path = "/api/v1/partner-organisations"
    tags = ("Ledger",)

    @get(
        "/",
        operation_id="listPartnerOrganisations",
        guards=[requires(Scope.EARN_READ)],
        responses=problem_responses(),
        summary="Which organisations partners are",
    )
    async def all(
        self, caller: NamedDependency[Caller], partnerships: NamedDependency[Partnerships]
    ) -> PartnerOrganisationsJson:
        """By name; a partner that is none here is a name in plans alone."""

        def found() -> PartnerOrganisationsJson:
            every = partnerships.of_maker(caller.organisation_id)
            return PartnerOrganisationsJson(items=[_organisation_to_json(one, partnerships) for one in every])

        return await asyncio.to_thread(found)

    @put(
        "/{partner:str}",
        operation_id="putPartnerOrganisation",
        guards=[requires(Scope.EARN_WRITE)],
        responses=problem_responses(409),
        summary="Say which organisation a partner is",
    )
    async def say(
        self,
        caller: NamedDependency[Caller],
        partnerships: NamedDependency[Partnerships],
        partner: Annotated[FromPath[str], Meta(max_length=100)],
        data: JSONBody[PartnerOrganisationRequest],
    ) -> PartnerOrganisationJson:
        """It sees from now on what it was owed and got under this name, from the beginning; whoever it was before sees no more."""

        def said() -> PartnerOrganisationJson:
            made = partnerships.say(caller.organisation_id, partner, data.organisation)
            return _organisation_to_json(made, partnerships)

        return await asyncio.to_thread(said)

    @delete(
        "/{partner:str}",
        operation_id="deletePartnerOrganisation",
        guards=[requires(Scope.EARN_WRITE)],
        responses=problem_responses(404),
        summary="Let a partner be a name alone",
    )
    async def forget(
        self,
        caller: NamedDependency[Caller],
        partnerships: NamedDependency[Partnerships],
        partner: Annotated[FromPath[str], Meta(max_length=100)],
    ) -> None:
        """What it is owed stays; the organisation sees it no more."""
        await asyncio.to_thread(partnerships.forget, caller.organisation_id, partner)


class MyPartnershipsController(Controller):
    """`/api/v1/my/partnerships`."""

    path = "/api/v1/my/partnerships"
    tags = ("Ledger",)
    guards = (requires(Scope.PORTAL_READ),)

    @get(
        "/",
        operation_id="listMyPartnerships",
        responses=problem_responses(),
        summary="Of whose sales we have a part",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        partnerships: NamedDependency[Partnerships],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[MyPartnershipJson]:
        """By maker and name, with what we are owed."""
        after = decode_cursor(cursor, int, str) if cursor else (0, "")

        def found() -> Page[MyPartnershipJson]:
            some = partnerships.of_partner(caller.organisation_id, after=(after[0], after[1]), limit=limit + 1)
            return page_of(
                some,
                limit,
                lambda one: (int(one[0].organisation_id), one[0].partner),
                lambda one: _mine_to_json(*one, partnerships),
            )

        return await asyncio.to_thread(found)

    @get(
        "/{maker:str}/{partner:str}/statement",
        operation_id="getMyPartnerStatement",
        responses=problem_responses(404),
        summary="What we were owed and got",
    )
    async def statement(
        self,
        caller: NamedDependency[Caller],
        partnerships: NamedDependency[Partnerships],
        maker: FromPath[str],
        partner: Annotated[FromPath[str], Meta(max_length=100)],
        currency: Annotated[str, QueryParameter(description="ISO 4217, such as EUR", min_length=3, max_length=3)],
        start: Annotated[str, QueryParameter(name="from", description="From then on (RFC 3339)")],
        end: Annotated[str, QueryParameter(name="to", description="Until before then (RFC 3339)")],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> StatementJson:
        """As the maker sees it: lines of documents with our percentage, and what was paid to us. Who bought is not in it."""
        span = Span(_instant(start, "from"), _instant(end, "to"))
        before = decode_cursor(cursor, int)[0] if cursor else None
        maker_id = parse_id(maker, what="maker")
        found = await asyncio.to_thread(
            partnerships.statement, caller.organisation_id, maker_id, partner, currency, span, before=before,
            limit=limit + 1,
        )  # fmt: skip
        page = page_of(found.rows, limit, lambda one: one.number, _row_to_json)
        return _statement_to_json(found, page.items, page.next_cursor)


def _organisation_to_json(one: Partnership, partnerships: Partnerships) -> PartnerOrganisationJson:
    other = one.partner_organisation_id
    return PartnerOrganisationJson(one.partner, format_id(other), partnerships.called(other))


def _mine_to_json(one: Partnership, owed: Sequence[Owed], partnerships: Partnerships) -> MyPartnershipJson:
    return MyPartnershipJson(
        maker=format_id(one.organisation_id),
        maker_name=partnerships.called(one.organisation_id),
        partner=one.partner,
        since=format_instant(one.created_at),
        owed=[PartnerOwedJson(it.currency, f"{it.owed:f}") for it in owed],
    )


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


CONTROLLERS = (PartnersController, PartnerOrganisationsController, MyPartnershipsController)
"""What `api` mounts."""

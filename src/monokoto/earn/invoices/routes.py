"""Invoices over HTTP: the seller's side, and what a buyer was sent."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from monokoto.earn.invoices.facts import INVOICE_CHANGED
from monokoto.earn.invoices.giving import GivingBack
from monokoto.earn.invoices.invoice import DraftInvoice, Invoice, InvoiceState
from monokoto.earn.invoices.issuers import Issuers
from monokoto.earn.invoices.json import (
    AllNumberSeriesJson,
    CreateCreditNoteRequest,
    CreateInvoiceRequest,
    CreditNoteJson,
    InvoiceDetailsJson,
    InvoiceJson,
    IssuerJson,
    NumberSeriesJson,
    PutInvoiceLinesRequest,
    ReasonRequest,
    TaxRulesJson,
    amounts_from_json,
    document_to_json,
    instant_of,
    invoice_id_of,
    invoice_to_json,
    issuer_from_json,
    issuer_to_json,
    lacking_to_json,
    line_from_json,
    line_to_json,
    period_from_json,
    rule_from_json,
    rule_to_json,
    totals_to_json,
)
from monokoto.earn.invoices.service import Invoices
from monokoto.earn.invoices.store import InvoiceFilter
from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, format_etag, if_match, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
States = Annotated[list[InvoiceState] | None, QueryParameter(name="state", description="Those in one of these states")]
Empty = Annotated[
    bool | None,
    QueryParameter(description="Drafts thrown away with nothing on them: true those alone, false all others"),
]
Begin = Annotated[str, QueryParameter(name="from", description="Issued at this instant (RFC 3339) or later")]
End = Annotated[str, QueryParameter(name="to", description="Issued before this instant")]


class InvoicesController(Controller):
    """`/api/v1/invoices`."""

    path = "/api/v1/invoices"
    tags = ("Invoices",)

    @get("", operation_id="listInvoices", guards=_READ, responses=problem_responses(), summary="List invoices")
    async def list_invoices(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        clock: NamedDependency[SkipValidation[Clock]],
        states: States = None,
        customer: Annotated[str, QueryParameter(description="Of this customer")] = "",
        subscription: Annotated[str, QueryParameter(description="Of this subscription")] = "",
        number: Annotated[str, QueryParameter(description="The one with this number", max_length=64)] = "",
        overdue: Annotated[bool, QueryParameter(description="Those that should be paid by now")] = False,
        empty: Empty = None,
        begin: Begin = "",
        end: End = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[InvoiceJson]:
        """The newest first."""
        wanted = InvoiceFilter(
            states=frozenset(states or ()),
            customer_id=parse_id(customer, what="customer") if customer else None,
            subscription_id=parse_id(subscription, what="subscription") if subscription else None,
            begin=instant_of(begin, "from") if begin else None,
            end=instant_of(end, "to") if end else None,
            overdue_at=clock.now() if overdue else None,
            label=number,
            empty=empty,
        )
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(invoices.list, caller.organisation_id, wanted, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, invoice_to_json)

    @post("", operation_id="createInvoice", guards=_WRITE, responses=problem_responses(404), summary="Draft an invoice")
    async def create(
        self, caller: NamedDependency[Caller], invoices: NamedDependency[Invoices], data: JSONBody[CreateInvoiceRequest]
    ) -> Response[InvoiceJson]:
        """By hand; subscriptions make theirs by themselves. The same key twice is one invoice, as it stands."""
        draft = DraftInvoice(
            organisation_id=caller.organisation_id,
            customer_id=parse_id(data.customer, what="customer"),
            currency=data.currency,
            period=period_from_json(data.period),
            lines=tuple(line_from_json(line) for line in data.lines),
            key=data.key,
        )
        return _answer(await asyncio.to_thread(invoices.draft, draft), 201)

    @get(
        "/{invoice:str}", operation_id="getInvoice", guards=_READ, responses=problem_responses(404), summary="Look at an invoice"
    )  # fmt: skip
    async def one(
        self, caller: NamedDependency[Caller], invoices: NamedDependency[Invoices], invoice: FromPath[str]
    ) -> InvoiceDetailsJson:
        """With its lines and documents; of a draft what it would come to, and what is lacking."""
        return await asyncio.to_thread(_details, invoices, caller.organisation_id, invoice_id_of(invoice))

    @put(
        "/{invoice:str}/lines",
        operation_id="putInvoiceLines",
        guards=_WRITE,
        responses=problem_responses(404, 409, 412),
        summary="Replace the lines of a draft",
    )
    async def put_lines(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        invoice: FromPath[str],
        data: JSONBody[PutInvoiceLinesRequest],
    ) -> Response[InvoiceJson]:
        """Until it is a document. `If-Match` takes the revision."""
        invoice_id = invoice_id_of(invoice)
        found = await asyncio.to_thread(invoices.get, caller.organisation_id, invoice_id)
        if_match(request.headers.get("if-match"), found.revision)
        lines = [line_from_json(line) for line in data.lines]
        changed = await asyncio.to_thread(
            invoices.replace_lines, caller.organisation_id, invoice_id, lines, revision=found.revision
        )
        return _answer(changed, 200)

    @post(
        "/{invoice:str}/finalise",
        operation_id="finaliseInvoice",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Make a draft a document",
    )
    async def finalise(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
    ) -> Response[InvoiceJson]:
        """It is numbered and booked, and never changes after. Asked again, it is answered as it stands."""
        made = await asyncio.to_thread(invoices.finalise, caller.organisation_id, invoice_id_of(invoice))
        return await _told(made, facts, clock)

    @post(
        "/{invoice:str}/void",
        operation_id="voidInvoice",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Take an invoice back",
    )
    async def void(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        giving_back: NamedDependency[GivingBack],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
        data: JSONBody[ReasonRequest],
    ) -> Response[InvoiceJson]:
        """A draft is thrown away. A document of which nothing is paid gets a credit note over all of it."""
        invoice_id = invoice_id_of(invoice)
        found = await asyncio.to_thread(invoices.get, caller.organisation_id, invoice_id)
        work = giving_back.void if found.document_id is not None else invoices.discard
        if found.document_id is None and found.state is InvoiceState.VOID:
            return _answer(found, 200)
        return await _told(await asyncio.to_thread(work, caller.organisation_id, invoice_id, data.reason), facts, clock)

    @post(
        "/{invoice:str}/uncollectible",
        operation_id="writeOffInvoice",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Write off what is open",
    )
    async def uncollectible(
        self,
        caller: NamedDependency[Caller],
        giving_back: NamedDependency[GivingBack],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
        data: JSONBody[ReasonRequest],
    ) -> Response[InvoiceJson]:
        """It becomes a loss."""
        made = await asyncio.to_thread(
            giving_back.uncollectible, caller.organisation_id, invoice_id_of(invoice), data.reason
        )
        return await _told(made, facts, clock)

    @post(
        "/{invoice:str}/reinstate",
        operation_id="reinstateInvoice",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Collect an uncollectible invoice after all",
    )
    async def reinstate(
        self,
        caller: NamedDependency[Caller],
        giving_back: NamedDependency[GivingBack],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
    ) -> Response[InvoiceJson]:
        """It is owed again."""
        made = await asyncio.to_thread(giving_back.reinstate, caller.organisation_id, invoice_id_of(invoice))
        return await _told(made, facts, clock)

    @post(
        "/{invoice:str}/credit-notes",
        operation_id="createCreditNote",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Give something back",
    )
    async def credit(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        giving_back: NamedDependency[GivingBack],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        invoice: FromPath[str],
        data: JSONBody[CreateCreditNoteRequest],
    ) -> CreditNoteJson:
        """A document of its own. It lessens what is owed; what is over is the customer's credit."""
        organisation_id, invoice_id = caller.organisation_id, invoice_id_of(invoice)
        note = await asyncio.to_thread(
            giving_back.credit_note,
            organisation_id,
            invoice_id,
            key=data.key,
            reason=data.reason,
            lines=amounts_from_json(data.lines),
        )
        documents = await asyncio.to_thread(invoices.documents, organisation_id, invoice_id)
        await _told(await asyncio.to_thread(invoices.get, organisation_id, invoice_id), facts, clock)
        return CreditNoteJson(
            id=format_id(note.id),
            number=next(one.label for one in documents if one.id == note.document_id),
            gross=f"{note.gross:f}",
            applied=f"{note.applied:f}",
            over=f"{note.over:f}",
        )


class SellerController(Controller):
    """`/api/v1/issuer` and `/api/v1/tax-rules`."""

    path = "/api/v1"
    tags = ("Invoices",)

    @get("/issuer", operation_id="getIssuer", guards=_READ, responses=problem_responses(), summary="Who sells")
    async def issuer(self, caller: NamedDependency[Caller], issuers: NamedDependency[Issuers]) -> IssuerJson:
        """As it stands on documents."""
        return issuer_to_json(await asyncio.to_thread(issuers.get, caller.organisation_id))

    @put("/issuer", operation_id="putIssuer", guards=_WRITE, responses=problem_responses(), summary="Say who sells")
    async def put_issuer(
        self, caller: NamedDependency[Caller], issuers: NamedDependency[Issuers], data: JSONBody[IssuerJson]
    ) -> IssuerJson:
        """For documents from now on; numbers are checked (VAT, IBAN, BIC)."""
        return issuer_to_json(await asyncio.to_thread(issuers.put, issuer_from_json(caller.organisation_id, data)))

    @get("/number-series", operation_id="listNumberSeries", guards=_READ, responses=problem_responses(),
         summary="How far the numbers of documents are")  # fmt: skip
    async def series(self, caller: NamedDependency[Caller], issuers: NamedDependency[Issuers]) -> AllNumberSeriesJson:
        """By kind and year; numbers are given when a draft becomes a document, and none is left out."""
        found = await asyncio.to_thread(issuers.series, caller.organisation_id)
        return AllNumberSeriesJson([NumberSeriesJson(one.kind, one.year, one.last, one.following) for one in found])

    @get("/tax-rules", operation_id="listTaxRules", guards=_READ, responses=problem_responses(), summary="Tax rules")
    async def rules(self, caller: NamedDependency[Caller], issuers: NamedDependency[Issuers]) -> TaxRulesJson:
        """Which tax a supply has. No rate is built in."""
        found = await asyncio.to_thread(issuers.rules, caller.organisation_id)
        return TaxRulesJson(rules=[rule_to_json(rule) for rule in found])

    @put(
        "/tax-rules",
        operation_id="putTaxRules",
        guards=_WRITE,
        responses=problem_responses(),
        summary="State tax rules",
    )
    async def put_rules(
        self, caller: NamedDependency[Caller], issuers: NamedDependency[Issuers], data: JSONBody[TaxRulesJson]
    ) -> TaxRulesJson:
        """All of them; documents already made stay what they are."""
        rules = [rule_from_json(rule, f"rules/{number}") for number, rule in enumerate(data.rules)]
        kept = await asyncio.to_thread(issuers.put_rules, caller.organisation_id, rules)
        return TaxRulesJson(rules=[rule_to_json(rule) for rule in kept])


class MyInvoicesController(Controller):
    """`/api/v1/my/invoices`: what the caller's organisation was sent, by whomever."""

    path = "/api/v1/my/invoices"
    tags = ("Invoices",)
    guards = (requires(Scope.PORTAL_READ),)

    @get("", operation_id="listMyInvoices", responses=problem_responses(), summary="What I was sent")
    async def list_mine(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        states: States = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[InvoiceJson]:
        """The newest first; drafts are the seller's."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        wanted = InvoiceFilter(states=frozenset(states or ()))
        found = await asyncio.to_thread(
            invoices.list_mine, caller.organisation_id, wanted, before=before, limit=limit + 1
        )
        return page_of(found, limit, lambda one: one.id, invoice_to_json)

    @get("/{invoice:str}", operation_id="getMyInvoice", responses=problem_responses(404), summary="One I was sent")
    async def one_of_mine(
        self, caller: NamedDependency[Caller], invoices: NamedDependency[Invoices], invoice: FromPath[str]
    ) -> InvoiceDetailsJson:
        """With its lines and documents."""
        found = await asyncio.to_thread(invoices.get_mine, caller.organisation_id, invoice_id_of(invoice))
        return await asyncio.to_thread(_details, invoices, found.organisation_id, found.id)


def _details(invoices: Invoices, organisation_id: int, invoice_id: int) -> InvoiceDetailsJson:
    found = invoices.get(organisation_id, invoice_id)
    preview, lacking = (None, []) if found.document_id else invoices.preview(organisation_id, invoice_id)
    return InvoiceDetailsJson(
        invoice=invoice_to_json(found),
        lines=[line_to_json(line) for line in invoices.lines(organisation_id, invoice_id)],
        documents=[document_to_json(one) for one in invoices.documents(organisation_id, invoice_id)],
        preview=None if preview is None else totals_to_json(preview),
        lacking=lacking_to_json(lacking),
    )


async def _told(invoice: Invoice, facts: Facts, clock: Clock) -> Response[InvoiceJson]:
    data = {"invoice_id": invoice.id, "customer_id": invoice.customer_id, "state": invoice.state.value}
    await facts.tell(Fact(name=INVOICE_CHANGED, organisation_id=invoice.organisation_id, at=clock.now(), data=data))
    return _answer(invoice, 200)


def _answer(invoice: Invoice, status: int) -> Response[InvoiceJson]:
    headers = {"ETag": format_etag(invoice.revision)}
    if status == 201:
        headers["Location"] = f"/api/v1/invoices/{format_id(invoice.id)}"
    return Response(invoice_to_json(invoice), status_code=status, headers=headers)


CONTROLLERS = (InvoicesController, SellerController, MyInvoicesController)
"""What `api` mounts."""

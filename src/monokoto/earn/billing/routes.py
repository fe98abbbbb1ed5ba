"""Billing over HTTP: runs, what the next invoice will say, documents as files, the evidence behind their lines."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter

from monokoto.earn.billing.evidence import Evidence
from monokoto.earn.billing.json import (
    BillingRunJson,
    EvidenceRowJson,
    NextInvoiceJson,
    evidence_to_json,
    next_to_json,
    run_to_json,
)
from monokoto.earn.billing.papers import Form, Papers
from monokoto.earn.billing.runs import BillingRuns
from monokoto.earn.billing.service import Billing
from monokoto.earn.billing.simulation_routes import SimulationsController
from monokoto.earn.invoices import KEY_LENGTH_MAX, Invoices
from monokoto.earn.subscriptions import Subscription, Subscriptions
from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import (
    Caller,
    Page,
    Scope,
    decode_cursor,
    format_etag,
    not_modified,
    page_of,
    problem_responses,
    requires,
)

RUN_WAIT_SECONDS = 20.0
"""How long an answer waits for a run; one that takes longer goes on."""
_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
_PORTAL = [requires(Scope.PORTAL_READ)]
_RUNNING = {202: ResponseSpec(BillingRunJson, description="It goes on; ask for it again", generate_examples=False)}
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Line = Annotated[str, QueryParameter(description="Key of the line", max_length=KEY_LENGTH_MAX)]
Number = Annotated[
    str, QueryParameter(description="Of a credit note for the invoice; left out: the invoice", max_length=64)
]
IfNoneMatch = Annotated[str | None, HeaderParameter(name="If-None-Match", description="An entity tag had before")]


class BillingController(Controller):
    """`/api/v1/billing/runs`."""

    path = "/api/v1/billing/runs"
    tags = ("Billing",)

    @get("", operation_id="getBillingRun", guards=_READ, responses=problem_responses(), summary="Look at the last run")
    async def last(self, caller: NamedDependency[Caller], billing_runs: NamedDependency[BillingRuns]) -> BillingRunJson:
        """Or at the one that goes on: what it drafted, what failed and why."""
        return run_to_json(billing_runs.state(caller.organisation_id))

    @post(
        "",
        operation_id="runBilling",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses() | _RUNNING,
        summary="Bill now",
    )
    async def run(
        self, caller: NamedDependency[Caller], billing_runs: NamedDependency[BillingRuns]
    ) -> Response[BillingRunJson]:
        """Draft what is due, make documents of what waited long enough. Runs go by themselves, too; one more changes nothing."""
        work = asyncio.create_task(asyncio.to_thread(billing_runs.run_now, caller.organisation_id))
        done, _ = await asyncio.wait({work}, timeout=RUN_WAIT_SECONDS)
        if done:
            return Response(run_to_json(work.result()), status_code=200)
        _going_on.add(work)
        work.add_done_callback(_over)
        return Response(run_to_json(billing_runs.state(caller.organisation_id)), status_code=202)


_going_on: set[asyncio.Task[Any]] = set()
"""Kept, so that they are not collected while they run."""


def _over(task: asyncio.Task[Any]) -> None:
    _going_on.discard(task)
    if not task.cancelled():
        task.exception()  # looked at: the run's state says it


class NextInvoiceController(Controller):
    """`/api/v1/subscriptions/{subscription}/next-invoice`, and the customer's own."""

    path = "/api/v1"
    tags = ("Billing",)

    @get(
        "/subscriptions/{subscription:str}/next-invoice",
        operation_id="getNextInvoice",
        guards=_READ,
        responses=problem_responses(404),
        summary="Preview the next invoice of a subscription",
    )
    async def next_invoice(
        self,
        caller: NamedDependency[Caller],
        billing: NamedDependency[Billing],
        subscriptions: NamedDependency[Subscriptions],
        subscription: FromPath[str],
    ) -> NextInvoiceJson:
        """What was used so far and the fees that come, less what other invoices say; each line with its explanation."""
        subscription_id = parse_id(subscription, what="subscription id")

        def found() -> NextInvoiceJson:
            return _next(billing, subscriptions, subscriptions.get(caller.organisation_id, subscription_id))

        return await asyncio.to_thread(found)

    @get(
        "/my/subscriptions/{subscription:str}/next-invoice",
        operation_id="getMyNextInvoice",
        guards=_PORTAL,
        responses=problem_responses(404, 409),
        summary="Preview my next invoice",
    )
    async def my_next_invoice(
        self,
        caller: NamedDependency[Caller],
        billing: NamedDependency[Billing],
        subscriptions: NamedDependency[Subscriptions],
        subscription: FromPath[str],
    ) -> NextInvoiceJson:
        """Of a subscription the caller's organisation pays for. 409 for a gift: its giver pays."""
        subscription_id = parse_id(subscription, what="subscription id")

        def found() -> NextInvoiceJson:
            one = subscriptions.one_of_buyer(caller.organisation_id, subscription_id)
            if one.gift is not None:
                raise Conflict("The subscription is a gift: somebody else is sent its invoices.")
            return _next(billing, subscriptions, one)

        return await asyncio.to_thread(found)


def _next(billing: Billing, subscriptions: Subscriptions, one: Subscription) -> NextInvoiceJson:
    return next_to_json(one, billing.preview_of(one), subscriptions.now())


class InvoiceFilesController(Controller):
    """`/api/v1/invoices/{invoice}/document.pdf`, `.xml`, `/usage`: the seller's."""

    path = "/api/v1/invoices/{invoice:str}"
    tags = ("Billing",)

    @get(
        "/document.pdf",
        operation_id="getInvoicePdf",
        guards=_READ,
        responses=problem_responses(404, 409),
        media_type=Form.PDF.media_type,
        summary="An invoice on paper",
    )
    async def paper(
        self,
        caller: NamedDependency[Caller],
        papers: NamedDependency[Papers],
        invoice: FromPath[str],
        number: Number = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response[bytes]:
        """PDF/A-3. 409 while it is a draft."""
        return await _file(papers, caller.organisation_id, _id(invoice), number, Form.PDF, if_none_match)

    @get(
        "/document.xml",
        operation_id="getInvoiceUbl",
        guards=_READ,
        responses=problem_responses(404, 409),
        media_type=Form.UBL.media_type,
        summary="An electronic invoice",
    )
    async def electronic(
        self,
        caller: NamedDependency[Caller],
        papers: NamedDependency[Papers],
        invoice: FromPath[str],
        number: Number = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response[bytes]:
        """EN 16931 in UBL 2.1 (Peppol BIS Billing 3.0). 422 names what the standard asks for and the document lacks."""
        return await _file(papers, caller.organisation_id, _id(invoice), number, Form.UBL, if_none_match)

    @get(
        "/usage",
        operation_id="listInvoiceUsage",
        guards=_READ,
        responses=problem_responses(404, 409),
        summary="List the samples behind a line",
    )
    async def usage(
        self,
        caller: NamedDependency[Caller],
        evidence: NamedDependency[Evidence],
        invoice: FromPath[str],
        line: Line,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[EvidenceRowJson]:
        """By unit and time, each with the way to the reading or event it was taken from."""
        return await _usage(evidence, caller.organisation_id, _id(invoice), line, limit, cursor)


class MyInvoiceFilesController(Controller):
    """The same of what the caller's organisation was sent."""

    path = "/api/v1/my/invoices/{invoice:str}"
    tags = ("Billing",)

    @get(
        "/document.pdf",
        operation_id="getMyInvoicePdf",
        guards=_PORTAL,
        responses=problem_responses(404, 409),
        media_type=Form.PDF.media_type,
        summary="An invoice I was sent, on paper",
    )
    async def paper(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        papers: NamedDependency[Papers],
        invoice: FromPath[str],
        number: Number = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response[bytes]:
        """PDF/A-3."""
        organisation_id, invoice_id = await _mine(invoices, caller, invoice)
        return await _file(papers, organisation_id, invoice_id, number, Form.PDF, if_none_match)

    @get(
        "/document.xml",
        operation_id="getMyInvoiceUbl",
        guards=_PORTAL,
        responses=problem_responses(404, 409),
        media_type=Form.UBL.media_type,
        summary="An electronic invoice I was sent",
    )
    async def electronic(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        papers: NamedDependency[Papers],
        invoice: FromPath[str],
        number: Number = "",
        if_none_match: IfNoneMatch = None,
    ) -> Response[bytes]:
        """EN 16931 in UBL 2.1 (Peppol BIS Billing 3.0)."""
        organisation_id, invoice_id = await _mine(invoices, caller, invoice)
        return await _file(papers, organisation_id, invoice_id, number, Form.UBL, if_none_match)

    @get(
        "/usage",
        operation_id="listMyInvoiceUsage",
        guards=_PORTAL,
        responses=problem_responses(404, 409),
        summary="List the samples behind a line I was charged",
    )
    async def usage(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        evidence: NamedDependency[Evidence],
        invoice: FromPath[str],
        line: Line,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[EvidenceRowJson]:
        """Of the units of the subscription while they were its own."""
        organisation_id, invoice_id = await _mine(invoices, caller, invoice)
        return await _usage(evidence, organisation_id, invoice_id, line, limit, cursor)


def _id(invoice: str) -> int:
    return parse_id(invoice, what="invoice")


async def _mine(invoices: Invoices, caller: Caller, invoice: str) -> tuple[int, int]:
    found = await asyncio.to_thread(invoices.get_mine, caller.organisation_id, _id(invoice))
    return found.organisation_id, found.id


async def _file(
    papers: Papers, organisation_id: int, invoice_id: int, number: str, form: Form, had: str | None
) -> Response[bytes]:
    document = await asyncio.to_thread(papers.document, organisation_id, invoice_id, number)
    tag = f"{document.digest.hex()}.{form.suffix}"
    headers = {"ETag": format_etag(tag), "Cache-Control": "private, no-cache"}
    if not_modified(had, tag):
        return Response(b"", status_code=304, headers=headers)
    written = await papers.written(document, form)
    headers["Content-Disposition"] = f'inline; filename="{document.label}.{form.suffix}"'
    return Response(written, media_type=form.media_type, headers=headers)


async def _usage(
    evidence: Evidence, organisation_id: int, invoice_id: int, line: str, limit: int, cursor: str | None
) -> Page[EvidenceRowJson]:
    after = decode_cursor(cursor, int, int, int) if cursor else None
    found = await asyncio.to_thread(evidence.rows, organisation_id, invoice_id, line, after=after, limit=limit + 1)
    return page_of(found, limit, lambda row: (row.unit_id, row.at, row.name), evidence_to_json)


CONTROLLERS = (
    BillingController,
    NextInvoiceController,
    InvoiceFilesController,
    MyInvoiceFilesController,
    SimulationsController,
)
"""What `api` mounts."""

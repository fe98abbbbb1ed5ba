# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.billing`: From usage to invoices: runs, what the next invoice will say, documents as files, the evidence of
lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import BillingRun, EvidenceRow, EvidenceRowPage, NextInvoice, PlanSimulation
from monokoto.client.wire import AsyncApi, AsyncDownload, AsyncPages, Call, given, segment


class AsyncBillingApi:
    """From usage to invoices: runs, what the next invoice will say, documents as files, the evidence of lines."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def get_billing_run(self) -> BillingRun:
        """Look at the last run.

        Or at the one that goes on: what it drafted, what failed and why. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/billing/runs", repeatable=True)
        return await self._api.ask(call, BillingRun)

    async def run_billing(self, *, idempotency_key: str | None = None) -> BillingRun:
        """Bill now.

        Draft what is due, make documents of what waited long enough. Runs go by themselves, too; one more changes
        nothing. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/billing/runs", key=idempotency_key, keyed=True)
        return await self._api.ask(call, BillingRun)

    def get_invoice_pdf(self, invoice: str, *, number: str | None = None) -> AsyncDownload:
        """An invoice on paper.

        PDF/A-3. 409 while it is a draft. Needs `earn:read`. Raises NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            number: Of a credit note for the invoice; left out: the invoice (at most 64 characters).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/invoices/{segment(invoice)}/document.pdf",
            query=given(number=number),
            repeatable=True,
            accept="application/pdf",
        )
        return self._api.download(call)

    def get_invoice_ubl(self, invoice: str, *, number: str | None = None) -> AsyncDownload:
        """An electronic invoice.

        EN 16931 in UBL 2.1 (Peppol BIS Billing 3.0). 422 names what the standard asks for and the document lacks.
        Needs `earn:read`. Raises NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            number: Of a credit note for the invoice; left out: the invoice (at most 64 characters).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/invoices/{segment(invoice)}/document.xml",
            query=given(number=number),
            repeatable=True,
            accept="application/xml",
        )
        return self._api.download(call)

    def list_invoice_usage(
        self, invoice: str, *, line: str, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[EvidenceRowPage, EvidenceRow]:
        """List the samples behind a line.

        By unit and time, each with the way to the reading or event it was taken from. Needs `earn:read`. Raises
        NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            line: Key of the line (at most 200 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/invoices/{segment(invoice)}/usage",
            query=given(line=line, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, EvidenceRowPage, EvidenceRow)

    def get_my_invoice_pdf(self, invoice: str, *, number: str | None = None) -> AsyncDownload:
        """An invoice I was sent, on paper.

        PDF/A-3. Needs `portal:read`. Raises NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            number: Of a credit note for the invoice; left out: the invoice (at most 64 characters).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/my/invoices/{segment(invoice)}/document.pdf",
            query=given(number=number),
            repeatable=True,
            accept="application/pdf",
        )
        return self._api.download(call)

    def get_my_invoice_ubl(self, invoice: str, *, number: str | None = None) -> AsyncDownload:
        """An electronic invoice I was sent.

        EN 16931 in UBL 2.1 (Peppol BIS Billing 3.0). Needs `portal:read`. Raises NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            number: Of a credit note for the invoice; left out: the invoice (at most 64 characters).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/my/invoices/{segment(invoice)}/document.xml",
            query=given(number=number),
            repeatable=True,
            accept="application/xml",
        )
        return self._api.download(call)

    def list_my_invoice_usage(
        self, invoice: str, *, line: str, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[EvidenceRowPage, EvidenceRow]:
        """List the samples behind a line I was charged.

        Of the units of the subscription while they were its own. Needs `portal:read`. Raises NotFound, Conflict.

        Args:
            invoice: Id of the invoice.
            line: Key of the line (at most 200 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/my/invoices/{segment(invoice)}/usage",
            query=given(line=line, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, EvidenceRowPage, EvidenceRow)

    async def get_my_next_invoice(self, subscription: str) -> NextInvoice:
        """Preview my next invoice.

        Of a subscription the caller's organisation pays for. 409 for a gift: its giver pays. Needs `portal:read`.
        Raises NotFound, Conflict.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(
            method="GET", path=f"/api/v1/my/subscriptions/{segment(subscription)}/next-invoice", repeatable=True
        )
        return await self._api.ask(call, NextInvoice)

    async def try_plan(
        self,
        *,
        product: str,
        plan: str,
        version: int | UnsetType = UNSET,
        document: Mapping[str, Any] | UnsetType | None = UNSET,
        from_: str | UnsetType = UNSET,
        to: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> PlanSimulation:
        """Try a plan on what was used.

        What the subscriptions of a plan would have come to by other words, beside what was billed, customer by
        customer. Nothing is published or changed. Needs `earn:read`. Raises NotFound, Conflict, TooLarge.

        Args:
            version: 0: the newest; not with a document (default: 0).
            document: A draft, as product.yaml has it.
            from_: Periods that ended after it; left out: the last whole month, UTC.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/plans/simulations",
            body=given(product=product, plan=plan, version=version, document=document, from_=from_, to=to),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PlanSimulation)

    async def try_plan_in_steps(
        self,
        *,
        product: str,
        plan: str,
        version: int | UnsetType = UNSET,
        document: Mapping[str, Any] | UnsetType | None = UNSET,
        from_: str | UnsetType = UNSET,
        to: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> AsyncDownload:
        """Try a plan, and follow how far it is.

        The same in an answer that grows, for those with many subscriptions; close the connection to end it early.
        Needs `earn:read`. Raises NotFound, Conflict, TooLarge.

        Args:
            version: 0: the newest; not with a document (default: 0).
            document: A draft, as product.yaml has it.
            from_: Periods that ended after it; left out: the last whole month, UTC.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/plans/simulations/steps",
            body=given(product=product, plan=plan, version=version, document=document, from_=from_, to=to),
            key=idempotency_key,
            keyed=True,
            accept="application/x-ndjson",
        )
        return await self._api.download_now(call)

    async def get_next_invoice(self, subscription: str) -> NextInvoice:
        """Preview the next invoice of a subscription.

        What was used so far and the fees that come, less what other invoices say; each line with its explanation.
        Needs `earn:read`. Raises NotFound.

        Args:
            subscription: Id of the subscription.
        """
        call = Call(method="GET", path=f"/api/v1/subscriptions/{segment(subscription)}/next-invoice", repeatable=True)
        return await self._api.ask(call, NextInvoice)

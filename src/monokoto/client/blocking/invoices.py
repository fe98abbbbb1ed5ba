# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.invoices`: What is owed: drafts, documents that never change, credit notes; who sells, by which tax rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Address,
    AllNumberSeries,
    CreditNote,
    Invoice,
    InvoiceDetails,
    InvoiceLineRequest,
    InvoicePage,
    InvoiceState,
    Issuer,
    Period,
    TaxRule,
    TaxRules,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class InvoicesApi:
    """What is owed: drafts, documents that never change, credit notes; who sells, by which tax rules."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_invoices(
        self,
        *,
        state: Sequence[InvoiceState] | None = None,
        customer: str | None = None,
        subscription: str | None = None,
        number: str | None = None,
        overdue: bool | None = None,
        empty: bool | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[InvoicePage, Invoice]:
        """List invoices.

        The newest first. Needs `earn:read`.

        Args:
            state: Those in one of these states.
            customer: Of this customer.
            subscription: Of this subscription.
            number: The one with this number (at most 64 characters).
            overdue: Those that should be paid by now (default: false).
            empty: Drafts thrown away with nothing on them: true those alone, false all others.
            from_: Issued at this instant (RFC 3339) or later.
            to: Issued before this instant.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/invoices",
            query=given(state=state, customer=customer, subscription=subscription, number=number, overdue=overdue)
            | given(empty=empty, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, InvoicePage, Invoice)

    def create_invoice(
        self,
        *,
        customer: str,
        currency: str,
        period: Period,
        lines: Sequence[InvoiceLineRequest],
        key: str,
        idempotency_key: str | None = None,
    ) -> Invoice:
        """Draft an invoice.

        By hand; subscriptions make theirs by themselves. The same key twice is one invoice, as it stands. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            currency: At most 3 characters.
            lines: At most 10,000.
            key: The same key twice is one invoice (at most 200 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/invoices",
            body=given(customer=customer, currency=currency, period=period, lines=lines, key=key),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Invoice)

    def get_invoice(self, invoice: str) -> InvoiceDetails:
        """Look at an invoice.

        With its lines and documents; of a draft what it would come to, and what is lacking. Needs `earn:read`.
        Raises NotFound.

        Args:
            invoice: Id of the invoice.
        """
        call = Call(method="GET", path=f"/api/v1/invoices/{segment(invoice)}", repeatable=True)
        return self._api.ask(call, InvoiceDetails)

    def create_credit_note(
        self,
        invoice: str,
        *,
        key: str,
        reason: str | UnsetType = UNSET,
        lines: Mapping[str, str] | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> CreditNote:
        """Give something back.

        A document of its own. It lessens what is owed; what is over is the customer's credit. Needs `earn:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            key: The same key twice is one credit note (at most 200 characters).
            reason: At most 500 characters.
            lines: Net amounts by the keys of lines; null: all that is left.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/invoices/{segment(invoice)}/credit-notes",
            body=given(key=key, reason=reason, lines=lines),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, CreditNote)

    def finalise_invoice(self, invoice: str, *, idempotency_key: str | None = None) -> Invoice:
        """Make a draft a document.

        It is numbered and booked, and never changes after. Asked again, it is answered as it stands. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/invoices/{segment(invoice)}/finalise", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Invoice)

    def put_invoice_lines(
        self, invoice: str, *, lines: Sequence[InvoiceLineRequest], idempotency_key: str | None = None
    ) -> Invoice:
        """Replace the lines of a draft.

        Until it is a document. `If-Match` takes the revision. Needs `earn:write`. Raises NotFound, Conflict,
        PreconditionFailed, TooLarge.

        Args:
            invoice: Id of the invoice.
            lines: At most 10,000.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/invoices/{segment(invoice)}/lines",
            body=given(lines=lines),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Invoice)

    def reinstate_invoice(self, invoice: str, *, idempotency_key: str | None = None) -> Invoice:
        """Collect an uncollectible invoice after all.

        It is owed again. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/invoices/{segment(invoice)}/reinstate", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Invoice)

    def write_off_invoice(
        self, invoice: str, *, reason: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Invoice:
        """Write off what is open.

        It becomes a loss. Needs `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            reason: At most 500 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/invoices/{segment(invoice)}/uncollectible",
            body=given(reason=reason),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Invoice)

    def void_invoice(
        self, invoice: str, *, reason: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> Invoice:
        """Take an invoice back.

        A draft is thrown away. A document of which nothing is paid gets a credit note over all of it. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            invoice: Id of the invoice.
            reason: At most 500 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/invoices/{segment(invoice)}/void",
            body=given(reason=reason),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Invoice)

    def get_issuer(self) -> Issuer:
        """Who sells.

        As it stands on documents. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/issuer", repeatable=True)
        return self._api.ask(call, Issuer)

    def put_issuer(
        self,
        *,
        name: str | UnsetType = UNSET,
        address: Address | UnsetType = UNSET,
        country: str | UnsetType = UNSET,
        vat_id: str | UnsetType = UNSET,
        registration: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        iban: str | UnsetType = UNSET,
        bic: str | UnsetType = UNSET,
        creditor_id: str | UnsetType = UNSET,
        invoice_prefix: str | UnsetType = UNSET,
        credit_note_prefix: str | UnsetType = UNSET,
        timezone: str | UnsetType = UNSET,
        terms_days: int | UnsetType = UNSET,
        grace_seconds: int | UnsetType = UNSET,
        note: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Issuer:
        """Say who sells.

        For documents from now on; numbers are checked (VAT, IBAN, BIC). Needs `earn:write`. Raises Conflict,
        TooLarge.

        Args:
            name: At most 200 characters.
            country: ISO 3166-1, such as DE (at most 2 characters).
            vat_id: At most 32 characters.
            registration: At most 200 characters.
            email: At most 254 characters.
            iban: At most 42 characters.
            bic: At most 11 characters.
            creditor_id: For SEPA direct debits (at most 35 characters).
            invoice_prefix: At most 16 characters; default: inv.
            credit_note_prefix: At most 16 characters; default: cn.
            timezone: At most 64 characters; default: utc.
            terms_days: Default: 14.
            grace_seconds: Between the end of a period and the document (default: 3600).
            note: At most 2,000 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path="/api/v1/issuer",
            body=given(name=name, address=address, country=country, vat_id=vat_id, registration=registration)
            | given(email=email, iban=iban, bic=bic, creditor_id=creditor_id, invoice_prefix=invoice_prefix)
            | given(credit_note_prefix=credit_note_prefix, timezone=timezone, terms_days=terms_days)
            | given(grace_seconds=grace_seconds, note=note),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Issuer)

    def list_my_invoices(
        self, *, state: Sequence[InvoiceState] | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[InvoicePage, Invoice]:
        """What I was sent.

        The newest first; drafts are the seller's. Needs `portal:read`.

        Args:
            state: Those in one of these states.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/my/invoices",
            query=given(state=state, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, InvoicePage, Invoice)

    def get_my_invoice(self, invoice: str) -> InvoiceDetails:
        """One I was sent.

        With its lines and documents. Needs `portal:read`. Raises NotFound.

        Args:
            invoice: Id of the invoice.
        """
        call = Call(method="GET", path=f"/api/v1/my/invoices/{segment(invoice)}", repeatable=True)
        return self._api.ask(call, InvoiceDetails)

    def list_number_series(self) -> AllNumberSeries:
        """How far the numbers of documents are.

        By kind and year; numbers are given when a draft becomes a document, and none is left out. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/number-series", repeatable=True)
        return self._api.ask(call, AllNumberSeries)

    def list_tax_rules(self) -> TaxRules:
        """Tax rules.

        Which tax a supply has. No rate is built in. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/tax-rules", repeatable=True)
        return self._api.ask(call, TaxRules)

    def put_tax_rules(self, *, rules: Sequence[TaxRule], idempotency_key: str | None = None) -> TaxRules:
        """State tax rules.

        All of them; documents already made stay what they are. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            rules: At most 1,000.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="PUT", path="/api/v1/tax-rules", body=given(rules=rules), key=idempotency_key, keyed=True)
        return self._api.ask(call, TaxRules)

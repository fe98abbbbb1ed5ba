"""Taking back what was sent: credit notes, void, uncollectible. Blocking; called in threads.

A document is never changed: what is wrong with it is another document.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monokoto.earn.invoices import books, store
from monokoto.earn.invoices.crediting import Given, give_back, left_of
from monokoto.earn.invoices.document import Content, Document, DocumentKind
from monokoto.earn.invoices.invoice import Invoice, InvoiceState
from monokoto.earn.invoices.issuers import Issuers
from monokoto.earn.invoices.line import line_from_plain
from monokoto.earn.invoices.party import Issuer, buyer_from_plain
from monokoto.earn.invoices.sharing import NoPartners, Partners, parts_of, shared
from monokoto.earn.invoices.store import CreditNote
from monokoto.earn.invoices.tax import Category
from monokoto.earn.invoices.totals import TaxedLine, Totals
from monokoto.earn.invoices.writing import DocumentWriter
from monokoto.earn.ledger import Ledger, Posting, reversed_entry
from monokoto.earn.pricing import TaxSubtotal, currency
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import CreditNoteId, format_id, new_id
from monokoto.kernel.limits import CREDIT_NOTES_PER_INVOICE_MAX
from monokoto.kernel.money import ZERO, exact

_LIVE = (InvoiceState.FINALISED, InvoiceState.PAID)


class GivingBack:
    """Credit notes of all sellers."""

    def __init__(
        self, records: Records, clock: Clock, *, ledger: Ledger, issuers: Issuers, partners: Partners | None = None
    ) -> None:
        self._records = records
        self._clock = clock
        self._ledger = ledger
        self._issuers = issuers
        self._partners = partners or NoPartners()

    def credit_note(
        self,
        organisation_id: int,
        invoice_id: int,
        *,
        key: str,
        reason: str,
        lines: Mapping[str, Decimal] | None = None,
    ) -> CreditNote:
        """Give back net amounts of some lines, or all that is left; the same key twice is one note.

        It lessens what is owed; what is over goes to the customer's credit.

        Raises:
            NotFound: there is no such invoice.
            Invalid: a line or an amount is not on it.
            Conflict: it is no document any more or yet, or more would be given back than was charged.
        """
        issuer = self._issuers.get(organisation_id)
        with self._records.write() as connection:
            invoice = self._lock(connection, organisation_id, invoice_id)
            if known := store.notes(connection, organisation_id, key=key):
                if known[0].invoice_id != invoice.id:
                    raise Conflict(f"Another invoice has a credit note {key!r}.")
                return known[0]
            invoice.must_be(*_LIVE, to="a credit note")
            document, given, left = self._given(connection, invoice, lines)
            over = _over(given.totals.gross, invoice.open)
            applied = _minus(given.totals.gross, over)
            note = self._write(connection, invoice, document, given, issuer, key=key, reason=reason, applied=applied)
            after = replace(
                invoice,
                credited=_plus(invoice.credited, note.gross),
                applied=_plus(invoice.applied, applied),
                revision=invoice.revision + 1,
            ).settled(self._clock.now())
            store.update(connection, after)
            postings = [
                *books.turned(books.sold(given.lines, given.totals, invoice.currency)),
                *books.given_back(invoice.customer_id, applied, over, invoice.currency),
            ]
            self._book(
                connection, invoice, f"credit-note:{format_id(note.id)}", f"Credit note for {invoice.label}", postings
            )
            self._unshare(connection, invoice, note, given, left)
        return note

    def void(self, organisation_id: int, invoice_id: int, reason: str) -> Invoice:
        """Take a whole invoice back of which nothing is paid or given back: a credit note over all of it; what the wallet paid
        is in the wallet again. Asked again, nothing changes. Raises NotFound, Conflict."""
        issuer, now = self._issuers.get(organisation_id), self._clock.now()
        with self._records.write() as connection:
            invoice = self._lock(connection, organisation_id, invoice_id)
            if invoice.state is InvoiceState.VOID:
                return invoice
            invoice.must_be(InvoiceState.FINALISED, to="taking it back")
            if invoice.paid or invoice.credited:
                raise Conflict(
                    f"Some of {invoice.label} is paid or given back already.", remedy="Give the rest back instead."
                )
            document, given, left = self._given(connection, invoice, None)
            key = f"void:{format_id(invoice.id)}"
            note = self._write(
                connection, invoice, document, given, issuer, key=key, reason=reason, applied=invoice.open, voids=True
            )
            after = replace(
                invoice, state=InvoiceState.VOID, reason=reason, settled_at=now, revision=invoice.revision + 1
            )
            store.update(connection, after)
            postings = [
                *books.turned(books.sold(given.lines, given.totals, invoice.currency)),
                *books.turned(books.owed(invoice.customer_id, invoice.payable, invoice.prepaid, invoice.currency)),
            ]
            self._book(connection, invoice, key, f"{invoice.label} taken back", postings)
            self._unshare(connection, invoice, note, given, left)
        return after

    def uncollectible(self, organisation_id: int, invoice_id: int, reason: str) -> Invoice:
        """Nobody will pay what is open: it becomes a loss. Asked again, nothing changes. Raises NotFound, Conflict."""
        with self._records.write() as connection:
            invoice = self._lock(connection, organisation_id, invoice_id)
            if invoice.state is InvoiceState.UNCOLLECTIBLE:
                return invoice
            invoice.must_be(InvoiceState.FINALISED, to="writing it off")
            lost = invoice.open
            after = replace(
                invoice,
                state=InvoiceState.UNCOLLECTIBLE,
                written_off=lost,
                reason=reason,
                settled_at=self._clock.now(),
                revision=invoice.revision + 1,
            )
            store.update(connection, after)
            self._book(connection, invoice, _loss_key(after), f"{invoice.label} written off", _loss(invoice, lost))
        return after

    def reinstate(self, organisation_id: int, invoice_id: int) -> Invoice:
        """Somebody will pay after all: an uncollectible invoice is owed again. Raises NotFound, Conflict."""
        with self._records.write() as connection:
            invoice = self._lock(connection, organisation_id, invoice_id)
            invoice.must_be(InvoiceState.UNCOLLECTIBLE, to="collecting it again")
            booked = self._ledger.entries(organisation_id, key=_loss_key(invoice), limit=1)
            after = replace(
                invoice,
                state=InvoiceState.FINALISED,
                written_off=currency(invoice.currency).round(ZERO),
                reason="",
                settled_at=None,
                revision=invoice.revision + 1,
            )
            store.update(connection, after)
            entry = reversed_entry(
                booked[0].entry,
                key=f"reinstated:{format_id(invoice.id)}:{after.revision}",
                at=self._clock.now(),
                title=f"{invoice.label} is owed again",
            )
            self._ledger.post(connection, organisation_id, entry)
        return after

    def _given(
        self, connection: sa.Connection, invoice: Invoice, lines: Mapping[str, Decimal] | None
    ) -> tuple[Document, Given, dict[str, Decimal]]:
        """The invoice's document, what is given back of it now, and by line what was left of it until now."""
        document, *before = store.documents_of(connection, invoice.organisation_id, invoice.id)
        if len(before) >= CREDIT_NOTES_PER_INVOICE_MAX:
            raise Conflict(f"{invoice.label} has {CREDIT_NOTES_PER_INVOICE_MAX} credit notes already.")
        charged = _given_in(document.content)
        notes = [_given_in(one.content) for one in before]
        given = give_back(charged.lines, invoice.gross, notes, lines, currency(invoice.currency))
        return document, given, left_of(charged.lines, notes)

    def _write(
        self,
        connection: sa.Connection,
        invoice: Invoice,
        document: Document,
        given: Given,
        issuer: Issuer,
        *,
        key: str,
        reason: str,
        applied: Decimal,
        voids: bool = False,
    ) -> CreditNote:
        now = self._clock.now()
        writer = DocumentWriter(connection, invoice.organisation_id)
        made = writer.write(
            Content(
                kind=DocumentKind.CREDIT_NOTE,
                invoice_id=invoice.id,
                key=key,
                currency=currency(invoice.currency),
                period=invoice.period,
                issued_at=now,
                due_at=None,
                issuer=issuer,
                buyer=replace(
                    buyer_from_plain(document.content["buyer"]),
                    customer_organisation_id=invoice.customer_organisation_id,
                ),
                lines=given.lines,
                totals=given.totals,
                payable=f"{given.totals.gross:f}",
                gives_back=document.label,
                reason=reason,
            )
        )
        writer.end()
        note = CreditNote(
            id=CreditNoteId(new_id()),
            invoice_id=invoice.id,
            customer_id=invoice.customer_id,
            document_id=made.id,
            key=key,
            currency=invoice.currency,
            gross=given.totals.gross,
            applied=applied,
            over=ZERO if voids else _minus(given.totals.gross, applied),
            voids=voids,
            created_at=now,
        )
        store.insert_note(connection, invoice.organisation_id, note)
        return note

    def _unshare(
        self, connection: sa.Connection, invoice: Invoice, note: CreditNote, given: Given, left: Mapping[str, Decimal]
    ) -> None:
        """Take back from partners what they have of what is given back."""
        lines = [one.line for one in given.lines]
        parts = parts_of(self._partners, invoice.organisation_id, lines, currency(invoice.currency), before=left)
        entries = shared(
            note.document_id, f"the credit note for {invoice.label}", note.created_at, parts, note.currency
        )
        self._ledger.post_many(connection, invoice.organisation_id, entries)

    def _book(
        self, connection: sa.Connection, invoice: Invoice, key: str, title: str, postings: builtins.list[Posting]
    ) -> None:
        self._ledger.post_many(
            connection, invoice.organisation_id, books.entry_of(key, self._clock.now(), title, postings)
        )

    def _lock(self, connection: sa.Connection, organisation_id: int, invoice_id: int) -> Invoice:
        found = store.lock_many(connection, organisation_id, [invoice_id])
        if not found:
            raise NotFound(f"There is no invoice {format_id(invoice_id)}.")
        return found[0][0]


def _given_in(told: Mapping[str, Any]) -> Given:
    """The lines and totals of a document."""
    lines = tuple(
        TaxedLine(line=line_from_plain(one), category=Category(one["vat"]), rate_percent=Decimal(one["rate"]))
        for one in told["lines"]
    )
    reasons = {row["vat"]: row["reason"] for row in told["totals"]["taxes"]}
    totals = told["totals"]
    return Given(
        lines=tuple(replace(one, reason=reasons.get(one.category.value, "")) for one in lines),
        totals=Totals(
            net=Decimal(totals["net"]),
            tax=Decimal(totals["tax"]),
            gross=Decimal(totals["gross"]),
            subtotals=tuple(
                TaxSubtotal(
                    category=row["vat"],
                    rate_percent=Decimal(row["rate"]),
                    taxable=Decimal(row["taxable"]),
                    tax=Decimal(row["tax"]),
                )
                for row in totals["taxes"]
            ),
        ),
    )


def _loss_key(invoice: Invoice) -> str:
    return f"uncollectible:{format_id(invoice.id)}:{invoice.revision}"


@exact
def _loss(invoice: Invoice, lost: Decimal) -> builtins.list[Posting]:
    customer = format_id(invoice.customer_id)
    return [
        Posting("uncollectible", lost, invoice.currency),
        Posting(f"receivable:{customer}", -lost, invoice.currency),
    ]


@exact
def _over(gross: Decimal, owed: Decimal) -> Decimal:
    return max(gross - owed, ZERO)


@exact
def _minus(first: Decimal, second: Decimal) -> Decimal:
    return first - second


@exact
def _plus(first: Decimal, second: Decimal) -> Decimal:
    return first + second

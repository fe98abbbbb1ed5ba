"""Invoices: drafted, changed, made into documents. Blocking; called in threads.

Locks are taken in one order: rows of invoices by id, the head of the documents, the head of the ledger.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

import sqlalchemy as sa

from monokoto.earn.invoices import books, store
from monokoto.earn.invoices.audit import audit_documents
from monokoto.earn.invoices.document import Content, Document, DocumentKind
from monokoto.earn.invoices.invoice import (
    CHANGEABLE,
    DraftInvoice,
    Invoice,
    InvoiceState,
    draft_faults,
    net_of,
)
from monokoto.earn.invoices.issuers import Issuers
from monokoto.earn.invoices.line import InvoiceLine, LineKind, line_to_plain
from monokoto.earn.invoices.party import Buyer, Customers, Issuer, lacking
from monokoto.earn.invoices.sharing import NoPartners, Partners, parts_of, shared
from monokoto.earn.invoices.store import InvoiceFilter
from monokoto.earn.invoices.tables import AMOUNTS
from monokoto.earn.invoices.tax import TaxRule
from monokoto.earn.invoices.totals import Totals, taxed_lines, totals_of
from monokoto.earn.invoices.writing import DocumentWriter
from monokoto.earn.ledger import Entry, Finding, Ledger
from monokoto.earn.pricing import currency
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import CreditNoteId, InvoiceId, OrganisationId, format_id, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT
from monokoto.kernel.money import ZERO, exact

_Found = TypeVar("_Found")

_DAY = 86_400_000_000
_EVERY = InvoiceFilter()


class Invoices:
    """The invoices of all sellers; `crediting` and payments change what is owed of them."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        ledger: Ledger,
        issuers: Issuers,
        customers: Customers,
        partners: Partners | None = None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._ledger = ledger
        self._issuers = issuers
        self._customers = customers
        self._partners = partners or NoPartners()

    # Drafts

    def draft(self, draft: DraftInvoice) -> Invoice:
        """A new invoice, or the one its key names already, as that stands. Raises Invalid, NotFound (the customer)."""
        return self.draft_many([draft])[0]

    def draft_many(self, drafts: Sequence[DraftInvoice]) -> builtins.list[Invoice]:
        """Many of one organisation in one transaction."""
        faults = [fault for draft in drafts for fault in draft_faults(draft)]
        if faults:
            raise Invalid("This cannot become an invoice.", faults=faults)
        if len({draft.organisation_id for draft in drafts}) > 1:
            raise Invalid("Drafts are made for one seller at a time.")
        if not drafts:
            return []
        organisation_id, now = drafts[0].organisation_id, self._clock.now()
        buyers = self._buyers(organisation_id, {draft.customer_id for draft in drafts})
        made = [(_new(draft, buyers[draft.customer_id], now), draft.lines) for draft in drafts]
        with self._records.write() as connection:
            store.insert_many(connection, made)
            found = store.find_keys(connection, organisation_id, [draft.key for draft in drafts])
        return [found[draft.key] for draft in drafts]

    def replace_lines(
        self, organisation_id: int, invoice_id: int, lines: Sequence[InvoiceLine], *, revision: int | None = None
    ) -> Invoice:
        """Other lines for a draft. Raises Conflict once it is a document, or (with `revision`) when it changed."""
        return self.replace_many(organisation_id, {invoice_id: tuple(lines)}, revision=revision)[0]

    def replace_many(
        self,
        organisation_id: int,
        lines: Mapping[int, tuple[InvoiceLine, ...]],
        *,
        revision: int | None = None,
        also: Callable[[sa.Connection], None] = lambda _connection: None,
    ) -> builtins.list[Invoice]:
        """Of many drafts in one transaction, in which `also` may write what must not differ from the lines."""
        changed = []
        with self._records.write() as connection:
            also(connection)
            for invoice, _ in self._locked(connection, organisation_id, lines):
                invoice.must_be(*CHANGEABLE, to="a change of its lines")
                if revision not in {None, invoice.revision}:
                    raise Conflict(f"The invoice {invoice.name} changed meanwhile.", remedy="Look at it again.")
                new = lines[invoice.id]
                if faults := builtins.list(draft_faults(_as_draft(invoice, new))):
                    raise Invalid("These lines cannot stand on an invoice.", faults=faults)
                after = replace(invoice, net=net_of(new, invoice.currency), revision=invoice.revision + 1)
                changed.append((after, new))
            store.update_lines(connection, changed)
        return [invoice for invoice, _ in changed]

    def close(self, organisation_id: int, invoice_id: int) -> Invoice:
        """Its period is over: grace begins, by what the seller says. Asked again, nothing changes."""
        issuer, now = self._issuers.get(organisation_id), self._clock.now()
        with self._records.write() as connection:
            invoice, _ = self._locked(connection, organisation_id, [invoice_id])[0]
            if invoice.state is not InvoiceState.DRAFT:
                return invoice
            if now < invoice.period.end:
                raise Conflict(f"The period of the invoice {invoice.name} is not over yet.")
            closes_at = Instant(invoice.period.end + issuer.grace_seconds * 1_000_000)
            after = replace(invoice, state=InvoiceState.GRACE, closes_at=closes_at, revision=invoice.revision + 1)
            store.update(connection, after)
        return after

    def discard(self, organisation_id: int, invoice_id: int, reason: str) -> Invoice:
        """Throw a draft away; it never was a document. Raises Conflict when it is one."""
        with self._records.write() as connection:
            invoice, lines = self._locked(connection, organisation_id, [invoice_id])[0]
            invoice.must_be(*CHANGEABLE, to="throwing it away")
            after = replace(invoice, state=InvoiceState.VOID, reason=reason, revision=invoice.revision + 1)
            store.update(connection, after, lines=lines)
        return after

    # Documents

    def finalise(self, organisation_id: int, invoice_id: int) -> Invoice:
        """Make it a document; see `finalise_many`."""
        return self.finalise_many(organisation_id, [invoice_id])[0]

    def finalise_many(self, organisation_id: int, invoice_ids: Collection[int]) -> builtins.list[Invoice]:
        """Number, chain and book invoices of one organisation, in the order of their ids, in one transaction.

        One that is a document already stays as it is. What a wallet pays is what the wallet holds, and no more than is asked.

        Raises:
            NotFound: there is no such invoice.
            Conflict: one was thrown away.
            Invalid: the seller is not described, a line has no tax rule; nothing is made of any of them.
        """
        with self._records.read() as connection:
            known = [_there(store.find(connection, organisation_id, one), one) for one in sorted(set(invoice_ids))]
        issuer, rules, now = self._issuers.get(organisation_id), self._issuers.rules(organisation_id), self._clock.now()
        if faults := lacking(issuer):
            raise Invalid("The seller is not described yet.", remedy="PUT /api/v1/issuer", faults=faults)
        buyers = self._buyers(organisation_id, {invoice.customer_id for invoice, _ in known})
        with self._records.write() as connection:
            locked = self._locked(connection, organisation_id, invoice_ids)
            fresh = []
            for invoice, lines in locked:
                if invoice.document_id is None:
                    invoice.must_be(*CHANGEABLE, to="a document")
                    fresh.append(self._priced(invoice, lines, rules, issuer, buyers[invoice.customer_id], now))
            made = self._documented(connection, organisation_id, fresh) if fresh else {}
        return [made.get(invoice.id, invoice) for invoice, _ in locked]

    def _priced(
        self,
        invoice: Invoice,
        lines: tuple[InvoiceLine, ...],
        rules: Sequence[TaxRule],
        issuer: Issuer,
        buyer: Buyer,
        now: Instant,
    ) -> tuple[Invoice, Content, Decimal]:
        """The invoice, its content without a wallet, and how much of a wallet was asked for."""
        faults: list[Fault] = []
        taxed = taxed_lines(
            lines, rules, issuer=issuer, buyer=buyer, period=invoice.period, issued_at=now, faults=faults
        )
        if not taxed and not faults:
            faults.append(Fault(place="lines", reason="an invoice has at least one (BR-16)"))
        if faults:
            raise Invalid(f"The invoice {invoice.name} cannot be made a document.", faults=faults)
        terms = issuer.terms_days if buyer.terms_days is None else buyer.terms_days
        content = Content(
            kind=DocumentKind.INVOICE,
            invoice_id=invoice.id,
            key=invoice.key,
            currency=currency(invoice.currency),
            period=invoice.period,
            issued_at=now,
            due_at=Instant(now + terms * _DAY),
            issuer=issuer,
            buyer=buyer,
            lines=tuple(taxed),
            totals=totals_of(taxed, currency(invoice.currency)),
        )
        return invoice, content, _wallet_asked(lines)

    def _documented(
        self,
        connection: sa.Connection,
        organisation_id: int,
        fresh: Sequence[tuple[Invoice, Content, Decimal]],
    ) -> dict[int, Invoice]:
        writer = DocumentWriter(connection, organisation_id)
        self._ledger.lock(connection, organisation_id)
        made: dict[int, Invoice] = {}
        entries: list[Entry] = []
        taken: dict[str, Decimal] = {}
        for invoice, content, asked in fresh:
            held = self._wallet(connection, invoice, taken) if asked else ZERO
            prepaid = _prepaid(asked, held, content.totals.gross)
            wallet = f"{invoice.customer_id} {invoice.currency}"
            taken[wallet] = taken.get(wallet, ZERO) + prepaid
            after = _finalised(invoice, content, prepaid)
            document = writer.write(replace(content, prepaid=f"{after.prepaid:f}", payable=f"{after.payable:f}"))
            after = replace(after, label=document.label, document_id=document.id).settled(content.issued_at)
            postings = [
                *books.owed(invoice.customer_id, after.payable, after.prepaid, invoice.currency),
                *books.sold(content.lines, content.totals, invoice.currency),
            ]
            entries += books.entry_of(
                f"invoice:{format_id(invoice.id)}", content.issued_at, f"Invoice {document.label}", postings
            )
            parts = parts_of(self._partners, organisation_id, (one.line for one in content.lines), content.currency)
            entries += shared(document.id, document.label, content.issued_at, parts, invoice.currency)
            made[invoice.id] = after
            if after.payable < ZERO:
                store.insert_note(connection, organisation_id, _gift(after))
        writer.end()
        self._ledger.post_many(connection, organisation_id, entries)
        store.update_finalised(connection, list(made.values()))
        return made

    def _wallet(self, connection: sa.Connection, invoice: Invoice, taken: Mapping[str, Decimal]) -> Decimal:
        account = f"wallet:{format_id(invoice.customer_id)}"
        held = self._ledger.balance(invoice.organisation_id, account, invoice.currency, connection=connection)
        return _left(held, taken.get(f"{invoice.customer_id} {invoice.currency}", ZERO))

    # Looking

    def get(self, organisation_id: int, invoice_id: int) -> Invoice:
        """Raises NotFound."""
        return self._found(organisation_id, invoice_id)[0]

    def states(self, organisation_id: int, invoice_ids: Collection[int]) -> dict[int, InvoiceState]:
        """Where each of these stands; one that is not there is left out."""
        with self._records.read() as connection:
            return store.states(connection, organisation_id, invoice_ids)

    def lines(self, organisation_id: int, invoice_id: int) -> builtins.list[Mapping[str, Any]]:
        """The lines of a draft, or of the document, as plain values (`line_to_plain`, with `vat` and `rate` on a document)."""
        invoice, lines = self._found(organisation_id, invoice_id)
        if invoice.document_id is None:
            return [line_to_plain(line) for line in lines]
        return builtins.list(self.documents(organisation_id, invoice_id)[0].content["lines"])

    def preview(self, organisation_id: int, invoice_id: int) -> tuple[Totals | None, builtins.list[Fault]]:
        """What a draft would come to as a document now, and what is missing for that."""
        invoice, lines = self._found(organisation_id, invoice_id)
        issuer, buyer = self._issuers.get(organisation_id), self._buyers(organisation_id, {invoice.customer_id})
        faults = lacking(issuer)
        taxed = taxed_lines(
            lines,
            self._issuers.rules(organisation_id),
            issuer=issuer,
            buyer=buyer[invoice.customer_id],
            period=invoice.period,
            issued_at=self._clock.now(),
            faults=faults,
        )
        return (None if faults else totals_of(taxed, currency(invoice.currency))), faults

    def documents(self, organisation_id: int, invoice_id: int) -> builtins.list[Document]:
        """The invoice's document and its credit notes, in the order they were made; a draft has none. Raises NotFound."""
        self._found(organisation_id, invoice_id)
        with self._records.read() as connection:
            return store.documents_of(connection, organisation_id, invoice_id)

    def documents_named(self, organisation_id: int, document_ids: Collection[int]) -> dict[int, Document]:
        """Documents by their ids; one that is not there is left out."""
        with self._records.read() as connection:
            return {one.id: one for one in store.documents_named(connection, organisation_id, document_ids)}

    def documents_after(self, organisation_id: int, position: int, limit: int) -> builtins.list[Document]:
        """Of all invoices and credit notes those past a place in the seller's chain, in its order."""
        with self._records.read() as connection:
            return store.documents_after(connection, organisation_id, position, limit)

    def list(
        self,
        organisation_id: int,
        wanted: InvoiceFilter = _EVERY,
        *,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Invoice]:
        """The newest first."""
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, wanted, before=before, limit=limit)

    def labelled(self, organisation_id: int, labels: Sequence[str]) -> builtins.list[Invoice]:
        """The invoices of these numbers, by number."""
        with self._records.read() as connection:
            return store.invoices_labelled(connection, organisation_id, labels)

    def list_mine(
        self,
        buyer_organisation_id: int,
        wanted: InvoiceFilter = _EVERY,
        *,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Invoice]:
        """What a buyer was sent, by whomever; the newest first."""
        with self._records.read() as connection:
            return store.find_all_of_buyer(connection, buyer_organisation_id, wanted, before=before, limit=limit)

    def get_mine(self, buyer_organisation_id: int, invoice_id: int) -> Invoice:
        """One a buyer was sent. Raises NotFound."""
        with self._records.read() as connection:
            return _there(store.find_of_buyer(connection, buyer_organisation_id, invoice_id), invoice_id)

    def since(self, organisation_id: int, column: str, position: int, limit: int) -> builtins.list[Invoice]:
        """Those whose `issued_at` or `settled_at` is at or past an instant, in that order."""
        with self._records.read() as connection:
            return store.since(connection, organisation_id, column, position, limit)

    def sellers_of_drafts(self) -> builtins.list[int]:
        """The organisations with drafts of subscriptions, for who bills."""
        with self._records.read() as connection:
            return store.sellers_of_drafts(connection)

    def overdue(self, organisation_id: int | None = None, *, after: int = 0, limit: int) -> builtins.list[Invoice]:
        """By id past one; of all organisations (None) for reconcilers."""
        with self._records.read() as connection:
            return store.overdue(connection, organisation_id, self._clock.now(), after=after, limit=limit)

    def audit(self, organisation_id: int) -> builtins.list[Finding]:
        """What is wrong with documents, read from scratch and against the ledger; nothing: they are right."""
        with self._records.read() as connection:
            return audit_documents(connection, organisation_id)

    # For payments, within their transaction

    def lock(self, connection: sa.Connection, organisation_id: int, invoice_id: int) -> Invoice:
        """One, to be paid in this transaction. Raises NotFound."""
        return self._locked(connection, organisation_id, [invoice_id])[0][0]

    def lock_open(
        self, connection: sa.Connection, organisation_id: int, customer_id: int, code: str, *, limit: int
    ) -> builtins.list[Invoice]:
        """What a customer has to pay, the oldest due first."""
        return store.lock_open(connection, organisation_id, customer_id, code, limit=limit)

    def pay(self, connection: sa.Connection, invoice: Invoice, amount: Decimal) -> Invoice:
        """Put a payment on it, or (below zero) take one off; who pays books it. Raises Conflict."""
        after = replace(invoice.with_paid(amount, self._clock.now()), revision=invoice.revision + 1)
        store.update(connection, after)
        return after

    def notes_since(self, after: int, limit: int) -> builtins.list[tuple[int, store.CreditNote]]:
        """Organisations and credit notes of all of them by id, for reconcilers."""
        with self._records.read() as connection:
            return store.notes_since(connection, after, limit)

    def notes(self, organisation_id: int, **wanted: Any) -> builtins.list[store.CreditNote]:
        """Credit notes, by `invoice_id` or `customer_id`, in the order they were made."""
        with self._records.read() as connection:
            return store.notes(connection, organisation_id, **wanted)

    def _found(self, organisation_id: int, invoice_id: int) -> tuple[Invoice, tuple[InvoiceLine, ...]]:
        with self._records.read() as connection:
            return _there(store.find(connection, organisation_id, invoice_id), invoice_id)

    def _locked(
        self, connection: sa.Connection, organisation_id: int, invoice_ids: Collection[int]
    ) -> builtins.list[tuple[Invoice, tuple[InvoiceLine, ...]]]:
        found = store.lock_many(connection, organisation_id, invoice_ids)
        if missing := {*invoice_ids} - {invoice.id for invoice, _ in found}:
            raise NotFound(f"There is no invoice {format_id(min(missing))}.")
        return found

    def _buyers(self, organisation_id: int, customer_ids: Collection[int]) -> dict[int, Buyer]:
        return {one: self._customers.buyer(organisation_id, one) for one in sorted(customer_ids)}


def _there(found: _Found | None, invoice_id: int) -> _Found:
    if found is None:
        raise NotFound(f"There is no invoice {format_id(invoice_id)}.")
    return found


def _new(draft: DraftInvoice, buyer: Buyer, now: Instant) -> Invoice:
    nothing: dict[str, Any] = dict.fromkeys(AMOUNTS, currency(draft.currency).round(ZERO))
    return Invoice(
        id=InvoiceId(new_id()),
        organisation_id=OrganisationId(draft.organisation_id),
        customer_id=draft.customer_id,
        customer_organisation_id=buyer.customer_organisation_id,
        subscription_id=draft.subscription_id,
        currency=draft.currency,
        period=draft.period,
        key=draft.key,
        state=InvoiceState.DRAFT,
        revision=1,
        created_at=now,
        **(nothing | {"net": net_of(draft.lines, draft.currency)}),
    )


def _as_draft(invoice: Invoice, lines: tuple[InvoiceLine, ...]) -> DraftInvoice:
    return DraftInvoice(
        organisation_id=invoice.organisation_id,
        customer_id=invoice.customer_id,
        currency=invoice.currency,
        period=invoice.period,
        lines=lines,
        key=invoice.key,
        subscription_id=invoice.subscription_id,
    )


@exact
def _wallet_asked(lines: Sequence[InvoiceLine]) -> Decimal:
    return -sum((line.amount for line in lines if line.kind is LineKind.WALLET), ZERO)


@exact
def _prepaid(asked: Decimal, held: Decimal, gross: Decimal) -> Decimal:
    return max(min(asked, held, gross), ZERO)


@exact
def _left(balance: Decimal, taken: Decimal) -> Decimal:
    """What a wallet holds: a liability is a credit, so that its balance is below zero."""
    return -balance - taken


def _finalised(invoice: Invoice, content: Content, prepaid: Decimal) -> Invoice:
    digits = currency(invoice.currency)
    return replace(
        invoice,
        state=InvoiceState.FINALISED,
        customer_organisation_id=content.buyer.customer_organisation_id,
        net=content.totals.net,
        tax=content.totals.tax,
        gross=content.totals.gross,
        prepaid=digits.round(prepaid),
        issued_at=content.issued_at,
        due_at=content.due_at,
        closes_at=invoice.closes_at,
        revision=invoice.revision + 1,
    )


@exact
def _gift(invoice: Invoice) -> store.CreditNote:
    """What an invoice gives that comes to less than nothing: it stands beside credit notes, and gives back of no document."""
    assert invoice.document_id is not None
    zero = currency(invoice.currency).round(ZERO)
    return store.CreditNote(
        id=CreditNoteId(new_id()),
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        document_id=invoice.document_id,
        key=f"invoice:{format_id(invoice.id)}",
        currency=invoice.currency,
        gross=zero,
        applied=zero,
        over=-invoice.payable,
        voids=False,
        created_at=invoice.issued_at or invoice.created_at,
    )

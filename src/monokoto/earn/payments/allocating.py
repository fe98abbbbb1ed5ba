"""Putting credit on invoices, and taking it off again: within one transaction, with the customer's account locked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.invoices import Invoice, Invoices
from monokoto.earn.ledger import Entry, Ledger, Posting, reversed_entry
from monokoto.earn.payments import store
from monokoto.earn.payments.payment import Allocation, Credit, Payment
from monokoto.kernel.clock import Clock
from monokoto.kernel.ids import InvoiceId, OrganisationId, PaymentId, format_id, new_id
from monokoto.kernel.money import ZERO, exact

OPEN_INVOICES_MAX = 1_000
"""Of one customer and currency in one go; the next go takes the others."""


class Allocating:
    """Moves between a customer's credit and its invoices."""

    def __init__(self, clock: Clock, *, ledger: Ledger, invoices: Invoices) -> None:
        self._clock = clock
        self._ledger = ledger
        self._invoices = invoices

    def settle(
        self, connection: sa.Connection, organisation_id: int, customer_id: int, *, first: int | None = None
    ) -> list[Invoice]:
        """Put all credit there is on what is open: on the invoice `first`, then the oldest due. The invoices it changed."""
        self._take_up(connection, organisation_id, customer_id)
        held = store.credits_of(connection, organisation_id, customer_id)
        changed: dict[int, Invoice] = {}
        entries: list[Entry] = []
        for code in sorted({one.currency for one in held}):
            found = self._invoices.lock_open(connection, organisation_id, customer_id, code, limit=OPEN_INVOICES_MAX)
            owed = sorted(found, key=lambda one: one.id != first)
            for credit in (one for one in held if one.currency == code):
                for invoice, amount in _spread(credit, [changed.get(one.id, one) for one in owed]):
                    changed[invoice.id] = self._invoices.pay(connection, invoice, amount)
                    entries.append(self._allocate(connection, credit, invoice, amount))
                    credit = replace(credit, left=_minus(credit.left, amount))  # noqa: PLW2901
                store.update_credit(connection, credit)
        self._ledger.post_many(connection, organisation_id, entries)
        return list(changed.values())

    def _take_up(self, connection: sa.Connection, organisation_id: int, customer_id: int) -> None:
        """What documents gave is credit like any other; each gives once."""
        for note in self._invoices.notes(organisation_id, customer_id=customer_id):
            if note.over:
                self.give(connection, organisation_id, customer_id, note.currency, note.over, "note", note.id)

    def give(
        self,
        connection: sa.Connection,
        organisation_id: int,
        customer_id: int,
        code: str,
        amount: Decimal,
        source: str,
        source_id: int,
    ) -> None:
        """New credit; who gives it books it."""
        credit = Credit(
            id=new_id(),
            organisation_id=OrganisationId(organisation_id),
            customer_id=customer_id,
            currency=code,
            source=source,
            source_id=source_id,
            amount=amount,
            left=amount,
            created_at=self._clock.now(),
        )
        store.insert_credit(connection, credit)

    def _allocate(self, connection: sa.Connection, credit: Credit, invoice: Invoice, amount: Decimal) -> Entry:
        allocation = self._allocation(credit, amount, invoice_id=invoice.id)
        store.insert_allocation(connection, allocation)
        customer = format_id(credit.customer_id)
        postings = _moved(f"credit:{customer}", f"receivable:{customer}", amount, credit.currency)
        return Entry(
            key=f"allocation:{format_id(allocation.id)}",
            at=allocation.created_at,
            title=f"Paid on {invoice.label}",
            postings=postings,
        )

    def take(self, connection: sa.Connection, refund: Payment, held: Sequence[Credit], amount: Decimal) -> None:
        """Use up credit for a payment out, the oldest first; who pays books it. There is enough."""
        rest = amount
        for credit in held:
            part = min(rest, credit.left)
            if part > ZERO:
                store.insert_allocation(connection, self._allocation(credit, part, refund_id=refund.id))
                store.update_credit(connection, replace(credit, left=_minus(credit.left, part)))
                rest = _minus(rest, part)

    def undo(self, connection: sa.Connection, organisation_id: int, found: Sequence[Allocation]) -> None:
        """Take these off again: invoices are owed anew, what was used of credit is left again."""
        entries = []
        for one in sorted(found, key=lambda one: (one.invoice_id or 0, one.id)):
            store.undo_allocation(connection, one, self._clock.now())
            credit = store.credits_by_id(connection, organisation_id, one.credit_id)
            store.update_credit(connection, replace(credit, left=_plus(credit.left, one.amount)))
            if one.invoice_id is not None:
                invoice = self._invoices.lock(connection, organisation_id, one.invoice_id)
                self._invoices.pay(connection, invoice, _minus(ZERO, one.amount))
                customer = format_id(credit.customer_id)
                was = Entry(
                    key="",
                    at=0,
                    title="",
                    postings=_moved(f"credit:{customer}", f"receivable:{customer}", one.amount, credit.currency),
                )
                key = f"allocation-undone:{format_id(one.id)}"
                title = f"Taken off {invoice.label}"
                entries.append(reversed_entry(was, key=key, at=self._clock.now(), title=title))
        self._ledger.post_many(connection, organisation_id, entries)

    def free(self, connection: sa.Connection, payment: Payment, wanted: Decimal) -> Decimal:
        """Make as much of a payment's credit left as is wanted, by taking the newest of it off invoices; what is left then."""
        organisation_id = payment.organisation_id
        credit = store.credit_of_source(connection, organisation_id, "payment", payment.id)
        assert credit is not None
        used = store.allocations(connection, organisation_id, credit_id=credit.id)
        rest, undone = credit.left, []
        for one in reversed([one for one in used if one.invoice_id is not None]):
            if rest >= wanted:
                break
            undone.append(one)
            rest = _plus(rest, one.amount)
        self.undo(connection, organisation_id, undone)
        return rest

    def shrink(self, connection: sa.Connection, payment: Payment, amount: Decimal) -> None:
        """A payment's credit gives less: so much of what is left of it is gone. What is over is put on invoices again."""
        credit = store.credit_of_source(connection, payment.organisation_id, "payment", payment.id)
        assert credit is not None
        less = replace(credit, amount=_minus(credit.amount, amount), left=_minus(credit.left, amount))
        store.update_credit(connection, less)
        self.settle(connection, payment.organisation_id, credit.customer_id, first=payment.invoice_id)

    def _allocation(
        self, credit: Credit, amount: Decimal, *, invoice_id: int | None = None, refund_id: int | None = None
    ) -> Allocation:
        return Allocation(
            id=new_id(),
            organisation_id=credit.organisation_id,
            credit_id=credit.id,
            invoice_id=None if invoice_id is None else InvoiceId(invoice_id),
            refund_id=None if refund_id is None else PaymentId(refund_id),
            amount=amount,
            created_at=self._clock.now(),
        )


def _spread(credit: Credit, owed: Sequence[Invoice]) -> list[tuple[Invoice, Decimal]]:
    rest, found = credit.left, []
    for invoice in owed:
        part = min(rest, invoice.open)
        if part > ZERO:
            found.append((invoice, part))
            rest = _minus(rest, part)
    return found


@exact
def _moved(debited: str, credited: str, amount: Decimal, code: str) -> tuple[Posting, Posting]:
    return Posting(debited, amount, code), Posting(credited, -amount, code)


@exact
def _minus(first: Decimal, second: Decimal) -> Decimal:
    return first - second


@exact
def _plus(first: Decimal, second: Decimal) -> Decimal:
    return first + second

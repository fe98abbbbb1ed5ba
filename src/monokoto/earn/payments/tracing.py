"""Which entries of the ledger are about an invoice, from its document to the last cent that was put on it. Blocking."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.earn.invoices import Invoice, InvoiceFilter, Invoices
from monokoto.earn.payments.booking import loss_key
from monokoto.earn.payments.tables import payment_allocations, payment_losses, payments
from monokoto.engines.records import Records
from monokoto.kernel.ids import format_id

_INVOICE = ("invoice", "void")
_REVISED = ("uncollectible", "reinstated")
"""Booked under the invoice's revision."""
_ALLOCATION = ("allocation", "allocation-undone")
_PAYMENT = ("payment", "payment-reversed")
_LOSS = ("payment-lost", "payment-fee")


class Tracing:
    """Of all sellers."""

    def __init__(self, records: Records, invoices: Invoices) -> None:
        self._records = records
        self._invoices = invoices

    def keys(self, organisation_id: int, label: str) -> list[str]:
        """The keys entries about an invoice may have: sold, shared, credited, paid, taken back, written off. Nothing: there is no
        invoice of this number."""
        found = self._invoices.list(organisation_id, InvoiceFilter(label=label), limit=1)
        return self._about(found[0]) if label and found else []

    def _about(self, invoice: Invoice) -> list[str]:
        organisation_id, name = invoice.organisation_id, format_id(invoice.id)
        keys = [f"{word}:{name}" for word in _INVOICE]
        keys += [f"{word}:{name}:{number}" for word in _REVISED for number in range(1, invoice.revision + 1)]
        notes = self._invoices.notes(organisation_id, invoice_id=invoice.id)
        keys += [f"credit-note:{format_id(one.id)}" for one in notes]
        keys += [f"shares:{format_id(one.id)}" for one in self._invoices.documents(organisation_id, invoice.id)]
        for words, table, column in (
            (_ALLOCATION, payment_allocations, payment_allocations.c.allocation_id),
            (_PAYMENT, payments, payments.c.payment_id),
        ):
            query = sa.select(column).where(
                table.c.organisation_id == organisation_id, table.c.invoice_id == invoice.id
            )
            with self._records.read() as connection:
                ids = connection.execute(query).scalars().all()
            keys += [f"{word}:{format_id(one)}" for one in ids for word in words]
        lost = (
            sa.select(payment_losses.c.payment_id, payment_losses.c.reference)
            .join(
                payments,
                sa.and_(
                    payments.c.payment_id == payment_losses.c.payment_id,
                    payments.c.organisation_id == payment_losses.c.organisation_id,
                ),
            )
            .where(payment_losses.c.organisation_id == organisation_id, payments.c.invoice_id == invoice.id)
        )
        with self._records.read() as connection:
            rows = connection.execute(lost).all()
        return keys + [loss_key(word, row.payment_id, row.reference) for row in rows for word in _LOSS]

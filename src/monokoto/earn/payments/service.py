"""Payments: money that came or is asked for, and what it pays. Blocking; called in threads.

The front door of `making` (new ones), `asking` (adapters, and what became of payments), `losing` (disputes) and `sending` (money
out).
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.invoices import Invoice, Invoices, InvoiceState
from monokoto.earn.ledger import Finding, Ledger
from monokoto.earn.payments import store
from monokoto.earn.payments.adapters import BUILT_IN, Adapter
from monokoto.earn.payments.asking import Accounts, Asking
from monokoto.earn.payments.audit import audit_payments
from monokoto.earn.payments.booking import Booking, minus, summed
from monokoto.earn.payments.losing import Losing
from monokoto.earn.payments.making import Making, known
from monokoto.earn.payments.payment import Credit, Payment, PaymentState, Purpose, Receipt
from monokoto.earn.payments.sending import Sending
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.payments.tracing import Tracing
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import InvoiceId
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT
from monokoto.kernel.money import ZERO

_EVERY = PaymentFilter()
_AT_ONCE = 500


class Payments:
    """The payments of all sellers."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        ledger: Ledger,
        invoices: Invoices,
        adapters: Mapping[str, Adapter] = BUILT_IN,
        accounts: Accounts | None = None,
    ) -> None:
        """`adapters`: those every seller has; `accounts`: those a seller has an account for."""
        self._records = records
        self._clock = clock
        self._ledger = ledger
        self._invoices = invoices
        self._booking = Booking(clock, ledger=ledger, invoices=invoices)
        self._allocating = self._booking.allocating
        self._asking = Asking(records, clock, booking=self._booking, adapters=adapters, accounts=accounts)
        self._making = Making(clock, self._asking)
        self.tracing = Tracing(records, invoices)
        sending = Sending(records, ledger=ledger, booking=self._booking, making=self._making, asking=self._asking)
        self.refund, self.pay_out = sending.refund, sending.pay_out
        self.get, self.resolve, self.pursue = self._asking.get, self._asking.resolve, self._asking.pursue
        losing = Losing(records, clock, asking=self._asking, booking=self._booking)
        self.lose, self.charge = losing.lose, losing.charge

    # Money in

    def receive(self, receipt: Receipt) -> Payment:
        """Money that came: booked at once, put on what the customer owes, the rest is credit (or all of it the wallet's).

        Raises Invalid, NotFound (the invoice), Conflict (the key names another payment).
        """
        self._making.check(
            receipt.organisation_id, receipt.amount, receipt.currency, receipt.key, receipt.method, receipt.reference
        )
        now = self._clock.now()
        of = (
            receipt.organisation_id,
            receipt.customer_id,
            receipt.amount,
            receipt.currency,
            receipt.method,
            receipt.key,
        )
        payment = replace(
            self._making.incoming(*of),
            purpose=receipt.purpose,
            state=PaymentState.SUCCEEDED,
            invoice_id=None if receipt.invoice_id is None else InvoiceId(receipt.invoice_id),
            reference=receipt.reference,
            received_at=now if receipt.received_at is None else Instant(receipt.received_at),
            settled_at=now,
        )
        if payment.received_at > now:
            raise Invalid(
                "Nobody has been paid tomorrow.", faults=[Fault(place="received_at", reason="is in the future")]
            )
        if receipt.purpose not in {Purpose.INVOICES, Purpose.WALLET}:
            raise Invalid("Money that comes is for invoices or for the wallet.")
        if payment.invoice_id is not None:
            self._check_invoice(payment, self._invoices.get(payment.organisation_id, payment.invoice_id))
        with self._records.write() as connection:
            store.lock_account(connection, payment.organisation_id, receipt.customer_id)
            if found := known(connection, payment):
                return found
            store.insert(connection, payment)
            self._booking.arrived(connection, payment)
        return payment

    def collect(self, organisation_id: int, invoice_id: int, *, method: str, key: str) -> Payment:
        """Ask an adapter for what is open of an invoice, as the customer's mandate allows. The same key twice asks once.

        Raises:
            NotFound: there is no such invoice.
            Conflict: nothing of it is open, or all of that is being asked for already.
            Invalid: the adapter cannot ask for it so.
            Unavailable: nobody answered; the payment is pending, and is asked for again.
        """
        invoice = self._invoices.get(organisation_id, invoice_id)
        self._making.check(organisation_id, invoice.open or Decimal(1), invoice.currency, key, method, "")
        with self._records.write() as connection:
            store.lock_account(connection, organisation_id, invoice.customer_id)
            invoice = self._invoices.lock(connection, organisation_id, invoice_id)
            if found := store.find_key(connection, organisation_id, key):
                if found.invoice_id != invoice_id or found.method != method:
                    raise Conflict(f"Another payment has the key {key!r}.")
                return found
            asked = minus(
                invoice.must_be(InvoiceState.FINALISED, to="collecting it").open, self._asked(connection, invoice)
            )
            if asked <= ZERO:
                raise Conflict(f"All that is open of {invoice.label} is being asked for already.")
            payment = self._making.incoming(organisation_id, invoice.customer_id, asked, invoice.currency, method, key)
            payment = replace(payment, invoice_id=invoice.id)
            store.insert(connection, payment)
        return self._asking.ask(payment)

    def top_up(
        self, organisation_id: int, customer_id: int, amount: Decimal, code: str, *, method: str, key: str
    ) -> Payment:
        """Ask an adapter for money a customer pays ahead, into its wallet. Raises as `collect`."""
        self._making.check(organisation_id, amount, code, key, method, "")
        payment = replace(
            self._making.incoming(organisation_id, customer_id, amount, code, method, key), purpose=Purpose.WALLET
        )
        with self._records.write() as connection:
            store.lock_account(connection, organisation_id, customer_id)
            if found := known(connection, payment):
                return found
            store.insert(connection, payment)
        return self._asking.ask(payment)

    def settle(self, organisation_id: int, customer_id: int) -> builtins.list[Invoice]:
        """Put a customer's credit on what it owes; the invoices that changed. Asked again, nothing changes."""
        with self._records.write() as connection:
            store.lock_account(connection, organisation_id, customer_id)
            return self._allocating.settle(connection, organisation_id, customer_id)

    def settle_all(self) -> builtins.list[Invoice]:
        """For every customer with credit, of all organisations: for the reconciler."""
        wanted: dict[tuple[int, int], None] = {}
        after = 0
        while notes := self._invoices.notes_since(after, _AT_ONCE):
            wanted |= {(organisation_id, note.customer_id): None for organisation_id, note in notes if note.over}
            after = notes[-1][1].id
        after = 0
        while found := self._open_accounts(after):
            wanted |= {(one.organisation_id, one.customer_id): None for one in found}
            after = found[-1].id
        return [invoice for account in wanted for invoice in self.settle(*account)]

    # Looking

    def list(
        self,
        organisation_id: int,
        wanted: PaymentFilter = _EVERY,
        *,
        before: int | None = None,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Payment]:
        """The newest first."""
        with self._records.read() as connection:
            return store.find_all(connection, organisation_id, wanted, before=before, limit=limit)

    def credit(self, organisation_id: int, customer_id: int) -> builtins.list[Credit]:
        """What is left of a customer's credit."""
        with self._records.read() as connection:
            return store.credits_of(connection, organisation_id, customer_id)

    def failed_since(self, organisation_id: int, position: int, limit: int) -> builtins.list[Payment]:
        """Those that failed or were taken back at or past an instant, in that order."""
        with self._records.read() as connection:
            return store.failed_since(connection, organisation_id, position, limit)

    def audit(self, organisation_id: int) -> builtins.list[Finding]:
        """What is wrong with payments, read from scratch and against the ledger; nothing: they are right."""
        with self._records.read() as connection:
            return audit_payments(connection, organisation_id)

    # Inside

    def _check_invoice(self, payment: Payment, invoice: Invoice) -> None:
        if (invoice.customer_id, invoice.currency) != (payment.customer_id, payment.currency):
            raise Invalid(f"{invoice.name} is of another customer, or in {invoice.currency}.")

    def _asked(self, connection: sa.Connection, invoice: Invoice) -> Decimal:
        wanted = PaymentFilter(invoice_id=invoice.id, state=PaymentState.PENDING)
        found = store.find_all(connection, invoice.organisation_id, wanted, before=None, limit=_AT_ONCE)
        return summed([one.amount for one in found])

    def _open_accounts(self, after: int) -> builtins.list[Credit]:
        with self._records.read() as connection:
            return store.open_accounts(connection, after, _AT_ONCE)

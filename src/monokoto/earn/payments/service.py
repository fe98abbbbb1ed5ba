"""Payments: money that came, is asked for, goes back. Blocking; called in threads.

Adapters are asked outside of transactions: a payment is on disk as pending before anybody is asked, so that a process that dies
between leaves something to ask about again under the same name.

Locks are taken in one order: the customer's account, payments, invoices by id, the head of the ledger.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, Protocol

import sqlalchemy as sa

from monokoto.earn.invoices import Invoice, Invoices, InvoiceState
from monokoto.earn.ledger import Finding, Ledger
from monokoto.earn.payments import store
from monokoto.earn.payments.adapters import BUILT_IN, Adapter, Answer, Collection
from monokoto.earn.payments.audit import audit_payments
from monokoto.earn.payments.booking import Booking, minus, summed, total_left
from monokoto.earn.payments.payment import (
    METHOD_LENGTH_MAX,
    REASON_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Credit,
    Direction,
    Payment,
    PaymentState,
    Purpose,
    Receipt,
)
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.payments.tracing import Tracing
from monokoto.earn.pricing import currency
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock, Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound, Unavailable
from monokoto.kernel.ids import InvoiceId, OrganisationId, PaymentId, format_id, new_id
from monokoto.kernel.limits import LEDGER_KEY_LENGTH_MAX, PAGE_SIZE_DEFAULT
from monokoto.kernel.money import ZERO

_EVERY = PaymentFilter()
_AT_ONCE = 500


class Accounts(Protocol):
    """Sellers' accounts with payment providers."""

    def adapter(self, organisation_id: int, method: str) -> Adapter | None:
        """What asks it; None: the seller has none for this method."""
        ...


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
        self._adapters = adapters
        self._accounts = accounts
        self._booking = Booking(clock, ledger=ledger, invoices=invoices)
        self._allocating = self._booking.allocating
        self.tracing = Tracing(records, invoices)

    # Money in

    def receive(self, receipt: Receipt) -> Payment:
        """Money that came: booked at once, put on what the customer owes, the rest is credit (or all of it the wallet's).

        Raises Invalid, NotFound (the invoice), Conflict (the key names another payment).
        """
        self._check(
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
            self._in(*of),
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
            if known := self._known(connection, payment):
                return known
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
        self._check(organisation_id, invoice.open or Decimal(1), invoice.currency, key, method, "")
        with self._records.write() as connection:
            store.lock_account(connection, organisation_id, invoice.customer_id)
            invoice = self._invoices.lock(connection, organisation_id, invoice_id)
            if known := store.find_key(connection, organisation_id, key):
                if known.invoice_id != invoice_id or known.method != method:
                    raise Conflict(f"Another payment has the key {key!r}.")
                return known
            asked = minus(
                invoice.must_be(InvoiceState.FINALISED, to="collecting it").open, self._asked(connection, invoice)
            )
            if asked <= ZERO:
                raise Conflict(f"All that is open of {invoice.label} is being asked for already.")
            payment = self._in(organisation_id, invoice.customer_id, asked, invoice.currency, method, key)
            payment = replace(payment, invoice_id=invoice.id)
            store.insert(connection, payment)
        return self._ask(payment)

    def top_up(
        self, organisation_id: int, customer_id: int, amount: Decimal, code: str, *, method: str, key: str
    ) -> Payment:
        """Ask an adapter for money a customer pays ahead, into its wallet. Raises as `collect`."""
        self._check(organisation_id, amount, code, key, method, "")
        payment = replace(self._in(organisation_id, customer_id, amount, code, method, key), purpose=Purpose.WALLET)
        with self._records.write() as connection:
            store.lock_account(connection, organisation_id, customer_id)
            if known := self._known(connection, payment):
                return known
            store.insert(connection, payment)
        return self._ask(payment)

    def resolve(
        self, organisation_id: int, payment_id: int, state: PaymentState, *, reason: str = "", reference: str = ""
    ) -> Payment:
        """Say what became of a payment: `succeeded` or `failed` of a pending one, `reversed` of one that came. Asked again,
        nothing changes. Raises NotFound, Conflict (it ended otherwise, or its money was given back already)."""
        if len(reason) > REASON_LENGTH_MAX or len(reference) > REFERENCE_LENGTH_MAX:
            raise Invalid(f"A reason has at most {REASON_LENGTH_MAX} characters, a reference {REFERENCE_LENGTH_MAX}.")
        found = self.get(organisation_id, payment_id)
        with self._records.write() as connection:
            if found.customer_id is not None:
                store.lock_account(connection, organisation_id, found.customer_id)
            payment = store.find(connection, organisation_id, payment_id, lock=True) or found
            if payment.state is state:
                return payment
            if (payment.state, state) not in _WAYS:
                raise Conflict(f"The payment is {payment.state}; it cannot become {state}.")
            after = replace(
                payment,
                state=state,
                reason=reason,
                reference=reference or payment.reference,
                settled_at=self._clock.now(),
            )
            store.update(connection, after)
            if payment.direction is Direction.OUT:
                if state is not PaymentState.SUCCEEDED:
                    self._booking.came_back(connection, after)
            elif state is PaymentState.SUCCEEDED:
                self._booking.arrived(connection, after)
            elif state is PaymentState.REVERSED:
                self._booking.take_back(connection, after)
        return after

    def pursue(self, organisation_id: int | None = None) -> builtins.list[Payment]:
        """Ask adapters what became of what is pending (those in a bank's file apart); the payments that ended. For reconcilers."""
        with self._records.read() as connection:
            waiting = store.pending(connection, organisation_id, limit=_AT_ONCE)
        ended = []
        for payment in waiting:
            adapter = self._adapter(payment.organisation_id, payment.method)
            if adapter is None or payment.method == "sepa":
                continue
            try:
                after = (
                    self._taken(payment, adapter.look(payment.reference)) if payment.reference else self._ask(payment)
                )
            except (Unavailable, Invalid):
                continue
            if after.state is not PaymentState.PENDING:
                ended.append(after)
        return ended

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

    # Money out

    def refund(
        self,
        organisation_id: int,
        customer_id: int,
        amount: Decimal,
        code: str,
        *,
        method: str,
        key: str,
        iban: str = "",
        holder: str = "",
    ) -> Payment:
        """Send credit back to a customer (`iban`, `holder`: where to). Raises Invalid, Conflict (there is not so much)."""
        payment = self._out(
            organisation_id, amount, code, method, key, customer_id=customer_id, iban=iban, holder=holder
        )

        def lock(connection: sa.Connection) -> None:
            store.lock_account(connection, organisation_id, customer_id)

        def take(connection: sa.Connection) -> None:
            held = [one for one in store.credits_of(connection, organisation_id, customer_id) if one.currency == code]
            if total_left(held) < amount:
                raise Conflict(f"This customer's credit is {total_left(held):f} {code}.")
            self._allocating.take(connection, payment, held, payment.amount)

        return self._send(payment, lock, take, f"credit:{format_id(customer_id)}", "Sent back")

    def pay_out(
        self,
        organisation_id: int,
        partner: str,
        amount: Decimal,
        code: str,
        *,
        method: str,
        key: str,
        iban: str = "",
        holder: str = "",
    ) -> Payment:
        """Send a partner what is payable to it. Raises Invalid, Conflict (not so much is payable)."""
        payment = self._out(organisation_id, amount, code, method, key, partner=partner, iban=iban, holder=holder)
        account = f"payable:{partner}"

        def lock(connection: sa.Connection) -> None:
            self._ledger.lock(connection, organisation_id)

        def take(connection: sa.Connection) -> None:
            payable = minus(ZERO, self._ledger.balance(organisation_id, account, code, connection=connection))
            if payable < amount:
                raise Conflict(f"{payable:f} {code} is payable to {partner}.")

        return self._send(payment, lock, take, account, f"Paid to {partner}")

    def _send(
        self,
        payment: Payment,
        lock: Callable[[sa.Connection], None],
        take: Callable[[sa.Connection], None],
        account: str,
        title: str,
    ) -> Payment:
        """Book what goes, once for its key, and ask for it. With `lock` nobody else takes from the same; `take` sees that there is
        enough, and uses it up."""
        with self._records.write() as connection:
            lock(connection)
            if known := self._known(connection, payment):
                return known
            take(connection)
            store.insert(connection, payment)
            self._booking.left(connection, payment, account, title)
        return self._ask(payment)

    # Looking

    def get(self, organisation_id: int, payment_id: int) -> Payment:
        """Raises NotFound."""
        with self._records.read() as connection:
            found = store.find(connection, organisation_id, payment_id)
        if found is None:
            raise NotFound(f"There is no payment {format_id(payment_id)}.")
        return found

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

    def _check(self, organisation_id: int, amount: Decimal, code: str, key: str, method: str, reference: str) -> None:
        faults = []
        if amount <= ZERO or currency(code).round(amount) != amount:
            faults.append(Fault(place="amount", reason=f"is above zero, with the digits of {code}"))
        if not 0 < len(key) <= LEDGER_KEY_LENGTH_MAX:
            faults.append(Fault(place="key", reason=f"has 1 to {LEDGER_KEY_LENGTH_MAX} characters"))
        if len(method) > METHOD_LENGTH_MAX or self._adapter(organisation_id, method) is None:
            ways = f"one of {', '.join(sorted(self._adapters))}, or a provider you have an account with"
            faults.append(Fault(place="method", reason=f"{ways} (PUT /api/v1/payment-providers/stripe)"))
        if len(reference) > REFERENCE_LENGTH_MAX:
            faults.append(Fault(place="reference", reason=f"has at most {REFERENCE_LENGTH_MAX} characters"))
        if faults:
            raise Invalid("This is no payment.", faults=faults)

    def _check_invoice(self, payment: Payment, invoice: Invoice) -> None:
        if (invoice.customer_id, invoice.currency) != (payment.customer_id, payment.currency):
            raise Invalid(f"{invoice.name} is of another customer, or in {invoice.currency}.")

    def _adapter(self, organisation_id: int, method: str) -> Adapter | None:
        if method in self._adapters or self._accounts is None:
            return self._adapters.get(method)
        return self._accounts.adapter(organisation_id, method)

    def _known(self, connection: sa.Connection, payment: Payment) -> Payment | None:
        """The payment of the same key, when it is the same one."""
        known = store.find_key(connection, payment.organisation_id, payment.key)
        if known is None:
            return None
        same = ("customer_id", "partner", "direction", "purpose", "method", "currency", "amount", "invoice_id")
        if any(getattr(known, name) != getattr(payment, name) for name in same):
            raise Conflict(f"Another payment has the key {payment.key!r}.")
        return known

    def _asked(self, connection: sa.Connection, invoice: Invoice) -> Decimal:
        wanted = PaymentFilter(invoice_id=invoice.id, state=PaymentState.PENDING)
        found = store.find_all(connection, invoice.organisation_id, wanted, before=None, limit=_AT_ONCE)
        return summed([one.amount for one in found])

    def _in(self, organisation_id: int, customer_id: int, amount: Decimal, code: str, method: str, key: str) -> Payment:
        now = self._clock.now()
        return Payment(
            id=PaymentId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            customer_id=customer_id,
            direction=Direction.IN,
            purpose=Purpose.INVOICES,
            method=method,
            currency=code,
            amount=currency(code).round(amount),
            state=PaymentState.PENDING,
            key=key,
            received_at=now,
            created_at=now,
        )

    def _out(
        self,
        organisation_id: int,
        amount: Decimal,
        code: str,
        method: str,
        key: str,
        *,
        customer_id: int | None = None,
        partner: str = "",
        iban: str = "",
        holder: str = "",
    ) -> Payment:
        """One that goes, checked."""
        self._check(organisation_id, amount, code, key, method, "")
        now = self._clock.now()
        return Payment(
            id=PaymentId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            customer_id=customer_id,
            partner=partner,
            direction=Direction.OUT,
            purpose=Purpose.PAYOUT if partner else Purpose.REFUND,
            method=method,
            currency=code,
            amount=currency(code).round(amount),
            state=PaymentState.PENDING,
            key=key,
            iban=iban,
            holder=holder,
            received_at=now,
            created_at=now,
        )

    def _origin(self, connection: sa.Connection, refund: Payment) -> str:
        """What the provider calls the newest payment a refund can be of: providers give back what they took."""
        wanted = PaymentFilter(customer_id=refund.customer_id, method=refund.method, state=PaymentState.SUCCEEDED)
        found = store.find_all(connection, refund.organisation_id, wanted, before=refund.id, limit=_AT_ONCE)
        fits = (one for one in found if one.direction is Direction.IN and one.currency == refund.currency)
        return next((one.reference for one in fits if one.amount >= refund.amount), "")

    def _ask(self, payment: Payment) -> Payment:
        """Ask the adapter for a pending payment, under its own name."""
        with self._records.read() as connection:
            mandate = (
                None
                if payment.customer_id is None
                else store.find_mandate(connection, payment.organisation_id, payment.customer_id, payment.method)
            )
            comes = payment.direction is Direction.IN
            origin = "" if comes or payment.customer_id is None else self._origin(connection, payment)
        asked = Collection(
            key=format_id(payment.id),
            amount=payment.amount,
            currency=payment.currency,
            description=payment.key,
            mandate=mandate,
        )
        adapter = self._adapter(payment.organisation_id, payment.method)
        if adapter is None:
            raise Unavailable(f"The account with {payment.method} was taken away.", remedy="Put it there again.")
        try:
            answer = adapter.collect(asked) if comes else adapter.send(asked, of=origin)
        except Invalid as error:
            self.resolve(payment.organisation_id, payment.id, PaymentState.FAILED, reason=error.message[:500])
            raise
        return self._taken(payment, answer)

    def _taken(self, payment: Payment, answer: Answer) -> Payment:
        if answer.state is not PaymentState.PENDING:
            told: dict[str, Any] = {"reason": answer.reason[:500], "reference": answer.reference[:200]}
            return self.resolve(payment.organisation_id, payment.id, answer.state, **told)
        after = replace(payment, reference=answer.reference or payment.reference)
        if after != payment:
            with self._records.write() as connection:
                store.update(connection, after)
        return after

    def _open_accounts(self, after: int) -> builtins.list[Credit]:
        with self._records.read() as connection:
            return store.open_accounts(connection, after, _AT_ONCE)


_WAYS = frozenset(
    {
        (PaymentState.PENDING, PaymentState.SUCCEEDED),
        (PaymentState.PENDING, PaymentState.FAILED),
        (PaymentState.SUCCEEDED, PaymentState.REVERSED),
    }
)
"""Which state follows which."""

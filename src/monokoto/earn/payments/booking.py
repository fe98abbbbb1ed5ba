"""What payments book, and what follows from it: within one transaction, with the customer's account locked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.invoices import Invoices
from monokoto.earn.ledger import Entry, Ledger, Posting, reversed_entry
from monokoto.earn.payments import store
from monokoto.earn.payments.allocating import OPEN_INVOICES_MAX, Allocating
from monokoto.earn.payments.payment import Credit, Loss, Payment, Purpose
from monokoto.earn.pricing import currency
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import ZERO, exact


class Booking:
    """Money that came, went, or is gone again."""

    def __init__(self, clock: Clock, *, ledger: Ledger, invoices: Invoices) -> None:
        self._clock = clock
        self._ledger = ledger
        self._invoices = invoices
        self.allocating = self._allocating = Allocating(clock, ledger=ledger, invoices=invoices)

    def arrived(self, connection: sa.Connection, payment: Payment) -> None:
        """Book what came, and put it where it belongs."""
        assert payment.customer_id is not None
        account = "wallet" if payment.purpose is Purpose.WALLET else "credit"
        to = f"{account}:{format_id(payment.customer_id)}"
        entry = payment_entry(payment, f"cash:{payment.method}", to, f"Paid by {payment.method}")
        self._put(connection, payment, entry)

    def _put(self, connection: sa.Connection, payment: Payment, entry: Entry) -> None:
        organisation_id, customer_id = payment.organisation_id, payment.customer_id
        assert customer_id is not None
        if payment.purpose is Purpose.INVOICES:
            given = (payment.currency, payment.amount, "payment", payment.id)
            self._allocating.give(connection, organisation_id, customer_id, *given)
            # Rows of invoices before the head of the ledger, as everywhere.
            self._invoices.lock_open(
                connection, organisation_id, customer_id, payment.currency, limit=OPEN_INVOICES_MAX
            )
        self._ledger.post(connection, organisation_id, entry)
        if payment.purpose is Purpose.INVOICES:
            self._allocating.settle(connection, organisation_id, customer_id, first=payment.invoice_id)

    def take_back(self, connection: sa.Connection, payment: Payment) -> None:
        """The money of a payment that came is gone again: invoices it paid are owed anew."""
        organisation_id, customer_id = payment.organisation_id, payment.customer_id
        assert customer_id is not None
        still = replace(payment, amount=minus(payment.amount, payment.lost))
        if payment.purpose is Purpose.WALLET:
            self._ledger.lock(connection, organisation_id)
            wallet = f"wallet:{format_id(customer_id)}"
            held = self._ledger.balance(organisation_id, wallet, payment.currency, connection=connection)
            if minus(ZERO, held) < still.amount:
                raise Conflict("The wallet has been used: give the invoices back that it paid first.")
            entry = payment_entry(still, "cash:" + payment.method, wallet, "")
        else:
            credit = store.credit_of_source(connection, organisation_id, "payment", payment.id)
            assert credit is not None
            used = store.allocations(connection, organisation_id, credit_id=credit.id)
            if any(one.refund_id is not None for one in used):
                raise Conflict("Some of this payment was sent back already.")
            self._allocating.undo(connection, organisation_id, used)
            nothing = currency(credit.currency).round(ZERO)
            store.update_credit(connection, replace(credit, amount=nothing, left=nothing))
            entry = payment_entry(still, f"cash:{payment.method}", f"credit:{format_id(customer_id)}", "")
        key = f"payment-reversed:{format_id(payment.id)}"
        back = reversed_entry(entry, key=key, at=self._clock.now(), title=f"Taken back: {payment.reason}"[:200])
        self._ledger.post(connection, organisation_id, back)

    def take_part(self, connection: sa.Connection, payment: Payment, loss: Loss) -> None:
        """A part of what came is gone again: of what it paid, what it paid last is owed anew. Raises Conflict."""
        organisation_id, customer_id = payment.organisation_id, payment.customer_id
        assert customer_id is not None
        if payment.purpose is Purpose.WALLET:
            self._ledger.lock(connection, organisation_id)
            account = f"wallet:{format_id(customer_id)}"
            held = minus(ZERO, self._ledger.balance(organisation_id, account, payment.currency, connection=connection))
        else:
            account = f"credit:{format_id(customer_id)}"
            held = self._allocating.free(connection, payment, loss.amount)
        if held < loss.amount:
            raise Conflict(f"{held:f} {payment.currency} are left to take it from: the rest was used or sent back.")
        postings = (
            Posting(account, loss.amount, payment.currency),
            Posting(f"cash:{payment.method}", minus(ZERO, loss.amount), payment.currency),
        )
        title = f"Taken back in part: {loss.reason}"[:200]
        self._ledger.post(connection, organisation_id, self._loss("payment-lost", payment, loss, title, postings))
        if payment.purpose is Purpose.INVOICES:
            self._allocating.shrink(connection, payment, loss.amount)

    def fee(self, connection: sa.Connection, payment: Payment, loss: Loss, title: str) -> None:
        """What a provider takes for a dispute, or a bank for a return."""
        postings = (
            Posting(f"fees:{payment.method}", loss.fee, loss.fee_currency),
            Posting(f"cash:{payment.method}", minus(ZERO, loss.fee), loss.fee_currency),
        )
        entry = self._loss("payment-fee", payment, loss, title, postings)
        self._ledger.post(connection, payment.organisation_id, entry)

    def _loss(self, word: str, payment: Payment, loss: Loss, title: str, postings: tuple[Posting, ...]) -> Entry:
        key = loss_key(word, payment.id, loss.reference)
        return Entry(key=key, at=self._clock.now(), title=title, postings=postings)

    def left(self, connection: sa.Connection, payment: Payment, account: str, title: str) -> None:
        """Book what goes: at once, so that it cannot go twice; what comes back is booked back."""
        self._ledger.post(
            connection, payment.organisation_id, payment_entry(payment, account, f"cash:{payment.method}", title)
        )

    def came_back(self, connection: sa.Connection, payment: Payment) -> None:
        organisation_id = payment.organisation_id
        account = (
            f"payable:{payment.partner}" if payment.customer_id is None else f"credit:{format_id(payment.customer_id)}"
        )
        if payment.customer_id is not None:
            used = store.allocations(connection, organisation_id, refund_id=payment.id)
            self._allocating.undo(connection, organisation_id, used)
        key = f"payment-reversed:{format_id(payment.id)}"
        was = payment_entry(payment, account, f"cash:{payment.method}", "")
        back = reversed_entry(was, key=key, at=self._clock.now(), title="It did not arrive")
        self._ledger.post(connection, organisation_id, back)


def loss_key(word: str, payment_id: int, reference: str) -> str:
    """The key of an entry about a dispute."""
    return f"{word}:{format_id(payment_id)}:{hashlib.sha256(reference.encode()).hexdigest()[:16]}"


@exact
def payment_entry(payment: Payment, debited: str, credited: str, title: str) -> Entry:
    """The entry of a payment."""
    postings = (
        Posting(debited, payment.amount, payment.currency),
        Posting(credited, -payment.amount, payment.currency),
    )
    return Entry(key=f"payment:{format_id(payment.id)}", at=payment.received_at, title=title, postings=postings)


@exact
def minus(first: Decimal, second: Decimal) -> Decimal:
    """Exact."""
    return first - second


@exact
def plus(first: Decimal, second: Decimal) -> Decimal:
    """Exact."""
    return first + second


@exact
def summed(amounts: Sequence[Decimal]) -> Decimal:
    """Exact."""
    return sum(amounts, ZERO)


def total_left(held: Sequence[Credit]) -> Decimal:
    """What is left of these credits."""
    return summed([one.left for one in held])

"""Disputes that were lost: all of a payment, or a part of it while the rest holds; charges of banks. Blocking."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.payments import store
from monokoto.earn.payments.asking import Asking
from monokoto.earn.payments.booking import Booking, minus, plus
from monokoto.earn.payments.payment import Direction, Loss, Payment, PaymentState
from monokoto.earn.pricing import currency
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.money import ZERO


class Losing:
    """Of all sellers."""

    def __init__(self, records: Records, clock: Clock, *, asking: Asking, booking: Booking) -> None:
        self._records = records
        self._clock = clock
        self._asking = asking
        self._booking = booking

    def lose(self, organisation_id: int, payment_id: int, loss: Loss) -> Payment:
        """Take back what a dispute took: that much is owed again, and a fee is booked. The same dispute is booked once.

        Raises:
            NotFound: there is no such payment.
            Invalid: this is no amount of its currency.
            Conflict: it did not come, or its money was given back already.
        """
        found = self._asking.get(organisation_id, payment_id)
        if loss.amount <= ZERO or loss.fee < ZERO or currency(found.currency).round(loss.amount) != loss.amount:
            raise Invalid(f"Nobody loses {loss.amount:f} {found.currency} and {loss.fee:f} besides.")
        with self._records.write() as connection:
            if found.customer_id is not None:
                store.lock_account(connection, organisation_id, found.customer_id)
            payment = store.find(connection, organisation_id, payment_id, lock=True) or found
            if store.find_loss(connection, organisation_id, payment_id, loss.reference):
                return payment
            if payment.direction is not Direction.IN or payment.state is PaymentState.FAILED:
                raise Conflict(f"The payment is {payment.state}; nothing of it can be lost.")
            store.insert_loss(connection, payment, loss, self._clock.now())
            after = self._take(connection, payment, loss)
            if loss.fee:
                self._booking.fee(connection, after, loss, f"Fee of {after.method} for a dispute")
        return after

    def charge(self, organisation_id: int, payment_id: int, reference: str, amount: Decimal, reason: str) -> bool:
        """Book what a bank took for a payment that stays what it is; False when this was booked before. Raises NotFound."""
        found = self._asking.get(organisation_id, payment_id)
        loss = Loss(reference=reference, amount=ZERO, reason=reason, fee=amount, fee_currency=found.currency)
        with self._records.write() as connection:
            if found.customer_id is not None:
                store.lock_account(connection, organisation_id, found.customer_id)
            if store.find_loss(connection, organisation_id, payment_id, reference):
                return False
            store.insert_loss(connection, found, loss, self._clock.now())
            self._booking.fee(connection, found, loss, f"Charge of the bank: {reason}"[:200])
        return True

    def _take(self, connection: sa.Connection, payment: Payment, loss: Loss) -> Payment:
        if payment.state is PaymentState.REVERSED:
            return payment  # known to be gone already; the dispute is evidence
        if payment.state is PaymentState.PENDING:
            # Told of its dispute before it was told that it came: it came first.
            payment = replace(payment, state=PaymentState.SUCCEEDED, settled_at=self._clock.now())
            self._booking.arrived(connection, payment)
        holds = minus(payment.amount, payment.lost)
        after = replace(payment, reason=loss.reason, settled_at=self._clock.now())
        if loss.amount >= holds:
            after = replace(after, state=PaymentState.REVERSED)
            store.update(connection, after)
            self._booking.take_back(connection, after)
            return after
        after = replace(after, lost=plus(payment.lost, loss.amount))
        store.update(connection, after)
        self._booking.take_part(connection, after, loss)
        return after

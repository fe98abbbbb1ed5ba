"""Money out: credit back to customers, shares to partners. Blocking; called in threads."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.ledger import Ledger
from monokoto.earn.payments import store
from monokoto.earn.payments.asking import Asking
from monokoto.earn.payments.booking import Booking, minus, total_left
from monokoto.earn.payments.making import Making, known
from monokoto.earn.payments.payment import Payment
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import ZERO


class Sending:
    """Of all sellers."""

    def __init__(self, records: Records, *, ledger: Ledger, booking: Booking, making: Making, asking: Asking) -> None:
        self._records = records
        self._ledger = ledger
        self._booking = booking
        self._making = making
        self._asking = asking

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
        payment = self._making.outgoing(
            organisation_id, amount, code, method, key, customer_id=customer_id, iban=iban, holder=holder
        )

        def lock(connection: sa.Connection) -> None:
            store.lock_account(connection, organisation_id, customer_id)

        def take(connection: sa.Connection) -> None:
            held = [one for one in store.credits_of(connection, organisation_id, customer_id) if one.currency == code]
            if total_left(held) < amount:
                raise Conflict(f"This customer's credit is {total_left(held):f} {code}.")
            self._booking.allocating.take(connection, payment, held, payment.amount)

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
        payment = self._making.outgoing(
            organisation_id, amount, code, method, key, partner=partner, iban=iban, holder=holder
        )
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
            if found := known(connection, payment):
                return found
            take(connection)
            store.insert(connection, payment)
            self._booking.left(connection, payment, account, title)
        return self._asking.ask(payment)

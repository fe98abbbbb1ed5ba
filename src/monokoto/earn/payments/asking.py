"""Asking adapters for money, and what became of what was asked. Blocking; called in threads.

Adapters are asked outside of transactions: a payment is on disk as pending before anybody is asked, so that a process that dies
between leaves something to ask about again under the same name.

Locks are taken in one order: the customer's account, payments, invoices by id, the head of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from monokoto.earn.payments import store
from monokoto.earn.payments.adapters import Adapter, Answer, Collection
from monokoto.earn.payments.booking import Booking
from monokoto.earn.payments.payment import (
    REASON_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Direction,
    Payment,
    PaymentState,
)
from monokoto.earn.payments.store import PaymentFilter
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Invalid, NotFound, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAYMENT_LOOK_MAX

IN_FILES: Final = "sepa"
"""The method of which a bank tells, and nobody can be asked."""
_ORIGINS_MAX = 500


class Accounts(Protocol):
    """Sellers' accounts with payment providers."""

    def adapter(self, organisation_id: int, method: str) -> Adapter | None:
        """What asks it; None: the seller has none for this method."""
        ...


class Asking:
    """Of all sellers."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        booking: Booking,
        adapters: Mapping[str, Adapter],
        accounts: Accounts | None,
    ) -> None:
        self._records = records
        self._clock = clock
        self._booking = booking
        self._accounts = accounts
        self.adapters = adapters

    def adapter(self, organisation_id: int, method: str) -> Adapter | None:
        """What a seller asks with; None: it has nothing for this method."""
        if method in self.adapters or self._accounts is None:
            return self.adapters.get(method)
        return self._accounts.adapter(organisation_id, method)

    def get(self, organisation_id: int, payment_id: int) -> Payment:
        """Raises NotFound."""
        with self._records.read() as connection:
            found = store.find(connection, organisation_id, payment_id)
        if found is None:
            raise NotFound(f"There is no payment {format_id(payment_id)}.")
        return found

    def ask(self, payment: Payment) -> Payment:
        """Ask the adapter for a pending payment, under its own name."""
        with self._records.read() as connection:
            mandate = (
                None
                if payment.customer_id is None
                else store.find_mandate(connection, payment.organisation_id, payment.customer_id, payment.method)
            )
            comes = payment.direction is Direction.IN
            origin = "" if comes or payment.customer_id is None else _origin(connection, payment)
        asked = Collection(
            key=format_id(payment.id),
            amount=payment.amount,
            currency=payment.currency,
            description=payment.key,
            mandate=mandate,
        )
        adapter = self.adapter(payment.organisation_id, payment.method)
        if adapter is None:
            raise Unavailable(f"The account with {payment.method} was taken away.", remedy="Put it there again.")
        try:
            answer = adapter.collect(asked) if comes else adapter.send(asked, of=origin)
        except Invalid as error:
            self.resolve(payment.organisation_id, payment.id, PaymentState.FAILED, reason=error.message[:500])
            raise
        return self._taken(payment, answer)

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

    def pursue(self, organisation_id: int | None = None) -> list[Payment]:
        """Ask adapters what became of what is pending (what goes by a bank's file apart); the payments that ended. For reconcilers.

        Those nobody asked about for longest come first, so that what never ends keeps nobody waiting. An account that does not
        answer is asked once: the others of it come round again.
        """
        with self._records.read() as connection:
            waiting = store.longest_unasked(connection, organisation_id, but=IN_FILES, limit=PAYMENT_LOOK_MAX)
        if not waiting:
            return []
        with self._records.write() as connection:
            store.mark_asked(connection, waiting, self._clock.now())
        ended, silent = [], set()
        for payment in waiting:
            account = payment.organisation_id, payment.method
            if account in silent:
                continue
            try:
                after = self._look(payment)
            except Unavailable:
                silent.add(account)
            except (Invalid, Conflict):
                continue
            else:
                ended += [after] if after.state is not PaymentState.PENDING else []
        return ended

    def _look(self, payment: Payment) -> Payment:
        adapter = self.adapter(payment.organisation_id, payment.method)
        if adapter is None:
            return payment
        return self._taken(payment, adapter.look(payment.reference)) if payment.reference else self.ask(payment)

    def _taken(self, payment: Payment, answer: Answer) -> Payment:
        if answer.state is not PaymentState.PENDING:
            told: dict[str, Any] = {"reason": answer.reason[:500], "reference": answer.reference[:200]}
            return self.resolve(payment.organisation_id, payment.id, answer.state, **told)
        after = replace(payment, reference=answer.reference or payment.reference)
        if after != payment:
            with self._records.write() as connection:
                store.update(connection, after)
        return after


def _origin(connection: Any, refund: Payment) -> str:
    """What the provider calls the newest payment a refund can be of: providers give back what they took."""
    wanted = PaymentFilter(customer_id=refund.customer_id, method=refund.method, state=PaymentState.SUCCEEDED)
    found = store.find_all(connection, refund.organisation_id, wanted, before=refund.id, limit=_ORIGINS_MAX)
    fits = (one for one in found if one.direction is Direction.IN and one.currency == refund.currency)
    return next((one.reference for one in fits if one.amount >= refund.amount), "")


_WAYS = frozenset(
    {
        (PaymentState.PENDING, PaymentState.SUCCEEDED),
        (PaymentState.PENDING, PaymentState.FAILED),
        (PaymentState.SUCCEEDED, PaymentState.REVERSED),
    }
)
"""Which state follows which."""

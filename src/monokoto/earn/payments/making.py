"""New payments, checked, and whether there is one of the same key already."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monokoto.earn.payments import store
from monokoto.earn.payments.asking import Asking
from monokoto.earn.payments.payment import (
    METHOD_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Direction,
    Payment,
    PaymentState,
    Purpose,
)
from monokoto.earn.pricing import currency
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import OrganisationId, PaymentId, new_id
from monokoto.kernel.limits import LEDGER_KEY_LENGTH_MAX
from monokoto.kernel.money import ZERO

_SAME = ("customer_id", "partner", "direction", "purpose", "method", "currency", "amount", "invoice_id")


class Making:
    """Of all sellers."""

    def __init__(self, clock: Clock, asking: Asking) -> None:
        self._clock = clock
        self._asking = asking

    def check(self, organisation_id: int, amount: Decimal, code: str, key: str, method: str, reference: str) -> None:
        """Raises Invalid with every fault."""
        faults = []
        if amount <= ZERO or currency(code).round(amount) != amount:
            faults.append(Fault(place="amount", reason=f"is above zero, with the digits of {code}"))
        if not 0 < len(key) <= LEDGER_KEY_LENGTH_MAX:
            faults.append(Fault(place="key", reason=f"has 1 to {LEDGER_KEY_LENGTH_MAX} characters"))
        if len(method) > METHOD_LENGTH_MAX or self._asking.adapter(organisation_id, method) is None:
            ways = f"one of {', '.join(sorted(self._asking.adapters))}, or a provider you have an account with"
            faults.append(Fault(place="method", reason=f"{ways} (PUT /api/v1/payment-providers/stripe)"))
        if len(reference) > REFERENCE_LENGTH_MAX:
            faults.append(Fault(place="reference", reason=f"has at most {REFERENCE_LENGTH_MAX} characters"))
        if faults:
            raise Invalid("This is no payment.", faults=faults)

    def incoming(
        self, organisation_id: int, customer_id: int, amount: Decimal, code: str, method: str, key: str
    ) -> Payment:
        """One that comes, pending."""
        return self._pending(
            organisation_id, amount, code, method, key,
            customer_id=customer_id, direction=Direction.IN, purpose=Purpose.INVOICES,
        )  # fmt: skip

    def outgoing(
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
        """One that goes, checked. Raises Invalid."""
        self.check(organisation_id, amount, code, key, method, "")
        return self._pending(
            organisation_id, amount, code, method, key,
            customer_id=customer_id, partner=partner, iban=iban, holder=holder,
            direction=Direction.OUT, purpose=Purpose.PAYOUT if partner else Purpose.REFUND,
        )  # fmt: skip

    def _pending(self, organisation_id: int, amount: Decimal, code: str, method: str, key: str, **more: Any) -> Payment:
        now = self._clock.now()
        return Payment(
            id=PaymentId(new_id()),
            organisation_id=OrganisationId(organisation_id),
            method=method,
            currency=code,
            amount=currency(code).round(amount),
            state=PaymentState.PENDING,
            key=key,
            received_at=now,
            created_at=now,
            **more,
        )


def known(connection: sa.Connection, payment: Payment) -> Payment | None:
    """The payment of the same key, when it is the same one. Raises Conflict: it is another."""
    found = store.find_key(connection, payment.organisation_id, payment.key)
    if found is None:
        return None
    if any(getattr(found, name) != getattr(payment, name) for name in _SAME):
        raise Conflict(f"Another payment has the key {payment.key!r}.")
    return found

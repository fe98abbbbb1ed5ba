"""What payments tell."""

from __future__ import annotations

from typing import Final

from monokoto.earn.payments.payment import Payment
from monokoto.kernel.clock import Instant
from monokoto.kernel.facts import Fact

PAYMENT_CHANGED: Final = "payments.changed"
"""Fact: a payment came, failed, was taken back or lost a part to a dispute; data: payment_id, customer_id, state, lost."""


def payment_fact(payment: Payment, at: Instant) -> Fact:
    """That this became of a payment."""
    data = {
        "payment_id": payment.id, "customer_id": payment.customer_id, "state": payment.state.value, "lost": f"{payment.lost:f}",
    }  # fmt: skip
    return Fact(name=PAYMENT_CHANGED, organisation_id=payment.organisation_id, at=at, data=data)

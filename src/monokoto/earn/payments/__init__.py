"""Payments: money that comes and goes, and what it pays."""

from monokoto.earn.payments.adapters import BUILT_IN, Adapter, Answer, Collection
from monokoto.earn.payments.facts import PAYMENT_CHANGED
from monokoto.earn.payments.payment import (
    Credit,
    Direction,
    Mandate,
    Payment,
    PaymentFile,
    PaymentState,
    Purpose,
    Receipt,
)
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter

__all__ = [
    "BUILT_IN",
    "PAYMENT_CHANGED",
    "Adapter",
    "Answer",
    "Collection",
    "Credit",
    "Direction",
    "Mandate",
    "Payment",
    "PaymentFile",
    "PaymentFilter",
    "PaymentState",
    "Payments",
    "Purpose",
    "Receipt",
]

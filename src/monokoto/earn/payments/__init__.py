"""Payments: money that comes and goes, and what it pays."""

from monokoto.earn.payments.adapters import BUILT_IN, Adapter, Answer, Collection
from monokoto.earn.payments.dunning import Act, DunningPolicy, Step
from monokoto.earn.payments.facts import PAYMENT_CHANGED
from monokoto.earn.payments.mandates import Mandates, PaymentFiles
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
from monokoto.earn.payments.reminding import DoneStep, Notice, Post, Reminding, Suspensions
from monokoto.earn.payments.routes import CONTROLLERS
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter

__all__ = [
    "BUILT_IN",
    "CONTROLLERS",
    "PAYMENT_CHANGED",
    "Act",
    "Adapter",
    "Answer",
    "Collection",
    "Credit",
    "Direction",
    "DoneStep",
    "DunningPolicy",
    "Mandate",
    "Mandates",
    "Notice",
    "Payment",
    "PaymentFile",
    "PaymentFiles",
    "PaymentFilter",
    "PaymentState",
    "Payments",
    "Post",
    "Purpose",
    "Receipt",
    "Reminding",
    "Step",
    "Suspensions",
]

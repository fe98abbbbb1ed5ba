"""Payments: money that comes and goes, and what it pays."""

from monokoto.earn.payments.adapters import BUILT_IN, Adapter, Answer, Collection
from monokoto.earn.payments.dunning import Act, DunningPolicy, Step
from monokoto.earn.payments.facts import PAYMENT_CHANGED, payment_fact
from monokoto.earn.payments.mandates import Mandates, PaymentFiles
from monokoto.earn.payments.passing_on import PassingOn
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
from monokoto.earn.payments.provider_routes import PaymentProvidersController
from monokoto.earn.payments.providers import Account, Hearing, Providers
from monokoto.earn.payments.reminding import DoneStep, Notice, Post, Reminding, Suspensions
from monokoto.earn.payments.routes import CONTROLLERS as _CONTROLLERS
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.statement_routes import BankStatementsController
from monokoto.earn.payments.statements import BankStatements
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.payments.wording import FIELDS, NoticeText, worded

CONTROLLERS = (*_CONTROLLERS, PaymentProvidersController, BankStatementsController)
"""What `api` mounts."""

__all__ = [
    "BUILT_IN",
    "CONTROLLERS",
    "FIELDS",
    "PAYMENT_CHANGED",
    "Account",
    "Act",
    "Adapter",
    "Answer",
    "BankStatements",
    "Collection",
    "Credit",
    "Direction",
    "DoneStep",
    "DunningPolicy",
    "Hearing",
    "Mandate",
    "Mandates",
    "Notice",
    "NoticeText",
    "PassingOn",
    "Payment",
    "PaymentFile",
    "PaymentFiles",
    "PaymentFilter",
    "PaymentState",
    "Payments",
    "Post",
    "Providers",
    "Purpose",
    "Receipt",
    "Reminding",
    "Step",
    "Suspensions",
    "payment_fact",
    "worded",
]

"""The tables of payments, and their rows as values. Amounts are texts, canonical."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from monokoto.earn.payments.payment import (
    Allocation,
    Credit,
    Direction,
    Mandate,
    Payment,
    PaymentFile,
    PaymentState,
    Purpose,
)
from monokoto.engines.records import Sealed, metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import InvoiceId, OrganisationId, PaymentId

_AMOUNT = sa.String(64)

payments = sa.Table(
    "payments",
    metadata,
    sa.Column("payment_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger),
    sa.Column("partner", sa.String(100), nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("purpose", sa.String(16), nullable=False),
    sa.Column("method", sa.String(32), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", _AMOUNT, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("invoice_id", sa.BigInteger),
    sa.Column("iban", sa.String(34), nullable=False),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("file_id", sa.BigInteger),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("asked_at", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("lost", _AMOUNT, nullable=False, server_default="0"),
    sa.Index("uq_payments_key", "organisation_id", "key", unique=True),
    sa.Index("ix_payments_organisation", "organisation_id", "payment_id"),
    sa.Index("ix_payments_customer", "organisation_id", "customer_id", "payment_id"),
    sa.Index("ix_payments_invoice", "organisation_id", "invoice_id"),
    sa.Index("ix_payments_state", "state", "payment_id"),
    sa.Index("ix_payments_asked", "state", "asked_at", "payment_id"),
    sa.Index("ix_payments_settled", "organisation_id", "settled_at"),
    sa.Index("ix_payments_reference", "organisation_id", "method", "reference"),
)
payment_losses = sa.Table(
    "payment_losses",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("payment_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("reference", sa.String(200), primary_key=True),
    sa.Column("amount", _AMOUNT, nullable=False),
    sa.Column("fee", _AMOUNT, nullable=False),
    sa.Column("fee_currency", sa.String(3), nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)
payment_providers = sa.Table(
    "payment_providers",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("method", sa.String(32), primary_key=True),
    sa.Column("key", Sealed("payment_providers.key"), nullable=False),
    sa.Column("signing_secret", Sealed("payment_providers.signing_secret"), nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)
payment_credits = sa.Table(
    "payment_credits",
    metadata,
    sa.Column("credit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("source", sa.String(16), nullable=False),
    sa.Column("source_id", sa.BigInteger, nullable=False),
    sa.Column("amount", _AMOUNT, nullable=False),
    sa.Column("left", _AMOUNT, nullable=False),
    sa.Column("has_left", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("uq_payment_credits_source", "organisation_id", "source", "source_id", unique=True),
    sa.Index("ix_payment_credits_customer", "organisation_id", "customer_id", "credit_id"),
    sa.Index("ix_payment_credits_left", "has_left", "credit_id"),
)
payment_allocations = sa.Table(
    "payment_allocations",
    metadata,
    sa.Column("allocation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("credit_id", sa.BigInteger, nullable=False),
    sa.Column("invoice_id", sa.BigInteger),
    sa.Column("refund_id", sa.BigInteger),
    sa.Column("amount", _AMOUNT, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("undone_at", sa.BigInteger),
    sa.Index("ix_payment_allocations_credit", "organisation_id", "credit_id"),
    sa.Index("ix_payment_allocations_invoice", "organisation_id", "invoice_id"),
    sa.Index("ix_payment_allocations_refund", "organisation_id", "refund_id"),
)
payment_mandates = sa.Table(
    "payment_mandates",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customer_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("method", sa.String(32), primary_key=True),
    sa.Column("iban", sa.String(34), nullable=False),
    sa.Column("bic", sa.String(11), nullable=False),
    sa.Column("holder", sa.String(200), nullable=False),
    sa.Column("reference", sa.String(200), nullable=False),
    sa.Column("signed_at", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
payment_files = sa.Table(
    "payment_files",
    metadata,
    sa.Column("file_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(35), nullable=False),
    sa.Column("payments", sa.Integer, nullable=False),
    sa.Column("total", _AMOUNT, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("ix_payment_files_organisation", "organisation_id", "file_id"),
)
payment_accounts = sa.Table(
    "payment_accounts",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customer_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("suspended_at", sa.BigInteger),
    sa.Column("suspended_for", sa.BigInteger),
    sa.Index("ix_payment_accounts_suspended", "suspended_at"),
)
dunning_policies = sa.Table(
    "dunning_policies",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)
dunning_steps = sa.Table(
    "dunning_steps",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("invoice_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("step", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("act", sa.String(16), nullable=False),
    sa.Column("told", sa.String(254), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("paused", sa.BigInteger, nullable=False, server_default="0"),
)
dunning_pauses = sa.Table(
    "dunning_pauses",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("invoice_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("begin_at", sa.BigInteger),
    sa.Column("until_at", sa.BigInteger),
    sa.Column("because", sa.String(500), nullable=False),
    sa.Column("before", sa.BigInteger, nullable=False),
)
_PLAIN = (
    "customer_id", "partner", "method", "currency", "key", "invoice_id", "iban", "holder", "reference", "reason",
    "file_id", "received_at", "created_at", "settled_at",
)  # fmt: skip


def payment_from_row(row: sa.Row[Any]) -> Payment:
    """The value in a row."""
    plain: dict[str, Any] = {name: row._mapping[name] for name in _PLAIN}
    return Payment(
        id=PaymentId(row.payment_id),
        organisation_id=OrganisationId(row.organisation_id),
        direction=Direction(row.direction),
        purpose=Purpose(row.purpose),
        state=PaymentState(row.state),
        amount=Decimal(row.amount),
        lost=Decimal(row.lost),
        **plain,
    )


def payment_to_row(payment: Payment) -> dict[str, Any]:
    """The row of a payment."""
    return {
        "payment_id": payment.id,
        "organisation_id": payment.organisation_id,
        "direction": payment.direction.value,
        "purpose": payment.purpose.value,
        "state": payment.state.value,
        "amount": f"{payment.amount:f}",
        "lost": f"{payment.lost:f}",
        **{name: getattr(payment, name) for name in _PLAIN},
    }


def credit_from_row(row: sa.Row[Any]) -> Credit:
    """The value in a row."""
    return Credit(
        id=row.credit_id,
        organisation_id=OrganisationId(row.organisation_id),
        customer_id=row.customer_id,
        currency=row.currency,
        source=row.source,
        source_id=row.source_id,
        amount=Decimal(row.amount),
        left=Decimal(row._mapping["left"]),
        created_at=Instant(row.created_at),
    )


def credit_to_row(credit: Credit) -> dict[str, Any]:
    """The row of a credit."""
    return {
        "credit_id": credit.id,
        "organisation_id": credit.organisation_id,
        "customer_id": credit.customer_id,
        "currency": credit.currency,
        "source": credit.source,
        "source_id": credit.source_id,
        "amount": f"{credit.amount:f}",
        "left": f"{credit.left:f}",
        "has_left": bool(credit.left),
        "created_at": credit.created_at,
    }


def allocation_from_row(row: sa.Row[Any]) -> Allocation:
    """The value in a row."""
    return Allocation(
        id=row.allocation_id,
        organisation_id=OrganisationId(row.organisation_id),
        credit_id=row.credit_id,
        invoice_id=None if row.invoice_id is None else InvoiceId(row.invoice_id),
        refund_id=None if row.refund_id is None else PaymentId(row.refund_id),
        amount=Decimal(row.amount),
        created_at=Instant(row.created_at),
        undone_at=None if row.undone_at is None else Instant(row.undone_at),
    )


def allocation_to_row(allocation: Allocation) -> dict[str, Any]:
    """The row of an allocation."""
    return {
        "allocation_id": allocation.id,
        "organisation_id": allocation.organisation_id,
        "credit_id": allocation.credit_id,
        "invoice_id": allocation.invoice_id,
        "refund_id": allocation.refund_id,
        "amount": f"{allocation.amount:f}",
        "created_at": allocation.created_at,
        "undone_at": allocation.undone_at,
    }


def mandate_from_row(row: sa.Row[Any]) -> Mandate:
    """The value in a row."""
    return Mandate(
        organisation_id=OrganisationId(row.organisation_id),
        customer_id=row.customer_id,
        method=row.method,
        iban=row.iban,
        bic=row.bic,
        holder=row.holder,
        reference=row.reference,
        signed_at=Instant(row.signed_at),
        created_at=Instant(row.created_at),
    )


def file_from_row(row: sa.Row[Any]) -> PaymentFile:
    """The value in a row, without its text."""
    return PaymentFile(
        id=row.file_id,
        organisation_id=OrganisationId(row.organisation_id),
        kind=row.kind,
        message_id=row.message_id,
        payments=row.payments,
        total=Decimal(row.total),
        created_at=Instant(row.created_at),
    )

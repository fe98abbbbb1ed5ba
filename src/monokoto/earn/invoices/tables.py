"""The tables of invoices, and their rows as values. Amounts are texts, canonical; nothing sums them in SQL."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.earn.calendar import Span
from monokoto.earn.invoices.document import Document, DocumentKind
from monokoto.earn.invoices.invoice import Invoice, InvoiceState
from monokoto.earn.invoices.line import InvoiceLine, line_from_plain, line_to_plain
from monokoto.earn.invoices.tax import BuyerKind, Category, TaxRule
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import DocumentId, InvoiceId, OrganisationId

_AMOUNT = sa.String(64)

invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("invoice_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("customer_organisation_id", sa.BigInteger),
    sa.Column("subscription_id", sa.BigInteger),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("period_start", sa.BigInteger, nullable=False),
    sa.Column("period_end", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("document_id", sa.BigInteger),
    *(
        sa.Column(name, _AMOUNT, nullable=False)
        for name in ("net", "tax", "gross", "prepaid", "paid", "credited", "applied", "written_off")
    ),
    sa.Column("closes_at", sa.BigInteger),
    sa.Column("issued_at", sa.BigInteger),
    sa.Column("due_at", sa.BigInteger),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    # The lines while they may change; once there is a document they stand there and nowhere else.
    sa.Column("lines", sa.Text, nullable=False),
    sa.Index("uq_invoices_key", "organisation_id", "key", unique=True),
    sa.Index("ix_invoices_organisation", "organisation_id", "invoice_id"),
    sa.Index("ix_invoices_state", "organisation_id", "state", "invoice_id"),
    sa.Index("ix_invoices_customer", "organisation_id", "customer_id", "invoice_id"),
    sa.Index("ix_invoices_subscription", "organisation_id", "subscription_id", "invoice_id"),
    sa.Index("ix_invoices_buyer", "customer_organisation_id", "invoice_id"),
    sa.Index("ix_invoices_due", "state", "due_at"),
    sa.Index("ix_invoices_issued", "organisation_id", "issued_at"),
    sa.Index("ix_invoices_settled", "organisation_id", "settled_at"),
)
invoice_documents = sa.Table(
    "invoice_documents",
    metadata,
    sa.Column("document_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("invoice_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("customer_organisation_id", sa.BigInteger),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    # Text and not JSON: the digest is over exactly these characters.
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Index("uq_invoice_documents_number", "organisation_id", "kind", "year", "number", unique=True),
    sa.Index("uq_invoice_documents_position", "organisation_id", "position", unique=True),
    sa.Index("uq_invoice_documents_label", "organisation_id", "label", unique=True),
    sa.Index("ix_invoice_documents_invoice", "organisation_id", "invoice_id"),
)
invoice_series = sa.Table(
    "invoice_series",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.String(16), primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
)
invoice_heads = sa.Table(
    "invoice_heads",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
)
credit_notes = sa.Table(
    "credit_notes",
    metadata,
    sa.Column("credit_note_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("invoice_id", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("document_id", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("gross", _AMOUNT, nullable=False),
    sa.Column("applied", _AMOUNT, nullable=False),
    sa.Column("over", _AMOUNT, nullable=False),
    sa.Column("voids", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("uq_credit_notes_key", "organisation_id", "key", unique=True),
    sa.Index("ix_credit_notes_invoice", "organisation_id", "invoice_id"),
)
invoice_issuers = sa.Table(
    "invoice_issuers",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)
tax_rules = sa.Table(
    "tax_rules",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("supply", sa.String(64), nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("buyer", sa.String(16), nullable=False),
    sa.Column("category", sa.String(2), nullable=False),
    sa.Column("rate_percent", _AMOUNT, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("begin_at", sa.BigInteger),
    sa.Column("end_at", sa.BigInteger),
)
BRIEF = [column for column in invoices.c if column.name != "lines"]
"""What a list reads."""
AMOUNTS = ("net", "tax", "gross", "prepaid", "paid", "credited", "applied", "written_off")
_AS_THEY_ARE = (
    "customer_id", "customer_organisation_id", "subscription_id", "currency", "key", "revision", "label", "document_id",
    "closes_at", "issued_at", "due_at", "settled_at", "created_at", "reason",
)  # fmt: skip


def invoice_from_row(row: sa.Row[Any]) -> Invoice:
    """The value in a row."""
    found = row._mapping
    plain: dict[str, Any] = {name: found[name] for name in _AS_THEY_ARE}
    amounts: dict[str, Any] = {name: Decimal(found[name]) for name in AMOUNTS}
    return Invoice(
        id=InvoiceId(row.invoice_id),
        organisation_id=OrganisationId(row.organisation_id),
        period=Span(row.period_start, row.period_end),
        state=InvoiceState(row.state),
        **plain,
        **amounts,
    )


def invoice_to_row(invoice: Invoice) -> dict[str, Any]:
    """The row of an invoice, without its lines."""
    return {
        "invoice_id": invoice.id,
        "organisation_id": invoice.organisation_id,
        "period_start": invoice.period.start,
        "period_end": invoice.period.end,
        "state": invoice.state.value,
        **{name: getattr(invoice, name) for name in _AS_THEY_ARE},
        **{name: f"{getattr(invoice, name):f}" for name in AMOUNTS},
    }


def lines_from_text(text: str) -> tuple[InvoiceLine, ...]:
    """The lines in a row."""
    return tuple(line_from_plain(one) for one in msgspec.json.decode(text)) if text else ()


def lines_to_text(lines: tuple[InvoiceLine, ...]) -> str:
    """As they are kept."""
    return msgspec.json.encode([line_to_plain(line) for line in lines]).decode()


def document_from_row(row: sa.Row[Any]) -> Document:
    """The value in a row."""
    return Document(
        id=DocumentId(row.document_id),
        organisation_id=OrganisationId(row.organisation_id),
        invoice_id=InvoiceId(row.invoice_id),
        customer_id=row.customer_id,
        customer_organisation_id=row.customer_organisation_id,
        kind=DocumentKind(row.kind),
        year=row.year,
        number=row.number,
        label=row.label,
        position=row.position,
        issued_at=Instant(row.issued_at),
        text=row.text,
        digest=bytes(row.digest),
    )


def document_to_row(document: Document) -> dict[str, Any]:
    """The row of a document."""
    plain = (
        "organisation_id", "invoice_id", "customer_id", "customer_organisation_id", "year", "number", "label", "position",
        "issued_at", "text", "digest",
    )  # fmt: skip
    return {
        "document_id": document.id,
        "kind": document.kind.value,
        **{name: getattr(document, name) for name in plain},
    }


def rule_from_row(row: sa.Row[Any]) -> TaxRule:
    """The value in a row."""
    return TaxRule(
        supply=row.supply,
        country=row.country,
        buyer=BuyerKind(row.buyer),
        category=Category(row.category),
        rate_percent=Decimal(row.rate_percent),
        reason=row.reason,
        begin=row.begin_at,
        end=row.end_at,
    )


def rule_to_row(organisation_id: int, position: int, rule: TaxRule) -> Mapping[str, Any]:
    """The row of a rule."""
    return {
        "organisation_id": organisation_id,
        "position": position,
        "supply": rule.supply,
        "country": rule.country,
        "buyer": rule.buyer.value,
        "category": rule.category.value,
        "rate_percent": f"{rule.rate_percent:f}",
        "reason": rule.reason,
        "begin_at": rule.begin,
        "end_at": rule.end,
    }

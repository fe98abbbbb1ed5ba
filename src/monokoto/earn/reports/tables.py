"""The tables of reports. Amounts are whole numbers of the smallest unit of their currency, so that SQL adds them up exactly."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.earn.invoices import KEY_LENGTH_MAX
from monokoto.engines.records import metadata
from monokoto.kernel.limits import NAME_LENGTH_MAX, PRODUCT_SALE_KEY_LENGTH_MAX, TITLE_LENGTH_MAX

revenue_rows = sa.Table(
    "revenue_rows",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("month", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("product", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("plan", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("meter", sa.String(2 * NAME_LENGTH_MAX + 1), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("invoice_id", sa.BigInteger, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("document_kind", sa.String(16), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Index("ix_revenue_rows_month", "organisation_id", "month", "currency"),
    sa.Index("ix_revenue_rows_customer", "organisation_id", "customer_id", "month"),
)
revenue_marks = sa.Table(
    "revenue_marks",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # The last document that was read, by its place in the seller's chain.
    sa.Column("position", sa.BigInteger, nullable=False),
    # Whose calendar the months are of: in another, all are read again.
    sa.Column("timezone", sa.String(64), nullable=False),
)
revenue_shifts = sa.Table(
    "revenue_shifts",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("document_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
    # What a document moves out of its own month is below zero, what it moves into a later one above; all of it comes to nothing.
    sa.Column("month", sa.Integer, nullable=False),
    sa.Column("issued_month", sa.Integer, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("product", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("plan", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("customer_id", sa.BigInteger, nullable=False),
    sa.Column("invoice_id", sa.BigInteger, nullable=False),
    sa.Column("label", sa.String(64), nullable=False),
    sa.Column("document_kind", sa.String(16), nullable=False),
    sa.Column("issued_at", sa.BigInteger, nullable=False),
    sa.Index("ix_revenue_shifts_month", "organisation_id", "month", "currency"),
)
revenue_earnings = sa.Table(
    "revenue_earnings",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # The subscription whose line it is; of a line made by hand, its invoice.
    sa.Column("owner_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(KEY_LENGTH_MAX), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("had", sa.BigInteger, nullable=False),
    # Both null: earned at once.
    sa.Column("begin_at", sa.BigInteger),
    sa.Column("end_at", sa.BigInteger),
)
product_sales = sa.Table(
    "product_sales",
    metadata,
    sa.Column("sale_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(PRODUCT_SALE_KEY_LENGTH_MAX), nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.Column("month", sa.Integer, nullable=False),
    sa.Column("product", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Index("uq_product_sales_key", "organisation_id", "key", unique=True),
    sa.Index("ix_product_sales_organisation", "organisation_id", "sale_id"),
    sa.Index("ix_product_sales_month", "organisation_id", "month", "currency"),
)

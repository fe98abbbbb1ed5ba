"""What documents come to, as rows that can be added up; products sold elsewhere."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0033"


def _number(name: str, *, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=False)


def _text(name: str, length: int) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    """The tables."""
    op.create_table(
        "revenue_rows",
        _number("organisation_id", key=True),
        _number("document_id", key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("month", sa.Integer, nullable=False),
        _text("currency", 3),
        _text("kind", 16),
        _text("product", 200),
        _text("plan", 64),
        _text("meter", 129),
        _number("amount"),
        _number("customer_id"),
        _number("invoice_id"),
        _text("label", 64),
        _text("document_kind", 16),
        _number("issued_at"),
    )
    op.create_index("ix_revenue_rows_month", "revenue_rows", ["organisation_id", "month", "currency"])
    op.create_index("ix_revenue_rows_customer", "revenue_rows", ["organisation_id", "customer_id", "month"])
    op.create_table("revenue_marks", _number("organisation_id", key=True), _number("position"), _text("timezone", 64))
    op.create_table(
        "product_sales",
        _number("sale_id", key=True),
        _number("organisation_id"),
        _text("key", 200),
        _text("day", 10),
        sa.Column("month", sa.Integer, nullable=False),
        _text("product", 64),
        _number("units"),
        _text("currency", 3),
        _number("amount"),
        _number("recorded_at"),
    )
    op.create_index("uq_product_sales_key", "product_sales", ["organisation_id", "key"], unique=True)
    op.create_index("ix_product_sales_organisation", "product_sales", ["organisation_id", "sale_id"])
    op.create_index("ix_product_sales_month", "product_sales", ["organisation_id", "month", "currency"])


def downgrade() -> None:
    """None of them."""
    for table in ("product_sales", "revenue_marks", "revenue_rows"):
        op.drop_table(table)

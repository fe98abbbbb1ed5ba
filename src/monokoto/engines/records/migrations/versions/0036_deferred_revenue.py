"""Fees charged ahead: what documents move from their month into later ones. All documents are read again."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0031"


def _number(name: str, *, key: bool = False, nullable: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=nullable)


def _month(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)


def _text(name: str, length: int) -> "sa.Column[str]":
    return sa.Column(name, sa.String(length), nullable=False)


def upgrade() -> None:
    """The tables."""
    op.create_table(
        "revenue_shifts",
        _number("organisation_id", key=True),
        _number("document_id", key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False, nullable=False),
        _month("month"),
        _month("issued_month"),
        _text("currency", 3),
        _text("product", 200),
        _text("plan", 64),
        _number("amount"),
        _number("customer_id"),
        _number("invoice_id"),
        _text("label", 64),
        _text("document_kind", 16),
        _number("issued_at"),
    )
    op.create_index("ix_revenue_shifts_month", "revenue_shifts", ["organisation_id", "month", "currency"])
    op.create_table(
        "revenue_earnings",
        _number("organisation_id", key=True),
        _number("owner_id", key=True),
        sa.Column("key", sa.String(200), primary_key=True, nullable=False),
        _number("amount"),
        _number("had"),
        _number("begin_at", nullable=True),
        _number("end_at", nullable=True),
    )
    # Rows of revenue are no truth of their own: without a mark they are thrown away and read again, now with what they move.
    op.execute(sa.text("DELETE FROM revenue_marks"))


def downgrade() -> None:
    """Neither of them."""
    for table in ("revenue_earnings", "revenue_shifts"):
        op.drop_table(table)

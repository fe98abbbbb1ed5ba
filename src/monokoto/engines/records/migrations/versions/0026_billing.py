"""What invoices say of subscriptions, what of them has to be looked at again, and how far usage was looked through."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def _number(name: str, *, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, primary_key=key, autoincrement=False, nullable=False)


def upgrade() -> None:
    """The tables."""
    op.create_table(
        "billing_booked",
        _number("organisation_id", key=True),
        _number("subscription_id", key=True),
        _number("invoice_id", key=True),
        sa.Column("key", sa.String(200), primary_key=True),
        _number("began"),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("quantity", sa.String(64), nullable=False),
    )
    op.create_table(
        "billing_touched",
        _number("organisation_id", key=True),
        _number("subscription_id", key=True),
        _number("since"),
    )
    op.create_table(
        "billing_marks",
        _number("organisation_id", key=True),
        sa.Column("name", sa.String(32), primary_key=True),
        _number("mark"),
    )


def downgrade() -> None:
    """None of them."""
    for table in ("billing_marks", "billing_touched", "billing_booked"):
        op.drop_table(table)

"""When somebody was asked about a payment last; what disputes took of one; a bank's statements and what stands in them."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0036"


def upgrade() -> None:
    """Add them."""
    op.add_column("payments", sa.Column("asked_at", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("payments", sa.Column("lost", sa.String(64), nullable=False, server_default="0"))
    op.create_index("ix_payments_asked", "payments", ["state", "asked_at", "payment_id"])
    op.create_table(
        "payment_losses",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("payment_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("fee", sa.String(64), nullable=False),
        sa.Column("fee_currency", sa.String(3), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "payment_id", "reference", name="pk_payment_losses"),
    )
    op.create_table(
        "bank_statements",
        sa.Column("statement_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(35), nullable=False),
        sa.Column("entries", sa.Integer, nullable=False),
        sa.Column("known", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("statement_id", name="pk_bank_statements"),
    )
    op.create_index("uq_bank_statements_digest", "bank_statements", ["organisation_id", "digest"], unique=True)
    op.create_index("ix_bank_statements_organisation", "bank_statements", ["organisation_id", "statement_id"])
    op.create_table(
        "bank_entries",
        sa.Column("entry_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("statement_id", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("account", sa.String(34), nullable=False),
        sa.Column("bank_reference", sa.String(35), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("amount", sa.String(64), nullable=False),
        sa.Column("booked_on", sa.String(10), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("why", sa.String(500), nullable=False),
        sa.Column("invoice_id", sa.BigInteger),
        sa.Column("payment_id", sa.BigInteger),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_bank_entries"),
    )
    op.create_index("uq_bank_entries_digest", "bank_entries", ["organisation_id", "digest"], unique=True)
    op.create_index("ix_bank_entries_state", "bank_entries", ["organisation_id", "state", "entry_id"])
    op.create_index("ix_bank_entries_statement", "bank_entries", ["organisation_id", "statement_id", "entry_id"])
    op.create_index("ix_bank_entries_reference", "bank_entries", ["organisation_id", "account", "bank_reference"])


def downgrade() -> None:
    """Take them back."""
    for table in ("bank_entries", "bank_statements", "payment_losses"):
        op.drop_table(table)
    op.drop_index("ix_payments_asked", "payments")
    op.drop_column("payments", "lost")
    op.drop_column("payments", "asked_at")

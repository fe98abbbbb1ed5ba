"""Who suspended a customer; a seller's account with a payment provider; which change of its alerts a maintenance window was."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0028"

_BY_DUNNING = """
UPDATE entitlement_suspensions SET suspended_by = 'dunning'
WHERE end_at IS NULL AND because LIKE '% is not paid' AND EXISTS (
  SELECT 1 FROM payment_accounts AS account
  WHERE account.organisation_id = entitlement_suspensions.organisation_id
    AND account.customer_id = entitlement_suspensions.customer_id AND account.suspended_at IS NOT NULL
)
"""
"""Suspensions that go on and that dunning knows as its own."""


def upgrade() -> None:
    """Add them."""
    op.add_column(
        "entitlement_suspensions", sa.Column("suspended_by", sa.String(16), nullable=False, server_default="hand")
    )
    op.execute(_BY_DUNNING)
    op.create_table(
        "payment_providers",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("signing_secret", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "method", name="pk_payment_providers"),
    )
    op.add_column("maintenance_windows", sa.Column("number", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("ix_payments_reference", "payments", ["organisation_id", "method", "reference"])


def downgrade() -> None:
    """Take them back."""
    op.drop_index("ix_payments_reference", "payments")
    op.drop_column("maintenance_windows", "number")
    op.drop_table("payment_providers")
    op.drop_column("entitlement_suspensions", "suspended_by")

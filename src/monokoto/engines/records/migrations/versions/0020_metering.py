"""Corrections of usage."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "usage_corrections",
        sa.Column("correction_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("meter", sa.String(160), nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("before", sa.Text),
        sa.Column("carried", sa.Text, nullable=False),
        sa.Column("arrived", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("corrected_at", sa.BigInteger, nullable=False),
        sa.Column("corrected_by", sa.BigInteger, nullable=False),
        sa.Column("applied", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("correction_id", name="pk_usage_corrections"),
    )
    op.create_index("ix_usage_corrections_organisation_id", "usage_corrections", ["organisation_id", "correction_id"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("usage_corrections")

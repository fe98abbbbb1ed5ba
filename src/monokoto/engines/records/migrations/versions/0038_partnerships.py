"""Which organisations partners of plans are."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"


def upgrade() -> None:
    """The table."""
    op.create_table(
        "partnerships",
        sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False, nullable=False),
        sa.Column("partner", sa.String(64), primary_key=True, nullable=False),
        sa.Column("partner_organisation_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index(
        "ix_partnerships_partner", "partnerships", ["partner_organisation_id", "organisation_id", "partner"]
    )


def downgrade() -> None:
    """Without it."""
    op.drop_table("partnerships")

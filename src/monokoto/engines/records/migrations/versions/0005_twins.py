"""Desired state of the twins and its revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "twin_desired",
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.BigInteger, nullable=False),
        sa.Column("told_revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", name="pk_twin_desired"),
    )
    untold = sa.text("told_revision < revision")
    op.create_index("ix_twin_desired_untold", "twin_desired", ["unit_id"], sqlite_where=untold, postgresql_where=untold)
    op.create_index("ix_twin_desired_organisation_id", "twin_desired", ["organisation_id", "changed_at"])
    op.create_table(
        "twin_desired_revisions",
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("revision", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("properties", sa.JSON, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("unit_id", "revision", name="pk_twin_desired_revisions"),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("twin_desired_revisions")
    op.drop_table("twin_desired")

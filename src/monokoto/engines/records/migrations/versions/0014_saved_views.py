"""Filters people saved under a name."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "saved_views",
        sa.Column("view_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("actor_id", sa.BigInteger, nullable=False),
        sa.Column("listed", sa.String(32), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("shared", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("view_id", name="pk_saved_views"),
    )
    op.create_index(
        "uq_saved_views_name", "saved_views", ["organisation_id", "actor_id", "listed", "name"], unique=True
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("saved_views")

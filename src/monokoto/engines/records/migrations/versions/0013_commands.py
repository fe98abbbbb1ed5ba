"""Actions asked of units."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "commands",
        sa.Column("command_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("input", sa.JSON, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("output", sa.JSON, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("progress", sa.Float),
        sa.Column("request", sa.String(64)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("sent_at", sa.BigInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("ended_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("command_id", name="pk_commands"),
    )
    op.create_index("ix_commands_unit_id", "commands", ["organisation_id", "unit_id", "command_id"])
    op.create_index("uq_commands_request", "commands", ["organisation_id", "unit_id", "request"], unique=True)
    still_open, ended = sa.text("ended_at IS NULL"), sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ix_commands_open", "commands", ["expires_at"], sqlite_where=still_open, postgresql_where=still_open
    )
    op.create_index("ix_commands_ended_at", "commands", ["ended_at"], sqlite_where=ended, postgresql_where=ended)


def downgrade() -> None:
    """Drop it."""
    op.drop_table("commands")

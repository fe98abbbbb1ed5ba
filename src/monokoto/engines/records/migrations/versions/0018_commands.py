"""Commands in more depth: said yes to, asked to leave off, tried again, asked together."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the columns and what they are found by; what is open is looked at once."""
    for column in (
        sa.Column("note", sa.String(200), nullable=False, server_default=""),
        sa.Column("batch", sa.BigInteger),
        sa.Column("lasting", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("confirmed_at", sa.BigInteger),
        sa.Column("confirmed_by", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("cancelling_at", sa.BigInteger),
        sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
        sa.Column("due_at", sa.BigInteger),
    ):
        op.add_column("commands", column)
    op.execute("UPDATE commands SET due_at = created_at WHERE ended_at IS NULL AND status IN ('queued', 'sent')")
    still_open, due, together = sa.text("ended_at IS NULL"), sa.text("due_at IS NOT NULL"), sa.text("batch IS NOT NULL")
    for name, columns, where in (
        ("ix_commands_open_of_unit", ["organisation_id", "unit_id"], still_open),
        ("ix_commands_due", ["due_at"], due),
        ("ix_commands_batch", ["organisation_id", "batch", "command_id"], together),
    ):
        op.create_index(name, "commands", columns, sqlite_where=where, postgresql_where=where)
    op.create_index("ix_commands_organisation_id", "commands", ["organisation_id", "command_id"])


def downgrade() -> None:
    """Take them away."""
    for name in ("ix_commands_organisation_id", "ix_commands_batch", "ix_commands_due", "ix_commands_open_of_unit"):
        op.drop_index(name, "commands")
    for name in ("due_at", "tries", "cancelling_at", "confirmed_by", "confirmed_at", "lasting", "batch", "note"):
        op.drop_column("commands", name)

"""Who did what, when. The database itself refuses to change or delete an entry."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER audit_entries_{what} BEFORE {what} ON audit_entries"
        " BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''audit entries are never changed''; END'",
        "CREATE TRIGGER audit_entries_{what} BEFORE {what} ON audit_entries"
        " FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()",
    ),
}


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "audit_entries",
        sa.Column("entry_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.BigInteger, nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject_kind", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.String(128), nullable=False),
        sa.Column("maker_id", sa.BigInteger, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_audit_entries"),
    )
    for name, columns, unique in (
        ("uq_audit_entries_number", ["organisation_id", "number"], True),
        ("ix_audit_entries_organisation", ["organisation_id", "entry_id"], False),
        ("ix_audit_entries_subject", ["organisation_id", "subject_kind", "subject_id", "entry_id"], False),
        ("ix_audit_entries_maker", ["maker_id", "subject_id", "entry_id"], False),
    ):
        op.create_index(name, "audit_entries", columns, unique=unique)
    op.create_table(
        "audit_heads",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_audit_heads"),
    )
    for statement in _REFUSALS[op.get_bind().dialect.name]:
        for what in ("UPDATE", "DELETE") if "{what}" in statement else ("",):
            op.execute(statement.format(what=what))


def downgrade() -> None:
    """Drop them."""
    op.drop_table("audit_heads")
    op.drop_table("audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")

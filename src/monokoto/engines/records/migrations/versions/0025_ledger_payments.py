"""The ledger and payments. The database itself refuses to change or delete what is booked."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

_NEVER_CHANGED = ("ledger_entries", "ledger_postings")
_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'what is booked is never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_ledger_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''what is booked is never changed''; END'",
        "CREATE TRIGGER {table}_{what} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change()",
    ),
}


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), nullable=False)


def _refuse_changes() -> None:
    for table in _NEVER_CHANGED:
        for what in ("UPDATE", "DELETE"):
            for statement in _REFUSALS[op.get_context().dialect.name]:
                op.execute(statement.format(table=table, what=what))


def upgrade() -> None:
    """Create the tables."""
    _create_ledger()
    _refuse_changes()


def _create_ledger() -> None:
    op.create_table(
        "ledger_entries",
        _number("entry_id"),
        _number("organisation_id"),
        _number("number"),
        sa.Column("key", sa.String(200), nullable=False),
        _number("at"),
        _number("booked_at"),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_ledger_entries"),
    )
    op.create_index("uq_ledger_entries_key", "ledger_entries", ["organisation_id", "key"], unique=True)
    op.create_index("uq_ledger_entries_number", "ledger_entries", ["organisation_id", "number"], unique=True)
    op.create_table(
        "ledger_postings",
        _number("organisation_id"),
        _number("number"),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("account", sa.String(120), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        _text("amount"),
        _number("smallest"),
        _number("at"),
        sa.PrimaryKeyConstraint("organisation_id", "number", "position", name="pk_ledger_postings"),
    )
    op.create_index("ix_ledger_postings_account", "ledger_postings", ["organisation_id", "account", "currency", "at"])
    op.create_table(
        "ledger_heads",
        _number("organisation_id"),
        _number("number"),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_ledger_heads"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in ("ledger_heads", "ledger_postings", "ledger_entries"):
        op.drop_table(name)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_ledger_change()")

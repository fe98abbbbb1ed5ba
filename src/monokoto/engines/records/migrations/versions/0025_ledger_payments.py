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
    _create_payments()
    _create_credits()
    _create_around_payments()
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


def _create_payments() -> None:
    op.create_table(
        "payments",
        _number("payment_id"),
        _number("organisation_id"),
        _number("customer_id", nullable=True),
        sa.Column("partner", sa.String(100), nullable=False),
        sa.Column("direction", sa.String(8), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        _text("amount"),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        _number("invoice_id", nullable=True),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        _number("file_id", nullable=True),
        _number("received_at"),
        _number("created_at"),
        _number("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("payment_id", name="pk_payments"),
    )
    op.create_index("ix_payments_customer", "payments", ["organisation_id", "customer_id", "payment_id"])
    op.create_index("ix_payments_invoice", "payments", ["organisation_id", "invoice_id"])
    op.create_index("ix_payments_organisation", "payments", ["organisation_id", "payment_id"])
    op.create_index("ix_payments_settled", "payments", ["organisation_id", "settled_at"])
    op.create_index("ix_payments_state", "payments", ["state", "payment_id"])
    op.create_index("uq_payments_key", "payments", ["organisation_id", "key"], unique=True)


def _create_credits() -> None:
    op.create_table(
        "payment_credits",
        _number("credit_id"),
        _number("organisation_id"),
        _number("customer_id"),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        _number("source_id"),
        _text("amount"),
        _text("left"),
        sa.Column("has_left", sa.Boolean, nullable=False),
        _number("created_at"),
        sa.PrimaryKeyConstraint("credit_id", name="pk_payment_credits"),
    )
    op.create_index("ix_payment_credits_customer", "payment_credits", ["organisation_id", "customer_id", "credit_id"])
    op.create_index("ix_payment_credits_left", "payment_credits", ["has_left", "credit_id"])
    op.create_index(
        "uq_payment_credits_source", "payment_credits", ["organisation_id", "source", "source_id"], unique=True
    )
    op.create_table(
        "payment_allocations",
        _number("allocation_id"),
        _number("organisation_id"),
        _number("credit_id"),
        _number("invoice_id", nullable=True),
        _number("refund_id", nullable=True),
        _text("amount"),
        _number("created_at"),
        _number("undone_at", nullable=True),
        sa.PrimaryKeyConstraint("allocation_id", name="pk_payment_allocations"),
    )
    op.create_index("ix_payment_allocations_credit", "payment_allocations", ["organisation_id", "credit_id"])
    op.create_index("ix_payment_allocations_invoice", "payment_allocations", ["organisation_id", "invoice_id"])
    op.create_index("ix_payment_allocations_refund", "payment_allocations", ["organisation_id", "refund_id"])


def _create_around_payments() -> None:
    op.create_table(
        "payment_mandates",
        _number("organisation_id"),
        _number("customer_id"),
        sa.Column("method", sa.String(32), nullable=False),
        sa.Column("iban", sa.String(34), nullable=False),
        sa.Column("bic", sa.String(11), nullable=False),
        sa.Column("holder", sa.String(200), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        _number("signed_at"),
        _number("created_at"),
        sa.PrimaryKeyConstraint("organisation_id", "customer_id", "method", name="pk_payment_mandates"),
    )
    op.create_table(
        "payment_files",
        _number("file_id"),
        _number("organisation_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("message_id", sa.String(35), nullable=False),
        sa.Column("payments", sa.Integer, nullable=False),
        _text("total"),
        sa.Column("text", sa.Text, nullable=False),
        _number("created_at"),
        sa.PrimaryKeyConstraint("file_id", name="pk_payment_files"),
    )
    op.create_index("ix_payment_files_organisation", "payment_files", ["organisation_id", "file_id"])
    op.create_table(
        "payment_accounts",
        _number("organisation_id"),
        _number("customer_id"),
        _number("suspended_at", nullable=True),
        _number("suspended_for", nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "customer_id", name="pk_payment_accounts"),
    )
    op.create_index("ix_payment_accounts_suspended", "payment_accounts", ["suspended_at"])
    op.create_table(
        "dunning_policies",
        _number("organisation_id"),
        sa.Column("text", sa.Text, nullable=False),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_dunning_policies"),
    )
    op.create_table(
        "dunning_steps",
        _number("organisation_id"),
        _number("invoice_id"),
        sa.Column("step", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("act", sa.String(16), nullable=False),
        sa.Column("told", sa.String(254), nullable=False),
        _number("at"),
        sa.PrimaryKeyConstraint("organisation_id", "invoice_id", "step", name="pk_dunning_steps"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in (
        "dunning_steps",
        "dunning_policies",
        "payment_accounts",
        "payment_files",
        "payment_mandates",
        "payment_allocations",
        "payment_credits",
        "payments",
        "ledger_heads",
        "ledger_postings",
        "ledger_entries",
    ):
        op.drop_table(name)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_ledger_change()")

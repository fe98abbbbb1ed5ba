"""Invoices and their documents. The database itself refuses to change or delete a document."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

_NEVER_CHANGED = ("invoice_documents",)
_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER {table}_{what} BEFORE {what} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'documents are never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_document_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''documents are never changed''; END'",
        "CREATE TRIGGER {table}_{what} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_document_change()",
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
    _create_invoices()
    _create_documents()
    _create_sellers()
    _refuse_changes()


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        _number("invoice_id"),
        _number("organisation_id"),
        _number("customer_id"),
        _number("customer_organisation_id", nullable=True),
        _number("subscription_id", nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        _number("period_start"),
        _number("period_end"),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _number("revision"),
        _text("label"),
        _number("document_id", nullable=True),
        _text("net"),
        _text("tax"),
        _text("gross"),
        _text("prepaid"),
        _text("paid"),
        _text("credited"),
        _text("applied"),
        _text("written_off"),
        _number("closes_at", nullable=True),
        _number("issued_at", nullable=True),
        _number("due_at", nullable=True),
        _number("settled_at", nullable=True),
        _number("created_at"),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("invoice_id", name="pk_invoices"),
    )
    op.create_index("ix_invoices_buyer", "invoices", ["customer_organisation_id", "invoice_id"])
    op.create_index("ix_invoices_customer", "invoices", ["organisation_id", "customer_id", "invoice_id"])
    op.create_index("ix_invoices_due", "invoices", ["state", "due_at"])
    op.create_index("ix_invoices_issued", "invoices", ["organisation_id", "issued_at"])
    op.create_index("ix_invoices_organisation", "invoices", ["organisation_id", "invoice_id"])
    op.create_index("ix_invoices_settled", "invoices", ["organisation_id", "settled_at"])
    op.create_index("ix_invoices_state", "invoices", ["organisation_id", "state", "invoice_id"])
    op.create_index("ix_invoices_subscription", "invoices", ["organisation_id", "subscription_id", "invoice_id"])
    op.create_index("uq_invoices_key", "invoices", ["organisation_id", "key"], unique=True)
    op.create_table(
        "credit_notes",
        _number("credit_note_id"),
        _number("organisation_id"),
        _number("invoice_id"),
        _number("customer_id"),
        _number("document_id"),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        _text("gross"),
        _text("applied"),
        _text("over"),
        sa.Column("voids", sa.Boolean, nullable=False),
        _number("created_at"),
        sa.PrimaryKeyConstraint("credit_note_id", name="pk_credit_notes"),
    )
    op.create_index("ix_credit_notes_invoice", "credit_notes", ["organisation_id", "invoice_id"])
    op.create_index("uq_credit_notes_key", "credit_notes", ["organisation_id", "key"], unique=True)


def _create_documents() -> None:
    op.create_table(
        "invoice_documents",
        _number("document_id"),
        _number("organisation_id"),
        _number("invoice_id"),
        _number("customer_id"),
        _number("customer_organisation_id", nullable=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        _number("number"),
        _text("label"),
        _number("position"),
        _number("issued_at"),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("document_id", name="pk_invoice_documents"),
    )
    op.create_index("ix_invoice_documents_invoice", "invoice_documents", ["organisation_id", "invoice_id"])
    op.create_index("uq_invoice_documents_label", "invoice_documents", ["organisation_id", "label"], unique=True)
    op.create_index(
        "uq_invoice_documents_number", "invoice_documents", ["organisation_id", "kind", "year", "number"], unique=True
    )
    op.create_index("uq_invoice_documents_position", "invoice_documents", ["organisation_id", "position"], unique=True)
    op.create_table(
        "invoice_series",
        _number("organisation_id"),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        _number("last"),
        sa.PrimaryKeyConstraint("organisation_id", "kind", "year", name="pk_invoice_series"),
    )
    op.create_table(
        "invoice_heads",
        _number("organisation_id"),
        _number("position"),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_invoice_heads"),
    )


def _create_sellers() -> None:
    op.create_table(
        "invoice_issuers",
        _number("organisation_id"),
        sa.Column("text", sa.Text, nullable=False),
        _number("revision"),
        _number("changed_at"),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_invoice_issuers"),
    )
    op.create_table(
        "tax_rules",
        _number("organisation_id"),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        _text("supply"),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("buyer", sa.String(16), nullable=False),
        sa.Column("category", sa.String(2), nullable=False),
        _text("rate_percent"),
        sa.Column("reason", sa.String(200), nullable=False),
        _number("begin_at", nullable=True),
        _number("end_at", nullable=True),
        sa.PrimaryKeyConstraint("organisation_id", "position", name="pk_tax_rules"),
    )


def downgrade() -> None:
    """Drop them."""
    for name in (
        "tax_rules",
        "invoice_issuers",
        "invoice_heads",
        "invoice_series",
        "invoice_documents",
        "credit_notes",
        "invoices",
    ):
        op.drop_table(name)
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_document_change()")

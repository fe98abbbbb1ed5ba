"""Customers and subscriptions. The database itself refuses to change or delete what was decided about a subscription."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

_REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER subscription_events_{what} BEFORE {what} ON subscription_events"
        " BEGIN SELECT RAISE(ABORT, 'events of subscriptions are never changed'); END",
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION refuse_subscription_event_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RAISE EXCEPTION ''events of subscriptions are never changed''; END'",
        "CREATE TRIGGER subscription_events_{what} BEFORE {what} ON subscription_events"
        " FOR EACH ROW EXECUTE FUNCTION refuse_subscription_event_change()",
    ),
}
_INDEXES = (
    ("customers", "ix_customers_organisation", ["organisation_id", "customer_id"], False),
    ("customers", "uq_customers_buyer", ["organisation_id", "customer_organisation_id"], True),
    ("customers", "ix_customers_buyer", ["customer_organisation_id"], False),
    ("subscriptions", "ix_subscriptions_organisation", ["organisation_id", "subscription_id"], False),
    ("subscriptions", "ix_subscriptions_customer", ["organisation_id", "customer_id"], False),
    ("subscriptions", "ix_subscriptions_plan", ["organisation_id", "product", "plan", "subscription_id"], False),
    ("subscriptions", "ix_subscriptions_due", ["organisation_id", "next_at", "subscription_id"], False),
    ("subscription_units", "ix_subscription_units_unit", ["organisation_id", "unit_id"], False),
    ("subscription_events", "ix_subscription_events", ["organisation_id", "subscription_id", "event_id"], False),
)


def upgrade() -> None:
    """Create the tables."""
    _customers()
    _subscriptions()
    for table, name, columns, unique in _INDEXES:
        op.create_index(name, table, columns, unique=unique)
    for statement in _REFUSALS[op.get_bind().dialect.name]:
        for what in ("UPDATE", "DELETE") if "{what}" in statement else ("",):
            op.execute(statement.format(what=what))


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("customer_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("customer_organisation_id", sa.BigInteger, nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(256), nullable=False),
        sa.Column("reference", sa.String(200), nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("vat_id", sa.String(32), nullable=False),
        sa.Column("iban", sa.String(64), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("language", sa.String(64), nullable=False),
        sa.Column("terms_days", sa.Integer, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("archived_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
    )


def _subscriptions() -> None:
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("product", sa.String(64), nullable=False),
        sa.Column("coverage", sa.String(16), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("starts_at", sa.BigInteger, nullable=False),
        sa.Column("trial_until", sa.BigInteger, nullable=True),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
        sa.Column("suspended", sa.Boolean, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("billed_until", sa.BigInteger, nullable=True),
        sa.Column("next_at", sa.BigInteger, nullable=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", name="pk_subscriptions"),
    )
    op.create_table(
        "subscription_units",
        sa.Column("subscription_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("begins_at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("ends_at", sa.BigInteger, nullable=True),
        sa.PrimaryKeyConstraint("subscription_id", "unit_id", "begins_at", name="pk_subscription_units"),
    )
    op.create_table(
        "subscription_events",
        sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("subscription_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("actor_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_subscription_events"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("subscription_events", "subscription_units", "subscriptions", "customers"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_subscription_event_change()")

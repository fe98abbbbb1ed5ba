"""Receivers of events, what is to be delivered to them, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Create the tables."""
    _create_receivers_and_events()
    _create_deliveries()
    _create_what_is_told()


def _create_receivers_and_events() -> None:
    op.create_table(
        "webhooks",
        sa.Column("webhook_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("events", sa.JSON, nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("old_secret", sa.String(128), nullable=False),
        sa.Column("old_secret_until", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("succeeded_at", sa.BigInteger),
        sa.Column("failing_since", sa.BigInteger),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("rest_until", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("webhook_id", name="pk_webhooks"),
    )
    op.create_index("ix_webhooks_organisation", "webhooks", ["organisation_id", "webhook_id"])
    op.create_table(
        "webhook_events",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("stored_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "event_id", name="pk_webhook_events"),
    )
    op.create_index("ix_webhook_events_at", "webhook_events", ["organisation_id", "at", "event_id"])
    op.create_index("ix_webhook_events_stored", "webhook_events", ["stored_at"])


def _create_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("delivery_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("webhook_id", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_webhook_deliveries"),
    )
    op.create_index("uq_webhook_deliveries_event", "webhook_deliveries", ["webhook_id", "event_id"], unique=True)
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "next_at", "webhook_id"])
    op.create_index(
        "ix_webhook_deliveries_listed", "webhook_deliveries", ["organisation_id", "webhook_id", "delivery_id"]
    )
    op.create_index("ix_webhook_deliveries_settled", "webhook_deliveries", ["settled_at"])
    op.create_table(
        "webhook_attempts",
        sa.Column("delivery_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("milliseconds", sa.Integer, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("snippet", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "at", name="pk_webhook_attempts"),
    )
    op.create_index("ix_webhook_attempts_at", "webhook_attempts", ["at"])


def _create_what_is_told() -> None:
    op.create_table(
        "webhook_marks",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "source", name="pk_webhook_marks"),
    )
    op.create_table(
        "webhook_presence",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("unit_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("organisation_id", "unit_id", name="pk_webhook_presence"),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("presence", "marks", "attempts", "deliveries", "events"):
        op.drop_table(f"webhook_{table}")
    op.drop_table("webhooks")

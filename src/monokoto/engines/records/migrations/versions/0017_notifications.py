"""Who is told of alerts, by which routes, and what came of it."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Create the tables."""
    _create_receivers_and_routes()
    _create_notifications()
    _create_escalations()
    _create_push()


def _create_receivers_and_routes() -> None:
    op.create_table(
        "notification_receivers",
        sa.Column("receiver_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("url", sa.String(2048), nullable=False),
        sa.Column("secret", sa.String(128), nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("manner", sa.JSON, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("rest_until", sa.BigInteger, nullable=False),
        sa.Column("tokens", sa.Float, nullable=False),
        sa.Column("tokens_at", sa.BigInteger, nullable=False),
        sa.Column("last_sent_at", sa.BigInteger, nullable=False),
        sa.Column("succeeded_at", sa.BigInteger),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("held_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("receiver_id", name="pk_notification_receivers"),
    )
    op.create_index(
        "ix_notification_receivers_organisation", "notification_receivers", ["organisation_id", "receiver_id"]
    )
    op.create_table(
        "notification_routes",
        sa.Column("route_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("plan", sa.JSON, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("route_id", name="pk_notification_routes"),
    )
    op.create_index("ix_notification_routes_organisation", "notification_routes", ["organisation_id", "route_id"])


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("notification_id", sa.BigInteger, nullable=False, autoincrement=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("organisation_id", "route_id", "receiver_id", "alert_id", "news_id")
        ),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("reminder", sa.Boolean, nullable=False),
        sa.Column("severity_rank", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("recorded_at", "planned_at", "due_at")),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("message_id", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.PrimaryKeyConstraint("notification_id", name="pk_notifications"),
    )
    named = ["organisation_id", "news_id", "receiver_id", "route_id", "step", "repeat"]
    op.create_index("uq_notifications_named", "notifications", named, unique=True)
    op.create_index("ix_notifications_due", "notifications", ["state", "due_at", "receiver_id"])
    of_receiver = ["organisation_id", "receiver_id", "state", "due_at"]
    op.create_index("ix_notifications_receiver", "notifications", of_receiver)
    op.create_index("ix_notifications_alert", "notifications", ["organisation_id", "alert_id"])
    op.create_index("ix_notifications_listed", "notifications", ["organisation_id", "notification_id"])
    op.create_index("ix_notifications_message", "notifications", ["message_id"])
    op.create_index("ix_notifications_settled", "notifications", ["settled_at"])


def _create_escalations() -> None:
    op.create_table(
        "notification_escalations",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("route_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("alert_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("news_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("begun_at", sa.BigInteger, nullable=False),
        sa.Column("done_seconds", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("content", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", "route_id", "alert_id", name="pk_notification_escalations"),
    )
    op.create_index("ix_notification_escalations_due", "notification_escalations", ["due_at"])
    op.create_index("ix_notification_escalations_begun", "notification_escalations", ["begun_at"])
    op.create_table(
        "notification_marks",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_notification_marks"),
    )


def _create_push() -> None:
    op.create_table(
        "push_keys",
        sa.Column("organisation_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("private_key", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_push_keys"),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("subscription_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("organisation_id", sa.BigInteger, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("endpoint_digest", sa.LargeBinary(32), nullable=False),
        sa.Column("endpoint", sa.String(2048), nullable=False),
        sa.Column("p256dh", sa.String(128), nullable=False),
        sa.Column("auth", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", name="pk_push_subscriptions"),
    )
    endpoint = ["organisation_id", "endpoint_digest"]
    op.create_index("uq_push_subscriptions_endpoint", "push_subscriptions", endpoint, unique=True)
    op.create_index("ix_push_subscriptions_person", "push_subscriptions", ["organisation_id", "person_id"])
    op.create_index("ix_push_subscriptions_digest", "push_subscriptions", ["endpoint_digest"])


def downgrade() -> None:
    """Drop them."""
    for table in ("push_subscriptions", "push_keys", "notification_marks", "notification_escalations", "notifications"):
        op.drop_table(table)
    op.drop_table("notification_routes")
    op.drop_table("notification_receivers")

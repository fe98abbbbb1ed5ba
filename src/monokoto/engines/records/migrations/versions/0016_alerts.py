"""Alerts and their life."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_ID = sa.BigInteger
_TEXT = sa.String(64)


def _column(name: str, kind: Any, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, autoincrement=False)


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    """Create the tables."""
    _create_alerts()
    _create_events()
    op.create_table(
        "alert_changes",
        _column("organisation_id", _ID),
        _column("number", _ID),
        sa.PrimaryKeyConstraint("organisation_id", name="pk_alert_changes"),
    )
    op.create_table(
        "alert_shelves",
        _column("organisation_id", _ID),
        _column("rule", sa.String(160)),
        _column("unit_id", _ID),
        _column("until", _ID),
        _column("actor_id", _ID),
        sa.PrimaryKeyConstraint("organisation_id", "rule", "unit_id", name="pk_alert_shelves"),
    )
    op.create_table(
        "maintenance_windows",
        _column("window_id", _ID),
        _column("organisation_id", _ID),
        _column("begins_at", _ID),
        _column("ends_at", _ID),
        _column("reason", sa.String(500)),
        _column("selection", sa.Text),
        _column("actor_id", _ID),
        _column("created_at", _ID),
        sa.PrimaryKeyConstraint("window_id", name="pk_maintenance_windows"),
    )
    op.create_index("ix_maintenance_windows_ends_at", "maintenance_windows", ["organisation_id", "ends_at"])


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        *(_column(name, _ID) for name in ("alert_id", "organisation_id", "unit_id")),
        _column("rule", sa.String(160)),
        _column("instance", _ID),
        _column("product", _TEXT),
        *(_column(name, _ID) for name in ("top_id", "group_id")),
        _column("opened_by", sa.SmallInteger),
        _column("opened_at", _ID),
        _column("rule_version", _TEXT),
        _column("audience", sa.String(8)),
        _column("suppressed_by", sa.String(160)),
        _column("evidence", sa.Text),
        _column("opened_severity", sa.SmallInteger),
        _column("severity", sa.SmallInteger),
        _column("severity_at", _ID),
        _column("severity_max", sa.SmallInteger),
        _column("cleared_at", _ID, nullable=True),
        _column("flapping", sa.SmallInteger),
        *(
            _column(name, _ID, nullable=True)
            for name in ("revealed_at", "maintenance_id", "maintenance_until", "shelved_until", "acknowledged_at")
        ),
        *(
            _column(name, _ID)
            for name in ("acknowledged_in", "acknowledged_by", "assignee", "cleared_in", "cleared_by")
        ),
        *(_column(name, sa.Integer) for name in ("comments", "events")),
        *(_column(name, _ID) for name in ("created_at", "changed_at", "number")),
        sa.PrimaryKeyConstraint("alert_id", name="pk_alerts"),
    )
    op.create_index("uq_alerts_name", "alerts", ["organisation_id", "unit_id", "instance", "rule"], unique=True)
    op.create_index("ix_alerts_instance", "alerts", ["organisation_id", "instance", "alert_id"])
    op.create_index("ix_alerts_group_id", "alerts", ["organisation_id", "group_id"])
    op.create_index("ix_alerts_number", "alerts", ["organisation_id", "number"])
    _partial("ix_alerts_standing", "alerts", ["organisation_id", "unit_id"], "cleared_at IS NULL")
    hidden = "suppressed_by != '' AND revealed_at IS NULL AND cleared_at IS NULL"
    _partial("ix_alerts_hidden", "alerts", ["organisation_id"], hidden)
    _partial("ix_alerts_shelved", "alerts", ["shelved_until"], "shelved_until IS NOT NULL")
    _partial("ix_alerts_maintenance", "alerts", ["maintenance_until"], "maintenance_until IS NOT NULL")
    _partial("ix_alerts_cleared_at", "alerts", ["changed_at"], "cleared_at IS NOT NULL")


def _create_events() -> None:
    op.create_table(
        "alert_events",
        *(_column(name, _ID) for name in ("event_id", "organisation_id", "alert_id", "unit_id")),
        _column("what", sa.String(20)),
        *(_column(name, _ID) for name in ("at", "told_at", "number")),
        _column("severity", sa.SmallInteger),
        _column("rule_version", _TEXT),
        *(_column(name, _ID) for name in ("by_organisation", "by_actor")),
        _column("text", sa.Text),
        _column("shared", sa.Boolean),
        _column("evidence", sa.Text),
        sa.PrimaryKeyConstraint("event_id", name="pk_alert_events"),
    )
    op.create_index("ix_alert_events_alert_id", "alert_events", ["organisation_id", "alert_id", "at"])
    op.create_index("ix_alert_events_number", "alert_events", ["organisation_id", "number", "at", "event_id"])
    op.create_index("ix_alert_events_organisation_id", "alert_events", ["organisation_id", "told_at"])
    op.create_index("ix_alert_events_told_at", "alert_events", ["told_at", "event_id"])


def downgrade() -> None:
    """Drop them."""
    for table in ("maintenance_windows", "alert_shelves", "alert_changes", "alert_events", "alerts"):
        op.drop_table(table)

"""The tables of alerts."""

from __future__ import annotations

import sqlalchemy as sa

from monokoto.engines.records import metadata

_ID, _INSTANT, _TEXT = sa.BigInteger, sa.BigInteger, sa.String(64)

alerts = sa.Table(
    "alerts",
    metadata,
    sa.Column("alert_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", _ID, nullable=False),
    sa.Column("unit_id", _ID, nullable=False),
    sa.Column("rule", sa.String(160), nullable=False),
    sa.Column("instance", _INSTANT, nullable=False),
    sa.Column("product", _TEXT, nullable=False),
    sa.Column("top_id", _ID, nullable=False),
    sa.Column("group_id", _ID, nullable=False),
    # What the rule told: see told.py.
    sa.Column("opened_by", sa.SmallInteger, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("rule_version", _TEXT, nullable=False),
    sa.Column("audience", sa.String(8), nullable=False),
    sa.Column("suppressed_by", sa.String(160), nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("opened_severity", sa.SmallInteger, nullable=False),
    sa.Column("severity", sa.SmallInteger, nullable=False),
    sa.Column("severity_at", _INSTANT, nullable=False),
    sa.Column("severity_max", sa.SmallInteger, nullable=False),
    sa.Column("cleared_at", _INSTANT),
    # What follows from other alerts and from windows.
    sa.Column("suppress_grace", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("undecided_until", _INSTANT),
    sa.Column("flapping", sa.SmallInteger, nullable=False),
    sa.Column("revealed_at", _INSTANT),
    sa.Column("maintenance_id", _ID),
    sa.Column("maintenance_until", _INSTANT),
    # What people did.
    sa.Column("shelved_until", _INSTANT),
    sa.Column("acknowledged_at", _INSTANT),
    sa.Column("acknowledged_in", _ID, nullable=False),
    sa.Column("acknowledged_by", _ID, nullable=False),
    sa.Column("assignee", _ID, nullable=False),
    sa.Column("cleared_in", _ID, nullable=False),
    sa.Column("cleared_by", _ID, nullable=False),
    sa.Column("comments", sa.Integer, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("changed_at", _INSTANT, nullable=False),
    sa.Column("number", _ID, nullable=False),
)
sa.Index("uq_alerts_name", alerts.c.organisation_id, alerts.c.unit_id, alerts.c.instance, alerts.c.rule, unique=True)
sa.Index("ix_alerts_instance", alerts.c.organisation_id, alerts.c.instance, alerts.c.alert_id)
sa.Index("ix_alerts_group_id", alerts.c.organisation_id, alerts.c.group_id)
sa.Index("ix_alerts_number", alerts.c.organisation_id, alerts.c.number)
# What stands, what is hidden and what waits for an instant is rare among many: index that alone.
standing = alerts.c.cleared_at.is_(None)
sa.Index(
    "ix_alerts_standing", alerts.c.organisation_id, alerts.c.unit_id, sqlite_where=standing, postgresql_where=standing
)
hidden = (alerts.c.suppressed_by != "") & alerts.c.revealed_at.is_(None) & standing
sa.Index("ix_alerts_hidden", alerts.c.organisation_id, sqlite_where=hidden, postgresql_where=hidden)
undecided = alerts.c.undecided_until.is_not(None)
sa.Index("ix_alerts_undecided", alerts.c.undecided_until, sqlite_where=undecided, postgresql_where=undecided)
_shelved = alerts.c.shelved_until.is_not(None)
sa.Index("ix_alerts_shelved", alerts.c.shelved_until, sqlite_where=_shelved, postgresql_where=_shelved)
_kept_quiet = alerts.c.maintenance_until.is_not(None)
sa.Index("ix_alerts_maintenance", alerts.c.maintenance_until, sqlite_where=_kept_quiet, postgresql_where=_kept_quiet)
_over = alerts.c.cleared_at.is_not(None)
sa.Index("ix_alerts_cleared_at", alerts.c.changed_at, sqlite_where=_over, postgresql_where=_over)

alert_events = sa.Table(
    "alert_events",
    metadata,
    sa.Column("event_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", _ID, nullable=False),
    sa.Column("alert_id", _ID, nullable=False),
    sa.Column("unit_id", _ID, nullable=False),
    sa.Column("what", sa.String(20), nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("told_at", _INSTANT, nullable=False),
    sa.Column("number", _ID, nullable=False),
    sa.Column("severity", sa.SmallInteger, nullable=False),
    sa.Column("rule_version", _TEXT, nullable=False),
    sa.Column("by_organisation", _ID, nullable=False),
    sa.Column("by_actor", _ID, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("shared", sa.Boolean, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
)
"""Each alert's timeline, and of each organisation all that happened, in the order of `number`."""
sa.Index("ix_alert_events_alert_id", alert_events.c.organisation_id, alert_events.c.alert_id, alert_events.c.at)
sa.Index(
    "ix_alert_events_number",
    alert_events.c.organisation_id,
    alert_events.c.number,
    alert_events.c.at,
    alert_events.c.event_id,
)
sa.Index("ix_alert_events_organisation_id", alert_events.c.organisation_id, alert_events.c.told_at)
sa.Index("ix_alert_events_told_at", alert_events.c.told_at, alert_events.c.event_id)

alert_changes = sa.Table(
    "alert_changes",
    metadata,
    sa.Column("organisation_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("number", _ID, nullable=False),
)
"""How many changes there were. Every writer moves its organisation's number first, and so waits for the one before: whoever
reads on from a number misses nothing."""

alert_shelves = sa.Table(
    "alert_shelves",
    metadata,
    sa.Column("organisation_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("rule", sa.String(160), primary_key=True),
    sa.Column("unit_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("until", _INSTANT, nullable=False),
    sa.Column("actor_id", _ID, nullable=False),
)
"""Rules shelved on units: alerts to come are shelved too."""

maintenance_windows = sa.Table(
    "maintenance_windows",
    metadata,
    sa.Column("window_id", _ID, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", _ID, nullable=False),
    sa.Column("begins_at", _INSTANT, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False),
    sa.Column("reason", sa.String(500), nullable=False),
    sa.Column("selection", sa.Text, nullable=False),
    sa.Column("actor_id", _ID, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    # Which of the organisation's changes made it, see `alert_changes`.
    sa.Column("number", _ID, nullable=False, server_default="0"),
)
sa.Index("ix_maintenance_windows_ends_at", maintenance_windows.c.organisation_id, maintenance_windows.c.ends_at)

"""The tables of receivers, routes, notifications and subscriptions, and their rows as values."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import Sealed, metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import NotificationId, NotificationRouteId, OrganisationId, ReceiverId
from monokoto.operate.notifications.hours import WeeklyHours
from monokoto.operate.notifications.news import What
from monokoto.operate.notifications.notification import Content, Notification, NotificationState
from monokoto.operate.notifications.pace import Bucket, DigestPace, MessagePace
from monokoto.operate.notifications.planning import Escalation
from monokoto.operate.notifications.receiver import Receiver, ReceiverKind, ReceiverState
from monokoto.operate.notifications.route import AlertMatch, EscalationStep, Route

REASON_LENGTH_MAX = 500

receivers = sa.Table(
    "notification_receivers",
    metadata,
    sa.Column("receiver_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("address", sa.String(254), nullable=False),
    # Both in clear: whoever posts and signs must have them. The records are what is to be protected.
    sa.Column("url", Sealed("notification_receivers.url"), nullable=False),
    sa.Column("secret", Sealed("notification_receivers.secret"), nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    # Channels, language, time zone, quiet hours, digest, pace.
    sa.Column("manner", sa.JSON, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
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
    sa.Index("ix_notification_receivers_organisation", "organisation_id", "receiver_id"),
)

routes = sa.Table(
    "notification_routes",
    metadata,
    sa.Column("route_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(100), nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    # What, which alerts, at which hours, whom in which steps.
    sa.Column("plan", sa.JSON, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("ix_notification_routes_organisation", "organisation_id", "route_id"),
)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("notification_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("route_id", sa.BigInteger, nullable=False),
    sa.Column("receiver_id", sa.BigInteger, nullable=False),
    sa.Column("alert_id", sa.BigInteger, nullable=False),
    sa.Column("news_id", sa.BigInteger, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("repeat", sa.Integer, nullable=False),
    sa.Column("reminder", sa.Boolean, nullable=False),
    sa.Column("severity_rank", sa.Integer, nullable=False),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Column("recorded_at", sa.BigInteger, nullable=False),
    sa.Column("planned_at", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    # The name: planned twice, after a crash or by two processes, it is one.
    sa.Index(
        "uq_notifications_named",
        *("organisation_id", "news_id", "receiver_id", "route_id", "step", "repeat"),
        unique=True,
    ),
    sa.Index("ix_notifications_due", "state", "due_at", "receiver_id"),
    sa.Index("ix_notifications_receiver", "organisation_id", "receiver_id", "state", "due_at"),
    sa.Index("ix_notifications_alert", "organisation_id", "alert_id"),
    sa.Index("ix_notifications_listed", "organisation_id", "notification_id"),
    sa.Index("ix_notifications_message", "message_id"),
    sa.Index("ix_notifications_settled", "settled_at"),
)

escalations = sa.Table(
    "notification_escalations",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("route_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("alert_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("news_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("begun_at", sa.BigInteger, nullable=False),
    sa.Column("done_seconds", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.BigInteger),
    sa.Column("content", sa.JSON, nullable=False),
    sa.Index("ix_notification_escalations_due", "due_at"),
    sa.Index("ix_notification_escalations_begun", "begun_at"),
)

marks = sa.Table(
    "notification_marks",
    metadata,
    # How far news of an organisation's alerts are planned.
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
)

push_keys = sa.Table(
    "push_keys",
    metadata,
    # 0: a browser has one subscription of this platform, whichever organisation its person acts in.
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("private_key", Sealed("push_keys.private_key"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

push_subscriptions = sa.Table(
    "push_subscriptions",
    metadata,
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("endpoint_digest", sa.LargeBinary(32), nullable=False),
    sa.Column("endpoint", Sealed("push_subscriptions.endpoint"), nullable=False),
    sa.Column("p256dh", sa.String(128), nullable=False),
    sa.Column("auth", Sealed("push_subscriptions.auth"), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("uq_push_subscriptions_endpoint", "organisation_id", "endpoint_digest", unique=True),
    sa.Index("ix_push_subscriptions_person", "organisation_id", "person_id"),
    sa.Index("ix_push_subscriptions_digest", "endpoint_digest"),
)


def receiver_from_row(row: sa.Row[Any]) -> Receiver:
    """The value in a row of `notification_receivers`."""
    manner = row.manner
    return Receiver(
        id=ReceiverId(row.receiver_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        kind=ReceiverKind(row.kind),
        address=row.address,
        url=row.url,
        secret=row.secret,
        person_id=row.person_id,
        channels=tuple(manner["channels"]),
        locale=manner["locale"],
        time_zone=manner["time_zone"],
        quiet=msgspec.convert(manner["quiet"], WeeklyHours | None),
        digest=msgspec.convert(manner["digest"], DigestPace | None),
        pace=msgspec.convert(manner["pace"], MessagePace),
        critical_passes=manner["critical_passes"],
        state=ReceiverState(row.state),
        reason=row.reason,
        failures=row.failures,
        rest_until=row.rest_until,
        bucket=Bucket(row.tokens, row.tokens_at),
        last_sent_at=row.last_sent_at,
        succeeded_at=_instant(row.succeeded_at),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def receiver_to_row(receiver: Receiver) -> dict[str, Any]:
    """The row of a receiver, without who holds it."""
    manner = ("channels", "locale", "time_zone", "quiet", "digest", "pace", "critical_passes")
    own = ("organisation_id", "name", "address", "url", "secret", "person_id", "reason", "failures", "rest_until")
    times = ("last_sent_at", "succeeded_at", "created_at", "updated_at")
    return {
        "receiver_id": receiver.id,
        "kind": receiver.kind.value,
        "state": receiver.state.value,
        "manner": msgspec.to_builtins({name: getattr(receiver, name) for name in manner}),
        "tokens": receiver.bucket.tokens,
        "tokens_at": receiver.bucket.at,
        **{name: getattr(receiver, name) for name in (*own, *times)},
    }


class _Plan(msgspec.Struct, frozen=True):
    """What of a route is kept as one document."""

    what: tuple[What, ...]
    match: AlertMatch
    hours: WeeklyHours | None
    steps: tuple[EscalationStep, ...]


def route_from_row(row: sa.Row[Any]) -> Route:
    """The value in a row of `notification_routes`."""
    plan = msgspec.convert(row.plan, _Plan)
    return Route(
        id=NotificationRouteId(row.route_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        enabled=bool(row.enabled),
        what=plan.what,
        match=plan.match,
        hours=plan.hours,
        steps=plan.steps,
        since=Instant(row.since),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def route_to_row(route: Route) -> dict[str, Any]:
    """The row of a route."""
    plan = _Plan(what=route.what, match=route.match, hours=route.hours, steps=route.steps)
    own = ("organisation_id", "name", "enabled", "since", "created_at", "updated_at")
    return {
        "route_id": route.id,
        "plan": msgspec.to_builtins(plan),
        **{name: getattr(route, name) for name in own},
    }


_PLAIN = (
    *("organisation_id", "route_id", "receiver_id", "alert_id", "news_id", "step", "repeat", "reminder", "recorded_at"),
    *("planned_at", "due_at", "message_id", "attempts", "settled_at", "status", "reason"),
)


def notification_from_row(row: sa.Row[Any]) -> Notification:
    """The value in a row of `notifications`."""
    return Notification(
        id=NotificationId(row.notification_id),
        what=What(row.what),
        content=msgspec.convert(row.content, Content),
        state=NotificationState(row.state),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def notification_to_row(notification: Notification) -> dict[str, Any]:
    """The row of a notification."""
    return {
        "notification_id": notification.id,
        "what": notification.what.value,
        "severity_rank": notification.content.severity.rank,
        "content": msgspec.to_builtins(notification.content),
        "state": notification.state.value,
        **{name: getattr(notification, name) for name in _PLAIN},
    }


def escalation_from_row(row: sa.Row[Any]) -> Escalation:
    """The value in a row of `notification_escalations`."""
    return Escalation(
        organisation_id=row.organisation_id,
        route_id=row.route_id,
        alert_id=row.alert_id,
        news_id=row.news_id,
        number=row.number,
        begun_at=Instant(row.begun_at),
        done_seconds=row.done_seconds,
        due_at=_instant(row.due_at),
        content=msgspec.convert(row.content, Content),
    )


def escalation_to_row(escalation: Escalation) -> dict[str, Any]:
    """The row of an escalation."""
    plain = ("organisation_id", "route_id", "alert_id", "news_id", "number", "begun_at", "done_seconds", "due_at")
    return {
        "content": msgspec.to_builtins(escalation.content),
        **{name: getattr(escalation, name) for name in plain},
    }


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)

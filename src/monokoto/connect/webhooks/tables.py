"""The tables of receivers, events and deliveries, and their rows as values."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monokoto.connect.webhooks.event import Event
from monokoto.connect.webhooks.webhook import Attempt, Delivery, DeliveryState, Webhook, WebhookState
from monokoto.engines.records import Sealed, metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, WebhookId

REASON_LENGTH_MAX = 500

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("webhook_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("url", Sealed("webhooks.url"), nullable=False),
    sa.Column("events", sa.JSON, nullable=False),
    sa.Column("secret", Sealed("webhooks.secret"), nullable=False),
    sa.Column("old_secret", Sealed("webhooks.old_secret"), nullable=False),
    sa.Column("old_secret_until", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("succeeded_at", sa.BigInteger),
    sa.Column("failing_since", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("rest_until", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("held_until", sa.BigInteger, nullable=False),
    sa.Index("ix_webhooks_organisation", "organisation_id", "webhook_id"),
)

webhook_events = sa.Table(
    "webhook_events",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    # Text and not JSON: the signature is over exactly these characters.
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("stored_at", sa.BigInteger, nullable=False),
    sa.Index("ix_webhook_events_at", "organisation_id", "at", "event_id"),
    sa.Index("ix_webhook_events_stored", "stored_at"),
)

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    sa.Column("delivery_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("webhook_id", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.BigInteger, nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    # When it was first due, or replayed: its three days count from here.
    sa.Column("begun_at", sa.BigInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("settled_at", sa.BigInteger),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Index("uq_webhook_deliveries_event", "webhook_id", "event_id", unique=True),
    sa.Index("ix_webhook_deliveries_due", "state", "next_at", "webhook_id"),
    sa.Index("ix_webhook_deliveries_listed", "organisation_id", "webhook_id", "delivery_id"),
    sa.Index("ix_webhook_deliveries_settled", "settled_at"),
)

webhook_attempts = sa.Table(
    "webhook_attempts",
    metadata,
    sa.Column("delivery_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("snippet", sa.Text, nullable=False),
    sa.Index("ix_webhook_attempts_at", "at"),
)

webhook_marks = sa.Table(
    "webhook_marks",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)

webhook_presence = sa.Table(
    "webhook_presence",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    # Units whose last told event says online.
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
)


def event_from_row(row: sa.Row[Any]) -> Event:
    """The value in a row of `webhook_events` whose instant is labelled `event_at`."""
    return Event(
        id=row.event_id,
        organisation_id=row.organisation_id,
        type=row.type,
        at=row.event_at,
        body=row.body.encode(),
    )


def webhook_from_row(row: sa.Row[Any]) -> Webhook:
    """The value in a row of `webhooks`."""
    return Webhook(
        id=WebhookId(row.webhook_id),
        organisation_id=OrganisationId(row.organisation_id),
        name=row.name,
        url=row.url,
        events=tuple(row.events),
        secret=row.secret,
        old_secret=row.old_secret,
        old_secret_until=row.old_secret_until,
        state=WebhookState(row.state),
        reason=row.reason,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
        succeeded_at=_instant(row.succeeded_at),
        failing_since=_instant(row.failing_since),
        failures=row.failures,
        rest_until=row.rest_until,
    )


def webhook_to_row(webhook: Webhook) -> dict[str, Any]:
    """The row of a receiver, without who holds it."""
    return {
        "webhook_id": webhook.id,
        "organisation_id": webhook.organisation_id,
        "name": webhook.name,
        "url": webhook.url,
        "events": list(webhook.events),
        "secret": webhook.secret,
        "old_secret": webhook.old_secret,
        "old_secret_until": webhook.old_secret_until,
        "state": webhook.state.value,
        "reason": webhook.reason,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
        "succeeded_at": webhook.succeeded_at,
        "failing_since": webhook.failing_since,
        "failures": webhook.failures,
        "rest_until": webhook.rest_until,
    }


def event_to_row(event: Event, now: int) -> dict[str, Any]:
    """The row of an event."""
    return {
        "organisation_id": event.organisation_id,
        "event_id": event.id,
        "type": event.type,
        "at": event.at,
        "body": event.body.decode(),
        "stored_at": now,
    }


def delivery_from_row(row: sa.Row[Any]) -> Delivery:
    """The value in a row of `webhook_deliveries`."""
    return Delivery(
        id=row.delivery_id,
        webhook_id=WebhookId(row.webhook_id),
        event_id=row.event_id,
        type=row.type,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        begun_at=Instant(row.begun_at),
        next_at=Instant(row.next_at),
        settled_at=_instant(row.settled_at),
        status=row.status,
        reason=row.reason,
    )


def delivery_to_row(delivery: Delivery, organisation_id: int) -> dict[str, Any]:
    """The row of a delivery."""
    return {
        "delivery_id": delivery.id,
        "organisation_id": organisation_id,
        "webhook_id": delivery.webhook_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "begun_at": delivery.begun_at,
        "next_at": delivery.next_at,
        "settled_at": delivery.settled_at,
        "status": delivery.status,
        "reason": delivery.reason,
    }


def attempt_to_row(attempt: Attempt, organisation_id: int, delivery_id: int) -> dict[str, Any]:
    """The row of an attempt."""
    return {
        "delivery_id": delivery_id,
        "at": attempt.at,
        "organisation_id": organisation_id,
        "milliseconds": attempt.milliseconds,
        "status": attempt.status,
        "reason": attempt.reason[:REASON_LENGTH_MAX],
        "snippet": attempt.snippet,
    }


def attempt_from_row(row: sa.Row[Any]) -> Attempt:
    """The value in a row of `webhook_attempts`."""
    return Attempt(
        at=Instant(row.at),
        milliseconds=row.milliseconds,
        status=row.status,
        reason=row.reason,
        snippet=row.snippet,
    )


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)

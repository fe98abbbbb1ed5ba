# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.webhooks`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Attempt(Struct, frozen=True, kw_only=True):
    """One time it was sent."""

    at: str
    milliseconds: int
    status: int | None
    reason: str
    """Why it failed; empty: it was taken"""
    snippet: str
    """The beginning of the answer"""


class Delivery(Struct, frozen=True, kw_only=True):
    """One event for one receiver."""

    id: str
    event: str
    """The `webhook-id`: the same at every attempt and replay"""
    type: str
    state: DeliveryState
    attempts: int
    begun_at: str
    next_at: str | None
    """When it is tried next; null: it is settled"""
    settled_at: str | None
    status: int | None
    """The last HTTP status; null: there was no answer"""
    reason: str


class DeliveryDetail(Struct, frozen=True, kw_only=True):
    """A delivery with what is posted and every attempt that is kept."""

    delivery: Delivery
    body: dict[str, Any] | None
    """What is posted; null when it is no longer kept"""
    log: list[Attempt]
    """The newest first"""


class DeliveryPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Delivery]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class DeliveryState(StrEnum):
    """What became of one event for one receiver."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


class EventType(Struct, frozen=True, kw_only=True):
    """A type of event."""

    type: str
    description: str


class NewWebhook(Struct, frozen=True, kw_only=True):
    """A receiver with its secret, which is shown this once."""

    webhook: Webhook
    secret: str
    """Verify signatures with it (Standard Webhooks); `whsec_...`"""


class Replayed(Struct, frozen=True, kw_only=True):
    """How many deliveries begin anew."""

    deliveries: int


class Webhook(Struct, frozen=True, kw_only=True):
    """A receiver."""

    id: str
    name: str
    url: str
    events: list[str]
    state: WebhookState
    reason: str
    """Why it is disabled"""
    waiting: int | None
    """Deliveries that wait; null in lists"""
    failures: int
    """In a row"""
    failing_since: str | None
    succeeded_at: str | None
    rotating_until: str | None
    """The old secret signs beside the new one until then"""
    created_at: str
    updated_at: str


class WebhookPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Webhook]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class WebhookState(StrEnum):
    """Whether anything is sent."""

    ENABLED = "enabled"
    PAUSED = "paused"
    DISABLED = "disabled"

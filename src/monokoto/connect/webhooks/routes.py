"""Receivers and deliveries over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, UnsetType

from monokoto.connect.webhooks.address import URL_LENGTH_MAX
from monokoto.connect.webhooks.deliverer import Deliverer
from monokoto.connect.webhooks.event import EVENT_TYPES, Event, event_name
from monokoto.connect.webhooks.service import WebhookChange, Webhooks
from monokoto.connect.webhooks.webhook import Attempt, Delivery, DeliveryState, Webhook, WebhookState
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, WEBHOOK_SECRET_GRACE_SECONDS_MAX
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.WEBHOOKS_READ)]
_WRITE = [requires(Scope.WEBHOOKS_WRITE)]
Url = Annotated[str, Meta(min_length=1, max_length=URL_LENGTH_MAX, description="Where events are posted; https")]
Events = Annotated[list[str], Meta(min_length=1, max_length=50, description="Types, `noun.*`, or `*` for all")]
Name = Annotated[str, Meta(max_length=200)]


class EventTypeJson(msgspec.Struct, frozen=True):
    """A type of event."""

    type: str
    description: str


class WebhookJson(msgspec.Struct, frozen=True):
    """A receiver."""

    id: str
    name: str
    url: str
    events: list[str]
    state: WebhookState
    reason: Annotated[str, Meta(description="Why it is disabled")]
    waiting: Annotated[int | None, Meta(description="Deliveries that wait; null in lists")]
    failures: Annotated[int, Meta(description="In a row")]
    failing_since: str | None
    succeeded_at: str | None
    rotating_until: Annotated[str | None, Meta(description="The old secret signs beside the new one until then")]
    created_at: str
    updated_at: str


class NewWebhookJson(msgspec.Struct, frozen=True):
    """A receiver with its secret, which is shown this once."""

    webhook: WebhookJson
    secret: Annotated[str, Meta(description="Verify signatures with it (Standard Webhooks); `whsec_...`")]


class CreateWebhookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A receiver to make."""

    url: Url
    events: Events
    name: Name = ""


class ChangeWebhookRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge patch of a receiver."""

    url: Url | UnsetType = UNSET
    events: Events | UnsetType = UNSET
    name: Name | UnsetType = UNSET
    state: Annotated[WebhookState | UnsetType, Meta(description="`enabled` or `paused`")] = UNSET


class RotateSecretRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the old secret ends."""

    grace_seconds: Annotated[int, Meta(ge=0, le=WEBHOOK_SECRET_GRACE_SECONDS_MAX)] = 0


class ReplayRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which events to deliver again."""

    since: Annotated[str, Meta(description="RFC 3339: what happened at this instant or later")]
    until: Annotated[str | None, Meta(description="What happened before this instant; null: up to now")] = None
    delivered: Annotated[bool, Meta(description="Also what was delivered already, not only what is dead")] = False


class ReplayedJson(msgspec.Struct, frozen=True):
    """How many deliveries begin anew."""

    deliveries: int


class DeliveryJson(msgspec.Struct, frozen=True):
    """One event for one receiver."""

    id: str
    event: Annotated[str, Meta(description="The `webhook-id`: the same at every attempt and replay")]
    type: str
    state: DeliveryState
    attempts: int
    begun_at: str
    next_at: Annotated[str | None, Meta(description="When it is tried next; null: it is settled")]
    settled_at: str | None
    status: Annotated[int | None, Meta(description="The last HTTP status; null: there was no answer")]
    reason: str


class AttemptJson(msgspec.Struct, frozen=True):
    """One time it was sent."""

    at: str
    milliseconds: int
    status: int | None
    reason: Annotated[str, Meta(description="Why it failed; empty: it was taken")]
    snippet: Annotated[str, Meta(description="The beginning of the answer")]


class DeliveryDetailJson(msgspec.Struct, frozen=True):
    """A delivery with what is posted and every attempt that is kept."""

    delivery: DeliveryJson
    body: Annotated[dict[str, Any] | None, Meta(description="What is posted; null when it is no longer kept")]
    log: Annotated[list[AttemptJson], Meta(description="The newest first")]


def webhook_to_json(webhook: Webhook, *, now: int, waiting: int | None = None) -> WebhookJson:
    """As the API shows it; never its secret."""
    rotating = bool(webhook.old_secret) and now < webhook.old_secret_until
    return WebhookJson(
        id=format_id(webhook.id),
        name=webhook.name,
        url=webhook.url,
        events=list(webhook.events),
        state=webhook.state,
        reason=webhook.reason,
        waiting=waiting,
        failures=webhook.failures,
        failing_since=_optional(webhook.failing_since),
        succeeded_at=_optional(webhook.succeeded_at),
        rotating_until=format_instant(webhook.old_secret_until) if rotating else None,
        created_at=format_instant(webhook.created_at),
        updated_at=format_instant(webhook.updated_at),
    )


def delivery_to_json(delivery: Delivery) -> DeliveryJson:
    """As the API shows it."""
    waits = delivery.state is DeliveryState.WAITING
    return DeliveryJson(
        id=format_id(delivery.id),
        event=event_name(delivery.event_id),
        type=delivery.type,
        state=delivery.state,
        attempts=delivery.attempts,
        begun_at=format_instant(delivery.begun_at),
        next_at=format_instant(delivery.next_at) if waits else None,
        settled_at=_optional(delivery.settled_at),
        status=delivery.status or None,
        reason=delivery.reason,
    )


def attempt_to_json(attempt: Attempt) -> AttemptJson:
    """As the API shows it."""
    return AttemptJson(
        at=format_instant(attempt.at),
        milliseconds=attempt.milliseconds,
        status=attempt.status or None,
        reason=attempt.reason,
        snippet=attempt.snippet,
    )


def _optional(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _detail(delivery: Delivery, event: Event | None, attempts: list[Attempt]) -> DeliveryDetailJson:
    return DeliveryDetailJson(
        delivery=delivery_to_json(delivery),
        body=None if event is None else msgspec.json.decode(event.body),
        log=[attempt_to_json(one) for one in attempts],
    )


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None


def _id(text: str) -> int:
    return parse_id(text, what="webhook id")


class WebhooksController(Controller):
    """`/api/v1/webhooks`."""

    path = "/api/v1/webhooks"
    tags = ("Webhooks",)

    @get("/events", operation_id="listEventTypes", responses=problem_responses(), summary="What can be listened to")
    async def event_types(self) -> list[EventTypeJson]:
        """Every type of event there is. Any live key may ask."""
        return [EventTypeJson(name, description) for name, description in EVENT_TYPES.items()]

    @post("", operation_id="createWebhook", guards=_WRITE, responses=problem_responses(409), summary="Add a receiver")
    async def create(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        data: JSONBody[CreateWebhookRequest],
    ) -> Response[NewWebhookJson]:
        """Its secret is in this answer and nowhere else. It gets what happens from now on."""
        made = await asyncio.to_thread(
            webhooks.create, caller.organisation_id, url=data.url, events=data.events, name=data.name
        )
        shown = webhook_to_json(made, now=webhooks.clock.now(), waiting=0)
        headers = {"Location": f"/api/v1/webhooks/{shown.id}"}
        return Response(NewWebhookJson(shown, made.secret), status_code=201, headers=headers)

    @get("", operation_id="listWebhooks", guards=_READ, responses=problem_responses(), summary="List receivers")
    async def receivers(
        self, caller: NamedDependency[Caller], webhooks: NamedDependency[Webhooks]
    ) -> Page[WebhookJson]:
        """All of them, from the oldest on."""
        found = await asyncio.to_thread(webhooks.list, caller.organisation_id)
        return Page(items=[webhook_to_json(one, now=webhooks.clock.now()) for one in found])

    @get(
        "/{webhook:str}",
        operation_id="getWebhook",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a receiver",
    )
    async def receiver(
        self, caller: NamedDependency[Caller], webhooks: NamedDependency[Webhooks], webhook: FromPath[str]
    ) -> WebhookJson:
        """With how much waits for it."""
        found = await asyncio.to_thread(webhooks.get, caller.organisation_id, _id(webhook))
        waiting = await asyncio.to_thread(webhooks.waiting, caller.organisation_id, found.id)
        return webhook_to_json(found, now=webhooks.clock.now(), waiting=waiting)

    @patch(
        "/{webhook:str}",
        operation_id="changeWebhook",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Change a receiver",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        data: JSONBody[ChangeWebhookRequest],
    ) -> WebhookJson:
        """Pause it, let it go on, switch a disabled one on again, give it another address or other events."""
        change = WebhookChange(
            name=None if data.name is UNSET else data.name,
            url=None if data.url is UNSET else data.url,
            events=None if data.events is UNSET else data.events,
            state=None if data.state is UNSET else data.state,
        )
        changed = await asyncio.to_thread(webhooks.change, caller.organisation_id, _id(webhook), change)
        return webhook_to_json(changed, now=webhooks.clock.now())

    @delete(
        "/{webhook:str}",
        operation_id="deleteWebhook",
        guards=_WRITE,
        status_code=204,
        responses=problem_responses(404),
        summary="Remove a receiver",
    )
    async def remove(
        self, caller: NamedDependency[Caller], webhooks: NamedDependency[Webhooks], webhook: FromPath[str]
    ) -> None:
        """What waits for it is not sent any more."""
        await asyncio.to_thread(webhooks.delete, caller.organisation_id, _id(webhook))

    @post(
        "/{webhook:str}/secret",
        operation_id="rotateWebhookSecret",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Give a receiver a new secret",
    )
    async def rotate(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        data: JSONBody[RotateSecretRequest],
    ) -> NewWebhookJson:
        """During the grace every event carries two signatures; a receiver takes either."""
        changed = await asyncio.to_thread(
            webhooks.rotate, caller.organisation_id, _id(webhook), grace_seconds=data.grace_seconds
        )
        return NewWebhookJson(webhook_to_json(changed, now=webhooks.clock.now()), changed.secret)

    @post(
        "/{webhook:str}/ping",
        operation_id="pingWebhook",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Send a test event now",
    )
    async def ping(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        deliverer: NamedDependency[Deliverer],
        webhook: FromPath[str],
    ) -> AttemptJson:
        """Posts `webhook.ping` once and says what the receiver answered; it is not tried again."""
        found = await asyncio.to_thread(webhooks.get, caller.organisation_id, _id(webhook))
        return attempt_to_json(await deliverer.ping(found))

    @post(
        "/{webhook:str}/replay",
        operation_id="replayWebhook",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Deliver again what happened since",
    )
    async def replay(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        data: JSONBody[ReplayRequest],
    ) -> ReplayedJson:
        """As far as events are kept. Events keep their id, so that a receiver knows those it has."""
        count = await asyncio.to_thread(
            webhooks.replay,
            caller.organisation_id,
            _id(webhook),
            begin=_instant(data.since, "since"),
            end=None if data.until is None else _instant(data.until, "until"),
            dead_only=not data.delivered,
        )
        return ReplayedJson(count)

    @get(
        "/{webhook:str}/deliveries",
        operation_id="listDeliveries",
        guards=_READ,
        responses=problem_responses(404),
        summary="What was and is to be delivered",
    )
    async def deliveries(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        only: Annotated[DeliveryState | None, QueryParameter(name="state", description="Only these")] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[DeliveryJson]:
        """The newest first; `state=dead` are the dead letters."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            webhooks.deliveries, caller.organisation_id, _id(webhook), state=only, before=before, limit=limit + 1
        )
        return page_of(found, limit, lambda one: one.id, delivery_to_json)

    @get(
        "/{webhook:str}/deliveries/{delivery:str}",
        operation_id="getDelivery",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a delivery",
    )
    async def delivery(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        delivery: FromPath[str],
    ) -> DeliveryDetailJson:
        """What is posted, and what the receiver answered each time."""
        delivery_id = parse_id(delivery, what="delivery id")
        found = await asyncio.to_thread(webhooks.delivery, caller.organisation_id, _id(webhook), delivery_id)
        return _detail(*found)

    @post(
        "/{webhook:str}/deliveries/{delivery:str}/replay",
        operation_id="replayDelivery",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Deliver an event again",
    )
    async def replay_one(
        self,
        caller: NamedDependency[Caller],
        webhooks: NamedDependency[Webhooks],
        webhook: FromPath[str],
        delivery: FromPath[str],
    ) -> DeliveryJson:
        """At once, whatever became of it before."""
        delivery_id = parse_id(delivery, what="delivery id")
        return delivery_to_json(
            await asyncio.to_thread(webhooks.replay_one, caller.organisation_id, _id(webhook), delivery_id)
        )

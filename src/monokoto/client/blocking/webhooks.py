# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.webhooks`: What happens, posted to your own address, signed and tried again until it is taken."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Attempt,
    Delivery,
    DeliveryDetail,
    DeliveryPage,
    DeliveryState,
    EventType,
    NewWebhook,
    Replayed,
    Webhook,
    WebhookPage,
    WebhookState,
)
from monokoto.client.wire import Api, Call, Pages, given, segment


class WebhooksApi:
    """What happens, posted to your own address, signed and tried again until it is taken."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(self) -> Pages[WebhookPage, Webhook]:
        """List receivers.

        All of them, from the oldest on. Needs `webhooks:read`.
        """
        call = Call(method="GET", path="/api/v1/webhooks", repeatable=True)
        return self._api.pages(call, WebhookPage, Webhook)

    def create(
        self, *, url: str, events: Sequence[str], name: str | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> NewWebhook:
        """Add a receiver.

        Its secret is in this answer and nowhere else. It gets what happens from now on. Needs `webhooks:write`.
        Raises Conflict, TooLarge.

        Args:
            url: Where events are posted; https (at most 2,048 characters).
            events: Types, `noun.*`, or `*` for all (at most 50).
            name: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/webhooks",
            body=given(url=url, events=events, name=name),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, NewWebhook)

    def list_event_types(self) -> Sequence[EventType]:
        """What can be listened to.

        Every type of event there is. Any live key may ask.
        """
        call = Call(method="GET", path="/api/v1/webhooks/events", repeatable=True)
        return self._api.ask(call, list[EventType])

    def get(self, webhook: str) -> Webhook:
        """Look at a receiver.

        With how much waits for it. Needs `webhooks:read`. Raises NotFound.

        Args:
            webhook: Id of the receiver.
        """
        call = Call(method="GET", path=f"/api/v1/webhooks/{segment(webhook)}", repeatable=True)
        return self._api.ask(call, Webhook)

    def delete(self, webhook: str, *, idempotency_key: str | None = None) -> None:
        """Remove a receiver.

        What waits for it is not sent any more. Needs `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/webhooks/{segment(webhook)}", key=idempotency_key, keyed=True)
        self._api.tell(call)

    def change(
        self,
        webhook: str,
        *,
        url: str | UnsetType = UNSET,
        events: Sequence[str] | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        state: WebhookState | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Webhook:
        """Change a receiver.

        Pause it, let it go on, switch a disabled one on again, give it another address or other events. Needs
        `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            url: Where events are posted; https (at most 2,048 characters).
            events: Types, `noun.*`, or `*` for all (at most 50).
            name: At most 200 characters.
            state: `enabled` or `paused`.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/webhooks/{segment(webhook)}",
            body=given(url=url, events=events, name=name, state=state),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Webhook)

    def list_deliveries(
        self, webhook: str, *, state: DeliveryState | None = None, limit: int | None = None, cursor: str | None = None
    ) -> Pages[DeliveryPage, Delivery]:
        """What was and is to be delivered.

        The newest first; `state=dead` are the dead letters. Needs `webhooks:read`. Raises NotFound.

        Args:
            webhook: Id of the receiver.
            state: Only these.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/webhooks/{segment(webhook)}/deliveries",
            query=given(state=state, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, DeliveryPage, Delivery)

    def get_delivery(self, webhook: str, delivery: str) -> DeliveryDetail:
        """Look at a delivery.

        What is posted, and what the receiver answered each time. Needs `webhooks:read`. Raises NotFound.

        Args:
            webhook: Id of the receiver.
            delivery: Id of the delivery.
        """
        call = Call(
            method="GET", path=f"/api/v1/webhooks/{segment(webhook)}/deliveries/{segment(delivery)}", repeatable=True
        )
        return self._api.ask(call, DeliveryDetail)

    def replay_delivery(self, webhook: str, delivery: str, *, idempotency_key: str | None = None) -> Delivery:
        """Deliver an event again.

        At once, whatever became of it before. Needs `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            delivery: Id of the delivery.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/webhooks/{segment(webhook)}/deliveries/{segment(delivery)}/replay",
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Delivery)

    def ping(self, webhook: str, *, idempotency_key: str | None = None) -> Attempt:
        """Send a test event now.

        Posts `webhook.ping` once and says what the receiver answered; it is not tried again. Needs `webhooks:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/webhooks/{segment(webhook)}/ping", key=idempotency_key, keyed=True)
        return self._api.ask(call, Attempt)

    def replay(
        self,
        webhook: str,
        *,
        since: str,
        until: str | UnsetType | None = UNSET,
        delivered: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Replayed:
        """Deliver again what happened since.

        As far as events are kept. Events keep their id, so that a receiver knows those it has. Needs
        `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            since: RFC 3339: what happened at this instant or later.
            until: What happened before this instant; null: up to now.
            delivered: Also what was delivered already, not only what is dead (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/webhooks/{segment(webhook)}/replay",
            body=given(since=since, until=until, delivered=delivered),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Replayed)

    def rotate_secret(
        self, webhook: str, *, grace_seconds: int | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> NewWebhook:
        """Give a receiver a new secret.

        During the grace every event carries two signatures; a receiver takes either. Needs `webhooks:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            webhook: Id of the receiver.
            grace_seconds: 0 to 604800; default: 0.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/webhooks/{segment(webhook)}/secret",
            body=given(grace_seconds=grace_seconds),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, NewWebhook)

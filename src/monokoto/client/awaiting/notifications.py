# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.notifications`: Who is told of alerts, when and how, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    AlertMatch,
    DigestPace,
    EscalationStep,
    MessageAttempt,
    MessagePace,
    NewReceiver,
    Notification,
    NotificationPage,
    NotificationRoute,
    NotificationRoutePage,
    NotificationState,
    NotificationsWhat,
    PushKey,
    PushKeys,
    PushSubscription,
    PushSubscriptionPage,
    Receiver,
    ReceiverKind,
    ReceiverPage,
    ReceiverState,
    RoutePreview,
    RoutePreviewPage,
    Severity,
    WeeklyHours,
)
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncNotificationsApi:
    """Who is told of alerts, when and how, and what came of it."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_notification_routes(self) -> AsyncPages[NotificationRoutePage, NotificationRoute]:
        """List notification routes.

        All of them, from the oldest on. Needs `webhooks:read`.
        """
        call = Call(method="GET", path="/api/v1/notification-routes", repeatable=True)
        return self._api.pages(call, NotificationRoutePage, NotificationRoute)

    async def create_notification_route(
        self,
        *,
        name: str,
        steps: Sequence[Any],
        what: Sequence[Any] | UnsetType = UNSET,
        match: AlertMatch | UnsetType = UNSET,
        hours: WeeklyHours | UnsetType | None = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> NotificationRoute:
        """Say whom to tell of which alerts.

        It tells what happens from now on. Needs `webhooks:write`. Raises Conflict, TooLarge.

        Args:
            name: At most 100 characters.
            steps: At most 10.
            what: raised, severity, acknowledged, cleared, threshold (at most 5; default: ['raised', 'cleared']).
            enabled: Default: true.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/notification-routes",
            body=given(name=name, steps=steps, what=what, match=match, hours=hours, enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NotificationRoute)

    def preview_notification_routes(
        self,
        *,
        severity: Severity | UnsetType = UNSET,
        rule: str | UnsetType = UNSET,
        product: str | UnsetType = UNSET,
        unit: str | UnsetType | None = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        at: str | UnsetType | None = UNSET,
        route: str | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> AsyncPages[RoutePreviewPage, RoutePreview]:
        """Whom an alert would reach, and when.

        As if it were raised and nobody acknowledged it, step by step. Nothing is sent. Needs `webhooks:read`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            rule: `product/rule`, or the id of an added rule (at most 200 characters).
            product: At most 64 characters.
            unit: A unit's id; its product and tags count.
            tags: At most 32.
            at: When it would be raised (RFC 3339); null: now.
            route: Only this route; null: all.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/notification-routes/preview",
            body=given(severity=severity, rule=rule, product=product, unit=unit, tags=tags, at=at, route=route),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.pages(call, RoutePreviewPage, RoutePreview)

    async def get_notification_route(self, route: str) -> NotificationRoute:
        """Look at a notification route.

        Which alerts, at which hours, whom in which steps. Needs `webhooks:read`. Raises NotFound.

        Args:
            route: Id of the notification route.
        """
        call = Call(method="GET", path=f"/api/v1/notification-routes/{segment(route)}", repeatable=True)
        return await self._api.ask(call, NotificationRoute)

    async def delete_notification_route(self, route: str, *, idempotency_key: str | None = None) -> None:
        """Remove a notification route.

        Its escalations end. What it has planned already is still sent. Needs `webhooks:write`. Raises NotFound,
        Conflict, TooLarge.

        Args:
            route: Id of the notification route.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/notification-routes/{segment(route)}", key=idempotency_key, keyed=True
        )
        await self._api.tell(call)

    async def change_notification_route(
        self,
        route: str,
        *,
        name: str | UnsetType = UNSET,
        steps: Sequence[EscalationStep] | UnsetType = UNSET,
        what: Sequence[NotificationsWhat] | UnsetType = UNSET,
        match: AlertMatch | UnsetType = UNSET,
        hours: WeeklyHours | UnsetType | None = UNSET,
        enabled: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> NotificationRoute:
        """Change a notification route.

        Escalations under way go on by the new steps. Switched on again, it tells what happens from then on. Needs
        `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            route: Id of the notification route.
            name: At most 100 characters.
            steps: At most 10.
            what: raised, severity, acknowledged, cleared, threshold (at most 5).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/notification-routes/{segment(route)}",
            body=given(name=name, steps=steps, what=what, match=match, hours=hours, enabled=enabled),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NotificationRoute)

    def list_notifications(
        self,
        *,
        state: NotificationState | None = None,
        alert: str | None = None,
        receiver: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[NotificationPage, Notification]:
        """What was and is to be told.

        The newest first; `state=dead` is what could not be delivered. Needs `webhooks:read`.

        Args:
            state: Only these.
            alert: Id of the alert.
            receiver: Id of the receiver of notifications.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/notifications",
            query=given(state=state, alert=alert, receiver=receiver, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, NotificationPage, Notification)

    async def get_notification(self, notification: str) -> Notification:
        """Look at a notification.

        Whom it is for, what became of it, and why. Needs `webhooks:read`. Raises NotFound.

        Args:
            notification: Id of the notification.
        """
        call = Call(method="GET", path=f"/api/v1/notifications/{segment(notification)}", repeatable=True)
        return await self._api.ask(call, Notification)

    async def retry_notification(self, notification: str, *, idempotency_key: str | None = None) -> Notification:
        """Deliver a dead notification again.

        In a message of its own, as if it had just been planned. Needs `webhooks:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            notification: Id of the notification.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/notifications/{segment(notification)}/retry", key=idempotency_key, keyed=True
        )
        return await self._api.ask(call, Notification)

    def list_push_subscriptions(self) -> AsyncPages[PushSubscriptionPage, PushSubscription]:
        """List your browsers.

        Those that are told, the newest first.
        """
        call = Call(method="GET", path="/api/v1/push-subscriptions", repeatable=True)
        return self._api.pages(call, PushSubscriptionPage, PushSubscription)

    async def create_push_subscription(
        self, *, endpoint: str, keys: PushKeys, idempotency_key: str | None = None
    ) -> PushSubscription:
        """Tell this browser.

        A receiver of the kind `person` that is you, or one of the kind `push`, tells it. The same browser given
        again is one, and somebody else's subscription of it ends. Raises Conflict, TooLarge.

        Args:
            endpoint: At most 2,048 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/push-subscriptions",
            body=given(endpoint=endpoint, keys=keys),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PushSubscription)

    async def get_push_key(self) -> PushKey:
        """The key a browser subscribes with.

        The same for everybody, and for ever.
        """
        call = Call(method="GET", path="/api/v1/push-subscriptions/key", repeatable=True)
        return await self._api.ask(call, PushKey)

    async def delete_push_subscription(self, subscription: str, *, idempotency_key: str | None = None) -> None:
        """Tell a browser no more.

        One of your own. Raises NotFound, Conflict, TooLarge.

        Args:
            subscription: Id of the subscription.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/push-subscriptions/{segment(subscription)}", key=idempotency_key, keyed=True
        )
        await self._api.tell(call)

    def list_receivers(self) -> AsyncPages[ReceiverPage, Receiver]:
        """List receivers.

        All of them, from the oldest on. Needs `webhooks:read`.
        """
        call = Call(method="GET", path="/api/v1/receivers", repeatable=True)
        return self._api.pages(call, ReceiverPage, Receiver)

    async def create_receiver(
        self,
        *,
        name: str,
        kind: ReceiverKind,
        address: str | UnsetType = UNSET,
        url: str | UnsetType = UNSET,
        person: str | UnsetType | None = UNSET,
        channels: Sequence[Any] | UnsetType = UNSET,
        locale: str | UnsetType = UNSET,
        time_zone: str | UnsetType = UNSET,
        quiet: WeeklyHours | UnsetType | None = UNSET,
        digest: DigestPace | UnsetType | None = UNSET,
        pace: MessagePace | UnsetType = UNSET,
        critical_passes: bool | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> NewReceiver:
        """Add a receiver.

        Somebody or something to tell of alerts; a route says of which. A webhook's secret is in this answer and
        nowhere else. Needs `webhooks:write`. Raises Conflict, TooLarge.

        Args:
            name: At most 100 characters.
            address: Of mail (at most 254 characters).
            url: Where it is posted; https. It is never shown again (at most 2,048 characters).
            person: A member's id.
            channels: Of a person (at most 2; default: ['mail', 'push']).
            locale: Language of the messages; a person has their own (at most 16 characters; default: en).
            time_zone: IANA name, as `Asia/Seoul` (at most 64 characters; default: UTC).
            quiet: What happens then is told when they end.
            digest: Everything since the last message in one.
            pace: What comes faster becomes one summary.
            critical_passes: Whether critical alerts wait for neither quiet hours nor digest (default: true).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/receivers",
            body=given(name=name, kind=kind, address=address, url=url, person=person, channels=channels, locale=locale)
            | given(time_zone=time_zone, quiet=quiet, digest=digest, pace=pace, critical_passes=critical_passes),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, NewReceiver)

    async def get_receiver(self, receiver: str) -> Receiver:
        """Look at a receiver.

        Without what is secret of it. Needs `webhooks:read`. Raises NotFound.

        Args:
            receiver: Id of the receiver of notifications.
        """
        call = Call(method="GET", path=f"/api/v1/receivers/{segment(receiver)}", repeatable=True)
        return await self._api.ask(call, Receiver)

    async def delete_receiver(self, receiver: str, *, idempotency_key: str | None = None) -> None:
        """Remove a receiver.

        What waits for it is not told any more. One that a route names stays. Needs `webhooks:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            receiver: Id of the receiver of notifications.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/receivers/{segment(receiver)}", key=idempotency_key, keyed=True)
        await self._api.tell(call)

    async def change_receiver(
        self,
        receiver: str,
        *,
        name: str | UnsetType = UNSET,
        address: str | UnsetType = UNSET,
        url: str | UnsetType = UNSET,
        channels: Sequence[Literal["mail", "push"]] | UnsetType = UNSET,
        locale: str | UnsetType = UNSET,
        time_zone: str | UnsetType = UNSET,
        quiet: WeeklyHours | UnsetType | None = UNSET,
        digest: DigestPace | UnsetType | None = UNSET,
        pace: MessagePace | UnsetType = UNSET,
        critical_passes: bool | UnsetType = UNSET,
        state: ReceiverState | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Receiver:
        """Change a receiver.

        Pause it, let it go on, switch a disabled one on again, give it another address or other hours. Needs
        `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            receiver: Id of the receiver of notifications.
            name: At most 100 characters.
            address: Of mail (at most 254 characters).
            url: Where it is posted; https. It is never shown again (at most 2,048 characters).
            channels: At most 2.
            locale: Language of the messages; a person has their own (at most 16 characters).
            time_zone: IANA name, as `Asia/Seoul` (at most 64 characters).
            state: `enabled` or `paused`.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/receivers/{segment(receiver)}",
            body=given(name=name, address=address, url=url, channels=channels, locale=locale, time_zone=time_zone)
            | given(quiet=quiet, digest=digest, pace=pace, critical_passes=critical_passes, state=state),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Receiver)

    async def rotate_receiver_secret(self, receiver: str, *, idempotency_key: str | None = None) -> NewReceiver:
        """Give a webhook a new secret.

        It signs from now on; the old one does not any more. Needs `webhooks:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            receiver: Id of the receiver of notifications.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/receivers/{segment(receiver)}/secret", key=idempotency_key, keyed=True
        )
        return await self._api.ask(call, NewReceiver)

    async def test_receiver(self, receiver: str, *, idempotency_key: str | None = None) -> MessageAttempt:
        """Send a test message now.

        A real message, sent once, whatever the hour. Of a mail the answer says that it is in the outbox. Needs
        `webhooks:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            receiver: Id of the receiver of notifications.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/receivers/{segment(receiver)}/test", key=idempotency_key, keyed=True)
        return await self._api.ask(call, MessageAttempt)

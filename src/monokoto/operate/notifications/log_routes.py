"""The log of notifications over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.notifications.json import NotificationJson, notification_to_json
from monokoto.operate.notifications.notification import NotificationState
from monokoto.operate.notifications.service import Notifications
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.WEBHOOKS_READ)]
_WRITE = [requires(Scope.WEBHOOKS_WRITE)]


class NotificationsController(Controller):
    """`/api/v1/notifications`."""

    path = "/api/v1/notifications"
    tags = ("Notifications",)

    @get(
        "",
        operation_id="listNotifications",
        guards=_READ,
        responses=problem_responses(),
        summary="What was and is to be told",
    )
    async def found(
        self,
        caller: NamedDependency[Caller],
        notifications: NamedDependency[Notifications],
        only: Annotated[NotificationState | None, QueryParameter(name="state", description="Only these")] = None,
        alert: FromQuery[str | None] = None,
        receiver: FromQuery[str | None] = None,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[NotificationJson]:
        """The newest first; `state=dead` is what could not be delivered."""
        found = await asyncio.to_thread(
            notifications.list,
            caller.organisation_id,
            state=only,
            alert_id=None if alert is None else parse_id(alert, what="alert id"),
            receiver_id=None if receiver is None else parse_id(receiver, what="receiver id"),
            before=decode_cursor(cursor, int)[0] if cursor else None,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda one: one.id, notification_to_json)

    @get(
        "/{notification:str}",
        operation_id="getNotification",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a notification",
    )
    async def one(
        self,
        caller: NamedDependency[Caller],
        notifications: NamedDependency[Notifications],
        notification: FromPath[str],
    ) -> NotificationJson:
        """Whom it is for, what became of it, and why."""
        wanted = parse_id(notification, what="notification id")
        return notification_to_json(await asyncio.to_thread(notifications.get, caller.organisation_id, wanted))

    @post(
        "/{notification:str}/retry",
        operation_id="retryNotification",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Deliver a dead notification again",
    )
    async def retry(
        self,
        caller: NamedDependency[Caller],
        notifications: NamedDependency[Notifications],
        notification: FromPath[str],
    ) -> NotificationJson:
        """In a message of its own, as if it had just been planned."""
        wanted = parse_id(notification, what="notification id")
        return notification_to_json(await asyncio.to_thread(notifications.retry, caller.organisation_id, wanted))

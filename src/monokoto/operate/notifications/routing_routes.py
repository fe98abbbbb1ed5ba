"""Routes of notifications over HTTP."""

from __future__ import annotations

import asyncio

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from monokoto.connect.fleet import Directory
from monokoto.kernel.clock import Clock, Instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.operate.notifications.json import (
    ChangeRouteRequest,
    CreateRouteRequest,
    NotificationRouteJson,
    PreviewRequest,
    RoutePreviewJson,
    given,
    preview_to_json,
    route_to_json,
)
from monokoto.operate.notifications.news import AlertNews, What
from monokoto.operate.notifications.routing import Routes
from monokoto.web import Caller, Gate, Page, Scope, problem_responses, requires

_READ = [requires(Scope.WEBHOOKS_READ)]
_WRITE = [requires(Scope.WEBHOOKS_WRITE)]


def _id(text: str) -> int:
    return parse_id(text, what="notification route id")


class NotificationRoutesController(Controller):
    """`/api/v1/notification-routes`."""

    path = "/api/v1/notification-routes"
    tags = ("Notifications",)

    @post(
        "",
        operation_id="createNotificationRoute",
        guards=_WRITE,
        responses=problem_responses(409),
        summary="Say whom to tell of which alerts",
    )
    async def create(
        self,
        caller: NamedDependency[Caller],
        notification_routes: NamedDependency[Routes],
        data: JSONBody[CreateRouteRequest],
    ) -> Response[NotificationRouteJson]:
        """It tells what happens from now on."""
        made = await asyncio.to_thread(notification_routes.create, caller.organisation_id, **given(data))
        headers = {"Location": f"/api/v1/notification-routes/{format_id(made.id)}"}
        return Response(route_to_json(made), status_code=201, headers=headers)

    @get(
        "",
        operation_id="listNotificationRoutes",
        guards=_READ,
        responses=problem_responses(),
        summary="List notification routes",
    )
    async def found(
        self, caller: NamedDependency[Caller], notification_routes: NamedDependency[Routes]
    ) -> Page[NotificationRouteJson]:
        """All of them, from the oldest on."""
        found = await asyncio.to_thread(notification_routes.list, caller.organisation_id)
        return Page(items=[route_to_json(one) for one in found])

    @get(
        "/{route:str}",
        operation_id="getNotificationRoute",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a notification route",
    )
    async def route(
        self, caller: NamedDependency[Caller], notification_routes: NamedDependency[Routes], route: FromPath[str]
    ) -> NotificationRouteJson:
        """Which alerts, at which hours, whom in which steps."""
        return route_to_json(await asyncio.to_thread(notification_routes.get, caller.organisation_id, _id(route)))

    @patch(
        "/{route:str}",
        operation_id="changeNotificationRoute",
        guards=_WRITE,
        responses=problem_responses(404),
        summary="Change a notification route",
    )
    async def change(
        self,
        caller: NamedDependency[Caller],
        notification_routes: NamedDependency[Routes],
        route: FromPath[str],
        data: JSONBody[ChangeRouteRequest],
    ) -> NotificationRouteJson:
        """Escalations under way go on by the new steps. Switched on again, it tells what happens from then on."""
        changed = await asyncio.to_thread(notification_routes.change, caller.organisation_id, _id(route), given(data))
        return route_to_json(changed)

    @delete(
        "/{route:str}",
        operation_id="deleteNotificationRoute",
        guards=_WRITE,
        status_code=204,
        responses=problem_responses(404),
        summary="Remove a notification route",
    )
    async def remove(
        self, caller: NamedDependency[Caller], notification_routes: NamedDependency[Routes], route: FromPath[str]
    ) -> None:
        """Its escalations end. What it has planned already is still sent."""
        await asyncio.to_thread(notification_routes.delete, caller.organisation_id, _id(route))

    @post(
        "/preview",
        operation_id="previewNotificationRoutes",
        guards=_READ,
        status_code=200,
        responses=problem_responses(404),
        summary="Whom an alert would reach, and when",
    )
    async def preview(
        self,
        caller: NamedDependency[Caller],
        notification_routes: NamedDependency[Routes],
        directory: NamedDependency[Directory],
        gate: NamedDependency[Gate],
        data: JSONBody[PreviewRequest],
    ) -> Page[RoutePreviewJson]:
        """As if it were raised and nobody acknowledged it, step by step. Nothing is sent."""
        news = _imagined(caller, gate, directory, notification_routes.clock, data)
        only = None if data.route is None else _id(data.route)
        if only is not None:
            await asyncio.to_thread(notification_routes.get, caller.organisation_id, only)
        found = await asyncio.to_thread(notification_routes.preview, caller.organisation_id, news, route_id=only)
        return Page(items=[preview_to_json(one) for one in found])


def _imagined(caller: Caller, gate: Gate, directory: Directory, clock: Clock, data: PreviewRequest) -> AlertNews:
    product, tags, unit_id = data.product, frozenset(data.tags), 0
    if data.unit is not None:
        unit_id = gate.unit(caller, parse_id(data.unit, what="unit id")).unit_id
        unit = directory.get(unit_id)
        product = product or (unit.product if unit is not None else "")
    try:
        at = clock.now() if data.at is None else parse_instant(data.at)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place="at", reason=str(error))]) from None
    return AlertNews(
        id=0,
        number=0,
        recorded_at=Instant(at),
        alert_id=0,
        organisation_id=caller.organisation_id,
        unit_id=UnitId(unit_id),
        what=What.RAISED,
        at=Instant(at),
        severity=data.severity,
        rule=data.rule,
        product=product or data.rule.rpartition("/")[0],
        tags=tags,
    )

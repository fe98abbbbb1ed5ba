"""Maintenance windows over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import MAINTENANCE_REASON_LENGTH_MAX, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.alerts.json import MaintenanceWindowJson, window_to_json
from monokoto.operate.alerts.service import Alerts
from monokoto.operate.alerts.windows import Concerned
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.TELEMETRY_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]


class MaintenanceWindowRequest(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begins_at": "from", "ends_at": "to"}
):
    """When, which units, and why."""

    ends_at: Annotated[str, Meta(description="RFC 3339")]
    selection: Concerned
    reason: Annotated[str, Meta(min_length=1, max_length=MAINTENANCE_REASON_LENGTH_MAX)]
    begins_at: Annotated[str | None, Meta(description="RFC 3339; left out: now")] = None


class MaintenanceWindowsController(Controller):
    """`/api/v1/maintenance-windows`."""

    path = "/api/v1/maintenance-windows"
    tags = ("Alerts",)

    @get(
        "",
        operation_id="listMaintenanceWindows",
        guards=_READ,
        responses=problem_responses(),
        summary="List maintenance windows",
    )
    async def all(
        self,
        caller: NamedDependency[Caller],
        alerts: NamedDependency[Alerts],
        over: Annotated[bool, QueryParameter(description="Also those that are over")] = False,
        limit: Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[MaintenanceWindowJson]:
        """The organisation's, the newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            alerts.windows.list, caller.organisation_id, over=over, before=before, limit=limit + 1
        )
        now = alerts.now
        return page_of(found, limit, lambda window: window.id, lambda window: window_to_json(window, now))

    @post(
        "", operation_id="createMaintenanceWindow", guards=_WRITE, responses=problem_responses(404, 409),
        summary="Make a maintenance window",
    )  # fmt: skip
    async def create(
        self,
        caller: NamedDependency[Caller],
        alerts: NamedDependency[Alerts],
        data: JSONBody[MaintenanceWindowRequest],
    ) -> Response[MaintenanceWindowJson]:
        """Alerts raised in it are kept and marked, and nobody is told; what stands at its end is told then."""
        window = await asyncio.to_thread(
            alerts.windows.create,
            caller.organisation_id,
            begins_at=None if data.begins_at is None else _instant(data.begins_at, "from"),
            ends_at=_instant(data.ends_at, "to"),
            reason=data.reason,
            concerned=data.selection,
            by=caller.actor_id,
        )
        location = f"/api/v1/maintenance-windows/{format_id(window.id)}"
        return Response(window_to_json(window, alerts.now), status_code=201, headers={"Location": location})

    @get(
        "/{window:str}", operation_id="getMaintenanceWindow", guards=_READ, responses=problem_responses(404),
        summary="One maintenance window",
    )  # fmt: skip
    async def one(
        self, caller: NamedDependency[Caller], alerts: NamedDependency[Alerts], window: FromPath[str]
    ) -> MaintenanceWindowJson:
        """Over ones are kept as long as alerts are."""
        found = await asyncio.to_thread(alerts.windows.get, caller.organisation_id, parse_id(window, what="window id"))
        return window_to_json(found, alerts.now)

    @delete(
        "/{window:str}", operation_id="endMaintenanceWindow", guards=_WRITE, responses=problem_responses(404),
        status_code=200, summary="End a maintenance window",
    )  # fmt: skip
    async def end(
        self, caller: NamedDependency[Caller], alerts: NamedDependency[Alerts], window: FromPath[str]
    ) -> MaintenanceWindowJson:
        """Now; one that has not begun is taken back."""
        found = await asyncio.to_thread(alerts.windows.end, caller.organisation_id, parse_id(window, what="window id"))
        return window_to_json(found, alerts.now)


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None

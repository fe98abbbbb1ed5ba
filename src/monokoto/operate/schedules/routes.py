"""Schedules over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, SCHEDULE_NEXT_MAX
from monokoto.operate.schedules.documents import (
    EnableRequest,
    NextJson,
    PutScheduleRequest,
    ScheduleJson,
    ScheduleRequest,
    coming_to_json,
    schedule_to_json,
    spec_of,
)
from monokoto.operate.schedules.schedule import Schedule
from monokoto.operate.schedules.service import Schedules
from monokoto.web import Caller, Page, Scope, decode_cursor, format_etag, page_of, problem_responses, requires

_READ = [requires(Scope.CONTROL_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]
_NEXT = 10
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class SchedulesController(Controller):
    """`/api/v1/schedules`. A schedule is named in the path by its name or its id."""

    path = "/api/v1/schedules"
    tags = ("Schedules",)

    @get("", operation_id="listSchedules", guards=_READ, responses=problem_responses(), summary="List schedules")
    async def list_schedules(
        self,
        caller: NamedDependency[Caller],
        schedules: NamedDependency[Schedules],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[ScheduleJson]:
        """By name."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        found = await asyncio.to_thread(schedules.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda schedule: schedule.name, schedule_to_json)

    @post("", operation_id="createSchedule", guards=_WRITE, responses=problem_responses(409), summary="Make a schedule")
    async def create(
        self, caller: NamedDependency[Caller], schedules: NamedDependency[Schedules], data: JSONBody[ScheduleRequest]
    ) -> Response[ScheduleJson]:
        """What is due from now on is run; its runs are among those of scenes."""
        made = await asyncio.to_thread(
            schedules.create, caller, data.name, data.title, spec_of(data), enabled=data.enabled
        )
        return _answer(made, 201)

    @get(
        "/{schedule:str}",
        operation_id="getSchedule",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a schedule",
    )
    async def one(
        self, caller: NamedDependency[Caller], schedules: NamedDependency[Schedules], schedule: FromPath[str]
    ) -> Response[ScheduleJson]:
        """What it runs, and when."""
        return _answer(await asyncio.to_thread(schedules.get, caller.organisation_id, schedule), 200)

    @get(
        "/{schedule:str}/next",
        operation_id="listComingTimes",
        guards=_READ,
        responses=problem_responses(404),
        summary="When a schedule comes next",
    )
    async def coming(
        self,
        caller: NamedDependency[Caller],
        schedules: NamedDependency[Schedules],
        schedule: FromPath[str],
        count: Annotated[int, QueryParameter(ge=1, le=SCHEDULE_NEXT_MAX)] = _NEXT,
    ) -> NextJson:
        """Also of one that is not enabled: when it would."""
        found = await asyncio.to_thread(schedules.get, caller.organisation_id, schedule)
        times = await asyncio.to_thread(schedules.coming, found, count)
        return NextJson(enabled=found.enabled, times=[coming_to_json(one) for one in times])

    @put(
        "/{schedule:str}",
        operation_id="putSchedule",
        guards=_WRITE,
        responses=problem_responses(409, 412)
        | {201: ResponseSpec(ScheduleJson, description="There was none of this name: made", generate_examples=False)},
        summary="Make or replace a schedule",
    )
    async def put(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        schedules: NamedDependency[Schedules],
        schedule: FromPath[str],
        data: JSONBody[PutScheduleRequest],
    ) -> Response[ScheduleJson]:
        """201 when there was none of this name. `If-Match` takes the revision."""
        match = request.headers.get("if-match")
        found, new = await asyncio.to_thread(
            schedules.put, caller, schedule, data.title, spec_of(data), enabled=data.enabled, match=match
        )
        return _answer(found, 201 if new else 200)

    @patch(
        "/{schedule:str}",
        operation_id="enableSchedule",
        guards=_WRITE,
        responses=problem_responses(404, 409),
        summary="Let a schedule run, or not",
    )
    async def enable(
        self,
        caller: NamedDependency[Caller],
        schedules: NamedDependency[Schedules],
        schedule: FromPath[str],
        data: JSONBody[EnableRequest],
    ) -> Response[ScheduleJson]:
        """What would have been while it was not enabled is not made up for."""
        changed = await asyncio.to_thread(schedules.enable, caller, schedule, data.enabled)
        return _answer(changed, 200)

    @delete(
        "/{schedule:str}",
        operation_id="removeSchedule",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Forget a schedule",
    )
    async def remove(
        self, caller: NamedDependency[Caller], schedules: NamedDependency[Schedules], schedule: FromPath[str]
    ) -> ScheduleJson:
        """Its runs stay, and those under way go on."""
        return schedule_to_json(await asyncio.to_thread(schedules.delete, caller.organisation_id, schedule))


def _answer(schedule: Schedule, status: int) -> Response[ScheduleJson]:
    headers = {"ETag": format_etag(schedule.revision)}
    if status == 201:
        headers["Location"] = f"/api/v1/schedules/{schedule.name}"
    return Response(schedule_to_json(schedule), status_code=status, headers=headers)


CONTROLLERS = (SchedulesController,)
"""What `api` mounts."""

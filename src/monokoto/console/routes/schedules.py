"""Schedules: which scene is run when, the times that come next, and the runs there were."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.act_lists import named
from monokoto.console.api import Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.routes.scenes import steps_told
from monokoto.console.schedule_form import DAYS, SUN_EVENTS, body_of, placed, values_of
from monokoto.console.visit import Visit

PATH = "/console/schedules"
PAGE_SIZE = 30
TIMES_SHOWN = 10
RUNS_SHOWN = 10
SAVED = mark("The schedule “%(name)s” is saved.")
GONE = mark("The schedule “%(name)s” is forgotten. Its runs stay.")


class SchedulePagesController(Controller):
    """`/console/schedules`."""

    path = "/schedules"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """By name, each with when it comes next."""
        found = await visit.api.get("/api/v1/schedules", cursor=cursor, limit=PAGE_SIZE)
        items = found["items"]
        nexts = await asyncio.gather(*(visit.api.part(f"{_api(one['id'])}/next", count=1) for one in items))
        rows = [
            {**one, "next": part.value["times"][0] if part.value and part.value["times"] else None}
            for one, part in zip(items, nexts, strict=True)
        ]
        return visit.page("schedules/list.html", schedules=rows, next_cursor=found["next_cursor"], days=DAYS)

    @get("/new")
    async def new(self, visit: NamedDependency[Visit], scene: FromQuery[str] = "") -> Response[str]:
        """The form."""
        zone = visit.formats.zone
        return await _form(visit, None, values_of({"scene": scene, "timezone": zone, "when": {"at": ["18:30"]}}))

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it."""
        return await _save(visit, None)

    @get("/{schedule:str}")
    async def one(self, visit: NamedDependency[Visit], schedule: FromPath[str]) -> Response[str]:
        """When it comes next, and what its runs did."""
        return visit.page("schedules/schedule.html", **await _shown(visit, schedule))

    @get("/{schedule:str}/edit")
    async def edit(self, visit: NamedDependency[Visit], schedule: FromPath[str]) -> Response[str]:
        """The form, filled in."""
        found = await visit.api.get(_api(schedule))
        return await _form(visit, found, values_of(found))

    @post("/{schedule:str}/edit")
    async def change(self, visit: NamedDependency[Visit], schedule: FromPath[str]) -> Response[str]:
        """Save it; it begins anew from now on."""
        return await _save(visit, await visit.api.get(_api(schedule)))

    @post("/{schedule:str}/enabled")
    async def enable(self, visit: NamedDependency[Visit], schedule: FromPath[str]) -> Response[str]:
        """Let it run, or not."""
        try:
            await visit.api.patch(_api(schedule), {"enabled": visit.value("enabled") == "yes"})
        except Refused as refused:
            return visit.again("schedules/schedule.html", refused, **await _shown(visit, schedule))
        return visit.go(f"{PATH}/{quote(schedule, safe='')}")

    @post("/{schedule:str}/delete")
    async def forget(self, visit: NamedDependency[Visit], schedule: FromPath[str]) -> Response[str]:
        """Forget it."""
        gone = await visit.api.delete(_api(schedule))
        return visit.go(PATH, visit.say(GONE, name=gone["name"]))


def _api(schedule: str) -> str:
    return f"/api/v1/schedules/{quote(schedule, safe='')}"


async def _shown(visit: Visit, schedule: str) -> dict[str, Any]:
    found = await visit.api.get(_api(schedule))
    coming, runs = await asyncio.gather(
        visit.api.part(f"{_api(schedule)}/next", count=TIMES_SHOWN),
        visit.api.part("/api/v1/scene-runs", schedule=found["id"], limit=RUNS_SHOWN),
    )
    return {
        "schedule": found,
        "steps": steps_told(found["run"]["steps"]) if found["run"] else [],
        "coming": coming,
        "runs": runs,
        "days": DAYS,
    }


async def _save(visit: Visit, schedule: Mapping[str, Any] | None) -> Response[str]:
    try:
        body = body_of(visit, schedule)
        if schedule is None:
            made = await visit.api.post("/api/v1/schedules", body | {"name": visit.value("name")})
        else:
            made = await visit.api.replace(_api(schedule["id"]), body, visit.value("revision"))
    except Refused as refused:
        return await _form(visit, schedule, values_of({"when": {}}), problem=placed(refused.problem))
    return visit.go(f"{PATH}/{made['id']}", visit.say(SAVED, name=made["name"]))


async def _form(
    visit: Visit, schedule: Mapping[str, Any] | None, values: Mapping[str, Any], *, problem: Problem | None = None
) -> Response[str]:
    return visit.page(
        "schedules/edit.html",
        schedule=schedule,
        values=values,
        scenes=await named(visit, "/api/v1/scenes"),
        days=DAYS,
        sun_events=SUN_EVENTS,
        problem=problem,
        entered=visit.form,
        status=problem.status if problem else 200,
    )

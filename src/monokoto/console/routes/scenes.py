"""Scenes: what they ask of which units, how that is changed, what a run would do now, and the runs."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from monokoto.console.act_lists import LASTINGS, models, named
from monokoto.console.api import Part, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.scene_form import (
    DESIRED,
    STEPS_MAX,
    Models,
    StepForm,
    again,
    scene_body,
    steps_from_form,
    steps_from_scene,
)
from monokoto.console.unit_names import names_of
from monokoto.console.values import plain
from monokoto.console.visit import Visit

PATH = "/console/scenes"
RUNS_SHOWN = 10
NAMED_SHOWN = 20
SAVED = mark("The scene “%(name)s” is saved.")
GONE = mark("The scene “%(name)s” is forgotten. Its runs stay.")
_SETTINGS = ("name", "title", "order", "offline", "pace", "stop_percent", "stop_of")


class ScenePagesController(Controller):
    """`/console/scenes`."""

    path = "/scenes"

    @get("/")
    async def index(self, visit: NamedDependency[Visit], cursor: FromQuery[str] = "") -> Response[str]:
        """The scenes by name, and what ran last."""
        found, runs = await asyncio.gather(
            visit.api.get("/api/v1/scenes", cursor=cursor, limit=50),
            visit.api.part("/api/v1/scene-runs", limit=RUNS_SHOWN),
        )
        return visit.page("scenes/list.html", scenes=found["items"], next_cursor=found["next_cursor"], runs=runs)

    @get("/new")
    async def new(self, visit: NamedDependency[Visit]) -> Response[str]:
        """The form with one step."""
        return await _form(visit, None, {}, [StepForm(number=0)])

    @post("/new")
    async def make(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Make it; or show the form with another step, or with the fields of what was chosen."""
        return await _save(visit, None)

    @get("/{scene:str}")
    async def one(self, visit: NamedDependency[Visit], scene: FromPath[str]) -> Response[str]:
        """What it asks, what a run would do now, and what its runs did."""
        return visit.page("scenes/scene.html", **await _shown(visit, scene))

    @get("/{scene:str}/edit")
    async def edit(self, visit: NamedDependency[Visit], scene: FromPath[str]) -> Response[str]:
        """The form, filled in."""
        found = await visit.api.get(_api(scene))
        stop = found["stop_on_failure"] or {"percent": "", "of": ""}
        kept = {**found, "stop_percent": stop["percent"], "stop_of": stop["of"]}
        there = await models(visit)
        return await _form(visit, found, kept, steps_from_scene(found, there), there=there)

    @post("/{scene:str}/edit")
    async def change(self, visit: NamedDependency[Visit], scene: FromPath[str]) -> Response[str]:
        """Save it; runs under way go on as they began."""
        return await _save(visit, await visit.api.get(_api(scene)))

    @post("/{scene:str}/run")
    async def run(self, visit: NamedDependency[Visit], scene: FromPath[str]) -> Response[str]:
        """Run it, and look at the run."""
        body = {"confirmed": bool(visit.value("confirmed")), "request": visit.value("request")}
        try:
            made = await visit.api.post(f"{_api(scene)}/run", body)
        except Refused as refused:
            return visit.again("scenes/scene.html", refused, **await _shown(visit, scene))
        return visit.go(f"/console/scene-runs/{made['id']}")

    @post("/{scene:str}/delete")
    async def forget(self, visit: NamedDependency[Visit], scene: FromPath[str]) -> Response[str]:
        """Forget it."""
        gone = await visit.api.delete(_api(scene))
        return visit.go(PATH, visit.say(GONE, name=gone["name"]))


def _api(scene: str) -> str:
    return f"/api/v1/scenes/{quote(scene, safe='')}"


async def _shown(visit: Visit, scene: str) -> dict[str, Any]:
    found = await visit.api.get(_api(scene))
    look, runs = await asyncio.gather(
        # A look changes nothing, so that a page that is only opened may ask for it.
        replace(visit.api, csrf=visit.csrf).part_of("POST", f"{_api(scene)}/run", body={"preview": True})
        if visit.may("control:write")
        else _nothing(),
        visit.api.part("/api/v1/scene-runs", scene=found["id"], limit=RUNS_SHOWN),
    )
    return {
        "scene": found,
        "steps": steps_told(found["steps"]),
        "names": await names_of(visit, named_units(found["steps"])),
        "look": look,
        "runs": runs,
        "request_name": secrets.token_hex(8),
    }


async def _nothing() -> Part:
    return Part()


def named_units(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The units that steps name themselves, as many as are shown by name."""
    ids = [one for step in steps for one in [*step["units"].get("ids", []), step["units"].get("below", "")] if one]
    return ids[:NAMED_SHOWN]


def steps_told(steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Steps as templates show them."""
    return [
        {
            "units": step["units"],
            "action": step.get("action", ""),
            "input": plain(step.get("input")),
            "desired": {name: plain(value) for name, value in (step.get("desired") or {}).items()},
            "expires": step.get("expires_seconds", 0),
        }
        for step in steps
    ]


async def _save(visit: Visit, scene: Mapping[str, Any] | None) -> Response[str]:
    steps, doing = steps_from_form(visit), visit.value("do")
    typed = {name: visit.value(name) for name in _SETTINGS}
    there = await models(visit)
    if doing != "save":
        return await _form(visit, scene, typed, _changed(steps, doing), there=there)
    try:
        body = await scene_body(visit, steps, there)
        if scene is None:
            made = await visit.api.post("/api/v1/scenes", body | {"name": visit.value("name")})
        else:
            made = await visit.api.replace(_api(scene["id"]), body, visit.value("revision"))
    except Refused as refused:
        return await _form(visit, scene, typed, steps, there=there, problem=again(refused).problem)
    return visit.go(f"{PATH}/{made['scene']['id']}", visit.say(SAVED, name=made["scene"]["name"]))


def _changed(steps: list[StepForm], doing: str) -> list[StepForm]:
    """The steps after a button of the form: one more, or one less."""
    what, _, number = doing.partition("-")
    if what == "add" and len(steps) < STEPS_MAX:
        last = steps[-1] if steps else StepForm(number=0)
        return [*steps, StepForm(number=len(steps), product=last.product, way=last.way, group=last.group)]
    if what == "drop" and number.isdecimal() and len(steps) > 1:
        return [step for step in steps if step.number != int(number)]
    return steps


async def _form(
    visit: Visit,
    scene: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    steps: Sequence[StepForm],
    *,
    there: Models | None = None,
    problem: Problem | None = None,
) -> Response[str]:
    there = await models(visit) if there is None else there
    return visit.page(
        "scenes/edit.html",
        scene=scene,
        values={name: values.get(name) or "" for name in _SETTINGS},
        steps=[(step, step.fields(there), step.asks_by_hand(there)) for step in steps],
        models=there,
        product_pairs=[(name, name) for name in there],
        expiries=[(code, visit.say(label)) for code, label in LASTINGS.items()],
        actions={name: _actions(model) for name, model in there.items()},
        groups=await named(visit, "/api/v1/groups"),
        desired=DESIRED,
        steps_max=STEPS_MAX,
        problem=problem,
        status=problem.status if problem else 200,
    )


def _actions(model: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, str(one.get("title") or name)) for name, one in (model.get("actions") or {}).items()]

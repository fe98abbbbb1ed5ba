"""Scenes and their runs over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Request, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.operate.scenes.documents import (
    PutSceneRequest,
    RunItemJson,
    RunJson,
    RunPreviewJson,
    RunRequest,
    SavedSceneJson,
    SceneJson,
    SceneRequest,
    item_to_json,
    notice_to_json,
    preview_to_json,
    run_to_json,
    scene_to_json,
    spec_of,
)
from monokoto.operate.scenes.run import RunItemState, RunState
from monokoto.operate.scenes.runs import Runs
from monokoto.operate.scenes.scene import Scene
from monokoto.operate.scenes.service import Scenes
from monokoto.web import (
    Caller,
    Page,
    Scope,
    decode_cursor,
    format_etag,
    note_question,
    page_of,
    problem_responses,
    requires,
)

_READ = [requires(Scope.CONTROL_READ)]
_WRITE = [requires(Scope.CONTROL_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class ScenesController(Controller):
    """`/api/v1/scenes`. A scene is named in the path by its name or its id."""

    path = "/api/v1/scenes"
    tags = ("Scenes",)

    @get("", operation_id="listScenes", guards=_READ, responses=problem_responses(), summary="List scenes")
    async def list_scenes(
        self,
        caller: NamedDependency[Caller],
        scenes: NamedDependency[Scenes],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[SceneJson]:
        """By name."""
        after = decode_cursor(cursor, str)[0] if cursor else ""
        found = await asyncio.to_thread(scenes.list, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda scene: scene.name, scene_to_json)

    @post("", operation_id="createScene", guards=_WRITE, responses=problem_responses(409), summary="Make a scene")
    async def create(
        self, caller: NamedDependency[Caller], scenes: NamedDependency[Scenes], data: JSONBody[SceneRequest]
    ) -> Response[SavedSceneJson]:
        """Saved even when units would refuse it now; the warnings say so."""
        made = await asyncio.to_thread(scenes.create, caller, data.name, data.title, spec_of(data))
        return await _saved(scenes, caller, made, 201)

    @get(
        "/{scene:str}",
        operation_id="getScene",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a scene",
    )
    async def one(
        self, caller: NamedDependency[Caller], scenes: NamedDependency[Scenes], scene: FromPath[str]
    ) -> Response[SceneJson]:
        """What it asks of which units."""
        found = await asyncio.to_thread(scenes.get, caller.organisation_id, scene)
        return Response(scene_to_json(found), headers={"ETag": format_etag(found.revision)})

    @put(
        "/{scene:str}",
        operation_id="putScene",
        guards=_WRITE,
        responses=problem_responses(409, 412)
        | {201: ResponseSpec(SavedSceneJson, description="There was none of this name: made", generate_examples=False)},
        summary="Make or replace a scene",
    )
    async def put(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        scenes: NamedDependency[Scenes],
        scene: FromPath[str],
        data: JSONBody[PutSceneRequest],
    ) -> Response[SavedSceneJson]:
        """201 when there was none of this name. `If-Match` takes the revision. Runs under way go on as they began."""
        match = request.headers.get("if-match")
        found, new = await asyncio.to_thread(scenes.put, caller, scene, data.title, spec_of(data), match=match)
        return await _saved(scenes, caller, found, 201 if new else 200)

    @delete(
        "/{scene:str}",
        operation_id="removeScene",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404),
        summary="Forget a scene",
    )
    async def remove(
        self, caller: NamedDependency[Caller], scenes: NamedDependency[Scenes], scene: FromPath[str]
    ) -> SceneJson:
        """Its runs stay; a schedule that names it tells of a failed run each time."""
        return scene_to_json(await asyncio.to_thread(scenes.delete, caller.organisation_id, scene))

    @post(
        "/{scene:str}/run",
        operation_id="runScene",
        guards=_WRITE,
        status_code=201,
        responses=problem_responses(404, 409, 413, 429)
        | {200: ResponseSpec(RunPreviewJson, description="With `preview`: what would happen", generate_examples=False)},
        summary="Run a scene",
    )
    async def run(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        scenes: NamedDependency[Scenes],
        scene_runs: NamedDependency[Runs],
        scene: FromPath[str],
        data: JSONBody[RunRequest],
    ) -> Response[RunJson]:
        """Begins it; the run says what became of each unit. 409 where something must be said yes to and was not."""
        found = await asyncio.to_thread(scenes.get, caller.organisation_id, scene)
        if data.preview:
            note_question(request.scope)
            preview: Response[Any] = Response(
                preview_to_json(await scenes.looker.look(caller, found.spec)), status_code=200
            )
            return preview
        key = f"request:{caller.actor_id}:{data.request}" if data.request else ""
        run = await scene_runs.start(caller, found, confirmed=data.confirmed, key=key)
        shown = run_to_json(run)
        return Response(shown, status_code=201, headers={"Location": f"/api/v1/scene-runs/{shown.id}"})


class SceneRunsController(Controller):
    """`/api/v1/scene-runs`."""

    path = "/api/v1/scene-runs"
    tags = ("Scenes",)

    @get(
        "", operation_id="listSceneRuns", guards=_READ, responses=problem_responses(404), summary="List runs of scenes"
    )
    async def list_runs(
        self,
        caller: NamedDependency[Caller],
        scenes: NamedDependency[Scenes],
        scene_runs: NamedDependency[Runs],
        scene: Annotated[str, QueryParameter(description="Of this scene: its name or id")] = "",
        schedule: Annotated[str, QueryParameter(description="Of the schedule with this id")] = "",
        in_state: Annotated[RunState | None, QueryParameter(name="state", description="Only in this state")] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[RunJson]:
        """The newest first."""
        found = await asyncio.to_thread(
            scene_runs.list,
            caller.organisation_id,
            scene_id=(await asyncio.to_thread(scenes.get, caller.organisation_id, scene)).id if scene else 0,
            schedule_id=parse_id(schedule, what="schedule") if schedule else 0,
            state=in_state,
            before=decode_cursor(cursor, int)[0] if cursor else None,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda run: run.id, run_to_json)

    @get(
        "/{run:str}",
        operation_id="getSceneRun",
        guards=_READ,
        responses=problem_responses(404),
        summary="Look at a run",
    )
    async def one(
        self, caller: NamedDependency[Caller], scene_runs: NamedDependency[Runs], run: FromPath[str]
    ) -> RunJson:
        """With how many units stand where."""
        return run_to_json(await asyncio.to_thread(scene_runs.get, caller.organisation_id, _run(run)))

    @get(
        "/{run:str}/items",
        operation_id="listSceneRunItems",
        guards=_READ,
        responses=problem_responses(404),
        summary="What became of each unit",
    )
    async def items(
        self,
        caller: NamedDependency[Caller],
        scene_runs: NamedDependency[Runs],
        run: FromPath[str],
        states: Annotated[
            list[RunItemState] | None, QueryParameter(name="state", description="Only these, such as `failed`")
        ] = None,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[RunItemJson]:
        """In the order they are worked on."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(
            scene_runs.items, caller.organisation_id, _run(run), states=states or (), after=after, limit=limit + 1
        )
        return page_of(found, limit, lambda item: item.number, item_to_json)

    @post(
        "/{run:str}/cancel",
        operation_id="cancelSceneRun",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Cancel a run",
    )
    async def cancel(
        self, caller: NamedDependency[Caller], scene_runs: NamedDependency[Runs], run: FromPath[str]
    ) -> RunJson:
        """Nothing more is begun, and commands no unit has heard of are taken back. What is done stays done."""
        return run_to_json(await asyncio.to_thread(scene_runs.cancel, caller.organisation_id, _run(run)))

    @post(
        "/{run:str}/undo",
        operation_id="undoSceneRun",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(404, 409),
        summary="Undo a run",
    )
    async def undo(
        self, caller: NamedDependency[Caller], scene_runs: NamedDependency[Runs], run: FromPath[str]
    ) -> RunJson:
        """Desires again what was desired before, where nobody desired something else since. Actions stay done."""
        return run_to_json(await asyncio.to_thread(scene_runs.undo, caller.organisation_id, _run(run)))


def _run(text: str) -> int:
    return parse_id(text, what="run id")


async def _saved(scenes: Scenes, caller: Caller, scene: Scene, status: int) -> Response[SavedSceneJson]:
    warnings = await scenes.warnings(caller, scene.spec)
    shown = SavedSceneJson(scene_to_json(scene), [notice_to_json(one) for one in warnings if one.reason])
    headers = {"ETag": format_etag(scene.revision)}
    if status == 201:
        headers["Location"] = f"/api/v1/scenes/{format_id(scene.id)}"
    return Response(shown, status_code=status, headers=headers)


CONTROLLERS = (ScenesController, SceneRunsController)
"""What `api` mounts."""

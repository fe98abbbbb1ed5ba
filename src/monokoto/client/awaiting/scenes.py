# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.scenes`: Actions and desired values for many units under a name, and what became of each run."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from monokoto.client.types import (
    Offline,
    Order,
    Run,
    RunItem,
    RunItemPage,
    RunItemState,
    RunPage,
    RunPreview,
    RunState,
    SavedScene,
    Scene,
    ScenePage,
    ScenesStep,
    StopOnFailure,
)
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncScenesApi:
    """Actions and desired values for many units under a name, and what became of each run."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_scene_runs(
        self,
        *,
        scene: str | None = None,
        schedule: str | None = None,
        state: RunState | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[RunPage, Run]:
        """List runs of scenes.

        The newest first. Needs `control:read`. Raises NotFound.

        Args:
            scene: Of this scene: its name or id.
            schedule: Of the schedule with this id.
            state: Only in this state.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/scene-runs",
            query=given(scene=scene, schedule=schedule, state=state, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, RunPage, Run)

    async def get_scene_run(self, run: str) -> Run:
        """Look at a run.

        With how many units stand where. Needs `control:read`. Raises NotFound.

        Args:
            run: Id of the run.
        """
        call = Call(method="GET", path=f"/api/v1/scene-runs/{segment(run)}", repeatable=True)
        return await self._api.ask(call, Run)

    async def cancel_scene_run(self, run: str, *, idempotency_key: str | None = None) -> Run:
        """Cancel a run.

        Nothing more is begun, and commands no unit has heard of are taken back. What is done stays done. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            run: Id of the run.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/scene-runs/{segment(run)}/cancel", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Run)

    def list_scene_run_items(
        self,
        run: str,
        *,
        state: Sequence[RunItemState] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[RunItemPage, RunItem]:
        """What became of each unit.

        In the order they are worked on. Needs `control:read`. Raises NotFound.

        Args:
            run: Id of the run.
            state: Only these, such as `failed`.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/scene-runs/{segment(run)}/items",
            query=given(state=state, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, RunItemPage, RunItem)

    async def undo_scene_run(self, run: str, *, idempotency_key: str | None = None) -> Run:
        """Undo a run.

        Desires again what was desired before, where nobody desired something else since. Actions stay done. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            run: Id of the run.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path=f"/api/v1/scene-runs/{segment(run)}/undo", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Run)

    def list_scenes(self, *, limit: int | None = None, cursor: str | None = None) -> AsyncPages[ScenePage, Scene]:
        """List scenes.

        By name. Needs `control:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(method="GET", path="/api/v1/scenes", query=given(limit=limit, cursor=cursor), repeatable=True)
        return self._api.pages(call, ScenePage, Scene)

    async def create_scene(
        self,
        *,
        name: str,
        steps: Sequence[ScenesStep],
        title: str | UnsetType = UNSET,
        order: Order | UnsetType = UNSET,
        pace: int | UnsetType = UNSET,
        offline: Offline | UnsetType = UNSET,
        stop_on_failure: StopOnFailure | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> SavedScene:
        """Make a scene.

        Saved even when units would refuse it now; the warnings say so. Needs `control:write`. Raises Conflict,
        TooLarge.

        Args:
            name: In lower case, as in `evening` (at most 64 characters).
            steps: At most 32.
            title: At most 200 characters.
            pace: Units a second at most; 0: as fast as it goes (0 to 1000; default: 0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/scenes",
            body=given(name=name, steps=steps, title=title, order=order, pace=pace, offline=offline)
            | given(stop_on_failure=stop_on_failure),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, SavedScene)

    async def get_scene(self, scene: str) -> Scene:
        """Look at a scene.

        What it asks of which units. Needs `control:read`. Raises NotFound.

        Args:
            scene: Id or name of the scene.
        """
        call = Call(method="GET", path=f"/api/v1/scenes/{segment(scene)}", repeatable=True)
        return await self._api.ask(call, Scene)

    async def put_scene(
        self,
        scene: str,
        *,
        steps: Sequence[ScenesStep],
        title: str | UnsetType = UNSET,
        order: Order | UnsetType = UNSET,
        pace: int | UnsetType = UNSET,
        offline: Offline | UnsetType = UNSET,
        stop_on_failure: StopOnFailure | UnsetType | None = UNSET,
        idempotency_key: str | None = None,
    ) -> SavedScene:
        """Make or replace a scene.

        201 when there was none of this name. `If-Match` takes the revision. Runs under way go on as they began.
        Needs `control:write`. Raises Conflict, PreconditionFailed, TooLarge.

        Args:
            scene: Id or name of the scene.
            steps: At most 32.
            title: At most 200 characters.
            pace: Units a second at most; 0: as fast as it goes (0 to 1000; default: 0).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/scenes/{segment(scene)}",
            body=given(steps=steps, title=title, order=order, pace=pace, offline=offline)
            | given(stop_on_failure=stop_on_failure),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, SavedScene)

    async def remove_scene(self, scene: str, *, idempotency_key: str | None = None) -> Scene:
        """Forget a scene.

        Its runs stay; a schedule that names it tells of a failed run each time. Needs `control:write`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            scene: Id or name of the scene.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="DELETE", path=f"/api/v1/scenes/{segment(scene)}", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Scene)

    async def run_scene(
        self,
        scene: str,
        *,
        preview: bool | UnsetType = UNSET,
        confirmed: bool | UnsetType = UNSET,
        request: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> RunPreview | Run:
        """Run a scene.

        Begins it; the run says what became of each unit. 409 where something must be said yes to and was not. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            scene: Id or name of the scene.
            preview: Only say what would happen (default: false).
            confirmed: Yes to what must be said yes to, for the whole run (default: false).
            request: Your own name for it: asked again with the same name, it is the same run (at most 64
                characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/scenes/{segment(scene)}/run",
            body=given(preview=preview, confirmed=confirmed, request=request),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask_one_of(call, RunPreview, Run)

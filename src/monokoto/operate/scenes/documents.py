"""Scenes and runs as the API shows them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, SCENE_PACE_MAX, SCENE_STEPS_MAX, TITLE_LENGTH_MAX
from monokoto.operate.scenes.looking import Looked
from monokoto.operate.scenes.run import Run, RunItem, RunItemState, RunState
from monokoto.operate.scenes.scene import Notice, Offline, Order, Scene, SceneSpec, Step, StopOnFailure

Steps = Annotated[list[Step], Meta(min_length=1, max_length=SCENE_STEPS_MAX)]
Pace = Annotated[int, Meta(ge=0, le=SCENE_PACE_MAX, description="Units a second at most; 0: as fast as it goes")]
Title = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]


class NoticeJson(msgspec.Struct, frozen=True):
    """What a look at the scene found."""

    step: Annotated[int, Meta(description="Counted from 0")]
    units: int
    product: str
    version: str
    reason: Annotated[str, Meta(description="Why these units would refuse it; empty: they would not")]
    confirm: Annotated[str, Meta(description="What must be said yes to; empty: nothing")]


class SceneJson(msgspec.Struct, frozen=True):
    """A scene."""

    id: str
    name: str
    title: str
    order: Order
    pace: int
    offline: Offline
    stop_on_failure: StopOnFailure | None
    steps: list[Step]
    revision: Annotated[int, Meta(description="Also its ETag")]
    created_at: str
    updated_at: str


class SavedSceneJson(msgspec.Struct, frozen=True):
    """A scene as it was saved, and what would be refused if it were run now."""

    scene: SceneJson
    warnings: list[NoticeJson]


class PutSceneRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a scene is to do."""

    steps: Steps
    title: Title = ""
    order: Order = Order.SEQUENCE
    pace: Pace = 0
    offline: Offline = Offline.QUEUE
    stop_on_failure: StopOnFailure | None = None


class SceneRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new scene."""

    name: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="In lower case, as in `evening`")]
    steps: Steps
    title: Title = ""
    order: Order = Order.SEQUENCE
    pace: Pace = 0
    offline: Offline = Offline.QUEUE
    stop_on_failure: StopOnFailure | None = None


class RunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How to run a scene."""

    preview: Annotated[bool, Meta(description="Only say what would happen")] = False
    confirmed: Annotated[bool, Meta(description="Yes to what must be said yes to, for the whole run")] = False
    request: Annotated[
        str, Meta(max_length=64, description="Your own name for it: asked again with the same name, it is the same run")
    ] = ""


class RunPreviewJson(msgspec.Struct, frozen=True):
    """What a run would do now."""

    units: Annotated[list[int], Meta(description="Of each step")]
    confirm: Annotated[list[NoticeJson], Meta(description="What must be said yes to")]
    refused: Annotated[list[NoticeJson], Meta(description="Units that would refuse it, and why")]


class RunJson(msgspec.Struct, frozen=True):
    """A run of a scene as it stands."""

    id: str
    name: Annotated[str, Meta(description="Of the scene, or of the schedule when it said itself what to do")]
    scene: str | None
    schedule: str | None
    state: RunState
    cancelling: bool
    reason: str
    steps: Annotated[int, Meta(description="How many steps it has")]
    items: Annotated[int, Meta(description="Units it was made for, counted once for each step")]
    counts: Annotated[dict[str, int], Meta(description="How many of them stand where")]
    progress: Annotated[float, Meta(description="0 to 1")]
    confirmed: bool
    planned_at: Annotated[str | None, Meta(description="When its schedule meant it to begin")]
    created_at: str
    created_by: str | None
    started_at: str | None
    finished_at: str | None


class RunItemJson(msgspec.Struct, frozen=True):
    """What became of one unit in one step."""

    number: int
    step: Annotated[int, Meta(description="Counted from 0")]
    unit: str
    state: RunItemState
    reason: str
    command: Annotated[str | None, Meta(description="The command it was asked with")]
    at: str | None


def spec_of(data: PutSceneRequest | SceneRequest) -> SceneSpec:
    """What a request says a scene does."""
    return SceneSpec(
        steps=data.steps, order=data.order, pace=data.pace, offline=data.offline, stop_on_failure=data.stop_on_failure
    )


def scene_to_json(scene: Scene) -> SceneJson:
    """As the API shows it."""
    spec = scene.spec
    return SceneJson(
        id=format_id(scene.id),
        name=scene.name,
        title=scene.title,
        order=spec.order,
        pace=spec.pace,
        offline=spec.offline,
        stop_on_failure=spec.stop_on_failure,
        steps=spec.steps,
        revision=scene.revision,
        created_at=format_instant(scene.created_at),
        updated_at=format_instant(scene.updated_at),
    )


def notice_to_json(notice: Notice) -> NoticeJson:
    """As the API shows it."""
    return NoticeJson(notice.step, notice.units, notice.product, notice.version, notice.reason, notice.confirm)


def preview_to_json(looked: Looked) -> RunPreviewJson:
    """As the API shows it."""
    return RunPreviewJson(
        units=[len(chosen) for chosen in looked.steps],
        confirm=[notice_to_json(notice) for notice in looked.confirmations],
        refused=[notice_to_json(notice) for notice in looked.notices if notice.reason],
    )


def run_to_json(run: Run) -> RunJson:
    """As the API shows it."""
    return RunJson(
        id=format_id(run.id),
        name=run.name,
        scene=format_id(run.scene_id) if run.scene_id else None,
        schedule=format_id(run.schedule_id) if run.schedule_id else None,
        state=run.state,
        cancelling=run.cancelling,
        reason=run.reason,
        steps=len(run.spec.steps),
        items=run.items,
        counts={state.value: count for state, count in sorted(run.counts.items())},
        progress=_progress(run),
        confirmed=run.confirmed,
        planned_at=_instant(run.planned_at),
        created_at=format_instant(run.created_at),
        created_by=format_id(run.caller.actor_id) if run.caller.actor_id else None,
        started_at=_instant(run.started_at),
        finished_at=_instant(run.finished_at),
    )


def _progress(run: Run) -> float:
    under_way = (RunItemState.WAITING, RunItemState.BEGUN, RunItemState.ASKED, RunItemState.UNDOING)
    left = sum(run.counts.get(state, 0) for state in under_way)
    return round(1 - left / run.items, 4) if run.items else 1.0


def item_to_json(item: RunItem) -> RunItemJson:
    """As the API shows it."""
    return RunItemJson(
        number=item.number,
        step=item.step,
        unit=format_id(item.unit_id),
        state=item.state,
        reason=item.reason,
        command=format_id(item.command_id) if item.command_id else None,
        at=_instant(item.at),
    )


def _instant(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

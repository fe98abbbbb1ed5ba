# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.scenes`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from monokoto.client.types.shared import Offline, Order, ScenesStep, StopOnFailure


class Notice(Struct, frozen=True, kw_only=True):
    """What a look at the scene found."""

    step: int
    """Counted from 0"""
    units: int
    product: str
    version: str
    reason: str
    """Why these units would refuse it; empty: they would not"""
    confirm: str
    """What must be said yes to; empty: nothing"""


class Run(Struct, frozen=True, kw_only=True):
    """A run of a scene as it stands."""

    id: str
    name: str
    """Of the scene, or of the schedule when it said itself what to do"""
    scene: str | None
    schedule: str | None
    state: RunState
    cancelling: bool
    reason: str
    steps: int
    """How many steps it has"""
    items: int
    """Units it was made for, counted once for each step"""
    counts: dict[str, int]
    """How many of them stand where"""
    progress: float
    """0 to 1"""
    confirmed: bool
    planned_at: str | None
    """When its schedule meant it to begin"""
    created_at: str
    created_by: str | None
    started_at: str | None
    finished_at: str | None


class RunItem(Struct, frozen=True, kw_only=True):
    """What became of one unit in one step."""

    number: int
    step: int
    """Counted from 0"""
    unit: str
    state: RunItemState
    reason: str
    command: str | None
    """The command it was asked with"""
    at: str | None


class RunItemPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[RunItem]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RunItemState(StrEnum):
    """What became of one unit in one step."""

    WAITING = "waiting"
    BEGUN = "begun"
    ASKED = "asked"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"
    LEFT = "left"
    UNDOING = "undoing"
    UNDONE = "undone"
    KEPT = "kept"


class RunPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Run]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class RunPreview(Struct, frozen=True, kw_only=True):
    """What a run would do now."""

    units: list[int]
    """Of each step"""
    confirm: list[Notice]
    """What must be said yes to"""
    refused: list[Notice]
    """Units that would refuse it, and why"""


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    MISSED = "missed"
    UNDOING = "undoing"
    UNDONE = "undone"


class SavedScene(Struct, frozen=True, kw_only=True):
    """A scene as it was saved, and what would be refused if it were run now."""

    scene: Scene
    warnings: list[Notice]


class Scene(Struct, frozen=True, kw_only=True):
    """A scene."""

    id: str
    name: str
    title: str
    order: Order
    pace: int
    offline: Offline
    stop_on_failure: StopOnFailure | None
    steps: list[ScenesStep]
    revision: int
    """Also its ETag"""
    created_at: str
    updated_at: str


class ScenePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Scene]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

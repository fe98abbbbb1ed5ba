# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.jobs`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct

from monokoto.client.types.shared import Scope


class ItemState(StrEnum):
    """What became of one unit."""

    WAITING = "waiting"
    BEGUN = "begun"
    DONE = "done"
    UNCHANGED = "unchanged"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"
    KEPT = "kept"


class Job(Struct, frozen=True, kw_only=True):
    """A job as it stands."""

    id: str
    kind: str
    parameters: dict[str, Any]
    selection: Selection
    pace: int
    state: JobState
    cancelling: bool
    reason: str
    items: int
    """Units it was made for; chosen when it was made"""
    counts: dict[str, int]
    """How many of them stand where"""
    progress: float
    """0 to 1, of what it is at: doing, or undoing"""
    undoable: bool
    """Whether undo would be taken now"""
    created_at: str
    created_by: str | None
    started_at: str | None
    finished_at: str | None


class JobItem(Struct, frozen=True, kw_only=True):
    """What became of one unit."""

    number: int
    unit: str
    state: ItemState
    reason: str
    before: dict[str, Any] | None
    """What stood there before, of what was changed"""
    at: str | None


class JobItemPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[JobItem]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class JobKind(Struct, frozen=True, kw_only=True):
    """A kind of job."""

    name: str
    title: str
    scope: Scope
    undoable: bool
    parameters: dict[str, Any]
    """JSON Schema of its parameters"""


class JobPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Job]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"


class Looked(Struct, frozen=True, kw_only=True):
    """What would happen to one unit."""

    unit: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    refusal: str
    """Why it would be refused; empty: it would not"""


class Preview(Struct, frozen=True, kw_only=True):
    """What a job would do. `changed`, `unchanged` and `refused` are of the `looked_at` first units of the selection."""

    selected: int
    looked_at: int
    changed: int
    unchanged: int
    refused: int
    undoable: bool
    sample: list[Looked]
    """Refusals first, then changes"""


class Selection(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which units: these ids, or all for which every condition holds (the same as of `GET /api/v1/units`)."""

    ids: list[str] | None = None
    product: str = ""
    version: str = ""
    serial: str = ""
    serial_prefix: str = ""
    tags: list[str] = []
    parent: str = ""
    below: str = ""
    status: list[str] = []
    text: str = ""
    online: bool | None = None
    claimed: bool | None = None
    box: str = ""

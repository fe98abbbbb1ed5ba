"""A run of a scene: which units it chose, and what became of each.

An item is one unit in one step: `waiting` → `begun` → `asked` (a command is on its way) → `done`, `failed` or `cancelled`.
Desired values need no answer: `begun` → `done`, or `unchanged` where they were desired already. `skipped`: not connected, and
the scene says to leave those out; `left`: the run ended before its turn. What was desired before stands in the item before it
is changed, so that a run can be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import OrganisationId, SceneId, SceneRunId, ScheduleId
from monokoto.operate.scenes.scene import SceneSpec
from monokoto.web import Caller


class RunState(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    STOPPING = "stopping"
    """Too much failed: nothing new is begun."""
    DONE = "done"
    """Of every unit it is known what became of it; some may have failed."""
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    """It could not begin or go on at all; `reason` says why."""
    MISSED = "missed"
    """A schedule's time that passed while the platform was away."""
    UNDOING = "undoing"
    UNDONE = "undone"


OPEN_RUNS = (RunState.WAITING, RunState.RUNNING, RunState.STOPPING, RunState.UNDOING)


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
    """Not undone; `reason` says why."""


NO_SCENE, NO_SCHEDULE = SceneId(0), ScheduleId(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run as it stands."""

    id: SceneRunId
    organisation_id: OrganisationId
    caller: Caller
    """Who began it, without scopes: those were asked when it began."""
    scene_id: SceneId = NO_SCENE
    """0: no scene, but what a schedule says itself."""
    schedule_id: ScheduleId = NO_SCHEDULE
    name: str
    """Of the scene or schedule."""
    key: str = ""
    """Begun twice with one key, it is one run."""
    spec: SceneSpec
    """As it was when the run began."""
    state: RunState = RunState.WAITING
    confirmed: bool = False
    cancelling: bool = False
    reason: str = ""
    items: int = 0
    counts: Mapping[RunItemState, int] = field(default_factory=dict)
    planned_at: Instant | None = None
    """When its schedule meant it to begin."""
    created_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None

    @property
    def open(self) -> bool:
        """Whether there is something to do."""
        return self.state in OPEN_RUNS


@dataclass(frozen=True, slots=True, kw_only=True)
class RunItem:
    """One unit in one step of a run."""

    number: int
    """Counted from 1, in the order they are worked on."""
    step: int
    unit_id: int
    maker_id: int
    """0: the unit is not within reach."""
    state: RunItemState = RunItemState.WAITING
    reason: str = ""
    command_id: int = 0
    before: str | None = None
    """JSON: what was desired before of what the step changes."""
    at: Instant | None = None


def must_stop(spec: SceneSpec, counts: Mapping[RunItemState, int]) -> bool:
    """Whether so much failed that nothing more is to be begun."""
    stop = spec.stop_on_failure
    if stop is None:
        return False
    failed = counts.get(RunItemState.FAILED, 0)
    ended = failed + sum(counts.get(state, 0) for state in (RunItemState.DONE, RunItemState.UNCHANGED))
    return ended >= stop.of and failed * 100 > stop.percent * ended

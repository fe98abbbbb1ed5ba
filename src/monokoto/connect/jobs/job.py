"""A job: one change made to many units, planned before it is made, one unit after the other.

A unit's item goes `waiting` → `begun` → `done`, or ends as `unchanged` (there was nothing to do) or `failed` (with the
reason). Undoing takes `done` to `undoing` → `undone`, or to `kept` (with the reason: somebody changed it since). What stood
there before is written when the item is begun and before it is changed; so whoever takes up a job after a crash knows both
what to do again (the begun ones; every kind's `apply` may be repeated) and what to put back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import msgspec

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import JobId, OrganisationId, UnitId
from monokoto.web import Caller, Scope


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """Every item was looked at; some may have failed."""
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"
    FAILED = "failed"
    """It could not go on at all; `reason` says why."""


OPEN = (JobState.WAITING, JobState.RUNNING, JobState.UNDOING)
"""There is something to do."""


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


@dataclass(frozen=True, slots=True)
class Target:
    """A unit and the organisation in whose name the stores are asked about it."""

    unit_id: UnitId
    maker_id: OrganisationId


@dataclass(frozen=True, slots=True)
class Plan:
    """What would happen to one unit."""

    before: Mapping[str, Any] | None
    """What stands there now of what would be changed (plain JSON); None: nothing would be changed."""
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return self.before is not None


UNCHANGED = Plan(None)


class Selection(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
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


class Selector(Protocol):
    """Turns a selection into units. Blocking; called in a thread."""

    def targets(self, caller: Caller, selection: Selection, *, limit: int) -> Sequence[Target]:
        """The units of the selection within the caller's reach, in a stable order, at most `limit`.

        Raises: NotFound for an id that is not within reach, Invalid for a condition that is none.
        """
        ...


class JobKind(Protocol):
    """One thing that can be done to many units. Kinds live in the slices whose things they change.

    `apply` and `undo` are repeatable: doing either twice is the same as once. Both raise a MonokotoError for a unit it
    cannot be done to (the job goes on with the next), Unavailable when it may be tried again later (the job waits).
    """

    @property
    def name(self) -> str:
        """`slice.verb`, as in `units.tag`."""
        ...

    @property
    def title(self) -> str:
        """What it does, for people."""
        ...

    @property
    def scope(self) -> Scope:
        """What a caller needs to ask for it."""
        ...

    @property
    def parameters(self) -> type[msgspec.Struct]:
        """The struct its parameters are read into."""
        ...

    @property
    def undoable(self) -> bool:
        """Whether `undo` can be asked for."""
        ...

    @property
    def makers_only(self) -> bool:
        """Whether only the organisation that made a unit may do it."""
        ...

    async def plan(self, caller: Caller, target: Target, parameters: Any) -> Plan:
        """What would happen; raises what `apply` would raise, as far as that can be known."""
        ...

    async def apply(self, caller: Caller, target: Target, parameters: Any) -> None:
        """Do it."""
        ...

    async def undo(self, caller: Caller, target: Target, parameters: Any, before: Mapping[str, Any]) -> None:
        """Put back what stood there before; raises Conflict when somebody has changed it since."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as it stands."""

    id: JobId
    organisation_id: OrganisationId
    kind: str
    parameters: str
    """JSON."""
    selection: str
    """JSON, as it was asked; the units it chose stand with the job since it was made."""
    pace: int
    """Units a second at most; 0: as fast as it goes."""
    caller: Caller
    state: JobState
    cancelling: bool = False
    reason: str = ""
    items: int
    counts: Mapping[ItemState, int] = field(default_factory=dict)
    created_at: Instant
    started_at: Instant | None = None
    finished_at: Instant | None = None

    @property
    def open(self) -> bool:
        """Whether there is something to do."""
        return self.state in OPEN


@runtime_checkable
class OfJob(Protocol):
    """A kind that wants to know of which job it is."""

    def of_job(self, job: Job) -> JobKind:
        """The same, of this job."""
        ...


@runtime_checkable
class Stopping(Protocol):
    """A kind that may find in the middle that no more units are to be worked on."""

    async def stop_reason(self, parameters: Any) -> str:
        """Why to stop; empty: go on."""
        ...


@runtime_checkable
class Careful(Protocol):
    """A kind that learns of failures only after its items are done, and begins no more than it could stand to see fail."""

    async def room(self, parameters: Any) -> int:
        """How many more units may be begun now; 0: ask again in a moment."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One unit of a job."""

    number: int
    """Counted from 1."""
    target: Target
    state: ItemState
    reason: str = ""
    before: str | None = None
    at: Instant | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """One unit as a preview sees it."""

    target: Target
    plan: Plan
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a job would do."""

    selected: int
    looked_at: int
    """How many of them were looked at one by one; the next three are of these."""
    changed: int
    unchanged: int
    refused: int
    undoable: bool
    sample: tuple[Looked, ...]

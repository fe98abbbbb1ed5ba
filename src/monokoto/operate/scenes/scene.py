"""A scene: what is asked of which units, under a name, to be run again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, SceneId, parse_id
from monokoto.kernel.limits import (
    COMMAND_SECONDS_MAX,
    GROUP_MEMBERS_MAX,
    NAME_LENGTH_MAX,
    SCENE_BYTES_MAX,
    SCENE_PACE_MAX,
    SCENE_STEPS_MAX,
    TAG_LENGTH_MAX,
    TAGS_PER_UNIT_MAX,
)


class Order(StrEnum):
    """How the steps follow each other."""

    SEQUENCE = "sequence"
    """A step begins when of every unit of the one before it is known what became of it."""
    TOGETHER = "together"


class Offline(StrEnum):
    """What happens with a unit that is not connected when its turn comes."""

    QUEUE = "queue"
    """It is asked, and hears of it when it is back, until the command expires; desired values wait for ever."""
    SKIP = "skip"


class StepUnits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which units: one group, or these, or all that meet the conditions. Looked up when the scene is run."""

    group: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="Its name or id")] = ""
    ids: Annotated[list[str], Meta(max_length=GROUP_MEMBERS_MAX)] = []
    product: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = ""
    tags: Annotated[list[Annotated[str, Meta(max_length=TAG_LENGTH_MAX)]], Meta(max_length=TAGS_PER_UNIT_MAX)] = []
    below: Annotated[str, Meta(max_length=13, description="All parts of this unit, at every depth")] = ""

    @property
    def ways(self) -> int:
        """In how many of the three ways units are named; one is right."""
        return bool(self.group) + bool(self.ids) + bool(self.product or self.tags or self.below)


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One action with its input, or a set of desired values, for some units."""

    units: StepUnits
    action: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = ""
    input: Annotated[Any, Meta(description="What goes into the action")] = None
    desired: Annotated[
        dict[str, Any] | None, Meta(description="A JSON merge patch (RFC 7396) of the desired state")
    ] = None
    expires_seconds: Annotated[
        int, Meta(ge=0, le=COMMAND_SECONDS_MAX, description="Until a command expires; 0: as the action says")
    ] = 0


class StopOnFailure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When to leave off: more than `percent` of at least `of` units that came to an end have failed."""

    percent: Annotated[float, Meta(ge=0, le=100)]
    of: Annotated[int, Meta(ge=1)] = 1


class SceneSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a scene does, whatever it is called."""

    steps: Annotated[list[Step], Meta(max_length=SCENE_STEPS_MAX)]
    order: Order = Order.SEQUENCE
    pace: Annotated[int, Meta(ge=0, le=SCENE_PACE_MAX, description="Units a second at most; 0: as fast as it goes")] = 0
    offline: Offline = Offline.QUEUE
    stop_on_failure: StopOnFailure | None = None

    def faults(self, where: str = "") -> Iterator[Fault]:
        """Everything wrong with it that can be told without looking anything up."""
        if not self.steps:
            yield Fault(place=f"{where}steps", reason="say at least one")
        if len(msgspec.json.encode(self)) > SCENE_BYTES_MAX:
            yield Fault(place=where.rstrip("/") or "steps", reason=f"larger than {SCENE_BYTES_MAX} bytes")
        for number, step in enumerate(self.steps):
            place = f"{where}steps/{number}"
            if step.units.ways != 1:
                yield Fault(place=f"{place}/units", reason="name a group, or ids, or conditions: one of these")
            if bool(step.action) == (step.desired is not None):
                yield Fault(place=place, reason="say either an `action` or what is `desired`")
            if step.desired is not None and not step.desired:
                yield Fault(place=f"{place}/desired", reason="is empty")
            if step.desired is not None and (step.input is not None or step.expires_seconds):
                yield Fault(place=place, reason="`input` and `expires_seconds` belong to an action")
            for text in (*step.units.ids, *([step.units.below] if step.units.below else ())):
                try:
                    parse_id(text, what=f"{place}/units")
                except Invalid as error:
                    yield from error.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scene as it is kept."""

    id: SceneId
    organisation_id: OrganisationId
    name: str
    title: str
    spec: SceneSpec
    revision: int
    created_at: Instant
    created_by: int
    updated_at: Instant


@dataclass(frozen=True, slots=True)
class Notice:
    """What a look at a scene found about units of one version of a product, or about a whole step."""

    step: int
    """Counted from 0."""
    units: int
    product: str = ""
    version: str = ""
    reason: str = ""
    """Why it would be refused; empty: it would not."""
    confirm: str = ""
    """What somebody must say yes to; empty: nothing."""

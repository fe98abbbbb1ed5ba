"""What a topic means for an application. Each names its unit; docs/topics.md is the manual."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from monokoto.connect.gateway.applications.live import EVERY, Aspect
from monokoto.connect.gateway.connections.topics import Refusal, overlap
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import NAME_LENGTH_MAX
from monokoto.mqtt import Reason, matches

PREFIX: Final = "koto/v1/units/"
TELEMETRY: Final = "telemetry"
_ROOT: Final = ["koto", "v1", "units"]
_TOLD: Final = tuple(
    (pattern.split("/"), aspect)
    for pattern, aspect in (
        (TELEMETRY, Aspect.VALUES),
        ("properties/+", Aspect.VALUES),
        ("events/+", Aspect.EVENTS),
        ("desired", Aspect.DESIRED),
        ("presence", Aspect.PRESENCE),
        ("actions/+/+/status", Aspect.STATUS),
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a filter asks for."""

    unit_id: int
    """Or `EVERY`."""
    tail: str
    """The filter behind the unit."""
    aspects: Aspect
    property: str = ""
    """The property it asks for by name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a publish asks for: the verb and name of `live.Control`."""

    unit_id: int
    verb: str
    name: str = ""


@lru_cache(maxsize=16_384)
def wanted_by(topic_filter: str) -> Wanted | Refusal:
    """What a filter asks for, or why nobody is ever told anything there."""
    levels = topic_filter.split("/")
    if levels[:3] != _ROOT or len(levels) < 5:
        return Refusal(Reason.TOPIC_FILTER_INVALID, f"applications are told on {PREFIX}{{unit}}/...")
    try:
        unit_id = EVERY if levels[3] == "+" else _unit_in(levels[3])
    except Invalid:
        return Refusal(Reason.NOT_AUTHORIZED, "there is no such unit")
    tail = levels[4:]
    aspects = Aspect(0)
    for pattern, aspect in _TOLD:
        if overlap(tail, pattern):
            aspects |= aspect
    if not aspects:
        return Refusal(Reason.TOPIC_FILTER_INVALID, "applications are never told anything there")
    named = tail[1] if len(tail) == 2 and tail[0] == "properties" and tail[1] not in ("+", "#") else ""
    return Wanted(unit_id, "/".join(tail), aspects, named)


def asked_by(topic: str) -> Asked | Refusal:
    """What a publish to the topic asks for."""
    levels = topic.split("/")
    if levels[:3] == _ROOT and len(levels) > 4 and all(0 < len(level) <= NAME_LENGTH_MAX for level in levels[3:]):
        try:
            unit_id = _unit_in(levels[3])
        except Invalid:
            return Refusal(Reason.NOT_AUTHORIZED, "there is no such unit")
        match levels[4:]:
            case ["properties", name, "set"]:
                return Asked(unit_id, "property", name)
            case ["desired"]:
                return Asked(unit_id, "desired")
            case ["actions", name]:
                return Asked(unit_id, "action", name)
    return Refusal(
        Reason.TOPIC_NAME_INVALID, "applications publish .../properties/{name}/set, /desired, /actions/{name}"
    )


def _unit_in(level: str) -> int:
    """The unit's id. Raises Invalid, also for what would be read as `EVERY`."""
    unit_id = parse_id(level)
    if unit_id == EVERY:
        raise Invalid("No unit has this id.")
    return unit_id


def topic_of(unit_id: int, tail: str) -> str:
    """A unit's topic."""
    return f"{PREFIX}{format_id(unit_id)}/{tail}"


covers = lru_cache(maxsize=65_536)(matches)
"""Whether a filter covers a topic, both without what stands in front of them; asked for the same few again and again."""

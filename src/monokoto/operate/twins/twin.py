"""A twin: what a unit reports about itself, and what its maker wants of it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from monokoto.kernel.values import Kind

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReportedValue:
    """The value of one property, the unit's own time of it, and when it arrived (both in microseconds)."""

    kind: Kind
    value: Any
    """int, float, bool, str; `msgspec.Raw` for objects and arrays."""
    at: int
    arrived: int

    @property
    def plain(self) -> Any:
        """The value with objects and arrays decoded."""
        return msgspec.json.decode(self.value) if isinstance(self.value, msgspec.Raw) else self.value


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What a unit said last, property by property, by its own time."""

    revision: int = 0
    """When the newest of the messages arrived that this state holds a value of. A function of the state alone: the same
    after any restart, replay or rebuild, and rising, because of one unit arrival rises. 0: nothing was reported yet."""
    properties: Mapping[str, ReportedValue] = field(default_factory=dict)
    """By name, sorted."""

    @property
    def at(self) -> int | None:
        """The newest time of any value; None when there is none."""
        return max((value.at for value in self.properties.values()), default=None)

    @cached_property
    def tag(self) -> str:
        """Tells two states apart even where two gateways' clocks disagree and revision alone might not."""
        digest = 0
        for name, value in self.properties.items():
            digest = zlib.crc32(f"{name} {value.at} {value.arrived};".encode(), digest)
        return f"{self.revision}-{digest:08x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """What is wanted of a unit; every change makes the next revision."""

    revision: int = 0
    """Counts from 1; 0: nothing was ever desired."""
    at: int | None = None
    by: int = 0
    """The API key that asked."""
    properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One unit's reported and desired state."""

    unit_id: int
    product: str
    reported: Reported
    desired: Desired

    @property
    def drift(self) -> Properties:
        """Desired values the unit has not reported."""
        return drift(self.desired.properties, self.reported)

    @property
    def tag(self) -> str:
        """Changes whenever anything in the twin does."""
        return f"{self.reported.tag}-{self.desired.revision}"


def drift(desired: Properties, reported: Reported) -> Properties:
    """The desired values that are not reported, or reported otherwise."""
    held = reported.properties
    return {name: value for name, value in desired.items() if name not in held or not same(value, held[name].plain)}


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 equals 1.0, but not true; members of an object have no order."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def merge_patch(target: Any, patch: Any) -> Any:
    """The target after a JSON merge patch (RFC 7396, section 2). Neither is changed."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def drift_since(desired: Desired, reported: Reported) -> dict[str, int]:
    """Each property that is desired and not reported, and since when: when it was desired, or when the unit last reported
    something else, whichever is later. An instant in microseconds of the event's own time."""
    since: dict[str, int] = {}
    for name in drift(desired.properties, reported):
        held = reported.properties.get(name)
        since[name] = max(desired.at or 0, 0 if held is None else held.at)
    return since

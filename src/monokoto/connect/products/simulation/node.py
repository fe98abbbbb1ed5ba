"""Reading a part of the `simulation:` section: its value, its place, and every fault found in it."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monokoto.kernel import durations
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.durations import MICROSECONDS_OF
from monokoto.kernel.errors import Fault

SECONDS_PER_DAY = 86_400.0
_UNITS = {unit: MICROSECONDS_OF[unit] for unit in ("ms", "s", "m", "h", "d")}


@dataclass(slots=True)
class Node:
    """A part of the section with its place, that collects what is wrong with it."""

    value: Any
    place: str
    faults: list[Fault]
    depth: int = 0
    earlier: frozenset[str] = frozenset()
    """The properties generated before this one."""

    def fault(self, reason: str, key: object = None) -> None:
        """Note what is wrong here, or at a key of it."""
        self.faults.append(Fault(reason=reason, place=self.place if key is None else f"{self.place}/{_escape(key)}"))

    def child(self, key: object) -> Node:
        """The part under a key or an index."""
        value = self.value[key]
        return Node(value, f"{self.place}/{_escape(key)}", self.faults, self.depth + 1, self.earlier)

    def fields(self, known: Iterable[str], required: Iterable[str] = ()) -> bool:
        """Whether it is a mapping; keys that are unknown or missing are faults."""
        if not isinstance(self.value, Mapping):
            self.fault(f"is {kind_of(self.value)}, a mapping is expected")
            return False
        names = tuple(known)
        for key in self.value:
            if key not in names:
                self.fault(f"is not known here{suggestion(str(key), names)}; known: {', '.join(names)}", key)
        for key in required:
            if key not in self.value:
                self.fault(f"`{key}` is missing")
        return True

    def number(self, key: str, default: float, *, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number under a key."""
        if key not in self.value:
            return default
        value = self.value[key]
        if not is_number(value) or not low <= value <= high:
            bounds = f" between {low:g} and {high:g}" if low > -math.inf or high < math.inf else ""
            self.fault(f"is {kind_of(value)}, a number{bounds} is expected", key)
            return default
        return float(value)

    def seconds(self, key: str, default: float, *, positive: bool = True) -> float:
        """A duration under a key, such as 500ms, 5s, 10m, 6h, 2d or a number of seconds."""
        value = self.value.get(key, default)
        seconds = parse_duration(value)
        if seconds is None or (positive and not seconds):
            self.fault(f"is {kind_of(value)}, a duration such as 500ms, 5s, 10m, 6h or 2d is expected", key)
            return default
        return seconds


def parse_duration(value: object) -> float | None:
    """Seconds of `5s`, `1.5h`, `2d`, or of a plain number of seconds; None when it is not a duration."""
    if is_number(value):
        return float(value) if value >= 0 else None  # type: ignore[operator, arg-type]
    micros = durations.parse_duration(value, _UNITS)
    return None if micros is None else micros / MICROSECONDS_PER_SECOND


def suggestion(name: str, known: Iterable[str]) -> str:
    """`, did you mean ...?`, or nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f", did you mean `{near[0]}`?" if near else ""


def _escape(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def kind_of(value: object) -> str:
    names = {type(None): "empty", bool: "a boolean", str: "a text", list: "a list"}
    if isinstance(value, Mapping):
        return "a mapping"
    return names.get(type(value), f"{value!r:.40}")

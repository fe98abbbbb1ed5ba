"""A part of a rule: what is written of time and of numbers, and the files it may refer to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from monokoto.connect.products import Part, kind_of
from monokoto.kernel.durations import parse_duration
from monokoto.kernel.limits import RULE_SECONDS_MAX, RULE_TEXT_LENGTH_MAX

DURATION_RULE = "a duration such as 500 ms, 30 s, 5 min, 2 h, 7 d"


def is_number(value: object) -> bool:
    """Whether it is a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@dataclass(frozen=True, slots=True)
class Node(Part):
    """A part of a rule and its place."""

    text_length_max: ClassVar[int] = RULE_TEXT_LENGTH_MAX

    files: Mapping[str, str] = field(default_factory=dict)
    """Files the part may refer to."""
    used: set[str] = field(default_factory=set)

    def duration(self, key: str, default: int = 0, *, low: int = 1, high: int = RULE_SECONDS_MAX * 1_000_000) -> int:
        """Microseconds under a key."""
        if not self.has(key):
            return default
        micros = parse_duration(self.value[key])
        if micros is None:
            self.fault(f"must be {DURATION_RULE}, this is {kind_of(self.value[key])}", key)
            return max(default, low)
        if not low <= micros <= high:
            self.fault(f"must lie between {_shown(low)} and {_shown(high)}", key)
            return max(default, low)
        return micros

    def number(self, key: str, default: float, *, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number under a key."""
        if not self.has(key):
            return default
        value = self.value[key]
        if not is_number(value) or not low <= value <= high:
            bounds = f" between {low:g} and {high:g}" if low > -math.inf or high < math.inf else ""
            self.fault(f"must be a number{bounds}, this is {kind_of(value)}", key)
            return default
        return float(value)


def _shown(micros: int) -> str:
    for unit, length in (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000)):
        if micros >= length:
            return f"{micros / length:g} {unit}"
    return f"{micros / 1000:g} ms"

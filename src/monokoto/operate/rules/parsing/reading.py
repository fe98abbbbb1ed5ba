"""A part of what is written: its value, its place, and the report that takes what is wrong with it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monokoto.connect.products import Report, child, suggestion
from monokoto.kernel.limits import RULE_SECONDS_MAX, RULE_TEXT_LENGTH_MAX

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_UNITS = {
    **dict.fromkeys(("ms",), 1_000),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1_000_000),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60_000_000),
    **dict.fromkeys(("h", "hour", "hours"), 3_600_000_000),
    **dict.fromkeys(("d", "day", "days"), 86_400_000_000),
    **dict.fromkeys(("w", "week", "weeks"), 604_800_000_000),
}
"""Microseconds of each unit of time."""
DURATION_RULE = "a duration such as 500 ms, 30 s, 5 min, 2 h, 7 d"
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")


def parse_duration(value: object) -> int | None:
    """Microseconds of `30 s`, `5 min`, `1.5h`, `7 d`; None when it is no duration. A number without a unit is none."""
    match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or match[2] not in _UNITS or len(match[1]) > 20:
        return None
    return round(float(match[1]) * _UNITS[match[2]])


def is_number(value: object) -> bool:
    """Whether it is a finite JSON number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def kind_of(value: object) -> str:
    """What a value is, for a sentence."""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    names = {type(None): "nothing", str: f"the text {str(value)[:40]!r}", list: "a list", dict: "a mapping"}
    return names.get(type(value), f"the number {str(value)[:40]}")


@dataclass(frozen=True, slots=True)
class Node:
    """A part and its place. What reads a member answers a harmless value where the member is wrong: the fault is told."""

    value: Any
    place: str
    report: Report
    files: Mapping[str, str] = field(default_factory=dict)
    """Files the part may refer to."""
    used: set[str] = field(default_factory=set)

    def fault(self, reason: str, key: object = None) -> None:
        """What is wrong here, or with a member."""
        self.report.add(self.place if key is None else child(self.place, str(key)), reason)

    def child(self, key: str | int) -> Node:
        """The member under a key or an index; nothing where there is none."""
        found = self.value[key] if isinstance(key, int) else self.value.get(key)
        return Node(found, child(self.place, key), self.report, self.files, self.used)

    def has(self, key: str) -> bool:
        """Whether it says anything under this key."""
        return isinstance(self.value, dict) and key in self.value

    def fields(self, known: Iterable[str], required: Iterable[str] = (), *, what: str) -> bool:
        """Whether it is a mapping; keys that are unknown or missing are faults."""
        if not isinstance(self.value, dict):
            self.fault(f"{what} is a mapping, this is {kind_of(self.value)}")
            return False
        names = tuple(known)
        for key in self.value:
            if key not in names:
                near = suggestion(key, names) or f"; there are {', '.join(names)}"
                self.fault(f"{what} has no `{key[:80]}`{near}", key)
        for key in required:
            if key not in self.value:
                self.fault(f"{what} needs `{key}`")
        return True

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

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        """One of some words under a key."""
        if not self.has(key):
            return default
        value, known = self.value[key], tuple(words)
        if value not in known:
            near = suggestion(value, known) if isinstance(value, str) else ""
            self.fault(f"must be one of {', '.join(known)}, this is {kind_of(value)}{near}", key)
            return default
        return str(value)

    def text(self, key: str, default: str = "", *, length_max: int = RULE_TEXT_LENGTH_MAX) -> str:
        """A text under a key."""
        if not self.has(key):
            return default
        value = self.value[key]
        if not isinstance(value, str) or not value.strip():
            self.fault(f"must be a text, this is {kind_of(value)}", key)
            return default
        if len(value) > length_max:
            self.fault(f"has {len(value)} characters; at most {length_max}", key)
            return default
        return value

    def translated(self, key: str) -> dict[str, str]:
        """A text, or one for each language; under `""` the text without a language."""
        if not self.has(key):
            return {}
        if not isinstance(self.value[key], dict):
            found = self.text(key)
            return {"": found} if found else {}
        node = self.child(key)
        for tag in node.value:
            if not _LANGUAGE.fullmatch(tag):
                node.fault(f"{tag[:40]!r} is not a language tag such as `de` or `pt-BR`", tag)
        return {tag: node.text(tag) for tag in node.value}

    def names(self, key: str) -> tuple[str, ...]:
        """A text or a list of different texts under a key."""
        value = self.value.get(key)
        listed = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(one, str) and one for one in listed):
            self.fault("must be a name or a list of names", key)
            return ()
        if len(set(listed)) < len(listed):
            self.fault("names something twice", key)
        return tuple(dict.fromkeys(listed))


def _shown(micros: int) -> str:
    for unit, length in (("d", 86_400_000_000), ("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000)):
        if micros >= length:
            return f"{micros / length:g} {unit}"
    return f"{micros / 1000:g} ms"

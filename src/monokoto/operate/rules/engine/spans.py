"""How far back a rule looks: what has to be read of the past so that it begins as if it had always been there.

A rule that only compares what holds now needs nothing of it. A length adds up where one looks at the value of another: a
`for` of five minutes over an average of ten needs fifteen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from monokoto.kernel.limits import RULE_WINDOW_PANES
from monokoto.operate.conditions import Condition
from monokoto.operate.rules.engine.compiled import (
    Changed,
    CompiledRule,
    Event,
    Geofence,
    Held,
    Past,
    Peers,
    Previous,
    Rate,
    Sequence,
    SignalKind,
    Silent,
    Window,
)

READING_BEFORE_US = 3_600_000_000
"""Where the reading before the last one matters, it is looked for so far back."""


def _window(kind: Window) -> int:
    return kind.over_us + (kind.every_us or _part(kind.over_us))


def _part(over_us: int) -> int:
    return -(-over_us // RULE_WINDOW_PANES)


_SPANS: Mapping[type, Callable[[Any], int]] = {
    Changed: lambda _: READING_BEFORE_US,
    Event: lambda kind: max(kind.for_us, 1),
    Geofence: lambda kind: kind.dwell_us,
    Held: lambda kind: kind.for_us,
    Past: lambda kind: kind.ago_us + kind.over_us,
    Peers: lambda kind: 2 * kind.over_us,
    Previous: lambda _: READING_BEFORE_US,
    Rate: lambda kind: kind.over_us + _part(kind.over_us),
    Sequence: lambda kind: kind.within_us,
    Silent: lambda kind: kind.for_us,
    Window: _window,
}
"""Microseconds before now from which readings matter; what is not here holds nothing of the past."""


def conditions_of(kind: SignalKind) -> list[Condition]:
    """The expressions a signal looks at."""
    found = [getattr(kind, field, None) for field in ("expression", "latitude", "longitude")]
    return [one for one in found if one is not None] + list(getattr(kind, "steps", ()))


def span_of(rule: CompiledRule) -> int:
    """Microseconds; 0: it needs nothing of the past."""
    spans: dict[str, int] = {}
    for spec in rule.signals:
        own = _SPANS.get(type(spec.kind), lambda _: 0)(spec.kind)
        below = [spans.get(name, 0) for condition in conditions_of(spec.kind) for name in condition.names]
        spans[spec.name] = own + max(below, default=0)
    return rule.hold_us + rule.clear_hold_us + max(spans.values(), default=0)


def wants_every_reading(rule: CompiledRule) -> bool:
    """Whether readings of properties it does not name matter to it, too."""
    return any(
        isinstance(spec.kind, Changed | Sequence) or (isinstance(spec.kind, Silent) and not spec.kind.properties)
        for spec in rule.signals
    )


def events_of(rule: CompiledRule) -> set[str]:
    """The events it looks at."""
    return {spec.kind.event for spec in rule.signals if isinstance(spec.kind, Event)}

"""How a virtual unit obeys: what it does when it is asked to act, and when something is desired of it.

```yaml
simulation:
  actions:
    boost: {takes: {from: 5s, to: 20s}, progress: 2s, refuses: 2%, fails: 5%, silent: 1%,
            error: The relay is stuck, output: {object: {watts: {constant: 800}}}, sets: {mode: heat}}
  desired: {after: 3s, refuses: 5%, leaves: [display_text]}
```

Everything by chance comes from a unit's own dice, one throw after the other: the same seed and the same commands, the same fate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from monokoto.connect.products.model import ActionModel, EventModel, PropertyModel
from monokoto.connect.products.simulation.generators import Generator, read_generator
from monokoto.connect.products.simulation.node import Node, suggestion

_ACTION_FIELDS = ("takes", "progress", "refuses", "fails", "silent", "error", "output", "sets", "tells")
_DESIRED_FIELDS = ("after", "refuses", "leaves")


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAction:
    """How one action goes. The shares are of all times it is asked; the rest goes well."""

    seconds: tuple[float, float] = (0.0, 0.0)
    """The shortest and the longest time it takes; in between all as likely."""
    progress_seconds: float = 0.0
    """How often it says how far it is; 0: only that it has begun."""
    refuses: float = 0.0
    """Says no at once."""
    fails: float = 0.0
    """Takes its time, and fails."""
    silent: float = 0.0
    """Says that it has it, and never anything more."""
    error: str = "it did not work"
    output: Generator | None = None
    """None: the plainest value its schema lets through."""
    sets: Mapping[str, Any] = field(default_factory=dict)
    """Properties that have this value once it went well; None lets one live by its generator again."""
    tells: Mapping[str, Generator | None] = field(default_factory=dict)
    """Events it tells once it went well, with what makes their data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedDesire:
    """How a unit takes over what is desired."""

    after_seconds: float = 0.0
    refuses: float = 0.0
    """The share of desired states it does not take over; it is told again when it comes back."""
    leaves: frozenset[str] = frozenset()
    """Properties it never takes over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a unit does about one command."""

    seconds: float = 0.0
    progress_seconds: float = 0.0
    silent: bool = False
    error: str = ""
    """Empty: it goes well."""
    output: Generator | None = None
    sets: Mapping[str, Any] = field(default_factory=dict)
    tells: Mapping[str, Generator | None] = field(default_factory=dict)


def deed(action: SimulatedAction, dice: Random) -> Deed:
    """What comes of it this time; always three throws."""
    chance, span, low = dice.random(), dice.random(), action.seconds[0]
    seconds = low + span * (action.seconds[1] - low)
    if chance < action.refuses:
        return Deed(error="refused: " + action.error)
    if chance < action.refuses + action.silent:
        return Deed(silent=True)
    bad = chance < action.refuses + action.silent + action.fails
    return Deed(
        seconds=seconds,
        progress_seconds=action.progress_seconds,
        error=action.error if bad else "",
        output=action.output,
        sets={} if bad else action.sets,
        tells={} if bad else action.tells,
    )


def read_actions(
    node: Node,
    actions: Mapping[str, ActionModel],
    properties: Mapping[str, PropertyModel],
    events: Mapping[str, EventModel],
) -> dict[str, SimulatedAction]:
    """`actions:` of the section; faults are in the node."""
    found: dict[str, SimulatedAction] = {}
    if not node.fields(node.value if isinstance(node.value, Mapping) else ()):
        return found
    for name in node.value:
        inner = node.child(name)
        if name not in actions:
            inner.fault(f"is no action of the product{suggestion(str(name), actions)}")
        if inner.fields(_ACTION_FIELDS):
            found[str(name)] = _action(inner, properties, events)
    return found


def _action(node: Node, properties: Mapping[str, PropertyModel], events: Mapping[str, EventModel]) -> SimulatedAction:
    shares = {name: _share(node, name) for name in ("refuses", "fails", "silent")}
    if sum(shares.values()) > 1:
        node.fault("refuses, fails and is silent more often than it is asked")
    error = node.value.get("error", "it did not work")
    if not isinstance(error, str):
        node.fault("is not a text", "error")
    return SimulatedAction(
        seconds=_span(node),
        progress_seconds=node.seconds("progress", 0.0, positive=False),
        error=str(error),
        output=read_generator(node.child("output")) if "output" in node.value else None,
        sets=_sets(node, properties),
        tells=_tells(node, events),
        **shares,
    )


def _span(node: Node) -> tuple[float, float]:
    if not isinstance(node.value.get("takes"), Mapping):
        seconds = node.seconds("takes", 0.0, positive=False)
        return seconds, seconds
    inner = node.child("takes")
    inner.fields(("from", "to"), ("from", "to"))
    low, high = inner.seconds("from", 0.0, positive=False), inner.seconds("to", 0.0, positive=False)
    if high < low:
        inner.fault("ends before it begins")
    return low, high


def _share(node: Node, name: str) -> float:
    value = node.value.get(name, 0)
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            value = float(value.strip()[:-1]) / 100
        except ValueError:
            value = -1
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        node.fault("is not a share such as 5% or 0.05", name)
        return 0.0
    return float(value)


def _sets(node: Node, properties: Mapping[str, PropertyModel]) -> dict[str, Any]:
    value = node.value.get("sets", {})
    if not isinstance(value, Mapping):
        node.fault("is not a mapping from property to value", "sets")
        return {}
    for name in value:
        if name not in properties:
            node.child("sets").fault(f"is no property of the product{suggestion(str(name), properties)}", name)
    return dict(value)


def _tells(node: Node, events: Mapping[str, EventModel]) -> dict[str, Generator | None]:
    if "tells" not in node.value:
        return {}
    value = node.value["tells"]
    if not isinstance(value, Mapping):
        node.fault("is not a mapping from event to what makes its data", "tells")
        return {}
    inner = node.child("tells")
    for name in value:
        if name not in events:
            inner.fault(f"is no event of the product{suggestion(str(name), events)}", name)
    return {str(name): None if made is None else read_generator(inner.child(name)) for name, made in value.items()}


def read_desired(node: Node, properties: Mapping[str, PropertyModel]) -> SimulatedDesire:
    """`desired:` of the section; faults are in the node."""
    if not node.fields(_DESIRED_FIELDS):
        return SimulatedDesire()
    leaves = node.value.get("leaves", [])
    if not isinstance(leaves, list):
        node.fault("is not a list of properties", "leaves")
        leaves = []
    for name in leaves:
        if name not in properties:
            node.fault(f"{name!r} is no property of the product{suggestion(str(name), properties)}", "leaves")
    return SimulatedDesire(
        after_seconds=node.seconds("after", 0.0, positive=False),
        refuses=_share(node, "refuses"),
        leaves=frozenset(map(str, leaves)),
    )

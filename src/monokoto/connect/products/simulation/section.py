"""The section as a whole: when a virtual unit sends, when it is away, which generator makes which property."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from monokoto.connect.products.model import ActionModel, EventModel, PropertyModel
from monokoto.connect.products.simulation.acts import SimulatedAction, SimulatedDesire, read_actions, read_desired
from monokoto.connect.products.simulation.generators import NUMERIC, Generator, nothing, read_generator, states_of
from monokoto.connect.products.simulation.node import Node, suggestion
from monokoto.kernel.clock import Instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.values import Kind

EVERY_SECONDS_DEFAULT = 10.0
_FIELDS = ("every", "jitter", "start", "offline", "properties", "events", "actions", "desired")


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """How a unit is away: both lengths are means of an exponential distribution."""

    every_seconds: float
    seconds: float
    keep: bool = True
    """Whether it measures on and sends what it measured when it is back; otherwise that is lost with the unit's power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedProperty:
    """A property and what makes its value."""

    model: PropertyModel
    generator: Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedEvent:
    """An event that happens at random, on average every so many seconds."""

    name: str
    every_seconds: float
    data: Generator | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """A checked section."""

    every_seconds: float
    jitter: float = 0.0
    """The part of `every_seconds` by which a tick may come early or late; below 0.5, so that ticks keep their order."""
    start: Instant | None = None
    """When the units' lives begin; None: when the simulation is started."""
    absence: Absence | None = None
    properties: tuple[SimulatedProperty, ...] = ()
    events: tuple[SimulatedEvent, ...] = ()
    models: Mapping[str, PropertyModel] = field(default_factory=dict)
    """Every property of the product: also those that are not generated can be desired."""
    actions: Mapping[str, SimulatedAction] = field(default_factory=dict)
    """How actions go; those that are not here go well at once."""
    desire: SimulatedDesire = field(default_factory=SimulatedDesire)


def parse_simulation(
    section: Mapping[str, Any],
    properties: Mapping[str, PropertyModel],
    events: Mapping[str, EventModel] | None = None,
    actions: Mapping[str, ActionModel] | None = None,
    *,
    place: str = "/simulation",
) -> Simulation:
    """The simulation a section describes, for a product with these properties, events and actions.

    Raises:
        Invalid: with every fault, each with its place as a JSON pointer that starts with `place`.
    """
    node = Node(section, place, [])
    simulation = _read(node, properties, events or {}, actions or {})
    if node.faults:
        raise Invalid("the simulation section is not valid", faults=node.faults)
    return simulation


def _read(
    node: Node,
    properties: Mapping[str, PropertyModel],
    events: Mapping[str, EventModel],
    actions: Mapping[str, ActionModel],
) -> Simulation:
    if not node.fields(_FIELDS):
        return Simulation(every_seconds=EVERY_SECONDS_DEFAULT)
    every = node.seconds("every", EVERY_SECONDS_DEFAULT)
    return Simulation(
        every_seconds=every,
        jitter=_jitter(node, every),
        start=_start(node),
        absence=_absence(node.child("offline")) if "offline" in node.value else None,
        properties=_properties(node, properties),
        events=_events(node, events),
        models=properties,
        actions=read_actions(_mapping(node, "actions"), actions, properties, events),
        desire=read_desired(_mapping(node, "desired"), properties),
    )


def _jitter(node: Node, every: float) -> float:
    """A share such as 20%, or a duration, of `every`."""
    value = node.value.get("jitter", 0)
    if isinstance(value, str) and value.strip().endswith("%"):
        try:
            share = float(value.strip()[:-1]) / 100
        except ValueError:
            share = -1.0
    else:
        share = node.seconds("jitter", 0.0, positive=False) / every
    if not 0 <= share < 0.5:
        node.fault("is not between 0 and half of `every` (20%, 500ms)", "jitter")
        return 0.0
    return share


def _start(node: Node) -> Instant | None:
    value = node.value.get("start")
    if value is None:
        return None
    try:
        # YAML reads an unquoted time as a date-time object, whose text has a space and may lack the zone.
        return parse_instant(str(value))
    except ValueError as error:
        node.fault(str(error), "start")
        return None


def _absence(node: Node) -> Absence | None:
    if not node.fields(("every", "for", "keep"), ("every", "for")):
        return None
    keep = node.value.get("keep", True)
    if not isinstance(keep, bool):
        node.fault("is not true or false", "keep")
    return Absence(every_seconds=node.seconds("every", 3600.0), seconds=node.seconds("for", 60.0), keep=keep is True)


def _properties(node: Node, models: Mapping[str, PropertyModel]) -> tuple[SimulatedProperty, ...]:
    part = _mapping(node, "properties")
    found: list[SimulatedProperty] = []
    for name in part.value:
        inner = part.child(name)
        inner.earlier = frozenset(known.model.name for known in found)
        model = models.get(name)
        if model is None:
            inner.fault(f"is no property of the product{suggestion(str(name), models)}")
            continue
        found.append(SimulatedProperty(model=model, generator=read_generator(inner)))
        _check_kind(inner, model)
    return tuple(found)


def _mapping(node: Node, key: str) -> Node:
    part = Node(node.value.get(key) or {}, f"{node.place}/{key}", node.faults, node.depth + 1)
    if not isinstance(part.value, Mapping):
        part.fault("is not a mapping")
        part.value = {}
    return part


_MADE = {"chance": Kind.BOOLEAN, "object": Kind.OBJECT, "list": Kind.ARRAY}


def _check_kind(node: Node, model: PropertyModel) -> None:
    """What a generator surely makes must be what the property takes."""
    if not isinstance(node.value, Mapping):
        return
    for name, value in node.value.items():
        part = Node(value, f"{node.place}/{name}", node.faults)
        if name in NUMERIC and model.kind not in (Kind.NUMBER, Kind.INTEGER):
            part.fault(f"makes numbers, and {model.name} is {model.kind.name.lower()}")
        elif name in _MADE and model.kind is not _MADE[name]:
            part.fault(f"makes {_MADE[name].name.lower()}s, and {model.name} is {model.kind.name.lower()}")
        else:
            for place, literal in _literals(name, value):
                _check_literal(part, place, literal, model)


def _literals(name: str, value: Any) -> list[tuple[str, Any]]:
    """The values a generator gives as they stand in the section."""
    if name == "constant":
        return [("", value)]
    if name == "choice":
        listed = value.get("values") if isinstance(value, Mapping) else value
        prefix = "/values" if isinstance(value, Mapping) else ""
        return [(f"{prefix}/{index}", item) for index, item in enumerate(listed)] if isinstance(listed, list) else []
    if name == "daily" and isinstance(value, Mapping):
        return [(f"/{key}", item) for key, item in value.items()]
    changes = value.get("changes") if name == "states" and isinstance(value, Mapping) else None
    return [(f"/changes/{state}", state) for state in states_of(changes)] if isinstance(changes, Mapping) else []


_LITERALS: dict[Kind, tuple[type, ...]] = {
    Kind.NUMBER: (int, float),
    Kind.INTEGER: (int,),
    Kind.BOOLEAN: (bool,),
    Kind.STRING: (str,),
    Kind.OBJECT: (dict,),
    Kind.ARRAY: (list,),
}


def _check_literal(node: Node, place: str, value: Any, model: PropertyModel) -> None:
    accepted = isinstance(value, _LITERALS[model.kind]) and (model.kind is Kind.BOOLEAN or not isinstance(value, bool))
    reason = ""
    if not accepted:
        reason = f"{value!r:.40} is no {model.kind.name.lower()}"
        if isinstance(value, bool):
            reason += ' (YAML reads on, off, yes and no as booleans: write "on")'
    elif model.enum and value not in model.enum:
        reason = f"{value!r:.40} is not in the enum of {model.name}{suggestion(str(value), map(str, model.enum))}"
    elif isinstance(value, int | float) and not isinstance(value, bool) and not _within(value, model):
        reason = f"{value!r:.40} is out of the range of {model.name}"
    if reason:
        node.faults.append(Fault(reason=reason, place=node.place + place))


def _within(value: float, model: PropertyModel) -> bool:
    low, high = model.minimum, model.maximum
    above, below = model.exclusive_minimum, model.exclusive_maximum
    return (
        (low is None or value >= low)
        and (high is None or value <= high)
        and (above is None or value > above)
        and (below is None or value < below)
    )


def _events(node: Node, models: Mapping[str, EventModel]) -> tuple[SimulatedEvent, ...]:
    part = _mapping(node, "events")
    found = []
    for name in part.value:
        inner = part.child(name)
        if name not in models:
            inner.fault(f"is no event of the product{suggestion(str(name), models)}")
        if not inner.fields(("every", "data"), ("every",)):
            continue
        inner.earlier = frozenset(_mapping(node, "properties").value)
        data = read_generator(inner.child("data")) if "data" in inner.value else None
        every = inner.seconds("every", 3600.0)
        found.append(SimulatedEvent(name=str(name), every_seconds=every, data=None if data is nothing else data))
    return tuple(found)

"""Signals, from what is written of them: one reader for each kind, chosen by the key that names it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from monokoto.connect.products import kind_of, suggestion
from monokoto.kernel.durations import parse_duration
from monokoto.kernel.limits import (
    RULE_PAST_INTERVALS_MAX,
    RULE_SEQUENCE_STEPS_MAX,
    RULE_WINDOW_PANES,
    SIGNALS_PER_RULE_MAX,
)
from monokoto.operate.conditions import CelType
from monokoto.operate.rules.engine import compiled as spec
from monokoto.operate.rules.parsing.area import read_area
from monokoto.operate.rules.parsing.expressions import check_expression, read_condition
from monokoto.operate.rules.parsing.reading import DURATION_RULE, Node
from monokoto.operate.rules.parsing.schedule import read_schedule
from monokoto.operate.rules.parsing.setting import Setting

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_NAME_RULE = "a signal's name has lower-case letters, digits and `_`, the first one a letter"
_WORDS_OF_CEL = frozenset({"true", "false", "null", "in", "self", "has", "size", "int", "double", "string", "bool"})


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of signal is written: `read` gets its node, the key that names the kind, and what it stands in."""

    read: Callable[[Node, str, Setting], spec.SignalKind | None]
    fields: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


def read_signals(node: Node, setting: Setting) -> tuple[spec.SignalSpec, ...]:
    """The signals of a rule in their order; each becomes a variable of `setting` for what comes after it."""
    if not node.has("signals"):
        return ()
    part = node.child("signals")
    if not isinstance(part.value, dict):
        part.fault(f"must be a mapping from name to signal, this is {kind_of(part.value)}")
        return ()
    if len(part.value) > SIGNALS_PER_RULE_MAX:
        part.fault(f"has {len(part.value)} signals; at most {SIGNALS_PER_RULE_MAX}")
        return ()
    found = []
    for name in part.value:
        signal = part.child(name)
        _check_name(signal, name, setting)
        kind = _read_signal(signal, setting)
        if kind is not None:
            found.append(spec.SignalSpec(name, kind))
            setting.variables.setdefault(name, spec.type_of(kind))
        else:
            # What uses it is checked all the same: one fault is told once.
            setting.broken.add(name)
    return tuple(found)


def _check_name(signal: Node, name: str, setting: Setting) -> None:
    if not _NAME.fullmatch(name) or name in _WORDS_OF_CEL:
        signal.fault(f"{name[:80]!r} cannot name a signal: {_NAME_RULE}")
    elif name in setting.variables:
        signal.fault(f"{name!r} is the name of a property; a signal needs one of its own")


def _read_signal(signal: Node, setting: Setting) -> spec.SignalKind | None:
    if not isinstance(signal.value, dict):
        signal.fault(
            f"a signal is a mapping such as {{held: 'door == \"open\"', for: 2 min}}, this is {kind_of(signal.value)}"
        )
        return None
    keys = [key for key in signal.value if key in KINDS]
    if len(keys) != 1:
        listed = ", ".join(KINDS)
        near = next((suggestion(key, KINDS) for key in signal.value if suggestion(key, KINDS)), "")
        told = f"is {' and '.join(keys)} at once" if keys else f"says no kind of signal{near}; there are {listed}"
        signal.fault(told)
        return None
    kind = KINDS[keys[0]]
    before = len(signal.report)
    signal.fields((keys[0], *kind.fields), kind.required, what=f"`{keys[0]}`")
    found = kind.read(signal, keys[0], setting)
    return found if len(signal.report) == before else None


def _held(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression, length = read_condition(node, key, setting), node.duration("for")
    return spec.Held(expression, length) if expression else None


def _window(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    statistic = spec.Statistic(key)
    wanted = CelType.BOOLEAN if statistic is spec.Statistic.COUNT else CelType.NUMBER
    expression = read_condition(node, key, setting, wanted)
    over, every = node.duration("over"), node.duration("every")
    if every and (over % every or over // every > RULE_WINDOW_PANES):
        node.fault(f"must divide `over` into at most {RULE_WINDOW_PANES} whole parts", "every")
    percentile = node.number("at", 50.0, low=0.0, high=100.0)
    return spec.Window(statistic, expression, over, every, percentile) if expression else None


def _rate(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression = read_condition(node, key, setting, CelType.NUMBER)
    over, per = node.duration("over"), node.value.get("per")
    # `per: min` reads better than `per: 1 min`, and means the same.
    length = parse_duration(per) or parse_duration(f"1 {per}")
    if node.has("per") and not length:
        node.fault(f"must be s, min, h, d or {DURATION_RULE}, this is {kind_of(per)}", "per")
    return spec.Rate(expression, over, length) if expression and length else None


def _silent(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    length = node.duration("for")
    if node.value[key] == "anything":
        return spec.Silent((), length)
    names = node.names(key)
    for name in names:
        _must_be_property(node, key, name, setting)
    return spec.Silent(names, length)


def _must_be_property(node: Node, key: str, name: str, setting: Setting) -> None:
    known = setting.model.properties
    if name not in known:
        node.fault(f"{name[:80]!r} is no property of the product{suggestion(name, known)}", key)


def _changed(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression = read_condition(node, key, setting, None)
    return spec.Changed(expression) if expression else None


def _previous(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression = read_condition(node, key, setting, None)
    return spec.Previous(expression) if expression else None


def _sequence(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    part, within = node.child(key), node.duration("within")
    if not isinstance(part.value, list) or not 2 <= len(part.value) <= RULE_SEQUENCE_STEPS_MAX:
        part.fault(f"must be a list of 2 to {RULE_SEQUENCE_STEPS_MAX} expressions, this is {kind_of(part.value)}")
        return None
    steps = [
        check_expression(part, step, part.child(index).place, setting, CelType.BOOLEAN)
        for index, step in enumerate(part.value)
    ]
    return spec.Sequence(tuple(step for step in steps if step), within)


def _schedule(node: Node, key: str, _setting: Setting) -> spec.SignalKind | None:
    return read_schedule(node.child(key))


def _geofence(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    part, dwell = node.child(key), node.duration("dwell")
    needed = ("latitude", "longitude", "area")
    if not part.fields((*needed, "dwell"), needed, what="`geofence`"):
        return None
    latitude, longitude = (
        read_condition(part, name, setting, CelType.NUMBER) if part.has(name) else None for name in needed[:2]
    )
    area = read_area(part) if part.has("area") else None
    dwell = dwell or part.duration("dwell")
    return spec.Geofence(latitude, longitude, area, dwell) if latitude and longitude and area is not None else None


def _fleet(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    part = node.child(key)
    words = tuple(word.value for word in spec.Quantifier)
    if not part.fields((*words, "of"), ("of",), what="`fleet`"):
        return None
    chosen = [word for word in words if part.has(word)]
    if len(chosen) != 1:
        part.fault(f"needs one of {', '.join(words)}")
        return None
    quantifier = spec.Quantifier(chosen[0])
    wanted = CelType.NUMBER if quantifier is spec.Quantifier.AVERAGE else CelType.BOOLEAN
    expression = read_condition(part, chosen[0], setting, wanted)
    scope, group = _scope(part)
    if expression is None or scope is None:
        return None
    return spec.Fleet(quantifier, expression, scope, setting.members(group) if group else None)


def _scope(part: Node) -> tuple[spec.Scope | None, str]:
    """Which units: `system`, `product`, `group NAME` or `{group: NAME}`."""
    value = part.value.get("of")
    if isinstance(value, dict) and list(value) == ["group"]:
        value = f"group {value['group']}"
    words = value.split() if isinstance(value, str) else []
    if words in (["system"], ["product"]):
        return spec.Scope(words[0]), ""
    if len(words) == 2 and words[0] == "group":
        return spec.Scope.GROUP, words[1]
    if part.has("of"):
        part.fault(f"must be system, product or a group such as {{group: line-3}}, this is {kind_of(value)}", "of")
    return None, ""


def _past(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression = read_condition(node, key, setting, CelType.NUMBER)
    ago, over = node.duration("ago"), node.duration("over")
    if over and (ago % over or ago // over > RULE_PAST_INTERVALS_MAX):
        node.fault(f"must be a multiple of `over`, at most {RULE_PAST_INTERVALS_MAX} times it", "ago")
    return spec.Past(expression, ago, over) if expression else None


def _peers(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    expression, over = read_condition(node, key, setting, CelType.NUMBER), node.duration("over")
    return spec.Peers(expression, over) if expression else None


def _drift(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    name = node.text(key)
    _must_be_property(node, key, name, setting)
    return spec.Drift(name)


def _offline(node: Node, key: str, _setting: Setting) -> spec.SignalKind | None:
    if node.value[key] is not True:
        node.fault(f"must be `true`, this is {kind_of(node.value[key])}", key)
    return spec.Offline(node.duration("for"))


def _event(node: Node, key: str, setting: Setting) -> spec.SignalKind | None:
    name, known = node.text(key), setting.model.events
    if name not in known:
        node.fault(f"{name[:80]!r} is no event of the product{suggestion(name, known)}", key)
    return spec.Event(name, node.duration("for"))


_OF_WINDOW = _Kind(_window, ("over", "every"), ("over",))
KINDS: dict[str, _Kind] = {
    "held": _Kind(_held, ("for",), ("for",)),
    "count": _OF_WINDOW,
    "rate": _Kind(_rate, ("over", "per"), ("over", "per")),
    "average": _OF_WINDOW,
    "minimum": _OF_WINDOW,
    "maximum": _OF_WINDOW,
    "sum": _OF_WINDOW,
    "deviation": _OF_WINDOW,
    "percentile": _Kind(_window, ("over", "every", "at"), ("over", "at")),
    "silent": _Kind(_silent, ("for",), ("for",)),
    "changed": _Kind(_changed),
    "sequence": _Kind(_sequence, ("within",), ("within",)),
    "schedule": _Kind(_schedule),
    "geofence": _Kind(_geofence, ("dwell",)),
    "fleet": _Kind(_fleet),
    "past": _Kind(_past, ("ago", "over"), ("ago", "over")),
    "peers": _Kind(_peers, ("over",), ("over",)),
    "previous": _Kind(_previous),
    "drift": _Kind(_drift),
    "offline": _Kind(_offline, ("for",)),
    "event": _Kind(_event, ("for",)),
}
"""By the key that names the kind. Adding one: a dataclass in `engine/compiled.py`, a reader here, a part of docs/rules.md."""

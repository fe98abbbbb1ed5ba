"""How the value of one property of a virtual unit comes about: a family of generators, one table to choose.

A generator is read from the product's `simulation:` section as a mapping with one key that names it, for example
`{walk: {from: 5, to: 35, step: 0.2}}`, beside which stand what is common to all: `noise`, `dropout`, `decimals`.
docs/simulation.md is the manual. Pure: the time and the randomness are handed in with every `Tick`.

Refused: expressions. What units really do is told by composition (`sum`, `product`, `by`), which cannot fail at run time.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from monokoto.connect.products.simulation.node import SECONDS_PER_DAY, Node, is_number, suggestion

_DEPTH_MAX = 8
_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@dataclass(slots=True)
class Tick:
    """One moment in the life of one virtual unit."""

    dice: Random
    at: int
    """Microseconds since the epoch."""
    elapsed: float
    """Seconds since the unit began."""
    values: dict[str, Any] = field(default_factory=dict)
    """The properties that already have their value at this moment."""


Source = Callable[[Tick], Any]
"""Gives the value at each tick, in order; holds the state of one unit."""
Generator = Callable[[Random], Source]
"""Begins a source for one unit."""


# The family. Each reads its own part and returns a generator; a part that is wrong leaves a fault and a placeholder.


def nothing(_random: Random) -> Source:
    """The placeholder of a part that has a fault."""
    return lambda _tick: None


def _constant(node: Node) -> Generator:
    value = node.value
    return lambda _random: lambda _tick: value


def _uniform(node: Node) -> Generator:
    if not node.fields(("from", "to"), ("from", "to")):
        return nothing
    low, high = node.number("from", 0.0), node.number("to", 1.0)
    if low > high:
        node.fault(f"`from` {low:g} is above `to` {high:g}")
    return lambda _random: lambda tick: tick.dice.uniform(low, high)


def _normal(node: Node) -> Generator:
    if not node.fields(("mean", "deviation"), ("mean", "deviation")):
        return nothing
    mean, deviation = node.number("mean", 0.0), node.number("deviation", 1.0, low=0)
    return lambda _random: lambda tick: tick.dice.gauss(mean, deviation)


def _walk(node: Node) -> Generator:
    """A random walk: normal steps, drawn back to the mean, kept within bounds. Steps are per tick."""
    if not node.fields(("start", "step", "mean", "reversion", "from", "to"), ("step",)):
        return nothing
    low, high = node.number("from", -math.inf, low=-math.inf), node.number("to", math.inf)
    return _walking(node, low, high)


def _walking(node: Node, low: float, high: float) -> Generator:
    middle = (low + high) / 2 if math.isfinite(low + high) else max(low, 0.0) if math.isfinite(low) else min(high, 0.0)
    mean = node.number("mean", middle, low=low, high=high)
    begin = node.number("start", mean, low=low, high=high)
    step, reversion = node.number("step", 0.0, low=0), node.number("reversion", 0.0, low=0, high=1)
    if low > high:
        node.fault(f"`from` {low:g} is above `to` {high:g}")

    def start(_random: Random) -> Source:
        value = begin

        def source(tick: Tick) -> float:
            nonlocal value
            value = min(max(value, low), high)
            result = value
            value += reversion * (mean - value) + tick.dice.gauss(0.0, step)
            return result

        return source

    return start


def _sine(node: Node) -> Generator:
    """A wave by the clock, so that units in one place agree; the phase is when it passes the mean upward."""
    if not node.fields(("mean", "amplitude", "period", "phase"), ("amplitude", "period")):
        return nothing
    mean, amplitude = node.number("mean", 0.0), node.number("amplitude", 1.0)
    period, phase = node.seconds("period", 1.0), node.seconds("phase", 0.0, positive=False)
    turn = 2 * math.pi
    return lambda _random: (
        lambda tick: mean + amplitude * math.sin(turn * (((tick.at / 1e6 - phase) % period) / period))
    )


def _daily(node: Node) -> Generator:
    """A day's profile, UTC: numbers between the points by a straight line, other values until the next point."""
    if not isinstance(node.value, Mapping) or not node.value:
        node.fault("is not a mapping from a time of day such as 06:30 to a value")
        return nothing
    points: list[tuple[float, Any]] = []
    for key, value in node.value.items():
        match = _TIME_OF_DAY.fullmatch(str(key))
        if match is None:
            node.fault('is not a time of day such as "06:30" (in quotes)', key)
            return nothing
        points.append((int(match[1]) * 3600.0 + int(match[2]) * 60.0, value))
    points.sort(key=lambda point: point[0])
    straight = all(is_number(value) for _, value in points)
    return lambda _random: lambda tick: _on_profile(points, tick.at / 1e6 % SECONDS_PER_DAY, straight)


def _on_profile(points: list[tuple[float, Any]], second: float, straight: bool) -> Any:
    after = bisect_right(points, second, key=lambda point: point[0])
    (begin, value), (end, following) = points[after - 1], points[after % len(points)]
    if not straight or begin == end:
        return value
    span = (end - begin) % SECONDS_PER_DAY
    return value + (following - value) * ((second - begin) % SECONDS_PER_DAY) / span


def _ramp(node: Node) -> Generator:
    """From one value to another over a time: wear, filling; repeated, a sawtooth."""
    if not node.fields(("from", "to", "over", "exponent", "repeat"), ("from", "to", "over")):
        return nothing
    low, high, over = node.number("from", 0.0), node.number("to", 1.0), node.seconds("over", 1.0)
    exponent, repeat = node.number("exponent", 1.0, low=0.01, high=100), node.value.get("repeat", False)
    if not isinstance(repeat, bool):
        node.fault("is not true or false", "repeat")

    def at(tick: Tick) -> float:
        part = tick.elapsed / over
        part = part % 1.0 if repeat else min(part, 1.0)
        return low + (high - low) * math.pow(part, exponent)

    return lambda _random: at


def _counter(node: Node) -> Generator:
    """Counts up by a step a tick, and begins again past its end."""
    if not node.fields(("start", "step", "to")):
        return nothing
    first, step, last = node.number("start", 0.0), node.number("step", 1.0), node.number("to", math.inf)

    def start(_random: Random) -> Source:
        value = first

        def source(_tick: Tick) -> float:
            nonlocal value
            result = value
            value += step
            if value > last:
                value = first
            return result

        return source

    return start


def _choice(node: Node) -> Generator:
    """One of some values at every tick, with weights."""
    values, weights = node.value, None
    if isinstance(node.value, Mapping):
        node.fields(("values", "weights"), ("values",))
        values, weights = node.value.get("values"), node.value.get("weights")
    if not isinstance(values, list) or not values:
        node.fault("is not a list of values")
        return nothing
    if weights is not None and not _are_weights(weights, len(values)):
        node.fault(f"is not a list of {len(values)} positive numbers", "weights")
        return nothing
    return lambda _random: lambda tick: tick.dice.choices(values, weights)[0]


def _are_weights(weights: object, count: int) -> bool:
    return (
        isinstance(weights, list)
        and len(weights) == count
        and all(is_number(weight) and weight >= 0 for weight in weights)
        and sum(weights) > 0
    )


def _scalar(name: Any) -> Any:
    """What a name in a mapping stands for. It is always a text: `true` and `5` may mean a truth value and a number."""
    try:
        return json.loads(name) if isinstance(name, str) and not name.startswith(("{", "[", '"')) else name
    except ValueError:
        return name


def states_of(changes: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The states by their values: texts, unless all of them can be truth values or numbers."""
    if any(isinstance(_scalar(state), str) for state in changes):
        return changes
    return {
        _scalar(state): {_scalar(one): chance for one, chance in following.items()}
        if isinstance(following, Mapping)
        else following
        for state, following in changes.items()
    }


def _states(node: Node) -> Generator:
    """A Markov chain: for each state, the chance a tick to change into others."""
    if not node.fields(("start", "changes"), ("changes",)):
        return nothing
    changes = node.value.get("changes")
    if not isinstance(changes, Mapping) or not changes:
        node.fault("is not a mapping from each state to the chances of its changes", "changes")
        return nothing
    changes = states_of(changes)
    inner = Node(changes, f"{node.place}/changes", node.faults, node.depth + 1, node.earlier)
    table = {state: _changes(inner.child(state), changes) for state in changes}
    first = node.value.get("start", next(iter(changes)))
    if first not in changes:
        node.fault(f"is no state of `changes`{suggestion(str(first), map(str, changes))}", "start")

    def start(_random: Random) -> Source:
        state = first

        def source(tick: Tick) -> Any:
            nonlocal state
            result, dice = state, tick.dice.random()
            for following, chance in table[state]:
                dice -= chance
                if dice < 0:
                    state = following
                    break
            return result

        return source

    return start


def _changes(node: Node, states: Mapping[Any, Any]) -> list[tuple[Any, float]]:
    if not isinstance(node.value or {}, Mapping):
        node.fault("is not a mapping from the next state to its chance")
        return []
    chances = []
    for following in node.value or {}:
        if following not in states:
            node.fault(f"is no state of `changes`{suggestion(str(following), map(str, states))}", following)
        chances.append((following, node.number(following, 0.0, low=0, high=1)))
    if sum(chance for _, chance in chances) > 1 + 1e-9:
        node.fault("the chances add up to more than 1")
    return chances


def _chance(node: Node) -> Generator:
    """True with a chance."""
    chance = node.value
    if not is_number(chance) or not 0 <= chance <= 1:
        node.fault("is not a number between 0 and 1")
    return lambda _random: lambda tick: tick.dice.random() < chance


def _once(node: Node) -> Generator:
    """Drawn when the unit begins and kept: what makes units differ."""
    inner = read_generator(node)

    def start(random: Random) -> Source:
        value = inner(random)(Tick(random, 0, 0.0))
        return lambda _tick: value

    return start


def _parts(node: Node) -> list[Generator]:
    if not isinstance(node.value, list) or not node.value:
        node.fault("is not a list of generators")
        return []
    return [read_generator(node.child(index)) for index in range(len(node.value))]


def _sum(node: Node) -> Generator:
    return _combined(_parts(node), math.fsum)


def _product(node: Node) -> Generator:
    return _combined(_parts(node), math.prod)


def _combined(parts: list[Generator], combine: Callable[[list[float]], float]) -> Generator:
    def start(random: Random) -> Source:
        sources = [part(random) for part in parts]
        return lambda tick: combine([source(tick) for source in sources])

    return start


def _by(node: Node) -> Generator:
    """Another generator for each value of a property that stands before this one."""
    if not node.fields(("property", "values", "otherwise"), ("property", "values")):
        return nothing
    values = node.value.get("values")
    if not isinstance(values, Mapping) or not values:
        node.fault("is not a mapping from a value to a generator", "values")
        return nothing
    inner = node.child("values")
    cases = {value: read_generator(inner.child(value)) for value in values}
    otherwise = read_generator(node.child("otherwise")) if "otherwise" in node.value else nothing
    name = node.value.get("property")
    if name not in node.earlier:
        node.fault(f"is no property that stands before this one{suggestion(str(name), node.earlier)}", "property")

    def start(random: Random) -> Source:
        sources = {value: case(random) for value, case in cases.items()}
        sources = {_scalar(value): source for value, source in sources.items()} | sources
        rest = otherwise(random)

        def source(tick: Tick) -> Any:
            key = tick.values.get(name)
            return (sources.get(key, rest) if not isinstance(key, list | dict) else rest)(tick)

        return source

    return start


def _object(node: Node) -> Generator:
    """A generator for each member."""
    if not isinstance(node.value, Mapping):
        node.fault("is not a mapping from members to generators")
        return nothing
    members = {str(name): read_generator(node.child(name)) for name in node.value}

    def start(random: Random) -> Source:
        sources = {name: member(random) for name, member in members.items()}
        return lambda tick: {name: source(tick) for name, source in sources.items()}

    return start


def _list(node: Node) -> Generator:
    """Some values of one generator."""
    if not node.fields(("of", "length"), ("of", "length")) or "of" not in node.value:
        return nothing
    inner, length = read_generator(node.child("of")), int(node.number("length", 1, low=0, high=10_000))

    def start(random: Random) -> Source:
        source = inner(random)
        return lambda tick: [source(tick) for _ in range(length)]

    return start


GENERATORS: dict[str, Callable[[Node], Generator]] = {
    "constant": _constant,
    "uniform": _uniform,
    "normal": _normal,
    "walk": _walk,
    "sine": _sine,
    "daily": _daily,
    "ramp": _ramp,
    "counter": _counter,
    "choice": _choice,
    "states": _states,
    "chance": _chance,
    "once": _once,
    "sum": _sum,
    "product": _product,
    "by": _by,
    "object": _object,
    "list": _list,
}
NUMERIC = frozenset({"uniform", "normal", "walk", "sine", "ramp", "counter", "sum", "product"})
"""Those that give numbers; `constant`, `choice`, `states`, `daily`, `by` and `once` give whatever they are told."""
MODIFIERS = ("noise", "dropout", "decimals")


def read_generator(node: Node) -> Generator:
    """The generator a mapping names, with its modifiers; `nothing` when it has a fault."""
    names = [key for key in node.value if key not in MODIFIERS] if isinstance(node.value, Mapping) else []
    if node.depth > _DEPTH_MAX * 2:
        node.fault(f"is nested more than {_DEPTH_MAX} deep")
    elif len(names) != 1:
        node.fault("is not a mapping with exactly one generator, such as {constant: 21}")
    elif names[0] not in GENERATORS:
        known = ", ".join(GENERATORS)
        node.fault(f"is no generator{suggestion(str(names[0]), GENERATORS)}; known: {known}", names[0])
    else:
        return _modified(node, GENERATORS[names[0]](node.child(names[0])))
    return nothing


def _modified(node: Node, generator: Generator) -> Generator:
    if not any(key in node.value for key in MODIFIERS):
        return generator
    noise, dropout = node.number("noise", 0.0, low=0), node.number("dropout", 0.0, low=0, high=1)
    decimals = int(node.number("decimals", 15, low=0, high=15))

    def start(random: Random) -> Source:
        source = generator(random)

        def modified(tick: Tick) -> Any:
            value = source(tick)
            if dropout and tick.dice.random() < dropout:
                return None
            if not is_number(value):
                return value
            return round(value + tick.dice.gauss(0.0, noise) if noise else value, decimals)

        return modified

    return start

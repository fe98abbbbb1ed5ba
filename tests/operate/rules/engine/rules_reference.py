"""The meaning of rules, slow and plain: one unit, one step at a time, every signal from the whole history.

Steps are the readings in order, and after them every instant at which anything could come due. Nothing here is shared
with the engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

State = Mapping[str, Any]
"""The last value of each property."""
Test = Callable[[State], bool | None]
PARTS = 60


@dataclass
class History:
    """Readings of a unit so far, and the instant looked at."""

    rows: list[tuple[int, frozenset[str], dict[str, Any]]] = field(default_factory=list)
    """When, what was read, and all that was known after it."""
    now: int = 0

    def add(self, at: int, values: Mapping[str, Any]) -> None:
        before = self.rows[-1][2] if self.rows else {}
        self.rows.append((at, frozenset(values), {**before, **values}))

    @property
    def state(self) -> State:
        return self.rows[-1][2] if self.rows else {}


Signal = Callable[[History], Any]


def held(test: Test, length: int) -> Signal:
    def value(history: History) -> bool:
        since = None
        for at, _, state in history.rows:
            since = (at if since is None else since) if test(state) else None
        return since is not None and history.now - since >= length

    return value


def silent(names: Sequence[str], length: int) -> Signal:
    def value(history: History) -> bool:
        read = [at for at, fresh, _ in history.rows if not names or fresh & set(names)]
        return bool(read) and history.now - read[-1] >= length

    return value


def within(history: History, name: str, over: int, parts: int = PARTS) -> list[Any]:
    part = -(-over // parts)
    return [
        state[name] for at, fresh, state in history.rows if name in fresh and at // part > history.now // part - parts
    ]


def count(name: str, test: Callable[[Any], bool], over: int) -> Signal:
    return lambda history: sum(test(value) for value in within(history, name, over))


def average(name: str, over: int) -> Signal:
    return lambda history: (sum(found) / len(found)) if (found := within(history, name, over)) else None


def total(name: str, over: int) -> Signal:
    return lambda history: sum(within(history, name, over))


def least(name: str, over: int) -> Signal:
    return lambda history: min(within(history, name, over), default=None)


def greatest(name: str, over: int) -> Signal:
    return lambda history: max(within(history, name, over), default=None)


def deviation(name: str, over: int) -> Signal:
    def value(history: History) -> float | None:
        found = within(history, name, over)
        if not found:
            return None
        mean = sum(found) / len(found)
        return math.sqrt(sum((one - mean) ** 2 for one in found) / len(found))

    return value


def tumbling(name: str, every: int, hops: int, make: Callable[[list[float]], float | None]) -> Signal:
    def value(history: History) -> float | None:
        end = history.now // every
        return make(
            [state[name] for at, fresh, state in history.rows if name in fresh and end - hops <= at // every < end]
        )

    return value


def mean(found: list[float]) -> float | None:
    return sum(found) / len(found) if found else None


def top(found: list[float]) -> float | None:
    return max(found, default=None)


def rate(name: str, over: int, per: int) -> Signal:
    part = -(-over // PARTS)

    def value(history: History) -> float | None:
        begin = (history.now // part - PARTS + 1) * part
        held_then = [state[name] for at, _, state in history.rows if at < begin and name in state]
        if not held_then or name not in history.state:
            return None
        return (history.state[name] - held_then[-1]) / (history.now - begin) * per

    return value


def past(name: str, ago: int, over: int) -> Signal:
    def value(history: History) -> float | None:
        wanted = history.now // over - ago // over
        return mean([state[name] for at, fresh, state in history.rows if name in fresh and at // over == wanted])

    return value


def changed(name: str) -> Signal:
    def value(history: History) -> bool:
        if len(history.rows) < 2:
            return False
        old, new = history.rows[-2][2].get(name), history.rows[-1][2].get(name)
        return old is not None and new is not None and old != new

    return value


def previous(name: str) -> Signal:
    def value(history: History) -> Any:
        found = [state[name] for _, fresh, state in history.rows if name in fresh]
        return found[-2] if len(found) > 1 else None

    return value


def sequence(tests: Sequence[Test], length: int) -> Signal:
    def value(history: History) -> bool:
        began: list[int | None] = [None] * len(tests)
        for at, _, state in history.rows:
            for step in reversed(range(len(tests))):
                if not tests[step](state):
                    continue
                if step == 0:
                    began[0] = at
                elif began[step - 1] is not None:
                    began[step] = began[step - 1]
        return began[-1] is not None and history.now - began[-1] <= length

    return value


@dataclass(frozen=True)
class Meaning:
    """A rule, said in Python."""

    when: Callable[[State, Mapping[str, Any]], bool | None]
    signals: Mapping[str, Signal] = field(default_factory=dict)
    clear: Callable[[State, Mapping[str, Any]], bool | None] | None = None
    hold: int = 0
    clear_hold: int = 0
    lengths: Sequence[int] = ()
    """After so long a reading may change something by itself."""
    parts: Sequence[tuple[int, int]] = ()
    """(length of a part, how many): after so many parts a reading's part leaves; a length with 1: at the end of each part."""


def run(meaning: Meaning, rows: Sequence[tuple[int, Mapping[str, Any]]], end: int) -> list[tuple[str, int, int]]:
    """(kind, at, instance) of each change until the end; rows in order of time."""
    due: set[int] = set()
    for at, _ in rows:
        first = {at, *(at + length for length in meaning.lengths)}
        for part, parts in meaning.parts:
            first |= {(at // part + step) * part for step in ([parts] if parts > 1 else [1])}
            if parts < 0:
                first |= {(at // part + step) * part for step in range(1, -parts + 2)}
        due |= {one + extra for one in first for extra in (0, meaning.hold, meaning.clear_hold)}
    steps = sorted(
        [(at, 0, index, values) for index, (at, values) in enumerate(rows)]
        + [(at, 1, 0, None) for at in due if at < end],
        key=lambda step: step[:3],
    )
    history, machine = History(), _Machine(meaning)
    for at, _, _, values in steps:
        history.now = at
        if values is not None:
            history.add(at, values)
        if history.rows:
            machine.step(at, history)
    return machine.told


class _Machine:
    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self._symbol = 0
        self._since = 0
        self._instance: int | None = None
        self.told: list[tuple[str, int, int]] = []

    def step(self, at: int, history: History) -> None:
        meaning = self._meaning
        signals = {name: signal(history) for name, signal in meaning.signals.items()}
        when = meaning.when(history.state, signals)
        clears = when is False if meaning.clear is None else meaning.clear(history.state, signals) is True
        symbol = 1 if when else 2 if clears else 0
        if symbol != self._symbol:
            self._symbol, self._since = symbol, at
        if symbol == 1 and self._instance is None and at - self._since >= meaning.hold:
            self._instance = self._since
            self.told.append(("raised", self._since + meaning.hold, self._since))
        elif symbol == 2 and self._instance is not None and at - self._since >= meaning.clear_hold:
            self.told.append(("cleared", self._since + meaning.clear_hold, self._instance))
            self._instance = None

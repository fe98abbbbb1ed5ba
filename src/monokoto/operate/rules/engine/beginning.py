"""How a rule begins to watch: with what its units reported last, not with their next reading.

A rule judges a unit from the moment at which it began to watch it; what was read before only lends its values. That moment
is in the state (`watched`), and the state is written before anything the beginning brought is told: a replay of the log
begins where the first run began, and never judges older readings with a rule that was not there yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from monokoto.operate.conditions import CelType
from monokoto.operate.rules.engine.arrays import NEVER, Int64s
from monokoto.operate.rules.engine.population import Population
from monokoto.operate.rules.engine.running import RunningRule
from monokoto.operate.rules.engine.slots import Slot
from monokoto.operate.rules.engine.stream import Stream
from monokoto.operate.rules.engine.surroundings import Held, Reported


def fill_stream(population: Population, stream: Stream, reported: Reported, clock: int) -> None:
    """Give a new stream the units that reported something before: each as if its last reading was taken."""
    held = reported(population.maker_id, population.product, _properties(stream.slots.values()))
    newest = np.full(len(held.unit), NEVER, np.int64)
    for values, at in held.columns.values():
        said = np.array([value is not None for value in values], np.bool_)
        newest = np.where(said, np.maximum(newest, at), newest)
    there = (newest != NEVER) & (stream.index.find(held.unit) < 0)
    if not there.any():
        return
    rows = stream.rows_for(held.unit[there])
    for name in ("newest", "last"):
        stream.state[name][rows] = newest[there]
    # When it came is not known; that it came at once is what a unit on a good line does.
    stream.state["arrived"][rows] = np.minimum(newest[there], clock)
    population.know_versions(stream, rows)
    for slot in stream.slots.values():
        _fill(stream, slot, held)


def begin(population: Population, running: RunningRule, reported: Reported) -> Int64s:
    """The rows that a rule begins with now; what it looks at of them is known as far as they reported it."""
    known_of(population, running, reported)
    return running.unwatched()


def known_of(population: Population, running: RunningRule, reported: Reported) -> None:
    """Look up what a rule looks at of the units it does not watch yet, where it is not known."""
    rows = running.unwatched()
    if len(rows):
        unknown = [
            slot for slot in running.slots.values() if (running.stream.state[f"{slot.key}@"][rows] == NEVER).any()
        ]
        if unknown:
            held = reported(population.maker_id, population.product, _properties(unknown))
            for slot in unknown:
                _fill(running.stream, slot, held)


def _properties(slots: Sequence[Slot] | Any) -> list[str]:
    return sorted({slot.name.partition(".")[0] for slot in slots})


def _fill(stream: Stream, slot: Slot, held: Held) -> None:
    """Where nothing is known yet. What is newer than the last reading taken is on its way, and left to come."""
    name, *path = slot.name.split(".")
    if name not in held.columns:
        return
    values, at = held.columns[name]
    rows = stream.index.find(held.unit)
    known, newest = stream.state[f"{slot.key}@"], stream.state["newest"]
    for place in np.flatnonzero((rows >= 0) & (known[rows] == NEVER) & (at <= newest[rows])).tolist():
        value = _inner(values[place], path)
        if value is not None and _fits(slot, value):
            row = rows[place]
            stream.state[slot.key][row] = slot.kept(value)
            known[row] = at[place]


def _inner(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _fits(slot: Slot, value: Any) -> bool:
    """A property may have had another type in an earlier version."""
    if slot.type is CelType.BOOLEAN:
        return isinstance(value, bool)
    if slot.type.element is not None:
        return isinstance(value, list)
    if slot.type.coded:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)

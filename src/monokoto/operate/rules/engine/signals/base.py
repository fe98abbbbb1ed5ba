"""What every kind of signal is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from monokoto.operate.conditions import CelType, Condition, Vector
from monokoto.operate.rules.engine.arrays import Array, Arrays, Bools, Float64s, Int64s
from monokoto.operate.rules.engine.walk import Signal, Walk


class SignalRun(Protocol):
    """A signal of one rule, with its state in the rule's arrays."""

    def advance(self, walk: Walk) -> Signal:
        """Its value at each point; puts points in where time alone changes it, and says when it does next.

        The state changes only when the walk is committed.
        """
        ...


class State:
    """A signal's arrays among those of its rule."""

    def __init__(self, arrays: Arrays, name: str) -> None:
        self._arrays = arrays
        self._name = name

    def add(self, field: str, kind: npt.DTypeLike, fill: Any, width: int = 1) -> None:
        """One array."""
        self._arrays.add(f"{self._name}.{field}", kind, fill, width)

    def __getitem__(self, field: str) -> Array:
        return self._arrays[f"{self._name}.{field}"]


def boolean(walk: Walk, values: Bools, before: Bools) -> Signal:
    """A signal that is known everywhere."""
    return Signal(walk.carry(values, before), None, _as_boolean)


def number(walk: Walk, values: Float64s, before: Float64s) -> Signal:
    """A number; not known where it is NaN."""
    return Signal(walk.carry(values, before), None, _as_number)


def _as_boolean(values: Array, known: Bools | None) -> Vector:
    return Vector(CelType.BOOLEAN, values, known)


def _as_number(values: Array, _: Bools | None) -> Vector:
    known = ~np.isnan(values)
    return Vector(CelType.NUMBER, values, None if known.all() else known)


def numbers(walk: Walk, condition: Condition) -> Float64s:
    """A numeric expression at each point, NaN where it is not known."""
    found = walk.evaluate(condition)
    values = np.asarray(found.values, np.float64)
    return values if found.known is None else np.where(found.known, values, np.nan)


def later(state: Array, rows: Int64s, values: Callable[[], Array]) -> Callable[[], None]:
    """A commit that writes values (taken then) into the rows of a state's array."""

    def commit() -> None:
        state[rows] = values()

    return commit

"""Signals that compare a reading with the one before: changed, previous."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from monokoto.operate.conditions import CelType, Condition, Vector
from monokoto.operate.rules.engine.arrays import Array, Bools, Int64s
from monokoto.operate.rules.engine.compiled import Changed, Previous
from monokoto.operate.rules.engine.dictionary import UNKNOWN, Dictionary
from monokoto.operate.rules.engine.signals.base import State, boolean
from monokoto.operate.rules.engine.walk import Signal, Walk


def comparable(found: Vector) -> tuple[Array, Bools]:
    """Values that compare equal when the texts do, also with those of another batch, and where they are known."""
    known = np.ones(len(found), np.bool_) if found.known is None else found.known
    if not found.type.coded:
        return found.values.astype(np.float64), known
    hashes = np.array([_hash(entry) for entry in found.dictionary] or [0], np.int64)
    return hashes[np.where(known, found.values, 0)], known


def _hash(entry: object) -> int:
    return int.from_bytes(blake2b(repr(entry).encode(), digest_size=8).digest(), "little", signed=True)


class ChangedRun:
    """As `Changed`. State: the value at the last reading, whether it is known, whether it was another one."""

    def __init__(self, kind: Changed, state: State) -> None:
        self._kind = kind
        self._state = state
        state.add("value", np.int64 if kind.expression.type.coded else np.float64, 0)
        state.add("known", np.bool_, False)
        state.add("other", np.bool_, False)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        state = self._state
        values, known = comparable(walk.evaluate(self._kind.expression))
        value_before, known_before = walk.before(state["value"]), walk.before(state["known"])
        other = values != walk.shift(values, value_before)
        other &= known & walk.shift(known, known_before)
        before: Bools = walk.before(state["other"])
        signal = boolean(walk, walk.fill(walk.flags(None), other, before), before)
        held, certain = walk.carry(values, value_before), walk.carry(known, known_before)

        def commit() -> None:
            ends, place = walk.ends, walk.place
            state["value"][place] = held.values[ends]
            state["known"][place] = certain.values[ends]
            state["other"][place] = signal.carried.values[ends]

        walk.afterwards(commit)
        return signal


class PreviousRun:
    """As `Previous`. State: the value at the last reading of it, and the one before."""

    def __init__(self, kind: Previous, state: State) -> None:
        self._expression: Condition = kind.expression
        self._state = state
        self.dictionary = Dictionary() if kind.expression.type is CelType.TEXT else None
        blank = np.nan if self.dictionary is None else UNKNOWN
        for field in ("current", "previous"):
            state.add(field, np.float64 if self.dictionary is None else np.int32, blank)

    def advance(self, walk: Walk) -> Signal:
        """As `SignalRun.advance`."""
        state = self._state
        if self.dictionary is not None and self.dictionary.full:
            self._forget()
        values = self._values(walk.evaluate(self._expression))
        read = walk.fresh(self._expression.names)
        current_before, previous_before = walk.before(state["current"]), walk.before(state["previous"])
        current = walk.fill(read, values, current_before)
        previous = walk.fill(read, walk.shift(current, current_before), previous_before)
        kept = walk.carry(current, current_before)
        signal = Signal(walk.carry(previous, previous_before), None, self._vector)

        def commit() -> None:
            state["current"][walk.place] = kept.values[walk.ends]
            state["previous"][walk.place] = signal.carried.values[walk.ends]

        walk.afterwards(commit)
        return signal

    def adopt(self, rows: Int64s, other: PreviousRun) -> None:
        """These rows are another's: its texts have the numbers they have here."""
        if self.dictionary is None or other.dictionary is None:
            return
        texts = [*other.dictionary.entries, None]
        for field in ("current", "previous"):
            codes = self._state[field][rows].tolist()
            self._state[field][rows] = [self.dictionary[texts[code]] for code in codes]

    def _forget(self) -> None:
        """Too many different texts: what was there before is not known any more."""
        self.dictionary = Dictionary()
        for field in ("current", "previous"):
            self._state[field][:] = UNKNOWN

    def _values(self, found: Vector) -> Array:
        if self.dictionary is None:
            values = found.values.astype(np.float64)
            return values if found.known is None else np.where(found.known, values, np.nan)
        codes = np.array([self.dictionary[entry] for entry in found.dictionary] or [UNKNOWN], np.int32)
        known = np.ones(len(found), np.bool_) if found.known is None else found.known
        return np.where(known, codes[np.where(known, found.values, 0)], UNKNOWN).astype(np.int32)

    def _vector(self, values: Array, _: Bools | None) -> Vector:
        kind = self._expression.type
        if self.dictionary is not None:
            known = values >= 0
            return Vector(kind, values, known, self.dictionary.entries)
        known = ~np.isnan(values)
        return Vector(kind, values != 0 if kind is CelType.BOOLEAN else values, known)

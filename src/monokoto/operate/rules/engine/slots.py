"""What rules look at of a product: a slot for each name and type, with how its values come out of the line's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from monokoto.connect.line import Block, Column
from monokoto.kernel.values import Kind
from monokoto.operate.conditions import CelType, Vector
from monokoto.operate.rules.engine.arrays import Array
from monokoto.operate.rules.engine.dictionary import UNKNOWN, Dictionary
from monokoto.operate.rules.engine.rows import Said


@dataclass(slots=True)
class Slot:
    """A name that conditions use, in one type. A name whose type changed with a version has several slots."""

    name: str
    type: CelType
    dictionary: Dictionary | None
    """Another one takes its place when too many texts came."""

    @classmethod
    def of(cls, name: str, kind: CelType) -> Slot:
        """A slot with nothing in it."""
        return cls(name, kind, Dictionary(lists=kind.element is not None) if kind.coded else None)

    @property
    def key(self) -> str:
        """What its arrays are called."""
        return f"{self.name}:{self.type.value}"

    @property
    def blank(self) -> Any:
        """What stands where nothing is known."""
        return np.nan if self.dictionary is None else UNKNOWN

    def said(self, block: Block) -> Said | None:
        """Its values in a block; None when no row has one."""
        for column in block.columns:
            if column.property.name == self.name:
                return self._plain(column)
            if self.name.startswith(f"{column.property.name}.") and column.property.kind is Kind.OBJECT:
                return self._inner(column, self.name.removeprefix(f"{column.property.name}.").split("."))
        return None

    def _plain(self, column: Column) -> Said:
        if self.dictionary is None:
            return Said(np.asarray(column.values, np.float64), column.present)
        return Said(self._codes(list(column.values)), column.present)

    def _codes(self, texts: Sequence[str | None]) -> Array:
        assert self.dictionary is not None
        return np.fromiter(map(self.dictionary.__getitem__, texts), np.int32, len(texts))

    def _inner(self, column: Column, path: Sequence[str]) -> Said | None:
        found: dict[Any, Any] = {None: None}
        for text in set(column.values):
            if text is not None:
                found[text] = _at(msgspec.json.decode(text), path)
        values = [found[text] for text in column.values]
        present = np.array([value is not None for value in values], np.bool_)
        if not present.any():
            return None
        if self.dictionary is None:
            numbers = [float(value) if isinstance(value, int | float) else np.nan for value in values]
            return Said(np.array(numbers, np.float64), present)
        return Said(self._codes([None if value is None else self._text(value) for value in values]), present)

    def kept(self, value: Any) -> Any:
        """A value as JSON has it, as the state has it."""
        return float(value) if self.dictionary is None else self.dictionary[self._text(value)]

    def _text(self, value: Any) -> str:
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def vector_of(slot: Slot, values: Array) -> Vector:
    """A slot's values as a vector."""
    if slot.dictionary is not None:
        known = values >= 0
        return Vector(slot.type, values, None if known.all() else known, slot.dictionary.entries)
    known = ~np.isnan(values)
    shown = values != 0 if slot.type is CelType.BOOLEAN else values
    return Vector(slot.type, shown, None if known.all() else known)


def _at(document: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document

"""One property of all units of a product: values, their times and arrivals, in arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from monokoto.kernel.values import Kind
from monokoto.operate.twins.reported.winners import Bools, Int64s, newer

ABSENT = np.iinfo(np.int64).min
"""The time of a value that is not there: any other is later."""

Float64s = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
Int8s = npt.NDArray[np.int8]


class Column:
    """A growing column. Numeric kinds take 24 bytes a unit: value, at, arrived.

    A property whose kind changed with a major version keeps, for each unit, the kind it last spoke in.
    """

    __slots__ = ("arrived", "at", "kind", "kinds", "name", "number", "text")

    def __init__(self, name: str, kind: Kind, capacity: int) -> None:
        self.name = name
        self.kind = kind
        self.kinds: Int8s | None = None
        """Each row's kind, once they differ."""
        self.at = np.full(capacity, ABSENT, np.int64)
        self.arrived = np.zeros(capacity, np.int64)
        self.number: Float64s | None = None
        self.text: Texts | None = None
        self._room_for(kind)

    def _room_for(self, kind: Kind) -> None:
        if kind.numeric and self.number is None:
            self.number = np.full(len(self.at), np.nan)
        if not kind.numeric and self.text is None:
            self.text = np.full(len(self.at), None, object)

    def grow(self, capacity: int) -> None:
        """Make room for this many rows."""
        self.at = _longer(self.at, capacity, ABSENT)
        self.arrived = _longer(self.arrived, capacity, 0)
        if self.number is not None:
            self.number = _longer(self.number, capacity, np.nan)
        if self.text is not None:
            self.text = _longer(self.text, capacity, None)
        if self.kinds is not None:
            self.kinds = _longer(self.kinds, capacity, 0)

    def take(
        self, rows: Int64s, at: Int64s, arrived: Int64s, chosen: Int64s, values: Float64s | Sequence[Any], kind: Kind
    ) -> Bools:
        """Take the values at the indices `chosen` into these rows (each at most once) where they are newer; says where.

        `rows`, `at` and `arrived` are parallel to `chosen`.
        """
        taken = newer(at, arrived, self.at[rows], self.arrived[rows])
        if not taken.all():
            rows, at, arrived, chosen = rows[taken], at[taken], arrived[taken], chosen[taken]
        self.at[rows] = at
        self.arrived[rows] = arrived
        if kind is not self.kind or self.kinds is not None:
            self._remember_kind(rows, kind)
        if kind.numeric:
            assert self.number is not None
            self.number[rows] = np.asarray(values)[chosen]
            if self.text is not None:
                self.text[rows] = None
        else:
            assert self.text is not None
            fresh = np.empty(len(chosen), object)
            fresh[:] = [values[index] for index in chosen.tolist()]
            self.text[rows] = fresh
        return taken

    def _remember_kind(self, rows: Int64s, kind: Kind) -> None:
        if self.kinds is None:
            self.kinds = np.full(len(self.at), self.kind, np.int8)
            self._room_for(kind)
        self._room_for(kind)
        self.kinds[rows] = kind

    def kind_at(self, row: int) -> Kind:
        """The kind of this row's value."""
        return self.kind if self.kinds is None else Kind(int(self.kinds[row]))

    def value_at(self, row: int) -> Any:
        """This row's value as JSON has it: int, float, bool, str, or `msgspec.Raw` for objects and arrays."""
        kind = self.kind_at(row)
        if kind.numeric:
            assert self.number is not None
            return from_number(float(self.number[row]), kind)
        assert self.text is not None
        return from_text(self.text[row], kind)

    def values(self, rows: Int64s) -> list[Any]:
        """The values of many rows as JSON has them; None where there is none."""
        if self.kinds is not None:
            return [None if self.at[row] == ABSENT else self.value_at(row) for row in rows.tolist()]
        listed = self._values_of_one_kind(rows)
        for index in np.flatnonzero(self.at[rows] == ABSENT).tolist():
            listed[index] = None
        return listed

    def _values_of_one_kind(self, rows: Int64s) -> list[Any]:
        if not self.kind.numeric:
            assert self.text is not None
            texts: list[Any] = self.text[rows].tolist()
            if self.kind is Kind.STRING:
                return texts
            return [None if text is None else msgspec.Raw(text.encode()) for text in texts]
        assert self.number is not None
        numbers = self.number[rows]
        listed: list[Any]
        if self.kind is Kind.NUMBER:
            listed = numbers.tolist()
        else:
            whole = np.nan_to_num(numbers)
            listed = (whole.astype(np.int64) if self.kind is Kind.INTEGER else whole != 0).tolist()
        return listed


def from_number(number: float, kind: Kind) -> Any:
    """A stored number as its kind."""
    return number if kind is Kind.NUMBER else int(number) if kind is Kind.INTEGER else number != 0


def from_text(text: str, kind: Kind) -> Any:
    """A stored text as its kind."""
    return text if kind is Kind.STRING else msgspec.Raw(text.encode())


def _longer(array: npt.NDArray[Any], capacity: int, fill: Any) -> npt.NDArray[Any]:
    longer = np.full(capacity, fill, array.dtype)
    longer[: len(array)] = array
    return longer

"""Arrays over units that grow together: the state of a stream or of a rule. A row is a unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Array = npt.NDArray[Any]

NEVER = -(2**62)
"""The instant of what has not happened: before all others, and far enough from the edge for sums."""
ALWAYS = 2**62
"""Later than all instants."""
Rows = Int64s | slice
"""Which rows: their numbers, rising; or a slice, where they lie side by side. That is several times quicker to go over."""
_ROWS_FIRST = 64


def rows_of(units: Int64s) -> Rows:
    """These rows, rising, as they are gone over most quickly."""
    if not len(units) or units[-1] - units[0] + 1 != len(units) or (units[1:] - units[:-1] != 1).any():
        return units
    return slice(int(units[0]), int(units[-1]) + 1)


def values_at(array: Array, rows: Rows) -> Array:
    """A copy of the values of rows."""
    found: Array = array[rows]
    return found.copy() if isinstance(rows, slice) else found


class Arrays:
    """Named arrays, each with the value of a row nobody wrote to.

    A width above 1 makes a ring of each row, and the row the last index: units that are looked at together are at about the
    same place of their rings, which so lie side by side in memory.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}
        self._fills: dict[str, Any] = {}
        self._rows = _ROWS_FIRST

    def add(self, name: str, kind: npt.DTypeLike, fill: Any, width: int = 1) -> None:
        """One more array; nothing happens when it is there."""
        if name not in self._arrays:
            shape = (self._rows,) if width == 1 else (width, self._rows)
            self._arrays[name] = np.full(shape, fill, kind)
            self._fills[name] = fill

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def reserve(self, rows: int) -> None:
        """Make room for so many rows."""
        if rows <= self._rows:
            return
        self._rows = max(rows, 2 * self._rows)
        for name, old in self._arrays.items():
            new = np.full((*old.shape[:-1], self._rows), self._fills[name], old.dtype)
            new[..., : old.shape[-1]] = old
            self._arrays[name] = new

    @property
    def bytes_per_row(self) -> int:
        """Memory one unit takes."""
        return sum(array[..., :1].nbytes for array in self._arrays.values())

    def clear(self, rows: Int64s) -> None:
        """Make these rows as if nobody had written to them."""
        for name, array in self._arrays.items():
            array[..., rows] = self._fills[name]

    def adopt(self, rows: Int64s, other: Arrays, others: Int64s) -> None:
        """Make these rows what those are in other arrays of the same names and widths."""
        for name, array in self._arrays.items():
            array[..., rows] = other[name][..., others]

    def dump(self, rows: int) -> dict[str, Array]:
        """A copy of the first rows, by name."""
        return {name: array[..., :rows].copy() for name, array in self._arrays.items()}

    def room(self, rows: int) -> dict[str, Array]:
        """Memory for `dump`, there and not only promised: what makes a large copy slow is asking for its memory."""
        return {name: np.full((*array.shape[:-1], rows), 1, array.dtype) for name, array in self._arrays.items()}

    def dump_into(self, rows: int, room: Mapping[str, Array]) -> dict[str, Array]:
        """As `dump`, into memory that is there."""
        if any(array.shape[-1] != rows for array in room.values()) or room.keys() != self._arrays.keys():
            return self.dump(rows)
        for name, array in self._arrays.items():
            np.copyto(room[name], array[..., :rows])
        return dict(room)

    def load(self, dumped: Mapping[str, Array]) -> None:
        """Put back what `dump` gave; arrays that are not here any more, or of another shape, are left out."""
        for name, kept in dumped.items():
            self.reserve(kept.shape[-1])
            mine = self._arrays.get(name)
            if mine is not None and mine.dtype == kept.dtype and mine.shape[:-1] == kept.shape[:-1]:
                mine[..., : kept.shape[-1]] = kept

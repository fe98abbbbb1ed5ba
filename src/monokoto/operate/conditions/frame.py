"""Columns a condition is evaluated over, and the column that comes out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.operate.conditions.types import CelType

Bools = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int32]
Values = npt.NDArray[Any]

DTYPES: dict[CelType, npt.DTypeLike] = {
    CelType.BOOLEAN: np.bool_,
    CelType.INTEGER: np.float64,
    CelType.NUMBER: np.float64,
    CelType.INSTANT: np.int64,
}
"""What a column of each type holds; all other types hold int32 codes into the dictionary."""


@dataclass(frozen=True, slots=True)
class Vector:
    """One value for each row.

    Numbers of both kinds are float64 (whole numbers exact up to 2**53), booleans np.bool_, instants int64 microseconds;
    booleans may be given as the line has them, 0 and 1 in float64.
    Texts and lists are int32 codes into `dictionary`. What stands in rows that are not known means nothing, and may be
    anything, also a code outside the dictionary.
    """

    type: CelType
    values: Values
    known: Bools | None = None
    """Which rows have a value; None: all of them."""
    dictionary: Sequence[Any] = field(default=(), repr=False)
    """Texts, or lists. May be shared between vectors and may grow at its end; an entry never changes."""

    @classmethod
    def of(cls, kind: CelType, items: Iterable[Any]) -> Vector:
        """A vector of Python values, None where there is none. Slow: for tests and small frames."""
        rows = list(items)
        known = np.array([row is not None for row in rows], np.bool_)
        if not kind.coded:
            values = np.array([0 if row is None else row for row in rows], DTYPES[kind])
            return cls(kind, values, None if known.all() else known)
        codes: dict[str, int] = {}
        dictionary: list[Any] = []
        values = np.empty(len(rows), np.int32)
        for index, row in enumerate(rows):
            key = repr(row)  # lists cannot be keys, and 0.0 is not -0.0
            if row is not None and key not in codes:
                codes[key] = len(dictionary)
                dictionary.append(row)
            values[index] = -1 if row is None else codes[key]
        return cls(kind, values, None if known.all() else known, dictionary)

    def __len__(self) -> int:
        return len(self.values)

    def at(self, row: int) -> Any:
        """The value of a row as a Python value; None when it is not known."""
        if self.known is not None and not self.known[row]:
            return None
        value = self.values[row].item()
        if self.type.coded:
            return self.dictionary[value]
        return int(value) if self.type is CelType.INTEGER else value


@dataclass(frozen=True, slots=True)
class Frame:
    """Some rows and what is known of them, by the name a condition uses."""

    rows: int
    columns: Mapping[str, Vector]
    """A name that is missing is known nowhere."""

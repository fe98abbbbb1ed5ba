"""What every step has in common: lanes of values, the context they are worked out in, and the plainest steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from monokoto.kernel.limits import INTEGER_MAX
from monokoto.operate.conditions.frame import DTYPES, Bools, Frame, Vector
from monokoto.operate.conditions.types import CelType

INT64_MAX = 2**63 - 1
LANE_DTYPES: dict[CelType, npt.DTypeLike] = {
    CelType.BOOLEAN: np.bool_,
    CelType.INTEGER: np.int64,
    CelType.NUMBER: np.float64,
}
"""What steps work with. Whole numbers are int64 between steps, so that they overflow where CEL's do."""
NOWHERE: Bools = np.zeros((), np.bool_)
"""Known in no row."""


class Lane(NamedTuple):
    """One value a row, or one for all rows (no dimension). Where it is not known its values mean nothing."""

    values: npt.NDArray[Any]
    known: Bools | None = None
    dictionary: list[Any] | None = None
    """Of a text: `values` are codes."""


class Context:
    """One evaluation."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.wanted: Bools | None = None
        """Rows whose value matters just now (None: all); what is asked row by row leaves out the others."""
        self.lanes: dict[str, Lane] = {}


class Step(Protocol):
    """A part of a condition over columns. Steps are called under `np.errstate(all="ignore")`."""

    @property
    def bound(self) -> int:
        """No whole number it gives is further from 0; past INT64_MAX: it may be any."""
        ...

    @property
    def by_rows(self) -> bool:
        """Whether something within it is asked of the reference row by row."""
        ...

    def run(self, context: Context) -> Lane:
        """The values of all rows."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same value in every row; None: an error in every row."""

    value: bool | int | float | None
    kind: CelType
    lane: Lane = field(init=False)
    by_rows: bool = False

    def __post_init__(self) -> None:
        dtype = LANE_DTYPES[self.kind]
        lane = Lane(np.zeros((), dtype), NOWHERE) if self.value is None else Lane(np.array(self.value, dtype))
        object.__setattr__(self, "lane", lane)

    @property
    def bound(self) -> int:
        return abs(int(self.value)) if self.value is not None and self.kind is CelType.INTEGER else 0

    def run(self, context: Context) -> Lane:
        return self.lane


@dataclass(frozen=True, slots=True)
class Read:
    """A variable that is a number or a boolean."""

    name: str
    kind: CelType
    bound: int = INTEGER_MAX
    by_rows: bool = False

    def run(self, context: Context) -> Lane:
        lane = context.lanes.get(self.name)
        if lane is None:
            dtype = LANE_DTYPES[self.kind]
            vector = context.frame.columns.get(self.name)
            if vector is None:
                lane = Lane(np.zeros((), dtype), NOWHERE)
            else:
                lane = Lane(vector.values.astype(dtype, copy=False), vector.known)
            context.lanes[self.name] = lane
        return lane


@dataclass(frozen=True, slots=True)
class Has:
    """Whether a variable is known."""

    name: str
    bound: int = 0
    by_rows: bool = False

    def run(self, context: Context) -> Lane:
        vector = context.frame.columns.get(self.name)
        if vector is None:
            return Lane(np.zeros((), np.bool_))
        return Lane(np.ones((), np.bool_) if vector.known is None else vector.known)


def both(first: Bools | None, second: Bools | None) -> Bools | None:
    """Where both are known."""
    if first is None:
        return second
    return first if second is None else first & second


def vector_of(kind: CelType, lane: Lane, rows: int) -> Vector:
    """What comes out of the last step, a value for each row."""
    values = np.asarray(lane.values, DTYPES.get(kind, np.int32))
    known = lane.known
    if values.ndim == 0:
        values = np.full(rows, values)
    if known is not None and known.ndim == 0:
        known = np.full(rows, known)
    return Vector(kind, values, known, lane.dictionary or ())

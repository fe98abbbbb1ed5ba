"""Arithmetic and comparison as CEL has them: int64 that says when it overflows, IEEE doubles, no division by zero.

https://github.com/google/cel-spec/blob/master/doc/langdef.md#overflow-and-conversion-errors and, for the numbers of the
`math` functions, what the reference does: the property tests hold both together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from monokoto.operate.conditions.columns.step import INT64_MAX, Context, Lane, Step, both
from monokoto.operate.conditions.frame import Bools
from monokoto.operate.conditions.types import CelType

Values = npt.NDArray[Any]
_INT64_MIN = -(2**63)


@dataclass(frozen=True, slots=True)
class Plain:
    """A function of one or two values that has no errors of its own."""

    function: Callable[..., Values]
    operands: tuple[Step, ...]
    by_rows: bool
    bound: int = INT64_MAX + 1

    def run(self, context: Context) -> Lane:
        lanes = [operand.run(context) for operand in self.operands]
        known = None
        for lane in lanes:
            known = both(known, lane.known)
        return Lane(self.function(*[lane.values for lane in lanes]), known)


@dataclass(frozen=True, slots=True)
class Checked:
    """A function of one or two values that fails for some of them: `failing` says where."""

    function: Callable[..., Values]
    failing: Callable[..., Bools]
    operands: tuple[Step, ...]
    by_rows: bool
    bound: int = INT64_MAX + 1

    def run(self, context: Context) -> Lane:
        lanes = [operand.run(context) for operand in self.operands]
        values = [lane.values for lane in lanes]
        known: Bools | None = ~self.failing(*values)
        for lane in lanes:
            known = both(known, lane.known)
        return Lane(self.function(*values), known)


@dataclass(frozen=True, slots=True)
class OneOf:
    """`in` a list of literals."""

    inner: Step
    members: Values
    by_rows: bool
    bound: int = 0

    def run(self, context: Context) -> Lane:
        values, known, _ = self.inner.run(context)
        if len(self.members) > _FEW:
            return Lane(np.isin(values, self.members), known)
        found = np.zeros(values.shape, np.bool_)
        for member in self.members:
            found = found | (values == member)
        return Lane(found, known)


_FEW = 12
"""Up to here comparing with one after the other is faster than sorting."""


def _divided(first: Values, second: Values) -> Values:
    """Towards zero, as CEL divides whole numbers; NumPy rounds down."""
    divisor = np.where(second == 0, 1, second)
    down = first // divisor
    cut: Values = down + ((down * divisor != first) & ((first < 0) != (divisor < 0)))
    return cut


def _remainder(first: Values, second: Values) -> Values:
    """With the sign of the dividend."""
    rest: Values = np.fmod(first, np.where(second == 0, 1, second))
    return rest


def _rounded(values: Values) -> Values:
    """Halves go away from zero, and keep the sign of zero."""
    size = np.abs(values)
    whole = np.floor(size)
    rounded: Values = np.copysign(whole + (size - whole >= 0.5), values)
    return rounded


def _greater(first: Values, second: Values) -> Values:
    return np.where(second > first, second, first)


def _lesser(first: Values, second: Values) -> Values:
    return np.where(second < first, second, first)


def _sign(values: Values) -> Values:
    return np.where(values > 0, 1.0, np.where(values < 0, -1.0, values + 0.0))


def _sum_overflows(first: Values, second: Values) -> Bools:
    result = first + second
    over: Bools = ((first ^ result) & (second ^ result)) < 0
    return over


def _difference_overflows(first: Values, second: Values) -> Bools:
    result = first - second
    over: Bools = ((first ^ second) & (first ^ result)) < 0
    return over


def _product_overflows(first: Values, second: Values) -> Bools:
    near = np.abs(first.astype(np.float64) * second.astype(np.float64))
    over = near > 9.3e18
    unsure = ~over & (near > 9.2e18)
    if unsure.any():
        exact = first.astype(object) * second.astype(object)
        over = over | np.asarray((exact > INT64_MAX) | (exact < _INT64_MIN), np.bool_)
    return over


def _division_fails(first: Values, second: Values) -> Bools:
    fails: Bools = (second == 0) | ((second == -1) & (first == _INT64_MIN))
    return fails


def _is_least(values: Values) -> Bools:
    least: Bools = values == _INT64_MIN
    return least


def _out_of_range(values: Values) -> Bools:
    """Doubles that are no int64; both ends are refused, as the reference does."""
    outside: Bools = ~((values > -(2.0**63)) & (values < 2.0**63))
    return outside


def _truncated(values: Values) -> Values:
    return np.where(_out_of_range(values), 0.0, values).astype(np.int64)


def _as_doubles(values: Values) -> Values:
    return values.astype(np.float64)


def _itself(values: Values) -> Values:
    return values


Operands = tuple[CelType, ...]
_B, _I, _N = CelType.BOOLEAN, CelType.INTEGER, CelType.NUMBER

PLAIN: Mapping[tuple[str, Operands], Callable[..., Values]] = {
    **{
        (name, (kind, kind)): function
        for kind in (_B, _I, _N)
        for name, function in {
            "_<_": np.less,
            "_<=_": np.less_equal,
            "_>_": np.greater,
            "_>=_": np.greater_equal,
            "_==_": np.equal,
            "_!=_": np.not_equal,
        }.items()
    },
    ("_+_", (_N, _N)): np.add,
    ("_-_", (_N, _N)): np.subtract,
    ("_*_", (_N, _N)): np.multiply,
    ("_/_", (_N, _N)): np.divide,
    ("-_", (_N,)): np.negative,
    ("double", (_I,)): _as_doubles,
    ("double", (_N,)): _itself,
    ("math.abs", (_N,)): np.abs,
    ("math.ceil", (_N,)): np.ceil,
    ("math.floor", (_N,)): np.floor,
    ("math.round", (_N,)): _rounded,
    ("math.trunc", (_N,)): np.trunc,
    ("math.sign", (_N,)): _sign,
    ("math.sqrt", (_N,)): np.sqrt,
    ("math.sqrt", (_I,)): lambda values: np.sqrt(values.astype(np.float64)),
    ("math.isNaN", (_N,)): np.isnan,
    ("math.isInf", (_N,)): np.isinf,
    ("math.isFinite", (_N,)): np.isfinite,
    ("math.@max", (_N, _N)): _greater,
    ("math.@min", (_N, _N)): _lesser,
}
"""Functions without errors of their own, by name and types of their operands."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A function that gives a whole number: how it is worked out, where it fails, and how large it may become."""

    function: Callable[..., Values]
    bound: Callable[..., int]
    """From the bounds of the operands."""
    failing: Callable[..., Bools] | None = None
    always: bool = False
    """Whether it may fail also when its bound is within int64."""


WHOLE: Mapping[tuple[str, Operands], Whole] = {
    ("_+_", (_I, _I)): Whole(np.add, lambda a, b: a + b, _sum_overflows),
    ("_-_", (_I, _I)): Whole(np.subtract, lambda a, b: a + b, _difference_overflows),
    ("_*_", (_I, _I)): Whole(np.multiply, lambda a, b: a * b, _product_overflows),
    ("_/_", (_I, _I)): Whole(_divided, lambda a, b: a, _division_fails, always=True),
    ("_%_", (_I, _I)): Whole(_remainder, lambda a, b: b, _division_fails, always=True),
    ("-_", (_I,)): Whole(np.negative, lambda a: a, _is_least),
    ("int", (_N,)): Whole(_truncated, lambda a: INT64_MAX, _out_of_range, always=True),
    ("int", (_I,)): Whole(_itself, lambda a: a),
    ("math.abs", (_I,)): Whole(np.abs, lambda a: a, _is_least),
    ("math.sign", (_I,)): Whole(np.sign, lambda a: 1),
    ("math.@max", (_I, _I)): Whole(_greater, max),
    ("math.@min", (_I, _I)): Whole(_lesser, max),
}
"""Functions that give whole numbers, by name and types of their operands."""


def whole_step(whole: Whole, operands: tuple[Step, ...], *, by_rows: bool) -> Step:
    """The step of a function that gives whole numbers; nothing is checked that cannot fail."""
    bound = min(whole.bound(*(operand.bound for operand in operands)), INT64_MAX + 1)
    if whole.failing is None or (bound <= INT64_MAX and not whole.always):
        return Plain(whole.function, operands, by_rows, bound)
    return Checked(whole.function, whole.failing, operands, by_rows, bound)

"""Every function over columns, with every pair of awkward values: the compiled and the reference agree bit by bit."""

from __future__ import annotations

import itertools
import math
import struct

import numpy as np
import pytest

from monokoto.operate.conditions import CelType, Frame, Unknown, Vector, check

VARIABLES = {
    "x": CelType.NUMBER,
    "y": CelType.NUMBER,
    "n": CelType.INTEGER,
    "m": CelType.INTEGER,
    "p": CelType.BOOLEAN,
    "q": CelType.BOOLEAN,
    "t": CelType.INSTANT,
}
NUMBERS = (0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999999999999994, 4503599627370497.5, 80.0, 2.0**63, -(2.0**63))
ALL_NUMBERS = (*NUMBERS, 9223372036854774784.0, 5e-324, 1.7e308, math.inf, -math.inf, math.nan, None)
WHOLE = (0, 1, -1, 2, -2, 7, -7, 3037000500, -3037000500, 2**53, -(2**53), 2**53 - 1, None)
HUGE = (2**63 - 1, -(2**63), 2**62, 2**31)
POOLS = {
    CelType.NUMBER: ALL_NUMBERS,
    CelType.INTEGER: WHOLE,
    CelType.BOOLEAN: (True, False, None),
    CelType.INSTANT: (0, 1_600_000_000_000_001, -5, None),
}
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
EXPRESSIONS = (
    *(f"{a} {operator} {b}" for operator in COMPARISONS for a, b in (("x", "y"), ("n", "m"), ("p", "q"))),
    *(f"x {operator} y" for operator in "+-*/"),
    *(f"n {operator} m" for operator in "+-*/%"),
    *(f"n {operator} ({big})" for operator in "+-*/%" for big in HUGE),
    *(f"({big}) {operator} n" for operator in "+-*/%" for big in HUGE),
    *(f"(n * 1024) {operator} (m * 1023)" for operator in "+-*/%"),
    *(
        f"math.{name}(x)"
        for name in ("abs", "ceil", "floor", "round", "trunc", "sign", "sqrt", "isNaN", "isInf", "isFinite")
    ),
    *(f"math.{name}(n)" for name in ("abs", "sign", "sqrt")),
    *(f"math.{name}({a})" for name in ("greatest", "least") for a in ("x, y", "n, m", "x, y, 1", "n, m, 3", "x, 0")),
    *("-x", "-n", "double(n)", "int(x)", "int(n)", "double(x)", "-(n * 1024)", "math.abs(n - 9223372036854775807)"),
    *("p && q", "p || q", "!p", "p ? x : y", "p ? n : m", "p && n / m > 1", "p || n / m > 1", "n / m > 1 ? p : q"),
    *("x in [0, 0.5, 80]", "n in [0, 7, -7]", "p in [true]", f"x in [{', '.join(map(str, range(20)))}]", "x in []"),
    *("has(x)", "has(x) && x > 1", "has(x) ? x : y", "t > timestamp('2020-01-01T00:00:00Z')", "t"),
    *("x > 1 && 1 / 0 > 2", "x > 1 || 1 / 0 > 2", "1 / 0", "1 + 2 * 3", "[1, 2].exists(i, i > 1)", "double('x')"),
)


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_every_function_agrees_on_awkward_values(source: str) -> None:
    condition = check(source, VARIABLES, None)
    names = sorted(condition.names)
    rows = [
        dict(zip(names, values, strict=True)) for values in itertools.product(*(POOLS[VARIABLES[n]] for n in names))
    ]
    rows = rows[:1500]
    columns = {name: Vector.of(VARIABLES[name], [row[name] for row in rows]) for name in names}
    got = condition.evaluate(Frame(len(rows), columns))
    assert len(got) == len(rows)
    for index, row in enumerate(rows):
        expected, value = condition.reference(row), got.at(index)
        if isinstance(expected, Unknown):
            assert value is None, (row, expected)
        elif isinstance(expected, float):
            assert value is not None, (row, expected)
            equal = struct.pack("<d", value) == struct.pack("<d", expected)
            assert equal or (math.isnan(value) and math.isnan(expected)), (row, expected, value)
        elif condition.type is CelType.INTEGER:
            assert value == int(float(expected)), (row, expected)  # type: ignore[arg-type]
        else:
            assert value == expected, (row, expected)
            assert type(value) is type(expected)


def test_whole_numbers_are_exact_up_to_2_to_the_53() -> None:
    condition = check("n + 1 == 9007199254740992", VARIABLES, CelType.BOOLEAN)
    got = condition.evaluate(Frame(2, {"n": Vector.of(CelType.INTEGER, [2**53 - 1, 2**53])}))
    assert got.values.tolist() == [True, False]


def test_masks_may_be_missing_and_columns_too() -> None:
    condition = check("x > 1 && n > 1", VARIABLES, CelType.BOOLEAN)
    numbers = Vector(CelType.NUMBER, np.array([0.0, 2.0]))
    got = condition.evaluate(Frame(2, {"x": numbers}))
    assert [got.at(0), got.at(1)] == [False, None]
    assert condition.evaluate(Frame(0, {"x": Vector(CelType.NUMBER, np.empty(0))})).values.shape == (0,)
    assert condition.evaluate(Frame(3, {})).known is not None

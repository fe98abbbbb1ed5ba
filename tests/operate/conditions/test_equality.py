"""Compiled conditions give what the reference gives: random well-typed expressions over random rows with unknown values."""

from __future__ import annotations

import math
import random
import struct

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from monokoto.operate.conditions import CelType, Frame, Unknown, Vector, check

VARIABLES = {
    "x": CelType.NUMBER,
    "y": CelType.NUMBER,
    "box.z": CelType.NUMBER,
    "n": CelType.INTEGER,
    "m": CelType.INTEGER,
    "p": CelType.BOOLEAN,
    "q": CelType.BOOLEAN,
    "s": CelType.TEXT,
    "box.t": CelType.TEXT,
    "xs": CelType.NUMBERS,
    "ss": CelType.TEXTS,
    "my-name": CelType.NUMBER,
}
NUMBERS = (0.0, -0.0, 1.0, -1.5, 0.1, 2.5, -3.5, 80.0, 0.49999999999999994, 1e308, -1e308, 5e-324, 2.0**53, 9.3e18)
ODD_NUMBERS = (*NUMBERS, math.nan, math.inf, -math.inf, -(2.0**63), 2.0**63)
INTEGERS = (0, 1, -1, 2, 3, -7, 80, 2**53, -(2**53), 2**53 - 1, 3037000500)
LITERALS = (*INTEGERS, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1)
TEXTS = ("", "on", "off", "ON", "é", "日本", "😀x", "a.b", "12", "-3.5", "true", "on ")
PATTERNS = ("o.", "^on$", "[0-9]+", ".", "x$", "(")


class Writer:
    """Writes expressions of a wanted type; deeper ones get simpler parts."""

    def __init__(self, source: random.Random) -> None:
        self.source = source

    def write(self, kind: str, depth: int) -> str:
        leaf = depth <= 0 or self.source.random() < 0.15
        return getattr(self, f"{kind}_leaf" if leaf else f"{kind}_node")(depth - 1)

    def pick(self, *options: str) -> str:
        return self.source.choice(options)

    def number_leaf(self, depth: int) -> str:
        literal = repr(self.source.choice(NUMBERS))
        whole = str(self.source.choice((0, 1, 2, 80)))
        return self.pick("x", "y", "box.z", 'self["my-name"]', literal, "x", whole + ".0")

    def number_node(self, depth: int) -> str:
        a, b = self.write("number", depth), self.write("number", depth)
        n = self.write("integer", depth)
        one = self.pick(
            "math.abs", "math.ceil", "math.floor", "math.round", "math.trunc", "math.sign", "math.sqrt", "-"
        )
        two = self.pick("math.greatest", "math.least")
        return self.pick(
            f"({a} {self.pick('+', '-', '*', '/')} {b})",
            f"({a} {self.pick('+', '-', '*', '/')} {self.source.choice((0, 1, 2, 80))})",
            f"{one}({a})",
            f"{two}({a}, {b})",
            f"{two}({a}, {b}, {self.write('number', depth)}, 3)",
            f"double({n})",
            f"math.sqrt({n})",
            f"({self.write('boolean', depth)} ? {a} : {b})",
            f"xs[{n}]",
            f"double({self.write('text', depth)})",
        )

    def integer_leaf(self, depth: int) -> str:
        return self.pick("n", "m", "n", str(self.source.choice(LITERALS)), str(self.source.choice((0, 1, 2, 7))))

    def integer_node(self, depth: int) -> str:
        a, b = self.write("integer", depth), self.write("integer", depth)
        return self.pick(
            f"({a} {self.pick('+', '-', '*', '/', '%')} {b})",
            f"({a} {self.pick('+', '-', '*', '/', '%')} {b})",
            f"-({a})",
            f"math.abs({a})",
            f"math.sign({a})",
            f"math.greatest({a}, {b})",
            f"math.least({a}, {b}, n)",
            f"int({self.write('number', depth)})",
            f"({self.write('boolean', depth)} ? {a} : {b})",
            f"size({self.write('text', depth)})",
            "xs.size()",
            f"int({self.write('text', depth)})",
        )

    def boolean_leaf(self, depth: int) -> str:
        name = self.pick(*(name for name in VARIABLES if "-" not in name))
        return self.pick("p", "q", "true", "false", f"has({name})", 'has(self["my-name"])')

    def boolean_node(self, depth: int) -> str:
        a, b = self.write("boolean", depth), self.write("boolean", depth)
        compare = self.pick("<", "<=", ">", ">=", "==", "!=")
        kind = self.pick("number", "number", "integer", "boolean", "text")
        return self.pick(
            f"({self.write(kind, depth)} {compare} {self.write(kind, depth)})",
            f"({self.write(kind, depth)} {compare} {self.write(kind, depth)})",
            f"({self.write('number', depth)} {compare} {self.source.choice((0, 1, 80, -3))})",
            f"({a} && {b})",
            f"({a} || {b})",
            f"({a} && {b} || {self.write('boolean', depth)})",
            f"!({a})",
            f"({self.write('boolean', depth)} ? {a} : {b})",
            f"({self.write('number', depth)} in [1, 2.5, 80, {self.source.choice(NUMBERS)!r}])",
            f"({self.write('integer', depth)} in [{', '.join(map(str, self.source.choices(INTEGERS, k=14)))}])",
            f"({self.write('text', depth)} in ['on', 'é', {self.source.choice(TEXTS)!r}])",
            f"({self.write('text', depth)}.{self.pick('startsWith', 'endsWith', 'contains')}({self.write('text', 0)}))",
            f"({self.write('text', depth)}.matches({self.source.choice(PATTERNS)!r}))",
            f"xs.{self.pick('exists', 'all', 'exists_one')}(i, i > {self.write('number', 0)})",
            f"ss.exists(i, i == {self.write('text', 0)})",
            f"({self.write('text', 0)} in ss)",
            f"math.isNaN({self.write('number', depth)})",
            f"math.isFinite({self.write('number', depth)})",
        )

    def text_leaf(self, depth: int) -> str:
        return self.pick("s", "s", "box.t", repr(self.source.choice(TEXTS)))

    def text_node(self, depth: int) -> str:
        a, b = self.write("text", depth), self.write("text", depth)
        return self.pick(
            a,
            f"({a} + {b})",
            f"({self.write('boolean', depth)} ? {a} : {b})",
            f"{a}.lowerAscii()",
            f"string({self.write('integer', depth)})",
            f"{a}.substring(1)",
        )


def value_of(kind: CelType, source: random.Random) -> object:
    if source.random() < 0.2:
        return None
    if kind.element is not None:
        return [
            value_of(kind.element, source) or {"double": 1.0, "string": "on"}[kind.element]
            for _ in range(source.randrange(4))
        ]
    pools = {
        CelType.NUMBER: ODD_NUMBERS,
        CelType.INTEGER: INTEGERS,
        CelType.BOOLEAN: (True, False),
        CelType.TEXT: TEXTS,
    }
    return source.choice(pools[kind])


def same(expected: object, got: object, kind: CelType) -> bool:
    if isinstance(expected, Unknown):
        return got is None
    if got is None:
        return False
    if kind is CelType.NUMBER:
        assert isinstance(expected, float)
        return bits(expected) == bits(got) or (math.isnan(expected) and math.isnan(got))  # type: ignore[arg-type]
    if kind is CelType.INTEGER:
        return float(expected) == float(got)  # type: ignore[arg-type]
    return type(expected) is type(got) and expected == got


def bits(value: object) -> bytes:
    return struct.pack("<d", value)


def compare(seed: int, depth: int, rows: int = 8) -> bool:
    """One expression over some rows, at once and again in two halves; whether it was vectorised."""
    source = random.Random(seed)
    text = Writer(source).write(source.choice(("boolean", "boolean", "boolean", "number", "integer", "text")), depth)
    condition = check(text, VARIABLES, None)
    table = [{name: value_of(kind, source) for name, kind in VARIABLES.items()} for _ in range(rows)]
    missing = source.sample(sorted(VARIABLES), k=source.choice((0, 0, 1, 3)))
    for row in table:
        row.update(dict.fromkeys(missing))
    expected = [condition.reference(row) for row in table]
    for part in (slice(0, rows), slice(0, rows // 2), slice(rows // 2, rows)):
        got = condition.evaluate(frame_of(table[part], missing))
        for row, wanted, index in zip(table[part], expected[part], range(rows), strict=False):
            assert same(wanted, got.at(index), condition.type), (seed, depth, text, condition.text(), row, wanted, got)
    return condition.is_vectorised


def frame_of(rows: list[dict[str, object]], missing: list[str]) -> Frame:
    columns = {
        name: Vector.of(kind, [row[name] for row in rows]) for name, kind in VARIABLES.items() if name not in missing
    }
    return Frame(len(rows), columns)


SEEDS = st.integers(0, 2**40)
DEPTHS = st.integers(0, 4)


@settings(max_examples=2_500, deadline=None, print_blob=True, suppress_health_check=list(HealthCheck), database=None)
@given(SEEDS, DEPTHS)
def test_compiled_is_the_reference(seed: int, depth: int) -> None:
    note(f"seed {seed}, depth {depth}")
    compare(seed, depth)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_compiled_is_the_reference_for_long() -> None:
    began = random.SystemRandom().randrange(2**40)
    print(f"seeds from {began}")
    vectorised = 0
    for index in range(200_000):
        vectorised += compare(began + index, index % 5, rows=6)
    print(f"{vectorised} of 200000 vectorised")
    assert vectorised > 60_000

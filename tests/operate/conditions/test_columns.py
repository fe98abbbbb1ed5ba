"""Evaluating over columns: dictionaries that grow, are shared or replaced, and what is asked of the reference how often."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from monokoto.kernel import limits
from monokoto.operate.conditions import CelType, Frame, Vector, check
from monokoto.operate.conditions.reference import Reference

VARIABLES = {"x": CelType.NUMBER, "s": CelType.TEXT, "t": CelType.TEXT, "xs": CelType.NUMBERS, "n": CelType.INTEGER}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """Every row the reference is asked for."""
    rows: list[object] = []
    plain = Reference.of_row

    def of_row(self: Reference, row: dict[str, object]) -> object:
        rows.append(row)
        return plain(self, row)

    monkeypatch.setattr(Reference, "of_row", of_row)
    return rows


def texts(codes: list[int], dictionary: list[str], known: list[bool] | None = None) -> Vector:
    mask = None if known is None else np.array(known)
    return Vector(CelType.TEXT, np.array(codes, np.int32), mask, dictionary)


def test_a_text_is_asked_once_while_its_dictionary_grows(asked: list[object]) -> None:
    condition = check('s.startsWith("o") && x > 1', VARIABLES, CelType.BOOLEAN)
    assert condition.is_vectorised
    dictionary = ["on", "no"]
    x = Vector(CelType.NUMBER, np.array([2.0, 2.0, 0.0, 2.0]))
    asked.clear()
    got = condition.evaluate(Frame(4, {"s": texts([0, 1, 0, 0], dictionary), "x": x}))
    assert got.values.tolist() == [True, False, False, True]
    assert len(asked) == 2
    dictionary += ["off", "by"]
    got = condition.evaluate(Frame(4, {"s": texts([2, 3, 2, 0], dictionary), "x": x}))
    assert got.values.tolist() == [True, False, False, True]
    assert len(asked) == 4
    for _ in range(12):
        got = condition.evaluate(Frame(4, {"s": texts([0, 1, 2, 3], list(dictionary)), "x": x}))
        assert got.values.tolist() == [True, False, False, False]
    assert len(asked) == 4, "other dictionaries with the same texts cost no questions"


def test_of_a_large_dictionary_only_what_occurs_is_asked(asked: list[object]) -> None:
    condition = check('s.endsWith("7")', VARIABLES, CelType.BOOLEAN)
    dictionary = [f"text {number}" for number in range(50_000)]
    asked.clear()
    got = condition.evaluate(Frame(3, {"s": texts([7, 49_999, 17], dictionary)}))
    assert got.values.tolist() == [True, False, True]
    assert len(asked) == 3
    got = condition.evaluate(Frame(3, {"s": texts([27, 49_999, -1], dictionary, [True, True, False])}))
    assert [got.at(row) for row in range(3)] == [True, False, None]
    assert len(asked) == 4


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.operate.conditions.columns.table.CONDITION_TABLE_MAX", 100)
    condition = check("size(s)", VARIABLES, CelType.INTEGER)
    for start in range(0, 1000, 50):
        dictionary = ["a" * number for number in range(start, start + 50)]
        got = condition.evaluate(Frame(50, {"s": texts(list(range(50)), dictionary)}))
        assert got.values.tolist() == list(range(start, start + 50))
    table = condition._step
    assert len(table._remembered) <= 100  # type: ignore[attr-defined]
    assert len(table._answers) <= 8  # type: ignore[attr-defined]
    assert limits.CONDITION_TABLE_MAX == 65_536


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('s == "on"', [True, False, None, None]),
        ('s == "on" || true', [True, True, True, True]),
        ('has(s) && s == "on"', [True, False, False, False]),
        ('has(s) ? s : "none"', ["on", "off", "none", "none"]),
        ("s.substring(3)", [None, "", None, None]),
        ('s.matches("(")', [None] * 4),
        ("int(s)", [None] * 4),
        ("s < t", [False, False, None, None]),
        ("s + t", ["ona", "offa", None, None]),
    ],
)
def test_texts_that_are_not_known(source: str, expected: list[object]) -> None:
    frame = Frame(
        4, {"s": texts([0, 1, -7, 9999], ["on", "off"], [True, True, False, False]), "t": texts([0] * 4, ["a"])}
    )
    got = check(source, VARIABLES, None).evaluate(frame)
    assert [got.at(row) for row in range(4)] == expected


def test_rows_already_settled_are_not_asked(asked: list[object]) -> None:
    x = np.arange(1000.0)
    frame = Frame(
        1000, {"x": Vector(CelType.NUMBER, x), "xs": Vector(CelType.NUMBERS, np.zeros(1000, np.int32), None, [[5.0]])}
    )
    for source, most in (
        ("x > 990 && xs.exists(i, i < x)", 9),
        ("xs.exists(i, i < x) && x > 990", 9),
        ("x < 990 || xs.exists(i, i < x)", 10),
        ("x > 990 ? xs.exists(i, i < x) : x > 5", 9),
        ("x > 990 && (x < 995 ? xs.exists(i, i < x) : false)", 4),
    ):
        condition = check(source, VARIABLES, CelType.BOOLEAN)
        assert not condition.is_vectorised
        asked.clear()
        got = condition.evaluate(frame)
        assert len(asked) == most, source
        assert got.known is None or got.known.all()


def test_equal_rows_are_asked_once(asked: list[object]) -> None:
    condition = check("xs.exists(i, i < x)", VARIABLES, CelType.BOOLEAN)
    asked.clear()
    lists = Vector(CelType.NUMBERS, np.array([0, 1] * 500, np.int32), None, [[5.0], [-0.0]])
    condition.evaluate(Frame(1000, {"x": Vector(CelType.NUMBER, np.array([0.0, -0.0] * 500)), "xs": lists}))
    assert len(asked) == 2


def test_threads_may_share_a_condition() -> None:
    condition = check('s.contains("7") && size(s) > 2', VARIABLES, CelType.BOOLEAN)
    dictionary: list[str] = []

    def work(seed: int) -> bool:
        source = random.Random(seed)
        for _ in range(30):
            dictionary.append(str(source.randrange(10**4)))
            known = len(dictionary)
            codes = [source.randrange(known) for _ in range(50)]
            got = condition.evaluate(Frame(50, {"s": texts(codes, dictionary)}))
            expected = ["7" in dictionary[code] and len(dictionary[code]) > 2 for code in codes]
            assert got.values.tolist() == expected
        return True

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_the_frame_is_left_as_it_was() -> None:
    values, known = np.array([1.0, np.nan, 3.0]), np.array([True, False, True])
    frame = Frame(3, {"x": Vector(CelType.NUMBER, values, known)})
    check("x + 1 > 2 && x < 5 || -x > 3", VARIABLES, CelType.BOOLEAN).evaluate(frame)
    assert values.tolist()[::2] == [1.0, 3.0]
    assert known.tolist() == [True, False, True]


def test_vectors_of_python_values() -> None:
    assert [Vector.of(CelType.INTEGER, [1, None, 3]).at(row) for row in range(3)] == [1, None, 3]
    lists = Vector.of(CelType.NUMBERS, [[1.0], None, [1.0], []])
    assert [lists.at(row) for row in range(4)] == [[1.0], None, [1.0], []]
    assert len(lists.dictionary) == 2
    assert Vector.of(CelType.BOOLEAN, [True, False]).known is None


def test_zeros_of_both_signs_in_lists_are_different() -> None:
    condition = check("1 / xs[0]", VARIABLES, CelType.NUMBER)
    got = condition.evaluate(Frame(2, {"xs": Vector.of(CelType.NUMBERS, [[0.0], [-0.0]])}))
    assert got.values.tolist() == [np.inf, -np.inf]


def test_booleans_as_the_line_has_them() -> None:
    flags = Vector(CelType.BOOLEAN, np.array([0.0, 1.0, np.nan]), np.array([True, True, False]))
    for source in ("on", "on && n != 5", "on == true", "has(on) && on", "xs.exists(i, on)"):
        condition = check(source, {**VARIABLES, "on": CelType.BOOLEAN}, CelType.BOOLEAN)
        columns = {
            "on": flags,
            "n": Vector.of(CelType.INTEGER, [1, 2, 3]),
            "xs": Vector.of(CelType.NUMBERS, [[1.0]] * 3),
        }
        got = condition.evaluate(Frame(3, columns))
        assert got.values.dtype == np.bool_
        assert [got.at(0), got.at(1)] == [False, True], source

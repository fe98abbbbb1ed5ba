"""The condition lets through what lies in the times of its unit, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from monokoto.engines.series import Series, within_times
from monokoto.kernel.errors import Invalid

Windows = dict[int, list[tuple[int, int]]]
ROWS = [(unit, at) for unit in range(6) for at in range(0, 60, 3)]


@pytest.fixture(scope="module")
def series(lend_series: Callable[[], AbstractContextManager[Series]]) -> Iterator[Series]:
    with lend_series() as lent:
        lent.command("CREATE TABLE seen (unit Int64, at Int64) ENGINE = MergeTree ORDER BY (unit, at)")
        lent.command(f"INSERT INTO seen VALUES {', '.join(map(str, ROWS))}")
        yield lent


def asked(series: Series, windows: Windows, *, others: bool) -> set[tuple[int, int]]:
    condition, parameters = within_times(windows, others=others, instant="at")
    rows = series.query(f"SELECT unit, at FROM seen WHERE {condition}", parameters).to_pylist()
    return {(row["unit"], row["at"]) for row in rows}


def expected(windows: Windows, *, others: bool) -> set[tuple[int, int]]:
    def seen(unit: int, at: int) -> bool:
        return any(begin <= at < end for begin, end in windows[unit]) if unit in windows else others

    return {(unit, at) for unit, at in ROWS if seen(unit, at)}


@pytest.mark.parametrize("others", [True, False])
@pytest.mark.parametrize(
    "windows",
    [
        {1: [(0, 6)]},
        {1: [(-(1 << 63), 6), (9, 1 << 63)]},
        {1: []},
        {1: [], 2: [(3, 9)]},
        {1: [(0, 3), (6, 9), (12, 60)], 2: [(3, 9)], 3: [(0, 60)]},
    ],
    ids=["one", "without end", "closed", "closed beside open", "many"],
)
def test_each_unit_has_its_own_times(series: Series, windows: Windows, others: bool) -> None:
    assert asked(series, windows, others=others) == expected(windows, others=others)


def test_no_unit_at_all(series: Series) -> None:
    assert asked(series, {}, others=True) == set(ROWS)
    assert asked(series, {}, others=False) == set()


def test_any_windows(series: Series) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    chance = random.Random(seed)
    for _ in range(40):
        windows: Windows = {}
        for unit in chance.sample(range(6), chance.randint(0, 6)):
            edges = sorted(chance.sample(range(62), 2 * chance.randint(0, 4)))
            windows[unit] = list(zip(edges[::2], edges[1::2], strict=True))
        others = chance.random() < 0.5
        assert asked(series, windows, others=others) == expected(windows, others=others), f"seed {seed}: {windows}"


def test_a_statement_has_its_limit() -> None:
    many = [(2 * one, 2 * one + 1) for one in range(300)]
    assert within_times({1: many}, others=False, instant="at")
    with pytest.raises(Invalid, match="too many hands"):
        within_times({1: many, 2: [(0, 1)]}, others=False, instant="at")

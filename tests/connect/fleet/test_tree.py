"""Product systems: whatever the sequence of moves, a tree stays a tree."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.connect.fleet import NOWHERE, Directory, Fleet, NewUnit, UnitFilter
from monokoto.connect.fleet.tree import ancestors_of, depth_of, path_of, prefix_range, subtree_range
from monokoto.engines.records import metadata, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Conflict
from monokoto.kernel.limits import TREE_DEPTH_MAX

ACME = 11
UNITS = 8
MOVES = st.lists(st.tuples(st.integers(0, UNITS - 1), st.integers(-1, UNITS - 1)), max_size=25)
TRIALS = count()
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, fixed_products: object) -> Iterator[tuple[Fleet, Directory]]:
    records = open_records("", data_dir=tmp_path_factory.mktemp("trees"))
    metadata.create_all(records.engine)
    yield Fleet(records, fixed_products, ManualClock()), Directory(records)
    records.close()


@settings(max_examples=20, deadline=None)
@given(moves=MOVES)
def test_moves_never_close_a_circle(opened: tuple[Fleet, Directory], moves: list[tuple[int, int]]) -> None:
    fleet, directory = opened
    trial = next(TRIALS)
    ids = [
        fleet.register(ACME, NewUnit(serial=f"{trial}-{number}", product="robot")).unit.id for number in range(UNITS)
    ]
    parents: dict[int, int] = dict.fromkeys(ids, NOWHERE)
    for unit, parent in moves:
        unit_id, parent_id = ids[unit], NOWHERE if parent < 0 else ids[parent]
        closes = parent_id == unit_id or unit_id in above(parents, parent_id)
        try:
            fleet.move(ACME, unit_id, parent_id)
            assert not closes
            parents[unit_id] = parent_id
        except Conflict:
            assert closes
    directory.refresh()
    for unit_id in ids:
        unit = fleet.get(ACME, unit_id)
        assert unit.parent_id == parents[unit_id]
        assert ancestors_of(unit.path) == above(parents, unit_id)[::-1]
        below = {one.id for one in fleet.list(ACME, UnitFilter(below=unit_id)).items}
        assert below == {other for other in ids if unit_id in above(parents, other)}
        for other in ids:
            number = ids.index(other)
            found = directory.child(unit_id, f"{trial}-{number}")
            assert (found is not None) == (other == unit_id or other in below)


def above(parents: dict[int, int], unit_id: int) -> list[int]:
    """The units above one, the nearest first."""
    found: list[int] = []
    while unit_id != NOWHERE and parents[unit_id] != NOWHERE:
        unit_id = parents[unit_id]
        found.append(unit_id)
    return found


@given(ids=st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=TREE_DEPTH_MAX))
def test_a_path_holds_its_ancestors(ids: list[int]) -> None:
    path = ""
    for unit_id in ids:
        path = path_of(path, unit_id)
    assert ancestors_of(path) == ids[:-1]
    assert depth_of(path) == len(ids)
    first, after = subtree_range(path)
    assert first <= path < after
    assert first <= path_of(path, 2**63 - 1) < after


@given(prefix=TEXTS, text=TEXTS)
def test_a_prefix_is_a_range(prefix: str, text: str) -> None:
    first, after = prefix_range(prefix)
    encoded = text.encode()
    within = first.encode() <= encoded and (after is None or encoded < after.encode())
    assert within == text.startswith(prefix)

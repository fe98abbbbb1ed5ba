"""The index of rows against a dict."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.operate.twins.reported.index import MISSING, RowIndex

IDS = st.integers(0, 2**63 - 1) | st.integers(0, 50)


@settings(deadline=None)
@given(st.lists(st.sets(IDS, max_size=200), max_size=6), st.lists(IDS, max_size=50))
def test_it_finds_what_was_added_and_nothing_else(rounds: list[set[int]], others: list[int]) -> None:
    index, reference = RowIndex(), {}
    for fresh in rounds:
        units = [unit for unit in fresh if unit not in reference]
        index.add(np.array(units, np.int64))
        reference.update({unit: len(reference) + number for number, unit in enumerate(units)})
    asked = [*reference, *others]
    found = index.find(np.array(asked, np.int64)).tolist()
    assert found == [reference.get(unit, MISSING) for unit in asked]
    assert len(index) == len(reference)


def test_ids_of_one_millisecond_and_many_of_them() -> None:
    units = np.arange(200_000, dtype=np.int64) + (123_456 << 21)
    index = RowIndex()
    for part in np.array_split(units, 7):
        index.add(part)
    assert (index.find(units) == np.arange(len(units))).all()
    assert (index.find(units + len(units)) == MISSING).all()

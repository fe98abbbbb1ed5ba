"""Reported state against a reference model of twenty lines: whatever the cuts, repeats, crashes and replays."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twins_making import KINDS, MAKER, MODEL, Message, as_json, batch, block, property_model

from monokoto.connect.products import ProductModel
from monokoto.kernel.values import Kind
from monokoto.operate.twins.reported.snapshot import encode_snapshot, merge_snapshot
from monokoto.operate.twins.reported.state import ReportedState
from monokoto.operate.twins.reported.table import SHARED

UNITS = (11, 12, 13, 14)
STORED = {
    "temperature": st.floats(0, 250),
    "count": st.integers(-(2**53), 2**53).map(float),
    "on": st.sampled_from([0.0, 1.0]),
    "mode": st.sampled_from(["slow", "fast", "", "žluť 🍚"]),
    "place": st.sampled_from(['{"lat":1.5}', "{}", '{"note":"x","lat":-2}']),
    "path": st.sampled_from(["[]", "[1,2,3]"]),
}
VALUES = st.dictionaries(st.sampled_from(sorted(STORED)), st.none(), min_size=1, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: STORED[name] for name in names})
)


@st.composite
def logs(draw: st.DrawFn) -> list[Message]:
    """Messages in log order: arrival rises, times come late, repeated and equal."""
    count = draw(st.integers(1, 40))
    return [
        Message(draw(st.sampled_from(UNITS)), draw(st.integers(0, 12)), 1_000 + number // 2, draw(VALUES))
        for number in range(count)
    ]


class Reference:
    """One message after the other, one value after the other."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, str], tuple[int, int, float | str]] = {}
        self.revision: dict[int, int] = {}

    def apply(self, message: Message) -> None:
        for name, value in message.values.items():
            at, arrived, _ = self.cells.get((message.unit_id, name), (-1, -1, 0.0))
            if (message.at, message.arrived) >= (at, arrived):
                self.cells[message.unit_id, name] = (message.at, message.arrived, value)
                self.revision[message.unit_id] = max(self.revision.get(message.unit_id, 0), message.arrived)


def assert_equal(state: ReportedState, reference: Reference, units: tuple[int, ...] = UNITS) -> None:
    found = state.reported(MAKER, "cooker", units)
    for unit_id in units:
        expected = {
            name: (as_json(KINDS[name], value), at, arrived)
            for (owner, name), (at, arrived, value) in reference.cells.items()
            if owner == unit_id
        }
        held = found[unit_id].properties
        assert {name: (value.plain, value.at, value.arrived) for name, value in held.items()} == expected
        assert {name: type(value.plain) for name, value in held.items()} == {
            name: type(value) for name, (value, _, _) in expected.items()
        }
        assert found[unit_id].revision == reference.revision.get(unit_id, 0)


def cut(messages: list[Message], cuts: set[int]) -> list[list[Message]]:
    edges = [0, *sorted(edge for edge in cuts if 0 < edge < len(messages)), len(messages)]
    return [messages[start:end] for start, end in pairwise(edges)]


CUTS = st.sets(st.integers(1, 39), max_size=8)


@settings(max_examples=50, deadline=None)
@given(log=logs(), cuts=CUTS, other_cuts=CUTS, data=st.data())
def test_any_cut_crash_and_replay_gives_the_state_of_one_message_after_the_other(log, cuts, other_cuts, data) -> None:
    live_crash_and_replay(log, cuts, other_cuts, data)


@pytest.mark.long
@settings(max_examples=3_000, deadline=None)
@given(log=logs(), cuts=CUTS, other_cuts=CUTS, data=st.data())
def test_any_cut_crash_and_replay_many_times_over(log, cuts, other_cuts, data) -> None:
    live_crash_and_replay(log, cuts, other_cuts, data)


def live_crash_and_replay(log: list[Message], cuts: set[int], other_cuts: set[int], data: st.DataObject) -> None:
    reference = Reference()
    for message in log:
        reference.apply(message)

    state = ReportedState()
    revisions = dict.fromkeys(UNITS, 0)
    snapshot, done = b"", 0
    snapshot_after = data.draw(st.integers(0, 8), label="snapshot after batch")
    for number, messages in enumerate(cut(log, cuts)):
        state.apply([block(messages)], 0)
        done += len(messages)
        now = {unit_id: reported.revision for unit_id, reported in state.reported(MAKER, "cooker", UNITS).items()}
        assert all(now[unit_id] >= revisions[unit_id] for unit_id in UNITS), "a revision went back"
        revisions = now
        if number == snapshot_after:
            snapshot = encode_snapshot(state, 0, done)
    assert_equal(state, reference)

    # The crash: a new process, the snapshot if there was one, and the log again from at or before what it covers.
    revived = ReportedState()
    covered = merge_snapshot(revived, snapshot).sequence if snapshot else 0
    replay_from = data.draw(st.integers(0, covered), label="replay from")
    for messages in cut(log[replay_from:], other_cuts):
        revived.apply([block(messages)], 0)
    assert_equal(revived, reference)

    # Once more into the state that was never lost: nothing changes.
    for messages in cut(log[replay_from:], other_cuts):
        state.apply([block(messages)], 0)
    assert_equal(state, reference)


@settings(max_examples=30, deadline=None)
@given(log=logs(), data=st.data())
def test_two_partitions_and_blocks_in_any_order_meet_in_the_same_state(log, data) -> None:
    unique = {(message.unit_id, message.at, message.arrived): message for message in log}
    messages = list(unique.values())
    reference = Reference()
    for message in messages:
        reference.apply(message)
    shuffled = data.draw(st.permutations(messages))
    state = ReportedState()
    for number, message in enumerate(shuffled):
        state.apply([block([message])], number % 2)
    found = state.reported(MAKER, "cooker", UNITS)
    for (unit_id, name), (at, arrived, value) in reference.cells.items():
        held = found[unit_id].properties[name]
        assert (held.plain, held.at, held.arrived) == (as_json(KINDS[name], value), at, arrived)
    for reported in found.values():
        assert reported.revision == max((held.arrived for held in reported.properties.values()), default=0)


def test_late_data_in_one_batch_takes_the_slow_way_to_the_same_end() -> None:
    rng = np.random.default_rng(20260301)
    messages = [
        Message(int(rng.integers(1, 300)), int(rng.integers(0, 10**6)), 10 + number, {"temperature": float(number)})
        for number in range(5_000)
    ]
    reference = Reference()
    for message in messages:
        reference.apply(message)
    state = ReportedState()
    state.apply([block(messages)], 0)
    assert_equal(state, reference, tuple(range(1, 300)))


def test_a_change_names_the_units_and_only_those_that_changed() -> None:
    state = ReportedState()
    first = state.apply([block([Message(1, 10, 100, {"count": 1.0}), Message(2, 10, 101, {"count": 1.0})])], 0)
    assert [(change.product, change.units.tolist()) for change in first] == [("cooker", [1, 2])]
    late = state.apply([block([Message(1, 5, 102, {"count": 9.0}), Message(2, 11, 103, {"count": 2.0})])], 0)
    assert [(change.units.tolist(), change.arrived.tolist()) for change in late] == [([2], [103])]
    assert state.apply([block([Message(1, 5, 104, {"count": 9.0})])], 0) == []


def test_a_property_that_changes_its_kind_with_a_major_version_keeps_each_units_own() -> None:
    second = ProductModel(
        organisation_id=MAKER,
        product="cooker",
        version="2.0.0",
        properties={**MODEL.properties, "count": property_model("count", Kind.STRING)},
    )
    state = ReportedState()
    state.apply([block([Message(1, 1, 1, {"count": 5.0}), Message(2, 1, 2, {"count": 6.0})])], 0)
    state.apply([block([Message(2, 2, 3, {"count": "six"})], second)], 0)
    state.apply([block([Message(3, 2, 4, {"count": "many"})], second)], 0)

    def counts(of: ReportedState) -> list[object]:
        return [of.reported(MAKER, "cooker", [unit])[unit].properties["count"].plain for unit in (1, 2, 3)]

    assert counts(state) == [5, "six", "many"]
    revived = ReportedState()
    merge_snapshot(revived, encode_snapshot(state, 0, 9))
    assert counts(revived) == [5, "six", "many"]
    state.apply([block([Message(2, 3, 5, {"count": 7.0})])], 0)
    assert counts(state) == [5, 7, "many"]


def test_tables_grow_and_products_of_two_makers_stay_apart() -> None:
    state = ReportedState()
    messages = [Message(unit_id, 1, unit_id, {"count": float(unit_id), "mode": "slow"}) for unit_id in range(1, 1001)]
    state.apply([block(messages)], 0)
    found = state.reported(MAKER, "cooker", range(1, 1001))
    assert [reported.properties["count"].value for reported in found.values()] == list(range(1, 1001))
    assert state.reported(8, "cooker", [5])[5].properties == {}
    assert state.units_and_values() == (1000, 2000)


def test_a_snapshot_holds_the_units_of_its_partition_and_the_shared_ones() -> None:
    state = ReportedState()
    state.apply(batch([Message(1, 1, 1, {"count": 1.0}), Message(3, 1, 2, {"count": 3.0})]).blocks, 0)
    state.apply(batch([Message(2, 1, 3, {"count": 2.0}), Message(3, 2, 4, {"mode": "slow"})]).blocks, 1)
    revived = ReportedState()
    head = merge_snapshot(revived, encode_snapshot(state, 1, 55))
    assert (head.partition, head.sequence) == (1, 55)
    found = revived.reported(MAKER, "cooker", [1, 2, 3])
    assert [sorted(found[unit].properties) for unit in (1, 2, 3)] == [[], ["count"], ["count", "mode"]]
    merge_snapshot(revived, encode_snapshot(state, 0, 54))
    assert revived.reported(MAKER, "cooker", [1, 2, 3]) == state.reported(MAKER, "cooker", [1, 2, 3])
    table = revived.table(MAKER, "cooker")
    assert table is not None
    assert [int(table.partition[table.row(unit)]) for unit in (1, 2, 3)] == [0, 1, SHARED]


@pytest.mark.parametrize("place", [0, 9, 40, -20, -1])
def test_a_damaged_snapshot_is_refused_whole(place: int) -> None:
    state = ReportedState()
    state.apply([block([Message(1, 1, 1, {"count": 1.0, "mode": "slow"})])], 0)
    body = bytearray(encode_snapshot(state, 0, 5))
    body[place] ^= 0x40
    revived = ReportedState()
    with pytest.raises(ValueError, match=r"snapshot|digest"):
        merge_snapshot(revived, bytes(body))
    with pytest.raises(ValueError, match=r"snapshot|digest"):
        merge_snapshot(revived, bytes(body[: len(body) // 2]))
    assert revived.tables() == []


def test_objects_are_kept_as_they_were_written() -> None:
    state = ReportedState()
    state.apply([block([Message(1, 1, 1, {"place": '{"lat":1e2,"note":"é"}'})])], 0)
    value = state.reported(MAKER, "cooker", [1])[1].properties["place"].value
    assert msgspec.json.encode(value) == '{"lat":1e2,"note":"é"}'.encode()

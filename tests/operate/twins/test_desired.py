"""Desired state: merge patch, checks against the model, revisions, compare and set, telling the unit."""

from __future__ import annotations

import asyncio
import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twins_making import (
    MAKER,
    MODEL,
    OTHER,
    FakeDown,
    FakeUnits,
    House,
    Message,
    batch,
    make_house,
    unit,
    until,
)

from monokoto.connect.fleet import UnitIdentity
from monokoto.engines.records import Records
from monokoto.kernel.errors import Invalid, NotFound, PreconditionFailed
from monokoto.kernel.limits import DESIRED_REVISIONS_MAX
from monokoto.operate.twins import Reported, ReportedValue, drift, merge_patch
from monokoto.operate.twins.desired.at_hand import AtHand
from monokoto.operate.twins.desired.states import DesiredStates, merged, whole
from monokoto.operate.twins.desired.store import read_untold
from monokoto.operate.twins.telling.teller import DesiredTeller
from monokoto.operate.twins.twin import Desired, same
from monokoto.web import if_match

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=10,
)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return make_house(tmp_path)


@pytest.fixture
def either_house(records: Records, tmp_path: Path) -> House:
    """Once on each kind of records."""
    return make_house(tmp_path, records=records)


def untold(house: House) -> list[Any]:
    with house.records.read() as connection:
        return read_untold(connection, limit=10)


def patch(house: House, document: Any, *, unit_id: int = 1, by: int = 5, **more: Any) -> Any:
    return house.twins.desired.patch(MODEL, unit_id, document, by=by, **more)


# Source: RFC 7396, appendix A
RFC_EXAMPLES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "change", "result"), RFC_EXAMPLES)
def test_merge_patch_as_in_the_rfc(target: Any, change: Any, result: Any) -> None:
    assert merge_patch(target, change) == result


@given(JSON, JSON)
def test_a_merge_patch_twice_is_the_patch_once(target: Any, change: Any) -> None:
    once = merge_patch(target, change)
    assert merge_patch(once, change) == once


def test_equality_is_that_of_json() -> None:
    assert same(1, 1.0)
    assert same({"a": [1, {"b": 2.0}]}, {"a": [1.0, {"b": 2}]})
    assert not same(1, True)
    assert not same(0, False)
    assert not same([1, 2], [1])
    assert not same({"a": 1}, {"a": 1, "b": 2})


def test_drift_is_what_is_desired_and_not_reported() -> None:
    kinds = MODEL.properties
    reported = Reported(
        properties={
            "temperature": ReportedValue(kinds["temperature"].kind, 80.0, 1, 1),
            "on": ReportedValue(kinds["on"].kind, True, 1, 1),
        }
    )
    assert drift({"temperature": 80, "on": True}, reported) == {}
    assert drift({"temperature": 81, "on": 1, "mode": "slow"}, reported) == {"temperature": 81, "on": 1, "mode": "slow"}


def test_patches_make_revisions_and_no_change_makes_none(either_house: House) -> None:
    house = either_house
    first = patch(house, {"temperature": 80, "place": {"lat": 1.0}})
    assert (first.revision, first.by, dict(first.properties)) == (1, 5, {"temperature": 80, "place": {"lat": 1.0}})
    assert patch(house, {"temperature": 80.0}).revision == 1
    second = patch(house, {"place": {"note": "x"}, "mode": "slow", "temperature": None}, by=6)
    assert dict(second.properties) == {"place": {"lat": 1.0, "note": "x"}, "mode": "slow"}
    assert house.twins.desired.get(MAKER, 1) == second
    third = house.twins.desired.put(MODEL, 1, {"on": True}, by=5)
    history = house.twins.desired.revisions(MAKER, 1, limit=10)
    assert [(one.revision, one.by) for one in history] == [(3, 5), (2, 6), (1, 5)]
    assert history[0] == third
    assert house.twins.desired.revisions(MAKER, 1, before=3, limit=1) == [second]


def test_every_fault_is_told_at_once(house: House) -> None:
    with pytest.raises(Invalid) as raised:
        patch(
            house,
            {
                "temperature": 300,
                "count": 1.5,
                "on": 1,
                "mode": "slwo",
                "serial": "x",
                "tempreature": 5,
                "place": {"lat": "north"},
                "path": [1, "two"],
            },
        )
    places = {fault.place: fault.reason for fault in raised.value.faults}
    assert sorted(places) == [
        "/count",
        "/mode",
        "/on",
        "/path/1",
        "/place/lat",
        "/serial",
        "/temperature",
        "/tempreature",
    ]
    assert "read-only" in places["/serial"]
    assert "did you mean `temperature`" in places["/tempreature"]
    assert house.twins.desired.get(MAKER, 1).revision == 0


@pytest.mark.parametrize(
    "document",
    [
        [],
        "x",
        None,
        5,
        {"place": {"note": "x" * 20_000}},
        {"count": 2**60},
        {"path": [[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]},
    ],
    ids=str,
)
def test_what_is_no_desired_state_is_refused(house: House, document: Any) -> None:
    with pytest.raises(Invalid):
        patch(house, document)
    with pytest.raises(Invalid):
        house.twins.desired.put(MODEL, 1, document, by=1)


def test_null_is_refused_where_it_would_be_a_value(house: House) -> None:
    with pytest.raises(Invalid, match="null"):
        house.twins.desired.put(MODEL, 1, {"mode": None}, by=1)


def test_a_property_the_product_lost_can_be_taken_out(house: House) -> None:
    old = MODEL.properties["mode"]
    slim = {name: model for name, model in MODEL.properties.items() if name != "mode"}
    patch(house, {"mode": "slow", "on": True})
    newer = type(MODEL)(organisation_id=MAKER, product="cooker", version="2.0.0", properties=slim)
    assert old.name not in newer.properties
    states = DesiredStates(house.records, house.clock)
    assert dict(states.patch(newer, 1, {"on": False}, by=1).properties) == {"mode": "slow", "on": False}
    assert dict(states.patch(newer, 1, {"mode": None}, by=1).properties) == {"on": False}


def test_a_precondition_holds_for_the_revision_that_is_changed(either_house: House) -> None:
    house = either_house
    patch(house, {"count": 1}, precondition=partial(if_match, '"0"'))
    with pytest.raises(PreconditionFailed):
        patch(house, {"count": 2}, precondition=partial(if_match, '"0"'))
    assert patch(house, {"count": 2}, precondition=partial(if_match, '"1"')).revision == 2


def test_changes_from_many_threads_are_all_there(either_house: House) -> None:
    house = either_house

    def change(number: int) -> None:
        names = ("count", "temperature", "on", "mode")
        values: dict[str, Any] = {"count": number, "temperature": number, "on": number % 2 == 0, "mode": "slow"}
        patch(house, {names[number % 4]: values[names[number % 4]]}, by=number + 1)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(change, range(24)))
    desired = house.twins.desired.get(MAKER, 1)
    assert sorted(desired.properties) == ["count", "mode", "on", "temperature"]
    history = house.twins.desired.revisions(MAKER, 1, limit=100)
    assert [one.revision for one in history] == list(range(desired.revision, 0, -1))
    assert all(newer.at > older.at for newer, older in itertools.pairwise(history))  # type: ignore[operator]


def test_the_history_is_bounded(either_house: House) -> None:
    house = either_house
    for number in range(DESIRED_REVISIONS_MAX + 20):
        patch(house, {"count": number})
    kept = house.twins.desired.revisions(MAKER, 1, limit=1000)
    assert [kept[0].revision, kept[-1].revision] == [DESIRED_REVISIONS_MAX + 20, 21]


def test_the_wall_between_tenants(house: House) -> None:
    async def main() -> None:
        for wrong, unit_id in ((OTHER, 1), (MAKER, 9), (MAKER, 12345)):
            for call in (house.twins.patch_desired, house.twins.put_desired):
                with pytest.raises(NotFound):
                    await call(wrong, unit_id, {"count": 1}, by=1)
            with pytest.raises(NotFound):
                house.twins.twin(wrong, unit_id)
            with pytest.raises(NotFound):
                house.twins.latest(wrong, [unit_id])

    asyncio.run(main())
    patch(house, {"count": 1})
    assert house.twins.desired.get(OTHER, 1).revision == 0
    assert house.twins.desired.revisions(OTHER, 1, limit=5) == []


def test_a_unit_registered_a_moment_ago_is_found(house: House) -> None:
    house.units.late = {77: unit(77)}
    assert house.twins.identity(MAKER, 77).unit_id == 77


def test_a_change_is_told_on_every_topic_the_unit_may_listen_to(house: House) -> None:
    async def main() -> None:
        twins, down = house.twins, house.down
        await twins.start()
        await twins.observe(batch([Message(3, 1, 1, {"count": 4.0})]))
        await twins.patch_desired(MAKER, 3, {"count": 4, "mode": "slow"}, by=5)
        await until(lambda: len(down.sent) == 4)
        assert down.retained == {(3, "koto/v1/desired"): {"revision": 1, "desired": {"count": 4, "mode": "slow"}}}
        seconds = (twins.desired.get(MAKER, 3).at or 0) // 1_000_000
        delta = {
            "version": 1,
            "timestamp": seconds,
            "state": {"mode": "slow"},
            "metadata": {"mode": {"timestamp": seconds}},
        }
        assert down.sent == [
            (3, "v1/devices/me/attributes", {"count": 4, "mode": "slow"}),
            (2, "v1/gateway/attributes", {"device": "SN-3", "data": {"count": 4, "mode": "slow"}}),
            (3, "$aws/things/SN-3/shadow/update/delta", delta),
            (3, "$aws/things/0000000000003/shadow/update/delta", delta),
        ]
        down.sent.clear()
        await twins.patch_desired(MAKER, 3, {"mode": None, "count": 4}, by=5)
        await until(lambda: len(down.sent) == 2)
        assert down.sent[0] == (3, "v1/devices/me/attributes", {"deleted": ["mode"]})
        assert down.retained[3, "koto/v1/desired"] == {"revision": 2, "desired": {"count": 4}}
        await twins.stop()

    asyncio.run(main())


def test_a_crash_between_commit_and_message_is_made_good(house: House) -> None:
    patch(house, {"count": 1})  # committed, and the process is gone before anybody was told
    patch(house, {"on": True}, unit_id=2)

    async def main() -> None:
        again = house.again()
        again.down.away = True
        await again.twins.start()
        await asyncio.sleep(0.05)
        assert again.down.retained == {}
        await again.twins.stop()
        third = house.again()
        await third.twins.start()
        await until(lambda: not untold(house))
        assert len(third.down.retained) == 2
        await third.twins.stop()
        fourth = house.again()
        await fourth.twins.start()
        await asyncio.sleep(0.05)
        await fourth.twins.stop()
        assert fourth.down.retained == {}, "told once, not at every start"

    asyncio.run(main())


def test_what_can_never_be_sent_holds_up_nothing(house: House) -> None:
    class Picky(FakeDown):
        async def send(self, unit_id: int, *, topic: str, payload: bytes, qos: int = 1, expires_at: int = 0) -> None:
            if topic.startswith("v1/"):
                raise Invalid("too large for this way")
            await super().send(unit_id, topic=topic, payload=payload)

    odd = UnitIdentity(unit_id=4, organisation_id=MAKER, product="cooker", version="1.0.0", serial="a/b#c")
    again = house.again(down=Picky())
    again.units.units[4] = odd
    patch(house, {"count": 1}, unit_id=4)

    async def main() -> None:
        await again.twins.start()
        await until(lambda: again.down.sent and not untold(house))
        await again.twins.stop()
        assert [topic for _, topic, _ in again.down.sent] == ["$aws/things/0000000000004/shadow/update/delta"]

    asyncio.run(main())
    assert untold(house) == []


def test_two_reconcilers_at_once_end_with_the_newest(either_house: House) -> None:
    """One is slow: it publishes an old revision after the other published the new one. It is told again."""
    house = either_house
    down = house.down
    units = FakeUnits(unit(1))
    slow = DesiredTeller(house.records, house.twins.state, units, down)
    quick = DesiredTeller(house.records, house.twins.state, units, down)
    patch(house, {"count": 1})

    async def main() -> None:
        old, news = slow._read(0)
        patch(house, {"count": 2})
        await quick.run()
        assert await slow._tell(old, news) == 1
        assert down.retained[1, "koto/v1/desired"]["revision"] == 1
        await quick.run()
        assert down.retained[1, "koto/v1/desired"] == {"revision": 2, "desired": {"count": 2}}
        assert await quick.run() == 0

    asyncio.run(main())


def test_changes_made_in_one_group_succeed_and_fail_each_by_itself(either_house: House) -> None:
    states = either_house.twins.desired
    patch(either_house, {"count": 9}, unit_id=3)
    made = states.make(
        [
            whole(MODEL, 1, {"count": 1}, by=5),
            whole(MODEL, 2, {"count": "many"}, by=5),
            merged(MODEL, 1, {"mode": "fast"}, by=6),
            whole(MODEL, 3, {"count": 1}, by=5, precondition=lambda revision: if_match('"7"', revision)),
            merged(MODEL, 3, {"count": 9}, by=5),
        ]
    )
    assert [one.revision if not isinstance(one, Exception) else type(one) for one in made] == [
        1, Invalid, 2, PreconditionFailed, 1,
    ]  # fmt: skip
    assert (states.get(MAKER, 1).properties, states.get(MAKER, 1).by) == ({"count": 1, "mode": "fast"}, 6)
    assert [one.revision for one in states.revisions(MAKER, 1, limit=9)] == [2, 1]
    assert states.get(MAKER, 2).revision == 0
    assert states.get(MAKER, 3).properties == {"count": 9}


def test_what_is_at_hand_is_what_the_records_hold(either_house: House) -> None:
    """SQLite: this process alone writes, and knows. PostgreSQL: others may have written, so nothing is known."""
    states, alone = either_house.twins.desired, either_house.records.dialect == "sqlite"
    assert states.at_hand(MAKER, 1) is None
    for count in range(3):
        patch(either_house, {"count": count})
        assert states.at_hand(MAKER, 1) == (states.get(MAKER, 1) if alone else None)
    assert states.at_hand(OTHER, 1) is None
    assert states.get(MAKER, 2).revision == 0
    assert states.at_hand(MAKER, 2) == (Desired() if alone else None)


def test_a_state_read_before_a_change_is_not_kept_after_it() -> None:
    held = AtHand(alone=True)
    seen = held.changes
    held.changed({(1, 1): Desired(revision=2)})
    held.read((1, 1), Desired(revision=1), seen)
    held.read((1, 2), Desired(), seen)
    assert (held.get((1, 1)), held.get((1, 2))) == (Desired(revision=2), None)


def test_many_who_desire_at_once_share_few_transactions(house: House) -> None:
    """A hundred changes at once: each is answered with its own state, and far fewer than a hundred commits were made."""
    commits = 0
    make = house.twins.desired.make

    def counted(changes: Any) -> Any:
        nonlocal commits
        commits += 1
        return make(changes)

    house.twins.desired.make = counted  # type: ignore[method-assign]

    async def main() -> None:
        wanted = [(number % 3 + 1, number) for number in range(100)]
        made = await asyncio.gather(
            *(house.twins.put_desired(MAKER, unit_id, {"count": number % 40}, by=1) for unit_id, number in wanted),
            house.twins.put_desired(MAKER, 1, {"nonsense": 1}, by=1),
            return_exceptions=True,
        )
        assert isinstance(made.pop(), Invalid)
        for (unit_id, number), one in zip(wanted, made, strict=True):
            assert one.properties == {"count": number % 40}
            assert house.twins.desired.get(MAKER, unit_id).revision >= one.revision
        revisions = [(unit_id, one.revision) for (unit_id, _), one in zip(wanted, made, strict=True)]
        assert len(set(revisions)) == 100

    asyncio.run(main())
    assert commits <= 10

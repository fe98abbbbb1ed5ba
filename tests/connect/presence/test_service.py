"""Who is online: sessions, repeats, dead gateways, crashes."""

import asyncio
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from presence_making import ACME, FOREIGN, OTHER, UNITS, Beats, FixedUnits, batch_of, connected, disconnected

from monokoto.connect.line import Batch, PresenceRecord
from monokoto.connect.presence import Presence
from monokoto.connect.presence.columns import PresenceColumns
from monokoto.connect.presence.snapshot import decode, encode, take
from monokoto.engines.objects import Objects
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, ManualClock
from monokoto.kernel.errors import NotFound, Unavailable

SECOND = MICROSECONDS_PER_SECOND


def observe(presence: Presence, *batches: Batch) -> None:
    async def taken() -> None:
        for batch in batches:
            await presence.observe(batch)

    asyncio.run(taken())


def look(presence: Presence) -> None:
    asyncio.run(presence.look_at_gateways())


async def started(presence: Presence) -> Presence:
    """Start without the background work, which the tests do by hand."""
    await presence.start()
    for task in presence._tasks:
        task.cancel()
    return presence


def test_a_session_makes_a_unit_online_and_its_end_offline(presence: Presence) -> None:
    observe(presence, batch_of(1, connected(1, 100)))
    now = presence.of(ACME, 1)
    assert (now.online, now.since, now.last_seen, now.reason) == (True, 100, 100, "")
    assert [(one.gateway, one.client_id, one.address, one.protocol) for one in now.sessions] == [
        ("g1", "c", "10.0.0.1:5", "mqtt-5")
    ]
    observe(presence, batch_of(2, seen={1: 150, 2: 160}))
    assert presence.of(ACME, 1).last_seen == 150
    observe(presence, batch_of(3, disconnected(1, 200, reason="keep-alive")))
    now = presence.of(ACME, 1)
    assert (now.online, now.since, now.last_seen, now.reason, now.sessions) == (False, 200, 200, "keep-alive", ())
    posted = presence.of(ACME, 2)
    assert (posted.online, posted.since, posted.last_seen) == (False, 0, 160)
    assert presence.of(ACME, 3).last_seen == 0


def test_a_unit_is_online_until_its_last_session_ends(presence: Presence) -> None:
    observe(
        presence,
        batch_of(1, connected(1, 10, session="a"), connected(1, 20, session="b"), disconnected(1, 30, session="a")),
    )
    assert presence.of(ACME, 1).online
    assert presence.of(ACME, 1).since == 10
    observe(presence, batch_of(2, connected(1, 5, gateway="g2", session="c"), disconnected(1, 40, session="b")))
    assert [one.session for one in presence.of(ACME, 1).sessions] == ["c"]
    observe(presence, batch_of(3, disconnected(1, 6, gateway="g2", session="c")))
    assert not presence.of(ACME, 1).online


def test_what_was_seen_late_does_not_go_back(presence: Presence) -> None:
    observe(presence, batch_of(1, seen={1: 500}), batch_of(2, seen={1: 400}))
    assert presence.of(ACME, 1).last_seen == 500


def test_a_record_that_is_no_json_changes_nothing(presence: Presence) -> None:
    for body in (b"", b"[]", b'{"gateway":1}', b"\xff"):
        observe(
            presence,
            batch_of(1, PresenceRecord(organisation_id=ACME, unit_id=1, arrived=9, connected=True, session=body)),
        )
    assert not presence.of(ACME, 1).online


def test_units_of_others_are_not_found(presence: Presence) -> None:
    observe(presence, batch_of(1, connected(FOREIGN, 10)))
    for organisation, unit in ((ACME, FOREIGN), (OTHER, 1), (ACME, 12345)):
        with pytest.raises(NotFound):
            presence.of(organisation, unit)
    assert presence.count(ACME).online == 0
    assert presence.count(OTHER).online == 1
    assert presence.list(ACME, online=True) == []


def test_counts_and_lists_hold_every_unit_once(presence: Presence) -> None:
    observe(presence, batch_of(1, connected(3, 10), connected(5, 11), connected(6, 12), disconnected(6, 13)))
    observe(presence, batch_of(2, seen={8: 20}))
    counts = presence.count(ACME)
    assert (counts.online, counts.offline, counts.never_seen) == (2, 6, 4)
    assert [one.unit_id for one in presence.list(ACME, online=True)] == [3, 5]
    assert [one.unit_id for one in presence.list(ACME, online=False)] == [1, 2, 4, 6, 7, 8]
    assert [one.unit_id for one in presence.list(ACME)] == list(UNITS)
    assert [one.unit_id for one in presence.list(ACME, after=4, limit=2)] == [5, 6]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]),
        st.sampled_from(["g1", "g2"]),
        st.sampled_from(["a", "b", "c"]),
        st.booleans(),
    ),
    max_size=30,
)


@settings(deadline=None, max_examples=150)
@given(events=EVENTS, cuts=st.data())
def test_repeats_change_nothing(events: list[tuple[int, str, str, bool]], cuts: st.DataObject) -> None:
    """Whatever is replayed, cut into whatever batches: the state after is the one of a single pass."""
    records = [
        (connected if begins else disconnected)(unit, 1000 + number, gateway=gateway, session=gateway + session)
        for number, (unit, gateway, session, begins) in enumerate(events)
    ]
    expected: dict[int, set[str]] = {1: set(), 2: set(), 3: set()}
    for unit, gateway, session, begins in events:
        (set.add if begins else set.discard)(expected[unit], gateway + session)
    presence = Presence(log=None, objects=None, directory=FixedUnits(), clock=ManualClock())
    done = 0
    while done < len(records):
        until = cuts.draw(st.integers(done + 1, len(records)))
        again = cuts.draw(st.integers(0, done))
        observe(presence, batch_of(until, *records[again:until]))
        done = until
    for unit, sessions in expected.items():
        now = presence.of(ACME, unit)
        assert {one.session for one in now.sessions} == sessions
        assert now.online == bool(sessions)


def test_a_gateway_that_stands_still_is_dead_until_it_beats_again(
    presence: Presence, beats: Beats, clock: ManualClock
) -> None:
    start = clock.now()
    beats.beat("g1", start)
    beats.beat("g2", start)
    asyncio.run(started(presence))
    observe(presence, batch_of(1, connected(1, start), connected(2, start, gateway="g2"), connected(3, start)))
    observe(presence, batch_of(2, connected(3, start + 5, gateway="g2", session="s2")))
    for _ in range(4):
        look(presence)
        clock.advance(4)
        beats.beat("g2", clock.now())
    assert presence.of(ACME, 1).online
    look(presence)
    assert presence.count(ACME).online == 3 - 1
    gone = presence.of(ACME, 1)
    assert (gone.online, gone.since, gone.reason, gone.sessions) == (False, start, "gateway-lost", ())
    assert [one.gateway for one in presence.of(ACME, 3).sessions] == ["g2"]
    beats.beat("g1", clock.now())
    look(presence)
    assert presence.of(ACME, 1).online
    assert presence.of(ACME, 1).since == start


def test_a_gateway_whose_clock_differs_is_alive_while_it_beats(
    presence: Presence, beats: Beats, clock: ManualClock
) -> None:
    beats.beat("g1", clock.now())
    asyncio.run(started(presence))
    observe(presence, batch_of(1, connected(1, 10)))
    look(presence)
    for _ in range(10):
        clock.advance(5)
        beats.beat("g1", clock.now() - 3600 * SECOND)
        look(presence)
        assert presence.of(ACME, 1).online


def test_a_log_that_is_away_is_not_held_against_the_gateways(
    presence: Presence, beats: Beats, clock: ManualClock
) -> None:
    beats.beat("g1", clock.now())
    asyncio.run(started(presence))
    observe(presence, batch_of(1, connected(1, 10)))
    look(presence)
    beats.away = True
    for _ in range(10):
        clock.advance(5)
        with pytest.raises(Unavailable):
            look(presence)
    beats.away = False
    look(presence)
    assert presence.of(ACME, 1).online
    clock.advance(16)
    look(presence)
    assert not presence.of(ACME, 1).online


@pytest.mark.parametrize("end", ["stopped", "settled", "absent"])
def test_sessions_of_a_gateway_that_never_comes_back_are_dropped(
    presence: Presence, beats: Beats, clock: ManualClock, end: str
) -> None:
    beats.beat("g1", clock.now())
    asyncio.run(started(presence))
    observe(presence, batch_of(1, connected(1, 10), connected(2, 10, gateway="g2")))
    beats.beat("g2", clock.now())
    if end == "absent":
        del beats.values["g1"]
    else:
        beats.beat("g1", clock.now() + 1, **{end: True})
    look(presence)
    assert presence.count(ACME).online == 1
    beats.beat("g1", clock.now() + 2)
    look(presence)
    assert not presence.of(ACME, 1).online


def test_a_crash_loses_nothing_that_the_line_replays(
    make: Callable[[], Presence], beats: Beats, clock: ManualClock
) -> None:
    for gateway in ("g1", "g2"):
        beats.beat(gateway, clock.now())
    batches = [
        batch_of(1, connected(1, 10), connected(2, 11), seen={1: 12}),
        batch_of(2, disconnected(1, 20), connected(3, 21), connected(2, 5, gateway="g2", session="s9")),
        batch_of(3, disconnected(2, 30), seen={7: 31}),
        batch_of(4, disconnected(3, 40), connected(3, 41, session="s7")),
    ]
    whole = make()
    observe(whole, *batches)

    async def crash_after(saved: int) -> Presence:
        first = await started(make())
        for batch in batches[:saved]:
            await first.observe(batch)
        await first.save()
        assert first.kept(0) == saved
        for batch in batches[saved:]:
            await first.observe(batch)
        assert first.kept(0) == saved
        second = await started(make())
        assert second.kept(0) == saved
        for batch in batches[max(0, saved - 1) :]:  # replayed from a little before
            await second.observe(batch)
        return second

    for saved in range(1, len(batches) + 1):
        again = asyncio.run(crash_after(saved))
        assert again.list(ACME) == whole.list(ACME)
        assert again.count(ACME) == whole.count(ACME)


def test_a_damaged_snapshot_is_left_aside(make: Callable[[], Presence], objects: Objects) -> None:
    async def damaged(body: bytes) -> Presence:
        await objects.put("presence/snapshot", body)
        return await started(make())

    columns = PresenceColumns()
    columns.seen(np.array([1, 2], np.int64), np.array([5, 6], np.int64))
    sound = encode(take(columns, {0: 3}))
    assert asyncio.run(damaged(sound)).kept(0) == 3
    for body in (b"", b"rubbish", sound[:-5], sound[: len(sound) // 2]):
        presence = asyncio.run(damaged(body))
        assert presence.kept(0) == 0
        assert presence.of(ACME, 1).last_seen == 0


def test_nothing_new_is_not_written_again(make: Callable[[], Presence], objects: Objects) -> None:
    async def steps() -> None:
        presence = await started(make())
        await presence.save()
        assert await objects.get("presence/snapshot") is None
        await presence.observe(batch_of(1, seen={1: 5}))
        await presence.stop()
        assert presence.kept(0) == 1
        assert decode(await objects.get("presence/snapshot") or b"")[1] == {0: 1}

    asyncio.run(steps())


def test_a_large_fleet_is_taken_in_by_arrays(presence: Presence) -> None:
    chance = np.random.default_rng(1)
    units = np.unique(chance.integers(1, 2**60, 50_000))
    reference: dict[int, int] = {}
    for step in range(5):
        some = chance.choice(units, 20_000, replace=False)
        arrived = chance.integers(1, 10**6, len(some))
        batch = Batch(partition=0, first_sequence=step, last_sequence=step, seen_units=some, seen_arrived=arrived)
        observe(presence, batch)
        for unit, at in zip(some.tolist(), arrived.tolist(), strict=True):
            reference[unit] = max(at, reference.get(unit, 0))
    columns = presence._columns
    rows = columns.rows_of(units)
    assert columns.count == len(reference)
    for unit, row in zip(units.tolist(), rows.tolist(), strict=True):
        assert (row >= 0) == (unit in reference)
        if row >= 0:
            assert int(columns.columns["last_seen"][row]) == reference[unit]


def test_the_background_work_saves_and_looks(
    beats: Beats, objects: Objects, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.presence.service._LOOK_SECONDS", 0.01)
    beats.beat("g1", clock.now())

    async def steps() -> None:
        presence = Presence(log=beats, objects=objects, directory=FixedUnits(), clock=clock, snapshot_seconds=0.01)
        await presence.start()
        await presence.observe(batch_of(1, connected(1, 10)))
        beats.away = True
        await asyncio.sleep(0.05)
        beats.away = False
        beats.beat("g1", clock.now() + 1, stopped=True)
        deadline = time.monotonic() + 10
        while presence.of(ACME, 1).online or presence.kept(0) != 1:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        await presence.stop()

    asyncio.run(steps())

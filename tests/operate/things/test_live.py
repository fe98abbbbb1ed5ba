"""Events as they happen, polls that lose nothing in between, accesses that end."""

from __future__ import annotations

import asyncio
import time

import pytest

from monokoto.connect.line import Batch, EventRecord
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound, TooMany
from monokoto.kernel.limits import EVENTS_REMEMBERED_PER_UNIT, STREAM_CLIENTS_PER_ORGANISATION_MAX
from monokoto.operate.things import EventFeed, Polls
from monokoto.operate.things.serving import bounded_poll, server_sent
from monokoto.operate.things.watching import WatchedEvents
from monokoto.web import Period, Reach, Side

MAKER, UNIT = 7, 1


class Access:
    """What the gate answers; it can end."""

    def __init__(self, *periods: Period) -> None:
        self.open = True
        self.periods = periods or (Period(),)

    def __call__(self) -> Reach:
        if not self.open:
            raise NotFound("no such unit")
        return Reach(unit_id=UNIT, organisation_id=MAKER, side=Side.OWNER, periods=self.periods)


def batch(*happened: tuple[str, int], unit_id: int = UNIT, organisation_id: int = MAKER, last: int = 1) -> Batch:
    """Events by name and arrival; their data is their arrival."""
    events = [
        EventRecord(
            organisation_id=organisation_id, unit_id=unit_id, product="p", name=name, at=arrived, arrived=arrived,
            data=b"%d" % arrived,
        )
        for name, arrived in happened
    ]  # fmt: skip
    return Batch(partition=0, first_sequence=last, last_sequence=last, events=events)


async def body_of(feed: EventFeed, look: Access, after: int, seconds: float = 5.0) -> tuple[int, bytes]:
    answer = await bounded_poll(WatchedEvents(feed, look, "done"), after, seconds=seconds)
    return answer.status_code or 200, answer.content


def test_what_happened_between_two_polls_comes_with_the_next() -> None:
    async def story() -> None:
        clock = ManualClock()
        feed, look, now = EventFeed(clock), Access(), clock.now()
        waiting = asyncio.create_task(body_of(feed, look, now))
        await asyncio.sleep(0.05)
        await feed.observe(batch(("done", now + 1), ("other", now + 2), ("done", now + 3)))
        assert await waiting == (200, b"%d" % (now + 1))
        assert await body_of(feed, look, now + 1) == (200, b"%d" % (now + 3))
        assert await body_of(feed, look, now + 3, seconds=0.1) == (204, b"")

    asyncio.run(story())


def test_others_events_are_not_told_and_a_replay_tells_nothing_twice() -> None:
    async def story() -> None:
        clock = ManualClock()
        feed, look, now = EventFeed(clock), Access(), clock.now()
        await feed.observe(batch(("done", now + 1), unit_id=2))
        await feed.observe(batch(("done", now + 2)))
        await feed.observe(batch(("done", now + 2)))
        assert len(feed.since(UNIT, 0)) == 1
        foreign = WatchedEvents(feed, look, "done")
        await feed.observe(batch(("done", now + 3), organisation_id=8))
        assert [item.body for item in await foreign.news(now + 3, timeout_seconds=0.05)] == []
        foreign.close()

    asyncio.run(story())


def test_only_what_lies_in_ones_own_period_is_told() -> None:
    async def story() -> None:
        clock = ManualClock()
        feed, now = EventFeed(clock), clock.now()
        look = Access(Period(begin=now + 10))
        await feed.observe(batch(("done", now + 9), ("done", now + 10)))
        assert await body_of(feed, look, now) == (200, b"%d" % (now + 10))

    asyncio.run(story())


def test_a_stream_ends_with_the_access_and_tells_nothing_after_it() -> None:
    async def story() -> None:
        clock = ManualClock()
        feed, look, now = EventFeed(clock), Access(), clock.now()
        chunks = server_sent(WatchedEvents(feed, look, "done"), now, from_start=False).iterator
        assert await anext(chunks) == b"retry: 3000\n\n"
        await feed.observe(batch(("done", now + 1)))
        assert b"data: %d" % (now + 1) in await anext(chunks)
        look.open = False
        await feed.observe(batch(("done", now + 2)))
        began = time.monotonic()
        assert [chunk async for chunk in chunks] == []
        assert time.monotonic() - began < 10

    asyncio.run(story())


def test_listeners_and_what_is_remembered_are_bounded() -> None:
    async def story() -> None:
        clock = ManualClock()
        feed, now = EventFeed(clock), clock.now()
        many = EVENTS_REMEMBERED_PER_UNIT + 5
        await feed.observe(batch(*(("done", now + number) for number in range(1, many + 1))))
        assert [one.arrived - now for one in feed.since(UNIT, 0)] == list(range(6, many + 1))
        held = [feed.open(MAKER, UNIT) for _ in range(STREAM_CLIENTS_PER_ORGANISATION_MAX)]
        with pytest.raises(TooMany):
            feed.open(MAKER, UNIT)
        feed.open(8, UNIT)
        feed.close(held.pop())
        feed.open(MAKER, UNIT)
        assert feed.kept(0) == 1

    asyncio.run(story())


def test_who_polls_is_remembered_by_who_and_what() -> None:
    polls = Polls()
    polls.note((1, 7, "/a"), 5)
    assert polls.place((1, 7, "/a")) == 5
    assert polls.place((2, 7, "/a")) is None
    assert polls.place((1, 7, "/b")) is None

"""For any interleaving of changes, acknowledgements, time, deaths of the process and lost answers: what is to be told is told
once, and nothing after somebody acknowledged.

The model is the plain reading of docs/notifications.md, and shares no line with the slice: by alert, at which second each
receiver is told, worked out from the list of what happened.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from notification_world import Crash, World, ids

from monokoto.connect.webhooks import Attempt
from monokoto.engines.records import open_records
from monokoto.kernel.clock import ManualClock
from monokoto.operate.notifications import EscalationStep, MessagePace, NotificationState, What

FAST = MessagePace(burst=1000, every_seconds=1)
EVENTS = st.one_of(
    st.tuples(st.just("raise"), st.integers(1, 4)),
    st.tuples(st.just("acknowledge"), st.integers(1, 4)),
    st.tuples(st.just("clear"), st.integers(1, 4)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 61, 200])),
    st.tuples(st.just("die while sending"), st.booleans()),
    st.tuples(st.just("die after planning"), st.none()),
    st.tuples(st.just("refuse"), st.integers(1, 2)),
)


class Dying(World):
    """A world whose process may die while it sends, before or after the receiver took the message."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.lost: set[int] = set()
        """Messages whose answer was lost."""
        self.looks: list[int] = []
        """When the planner looked."""
        self.refusals = 0
        self.death: bool | None = None
        send = self.takers.send

        async def sends(receiver: Any, outgoing: Any) -> Attempt:
            if self.refusals:
                self.refusals -= 1
                return self.takers.failed()
            death, self.death = self.death, None
            if death is None:
                return await send(receiver, outgoing)
            if death:
                await send(receiver, outgoing)
                self.lost.add(outgoing.id)
            raise Crash

        self.takers.send = sends  # type: ignore[method-assign]

    def settle(self) -> None:
        """Plan and deliver; a death is followed by another process."""
        for _ in range(4):
            try:
                self.looks.append(self.clock.now())
                self.planner.look()
                asyncio.run(self._deliver())
            except Crash:
                self.begin()
            else:
                return

    async def _deliver(self) -> None:
        try:
            await self.deliverer.deliver_due()
        finally:
            await self.deliverer.stop()


def play(world: Dying, events: list[tuple[str, Any]]) -> None:
    standing: set[int] = set()
    number = 0
    alerts: dict[int, int] = {}
    for what, value in events:
        world.clock.advance(1)
        if what == "raise" and value not in standing:
            number += 1
            alerts[value] = number
            standing.add(value)
            world.book.tell(number, What.RAISED)
        elif what == "acknowledge" and value in standing:
            if world.book.states[alerts[value]].acknowledged_at is None:
                world.book.tell(alerts[value], What.ACKNOWLEDGED)
        elif what == "clear" and value in standing:
            standing.discard(value)
            world.book.tell(alerts[value], What.CLEARED)
        elif what == "wait":
            world.clock.advance(value)
        elif what == "die while sending":
            world.death = value
        elif what == "die after planning":
            world.planner.look()
            world.begin()
            continue
        elif what == "refuse":
            world.refusals = value
        world.settle()
    world.refusals, world.death = 0, None
    for _ in range(80):
        world.clock.advance(61)
        world.settle()


def judge(world: Dying) -> None:
    taken = world.takers.taken
    once = Counter(one.outgoing.id for one in taken)
    assert {message for message, count in once.items() if count > 1} <= world.lost, "doubled without a lost answer"
    told = Counter(
        (one.receiver, each.alert_id, each.what, each.step, each.repeat)
        for message in {sent.outgoing.id: sent for sent in taken}.values()
        for one, each in [(message, item) for item in message.outgoing.items]
    )
    assert all(count == 1 for count in told.values()), told
    states, acknowledged = world.book.states, {}
    for news in world.book.news_told:
        if news.what is What.ACKNOWLEDGED:
            acknowledged[news.alert_id] = news.recorded_at
    for sent in taken:
        for item in sent.outgoing.items:
            if item.what is What.RAISED and item.alert_id in acknowledged:
                assert sent.at <= acknowledged[item.alert_id] or sent.outgoing.id in world.lost, "told after it"
    for news in world.book.news_told:
        state = states[news.alert_id]
        key = ("ops", news.alert_id, What.RAISED, 0, 0)
        if news.what is What.RAISED and state.acknowledged_at is None:
            assert told[key] == 1, "what nobody acknowledged is told"
            if not state.cleared:
                first, second = (news.recorded_at + after * 120_000_000 for after in (1, 2))
                # Of what came due while nobody looked the last is told.
                seen = any(first <= look < second for look in world.looks)
                assert told["boss", news.alert_id, What.RAISED, 1, 0] == seen, "urged in its time"
                assert told["boss", news.alert_id, What.RAISED, 1, 1] == 1, "and urged to the end"
        if news.what is What.CLEARED and told[key]:
            assert told["ops", news.alert_id, What.CLEARED, 0, 0] == 1
    left = world.log.list(11, state=NotificationState.WAITING)
    assert not left, "nothing waits for ever"


def run(events: list[tuple[str, Any]], migrated: Path) -> None:
    folder = Path(tempfile.mkdtemp(prefix="monokoto-notifications-"))
    shutil.copy(migrated, folder / migrated.name)
    records = open_records("", data_dir=folder)
    try:
        world = Dying(records, ManualClock())
        ops, boss = world.receiver("ops", pace=FAST), world.receiver("boss", pace=FAST)
        world.route(
            EscalationStep(receivers=ids(ops)),
            EscalationStep(receivers=ids(boss), after_seconds=120, repeats=1, every_seconds=120),
        )
        play(world, events)
        judge(world)
    finally:
        records.close()
        shutil.rmtree(folder, ignore_errors=True)


SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=12, deadline=None, suppress_health_check=SLOW)
@given(events=st.lists(EVENTS, max_size=25))
def test_every_word_is_kept_once(events: list[tuple[str, Any]], migrated_file: Path) -> None:
    run(events, migrated_file)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(events=st.lists(EVENTS, max_size=60))
def test_every_word_is_kept_once_in_long_lives(events: list[tuple[str, Any]], migrated_file: Path) -> None:
    run(events, migrated_file)


def test_what_came_due_twice_while_nobody_looked_is_told_once(migrated_file: Path) -> None:
    run([("raise", 1), ("wait", 61), ("wait", 200)], migrated_file)


@pytest.mark.parametrize("took", [False, True])
def test_a_death_while_sending(took: bool, migrated_file: Path) -> None:
    run([("die while sending", took), ("raise", 1), ("wait", 200), ("acknowledge", 1), ("clear", 1)], migrated_file)

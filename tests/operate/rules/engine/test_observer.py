"""The observer: what is told, kept, waited for and told again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_making import SECOND, batch, make_rule, micros, readings, short

from monokoto.engines.objects import open_objects
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable
from monokoto.operate.rules import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.observer import RulesObserver

RULE = make_rule("temperature > 80", hold_us=5 * SECOND)


class House:
    """One life of the platform after the other, over one store of objects."""

    def __init__(self, folder: Path) -> None:
        self.objects = open_objects("", data_dir=folder)
        self.clock = ManualClock(micros(0))
        self.told: list[AlertChange] = []
        self.away = 0

    async def sink(self, changes: Sequence[AlertChange]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("The records are away.")
        self.told += changes

    def observer(self) -> RulesObserver:
        return RulesObserver(
            engine=Engine(), objects=self.objects, sink=self.sink, clock=self.clock,
            snapshot_seconds=3600, tick_seconds=3600, grace_seconds=0,
        )  # fmt: skip


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def begin(house: House, *rules: CompiledRule) -> RulesObserver:
    observer = house.observer()
    await observer.start(rules)
    observer._quiet_since = 0  # the line has nothing to hand over
    if not observer.engine.replaying:
        await observer.tick()
    return observer


def test_what_the_clock_told_survives_a_kill(house: House) -> None:
    async def play() -> None:
        observer = await begin(house, RULE)
        await observer.observe(batch(readings("temperature", (0, 90))))
        observer._quiet_since = 0
        house.clock.advance(6)
        await observer.tick()
        assert short(house.told) == [("raised", 5)]
        assert observer.kept(0) == 0
        # Killed: nothing was saved but the journal. The log is read again from its beginning.
        again = await begin(house, RULE)
        await again.observe(batch(readings("temperature", (0, 90))))
        assert short(house.told) == [("raised", 5)] * 2
        assert house.told[0] == house.told[1]
        await again.save()
        assert again.kept(0) == 1
        assert [info.path for info in await house.objects.list("rules/journal/")] == []
        third = await begin(house, RULE)
        assert third.kept(0) == 1
        # Observed again in larger pieces, what the snapshot covers is left out.
        more = batch(readings("temperature", (0, 90), (7, 20)))
        await third.observe(more)
        assert short(house.told[2:]) == [("cleared", 7)]
        for one in (observer, again, third):
            await one.stop()

    asyncio.run(play())


def test_who_is_told_is_waited_for_and_nothing_untold_is_kept(house: House) -> None:
    async def play() -> None:
        observer = await begin(house, make_rule("temperature > 80"))
        house.away = 2
        taking = asyncio.create_task(observer.observe(batch(readings("temperature", (0, 90)))))
        while observer.waits_for is None:
            await asyncio.sleep(0.01)
        assert observer.waits_for.message == "The records are away."
        await taking
        assert (observer.waits_for, short(house.told)) == (None, [("raised", 0)])
        house.away = 10**9
        taking = asyncio.create_task(observer.observe(batch(readings("temperature", (1, 20)), first=2)))
        while observer.waits_for is None:
            await asyncio.sleep(0.01)
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        await observer.stop()
        assert observer.kept(0) == 0
        house.away = 0
        after = await begin(house, make_rule("temperature > 80"))
        await after.observe(batch(readings("temperature", (0, 90), (1, 20))))
        assert short(house.told) == [("raised", 0), ("raised", 0), ("cleared", 1)]
        await after.stop()

    asyncio.run(play())


def test_the_clock_waits_for_what_the_line_hands_over(house: House) -> None:
    async def play() -> None:
        observer = await begin(house, RULE)
        house.clock.advance(3600)
        await observer.observe(batch(readings("temperature", (0, 90))))
        await observer.tick()
        assert house.told == []
        observer._quiet_since = 0
        await observer.tick()
        assert short(house.told) == [("raised", 5)]
        await observer.stop()

    asyncio.run(play())


def test_a_damaged_snapshot_and_rules_that_change(house: House) -> None:
    async def play() -> None:
        observer = await begin(house, make_rule("temperature > 80"))
        await observer.observe(batch(readings("temperature", (0, 90))))
        await observer.set_rules([make_rule("temperature > 85")])
        assert short(house.told) == [("raised", 0), ("cleared", 0)]
        await observer.stop()
        await house.objects.put("rules/snapshot", b"KOTORULE and no more")
        after = await begin(house, make_rule("temperature > 85"))
        assert after.kept(0) == 0
        await after.stop()

    asyncio.run(play())

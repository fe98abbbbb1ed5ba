"""The observer: what is told, kept, waited for and told again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from engine_making import MAKER, SECOND, batch, make_rule, micros, readings, short

from monokoto.engines.objects import open_objects
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable
from monokoto.operate.rules import AlertChange, Severity
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.observer import RulesObserver

RULE = make_rule("temperature > 80", hold_us=5 * SECOND)


@dataclass(frozen=True)
class Stands:
    """As `StandingAlert`."""

    rule: str = "cooker/hot"
    instance: int = micros(0)
    unit_id: int = 1
    organisation_id: int = MAKER
    rule_version: str = "1.0.0"
    severity: Severity = Severity.MAJOR


class House:
    """One life of the platform after the other, over one store of objects."""

    def __init__(self, folder: Path) -> None:
        self.objects = open_objects("", data_dir=folder)
        self.clock = ManualClock(micros(0))
        self.told: list[AlertChange] = []
        self.away = 0
        self.standing: list[Stands] = []

    async def sink(self, changes: Sequence[AlertChange]) -> None:
        if self.away:
            self.away -= 1
            raise Unavailable("The records are away.")
        self.told += changes

    def observer(self) -> RulesObserver:
        return RulesObserver(
            engine=Engine(), objects=self.objects, sink=self.sink, clock=self.clock,
            snapshot_seconds=3600, tick_seconds=3600, grace_seconds=0, standing=lambda: self.standing,
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


def test_a_rule_that_begins_keeps_no_other_waiting(house: House) -> None:
    """Its own alerts wait for the state to be written; those of others are told at once."""

    async def play() -> None:
        warm = make_rule("temperature > 60", name="warm")
        observer = await begin(house, warm)
        put, closed = house.objects.put, asyncio.Event()

        async def slow_put(path: str, body: bytes) -> None:
            await closed.wait()
            await put(path, body)

        house.objects.put = slow_put  # type: ignore[method-assign]
        changing = asyncio.create_task(observer.set_rules([warm, make_rule("temperature > 80")]))
        while not observer._fresh:
            await asyncio.sleep(0.01)
        await observer.observe(batch(readings("temperature", (0, 90))))
        assert [one.rule for one in house.told] == ["cooker/warm"]
        assert not changing.done()
        closed.set()
        await changing
        assert [one.rule for one in house.told] == ["cooker/warm", "cooker/hot"]
        await observer.stop()

    asyncio.run(play())


def test_what_stands_for_others_only_is_ended_or_taken_on(house: House) -> None:
    async def play() -> None:
        rule = make_rule("temperature > 80", clear="temperature < 60")
        await house.objects.put("rules/snapshot", b"KOTORUL2 and no more")
        observer = await begin(house, rule)
        await observer.observe(batch([*readings("temperature", (5, 70)), *readings("temperature", (6, 20), unit=2)]))
        observer._quiet_since = 0
        house.standing = [Stands(), Stands(unit_id=2), Stands(unit_id=3), Stands(rule="cooker/gone")]
        await observer.reconcile()
        assert house.told == []  # it may have been told a moment ago
        await observer.reconcile()
        # Unit 2 is well, the rule `gone` is no more; unit 1 is neither well nor bad, of unit 3 nothing was heard.
        assert [(one.rule, one.unit_id, one.kind.value, one.at) for one in house.told] == [
            ("cooker/hot", 2, "cleared", micros(6)), ("cooker/gone", 1, "cleared", micros(5))
        ]  # fmt: skip
        assert observer.engine.raised(1) == ("cooker/hot",)
        house.told = []
        await observer.observe(batch(readings("temperature", (7, 50)), first=3))
        assert [(one.instance, one.kind.value) for one in house.told] == [(micros(0), "cleared")]
        await observer.stop()

    asyncio.run(play())

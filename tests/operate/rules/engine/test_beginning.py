"""A rule begins with what its units reported last, and a replay of the log begins where the first run began."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from engine_making import MAKER, SECOND, batch, make_rule, micros, readings, short, shown

from monokoto.engines.objects import Objects, open_objects
from monokoto.kernel.clock import ManualClock
from monokoto.operate.rules import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.observer import RulesObserver
from monokoto.operate.rules.engine.surroundings import Held, Surroundings

V1 = {"versions": frozenset({"1.0.0"})}
HOT = make_rule("temperature > 80", **V1)
COOKERS = Surroundings(
    identity=lambda _unit: SimpleNamespace(organisation_id=MAKER, product="cooker", version="1.0.0", parent_id=0)
)


def held(*cells: tuple[int, str, Any, float]) -> Held:
    """(unit, property, value, seconds)."""
    units = sorted({unit for unit, *_ in cells})
    columns = {}
    for name in {name for _, name, *_ in cells}:
        found = {unit: (value, micros(at)) for unit, of, value, at in cells if of == name}
        columns[name] = (
            [found.get(unit, (None, 0))[0] for unit in units],
            np.array([found.get(unit, (None, 0))[1] for unit in units], np.int64),
        )
    return Held(np.array(units, np.int64), columns)


def engine_beside(*cells: tuple[int, str, Any, float]) -> Engine:
    """An engine beside units that reported this before."""
    return Engine(COOKERS, lambda _maker, _product, names: held(*(one for one in cells if one[1] in names)))


def test_a_unit_that_stands_high_already_is_told_of_at_once() -> None:
    engine = engine_beside((1, "temperature", 90.0, 0), (2, "temperature", 20.0, 0), (3, "open", True, 0))
    engine.set_rules([HOT, make_rule("open", name="open", **V1)])
    assert engine.begins
    assert shown(engine.begin(micros(60))) == [(1, "raised", 60, 60, "major"), (3, "raised", 60, 60, "major")]
    assert not engine.begins
    assert engine.begin(micros(70)) == []
    assert shown(engine.take(batch(readings("temperature", (61, 20))))) == [(1, "cleared", 61, 60, "major")]


def test_its_evidence_is_the_reading_and_a_reading_on_its_way_clears_not_before_it_was_raised() -> None:
    engine = engine_beside((1, "temperature", 90.0, 5))
    engine.set_rules([HOT])
    (raised,) = engine.begin(micros(60))
    assert [(one.name, one.at, one.value) for one in raised.evidence] == [("temperature", micros(5), 90.0)]
    assert short(engine.take(batch(readings("temperature", (59, 20))))) == [("cleared", 60)]


def test_timers_begin_with_the_rule() -> None:
    engine = engine_beside((1, "temperature", 90.0, 0))
    engine.set_rules([make_rule("temperature > 80", hold_us=10 * SECOND, **V1)])
    assert engine.begin(micros(60)) == []
    assert short(engine.tick(micros(69))[0]) == []
    assert short(engine.tick(micros(70))[0]) == [("raised", 70)]


def test_a_rule_that_says_something_else_begins_anew_with_what_stands() -> None:
    engine = engine_beside()
    engine.set_rules([HOT])
    engine.begin(micros(0))
    assert short(engine.take(batch(readings("temperature", (1, 90))))) == [("raised", 1)]
    assert short(engine.set_rules([make_rule("temperature > 85", **V1)])) == [("cleared", 1)]
    assert shown(engine.begin(micros(3))) == [(1, "raised", 3, 3, "major")]


def test_a_property_nobody_watched_before_is_looked_up_unless_its_reading_is_on_its_way() -> None:
    engine = engine_beside((1, "open", True, 2), (2, "open", True, 9))
    engine.set_rules([HOT])
    engine.begin(micros(0))
    engine.take(batch([*readings("temperature", (3, 20)), *readings("temperature", (3, 20), unit=2)]))
    engine.set_rules([HOT, make_rule("open", name="open", **V1)])
    assert shown(engine.begin(micros(4))) == [(1, "raised", 4, 4, "major")]
    assert shown(engine.take(batch(readings("open", (9, True), unit=2)))) == [(2, "raised", 9, 9, "major")]


def test_values_of_another_type_than_the_rule_has_are_left_out() -> None:
    engine = engine_beside((1, "temperature", "hot", 0), (2, "temperature", True, 0), (3, "open", 1.0, 0))
    engine.set_rules([HOT, make_rule("open", name="open", **V1)])
    assert engine.begin(micros(1)) == []
    assert not [one.failed for one in engine.running() if one.failed]


class Told:
    """Who is told; dies when he is to."""

    def __init__(self) -> None:
        self.changes: list[AlertChange] = []
        self.dies = False

    async def __call__(self, changes: Sequence[AlertChange]) -> None:
        if self.dies:
            raise KeyboardInterrupt
        self.changes += changes


def observer_of(objects: Objects, told: Told, clock: ManualClock, *cells: tuple[int, str, Any, float]) -> RulesObserver:
    """One life."""
    return RulesObserver(
        engine=engine_beside(*cells), objects=objects, sink=told, clock=clock,
        snapshot_seconds=3600, tick_seconds=3600, grace_seconds=0,
    )  # fmt: skip


async def alive(observer: RulesObserver, *rules: CompiledRule) -> RulesObserver:
    await observer.start(rules)
    observer._quiet_since = 0  # the line has nothing to hand over
    await observer.tick()
    return observer


def test_a_rule_does_not_judge_what_was_read_before_it_after_a_kill(tmp_path: Path) -> None:
    async def play() -> None:
        objects, told, clock = open_objects("", data_dir=tmp_path), Told(), ManualClock(micros(10))
        other = make_rule("open", name="other", **V1)
        first = await alive(observer_of(objects, told, clock, (1, "temperature", 95.0, 2)), other)
        log = [batch(readings("temperature", (1, 90), (2, 95))), batch(readings("temperature", (20, 96)), first=3)]
        await first.observe(log[0])
        first._quiet_since = 0
        await first.set_rules([other, HOT])
        await first.observe(log[1])
        assert shown(told.changes) == [(1, "raised", 10, 10, "major")]
        # Killed: the log is read again from its beginning.
        second = await alive(observer_of(objects, told, clock), other, HOT)
        for each in log:
            await second.observe(each)
        assert set(told.changes) == {told.changes[0]}
        for one in (first, second):
            await one.stop()

    asyncio.run(play())


def test_what_a_beginning_brought_is_told_after_a_kill_between_writing_and_telling(tmp_path: Path) -> None:
    async def play() -> None:
        objects, told, clock = open_objects("", data_dir=tmp_path), Told(), ManualClock(micros(10))
        first = observer_of(objects, told, clock, (1, "temperature", 90.0, 0))
        await first.start([])
        first._quiet_since = 0
        told.dies = True
        try:
            await first.set_rules([HOT])
        except KeyboardInterrupt:
            told.dies = False
        assert told.changes == []
        clock.advance(100)
        second = await alive(observer_of(objects, told, clock, (1, "temperature", 90.0, 0)), HOT)
        assert shown(told.changes) == [(1, "raised", 10, 10, "major")]
        for one in (first, second):
            await one.stop()

    asyncio.run(play())

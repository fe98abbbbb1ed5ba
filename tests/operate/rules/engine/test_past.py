"""A rule that begins in the middle, with the past of its units, is from there on what it would be had it always been there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_making import DAY, HOUR, MINUTE, SECOND, Message, batch, cel, make_rule, micros, number, readings, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_meanings import PLAIN
from test_beginning import COOKERS, Told, held
from test_properties import END, UNITS, histories, pieces_of

from monokoto.connect.line import Batch
from monokoto.engines.objects import Objects, open_objects
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Unavailable
from monokoto.operate.conditions import CelType
from monokoto.operate.rules import AlertChange, Severity
from monokoto.operate.rules.engine import past
from monokoto.operate.rules.engine.compiled import CompiledRule, Held, Past, SignalKind, Statistic, Window
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.judging import NEITHER, RAISE
from monokoto.operate.rules.engine.loading import Loading, Plan
from monokoto.operate.rules.engine.observer import RulesObserver
from monokoto.operate.rules.engine.spans import span_of


def versioned(rule: CompiledRule) -> CompiledRule:
    """As the book makes rules: for versions of the product."""
    return replace(rule, versions=frozenset({"1.0.0"}))


def stored(messages: Sequence[Message], start: int, end: int) -> Batch:
    """What the store says of a time: in order of time, each reading arriving at once."""
    chosen = [replace(one, arrived=None) for one in messages if start <= micros(one.at) < end]
    return batch(sorted(chosen, key=lambda one: one.at))


def last_before(messages: Sequence[Message], start: int) -> Batch:
    """The last reading of each unit and property before an instant."""
    found: dict[tuple[int, str], Message] = {}
    for one in sorted(messages, key=lambda one: one.at):
        if micros(one.at) < start and not one.event:
            found |= {(one.unit, name): Message(one.at, {name: value}, one.unit) for name, value in one.values.items()}
    return batch(sorted(found.values(), key=lambda one: (one.at, one.unit)))


def reported_by(messages: Sequence[Message]) -> Any:
    """What the twins hold."""
    cells: dict[tuple[int, str], tuple[int, str, Any, float]] = {}
    for one in sorted(messages, key=lambda one: one.at):
        cells |= {(one.unit, name): (one.unit, name, value, one.at) for name, value in one.values.items()}
    return lambda _maker, _product, names: held(*(cell for cell in cells.values() if cell[1] in names))


def loading_of(engine: Engine, past: Sequence[Message], now: float) -> Loading:
    """The rule begins, and its past is read in two pieces."""
    plan = engine.to_load(micros(now), 1000)
    assert plan is not None
    loading = engine.load(plan, micros(now))
    assert loading is not None
    middle = (loading.start + max(loading.end, loading.start)) // 2
    loading.know(last_before(past, loading.start))
    loading.read(stored(past, loading.start, middle))
    loading.read(stored(past, middle, loading.end))
    loading.seal()
    return loading


def begun_in_the_middle(
    rule: CompiledRule, past: Sequence[Message], meanwhile: Sequence[Message], after: Sequence[Message], now: float
) -> list[AlertChange]:
    engine = Engine(COOKERS, reported_by(past))
    engine.loads = True
    # Another rule of the product was there before, so that the units are known.
    other = versioned(make_rule("temperature > 1e9", name="other"))
    engine.set_rules([other])
    engine.begin(micros(-1))
    engine.take(batch(past))
    engine.set_rules([other, versioned(rule)])
    assert engine.begin(micros(now)) == []
    loading = loading_of(engine, past, now)
    assert engine.to_load(micros(now), 1000) is not None
    spoke = {one.unit for one in past}
    found = []
    for place, piece in enumerate(pieces_of(meanwhile, 7)):
        found += engine.take(batch(piece))  # a unit that speaks for the first time has no past
        assert not any(one.unit_id in spoke for one in found)
        if place % 2:
            loading.follow()
    found += engine.loaded(loading)
    for piece in pieces_of(after, 11):
        found += engine.take(batch(piece))
    return found + engine.tick(micros(END + 200))[0]


Says = dict[int, list[tuple[Any, ...]]]


def told_of(changes: Sequence[AlertChange], now: float) -> Says:
    found: Says = {unit: [] for unit in UNITS}
    for unit, kind, at, instance, severity in shown(changes):
        if at < END:
            found[unit].append((kind, at, max(instance, now), severity))
    return found


def expected(rule: CompiledRule, messages: Sequence[Message], now: float) -> Says:
    """Of the rule that was always there: what it says after `now`, and what stands then as raised then. Without the units
    whose alert stands only because nothing is known any more, or because it lies (or lay, until it began to clear) between
    raising and clearing: what raised it may lie any time back."""
    engine = Engine(COOKERS)
    engine.set_rules([versioned(rule)])
    engine.take(batch([one for one in messages if one.at < now]))
    engine.tick(micros(now))
    found: Says = {unit: [] for unit in UNITS}
    (running,) = engine.running()
    for unit in UNITS:
        for _, standing in engine.standing(unit):
            row = np.array([running.stream.row_of(unit)])
            until = np.maximum(running._last(row), micros(now))
            symbol = running._evaluate(running._walk_until(row, until))[1].symbol[0]
            if symbol == NEITHER or (rule.clear is not None and symbol != RAISE):
                del found[unit]
            else:
                found[unit].append(("raised", now, now, tuple(Severity)[standing.severity].value))
    changes = engine.take(batch([one for one in messages if one.at >= now]))
    changes += engine.tick(micros(END + 200))[0]
    after = told_of(changes, now)
    return {unit: each + after[unit] for unit, each in found.items()}


@pytest.mark.parametrize("name", [name for name in PLAIN if span_of(PLAIN[name][0])])
@settings(max_examples=10, deadline=None, database=None)
@given(messages=histories(), share=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_it_is_from_its_beginning_on_as_if_it_had_always_been_there(
    name: str, messages: list[Message], share: tuple[float, float]
) -> None:
    check_beginning(name, messages, share)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", [name for name in PLAIN if span_of(PLAIN[name][0])])
@settings(max_examples=200, deadline=None, database=None)
@given(messages=histories(80), share=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_it_is_so_for_long(name: str, messages: list[Message], share: tuple[float, float]) -> None:
    check_beginning(name, messages, share)


def check_beginning(name: str, messages: list[Message], share: tuple[float, float]) -> None:
    """The middle is where `share` cuts: what was read before the rule, while its past is read, and after."""
    rule = PLAIN[name][0]
    distinct = {(one.unit, one.at): replace(one, arrived=None) for one in messages}
    messages = sorted(distinct.values(), key=lambda one: one.at)
    ends = sorted(round(one * len(messages)) for one in share)
    if not ends[0]:
        return
    past, meanwhile, after = messages[: ends[0]], messages[ends[0] : ends[1]], messages[ends[1] :]
    now = past[-1].at + 0.25
    if any(one.at <= now for one in (*meanwhile, *after)):
        return
    meant = expected(rule, messages, now)
    told = told_of(begun_in_the_middle(rule, past, meanwhile, after, now), now)
    assert {unit: told[unit] for unit in meant} == meant


class Shelf:
    """A store of what units said; it can be away, and it can be asked to wait."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self.messages = list(messages)
        self.away = False
        self.asked = 0
        self.gate = threading.Event()
        self.gate.set()

    def stored(self, positions: Mapping[int, int]) -> bool:
        if self.away:
            raise Unavailable("The store is away.")
        return True

    def count(self, plan: Plan, start: int, end: int) -> int:
        return sum(start <= micros(one.at) < end and one.unit in plan.units for one in self.messages)

    def before(self, plan: Plan, start: int) -> Batch:
        return last_before([one for one in self.messages if one.unit in plan.units], start)

    def pieces(self, plan: Plan, start: int, end: int) -> Iterator[Batch]:
        self.asked += 1
        mine = [one for one in self.messages if one.unit in plan.units]
        middle = (start + end) // 2
        yield stored(mine, start, middle)
        assert self.gate.wait(30)
        yield stored(mine, middle, end)


COUNTED = make_rule("w >= 3", signals={"w": Window(Statistic.COUNT, cel("temperature > 80"), HOUR)})
PAST = [Message(at, {"temperature": 90.0}) for at in (100, 200)] + [Message(300, {"temperature": 20.0})]


def life(objects: Objects, told: Told, clock: ManualClock, shelf: Shelf) -> RulesObserver:
    """One life of the observer."""
    engine = Engine(COOKERS, reported_by(PAST))
    return RulesObserver(
        engine=engine, objects=objects, sink=told, clock=clock, past=shelf,
        snapshot_seconds=3600, tick_seconds=0.01, grace_seconds=0,
    )  # fmt: skip


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


async def born(observer: RulesObserver, *rules: CompiledRule) -> RulesObserver:
    await observer.start([versioned(rule) for rule in rules])
    observer._quiet_since = 0  # the line has nothing to hand over
    return observer


def watches(observer: RulesObserver) -> bool:
    return any(one.rule.key == COUNTED.key and one.arrays["watched"].any() for one in observer.engine.running())


def test_a_reading_that_comes_while_the_past_is_read_follows_it_and_the_line_does_not_wait(tmp_path: Path) -> None:
    async def play() -> None:
        told, clock, shelf = Told(), ManualClock(micros(310)), Shelf(PAST)
        shelf.gate.clear()
        observer = await born(life(open_objects("", data_dir=tmp_path), told, clock, shelf), COUNTED)
        await until(lambda: shelf.asked == 1)
        async with asyncio.timeout(10):
            await observer.observe(batch(readings("temperature", (400, 91))))
        assert not watches(observer)
        assert told.changes == []
        shelf.gate.set()
        await until(lambda: bool(told.changes))
        assert shown(told.changes) == [(1, "raised", 400, 400, "major")]
        assert watches(observer)
        await observer.stop()

    asyncio.run(play())


def test_a_crash_while_the_past_is_read_begins_it_again(tmp_path: Path) -> None:
    async def play() -> None:
        objects, told, clock, shelf = open_objects("", data_dir=tmp_path), Told(), ManualClock(micros(310)), Shelf(PAST)
        shelf.gate.clear()
        first = await born(life(objects, told, clock, shelf), COUNTED)
        await until(lambda: shelf.asked == 1)
        reading = batch(readings("temperature", (400, 91)))
        await first.observe(reading)
        await first.save()  # a snapshot in the middle has nothing of it
        for task in first._tasks:
            task.cancel()
        shelf.gate.set()
        # Killed: what came meanwhile is in the log, and by now in the store.
        shelf.messages += [Message(400, {"temperature": 91.0})]
        clock.advance(100)
        second = await born(life(objects, told, clock, shelf), COUNTED)
        await second.observe(reading)
        second._quiet_since = 0
        await until(lambda: bool(told.changes))
        assert [(one.kind.value, one.instance) for one in told.changes] == [("raised", int(clock.now()))]
        assert shelf.asked == 2
        await second.stop()

    asyncio.run(play())


def test_a_past_that_cannot_be_read_is_done_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(past, "_TRIES_SECONDS", 0.0)

    async def play() -> None:
        told, clock, shelf = Told(), ManualClock(micros(310)), Shelf(PAST)
        shelf.away = True
        observer = await born(life(open_objects("", data_dir=tmp_path), told, clock, shelf), COUNTED)
        await until(lambda: watches(observer))
        await observer.observe(batch(readings("temperature", (400, 91), (401, 91), (402, 91))))
        await until(lambda: bool(told.changes))
        assert shown(told.changes) == [(1, "raised", 402, 402, "major")]
        await observer.stop()

    asyncio.run(play())


def test_more_than_may_be_read_at_once_is_read_for_fewer_units_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(past, "RULE_PAST_READINGS_MAX", 4)
    messages = [replace(one, unit=unit) for unit in range(1, 6) for one in PAST]

    async def play() -> None:
        told, clock, shelf = Told(), ManualClock(micros(310)), Shelf(messages)
        observer = RulesObserver(
            engine=Engine(COOKERS, reported_by(messages)), objects=open_objects("", data_dir=tmp_path), sink=told,
            clock=clock, past=shelf, snapshot_seconds=3600, tick_seconds=0.01, grace_seconds=0,
        )  # fmt: skip
        await born(observer, COUNTED)
        await until(lambda: watches(observer) and not any(len(one.unwatched()) for one in observer.engine.running()))
        assert shelf.asked == 5
        for unit in range(1, 6):
            await observer.observe(batch(readings("temperature", (400, 91), unit=unit), first=unit))
        await until(lambda: len(told.changes) == 5)
        await observer.stop()

    asyncio.run(play())


def test_a_rule_that_looks_at_what_holds_now_does_not_wait_for_the_past() -> None:
    assert span_of(make_rule("temperature > 80")) == 0
    assert span_of(make_rule("temperature > 80", hold_us=MINUTE)) == MINUTE
    assert span_of(COUNTED) == HOUR + HOUR // 60
    assert span_of(make_rule("w > 1", signals={"w": Past(number("load"), 7 * DAY, HOUR)})) == 7 * DAY + HOUR
    held_low: dict[str, SignalKind] = {
        "w": Window(Statistic.AVERAGE, number("load"), HOUR, HOUR),
        "h": Held(cel("w < 1.0", w=CelType.NUMBER), MINUTE),
    }
    assert span_of(make_rule("h", signals=held_low, hold_us=SECOND)) == 2 * HOUR + MINUTE + SECOND

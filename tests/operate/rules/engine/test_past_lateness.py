"""A rule with a lateness that begins with its past: what comes late meanwhile finds its place, and counts once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from engine_making import HOUR, SECOND, Message, batch, cel, make_rule, micros, shown
from hypothesis import given, settings
from hypothesis import strategies as st
from test_beginning import COOKERS
from test_past import loading_of, reported_by, versioned

from monokoto.operate.rules import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule, Held, Statistic, Window
from monokoto.operate.rules.engine.engine import Engine

LATENESS = 11 * SECOND
NOW = 300.25
PAST = [Message(at, {"temperature": 90.0}) for at in (100.0, 200.0)] + [Message(300.0, {"temperature": 20.0})]
OTHER = versioned(make_rule("temperature > 1e9", name="other"))
COUNTED = make_rule("w >= 3", signals={"w": Window(Statistic.COUNT, cel("temperature > 80"), HOUR)})
HELD = make_rule("h", signals={"h": Held(cel("temperature > 80"), 7 * SECOND)})
LAST = Message(900.0, {"temperature": 20.0})
"""So much later than all others that none of them waits any more."""


def late_rule(rule: CompiledRule) -> CompiledRule:
    """The same with a lateness."""
    return versioned(replace(rule, lateness_us=LATENESS, digest=f"{rule.digest} late"))


def said(changes: Sequence[AlertChange]) -> list[tuple[object, ...]]:
    """What was told, of one unit."""
    return [one[1:] for one in shown(changes)]


def begun_before(rule: CompiledRule, messages: Sequence[Message], loaded_at: int) -> list[tuple[object, ...]]:
    """The rule begins at `NOW`; its past is through before the message of that number comes."""
    engine = Engine(COOKERS, reported_by(PAST))
    engine.loads = True
    engine.set_rules([OTHER])
    engine.begin(micros(-1))
    engine.take(batch(PAST))
    engine.set_rules([OTHER, late_rule(rule)])
    engine.begin(micros(NOW))
    loading = loading_of(engine, PAST, NOW)
    found: list[AlertChange] = []
    for place, one in enumerate([*messages, LAST]):
        if place == loaded_at:
            found += engine.loaded(loading)
        found += engine.take(batch([one]))
    if loaded_at > len(messages):
        found += engine.loaded(loading)
    assert not [running.failed for running in engine.running() if running.failed]
    return said(found)


def always_there(rule: CompiledRule, messages: Sequence[Message]) -> list[tuple[object, ...]]:
    """The rule with its lateness, there before anything was said: what it says of what came after the past."""
    engine = Engine(COOKERS)
    engine.set_rules([late_rule(rule)])
    found = [change for one in [*PAST, *messages, LAST] for change in engine.take(batch([one]))]
    return said([one for one in found if one.at > micros(PAST[-1].at)])


@pytest.mark.parametrize("loaded_at", range(6))
def test_a_reading_within_the_lateness_counts_whenever_the_past_is_through(loaded_at: int) -> None:
    messages = [
        Message(310.0, {"temperature": 20.0}, arrived=310.1),
        Message(305.0, {"temperature": 90.0}, arrived=310.2),  # the third, five seconds behind
        Message(330.0, {"temperature": 20.0}, arrived=330.1),
        Message(315.0, {"temperature": 90.0}, arrived=330.2),  # fifteen behind: too late
    ]
    assert begun_before(COUNTED, messages, loaded_at) == [("raised", 305.0, 305.0, "major")]


def test_without_the_lateness_the_same_reading_changes_nothing() -> None:
    messages = [
        Message(310.0, {"temperature": 20.0}, arrived=310.1),
        Message(305.0, {"temperature": 90.0}, arrived=310.2),
    ]
    engine = Engine(COOKERS)
    engine.set_rules([versioned(COUNTED)])
    assert [change for one in [*PAST, *messages, LAST] for change in engine.take(batch([one]))] == []


@pytest.mark.parametrize("rule", [COUNTED, HELD], ids=["count", "held"])
@settings(max_examples=25, deadline=None, database=None)
@given(
    readings=st.lists(st.tuples(st.sampled_from([1.0, 2.0, 6.0, 9.0]), st.sampled_from([20.0, 90.0])), max_size=12),
    share=st.floats(0, 1),
    seed=st.integers(0, 10**6),
)
def test_it_says_what_a_rule_says_that_was_always_there(
    rule: CompiledRule, readings: list[tuple[float, float]], share: float, seed: int
) -> None:
    chance, at, messages = random.Random(seed), 300.0, []
    for index, (step, value) in enumerate(readings):
        at += step
        came = at + chance.uniform(0.3, 10) + index * 1e-4
        messages.append(Message(at, {"temperature": value}, arrived=came))
    messages.sort(key=lambda one: one.came)
    loaded_at = round(share * (len(messages) + 1))
    assert begun_before(rule, messages, loaded_at) == always_there(rule, messages)

"""The engine against the plain reference, over random histories: in one piece, in any pieces, in any order within the
lateness."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from engine_making import SECOND, Message, batch, engine_of, micros
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_meanings import PLAIN
from rules_reference import run

from monokoto.operate.rules.engine.compiled import CompiledRule

END = 400.0
UNITS = (1, 2, 3)
Told = dict[int, list[tuple[str, int, int]]]


@st.composite
def histories(draw: st.DrawFn, most: int = 40) -> list[Message]:
    """Messages of a few units in order of arrival, times of each unit never falling, some of them the same."""
    clock = dict.fromkeys(UNITS, 0.0)
    found: list[Message] = []
    for index in range(draw(st.integers(1, most))):
        unit = draw(st.sampled_from(UNITS))
        clock[unit] += draw(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.5, 4.0, 7.0, 13.0, 45.0]))
        if clock[unit] > 300:
            continue
        values: dict[str, Any] = {}
        if draw(st.booleans()):
            values["temperature"] = draw(st.sampled_from([20, 50, 60, 70, 85, 100]))
        if draw(st.booleans()):
            values["open"] = draw(st.booleans())
        if draw(st.booleans()) or not values:
            values["door"] = draw(st.sampled_from(["shut", "ajar", "wide"]))
        # Every message is a commit of its own, later than the one before.
        found.append(Message(clock[unit], values, unit, arrived=clock[unit] + index * 1e-4))
    return found


def expected(name: str, messages: Sequence[Message]) -> Told:
    told = {}
    for unit in UNITS:
        rows = [(micros(one.at), one.values) for one in messages if one.unit == unit]
        told[unit] = run(PLAIN[name][1], rows, micros(END)) if rows else []
    return told


def engine_says(rule: CompiledRule, pieces: Sequence[Sequence[Message]], ticks: Sequence[float] = ()) -> Told:
    engine = engine_of(rule)
    told: Told = {unit: [] for unit in UNITS}
    changes = []
    for index, piece in enumerate(pieces):
        changes += engine.take(batch(piece))
        if index < len(ticks):
            changes += engine.tick(micros(ticks[index]))[0]
    changes += engine.tick(micros(END + 100))[0]
    assert not [running.failed for running in engine.running() if running.failed]
    for change in changes:
        told[change.unit_id].append((change.kind.value, change.at, change.instance))
    return {unit: [one for one in each if one[1] < micros(END)] for unit, each in told.items()}


def pieces_of(messages: Sequence[Message], seed: int) -> list[Sequence[Message]]:
    chance = random.Random(seed)
    found: list[Sequence[Message]] = []
    begin = 0
    while begin < len(messages):
        end = begin + chance.choice([1, 1, 2, 3, 8, 20])
        found.append(messages[begin:end])
        begin = end
    return found


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=12, deadline=None, database=None)
@given(messages=histories(), seed=st.integers(0, 10**6))
def test_the_engine_does_what_is_meant(name: str, messages: list[Message], seed: int) -> None:
    check_meaning(name, messages, seed)


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=400, deadline=None, database=None)
@given(messages=histories(80), seed=st.integers(0, 10**6))
def test_the_engine_does_what_is_meant_for_long(name: str, messages: list[Message], seed: int) -> None:
    check_meaning(name, messages, seed)


def check_meaning(name: str, messages: list[Message], seed: int) -> None:
    meant = expected(name, messages)
    assert engine_says(PLAIN[name][0], [messages]) == meant
    assert engine_says(PLAIN[name][0], pieces_of(messages, seed)) == meant


@pytest.mark.parametrize("name", PLAIN)
@settings(max_examples=6, deadline=None, database=None)
@given(messages=histories(), seed=st.integers(0, 10**6))
def test_the_order_of_arrival_within_the_lateness_does_not_matter(
    name: str, messages: list[Message], seed: int
) -> None:
    distinct = list({(one.unit, one.at): one for one in messages}.values())
    meant = expected(name, distinct)
    chance = random.Random(seed)
    delayed = [
        replace(one, arrived=one.at + chance.uniform(0, 10) + 1e-3 * index) for index, one in enumerate(distinct)
    ]
    rule = replace(PLAIN[name][0], lateness_us=11 * SECOND, digest=f"{name} in order")
    assert engine_says(rule, pieces_of(sorted(delayed, key=lambda one: one.came), seed)) == meant

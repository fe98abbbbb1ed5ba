"""A crash is an input: state put back at any point and the log replayed from there tells the same, changes by the clock
among them, however the log is cut this time."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from engine_making import Message, batch, engine_of, make_rule, micros, readings, session, short
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_meanings import PLAIN
from test_properties import histories, pieces_of

from monokoto.operate.rules import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule, Fleet, Offline, Quantifier, Scope
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.keeping import dump, load
from monokoto.operate.rules.engine.running import Record
from monokoto.operate.rules.engine.snapshot import VERSION, Snapshot, decode, decode_records, encode, encode_records

FLEET = make_rule(
    "hot >= 2.0 && temperature > 60",
    signals={"hot": Fleet(Quantifier.COUNT, PLAIN["threshold"][0].when, Scope.PRODUCT)},
)
RULES = {**{name: rule for name, (rule, _) in PLAIN.items()}, "fleet": FLEET}


def put_back(rule: CompiledRule, stored: bytes, journal: Sequence[Record]) -> tuple[Engine, list[AlertChange]]:
    engine = engine_of(rule)
    found = load(engine, decode(stored).engine)
    engine.replaying += decode_records(encode_records(journal))
    return engine, found + engine.replay_ready()


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=8, deadline=None, database=None)
@given(messages=histories(), seed=st.integers(0, 10**6))
def test_a_crash_at_any_point_changes_nothing(name: str, messages: list[Message], seed: int) -> None:
    messages = sorted(messages, key=lambda one: one.came)
    chance = random.Random(seed)
    pieces = pieces_of(messages, seed)
    saved, crashed = sorted(chance.choices(range(len(pieces) + 1), k=2))
    engine, told, journal = engine_of(RULES[name]), [], []
    stored, told_before = b"", 0
    after: list[list[AlertChange]] = []
    for index in range(len(pieces) + 1):
        if index == saved:
            stored = encode(Snapshot(VERSION, {0: index}, 0, dump(engine)))
            told_before, journal = len(told), []
        if index == crashed:
            kept_journal = list(journal)
        if index == len(pieces):
            break
        told += engine.take(batch(pieces[index]))
        if chance.random() < 0.7:
            changes, records = engine.tick(micros(pieces[index][-1].came + chance.choice([0.0, 1.0, 9.0, 40.0, 90.0])))
            told += changes
            journal += records
        after.append(told[:])
    end = micros(1000)
    told += engine.tick(end)[0]
    other, again = put_back(RULES[name], stored, kept_journal)
    for piece in pieces_of([one for each in pieces[saved:crashed] for one in each], seed + 1):
        again += other.take(batch(piece))
    assert not other.replaying
    chance_told = after[crashed - 1] if crashed else []
    assert by_unit(again) == by_unit(chance_told[told_before:])
    assert {unit: other.raised(unit) for unit in (1, 2, 3)} == standing(chance_told)


def by_unit(changes: Sequence[AlertChange]) -> dict[int, list[AlertChange]]:
    found: dict[int, list[AlertChange]] = {}
    for change in changes:
        found.setdefault(change.unit_id, []).append(change)
    return found


def standing(changes: Sequence[AlertChange]) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {1: (), 2: (), 3: ()}
    for change in changes:
        found[change.unit_id] = () if change.kind == "cleared" else (change.rule,)
    return found


def test_what_the_clock_told_is_told_again_even_when_a_reading_came_that_would_have_prevented_it() -> None:
    rule = make_rule("temperature > 80", hold_us=5_000_000)
    engine = engine_of(rule)
    stored = encode(Snapshot(VERSION, {}, 0, dump(engine)))
    engine.take(batch(readings("temperature", (0, 90))))
    told, journal = engine.tick(micros(6))
    late = [Message(3, {"temperature": 20}, arrived=7)]
    told += engine.take(batch(late))
    assert short(told) == [("raised", 5.0), ("cleared", 6.0)]
    other, again = put_back(rule, stored, journal)
    again += other.take(batch([*readings("temperature", (0, 90)), *late]))
    assert again == told


def test_sessions_survive() -> None:
    rule = make_rule("gone", signals={"gone": Offline(10_000_000)})
    engine = engine_of(rule)
    engine.take(batch(readings("temperature", (0, 1)), presence=[session(1, -5, connected=True)]))
    engine.take(batch([], presence=[session(1, 2, connected=False)]))
    other, _ = put_back(rule, encode(Snapshot(VERSION, {}, 0, dump(engine))), [])
    assert short(other.tick(micros(11))[0]) == []
    assert [kind for kind, _ in short(other.tick(micros(12))[0])] == ["raised"]


def test_what_stood_of_a_rule_that_is_gone_is_cleared() -> None:
    engine = engine_of(make_rule("temperature > 80"))
    engine.take(batch(readings("temperature", (0, 90), (3, 91))))
    stored = encode(Snapshot(VERSION, {}, 0, dump(engine)))
    _, found = put_back(make_rule("temperature > 85"), stored, [])
    assert short(found) == [("cleared", 3.0)]
    assert found[0].instance == micros(0)


def test_a_damaged_snapshot_is_told() -> None:
    stored = bytearray(encode(Snapshot(VERSION, {}, 0, dump(engine_of(make_rule("open"))))))
    stored[20] ^= 1
    with pytest.raises(ValueError, match="not a whole snapshot"):
        decode(bytes(stored))

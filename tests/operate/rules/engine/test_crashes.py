"""A crash is an input: state put back at any point and the log replayed from there tells the same, changes by the clock
among them, however the log is cut this time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from engine_making import Message, batch, engine_of, make_rule, micros, readings, session, short
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_meanings import PLAIN
from test_properties import histories, pieces_of

from monokoto.operate.rules import AlertChange
from monokoto.operate.rules.engine.compiled import CompiledRule, Fleet, Offline, Quantifier, Scope
from monokoto.operate.rules.engine.engine import Engine
from monokoto.operate.rules.engine.keeping import Copying, dump, load
from monokoto.operate.rules.engine.running import Record
from monokoto.operate.rules.engine.snapshot import VERSION, Snapshot, decode, decode_records, encode, encode_records
from monokoto.operate.rules.engine.telling import Standing

FLEET = make_rule(
    "hot >= 2.0 && temperature > 60",
    signals={"hot": Fleet(Quantifier.COUNT, PLAIN["threshold"][0].when, Scope.PRODUCT)},
)
RULES = {**{name: rule for name, (rule, _) in PLAIN.items()}, "fleet": FLEET}


def put_back(
    rules: Sequence[CompiledRule], stored: bytes, journal: Sequence[tuple[int, Record]]
) -> tuple[Engine, list[AlertChange]]:
    engine = engine_of(*rules)
    snapshot = decode(stored)
    found = load(engine, snapshot.engine)
    held = {} if engine.catching_up is None else engine.catching_up.journals
    kept = [one for number, one in journal if number >= max(snapshot.journal, held.get(one.key, 0))]
    engine.replaying += decode_records(encode_records(kept))
    return engine, found + engine.replay_ready()


@dataclass
class Life:
    """One run: what was told after each piece, with a copy that was made at several moments."""

    engine: Engine
    chance: random.Random
    told: list[AlertChange] = field(default_factory=list)
    journal: list[tuple[int, Record]] = field(default_factory=list)
    """With the number of the piece of the journal."""
    after: list[list[AlertChange]] = field(default_factory=list)
    copying: Copying | None = None
    stored: bytes = b""
    told_before: int = 0
    position: int = 0

    def play(self, pieces: Sequence[Sequence[Message]], saved: int, crashed: int) -> None:
        for index in range(len(pieces) + 1):
            if index == saved:
                self.copying, self.told_before, self.position = Copying(self.engine), len(self.told), index
                self.copying.begin()
            if index == crashed:
                self.finish()
                return
            if index == len(pieces):
                return
            self.told += self.engine.take(batch(pieces[index]))
            self.copy_some()
            if self.chance.random() < 0.7:
                pause = self.chance.choice([0.0, 1.0, 9.0, 40.0, 90.0])
                changes, records = self.engine.tick(micros(pieces[index][-1].came + pause))
                self.told += changes
                self.journal += [(index, record) for record in records]
                self.copy_some(after_tick=True)
            self.after.append(self.told[:])

    def copy_some(self, *, after_tick: bool = False) -> None:
        if self.copying is not None and self.chance.random() < 0.4:
            self.copying.some(len(self.after) + after_tick, seconds=0)
            self.copying.pack_some()

    def finish(self) -> None:
        assert self.copying is not None
        while self.copying.some(len(self.after), seconds=0):
            self.copying.pack_some()
        self.copying.end()
        snapshot = Snapshot(VERSION, {0: self.position}, self.position, self.copying.part())
        self.stored = encode(snapshot)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=8, deadline=None, database=None)
@given(messages=histories(), seed=st.integers(0, 10**6))
def test_a_crash_at_any_point_changes_nothing(name: str, messages: list[Message], seed: int) -> None:
    check_crash([RULES[name]], messages, seed)


@settings(max_examples=25, deadline=None, database=None)
@given(
    messages=histories(),
    seed=st.integers(0, 10**6),
    names=st.sets(st.sampled_from(sorted(RULES)), min_size=2, max_size=6),
)
def test_rules_copied_at_different_moments_go_on_from_theirs(
    messages: list[Message], seed: int, names: set[str]
) -> None:
    rules = [replace(RULES[name], key=f"cooker/{name}", digest=name) for name in sorted(names)]
    late = replace(rules[0], key="cooker/late", digest="late", lateness_us=5_000_000)
    check_crash([*rules, late], messages, seed)


def check_crash(rules: Sequence[CompiledRule], messages: list[Message], seed: int) -> None:
    messages = sorted(messages, key=lambda one: one.came)
    chance = random.Random(seed)
    pieces = pieces_of(messages, seed)
    saved, crashed = sorted(chance.choices(range(len(pieces) + 1), k=2))
    life = Life(engine_of(*rules), chance)
    life.play(pieces, saved, crashed)
    other, again = put_back(rules, life.stored, life.journal)
    for piece in pieces_of([one for each in pieces[saved:crashed] for one in each], seed + 1):
        again += other.take(batch(piece))
    other.caught_up()
    assert not other.replaying
    # What a rule told before it was copied it does not tell again; all it told since it does, and nothing else.
    first = by_rule(life.told[life.told_before :])
    for key, told in by_rule(again).items():
        assert told == first.get(key, [])[-len(told) :]
    for unit in (1, 2, 3):
        assert sorted(other.raised(unit)) == sorted(life.engine.raised(unit))
    end = micros(1000)
    assert by_rule(other.tick(end)[0]) == by_rule(life.engine.tick(end)[0])
    assert standing(other) == standing(life.engine)


def standing(engine: Engine) -> dict[tuple[str, int], Standing]:
    """By rule and unit."""
    return {
        (one.rule.key, int(one.stream.unit[row])): alert
        for one in engine.running()
        for row, alert in one.standing.items()
    }


def by_rule(changes: Sequence[AlertChange]) -> dict[tuple[int, str], list[AlertChange]]:
    found: dict[tuple[int, str], list[AlertChange]] = {}
    for change in changes:
        found.setdefault((change.unit_id, change.rule), []).append(change)
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
    other, again = put_back([rule], stored, [(0, one) for one in journal])
    again += other.take(batch([*readings("temperature", (0, 90)), *late]))
    assert again == told


def test_sessions_survive() -> None:
    rule = make_rule("gone", signals={"gone": Offline(10_000_000)})
    engine = engine_of(rule)
    engine.take(batch(readings("temperature", (0, 1)), presence=[session(1, -5, connected=True)]))
    engine.take(batch([], presence=[session(1, 2, connected=False)]))
    other, _ = put_back([rule], encode(Snapshot(VERSION, {}, 0, dump(engine))), [])
    assert short(other.tick(micros(11))[0]) == []
    assert [kind for kind, _ in short(other.tick(micros(12))[0])] == ["raised"]


def test_what_stood_of_a_rule_that_is_gone_is_cleared() -> None:
    engine = engine_of(make_rule("temperature > 80"))
    engine.take(batch(readings("temperature", (0, 90), (3, 91))))
    stored = encode(Snapshot(VERSION, {}, 0, dump(engine)))
    _, found = put_back([make_rule("temperature > 85")], stored, [])
    assert short(found) == [("cleared", 3.0)]
    assert found[0].instance == micros(0)


def test_a_damaged_snapshot_is_told() -> None:
    stored = bytearray(encode(Snapshot(VERSION, {}, 0, dump(engine_of(make_rule("open"))))))
    stored[20] ^= 1
    with pytest.raises(ValueError, match="not a whole snapshot"):
        decode(bytes(stored))

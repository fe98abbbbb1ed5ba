"""Kinds of signals the plain reference does not have, rules in readable histories, and what the engine says beside changes."""

from __future__ import annotations

import random
from datetime import time
from typing import Any

import numpy as np
import pytest
import shapely
from engine_making import (
    MAKER,
    SECOND,
    Message,
    batch,
    cel,
    engine_of,
    make_rule,
    micros,
    number,
    readings,
    session,
    short,
    shown,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from rules_meanings import PLAIN, RATE

from monokoto.connect.fleet import UnitIdentity
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId
from monokoto.operate.rules.engine.compiled import (
    Drift,
    Event,
    Fleet,
    Geofence,
    Offline,
    Peers,
    Quantifier,
    Schedule,
    Scope,
    Statistic,
    UnitSet,
    Window,
)
from monokoto.operate.rules.engine.surroundings import Surroundings

OPEN = readings("open", (0, True))
AREA = shapely.box(10, 50, 11, 51)


def at_positions(*positions: tuple[float, float, float]) -> list[Message]:
    return [Message(when, {"latitude": lat, "longitude": lon}) for when, lat, lon in positions]


CASES: dict[str, tuple[Any, list[Message], list[float], list[tuple[str, float]]]] = {
    "an event, for half a minute": (
        make_rule("rang", signals={"rang": Event("pressed", 30 * SECOND)}),
        [*OPEN, Message(5, {}, event="pressed"), Message(20, {}, event="pressed")],
        [49, 51],
        [("raised", 5), ("cleared", 50)],
    ),
    "an event, at its instant": (
        make_rule("rang", signals={"rang": Event("pressed")}, clear_hold_us=10 * SECOND),
        [Message(5, {}, event="pressed"), Message(6, {}, event="dropped")],
        [14, 17],
        [("raised", 5), ("cleared", 15.000001)],
    ),
    "leaving an area": (
        make_rule("!inside", signals={"inside": Geofence(number("latitude"), number("longitude"), AREA)}),
        at_positions((0, 50.5, 10.5), (10, 50.5, 12), (20, 50.9, 10.1)),
        [],
        [("raised", 10), ("cleared", 20)],
    ),
    "a unit whose place nobody told": (
        make_rule("!inside", signals={"inside": Geofence(number("latitude"), number("longitude"), AREA)}),
        [*readings("temperature", (0, 20), (5, 21)), *at_positions((10, 50.5, 10.5), (20, 50.5, 12))],
        [7],
        [("raised", 20)],
    ),
    "staying in an area": (
        make_rule("stays", signals={"stays": Geofence(number("latitude"), number("longitude"), AREA, 60 * SECOND)}),
        at_positions((0, 50.5, 10.5), (50, 50.6, 10.5), (55, 0, 0), (60, 50.5, 10.5)),
        [119, 121],
        [("raised", 120)],
    ),
    "a night in Berlin": (
        make_rule(
            "open && night", signals={"night": Schedule("Europe/Berlin", start=time(22), until=time(6))}
        ),
        OPEN,
        [3 * 3600, 5 * 3600, 30 * 3600],
        # 2026-06-01 is in summer time: 22:00 there is 20:00 UTC. It was night when the door opened, at 02:00.
        [("raised", 0), ("cleared", 4 * 3600), ("raised", 20 * 3600), ("cleared", 28 * 3600)],
    ),
    "a weekend in the season": (
        make_rule(
            "free",
            signals={
                "free": Schedule("UTC", days=frozenset({5, 6}), season_from=(6, 1), season_until=(6, 6))
            },
        ),
        [*OPEN, *readings("open", (8 * 86400, True))],
        [],
        [("raised", 5 * 86400), ("cleared", 6 * 86400)],
    ),
    "a rate": (
        RATE,
        readings("temperature", (0, 40), (30, 40), (65, 80), (90, 80)),
        [100, 124, 126],
        [("raised", 65), ("cleared", 125)],
    ),
    "a percentile": (
        make_rule("p > 50", signals={"p": Window(Statistic.PERCENTILE, number("temperature"), 128 * SECOND, percentile=90)}),
        readings("temperature", *((second, 80 if second > 20 else 20) for second in range(26))),
        [26, 40, 160],
        # With 21 of 20 and 3 of 80 known (up to second 23), the 90th percentile begins to lie between them.
        [("raised", 24)],
    ),
    "a percentile, tumbling": (
        make_rule(
            "p > 50",
            signals={"p": Window(Statistic.PERCENTILE, number("temperature"), 60 * SECOND, 60 * SECOND, percentile=90)},
        ),
        readings("temperature", (0, 40), (3, 80), (10, 10), (12, 0), (70, 1)),
        [119, 121],
        [("raised", 60), ("cleared", 120)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_kind(name: str) -> None:
    rule, messages, ticks, expected = CASES[name]
    engine = engine_of(rule)
    changes = engine.take(batch(messages))
    for tick in ticks:
        changes += engine.tick(micros(tick))[0]
    assert not [running.failed for running in engine.running() if running.failed]
    assert short(changes) == [(kind, pytest.approx(at)) for kind, at in expected]


def identity(unit: int, parent: int = 0, version: str = "1.0.0") -> UnitIdentity:
    return UnitIdentity(UnitId(unit), OrganisationId(MAKER), ProductName("cooker"), version, f"s{unit}", UnitId(parent))


def test_a_fleet_of_a_group_a_system_and_the_product() -> None:
    hot = cel("temperature > 80")
    parents = {1: 9, 2: 9, 3: 8, 9: 0, 8: 0}
    around = Surroundings(identity=lambda unit: identity(unit, parents.get(unit, 0)))
    rules = [
        make_rule("hot >= 2.0", name="product", signals={"hot": Fleet(Quantifier.COUNT, hot, Scope.PRODUCT)}),
        make_rule("hot", name="system", signals={"hot": Fleet(Quantifier.ALL, hot, Scope.SYSTEM)}),
        make_rule(
            "hot > 70.0",
            name="group",
            signals={
                "hot": Fleet(
                    Quantifier.AVERAGE, number("temperature"), Scope.GROUP, members=lambda: np.array([2, 3], np.int64)
                )
            },
        ),
    ]
    engine = engine_of(*rules, surroundings=around)
    engine.take(
        batch(
            [Message(0, {"temperature": 90}, 1), Message(0, {"temperature": 20}, 2), Message(0, {"temperature": 90}, 3)]
        )
    )
    changes, records = engine.tick(micros(1))
    assert {(one.rule, one.unit_id) for one in changes} == {
        ("cooker/product", 1), ("cooker/product", 2), ("cooker/product", 3), ("cooker/system", 3),
    }  # fmt: skip
    assert records
    engine.take(batch([Message(2, {"temperature": 60}, 2)]))
    assert {(one.rule, one.unit_id) for one in engine.tick(micros(3))[0]} == {
        ("cooker/group", unit) for unit in (1, 2, 3)
    }
    assert engine.tick(micros(4)) == ([], [])


def test_peers_are_the_others() -> None:
    rule = make_rule("temperature > others + 30.0", signals={"others": Peers(number("temperature"), 10 * SECOND)})
    engine = engine_of(rule)
    warm = [Message(second, {"temperature": 20 + unit}, unit) for second in (0, 5, 11) for unit in (1, 2, 3)]
    engine.take(batch(warm))
    assert engine.tick(micros(12))[0] == []
    changes = engine.take(batch([Message(13, {"temperature": 60}, 1)]))
    assert [(one.unit_id, one.kind.value) for one in changes] == [(1, "raised")]
    assert {one.name: one.value for one in changes[0].evidence} == {"temperature": 60.0, "others": 22.5}


def test_drift_and_sessions_come_with_the_clock() -> None:
    drifting = np.array([1], np.int64)
    around = Surroundings(identity=identity, drifting=lambda *_: drifting)
    engine = engine_of(
        make_rule("apart", name="drift", signals={"apart": Drift("temperature")}, hold_us=5 * SECOND),
        make_rule("gone", name="gone", signals={"gone": Offline(10 * SECOND)}),
        surroundings=around,
    )
    begun = [session(1, 0, connected=True), session(2, 0, connected=True)]
    changes = engine.take(batch(readings("temperature", (0, 1)), presence=begun))
    changes += engine.tick(micros(1))[0] + engine.tick(micros(7))[0]
    assert [(one.rule, one.unit_id, one.kind.value) for one in changes] == [("cooker/drift", 1, "raised")]
    assert changes[0].at == micros(6)
    drifting = np.empty(0, np.int64)
    engine.take(
        batch([], presence=[session(2, 8, connected=False), session(1, 8, connected=False, name="an earlier one")])
    )
    assert [(one.rule, one.kind.value) for one in engine.tick(micros(9))[0]] == [("cooker/drift", "cleared")]
    assert [(one.rule, one.unit_id) for one in engine.tick(micros(18))[0]] == [("cooker/gone", 2)]
    engine.take(batch([], presence=[session(2, 19, connected=True)]))
    assert [(one.unit_id, one.kind.value) for one in engine.tick(micros(20))[0]] == [(2, "cleared")]


def test_the_ladder_goes_up_and_down_and_evidence_says_why() -> None:
    rule = make_rule(
        "temperature > 80",
        ladder={"critical": "temperature > 95", "warning": "temperature > 60"},
        clear="temperature < 60",
    )
    engine = engine_of(rule)
    changes = engine.take(batch(readings("temperature", (0, 81), (4, 96), (5, 83))))
    changes += engine.take(batch(readings("temperature", (6, 70), (7, 50))))
    assert shown(changes) == [
        (1, "raised", 0, 0, "warning"),
        (1, "severity", 4, 0, "critical"),
        (1, "severity", 5, 0, "warning"),
        (1, "cleared", 7, 0, "warning"),
    ]
    assert [(one.name, one.at, one.value) for one in changes[1].evidence] == [("temperature", micros(4), 96.0)]


@settings(max_examples=30, deadline=None, database=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.sampled_from([50, 70, 82, 92, 97])), max_size=25), st.integers(0, 99)
)
def test_a_step_of_the_ladder_holds_until_its_own_clear(said: list[tuple[int, int]], seed: int) -> None:
    rule = make_rule(
        "temperature > 80", clear="temperature < 60", ladder={"critical": "temperature > 95"},
        ladder_clears={"critical": "temperature < 90"},
    )  # fmt: skip
    meant, stands, critical = [], {1: False, 2: False}, {1: False, 2: False}
    for second, (unit, value) in enumerate(said):
        before = critical[unit]
        critical[unit] = value > 95 or (before and not value < 90)
        severity = "critical" if critical[unit] else "major"
        if stands[unit] and value < 60:
            meant.append((unit, "cleared", second))
            stands[unit] = False
        elif stands[unit] and before != critical[unit]:
            meant.append((unit, severity, second))
        elif not stands[unit] and value > 80:
            meant.append((unit, f"raised {severity}", second))
            stands[unit] = True
    chance, engine, changes, begin = random.Random(seed), engine_of(rule), [], 0
    messages = [Message(second, {"temperature": value}, unit) for second, (unit, value) in enumerate(said)]
    while begin < len(messages):
        end = begin + chance.choice([1, 2, 5, 25])
        changes += engine.take(batch(messages[begin:end]))
        begin = end
    words = {"raised": "raised {}", "severity": "{}", "cleared": "cleared"}
    found = [
        (unit, words[kind].format(severity), at) for unit, kind, at, _, severity in shown(changes)
        if not (kind == "severity" and (unit, "cleared", at) in meant)
    ]  # fmt: skip
    assert sorted(found, key=lambda one: one[2]) == meant


def test_a_late_reading_changes_nothing_and_is_counted() -> None:
    engine = engine_of(make_rule("temperature > 80"))
    engine.take(batch(readings("temperature", (10, 20))))
    assert engine.take(batch([Message(9, {"temperature": 99}, arrived=11)])) == []
    (population,) = engine.populations.values()
    assert [stream.late for stream in population.streams.values()] == [1]


def test_changes_say_what_may_hide_them_and_not_whether_it_does() -> None:
    engine = engine_of(
        make_rule("open", name="power"),
        make_rule("temperature > 80", suppressed_by="power", suppress_grace_us=60 * SECOND),
        make_rule("temperature > 85", name="warm", key="0dz", suppressed_by="mine"),
        make_rule("temperature > 86", name="mine", key="0dy"),
    )
    changes = engine.take(batch([Message(0, {"temperature": 90}, 2), Message(1, {"open": True}, 1)]))
    changes += engine.take(batch([Message(3, {"temperature": 20}, 2)]))
    assert {(one.rule, one.kind.value, one.suppressed_by, one.suppress_grace) for one in changes} == {
        ("cooker/hot", "raised", "power", 60 * SECOND),
        ("cooker/hot", "cleared", "power", 60 * SECOND),
        ("cooker/power", "raised", "", 0),
        ("0dz", "raised", "0dy", 0),
        ("0dz", "cleared", "0dy", 0),
        ("0dy", "raised", "", 0),
        ("0dy", "cleared", "", 0),
    }


def test_an_interlock_holds_while_the_alert_stands() -> None:
    engine = engine_of(make_rule("open", forbids=("clean",)))
    engine.take(batch(OPEN))
    assert engine.forbidden(1, "clean") == ("cooker/hot",)
    assert engine.forbidden(1, "cook") == engine.forbidden(2, "clean") == ()
    engine.take(batch(readings("open", (1, False))))
    assert engine.forbidden(1, "clean") == ()


def test_a_rule_is_for_its_units_only_and_ends_where_it_is_no_more_for_them() -> None:
    mine = {"number": 1, "units": np.array([1], np.int64)}
    watched = UnitSet(version=lambda: mine["number"], units=lambda: mine["units"])  # type: ignore[arg-type,return-value]
    engine = engine_of(make_rule("open", units=watched))
    changes = engine.take(batch([Message(0, {"open": True}, 1), Message(0, {"open": True}, 2)]))
    assert [(one.unit_id, one.kind.value) for one in changes] == [(1, "raised")]
    mine.update(number=2, units=np.array([2], np.int64))
    changes = engine.tick(micros(1))[0] + engine.take(batch([Message(2, {"open": True}, 2)]))
    assert [(one.unit_id, one.kind.value) for one in changes] == [(1, "cleared")]
    assert shown(engine.begin(micros(3))) == [(2, "raised", 3, 3, "major")]


def test_a_rule_that_raises_is_stopped_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_of(make_rule("open", name="good"), make_rule("temperature > 1", name="bad"))
    bad = next(one for one in engine.running() if one.rule.name == "bad")
    monkeypatch.setattr(bad, "take", lambda _: 1 / 0)
    changes = engine.take(batch([Message(0, {"open": True, "temperature": 5})]))
    assert [one.rule for one in changes] == ["cooker/good"]
    assert engine.failures == 1
    assert "ZeroDivisionError" in bad.failed


def test_rules_that_stay_keep_their_state_and_others_end() -> None:
    stays, goes = make_rule("temperature > 80", hold_us=10 * SECOND), make_rule("open", name="goes")
    engine = engine_of(stays, goes)
    engine.take(batch([Message(0, {"open": True, "temperature": 90})]))
    assert short(engine.set_rules([stays])) == [("cleared", 0)]
    assert short(engine.take(batch(readings("temperature", (11, 90))))) == [("raised", 10)]


def test_one_hot_unit_does_not_cost_more_than_many() -> None:
    engine = engine_of(*(rule for rule, _ in PLAIN.values()))
    engine.take(batch(readings("temperature", *((index / 100, index % 97) for index in range(20_000)))))
    assert not [running.failed for running in engine.running() if running.failed]


def test_texts_are_let_go_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monokoto.operate.rules.engine.dictionary.RULE_TEXTS_MAX", 50)
    engine = engine_of(make_rule('door == "d119"'))
    changes = []
    for start in range(0, 120, 20):
        changes += engine.take(batch(readings("door", *((at, f"d{at}") for at in range(start, start + 20)))))
    (population,) = engine.populations.values()
    dictionary = population.streams[""].slots["door:string"].dictionary
    assert dictionary is not None
    assert len(dictionary.entries) <= 70
    assert short(changes) == [("raised", 119)]


def test_nested_values_and_lists_are_looked_at() -> None:
    engine = engine_of(make_rule('firmware.version == "2.0" && "eco" in modes'))
    changes = engine.take(
        batch(
            [
                Message(0, {"firmware": '{"version":"2.0"}', "modes": '["eco"]'}),
                Message(1, {"firmware": '{"version":"2.1"}'}),
            ]
        )
    )
    assert short(changes) == [("raised", 0), ("cleared", 1)]

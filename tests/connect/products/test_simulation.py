"""The simulation section: what is refused and where, and how virtual units live."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.connect.products import EventModel, PropertyModel
from monokoto.connect.products.simulation import Moment, Simulation, VirtualUnit, parse_duration, parse_simulation
from monokoto.connect.products.simulation.unit import fitted
from monokoto.kernel.clock import Instant, parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.values import Kind

MIDNIGHT = parse_instant("2026-03-01T00:00:00Z")


def model(name: str, kind: Kind = Kind.NUMBER, schema: dict[str, Any] | None = None, **rest: Any) -> PropertyModel:
    return PropertyModel(name=name, kind=kind, schema=schema or {}, **rest)


PROPERTIES = {
    entry.name: entry
    for entry in (
        model("temperature", minimum=-40, maximum=125),
        model("target", minimum=5, maximum=30),
        model("count", Kind.INTEGER, minimum=0, exclusive_maximum=100),
        model("on", Kind.BOOLEAN),
        model("mode", Kind.STRING, enum=("off", "heat", "cool")),
        model("place", Kind.OBJECT),
        model("samples", Kind.ARRAY),
    )
}
EVENTS = {"door": EventModel(name="door")}


def simulation(properties: dict[str, Any], **section: Any) -> Simulation:
    return parse_simulation({"every": "1s", **section, "properties": properties}, PROPERTIES, EVENTS)


def unit(described: Simulation, *, seed: int = 7, index: int = 0, start: int = MIDNIGHT) -> VirtualUnit:
    return VirtualUnit(described, seed=seed, index=index, start=Instant(start))


def life(described: Simulation, ticks: int, **which: int) -> list[Moment]:
    virtual = unit(described, **which)
    return [virtual.tick() for _ in range(ticks)]


def series(generator: dict[str, Any], name: str = "temperature", ticks: int = 500, **section: Any) -> list[Any]:
    return [moment.values.get(name) for moment in life(simulation({name: generator}, **section), ticks)]


def places(section: dict[str, Any]) -> set[str]:
    with pytest.raises(Invalid) as caught:
        parse_simulation(section, PROPERTIES, EVENTS)
    return {fault.place for fault in caught.value.faults}


def test_every_fault_is_found_at_once_with_its_place() -> None:
    section = {
        "evry": 5,
        "every": "soon",
        "jitter": "80%",
        "start": "yesterday",
        "offline": {"every": "1h", "keep": 3},
        "properties": {
            "temperatur": {"constant": 1},
            "temperature": {"walk": {"step": -1, "to": "high"}},
            "target": {"constant": 99},
            "count": {"choise": [1, 2]},
            "on": {"normal": {"mean": 0, "deviation": 1}},
            "mode": {"states": {"start": "of", "changes": {"off": {"heat": 0.9, "cold": 0.3}, "heat": {}}}},
            "place": {"object": {"latitude": {"uniform": {"from": 2, "to": 1}}}},
            "samples": {"sum": []},
        },
        "events": {"dor": {"every": "1h"}, "door": {"data": {"constant": 1}}},
    }
    assert places(section) == {
        "/simulation/evry",
        "/simulation/every",
        "/simulation/jitter",
        "/simulation/start",
        "/simulation/offline",
        "/simulation/offline/keep",
        "/simulation/properties/temperatur",
        "/simulation/properties/temperature/walk/step",
        "/simulation/properties/temperature/walk/to",
        "/simulation/properties/target/constant",
        "/simulation/properties/count/choise",
        "/simulation/properties/on/normal",
        "/simulation/properties/mode/states/start",
        "/simulation/properties/mode/states/changes/off",
        "/simulation/properties/mode/states/changes/off/cold",
        "/simulation/properties/place/object/latitude/uniform",
        "/simulation/properties/samples/sum",
        "/simulation/events/dor",
        "/simulation/events/door",
    }


def test_a_misspelt_name_is_answered_with_the_right_one() -> None:
    with pytest.raises(Invalid, match="did you mean `choice`"):
        simulation({"count": {"choise": [1]}})
    with pytest.raises(Invalid, match="did you mean `temperature`"):
        simulation({"temperatur": {"constant": 1}})


def test_yaml_booleans_in_place_of_texts_are_explained() -> None:
    with pytest.raises(Invalid, match="YAML reads on, off, yes and no as booleans"):
        simulation({"mode": {"choice": [False, "heat"]}})


def test_a_property_can_depend_only_on_one_before_it() -> None:
    by = {"by": {"property": "mode", "values": {"heat": {"constant": 25}}, "otherwise": {"constant": 15}}}
    assert places({"properties": {"temperature": by}}) == {"/simulation/properties/temperature/by/property"}
    described = simulation({"mode": {"choice": ["off", "heat"]}, "temperature": by})
    pairs = {(moment.values["mode"], moment.values["temperature"]) for moment in life(described, 100)}
    assert pairs == {("off", 15), ("heat", 25)}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "every",
                        "properties",
                        "temperature",
                        "mode",
                        "walk",
                        "states",
                        "changes",
                        "by",
                        "sum",
                        "choice",
                        "values",
                        "weights",
                        "daily",
                        "once",
                        "list",
                        "of",
                        "length",
                        "object",
                        "noise",
                        "offline",
                        "for",
                        "events",
                        "door",
                        "data",
                        "from",
                        "to",
                        "ramp",
                        "over",
                        "06:30",
                        "property",
                        "jitter",
                        "start",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    )
)
@settings(max_examples=400, deadline=None)
def test_whatever_the_section_says_it_is_read_or_refused(section: Any) -> None:
    try:
        described = parse_simulation(
            {"properties": section} if not isinstance(section, dict) else section, PROPERTIES, EVENTS
        )
    except Invalid:
        return
    for moment in life(described, 3):
        assert set(moment.values) <= set(PROPERTIES)


def test_the_same_seed_is_the_same_life_and_another_is_not() -> None:
    described = simulation(
        {"temperature": {"walk": {"step": 1}, "noise": 0.1}, "on": {"chance": 0.5}},
        jitter="20%",
        offline={"every": "60s", "for": "10s"},
        events={"door": {"every": "30s"}},
    )
    assert life(described, 200) == life(described, 200)
    assert life(described, 200, index=1) != life(described, 200)
    assert life(described, 200, seed=8) != life(described, 200)


def test_what_happens_to_a_unit_does_not_change_what_it_measures() -> None:
    properties = {"temperature": {"walk": {"step": 1}}}
    calm = life(simulation(properties), 100)
    wild = life(
        simulation(properties, jitter="30%", offline={"every": "10s", "for": "5s"}, events={"door": {"every": "2s"}}),
        100,
    )
    assert [moment.values for moment in calm] == [moment.values for moment in wild]


@given(
    st.integers(1, 2**31),
    st.floats(0.01, 3600),
    st.floats(0, 0.49),
)
@settings(max_examples=100, deadline=None)
def test_ticks_keep_their_order_and_their_pace(seed: int, every: float, jitter: float) -> None:
    described = parse_simulation({"every": every, "jitter": f"{jitter * 100:.3f}%"}, PROPERTIES)
    times = [moment.at for moment in life(described, 50, seed=seed)]
    assert times == sorted(times)
    assert times[0] >= MIDNIGHT
    assert abs((times[-1] - times[0]) / 1e6 - 49 * every) <= every + 0.01


def test_a_walk_stays_within_its_bounds_and_returns_to_its_mean() -> None:
    values = series({"walk": {"start": 20, "step": 2, "from": 10, "to": 22}}, ticks=5000)
    assert values[0] == 20
    assert min(values) >= 10
    assert max(values) <= 22
    pulled = series({"walk": {"start": 0, "mean": 50, "step": 0.1, "reversion": 0.1}}, ticks=500)
    assert abs(pulled[-1] - 50) < 3


def test_a_sine_follows_the_clock() -> None:
    described = parse_simulation(
        {
            "every": "1h",
            "properties": {"temperature": {"sine": {"mean": 10, "amplitude": 8, "period": "24h", "phase": "9h"}}},
        },
        PROPERTIES,
    )
    for moment in life(described, 48):
        hour = (moment.at - MIDNIGHT) / 3.6e9
        assert moment.values["temperature"] == pytest.approx(10 + 8 * math.sin((hour - 9) / 24 * 2 * math.pi))


def test_a_daily_profile_runs_straight_between_numbers_and_steps_between_texts() -> None:
    described = parse_simulation(
        {
            "every": "30m",
            "properties": {
                "temperature": {"daily": {"06:00": 16, "18:00": 22}},
                "mode": {"daily": {"06:00": "heat", "22:00": "off"}},
            },
        },
        PROPERTIES,
    )
    for moment in life(described, 96):
        hour = (moment.at - MIDNIGHT) / 3.6e9 % 24
        rising = 16 + 6 * (hour - 6) / 12 if 6 <= hour <= 18 else 22 - 6 * ((hour - 18) % 24) / 12
        assert moment.values["temperature"] == pytest.approx(rising)
        assert moment.values["mode"] == ("heat" if 6 <= hour < 22 else "off")


def test_ramps_counters_and_their_repetition() -> None:
    worn = series({"ramp": {"from": 100, "to": 0, "over": "100s", "exponent": 2}}, ticks=150)
    assert worn[0] > worn[50] > worn[99] > -0.001
    assert worn[-1] == 0
    sawtooth = series({"ramp": {"from": 0, "to": 10, "over": "10s", "repeat": True}}, ticks=100)
    assert sum(later < earlier for earlier, later in pairwise(sawtooth)) in (9, 10)
    assert series({"counter": {"start": 2, "step": 3, "to": 9}}, "count", 7) == [2, 5, 8, 2, 5, 8, 2]


def test_choices_states_and_chances_have_their_frequencies() -> None:
    picked = Counter(series({"choice": {"values": ["off", "heat"], "weights": [1, 3]}}, "mode", 4000))
    assert 0.7 < picked["heat"] / 4000 < 0.8
    chain = series({"states": {"start": "off", "changes": {"off": {"heat": 0.1}, "heat": {"off": 0.3}}}}, "mode", 8000)
    assert chain[0] == "off"
    assert 0.2 < chain.count("heat") / 8000 < 0.3
    assert 0.05 < series({"chance": 0.1}, "on", 4000).count(True) / 4000 < 0.15


def test_what_is_drawn_once_tells_units_apart() -> None:
    described = simulation({"temperature": {"once": {"uniform": {"from": 0, "to": 100}}}})
    drawn = {tuple(moment.values["temperature"] for moment in life(described, 3, index=index)) for index in range(20)}
    assert len(drawn) == 20
    assert all(len(set(values)) == 1 for values in drawn)


def test_composition_noise_dropout_and_decimals() -> None:
    assert series({"sum": [{"constant": 20}, {"product": [{"constant": 2}, {"constant": 3}]}]}, ticks=3) == [26] * 3
    noisy = series({"constant": 20, "noise": 0.5}, ticks=2000)
    assert 0.4 < (sum((value - 20) ** 2 for value in noisy) / 2000) ** 0.5 < 0.6
    assert all(value == round(value, 1) for value in series({"normal": {"mean": 20, "deviation": 3}, "decimals": 1}))
    lost = series({"constant": 20, "dropout": 0.25}, ticks=2000).count(None)
    assert 400 < lost < 600


def test_objects_and_lists_are_generated_by_member() -> None:
    where = {"object": {"latitude": {"walk": {"start": 52, "step": 0.01}}, "name": {"constant": "here"}}}
    described = simulation(
        {"place": where, "samples": {"list": {"of": {"uniform": {"from": 0, "to": 1}}, "length": 5}}}
    )
    moment = life(described, 1)[0]
    assert moment.values["place"] == {"latitude": 52, "name": "here"}
    assert len(moment.values["samples"]) == 5


@given(st.floats(allow_nan=False, allow_infinity=False, width=32), st.floats(0, 1e6))
@settings(max_examples=100, deadline=None)
def test_values_always_fit_their_property(mean: float, deviation: float) -> None:
    generator = {"normal": {"mean": mean, "deviation": deviation}}
    for moment in life(simulation({"temperature": generator, "count": generator}), 10):
        assert -40 <= moment.values["temperature"] <= 125
        assert 0 <= moment.values["count"] < 100
        assert isinstance(moment.values["count"], int)


@given(st.floats(-1e9, 1e9), st.sampled_from([0.1, 0.5, 2, 7]), st.floats(-100, 0), st.floats(50, 100))
def test_values_come_in_the_steps_of_their_property(value: float, step: float, low: float, high: float) -> None:
    stepped = fitted(value, model("target", schema={"multipleOf": step}, minimum=low, maximum=high))
    assert low - 1e-9 <= stepped <= high + 1e-9
    assert abs(stepped / step - round(stepped / step)) < 1e-9
    assert abs(stepped - min(max(value, low), high)) <= step + 1e-9


def test_units_are_away_and_come_back() -> None:
    described = simulation({}, offline={"every": "5m", "for": "1m", "keep": False})
    online = [moment.online for moment in life(described, 20_000)]
    assert 0.10 < online.count(False) / len(online) < 0.24  # a sixth, by the means
    assert not life(described, 1)[0].kept


def test_events_happen_at_their_pace_with_data() -> None:
    described = simulation(
        {"on": {"chance": 1}}, events={"door": {"every": "20s", "data": {"object": {"open": {"chance": 0.5}}}}}
    )
    happened = [event for moment in life(described, 4000) for event in moment.events]
    assert 150 < len(happened) < 250
    assert {event.name for event in happened} == {"door"}
    assert {event.data["open"] for event in happened} == {True, False}


def test_a_desired_property_becomes_the_reported_value_until_it_is_let_go() -> None:
    virtual = unit(simulation({"temperature": {"constant": 20}}))
    assert virtual.desire({"temperature": 25, "target": 21, "stranger": 1}) == {"temperature": 25, "target": 21}
    assert virtual.tick().values["temperature"] == 25
    assert virtual.desire({"temperature": None}) == {}
    assert virtual.tick().values["temperature"] == 20


def test_a_moment_made_before_a_value_was_taken_over_says_it_after() -> None:
    virtual = unit(simulation({"temperature": {"constant": 20}, "target": {"constant": 10}}))
    made = virtual.tick()
    virtual.desire({"temperature": 25, "mode": "heat"})
    assert virtual.as_desired(made.values) == {"temperature": 25, "target": 10}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5),
        ("1.5h", 5400),
        ("2d", 172_800),
        (3, 3.0),
        ("10 m", 600),
        ("5", None),
        ("soon", None),
        (-1, None),
        (True, None),
        (None, None),
        (math.nan, None),
    ],
)
def test_durations(text: object, seconds: float | None) -> None:
    assert parse_duration(text) == seconds


def test_names_stand_for_truth_values_and_numbers() -> None:
    chain = {"states": {"start": True, "changes": {"true": {"false": 0.5}, "false": {"true": 0.5}}}}
    by = {"by": {"property": "on", "values": {"true": {"constant": 20}, "false": {"constant": 10}}}}
    counted = {"by": {"property": "count", "values": {"0": {"constant": 5}}, "otherwise": {"constant": 6}}}
    described = simulation({"on": chain, "temperature": by, "count": {"counter": {"to": 1}}, "target": counted})
    moments = life(described, 200)
    assert {moment.values["on"] for moment in moments} == {True, False}
    assert all(moment.values["temperature"] == (20 if moment.values["on"] else 10) for moment in moments)
    assert all(moment.values["target"] == (6 if moment.values["count"] else 5) for moment in moments)

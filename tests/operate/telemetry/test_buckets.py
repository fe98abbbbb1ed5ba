"""Buckets say of the readings what a few lines of Python say of the same readings."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.operate.telemetry import (
    BucketQuestion,
    Selection,
    buckets_arrow,
    buckets_json,
    parse_aggregates,
    parse_width,
)

ALL = ("count", "sum", "avg", "min", "max", "stddev", "first", "last", "p50", "p90", "p99.9")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ask(
    store: Any, selection: Selection, width: str, *names: str, zone: str = "UTC", **more: Any
) -> list[dict[str, Any]]:
    question = BucketQuestion(
        selection=selection, width=parse_width(width, zone=zone), aggregates=parse_aggregates(names), **more
    )
    answer = store.telemetry.buckets(question)
    assert buckets_arrow(answer).num_rows == len(answer)
    return list(json.loads(buckets_json(answer))["series"])


def expected(values: list[tuple[int, float]]) -> dict[str, Any]:
    numbers = [value for _, value in sorted(values)]
    return {
        "count": len(numbers),
        "sum": math.fsum(numbers),
        "avg": statistics.fmean(numbers),
        "min": min(numbers),
        "max": max(numbers),
        "stddev": statistics.stdev(numbers) if len(numbers) > 1 else None,
        "first": numbers[0],
        "last": numbers[-1],
        "p50": float(np.percentile(numbers, 50)),
        "p90": float(np.percentile(numbers, 90)),
        "p99.9": float(np.percentile(numbers, 99.9)),
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata", "America/New_York"]),
    st.sampled_from(["day", "week", "month", "6h", "45min"]),
    # Around both changes of the clocks in either hemisphere.
    st.sampled_from(["2026-03-28T12:00:00Z", "2026-10-24T12:00:00Z", "2026-04-04T00:00:00Z", "2028-02-28T12:00:00Z"]),
    st.lists(st.tuples(st.integers(1, 2), st.integers(0, 60), st.integers(-50, 50)), min_size=1, max_size=40),
)
def test_buckets_equal_python(
    store: Any, kit: SimpleNamespace, select: Callable[..., Selection], zone: str, width: str, origin: str, spoken: Any
) -> None:
    store.empty()
    start = parse_instant(origin)
    said = [
        kit.Said(unit, "temperature", start + hour * kit.HOUR + 1, kit.START + number, value / 4)
        for number, (unit, hour, value) in enumerate(spoken)
    ]
    store.say(*said)
    kept = {(one.unit, one.at): one.value for one in said}
    wanted: dict[tuple[str, int], list[tuple[int, float]]] = defaultdict(list)
    for (unit, at), value in kept.items():
        wanted[format_id(unit), bucket_of(at, width, zone)].append((at, value))
    found = {}
    for series in ask(store, select(start=start, end=start + 90 * kit.HOUR), width, *ALL, zone=zone):
        for index, at in enumerate(series["at"]):
            found[series["unit"], parse_instant(at)] = {name: series[name][index] for name in ALL}
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        for name, value in expected(values).items():
            assert found[key][name] == (value if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)), name


def bucket_of(at: int, width: str, zone: str) -> int:
    """The first instant of the local period an instant lies in, sought hour by hour and then in between."""
    steps = {"6h": 6 * 3_600_000_000, "45min": 45 * 60_000_000}
    if width in steps:
        return at // steps[width] * steps[width]

    def period(instant: int) -> tuple[int, ...]:
        local = (EPOCH + timedelta(microseconds=instant)).astimezone(ZoneInfo(zone))
        iso = local.isocalendar()
        return {"day": (local.year, local.month, local.day), "week": iso[:2], "month": (local.year, local.month)}[width]

    edge = at // 1_800_000_000 * 1_800_000_000  # all offsets of these zones are whole half-hours
    while period(edge - 1) == period(at):
        edge -= 1_800_000_000
    return edge


def test_each_kind_has_its_own_values(store: Any, kit: SimpleNamespace, select: Any) -> None:
    said = [
        ("cycles", [3, 1, 2]),
        ("on", [True, False, True]),
        ("mode", ["b", "", "a🍚"]),
        ("place", [{"x": 1}, {}, {"y": [None]}]),
    ]
    store.say(
        *(kit.Said(1, name, kit.START + at, at, value) for name, values in said for at, value in enumerate(values))
    )
    answer = ask(store, select(units=(1,)), "1h", "count", "sum", "min", "max", "first", "last", "avg")
    found = {series["property"]: series for series in answer}
    assert {name: (one["count"], one["first"], one["last"]) for name, one in found.items()} == {
        "cycles": ([3], [3], [2]),
        "on": ([3], [True], [True]),
        "mode": ([3], ["b"], ["a🍚"]),
        "place": ([3], [{"x": 1}], [{"y": [None]}]),
    }
    assert [type(found["cycles"][name][0]) for name in ("sum", "min", "first", "avg")] == [int, int, int, float]
    assert (found["on"]["min"], found["on"]["max"], found["on"]["sum"]) == ([False], [True], [2])
    assert found["on"]["avg"] == [pytest.approx(2 / 3)]
    for name in ("mode", "place"):
        assert [found[name][aggregate] for aggregate in ("sum", "min", "max", "avg")] == [[None]] * 4


def test_a_fleet_by_product_and_by_named_sets(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(*(kit.Said(unit, "temperature", kit.START + unit, 1, float(unit)) for unit in (1, 2, 3, 4)))
    (one,) = ask(store, select(), "1h", "count", "avg", "first", "last", group="product")
    assert (one["product"], one["count"], one["avg"], one["first"], one["last"]) == ("cooker", [4], [2.5], [1.0], [4.0])
    question = BucketQuestion(selection=select(), width=parse_width("1h"), aggregates=parse_aggregates(["avg"]))
    grouped = store.telemetry.grouped(question, {"north": (1, 2), "south": (2, 4), "nowhere": (9,)})
    averages = {name: json.loads(buckets_json(answer))["series"] for name, answer in grouped.items()}
    assert averages["north"][0]["avg"] == [1.5]
    assert averages["south"][0]["avg"] == [3.0]
    assert averages["nowhere"] == []


@pytest.mark.parametrize(
    ("fill", "avg", "last"),
    [
        ("none", [1.0, 5.0], ["a", "b"]),
        ("null", [None, 1.0, None, None, None, 5.0, None], [None, "a", None, None, None, "b", None]),
        ("previous", [None, 1.0, 1.0, 1.0, 1.0, 5.0, 5.0], [None, "a", "a", "a", "a", "b", "b"]),
        ("linear", [None, 1.0, 2.0, 3.0, 4.0, 5.0, None], [None, "a", None, None, None, "b", None]),
    ],
)
def test_gaps_are_filled_as_asked(
    store: Any, kit: SimpleNamespace, select: Any, fill: str, avg: Any, last: Any
) -> None:
    for hour, number, text in ((1, 1.0, "a"), (5, 5.0, "b")):
        at = kit.START + hour * kit.HOUR
        store.say(kit.Said(1, "temperature", at, 1, number), kit.Said(1, "mode", at, 1, text))
    selection = select(start=kit.START, end=kit.START + 7 * kit.HOUR)
    mode, temperature = ask(store, selection, "1h", "avg", "last", "count", fill=fill)
    assert temperature["avg"] == avg
    assert mode["last"] == last
    if fill != "none":
        assert temperature["count"] == [0, 1, 0, 0, 0, 1, 0]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(1, 2), st.integers(-100, 400), st.integers(-9, 9)), min_size=1, max_size=25),
    st.integers(0, 420),
)
def test_held_values_equal_a_step_function(
    store: Any, kit: SimpleNamespace, select: Callable[..., Selection], spoken: Any, now: int
) -> None:
    """Minutes for instants: the integral over each bucket is the sum over its minutes of the value that holds then."""
    store.empty()
    store.clock.advance((kit.START + now * kit.MINUTE - store.clock.now()) / kit.SECOND)
    kept = {(unit, minute): float(value) for unit, minute, value in spoken}
    store.say(
        *(
            kit.Said(unit, "temperature", kit.START + minute * kit.MINUTE, n, value)
            for n, ((unit, minute), value) in enumerate(kept.items())
        )
    )
    selection = select(start=kit.START + 10 * kit.MINUTE, end=kit.START + 350 * kit.MINUTE)
    found = {
        (parse_id(series["unit"]), (parse_instant(at) - kit.START) // kit.MINUTE): (integral, mean)
        for series in ask(store, selection, "1h", "integral", "time_avg")
        for at, integral, mean in zip(series["at"], series["integral"], series["time_avg"], strict=True)
    }
    for unit in {unit for unit, _ in kept}:
        mine = {minute: value for (one, minute), value in kept.items() if one == unit}
        if not any(minute < 350 for minute in mine):
            continue
        until = min(350, max(now, *(minute for minute in mine if minute < 350)))
        for start in range(0, 350, 60):
            held = [value_at(mine, minute) for minute in range(max(start, 10), min(start + 60, until))]
            known = [value for value in held if value is not None]
            integral, mean = found[unit, start]
            if not known:
                assert (integral, mean) == (None, None)
            else:
                assert integral == pytest.approx(60 * math.fsum(known), abs=1e-6)
                assert mean == pytest.approx(statistics.fmean(known), abs=1e-9)


def value_at(readings: dict[int, float], minute: int) -> float | None:
    before = [at for at in readings if at <= minute]
    return readings[max(before)] if before else None


def test_faults_of_a_question(select: Any) -> None:
    with pytest.raises(Invalid) as caught:
        BucketQuestion(
            selection=select(),
            width=parse_width("1h"),
            aggregates=parse_aggregates(["time_avg"]),
            group="product",
            fill="zero",
        )
    assert [fault.place for fault in caught.value.faults] == ["fill", "aggregate"]
    with pytest.raises(Invalid) as caught:
        parse_aggregates(["avg", "p0", "p100", "mean"])
    assert len(caught.value.faults) == 3
    with pytest.raises(Invalid):
        parse_aggregates([])


def test_too_long_an_answer_is_refused(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(*(kit.Said(unit, "temperature", kit.START, 1, 1.0) for unit in range(1, 500)))
    with pytest.raises(Invalid, match="too long"):
        ask(store, select(start=kit.START, end=kit.START + 300 * kit.HOUR), "1h", "avg", fill="null")

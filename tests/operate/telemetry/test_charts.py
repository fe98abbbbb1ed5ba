"""A chart is drawn from the series' own readings, and looks like it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.operate.telemetry import ChartMethod, ChartQuestion, Selection, readings_json


def drawn(store: Any, selection: Selection, points: int, method: ChartMethod) -> dict[str, list[tuple[int, Any]]]:
    answer = store.telemetry.chart(ChartQuestion(selection=selection, points=points, method=method))
    return {
        series["property"]: list(zip(map(parse_instant, series["at"]), series["value"], strict=True))
        for series in json.loads(readings_json(answer))["series"]
    }


def lttb(points: list[tuple[int, float]], count: int) -> list[tuple[int, float]]:
    """Largest triangle three buckets, after Steinarsson's thesis (2013), figure 4.2."""
    if len(points) <= count:
        return points
    every = (len(points) - 2) / (count - 2)
    chosen = [points[0]]
    for index in range(count - 2):
        low, high = int(index * every) + 1, int((index + 1) * every) + 1
        following = points[high : min(int((index + 2) * every) + 1, len(points))]
        mean_at = sum(at for at, _ in following) / len(following)
        mean = sum(value for _, value in following) / len(following)
        at, value = chosen[-1]
        areas = [abs((at - mean_at) * (y - value) - (at - x) * (mean - value)) for x, y in points[low:high]]
        chosen.append(points[low + areas.index(max(areas))])
    return [*chosen, points[-1]]


def curve(kit: SimpleNamespace, store: Any, values: list[float]) -> list[tuple[int, float]]:
    store.empty()
    points = [(kit.START + index * kit.SECOND, value) for index, value in enumerate(values)]
    store.say(*(kit.Said(1, "temperature", at, 1, value) for at, value in points))
    store.say(*(kit.Said(1, "temperature", at, 0, 1e9) for at, _ in points[:5]))  # superseded: must not be drawn
    return points


def test_lttb_is_the_published_one(store: Any, kit: SimpleNamespace, select: Any) -> None:
    values = np.cumsum(np.random.default_rng(5).normal(size=1000)).round(3).tolist()
    points = curve(kit, store, values)
    found = drawn(store, select(), 50, ChartMethod.LTTB)["temperature"]
    assert found == lttb(points, 50)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-20, 20), min_size=1, max_size=120), st.integers(3, 30))
def test_m4_keeps_each_pixels_first_last_least_and_greatest(
    store: Any, kit: SimpleNamespace, select: Any, values: list[int], pixels: int
) -> None:
    points = curve(kit, store, [float(value) for value in values])
    start, end = kit.START, kit.START + 120 * kit.SECOND
    found = drawn(store, select(start=start, end=end), pixels, ChartMethod.M4)["temperature"]
    assert found == sorted(set(found))
    assert set(found) <= set(points)
    width = -(-(end - start) // pixels)
    for pixel in range(pixels):
        inside = [point for point in points if (point[0] - start) // width == pixel]
        shown = [point for point in found if (point[0] - start) // width == pixel]
        assert len(shown) <= 4
        if inside:
            assert (inside[0], inside[-1]) == (shown[0], shown[-1])
            assert {min(value for _, value in inside), max(value for _, value in inside)} <= {
                value for _, value in shown
            }


@pytest.mark.parametrize("method", list(ChartMethod))
def test_texts_and_truths_are_drawn_too(store: Any, kit: SimpleNamespace, select: Any, method: ChartMethod) -> None:
    store.say(
        *(kit.Said(1, "mode", kit.START + at * kit.SECOND, 1, f"m{at}") for at in range(100)),
        *(kit.Said(1, "on", kit.START + at * kit.SECOND, 1, at % 2 == 0) for at in range(100)),
    )
    found = drawn(store, select(start=kit.START, end=kit.START + 100 * kit.SECOND), 10, method)
    assert found["mode"][0] == (kit.START, "m0")
    assert found["mode"][-1] == (kit.START + 99 * kit.SECOND, "m99")
    assert len(found["mode"]) <= 20
    assert {value for _, value in found["on"]} == {True, False}


def test_points_have_bounds(select: Any) -> None:
    for points in (2, 5001):
        with pytest.raises(Invalid):
            ChartQuestion(selection=select(), points=points)

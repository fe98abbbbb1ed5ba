"""One reading for each (unit, property, time), whatever the order, the repeats and the batches it came in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import READINGS_PAGE_MAX
from monokoto.operate.telemetry import RawQuestion, Selection, readings_arrow, readings_json

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "temperature": st.floats(allow_nan=False, allow_infinity=False),
    "cycles": st.integers(-(2**53), 2**53),
    "on": st.booleans(),
    "mode": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20),
    "place": st.dictionaries(st.text("abü🍚", max_size=3), st.integers(0, 5) | st.none(), max_size=3),
    "steps": st.lists(st.booleans() | st.text("x'\"\\{}", max_size=4), max_size=3),
}


@st.composite
def conversations(draw: st.DrawFn) -> list[tuple[int, str, int, Any]]:
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=25))
    return [
        (
            draw(st.integers(1, 3)),
            name,
            draw(st.integers(0, 6)),
            draw(VALUES[name]),
        )  # few units and times: many repeats
        for name in names
    ]


def everything(store: Any, selection: Selection, limit: int = 1000, newest_first: bool = False) -> dict[Any, Any]:
    """All pages of a question, as (unit, property, at) to value; no name comes twice."""
    found: dict[Any, Any] = {}
    cursor = None
    while True:
        question = RawQuestion(selection=selection, limit=limit, cursor=cursor, newest_first=newest_first)
        page = store.telemetry.readings(question)
        assert len(page) <= limit
        for series in json.loads(readings_json(page))["series"]:
            for at, value in zip(series["at"], series["value"], strict=True):
                key = (series["unit"], series["property"], at)
                assert key not in found
                found[key] = value
        cursor = page.next_cursor
        if cursor is None:
            return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(conversations(), st.randoms(use_true_random=False))
def test_readings_equal_a_dictionary(
    store: Any, kit: SimpleNamespace, select: Callable[..., Selection], spoken: list[Any], dice: random.Random
) -> None:
    store.empty()
    said = [
        kit.Said(unit, name, kit.START + at * 1_234_567, kit.START + kit.DAY + number, value)
        for number, (unit, name, at, value) in enumerate(spoken)
    ]
    kept = {(format_id(one.unit), one.property, one.at): one.value for one in said}
    # As after crashes: cut anywhere, pieces repeated, in any order.
    cuts = sorted(dice.sample(range(len(said) + 1), k=min(2, len(said))))
    pieces = [said[: cuts[0]], said[cuts[0] : cuts[-1]], said[cuts[-1] :], said]
    dice.shuffle(pieces)
    for piece in pieces:
        if piece:
            store.say(*piece)
    found = everything(store, select(), limit=dice.choice([1, 3, 1000]))
    assert {(unit, name, parse_instant(at)): value for (unit, name, at), value in found.items()} == kept


def test_two_values_of_one_name_in_one_message_leave_the_later(store: Any, kit: SimpleNamespace, select: Any) -> None:
    at, arrived = kit.START, kit.START + 5
    store.say(*(kit.Said(1, "cycles", at, arrived, value) for value in (3, 1, 2)))
    assert list(everything(store, select()).values()) == [2]


def test_nan_is_no_reading(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "temperature", kit.START, 1, float("nan")), kit.Said(1, "temperature", kit.START + 1, 2, 1.5))
    assert list(everything(store, select()).values()) == [1.5]


def test_pages_are_whole_in_both_directions(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(
        *(
            kit.Said(unit, name, kit.START + at, at, at)
            for unit in (1, 2)
            for name in ("cycles", "temperature")
            for at in range(7)
        )
    )
    forward = everything(store, select(), limit=4)
    backward = everything(store, select(), limit=4, newest_first=True)
    assert forward == backward
    assert len(forward) == 28
    newest = store.telemetry.readings(
        RawQuestion(selection=select(units=(1,), properties=("cycles",)), limit=2, newest_first=True)
    )
    assert json.loads(readings_json(newest))["series"][0]["value"] == [6, 5]


def test_a_decade_in_one_batch_is_stored(store: Any, kit: SimpleNamespace, select: Any) -> None:
    said = [kit.Said(1, "cycles", kit.START - year * 31 * kit.DAY, 9, year) for year in range(300)]
    store.say(*said)
    assert len(everything(store, select(start=0))) == 300


def test_another_organisation_sees_nothing(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "cycles", kit.START, 1, 1))
    assert everything(store, select(organisation_id=kit.OTHER)) == {}
    assert everything(store, select(organisation_id=kit.OTHER, units=(1,), product="")) == {}
    assert len(everything(store, select(units=(1,), product=""))) == 1


def test_hostile_names_are_values_and_not_sql(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "cycles", kit.START, 1, 1))
    for name in ("' OR 1=1 --", "{limit:UInt64}", "\\", "x\x00y", "🍚"):
        assert everything(store, select(properties=(name,))) == {}
        assert everything(store, select(product=name)) == {}


def test_arrow_has_numbers_and_texts_apart(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "on", kit.START, 1, True), kit.Said(1, "mode", kit.START, 1, ""))
    table = readings_arrow(store.telemetry.readings(RawQuestion(selection=select())))
    assert table.select(["property", "number", "text", "kind"]).to_pylist() == [
        {"property": "mode", "number": None, "text": "", "kind": "string"},
        {"property": "on", "number": 1.0, "text": None, "kind": "boolean"},
    ]


def test_a_property_that_changed_its_kind_keeps_its_old_values(store: Any, kit: SimpleNamespace, select: Any) -> None:
    later = kit.ProductModel(
        organisation_id=kit.MAKER,
        product="cooker",
        version="2.0.0",
        properties={"on": kit.PropertyModel(name="on", kind=kit.Kind.STRING, schema={})},
    )
    store.say(kit.Said(1, "on", kit.START, 1, True))
    store.say(kit.Said(1, "on", kit.START + 1, 2, "half"), model=later)
    assert list(everything(store, select()).values()) == [True, "half"]


def test_latest_is_the_last_in_event_time(store: Any, kit: SimpleNamespace, select: Any) -> None:
    store.say(kit.Said(1, "cycles", kit.START + 5, 10, 5), kit.Said(1, "cycles", kit.START + 4, 11, 4))
    store.say(kit.Said(1, "cycles", kit.START + 5, 9, 99))  # arrived before the 5 that holds
    store.say(kit.Said(2, "mode", kit.START, 1, "idle"))
    latest = json.loads(readings_json(store.telemetry.latest(select())))["series"]
    assert [(one["unit"], one["value"]) for one in latest] == [(format_id(1), [5]), (format_id(2), ["idle"])]
    before = store.telemetry.latest(select(units=(1,), end=kit.START + 5))
    assert json.loads(readings_json(before))["series"][0]["value"] == [4]


def test_every_fault_of_a_selection_is_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        Selection(organisation_id=1, start=5, end=5, properties=("p",) * 101)  # type: ignore[arg-type]
    assert [fault.place for fault in caught.value.faults] == ["unit", "property", "to"]
    selection = Selection(organisation_id=1, start=5, end=6, product="p")  # type: ignore[arg-type]
    with pytest.raises(Invalid, match="limit"):
        RawQuestion(selection=selection, limit=READINGS_PAGE_MAX + 1)


def test_a_foreign_cursor_is_refused(store: Any, select: Any) -> None:
    for cursor in ("", "!!!", "AAAA", "gKE"):
        if cursor:
            with pytest.raises(Invalid, match="cursor"):
                store.telemetry.readings(RawQuestion(selection=select(), cursor=cursor))

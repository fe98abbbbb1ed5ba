"""The section `meters`: every fault at its place, and what a change of it means."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from monokoto.connect.products import ABSENT, Bump
from monokoto.earn.metering import MetersSection, Origin, meters_of
from monokoto.kernel.errors import Invalid


@pytest.mark.parametrize(
    ("written", "place", "reason"),
    [
        ({}, "/meters/m", "names none of"),
        ({"count": "finished", "sum": "finished"}, "/meters/m", "names count and sum"),
        ({"count": "finish"}, "/meters/m/count", "no event and no property"),
        ({"count": "finished", "where": "programe == 'x'"}, "/meters/m/where", "programe"),
        ({"count": "finished", "value": "litres"}, "/meters/m/value", "has no value"),
        ({"sum": "finished"}, "/meters/m", "needs `value`"),
        ({"sum": "x.y", "external": True, "value": "data.n", "by": ["zone"]}, "/meters/m/by", "is written data.zone"),
        ({"sum": "finished", "value": "data.programme"}, "/meters/m/value", "double is wanted"),
        ({"sum": "state"}, "/meters/m/sum", "a number"),
        ({"duration": "state"}, "/meters/m", "needs `in`"),
        ({"maximum": "power", "every": "7 min"}, "/meters/m/every", "an hour can be divided by"),
        ({"percentile": "power", "at": 0}, "/meters/m/at", "above 0"),
        ({"sum": "power", "every": "15 min"}, "/meters/m/every", "belongs to"),
        ({"sum": "power", "by": ["nothing"]}, "/meters/m/by", "no field"),
        ({"sum": "power", "wher": "true"}, "/meters/m/wher", "has no `wher`"),
        ({"sum": "a b", "external": True, "value": "data.n"}, "/meters/m/sum", "CloudEvents"),
        ("washes", "/meters/m", "must be a mapping"),
    ],
)
def test_a_fault_is_told_at_its_place(kit: SimpleNamespace, written: Any, place: str, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        meters_of({"meters": {"m": written}}, kit.model_of(1))
    found = [(fault.place, fault.reason) for fault in refused.value.faults]
    assert any(at == place and reason in why for at, why in found), found


def test_what_outside_events_hold_is_told_by_their_use(kit: SimpleNamespace) -> None:
    document = {
        "meters": {
            "calls": {
                "sum": "com.example.call", "external": True, "value": "data.n * 2.0", "by": ["data.region"],
                "where": "data.test == false && data.region != 'eu' && data.size > 3.0",
            },
            "said": {"count": "call", "external": {"size": "string"}, "where": "data.size == 'big'"},
        }
    }  # fmt: skip
    calls, said = meters_of(document, kit.model_of(1))
    assert {name: str(kind) for name, kind in calls.types.items()} == {
        "data.n": "double", "data.region": "string", "data.test": "bool", "data.size": "double"
    }  # fmt: skip
    assert (said.origin, dict(said.types)) == (Origin.EXTERNAL, {"data.size": "string"})


def test_a_changed_meaning_breaks_those_who_charge_for_it() -> None:
    old = {"washes": {"count": "finished", "title": "Washes"}, "gone": {"count": "finished"}, "same": {"sum": "power"}}
    new = {
        "washes": {"count": "finished", "title": "Cycles"}, "same": {"sum": "power", "where": "power > 1.0"},
        "more": {"count": "finished"},
    }  # fmt: skip
    found = {change.place: change.bump for change in MetersSection().changes(old, new)}
    assert found == {
        "/meters/washes": Bump.PATCH, "/meters/gone": Bump.MAJOR, "/meters/same": Bump.MAJOR, "/meters/more": Bump.MINOR
    }  # fmt: skip
    assert MetersSection().changes(ABSENT, ABSENT) == []

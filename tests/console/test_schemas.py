"""Data schemas as words, as fields, and back; units of measure as people write them; local times."""

from __future__ import annotations

import pytest

from monokoto.console.measures import symbol
from monokoto.console.schemas import fields_of, limits_of, properties_of, rows_of, value_from_form
from monokoto.console.values import instant_from_local, plain

BOOST = {
    "type": "object",
    "required": ["minutes"],
    "properties": {
        "minutes": {"type": "integer", "minimum": 1, "maximum": 120, "unit": "min"},
        "target": {"type": "number", "unit": "Cel", "multipleOf": 0.5},
        "window": {"type": "object", "properties": {"from": {"type": "string"}}},
        "mode": {"type": "string", "enum": ["off", "on"]},
        "days": {"type": "array", "items": {"type": "string"}},
        "quiet": {"type": "boolean", "default": True},
    },
}


@pytest.mark.parametrize(
    ("unit", "shown"),
    [
        ("Cel", "°C"),
        ("°C", "°C"),
        ("unit:DEG_C", "°C"),
        ("http://qudt.org/vocab/unit/KiloW-HR", "kW·h"),
        ("kW.h", "kW·h"),
        ("m3/h", "m³/h"),
        ("kg.m-3", "kg·m⁻³"),
        ("[degF]", "°F"),
        ("ug/m3", "µg/m³"),
        ("cycles", "cycles"),
        ("{pieces}", ""),
        ("unit:FOO-PER-BAR", "FOO/BAR"),
        ("대", "대"),
        ("", ""),
    ],
)
def test_units_of_measure(unit: str, shown: str) -> None:
    assert symbol(unit) == shown


def test_properties_are_told_with_their_limits() -> None:
    model = {
        "properties": {
            "target": {
                "type": "number",
                "minimum": 5,
                "maximum": 30,
                "multipleOf": 0.5,
                "unit": "Cel",
                "title": "Target",
            },
            "mode": {"enum": ["off", "heat"], "readOnly": True},
        }
    }
    target, mode = properties_of(model)
    assert (target.title, target.unit, target.limits, target.writable) == ("Target", "°C", "5 … 30, × 0.5", True)
    assert (mode.title, mode.kind, mode.limits, mode.writable) == ("mode", "string", "off | heat", False)
    assert limits_of({"exclusiveMinimum": 0, "maximum": 100}) == "≤ 100, > 0"
    assert [row.name for row in rows_of(BOOST)][:3] == ["minutes", "target", "window.from"]


def test_a_form_means_a_value() -> None:
    fields = {one.name: one for one in fields_of(BOOST)}
    assert list(fields) == [
        "value.minutes", "value.target", "value.window.from", "value.mode", "value.days", "value.quiet",
    ]  # fmt: skip
    assert fields["value.minutes"].required
    assert not fields["value.target"].required
    assert (fields["value.minutes"].step, fields["value.target"].step) == ("1", "0.5")
    assert (fields["value.mode"].kind, fields["value.mode"].choices) == ("choice", ('"off"', '"on"'))
    assert (fields["value.days"].kind, fields["value.quiet"].value) == ("json", "true")
    form = {
        "value.minutes": "5", "value.target": "", "value.window.from": "08:00", "value.mode": '"on"',
        "value.days": '["mon"]', "value.quiet": "false",
    }  # fmt: skip
    assert value_from_form(BOOST, form) == {
        "minutes": 5, "window": {"from": "08:00"}, "mode": "on", "days": ["mon"], "quiet": False,
    }  # fmt: skip
    assert value_from_form(BOOST, {}) is None
    assert value_from_form({"type": "string"}, {"value": "12"}) == "12"


@pytest.mark.parametrize("text", ["five", "1,5", "{"])
def test_what_is_no_value_names_its_field(text: str) -> None:
    with pytest.raises(ValueError, match=r"value\.minutes"):
        value_from_form(BOOST, {"value.minutes": text})


def test_a_default_that_was_changed_is_kept() -> None:
    (field,) = fields_of({"type": "number", "default": 3}, {"value": "oops"})
    assert field.value == "oops"


def test_values_and_times() -> None:
    assert plain({"a": [1, "é"]}) == '{"a":[1,"é"]}'
    assert plain(True) is True
    assert instant_from_local("2026-07-01T12:00", "Europe/Berlin") == "2026-07-01T10:00:00Z"
    assert instant_from_local("2026-01-01T00:30", "Asia/Seoul") == "2025-12-31T15:30:00Z"
    with pytest.raises(ValueError, match="Invalid"):
        instant_from_local("soon", "UTC")

"""The two forms of one rule, held equal: what the fast path takes, the slow path takes as the same value."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from monokoto.connect.line import refusals
from monokoto.connect.line.checks import Check
from monokoto.connect.line.plan import DECODE_ERRORS
from monokoto.connect.line.refusals import Refused
from monokoto.connect.products import PropertyModel
from monokoto.kernel.values import JSON_TYPES, Kind


def property_of(schema: dict[str, Any], name: str = "p") -> PropertyModel:
    return PropertyModel(
        name=name,
        kind=JSON_TYPES[schema["type"]],
        schema=schema,
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        exclusive_minimum=schema.get("exclusiveMinimum"),
        exclusive_maximum=schema.get("exclusiveMaximum"),
        enum=tuple(schema.get("enum", ())),
        length_max=schema.get("maxLength"),
    )


BOUND = st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False).map(lambda value: round(value, 2))
NUMERIC = st.fixed_dictionaries(
    {"type": st.sampled_from(["number", "integer"])},
    optional={
        "minimum": BOUND,
        "maximum": BOUND,
        "exclusiveMinimum": BOUND,
        "exclusiveMaximum": BOUND,
        "multipleOf": st.sampled_from([1, 2, 0.5]),
        "enum": st.lists(st.integers(-5, 5), min_size=1, max_size=3),
    },
)
TEXTUAL = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "enum": st.lists(st.sampled_from(["a", "ab", "é", ""]), min_size=1, max_size=3, unique=True),
        "pattern": st.sampled_from(["^a", "b$"]),
    },
)
BOOLEAN = st.just({"type": "boolean"})
NESTED = st.fixed_dictionaries(
    {
        "type": st.just("object"),
        "properties": st.just({"x": {"type": "number", "maximum": 3}, "s": {"type": "string"}}),
    },
    optional={"required": st.just(["x"])},
) | st.fixed_dictionaries(
    {"type": st.just("array"), "items": st.just({"type": "integer"})},
    optional={"minItems": st.integers(0, 2), "maxItems": st.integers(0, 2)},
)
SCHEMA = NUMERIC | TEXTUAL | BOOLEAN | NESTED
VALUE: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-6, 6)
    | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 10**400, 5.0, 0.5])
    | st.floats(-6, 6, allow_nan=False)
    | st.sampled_from(["a", "ab", "é", "", "abcd"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["x", "s", "t"]), inner, max_size=3),
    max_leaves=4,
)


def slowly(check: Check, value: Any) -> float | str | Refused:
    try:
        return check.accept(value)
    except Refused as error:
        return error


@given(SCHEMA, VALUE)
def test_the_slow_path_judges_as_json_schema_does(schema: dict[str, Any], value: Any) -> None:
    check = Check(property_of(schema))
    ours = slowly(check, value)
    theirs = Draft7Validator(schema).is_valid(value)
    too_big = check.kind is Kind.INTEGER and isinstance(value, int) and abs(value) > 2**53
    not_finite = isinstance(value, int) and abs(value) > 10**308
    assert (not isinstance(ours, Refused)) == (theirs and not too_big and not not_finite)
    if isinstance(ours, Refused):
        assert ours.reason in refusals.REASONS
        assert ours.detail.startswith("Property 'p'")


@given(SCHEMA, VALUE)
def test_the_fast_path_never_takes_what_the_slow_one_refuses(schema: dict[str, Any], value: Any) -> None:
    check = Check(property_of(schema))
    struct = msgspec.defstruct("Message", [("p", check.type, check.default)])
    try:
        fast = msgspec.json.decode(json.dumps({"p": value}).encode(), type=struct).p
    except DECODE_ERRORS:
        return
    slow = slowly(check, value)
    if check.exact and not (check.kind is Kind.INTEGER and fast % 1):
        assert not isinstance(slow, Refused)
        assert slow == fast


@given(NUMERIC, st.lists(st.floats(allow_nan=True) | st.integers(-6, 6).map(float), max_size=8))
def test_many_numbers_at_once_are_judged_like_one(schema: dict[str, Any], values: list[float]) -> None:
    check = Check(property_of({key: value for key, value in schema.items() if key not in {"multipleOf", "enum"}}))
    fits = check.fits(np.array(values, np.float64)).tolist()
    assert fits == [not isinstance(slowly(check, value), Refused) for value in values]


@pytest.mark.parametrize(
    ("schema", "value", "reason"),
    [
        ({"type": "number", "minimum": 0}, -1, refusals.OUT_OF_RANGE),
        ({"type": "number"}, "12", refusals.WRONG_TYPE),
        ({"type": "number"}, None, refusals.WRONG_TYPE),
        ({"type": "integer"}, 1.5, refusals.WRONG_TYPE),
        ({"type": "integer"}, 2**53 + 1, refusals.OUT_OF_RANGE),
        ({"type": "boolean"}, 1, refusals.WRONG_TYPE),
        ({"type": "string", "enum": ["a"]}, "b", refusals.NOT_IN_ENUM),
        ({"type": "string"}, "x" * 20_000, refusals.TOO_LARGE),
        ({"type": "object", "required": ["x"]}, {}, refusals.WRONG_TYPE),
        ({"type": "array"}, ["x" * 20_000], refusals.TOO_LARGE),
    ],
)
def test_every_refusal_names_its_reason(schema: dict[str, Any], value: Any, reason: str) -> None:
    refused = slowly(Check(property_of(schema)), value)
    assert isinstance(refused, Refused)
    assert refused.reason == reason

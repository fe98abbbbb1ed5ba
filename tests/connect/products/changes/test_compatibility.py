"""What changed, what it needs: a table of cases, and `jsonschema` as an independent judge of the verdicts."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from monokoto.connect.products import Bump, ChangeKind, compile_model
from monokoto.connect.products.changes.compatibility import compare_models
from monokoto.connect.products.changes.schema_change import compare_schemas, same
from monokoto.kernel.errors import Invalid

NUMBER = {"type": "number"}
PATCH, MINOR, MAJOR, NONE = Bump.PATCH, Bump.MINOR, Bump.MAJOR, Bump.NONE


def needed(before: dict[str, Any], after: dict[str, Any]) -> Bump:
    return max((change.bump for change in compare_models(before, after)), default=Bump.NONE)


NUMBER_CASES = [
    ({"title": "A"}, {"title": "B"}, PATCH),
    ({}, {"description": "more"}, PATCH),
    ({"unit": "Cel"}, {"unit": "K"}, MAJOR),
    ({}, {"unit": "Cel"}, MAJOR),
    ({"minimum": 0}, {"minimum": 1}, MAJOR),
    ({"minimum": 1}, {"minimum": 0}, MINOR),
    ({"minimum": 1}, {}, MINOR),
    ({}, {"maximum": 5}, MAJOR),
    ({"maximum": 5}, {"maximum": 5.0}, NONE),
    ({"maximum": 5}, {"exclusiveMaximum": 5}, MAJOR),
    ({"exclusiveMaximum": 5}, {"maximum": 5}, MINOR),
    ({"minimum": 0}, {"exclusiveMinimum": -1}, MINOR),
    ({"minimum": 0}, {"minimum": 0, "exclusiveMinimum": -1}, PATCH),
    ({"multipleOf": 2}, {"multipleOf": 1}, MINOR),
    ({"multipleOf": 0.2}, {"multipleOf": 0.1}, MINOR),
    ({"multipleOf": 2}, {"multipleOf": 3}, MAJOR),
    ({}, {"multipleOf": 0.5}, MAJOR),
    ({"enum": [1, 2]}, {"enum": [2, 1]}, PATCH),
    ({"enum": [1, 2]}, {"enum": [1, 2, 3]}, MINOR),
    ({"enum": [1, 2]}, {"enum": [1]}, MAJOR),
    ({"enum": [1, 2]}, {}, MINOR),
    ({}, {"enum": [1, 2]}, MAJOR),
    ({"const": 1}, {"const": 2}, MAJOR),
    ({"const": 1}, {}, MINOR),
    ({"readOnly": False}, {}, PATCH),
    ({}, {"readOnly": True}, MAJOR),
    ({"readOnly": True}, {}, MINOR),
    ({}, {"writeOnly": True}, MAJOR),
    ({}, {"observable": True}, PATCH),
    ({}, {"observable": False}, MAJOR),
    ({"observable": False}, {}, MINOR),
    ({"default": 1}, {"default": 2}, MINOR),
    ({"monokoto:retentionDays": 30}, {"monokoto:retentionDays": 10}, MINOR),
    ({}, {"acme:color": "red"}, PATCH),
]
"""Terms beside `type: number`."""

SHAPE_CASES = [
    ({"type": "number"}, {"type": "integer"}, MAJOR),
    ({"type": "integer"}, {"type": "number"}, MAJOR),
    ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 4}, MAJOR),
    ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}, MINOR),
    ({"type": "string", "minLength": 5}, {"type": "string", "minLength": 6}, MAJOR),
    ({"type": "string", "pattern": "a"}, {"type": "string", "pattern": "a|b"}, MAJOR),
    ({"type": "string", "pattern": "a"}, {"type": "string"}, MINOR),
    ({"type": "string"}, {"type": "string", "format": "date"}, MAJOR),
    ({"type": "array", "items": NUMBER}, {"type": "array", "items": {"type": "string"}}, MAJOR),
    ({"type": "array", "items": NUMBER}, {"type": "array", "items": {**NUMBER, "minimum": 0}}, MAJOR),
    ({"type": "array", "items": NUMBER}, {"type": "array"}, MINOR),
    ({"type": "array"}, {"type": "array", "items": NUMBER}, MAJOR),
    ({"type": "array", "items": [NUMBER]}, {"type": "array", "items": [NUMBER, NUMBER]}, MAJOR),
    ({"type": "array", "maxItems": 3}, {"type": "array", "maxItems": 2}, MAJOR),
    ({"type": "object", "properties": {"a": NUMBER}}, {"type": "object", "properties": {}}, MAJOR),
    ({"type": "object", "properties": {}}, {"type": "object", "properties": {"a": NUMBER}}, MINOR),
    (
        {"type": "object", "properties": {"a": NUMBER}},
        {"type": "object", "properties": {"a": NUMBER}, "required": ["a"]},
        MAJOR,
    ),
    ({"oneOf": [NUMBER]}, {"oneOf": [NUMBER, {"type": "string"}]}, MAJOR),
    ({"enum": ["a"]}, {"enum": ["a"], "type": "string"}, PATCH),
    ({"enum": [1]}, {"enum": [1, 1.5]}, MAJOR),
]
"""Whole schemas."""


@pytest.mark.parametrize(("before", "after", "bump"), NUMBER_CASES)
def test_a_change_of_a_number(before: dict, after: dict, bump: Bump) -> None:
    assert needed({"properties": {"p": {**NUMBER, **before}}}, {"properties": {"p": {**NUMBER, **after}}}) is bump


@pytest.mark.parametrize(("before", "after", "bump"), SHAPE_CASES)
def test_a_change_of_a_property(before: dict, after: dict, bump: Bump) -> None:
    assert needed({"properties": {"p": before}}, {"properties": {"p": after}}) is bump


INTERACTION_CASES = [
    ("events", {"e": {}}, {}, MAJOR),
    ("events", {}, {"e": {}}, MINOR),
    ("events", {"e": {}}, {"e": {"data": NUMBER}}, MAJOR),
    ("events", {"e": {"data": NUMBER}}, {"e": {}}, MAJOR),
    ("events", {"e": {"data": NUMBER}}, {"e": {"data": {**NUMBER, "title": "x"}}}, PATCH),
    ("actions", {"a": {}}, {}, MAJOR),
    ("actions", {}, {"a": {}}, MINOR),
    ("actions", {"a": {}}, {"a": {"input": {"type": "object", "properties": {"x": NUMBER}}}}, MINOR),
    ("actions", {"a": {}}, {"a": {"input": NUMBER}}, MAJOR),
    ("actions", {"a": {}}, {"a": {"output": NUMBER}}, MINOR),
    ("actions", {"a": {"output": NUMBER}}, {"a": {}}, MAJOR),
    (
        "actions",
        {"a": {"input": {"type": "object", "properties": {"x": NUMBER}}}},
        {"a": {"input": {"type": "object", "properties": {"x": NUMBER}, "required": ["x"]}}},
        MAJOR,
    ),
    ("actions", {"a": {"safe": True}}, {"a": {"safe": False}}, MAJOR),
    ("actions", {"a": {}}, {"a": {"idempotent": True}}, MINOR),
    ("actions", {"a": {}}, {"a": {"synchronous": True}}, MAJOR),
    ("actions", {"a": {"title": "x"}}, {"a": {"title": "y"}}, PATCH),
]


@pytest.mark.parametrize(("group", "before", "after", "bump"), INTERACTION_CASES)
def test_a_change_of_an_action_or_event(group: str, before: dict, after: dict, bump: Bump) -> None:
    assert needed({group: before}, {group: after}) is bump


def test_a_rename_is_seen_for_what_it_is() -> None:
    before = {"properties": {"temp": {"type": "number", "unit": "Cel", "title": "T"}, "other": {"type": "string"}}}
    after = {"properties": {"temperature": {"type": "number", "unit": "Cel"}, "other": {"type": "string"}}}
    gone, new = compare_models(before, after)
    assert (gone.place, gone.kind, gone.bump) == ("/model/properties/temp", ChangeKind.REMOVED, MAJOR)
    assert "renamed to `temperature`?" in gone.reason
    assert (new.place, new.kind, new.bump) == ("/model/properties/temperature", ChangeKind.ADDED, MINOR)


def test_what_units_may_lack() -> None:
    both = {"properties": {"a": NUMBER, "b": NUMBER}}
    assert needed(both, {**both, "tm:optional": ["/properties/a"]}) is MAJOR
    assert needed({**both, "tm:optional": ["/properties/a"]}, both) is MAJOR
    one = {"properties": {"a": NUMBER}}
    assert needed(one, {**both, "tm:optional": ["/properties/b"]}) is MINOR
    optional = ["/properties/a", "/properties/b"]
    assert needed({**both, "tm:optional": optional}, {**both, "tm:optional": optional[::-1]}) is PATCH


scalars = st.integers(-5, 5) | st.sampled_from(["a", "b", "ab", "abc"]) | st.booleans() | st.sampled_from([0.5, 1.5])
number_schemas = st.fixed_dictionaries(
    {"type": st.sampled_from(["number", "integer"])},
    optional={
        "minimum": st.integers(-4, 4),
        "maximum": st.integers(-4, 4),
        "exclusiveMinimum": st.integers(-4, 4),
        "exclusiveMaximum": st.integers(-4, 4),
        "multipleOf": st.sampled_from([0.5, 1, 2, 3, 4]),
        "enum": st.lists(st.integers(-3, 3), min_size=1, max_size=4, unique=True),
        "const": st.integers(-2, 2),
        "title": st.sampled_from(["x", "y"]),
    },
)
text_schemas = st.fixed_dictionaries(
    {"type": st.just("string")},
    optional={
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(["a", "^a", "b$"]),
        "enum": st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3, unique=True),
    },
)


def nest(inner: st.SearchStrategy[dict]) -> st.SearchStrategy[dict]:
    arrays = st.fixed_dictionaries(
        {"type": st.just("array")},
        optional={
            "items": inner | st.lists(inner, min_size=1, max_size=2),
            "minItems": st.integers(0, 2),
            "maxItems": st.integers(0, 3),
        },
    )
    objects = st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from(["x", "y"]), inner, max_size=2),
            "required": st.lists(st.sampled_from(["x", "y"]), max_size=2, unique=True),
        },
    )
    alternatives = st.fixed_dictionaries({"oneOf": st.lists(inner, min_size=1, max_size=3)})
    return arrays | objects | alternatives


schemas = st.recursive(number_schemas | text_schemas, nest, max_leaves=4)


@st.composite
def edited(draw: st.DrawFn) -> tuple[dict, dict]:
    """A schema and the same with some members exchanged for those of others: near enough to be compatible often."""
    before = draw(schemas)
    after = copy.deepcopy(before)
    for _ in range(draw(st.integers(0, 2))):
        edit(draw, after)
    return before, after


def edit(draw: st.DrawFn, schema: dict) -> None:
    nested = [one for one in [schema.get("items"), *schema.get("properties", {}).values()] if isinstance(one, dict)]
    if nested and draw(st.booleans()):
        edit(draw, draw(st.sampled_from(nested)))
        return
    donor = draw(schemas.filter(lambda one: one.get("type") == schema.get("type")))
    for term in draw(st.lists(st.sampled_from(sorted(schema.keys() | donor.keys())), max_size=2)):
        if term in donor:
            schema[term] = copy.deepcopy(donor[term])
        elif term != "type":
            schema.pop(term, None)


def values_of(schema: dict, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values that have a chance with a schema; members it does not name stay away: the world is closed."""
    if "oneOf" in schema:
        return st.one_of([values_of(one, depth) for one in schema["oneOf"]])
    if schema.get("type") == "array":
        items = schema.get("items")
        inner = [values_of(one) for one in (items if isinstance(items, list) else [items]) if one]
        return st.lists(st.one_of(inner) if inner else scalars, max_size=4)
    if schema.get("type") == "object":
        members = {name: values_of(one) for name, one in schema.get("properties", {}).items()}
        return st.fixed_dictionaries({}, optional=members)
    return scalars


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(edited(), st.data())
def test_under_a_change_that_is_not_major_what_was_valid_is_valid(pair: tuple[dict, dict], data: st.DataObject) -> None:
    before, after = pair
    changes = compare_schemas("", before, after)
    assume(all(change.bump < MAJOR for change in changes))
    value = data.draw(values_of(before))
    if Draft7Validator(before).is_valid(value):
        assert Draft7Validator(after).is_valid(value), (before, after, value, changes)


@settings(max_examples=100, deadline=None)
@given(schemas)
def test_a_schema_is_compatible_with_itself(schema: dict) -> None:
    assert compare_schemas("", schema, copy.deepcopy(schema)) == []


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(edited())
def test_a_difference_is_never_overlooked(pair: tuple[dict, dict]) -> None:
    before, after = pair
    assert bool(compare_schemas("", before, after)) == (not same(plain(before), plain(after)))


def plain(value: Any) -> Any:
    """Without empty mappings of members: they say nothing."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {term: plain(one) for term, one in value.items() if (term, one) != ("properties", {})}
    return value


affordances = st.dictionaries(st.sampled_from(["a", "b", "c"]), schemas, max_size=3)
models = st.fixed_dictionaries(
    {"version": st.just({"model": "1.0.0"})},
    optional={
        "properties": affordances,
        "events": st.dictionaries(
            st.sampled_from(["e", "f"]), st.builds(lambda data: {"data": data}, schemas), max_size=2
        ),
        "actions": st.dictionaries(
            st.sampled_from(["g", "h"]),
            st.builds(lambda one, two: {"input": one, "output": two}, schemas, schemas),
            max_size=2,
        ),
        "title": st.sampled_from(["x", "y"]),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(models, models)
def test_models_compare_as_they_must(one: dict, two: dict) -> None:
    assert compare_models(one, copy.deepcopy(one)) == []
    there, back = compare_models(one, two), compare_models(two, one)
    assert bool(there) == bool(back)
    for change in there:
        if change.kind is ChangeKind.REMOVED and change.place.count("/") == 3:
            assert change.bump is MAJOR
        if change.kind is ChangeKind.ADDED and change.place.count("/") == 3:
            assert change.bump is MINOR
    # What one way takes away, the other way brings.
    removed = {change.place for change in there if change.kind is ChangeKind.REMOVED}
    added = {change.place for change in back if change.kind is ChangeKind.ADDED}
    assert removed == added


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(models)
def test_a_removed_affordance_always_needs_a_major_version(model: dict) -> None:
    for group in ("properties", "events", "actions"):
        for name in model.get(group, {}):
            less = copy.deepcopy(model)
            del less[group][name]
            assert needed(model, less) is MAJOR
            assert needed(less, model) is MINOR


def test_the_compiled_kind_never_changes_without_a_major_version() -> None:
    shapes = [NUMBER, {"type": "integer"}, {"enum": [1]}, {"enum": [1.5]}, {"enum": ["a"]}, {"const": True}, {"type": "object"},
              {"oneOf": [{"type": "array"}]}, {"oneOf": [NUMBER, {"type": "number", "minimum": 1}]}]  # fmt: skip
    for before in shapes:
        for after in shapes:
            models_of = [{"version": {"model": "1.0.0"}, "properties": {"p": one}} for one in (before, after)]
            kinds = [compile_model(1, "p", one).properties["p"].kind for one in models_of]
            if kinds[0] is not kinds[1]:
                assert needed(*models_of) is MAJOR, (before, after)


def test_a_model_with_faults_is_not_compiled() -> None:
    with pytest.raises(Invalid) as caught:
        compile_model(1, "p", {"version": {"model": "1.0.0"}, "properties": {"p": {"type": "float"}}})
    assert [fault.place for fault in caught.value.faults] == ["/properties/p/type"]

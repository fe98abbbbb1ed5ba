"""Data schemas: the vocabulary of WoT TD 1.1 section 5.3.2, and whether what they say can be true of any value.

Source: https://www.w3.org/TR/wot-thing-description11/#sec-data-schema-vocabulary-definition
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from monokoto.connect.products.description.references import REFERENCE
from monokoto.connect.products.description.report import child, suggestion
from monokoto.connect.products.description.terms import (
    Check,
    Scope,
    anything,
    boolean,
    by_language,
    check_terms,
    count,
    describe,
    is_number,
    number,
    text,
    text_or_texts,
    texts,
)
from monokoto.connect.products.description.validation import pattern_fault, schema_validator
from monokoto.kernel.limits import ENUM_MEMBERS_MAX, INTEGER_MAX, NESTING_DEPTH_MAX

TYPES = ("number", "integer", "boolean", "string", "object", "array", "null")

_MEANINGFUL_FOR = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), ("number", "integer")
    ),
    **dict.fromkeys(("minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"), ("string",)),
    **dict.fromkeys(("items", "minItems", "maxItems"), ("array",)),
    **dict.fromkeys(("properties", "required"), ("object",)),
}
"""Terms that say something of some types only; on another type they are a mistake, not a promise."""


def check_schema(
    scope: Scope, value: Any, place: str, *, terms: Mapping[str, Check] | None = None, depth: int = 1
) -> None:
    """Check a data schema. `terms` are those of the affordance it is part of, besides its own."""
    if depth > NESTING_DEPTH_MAX:
        scope.fault(place, f"data schemas are nested more than {NESTING_DEPTH_MAX} deep")
        return
    before = len(scope.report)
    if not check_terms(scope, value, place, terms={**_terms(depth), **(terms or {})}, what="a data schema"):
        return
    _check_type(scope, value, place)
    _check_bounds(scope, value, place)
    _check_object(scope, value, place)
    if len(scope.report) == before:
        # Only a schema without a fault can judge the values it names.
        _check_members(scope, value, place)


def type_of(schema: Any) -> str | None:
    """The one JSON type all values of a schema have: said, or plain from its enum, const or alternatives; else None."""
    if not isinstance(schema, Mapping):
        return None
    if "type" in schema:
        return schema["type"] if isinstance(schema["type"], str) else None
    if isinstance(alternatives := schema.get("oneOf"), list):
        found = {type_of(one) for one in alternatives}
    else:
        members = [schema["const"]] if "const" in schema else schema.get("enum")
        found = {_type_of_value(member) for member in members} if isinstance(members, list) else set()
        if found == {"integer", "number"}:
            found = {"number"}
    return found.pop() if len(found) == 1 else None


def _type_of_value(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    kinds = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "null")


def _schema_at(depth: int) -> Check:
    def checked(scope: Scope, value: Any, place: str) -> None:
        check_schema(scope, value, place, depth=depth)

    return checked


def _terms(depth: int) -> Mapping[str, Check]:
    return _TERMS[min(depth, NESTING_DEPTH_MAX)]


def _build_terms(depth: int) -> dict[str, Check]:
    nested = _schema_at(depth + 1)

    def members(scope: Scope, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            scope.fault(place, f"must be a mapping from name to data schema, this is {describe(value)}")
            return
        for name, member in value.items():
            nested(scope, member, child(place, name))

    def alternatives(scope: Scope, value: Any, place: str) -> None:
        if not isinstance(value, list) or not value:
            scope.fault(place, f"must be a list of data schemas, this is {describe(value)}")
            return
        for index, member in enumerate(value):
            nested(scope, member, child(place, index))

    def items(scope: Scope, value: Any, place: str) -> None:
        (alternatives if isinstance(value, list) else nested)(scope, value, place)

    return {
        "@type": text_or_texts,
        "title": text,
        "titles": by_language,
        "description": text,
        "descriptions": by_language,
        "type": _check_type_name,
        "unit": text,
        "const": anything,
        "default": anything,
        "enum": _check_enum,
        "oneOf": alternatives,
        "format": text,
        "readOnly": boolean,
        "writeOnly": boolean,
        "minimum": number,
        "maximum": number,
        "exclusiveMinimum": number,
        "exclusiveMaximum": number,
        "multipleOf": _check_step,
        "minLength": count,
        "maxLength": count,
        "pattern": _check_pattern,
        "contentEncoding": text,
        "contentMediaType": text,
        "items": items,
        "minItems": count,
        "maxItems": count,
        "properties": members,
        "required": texts,
        REFERENCE: anything,  # one that could be followed is written out by now, another was told
    }


def _check_type_name(scope: Scope, value: Any, place: str) -> None:
    if value not in TYPES:
        near = suggestion(str(value), TYPES) or _OTHER_NAMES.get(str(value).lower(), "")
        scope.fault(place, f"must be one of {', '.join(TYPES)}, this is {describe(value)}{near}")


_OTHER_NAMES = {
    word: f"; did you mean `{meant}`?"
    for meant, words in {
        "number": ("float", "double", "real", "decimal"),
        "integer": ("int", "long", "int32", "int64"),
        "boolean": ("bool",),
        "string": ("str", "text"),
        "object": ("map", "dict", "struct"),
        "array": ("list",),
    }.items()
    for word in words
}


def _check_enum(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, list) or not value:
        scope.fault(place, f"must be a list of at least one value, this is {describe(value)}")
    elif len(value) > ENUM_MEMBERS_MAX:
        scope.fault(place, f"has {len(value)} values, more than {ENUM_MEMBERS_MAX}")
    else:
        seen: set[str] = set()
        for index, member in enumerate(value):
            if _identity(member) in seen:
                scope.fault(child(place, index), f"{describe(member)} is in the list twice")
            seen.add(_identity(member))


def _identity(value: Any) -> str:
    # 1 and 1.0 are one value in JSON Schema, 1 and true are two.
    return repr(float(value)) if is_number(value) and abs(value) <= INTEGER_MAX else repr(value)


def _check_step(scope: Scope, value: Any, place: str) -> None:
    if not is_number(value) or value <= 0:
        scope.fault(place, f"must be a number above 0, this is {describe(value)}")


def _check_pattern(scope: Scope, value: Any, place: str) -> None:
    fault = pattern_fault(value) if isinstance(value, str) else f"must be a text, this is {describe(value)}"
    if fault:
        scope.fault(place, fault)


def _check_type(scope: Scope, schema: Mapping[str, Any], place: str) -> None:
    kind = schema.get("type")
    if kind not in TYPES:
        return
    for term in schema.keys() & _MEANINGFUL_FOR.keys():
        if kind not in _MEANINGFUL_FOR[term]:
            scope.fault(child(place, term), f"`{term}` says nothing of the type {kind}")


def _check_bounds(scope: Scope, schema: Mapping[str, Any], place: str) -> None:
    """Some value must fit between each pair of bounds; what is no number is another fault."""
    bounds = {term: value for term, value in schema.items() if is_number(value)}
    for low, high in (("minLength", "maxLength"), ("minItems", "maxItems")):
        if low in bounds and high in bounds and bounds[low] > bounds[high]:
            scope.fault(child(place, low), f"`{low}` {bounds[low]} is above `{high}` {bounds[high]}")
    for low in ("minimum", "exclusiveMinimum"):
        for high in ("maximum", "exclusiveMaximum"):
            if low not in bounds or high not in bounds:
                continue
            open_end = "exclusive" in low + high
            if bounds[low] > bounds[high] or (open_end and bounds[low] == bounds[high]):
                scope.fault(
                    child(place, low), f"no value fits between `{low}` {bounds[low]} and `{high}` {bounds[high]}"
                )
                return
    if schema.get("type") == "integer" and not _some_integer(bounds):
        scope.fault(place, "no whole number fits between its bounds")


def _some_integer(bounds: Mapping[str, Any]) -> bool:
    low = max(
        math.ceil(bounds.get("minimum", -INTEGER_MAX)),
        math.floor(bounds.get("exclusiveMinimum", -INTEGER_MAX - 1)) + 1,
    )
    high = min(
        math.floor(bounds.get("maximum", INTEGER_MAX)),
        math.ceil(bounds.get("exclusiveMaximum", INTEGER_MAX + 1)) - 1,
    )
    return bool(low <= high)


def _check_object(scope: Scope, schema: Mapping[str, Any], place: str) -> None:
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if isinstance(properties, dict) and isinstance(required, list):
        for index, name in enumerate(required):
            if isinstance(name, str) and name not in properties:
                scope.fault(
                    child(child(place, "required"), index),
                    f"`{name[:80]}` is required but not among `properties`{suggestion(name, properties)}",
                )
    items, least = schema.get("items"), schema.get("minItems")
    if isinstance(items, list) and isinstance(least, int) and least > len(items):
        scope.fault(child(place, "minItems"), f"asks for more items than the {len(items)} described")


def _check_members(scope: Scope, schema: Mapping[str, Any], place: str) -> None:
    """Values the schema itself names must fit it: each of `enum`, `const`, `default`."""
    named = [(child(child(place, "enum"), index), member) for index, member in enumerate(schema.get("enum", []))]
    if "const" in schema:
        named.append((child(place, "const"), schema["const"]))
    if named:
        _check_each(scope, named, {term: schema[term] for term in schema if term not in {"enum", "const"}})
    if "default" in schema:
        _check_each(scope, [(child(place, "default"), schema["default"])], schema)


def _check_each(scope: Scope, values: list[tuple[str, Any]], schema: Mapping[str, Any]) -> None:
    validator = schema_validator(schema)
    for place, value in values:
        error = next(validator.iter_errors(value), None)
        if error is not None:
            scope.fault(place, f"does not fit its own schema: {error.message[:200]}")


_TERMS = {depth: _build_terms(depth) for depth in range(1, NESTING_DEPTH_MAX + 1)}

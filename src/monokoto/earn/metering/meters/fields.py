"""What expressions of a meter may name, and of which types: properties, fields of an event, fields of external events."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any

from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.errors import Invalid
from monokoto.kernel.values import JSON_TYPES, Kind
from monokoto.operate.conditions import CelType, check, variables_of

_FIELD = re.compile(r"(?<![\w.\"'])data((?:\.[A-Za-z_][A-Za-z0-9_]*)+)(?!\s*\()")
_TEXTS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_GUESSES = (CelType.TEXT, CelType.NUMBER, CelType.BOOLEAN)
_GUESSES_MAX = 81


def event_variables(model: ProductModel, event: str) -> dict[str, CelType]:
    """The fields of an event's data, `programme` as `data.programme`; data that are one value are `data`."""
    schema = model.events[event].data or {}
    kind = JSON_TYPES.get(str(schema.get("type")), Kind.OBJECT)
    whole = PropertyModel(name="data", kind=kind, schema=schema)
    alone = ProductModel(
        organisation_id=model.organisation_id, product=model.product, version=model.version, properties={"data": whole}
    )
    found = variables_of(alone)
    short = {name.removeprefix("data."): kind for name, kind in found.items() if name != "data"}
    return short | found


def external_variables(document: Mapping[str, Any]) -> dict[str, CelType]:
    """The fields of external events an expression may name: what `external` declares, else what its use tells.

    Nobody describes external events. A field in `value` of a meter is a number (a text where texts are counted), one in
    `by` a text; for one in `where` alone the first of text, number and boolean that makes the expression right.
    """
    declared = document.get("external")
    if isinstance(declared, Mapping):
        return {f"data.{name}": _DECLARED[kind] for name, kind in declared.items() if kind in _DECLARED}
    counted = CelType.TEXT if "unique" in document or "duration" in document else CelType.NUMBER
    found = dict.fromkeys(_names(document.get("by")), CelType.TEXT)
    found |= dict.fromkeys(_names(document.get("value")), counted)
    where = document.get("where")
    asked = [name for name in _names(where) if name not in found]
    if isinstance(where, str) and asked:
        found |= _guessed(where, asked, found)
    return found


_DECLARED = {
    "number": CelType.NUMBER,
    "integer": CelType.INTEGER,
    "string": CelType.TEXT,
    "boolean": CelType.BOOLEAN,
}
DECLARABLE = tuple(_DECLARED)
"""Types `external` may declare a field of."""


def _guessed(where: str, asked: list[str], known: Mapping[str, CelType]) -> dict[str, CelType]:
    for types in islice(product(_GUESSES, repeat=len(asked)), _GUESSES_MAX):
        guess = dict(zip(asked, types, strict=True))
        try:
            check(where, {**known, **guess}, CelType.BOOLEAN)
        except Invalid:
            continue
        return guess
    return dict.fromkeys(asked, CelType.TEXT)


def _names(value: Any) -> Iterator[str]:
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if isinstance(text, str):
            yield from dict.fromkeys(f"data{match[1]}" for match in _FIELD.finditer(_TEXTS.sub('""', text)))

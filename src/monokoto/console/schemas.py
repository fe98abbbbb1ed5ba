"""Data schemas of a model as a person meets them: told in words, asked for by form fields, and read back out of a form.

Source: https://www.w3.org/TR/wot-thing-description11/#sec-data-schema-vocabulary-definition
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from monokoto.console.measures import symbol

DEPTH_MAX = 3
"""Objects in objects deeper than this are asked for as JSON text."""
_JSON_KINDS = {"array", "object", "null", ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One property of a model, ready to be shown."""

    name: str
    title: str
    kind: str
    """number, integer, boolean, string, object or array."""
    unit: str = ""
    description: str = ""
    writable: bool = False
    observable: bool = True
    schema: Mapping[str, Any] = field(default_factory=dict)

    @property
    def states(self) -> list[Any]:
        """The values it may have, when they are listed."""
        return list(self.schema.get("enum") or [])

    @property
    def drawn(self) -> bool:
        """Whether a chart can show it."""
        return self.kind in {"number", "integer", "boolean", "string"}

    @property
    def numeric(self) -> bool:
        """Whether it is a curve rather than a state."""
        return self.kind in {"number", "integer"}

    @property
    def limits(self) -> str:
        """The values it may have, as short as a table wants it."""
        return limits_of(self.schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form."""

    name: str
    """Path of the value: `target`, `window.from`."""
    title: str
    kind: str
    """number, integer, boolean, string, choice, json."""
    unit: str = ""
    description: str = ""
    required: bool = False
    choices: tuple[str, ...] = ()
    """JSON texts."""
    value: str = ""
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    length_max: str = ""


def properties_of(model: Mapping[str, Any]) -> list[Property]:
    """The properties of a Thing Model in the order it lists them."""
    return [
        Property(
            name=name,
            title=str(schema.get("title") or name),
            kind=_kind(schema),
            unit=symbol(str(schema.get("unit") or "")),
            description=str(schema.get("description") or ""),
            writable=not schema.get("readOnly", False),
            observable=bool(schema.get("observable", True)),
            schema=schema,
        )
        for name, schema in (model.get("properties") or {}).items()
    ]


def limits_of(schema: Mapping[str, Any]) -> str:
    """What a schema allows, as a formula: `−40 … 85`, `off | heat`, `≤ 80 characters` is said by the pattern `≤ 80`."""
    if schema.get("enum"):
        return " | ".join(str(one) if isinstance(one, str) else _json(one) for one in schema["enum"])
    told = list(_bounds(schema, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"))
    if schema.get("multipleOf") is not None:
        told.append(f"× {schema['multipleOf']}")
    told += _bounds(schema, "minLength", "maxLength", "", "")
    told += _bounds(schema, "minItems", "maxItems", "", "")
    if schema.get("pattern"):
        told.append(f"/{schema['pattern']}/")
    return ", ".join(told)


def _bounds(schema: Mapping[str, Any], least: str, most: str, over: str, under: str) -> Iterator[str]:
    low, high = schema.get(least), schema.get(most)
    if low is not None and high is not None:
        yield f"{low} … {high}"
    elif low is not None:
        yield f"≥ {low}"
    elif high is not None:
        yield f"≤ {high}"
    if schema.get(over) is not None:
        yield f"> {schema[over]}"
    if schema.get(under) is not None:
        yield f"< {schema[under]}"


def rows_of(schema: Mapping[str, Any] | None, *, name: str = "", depth: int = 0) -> list[Property]:
    """A schema as rows of a table: an object's members one by one, anything else as one row."""
    if not schema:
        return []
    members = schema.get("properties")
    if _kind(schema) != "object" or not members or depth >= DEPTH_MAX:
        return [_row(name, schema)]
    needed = schema.get("required") or []
    rows: list[Property] = []
    for key, member in members.items():
        path = f"{name}.{key}" if name else key
        found = rows_of(member, name=path, depth=depth + 1)
        if len(found) == 1 and key in needed:
            found = [_row(path, {**member, "x-required": True})]
        rows += found
    return rows


def _row(name: str, schema: Mapping[str, Any]) -> Property:
    return Property(
        name=name,
        title=str(schema.get("title") or ""),
        kind=_kind(schema),
        unit=symbol(str(schema.get("unit") or "")),
        description=str(schema.get("description") or ""),
        writable=bool(schema.get("x-required")),
        schema=schema,
    )


def fields_of(
    schema: Mapping[str, Any] | None, values: Mapping[str, str] | None = None, *, name: str = "value"
) -> list[Field]:
    """The fields that ask for a value of a schema; `values`: what was typed before, or holds now, by field."""
    if not schema:
        return []
    return list(_fields(schema, values or {}, name, required=True, depth=0))


def _fields(
    schema: Mapping[str, Any], values: Mapping[str, str], name: str, *, required: bool, depth: int
) -> Iterator[Field]:
    members = schema.get("properties")
    if _kind(schema) == "object" and members and depth < DEPTH_MAX:
        needed = schema.get("required") or []
        for key, member in members.items():
            yield from _fields(member, values, f"{name}.{key}", required=required and key in needed, depth=depth + 1)
        return
    default = _text_of(schema["default"]) if "default" in schema else ""
    kind = "choice" if schema.get("enum") else _kind(schema)
    bound = {key: _number_text(schema.get(key)) for key in ("minimum", "maximum", "multipleOf")}
    yield Field(
        name=name,
        title=str(schema.get("title") or name.rpartition(".")[2]),
        kind="json" if kind in _JSON_KINDS else kind,
        unit=symbol(str(schema.get("unit") or "")),
        description=str(schema.get("description") or ""),
        required=required,
        choices=tuple(_json(one) for one in schema.get("enum") or ()),
        value=values.get(name, default),
        minimum=bound["minimum"],
        maximum=bound["maximum"],
        step=bound["multipleOf"] or ("1" if kind == "integer" else "any"),
        length_max=_number_text(schema.get("maxLength")),
    )


def value_from_form(schema: Mapping[str, Any] | None, form: Mapping[str, Any], *, name: str = "value") -> Any:
    """The value a filled-in form means; empty fields are left out. Whether it fits the schema is the API's to say.

    Raises:
        ValueError: a field's text is no number or no JSON; its argument is the field's name.
    """
    if not schema:
        return None
    members = schema.get("properties")
    if _kind(schema) == "object" and members and name not in form:
        found = {key: value_from_form(member, form, name=f"{name}.{key}") for key, member in members.items()}
        return {key: value for key, value in found.items() if value is not None} or None
    text = form.get(name)
    if text is None or text == "":
        return None
    kind = "choice" if schema.get("enum") else _kind(schema)
    return value_from_text(str(text), kind, name)


def value_from_text(text: str, kind: str, name: str) -> Any:
    """One field's text as a value of its kind. Raises ValueError with the field's name."""
    if kind == "string":
        return text
    try:
        return msgspec.json.decode(text.strip())
    except msgspec.MsgspecError:
        raise ValueError(name) from None


def text_of(schema: Mapping[str, Any], value: Any) -> str:
    """A value as the text its field shows."""
    return _json(value) if schema.get("enum") else _text_of(value)


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else _json(value)


def _kind(schema: Mapping[str, Any]) -> str:
    """The type a schema names; that of its values where it names none."""
    told = schema.get("type")
    if isinstance(told, str):
        return told
    if schema.get("properties"):
        return "object"
    sample = next(iter(schema.get("enum") or ()), None)
    return {str: "string", bool: "boolean", int: "integer", float: "number"}.get(type(sample), "")


def _number_text(value: Any) -> str:
    return "" if value is None else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

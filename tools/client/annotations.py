"""Schemas as Python annotations."""

from __future__ import annotations

from typing import Any

from tools.client.document import Document, Schema, reference

_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}
OPEN_TYPES = frozenset({"Series"})
"""Types with members that the question names: a bucket of the history has one for each aggregate asked for."""


def annotation(schema: Schema, *, taken: bool = False) -> str:
    """The annotation of a value; `taken`: of a parameter, which may be any sequence or mapping."""
    name = reference(schema)
    if name:
        return name
    if "anyOf" in schema:
        kinds = list(dict.fromkeys(annotation(one, taken=taken) for one in schema["anyOf"]))
        return "Any" if "Any" in kinds else " | ".join(sorted(kinds, key=lambda kind: kind == "None"))
    if "enum" in schema:
        return f"Literal[{', '.join(repr(one) for one in schema['enum'])}]"
    match schema.get("type"):
        case "array":
            inner = annotation(schema.get("items", {}), taken=taken)
            return f"Sequence[{inner}]" if taken else f"list[{inner}]"
        case "object":
            more = schema.get("additionalProperties", {})
            inner = annotation(more if isinstance(more, dict) else {}, taken=taken)
            return f"Mapping[str, {inner}]" if taken else f"dict[str, {inner}]"
        case kind:
            return _PLAIN.get(str(kind), "Any")


def with_unset(kind: str) -> str:
    """The annotation of what may be left out too."""
    plain = kind.removesuffix(" | None")
    return f"{plain} | UnsetType" + (" | None" if plain != kind else "")


def default_of(schema: Schema, document: Document) -> Any:
    """What a member that may be left out is then."""
    if "default" in schema:
        return schema["default"]
    kind = document.resolved(schema).get("type")
    return {"array": [], "object": {}}.get(str(kind))


def limits_of(schema: Schema) -> str:
    """What the schema says of size and range, for people: empty when it says nothing."""
    said = []
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        said.append(f"{low:g} to {high:g}" if high < 1e6 else f"{low:,.0f} to {high:,.0f}")
    if "maxItems" in schema:
        said.append(f"at most {schema['maxItems']:,}")
    if "maxLength" in schema:
        said.append(f"at most {schema['maxLength']:,} characters")
    default = schema.get("default")
    if default not in (None, "", [], {}):
        said.append(f"default: {str(default).lower() if isinstance(default, bool) else default}")
    return "; ".join(said)

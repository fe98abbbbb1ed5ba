"""The API explorer's reading of the OpenAPI document: operations by tag, fields out of parameters, examples out of schemas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

METHODS = ("get", "post", "put", "patch", "delete")
_DEPTH_MAX = 6
_SAMPLES = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "email": "name@example.org",
    "uri": "https://example.org/",
    "uuid": "00000000-0000-0000-0000-000000000000",
}
_BY_TYPE: dict[str, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False, "null": None}

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter as a form asks for it."""

    name: str
    place: str
    """path, query or header."""
    required: bool
    description: str
    kind: str
    """The input's type: text, number, or select with `choices`."""
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries."""

    media_type: str
    required: bool
    example: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One way an operation answers."""

    status: str
    description: str
    example: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the API."""

    id: str
    method: str
    path: str
    tag: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    is_open: bool
    """Answered without a key."""
    for_units: bool
    """Opened by a unit's own token, which a session is not."""
    streams: bool
    fields: tuple[Field, ...] = ()
    bodies: tuple[Body, ...] = ()
    answers: tuple[Answer, ...] = ()


def operations(document: Document) -> list[tuple[str, str, list[Operation]]]:
    """Tag, what it is about, and its operations, in the document's order."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                one = _operation(document, path, method, item[method])
                found.setdefault(one.tag, []).append(one)
    told = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    order = [*told, *(tag for tag in found if tag not in told)]
    return [(tag, told.get(tag, ""), found[tag]) for tag in order if tag in found]


def matching(groups: Sequence[tuple[str, str, list[Operation]]], wanted: str) -> list[tuple[str, str, list[Operation]]]:
    """The groups with only the operations that hold every word of the search."""
    words = wanted.lower().split()
    kept = []
    for tag, about, those in groups:
        left = [
            one
            for one in those
            if all(word in f"{tag} {one.method} {one.path} {one.summary} {one.id}".lower() for word in words)
        ]
        if left:
            kept.append((tag, about, left))
    return kept


def find(document: Document, operation_id: str) -> Operation | None:
    """The operation of this id."""
    for _, _, those in operations(document):
        for one in those:
            if one.id == operation_id:
                return one
    return None


def _operation(document: Document, path: str, method: str, told: Mapping[str, Any]) -> Operation:
    security = told.get("security", ())
    answers = tuple(_answer(document, status, one) for status, one in told.get("responses", {}).items())
    media = [kind for one in told.get("responses", {}).values() for kind in _resolve(document, one).get("content", {})]
    return Operation(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        tag=(told.get("tags") or [""])[0],
        summary=told.get("summary", ""),
        description=told.get("description", ""),
        scopes=tuple(sorted({scope for one in security for scope in one.get("key", ())})),
        is_open=not security or any(not one for one in security),
        for_units=any("unit" in one for one in security) and not any("key" in one for one in security),
        streams="text/event-stream" in media,
        fields=tuple(_field(document, one) for one in told.get("parameters", ()) if one.get("in") != "cookie"),
        bodies=_bodies(document, told.get("requestBody")),
        answers=answers,
    )


def _field(document: Document, told: Mapping[str, Any]) -> Field:
    told = _resolve(document, told)
    schema = _plain(document, told.get("schema", {}))
    choices = tuple(str(one) for one in schema.get("enum", ()) if one is not None)
    if schema.get("type") == "boolean":
        choices = ("true", "false")
    default = schema.get("default")
    return Field(
        name=told["name"],
        place=told.get("in", "query"),
        required=bool(told.get("required")),
        description=told.get("description", ""),
        kind="select" if choices else "number" if schema.get("type") in {"integer", "number"} else "text",
        choices=choices,
        default="" if default is None else str(default).lower() if isinstance(default, bool) else str(default),
    )


def _bodies(document: Document, told: Mapping[str, Any] | None) -> tuple[Body, ...]:
    if not told:
        return ()
    told = _resolve(document, told)
    return tuple(
        Body(kind, bool(told.get("required")), _example_text(document, kind, one))
        for kind, one in told.get("content", {}).items()
    )


def _answer(document: Document, status: str, told: Mapping[str, Any]) -> Answer:
    told = _resolve(document, told)
    kind, one = next(iter(told.get("content", {}).items()), ("", {}))
    return Answer(status, told.get("description", ""), _example_text(document, kind, one) if kind else "")


def _example_text(document: Document, kind: str, told: Mapping[str, Any]) -> str:
    if not kind.endswith("json"):
        return ""
    value = told["example"] if "example" in told else example(document, told.get("schema", {}))
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()


def example(document: Document, schema: Mapping[str, Any], depth: int = 0) -> Any:
    """A value the schema could take: its example or default, else the simplest of its type."""
    schema = _plain(document, schema)
    told = [schema.get("example"), schema.get("const"), schema.get("default")]
    told += [*schema.get("examples", ())][:1] + [*schema.get("enum", ())][:1]
    given = next((one for one in told if one is not None), None)
    return given if given is not None or depth >= _DEPTH_MAX else _simplest(document, schema, depth + 1)


def _simplest(document: Document, schema: Mapping[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        return {name: example(document, one, depth) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(document, schema["items"], depth)] if schema.get("items") else []
    if kind == "string":
        return _SAMPLES.get(schema.get("format", ""), "")
    return schema.get("minimum", _BY_TYPE.get(str(kind)))


def _plain(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind references, and of a choice the first that is not null."""
    schema = _resolve(document, schema)
    for word in ("oneOf", "anyOf", "allOf"):
        those = [_resolve(document, one) for one in schema.get(word, ())]
        real = [one for one in those if one.get("type") != "null"]
        if real:
            return {**{name: value for name, value in schema.items() if name != word}, **_plain(document, real[0])}
    return schema


def _resolve(document: Document, told: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEPTH_MAX):
        if "$ref" not in told:
            break
        found: Any = document
        for step in told["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        told = found
    return told

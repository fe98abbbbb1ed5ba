"""The explorer's reading of the API document, held against the real one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from monokoto.console import explorer

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).resolve().parents[1] / "api" / "openapi.json").read_text())
ALL = [one for _, _, those in explorer.operations(DOCUMENT) for one in those]


def test_every_operation_is_there_once_under_its_tag() -> None:
    told = {
        one["operationId"]: one.get("tags", [""])[0]
        for item in DOCUMENT["paths"].values()
        for method, one in item.items()
        if method in explorer.METHODS
    }
    assert {one.id: one.tag for one in ALL} == told
    assert len(ALL) == len(told)


@pytest.mark.parametrize("operation", ALL, ids=lambda one: one.id)
def test_an_operation_has_a_field_for_every_parameter_and_examples_that_are_json(operation: explorer.Operation) -> None:
    for name in {part[1:-1] for part in operation.path.split("/") if part.startswith("{")}:
        assert [one for one in operation.fields if one.name == name and one.place == "path" and one.required]
    for body in operation.bodies:
        assert not body.media_type.endswith("json") or json.loads(body.example) is not NotImplemented
    for answer in operation.answers:
        if answer.example:
            json.loads(answer.example)


def test_an_example_fills_what_a_request_needs() -> None:
    (body,) = next(one for one in ALL if one.id == "createKey").bodies
    assert set(json.loads(body.example)) >= {"name", "scopes"}


def test_a_search_holds_every_word() -> None:
    found = [one.id for _, _, those in explorer.matching(explorer.operations(DOCUMENT), "DELETE keys") for one in those]
    assert "revokeKey" in found
    assert all(one.startswith(("revoke", "remove", "delete")) for one in found)
    assert len(found) < 4
    assert explorer.matching(explorer.operations(DOCUMENT), "no such words") == []


def test_schemas_that_refer_to_themselves_end() -> None:
    schema = {
        "type": "object",
        "properties": {"child": {"$ref": "#/components/schemas/Node"}, "name": {"type": "string"}},
    }
    document = {"components": {"schemas": {"Node": schema}}}
    made = explorer.example(document, {"$ref": "#/components/schemas/Node"})
    assert made["name"] == ""
    assert len(json.dumps(made)) < 1000


@pytest.mark.parametrize(
    ("schema", "made"),
    [
        ({"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 3}]}, 3),
        ({"type": ["null", "boolean"]}, False),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "format": "date-time"}, "2026-01-01T00:00:00Z"),
        ({"type": "array", "items": {"type": "number"}}, [0.0]),
        ({"default": 7, "type": "integer"}, 7),
        ({}, None),
    ],
)
def test_examples_by_schema(schema: dict[str, Any], made: Any) -> None:
    assert explorer.example({}, schema) == made

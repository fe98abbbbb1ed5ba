"""The OpenAPI document as the writers want it: tags with operations, and types with their homes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.client.names import NOUNS, attribute, group_class, method_names

Schema = dict[str, Any]
METHODS = ("get", "put", "post", "delete", "patch")
PROBLEM_TYPES = frozenset({"Problem", "ProblemFault"})
"""Told by the exceptions of `monokoto.client.errors`; a type only where an answer that is none of them holds one."""
SHARED = "shared"
_REFERENCE = re.compile(r"#/components/schemas/(\w+)")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation."""

    method: str
    path: str
    document: Schema

    @property
    def id(self) -> str:
        """Its operation id."""
        return str(self.document["operationId"])

    @property
    def tag(self) -> str:
        """Its only tag."""
        return str(self.document["tags"][0])

    def parameters(self, place: str) -> list[Schema]:
        """Its parameters in `path`, `query` or `header`."""
        return [one for one in self.document.get("parameters", ()) if one["in"] == place]

    @property
    def bodies(self) -> dict[str, Schema]:
        """The schema of the body by media type."""
        content = self.document.get("requestBody", {}).get("content", {})
        return {kind: one["schema"] for kind, one in content.items()}

    @property
    def answers(self) -> dict[str, list[Schema]]:
        """The schemas of what success answers, by media type; empty where it has no content."""
        found: dict[str, list[Schema]] = {}
        for status, answer in sorted(self.document["responses"].items()):
            if status.startswith("2"):
                for kind, one in answer.get("content", {}).items():
                    found.setdefault(kind, []).append(one["schema"])
        return found


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    tag: str
    description: str
    operations: list[Operation]
    names: Mapping[str, str] = field(default_factory=dict)
    """What an operation's method is called, by operation id."""

    @property
    def attribute(self) -> str:
        """What it is called at the client; its module's name too."""
        return attribute(self.tag)

    @property
    def class_name(self) -> str:
        """Its class."""
        return group_class(self.tag)


class Document:
    """What the writers ask."""

    def __init__(self, document: Schema) -> None:
        self.schemas: dict[str, Schema] = document["components"]["schemas"]
        described = {one["name"]: one.get("description", "") for one in document["tags"]}
        operations = [
            Operation(method, path, item[method])
            for path, item in document["paths"].items()
            for method in METHODS
            if method in item
        ]
        self.groups = [
            _group(tag, described.get(tag, ""), operations) for tag in sorted({one.tag for one in operations})
        ]
        self.homes = self._homes()
        """The module each type lives in."""

    def _homes(self) -> dict[str, str]:
        users: dict[str, set[str]] = {}
        for group in self.groups:
            for operation in group.operations:
                for name in self._reached(_named_in(operation.answers)) | self._sent(operation):
                    users.setdefault(name, set()).add(group.attribute)
        return {
            name: next(iter(tags)) if len(tags) == 1 else SHARED
            for name, tags in sorted(users.items())
            if name not in PROBLEM_TYPES or name in self.answered_types
        }

    @property
    def sent_types(self) -> frozenset[str]:
        """Types that occur inside of bodies. Bodies themselves are no types: their members are parameters."""
        return frozenset(name for group in self.groups for one in group.operations for name in self._sent(one))

    @property
    def answered_types(self) -> frozenset[str]:
        """Types that occur in answers."""
        return frozenset(
            name for group in self.groups for one in group.operations for name in self._reached(_named_in(one.answers))
        )

    def _sent(self, operation: Operation) -> set[str]:
        roots = _named_in(operation.bodies)
        inner = {name for root in roots for name in _named_in(self.schemas[root])}
        parameters = {name for one in operation.document.get("parameters", ()) for name in _named_in(one["schema"])}
        return self._reached(inner | parameters)

    def _reached(self, names: set[str]) -> set[str]:
        seen: set[str] = set()
        open_names = set(names)
        while open_names:
            name = open_names.pop()
            seen.add(name)
            open_names |= _named_in(self.schemas[name]) - seen
        return seen

    def resolved(self, schema: Schema) -> Schema:
        """What a reference leads to."""
        name = reference(schema)
        return self.schemas[name] if name else schema

    def item_of_page(self, schema: Schema) -> Schema | None:
        """What a page's items are; None: it is no page."""
        members = self.resolved(schema).get("properties", {})
        if not {"items", "next_cursor"} <= set(members) or members["items"].get("type") != "array":
            return None
        items: Schema = members["items"]["items"]
        return items


def _group(tag: str, description: str, operations: list[Operation]) -> Group:
    own = [one for one in operations if one.tag == tag]
    return Group(tag, description, own, method_names([one.id for one in own], NOUNS.get(tag)))


def reference(schema: Schema) -> str | None:
    """The name a schema refers to by itself."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if len(schema.get("allOf", ())) == 1:
        return reference(schema["allOf"][0])
    return None


def _named_in(value: Any) -> set[str]:
    return set(_references(value))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "$ref":
                found = _REFERENCE.fullmatch(inner)
                assert found is not None
                yield found[1]
            else:
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)

"""What a virtual unit does when it is asked to act: it says that it does, and that it is done.

Its outputs are the plainest values their schemas let through; a virtual unit has nothing to measure them with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from monokoto.connect.products import ActionModel

ACTIONS = "koto/v1/actions/+/+"
Message = tuple[str, Mapping[str, Any]]
_BOUNDS = ("default", "const", "minimum", "exclusiveMinimum")
_PLAIN: Mapping[str, Any] = {
    "number": 0,
    "integer": 0,
    "boolean": False,
    "string": "",
    "array": [],
    "object": {},
    "null": None,
}


def answers(topic: str, payload: bytes, actions: Mapping[str, ActionModel]) -> Iterator[Message]:
    """What to say, topic and body, to one message on `koto/v1/actions/{action}/{command}`."""
    name = topic.split("/")[3]
    document = _document(payload)
    status = f"{topic}/status"
    if document is None:
        return
    if document.get("cancel") is True:
        yield status, {"status": "failed", "error": "left off as asked"}
        return
    action = actions.get(name)
    if action is None:
        yield status, {"status": "failed", "error": f"this unit has no action {name!r}"}
        return
    yield status, {"status": "running"}
    done: dict[str, Any] = {"status": "succeeded"}
    yield status, done if action.output is None else {**done, "output": plainest(action.output)}


def plainest(schema: Mapping[str, Any]) -> Any:
    """A value that fits most schemas: the default, the first choice, the lower bound, or nothing of its type."""
    if schema.get("enum"):
        return schema["enum"][0]
    if schema.get("oneOf"):
        return plainest(schema["oneOf"][0])
    for term in _BOUNDS:
        if term in schema:
            return schema[term] if term != "exclusiveMinimum" else schema[term] + 1
    if schema.get("type") == "object":
        members = schema.get("properties", {})
        return {name: plainest(members.get(name, {})) for name in schema.get("required", members)}
    if schema.get("type") == "array" and schema.get("minItems") and isinstance(schema.get("items"), dict):
        return [plainest(schema["items"]) for _ in range(schema["minItems"])]
    return _PLAIN.get(schema.get("type", ""))


def _document(payload: bytes) -> Mapping[str, Any] | None:
    try:
        document = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return document if isinstance(document, dict) else None

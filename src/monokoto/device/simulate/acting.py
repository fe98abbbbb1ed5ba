"""What a virtual unit does when it is asked to act: it says that it has it, how far it is, and what came of it.

Without a word about it in the `simulation:` section an action goes well at once, and its output is the plainest value its schema
lets through; a virtual unit has nothing to measure it with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from monokoto.connect.products import ActionModel, Deed, VirtualUnit
from monokoto.device.actions import ActionFailed, ActionHandler, Ask

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


Report = Callable[[Mapping[str, Any]], None]
"""Takes over these values and reports them."""
Tell = Callable[[str, Any], None]
"""Tells an event with its data."""


def handler_of(
    virtual: VirtualUnit, model: ActionModel, pause: Callable[[float], Awaitable[None]], report: Report, tell: Tell
) -> ActionHandler:
    """How the unit does this action; `pause` lets so many simulated seconds pass."""

    async def act(ask: Ask) -> Any:
        made = virtual.act(ask.action)
        if made.silent:
            await asyncio.get_running_loop().create_future()  # until it is asked to leave off
        if made.error and not made.seconds:
            raise ActionFailed(made.error)
        await ask.running()
        passed = 0.0
        while passed < made.seconds:
            step = min(made.progress_seconds or made.seconds, made.seconds - passed)
            await pause(step)
            passed += step
            if made.progress_seconds and passed < made.seconds:
                await ask.running(round(passed / made.seconds, 3))
        if made.error:
            raise ActionFailed(made.error)
        if made.sets:
            report(made.sets)
        for event, data in told_of(virtual, made, ask.input):
            tell(event, data)
        if made.output is not None:
            return virtual.output(made.output)
        return None if model.output is None else plainest(model.output)

    return act


def told_of(virtual: VirtualUnit, made: Deed, given: Any) -> Iterator[tuple[str, Any]]:
    """The events a unit tells once the action went well; what was given with it says the members of the same name."""
    for event, generator in made.tells.items():
        data = None if generator is None else virtual.output(generator)
        if isinstance(data, Mapping) and isinstance(given, Mapping):
            data = {**data, **{name: value for name, value in given.items() if name in data}}
        yield event, data


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

"""Does what goes into an action, or comes out of it, fit the product's model? All faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from monokoto.connect.products import ActionModel, ProductModel, schema_validator
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.limits import COMMAND_BYTES_MAX, NESTING_DEPTH_MAX

_FAULTS_MAX = 20
_SCHEMA_SHOWN = 300


def action_of(model: ProductModel, name: str) -> ActionModel:
    """The action of this name; raises NotFound."""
    action = model.actions.get(name)
    if action is None:
        raise NotFound(
            f"A {model.product} {model.version} has no action {name[:64]!r}.",
            remedy=f"It has {', '.join(sorted(model.actions)) or 'none'}.",
        )
    return action


def check_input(action: ActionModel, value: Any) -> None:
    """Raises Invalid when the action cannot be invoked with this."""
    if action.input is None and value is not None:
        raise Invalid(
            f"The action {action.name!r} takes no input.", faults=[Fault(place="", reason="send an empty body")]
        )
    faults = faults_of(action.input, value) if action.input is not None else []
    if faults and value is None:
        wanted = msgspec.json.encode(action.input).decode()
        raise Invalid(
            f"The action {action.name!r} takes an input, and none was given.",
            remedy=f"Give it one that fits {wanted if len(wanted) <= _SCHEMA_SHOWN else 'its model'}.",
        )
    if faults:
        raise Invalid(f"The action {action.name!r} cannot be invoked with this.", faults=faults)


def output_fault(action: ActionModel, value: Any) -> str:
    """Why the unit's output is not what its model promises; empty when it is."""
    if action.output is None:
        return ""
    faults = faults_of(action.output, value)
    return f"The unit's output does not fit its model: {'; '.join(map(str, faults[:3]))}" if faults else ""


def faults_of(schema: Mapping[str, Any], value: Any) -> list[Fault]:
    """What does not fit, with JSON pointers."""
    if _depth(value) > NESTING_DEPTH_MAX:
        return [Fault(place="", reason=f"nested deeper than {NESTING_DEPTH_MAX}")]
    if len(msgspec.json.encode(value)) > COMMAND_BYTES_MAX:
        return [Fault(place="", reason=f"larger than {COMMAND_BYTES_MAX} bytes")]
    errors = schema_validator(schema).iter_errors(value)
    return [
        Fault(place="".join(f"/{step}" for step in error.absolute_path), reason=error.message[:500])
        for error, _ in zip(errors, range(_FAULTS_MAX), strict=False)
    ]


def _depth(value: Any, limit: int = NESTING_DEPTH_MAX + 1) -> int:
    if limit == 0 or not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(item, limit - 1) for item in inner), default=0)

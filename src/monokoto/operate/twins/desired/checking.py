"""May this be desired of a unit? Every value is held against the property's data schema, all faults at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from jsonschema import Draft7Validator
from referencing import Registry

from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import DESIRED_BYTES_MAX, INTEGER_MAX, NESTING_DEPTH_MAX, TEXT_BYTES_MAX


def check_desired(model: ProductModel, properties: Mapping[str, Any]) -> None:
    """Whether the unit's product lets these values be desired.

    Raises:
        Invalid: with every fault: unknown and read-only properties, wrong types, values out of range.
    """
    faults = [fault for name, value in properties.items() for fault in _faults_of(model, name, value)]
    if faults:
        raise Invalid(f"This cannot be desired of a {model.product} {model.version}.", faults=faults)


def _faults_of(model: ProductModel, name: str, value: Any) -> Iterator[Fault]:
    described = model.properties.get(name)
    place = "/" + _escape(name)
    if described is None:
        near = difflib.get_close_matches(name, model.properties, n=1)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        yield Fault(place=place, reason=f"the product has no property of this name{hint}")
    elif described.read_only:
        yield Fault(place=place, reason="the property is read-only: the unit alone sets it")
    elif (reason := _beyond_limits(value)) is not None:
        yield Fault(place=place, reason=reason)
    else:
        yield from _faults_by_schema(described, value, place)


def _faults_by_schema(described: PropertyModel, value: Any, place: str) -> Iterator[Fault]:
    for error in _validator_of(described).iter_errors(value):
        path = "".join("/" + _escape(str(part)) for part in error.absolute_path)
        yield Fault(place=place + path, reason=error.message[:500])


def _validator_of(described: PropertyModel) -> Draft7Validator:
    """The property's validator; making one costs more than using it, so the last ones are kept beside what they are of."""
    kept = _validators.get(id(described))
    if kept is not None and kept[0] is described:
        return kept[1]
    schema = {**described.schema, "type": described.schema.get("type", described.kind.name.lower())}
    # An empty registry: a `$ref` to somewhere else is a fault, never a request to that address.
    validator = Draft7Validator(schema, registry=Registry())
    if len(_validators) >= _VALIDATORS_KEPT_MAX:
        _validators.clear()
    _validators[id(described)] = described, validator
    return validator


_VALIDATORS_KEPT_MAX = 10_000
_validators: dict[int, tuple[PropertyModel, Draft7Validator]] = {}


def _beyond_limits(value: Any) -> str | None:
    if value is None:
        return "null takes a property out of the desired state; it is no value (use PATCH)"
    if _depth(value) > NESTING_DEPTH_MAX:
        return f"nested deeper than {NESTING_DEPTH_MAX}"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > INTEGER_MAX:
        return "past ±2^53 an integer is no longer exact"
    if isinstance(value, str | dict | list) and len(msgspec.json.encode(value)) > TEXT_BYTES_MAX:
        return f"larger than {TEXT_BYTES_MAX} bytes"
    return None


def _depth(value: Any, limit: int = NESTING_DEPTH_MAX + 1) -> int:
    if limit == 0 or not isinstance(value, dict | list):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((_depth(item, limit - 1) for item in inner), default=0)


def check_size(properties: Mapping[str, Any]) -> None:
    """Raises Invalid when a whole desired state is too large to hand to a unit in one message."""
    size = len(msgspec.json.encode(properties))
    if size > DESIRED_BYTES_MAX:
        raise Invalid(f"The desired state would take {size} bytes; {DESIRED_BYTES_MAX} is the limit.")


def check_document(document: Any, *, deepest: int = NESTING_DEPTH_MAX + 1) -> dict[str, Any]:
    """A desired state or a patch of one: an object from property to value.

    Raises:
        Invalid: it is something else, or nested too deep to be worked on safely.
    """
    if not isinstance(document, dict):
        raise Invalid(
            "A desired state is a JSON object.",
            faults=[Fault(place="", reason="expected {property: value, ...}")],
        )
    if _depth(document, deepest + 2) > deepest:
        raise Invalid("The document is nested too deep.", faults=[Fault(place="", reason=f"at most {deepest} levels")])
    return document


def _escape(name: str) -> str:
    """A name as one step of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")

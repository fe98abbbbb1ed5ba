"""The slow path: one message at a time, in any of the documented shapes, saying precisely what is wrong with it.

Good values of a message are taken, each bad one becomes a dead letter: a broken sensor must not silence the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from monokoto.connect.line import refusals
from monokoto.connect.line.instants import instant_of
from monokoto.connect.line.plan import DECODE_ERRORS, Plan
from monokoto.connect.line.refusals import Refused
from monokoto.connect.line.rows import Rows
from monokoto.kernel.limits import MESSAGES_IN_PAYLOAD_MAX

Refuse = Callable[[str, str], None]
"""Takes a reason and a detail; the caller knows the origin."""
_ENVELOPE = frozenset({"at", "ts", "values"})
_decode_json = msgspec.json.Decoder().decode


def read_json(payload: bytes) -> Any:
    """Any JSON value.

    Raises:
        Refused: it is not JSON, with the place where it stops being it.
    """
    try:
        return _decode_json(payload)
    except RecursionError:
        raise Refused(refusals.BAD_JSON, "The JSON is nested too deeply.") from None
    except DECODE_ERRORS as error:
        raise Refused(refusals.BAD_JSON, f"Not JSON: {error}") from None


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose message it is and when it came."""

    unit: int
    arrived: int
    """Its own arrival: the time of readings that have none."""
    committed: int
    """What is kept as the arrival of its readings."""


def take_telemetry(document: Any, origin: Origin, *, rows: Rows, refuse: Refuse) -> None:
    """One decoded telemetry payload: an object, or an array of them; `{values}` objects may carry their time."""
    try:
        for time, values in _samples(document):
            try:
                at = instant_of(time, origin.arrived)
            except Refused as error:
                refuse(error.reason, error.detail)
            else:
                rows.add(origin.unit, at, origin.committed, accepted(values, rows.plan, refuse))
    except Refused as error:
        refuse(error.reason, error.detail)


def _samples(document: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    items = document if isinstance(document, list) else [document]
    if len(items) > MESSAGES_IN_PAYLOAD_MAX:
        raise Refused(
            refusals.TOO_LARGE, f"{len(items)} objects in one payload, {MESSAGES_IN_PAYLOAD_MAX} are allowed."
        )
    for item in items:
        if not isinstance(item, Mapping) or any(not isinstance(key, str) for key in item):
            raise Refused(
                refusals.BAD_SHAPE, f"Telemetry is an object or an array of objects, this is {str(item)[:40]!r}."
            )
        if isinstance(item.get("values"), Mapping) and item.keys() <= _ENVELOPE:
            yield item.get("at", item.get("ts")), item["values"]
        else:
            yield None, item


def accepted(values: Mapping[str, Any], plan: Plan, refuse: Refuse) -> dict[str, float | str]:
    """The values that fit the model; `refuse` is called for each of the others."""
    good: dict[str, float | str] = {}
    for name, value in values.items():
        check = plan.checks.get(name)
        if check is None:
            refuse(refusals.UNKNOWN_PROPERTY, _unknown(str(name), plan))
            continue
        try:
            good[name] = check.accept(value)
        except Refused as error:
            refuse(error.reason, error.detail)
    return good


def _unknown(name: str, plan: Plan) -> str:
    model = plan.model
    return f"Product {model.product} {model.version} has no property {name[:64]!r}."

"""An event's payload: bare data, or `{at, data, id}`."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from jsonschema.protocols import Validator

from monokoto.connect.line import refusals
from monokoto.connect.line.instants import instant_of
from monokoto.connect.line.messages import read_json
from monokoto.connect.line.refusals import Refused
from monokoto.connect.products import ProductModel, schema_validator
from monokoto.kernel.limits import TEXT_BYTES_MAX

_ENVELOPE = frozenset({"at", "ts", "data", "id"})


def read_event(model: ProductModel, name: str, payload: bytes, arrived: int) -> tuple[int, bytes]:
    """When it happened (microseconds) and its data as compact JSON.

    Raises:
        Refused: the product has no such event, or the data do not fit its schema.
    """
    if name not in model.events:
        raise Refused(refusals.UNKNOWN_EVENT, f"Product {model.product} {model.version} has no event {name[:64]!r}.")
    document: Any = read_json(payload) if payload.strip() else None
    time = None
    if isinstance(document, dict) and {"at", "ts"} & document.keys() and document.keys() <= _ENVELOPE:
        time, document = document.get("at", document.get("ts")), document.get("data")
    at = instant_of(time, arrived)
    error = next(iter(_validator(msgspec.json.encode(model.events[name].data)).iter_errors(document)), None)
    if error is not None:
        place = "/".join(str(step) for step in error.absolute_path)
        raise Refused(refusals.WRONG_TYPE, f"Event {name!r}{' at ' + place if place else ''}: {error.message[:200]}.")
    data = msgspec.json.encode(document)
    if len(data) > TEXT_BYTES_MAX:
        raise Refused(refusals.TOO_LARGE, f"Event {name!r} has {len(data)} bytes, {TEXT_BYTES_MAX} are allowed.")
    return at, data


@lru_cache(maxsize=4096)
def _validator(schema: bytes) -> Validator:
    # Keyed by the schema itself, so that versions sharing an event share its validator.
    return schema_validator(msgspec.json.decode(schema) or {})

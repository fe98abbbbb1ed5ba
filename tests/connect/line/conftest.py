"""A product, its units and their directory, without any engine."""

from __future__ import annotations

from typing import Any

import pytest

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import encode_commit
from monokoto.connect.line.decode import Decoder
from monokoto.connect.products import EventModel, ProductModel, PropertyModel
from monokoto.engines.log import Entry
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import JSON_TYPES

NOW = 1_780_000_000_000_000
ACME, OTHER = 7, 8
OVEN, OVEN_2, CHILD, FOREIGN, LOST = 101, 102, 103, 104, 105
PROPERTIES: dict[str, dict[str, Any]] = {
    "temperature": {"type": "number", "minimum": -50, "maximum": 500, "unit": "°C"},
    "cycles": {"type": "integer", "minimum": 0},
    "door": {"type": "boolean"},
    "mode": {"type": "string", "enum": ["off", "bake", "grill"]},
    "note": {"type": "string"},
    "recipe": {"type": "object", "properties": {"minutes": {"type": "integer"}}, "required": ["minutes"]},
    "probes": {"type": "array", "items": {"type": "number"}, "maxItems": 4},
}


def model_of(organisation_id: int, product: str, version: str, properties: dict[str, dict[str, Any]]) -> ProductModel:
    return ProductModel(
        organisation_id=OrganisationId(organisation_id),
        product=ProductName(product),
        version=version,
        properties={
            name: PropertyModel(
                name=name,
                kind=JSON_TYPES[schema["type"]],
                schema=schema,
                minimum=schema.get("minimum"),
                maximum=schema.get("maximum"),
                enum=tuple(schema.get("enum", ())),
            )
            for name, schema in properties.items()
        },
        events={
            "alarm": EventModel(name="alarm", data={"type": "object", "required": ["code"]}),
            "opened": EventModel(name="opened"),
        },
    )


class Units:
    """Two ovens of one maker, a child below the first, a unit of another maker."""

    def __init__(self) -> None:
        self.by_id = {
            one.unit_id: one
            for one in (
                UnitIdentity(OVEN, ACME, "oven", "1.0.0", "SN-1"),
                UnitIdentity(OVEN_2, ACME, "oven", "1.0.0", "SN-2"),
                UnitIdentity(CHILD, ACME, "oven", "1.0.0", "SN-3", OVEN),
                UnitIdentity(FOREIGN, OTHER, "sensor", "2.0.0", "SN-1"),
                UnitIdentity(LOST, ACME, "gone", "1.0.0", "SN-9"),
            )
        }

    def get(self, unit_id: int) -> UnitIdentity | None:
        return self.by_id.get(unit_id)

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        children = (one for one in self.by_id.values() if one.parent_id == parent_unit_id)
        return next((one for one in children if name == one.serial), None)


def find_model(organisation_id: int, product: str, version: str) -> ProductModel:
    models = {
        (ACME, "oven", "1.0.0"): model_of(ACME, "oven", "1.0.0", PROPERTIES),
        (OTHER, "sensor", "2.0.0"): model_of(OTHER, "sensor", "2.0.0", {"value": {"type": "number"}}),
    }
    try:
        return models[organisation_id, product, version]
    except KeyError:
        raise NotFound("No such product.") from None


@pytest.fixture
def decoder() -> Decoder:
    return Decoder(Units(), find_model)


def entry_of(*records: tuple[int, int, bytes], sequence: int = 1, arrived: int = NOW) -> Entry:
    units, routes, payloads = zip(*records, strict=True)
    return Entry("line.0", sequence, arrived, encode_commit(units, routes, payloads, arrived=arrived))

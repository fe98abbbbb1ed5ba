"""From a checked Thing Model to what the line, the twin and the API ask of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monokoto.connect.products.description.action_terms import compile_action
from monokoto.connect.products.description.data_schema import type_of
from monokoto.connect.products.description.references import resolve_references
from monokoto.connect.products.description.report import Report
from monokoto.connect.products.description.thing_model import KEEP_TERM, check_thing_model
from monokoto.connect.products.model import EventModel, ProductModel, PropertyModel
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import JSON_TYPES


def compile_model(organisation_id: int, product: str, thing_model: Mapping[str, Any]) -> ProductModel:
    """The compiled model of a Thing Model.

    Raises:
        Invalid: it is not one; every fault with its JSON pointer.
    """
    report = Report()
    resolved = resolve_references(report, dict(thing_model), "")
    check_thing_model(report, resolved, "")
    report.raise_if_any(f"The model of {product}")
    return compile_checked(organisation_id, product, resolved)


def compile_checked(organisation_id: int, product: str, model: Mapping[str, Any]) -> ProductModel:
    """The compiled model of a Thing Model that was checked before (its references written out)."""
    return ProductModel(
        organisation_id=OrganisationId(organisation_id),
        product=ProductName(product),
        version=model["version"]["model"],
        title=model.get("title", product),
        properties={name: _property(name, one) for name, one in model.get("properties", {}).items()},
        events={
            name: EventModel(name=name, data=one.get("data"), title=one.get("title", ""))
            for name, one in model.get("events", {}).items()
        },
        actions={name: compile_action(name, one) for name, one in model.get("actions", {}).items()},
    )


def _property(name: str, schema: Mapping[str, Any]) -> PropertyModel:
    return PropertyModel(
        name=name,
        kind=JSON_TYPES[type_of(schema) or ""],
        schema=schema,
        title=schema.get("title", ""),
        unit=schema.get("unit", ""),
        read_only=schema.get("readOnly", False),
        # TD 1.1 assumes false; here every property can be watched unless its maker says no.
        observable=schema.get("observable", True),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        exclusive_minimum=schema.get("exclusiveMinimum"),
        exclusive_maximum=schema.get("exclusiveMaximum"),
        enum=tuple(schema.get("enum", ())),
        length_max=schema.get("maxLength"),
        retention_days=schema.get(KEEP_TERM),
    )

"""Registering one unit: what it is, and then its token, shown this once, with what its firmware needs to say its first word."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery

from monokoto.console.api import Fault, NotAllowed, Problem, Refused
from monokoto.console.languages import mark
from monokoto.console.visit import Visit

PRODUCTS_SHOWN = 1000
NO_NUMBER = mark("This is not a number.")
COORDINATES = ("latitude", "longitude")
_EXAMPLES: dict[str, Any] = {"number": 21.5, "integer": 1, "boolean": True, "string": "on"}
_SENT_MAX = 2
"""Properties in the example of a first message."""


class UnitRegisterController(Controller):
    """`/console/units/new`."""

    path = "/units/new"

    @get("/")
    async def form(self, visit: NamedDependency[Visit], product: FromQuery[str] = "") -> Response[str]:
        """The form, with the product it was opened from."""
        return visit.page("units/new.html", products=await _products(visit), product=product)

    @post("/")
    async def register(self, visit: NamedDependency[Visit]) -> Response[str]:
        """Register it, and show its token this once."""
        products = await _products(visit)
        try:
            made = await visit.api.post("/api/v1/units", _body(visit))
        except Refused as refused:
            return visit.again("units/new.html", refused, products=products, product=visit.value("product"))
        description = await visit.api.part(f"/api/v1/units/{made['unit']['id']}/td")
        return visit.page(
            "units/registered.html",
            status=201,
            unit=made["unit"],
            token=made["token"],
            mqtt=_mqtt_address(description.value or {}),
            message=await _first_message(visit, made["unit"]),
        )


async def _products(visit: Visit) -> list[dict[str, Any]]:
    """What a unit can be. Raises NotAllowed for whoever registers none."""
    if not visit.may("units:write"):
        raise NotAllowed(Problem(status=403, code="forbidden"))
    found = await visit.api.part("/api/v1/products", limit=PRODUCTS_SHOWN)
    return list(found.value["items"]) if found.value else []


def _body(visit: Visit) -> dict[str, Any]:
    tags = [tag for tag in (one.strip() for one in visit.value("tags").split(",")) if tag]
    place = _place(visit)
    return {
        **{name: visit.value(name) for name in ("product", "serial", "name", "parent")},
        **({"tags": tags} if tags else {}),
        **({"location": place} if place else {}),
    }


def _place(visit: Visit) -> dict[str, float]:
    """Both coordinates or neither. Raises Refused for one that is no number."""
    if not any(visit.value(name) for name in COORDINATES):
        return {}
    found, faults = {}, []
    for name in COORDINATES:
        try:
            found[name] = float(visit.value(name).replace(",", "."))
        except ValueError:
            faults.append(Fault(reason=visit.say(NO_NUMBER), place=name))
    if faults:
        raise Refused(Problem(status=422, code="invalid", faults=faults))
    return found


def _mqtt_address(description: Mapping[str, Any]) -> SplitResult | None:
    """Where units connect, as the unit's own description tells applications; None where it tells of no MQTT."""
    forms = [
        form
        for kind in ("properties", "actions", "events")
        for affordance in (description.get(kind) or {}).values()
        for form in affordance.get("forms") or []
    ]
    for form in [*forms, *(description.get("forms") or [])]:
        address = urlsplit(str(form.get("href", "")))
        if address.scheme in {"mqtt", "mqtts"} and address.hostname:
            return address
    return None


async def _first_message(visit: Visit, unit: Mapping[str, Any]) -> str:
    """Something the unit could send: a reading or two that its model allows."""
    if not visit.may("products:read"):
        return "{}"
    product, version = quote(unit["product"], safe=""), quote(unit["version"], safe="")
    found = await visit.api.part(f"/api/v1/products/{product}/versions/{version}")
    properties = found.value["thing_model"].get("properties") or {} if found.value else {}
    sent = {name: value for name, schema in properties.items() if (value := _example(schema)) is not None}
    return json.dumps(dict(list(sent.items())[:_SENT_MAX]), ensure_ascii=False)


def _example(schema: Mapping[str, Any]) -> Any:
    """A value the schema allows, for the kinds that are simple; else None."""
    if schema.get("enum"):
        return schema["enum"][0]
    value = _EXAMPLES.get(str(schema.get("type")))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    least, most = schema.get("minimum", value), schema.get("maximum", value)
    return type(value)(min(max(value, least), most))

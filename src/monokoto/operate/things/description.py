"""A unit's Thing Description 1.1, out of its product's Thing Model. Pure: everything comes in, a document goes out.

Source: https://www.w3.org/TR/wot-thing-description11/ (sections 5.3, 9 and 9.4 on deriving descriptions from models).
What clients of the field need beyond it: both contexts in this order, absolute addresses, a single first security scheme,
long-poll before server-sent events (an EventSource sends no Authorization header).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monokoto.connect.fleet import Unit
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.operate.things.addresses import Addresses
from monokoto.operate.things.forms import Forms

URN = "urn:monokoto:unit:"
CONTEXT = ("https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1")
_PREFIXES = {"monokoto": "urn:monokoto:terms#", "mqv": "https://www.w3.org/2018/wot/mqtt#"}
_MODEL_TYPE = "tm:ThingModel"
_MODEL_ONLY = frozenset(
    {"@context", "@type", "id", "version", "base", "forms", "links", "security", "securityDefinitions", "profile"}
    | {"tm:optional", "tm:required", "created", "modified", "properties", "actions", "events", "schemaDefinitions"}
)
"""Terms of a model that a description has otherwise, or not at all."""
_AFFORDANCE_ONLY = frozenset({"forms", "uriVariables", "subscription", "cancellation", "dataResponse", "tm:ref"})
"""Terms of a model's affordances that speak of forms the platform does not have."""


def thing_id(unit_id: int) -> str:
    """What a unit is called as a Thing."""
    return URN + format_id(unit_id)


def thing_description(
    model: Mapping[str, Any], unit: Unit, addresses: Addresses, *, label: str = "", access_token: str = ""
) -> dict[str, Any]:
    """The description of one unit.

    `label` is what the reader calls the unit; with an `access_token`, addresses of server-sent events carry it.
    """
    forms = Forms(addresses, unit.id, access_token=access_token)
    title = label or unit.name or f"{model.get('title', unit.product)} {unit.serial}"
    kinds = [kind for kind in _listed(model.get("@type", [])) if kind != _MODEL_TYPE]
    described: dict[str, Any] = {
        "@context": _context(model),
        "id": thing_id(unit.id),
        **({"@type": kinds} if kinds else {}),
        **{term: value for term, value in model.items() if term not in _MODEL_ONLY and not term.startswith("tm:")},
        "title": title,
        "version": {"model": unit.version, "instance": f"{unit.version}+{unit.revision}"},
        "created": format_instant(unit.created_at),
        "modified": format_instant(unit.updated_at),
        "monokoto:product": unit.product,
        "monokoto:serial": unit.serial,
        "links": _links(model, unit, addresses),
        "securityDefinitions": addresses.security(),
        "security": [addresses.scheme],
        "schemaDefinitions": {**model.get("schemaDefinitions", {}), **forms.schemas},
        "uriVariables": {**model.get("uriVariables", {}), **forms.variables},
    }
    if of_all := forms.thing(model):
        described["forms"] = of_all
    if label or unit.name:
        described.pop("titles", None)
    for group, of_one in (("properties", _property), ("actions", _action), ("events", _event)):
        if model.get(group):
            described[group] = {name: of_one(forms, name, one) for name, one in model[group].items()}
    return described


def _property(forms: Forms, name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    observable = observes(model)
    return {**_affordance(model), "observable": observable, "forms": forms.property(name, model, observable=observable)}


def observes(model: Mapping[str, Any]) -> bool:
    """Whether a property's changes can be heard: unless the model says no, or nobody may read it."""
    return bool(model.get("observable", True)) and not model.get("writeOnly", False)


def _action(forms: Forms, name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    synchronous = model.get("synchronous") is True
    return {
        **_affordance(model),
        "synchronous": synchronous,
        "uriVariables": {"command": {"type": "string", "title": "The command's id"}},
        "forms": forms.action(name, synchronous=synchronous),
    }


def _event(forms: Forms, name: str, model: Mapping[str, Any]) -> dict[str, Any]:
    return {**_affordance(model), "forms": forms.event(name)}


def _affordance(model: Mapping[str, Any]) -> dict[str, Any]:
    return {term: value for term, value in model.items() if term not in _AFFORDANCE_ONLY}


def _links(model: Mapping[str, Any], unit: Unit, addresses: Addresses) -> list[dict[str, Any]]:
    type_ = {
        "rel": "type",
        "href": f"{addresses.api}/api/v1/units/{format_id(unit.id)}/thing-model",
        "type": "application/tm+json",
    }
    above = {
        "rel": "collection",
        "href": f"{addresses.api}/api/v1/units/{format_id(unit.parent_id)}/td",
        "type": "application/td+json",
    }
    given = [link for link in model.get("links", []) if not str(link.get("rel", "")).startswith("tm:")]
    return [type_, *([above] if unit.parent_id else []), *(link for link in given if link.get("rel") != "type")]


def _context(model: Mapping[str, Any]) -> list[Any]:
    given = [entry for entry in _listed(model.get("@context", [])) if entry not in CONTEXT]
    return [*CONTEXT, *(entry for entry in given if not _ours(entry)), _PREFIXES]


def _ours(entry: Any) -> bool:
    return isinstance(entry, dict) and entry.keys() <= _PREFIXES.keys()


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]

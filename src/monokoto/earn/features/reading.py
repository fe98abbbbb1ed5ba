"""From what is written to a feature; every fault with its place."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from monokoto.connect.products import Part, ProductModel, Report, child, schema_validator, suggestion
from monokoto.earn.features.feature import THRESHOLDS, Feature, FeatureKind, Governs, Threshold
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND
from monokoto.kernel.durations import parse_duration
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import (
    ENTITLEMENT_OFFLINE_SECONDS,
    ENTITLEMENT_OFFLINE_SECONDS_MAX,
    ENTITLEMENT_THRESHOLDS_MAX,
    NAME_LENGTH_MAX,
)
from monokoto.kernel.money import number
from monokoto.kernel.names import SLUG_RULE, is_slug

_FIELDS = ("title", "kind", "type", "meter", "overage", "unlocks", "sets", "safety", "thresholds", "offline")
_ONLY_OF = {
    "type": (FeatureKind.VALUE,),
    "meter": (FeatureKind.METERED,),
    "overage": (FeatureKind.METERED,),
    "thresholds": (FeatureKind.METERED,),
}
TYPES = ("number", "integer", "string", "boolean")
_ADDS_UP = {"count", "sum", "counter", "duration"}


def read_feature(
    name: str, value: Any, place: str, model: ProductModel, meters: Mapping[str, Any], report: Report
) -> Feature | None:
    """One feature; None when it has a fault that leaves nothing to go on with."""
    if not is_slug(name) or len(name) > NAME_LENGTH_MAX:
        report.add(place, SLUG_RULE)
    if not isinstance(value, Mapping):
        report.add(place, "is a mapping such as {kind: boolean}")
        return None
    part = Part(value, place, report)
    part.fields(_FIELDS, what="a feature")
    try:
        kind = FeatureKind(str(value.get("kind")))
    except ValueError:
        part.fault(f"is one of {', '.join(FeatureKind)}", "kind")
        return None
    for key, kinds in _ONLY_OF.items():
        if key in value and kind not in kinds:
            part.fault(f"belongs to a feature of the kind {kinds[0]}", key)
    type_ = _type(part) if kind is FeatureKind.VALUE else ""
    return Feature(
        name=name,
        kind=kind,
        title=part.translated("title"),
        type=type_,
        meter=_meter(part, meters) if kind is FeatureKind.METERED else "",
        overage=part.flag("overage"),
        actions=_actions(part, model),
        sets=_sets(part, model, kind),
        safety=part.flag("safety"),
        thresholds=_thresholds(part) if kind is FeatureKind.METERED else (),
        offline=_offline(part),
    )


def _type(part: Part) -> str:
    value = part.value.get("type")
    if value not in TYPES:
        part.fault(f"is one of {', '.join(TYPES)}", "type")
    return str(value)


def _meter(part: Part, meters: Mapping[str, Any]) -> str:
    value = part.value.get("meter")
    if not isinstance(value, str) or value not in meters:
        near = suggestion(str(value), map(str, meters)) or f"; there are {', '.join(map(str, meters)) or 'none'}"
        part.fault(f"is none of the product's meters{near}", "meter")
    elif isinstance(said := meters[value], Mapping) and not _ADDS_UP & set(said):
        part.fault(f"does not add up over time; a quota takes one of {', '.join(sorted(_ADDS_UP))}", "meter")
    return str(value)


def _actions(part: Part, model: ProductModel) -> tuple[str, ...]:
    unlocks = part.value.get("unlocks", {})
    place = child(part.place, "unlocks")
    if not isinstance(unlocks, Mapping) or set(unlocks) - {"actions"}:
        part.report.add(place, "is a mapping such as {actions: [boost]}")
        return ()
    actions = unlocks.get("actions", [])
    if not isinstance(actions, list):
        part.report.add(child(place, "actions"), "is a list of the product's actions")
        return ()
    for index, name in enumerate(actions):
        if name not in model.actions:
            near = suggestion(str(name), model.actions)
            part.report.add(child(child(place, "actions"), index), f"is no action of the product{near}")
    return tuple(dict.fromkeys(map(str, actions)))


def _sets(part: Part, model: ProductModel, kind: FeatureKind) -> Governs | None:
    if "sets" not in part.value:
        return None
    value, place = part.value["sets"], child(part.place, "sets")
    known = {"property", "otherwise"} | ({"value"} if kind is not FeatureKind.VALUE else set())
    if not isinstance(value, Mapping) or set(value) - known or "property" not in value or "otherwise" not in value:
        part.report.add(place, "is a mapping with `property` and `otherwise`: what the property is without the feature")
        return None
    described = model.properties.get(value["property"]) if isinstance(value["property"], str) else None
    if described is None:
        near = suggestion(str(value["property"]), model.properties)
        part.report.add(child(place, "property"), f"is no property of the product{near}")
        return None
    if described.read_only:
        part.report.add(child(place, "property"), "is read-only: the unit alone sets it")
    governs = Governs(property=described.name, otherwise=value["otherwise"], value=value.get("value", True))
    validator = schema_validator(
        {**described.schema, "type": described.schema.get("type", described.kind.name.lower())}
    )
    checked = {"otherwise": governs.otherwise} | ({} if kind is FeatureKind.VALUE else {"value": governs.value})
    for key, said in checked.items():
        for error in validator.iter_errors(said):
            part.report.add(child(place, key), f"does not fit {described.name}: {error.message[:200]}")
    return governs


def _thresholds(part: Part) -> tuple[Threshold, ...]:
    value = part.value.get("thresholds")
    if value is None:
        return THRESHOLDS
    if not isinstance(value, list) or len(value) > ENTITLEMENT_THRESHOLDS_MAX:
        part.fault(f"is a list of at most {ENTITLEMENT_THRESHOLDS_MAX}, such as [50%, 80%, 8]", "thresholds")
        return ()
    found = []
    for index, one in enumerate(value):
        text = str(one).strip()
        try:
            quantity = number(text.removesuffix("%").strip())
        except Invalid:
            quantity = Decimal(-1)
        if isinstance(one, bool) or quantity <= 0:
            part.report.add(child(child(part.place, "thresholds"), index), "is a share such as 80%, or a quantity")
            continue
        found.append(Threshold(quantity, percent=text.endswith("%")))
    return tuple(dict.fromkeys(found))


def _offline(part: Part) -> int:
    """In microseconds."""
    if part.value.get("offline") is None:
        return ENTITLEMENT_OFFLINE_SECONDS * MICROSECONDS_PER_SECOND
    micros = parse_duration(part.value["offline"]) or 0
    if not 60 * MICROSECONDS_PER_SECOND <= micros <= ENTITLEMENT_OFFLINE_SECONDS_MAX * MICROSECONDS_PER_SECOND:
        longest = ENTITLEMENT_OFFLINE_SECONDS_MAX // 86_400
        part.fault(f"is a duration such as 12 h or 30 d, at most {longest} d", "offline")
    return micros

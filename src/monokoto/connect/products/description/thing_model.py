"""The structure of a W3C WoT Thing Model 1.1, checked term by term.

Source: https://www.w3.org/TR/wot-thing-description11/ (sections 5.3 and 9). Own tables and not the Recommendation's JSON
Schema: that one takes any misspelt term in silence and tells neither line nor likely meaning. Tests hold the two against
each other: what passes here passes there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from monokoto.connect.products.description import action_terms
from monokoto.connect.products.description.data_schema import check_schema, type_of
from monokoto.connect.products.description.references import REFERENCE
from monokoto.connect.products.description.report import Report, child
from monokoto.connect.products.description.terms import (
    Check,
    Scope,
    anything,
    boolean,
    by_language,
    check_terms,
    describe,
    each,
    list_of,
    some,
    text,
    text_or_texts,
    texts,
)
from monokoto.connect.products.semver import VERSION_RULE, is_version
from monokoto.kernel.limits import NAME_LENGTH_MAX, PROPERTIES_PER_PRODUCT_MAX
from monokoto.kernel.values import JSON_TYPES

CONTEXT = ("https://www.w3.org/2019/wot/td/v1", "https://www.w3.org/2022/wot/td/v1.1")
THING_MODEL_TYPE = "tm:ThingModel"
KEEP_TERM = "monokoto:retentionDays"
NAMESPACE = "urn:monokoto:terms#"
_RETENTION_DAYS_MAX = 36_500
_STANDARD_PREFIXES = frozenset(
    {"td", "tm", "jsonschema", "wotsec", "hctl", "htv", "schema", "rdf", "rdfs", "xsd", "dct", "monokoto"}
)
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?")
_NAME_RULE = (
    f"a name has letters, digits, `_` and inside it `.` and `-`, at most {NAME_LENGTH_MAX} characters "
    "(it stands in topics, addresses and columns)"
)
_RESERVED = {"at", "ts", "values"}
"""Words of the telemetry envelope: `{"at": ..., "values": {...}}` could not be told from readings of that name."""


def check_thing_model(report: Report, model: Any, place: str) -> None:
    """Add to the report all that is wrong with a Thing Model (its references already written out)."""
    scope = Scope(report, _prefixes(model))
    if not check_terms(scope, model, place, terms=_MODEL, what="a Thing Model"):
        return
    _check_version(scope, model, place)
    _check_optional(scope, model, place)


def _prefixes(model: Any) -> frozenset[str]:
    context = model.get("@context") if isinstance(model, dict) else None
    entries = context if isinstance(context, list) else [context]
    declared = {name for entry in entries if isinstance(entry, dict) for name in entry}
    return _STANDARD_PREFIXES | declared


def _check_version(scope: Scope, model: Mapping[str, Any], place: str) -> None:
    version = model.get("version")
    at = child(place, "version")
    if version is None:
        scope.fault(place, "needs `version: {model: ...}`, the semantic version of this description")
    elif isinstance(version, dict):
        if "model" not in version:
            scope.fault(at, "needs `model`, the semantic version of this description")
        elif isinstance(version["model"], str) and not is_version(version["model"]):
            scope.fault(child(at, "model"), f"{version['model'][:40]!r} is not a version: {VERSION_RULE}")
        elif not isinstance(version["model"], str):
            scope.fault(child(at, "model"), f'must be a text such as "1.0.0", this is {describe(version["model"])}')


def _check_optional(scope: Scope, model: Mapping[str, Any], place: str) -> None:
    pointers = model.get("tm:optional")
    if not isinstance(pointers, list):
        return
    for index, pointer in enumerate(pointers):
        if isinstance(pointer, str) and not _names_an_affordance(model, pointer):
            scope.fault(
                child(child(place, "tm:optional"), index),
                f"{pointer[:80]!r} is not the pointer of an affordance, such as `/properties/name`",
            )


def _names_an_affordance(model: Mapping[str, Any], pointer: str) -> bool:
    root, _, rest = pointer.removeprefix("/").partition("/")
    group = model.get(root) if root in AFFORDANCES else None
    return isinstance(group, dict) and pointer.startswith("/") and rest in group


def _context(scope: Scope, value: Any, place: str) -> None:
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        if not isinstance(entry, str | dict):
            scope.fault(place, f"holds addresses and mappings from prefix to address, not {describe(entry)}")
    first = entries[1:2] if entries[:1] == [CONTEXT[0]] else entries[:1]
    if first != [CONTEXT[1]]:
        scope.fault(place, f"must begin with {CONTEXT[1]!r}, the context of Thing Description 1.1")


def _model_type(scope: Scope, value: Any, place: str) -> None:
    text_or_texts(scope, value, place)
    if THING_MODEL_TYPE not in (value if isinstance(value, list) else [value]):
        scope.fault(place, f"must name `{THING_MODEL_TYPE}`")


def _affordances(check: Check, what: str) -> Check:
    def checked(scope: Scope, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            scope.fault(place, f"must be a mapping from name to {what}, this is {describe(value)}")
            return
        if len(value) > PROPERTIES_PER_PRODUCT_MAX:
            scope.fault(place, f"has {len(value)} members, more than {PROPERTIES_PER_PRODUCT_MAX}")
            return
        for name, member in value.items():
            at = child(place, name)
            if len(name) > NAME_LENGTH_MAX or not _NAME.fullmatch(name):
                scope.fault(at, f"{name[:80]!r} is not a name: {_NAME_RULE}")
            check(scope, member, at)

    return checked


def _property(scope: Scope, value: Any, place: str) -> None:
    check_schema(scope, value, place, terms=_PROPERTY)
    name = place.rpartition("/")[2]
    if name in _RESERVED:
        scope.fault(place, f"`{name}` is a word of the telemetry envelope; choose another name")
    if not isinstance(value, dict):
        return
    kind = type_of(value)
    if kind == "null":
        scope.fault(child(place, "type"), f"a property has a value: its type is one of {', '.join(JSON_TYPES)}")
    elif kind is None and "type" not in value and REFERENCE not in value:
        scope.fault(place, f"a property needs a `type`: one of {', '.join(JSON_TYPES)}")
    if value.get("writeOnly") is True:
        if value.get("readOnly") is True:
            scope.fault(place, "is both `readOnly` and `writeOnly`: nobody could use it")
        if KEEP_TERM in value:
            scope.fault(child(place, KEEP_TERM), "a `writeOnly` property has no readings to keep")


def _schema(scope: Scope, value: Any, place: str) -> None:
    check_schema(scope, value, place)


def _action(scope: Scope, value: Any, place: str) -> None:
    check_terms(scope, value, place, terms=_ACTION, what="an action")


def _event(scope: Scope, value: Any, place: str) -> None:
    check_terms(scope, value, place, terms=_EVENT, what="an event")


def _retention(scope: Scope, value: Any, place: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _RETENTION_DAYS_MAX:
        scope.fault(place, f"must be a whole number of days from 1 to {_RETENTION_DAYS_MAX}, this is {describe(value)}")


def _link(scope: Scope, value: Any, place: str) -> None:
    if not check_terms(scope, value, place, terms=_LINK, what="a link"):
        return
    if "href" not in value:
        scope.fault(place, "a link needs `href`")
    if "sizes" in value and value.get("rel") != "icon":
        scope.fault(child(place, "sizes"), "`sizes` is for links whose `rel` is `icon`")
    if value.get("rel") == "tm:extends":
        scope.fault(
            child(place, "rel"),
            "`tm:extends` is not followed: write the other model's affordances into this one",
        )
    elif value.get("rel") == "tm:submodel":
        scope.report.note(place, "`tm:submodel` is kept but not used: the parts of a product are units of their own")


def _forms(scope: Scope, value: Any, place: str) -> None:
    some(list_of(each(anything)))(scope, value, place)
    scope.report.note(place, "forms are kept but not used: the platform gives every affordance its own")


def _mapping(scope: Scope, value: Any, place: str) -> None:
    each(anything)(scope, value, place)


def _draft_term(scope: Scope, _value: Any, place: str) -> None:
    scope.fault(place, "is a term of an early draft; did you mean `tm:optional`, which lists what a unit may lack?")


AFFORDANCES = ("properties", "actions", "events")
_INTERACTION: dict[str, Check] = {
    "@type": text_or_texts,
    "title": text,
    "titles": by_language,
    "description": text,
    "descriptions": by_language,
    "forms": _forms,
    "uriVariables": each(_schema),
    REFERENCE: anything,
}
_PROPERTY: dict[str, Check] = {**_INTERACTION, "observable": boolean, KEEP_TERM: _retention}
_ACTION: dict[str, Check] = {
    **_INTERACTION,
    "input": _schema,
    "output": _schema,
    "safe": boolean,
    "idempotent": boolean,
    "synchronous": boolean,
    **action_terms.TERMS,
}
_EVENT: dict[str, Check] = {
    **_INTERACTION,
    "data": _schema,
    "dataResponse": _schema,
    "subscription": _schema,
    "cancellation": _schema,
}
_LINK: dict[str, Check] = {
    "href": text,
    "type": text,
    "rel": text,
    "anchor": text,
    "sizes": text,
    "hreflang": text_or_texts,
    "instanceName": text,
    "tm:instanceName": text,
}


def _version(scope: Scope, value: Any, place: str) -> None:
    check_terms(scope, value, place, terms={"model": anything, "instance": text}, what="`version`")
    if isinstance(value, dict) and "instance" in value:
        scope.fault(child(place, "instance"), "a model has no instance version: units have theirs")


_MODEL: dict[str, Check] = {
    "@context": _context,
    "@type": _model_type,
    "id": text,
    "title": text,
    "titles": by_language,
    "description": text,
    "descriptions": by_language,
    "version": _version,
    "created": text,
    "modified": text,
    "support": text,
    "base": text,
    "properties": _affordances(_property, "property"),
    "actions": _affordances(_action, "action"),
    "events": _affordances(_event, "event"),
    "links": list_of(_link),
    "forms": _forms,
    "security": some(text_or_texts),
    "securityDefinitions": some(each(_mapping)),
    "schemaDefinitions": some(each(_schema)),
    "profile": some(text_or_texts),
    "uriVariables": each(_schema),
    "tm:optional": texts,
    "tm:required": _draft_term,
}


def complete(model: Mapping[str, Any], product: str) -> dict[str, Any]:
    """The model as a Thing Model others can read: with the context, type and title that a product's file may leave out."""
    given = model.get("@context", list(CONTEXT))
    context = given if isinstance(given, list) else [given]
    uses_own = any(KEEP_TERM in one for one in model.get("properties", {}).values()) or any(
        term in one for one in model.get("actions", {}).values() for term in action_terms.TERMS
    )
    if uses_own and not any(isinstance(entry, dict) and "monokoto" in entry for entry in context):
        context = [*context, {"monokoto": NAMESPACE}]
    return {"@type": THING_MODEL_TYPE, "title": product, **model, "@context": context}

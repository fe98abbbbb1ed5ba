"""Reading one meter as it is written in product.yaml: every fault at its place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from monokoto.connect.products import Part, ProductModel, Report, child, suggestion
from monokoto.earn.metering.meters.fields import DECLARABLE, event_variables, external_variables
from monokoto.earn.metering.meters.meter import MICROSECONDS, Aggregation, Meter, Origin
from monokoto.kernel.durations import parse_duration
from monokoto.kernel.errors import Invalid
from monokoto.kernel.limits import METER_GROUPS_MAX, METER_STATES_MAX
from monokoto.operate.conditions import CelType, Condition, check, variables_of

_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_SHARED = ("title", "unit", "where", "value", "by", "external")
_OF: Mapping[Aggregation, tuple[str, ...]] = {
    Aggregation.COUNTER: ("serial",),
    Aggregation.MAXIMUM: ("every",),
    Aggregation.MINIMUM: ("every",),
    Aggregation.PERCENTILE: ("at",),
    Aggregation.DURATION: ("in",),
    Aggregation.WEIGHTED: ("per",),
}
"""What else a meter may say, by how it adds up."""
_ALL_KEYS = frozenset(key for keys in _OF.values() for key in keys)
_HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class _Reader(Part):
    model: ProductModel
    name: str

    @property
    def document(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.value
        return found

    def aggregation(self) -> Aggregation | None:
        named = [one for one in Aggregation if one.value in self.document]
        if len(named) != 1:
            said = "names none of" if not named else f"names {' and '.join(named)}; it names one of"
            self.fault(f"a meter {said} {', '.join(Aggregation)}")
            return None
        known = (*_SHARED, named[0].value, *_OF.get(named[0], ()))
        for key in self.document:
            if key not in known:
                near = suggestion(key, known) or f"; there are {', '.join(known)}"
                belongs = next((one for one, keys in _OF.items() if key in keys), None)
                self.fault(f"belongs to `{belongs}`" if belongs else f"a meter has no `{key[:80]}`{near}", key)
        return named[0]

    def origin(self, subject: str, key: str) -> Origin | None:
        external = self.document.get("external", False)
        if isinstance(external, Mapping):
            for name, kind in external.items():
                if kind not in DECLARABLE:
                    self.report.add(
                        child(child(self.place, "external"), str(name)), f"must be one of {', '.join(DECLARABLE)}"
                    )
            external = True
        if not isinstance(external, bool):
            self.fault("must be true, or the fields of the events with their types", "external")
            return None
        if external:
            if not _TYPE.fullmatch(subject):
                self.fault("must be the `type` of CloudEvents, such as com.example.api-call", key)
            return Origin.EXTERNAL
        if subject in self.model.events:
            return Origin.EVENT
        if subject in self.model.properties:
            return Origin.PROPERTY
        known = [*self.model.events, *self.model.properties]
        near = suggestion(subject, known)
        self.fault(
            f"the product has no event and no property {subject[:80]!r}{near}; usage told from outside has `external: true`",
            key,
        )
        return None

    def word(self, key: str, length_max: int = 64) -> str:
        value = self.document.get(key, "")
        if not isinstance(value, str) or len(value) > length_max:
            self.fault(f"must be a text of at most {length_max} characters", key)
            return ""
        return value

    def condition(self, key: str, variables: Mapping[str, CelType], wanted: CelType) -> Condition | None:
        source = self.document.get(key)
        if isinstance(source, bool | int | float):
            source = str(source).lower()
        if not isinstance(source, str) or not source.strip():
            self.fault("must be a CEL expression", key)
            return None
        try:
            return check(source, variables, wanted)
        except Invalid as error:
            for fault in error.faults:
                place, column = child(self.place, key), getattr(fault, "column", 0)
                if column:
                    self.report.add_within(place, fault.reason, line=fault.line, column=column)
                else:
                    self.report.add(place, fault.reason)
            return None

    def listed(self, key: str, most: int) -> tuple[str, ...]:
        value = self.document.get(key, [])
        listed = value if isinstance(value, list) else [value]
        if len(listed) > most or len({str(one) for one in listed}) < len(listed) or isinstance(value, dict):
            self.fault(f"must be a list of at most {most} different names", key)
            return ()
        return tuple(_said(one) for one in listed)

    def window(self) -> int:
        value = self.document.get("every")
        if value is None:
            return 0
        micros = parse_duration(value, MICROSECONDS) or 0
        if not micros or micros % MICROSECONDS["s"] or _HOUR % micros:
            self.fault("must be a time an hour can be divided by, such as 15 min", "every")
        return micros

    def per(self) -> int:
        value = self.document.get("per")
        if value is not None and value not in MICROSECONDS:
            self.fault(f"must be one of {', '.join(MICROSECONDS)}", "per")
        return MICROSECONDS.get(value, 0) if isinstance(value, str) else 0

    def percent(self) -> Decimal:
        try:
            percent = Decimal(str(self.document.get("at")))
        except InvalidOperation:
            percent = Decimal(0)
        if not percent.is_finite() or not 0 < percent <= 100:
            self.fault("a percentile needs `at`, above 0 and at most 100", "at" if "at" in self.document else "")
            return Decimal(100)
        return percent


def read_meter(model: ProductModel, name: str, document: Any, report: Report, place: str) -> Meter | None:
    """The meter; None where it has faults: they are in the report."""
    before = len(report)
    if not _NAME.fullmatch(name):
        report.add(place, "a meter is named in small letters, digits and dashes, and begins with a letter")
    if not isinstance(document, Mapping):
        report.add(place, "must be a mapping such as {count: cycleFinished}")
        return None
    it = _Reader(document, place, report, model, name)
    aggregation = it.aggregation()
    if aggregation is None:
        return None
    subject = document[aggregation.value]
    if not isinstance(subject, str):
        it.fault("must be the name of an event or a property", aggregation.value)
        return None
    origin = it.origin(subject, aggregation.value)
    if origin is None:
        return None
    meter = _meter(it, aggregation, origin, subject)
    return meter if len(report) == before else None


def _meter(it: _Reader, aggregation: Aggregation, origin: Origin, subject: str) -> Meter:
    variables = _variables(it, origin, subject)
    where = it.condition("where", variables, CelType.BOOLEAN) if "where" in it.document else None
    by = it.listed("by", METER_GROUPS_MAX)
    for name in by:
        _check_variable(it, name, variables, "by")
    serial = it.word("serial", 200)
    if serial:
        _check_variable(it, serial, variables, "serial")
    states = it.listed("in", METER_STATES_MAX)
    if aggregation is Aggregation.DURATION and not states:
        it.fault("a duration needs `in`, the states that count")
    value = _value(it, aggregation, origin, subject, variables)
    path = value.source.strip() if value is not None and value.source.strip() in variables else ""
    return Meter(
        product=it.model.product, name=it.name, title=it.translated("title"), unit=it.word("unit"), aggregation=aggregation,
        origin=origin, subject=subject, where=where, value=value, path=path, by=by, states=states, every=it.window(),
        per=it.per(), percent=it.percent() if aggregation is Aggregation.PERCENTILE else Decimal(0), serial=serial,
        types=variables, document=it.document,
    )  # fmt: skip


def _variables(it: _Reader, origin: Origin, subject: str) -> dict[str, CelType]:
    if origin is Origin.PROPERTY:
        return variables_of(it.model)
    if origin is Origin.EVENT:
        return event_variables(it.model, subject)
    return external_variables(it.document)


def _value(
    it: _Reader, aggregation: Aggregation, origin: Origin, subject: str, variables: Mapping[str, CelType]
) -> Condition | None:
    if aggregation is Aggregation.COUNT:
        if "value" in it.document:
            it.fault("what is counted has no value; `sum` adds values up", "value")
        return None
    wanted = None if aggregation.texts else CelType.NUMBER
    if "value" in it.document:
        if aggregation.texts:
            return _of_any_type(it, variables)
        return it.condition("value", variables, CelType.NUMBER)
    if origin is not Origin.PROPERTY:
        if variables.get("data") is not None and _fits(variables["data"], wanted):
            return check("data", variables, wanted)
        it.fault(f"`{aggregation}` of an event needs `value`, such as data.litres")
        return None
    kind = variables.get(subject)
    if kind is None or not _fits(kind, wanted):
        it.fault(
            f"`{aggregation}` needs a property that is {'one value' if wanted is None else 'a number'}",
            aggregation.value,
        )
    return None


def _of_any_type(it: _Reader, variables: Mapping[str, CelType]) -> Condition | None:
    source = it.document["value"]
    if isinstance(source, str):
        for kind in (CelType.TEXT, CelType.INTEGER, CelType.BOOLEAN):
            try:
                return check(source, variables, kind)
            except Invalid:
                continue
    return it.condition("value", variables, CelType.TEXT)


def _fits(kind: CelType, wanted: CelType | None) -> bool:
    if wanted is None:
        return kind in {CelType.TEXT, CelType.BOOLEAN, CelType.INTEGER}
    return kind in {CelType.NUMBER, CelType.INTEGER, CelType.BOOLEAN}


def _check_variable(it: _Reader, name: str, variables: Mapping[str, CelType], key: str) -> None:
    if name not in variables:
        near = suggestion(name, list(variables)) or (
            f"; there are {', '.join(list(variables)[:20])}" if variables else ""
        )
        if it.document.get("external") and not name.startswith("data."):
            near = f"; a field of events from outside is written data.{name[:80]}"
        it.fault(f"there is no field {name[:80]!r}{near}", key)
    elif variables[name].element is not None:
        it.fault(f"{name!r} is a list", key)


def _said(value: object) -> str:
    """As samples have their texts: `true`, `3`."""
    return str(value).lower() if isinstance(value, bool) else str(value)

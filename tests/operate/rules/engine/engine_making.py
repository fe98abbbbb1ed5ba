"""A product, rules and batches made by hand, and changes in a form that compares easily."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from monokoto.connect.line import Batch, Block, Column, EventRecord, PresenceRecord
from monokoto.connect.products import EventModel, ProductModel, PropertyModel
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import Kind
from monokoto.operate.conditions import CelType, Condition, check, variables_of
from monokoto.operate.rules import AlertChange, Severity
from monokoto.operate.rules.engine.compiled import CompiledRule, SignalKind, SignalSpec
from monokoto.operate.rules.engine.engine import Engine

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_780_272_000 * SECOND  # 2026-06-01T00:00:00Z, a Monday
MAKER = 7

_KINDS = {
    "temperature": Kind.NUMBER,
    "load": Kind.NUMBER,
    "latitude": Kind.NUMBER,
    "longitude": Kind.NUMBER,
    "starts": Kind.INTEGER,
    "open": Kind.BOOLEAN,
    "door": Kind.STRING,
    "modes": Kind.ARRAY,
    "firmware": Kind.OBJECT,
}
_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "modes": {"type": "array", "items": {"type": "string"}},
    "firmware": {"type": "object", "properties": {"version": {"type": "string"}, "build": {"type": "integer"}}},
}


def model(version: str = "1.0.0", product: str = "cooker") -> ProductModel:
    """The product all tests are about."""
    return ProductModel(
        organisation_id=OrganisationId(MAKER),
        product=ProductName(product),
        version=version,
        properties={
            name: PropertyModel(name=name, kind=kind, schema=_SCHEMAS.get(name, {})) for name, kind in _KINDS.items()
        },
        events={"pressed": EventModel(name="pressed"), "dropped": EventModel(name="dropped")},
    )


VARIABLES = dict(variables_of(model()))


def cel(source: str, wanted: CelType | None = CelType.BOOLEAN, **more: CelType) -> Condition:
    """A condition over the product and what else is given."""
    return check(source, {**VARIABLES, **more}, wanted)


def number(source: str, **more: CelType) -> Condition:
    """A numeric one."""
    return cel(source, CelType.NUMBER, **more)


def make_rule(
    when: str,
    *,
    clear: str | None = None,
    signals: Mapping[str, SignalKind] | None = None,
    name: str = "hot",
    ladder: Mapping[str, str] | None = None,
    ladder_clears: Mapping[str, str] | None = None,
    **fields: Any,
) -> CompiledRule:
    """A rule of the product; durations in microseconds."""
    specs = tuple(SignalSpec(key, kind) for key, kind in (signals or {}).items())
    types = {spec.name: spec.type for spec in specs}
    said = (
        when,
        clear,
        signals,
        ladder,
        ladder_clears,
        {key: fields.get(key) for key in ("hold_us", "clear_hold_us", "lateness_us")},
    )
    defaults: dict[str, Any] = {
        "key": f"cooker/{name}",
        "version": "1.0.0",
        "digest": str(hash(repr(said))),
        "organisation_id": MAKER,
        "maker_id": MAKER,
        "product": "cooker",
        "variables": VARIABLES,
        "severity": Severity.MAJOR,
    }
    return CompiledRule(
        name=name,
        signals=specs,
        when=cel(when, **types),
        clear=None if clear is None else cel(clear, **types),
        severities=tuple((Severity(key), cel(text, **types)) for key, text in (ladder or {}).items()),
        severity_clears=tuple((Severity(key), cel(text, **types)) for key, text in (ladder_clears or {}).items()),
        **{**defaults, **fields},
    )


@dataclass(frozen=True)
class Message:
    """What a unit said: values, or an event, in seconds from the start."""

    at: float
    values: Mapping[str, Any]
    unit: int = 1
    arrived: float | None = None
    event: str = ""

    @property
    def came(self) -> float:
        """When it arrived."""
        return self.at if self.arrived is None else self.arrived


def micros(seconds: float) -> int:
    """An instant."""
    return START + round(seconds * SECOND)


def batch(messages: Sequence[Message], *, first: int = 1, presence: Sequence[PresenceRecord] = ()) -> Batch:
    """One batch, in the order of arrival; columns in blocks by which properties a message has (as the line makes them)."""
    shapes: dict[tuple[str, ...], list[Message]] = {}
    for message in messages:
        if not message.event:
            shapes.setdefault(tuple(sorted(message.values)) if len(message.values) > 1 else ("any",), []).append(
                message
            )
    events = [
        EventRecord(
            organisation_id=MAKER, unit_id=one.unit, product="cooker", name=one.event,
            at=micros(one.at), arrived=micros(one.came), data=b"null",
        )
        for one in messages
        if one.event
    ]  # fmt: skip
    return Batch(
        partition=0,
        first_sequence=first,
        last_sequence=first + max(len(messages), 1) - 1,
        blocks=tuple(_block(each) for each in shapes.values()),
        events=events,
        presence=presence,
    )


def _block(messages: Sequence[Message]) -> Block:
    names = sorted({name for one in messages for name in one.values})
    return Block(
        model=model(),
        unit=np.array([one.unit for one in messages], np.int64),
        at=np.array([micros(one.at) for one in messages], np.int64),
        arrived=np.array([micros(one.came) for one in messages], np.int64),
        columns=tuple(_column(name, [one.values.get(name) for one in messages]) for name in names),
    )


def _column(name: str, values: list[Any]) -> Column:
    prop = model().properties[name]
    present = np.array([value is not None for value in values], np.bool_)
    if prop.kind.numeric:
        numbers = np.array([np.nan if value is None else float(value) for value in values], np.float64)
        return Column(prop, numbers, None if present.all() else present)
    return Column(prop, values, None if present.all() else present)


def session(unit: int, at: float, *, connected: bool, name: str = "s1") -> PresenceRecord:
    """A session that began or ended."""
    said = f'{{"gateway":"g1","session":"{name}"}}'.encode()
    return PresenceRecord(organisation_id=MAKER, unit_id=unit, arrived=micros(at), connected=connected, session=said)


def shown(changes: Iterable[AlertChange]) -> list[tuple[Any, ...]]:
    """(unit, kind, at, instance, severity) in seconds from the start."""
    return [
        (one.unit_id, one.kind.value, (one.at - START) / SECOND, (one.instance - START) / SECOND, one.severity.value)
        for one in changes
    ]


def short(changes: Iterable[AlertChange]) -> list[tuple[str, float]]:
    """(kind, at)."""
    return [(one.kind.value, (one.at - START) / SECOND) for one in changes]


def engine_of(*rules: CompiledRule, **more: Any) -> Engine:
    """An engine with these rules."""
    engine = Engine(**more)
    engine.set_rules(rules)
    return engine


def readings(name: str, *pairs: tuple[float, Any], unit: int = 1) -> list[Message]:
    """Messages of one property."""
    return [Message(at, {name: value}, unit) for at, value in pairs]

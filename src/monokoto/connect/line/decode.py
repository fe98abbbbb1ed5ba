"""Records in, columns out: every record becomes readings, an event, a presence change, a request or a dead letter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import cbor2
import numpy as np

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import SUBJECT_ROUTES, Records, Route, commit_senders, decode_commit, split_subject
from monokoto.connect.line import refusals
from monokoto.connect.line.batch import Batch, Block, DeadLetter, EventRecord, Int64s, PresenceRecord, RequestRecord
from monokoto.connect.line.columnar import Makers, add_columns
from monokoto.connect.line.events import read_event
from monokoto.connect.line.messages import Origin, read_json, take_telemetry
from monokoto.connect.line.plan import Messages, Plan
from monokoto.connect.line.refusals import Refused
from monokoto.connect.line.rows import Rows
from monokoto.connect.products import ProductModel
from monokoto.engines.log import Entry
from monokoto.kernel.errors import NotFound

_MISSED_MAX = 1_000
"""Names of a batch that are looked up again; a unit that makes names up costs no more."""
ModelOf = Callable[[int, str, str], ProductModel]
"""Organisation, product, version to the compiled model; raises NotFound."""


class Units(Protocol):
    """Who the units are (fleet's directory)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None: ...


@dataclass(slots=True)
class _Making:
    """A batch under construction."""

    blocks: list[Block] = field(default_factory=list)
    rows: dict[tuple[int, str, str], Rows] = field(default_factory=dict)
    events: list[EventRecord] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    presence: list[PresenceRecord] = field(default_factory=list)
    requests: list[RequestRecord] = field(default_factory=list)

    def rows_of(self, plan: Plan) -> Rows:
        rows = self.rows.get(plan.model.key)
        if rows is None:
            rows = self.rows[plan.model.key] = Rows(plan)
        return rows


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The records of a batch, as they came."""

    unit: Int64s
    arrived: Int64s
    committed: Int64s
    payloads: list[bytes]


@dataclass(frozen=True, slots=True)
class _Record:
    """One record on the slow way."""

    unit: UnitIdentity
    route: int
    arrived: int
    """When this record came: the time of a reading that has none."""
    committed: int
    """When its commit was made: what is kept as the arrival of its readings."""
    subject: str
    payload: bytes


class Decoder:
    """Decodes entries of the log by the models of the units that sent them. Used by one thread at a time."""

    def __init__(self, units: Units, model_of: ModelOf) -> None:
        self._units = units
        self._model_of = model_of
        self._plans: dict[tuple[int, str, str], Plan] = {}
        self._plan_of_unit: dict[int, int] = {}
        self._numbered: list[Plan] = []
        self._missed: set[tuple[int, str]] = set()
        """Senders and names of the last batch that is below none of them, as far as the directory goes."""

    def forget_units(self) -> None:
        """Call when units changed: which product version each one is, is asked again."""
        self._plan_of_unit.clear()

    def knows(self, entries: Sequence[Entry]) -> bool:
        """Whether every sender is known (a unit registered a moment ago may not be yet)."""
        for entry in entries:
            try:
                units = commit_senders(entry.body)
            except ValueError:
                continue
            if any(self._units.get(unit) is None for unit in set(units.tolist()) - self._plan_of_unit.keys()):
                return False
        return True

    @property
    def missed(self) -> bool:
        """Whether the last batch named units below its senders that were not there: some may have been registered a moment
        ago."""
        return bool(self._missed)

    def finds_missed(self) -> bool:
        """Whether any of them is there now: then decode the batch again."""
        return any(self._units.child(*one) is not None for one in self._missed)

    def decode(self, partition: int, entries: Sequence[Entry]) -> Batch:
        """One batch out of consecutive entries. Never raises for what a unit sent."""
        making = _Making()
        self._missed.clear()
        parts = [records for entry in entries if (records := self._read(entry, making)) is not None]
        unit = np.concatenate([part.unit for part in parts]) if parts else np.empty(0, np.int64)
        arrived = np.concatenate([part.arrived for part in parts]) if parts else unit
        committed = np.repeat([part.committed for part in parts], [len(part.unit) for part in parts]).astype(np.int64)
        route = np.concatenate([part.route for part in parts]) if parts else np.empty(0, np.uint8)
        payloads = [payload for part in parts for payload in part.payloads]
        inputs = _Inputs(unit, arrived, committed, payloads)
        self._decode_fast(route, inputs, making)
        for index in np.flatnonzero(route != Route.TELEMETRY).tolist():
            self._decode_one(inputs, index, int(route[index]), making)
        blocks = making.blocks + [block for rows in making.rows.values() if (block := rows.block()) is not None]
        seen, last = _last_seen(unit, arrived)
        return Batch(
            partition=partition,
            first_sequence=entries[0].sequence,
            last_sequence=entries[-1].sequence,
            blocks=tuple(blocks),
            events=making.events,
            dead_letters=making.dead_letters,
            presence=making.presence,
            requests=making.requests,
            seen_units=seen,
            seen_arrived=last,
        )

    def _read(self, entry: Entry, making: _Making) -> Records | None:
        try:
            return decode_commit(entry.body)
        except ValueError as error:
            making.dead_letters.append(
                DeadLetter(
                    organisation_id=0,
                    unit_id=0,
                    arrived=entry.stored_at,
                    route="commit",
                    subject=f"{entry.subject} {entry.sequence}",
                    reason=refusals.UNREADABLE,
                    detail=str(error),
                    payload=entry.body,
                )
            )
            return None

    def _decode_fast(self, route: np.ndarray[Any, np.dtype[np.uint8]], inputs: _Inputs, making: _Making) -> None:
        telemetry = np.flatnonzero(route == Route.TELEMETRY)
        if not len(telemetry):
            return
        numbers = self._plan_numbers(inputs.unit[telemetry])
        for number in np.unique(numbers).tolist():
            chosen = telemetry[numbers == number]
            if number < 0:
                for index in chosen.tolist():
                    self._decode_one(inputs, index, Route.TELEMETRY, making)
            else:
                self._decode_group(self._numbered[number], chosen, inputs, making)

    def _decode_group(self, plan: Plan, chosen: Int64s, inputs: _Inputs, making: _Making) -> None:
        payloads = inputs.payloads
        if len(chosen) < len(payloads):
            payloads = [payloads[index] for index in chosen.tolist()]
        messages = Messages(payloads, inputs.unit[chosen], inputs.arrived[chosen], inputs.committed[chosen])

        def slow(index: int) -> None:
            self._decode_one(inputs, int(chosen[index]), Route.TELEMETRY, making)

        making.blocks.extend(plan.decode(messages, slow))

    def _plan_numbers(self, units: Int64s) -> Int64s:
        """For each unit the number of its plan; -1 where it has none."""
        listed = units.tolist()
        known = self._plan_of_unit
        for unit in set(listed) - known.keys():
            known[unit] = self._number_of(unit)
        return np.fromiter(map(known.__getitem__, listed), np.int64, len(listed))

    def _number_of(self, unit_id: int) -> int:
        identity = self._units.get(unit_id)
        plan = None if identity is None else self._plan(identity)
        return -1 if plan is None else self._numbered.index(plan)

    def _plan(self, identity: UnitIdentity) -> Plan | None:
        key = (identity.organisation_id, identity.product, identity.version)
        plan = self._plans.get(key)
        if plan is None:
            try:
                plan = Plan(self._model_of(*key))
            except NotFound:
                return None
            self._plans[key] = plan
            self._numbered.append(plan)
        return plan

    def _decode_one(self, inputs: _Inputs, index: int, route: int, making: _Making) -> None:
        unit_id, arrived, payload = int(inputs.unit[index]), int(inputs.arrived[index]), inputs.payloads[index]
        identity = self._units.get(unit_id)
        if identity is None:
            making.dead_letters.append(
                _letter(0, unit_id, arrived, route, "", refusals.UNKNOWN_UNIT, "No unit has this id.", payload)
            )
            return
        try:
            subject, rest = split_subject(payload) if route in SUBJECT_ROUTES else ("", payload)
            record = _Record(identity, route, arrived, int(inputs.committed[index]), subject, rest)
            handle = _HANDLERS.get(route)
            if handle is None:
                raise Refused(refusals.UNREADABLE, f"Nobody here reads route {route}.")
            handle(self, record, making)
        except Refused as error:
            _refuse(making, identity, route, arrived, payload)(error.reason, error.detail)
        except (ValueError, TypeError, KeyError, AttributeError, LookupError, RecursionError, OverflowError) as error:
            # A hole in our own reading of the input: the unit's message is kept and told of, the line goes on.
            _refuse(making, identity, route, arrived, payload)(refusals.UNREADABLE, f"{type(error).__name__}: {error}")

    def _telemetry(self, record: _Record, making: _Making, document: Any, unit: UnitIdentity) -> None:
        refuse = _refuse(making, unit, record.route, record.arrived, record.payload, record.subject)
        rows = making.rows_of(self._plan_or_refuse(unit))
        origin = Origin(unit.unit_id, record.arrived, record.committed)
        take_telemetry(document, origin, rows=rows, refuse=refuse)

    def _plan_or_refuse(self, unit: UnitIdentity) -> Plan:
        plan = self._plan(unit)
        if plan is None:
            raise Refused(refusals.UNKNOWN_PRODUCT, f"Product {unit.product} {unit.version} is not there.")
        return plan

    def _child(self, record: _Record, name: str) -> UnitIdentity:
        child = self._units.child(record.unit.unit_id, name)
        if child is None:
            if len(self._missed) < _MISSED_MAX:
                self._missed.add((int(record.unit.unit_id), name))
            raise Refused(
                refusals.NOT_YOURS, f"{name[:128]!r} is not below unit {record.unit.serial!r} in its product system."
            )
        return child

    def _on_telemetry(self, record: _Record, making: _Making) -> None:
        self._telemetry(record, making, read_json(record.payload), record.unit)

    def _on_telemetry_cbor(self, record: _Record, making: _Making) -> None:
        self._telemetry(record, making, _read_cbor(record.payload), record.unit)

    def _on_property(self, record: _Record, making: _Making) -> None:
        self._telemetry(record, making, {"values": {record.subject: read_json(record.payload)}}, record.unit)

    def _on_child(self, record: _Record, making: _Making) -> None:
        self._telemetry(record, making, read_json(record.payload), self._child(record, record.subject))

    def _on_gateway(self, record: _Record, making: _Making) -> None:
        document = read_json(record.payload)
        if not isinstance(document, dict):
            raise Refused(refusals.BAD_SHAPE, "A gateway's telemetry is an object from unit to telemetry.")
        for name, telemetry in document.items():
            try:
                self._telemetry(record, making, telemetry, self._child(record, name))
            except Refused as error:
                _refuse(making, record.unit, record.route, record.arrived, record.payload)(error.reason, error.detail)

    def _on_shadow(self, record: _Record, making: _Making) -> None:
        document = read_json(record.payload)
        state = document.get("state") if isinstance(document, dict) else None
        if not isinstance(state, dict) or not isinstance(state.get("reported", {}), dict):
            raise Refused(refusals.BAD_SHAPE, "A shadow update is {state: {reported: {...}}}.")
        if state.get("reported"):
            self._telemetry(record, making, {"values": state["reported"]}, record.unit)
        self._on_request(record, making)

    def _on_columns(self, record: _Record, making: _Making) -> None:
        self._columns(record, making, read_json(record.payload))

    def _on_columns_cbor(self, record: _Record, making: _Making) -> None:
        self._columns(record, making, _read_cbor(record.payload))

    def _columns(self, record: _Record, making: _Making, document: Any) -> None:
        makers = Makers(
            unit_of=lambda name: record.unit if name is None else self._named(record, name),
            plan_of=self._plan_or_refuse,
            rows_of=making.rows_of,
            blocks=making.blocks,
            refuse=_refuse(making, record.unit, record.route, record.arrived, record.payload),
        )
        add_columns(document, record.arrived, record.committed, makers)

    def _named(self, record: _Record, name: str) -> UnitIdentity:
        return record.unit if name == record.unit.serial else self._child(record, name)

    def _on_event(self, record: _Record, making: _Making) -> None:
        plan = self._plan_or_refuse(record.unit)
        at, data = read_event(plan.model, record.subject, record.payload, record.arrived)
        making.events.append(
            EventRecord(
                organisation_id=record.unit.organisation_id,
                unit_id=record.unit.unit_id,
                product=record.unit.product,
                name=record.subject,
                at=at,
                arrived=record.arrived,
                data=data,
            )
        )

    def _on_presence(self, record: _Record, making: _Making) -> None:
        making.presence.append(
            PresenceRecord(
                organisation_id=record.unit.organisation_id,
                unit_id=record.unit.unit_id,
                arrived=record.arrived,
                connected=record.route == Route.CONNECTED,
                session=record.payload,
            )
        )

    def _on_request(self, record: _Record, making: _Making) -> None:
        making.requests.append(
            RequestRecord(
                organisation_id=record.unit.organisation_id,
                unit_id=record.unit.unit_id,
                arrived=record.arrived,
                route=record.route,
                subject=record.subject,
                payload=record.payload,
            )
        )

    def _on_refused(self, record: _Record, making: _Making) -> None:
        reason, _, topic = record.subject.partition(" ")
        making.dead_letters.append(
            _letter(
                record.unit.organisation_id,
                record.unit.unit_id,
                record.arrived,
                record.route,
                topic,
                reason,
                f"The gateway did not take this publish to {topic[:200]!r}.",
                record.payload,
            )
        )


_HANDLERS: Mapping[int, Callable[[Decoder, _Record, _Making], None]] = {
    Route.TELEMETRY: Decoder._on_telemetry,
    Route.TELEMETRY_CBOR: Decoder._on_telemetry_cbor,
    Route.COLUMNS: Decoder._on_columns,
    Route.COLUMNS_CBOR: Decoder._on_columns_cbor,
    Route.PROPERTY: Decoder._on_property,
    Route.EVENT: Decoder._on_event,
    Route.CHILD_TELEMETRY: Decoder._on_child,
    Route.GATEWAY_TELEMETRY: Decoder._on_gateway,
    Route.SHADOW_UPDATE: Decoder._on_shadow,
    Route.REQUEST: Decoder._on_request,
    Route.ACTION_STATUS: Decoder._on_request,
    Route.CONNECTED: Decoder._on_presence,
    Route.DISCONNECTED: Decoder._on_presence,
    Route.REFUSED: Decoder._on_refused,
}


def _read_cbor(payload: bytes) -> Any:
    try:
        return cbor2.loads(payload)
    except Exception as error:  # cbor2 raises whatever a hostile tag makes it raise
        raise Refused(refusals.BAD_CBOR, f"Not CBOR: {error}") from None


def _refuse(
    making: _Making, unit: UnitIdentity, route: int, arrived: int, payload: bytes, subject: str = ""
) -> Callable[[str, str], None]:
    def refuse(reason: str, detail: str) -> None:
        making.dead_letters.append(
            _letter(unit.organisation_id, unit.unit_id, arrived, route, subject, reason, detail, payload)
        )

    return refuse


def _letter(
    organisation_id: int, unit_id: int, arrived: int, route: int, subject: str, reason: str, detail: str, payload: bytes
) -> DeadLetter:
    try:
        name = Route(route).name.lower()
    except ValueError:
        name = f"route-{route}"
    return DeadLetter(
        organisation_id=organisation_id,
        unit_id=unit_id,
        arrived=arrived,
        route=name,
        subject=subject,
        reason=reason,
        detail=detail,
        payload=payload,
    )


def _last_seen(unit: Int64s, arrived: Int64s) -> tuple[Int64s, Int64s]:
    if not len(unit):
        return unit, arrived
    # Reversed, the first occurrence that `unique` reports is the last one in log order.
    seen, first = np.unique(unit[::-1], return_index=True)
    return seen, arrived[::-1][first]

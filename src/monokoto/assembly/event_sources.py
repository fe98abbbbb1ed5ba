"""Where each public event is read from. Adding one: a line in `EVENT_TYPES`, a `Source` here, a row in docs/webhooks.md."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from monokoto.assembly.entitlements import threshold_source
from monokoto.connect.fleet import Directory, registered_since
from monokoto.connect.jobs import Job, Jobs
from monokoto.connect.line import Batch
from monokoto.connect.ownership import UnitGate, owned_since
from monokoto.connect.people import joined_since
from monokoto.connect.presence import Presence
from monokoto.connect.products import applied_since
from monokoto.connect.tenancy import Organisations
from monokoto.connect.webhooks import Happening, Heard, Source, Webhooks
from monokoto.earn.invoices import Invoice, Invoices, InvoiceState
from monokoto.earn.payments import Payments
from monokoto.engines.records import Records
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, first_id_at, format_id
from monokoto.operate.alerts import Alert, AlertEvent, Alerts, What, viewer_of
from monokoto.operate.twins import Twins
from monokoto.web import Caller, Gate

_MINUTE = 60_000_000
_LETTER = "dead_letter.stored"


class Platform(Protocol):
    """What the events are read from."""

    directory: Directory
    gate: UnitGate
    organisations: Organisations
    presence: Presence
    twins: Twins
    alerts: Alerts
    invoices: Invoices
    payments: Payments


class WithinReach:
    """Which units an organisation listens to: all it made, or those it holds now."""

    def __init__(self, gate: Gate, organisations: Organisations) -> None:
        self._gate = gate
        self._organisations = organisations
        self._kinds: dict[int, str] = {}

    def held(self, organisation_id: int) -> dict[int, int] | None:
        """Unit to maker, of those within reach at present; None: all units the organisation made."""
        reaches = self._gate.units(self.caller(organisation_id))
        return None if reaches is None else {one.unit_id: one.organisation_id for one in reaches if one.now}

    def caller(self, organisation_id: int) -> Caller:
        """Somebody of the organisation, for asking the gate."""
        kind = self._kinds.get(organisation_id)
        if kind is None:
            kind = self._kinds[organisation_id] = self._organisations.get(organisation_id).kind.value
        return Caller(organisation_id=OrganisationId(organisation_id), scopes=frozenset(), organisation_kind=kind)


class PresenceNow:
    """As `webhooks.OnlineNow`."""

    def __init__(self, presence: Presence, within: WithinReach) -> None:
        self._presence = presence
        self._within = within

    def online(self, organisation_id: int) -> Collection[int]:
        """As `OnlineNow.online`."""
        held = self._within.held(organisation_id)
        if held is None:
            return self._presence.connected(organisation_id)
        return [unit_id for unit_id, maker_id in held.items() if self._presence.of(maker_id, unit_id).online]

    def heard(self, organisation_id: int, unit_id: int) -> Heard | None:
        """As `OnlineNow.heard`."""
        held = self._within.held(organisation_id)
        maker_id = organisation_id if held is None else held.get(unit_id)
        if maker_id is None:
            return None
        try:
            found = self._presence.of(maker_id, unit_id)
        except NotFound:
            return None
        return Heard(unit_id, found.online, found.since, found.reason)


def sources_of(platform: Platform, records: Records, jobs: Jobs, within: WithinReach) -> tuple[Source, ...]:
    """All of them, presence and dead letters apart: those are no rows."""
    return (
        Source(type="unit.registered", read=_registered(records), position_at=first_id_at),
        Source(type="unit.claimed", read=_claimed(records), position_at=first_id_at),
        Source(type="twin.desired_changed", read=_desired(platform.twins, within)),
        Source(type="product.version_applied", read=_applied(records)),
        Source(type="member.joined", read=_joined(records)),
        Source(type="job.finished", read=_finished(jobs)),
        threshold_source(records),
        Source(type="invoice.finalised", read=_invoices(platform.invoices, "issued_at")),
        Source(type="invoice.paid", read=_invoices(platform.invoices, "settled_at", InvoiceState.PAID)),
        Source(type="payment.failed", read=_failed(platform.payments)),
        *(
            Source(type=f"alert.{what.value}", read=_alert_events(platform, within, what))
            for what in (What.RAISED, What.CLEARED, What.ACKNOWLEDGED)
        ),
    )


Read = Callable[[int, int, int], Sequence[Happening]]


def _invoices(invoices: Invoices, column: str, state: InvoiceState | None = None) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        found = invoices.since(organisation_id, column, position, limit)
        return [_invoice(one, getattr(one, column)) for one in found if one.document_id and state in {None, one.state}]

    return read


def _invoice(one: Invoice, at: int) -> Happening:
    return Happening(
        key=f"{one.id}:{at}",
        at=at,
        position=at,
        data={
            "invoice": format_id(one.id),
            "number": one.label,
            "customer": format_id(one.customer_id),
            "currency": one.currency,
            "gross": f"{one.gross:f}",
            "open": f"{one.open:f}",
        },
    )


def _failed(payments: Payments) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [
            Happening(
                key=f"{one.id}:{one.state}",
                at=one.settled_at or 0,
                position=one.settled_at or 0,
                data={
                    "payment": format_id(one.id),
                    "customer": None if one.customer_id is None else format_id(one.customer_id),
                    "amount": f"{one.amount:f}",
                    "currency": one.currency,
                    "state": one.state.value,
                    "reason": one.reason,
                },
            )
            for one in payments.failed_since(organisation_id, position, limit)
        ]

    return read


def _registered(records: Records) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [
            Happening(
                key=str(unit.id),
                at=unit.created_at,
                position=unit.id,
                data={
                    "unit": format_id(unit.id),
                    "product": unit.product,
                    "version": unit.version,
                    "serial": unit.serial,
                },
            )
            for unit in registered_since(records, organisation_id, position, limit)
        ]

    return read


def _claimed(records: Records) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [
            Happening(
                key=str(one.id),
                at=one.begin,
                position=one.id,
                data={
                    "unit": format_id(one.unit_id),
                    "owner": format_id(one.owner_id),
                    "since": format_instant(one.begin),
                },
            )
            for one in owned_since(records, organisation_id, position, limit)
        ]

    return read


def _desired(twins: Twins, within: WithinReach) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        held = within.held(organisation_id)
        if held is None:
            return [
                _desired_of(unit_id, one)
                for unit_id, one in twins.desired.changed_since(organisation_id, position, limit=limit).items()
            ]
        by_maker: dict[int, list[int]] = {}
        for unit_id, maker_id in held.items():
            by_maker.setdefault(maker_id, []).append(unit_id)
        found = [
            _desired_of(unit_id, one)
            for maker_id, unit_ids in by_maker.items()
            for unit_id, one in twins.desired.get_many(maker_id, unit_ids).items()
            if (one.at or 0) >= position
        ]
        return sorted(found, key=lambda one: one.position)[:limit]

    return read


def _desired_of(unit_id: int, desired: Any) -> Happening:
    at = desired.at or 0
    return Happening(
        key=f"{unit_id}:{desired.revision}",
        at=at,
        position=at,
        data={"unit": format_id(unit_id), "revision": desired.revision, "desired": dict(desired.properties)},
    )


def _applied(records: Records) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [
            Happening(
                key=f"{one.product}:{one.version}",
                at=one.created_at,
                position=one.created_at,
                data={"product": one.product, "version": one.version},
            )
            for one in applied_since(records, organisation_id, position, limit)
        ]

    return read


def _joined(records: Records) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [
            Happening(
                key=f"{one.person_id}:{one.at}",
                at=one.at,
                position=one.at,
                data={"person": format_id(one.person_id), "name": one.name, "role": one.role},
            )
            for one in joined_since(records, organisation_id, position, limit)
        ]

    return read


def _finished(jobs: Jobs) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        return [_finished_job(job) for job in jobs.finished_since(organisation_id, position, limit=limit)]

    return read


def _finished_job(job: Job) -> Happening:
    at = job.finished_at or 0
    return Happening(
        key=f"{job.id}:{at}",
        at=at,
        position=at,
        data={
            "job": format_id(job.id),
            "kind": job.kind,
            "state": job.state.value,
            "counts": {state.value: count for state, count in job.counts.items()},
        },
    )


def _alert_events(platform: Platform, within: WithinReach, what: What) -> Read:
    def read(organisation_id: int, position: int, limit: int) -> list[Happening]:
        viewer = viewer_of(platform.gate, within.caller(organisation_id))
        found = platform.alerts.happened(viewer, what, position, limit)
        now = platform.alerts.now
        shown = [(event, alert) for event, alert in found if viewer.shown(alert, event)]
        return [_alert_event(event, alert, viewer.quiet(alert, now)) for event, alert in shown]

    return read


def _alert_event(event: AlertEvent, alert: Alert, quiet: str | None) -> Happening:
    return Happening(
        key=str(event.id),
        at=event.told_at,
        position=event.told_at,
        data={
            "alert": format_id(alert.id),
            "unit": format_id(alert.unit_id),
            "product": alert.product,
            "rule": alert.rule,
            "rule_version": event.rule_version,
            "severity": event.severity.value,
            "at": format_instant(event.at),
            "group": format_id(alert.group_id),
            "quiet": quiet,
        },
    )


class LetterEvents:
    """Observer of the line: of each unit's dead letters the first of a minute becomes an event, where somebody listens."""

    name = "dead-letter-events"

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._kept: dict[int, int] = {}

    async def observe(self, batch: Batch) -> None:
        """As `Observer.observe`. Observed again, a letter has the same minute and so the same event."""
        if batch.dead_letters:
            await self._tell(batch)
        self._kept[batch.partition] = batch.last_sequence

    def kept(self, partition: int) -> int:
        """As `Observer.kept`."""
        return self._kept.get(partition, 0)

    async def _tell(self, batch: Batch) -> None:
        # From memory: until a receiver is known there is nothing to ask the records for.
        found: dict[int, dict[str, Happening]] = {}
        counted = Counter((one.unit_id, one.arrived // _MINUTE) for one in batch.dead_letters)
        for letter in batch.dead_letters:
            if not self._webhooks.wanted(letter.organisation_id, _LETTER):
                continue
            minute = (letter.unit_id, letter.arrived // _MINUTE)
            data = {
                "unit": format_id(letter.unit_id),
                "reason": letter.reason,
                "detail": letter.detail[:1000],
                "letters": counted[minute],
            }
            happening = Happening(key=f"{minute[0]}:{minute[1]}", at=letter.arrived, data=data)
            found.setdefault(letter.organisation_id, {}).setdefault(happening.key, happening)
        for organisation_id, happenings in found.items():
            await asyncio.to_thread(self._webhooks.tell, organisation_id, _LETTER, list(happenings.values()))

"""Taking in what rules tell: many changes in one transaction, in any order, any number of times."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa

from monokoto.connect.fleet import UnitIdentity
from monokoto.kernel.clock import MICROSECONDS_PER_SECOND, Instant
from monokoto.kernel.ids import AlertEventId, AlertId, MaintenanceWindowId, OrganisationId, UnitId, new_id
from monokoto.kernel.limits import ALERT_EVENTS_MAX, ALERT_GROUP_SECONDS, TREE_DEPTH_MAX
from monokoto.operate.alerts import store
from monokoto.operate.alerts.alert import Alert, AlertEvent, Flapping, What
from monokoto.operate.alerts.flapping import SPAN, flaps
from monokoto.operate.alerts.hiding import Hidden, Light, comes_to_light
from monokoto.operate.alerts.store import Begun, Name
from monokoto.operate.alerts.told import evidence_to_json, told_of
from monokoto.operate.rules import AlertChange, ChangeKind

_WHAT = {ChangeKind.RAISED: What.RAISED, ChangeKind.SEVERITY: What.SEVERITY, ChangeKind.CLEARED: What.CLEARED}
_GROUP = ALERT_GROUP_SECONDS * MICROSECONDS_PER_SECOND
_REVEALED_AT_ONCE = 20_000


class Units(Protocol):
    """Who the units are (fleet's `Directory`)."""

    def get(self, unit_id: int) -> UnitIdentity | None: ...


@dataclass(frozen=True, slots=True)
class Window:
    """A maintenance window as far as alerts are marked by it."""

    id: MaintenanceWindowId
    begins_at: int
    ends_at: int
    units: Collection[int]


Windows = Sequence[Window]


def above(units: Units, unit_id: int) -> list[int]:
    """The unit and all above it, from the unit on."""
    chain = [unit_id]
    for _ in range(TREE_DEPTH_MAX):
        known = units.get(chain[-1])
        if known is None or not known.parent_id:
            break
        chain.append(known.parent_id)
    return chain


def group_of(organisation_id: int, rule: str, instance: int, top_id: int) -> int:
    """The group of an alert: of one rule, begun in one span of time, under one top; units that are parts of nothing together."""
    return _hashed(f"{organisation_id}\0{rule}\0{instance // _GROUP}\0{top_id}")


def _hashed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) >> 1


class Taker:
    """One transaction's worth of changes of one organisation."""

    def __init__(self, connection: sa.Connection, organisation_id: int, units: Units, now: Instant) -> None:
        self._connection = connection
        self._organisation_id = OrganisationId(organisation_id)
        self._units = units
        self._now = now
        self._number = store.next_number(connection, organisation_id)
        self._events: list[AlertEvent] = []
        self._new: dict[Name, Alert] = {}
        self._changed: list[Alert] = []

    def take(self, changes: Sequence[AlertChange], windows: Windows) -> list[AlertEvent]:
        """Take them in; what is new, in the order of its event time."""
        named: dict[Name, list[AlertChange]] = {}
        for change in changes:
            named.setdefault((change.unit_id, change.rule, change.instance), []).append(change)
        known = store.read_named(self._connection, self._organisation_id, named.keys())
        lines = store.read_event_ids(self._connection, self._organisation_id, [alert.id for alert in known.values()])
        shelves = store.read_shelves(
            self._connection, self._organisation_id, {unit_id for unit_id, _, _ in named}, self._now
        )
        cleared: set[str] = set()
        for name, some in named.items():
            alert = known.get(name)
            fresh = self._begun(name, some) if alert is None else self._moved(alert, some)
            count = self._write_lines(fresh, some, lines)
            if fresh.told.suppressed_by and (alert is None or not alert.told.suppressed_by):
                fresh = replace(fresh, undecided_until=Instant(self._now + fresh.told.suppress_grace))
            if alert is None or alert.told.raised_at is None:
                fresh = _marked(fresh, self._units, windows, shelves)
            if not fresh.standing and (alert is None or alert.standing):
                cleared.update(store.names_of(fresh.rule))
            if alert is None:
                self._new[name] = replace(fresh, events=count)
            elif fresh is not alert or count:
                self._changed.append(
                    replace(fresh, events=alert.events + count, number=self._number, changed_at=self._now)
                )
        self._detect_flapping()
        store.insert(self._connection, list(self._new.values()))
        store.update(self._connection, self._organisation_id, self._changed)
        if cleared:
            self._events += reveal(
                self._connection, self._organisation_id, self._units, self._now, self._number, by_rules=cleared
            )
        self._events.sort(key=lambda event: (event.at, event.what != What.RAISED))
        store.insert_events(self._connection, self._events)
        return self._events

    def _begun(self, name: Name, changes: Sequence[AlertChange]) -> Alert:
        unit_id, rule, instance = name
        unit = self._units.get(unit_id)
        top_id = next(iter(above(self._units, unit_id)[:0:-1]), 0)
        return Alert(
            id=AlertId(new_id()),
            organisation_id=self._organisation_id,
            unit_id=UnitId(unit_id),
            rule=rule,
            instance=Instant(instance),
            told=told_of(changes),
            product="" if unit is None else str(unit.product),
            top_id=top_id,
            group_id=group_of(self._organisation_id, rule, instance, top_id),
            created_at=self._now,
            changed_at=self._now,
            number=self._number,
        )

    def _moved(self, alert: Alert, changes: Sequence[AlertChange]) -> Alert:
        """The alert after the changes, itself when they say nothing new. Its rule's word on its end takes the place of
        somebody's."""
        if alert.cleared_by is None:
            told = told_of(changes, alert.told)
            return alert if told == alert.told else replace(alert, told=told)
        told = told_of(changes, replace(alert.told, cleared_at=None))
        if told.cleared_at is not None:
            return replace(alert, told=told, cleared_by=None)
        told = replace(told, cleared_at=alert.told.cleared_at)
        return alert if told == alert.told else replace(alert, told=told)

    def _write_lines(self, alert: Alert, changes: Sequence[AlertChange], known: set[int]) -> int:
        """What is new of these changes goes into the timeline; how many lines."""
        count = 0
        for change in changes:
            event_id = _hashed(f"{alert.id}\0{change.kind}\0{change.at}\0{change.severity}")
            full = alert.events + count >= ALERT_EVENTS_MAX and change.kind is ChangeKind.SEVERITY
            if event_id in known or full:
                continue
            known.add(event_id)
            count += 1
            self._events.append(
                AlertEvent(
                    id=AlertEventId(event_id),
                    organisation_id=self._organisation_id,
                    alert_id=alert.id,
                    unit_id=alert.unit_id,
                    what=_WHAT[change.kind],
                    at=change.at,
                    told_at=self._now,
                    number=self._number,
                    severity=change.severity,
                    rule_version=change.rule_version,
                    evidence=evidence_to_json(change.evidence),
                )
            )
        return count

    def _detect_flapping(self) -> None:
        """Look at the beginnings that are new, and at those after them."""
        if not self._new:
            return
        first: dict[tuple[int, str], int] = {}
        for unit_id, rule, instance in self._new:
            first[unit_id, rule] = min(instance, first.get((unit_id, rule), instance))
        unit_ids = {unit_id for unit_id, _ in first}
        old = store.read_begun(self._connection, self._organisation_id, unit_ids, min(first.values()) - SPAN)
        fresh = [
            Begun(alert.id, alert.unit_id, alert.rule, alert.instance, Flapping.NO) for alert in self._new.values()
        ]
        by_id = {alert.id: name for name, alert in self._new.items()}
        changed: dict[int, Flapping] = {}
        for begun, flapping in judged(first, [*old, *fresh]):
            if begun.alert_id in by_id:
                name = by_id[AlertId(begun.alert_id)]
                if flapping is not Flapping.NO:
                    self._new[name] = replace(self._new[name], flapping=flapping)
            elif flapping is not begun.flapping:
                changed[begun.alert_id] = flapping
        self._changed = [
            replace(alert, flapping=changed.pop(alert.id)) if alert.id in changed else alert for alert in self._changed
        ]
        store.write_flapping(self._connection, self._organisation_id, changed, self._number)


def judged(first: Mapping[tuple[int, str], int], beginnings: Iterable[Begun]) -> list[tuple[Begun, Flapping]]:
    """What flap detection says of beginnings, by unit and rule, from the first new one of each on."""
    found: list[tuple[Begun, Flapping]] = []
    by_pair: dict[tuple[int, str], list[Begun]] = {pair: [] for pair in first}
    for begun in beginnings:
        pair = (begun.unit_id, begun.rule)
        # What lies further back than the span before the first new one was judged, and nothing of it can change.
        if pair in by_pair and begun.instance > first[pair] - SPAN:
            by_pair[pair].append(begun)
    for pair, some in by_pair.items():
        some.sort(key=lambda one: (one.instance, one.alert_id))
        earlier = [one for one in some if one.instance < first[pair]]
        later = some[len(earlier) :]
        verdicts = flaps(
            [one.instance for one in later],
            earlier=[one.instance for one in earlier],
            flapping=bool(earlier) and earlier[-1].flapping is not Flapping.NO,
        )
        found += zip(later, verdicts, strict=True)
    return found


def _marked(alert: Alert, units: Units, windows: Windows, shelves: Mapping[tuple[str, int], int]) -> Alert:
    """Marked with the window in which it was raised, and with the shelf its rule lies on."""
    at = alert.told.opened_at if alert.told.raised_at is not None else alert.instance
    window = window_over(windows, units, alert.unit_id, at)
    until = shelves.get((alert.rule, alert.unit_id))
    if window is None and until is None:
        return alert
    return replace(
        alert,
        maintenance_id=None if window is None else window.id,
        maintenance_until=None if window is None else Instant(window.ends_at),
        shelved_until=alert.shelved_until if until is None else Instant(until),
    )


def window_over(windows: Windows, units: Units, unit_id: int, at: int) -> Window | None:
    """The first window that at an instant covers the unit, or one it is a part of."""
    open_then = [one for one in windows if one.begins_at <= at < one.ends_at]
    if not open_then:
        return None
    chain = above(units, unit_id)
    return next((one for one in open_then if any(unit in one.units for unit in chain)), None)


def reveal(
    connection: sa.Connection,
    organisation_id: int,
    units: Units,
    now: Instant,
    number: int,
    *,
    by_rules: Collection[str] | None = None,
) -> list[AlertEvent]:
    """Let alerts come to light that nothing hides any more; the lines to add to their timelines. See `decided`."""
    lit, settled = [], []
    for alert, at in decided(connection, organisation_id, units, now, by_rules=by_rules):
        if at is None:
            settled.append(replace(alert, undecided_until=None))
        else:
            fresh = replace(alert, revealed_at=at, undecided_until=None, number=number, changed_at=now)
            lit.append(replace(fresh, events=alert.events + 1))
    store.update(connection, organisation_id, [*lit, *settled])
    return [line_of(alert, What.REVEALED, at=alert.revealed_at or now, told_at=now) for alert in lit]


def decided(
    connection: sa.Connection,
    organisation_id: int,
    units: Units,
    now: Instant,
    *,
    by_rules: Collection[str] | None = None,
) -> list[tuple[Alert, Instant | None]]:
    """Hidden alerts of which it is decided when they come to light, and when; None: never. `by_rules`: of those these hide."""
    candidates = store.read_hidden(connection, organisation_id, now=now, by_rules=by_rules, limit=_REVEALED_AT_ONCE)
    if not candidates:
        return []
    chains = {alert.unit_id: above(units, alert.unit_id) for alert in candidates}
    intervals = store.read_intervals(
        connection,
        organisation_id,
        {alert.told.suppressed_by for alert in candidates},
        {unit_id for chain in chains.values() for unit_id in chain},
        min(alert.told.opened_at for alert in candidates),
    )
    found: list[tuple[Alert, Instant | None]] = []
    for alert in candidates:
        by, grace = alert.told.suppressed_by, alert.told.suppress_grace
        # A rule that hides its own alerts does so from further up.
        chain = chains[alert.unit_id][1 if by in store.names_of(alert.rule) else 0 :]
        hiding = [one for unit_id in chain for one in intervals.get((by, unit_id), ())]
        light = comes_to_light(alert.told.opened_at, alert.told.cleared_at, hiding, grace=grace)
        if light is Hidden.FOR_GOOD:
            found.append((alert, None))
        elif isinstance(light, Light) and now >= _seen_at(alert, light, grace):
            found.append((alert, Instant(light.at)))
    return found


def _seen_at(alert: Alert, light: Light, grace: int) -> int:
    """From when on (our clock) an alert is shown that comes to light, if nothing comes that hides it: not before that could be
    told. A unit's clock may be wrong, so its word alone keeps nothing hidden for long."""
    if light.last is None:
        return alert.undecided_until or 0
    return min(light.at, light.last.known_at + grace)


def line_of(alert: Alert, what: What, *, at: int, told_at: Instant) -> AlertEvent:
    """A line that time wrote."""
    return AlertEvent(
        id=AlertEventId(new_id()),
        organisation_id=alert.organisation_id,
        alert_id=alert.id,
        unit_id=alert.unit_id,
        what=what,
        at=Instant(at),
        told_at=told_at,
        number=alert.number,
        severity=alert.severity,
        rule_version=alert.told.rule_version,
    )


def told_instants(changes: Iterable[AlertChange]) -> tuple[int, int]:
    """The first and the last event time at which something may have been raised."""
    instants = [instant for change in changes for instant in (change.instance, change.at)]
    return min(instants), max(instants)

"""Alerts as the API shows them, each viewer what is theirs to know.

Of people on the other side only the side is shown. Whoever holds a unit no longer is not shown what became of its alerts since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.operate.alerts.alert import Alert, AlertEvent, By, Flapping, Quiet, State, What
from monokoto.operate.alerts.listing import AlertCounts, AlertGroup
from monokoto.operate.alerts.service import Alerts
from monokoto.operate.alerts.told import evidence_from_json
from monokoto.operate.alerts.viewer import Viewer
from monokoto.operate.alerts.windows import Concerned, MaintenanceWindow
from monokoto.operate.rules import Severity


class AlertByJson(msgspec.Struct, frozen=True):
    """Somebody who did something about an alert."""

    side: Annotated[str, Meta(description="`own`: of the asker's organisation; else `maker` or `owner`")]
    id: Annotated[str | None, Meta(description="The person or key; null for people of the other side")]


class AlertJson(msgspec.Struct, frozen=True):
    """An alert as it stands."""

    id: str
    unit: str
    serial: str
    product: str
    rule: Annotated[str, Meta(description="`product/name`, or the id of a rule an organisation added")]
    rule_version: str
    own: Annotated[bool, Meta(description="Whether the rule is the asker's organisation's")]
    title: Annotated[dict[str, str], Meta(description="The rule's title by language")]
    severity: Severity
    severity_max: Annotated[Severity, Meta(description="The worst it was")]
    state: State
    began_at: Annotated[str, Meta(description="When its condition became true, by the unit's time")]
    raised_at: str | None
    cleared_at: str | None
    acknowledged_at: str | None
    acknowledged_by: AlertByJson | None
    assignee: Annotated[str | None, Meta(description="A member of the rule's organisation; to others null")]
    group: Annotated[str, Meta(description="Of alerts of one rule that began about the same time")]
    quiet: Annotated[Quiet | None, Meta(description="Why nobody is told of it; null: somebody is")]
    suppressed_by: Annotated[str, Meta(description="The rule whose alerts may hide it")]
    revealed_at: Annotated[str | None, Meta(description="Since when no such alert hides it")]
    flapping: bool
    maintenance: Annotated[str | None, Meta(description="The maintenance window in which it was raised")]
    shelved_until: str | None
    created_at: Annotated[str, Meta(description="When it was first told of")]
    changed_at: str


class EvidenceJson(msgspec.Struct, frozen=True):
    """A value that spoke for a change."""

    name: Annotated[str, Meta(description="A property, or a signal of the rule")]
    at: str
    value: float | str | bool | None


class AlertEventJson(msgspec.Struct, frozen=True):
    """A line of an alert's timeline."""

    id: str
    what: What
    at: Annotated[str, Meta(description="Of what the rule told by the unit's time, of all else by ours")]
    told_at: str
    severity: Severity
    rule_version: str
    by: Annotated[AlertByJson | None, Meta(description="null: the rule, or time")]
    text: Annotated[str, Meta(description="A comment; to whom it was given; until when it was shelved")]
    shared: Annotated[bool, Meta(description="A comment that the other side may read")]
    evidence: list[EvidenceJson]


class AlertDetailJson(AlertJson, frozen=True):
    """An alert with all that happened to it."""

    help: Annotated[dict[str, str], Meta(description="What to do, by language")]
    evidence: Annotated[list[EvidenceJson], Meta(description="What spoke for raising it")]
    timeline: list[AlertEventJson]


class AlertGroupJson(msgspec.Struct, frozen=True):
    """Alerts of one rule that began about the same time, under one uppermost unit or on units that are parts of nothing."""

    group: str
    rule: str
    title: dict[str, str]
    top: Annotated[str | None, Meta(description="The uppermost unit above them; null: they are parts of nothing")]
    began_at: str
    last_at: Annotated[str, Meta(description="When the last of them began")]
    alerts: int
    units: int
    standing: int
    acknowledged: int
    severity: Annotated[Severity, Meta(description="The worst")]
    latest: Annotated[str, Meta(description="The youngest alert")]


class AlertCountsJson(msgspec.Struct, frozen=True):
    """How many alerts there are to look at. What is shelved or hidden stands in no other number."""

    standing: int
    unacknowledged: Annotated[int, Meta(description="Of those that stand")]
    severities: Annotated[dict[str, int], Meta(description="Of those that stand")]
    cleared: Annotated[int, Meta(description="Over, and not acknowledged")]
    flapping: int
    maintenance: int
    shelved: int
    suppressed: int


class MaintenanceWindowJson(msgspec.Struct, frozen=True, rename={"begins_at": "from", "ends_at": "to"}):
    """A maintenance window."""

    id: str
    begins_at: str
    ends_at: str
    reason: str
    selection: Concerned
    over: bool
    created_at: str
    created_by: str | None


def alert_to_json(alerts: Alerts, viewer: Viewer, alert: Alert) -> AlertJson:
    """As this viewer may see it. Blocking for a moment: titles of rules may be looked up."""
    return AlertJson(**_members(alerts, viewer, alert))


def detail_to_json(alerts: Alerts, viewer: Viewer, alert: Alert, timeline: Sequence[AlertEvent]) -> AlertDetailJson:
    """With its timeline. Blocking for a moment."""
    text = alerts.texts(alert.organisation_id, alert.rule, alert.told.rule_version)
    return AlertDetailJson(
        **_members(alerts, viewer, alert),
        help=dict(text.help),
        evidence=evidence_to_json(alert.told.evidence),
        timeline=[event_to_json(viewer, alert, event) for event in timeline],
    )


def _members(alerts: Alerts, viewer: Viewer, alert: Alert) -> dict[str, Any]:
    told, own = alert.told, viewer.owns(alert)
    unit = alerts.units.get(alert.unit_id)
    current = told.severity_at < told.opened_at or viewer.holds(alert, told.severity_at)
    return {
        "id": format_id(alert.id),
        "unit": format_id(alert.unit_id),
        "serial": "" if unit is None else unit.serial,
        "product": alert.product,
        "rule": alert.rule,
        "rule_version": told.rule_version,
        "own": own,
        "title": dict(alerts.texts(alert.organisation_id, alert.rule, told.rule_version).title),
        "severity": told.severity if current else told.opened_severity,
        "severity_max": told.severity_max if current else told.opened_severity,
        "began_at": format_instant(alert.instance),
        "raised_at": _text(told.raised_at),
        "assignee": format_id(alert.assignee) if own and alert.assignee else None,
        "group": format_id(alert.group_id),
        "quiet": viewer.quiet(alert, alerts.now),
        "suppressed_by": told.suppressed_by,
        "revealed_at": _text(alert.revealed_at),
        "flapping": alert.flapping is not Flapping.NO,
        "maintenance": format_id(alert.maintenance_id) if own and alert.maintenance_id else None,
        "shelved_until": _text(alert.shelved_until) if own else None,
        "created_at": format_instant(alert.created_at),
        "changed_at": format_instant(alert.changed_at),
        **_ending(viewer, alert),
    }


def _ending(viewer: Viewer, alert: Alert) -> dict[str, Any]:
    """How it went on, as far as the unit was the viewer's."""
    cleared, acknowledged = alert.told.cleared_at, alert.acknowledged_at
    if viewer.past(alert):
        cleared = cleared if cleared is not None and viewer.holds(alert, cleared) else None
        acknowledged = acknowledged if acknowledged is not None and viewer.holds(alert, acknowledged) else None
    by = alert.acknowledged_by
    return {
        "state": State.CLOSED if viewer.past(alert) and cleared is None else alert.state,
        "cleared_at": _text(cleared),
        "acknowledged_at": _text(acknowledged),
        "acknowledged_by": None if acknowledged is None or by is None else by_to_json(viewer, alert, by),
    }


def by_to_json(viewer: Viewer, alert: Alert, by: By) -> AlertByJson:
    """Somebody, as this viewer may know them."""
    if by.organisation_id == viewer.organisation_id:
        return AlertByJson("own", format_id(by.actor_id) if by.actor_id else None)
    return AlertByJson("maker" if by.organisation_id == alert.organisation_id else "owner", None)


def event_to_json(viewer: Viewer, alert: Alert, event: AlertEvent) -> AlertEventJson:
    """A line that is the viewer's to read."""
    return AlertEventJson(
        id=format_id(event.id),
        what=event.what,
        at=format_instant(event.at),
        told_at=format_instant(event.told_at),
        severity=event.severity,
        rule_version=event.rule_version,
        by=None if event.by is None else by_to_json(viewer, alert, event.by),
        text=event.text,
        shared=event.shared,
        evidence=evidence_to_json(event.evidence),
    )


def evidence_to_json(text: str) -> list[EvidenceJson]:
    """What was kept."""
    return [EvidenceJson(one.name, format_instant(one.at), one.value) for one in evidence_from_json(text)]


def group_to_json(alerts: Alerts, viewer: Viewer, group: AlertGroup) -> AlertGroupJson:
    """As the API shows it. Blocking for a moment."""
    return AlertGroupJson(
        group=format_id(group.group_id),
        rule=group.rule,
        title=dict(alerts.texts(group.organisation_id, group.rule, "").title),
        top=format_id(group.top_id) if group.top_id and group.organisation_id == viewer.organisation_id else None,
        began_at=format_instant(group.began_at),
        last_at=format_instant(group.last_at),
        alerts=group.alerts,
        units=group.units,
        standing=group.standing,
        acknowledged=group.acknowledged,
        severity=group.severity,
        latest=format_id(group.latest_id),
    )


def counts_to_json(counts: AlertCounts) -> AlertCountsJson:
    """As the API shows it."""
    return AlertCountsJson(
        standing=counts.standing,
        unacknowledged=counts.unacknowledged,
        severities={severity.value: counts.severities.get(severity, 0) for severity in Severity},
        cleared=counts.cleared,
        flapping=counts.flapping,
        maintenance=counts.maintenance,
        shelved=counts.shelved,
        suppressed=counts.suppressed,
    )


def window_to_json(window: MaintenanceWindow, now: int) -> MaintenanceWindowJson:
    """As the API shows it."""
    return MaintenanceWindowJson(
        id=format_id(window.id),
        begins_at=format_instant(window.begins_at),
        ends_at=format_instant(window.ends_at),
        reason=window.reason,
        selection=window.concerned,
        over=window.ends_at <= now,
        created_at=format_instant(window.created_at),
        created_by=format_id(window.actor_id) if window.actor_id else None,
    )


def _text(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)

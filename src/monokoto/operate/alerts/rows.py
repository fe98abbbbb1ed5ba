"""Alerts and their timelines as rows, and long lists of ids as one bound value."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AlertEventId, AlertId, MaintenanceWindowId, OrganisationId, UnitId
from monokoto.operate.alerts.alert import Alert, AlertEvent, By, Flapping, What
from monokoto.operate.alerts.told import Told, kind_at, rank_of
from monokoto.operate.rules import Severity

_SEVERITIES = tuple(Severity)


def alert_from_row(row: sa.Row[Any]) -> Alert:
    """The value in a row."""
    return Alert(
        id=AlertId(row.alert_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        rule=row.rule,
        instance=Instant(row.instance),
        product=row.product,
        top_id=row.top_id,
        group_id=row.group_id,
        told=Told(
            opened_by=kind_at(row.opened_by),
            opened_at=Instant(row.opened_at),
            rule_version=row.rule_version,
            audience=row.audience,
            suppressed_by=row.suppressed_by,
            suppress_grace=row.suppress_grace,
            evidence=row.evidence,
            opened_severity=_SEVERITIES[row.opened_severity],
            severity=_SEVERITIES[row.severity],
            severity_at=row.severity_at,
            severity_max=_SEVERITIES[row.severity_max],
            cleared_at=_instant(row.cleared_at),
        ),
        flapping=Flapping(row.flapping),
        revealed_at=_instant(row.revealed_at),
        undecided_until=_instant(row.undecided_until),
        maintenance_id=None if row.maintenance_id is None else MaintenanceWindowId(row.maintenance_id),
        maintenance_until=_instant(row.maintenance_until),
        shelved_until=_instant(row.shelved_until),
        acknowledged_at=_instant(row.acknowledged_at),
        acknowledged_by=_by(row.acknowledged_in, row.acknowledged_by),
        assignee=row.assignee,
        cleared_by=_by(row.cleared_in, row.cleared_by),
        comments=row.comments,
        events=row.events,
        created_at=Instant(row.created_at),
        changed_at=Instant(row.changed_at),
        number=row.number,
    )


def alert_to_row(alert: Alert) -> dict[str, Any]:
    """The row of an alert."""
    told = alert.told
    return {
        "alert_id": alert.id,
        "organisation_id": alert.organisation_id,
        "unit_id": alert.unit_id,
        "rule": alert.rule,
        "instance": alert.instance,
        "product": alert.product,
        "top_id": alert.top_id,
        "group_id": alert.group_id,
        "opened_by": rank_of(told.opened_by),
        "opened_at": told.opened_at,
        "rule_version": told.rule_version,
        "audience": told.audience,
        "suppressed_by": told.suppressed_by,
        "suppress_grace": told.suppress_grace,
        "evidence": told.evidence,
        "opened_severity": told.opened_severity.rank,
        "severity": told.severity.rank,
        "severity_at": told.severity_at,
        "severity_max": told.severity_max.rank,
        "cleared_at": told.cleared_at,
        "flapping": int(alert.flapping),
        "revealed_at": alert.revealed_at,
        "undecided_until": alert.undecided_until,
        "maintenance_id": alert.maintenance_id,
        "maintenance_until": alert.maintenance_until,
        "shelved_until": alert.shelved_until,
        "acknowledged_at": alert.acknowledged_at,
        "acknowledged_in": 0 if alert.acknowledged_by is None else alert.acknowledged_by.organisation_id,
        "acknowledged_by": 0 if alert.acknowledged_by is None else alert.acknowledged_by.actor_id,
        "assignee": alert.assignee,
        "cleared_in": 0 if alert.cleared_by is None else alert.cleared_by.organisation_id,
        "cleared_by": 0 if alert.cleared_by is None else alert.cleared_by.actor_id,
        "comments": alert.comments,
        "events": alert.events,
        "created_at": alert.created_at,
        "changed_at": alert.changed_at,
        "number": alert.number,
    }


def event_from_row(row: sa.Row[Any]) -> AlertEvent:
    """The value in a row."""
    return AlertEvent(
        id=AlertEventId(row.event_id),
        organisation_id=OrganisationId(row.organisation_id),
        alert_id=AlertId(row.alert_id),
        unit_id=UnitId(row.unit_id),
        what=What(row.what),
        at=Instant(row.at),
        told_at=Instant(row.told_at),
        number=row.number,
        severity=_SEVERITIES[row.severity],
        rule_version=row.rule_version,
        by=_by(row.by_organisation, row.by_actor),
        text=row.text,
        shared=row.shared,
        evidence=row.evidence,
    )


def event_to_row(event: AlertEvent) -> dict[str, Any]:
    """The row of a line of a timeline."""
    return {
        "event_id": event.id,
        "organisation_id": event.organisation_id,
        "alert_id": event.alert_id,
        "unit_id": event.unit_id,
        "what": event.what.value,
        "at": event.at,
        "told_at": event.told_at,
        "number": event.number,
        "severity": event.severity.rank,
        "rule_version": event.rule_version,
        "by_organisation": 0 if event.by is None else event.by.organisation_id,
        "by_actor": 0 if event.by is None else event.by.actor_id,
        "text": event.text,
        "shared": event.shared,
        "evidence": event.evidence,
    }


def listed(connection: sa.Connection, ids: Iterable[int]) -> sa.Select[Any]:
    """A query for these ids, however many: one value is bound, a JSON list of them."""
    text = sa.bindparam(None, json.dumps(list(ids)), sa.Text)
    rows = (
        sa.func.json_each(text)
        if connection.dialect.name == "sqlite"
        else sa.func.json_array_elements_text(sa.cast(text, sa.JSON))
    ).table_valued("value")
    return sa.select(sa.cast(rows.c.value, sa.BigInteger))


def listed_numbers(connection: sa.Connection, rows: Sequence[Sequence[int]], columns: Sequence[str]) -> sa.Subquery:
    """A table of whole numbers as a query's source; one value is bound."""
    text = sa.bindparam(None, json.dumps(rows), sa.Text)
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(text).table_valued("value")
        cells: list[sa.ColumnElement[int]] = [
            sa.func.json_extract(each.c.value, f"$[{place}]", type_=sa.BigInteger) for place in range(len(columns))
        ]
    else:
        each = sa.func.json_array_elements(sa.cast(text, sa.JSON)).table_valued(sa.column("value", sa.JSON))
        cells = [
            sa.cast(each.c.value.op("->>")(sa.literal_column(str(place))), sa.BigInteger)
            for place in range(len(columns))
        ]
    named = [cell.label(name) for cell, name in zip(cells, columns, strict=True)]
    return sa.select(*named).subquery()


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)


def _by(organisation_id: int, actor_id: int) -> By | None:
    return By(OrganisationId(organisation_id), actor_id) if organisation_id else None

"""When alerts stood, for who counts how long units were not available. Hidden ones too: what hides an alert does not mend it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AlertId, UnitId
from monokoto.operate.alerts.tables import alert_changes, alerts

_UNITS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Stood:
    """From when until when one stood, in event time."""

    alert_id: AlertId
    unit_id: UnitId
    begin: Instant
    end: Instant | None
    """None: it stands."""


@dataclass(frozen=True, slots=True)
class OutageChange:
    """Something of what was said about a time that was over, or goes on, is said otherwise now."""

    product: str
    unit_id: int
    begin: Instant
    """Nothing before it is another."""


def read_changed(
    connection: sa.Connection, organisation_id: int, rules: Collection[str], mark: int, limit: int
) -> tuple[list[OutageChange], int]:
    """The alerts of these rules that changed past a count of changes, about `limit` of them, and the count they go up to."""
    table = alerts.c
    counted = sa.select(alert_changes.c.number).where(alert_changes.c.organisation_id == organisation_id)
    upto = connection.execute(counted).scalar() or 0
    mine = (table.organisation_id == organisation_id, table.rule.in_(sorted(rules)), table.number > mark)
    # One transaction's changes have one number, and are not torn apart.
    page = sa.select(table.number).where(*mine, table.number <= upto).order_by(table.number).offset(limit).limit(1)
    last = connection.execute(page).scalar()
    upto = upto if last is None else last
    query = sa.select(table.product, table.unit_id, table.instance).where(*mine, table.number <= upto)
    found = [OutageChange(row.product, row.unit_id, Instant(row.instance)) for row in connection.execute(query)]
    return found, upto


def read_stood(
    connection: sa.Connection,
    organisation_id: int,
    rules: Collection[str],
    units: Collection[int],
    begin: int,
    end: int,
) -> list[Stood]:
    """Those that stood at some time from `begin` until before `end`, by unit and beginning."""
    found: list[Stood] = []
    asked, table = sorted(units), alerts.c
    for start in range(0, len(asked), _UNITS_AT_ONCE):
        query = sa.select(table.alert_id, table.unit_id, table.instance, table.cleared_at).where(
            table.organisation_id == organisation_id,
            table.unit_id.in_(asked[start : start + _UNITS_AT_ONCE]),
            table.rule.in_(sorted(rules)),
            table.instance < end,
            table.cleared_at.is_(None) | (table.cleared_at > begin),
        )
        for row in connection.execute(query.order_by(table.unit_id, table.instance, table.alert_id)):
            over = None if row.cleared_at is None else Instant(row.cleared_at)
            found.append(Stood(AlertId(row.alert_id), UnitId(row.unit_id), Instant(row.instance), over))
    return found

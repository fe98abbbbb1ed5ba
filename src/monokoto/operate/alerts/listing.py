"""Finding alerts: filters, orders, pages, groups, counts; always within what lies open to the asker."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import sqlalchemy as sa

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.limits import ALERT_GROUPS_LOOKED_MAX
from monokoto.operate.alerts.alert import Alert, Flapping, State
from monokoto.operate.alerts.rows import alert_from_row
from monokoto.operate.alerts.tables import alerts
from monokoto.operate.alerts.viewer import Viewer, open_to
from monokoto.operate.rules import Severity
from monokoto.web import Page, Sorting, decode_cursor, encode_cursor

SORTING = Sorting(
    {
        "began_at": alerts.c.instance,
        "severity": alerts.c.severity,
        "changed_at": alerts.c.changed_at,
        "created_at": alerts.c.alert_id,  # ids rise with time
    },
    unique=alerts.c.alert_id,
    default="-began_at",
)
"""The orders of alerts."""
STANDING_STATES = (State.RAISED, State.ACKNOWLEDGED)
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts; every condition given must hold."""

    states: tuple[State, ...] = ()
    """One of these; empty: any."""
    severity_min: Severity | None = None
    unit_id: int = 0
    top_id: int = 0
    """On this uppermost unit or any part of it."""
    product: str = ""
    rule: str = ""
    assignee: int | None = None
    """A person; 0: nobody."""
    group_id: int = 0
    shelved: bool | None = False
    """None: those on a shelf and the others."""
    suppressed: bool | None = False
    """None: those another rule's alert hides and the others."""
    begin: int | None = None
    """Begun at this instant or later."""
    end: int | None = None
    """Begun before this instant."""


def conditions(viewer: Viewer, wanted: AlertFilter, now: int) -> list[sa.ColumnElement[bool]]:
    """The filter."""
    table = alerts.c
    found: list[sa.ColumnElement[bool]] = []
    if wanted.states:
        found.append(sa.or_(*(_in_state(state) for state in dict.fromkeys(wanted.states))))
    if wanted.severity_min is not None:
        found.append(table.severity >= wanted.severity_min.rank)
    for column, value in (
        (table.unit_id, wanted.unit_id),
        (table.product, wanted.product),
        (table.rule, wanted.rule),
        (table.group_id, wanted.group_id),
    ):
        if value:
            found.append(column == value)
    if wanted.top_id:
        found.append((table.top_id == wanted.top_id) | (table.unit_id == wanted.top_id))
    if wanted.assignee is not None:
        # To whom another organisation gave an alert is not for its owners to know.
        found += [table.assignee == wanted.assignee, table.organisation_id == viewer.organisation_id]
    shelved = sa.and_(table.shelved_until.is_not(None), table.shelved_until > now)
    shelved = shelved & (table.organisation_id == viewer.organisation_id)
    hidden = (table.suppressed_by != "") & table.revealed_at.is_(None)
    for wish, condition in ((wanted.shelved, shelved), (wanted.suppressed, hidden)):
        if wish is not None:
            found.append(condition if wish else sa.not_(sa.func.coalesce(condition, sa.false())))
    if wanted.begin is not None:
        found.append(table.instance >= wanted.begin)
    if wanted.end is not None:
        found.append(table.instance < wanted.end)
    return found


def _in_state(state: State) -> sa.ColumnElement[bool]:
    stands = alerts.c.cleared_at.is_(None) if state in STANDING_STATES else alerts.c.cleared_at.is_not(None)
    noticed = state in {State.ACKNOWLEDGED, State.CLOSED}
    column = alerts.c.acknowledged_at
    return stands & (column.is_not(None) if noticed else column.is_(None))


def list_alerts(
    connection: sa.Connection,
    viewer: Viewer,
    wanted: AlertFilter,
    *,
    now: int,
    sort: str,
    limit: int,
    cursor: str | None,
) -> Page[Alert]:
    """A page. Raises Invalid for an order or a cursor that is none."""
    orders = SORTING.orders(sort, cursor)
    query = _open(connection, viewer, wanted, now)
    if cursor:
        query = query.where(SORTING.past(orders, cursor))
    rows = connection.execute(query.order_by(*(order.clause for order in orders)).limit(limit + 1)).all()
    next_cursor = SORTING.cursor(orders, rows[limit - 1]) if len(rows) > limit else None
    return Page(items=[alert_from_row(row) for row in rows[:limit]], next_cursor=next_cursor)


def _open(connection: sa.Connection, viewer: Viewer, wanted: AlertFilter, now: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(alerts).where(
        alerts.c.organisation_id.in_(viewer.organisations),
        open_to(connection, viewer),
        *conditions(viewer, wanted, now),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertGroup:
    """Alerts of one rule that began about the same time, under one top or on units that are parts of nothing."""

    group_id: int
    organisation_id: int
    rule: str
    top_id: int
    """The uppermost unit above all of them; 0: they are parts of nothing."""
    began_at: int
    last_at: int
    """The last of them began then."""
    alerts: int
    units: int
    standing: int
    acknowledged: int
    severity: Severity
    """The worst."""
    latest_id: int
    """The youngest alert."""


def list_groups(
    connection: sa.Connection, viewer: Viewer, wanted: AlertFilter, *, now: int, limit: int, cursor: str | None
) -> Page[AlertGroup]:
    """The groups of the alerts for which the filter holds, the last to begin first."""
    table = alerts.c
    last = sa.func.max(table.instance)
    query = sa.select(
        table.group_id,
        sa.func.min(table.organisation_id).label("organisation"),
        sa.func.min(table.rule).label("rule"),
        sa.func.min(table.top_id).label("top"),
        sa.func.min(table.instance).label("began"),
        last.label("last"),
        sa.func.count().label("alerts"),
        sa.func.count(sa.distinct(table.unit_id)).label("units"),
        sa.func.sum(sa.case((table.cleared_at.is_(None), 1), else_=0)).label("standing"),
        sa.func.sum(sa.case((table.acknowledged_at.is_not(None), 1), else_=0)).label("acknowledged"),
        sa.func.max(table.severity).label("severity"),
        sa.func.max(table.alert_id).label("latest"),
    ).where(
        table.organisation_id.in_(viewer.organisations), open_to(connection, viewer), *conditions(viewer, wanted, now)
    )
    query = query.group_by(table.group_id)
    if cursor:
        at, group_id = decode_cursor(cursor, int, int)
        if not all(abs(one) < 1 << 63 for one in (at, group_id)):
            raise Invalid("The cursor is not one this list gave out.", faults=[Fault(place="cursor", reason="damaged")])
        here = sa.tuple_(last, table.group_id)
        bound = sa.tuple_(sa.bindparam(None, at, sa.BigInteger), sa.bindparam(None, group_id, sa.BigInteger))
        query = query.having(here < bound)
    query = query.order_by(last.desc(), table.group_id.desc()).limit(min(limit + 1, ALERT_GROUPS_LOOKED_MAX))
    rows = connection.execute(query).all()
    next_cursor = encode_cursor(rows[limit - 1].last, rows[limit - 1].group_id) if len(rows) > limit else None
    found = [
        AlertGroup(
            group_id=row.group_id,
            organisation_id=row.organisation,
            rule=row.rule,
            top_id=row.top,
            began_at=row.began,
            last_at=row.last,
            alerts=row.alerts,
            units=row.units,
            standing=row.standing,
            acknowledged=row.acknowledged,
            severity=_SEVERITIES[row.severity],
            latest_id=row.latest,
        )
        for row in rows[:limit]
    ]
    return Page(items=found, next_cursor=next_cursor)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCounts:
    """How many alerts stand; those that are hidden or shelved are only in their own numbers."""

    standing: int = 0
    unacknowledged: int = 0
    severities: dict[Severity, int] = field(default_factory=dict)
    """Of those that stand."""
    cleared: int = 0
    """Over, and not acknowledged."""
    flapping: int = 0
    maintenance: int = 0
    shelved: int = 0
    suppressed: int = 0


def count_alerts(connection: sa.Connection, viewer: Viewer, *, now: int) -> AlertCounts:
    """The numbers of what is not closed."""
    table = alerts.c
    mine = table.organisation_id == viewer.organisation_id
    shelved = sa.case((mine & (sa.func.coalesce(table.shelved_until, 0) > now), 1), else_=0)
    hidden = sa.case(((table.suppressed_by != "") & table.revealed_at.is_(None), 1), else_=0)
    kept = sa.case((mine & (sa.func.coalesce(table.maintenance_until, 0) > now), 1), else_=0)
    stands = sa.case((table.cleared_at.is_(None), 1), else_=0)
    noticed = sa.case((table.acknowledged_at.is_not(None), 1), else_=0)
    flaps = sa.case((table.flapping != int(Flapping.NO), 1), else_=0)
    kinds = (stands, noticed, table.severity, shelved, hidden, kept, flaps)
    query = (
        sa.select(*(one.label(f"k{place}") for place, one in enumerate(kinds)), sa.func.count().label("n"))
        .where(
            table.organisation_id.in_(viewer.organisations),
            open_to(connection, viewer),
            table.cleared_at.is_(None) | table.acknowledged_at.is_(None),
        )
        .group_by(*kinds)
    )
    count: Counter[str] = Counter()
    severities: Counter[Severity] = Counter()
    for row in connection.execute(query):
        is_up, seen, severity, on_shelf, is_hidden, is_kept, flapping, number = tuple(row)
        if is_up:
            count["shelved"] += number * on_shelf
            count["suppressed"] += number * is_hidden
        if on_shelf or is_hidden:
            continue
        if not is_up:
            count["cleared"] += number
            continue
        severities[_SEVERITIES[severity]] += number
        count["standing"] += number
        count["unacknowledged"] += 0 if seen else number
        count["maintenance"] += number * is_kept
        count["flapping"] += number * flapping
    return AlertCounts(
        standing=count["standing"],
        unacknowledged=count["unacknowledged"],
        severities=dict(severities),
        cleared=count["cleared"],
        flapping=count["flapping"],
        maintenance=count["maintenance"],
        shelved=count["shelved"],
        suppressed=count["suppressed"],
    )

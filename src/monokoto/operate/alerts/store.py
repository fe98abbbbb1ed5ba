"""Alerts in the records. Whoever changes anything of an organisation's alerts takes its next number first (`next_number`), and
by that waits for the one who did before: nothing here needs another lock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AlertId, OrganisationId, UnitId
from monokoto.operate.alerts.alert import PRODUCT_RULE_SIGN, Alert, AlertEvent, Flapping, What
from monokoto.operate.alerts.hiding import Hiding
from monokoto.operate.alerts.rows import alert_from_row, alert_to_row, event_from_row, event_to_row, listed
from monokoto.operate.alerts.tables import alert_changes, alert_events, alert_shelves, alerts, hidden, standing
from monokoto.operate.rules import Severity

Name = tuple[int, str, int]
"""Unit, rule and instance: with the organisation an alert's name."""
_FIXED: Final = frozenset(
    {"alert_id", "organisation_id", "unit_id", "rule", "instance", "product", "top_id", "group_id", "created_at"}
)
_CHANGING: Final = tuple(column.name for column in alerts.columns if column.name not in _FIXED)
_SEVERITIES: Final = tuple(Severity)


def next_number(connection: sa.Connection, organisation_id: int) -> int:
    """The organisation's next count of changes; the first statement of every transaction that changes its alerts."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(alert_changes)
        .values(organisation_id=organisation_id, number=1)
        .on_conflict_do_update(
            index_elements=[alert_changes.c.organisation_id], set_={"number": alert_changes.c.number + 1}
        )
        .returning(alert_changes.c.number)
    )
    return int(connection.execute(counted).scalar_one())


def read_numbers(connection: sa.Connection) -> dict[int, int]:
    """The last number of each organisation that ever had an alert."""
    rows = connection.execute(sa.select(alert_changes.c.organisation_id, alert_changes.c.number))
    return {row.organisation_id: row.number for row in rows}


def read_named(connection: sa.Connection, organisation_id: int, names: Collection[Name]) -> dict[Name, Alert]:
    """Those of these alerts there are."""
    instances = [instance for _, _, instance in names]
    query = sa.select(alerts).where(
        alerts.c.organisation_id == organisation_id,
        alerts.c.unit_id.in_(listed(connection, {unit_id for unit_id, _, _ in names})),
        alerts.c.instance.between(min(instances), max(instances)),
    )
    found = ((row.unit_id, row.rule, row.instance, row) for row in connection.execute(query))
    return {(unit, rule, at): alert_from_row(row) for unit, rule, at, row in found if (unit, rule, at) in names}


def read_event_ids(connection: sa.Connection, organisation_id: int, alert_ids: Collection[int]) -> set[int]:
    """The lines these alerts' timelines have already."""
    if not alert_ids:
        return set()
    query = sa.select(alert_events.c.event_id).where(
        alert_events.c.organisation_id == organisation_id,
        alert_events.c.alert_id.in_(listed(connection, alert_ids)),
    )
    return set(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Begun:
    """One beginning of a rule's alert on a unit, as flap detection needs it."""

    alert_id: int
    unit_id: int
    rule: str
    instance: int
    flapping: Flapping


def read_begun(connection: sa.Connection, organisation_id: int, unit_ids: Collection[int], since: int) -> list[Begun]:
    """All beginnings on these units from an instant on, in their order."""
    table = alerts.c
    query = (
        sa.select(table.alert_id, table.unit_id, table.rule, table.instance, table.flapping)
        .where(
            table.organisation_id == organisation_id,
            table.unit_id.in_(listed(connection, unit_ids)),
            table.instance >= since,
        )
        .order_by(table.unit_id, table.instance, table.alert_id)
    )
    return [
        Begun(row.alert_id, row.unit_id, row.rule, row.instance, Flapping(row.flapping))
        for row in connection.execute(query)
    ]


def write_flapping(
    connection: sa.Connection, organisation_id: int, changed: Mapping[int, Flapping], number: int
) -> None:
    """What flap detection says of alerts that were there already."""
    if not changed:
        return
    statement = (
        alerts.update()
        .where(alerts.c.organisation_id == organisation_id, alerts.c.alert_id == sa.bindparam("the_alert"))
        .values(flapping=sa.bindparam("it_flaps"), number=number)
    )
    rows = [{"the_alert": alert_id, "it_flaps": int(flapping)} for alert_id, flapping in changed.items()]
    connection.execute(statement, rows)


def insert(connection: sa.Connection, some: Sequence[Alert]) -> None:
    """New ones."""
    if some:
        connection.execute(alerts.insert(), [alert_to_row(alert) for alert in some])


def update(connection: sa.Connection, organisation_id: int, some: Sequence[Alert]) -> None:
    """Put alerts in the place of their former selves."""
    if not some:
        return
    statement = (
        alerts.update()
        .where(alerts.c.organisation_id == organisation_id, alerts.c.alert_id == sa.bindparam("the_alert"))
        .values({name: sa.bindparam(f"new_{name}") for name in _CHANGING})
    )
    rows = []
    for alert in some:
        row = alert_to_row(alert)
        rows.append({"the_alert": alert.id, **{f"new_{name}": row[name] for name in _CHANGING}})
    connection.execute(statement, rows)


def insert_events(connection: sa.Connection, events: Sequence[AlertEvent]) -> None:
    """Lines of timelines."""
    if events:
        connection.execute(alert_events.insert(), [event_to_row(event) for event in events])


def read_timeline(connection: sa.Connection, organisation_id: int, alert_id: int) -> list[AlertEvent]:
    """All that happened to one alert, in order; at most `ALERT_EVENTS_MAX`."""
    query = (
        sa.select(alert_events)
        .where(alert_events.c.organisation_id == organisation_id, alert_events.c.alert_id == alert_id)
        .order_by(alert_events.c.at, alert_events.c.number, alert_events.c.event_id)
    )
    return [event_from_row(row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in what happened to an organisation's alerts, up to and including one event."""

    number: int = 0
    at: int = 0
    event_id: int = 0


def mark_of(event: AlertEvent) -> Mark:
    """The place of an event."""
    return Mark(event.number, event.at, event.id)


def read_news(connection: sa.Connection, organisation_id: int, after: Mark, limit: int) -> list[AlertEvent]:
    """What happened after a place, in order: nothing is ever added before what was read."""
    table = alert_events.c
    here = sa.tuple_(table.number, table.at, table.event_id)
    past = sa.tuple_(*(sa.bindparam(None, one, sa.BigInteger) for one in (after.number, after.at, after.event_id)))
    query = (
        sa.select(alert_events)
        .where(table.organisation_id == organisation_id, here > past)
        .order_by(table.number, table.at, table.event_id)
        .limit(limit)
    )
    return [event_from_row(row) for row in connection.execute(query)]


def read_many(connection: sa.Connection, organisation_id: int, alert_ids: Collection[int]) -> dict[int, Alert]:
    """Alerts of an organisation by id."""
    query = sa.select(alerts).where(
        alerts.c.organisation_id == organisation_id, alerts.c.alert_id.in_(listed(connection, alert_ids))
    )
    return {row.alert_id: alert_from_row(row) for row in connection.execute(query)}


# What hides what


def read_hidden(
    connection: sa.Connection, organisation_id: int, *, now: int, by_rules: Collection[str] | None, limit: int
) -> list[Alert]:
    """Alerts that another rule's alert hides, or may: those that stand, and those that ended before that was decided."""
    mine = [alerts.c.organisation_id == organisation_id]
    if by_rules is not None:
        mine.append(alerts.c.suppressed_by.in_(by_rules))
    over = (alerts.c.undecided_until <= now) & ~standing & alerts.c.revealed_at.is_(None)
    found: list[Alert] = []
    for kind in (hidden, over):
        query = sa.select(alerts).where(*mine, kind).order_by(alerts.c.alert_id).limit(limit)
        found += [alert_from_row(row) for row in connection.execute(query)]
    return found


def names_of(rule: str) -> tuple[str, ...]:
    """What `suppressed_by` may call a rule: its key, and of a product's the name alone, which any product may have."""
    name = rule.rpartition(PRODUCT_RULE_SIGN)[2]
    return (rule,) if name == rule else (rule, name)


def read_intervals(
    connection: sa.Connection, organisation_id: int, names: Collection[str], unit_ids: Collection[int], since: int
) -> dict[tuple[str, int], list[Hiding]]:
    """When alerts of rules so called stood on these units, by name and unit, as far as they did not end before an instant."""
    table = alerts.c
    plain = [name for name in names if PRODUCT_RULE_SIGN not in name]
    query = sa.select(table.rule, table.unit_id, table.instance, table.cleared_at, table.changed_at).where(
        table.organisation_id == organisation_id,
        sa.or_(
            table.rule.in_(names),
            *(table.rule.endswith(f"{PRODUCT_RULE_SIGN}{name}", autoescape=True) for name in plain),
        ),
        table.unit_id.in_(listed(connection, unit_ids)),
        sa.or_(table.cleared_at.is_(None), table.cleared_at >= since),
    )
    found: dict[tuple[str, int], list[Hiding]] = {}
    for row in connection.execute(query):
        for name in names_of(row.rule):
            found.setdefault((name, row.unit_id), []).append(Hiding(row.instance, row.cleared_at, row.changed_at))
    return found


def read_changed(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    organisations: Collection[int],
    since: Mapping[int, int],
    limit: int,
) -> list[Alert]:
    """Alerts for which the condition holds that changed after the given number of their organisation, in that order."""
    table = alerts.c
    after = sa.case(
        *((table.organisation_id == organisation_id, number) for organisation_id, number in since.items()), else_=0
    )
    newer = table.number > (after if since else 0)
    query = (
        sa.select(alerts)
        .where(
            table.organisation_id.in_(organisations), table.number > min(since.values(), default=0), newer, condition
        )
        .order_by(table.number, table.alert_id)
        .limit(limit)
    )
    return [alert_from_row(row) for row in connection.execute(query)]


# Shelves


def read_shelves(
    connection: sa.Connection, organisation_id: int, unit_ids: Collection[int], now: int
) -> dict[tuple[str, int], int]:
    """Until when rules are shelved on these units, by rule and unit."""
    table = alert_shelves.c
    query = sa.select(table.rule, table.unit_id, table.until).where(
        table.organisation_id == organisation_id, table.until > now, table.unit_id.in_(listed(connection, unit_ids))
    )
    return {(row.rule, row.unit_id): row.until for row in connection.execute(query)}


def count_shelves(connection: sa.Connection, organisation_id: int, now: int) -> int:
    """How many rules are shelved on units."""
    query = (
        sa.select(sa.func.count())
        .select_from(alert_shelves)
        .where(alert_shelves.c.organisation_id == organisation_id, alert_shelves.c.until > now)
    )
    return int(connection.execute(query).scalar_one())


def put_shelf(connection: sa.Connection, alert: Alert, until: int, actor_id: int) -> None:
    """Shelve the alert's rule on its unit."""
    take_shelf(connection, alert)
    connection.execute(
        alert_shelves.insert().values(
            organisation_id=alert.organisation_id,
            rule=alert.rule,
            unit_id=alert.unit_id,
            until=until,
            actor_id=actor_id,
        )
    )


def take_shelf(connection: sa.Connection, alert: Alert) -> None:
    """Shelve it no more."""
    connection.execute(
        alert_shelves.delete().where(
            alert_shelves.c.organisation_id == alert.organisation_id,
            alert_shelves.c.rule == alert.rule,
            alert_shelves.c.unit_id == alert.unit_id,
        )
    )


# What is looked for over all organisations, by the platform's own work


@dataclass(frozen=True, slots=True)
class Standing:
    """A standing alert in few words."""

    organisation_id: OrganisationId
    unit_id: UnitId
    rule: str
    rule_version: str
    instance: Instant
    severity: Severity
    alert_id: AlertId


def read_standing(connection: sa.Connection, organisation_id: int | None) -> list[Standing]:
    """All that stand, of one organisation or of all, for the engine that raised them."""
    table = alerts.c
    query = sa.select(
        table.organisation_id,
        table.unit_id,
        table.rule,
        table.rule_version,
        table.instance,
        table.severity,
        table.alert_id,
    ).where(standing)
    if organisation_id is not None:
        query = query.where(table.organisation_id == organisation_id)
    rows = connection.execution_options(yield_per=10_000).execute(query)
    return [Standing(*row[:5], _SEVERITIES[row.severity], row.alert_id) for row in rows]


def read_waiting(connection: sa.Connection, now: int) -> set[int]:
    """Organisations in which a shelf or a window is over for some alert."""
    table = alerts.c
    query = sa.select(table.organisation_id).where(sa.or_(table.shelved_until <= now, table.maintenance_until <= now))
    return set(connection.execute(query.distinct()).scalars())


def read_hiding(connection: sa.Connection, now: int) -> set[int]:
    """Organisations in which some alert is hidden and may come to light."""
    found: set[int] = set()
    for kind in (hidden, alerts.c.undecided_until <= now):
        found |= set(connection.execute(sa.select(alerts.c.organisation_id).where(kind).distinct()).scalars())
    return found


def read_over(connection: sa.Connection, organisation_id: int, now: int, limit: int) -> list[Alert]:
    """Alerts of an organisation whose shelf or window is over."""
    table = alerts.c
    query = (
        sa.select(alerts)
        .where(
            table.organisation_id == organisation_id,
            sa.or_(table.shelved_until <= now, table.maintenance_until <= now),
        )
        .order_by(table.alert_id)
        .limit(limit)
    )
    return [alert_from_row(row) for row in connection.execute(query)]


def read_told_since(connection: sa.Connection, told_at: int, limit: int) -> list[AlertEvent]:
    """What came to be known at an instant (our clock) or later, of all organisations, in that order."""
    table = alert_events.c
    query = sa.select(alert_events).where(table.told_at >= told_at).order_by(table.told_at, table.event_id).limit(limit)
    return [event_from_row(row) for row in connection.execute(query)]


def read_all(connection: sa.Connection, alert_ids: Collection[int]) -> dict[int, Alert]:
    """Alerts by id, of whatever organisations."""
    query = sa.select(alerts).where(alerts.c.alert_id.in_(listed(connection, alert_ids)))
    return {row.alert_id: alert_from_row(row) for row in connection.execute(query)}


def forget(connection: sa.Connection, before: int, limit: int) -> int:
    """Delete alerts that ended and did not change since an instant, with their timelines; how many."""
    table = alerts.c
    old = (
        sa.select(table.organisation_id, table.alert_id)
        .where(table.cleared_at.is_not(None), table.changed_at < before)
        .order_by(table.changed_at)
        .limit(limit)
    )
    by_organisation: dict[int, list[int]] = {}
    for row in connection.execute(old):
        by_organisation.setdefault(row.organisation_id, []).append(row.alert_id)
    for organisation_id, ids in by_organisation.items():
        connection.execute(
            alert_events.delete().where(
                alert_events.c.organisation_id == organisation_id, alert_events.c.alert_id.in_(listed(connection, ids))
            )
        )
        connection.execute(
            alerts.delete().where(table.organisation_id == organisation_id, table.alert_id.in_(listed(connection, ids)))
        )
    return sum(map(len, by_organisation.values()))


def forget_shelves(connection: sa.Connection, now: int) -> None:
    """Delete shelves that are over."""
    connection.execute(alert_shelves.delete().where(alert_shelves.c.until <= now))


def read_happened(
    connection: sa.Connection,
    condition: sa.ColumnElement[bool],
    organisations: Collection[int],
    what: What,
    since: int,
    limit: int,
) -> list[tuple[AlertEvent, Alert]]:
    """Events of one kind told at an instant or later, of alerts for which the condition holds, with these."""
    query = (
        sa.select(alert_events)
        .join(
            alerts,
            (alerts.c.alert_id == alert_events.c.alert_id)
            & (alerts.c.organisation_id == alert_events.c.organisation_id),
        )
        .where(
            condition,
            alert_events.c.organisation_id.in_(organisations),
            alert_events.c.what == what.value,
            alert_events.c.told_at >= since,
        )
        .order_by(alert_events.c.told_at, alert_events.c.event_id)
        .limit(limit)
    )
    events = [event_from_row(row) for row in connection.execute(query)]
    known: dict[int, Alert] = {}
    for organisation_id in {event.organisation_id for event in events}:
        known |= read_many(connection, organisation_id, [one.alert_id for one in events])
    return [(event, known[event.alert_id]) for event in events if event.alert_id in known]

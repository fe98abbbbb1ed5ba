"""Routes, notifications and escalations in the records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id
from monokoto.operate.alerts import Mark
from monokoto.operate.notifications.notification import Notification, NotificationState
from monokoto.operate.notifications.planning import Escalation, Known
from monokoto.operate.notifications.receiver import Receiver, ReceiverState
from monokoto.operate.notifications.route import Route
from monokoto.operate.notifications.tables import (
    REASON_LENGTH_MAX,
    escalation_from_row,
    escalation_to_row,
    escalations,
    marks,
    notification_from_row,
    notification_to_row,
    notifications,
    receiver_from_row,
    receivers,
    route_from_row,
    routes,
)

IN_MAX: Final = 500
EVERYBODY: Final = 0
"""The organisation of what is the platform's own."""
INSERTS: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_BEGUN: Final = ("news_id", "number", "begun_at", "done_seconds", "due_at", "content")
_WAITING: Final = NotificationState.WAITING.value
_TOLD: Final = tuple(
    one.value
    for one in (
        NotificationState.WAITING,
        NotificationState.OUTBOX,
        NotificationState.SENT,
        NotificationState.MERGED,
    )
)


def read_receivers(connection: sa.Connection, organisation_id: int) -> list[Receiver]:
    """An organisation's receivers from the oldest on."""
    query = sa.select(receivers).where(receivers.c.organisation_id == organisation_id)
    return [receiver_from_row(row) for row in connection.execute(query.order_by(receivers.c.receiver_id))]


def receiver_of(organisation_id: int, receiver_id: int) -> sa.ColumnElement[bool]:
    """The wall: this receiver, if it is this organisation's."""
    return sa.and_(receivers.c.organisation_id == organisation_id, receivers.c.receiver_id == receiver_id)


def read_receiver(connection: sa.Connection, organisation_id: int, receiver_id: int, *, lock: bool = False) -> Receiver:
    """One receiver; raises NotFound."""
    query = sa.select(receivers).where(receiver_of(organisation_id, receiver_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no receiver {format_id(receiver_id)!r}.")
    return receiver_from_row(row)


def read_routes(connection: sa.Connection, organisation_id: int) -> list[Route]:
    """An organisation's routes from the oldest on."""
    query = sa.select(routes).where(routes.c.organisation_id == organisation_id).order_by(routes.c.route_id)
    return [route_from_row(row) for row in connection.execute(query)]


def read_route(connection: sa.Connection, organisation_id: int, route_id: int, *, lock: bool = False) -> Route:
    """One route; raises NotFound."""
    query = sa.select(routes).where(routes.c.organisation_id == organisation_id, routes.c.route_id == route_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no notification route {format_id(route_id)!r}.")
    return route_from_row(row)


def insert_new(connection: sa.Connection, found: Sequence[Notification]) -> int:
    """Keep those that are not there yet; how many were new."""
    insert = INSERTS[connection.dialect.name](notifications).on_conflict_do_nothing()
    count = 0
    for begin in range(0, len(found), IN_MAX):
        rows = [notification_to_row(one) for one in found[begin : begin + IN_MAX]]
        count += max(connection.execute(insert, rows).rowcount, 0)
    return count


def known_of(
    connection: sa.Connection, organisation_id: int, alert_ids: Collection[int]
) -> dict[tuple[int, int], Known]:
    """By route and alert: what was said of these alerts."""
    table, found = notifications.c, dict[tuple[int, int], list[int]]()
    ids = sorted(alert_ids)
    for begin in range(0, len(ids), IN_MAX):
        query = (
            sa.select(table.route_id, table.alert_id, table.receiver_id, table.state)
            .where(table.organisation_id == organisation_id, table.alert_id.in_(ids[begin : begin + IN_MAX]))
            .distinct()
        )
        for row in connection.execute(query):
            told = found.setdefault((row.route_id, row.alert_id), [])
            if row.state in _TOLD and row.receiver_id not in told:
                told.append(row.receiver_id)
    return {key: Known(True, tuple(told)) for key, told in found.items()}


def count_waiting(connection: sa.Connection, organisation_id: int, receiver_id: int, *, limit: int) -> int:
    """How many wait for a receiver, counted up to a limit."""
    some = sa.select(notifications.c.notification_id).where(*_waiting_for(organisation_id, receiver_id)).limit(limit)
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def _waiting_for(organisation_id: int, receiver_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    table = notifications.c
    return (
        table.organisation_id == organisation_id,
        table.receiver_id == receiver_id,
        table.state == _WAITING,
    )


# Escalations


def begin_escalations(connection: sa.Connection, found: Iterable[Escalation]) -> None:
    """Begin them, unless the same news, or later ones, began one of the route and alert before."""
    insert = INSERTS[connection.dialect.name](escalations)
    fresh = {name: insert.excluded[name] for name in _BEGUN}
    statement = insert.on_conflict_do_update(
        index_elements=[escalations.c.organisation_id, escalations.c.route_id, escalations.c.alert_id],
        set_=fresh,
        where=escalations.c.number < insert.excluded.number,
    )
    rows = [escalation_to_row(one) for one in found]
    if rows:
        connection.execute(statement, rows)


def end_escalations(connection: sa.Connection, organisation_id: int, ended: Mapping[int, int]) -> None:
    """End those of alerts that began at a number of their organisation's changes or earlier; the numbers by alert."""
    table = escalations.c
    statement = escalations.update().where(
        table.organisation_id == organisation_id,
        table.alert_id == sa.bindparam("ended"),
        table.number <= sa.bindparam("until"),
    )
    if ended:
        rows = [{"ended": alert_id, "until": number} for alert_id, number in ended.items()]
        connection.execute(statement.values(due_at=None), rows)


def read_due_escalations(connection: sa.Connection, now: int, limit: int) -> list[Escalation]:
    """Escalations of all organisations that have more to tell."""
    query = sa.select(escalations).where(escalations.c.due_at <= now).order_by(escalations.c.due_at).limit(limit)
    return [escalation_from_row(row) for row in connection.execute(query)]


def move_escalation(connection: sa.Connection, one: Escalation, *, done_seconds: int, due_at: int | None) -> bool:
    """Go on to the next moment; False when somebody else has moved it meanwhile."""
    table = escalations.c
    mine = (
        table.organisation_id == one.organisation_id,
        table.route_id == one.route_id,
        table.alert_id == one.alert_id,
        table.news_id == one.news_id,
        table.due_at == one.due_at,
    )
    moved = escalations.update().where(*mine).values(done_seconds=done_seconds, due_at=due_at)
    return connection.execute(moved).rowcount == 1


# How far news are read


def read_marks(connection: sa.Connection) -> dict[int, Mark]:
    """How far news of each organisation's alerts were planned."""
    return {row.organisation_id: Mark(row.number, row.at, row.event_id) for row in connection.execute(sa.select(marks))}


def write_mark(connection: sa.Connection, organisation_id: int, mark: Mark) -> None:
    """Note how far; never back to an earlier number."""
    values = {"number": mark.number, "at": mark.at, "event_id": mark.event_id}
    insert = INSERTS[connection.dialect.name](marks).values(organisation_id=organisation_id, **values)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[marks.c.organisation_id], set_=values, where=marks.c.number <= mark.number
        )
    )


def any_route(connection: sa.Connection) -> bool:
    """Whether any organisation wants to be told anything."""
    return connection.execute(sa.select(routes.c.route_id).where(routes.c.enabled).limit(1)).first() is not None


# Messages


def hold(connection: sa.Connection, receiver: Receiver, holder: str, *, now: int, until: int) -> bool:
    """Take a receiver to serve, or go on; False when another process serves it."""
    free = sa.or_(receivers.c.holder == holder, receivers.c.held_until < now)
    taken = receivers.update().where(receiver_of(receiver.organisation_id, receiver.id), free)
    return connection.execute(taken.values(holder=holder, held_until=until)).rowcount == 1


def read_due_receivers(connection: sa.Connection, now: int) -> list[Receiver]:
    """Receivers of all organisations for which something is due."""
    due = sa.select(notifications.c.receiver_id).where(notifications.c.state == _WAITING, notifications.c.due_at <= now)
    query = sa.select(receivers).where(
        receivers.c.receiver_id.in_(due.distinct()),
        receivers.c.state == ReceiverState.ENABLED.value,
        receivers.c.rest_until <= now,
    )
    return [receiver_from_row(row) for row in connection.execute(query)]


def next_formed(connection: sa.Connection, receiver: Receiver, now: int) -> int | None:
    """The message of a receiver that is due first, of those that were made before."""
    table = notifications.c
    query = (
        sa.select(table.message_id)
        .where(*_waiting_for(receiver.organisation_id, receiver.id), table.message_id.is_not(None), table.due_at <= now)
        .order_by(table.due_at, table.message_id)
        .limit(1)
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def read_due(connection: sa.Connection, receiver: Receiver, now: int, limit: int) -> list[Notification]:
    """What is due for a receiver and in no message yet, the gravest first."""
    table = notifications.c
    query = (
        sa.select(notifications)
        .where(*_waiting_for(receiver.organisation_id, receiver.id), table.message_id.is_(None), table.due_at <= now)
        .order_by(table.severity_rank.desc(), table.notification_id)
        .limit(limit)
    )
    return [notification_from_row(row) for row in connection.execute(query)]


def read_message(
    connection: sa.Connection, organisation_id: int, message_id: int, *, limit: int
) -> tuple[list[Notification], int]:
    """The gravest notifications of a message that waits, and how many there are."""
    table = notifications.c
    mine = (table.organisation_id == organisation_id, table.message_id == message_id, table.state == _WAITING)
    query = sa.select(notifications).where(*mine).order_by(table.severity_rank.desc(), table.notification_id)
    found = [notification_from_row(row) for row in connection.execute(query.limit(limit))]
    return found, int(connection.execute(sa.select(sa.func.count()).where(*mine)).scalar_one())


def change_some(connection: sa.Connection, organisation_id: int, ids: Sequence[int], values: Mapping[str, Any]) -> None:
    """Change waiting notifications."""
    table = notifications.c
    for begin in range(0, len(ids), IN_MAX):
        some = table.notification_id.in_(ids[begin : begin + IN_MAX])
        mine = (table.organisation_id == organisation_id, some, table.state == _WAITING)
        connection.execute(notifications.update().where(*mine).values(**values))


def settle_message(connection: sa.Connection, organisation_id: int, message_id: int, values: Mapping[str, Any]) -> None:
    """Note what came of an attempt in every notification of a message."""
    table = notifications.c
    mine = (table.organisation_id == organisation_id, table.message_id == message_id, table.state == _WAITING)
    kept = {**values, "attempts": table.attempts + 1, "reason": str(values.get("reason", ""))[:REASON_LENGTH_MAX]}
    connection.execute(notifications.update().where(*mine).values(**kept))


def settle_mail(connection: sa.Connection, organisation_id: int, message_id: int, values: Mapping[str, Any]) -> None:
    """Note what became of a mail; its server may be faster than our note that it is in the outbox."""
    table = notifications.c
    unsettled = table.state.in_((_WAITING, NotificationState.OUTBOX.value))
    mine = (table.organisation_id == organisation_id, table.message_id == message_id, unsettled)
    attempts = sa.case((table.attempts == 0, 1), else_=table.attempts)
    kept = {**values, "attempts": attempts, "reason": str(values["reason"])[:REASON_LENGTH_MAX]}
    connection.execute(notifications.update().where(*mine).values(**kept))


def settle_waiting(
    connection: sa.Connection, receiver: Receiver, state: NotificationState, reason: str, now: int
) -> None:
    """Give up all that waits for a receiver."""
    mine = _waiting_for(receiver.organisation_id, receiver.id)
    values = {"state": state.value, "reason": reason[:REASON_LENGTH_MAX], "settled_at": now}
    connection.execute(notifications.update().where(*mine).values(**values))


def prune(connection: sa.Connection, before: int) -> int:
    """Forget what was settled, and escalations that ended, before an instant, of all organisations."""
    table = notifications.c
    # A mail whose file was lost would wait in the outbox for ever.
    lost = (table.state == NotificationState.OUTBOX.value) & (table.due_at < before)
    gone = connection.execute(notifications.delete().where((table.settled_at < before) | lost)).rowcount
    ended = (escalations.c.due_at.is_(None), escalations.c.begun_at < before)
    connection.execute(escalations.delete().where(*ended))
    return gone

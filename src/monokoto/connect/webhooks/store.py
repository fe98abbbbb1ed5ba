"""Receivers, events and deliveries in the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.webhooks.event import Event
from monokoto.connect.webhooks.tables import (
    REASON_LENGTH_MAX,
    attempt_from_row,
    attempt_to_row,
    delivery_from_row,
    delivery_to_row,
    event_from_row,
    event_to_row,
    webhook_attempts,
    webhook_deliveries,
    webhook_events,
    webhook_from_row,
    webhook_marks,
    webhook_presence,
    webhooks,
)
from monokoto.connect.webhooks.webhook import Attempt, Delivery, DeliveryState, Webhook, WebhookState
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id

_IN_MAX = 500
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def mine(organisation_id: int, webhook_id: int) -> sa.ColumnElement[bool]:
    """The wall: this receiver, if it is this organisation's."""
    return sa.and_(webhooks.c.organisation_id == organisation_id, webhooks.c.webhook_id == webhook_id)


def read_webhook(connection: sa.Connection, organisation_id: int, webhook_id: int, *, lock: bool = False) -> Webhook:
    """One receiver; raises NotFound."""
    query = sa.select(webhooks).where(mine(organisation_id, webhook_id))
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no webhook {format_id(webhook_id)!r}.")
    return webhook_from_row(row)


def read_webhooks(connection: sa.Connection, organisation_id: int | None = None) -> list[Webhook]:
    """An organisation's receivers from the oldest on; without one those of all, for whoever feeds them."""
    query = sa.select(webhooks).order_by(webhooks.c.webhook_id)
    if organisation_id is not None:
        query = query.where(webhooks.c.organisation_id == organisation_id)
    return [webhook_from_row(row) for row in connection.execute(query)]


def hold(connection: sa.Connection, webhook: Webhook, holder: str, *, now: int, until: int) -> bool:
    """Take a receiver to serve, or go on; False when another process serves it."""
    free = sa.or_(webhooks.c.holder == holder, webhooks.c.held_until < now)
    taken = webhooks.update().where(mine(webhook.organisation_id, webhook.id), free)
    return connection.execute(taken.values(holder=holder, held_until=until)).rowcount == 1


def store_events(connection: sa.Connection, events: Sequence[Event], now: int) -> list[Event]:
    """Keep the events that are not known; returns those."""
    known: set[tuple[int, int]] = set()
    for begin in range(0, len(events), _IN_MAX):
        some = events[begin : begin + _IN_MAX]
        query = sa.select(webhook_events.c.organisation_id, webhook_events.c.event_id).where(
            webhook_events.c.organisation_id.in_({event.organisation_id for event in some}),
            webhook_events.c.event_id.in_([event.id for event in some]),
        )
        known |= {(row.organisation_id, row.event_id) for row in connection.execute(query)}
    fresh = list({event.id: event for event in events if (event.organisation_id, event.id) not in known}.values())
    if fresh:
        insert = _INSERTS[connection.dialect.name](webhook_events).on_conflict_do_nothing()
        connection.execute(insert, [event_to_row(event, now) for event in fresh])
    return fresh


def store_deliveries(connection: sa.Connection, organisation_id: int, deliveries: Sequence[Delivery]) -> None:
    """New deliveries; one for each receiver and event, whoever stores it first."""
    if deliveries:
        insert = _INSERTS[connection.dialect.name](webhook_deliveries).on_conflict_do_nothing()
        connection.execute(insert, [delivery_to_row(one, organisation_id) for one in deliveries])


def count_waiting(connection: sa.Connection, organisation_id: int, webhook_id: int, *, limit: int) -> int:
    """How many deliveries wait for a receiver, counted up to a limit."""
    table = webhook_deliveries.c
    some = (
        sa.select(table.delivery_id)
        .where(
            table.organisation_id == organisation_id,
            table.webhook_id == webhook_id,
            table.state == DeliveryState.WAITING.value,
        )
        .limit(limit)
    )
    return int(connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one())


def read_due(connection: sa.Connection, now: int) -> list[Webhook]:
    """Receivers that are on, are not resting, and for which something is due; of all organisations."""
    due = (
        sa.select(webhook_deliveries.c.webhook_id)
        .where(webhook_deliveries.c.state == DeliveryState.WAITING.value, webhook_deliveries.c.next_at <= now)
        .distinct()
    )
    query = sa.select(webhooks).where(
        webhooks.c.webhook_id.in_(due),
        webhooks.c.state == WebhookState.ENABLED.value,
        webhooks.c.rest_until <= now,
    )
    return [webhook_from_row(row) for row in connection.execute(query)]


def read_next(connection: sa.Connection, webhook: Webhook, now: int, *, limit: int) -> list[tuple[Delivery, Event]]:
    """What is due for one receiver, the earliest due first; of those first due at once in the order they happened."""
    table = webhook_deliveries
    query = (
        sa.select(table, webhook_events.c.at.label("event_at"), webhook_events.c.body)
        .join(
            webhook_events,
            sa.and_(
                webhook_events.c.organisation_id == table.c.organisation_id,
                webhook_events.c.event_id == table.c.event_id,
            ),
        )
        .where(
            table.c.organisation_id == webhook.organisation_id,
            table.c.webhook_id == webhook.id,
            table.c.state == DeliveryState.WAITING.value,
            table.c.next_at <= now,
        )
        .order_by(table.c.next_at, table.c.delivery_id)
        .limit(limit)
    )
    return [(delivery_from_row(row), event_from_row(row)) for row in connection.execute(query)]


def read_deliveries(
    connection: sa.Connection,
    organisation_id: int,
    webhook_id: int,
    *,
    state: DeliveryState | None,
    before: int | None,
    limit: int,
) -> list[Delivery]:
    """The newest first."""
    table = webhook_deliveries.c
    query = sa.select(webhook_deliveries).where(
        table.organisation_id == organisation_id, table.webhook_id == webhook_id
    )
    if state is not None:
        query = query.where(table.state == state.value)
    if before is not None:
        query = query.where(table.delivery_id < before)
    return [delivery_from_row(row) for row in connection.execute(query.order_by(table.delivery_id.desc()).limit(limit))]


def read_delivery(connection: sa.Connection, organisation_id: int, webhook_id: int, delivery_id: int) -> Delivery:
    """One delivery; raises NotFound."""
    table = webhook_deliveries.c
    query = sa.select(webhook_deliveries).where(
        table.organisation_id == organisation_id, table.webhook_id == webhook_id, table.delivery_id == delivery_id
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {format_id(delivery_id)!r}.")
    return delivery_from_row(row)


def read_event(connection: sa.Connection, organisation_id: int, event_id: int) -> Event | None:
    """One event, while it is kept."""
    table = webhook_events.c
    query = sa.select(table.organisation_id, table.event_id, table.type, table.at.label("event_at"), table.body).where(
        table.organisation_id == organisation_id, table.event_id == event_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else event_from_row(cast("sa.Row[Any]", row))


def read_events_since(
    connection: sa.Connection, organisation_id: int, begin: int, end: int, *, after: int, limit: int
) -> list[tuple[int, int, str]]:
    """(id, at, type) of events of a time, by when they happened and id, past (`begin`, `after`)."""
    table = webhook_events.c
    query = (
        sa.select(table.event_id, table.at, table.type)
        .where(
            table.organisation_id == organisation_id,
            sa.tuple_(table.at, table.event_id) > sa.tuple_(sa.literal(begin), sa.literal(after, sa.BigInteger)),
            table.at < end,
        )
        .order_by(table.at, table.event_id)
        .limit(limit)
    )
    return [(row.event_id, row.at, row.type) for row in connection.execute(query)]


def read_attempts(connection: sa.Connection, organisation_id: int, delivery_id: int, *, limit: int) -> list[Attempt]:
    """The newest first."""
    table = webhook_attempts.c
    query = (
        sa.select(webhook_attempts)
        .where(table.organisation_id == organisation_id, table.delivery_id == delivery_id)
        .order_by(table.at.desc())
        .limit(limit)
    )
    return [attempt_from_row(row) for row in connection.execute(query)]


def settle(
    connection: sa.Connection,
    organisation_id: int,
    delivery: Delivery,
    attempt: Attempt | None,
    changes: Mapping[str, Any],
) -> None:
    """Write what came of a delivery and of its receiver (`changes`)."""
    table = webhook_deliveries.c
    connection.execute(
        webhook_deliveries.update()
        .where(table.organisation_id == organisation_id, table.delivery_id == delivery.id)
        .values(
            state=delivery.state.value,
            attempts=delivery.attempts,
            begun_at=delivery.begun_at,
            next_at=delivery.next_at,
            settled_at=delivery.settled_at,
            status=delivery.status,
            reason=delivery.reason[:REASON_LENGTH_MAX],
        )
    )
    if attempt is not None:
        insert = _INSERTS[connection.dialect.name](webhook_attempts).on_conflict_do_nothing()
        connection.execute(insert, [attempt_to_row(attempt, organisation_id, delivery.id)])
    if changes:
        connection.execute(webhooks.update().where(mine(organisation_id, delivery.webhook_id)).values(dict(changes)))


def bury(connection: sa.Connection, organisation_id: int, webhook_id: int, reason: str, now: int) -> int:
    """Everything that waits for a receiver becomes a dead letter; how many."""
    table = webhook_deliveries.c
    result = connection.execute(
        webhook_deliveries.update()
        .where(
            table.organisation_id == organisation_id,
            table.webhook_id == webhook_id,
            table.state == DeliveryState.WAITING.value,
        )
        .values(state=DeliveryState.DEAD.value, settled_at=now, reason=reason[:REASON_LENGTH_MAX])
    )
    return result.rowcount


def switch_off(connection: sa.Connection, webhook: Webhook, reason: str, now: int) -> None:
    """Disable a receiver; what waits for it becomes dead letters, to be replayed."""
    changes = {"state": WebhookState.DISABLED.value, "reason": reason[:REASON_LENGTH_MAX], "updated_at": now}
    connection.execute(webhooks.update().where(mine(webhook.organisation_id, webhook.id)).values(changes))
    bury(connection, webhook.organisation_id, webhook.id, "The webhook is disabled.", now)


def remove(connection: sa.Connection, organisation_id: int, webhook_id: int) -> None:
    """Forget a receiver and its deliveries."""
    table = webhook_deliveries.c
    of_receiver = sa.and_(table.organisation_id == organisation_id, table.webhook_id == webhook_id)
    theirs = sa.select(table.delivery_id).where(of_receiver)
    connection.execute(
        webhook_attempts.delete().where(
            webhook_attempts.c.organisation_id == organisation_id, webhook_attempts.c.delivery_id.in_(theirs)
        )
    )
    connection.execute(webhook_deliveries.delete().where(of_receiver))
    connection.execute(webhooks.delete().where(mine(organisation_id, webhook_id)))


def prune(connection: sa.Connection, before: int) -> int:
    """Forget what was settled before an instant, of all organisations; events that something waits for stay."""
    table = webhook_deliveries.c
    gone = connection.execute(webhook_deliveries.delete().where(table.settled_at < before)).rowcount
    connection.execute(webhook_attempts.delete().where(webhook_attempts.c.at < before))
    waiting = sa.exists().where(
        table.organisation_id == webhook_events.c.organisation_id, table.event_id == webhook_events.c.event_id
    )
    connection.execute(webhook_events.delete().where(webhook_events.c.stored_at < before, ~waiting))
    return gone


def read_mark(connection: sa.Connection, organisation_id: int, source: str) -> int | None:
    """How far a source was told."""
    table = webhook_marks.c
    query = sa.select(table.position).where(table.organisation_id == organisation_id, table.source == source)
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def write_mark(connection: sa.Connection, organisation_id: int, source: str, position: int) -> None:
    """Note how far a source was told."""
    insert = _INSERTS[connection.dialect.name](webhook_marks).values(
        organisation_id=organisation_id, source=source, position=position
    )
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=[webhook_marks.c.organisation_id, webhook_marks.c.source], set_={"position": position}
        )
    )


def read_told_online(connection: sa.Connection, organisation_id: int) -> list[int]:
    """The units whose last told event says online."""
    table = webhook_presence.c
    return list(connection.execute(sa.select(table.unit_id).where(table.organisation_id == organisation_id)).scalars())


def write_told_online(
    connection: sa.Connection, organisation_id: int, *, online: Sequence[int], offline: Sequence[int]
) -> None:
    """Note what is told of units now."""
    table = webhook_presence
    for begin in range(0, len(offline), _IN_MAX):
        some = offline[begin : begin + _IN_MAX]
        connection.execute(table.delete().where(table.c.organisation_id == organisation_id, table.c.unit_id.in_(some)))
    if online:
        insert = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing()
        connection.execute(insert, [{"organisation_id": organisation_id, "unit_id": one} for one in online])


def reset(
    connection: sa.Connection,
    organisation_id: int,
    webhook_id: int,
    event_ids: Iterable[int],
    now: int,
    *,
    dead_only: bool = False,
) -> int:
    """Let existing deliveries of these events begin anew; how many there were that did not wait anyway."""
    table = webhook_deliveries.c
    states = [DeliveryState.DEAD.value, *([] if dead_only else [DeliveryState.DELIVERED.value])]
    result = connection.execute(
        webhook_deliveries.update()
        .where(
            table.organisation_id == organisation_id,
            table.webhook_id == webhook_id,
            table.event_id.in_(list(event_ids)),
            table.state.in_(states),
        )
        .values(
            state=DeliveryState.WAITING.value,
            attempts=0,
            begun_at=now,
            next_at=now,
            settled_at=None,
            status=0,
            reason="",
        )
    )
    return result.rowcount


def without_delivery(
    connection: sa.Connection, organisation_id: int, webhook_id: int, event_ids: Sequence[int]
) -> set[int]:
    """Those of these events that were never to be delivered to a receiver."""
    table = webhook_deliveries.c
    query = sa.select(table.event_id).where(
        table.organisation_id == organisation_id, table.webhook_id == webhook_id, table.event_id.in_(event_ids)
    )
    return set(event_ids) - set(connection.execute(query).scalars())

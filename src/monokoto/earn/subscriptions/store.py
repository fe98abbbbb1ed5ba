"""Subscriptions as rows: what is asked for in columns, the rest in a document; units and events in tables of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.earn.calendar import Span
from monokoto.earn.subscriptions.subscription import (
    Coverage,
    Gift,
    GivenCoupon,
    NamedUnit,
    Pause,
    Phase,
    Status,
    Subscription,
)
from monokoto.earn.subscriptions.tables import customers, subscription_events, subscription_units, subscriptions
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, NotFound
from monokoto.kernel.ids import (
    CustomerId,
    OrganisationId,
    ProductName,
    SubscriptionEventId,
    SubscriptionId,
    UnitId,
    format_id,
    new_id,
)

_IDS_AT_ONCE = 500


class _Document(msgspec.Struct, frozen=True):
    """What nobody asks for by itself."""

    phases: tuple[Phase, ...]
    pauses: tuple[Pause, ...] = ()
    coupons: tuple[GivenCoupon, ...] = ()
    gift: Gift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionEvent:
    """Something that was decided about a subscription; written once."""

    id: SubscriptionEventId
    subscription_id: SubscriptionId
    kind: str
    """started, changed, moved, ended, withdrawn, suspended, resumed, units or coupon."""
    at: Instant
    """From when on it holds."""
    recorded_at: Instant
    actor_id: int
    revision: int
    """The subscription's, after it."""
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which subscriptions a list is of."""

    customer_id: int = 0
    product: str = ""
    plan: str = ""
    version: int = 0
    unit_id: int = 0
    """Named in it, at any time."""
    status: Status | None = None
    now: int = 0


def _from_row(row: sa.Row[Any], named: Iterable[NamedUnit]) -> Subscription:
    inner = msgspec.json.decode(row.document, type=_Document)
    return Subscription(
        id=SubscriptionId(row.subscription_id),
        organisation_id=OrganisationId(row.organisation_id),
        customer_id=CustomerId(row.customer_id),
        product=ProductName(row.product),
        coverage=Coverage(row.coverage),
        named=tuple(named),
        currency=row.currency,
        timezone=row.timezone,
        starts_at=row.starts_at,
        trial_until=row.trial_until,
        ends_at=row.ends_at,
        phases=inner.phases,
        pauses=inner.pauses,
        coupons=inner.coupons,
        gift=inner.gift,
        billed_until=row.billed_until,
        revision=row.revision,
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def _to_row(one: Subscription) -> dict[str, Any]:
    inner = _Document(phases=one.phases, pauses=one.pauses, coupons=one.coupons, gift=one.gift)
    return {
        "subscription_id": one.id,
        "organisation_id": one.organisation_id,
        "customer_id": one.customer_id,
        "product": one.product,
        "coverage": one.coverage.value,
        "plan": one.phases[-1].plan,
        "plan_version": one.phases[-1].version,
        "currency": one.currency,
        "timezone": one.timezone,
        "starts_at": one.starts_at,
        "trial_until": one.trial_until,
        "ends_at": one.ends_at,
        "suspended": bool(one.pauses) and one.pauses[-1].end is None,
        "document": msgspec.json.encode(inner).decode(),
        "billed_until": one.billed_until,
        "next_at": one.next_at,
        "revision": one.revision,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
    }


def with_named(connection: sa.Connection, rows: Iterable[sa.Row[Any]]) -> list[Subscription]:
    """The values in rows, each with the units it names."""
    found = list(rows)
    named: dict[int, list[NamedUnit]] = {}
    naming = [(one.organisation_id, one.subscription_id) for one in found if one.coverage == Coverage.UNITS.value]
    for start in range(0, len(naming), _IDS_AT_ONCE):
        some = naming[start : start + _IDS_AT_ONCE]
        query = sa.select(subscription_units).where(
            subscription_units.c.organisation_id.in_({organisation for organisation, _ in some}),
            subscription_units.c.subscription_id.in_([one for _, one in some]),
        )
        for row in connection.execute(query.order_by(subscription_units.c.begins_at, subscription_units.c.unit_id)):
            unit = NamedUnit(unit_id=UnitId(row.unit_id), begin=row.begins_at, end=row.ends_at)
            named.setdefault(row.subscription_id, []).append(unit)
    return [_from_row(one, named.get(one.subscription_id, ())) for one in found]


def find(
    connection: sa.Connection, organisation_id: int, subscription_id: int, *, locked: bool = False
) -> Subscription:
    """One subscription, `locked` until the transaction ends; raises NotFound."""
    mine = (subscriptions.c.organisation_id == organisation_id) & (subscriptions.c.subscription_id == subscription_id)
    query = sa.select(subscriptions).where(mine)
    rows = connection.execute(query.with_for_update() if locked else query).all()
    if not rows:
        raise _missing(subscription_id)
    return with_named(connection, rows)[0]


def find_many(
    connection: sa.Connection, organisation_id: int, subscription_ids: Iterable[int], *, locked: bool = False
) -> list[Subscription]:
    """Some, in the order of their ids, `locked` until the transaction ends; raises NotFound when one is not there."""
    asked = sorted(set(subscription_ids))
    found: list[Subscription] = []
    for start in range(0, len(asked), _IDS_AT_ONCE):
        some = asked[start : start + _IDS_AT_ONCE]
        query = (
            sa.select(subscriptions)
            .where(subscriptions.c.organisation_id == organisation_id, subscriptions.c.subscription_id.in_(some))
            .order_by(subscriptions.c.subscription_id)
        )
        found += with_named(connection, connection.execute(query.with_for_update() if locked else query).all())
    if len(found) < len(asked):
        raise _missing(min(set(asked) - {int(one.id) for one in found}))
    return found


_BILLED = (
    subscriptions.update()
    .where(
        subscriptions.c.organisation_id == sa.bindparam("of_organisation"),
        subscriptions.c.subscription_id == sa.bindparam("of_id"),
    )
    .values(billed_until=sa.bindparam("new_billed_until"), next_at=sa.bindparam("new_next_at"))
)


def update_billed(connection: sa.Connection, changed: Iterable[Subscription]) -> None:
    """How far these, which are locked, are billed."""
    rows = [
        {
            "of_organisation": one.organisation_id, "of_id": one.id, "new_billed_until": one.billed_until,
            "new_next_at": one.next_at,
        }
        for one in changed
    ]  # fmt: skip
    if rows:
        connection.execute(_BILLED, rows)


def _missing(subscription_id: int) -> NotFound:
    return NotFound(f"There is no subscription {format_id(subscription_id)}.")


def find_all(
    connection: sa.Connection, organisation_id: int, wanted: Wanted, *, after: int, limit: int
) -> list[Subscription]:
    """Subscriptions by age, past one."""
    table = subscriptions.c
    query = sa.select(subscriptions).where(table.organisation_id == organisation_id, table.subscription_id > after)
    if wanted.unit_id:
        named = sa.select(subscription_units.c.subscription_id).where(
            subscription_units.c.organisation_id == organisation_id, subscription_units.c.unit_id == wanted.unit_id
        )
        query = query.where(table.subscription_id.in_(named))
    exact = {
        table.customer_id: wanted.customer_id, table.product: wanted.product, table.plan: wanted.plan,
        table.plan_version: wanted.version,
    }  # fmt: skip
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if wanted.status is not None:
        query = query.where(_stands(wanted.status, wanted.now))
    return with_named(connection, connection.execute(query.order_by(table.subscription_id).limit(limit)))


def _stands(status: Status, now: int) -> sa.ColumnElement[bool]:
    """As `Subscription.status`, of rows."""
    table = subscriptions.c
    ended = table.ends_at.is_not(None) & ((table.ends_at <= now) | (table.ends_at <= table.starts_at))
    scheduled = sa.not_(ended) & (table.starts_at > now)
    begun = sa.not_(ended) & (table.starts_at <= now)
    trial = table.trial_until.is_not(None) & (table.trial_until > now)
    return {
        Status.ENDED: ended,
        Status.SCHEDULED: scheduled,
        Status.SUSPENDED: begun & table.suspended,
        Status.TRIALING: begun & sa.not_(table.suspended) & trial,
        Status.ACTIVE: begun & sa.not_(table.suspended) & sa.not_(trial),
    }[status]


def find_of_buyer(
    connection: sa.Connection, customer_organisation_id: int, *, after: int, limit: int, subscription_id: int = 0
) -> list[Subscription]:
    """Those of all makers that an organisation pays for or uses as a customer."""
    theirs = customers.c.customer_organisation_id == customer_organisation_id
    query = (
        sa.select(subscriptions)
        .join(customers, _same_customer())
        .where(theirs, subscriptions.c.subscription_id > after)
        .order_by(subscriptions.c.subscription_id)
        .limit(limit)
    )
    if subscription_id:
        query = query.where(subscriptions.c.subscription_id == subscription_id)
    return with_named(connection, connection.execute(query))


def _same_customer() -> sa.ColumnElement[bool]:
    return (customers.c.organisation_id == subscriptions.c.organisation_id) & (
        customers.c.customer_id == subscriptions.c.customer_id
    )


def find_subscribers(
    connection: sa.Connection, organisation_id: int, product: str, span: Span, *, after: int, limit: int
) -> list[int]:
    """The customers with a subscription to a product at some time of a span, by age, past one."""
    table = subscriptions.c
    query = (
        sa.select(table.customer_id)
        .distinct()
        .where(
            table.organisation_id == organisation_id,
            table.product == product,
            table.customer_id > after,
            table.starts_at < span.end,
            table.ends_at.is_(None) | (table.ends_at > span.start),
        )
        .order_by(table.customer_id)
        .limit(limit)
    )
    return [int(row.customer_id) for row in connection.execute(query)]


def find_of_unit(
    connection: sa.Connection, organisation_id: int, product: str, unit_id: int, owner_id: int, at: int
) -> list[tuple[Subscription, int | None]]:
    """Those that may be for a unit at an instant, with the organisation of their customer."""
    table, units = subscriptions.c, subscription_units.c
    named = sa.select(units.subscription_id).where(
        units.organisation_id == organisation_id,
        units.unit_id == unit_id,
        units.begins_at <= at,
        units.ends_at.is_(None) | (units.ends_at > at),
    )
    owned = (table.coverage == Coverage.OWNED.value) & (customers.c.customer_organisation_id == owner_id)
    query = (
        sa.select(subscriptions, customers.c.customer_organisation_id.label("buyer_id"))
        .join(customers, _same_customer())
        .where(
            table.organisation_id == organisation_id,
            table.product == product,
            table.starts_at <= at,
            table.ends_at.is_(None) | (table.ends_at > at),
            (table.coverage == Coverage.FLEET.value) | owned | table.subscription_id.in_(named),
        )
        .order_by(table.subscription_id)
    )
    rows = connection.execute(query).all()
    return list(zip(with_named(connection, rows), (row.buyer_id for row in rows), strict=True))


def find_touching(
    connection: sa.Connection, organisation_id: int, product: str, unit_id: int, owner_ids: Iterable[int], span: Span
) -> list[Subscription]:
    """Those a unit may have been in at some time of a span; of a few it was not."""
    table, units = subscriptions.c, subscription_units.c
    named = sa.select(units.subscription_id).where(
        units.organisation_id == organisation_id,
        units.unit_id == unit_id,
        units.begins_at < span.end,
        units.ends_at.is_(None) | (units.ends_at > span.start),
    )
    theirs = customers.c.customer_organisation_id.in_(sorted(owner_ids))
    query = (
        sa.select(subscriptions)
        .join(customers, _same_customer())
        .where(
            table.organisation_id == organisation_id,
            table.product == product,
            table.starts_at < span.end,
            table.ends_at.is_(None) | (table.ends_at > span.start),
            (table.coverage == Coverage.FLEET.value)
            | ((table.coverage == Coverage.OWNED.value) & theirs)
            | table.subscription_id.in_(named),
        )
        .order_by(table.subscription_id)
    )
    return with_named(connection, connection.execute(query))


def sellers_due(connection: sa.Connection, until: int) -> list[int]:
    """The organisations with something due up to an instant, for who bills."""
    query = sa.select(subscriptions.c.organisation_id).where(subscriptions.c.next_at <= until).distinct()
    return [row.organisation_id for row in connection.execute(query)]


def find_due(
    connection: sa.Connection, organisation_id: int, until: int, *, after: tuple[int, int], limit: int
) -> list[Subscription]:
    """Those due up to an instant, the longest due first, past one (its `next_at` and id)."""
    table = subscriptions.c
    query = sa.select(subscriptions).where(
        table.organisation_id == organisation_id,
        table.next_at <= until,
        sa.tuple_(table.next_at, table.subscription_id) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1])),
    )
    return with_named(connection, connection.execute(query.order_by(table.next_at, table.subscription_id).limit(limit)))


def of_customer(connection: sa.Connection, organisation_id: int, customer_id: int, *, limit: int) -> list[Subscription]:
    """All of a customer's."""
    return find_all(connection, organisation_id, Wanted(customer_id=customer_id), after=0, limit=limit)


def count_live(connection: sa.Connection, organisation_id: int, customer_id: int, *, now: int) -> int:
    """How many of a customer's have not ended."""
    mine = (subscriptions.c.organisation_id == organisation_id) & (subscriptions.c.customer_id == customer_id)
    query = sa.select(sa.func.count()).select_from(subscriptions).where(mine, sa.not_(_stands(Status.ENDED, now)))
    return int(connection.execute(query).scalar_one())


def insert(connection: sa.Connection, one: Subscription) -> None:
    """A new one, with its units."""
    connection.execute(subscriptions.insert().values(_to_row(one)))
    _put_units(connection, one)


def update(connection: sa.Connection, one: Subscription, *, before: Subscription) -> None:
    """Put it in the place of its former self; raises Conflict when that is at another revision meanwhile."""
    mine = (subscriptions.c.organisation_id == one.organisation_id) & (subscriptions.c.subscription_id == one.id)
    changed = subscriptions.update().where(mine, subscriptions.c.revision == before.revision).values(_to_row(one))
    if connection.execute(changed).rowcount != 1:
        raise Conflict("Somebody else changed the subscription at the same time.", remedy="Try again.")
    if one.named != before.named:
        theirs = subscription_units.c.organisation_id == one.organisation_id
        connection.execute(subscription_units.delete().where(theirs, subscription_units.c.subscription_id == one.id))
        _put_units(connection, one)


def _put_units(connection: sa.Connection, one: Subscription) -> None:
    rows = [
        {
            "subscription_id": one.id,
            "unit_id": unit.unit_id,
            "begins_at": unit.begin,
            "organisation_id": one.organisation_id,
            "ends_at": unit.end,
        }
        for unit in one.named
    ]
    if rows:
        connection.execute(subscription_units.insert(), rows)


def add_event(
    connection: sa.Connection, one: Subscription, kind: str, *, at: int, actor_id: int, detail: Mapping[str, Any]
) -> None:
    """One more event, for ever."""
    row = {
        "event_id": new_id(), "organisation_id": one.organisation_id, "subscription_id": one.id, "kind": kind, "at": at,
        "recorded_at": one.updated_at, "actor_id": actor_id, "revision": one.revision,
        "detail": msgspec.json.encode(detail).decode(),
    }  # fmt: skip
    connection.execute(subscription_events.insert().values(row))


def events(
    connection: sa.Connection, organisation_id: int, subscription_id: int, *, after: int, limit: int
) -> list[SubscriptionEvent]:
    """What was decided about it, the oldest first."""
    table = subscription_events.c
    mine = (table.organisation_id == organisation_id) & (table.subscription_id == subscription_id)
    query = sa.select(subscription_events).where(mine, table.event_id > after).order_by(table.event_id).limit(limit)
    return [
        SubscriptionEvent(
            id=SubscriptionEventId(row.event_id),
            subscription_id=SubscriptionId(row.subscription_id),
            kind=row.kind,
            at=Instant(row.at),
            recorded_at=Instant(row.recorded_at),
            actor_id=row.actor_id,
            revision=row.revision,
            detail=msgspec.json.decode(row.detail),
        )
        for row in connection.execute(query)
    ]

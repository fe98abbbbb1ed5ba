"""Entitlements and suspensions as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.earn.entitlements.entitlement import Entitlement, Held, Holder, Source, SuspendedBy, Suspension
from monokoto.earn.entitlements.grants import Category
from monokoto.earn.entitlements.tables import entitlements, suspensions, thresholds
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import EntitlementId, OrganisationId, format_id
from monokoto.kernel.money import number

_IN_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A threshold that was reached."""

    id: int
    organisation_id: int
    pool: str
    unit_id: int
    """One of those that draw on the quota."""
    product: str
    feature: str
    period_begin: int
    threshold: str
    used: str
    total: str
    at: int


def from_row(row: Any) -> Entitlement:
    """The value in a row of `entitlements`."""
    return Entitlement(
        id=EntitlementId(row.entitlement_id),
        organisation_id=OrganisationId(row.organisation_id),
        product=row.product,
        feature=row.feature,
        holder=Held(Holder(row.holder_kind), row.holder_id),
        source=Source(row.source),
        key=row.key,
        begin=Instant(row.begin_at),
        end=None if row.end_at is None else Instant(row.end_at),
        value=msgspec.json.decode(row.value),
        amount=None if row.amount is None else number(row.amount),
        priority=row.priority,
        category=Category(row.category),
        origin=None if row.origin_kind is None else Held(Holder(row.origin_kind), row.origin_id),
        note=row.note,
        created_at=Instant(row.created_at),
        created_by=row.created_by,
        changed_at=Instant(row.changed_at),
        taken_at=None if row.taken_at is None else Instant(row.taken_at),
    )


def to_row(one: Entitlement) -> dict[str, Any]:
    """The row of an entitlement."""
    return {
        "entitlement_id": one.id,
        "organisation_id": one.organisation_id,
        "product": one.product,
        "feature": one.feature,
        "holder_kind": one.holder.kind.value,
        "holder_id": one.holder.id,
        "source": one.source.value,
        "key": one.key,
        "begin_at": one.begin,
        "end_at": one.end,
        "value": msgspec.json.encode(one.value).decode(),
        "amount": None if one.amount is None else f"{one.amount:f}",
        "priority": one.priority,
        "category": int(one.category),
        "origin_kind": None if one.origin is None else one.origin.kind.value,
        "origin_id": None if one.origin is None else one.origin.id,
        "note": one.note,
        "created_at": one.created_at,
        "created_by": one.created_by,
        "changed_at": one.changed_at,
        "taken_at": one.taken_at,
    }


def insert(connection: sa.Connection, one: Entitlement) -> None:
    """A new row; IntegrityError when its key is taken."""
    connection.execute(entitlements.insert().values(to_row(one)))


def by_key(connection: sa.Connection, organisation_id: int, key: str) -> Entitlement | None:
    """The one of this name."""
    mine = (entitlements.c.organisation_id == organisation_id, entitlements.c.key == key)
    row = connection.execute(sa.select(entitlements).where(*mine)).one_or_none()
    return None if row is None else from_row(row)


def find(connection: sa.Connection, organisation_id: int, entitlement_id: int, *, lock: bool = False) -> Entitlement:
    """One; raises NotFound."""
    mine = (entitlements.c.organisation_id == organisation_id, entitlements.c.entitlement_id == entitlement_id)
    query = sa.select(entitlements).where(*mine)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no entitlement {format_id(entitlement_id)}.")
    return from_row(row)


def set_end(connection: sa.Connection, one: Entitlement, end: int, now: int) -> None:
    """Let it end; how it was before stays in the audit log."""
    mine = (entitlements.c.organisation_id == one.organisation_id, entitlements.c.entitlement_id == one.id)
    connection.execute(entitlements.update().where(*mine).values(end_at=end, taken_at=now, changed_at=now))


_HELD_BY = sa.union_all(
    *(
        sa.select(entitlements).where(
            entitlements.c.organisation_id == sa.bindparam("organisation"),
            entitlements.c.holder_kind == kind.value,
            entitlements.c.holder_id.in_(sa.bindparam(kind.value, expanding=True)),
        )
        for kind in Holder
    )
)
"""Made once: to put a question together costs more than to answer it, and this one is asked while somebody waits.
Of one `or` of kinds SQLite would read every row of the organisation."""


def held_by(connection: sa.Connection, organisation_id: int, holders: Iterable[Held]) -> list[Entitlement]:
    """Everything these were ever given."""
    ids: dict[str, list[int]] = {kind.value: [] for kind in Holder}
    for holder in holders:
        ids[holder.kind.value].append(holder.id)
    found: list[Entitlement] = []
    for start in range(0, max(map(len, ids.values())), _IN_MAX):
        some = {kind: mine[start : start + _IN_MAX] for kind, mine in ids.items()}
        found += map(from_row, connection.execute(_HELD_BY, {"organisation": organisation_id, **some}))
    return found


def shared_from(connection: sa.Connection, organisation_id: int, unit_ids: Sequence[int]) -> list[Entitlement]:
    """The shares in what these units have."""
    found: list[Entitlement] = []
    for start in range(0, len(unit_ids), _IN_MAX):
        query = sa.select(entitlements).where(
            entitlements.c.organisation_id == organisation_id,
            entitlements.c.origin_kind == Holder.UNIT.value,
            entitlements.c.origin_id.in_(unit_ids[start : start + _IN_MAX]),
            entitlements.c.source == Source.SHARED.value,
        )
        found += map(from_row, connection.execute(query))
    return found


def count_standing(connection: sa.Connection, organisation_id: int, holder: Held, now: int) -> int:
    """How many of a holder have not ended."""
    query = sa.select(sa.func.count()).where(
        entitlements.c.organisation_id == organisation_id,
        entitlements.c.holder_kind == holder.kind.value,
        entitlements.c.holder_id == holder.id,
        sa.or_(entitlements.c.end_at.is_(None), entitlements.c.end_at > now),
    )
    return int(connection.execute(query).scalar_one())


def find_all(
    connection: sa.Connection,
    organisation_id: int,
    *,
    product: str = "",
    feature: str = "",
    holder: Held | None = None,
    before: int | None = None,
    limit: int,
) -> list[Entitlement]:
    """The newest first."""
    query = sa.select(entitlements).where(entitlements.c.organisation_id == organisation_id)
    if product:
        query = query.where(entitlements.c.product == product)
    if feature:
        query = query.where(entitlements.c.feature == feature)
    if holder is not None:
        query = query.where(entitlements.c.holder_kind == holder.kind.value, entitlements.c.holder_id == holder.id)
    if before is not None:
        query = query.where(entitlements.c.entitlement_id < before)
    return [
        from_row(row) for row in connection.execute(query.order_by(entitlements.c.entitlement_id.desc()).limit(limit))
    ]


def changed_since(connection: sa.Connection, since: int, limit: int) -> list[Entitlement]:
    """Those changed at or after an instant, the oldest first; across organisations, for the projection alone."""
    query = sa.select(entitlements).where(entitlements.c.changed_at >= since)
    order = (entitlements.c.changed_at, entitlements.c.entitlement_id)
    return [from_row(row) for row in connection.execute(query.order_by(*order).limit(limit))]


# Suspensions


def suspension_from_row(row: Any) -> Suspension:
    """The value in a row of `entitlement_suspensions`."""
    return Suspension(
        id=row.suspension_id,
        organisation_id=OrganisationId(row.organisation_id),
        customer_id=row.customer_id,
        because=row.because,
        by=SuspendedBy(row.suspended_by),
        begin=Instant(row.begin_at),
        end=None if row.end_at is None else Instant(row.end_at),
        changed_at=Instant(row.changed_at),
    )


def insert_suspension(connection: sa.Connection, one: Suspension) -> None:
    """A new one."""
    row = {
        "suspension_id": one.id,
        "organisation_id": one.organisation_id,
        "customer_id": one.customer_id,
        "because": one.because,
        "suspended_by": one.by.value,
        "begin_at": one.begin,
        "end_at": one.end,
        "changed_at": one.changed_at,
    }
    connection.execute(suspensions.insert().values(row))


_SUSPENSIONS_OF = (
    sa.select(suspensions)
    .where(
        suspensions.c.organisation_id == sa.bindparam("organisation"),
        suspensions.c.customer_id.in_(sa.bindparam("customers", expanding=True)),
    )
    .order_by(suspensions.c.begin_at, suspensions.c.suspension_id)
)


def suspensions_of(connection: sa.Connection, organisation_id: int, customer_ids: Iterable[int]) -> list[Suspension]:
    """All there were, by their beginning."""
    wanted = sorted(set(customer_ids))
    if not wanted:
        return []
    rows = connection.execute(_SUSPENSIONS_OF, {"organisation": organisation_id, "customers": wanted})
    return [suspension_from_row(row) for row in rows]


def open_suspensions(
    connection: sa.Connection, organisation_id: int, *, after: int = 0, limit: int
) -> list[Suspension]:
    """Those that have no end, by id."""
    query = (
        sa.select(suspensions)
        .where(
            suspensions.c.organisation_id == organisation_id,
            suspensions.c.end_at.is_(None),
            suspensions.c.suspension_id > after,
        )
        .order_by(suspensions.c.suspension_id)
        .limit(limit)
    )
    return [suspension_from_row(row) for row in connection.execute(query)]


def end_suspensions(
    connection: sa.Connection, organisation_id: int, customer_id: int, now: int, by: SuspendedBy | None
) -> int:
    """End what goes on, or of that what one began; how many ended."""
    mine = [
        suspensions.c.organisation_id == organisation_id,
        suspensions.c.customer_id == customer_id,
        suspensions.c.end_at.is_(None),
    ]
    if by is not None:
        mine.append(suspensions.c.suspended_by == by.value)
    return connection.execute(suspensions.update().where(*mine).values(end_at=now, changed_at=now)).rowcount


def suspended_since(connection: sa.Connection, since: int, limit: int) -> list[Suspension]:
    """Those changed at or after an instant; across organisations, for the projection alone."""
    query = sa.select(suspensions).where(suspensions.c.changed_at >= since).order_by(suspensions.c.changed_at)
    return [suspension_from_row(row) for row in connection.execute(query.limit(limit))]


# Thresholds


def tell_once(connection: sa.Connection, told: Mapping[str, Any]) -> bool:
    """Note a threshold; False: it was noted before."""
    names = ("organisation_id", "pool", "product", "feature", "period_begin", "threshold")
    same = [thresholds.c[name] == told[name] for name in names]
    if connection.execute(sa.select(thresholds.c.threshold_id).where(*same)).first() is not None:
        return False
    connection.execute(thresholds.insert().values(dict(told)))
    return True


def told_since(connection: sa.Connection, organisation_id: int, after: int, limit: int) -> list[Told]:
    """Thresholds by id, those from one on."""
    query = sa.select(thresholds).where(
        thresholds.c.organisation_id == organisation_id, thresholds.c.threshold_id >= after
    )
    return [_told(row) for row in connection.execute(query.order_by(thresholds.c.threshold_id).limit(limit))]


def told_to_all(connection: sa.Connection, after: int, limit: int) -> list[Told]:
    """The same across organisations, for whoever tells all of them."""
    query = sa.select(thresholds).where(thresholds.c.threshold_id >= after)
    return [_told(row) for row in connection.execute(query.order_by(thresholds.c.threshold_id).limit(limit))]


def reached(
    connection: sa.Connection, organisation_id: int, *, product: str, feature: str, before: int | None, limit: int
) -> list[Told]:
    """Thresholds, the newest first."""
    query = sa.select(thresholds).where(thresholds.c.organisation_id == organisation_id)
    if before is not None:
        query = query.where(thresholds.c.threshold_id < before)
    for column, wanted in ((thresholds.c.product, product), (thresholds.c.feature, feature)):
        if wanted:
            query = query.where(column == wanted)
    return [_told(row) for row in connection.execute(query.order_by(thresholds.c.threshold_id.desc()).limit(limit))]


def _told(row: Any) -> Told:
    return Told(id=row.threshold_id, **{name: getattr(row, name) for name in Told.__dataclass_fields__ if name != "id"})

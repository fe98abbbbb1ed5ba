"""Desired state as rows: the current one of each unit, and the revisions before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.limits import DESIRED_REVISIONS_MAX
from monokoto.operate.twins.twin import Desired

_IN_MAX = 500
"""Units in one `IN (...)`: SQLite and PostgreSQL both take more, but not without end."""

twin_desired = sa.Table(
    "twin_desired",
    metadata,
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("properties", sa.JSON, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.BigInteger, nullable=False),
    sa.Column("told_revision", sa.BigInteger, nullable=False),
)
# What the reconciler looks for is rare among many: index that alone.
_untold = twin_desired.c.told_revision < twin_desired.c.revision
sa.Index("ix_twin_desired_untold", twin_desired.c.unit_id, sqlite_where=_untold, postgresql_where=_untold)
sa.Index("ix_twin_desired_organisation_id", twin_desired.c.organisation_id, twin_desired.c.changed_at)

twin_desired_revisions = sa.Table(
    "twin_desired_revisions",
    metadata,
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("properties", sa.JSON, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("changed_by", sa.BigInteger, nullable=False),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A desired state its unit was not told of yet."""

    organisation_id: int
    unit_id: int
    desired: Desired
    told_revision: int


def desired_from_row(row: sa.Row[Any]) -> Desired:
    """The value in a row of either table."""
    return Desired(revision=row.revision, at=row.changed_at, by=row.changed_by, properties=row.properties)


def desired_to_row(organisation_id: int, unit_id: int, desired: Desired) -> dict[str, Any]:
    """The row of a desired state, for either table."""
    return {
        "organisation_id": organisation_id,
        "unit_id": unit_id,
        "revision": desired.revision,
        "properties": dict(desired.properties),
        "changed_at": desired.at,
        "changed_by": desired.by,
    }


def read_desired(connection: sa.Connection, organisation_id: int, unit_id: int) -> Desired:
    """The current desired state; revision 0 when there is none."""
    return read_many(connection, organisation_id, [unit_id]).get(unit_id, Desired())


def lock_desired(connection: sa.Connection, organisation_id: int, unit_id: int) -> Desired:
    """The same, to be changed: others who want to change it wait (PostgreSQL; SQLite has one writer anyway)."""
    query = (
        sa.select(twin_desired)
        .where(twin_desired.c.organisation_id == organisation_id, twin_desired.c.unit_id == unit_id)
        .with_for_update()
    )
    row = connection.execute(query).one_or_none()
    return Desired() if row is None else desired_from_row(row)


def read_many(connection: sa.Connection, organisation_id: int, unit_ids: Sequence[int]) -> dict[int, Desired]:
    """The current desired state of these units; units without one are left out."""
    found: dict[int, Desired] = {}
    for start in range(0, len(unit_ids), _IN_MAX):
        query = sa.select(twin_desired).where(
            twin_desired.c.organisation_id == organisation_id,
            twin_desired.c.unit_id.in_(unit_ids[start : start + _IN_MAX]),
        )
        found |= {row.unit_id: desired_from_row(row) for row in connection.execute(query)}
    return found


def write_next(connection: sa.Connection, organisation_id: int, unit_id: int, following: Desired) -> bool:
    """Put a desired state in the place of the revision before it; False when that one is not current any more."""
    row = desired_to_row(organisation_id, unit_id, following)
    if following.revision == 1:
        try:
            with connection.begin_nested():
                connection.execute(twin_desired.insert().values(**row, told_revision=0))
        except sa.exc.IntegrityError:
            return False
    else:
        update = (
            twin_desired.update()
            .where(
                twin_desired.c.organisation_id == organisation_id,
                twin_desired.c.unit_id == unit_id,
                twin_desired.c.revision == following.revision - 1,
            )
            .values({name: row[name] for name in ("revision", "properties", "changed_at", "changed_by")})
        )
        if connection.execute(update).rowcount != 1:
            return False
    connection.execute(twin_desired_revisions.insert().values(**row))
    history = twin_desired_revisions.c
    connection.execute(
        twin_desired_revisions.delete().where(
            history.organisation_id == organisation_id,
            history.unit_id == unit_id,
            history.revision <= following.revision - DESIRED_REVISIONS_MAX,
        )
    )
    return True


def read_revisions(
    connection: sa.Connection, organisation_id: int, unit_id: int, *, before: int | None, limit: int
) -> list[Desired]:
    """Revisions of one unit, newest first; with `before` only those under it."""
    history = twin_desired_revisions.c
    query = (
        sa.select(twin_desired_revisions)
        .where(history.organisation_id == organisation_id, history.unit_id == unit_id)
        .order_by(history.revision.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(history.revision < before)
    return [desired_from_row(row) for row in connection.execute(query)]


def read_revision(connection: sa.Connection, organisation_id: int, unit_id: int, revision: int) -> Desired | None:
    """One kept revision."""
    found = read_revisions(connection, organisation_id, unit_id, before=revision + 1, limit=1)
    return found[0] if found and found[0].revision == revision else None


def read_untold(connection: sa.Connection, *, limit: int, after_unit: int = 0) -> list[Untold]:
    """Desired states whose units were not told, by unit; across organisations, for the reconciler alone."""
    query = (
        sa.select(twin_desired)
        .where(_untold, twin_desired.c.unit_id > after_unit)
        .order_by(twin_desired.c.unit_id)
        .limit(limit)
    )
    return [
        Untold(
            organisation_id=row.organisation_id,
            unit_id=row.unit_id,
            desired=desired_from_row(row),
            told_revision=row.told_revision,
        )
        for row in connection.execute(query)
    ]


def mark_told(connection: sa.Connection, told: Untold) -> None:
    """Note that a unit was told; a revision that came meanwhile stays untold.

    When somebody else noted something in between, two told at once and nobody knows whose message was the last: the unit
    counts as told nothing, and the next round tells it again.
    """
    mine = twin_desired.update().where(
        twin_desired.c.organisation_id == told.organisation_id, twin_desired.c.unit_id == told.unit_id
    )
    noted = mine.where(twin_desired.c.told_revision == told.told_revision).values(told_revision=told.desired.revision)
    if connection.execute(noted).rowcount != 1:
        connection.execute(mine.values(told_revision=0))


def read_changed_since(
    connection: sa.Connection, organisation_id: int, since: int, *, limit: int
) -> dict[int, Desired]:
    """Desired states of an organisation changed at or after an instant, for streams that come back."""
    query = (
        sa.select(twin_desired)
        .where(twin_desired.c.organisation_id == organisation_id, twin_desired.c.changed_at >= since)
        .order_by(twin_desired.c.changed_at)
        .limit(limit)
    )
    return {row.unit_id: desired_from_row(row) for row in connection.execute(query)}

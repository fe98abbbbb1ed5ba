"""Desired state as rows: the current one of each unit, and the revisions before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.limits import DESIRED_REVISIONS_MAX
from monokoto.operate.twins.twin import Desired

T = TypeVar("T")
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


def read_units(connection: sa.Connection, organisation_id: int) -> list[int]:
    """Units of an organisation of which something was ever desired."""
    query = sa.select(twin_desired.c.unit_id).where(twin_desired.c.organisation_id == organisation_id)
    return list(connection.execute(query).scalars())


def lock_many(connection: sa.Connection, keys: Iterable[tuple[int, int]]) -> dict[tuple[int, int], Desired]:
    """The current ones of these (organisation, unit), to be changed; others who want to change them wait.

    (On PostgreSQL; SQLite has one writer anyway.) Locked in the order of units, so that two groups never wait for each other.
    """
    of_organisation: dict[int, set[int]] = {}
    for organisation_id, unit_id in keys:
        of_organisation.setdefault(organisation_id, set()).add(unit_id)
    found: dict[tuple[int, int], Desired] = {}
    for organisation_id, unit_ids in sorted(of_organisation.items()):
        query = (
            sa.select(twin_desired)
            .where(twin_desired.c.organisation_id == organisation_id, twin_desired.c.unit_id.in_(sorted(unit_ids)))
            .order_by(twin_desired.c.unit_id)
            .with_for_update()
        )
        found |= {(organisation_id, row.unit_id): desired_from_row(row) for row in connection.execute(query)}
    return found


def write_steps(connection: sa.Connection, steps: Sequence[tuple[int, int, Desired]]) -> None:
    """Write (organisation, unit, next desired state), each unit's in order; the rows before them are locked.

    Raises:
        IntegrityError: somebody else made a first revision meanwhile.
    """
    rows = [desired_to_row(organisation_id, unit_id, desired) for organisation_id, unit_id, desired in steps]
    first = [{**row, "told_revision": 0} for row in rows if row["revision"] == 1]
    later = {row["unit_id"]: row for row in rows if row["revision"] > 1}
    full = [row for row in rows if row["revision"] > DESIRED_REVISIONS_MAX]
    for statement, some in (
        (twin_desired.insert(), first),
        (_UPDATE, [{f"new_{name}": value for name, value in row.items()} for row in later.values()]),
        (twin_desired_revisions.insert(), rows),
        (_TRIM, [{"of": row["organisation_id"], "unit": row["unit_id"], "last": row["revision"]} for row in full]),
    ):
        if some:
            connection.execute(statement, some)


_UPDATE = (
    twin_desired.update()
    .where(
        twin_desired.c.organisation_id == sa.bindparam("new_organisation_id"),
        twin_desired.c.unit_id == sa.bindparam("new_unit_id"),
    )
    .values({name: sa.bindparam(f"new_{name}") for name in ("revision", "properties", "changed_at", "changed_by")})
)
_TRIM = twin_desired_revisions.delete().where(
    twin_desired_revisions.c.organisation_id == sa.bindparam("of"),
    twin_desired_revisions.c.unit_id == sa.bindparam("unit"),
    twin_desired_revisions.c.revision <= sa.bindparam("last") - DESIRED_REVISIONS_MAX,
)


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


def read_before(connection: sa.Connection, untold: Sequence[Untold]) -> dict[int, Desired]:
    """What each of these units was told last, by unit; units that were told nothing are left out."""
    history = twin_desired_revisions.c
    wanted = {(one.organisation_id, one.unit_id, one.told_revision) for one in untold if one.told_revision}
    found: dict[int, Desired] = {}
    for some in _cut(sorted(wanted)):
        query = sa.select(twin_desired_revisions).where(
            sa.tuple_(history.organisation_id, history.unit_id, history.revision).in_(some)
        )
        found |= {row.unit_id: desired_from_row(row) for row in connection.execute(query)}
    return found


def mark_told(connection: sa.Connection, told: Sequence[Untold]) -> None:
    """Note that units were told; a revision that came meanwhile stays untold.

    When somebody else noted something in between, two told at once and nobody knows whose message was the last: the unit
    counts as told nothing, and the next round tells it again.
    """
    for one in told:
        mine = twin_desired.update().where(
            twin_desired.c.organisation_id == one.organisation_id, twin_desired.c.unit_id == one.unit_id
        )
        noted = mine.where(twin_desired.c.told_revision == one.told_revision).values(told_revision=one.desired.revision)
        if connection.execute(noted).rowcount != 1:
            connection.execute(mine.values(told_revision=0))


def _cut(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _IN_MAX] for start in range(0, len(items), _IN_MAX))


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

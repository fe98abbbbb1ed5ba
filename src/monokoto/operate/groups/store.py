"""Groups and their members as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.kernel.ids import GroupId, OrganisationId, parse_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.operate.groups.group import Group, GroupFilter, GroupPlace

unit_groups = sa.Table(
    "unit_groups",
    metadata,
    sa.Column("group_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("organisation_kind", sa.String(16), nullable=False),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("title", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("filter", sa.Text),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("uq_unit_groups_name", "organisation_id", "name", unique=True),
)
unit_group_members = sa.Table(
    "unit_group_members",
    metadata,
    sa.Column("group_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("unit_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
)
_IN_MAX = 500
_ROWS_AT_ONCE = 5_000


def group_from_row(row: sa.Row[Any], named: int) -> Group:
    """The value in a row of `unit_groups`."""
    return Group(
        id=GroupId(row.group_id),
        organisation_id=OrganisationId(row.organisation_id),
        organisation_kind=row.organisation_kind,
        name=row.name,
        title=row.title,
        filter=None if row.filter is None else msgspec.json.decode(row.filter, type=GroupFilter),
        place=msgspec.json.decode(row.place, type=GroupPlace),
        version=row.version,
        named=named,
        created_at=Instant(row.created_at),
        created_by=row.created_by,
        updated_at=Instant(row.updated_at),
    )


def group_to_row(group: Group) -> dict[str, Any]:
    """The row of a group."""
    return {
        "group_id": group.id,
        "organisation_id": group.organisation_id,
        "organisation_kind": group.organisation_kind,
        "name": group.name,
        "title": group.title,
        "filter": None if group.filter is None else msgspec.json.encode(group.filter).decode(),
        "place": msgspec.json.encode(group.place).decode(),
        "version": group.version,
        "created_at": group.created_at,
        "created_by": group.created_by,
        "updated_at": group.updated_at,
    }


def find(connection: sa.Connection, organisation_id: int, reference: str) -> Group:
    """The group of this name, or with this id; raises NotFound."""
    mine = unit_groups.c.organisation_id == organisation_id
    row = connection.execute(sa.select(unit_groups).where(mine, unit_groups.c.name == reference)).one_or_none()
    if row is None:
        try:
            group_id = parse_id(reference, what="group")
        except Invalid:
            raise NotFound(f"There is no group {reference[:64]!r}.") from None
        row = connection.execute(sa.select(unit_groups).where(mine, unit_groups.c.group_id == group_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no group {reference[:64]!r}.")
    return group_from_row(row, _counts(connection, organisation_id, [row.group_id]).get(row.group_id, 0))


def find_all(connection: sa.Connection, organisation_id: int, *, after: str, limit: int) -> list[Group]:
    """Groups by name, past one."""
    query = (
        sa.select(unit_groups)
        .where(unit_groups.c.organisation_id == organisation_id, unit_groups.c.name > after)
        .order_by(unit_groups.c.name)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    counts = _counts(connection, organisation_id, [row.group_id for row in rows])
    return [group_from_row(row, counts.get(row.group_id, 0)) for row in rows]


def _counts(connection: sa.Connection, organisation_id: int, group_ids: Sequence[int]) -> dict[int, int]:
    members = unit_group_members.c
    query = (
        sa.select(members.group_id, sa.func.count())
        .where(members.organisation_id == organisation_id, members.group_id.in_(group_ids))
        .group_by(members.group_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def count(connection: sa.Connection, organisation_id: int) -> int:
    """How many groups an organisation has."""
    query = sa.select(sa.func.count()).where(unit_groups.c.organisation_id == organisation_id)
    return int(connection.execute(query).scalar_one())


def insert(connection: sa.Connection, group: Group) -> None:
    """A new one; IntegrityError when its name is taken."""
    connection.execute(unit_groups.insert().values(group_to_row(group)))


def update(connection: sa.Connection, group: Group, *, before: int) -> bool:
    """Put it in the place of its former self; False when that is at another version meanwhile."""
    changed = (
        unit_groups.update()
        .where(
            unit_groups.c.organisation_id == group.organisation_id,
            unit_groups.c.group_id == group.id,
            unit_groups.c.version == before,
        )
        .values(group_to_row(group))
    )
    return connection.execute(changed).rowcount == 1


def delete(connection: sa.Connection, organisation_id: int, group_id: int) -> None:
    """Forget it and who belonged to it."""
    for table in (unit_group_members, unit_groups):
        connection.execute(
            table.delete().where(table.c.organisation_id == organisation_id, table.c.group_id == group_id)
        )


def member_ids(connection: sa.Connection, organisation_id: int, group_id: int) -> list[int]:
    """The units named one by one, by id."""
    members = unit_group_members.c
    query = sa.select(members.unit_id).where(members.organisation_id == organisation_id, members.group_id == group_id)
    return list(connection.execute(query.order_by(members.unit_id)).scalars())


def add_members(connection: sa.Connection, organisation_id: int, group_id: int, unit_ids: Iterable[int]) -> None:
    """Units that are no members yet."""
    rows = [{"group_id": group_id, "unit_id": one, "organisation_id": organisation_id} for one in unit_ids]
    for begin in range(0, len(rows), _ROWS_AT_ONCE):
        connection.execute(unit_group_members.insert(), rows[begin : begin + _ROWS_AT_ONCE])


def remove_members(connection: sa.Connection, organisation_id: int, group_id: int, unit_ids: Sequence[int]) -> None:
    """Units that are members no more."""
    members = unit_group_members.c
    for begin in range(0, len(unit_ids), _IN_MAX):
        connection.execute(
            unit_group_members.delete().where(
                members.organisation_id == organisation_id,
                members.group_id == group_id,
                members.unit_id.in_(unit_ids[begin : begin + _IN_MAX]),
            )
        )

"""Commands as rows. What is changed is changed in groups: many rows in one statement, many statements in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId
from monokoto.operate.commands.command import Command, Status

_IN_MAX = 500
"""Values in one `IN (...)`."""

commands = sa.Table(
    "commands",
    metadata,
    sa.Column("command_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("product", sa.String(64), nullable=False),
    sa.Column("version", sa.String(64), nullable=False),
    sa.Column("input", sa.JSON, nullable=False),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("output", sa.JSON, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("progress", sa.Float),
    sa.Column("request", sa.String(64)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("answered_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("note", sa.String(200), nullable=False),
    sa.Column("batch", sa.BigInteger),
    sa.Column("lasting", sa.BigInteger, nullable=False),
    sa.Column("confirmed_at", sa.BigInteger),
    sa.Column("confirmed_by", sa.BigInteger, nullable=False),
    sa.Column("cancelling_at", sa.BigInteger),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("due_at", sa.BigInteger),
)
sa.Index("ix_commands_unit_id", commands.c.organisation_id, commands.c.unit_id, commands.c.command_id)
sa.Index("ix_commands_organisation_id", commands.c.organisation_id, commands.c.command_id)
sa.Index("uq_commands_request", commands.c.organisation_id, commands.c.unit_id, commands.c.request, unique=True)
# What the reconciler looks for is rare among many: index that alone.
_open = commands.c.ended_at.is_(None)
sa.Index("ix_commands_open", commands.c.expires_at, sqlite_where=_open, postgresql_where=_open)
_of_unit = (commands.c.organisation_id, commands.c.unit_id)
sa.Index("ix_commands_open_of_unit", *_of_unit, sqlite_where=_open, postgresql_where=_open)
_due = commands.c.due_at.is_not(None)
sa.Index("ix_commands_due", commands.c.due_at, sqlite_where=_due, postgresql_where=_due)
_together = commands.c.batch.is_not(None)
_batch = (commands.c.organisation_id, commands.c.batch, commands.c.command_id)
sa.Index("ix_commands_batch", *_batch, sqlite_where=_together, postgresql_where=_together)
_unheard = commands.c.status.in_([Status.QUEUED.value, Status.SENT.value]) | commands.c.cancelling_at.is_not(None)
_ended = commands.c.ended_at.is_not(None)
sa.Index("ix_commands_ended_at", commands.c.ended_at, sqlite_where=_ended, postgresql_where=_ended)

_INSTANTS = (
    "created_at",
    "expires_at",
    "sent_at",
    "answered_at",
    "ended_at",
    "confirmed_at",
    "cancelling_at",
    "due_at",
)
_AS_THEY_ARE = ("action", "product", "version", "input", "output", "error", "progress", "note", "created_by",
                "lasting", "confirmed_by", "tries")  # fmt: skip
_CHANGING = ("status", "output", "error", "progress", "note", "expires_at", "sent_at", "answered_at", "ended_at",
             "confirmed_at", "confirmed_by", "cancelling_at", "tries", "due_at")  # fmt: skip
Key = tuple[int, int]
"""Organisation and unit."""


def command_from_row(row: sa.Row[Any]) -> Command:
    """The value in a row."""
    found = row._mapping
    plain: dict[str, Any] = {name: found[name] for name in _AS_THEY_ARE}
    instants: dict[str, Any] = {name: found[name] for name in _INSTANTS}
    return Command(
        id=CommandId(row.command_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        status=Status(row.status),
        request=row.request or "",
        batch=row.batch or 0,
        **plain,
        **instants,
    )


def command_to_row(command: Command) -> dict[str, Any]:
    """The row of a command."""
    return {
        "command_id": command.id,
        "organisation_id": command.organisation_id,
        "unit_id": command.unit_id,
        "number": command.number,
        "status": command.status.value,
        "request": command.request or None,
        "batch": command.batch or None,
        **{name: getattr(command, name) for name in (*_AS_THEY_ARE, *_INSTANTS)},
    }


def of_unit(organisation_id: int, unit_id: int) -> sa.ColumnElement[bool]:
    """The wall: this unit's, in this organisation."""
    return (commands.c.organisation_id == organisation_id) & (commands.c.unit_id == unit_id)


def find(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> Command | None:
    """The newest command for which all conditions hold."""
    query = sa.select(commands).where(*conditions).order_by(commands.c.command_id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else command_from_row(row)


def find_all(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int, newest_first: bool = False
) -> list[Command]:
    """The commands for which all conditions hold, by age."""
    order = commands.c.command_id.desc() if newest_first else commands.c.command_id.asc()
    query = sa.select(commands).where(*conditions).order_by(order).limit(limit)
    return [command_from_row(row) for row in connection.execute(query)]


def now_of(connection: sa.Connection, known: Iterable[Command]) -> list[Command]:
    """These commands as they are by now."""
    found: list[Command] = []
    for organisation_id, ids in by_organisation((one.organisation_id, int(one.id)) for one in known).items():
        for some in _cut(sorted(ids)):
            query = sa.select(commands).where(
                commands.c.organisation_id == organisation_id, commands.c.command_id.in_(some)
            )
            found += [command_from_row(row) for row in connection.execute(query)]
    return found


def lock_many(
    connection: sa.Connection, organisation_id: int, *, ids: Collection[int] = (), numbers: Collection[Key] = ()
) -> list[Command]:
    """These commands, by id and by (unit, number), to be changed; on PostgreSQL others who want to wait, in the order of
    ids, so that two groups never wait for each other."""
    named = [commands.c.command_id.in_(some) for some in _cut(sorted(ids))]
    named += [sa.tuple_(commands.c.unit_id, commands.c.number).in_(some) for some in _cut(sorted(numbers))]
    found: list[Command] = []
    for condition in named:
        query = (
            sa.select(commands)
            .where(commands.c.organisation_id == organisation_id, condition)
            .order_by(commands.c.command_id)
            .with_for_update()
        )
        found += [command_from_row(row) for row in connection.execute(query)]
    return found


def requested(
    connection: sa.Connection, organisation_id: int, names: Collection[tuple[int, str]]
) -> dict[tuple[int, str], Command]:
    """The commands asked under these (unit, request)."""
    found: dict[tuple[int, str], Command] = {}
    for some in _cut(sorted(names)):
        query = sa.select(commands).where(
            commands.c.organisation_id == organisation_id,
            sa.tuple_(commands.c.unit_id, commands.c.request).in_(some),
        )
        found |= {(row.unit_id, row.request): command_from_row(row) for row in connection.execute(query)}
    return found


def count_open(connection: sa.Connection, organisation_id: int, unit_ids: Collection[int]) -> dict[int, int]:
    """How many commands of each of these units may still come to something; units without one are left out."""
    found: dict[int, int] = {}
    for some in _cut(sorted(unit_ids)):
        query = (
            sa.select(commands.c.unit_id, sa.func.count())
            .where(commands.c.organisation_id == organisation_id, commands.c.unit_id.in_(some), _open)
            .group_by(commands.c.unit_id)
        )
        found |= {row[0]: row[1] for row in connection.execute(query)}
    return found


def insert_many(connection: sa.Connection, made: Sequence[Command]) -> None:
    """New ones; IntegrityError when a request's name is taken."""
    if made:
        connection.execute(commands.insert(), [command_to_row(one) for one in made])


_UPDATE = (
    commands.update()
    .where(
        commands.c.organisation_id == sa.bindparam("of_organisation"),
        commands.c.command_id == sa.bindparam("of_command"),
    )
    .values({name: sa.bindparam(f"new_{name}") for name in _CHANGING})
)


def update_many(connection: sa.Connection, changed: Sequence[Command]) -> None:
    """Put these in the place of their former selves, which are locked."""
    if not changed:
        return
    rows = []
    for one in changed:
        row = command_to_row(one)
        rows.append({f"new_{name}": row[name] for name in _CHANGING})
        rows[-1] |= {"of_organisation": one.organisation_id, "of_command": one.id}
    connection.execute(_UPDATE, rows)


def due(connection: sa.Connection, now: int, *, limit: int) -> list[Command]:
    """Open commands somebody is to look at, across organisations, for the reconciler alone; the earliest first."""
    query = (
        sa.select(commands)
        .where(_due, commands.c.due_at <= now, commands.c.expires_at > now)
        .order_by(commands.c.due_at, commands.c.command_id)
        .limit(limit)
    )
    return [command_from_row(row) for row in connection.execute(query)]


def waiting_of(connection: sa.Connection, organisation_id: int, unit_ids: Collection[int]) -> list[Command]:
    """What these units have not said they have, or were asked to leave off and have not answered; by age."""
    found: list[Command] = []
    for some in _cut(sorted(unit_ids)):
        query = sa.select(commands).where(
            commands.c.organisation_id == organisation_id, commands.c.unit_id.in_(some), _open, _unheard
        )
        found += [command_from_row(row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: one.id)


def units_waiting(connection: sa.Connection, organisation_id: int, *, limit: int) -> list[int]:
    """Units of an organisation with commands nobody has heard of yet."""
    query = (
        sa.select(commands.c.unit_id)
        .distinct()
        .where(commands.c.organisation_id == organisation_id, _open, _unheard)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def first_open(
    connection: sa.Connection, organisation_id: int, unit_ids: Collection[int]
) -> Mapping[tuple[int, str], int]:
    """The oldest command of each (unit, action) that may still come to something and needs nobody's yes."""
    found: dict[tuple[int, str], int] = {}
    for some in _cut(sorted(unit_ids)):
        query = (
            sa.select(commands.c.unit_id, commands.c.action, sa.func.min(commands.c.command_id))
            .where(
                commands.c.organisation_id == organisation_id,
                commands.c.unit_id.in_(some),
                commands.c.status != Status.UNCONFIRMED.value,
                _open,
            )
            .group_by(commands.c.unit_id, commands.c.action)
        )
        found |= {(unit_id, action): first for unit_id, action, first in connection.execute(query)}
    return found


def overdue(connection: sa.Connection, now: int, *, limit: int) -> list[Command]:
    """Open commands whose time is over, across organisations, for the reconciler alone."""
    return find_all(connection, _open, commands.c.expires_at <= now, limit=limit)


def outcomes(connection: sa.Connection, organisation_ids: Collection[int], batch: int) -> dict[Status, int]:
    """How many commands of a batch stand where."""
    query = (
        sa.select(commands.c.status, sa.func.count())
        .where(commands.c.organisation_id.in_(sorted(organisation_ids)), commands.c.batch == batch)
        .group_by(commands.c.status)
    )
    return {Status(status): count for status, count in connection.execute(query)}


def forget(connection: sa.Connection, before: int) -> int:
    """Delete what ended before this instant; how many."""
    return connection.execute(commands.delete().where(_ended, commands.c.ended_at < before)).rowcount


def _cut(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[first : first + _IN_MAX] for first in range(0, len(values), _IN_MAX))


def by_organisation(keys: Iterable[tuple[int, Any]]) -> dict[int, set[Any]]:
    """(organisation, thing) as things of each organisation, in the order of organisations."""
    found: dict[int, set[Any]] = {}
    for organisation_id, thing in sorted(keys):
        found.setdefault(organisation_id, set()).add(thing)
    return found

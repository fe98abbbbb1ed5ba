"""Commands as rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import CommandId, OrganisationId, UnitId
from monokoto.operate.commands.command import Command, Status

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
)
sa.Index("ix_commands_unit_id", commands.c.organisation_id, commands.c.unit_id, commands.c.command_id)
sa.Index("uq_commands_request", commands.c.organisation_id, commands.c.unit_id, commands.c.request, unique=True)
# What the reconciler looks for is rare among many: index that alone.
_open = commands.c.ended_at.is_(None)
sa.Index("ix_commands_open", commands.c.expires_at, sqlite_where=_open, postgresql_where=_open)
_ended = commands.c.ended_at.is_not(None)
sa.Index("ix_commands_ended_at", commands.c.ended_at, sqlite_where=_ended, postgresql_where=_ended)


def command_from_row(row: sa.Row[Any]) -> Command:
    """The value in a row."""
    return Command(
        id=CommandId(row.command_id),
        organisation_id=OrganisationId(row.organisation_id),
        unit_id=UnitId(row.unit_id),
        action=row.action,
        product=row.product,
        version=row.version,
        input=row.input,
        status=Status(row.status),
        output=row.output,
        error=row.error,
        progress=row.progress,
        request=row.request or "",
        created_at=Instant(row.created_at),
        created_by=row.created_by,
        expires_at=Instant(row.expires_at),
        sent_at=_instant(row.sent_at),
        answered_at=_instant(row.answered_at),
        ended_at=_instant(row.ended_at),
    )


def command_to_row(command: Command) -> dict[str, Any]:
    """The row of a command."""
    return {
        "command_id": command.id,
        "organisation_id": command.organisation_id,
        "unit_id": command.unit_id,
        "number": command.number,
        "action": command.action,
        "product": command.product,
        "version": command.version,
        "input": command.input,
        "status": command.status.value,
        "output": command.output,
        "error": command.error,
        "progress": command.progress,
        "request": command.request or None,
        "created_at": command.created_at,
        "created_by": command.created_by,
        "expires_at": command.expires_at,
        "sent_at": command.sent_at,
        "answered_at": command.answered_at,
        "ended_at": command.ended_at,
    }


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)


def of_unit(organisation_id: int, unit_id: int) -> sa.ColumnElement[bool]:
    """The wall: this unit's, in this organisation."""
    return (commands.c.organisation_id == organisation_id) & (commands.c.unit_id == unit_id)


def find(connection: sa.Connection, *conditions: sa.ColumnElement[bool], lock: bool = False) -> Command | None:
    """The newest command for which all conditions hold; with `lock` nobody else changes it meanwhile."""
    query = sa.select(commands).where(*conditions).order_by(commands.c.command_id.desc()).limit(1)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else command_from_row(row)


def find_all(
    connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int, newest_first: bool = False
) -> list[Command]:
    """The commands for which all conditions hold, by age."""
    order = commands.c.command_id.desc() if newest_first else commands.c.command_id.asc()
    query = sa.select(commands).where(*conditions).order_by(order).limit(limit)
    return [command_from_row(row) for row in connection.execute(query)]


def count_open(connection: sa.Connection, organisation_id: int, unit_id: int) -> int:
    """How many of a unit's commands may still come to something."""
    query = sa.select(sa.func.count()).select_from(commands).where(of_unit(organisation_id, unit_id), _open)
    return connection.execute(query).scalar_one()


def insert(connection: sa.Connection, command: Command) -> None:
    """A new one; IntegrityError when its request's name is taken."""
    connection.execute(commands.insert().values(command_to_row(command)))


def update(connection: sa.Connection, command: Command, *, before: Sequence[Status]) -> bool:
    """Put the command in the place of its former self; False when that has moved on from these stages."""
    row = command_to_row(command)
    names = ("status", "output", "error", "progress", "sent_at", "answered_at", "ended_at")
    changed = (
        commands.update()
        .where(
            of_unit(command.organisation_id, command.unit_id),
            commands.c.command_id == command.id,
            commands.c.status.in_([status.value for status in before]),
        )
        .values({name: row[name] for name in names})
    )
    return connection.execute(changed).rowcount == 1


def queued(connection: sa.Connection, *, after: int, limit: int) -> list[Command]:
    """Commands not handed on yet, across organisations, for the reconciler alone."""
    waiting = (_open, commands.c.status == Status.QUEUED.value, commands.c.command_id > after)
    return find_all(connection, *waiting, limit=limit)


def overdue(connection: sa.Connection, now: int, *, limit: int) -> list[Command]:
    """Open commands whose time is over, across organisations, for the reconciler alone."""
    return find_all(connection, _open, commands.c.expires_at <= now, limit=limit)


def forget(connection: sa.Connection, before: int) -> int:
    """Delete what ended before this instant; how many."""
    return connection.execute(commands.delete().where(_ended, commands.c.ended_at < before)).rowcount

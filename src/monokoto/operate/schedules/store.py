"""Schedules as rows."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, ScheduleId, parse_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.operate.schedules.schedule import Schedule, ScheduleSpec
from monokoto.web import Caller

schedules = sa.Table(
    "schedules",
    metadata,
    sa.Column("schedule_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("organisation_kind", sa.String(16), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(NAME_LENGTH_MAX), nullable=False),
    sa.Column("title", sa.String(TITLE_LENGTH_MAX), nullable=False),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("checked_until", sa.BigInteger, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Index("uq_schedules_name", "organisation_id", "name", unique=True),
    sa.Index("ix_schedules_enabled", "enabled", "schedule_id"),
)


def schedule_from_row(row: sa.Row[Any]) -> Schedule:
    """The value in a row."""
    return Schedule(
        id=ScheduleId(row.schedule_id),
        organisation_id=OrganisationId(row.organisation_id),
        caller=Caller(
            organisation_id=OrganisationId(row.organisation_id),
            scopes=frozenset(),
            organisation_kind=row.organisation_kind,
            key_id=ApiKeyId(row.key_id) if row.key_id else None,
            person_id=PersonId(row.person_id) if row.person_id else None,
        ),
        name=row.name,
        title=row.title,
        spec=msgspec.json.decode(row.document, type=ScheduleSpec),
        enabled=bool(row.enabled),
        revision=row.revision,
        checked_until=Instant(row.checked_until),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
    )


def schedule_to_row(schedule: Schedule) -> dict[str, Any]:
    """The row of a schedule."""
    return {
        "schedule_id": schedule.id,
        "organisation_id": schedule.organisation_id,
        "organisation_kind": schedule.caller.organisation_kind,
        "key_id": schedule.caller.key_id or 0,
        "person_id": schedule.caller.person_id or 0,
        "name": schedule.name,
        "title": schedule.title,
        "document": msgspec.json.encode(schedule.spec).decode(),
        "enabled": schedule.enabled,
        "revision": schedule.revision,
        "checked_until": schedule.checked_until,
        "created_at": schedule.created_at,
        "updated_at": schedule.updated_at,
    }


def _mine(organisation_id: int, schedule_id: int) -> sa.ColumnElement[bool]:
    return (schedules.c.organisation_id == organisation_id) & (schedules.c.schedule_id == schedule_id)


def find(connection: sa.Connection, organisation_id: int, reference: str) -> Schedule:
    """The schedule of this name, or with this id; raises NotFound."""
    mine = schedules.c.organisation_id == organisation_id
    row = connection.execute(sa.select(schedules).where(mine, schedules.c.name == reference)).one_or_none()
    if row is None:
        try:
            schedule_id = parse_id(reference, what="schedule")
        except Invalid:
            raise NotFound(f"There is no schedule {reference[:64]!r}.") from None
        row = connection.execute(sa.select(schedules).where(_mine(organisation_id, schedule_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no schedule {reference[:64]!r}.")
    return schedule_from_row(row)


def find_all(connection: sa.Connection, organisation_id: int, *, after: str, limit: int) -> list[Schedule]:
    """Schedules by name, past one."""
    mine = schedules.c.organisation_id == organisation_id
    query = sa.select(schedules).where(mine, schedules.c.name > after).order_by(schedules.c.name).limit(limit)
    return [schedule_from_row(row) for row in connection.execute(query)]


def count(connection: sa.Connection, organisation_id: int) -> int:
    """How many schedules an organisation has."""
    query = sa.select(sa.func.count()).where(schedules.c.organisation_id == organisation_id)
    return int(connection.execute(query).scalar_one())


def insert(connection: sa.Connection, schedule: Schedule) -> None:
    """A new one; IntegrityError when its name is taken."""
    connection.execute(schedules.insert().values(schedule_to_row(schedule)))


def update(connection: sa.Connection, schedule: Schedule, *, before: int) -> bool:
    """Put it in the place of its former self; False when that is at another revision meanwhile."""
    changed = (
        schedules.update()
        .where(_mine(schedule.organisation_id, schedule.id), schedules.c.revision == before)
        .values(schedule_to_row(schedule))
    )
    return connection.execute(changed).rowcount == 1


def note_checked(connection: sa.Connection, schedule: Schedule, until: int) -> None:
    """Nothing up to this instant is open any more; nothing, when the schedule was changed meanwhile."""
    connection.execute(
        schedules.update()
        .where(
            _mine(schedule.organisation_id, schedule.id),
            schedules.c.revision == schedule.revision,
            schedules.c.checked_until < until,
        )
        .values(checked_until=until)
    )


def delete(connection: sa.Connection, organisation_id: int, schedule_id: int) -> None:
    """Forget it; its runs stay."""
    connection.execute(schedules.delete().where(_mine(organisation_id, schedule_id)))


def read_enabled(connection: sa.Connection) -> list[tuple[int, int, int]]:
    """(organisation, schedule, revision) of all that are enabled; across organisations, for the scheduler alone."""
    query = sa.select(schedules.c.organisation_id, schedules.c.schedule_id, schedules.c.revision)
    return [tuple(row) for row in connection.execute(query.where(schedules.c.enabled.is_(True)))]


def read(connection: sa.Connection, organisation_id: int, schedule_id: int) -> Schedule | None:
    """One of them, by its id."""
    row = connection.execute(sa.select(schedules).where(_mine(organisation_id, schedule_id))).one_or_none()
    return None if row is None else schedule_from_row(row)

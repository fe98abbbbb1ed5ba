"""Jobs and their items as rows. Who works on a job holds it for a few seconds and says so in its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from monokoto.connect.jobs.job import OPEN, Item, ItemState, Job, JobState, Target
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import ApiKeyId, JobId, OrganisationId, PersonId, UnitId, format_id
from monokoto.web import Caller

REASON_LENGTH_MAX = 500

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("job_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("selection", sa.Text, nullable=False),
    sa.Column("pace", sa.Integer, nullable=False),
    sa.Column("organisation_kind", sa.String(16), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("held_until", sa.BigInteger, nullable=False),
    sa.Index("ix_jobs_organisation", "organisation_id", "job_id"),
    sa.Index("ix_jobs_state", "state", "job_id"),
    sa.Index("ix_jobs_finished", "organisation_id", "finished_at"),
)

job_items = sa.Table(
    "job_items",
    metadata,
    sa.Column("job_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("maker_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("at", sa.BigInteger),
    sa.Index("ix_job_items_state", "job_id", "state", "number"),
)
_ROWS_AT_ONCE = 5_000


def insert_job(connection: sa.Connection, job: Job, targets: Sequence[Target]) -> None:
    """A new job with the units it was made for."""
    connection.execute(
        jobs.insert().values(
            job_id=job.id,
            organisation_id=job.organisation_id,
            kind=job.kind,
            parameters=job.parameters,
            selection=job.selection,
            pace=job.pace,
            organisation_kind=job.caller.organisation_kind,
            key_id=job.caller.key_id or 0,
            person_id=job.caller.person_id or 0,
            state=job.state.value,
            cancelling=False,
            reason="",
            items=job.items,
            created_at=job.created_at,
            started_at=None,
            finished_at=job.finished_at,
            holder="",
            held_until=0,
        )
    )
    for begin in range(0, len(targets), _ROWS_AT_ONCE):
        rows = [
            {
                "job_id": job.id,
                "number": number,
                "organisation_id": job.organisation_id,
                "unit_id": target.unit_id,
                "maker_id": target.maker_id,
                "state": ItemState.WAITING.value,
                "reason": "",
                "before": None,
                "at": None,
            }
            for number, target in enumerate(targets[begin : begin + _ROWS_AT_ONCE], begin + 1)
        ]
        connection.execute(job_items.insert(), rows)


def count_open(connection: sa.Connection, organisation_id: int) -> int:
    """How many jobs of an organisation are not finished."""
    query = sa.select(sa.func.count()).where(
        jobs.c.organisation_id == organisation_id, jobs.c.state.in_([state.value for state in OPEN])
    )
    return int(connection.execute(query).scalar_one())


def read_open(connection: sa.Connection) -> list[tuple[int, int]]:
    """(organisation, job) of everything there is to do, the oldest first; across organisations, for the worker alone."""
    query = sa.select(jobs.c.organisation_id, jobs.c.job_id).where(jobs.c.state.in_([state.value for state in OPEN]))
    return [(row.organisation_id, row.job_id) for row in connection.execute(query.order_by(jobs.c.job_id))]


def read_job(connection: sa.Connection, organisation_id: int, job_id: int) -> Job:
    """One job with its counts; raises NotFound."""
    row = connection.execute(sa.select(jobs).where(*_mine(organisation_id, job_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {format_id(job_id)!r}.")
    return job_from_row(row, _counts(connection, organisation_id, [job_id]).get(job_id, {}))


def read_jobs(connection: sa.Connection, organisation_id: int, *, before: int | None, limit: int) -> list[Job]:
    """The newest first."""
    query = sa.select(jobs).where(jobs.c.organisation_id == organisation_id).order_by(jobs.c.job_id.desc())
    if before is not None:
        query = query.where(jobs.c.job_id < before)
    rows = connection.execute(query.limit(limit)).all()
    counts = _counts(connection, organisation_id, [row.job_id for row in rows])
    return [job_from_row(row, counts.get(row.job_id, {})) for row in rows]


def read_finished_since(connection: sa.Connection, organisation_id: int, since: int, *, limit: int) -> list[Job]:
    """What ended at or after an instant, the earliest first."""
    query = (
        sa.select(jobs)
        .where(jobs.c.organisation_id == organisation_id, jobs.c.finished_at >= since)
        .order_by(jobs.c.finished_at, jobs.c.job_id)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    counts = _counts(connection, organisation_id, [row.job_id for row in rows])
    return [job_from_row(row, counts.get(row.job_id, {})) for row in rows]


def _counts(connection: sa.Connection, organisation_id: int, job_ids: Sequence[int]) -> dict[int, dict[ItemState, int]]:
    counts: dict[int, dict[ItemState, int]] = {}
    query = (
        sa.select(job_items.c.job_id, job_items.c.state, sa.func.count().label("count"))
        .where(job_items.c.organisation_id == organisation_id, job_items.c.job_id.in_(job_ids))
        .group_by(job_items.c.job_id, job_items.c.state)
    )
    for row in connection.execute(query):
        counts.setdefault(row.job_id, {})[ItemState(row.state)] = row._mapping["count"]
    return counts


def read_items(
    connection: sa.Connection,
    organisation_id: int,
    job_id: int,
    *,
    states: Iterable[ItemState] = (),
    after: int = 0,
    limit: int,
) -> list[Item]:
    """Items by number, past one; only those of these states, when any are named."""
    named = [state.value for state in states]
    query = sa.select(job_items).where(
        job_items.c.organisation_id == organisation_id, job_items.c.job_id == job_id, job_items.c.number > after
    )
    if named:
        query = query.where(job_items.c.state.in_(named))
    return [item_from_row(row) for row in connection.execute(query.order_by(job_items.c.number).limit(limit))]


def read_last_items(
    connection: sa.Connection, organisation_id: int, job_id: int, *, states: Iterable[ItemState], limit: int
) -> list[Item]:
    """Items of these states, the last first: what was done last is undone first."""
    query = (
        sa.select(job_items)
        .where(
            job_items.c.organisation_id == organisation_id,
            job_items.c.job_id == job_id,
            job_items.c.state.in_([state.value for state in states]),
        )
        .order_by(job_items.c.number.desc())
        .limit(limit)
    )
    return [item_from_row(row) for row in connection.execute(query)]


def update_items(connection: sa.Connection, organisation_id: int, job_id: int, items: Sequence[Item]) -> None:
    """Write what became of some items."""
    if not items:
        return
    statement = (
        job_items.update()
        .where(
            job_items.c.organisation_id == organisation_id,
            job_items.c.job_id == job_id,
            job_items.c.number == sa.bindparam("its_number"),
        )
        .values(
            state=sa.bindparam("its_state"),
            reason=sa.bindparam("its_reason"),
            before=sa.bindparam("its_before"),
            at=sa.bindparam("its_at"),
        )
    )
    rows = [
        {
            "its_number": item.number,
            "its_state": item.state.value,
            "its_reason": item.reason[:REASON_LENGTH_MAX],
            "its_before": item.before,
            "its_at": item.at,
        }
        for item in items
    ]
    connection.execute(statement, rows)


def update_job(connection: sa.Connection, organisation_id: int, job_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a job."""
    connection.execute(jobs.update().where(*_mine(organisation_id, job_id)).values(dict(values)))


def hold(connection: sa.Connection, organisation_id: int, job_id: int, holder: str, *, now: int, until: int) -> bool:
    """Take a job to work on, or go on holding it; False when another process holds it."""
    free = sa.or_(jobs.c.holder == holder, jobs.c.held_until < now)
    taken = jobs.update().where(*_mine(organisation_id, job_id), free).values(holder=holder, held_until=until)
    return connection.execute(taken).rowcount == 1


def _mine(organisation_id: int, job_id: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return jobs.c.organisation_id == organisation_id, jobs.c.job_id == job_id


def job_from_row(row: sa.Row[Any], counts: Mapping[ItemState, int]) -> Job:
    """The value in a row of `jobs`. Its caller holds no scope: what it may do was asked when the job was made."""
    return Job(
        id=JobId(row.job_id),
        organisation_id=OrganisationId(row.organisation_id),
        kind=row.kind,
        parameters=row.parameters,
        selection=row.selection,
        pace=row.pace,
        caller=Caller(
            organisation_id=OrganisationId(row.organisation_id),
            scopes=frozenset(),
            organisation_kind=row.organisation_kind,
            key_id=ApiKeyId(row.key_id) if row.key_id else None,
            person_id=PersonId(row.person_id) if row.person_id else None,
        ),
        state=JobState(row.state),
        cancelling=row.cancelling,
        reason=row.reason,
        items=row._mapping["items"],
        counts=counts,
        created_at=Instant(row.created_at),
        started_at=None if row.started_at is None else Instant(row.started_at),
        finished_at=None if row.finished_at is None else Instant(row.finished_at),
    )


def item_from_row(row: sa.Row[Any]) -> Item:
    """The value in a row of `job_items`."""
    return Item(
        number=row.number,
        target=Target(UnitId(row.unit_id), OrganisationId(row.maker_id)),
        state=ItemState(row.state),
        reason=row.reason,
        before=row.before,
        at=None if row.at is None else Instant(row.at),
    )

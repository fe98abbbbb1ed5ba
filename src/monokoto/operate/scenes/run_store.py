"""Runs and their items as rows. Who works on a run holds it for a few seconds and says so in its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import ApiKeyId, OrganisationId, PersonId, SceneId, SceneRunId, ScheduleId, format_id
from monokoto.operate.scenes.run import OPEN_RUNS, Run, RunItem, RunItemState, RunState
from monokoto.operate.scenes.scene import SceneSpec
from monokoto.web import Caller

REASON_LENGTH_MAX = 500
KEY_LENGTH_MAX = 160
_ROWS_AT_ONCE = 5_000

runs = sa.Table(
    "scene_runs",
    metadata,
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("organisation_kind", sa.String(16), nullable=False),
    sa.Column("key_id", sa.BigInteger, nullable=False),
    sa.Column("person_id", sa.BigInteger, nullable=False),
    sa.Column("scene_id", sa.BigInteger, nullable=False),
    sa.Column("schedule_id", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("run_key", sa.String(KEY_LENGTH_MAX)),
    sa.Column("document", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("confirmed", sa.Boolean, nullable=False),
    sa.Column("cancelling", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("items", sa.Integer, nullable=False),
    sa.Column("planned_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("holder", sa.String(32), nullable=False),
    sa.Column("held_until", sa.BigInteger, nullable=False),
    sa.Index("ix_scene_runs_organisation", "organisation_id", "run_id"),
    sa.Index("uq_scene_runs_key", "organisation_id", "run_key", unique=True),
    sa.Index("ix_scene_runs_state", "state", "run_id"),
    sa.Index("ix_scene_runs_finished", "finished_at"),
)
items = sa.Table(
    "scene_run_items",
    metadata,
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("unit_id", sa.BigInteger, nullable=False),
    sa.Column("maker_id", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(REASON_LENGTH_MAX), nullable=False),
    sa.Column("command_id", sa.BigInteger, nullable=False),
    sa.Column("before", sa.Text),
    sa.Column("at", sa.BigInteger),
    sa.Index("ix_scene_run_items_state", "run_id", "state", "number"),
)
_open = runs.c.state.in_([state.value for state in OPEN_RUNS])


def _mine(organisation_id: int, run_id: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return runs.c.organisation_id == organisation_id, runs.c.run_id == run_id


def _items_of(organisation_id: int, run_id: int) -> sa.ColumnElement[bool]:
    return (items.c.organisation_id == organisation_id) & (items.c.run_id == run_id)


def insert(connection: sa.Connection, run: Run, its_items: Sequence[RunItem]) -> None:
    """A new run with the units it was made for; IntegrityError when its key is taken."""
    connection.execute(runs.insert().values(_run_to_row(run)))
    for begin in range(0, len(its_items), _ROWS_AT_ONCE):
        some = its_items[begin : begin + _ROWS_AT_ONCE]
        connection.execute(items.insert(), [_item_to_row(run, item) for item in some])


def _run_to_row(run: Run) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "organisation_id": run.organisation_id,
        "organisation_kind": run.caller.organisation_kind,
        "key_id": run.caller.key_id or 0,
        "person_id": run.caller.person_id or 0,
        "scene_id": run.scene_id,
        "schedule_id": run.schedule_id,
        "name": run.name,
        "run_key": run.key or None,
        "document": msgspec.json.encode(run.spec).decode(),
        "state": run.state.value,
        "confirmed": run.confirmed,
        "cancelling": run.cancelling,
        "reason": run.reason[:REASON_LENGTH_MAX],
        "items": run.items,
        "planned_at": run.planned_at,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "holder": "",
        "held_until": 0,
    }


def _item_to_row(run: Run, item: RunItem) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "number": item.number,
        "organisation_id": run.organisation_id,
        "step": item.step,
        "unit_id": item.unit_id,
        "maker_id": item.maker_id,
        "state": item.state.value,
        "reason": item.reason[:REASON_LENGTH_MAX],
        "command_id": item.command_id,
        "before": item.before,
        "at": item.at,
    }


def run_from_row(row: sa.Row[Any], counts: Mapping[RunItemState, int]) -> Run:
    """The value in a row. Its caller holds no scope: what it may do was asked when the run began."""
    return Run(
        id=SceneRunId(row.run_id),
        organisation_id=OrganisationId(row.organisation_id),
        caller=Caller(
            organisation_id=OrganisationId(row.organisation_id),
            scopes=frozenset(),
            organisation_kind=row.organisation_kind,
            key_id=ApiKeyId(row.key_id) if row.key_id else None,
            person_id=PersonId(row.person_id) if row.person_id else None,
        ),
        scene_id=SceneId(row.scene_id),
        schedule_id=ScheduleId(row.schedule_id),
        name=row.name,
        key=row.run_key or "",
        spec=msgspec.json.decode(row.document, type=SceneSpec),
        state=RunState(row.state),
        confirmed=bool(row.confirmed),
        cancelling=bool(row.cancelling),
        reason=row.reason,
        items=row._mapping["items"],
        counts=counts,
        planned_at=_instant(row.planned_at),
        created_at=Instant(row.created_at),
        started_at=_instant(row.started_at),
        finished_at=_instant(row.finished_at),
    )


def _item_from_row(row: sa.Row[Any]) -> RunItem:
    return RunItem(
        number=row.number,
        step=row.step,
        unit_id=row.unit_id,
        maker_id=row.maker_id,
        state=RunItemState(row.state),
        reason=row.reason,
        command_id=row.command_id,
        before=row.before,
        at=_instant(row.at),
    )


def _instant(value: int | None) -> Instant | None:
    return None if value is None else Instant(value)


def read(connection: sa.Connection, organisation_id: int, run_id: int) -> Run:
    """One run with its counts; raises NotFound."""
    row = connection.execute(sa.select(runs).where(*_mine(organisation_id, run_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no run {format_id(run_id)!r}.")
    return run_from_row(row, _counts(connection, organisation_id, [run_id]).get(run_id, {}))


def read_by_key(connection: sa.Connection, organisation_id: int, key: str) -> Run | None:
    """The run with this key."""
    mine = runs.c.organisation_id == organisation_id
    row = connection.execute(sa.select(runs).where(mine, runs.c.run_key == key)).one_or_none()
    if row is None:
        return None
    return run_from_row(row, _counts(connection, organisation_id, [row.run_id]).get(row.run_id, {}))


def read_all(
    connection: sa.Connection,
    organisation_id: int,
    *,
    scene_id: int = 0,
    schedule_id: int = 0,
    state: RunState | None = None,
    before: int | None = None,
    limit: int,
) -> list[Run]:
    """The newest first."""
    query = sa.select(runs).where(runs.c.organisation_id == organisation_id).order_by(runs.c.run_id.desc())
    for column, value in ((runs.c.scene_id, scene_id), (runs.c.schedule_id, schedule_id)):
        query = query.where(column == value) if value else query
    if state is not None:
        query = query.where(runs.c.state == state.value)
    if before is not None:
        query = query.where(runs.c.run_id < before)
    rows = connection.execute(query.limit(limit)).all()
    counts = _counts(connection, organisation_id, [row.run_id for row in rows])
    return [run_from_row(row, counts.get(row.run_id, {})) for row in rows]


def _counts(
    connection: sa.Connection, organisation_id: int, run_ids: Sequence[int]
) -> dict[int, dict[RunItemState, int]]:
    counts: dict[int, dict[RunItemState, int]] = {}
    query = (
        sa.select(items.c.run_id, items.c.state, sa.func.count().label("count"))
        .where(items.c.organisation_id == organisation_id, items.c.run_id.in_(run_ids))
        .group_by(items.c.run_id, items.c.state)
    )
    for row in connection.execute(query):
        counts.setdefault(row.run_id, {})[RunItemState(row.state)] = row._mapping["count"]
    return counts


def read_open(connection: sa.Connection) -> list[tuple[int, int]]:
    """(organisation, run) of everything there is to do, the oldest first; across organisations, for the worker alone."""
    query = sa.select(runs.c.organisation_id, runs.c.run_id).where(_open).order_by(runs.c.run_id)
    return [(row.organisation_id, row.run_id) for row in connection.execute(query)]


def count_open(connection: sa.Connection, organisation_id: int) -> int:
    """How many runs of an organisation are not finished."""
    query = sa.select(sa.func.count()).where(runs.c.organisation_id == organisation_id, _open)
    return int(connection.execute(query).scalar_one())


def update(connection: sa.Connection, organisation_id: int, run_id: int, values: Mapping[str, Any]) -> None:
    """Change columns of a run."""
    connection.execute(runs.update().where(*_mine(organisation_id, run_id)).values(dict(values)))


def hold(connection: sa.Connection, organisation_id: int, run_id: int, holder: str, *, now: int, until: int) -> bool:
    """Take a run to work on, or go on holding it; False when another process holds it."""
    free = sa.or_(runs.c.holder == holder, runs.c.held_until < now)
    taken = runs.update().where(*_mine(organisation_id, run_id), free).values(holder=holder, held_until=until)
    return connection.execute(taken).rowcount == 1


def read_items(
    connection: sa.Connection,
    organisation_id: int,
    run_id: int,
    *,
    states: Iterable[RunItemState] = (),
    step: int | None = None,
    after: int = 0,
    commands: Sequence[int] = (),
    undoable: bool = False,
    limit: int,
) -> list[RunItem]:
    """Items by number, past one; only those of these states, this step, these commands, when any are named.

    `undoable`: those that say what was desired before, the last first.
    """
    query = sa.select(items).where(_items_of(organisation_id, run_id), items.c.number > after)
    if named := [state.value for state in states]:
        query = query.where(items.c.state.in_(named))
    if step is not None:
        query = query.where(items.c.step == step)
    if commands:
        query = query.where(items.c.command_id.in_(commands))
    if undoable:
        query = query.where(items.c.before.is_not(None))
    order = items.c.number.desc() if undoable else items.c.number
    return [_item_from_row(row) for row in connection.execute(query.order_by(order).limit(limit))]


def undoable(connection: sa.Connection, organisation_id: int, run_id: int) -> bool:
    """Whether a run changed any desired value that could be put back."""
    done = [RunItemState.DONE]
    return bool(read_items(connection, organisation_id, run_id, states=done, undoable=True, limit=1))


def first_step(
    connection: sa.Connection, organisation_id: int, run_id: int, states: Iterable[RunItemState]
) -> int | None:
    """The first step that has items of these states."""
    query = sa.select(sa.func.min(items.c.step)).where(
        _items_of(organisation_id, run_id), items.c.state.in_([state.value for state in states])
    )
    found: int | None = connection.execute(query).scalar_one()
    return found


def update_items(connection: sa.Connection, organisation_id: int, run_id: int, changed: Sequence[RunItem]) -> None:
    """Write what became of some items."""
    if not changed:
        return
    statement = (
        items.update()
        .where(_items_of(organisation_id, run_id), items.c.number == sa.bindparam("its_number"))
        .values(
            state=sa.bindparam("its_state"),
            reason=sa.bindparam("its_reason"),
            command_id=sa.bindparam("its_command"),
            before=sa.bindparam("its_before"),
            at=sa.bindparam("its_at"),
        )
    )
    rows = [
        {
            "its_number": item.number,
            "its_state": item.state.value,
            "its_reason": item.reason[:REASON_LENGTH_MAX],
            "its_command": item.command_id,
            "its_before": item.before,
            "its_at": item.at,
        }
        for item in changed
    ]
    connection.execute(statement, rows)


def leave_waiting(connection: sa.Connection, organisation_id: int, run_id: int, at: int) -> None:
    """Nothing more is begun: what waits is left."""
    connection.execute(
        items.update()
        .where(_items_of(organisation_id, run_id), items.c.state == RunItemState.WAITING.value)
        .values(state=RunItemState.LEFT.value, at=at)
    )


def forget(connection: sa.Connection, before: int, *, limit: int) -> int:
    """Delete runs that ended before this instant; across organisations, for the reconciler alone."""
    query = sa.select(runs.c.organisation_id, runs.c.run_id).where(runs.c.finished_at < before, ~_open).limit(limit)
    found = connection.execute(query).all()
    for row in found:
        connection.execute(items.delete().where(_items_of(row.organisation_id, row.run_id)))
        connection.execute(runs.delete().where(*_mine(row.organisation_id, row.run_id)))
    return len(found)

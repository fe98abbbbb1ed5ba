"""Entries as rows: written and read, never changed. The head of each organisation's chain is the lock on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.connect.audit.entry import Actor, ActorKind, Draft, Entry, Head, Outcome, Subject, chained
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import AuditId, OrganisationId

audit_entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor_kind", sa.String(16), nullable=False),
    sa.Column("actor_id", sa.BigInteger, nullable=False),
    sa.Column("actor_name", sa.String(200), nullable=False),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject_kind", sa.String(32), nullable=False),
    sa.Column("subject_id", sa.String(128), nullable=False),
    sa.Column("maker_id", sa.BigInteger, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    # Text and not JSON: the digest is over exactly these characters.
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Index("uq_audit_entries_number", "organisation_id", "number", unique=True),
    sa.Index("ix_audit_entries_organisation", "organisation_id", "entry_id"),
    sa.Index("ix_audit_entries_subject", "organisation_id", "subject_kind", "subject_id", "entry_id"),
    sa.Index("ix_audit_entries_maker", "maker_id", "subject_id", "entry_id"),
)

audit_heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
)

# Made once: making them anew costs as much as carrying them out, and they stand before every change there is.
_OF_ORGANISATION = audit_heads.c.organisation_id == sa.bindparam("of_organisation")
_READ_HEAD = sa.select(audit_heads.c.number, audit_heads.c.digest).where(_OF_ORGANISATION)
_LOCK_HEAD = _READ_HEAD.with_for_update()
_MOVE_HEAD = (
    audit_heads.update()
    .where(_OF_ORGANISATION)
    .values(number=sa.bindparam("to_number"), digest=sa.bindparam("to_digest"))
)
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which entries; every condition given must hold."""

    actor_id: int | None = None
    action: str = ""
    subject_kind: str = ""
    subject_id: str = ""
    outcome: Outcome | None = None
    begin: int | None = None
    """Entries of this instant and later."""
    end: int | None = None
    """Entries before this instant."""


def append(connection: sa.Connection, drafts: Sequence[Draft]) -> list[Entry]:
    """Chain the drafts behind what is there, organisation by organisation in the order of their ids: two who write for
    the same organisations never wait for each other in a circle."""
    written: list[Entry] = []
    for organisation_id in sorted({draft.organisation_id for draft in drafts}):
        head = _lock_head(connection, organisation_id)
        for draft in drafts:
            if draft.organisation_id == organisation_id:
                entry = chained(head, draft)
                head = Head(entry.number, entry.digest)
                written.append(entry)
        moved = {"of_organisation": organisation_id, "to_number": head.number, "to_digest": head.digest}
        connection.execute(_MOVE_HEAD, moved)
    connection.execute(audit_entries.insert(), [entry_to_row(entry) for entry in written])
    return written


def _lock_head(connection: sa.Connection, organisation_id: int) -> Head:
    row = connection.execute(_LOCK_HEAD, {"of_organisation": organisation_id}).one_or_none()
    if row is None:  # the first entry of all; somebody else may be writing theirs
        insert = _INSERTS[connection.dialect.name](audit_heads).values(
            organisation_id=organisation_id, number=0, digest=Head().digest
        )
        connection.execute(insert.on_conflict_do_nothing(index_elements=[audit_heads.c.organisation_id]))
        row = connection.execute(_LOCK_HEAD, {"of_organisation": organisation_id}).one()
    return Head(row.number, bytes(row.digest))


def read_head(connection: sa.Connection, organisation_id: int) -> Head:
    """The end of the chain; number 0 before the first entry."""
    row = connection.execute(_READ_HEAD, {"of_organisation": organisation_id}).one_or_none()
    return Head() if row is None else Head(row.number, bytes(row.digest))


def read_organisations(connection: sa.Connection) -> list[int]:
    """The organisations that have a chain; for the operator who verifies all."""
    return list(connection.execute(sa.select(audit_heads.c.organisation_id).order_by(sa.text("1"))).scalars())


def read_entries(
    connection: sa.Connection,
    organisation_id: int,
    wanted: AuditFilter,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[Entry]:
    """Entries an organisation may see: its own, and what others did with units it made.

    With `before` (an entry's id, or none) the newest first; with `after` the oldest first, those past it.
    """
    table = audit_entries.c
    conditions = [sa.or_(table.organisation_id == organisation_id, table.maker_id == organisation_id)]
    conditions += list(_conditions(wanted))
    if after is not None:
        conditions.append(table.entry_id > after)
    if before is not None:
        conditions.append(table.entry_id < before)
    order = table.entry_id.asc() if after is not None else table.entry_id.desc()
    query = sa.select(audit_entries).where(*conditions).order_by(order).limit(limit)
    return [entry_from_row(row) for row in connection.execute(query)]


def _conditions(wanted: AuditFilter) -> Iterable[sa.ColumnElement[bool]]:
    table = audit_entries.c
    for column, value in (
        (table.actor_id, wanted.actor_id),
        (table.action, wanted.action or None),
        (table.subject_kind, wanted.subject_kind or None),
        (table.subject_id, wanted.subject_id or None),
        (table.outcome, wanted.outcome.value if wanted.outcome else None),
    ):
        if value is not None:
            yield column == value
    if wanted.begin is not None:
        yield table.at >= wanted.begin
    if wanted.end is not None:
        yield table.at < wanted.end


def read_chain(connection: sa.Connection, organisation_id: int, *, after: int, limit: int) -> list[Entry]:
    """A piece of an organisation's own chain in its order, past a number."""
    table = audit_entries.c
    query = (
        sa.select(audit_entries)
        .where(table.organisation_id == organisation_id, table.number > after)
        .order_by(table.number)
        .limit(limit)
    )
    return [entry_from_row(row) for row in connection.execute(query)]


def entry_to_row(entry: Entry) -> dict[str, Any]:
    """The row of an entry."""
    draft = entry.draft
    return {
        "entry_id": draft.id,
        "organisation_id": draft.organisation_id,
        "number": entry.number,
        "at": draft.at,
        "actor_kind": draft.actor.kind.value,
        "actor_id": draft.actor.id,
        "actor_name": draft.actor.name,
        "address": draft.address,
        "agent": draft.agent,
        "action": draft.action,
        "subject_kind": draft.subject.kind,
        "subject_id": draft.subject.id,
        "maker_id": draft.maker_id,
        "outcome": draft.outcome.value,
        "status": draft.status,
        "detail": draft.detail,
        "digest": entry.digest,
    }


def entry_from_row(row: sa.Row[Any]) -> Entry:
    """The value in a row of `audit_entries`."""
    draft = Draft(
        id=AuditId(row.entry_id),
        organisation_id=OrganisationId(row.organisation_id),
        at=Instant(row.at),
        actor=Actor(ActorKind(row.actor_kind), row.actor_id, row.actor_name),
        action=row.action,
        subject=Subject(row.subject_kind, row.subject_id),
        maker_id=OrganisationId(row.maker_id),
        outcome=Outcome(row.outcome),
        status=row.status,
        address=row.address,
        agent=row.agent,
        detail=row.detail,
    )
    return Entry(draft=draft, number=row.number, digest=bytes(row.digest))

"""A bank's statements and what stands in them, in the records."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.payments.camt import Move
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
bank_statements = sa.Table(
    "bank_statements",
    metadata,
    sa.Column("statement_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("message_id", sa.String(35), nullable=False),
    sa.Column("entries", sa.Integer, nullable=False),
    sa.Column("known", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Index("uq_bank_statements_digest", "organisation_id", "digest", unique=True),
    sa.Index("ix_bank_statements_organisation", "organisation_id", "statement_id"),
)
bank_entries = sa.Table(
    "bank_entries",
    metadata,
    sa.Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("statement_id", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("account", sa.String(34), nullable=False),
    sa.Column("bank_reference", sa.String(35), nullable=False),
    sa.Column("direction", sa.String(8), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", sa.String(64), nullable=False),
    sa.Column("booked_on", sa.String(10), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("why", sa.String(500), nullable=False),
    sa.Column("invoice_id", sa.BigInteger),
    sa.Column("payment_id", sa.BigInteger),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Index("uq_bank_entries_digest", "organisation_id", "digest", unique=True),
    sa.Index("ix_bank_entries_state", "organisation_id", "state", "entry_id"),
    sa.Index("ix_bank_entries_statement", "organisation_id", "statement_id", "entry_id"),
    sa.Index("ix_bank_entries_reference", "organisation_id", "account", "bank_reference"),
)


class EntryState(StrEnum):
    """Where an entry of a statement stands."""

    NEW = "new"
    """Nobody looked at it yet."""
    MATCHED = "matched"
    """Put on a payment, or booked as one for an invoice."""
    OPEN = "open"
    """Somebody has to say what it is."""
    ASSIGNED = "assigned"
    """Somebody said whose it is."""
    DISMISSED = "dismissed"
    """Somebody said that it is nothing of ours."""
    REPLACED = "replaced"
    """A sum whose parts the bank told in another message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BankEntry:
    """One entry, and what became of it."""

    id: int
    organisation_id: int
    statement_id: int
    digest: bytes
    move: Move
    state: EntryState = EntryState.NEW
    why: str = ""
    """Why it is open, or what was said of it."""
    invoice_id: int | None = None
    """The invoice it paid, or may be for."""
    payment_id: int | None = None
    changed_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class BankStatement:
    """One message that was taken in."""

    id: int
    organisation_id: int
    digest: bytes
    kind: str
    message_id: str
    entries: int
    """Of ours; others that went are not kept."""
    known: int
    """That were known from other messages."""
    created_at: Instant


def insert_statement(connection: sa.Connection, made: BankStatement) -> bool:
    """A new one; False when the same bytes were taken in before."""
    row = asdict(made)
    row["statement_id"] = row.pop("id")
    statement = _INSERTS[connection.dialect.name](bank_statements).values(row)
    keys = [bank_statements.c.organisation_id, bank_statements.c.digest]
    new = statement.on_conflict_do_nothing(index_elements=keys).returning(bank_statements.c.statement_id)
    return connection.execute(new).first() is not None


def count_known(connection: sa.Connection, made: BankStatement, entries: int, known: int) -> None:
    """How many entries it brought, and how many were known."""
    table = bank_statements.c
    connection.execute(
        bank_statements.update()
        .where(table.organisation_id == made.organisation_id, table.statement_id == made.id)
        .values(entries=entries, known=known)
    )


def find_statement(connection: sa.Connection, organisation_id: int, digest: bytes) -> BankStatement | None:
    """The one of these bytes."""
    table = bank_statements.c
    query = sa.select(bank_statements).where(table.organisation_id == organisation_id, table.digest == digest)
    row = connection.execute(query).one_or_none()
    return None if row is None else _statement_from_row(row)


def find_statements(
    connection: sa.Connection, organisation_id: int, *, before: int | None, limit: int
) -> list[BankStatement]:
    """The newest first."""
    table = bank_statements.c
    conditions = [table.organisation_id == organisation_id]
    if before is not None:
        conditions.append(table.statement_id < before)
    query = sa.select(bank_statements).where(*conditions).order_by(table.statement_id.desc()).limit(limit)
    return [_statement_from_row(row) for row in connection.execute(query)]


def insert_entry(connection: sa.Connection, entry: BankEntry) -> bool:
    """A new one; False when it is known from this or another message."""
    statement = _INSERTS[connection.dialect.name](bank_entries).values(_entry_to_row(entry))
    keys = [bank_entries.c.organisation_id, bank_entries.c.digest]
    made = statement.on_conflict_do_nothing(index_elements=keys).returning(bank_entries.c.entry_id)
    return connection.execute(made).first() is not None


def entries_named(
    connection: sa.Connection, organisation_id: int, account: str, bank_reference: str
) -> list[BankEntry]:
    """Those the bank calls by one name."""
    table = bank_entries.c
    query = sa.select(bank_entries).where(
        table.organisation_id == organisation_id, table.account == account, table.bank_reference == bank_reference
    )
    return [_entry_from_row(row) for row in connection.execute(query)]


def find_entry(connection: sa.Connection, organisation_id: int, entry_id: int) -> BankEntry | None:
    """One."""
    table = bank_entries.c
    query = sa.select(bank_entries).where(table.organisation_id == organisation_id, table.entry_id == entry_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _entry_from_row(row)


def find_entries(
    connection: sa.Connection,
    organisation_id: int,
    *,
    state: EntryState | None = None,
    statement_id: int | None = None,
    before: int | None = None,
    limit: int,
) -> list[BankEntry]:
    """The newest first."""
    table = bank_entries.c
    conditions = [table.organisation_id == organisation_id]
    for column, value in ((table.state, state), (table.statement_id, statement_id)):
        if value is not None:
            conditions.append(column == value)
    if before is not None:
        conditions.append(table.entry_id < before)
    query = sa.select(bank_entries).where(*conditions).order_by(table.entry_id.desc()).limit(limit)
    return [_entry_from_row(row) for row in connection.execute(query)]


def move_entry(connection: sa.Connection, entry: BankEntry, was: EntryState) -> bool:
    """It stands elsewhere now; False when somebody else moved it meanwhile."""
    table = bank_entries.c
    told = {name: getattr(entry, name) for name in ("why", "invoice_id", "payment_id", "changed_at")}
    statement = (
        bank_entries.update()
        .where(table.organisation_id == entry.organisation_id, table.entry_id == entry.id, table.state == was.value)
        .values(state=entry.state.value, **told)
    )
    return connection.execute(statement).rowcount == 1


def _statement_from_row(row: sa.Row[Any]) -> BankStatement:
    told = dict(row._mapping)
    return BankStatement(id=told.pop("statement_id"), **told)


def _entry_to_row(entry: BankEntry) -> dict[str, Any]:
    move = entry.move
    return {
        "entry_id": entry.id, "organisation_id": entry.organisation_id, "statement_id": entry.statement_id, "digest": entry.digest,
        "account": move.account, "bank_reference": move.bank_reference, "direction": "in" if move.credit else "out",
        "currency": move.currency, "amount": f"{move.amount:f}", "booked_on": move.booked_on,
        "text": msgspec.json.encode(move).decode(), "state": entry.state.value, "why": entry.why,
        "invoice_id": entry.invoice_id, "payment_id": entry.payment_id, "changed_at": entry.changed_at,
    }  # fmt: skip


def _entry_from_row(row: sa.Row[Any]) -> BankEntry:
    move = msgspec.json.decode(row.text, type=Move)
    return BankEntry(
        id=row.entry_id, organisation_id=row.organisation_id, statement_id=row.statement_id, digest=bytes(row.digest), move=move,
        state=EntryState(row.state), why=row.why, invoice_id=row.invoice_id, payment_id=row.payment_id,
        changed_at=Instant(row.changed_at),
    )  # fmt: skip

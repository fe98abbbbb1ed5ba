"""Entries and their postings as rows: written and read, never changed (the database refuses it, too).

A posting is kept twice: its amount as text, which is what it is, and in smallest units of its currency, which is what is summed;
the auditor compares them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.calendar import Span
from monokoto.earn.ledger.entry import Balance, Booked, Entry, Head, Posting, entry_text, money_text
from monokoto.earn.pricing import currency
from monokoto.engines.records import metadata
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import LedgerEntryId, OrganisationId
from monokoto.kernel.limits import LEDGER_KEY_LENGTH_MAX

ledger_entries = sa.Table(
    "ledger_entries",
    metadata,
    sa.Column("entry_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("organisation_id", sa.BigInteger, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("key", sa.String(LEDGER_KEY_LENGTH_MAX), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("booked_at", sa.BigInteger, nullable=False),
    # Text and not JSON: the digest is over exactly these characters.
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Index("uq_ledger_entries_number", "organisation_id", "number", unique=True),
    sa.Index("uq_ledger_entries_key", "organisation_id", "key", unique=True),
)
ledger_postings = sa.Table(
    "ledger_postings",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("account", sa.String(120), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("amount", sa.String(64), nullable=False),
    sa.Column("smallest", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_ledger_postings_account", "organisation_id", "account", "currency", "at"),
)
ledger_heads = sa.Table(
    "ledger_heads",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
)
_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_IN_MAX = 500


def lock_head(connection: sa.Connection, organisation_id: int) -> Head:
    """The end of the chain, which nobody else may move until this transaction ends."""
    insert = _INSERTS[connection.dialect.name](ledger_heads).values(
        organisation_id=organisation_id, number=0, digest=Head().digest
    )
    connection.execute(insert.on_conflict_do_nothing(index_elements=[ledger_heads.c.organisation_id]))
    return read_head(connection, organisation_id, lock=True)


def read_head(connection: sa.Connection, organisation_id: int, *, lock: bool = False) -> Head:
    """The end of the chain; number 0 before the first entry."""
    query = sa.select(ledger_heads).where(ledger_heads.c.organisation_id == organisation_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return Head() if row is None else Head(row.number, bytes(row.digest))


def find_keys(connection: sa.Connection, organisation_id: int, keys: Collection[str]) -> dict[str, Booked]:
    """The entries booked under these keys."""
    wanted, found = sorted(set(keys)), {}
    for first in range(0, len(wanted), _IN_MAX):
        query = sa.select(ledger_entries).where(
            ledger_entries.c.organisation_id == organisation_id,
            ledger_entries.c.key.in_(wanted[first : first + _IN_MAX]),
        )
        found.update({row.key: booked_from_row(row) for row in connection.execute(query)})
    return found


def append(connection: sa.Connection, organisation_id: int, booked: Sequence[Booked]) -> None:
    """Write them behind the head, which is locked."""
    connection.execute(ledger_entries.insert(), [booked_to_row(one) for one in booked])
    connection.execute(ledger_postings.insert(), [row for one in booked for row in _posting_rows(one)])
    connection.execute(
        ledger_heads.update()
        .where(ledger_heads.c.organisation_id == organisation_id)
        .values(number=booked[-1].number, digest=booked[-1].digest)
    )


def _posting_rows(booked: Booked) -> Iterator[dict[str, Any]]:
    for position, one in enumerate(booked.entry.postings):
        yield {
            "organisation_id": booked.organisation_id,
            "number": booked.number,
            "position": position,
            "account": one.account,
            "currency": one.currency,
            "amount": money_text(one.amount, one.currency),
            "smallest": currency(one.currency).smallest(one.amount),
            "at": booked.entry.at,
        }


def sums(
    connection: sa.Connection,
    organisation_id: int,
    *,
    account: str = "",
    prefix: str = "",
    code: str = "",
    until: int | None = None,
) -> list[Balance]:
    """Debits and credits of accounts, summed by the database in whole smallest units; by account and currency."""
    table = ledger_postings.c
    conditions = [table.organisation_id == organisation_id]
    if account:
        conditions.append(table.account == account)
    if prefix:
        conditions += [table.account >= prefix, table.account < prefix + "\x7f"]
    if code:
        conditions.append(table.currency == code)
    if until is not None:
        conditions.append(table.at <= until)
    debit = sa.func.sum(sa.case((table.smallest > 0, table.smallest), else_=0))
    credit = sa.func.sum(sa.case((table.smallest < 0, -table.smallest), else_=0))
    query = (
        sa.select(table.account, table.currency, debit.label("debits"), credit.label("credits"))
        .where(*conditions)
        .group_by(table.account, table.currency)
        .order_by(table.account, table.currency)
    )
    return [
        Balance(
            account=row.account,
            currency=row.currency,
            debits=currency(row.currency).of_smallest(int(row.debits)),
            credits=currency(row.currency).of_smallest(int(row.credits)),
        )
        for row in connection.execute(query)
    ]


def find_all(
    connection: sa.Connection,
    organisation_id: int,
    *,
    account: str = "",
    accounts: Sequence[str] = (),
    code: str = "",
    key: str = "",
    keys: Sequence[str] | None = None,
    before: int | None = None,
    after: int | None = None,
    within: Span | None = None,
    limit: int,
) -> list[Booked]:
    """Entries by number: the newest first, those before a number; with `after` the oldest first, those past it. `code`: of what was
    posted on the account."""
    table = ledger_entries.c
    conditions = [table.organisation_id == organisation_id]
    if key:
        conditions.append(table.key == key)
    if keys is not None:
        conditions.append(table.key.in_(keys))
    if accounts:
        among = sa.select(ledger_postings.c.number).where(
            ledger_postings.c.organisation_id == organisation_id, ledger_postings.c.account.in_(accounts)
        )
        conditions.append(table.number.in_(among))
    if before is not None:
        conditions.append(table.number < before)
    if after is not None:
        conditions.append(table.number > after)
    if within is not None:
        conditions += [table.at >= within.start, table.at < within.end]
    if account:
        posted = sa.select(ledger_postings.c.number).where(
            ledger_postings.c.organisation_id == organisation_id, ledger_postings.c.account == account
        )
        if code:
            posted = posted.where(ledger_postings.c.currency == code)
        conditions.append(table.number.in_(posted))
    order = table.number.desc() if after is None else table.number.asc()
    query = sa.select(ledger_entries).where(*conditions).order_by(order).limit(limit)
    return [booked_from_row(row) for row in connection.execute(query)]


class _EntryText(msgspec.Struct, frozen=True):
    at: int
    key: str
    postings: list[tuple[str, str, str]]
    title: str


def booked_to_row(booked: Booked) -> dict[str, Any]:
    """The row of an entry."""
    return {
        "entry_id": booked.id,
        "organisation_id": booked.organisation_id,
        "number": booked.number,
        "key": booked.entry.key,
        "at": booked.entry.at,
        "booked_at": booked.booked_at,
        "text": entry_text(booked.entry),
        "digest": booked.digest,
    }


def booked_from_row(row: sa.Row[Any]) -> Booked:
    """The value in a row."""
    told = msgspec.json.decode(row.text, type=_EntryText)
    postings = tuple(Posting(account, Decimal(amount), code) for account, amount, code in told.postings)
    return Booked(
        id=LedgerEntryId(row.entry_id),
        organisation_id=OrganisationId(row.organisation_id),
        number=row.number,
        entry=Entry(key=told.key, at=told.at, title=told.title, postings=postings),
        booked_at=Instant(row.booked_at),
        digest=bytes(row.digest),
    )

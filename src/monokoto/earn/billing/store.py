"""What is booked: by subscription, billing period and key, what each invoice says.

A copy for arithmetic of what stands on the invoices; both change in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from monokoto.earn.billing.booking import Booked
from monokoto.engines.records import metadata

_IN_MAX = 500
"""Values in one IN."""

billing_booked = sa.Table(
    "billing_booked",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("invoice_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(200), primary_key=True),
    sa.Column("began", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.String(64), nullable=False),
    sa.Column("quantity", sa.String(64), nullable=False),
)
billing_touched = sa.Table(
    "billing_touched",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("subscription_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("since", sa.BigInteger, nullable=False),
)
billing_marks = sa.Table(
    "billing_marks",
    metadata,
    sa.Column("organisation_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("mark", sa.BigInteger, nullable=False),
)
PLATFORM = 0
"""The organisation of what is of no single one: how far usage was looked through."""


@dataclass(frozen=True, slots=True)
class BookedRow:
    """One."""

    subscription_id: int
    invoice_id: int
    began: int
    booked: Booked


def booked_of(connection: sa.Connection, organisation_id: int, since: Mapping[int, int]) -> list[BookedRow]:
    """What invoices say of these subscriptions' periods, from the one that began at `since` on."""
    found = []
    table = billing_booked.c
    for some in _cut(list(since)):
        rows = connection.execute(
            sa.select(billing_booked).where(
                table.organisation_id == organisation_id, table.subscription_id.in_(some),
                table.began >= min(since[one] for one in some),
            )
        )  # fmt: skip
        for row in rows:
            if row.began >= since[row.subscription_id]:
                booked = Booked(key=row.key, amount=Decimal(row.amount), quantity=Decimal(row.quantity))
                found.append(BookedRow(row.subscription_id, row.invoice_id, row.began, booked))
    return found


def write_booked(
    connection: sa.Connection, organisation_id: int, rows: Iterable[BookedRow], invoices: Mapping[int, int]
) -> None:
    """These rows and no others for `invoices` (with their subscriptions)."""
    table = billing_booked.c
    for some in _cut(list(invoices)):
        connection.execute(
            sa.delete(billing_booked).where(
                table.organisation_id == organisation_id,
                table.subscription_id.in_(sorted({invoices[one] for one in some})), table.invoice_id.in_(some),
            )
        )  # fmt: skip
    values = [
        {
            "organisation_id": organisation_id, "subscription_id": row.subscription_id, "invoice_id": row.invoice_id,
            "key": row.booked.key, "began": row.began, "amount": f"{row.booked.amount:f}",
            "quantity": f"{row.booked.quantity:f}",
        }
        for row in rows
    ]  # fmt: skip
    if values:
        connection.execute(sa.insert(billing_booked), values)


def touched_of(connection: sa.Connection, organisation_id: int, subscription_ids: Collection[int]) -> dict[int, int]:
    """By subscription since when what is rated may have changed."""
    found: dict[int, int] = {}
    table = billing_touched.c
    for some in _cut(list(subscription_ids)):
        rows = connection.execute(
            sa.select(table.subscription_id, table.since).where(
                table.organisation_id == organisation_id, table.subscription_id.in_(some)
            )
        )
        found |= {row.subscription_id: row.since for row in rows}
    return found


def all_touched(connection: sa.Connection, organisation_id: int, *, after: int, limit: int) -> dict[int, int]:
    """The same for a page of all."""
    table = billing_touched.c
    rows = connection.execute(
        sa.select(table.subscription_id, table.since)
        .where(table.organisation_id == organisation_id, table.subscription_id > after)
        .order_by(table.subscription_id)
        .limit(limit)
    )
    return {row.subscription_id: row.since for row in rows}


def touched_organisations(connection: sa.Connection) -> list[int]:
    """Whose subscriptions are to be rated again, for who bills."""
    return [row.organisation_id for row in connection.execute(sa.select(billing_touched.c.organisation_id).distinct())]


def touch(connection: sa.Connection, organisation_id: int, since: Mapping[int, int]) -> None:
    """Remember that; the earliest instant holds."""
    before = touched_of(connection, organisation_id, list(since))
    table = billing_touched.c
    for subscription_id, instant in since.items():
        if subscription_id not in before:
            connection.execute(
                sa.insert(billing_touched).values(
                    organisation_id=organisation_id, subscription_id=subscription_id, since=instant
                )
            )
        elif instant < before[subscription_id]:
            connection.execute(
                sa.update(billing_touched)
                .where(table.organisation_id == organisation_id, table.subscription_id == subscription_id)
                .values(since=instant)
            )


def settle(connection: sa.Connection, organisation_id: int, since: Mapping[int, int]) -> None:
    """Forget what is billed, unless more was touched meanwhile."""
    table = billing_touched.c
    for subscription_id, instant in since.items():
        connection.execute(
            sa.delete(billing_touched).where(
                table.organisation_id == organisation_id,
                table.subscription_id == subscription_id,
                table.since >= instant,
            )
        )


def marks(connection: sa.Connection, name: str) -> dict[int, int]:
    """By organisation how far something was looked through; one that is not named: not at all."""
    table = billing_marks.c
    rows = connection.execute(sa.select(table.organisation_id, table.mark).where(table.name == name))
    return {row.organisation_id: row.mark for row in rows}


def set_mark(connection: sa.Connection, name: str, value: int, organisation_id: int = PLATFORM) -> None:
    """Remember it."""
    table = billing_marks.c
    changed = connection.execute(
        sa.update(billing_marks).where(table.organisation_id == organisation_id, table.name == name).values(mark=value)
    )
    if not changed.rowcount:
        connection.execute(sa.insert(billing_marks).values(organisation_id=organisation_id, name=name, mark=value))


def _cut(values: Sequence[int]) -> Iterable[Sequence[int]]:
    return (values[place : place + _IN_MAX] for place in range(0, len(values), _IN_MAX))

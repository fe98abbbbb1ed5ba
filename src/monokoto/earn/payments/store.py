"""Payments, credits and allocations in the records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.payments.payment import (
    Allocation,
    Credit,
    Direction,
    Loss,
    Mandate,
    Payment,
    PaymentFile,
    PaymentState,
)
from monokoto.earn.payments.tables import (
    allocation_from_row,
    allocation_to_row,
    credit_from_row,
    credit_to_row,
    file_from_row,
    mandate_from_row,
    payment_accounts,
    payment_allocations,
    payment_credits,
    payment_files,
    payment_from_row,
    payment_losses,
    payment_mandates,
    payment_to_row,
    payments,
)

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments; every condition given must hold."""

    customer_id: int | None = None
    invoice_id: int | None = None
    state: PaymentState | None = None
    method: str = ""
    file_id: int | None = None
    reference: str = ""
    direction: Direction | None = None


def lock_account(connection: sa.Connection, organisation_id: int, customer_id: int) -> None:
    """Nobody else moves this customer's money until the transaction ends. Taken before all other rows."""
    insert = _INSERTS[connection.dialect.name](payment_accounts).values(
        organisation_id=organisation_id, customer_id=customer_id
    )
    keys = [payment_accounts.c.organisation_id, payment_accounts.c.customer_id]
    connection.execute(insert.on_conflict_do_nothing(index_elements=keys))
    query = sa.select(payment_accounts.c.customer_id).where(
        payment_accounts.c.organisation_id == organisation_id, payment_accounts.c.customer_id == customer_id
    )
    connection.execute(query.with_for_update()).one()


# Payments


def insert(connection: sa.Connection, payment: Payment) -> None:
    """A new one; IntegrityError when its key is taken."""
    connection.execute(payments.insert().values(payment_to_row(payment)))


def update(connection: sa.Connection, payment: Payment) -> None:
    """Put it in the place of its former self."""
    connection.execute(
        payments.update()
        .where(payments.c.organisation_id == payment.organisation_id, payments.c.payment_id == payment.id)
        .values(payment_to_row(payment))
    )


def find(connection: sa.Connection, organisation_id: int, payment_id: int, *, lock: bool = False) -> Payment | None:
    """One."""
    query = sa.select(payments).where(
        payments.c.organisation_id == organisation_id, payments.c.payment_id == payment_id
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else payment_from_row(row)


def find_key(connection: sa.Connection, organisation_id: int, key: str) -> Payment | None:
    """The payment under a key."""
    query = sa.select(payments).where(payments.c.organisation_id == organisation_id, payments.c.key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else payment_from_row(row)


def find_all(
    connection: sa.Connection, organisation_id: int, wanted: PaymentFilter, *, before: int | None, limit: int
) -> list[Payment]:
    """The newest first."""
    conditions = [payments.c.organisation_id == organisation_id, *_conditions(wanted)]
    if before is not None:
        conditions.append(payments.c.payment_id < before)
    query = sa.select(payments).where(*conditions).order_by(payments.c.payment_id.desc()).limit(limit)
    return [payment_from_row(row) for row in connection.execute(query)]


def _conditions(wanted: PaymentFilter) -> Iterator[sa.ColumnElement[bool]]:
    for column, value in (
        (payments.c.customer_id, wanted.customer_id),
        (payments.c.invoice_id, wanted.invoice_id),
        (payments.c.state, None if wanted.state is None else wanted.state.value),
        (payments.c.method, wanted.method or None),
        (payments.c.file_id, wanted.file_id),
        (payments.c.reference, wanted.reference or None),
        (payments.c.direction, None if wanted.direction is None else wanted.direction.value),
    ):
        if value is not None:
            yield column == value


def pending(
    connection: sa.Connection, organisation_id: int | None, *, method: str = "", limit: int, lock: bool = False
) -> list[Payment]:
    """Those nobody knows of yet and in no file, the oldest first; of all organisations (None) for reconcilers."""
    conditions = [payments.c.state == PaymentState.PENDING.value, payments.c.file_id.is_(None)]
    if organisation_id is not None:
        conditions.append(payments.c.organisation_id == organisation_id)
    if method:
        conditions.append(payments.c.method == method)
    query = sa.select(payments).where(*conditions).order_by(payments.c.payment_id).limit(limit)
    found = connection.execute(query.with_for_update() if lock else query)
    return [payment_from_row(row) for row in found]


def longest_unasked(connection: sa.Connection, organisation_id: int | None, *, but: str, limit: int) -> list[Payment]:
    """Pending payments of all methods `but` one, those first nobody was asked about for longest; of all organisations (None)."""
    table = payments.c
    conditions = [table.state == PaymentState.PENDING.value, table.method != but]
    if organisation_id is not None:
        conditions.append(table.organisation_id == organisation_id)
    query = sa.select(payments).where(*conditions).order_by(table.asked_at, table.payment_id).limit(limit)
    return [payment_from_row(row) for row in connection.execute(query)]


def mark_asked(connection: sa.Connection, found: Iterable[Payment], now: int) -> None:
    """Somebody is asked about these now."""
    wanted: dict[int, list[int]] = {}
    for one in found:
        wanted.setdefault(one.organisation_id, []).append(one.id)
    for organisation_id, ids in wanted.items():
        connection.execute(
            payments.update()
            .where(payments.c.organisation_id == organisation_id, payments.c.payment_id.in_(ids))
            .values(asked_at=now)
        )


def find_loss(connection: sa.Connection, organisation_id: int, payment_id: int, reference: str) -> bool:
    """Whether this dispute is known."""
    table = payment_losses.c
    query = sa.select(table.at).where(
        table.organisation_id == organisation_id, table.payment_id == payment_id, table.reference == reference
    )
    return connection.execute(query).one_or_none() is not None


def insert_loss(connection: sa.Connection, payment: Payment, loss: Loss, now: int) -> None:
    """A new one."""
    row = {
        "organisation_id": payment.organisation_id, "payment_id": payment.id, "reference": loss.reference,
        "amount": f"{loss.amount:f}", "fee": f"{loss.fee:f}", "fee_currency": loss.fee_currency, "reason": loss.reason, "at": now,
    }  # fmt: skip
    connection.execute(payment_losses.insert().values(row))


def failed_since(connection: sa.Connection, organisation_id: int, position: int, limit: int) -> list[Payment]:
    """Those that failed or were taken back at or past an instant, in that order."""
    wanted = [PaymentState.FAILED.value, PaymentState.REVERSED.value]
    query = (
        sa.select(payments)
        .where(
            payments.c.organisation_id == organisation_id,
            payments.c.settled_at >= position,
            payments.c.state.in_(wanted),
        )
        .order_by(payments.c.settled_at, payments.c.payment_id)
        .limit(limit)
    )
    return [payment_from_row(row) for row in connection.execute(query)]


# Credits and allocations


def insert_credit(connection: sa.Connection, credit: Credit) -> bool:
    """A new one; False when its source gave one already."""
    statement = _INSERTS[connection.dialect.name](payment_credits).values(credit_to_row(credit))
    keys = [payment_credits.c.organisation_id, payment_credits.c.source, payment_credits.c.source_id]
    return connection.execute(statement.on_conflict_do_nothing(index_elements=keys)).rowcount == 1


def update_credit(connection: sa.Connection, credit: Credit) -> None:
    """Put it in the place of its former self."""
    connection.execute(
        payment_credits.update()
        .where(payment_credits.c.organisation_id == credit.organisation_id, payment_credits.c.credit_id == credit.id)
        .values(credit_to_row(credit))
    )


def credits_of(connection: sa.Connection, organisation_id: int, customer_id: int, *, left: bool = True) -> list[Credit]:
    """A customer's credits, the oldest first; with `left` those of which something is left."""
    conditions = [
        payment_credits.c.organisation_id == organisation_id, payment_credits.c.customer_id == customer_id,
    ]  # fmt: skip
    if left:
        conditions.append(payment_credits.c.has_left.is_(True))
    query = sa.select(payment_credits).where(*conditions).order_by(payment_credits.c.credit_id)
    return [credit_from_row(row) for row in connection.execute(query)]


def credit_of_source(connection: sa.Connection, organisation_id: int, source: str, source_id: int) -> Credit | None:
    """What a payment or a note gave."""
    table = payment_credits.c
    query = sa.select(payment_credits).where(
        table.organisation_id == organisation_id, table.source == source, table.source_id == source_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else credit_from_row(row)


def credits_by_id(connection: sa.Connection, organisation_id: int, credit_id: int) -> Credit:
    """One that is there."""
    query = sa.select(payment_credits).where(
        payment_credits.c.organisation_id == organisation_id, payment_credits.c.credit_id == credit_id
    )
    return credit_from_row(connection.execute(query).one())


def open_accounts(connection: sa.Connection, after: int, limit: int) -> list[Credit]:
    """Credits of all organisations of which something is left, by id past one, for the reconciler."""
    query = (
        sa.select(payment_credits)
        .where(payment_credits.c.has_left.is_(True), payment_credits.c.credit_id > after)
        .order_by(payment_credits.c.credit_id)
        .limit(limit)
    )
    return [credit_from_row(row) for row in connection.execute(query)]


def insert_allocation(connection: sa.Connection, allocation: Allocation) -> None:
    """A new one."""
    connection.execute(payment_allocations.insert().values(allocation_to_row(allocation)))


def undo_allocation(connection: sa.Connection, allocation: Allocation, now: int) -> None:
    """It holds no more."""
    connection.execute(
        payment_allocations.update()
        .where(
            payment_allocations.c.organisation_id == allocation.organisation_id,
            payment_allocations.c.allocation_id == allocation.id,
        )
        .values(undone_at=now)
    )


def allocations(
    connection: sa.Connection,
    organisation_id: int,
    *,
    credit_id: int | None = None,
    invoice_id: int | None = None,
    refund_id: int | None = None,
) -> list[Allocation]:
    """Those that hold, in the order they were made."""
    table = payment_allocations.c
    conditions = [table.organisation_id == organisation_id, table.undone_at.is_(None)]
    for column, value in ((table.credit_id, credit_id), (table.invoice_id, invoice_id), (table.refund_id, refund_id)):
        if value is not None:
            conditions.append(column == value)
    query = sa.select(payment_allocations).where(*conditions).order_by(table.allocation_id)
    return [allocation_from_row(row) for row in connection.execute(query)]


# Mandates and files


def put_mandate(connection: sa.Connection, mandate: Mandate) -> None:
    """Make it the customer's for its method."""
    plain = (
        "organisation_id",
        "customer_id",
        "method",
        "iban",
        "bic",
        "holder",
        "reference",
        "signed_at",
        "created_at",
    )
    row = {name: getattr(mandate, name) for name in plain}
    statement = _INSERTS[connection.dialect.name](payment_mandates).values(row)
    keys = [payment_mandates.c.organisation_id, payment_mandates.c.customer_id, payment_mandates.c.method]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=row))


def find_mandate(connection: sa.Connection, organisation_id: int, customer_id: int, method: str) -> Mandate | None:
    """By what a customer lets itself be charged."""
    table = payment_mandates.c
    query = sa.select(payment_mandates).where(
        table.organisation_id == organisation_id, table.customer_id == customer_id, table.method == method
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else mandate_from_row(row)


def delete_mandate(connection: sa.Connection, organisation_id: int, customer_id: int, method: str) -> bool:
    """Take it back; False when there was none."""
    table = payment_mandates.c
    statement = payment_mandates.delete().where(
        table.organisation_id == organisation_id, table.customer_id == customer_id, table.method == method
    )
    return connection.execute(statement).rowcount == 1


def insert_file(connection: sa.Connection, made: PaymentFile, text: str) -> None:
    """A new one."""
    plain = ("organisation_id", "kind", "message_id", "payments", "created_at")
    row = {name: getattr(made, name) for name in plain} | {"file_id": made.id, "total": f"{made.total:f}"}
    connection.execute(payment_files.insert().values(row | {"text": text}))


def find_file(connection: sa.Connection, organisation_id: int, file_id: int) -> tuple[PaymentFile, str] | None:
    """One and its text."""
    query = sa.select(payment_files).where(
        payment_files.c.organisation_id == organisation_id, payment_files.c.file_id == file_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (file_from_row(row), row.text)


def find_files(connection: sa.Connection, organisation_id: int, *, before: int | None, limit: int) -> list[PaymentFile]:
    """The newest first, without their texts."""
    conditions = [payment_files.c.organisation_id == organisation_id]
    if before is not None:
        conditions.append(payment_files.c.file_id < before)
    shown = [column for column in payment_files.c if column.name != "text"]
    query = sa.select(*shown).where(*conditions).order_by(payment_files.c.file_id.desc()).limit(limit)
    return [file_from_row(row) for row in connection.execute(query)]

"""Invoices, documents and credit notes in the records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.invoices.document import Document, DocumentHead, DocumentKind
from monokoto.earn.invoices.invoice import CHANGEABLE, ISSUED, Invoice, InvoiceState
from monokoto.earn.invoices.line import InvoiceLine
from monokoto.earn.invoices.tables import (
    BRIEF,
    credit_notes,
    document_from_row,
    document_to_row,
    invoice_documents,
    invoice_from_row,
    invoice_heads,
    invoice_series,
    invoice_to_row,
    invoices,
    lines_from_text,
    lines_to_text,
)
from monokoto.kernel.ids import CreditNoteId, DocumentId, InvoiceId

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_IN_MAX = 500
_NOTHING = ("0", *("0." + "0" * digits for digits in range(1, 5)))
"""No money, as a row says it in currencies of any number of digits."""
_ISSUED = sorted(state.value for state in ISSUED)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFilter:
    """Which invoices; every condition given must hold."""

    states: frozenset[InvoiceState] = frozenset()
    customer_id: int | None = None
    subscription_id: int | None = None
    begin: int | None = None
    """Issued at this instant or later."""
    end: int | None = None
    overdue_at: int | None = None
    """Finalised, not paid, and due before this instant."""
    label: str = ""
    empty: bool | None = None
    """Thrown away with nothing on it, as periods in which nothing was charged are: True those alone, False all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """What was given back of an invoice: the document, and where the money went."""

    id: CreditNoteId
    invoice_id: InvoiceId
    customer_id: int
    document_id: DocumentId
    key: str
    currency: str
    gross: Decimal
    applied: Decimal
    """Taken off what was owed."""
    over: Decimal
    """Gone to the customer's credit."""
    voids: bool
    """Takes the whole invoice back."""
    created_at: int


# Invoices


def insert_many(connection: sa.Connection, made: Sequence[tuple[Invoice, tuple[InvoiceLine, ...]]]) -> None:
    """New ones; those whose key is there are left out."""
    if made:
        statement = _INSERTS[connection.dialect.name](invoices).on_conflict_do_nothing(
            index_elements=[invoices.c.organisation_id, invoices.c.key]
        )
        connection.execute(
            statement, [invoice_to_row(invoice) | {"lines": lines_to_text(lines)} for invoice, lines in made]
        )


def find_keys(connection: sa.Connection, organisation_id: int, keys: Collection[str]) -> dict[str, Invoice]:
    """The invoices under these keys."""
    found: dict[str, Invoice] = {}
    for some in _cut(sorted(set(keys))):
        query = sa.select(*BRIEF).where(invoices.c.organisation_id == organisation_id, invoices.c.key.in_(some))
        found |= {row.key: invoice_from_row(row) for row in connection.execute(query)}
    return found


def lock_many(
    connection: sa.Connection, organisation_id: int, invoice_ids: Collection[int]
) -> list[tuple[Invoice, tuple[InvoiceLine, ...]]]:
    """These invoices and their lines, to be changed, by id: two who lock the same never wait for each other in a circle."""
    found = []
    for some in _cut(sorted(set(invoice_ids))):
        query = (
            sa.select(invoices)
            .where(invoices.c.organisation_id == organisation_id, invoices.c.invoice_id.in_(some))
            .order_by(invoices.c.invoice_id)
            .with_for_update()
        )
        found += [(invoice_from_row(row), lines_from_text(row.lines)) for row in connection.execute(query)]
    return found


def lock_open(
    connection: sa.Connection, organisation_id: int, customer_id: int, currency: str, *, limit: int
) -> list[Invoice]:
    """What a customer has to pay, the oldest due first, locked."""
    wanted = (
        invoices.c.organisation_id == organisation_id,
        invoices.c.customer_id == customer_id,
        invoices.c.currency == currency,
        invoices.c.state == InvoiceState.FINALISED.value,
    )
    query = sa.select(*BRIEF).where(*wanted).order_by(invoices.c.invoice_id).limit(limit).with_for_update()
    found = [invoice_from_row(row) for row in connection.execute(query)]
    return sorted(found, key=lambda one: (one.due_at or 0, one.id))


def update(
    connection: sa.Connection,
    invoice: Invoice,
    *,
    lines: tuple[InvoiceLine, ...] | None = None,
    documented: bool = False,
) -> None:
    """Put it in the place of its former self, which is locked; with `documented` its lines go: the document has them."""
    values = invoice_to_row(invoice)
    if lines is not None or documented:
        values["lines"] = "" if documented else lines_to_text(lines or ())
    connection.execute(
        invoices.update()
        .where(
            invoices.c.organisation_id == invoice.organisation_id,
            invoices.c.invoice_id == invoice.id,
        )
        .values(values)
    )


_LINED = (
    invoices.update()
    .where(
        invoices.c.organisation_id == sa.bindparam("of_organisation"), invoices.c.invoice_id == sa.bindparam("of_id")
    )
    .values(**{name: sa.bindparam(f"new_{name}") for name in ("net", "revision", "lines")})
)


def update_lines(connection: sa.Connection, changed: Sequence[tuple[Invoice, tuple[InvoiceLine, ...]]]) -> None:
    """Other lines, and what follows from them, for many drafts, which are locked."""
    rows = [
        {
            "of_organisation": one.organisation_id, "of_id": one.id, "new_net": invoice_to_row(one)["net"],
            "new_revision": one.revision, "new_lines": lines_to_text(lines),
        }
        for one, lines in changed
    ]  # fmt: skip
    if rows:
        connection.execute(_LINED, rows)


_FINALISED = (
    invoices.update()
    .where(
        invoices.c.organisation_id == sa.bindparam("of_organisation"), invoices.c.invoice_id == sa.bindparam("of_id")
    )
    .values({column.name: sa.bindparam(f"new_{column.name}") for column in invoices.c})
)


def update_finalised(connection: sa.Connection, changed: Sequence[Invoice]) -> None:
    """Many at once, their lines gone into documents."""
    rows = [
        {f"new_{name}": value for name, value in (invoice_to_row(one) | {"lines": ""}).items()}
        | {"of_organisation": one.organisation_id, "of_id": one.id}
        for one in changed
    ]
    if rows:
        connection.execute(_FINALISED, rows)


def find(
    connection: sa.Connection, organisation_id: int, invoice_id: int
) -> tuple[Invoice, tuple[InvoiceLine, ...]] | None:
    """One and its lines, which are in the document once there is one."""
    query = sa.select(invoices).where(
        invoices.c.organisation_id == organisation_id, invoices.c.invoice_id == invoice_id
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else (invoice_from_row(row), lines_from_text(row.lines))


def states(connection: sa.Connection, organisation_id: int, invoice_ids: Collection[int]) -> dict[int, InvoiceState]:
    """By id where each of these stands."""
    found: dict[int, InvoiceState] = {}
    for some in _cut(sorted(invoice_ids)):
        rows = connection.execute(
            sa.select(invoices.c.invoice_id, invoices.c.state).where(
                invoices.c.organisation_id == organisation_id, invoices.c.invoice_id.in_(some)
            )
        )
        found |= {row.invoice_id: InvoiceState(row.state) for row in rows}
    return found


def find_of_buyer(connection: sa.Connection, buyer_organisation_id: int, invoice_id: int) -> Invoice | None:
    """One as its buyer may see it: once it is issued."""
    query = sa.select(*BRIEF).where(
        invoices.c.customer_organisation_id == buyer_organisation_id,
        invoices.c.invoice_id == invoice_id,
        invoices.c.document_id.is_not(None),
    )
    row = connection.execute(query).one_or_none()
    return None if row is None else invoice_from_row(row)


def find_all(
    connection: sa.Connection, organisation_id: int, wanted: InvoiceFilter, *, before: int | None, limit: int
) -> list[Invoice]:
    """The newest first."""
    conditions = [invoices.c.organisation_id == organisation_id, *_conditions(wanted)]
    return _newest(connection, conditions, before, limit)


def find_all_of_buyer(
    connection: sa.Connection, buyer_organisation_id: int, wanted: InvoiceFilter, *, before: int | None, limit: int
) -> list[Invoice]:
    """A buyer's documents, whoever sold; the newest first."""
    conditions = [
        invoices.c.customer_organisation_id == buyer_organisation_id,
        invoices.c.document_id.is_not(None),
        *_conditions(wanted),
    ]
    return _newest(connection, conditions, before, limit)


def _newest(
    connection: sa.Connection, conditions: list[sa.ColumnElement[bool]], before: int | None, limit: int
) -> list[Invoice]:
    if before is not None:
        conditions.append(invoices.c.invoice_id < before)
    query = sa.select(*BRIEF).where(*conditions).order_by(invoices.c.invoice_id.desc()).limit(limit)
    return [invoice_from_row(row) for row in connection.execute(query)]


def _conditions(wanted: InvoiceFilter) -> Iterator[sa.ColumnElement[bool]]:
    table = invoices.c
    if wanted.states:
        yield table.state.in_(sorted(state.value for state in wanted.states))
    for column, value in (
        (table.customer_id, wanted.customer_id),
        (table.subscription_id, wanted.subscription_id),
        (table.label, wanted.label or None),
    ):
        if value is not None:
            yield column == value
    if wanted.begin is not None:
        yield table.issued_at >= wanted.begin
    if wanted.end is not None:
        yield table.issued_at < wanted.end
    if wanted.overdue_at is not None:
        yield sa.and_(table.state == InvoiceState.FINALISED.value, table.due_at < wanted.overdue_at)
    if wanted.empty is not None:
        is_empty = sa.and_(table.state == InvoiceState.VOID.value, table.document_id.is_(None), table.net.in_(_NOTHING))
        yield is_empty if wanted.empty else sa.not_(is_empty)


def since(connection: sa.Connection, organisation_id: int, column: str, position: int, limit: int) -> list[Invoice]:
    """Those issued or settled at or past an instant, in its order."""
    by = invoices.c[column]
    query = (
        sa.select(*BRIEF)
        .where(invoices.c.organisation_id == organisation_id, by >= position, invoices.c.state.in_(_ISSUED))
        .order_by(by, invoices.c.invoice_id)
        .limit(limit)
    )
    return [invoice_from_row(row) for row in connection.execute(query)]


def sellers_of_drafts(connection: sa.Connection) -> list[int]:
    """The organisations with drafts of subscriptions, for who bills."""
    table = invoices.c
    query = sa.select(table.organisation_id).where(
        table.state.in_([state.value for state in CHANGEABLE]), table.subscription_id.is_not(None)
    )
    return [row.organisation_id for row in connection.execute(query.distinct())]


def overdue(
    connection: sa.Connection, organisation_id: int | None, now: int, *, after: int, limit: int
) -> list[Invoice]:
    """Overdue invoices by id past one; of all organisations (None) for the reconciler alone."""
    query = (
        sa.select(*BRIEF)
        .where(sa.true() if organisation_id is None else invoices.c.organisation_id == organisation_id)
        .where(invoices.c.state == InvoiceState.FINALISED.value, invoices.c.due_at < now, invoices.c.invoice_id > after)
        .order_by(invoices.c.invoice_id)
        .limit(limit)
    )
    return [invoice_from_row(row) for row in connection.execute(query)]


# Documents


def lock_head(connection: sa.Connection, organisation_id: int) -> DocumentHead:
    """The end of the chain of documents: nobody else numbers one until this transaction ends."""
    insert = _INSERTS[connection.dialect.name](invoice_heads).values(
        organisation_id=organisation_id, position=0, digest=DocumentHead().digest
    )
    connection.execute(insert.on_conflict_do_nothing(index_elements=[invoice_heads.c.organisation_id]))
    query = sa.select(invoice_heads).where(invoice_heads.c.organisation_id == organisation_id).with_for_update()
    row = connection.execute(query).one()
    return DocumentHead(row.position, bytes(row.digest))


def last_number(connection: sa.Connection, organisation_id: int, kind: DocumentKind, year: int) -> int:
    """Of a series; the head is locked."""
    table = invoice_series.c
    query = sa.select(table.last).where(
        table.organisation_id == organisation_id, table.kind == kind.value, table.year == year
    )
    return connection.execute(query).scalar_one_or_none() or 0


def append(connection: sa.Connection, documents: Sequence[Document]) -> None:
    """Write documents of one organisation behind the head, which is locked, and move the series they are of."""
    if not documents:
        return
    connection.execute(invoice_documents.insert(), [document_to_row(one) for one in documents])
    organisation_id, last = documents[-1].organisation_id, {}
    for one in documents:
        last[one.kind, one.year] = one.number
    for (kind, year), number in last.items():
        statement = _INSERTS[connection.dialect.name](invoice_series).values(
            organisation_id=organisation_id, kind=kind.value, year=year, last=number
        )
        keys = [invoice_series.c.organisation_id, invoice_series.c.kind, invoice_series.c.year]
        connection.execute(statement.on_conflict_do_update(index_elements=keys, set_={"last": number}))
    connection.execute(
        invoice_heads.update()
        .where(invoice_heads.c.organisation_id == organisation_id)
        .values(position=documents[-1].position, digest=documents[-1].digest)
    )


def documents_named(connection: sa.Connection, organisation_id: int, document_ids: Collection[int]) -> list[Document]:
    """Those of these ids, in the order they were made."""
    table = invoice_documents.c
    query = (
        sa.select(invoice_documents)
        .where(table.organisation_id == organisation_id, table.document_id.in_(document_ids))
        .order_by(table.position)
    )
    return [document_from_row(row) for row in connection.execute(query)]


def invoices_labelled(connection: sa.Connection, organisation_id: int, labels: Sequence[str]) -> list[Invoice]:
    """Those whose document has one of these numbers, by number."""
    table = invoice_documents.c
    found: list[int] = []
    for start in range(0, len(labels), _IN_MAX):
        query = sa.select(table.invoice_id).where(
            table.organisation_id == organisation_id,
            table.kind == "invoice",
            table.label.in_(labels[start : start + _IN_MAX]),
        )
        found += connection.execute(query).scalars()
    query = sa.select(invoices).where(
        invoices.c.organisation_id == organisation_id, invoices.c.invoice_id.in_(found[:_IN_MAX])
    )
    return [invoice_from_row(row) for row in connection.execute(query.order_by(invoices.c.label))]


def documents_after(connection: sa.Connection, organisation_id: int, position: int, limit: int) -> list[Document]:
    """Those past a place in the seller's chain, in its order."""
    table = invoice_documents.c
    query = (
        sa.select(invoice_documents)
        .where(table.organisation_id == organisation_id, table.position > position)
        .order_by(table.position)
        .limit(limit)
    )
    return [document_from_row(row) for row in connection.execute(query)]


def documents_of(connection: sa.Connection, organisation_id: int, invoice_id: int) -> list[Document]:
    """The invoice and its credit notes, in the order they were made."""
    table = invoice_documents.c
    query = (
        sa.select(invoice_documents)
        .where(table.organisation_id == organisation_id, table.invoice_id == invoice_id)
        .order_by(table.position)
    )
    return [document_from_row(row) for row in connection.execute(query)]


# Credit notes


def insert_note(connection: sa.Connection, organisation_id: int, note: CreditNote) -> None:
    """A new one."""
    connection.execute(
        credit_notes.insert().values(
            credit_note_id=note.id,
            organisation_id=organisation_id,
            invoice_id=note.invoice_id,
            customer_id=note.customer_id,
            document_id=note.document_id,
            key=note.key,
            currency=note.currency,
            gross=f"{note.gross:f}",
            applied=f"{note.applied:f}",
            over=f"{note.over:f}",
            voids=note.voids,
            created_at=note.created_at,
        )
    )


def notes(
    connection: sa.Connection,
    organisation_id: int,
    *,
    invoice_id: int | None = None,
    customer_id: int | None = None,
    key: str = "",
) -> list[CreditNote]:
    """Credit notes in the order they were made."""
    conditions = [credit_notes.c.organisation_id == organisation_id]
    for column, value in (
        (credit_notes.c.invoice_id, invoice_id),
        (credit_notes.c.customer_id, customer_id),
        (credit_notes.c.key, key or None),
    ):
        if value is not None:
            conditions.append(column == value)
    query = sa.select(credit_notes).where(*conditions).order_by(credit_notes.c.credit_note_id)
    return [_note_from_row(row) for row in connection.execute(query)]


def notes_since(connection: sa.Connection, after: int, limit: int) -> list[tuple[int, CreditNote]]:
    """With their organisations, across all of them, by id past one."""
    query = (
        sa.select(credit_notes)
        .where(credit_notes.c.credit_note_id > after)
        .order_by(credit_notes.c.credit_note_id)
        .limit(limit)
    )
    return [(row.organisation_id, _note_from_row(row)) for row in connection.execute(query)]


def _note_from_row(row: sa.Row[Any]) -> CreditNote:
    return CreditNote(
        id=CreditNoteId(row.credit_note_id),
        invoice_id=InvoiceId(row.invoice_id),
        customer_id=row.customer_id,
        document_id=DocumentId(row.document_id),
        key=row.key,
        currency=row.currency,
        gross=Decimal(row.gross),
        applied=Decimal(row.applied),
        over=Decimal(row.over),
        voids=row.voids,
        created_at=row.created_at,
    )


def _cut(values: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (values[first : first + _IN_MAX] for first in range(0, len(values), _IN_MAX))

"""Fees charged ahead, in the records: what documents move from their month into later ones, and how what was charged is earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Document
from monokoto.earn.reports.deferral import Earning, earning_of, months_moved
from monokoto.earn.reports.months import Months, month_of
from monokoto.earn.reports.revenue import Part, RevenueKind
from monokoto.earn.reports.store import RevenueDocument
from monokoto.earn.reports.tables import revenue_earnings, revenue_shifts
from monokoto.kernel.errors import Invalid
from monokoto.kernel.ids import parse_id

_IN_MAX = 500
Name = tuple[int, str]
"""Whose line (the subscription; of one made by hand its invoice), and its key there."""


@dataclass(frozen=True, slots=True)
class Told:
    """A document, read."""

    document: Document
    currency: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What documents of one month move into or out of a month, in the smallest unit of the currency."""

    currency: str
    issued: int
    month: int
    amount: int


def insert(connection: sa.Connection, organisation_id: int, told: Sequence[Told], timezone: str) -> None:
    """Write what these documents move, in their order; the mark is locked."""
    fees = [(one, _fees(one)) for one in told]
    known = _known(connection, organisation_id, sorted({name for _, parts in fees for name, _ in parts}))
    changed: dict[Name, Earning] = {}
    rows = []
    for one, parts in fees:
        rows += _rows(one, _shifts(one, parts, known, changed, timezone), timezone)
    if rows:
        connection.execute(revenue_shifts.insert(), rows)
    _keep(connection, organisation_id, changed)


def _fees(told: Told) -> list[tuple[Name, Part]]:
    """Its lines of fees that come again. What was used is there when it is charged, what is sold once is handed over."""
    fees = (part for part in told.parts if part.what.kind is RevenueKind.RECURRING and part.amount)
    return [((_owner(told, part), part.key), part) for part in fees]


def _owner(told: Told, part: Part) -> int:
    try:
        return parse_id(part.subscription, what="subscription") if part.subscription else told.document.invoice_id
    except Invalid:
        return told.document.invoice_id


def _shifts(
    told: Told,
    parts: Sequence[tuple[Name, Part]],
    known: dict[Name, Earning],
    changed: dict[Name, Earning],
    timezone: str,
) -> dict[tuple[int, str, str], int]:
    """By month, product and plan what a document moves."""
    at = told.document.issued_at
    issued = month_of(at, timezone)
    found: dict[tuple[int, str, str], int] = {}
    for name, part in parts:
        before = known.get(name)
        after = earning_of(before, part.amount, part.span, at)
        moved = dict(months_moved(before, after, at, timezone))
        if before is not None or moved != {issued: part.amount}:
            known[name] = changed[name] = after
        moved[issued] = moved.get(issued, 0) - part.amount
        for month, amount in moved.items():
            key = (month, part.what.product, part.what.plan)
            found[key] = found.get(key, 0) + amount
    return {key: amount for key, amount in found.items() if amount}


def _rows(told: Told, shifts: Mapping[tuple[int, str, str], int], timezone: str) -> list[dict[str, Any]]:
    one = told.document
    return [
        {
            "organisation_id": one.organisation_id, "document_id": one.id, "place": place, "month": month,
            "issued_month": month_of(one.issued_at, timezone), "currency": told.currency, "product": product,
            "plan": plan, "amount": amount, "customer_id": one.customer_id, "invoice_id": one.invoice_id,
            "label": one.label, "document_kind": one.kind.value, "issued_at": one.issued_at,
        }
        for place, ((month, product, plan), amount) in enumerate(sorted(shifts.items()))
    ]  # fmt: skip


def _known(connection: sa.Connection, organisation_id: int, names: Sequence[Name]) -> dict[Name, Earning]:
    owners = sorted({owner for owner, _ in names})
    wanted, table = set(names), revenue_earnings.c
    found = {}
    for some in (owners[first : first + _IN_MAX] for first in range(0, len(owners), _IN_MAX)):
        query = sa.select(revenue_earnings).where(table.organisation_id == organisation_id, table.owner_id.in_(some))
        for row in connection.execute(query):
            if (row.owner_id, row.key) in wanted:
                span = None if row.end_at is None else Span(row.begin_at, row.end_at)
                found[row.owner_id, row.key] = Earning(row.amount, span, row.had)
    return found


def _keep(connection: sa.Connection, organisation_id: int, changed: Mapping[Name, Earning]) -> None:
    table = revenue_earnings.c
    if not changed:
        return
    gone = revenue_earnings.delete().where(
        table.organisation_id == organisation_id, table.owner_id == sa.bindparam("owner"), table.key == sa.bindparam("name")
    )  # fmt: skip
    connection.execute(gone, [{"owner": owner, "name": key} for owner, key in changed])
    rows = [
        {
            "organisation_id": organisation_id, "owner_id": owner, "key": key, "amount": one.amount, "had": one.had,
            "begin_at": one.span.start if one.span else None, "end_at": one.span.end if one.span else None,
        }
        for (owner, key), one in changed.items()
    ]  # fmt: skip
    connection.execute(revenue_earnings.insert(), rows)


# Added up


def moved(connection: sa.Connection, organisation_id: int, months: Months, *, currency: str) -> list[Moved]:
    """What documents up to the last of these months move, by currency, month of the document, and month moved to."""
    table = revenue_shifts.c
    wanted = [table.organisation_id == organisation_id, table.issued_month <= months.last]
    if currency:
        wanted.append(table.currency == currency)
    keys = (table.currency, table.issued_month, table.month)
    query = sa.select(*keys, sa.func.sum(table.amount).label("sum")).where(*wanted).group_by(*keys).order_by(*keys)
    return [
        Moved(currency=row.currency, issued=row.issued_month, month=row.month, amount=int(row.sum))
        for row in connection.execute(query)
    ]


def documents(
    connection: sa.Connection, organisation_id: int, month: int, currency: str, *, before: int | None, limit: int
) -> list[RevenueDocument]:
    """The documents of which something is not earned at the end of a month, the newest first, before one."""
    table = revenue_shifts.c
    wanted = [table.organisation_id == organisation_id, table.month <= month, table.currency == currency]
    if before is not None:
        wanted.append(table.document_id < before)
    keys = (
        table.document_id, table.label, table.document_kind, table.invoice_id, table.customer_id, table.issued_at,
    )  # fmt: skip
    left = sa.func.sum(table.amount)
    query = (
        sa.select(*keys, left.label("sum"))
        .where(*wanted)
        .group_by(*keys)
        .having(left != 0)
        .order_by(table.document_id.desc())
        .limit(limit)
    )
    return [
        RevenueDocument(
            document_id=row.document_id, label=row.label, kind=row.document_kind, invoice_id=row.invoice_id,
            customer_id=row.customer_id, issued_at=row.issued_at, amount=-int(row.sum),
        )
        for row in connection.execute(query)
    ]  # fmt: skip

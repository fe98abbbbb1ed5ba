"""Rows of revenue, and products sold, in the records."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monokoto.earn.invoices import Document
from monokoto.earn.reports.months import Months
from monokoto.earn.reports.revenue import SERVICES, Revenue, RevenueKind
from monokoto.earn.reports.tables import (
    product_sales,
    revenue_earnings,
    revenue_marks,
    revenue_rows,
    revenue_shifts,
)
from monokoto.kernel.ids import ProductSaleId

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
_IN_MAX = 500
_SERVICES = sorted(kind.value for kind in SERVICES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueRow:
    """A part of what a document comes to."""

    document: Document
    place: int
    month: int
    currency: str
    revenue: Revenue


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSale:
    """A product sale as it is kept."""

    id: ProductSaleId
    key: str
    day: date
    product: str
    units: int
    currency: str
    amount: int
    """In the smallest unit of the currency."""
    recorded_at: int

    def same_as(self, other: KeptSale) -> bool:
        """Whether both say the same, whenever they were told."""
        return replace(self, id=other.id, recorded_at=other.recorded_at) == other


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFilter:
    """Which sales; every condition given must hold."""

    month: int | None = None
    currency: str = ""
    product: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueFilter:
    """Which revenue; every condition given must hold."""

    month: int
    currency: str
    kind: RevenueKind | None = None
    product: str | None = None
    plan: str | None = None
    meter: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevenueDocument:
    """A document, and what of a month's revenue it is."""

    document_id: int
    label: str
    kind: str
    invoice_id: int
    customer_id: int
    issued_at: int
    amount: int


# The rows


def position(connection: sa.Connection, organisation_id: int, timezone: str) -> int | None:
    """The last document read by this calendar; None: none yet."""
    query = sa.select(revenue_marks).where(revenue_marks.c.organisation_id == organisation_id)
    row = connection.execute(query).one_or_none()
    return row.position if row is not None and row.timezone == timezone else None


def move(connection: sa.Connection, organisation_id: int, timezone: str, *, since: int | None) -> bool:
    """Lock the mark; whether it still stands at `since` (None: all that was read is thrown away)."""
    insert = _INSERTS[connection.dialect.name](revenue_marks).values(
        organisation_id=organisation_id, position=0, timezone=""
    )
    connection.execute(insert.on_conflict_do_nothing(index_elements=[revenue_marks.c.organisation_id]))
    mine = revenue_marks.c.organisation_id == organisation_id
    row = connection.execute(sa.select(revenue_marks).where(mine).with_for_update()).one()
    if since is None and row.timezone != timezone:
        for table in (revenue_rows, revenue_shifts, revenue_earnings):
            connection.execute(table.delete().where(table.c.organisation_id == organisation_id))
        return True
    return bool(row.timezone == timezone and row.position == since)


def put_mark(connection: sa.Connection, organisation_id: int, timezone: str, last: int) -> None:
    """Remember how far was read; the mark is locked."""
    mine = revenue_marks.c.organisation_id == organisation_id
    connection.execute(revenue_marks.update().where(mine).values(position=last, timezone=timezone))


def insert_rows(connection: sa.Connection, rows: Iterable[RevenueRow]) -> None:
    """New ones."""
    values = [
        {
            "organisation_id": row.document.organisation_id, "document_id": row.document.id, "place": row.place,
            "month": row.month, "currency": row.currency, "kind": row.revenue.what.kind.value,
            "product": row.revenue.what.product, "plan": row.revenue.what.plan, "meter": row.revenue.what.meter,
            "amount": row.revenue.amount, "customer_id": row.document.customer_id,
            "invoice_id": row.document.invoice_id, "label": row.document.label,
            "document_kind": row.document.kind.value, "issued_at": row.document.issued_at,
        }
        for row in rows
    ]  # fmt: skip
    if values:
        connection.execute(revenue_rows.insert(), values)


# Added up


def _in(organisation_id: int, months: Months, currency: str) -> list[sa.ColumnElement[bool]]:
    table = revenue_rows.c
    found = [table.organisation_id == organisation_id, table.month.between(months.first, months.last)]
    return [*found, table.currency == currency] if currency else found


def sums(
    connection: sa.Connection, organisation_id: int, months: Months, *, currency: str, by: str
) -> list[tuple[int, str, RevenueKind, str, int]]:
    """What documents come to by month, currency, kind and (`by`: a column; empty: none) group, in this order."""
    table = revenue_rows.c
    group = table[by] if by else sa.literal("")
    keys = (table.month, table.currency, table.kind, *((group,) if by else ()))
    query = (
        sa.select(table.month, table.currency, table.kind, group.label("told"), sa.func.sum(table.amount).label("sum"))
        .where(*_in(organisation_id, months, currency))
        .group_by(*keys)
        .order_by(*keys)
    )
    return [
        (row.month, row.currency, RevenueKind(row.kind), row.told, int(row.sum)) for row in connection.execute(query)
    ]


def services_by_customer(
    connection: sa.Connection, organisation_id: int, months: Months, *, currency: str
) -> dict[tuple[str, int], dict[int, int]]:
    """By currency and customer what was charged for services in each month."""
    table = revenue_rows.c
    keys = (table.currency, table.customer_id, table.month)
    query = (
        sa.select(*keys, sa.func.sum(table.amount).label("sum"))
        .where(*_in(organisation_id, months, currency), table.kind.in_(_SERVICES))
        .group_by(*keys)
    )
    found: dict[tuple[str, int], dict[int, int]] = {}
    for row in connection.execute(query):
        found.setdefault((row.currency, row.customer_id), {})[row.month] = int(row.sum)
    return found


def first_charged(connection: sa.Connection, organisation_id: int, *, currency: str) -> dict[tuple[str, int], int]:
    """By currency and customer the first month with a document for services."""
    table = revenue_rows.c
    wanted = [table.organisation_id == organisation_id, table.kind.in_(_SERVICES)]
    if currency:
        wanted.append(table.currency == currency)
    keys = (table.currency, table.customer_id)
    query = sa.select(*keys, sa.func.min(table.month).label("first")).where(*wanted).group_by(*keys)
    return {(row.currency, row.customer_id): row.first for row in connection.execute(query)}


def documents(
    connection: sa.Connection, organisation_id: int, wanted: RevenueFilter, *, before: int | None, limit: int
) -> list[RevenueDocument]:
    """The documents that revenue comes from, the newest first, before one."""
    table = revenue_rows.c
    told = {
        table.month: wanted.month, table.currency: wanted.currency, table.product: wanted.product,
        table.plan: wanted.plan, table.meter: wanted.meter, table.kind: wanted.kind.value if wanted.kind else None,
    }  # fmt: skip
    conditions = [table.organisation_id == organisation_id]
    conditions += [column == value for column, value in told.items() if value is not None]
    if before is not None:
        conditions.append(table.document_id < before)
    keys = (
        table.document_id, table.label, table.document_kind, table.invoice_id, table.customer_id, table.issued_at,
    )  # fmt: skip
    query = (
        sa.select(*keys, sa.func.sum(table.amount).label("sum"))
        .where(*conditions)
        .group_by(*keys)
        .order_by(table.document_id.desc())
        .limit(limit)
    )
    return [
        RevenueDocument(
            document_id=row.document_id, label=row.label, kind=row.document_kind, invoice_id=row.invoice_id,
            customer_id=row.customer_id, issued_at=row.issued_at, amount=int(row.sum),
        )
        for row in connection.execute(query)
    ]  # fmt: skip


# Products sold


def find_sales(connection: sa.Connection, organisation_id: int, keys: Collection[str]) -> dict[str, KeptSale]:
    """The sales under these keys."""
    found: dict[str, KeptSale] = {}
    for some in _cut(sorted(keys)):
        query = sa.select(product_sales).where(
            product_sales.c.organisation_id == organisation_id, product_sales.c.key.in_(some)
        )
        found |= {row.key: _sale_from_row(row) for row in connection.execute(query)}
    return found


def insert_sales(connection: sa.Connection, organisation_id: int, sales: Sequence[KeptSale]) -> None:
    """New ones."""
    rows = [
        {
            "sale_id": one.id, "organisation_id": organisation_id, "key": one.key, "day": one.day.isoformat(),
            "month": one.day.year * 12 + one.day.month - 1, "product": one.product, "units": one.units,
            "currency": one.currency, "amount": one.amount, "recorded_at": one.recorded_at,
        }
        for one in sales
    ]  # fmt: skip
    if rows:
        connection.execute(product_sales.insert(), rows)


def list_sales(
    connection: sa.Connection, organisation_id: int, wanted: SaleFilter, *, before: int | None, limit: int
) -> list[KeptSale]:
    """The last told first, before one."""
    table = product_sales.c
    conditions = [table.organisation_id == organisation_id]
    for column, value in ((table.currency, wanted.currency), (table.product, wanted.product)):
        if value:
            conditions.append(column == value)
    if wanted.month is not None:
        conditions.append(table.month == wanted.month)
    if before is not None:
        conditions.append(table.sale_id < before)
    query = sa.select(product_sales).where(*conditions).order_by(table.sale_id.desc()).limit(limit)
    return [_sale_from_row(row) for row in connection.execute(query)]


def sales_sums(
    connection: sa.Connection, organisation_id: int, months: Months, *, currency: str
) -> list[tuple[int, str, str, int, int]]:
    """What products sold elsewhere come to: month, currency, product, units, amount."""
    table = product_sales.c
    wanted = [table.organisation_id == organisation_id, table.month.between(months.first, months.last)]
    if currency:
        wanted.append(table.currency == currency)
    keys = (table.month, table.currency, table.product)
    query = (
        sa.select(*keys, sa.func.sum(table.units).label("units"), sa.func.sum(table.amount).label("sum"))
        .where(*wanted)
        .group_by(*keys)
        .order_by(*keys)
    )
    return [(row.month, row.currency, row.product, int(row.units), int(row.sum)) for row in connection.execute(query)]


def _sale_from_row(row: sa.Row[Any]) -> KeptSale:
    return KeptSale(
        id=ProductSaleId(row.sale_id),
        key=row.key,
        day=date.fromisoformat(row.day),
        product=row.product,
        units=row.units,
        currency=row.currency,
        amount=row.amount,
        recorded_at=row.recorded_at,
    )


def _cut(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[first : first + _IN_MAX] for first in range(0, len(values), _IN_MAX))

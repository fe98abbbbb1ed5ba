"""Customers as rows."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from monokoto.earn.subscriptions.customer import Address, Customer
from monokoto.earn.subscriptions.tables import customers
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import CustomerId, OrganisationId, format_id

_IDS_AT_ONCE = 500
_PLAIN = (
    "name",
    "email",
    "reference",
    "country",
    "vat_id",
    "iban",
    "currency",
    "timezone",
    "language",
    "terms_days",
    "revision",
)


def customer_from_row(row: sa.Row[Any]) -> Customer:
    """The value in a row."""
    buyer, archived = row.customer_organisation_id, row.archived_at
    return Customer(
        id=CustomerId(row.customer_id),
        organisation_id=OrganisationId(row.organisation_id),
        customer_organisation_id=None if buyer is None else OrganisationId(buyer),
        address=msgspec.json.decode(row.address, type=Address),
        created_at=Instant(row.created_at),
        updated_at=Instant(row.updated_at),
        archived_at=None if archived is None else Instant(archived),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def customer_to_row(customer: Customer) -> dict[str, Any]:
    """The row of a customer."""
    return {
        "customer_id": customer.id,
        "organisation_id": customer.organisation_id,
        "customer_organisation_id": customer.customer_organisation_id,
        "address": msgspec.json.encode(customer.address).decode(),
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
        "archived_at": customer.archived_at,
        **{name: getattr(customer, name) for name in _PLAIN},
    }


def find(connection: sa.Connection, organisation_id: int, customer_id: int, *, locked: bool = False) -> Customer:
    """One customer, `locked` until the transaction ends; raises NotFound."""
    mine = (customers.c.organisation_id == organisation_id) & (customers.c.customer_id == customer_id)
    query = sa.select(customers).where(mine)
    row = connection.execute(query.with_for_update() if locked else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no customer {format_id(customer_id)}.", remedy="`koto customers list` names them.")
    return customer_from_row(row)


def find_many(connection: sa.Connection, organisation_id: int, customer_ids: Collection[int]) -> dict[int, Customer]:
    """Customers by id; those that are not there are left out."""
    found: dict[int, Customer] = {}
    asked = sorted(set(customer_ids))
    for start in range(0, len(asked), _IDS_AT_ONCE):
        some = customers.c.customer_id.in_(asked[start : start + _IDS_AT_ONCE])
        query = sa.select(customers).where(customers.c.organisation_id == organisation_id, some)
        found |= {row.customer_id: customer_from_row(row) for row in connection.execute(query)}
    return found


def find_all(
    connection: sa.Connection, organisation_id: int, *, text: str, buyer_id: int, archived: bool, after: int, limit: int
) -> list[Customer]:
    """Customers by age, past one."""
    query = sa.select(customers).where(customers.c.organisation_id == organisation_id, customers.c.customer_id > after)
    query = query.where(customers.c.archived_at.is_not(None) if archived else customers.c.archived_at.is_(None))
    if buyer_id:
        query = query.where(customers.c.customer_organisation_id == buyer_id)
    if text:
        columns = (customers.c.name, customers.c.email, customers.c.reference)
        query = query.where(sa.or_(*(one.icontains(text, autoescape=True) for one in columns)))
    return [customer_from_row(row) for row in connection.execute(query.order_by(customers.c.customer_id).limit(limit))]


def find_of_buyer(connection: sa.Connection, buyer_id: int, *, after: int, limit: int) -> list[Customer]:
    """What an organisation is to makers, by age, past one; of all makers, as it is the asker's own."""
    table = customers.c
    query = sa.select(customers).where(
        table.customer_organisation_id == buyer_id, table.customer_id > after, table.archived_at.is_(None)
    )
    return [customer_from_row(row) for row in connection.execute(query.order_by(table.customer_id).limit(limit))]


def count(connection: sa.Connection, organisation_id: int) -> int:
    """How many there are, archived ones too."""
    query = sa.select(sa.func.count()).where(customers.c.organisation_id == organisation_id)
    return int(connection.execute(query).scalar_one())


def insert(connection: sa.Connection, customer: Customer) -> None:
    """A new one; IntegrityError when its organisation is another customer's already."""
    connection.execute(customers.insert().values(customer_to_row(customer)))


def update(connection: sa.Connection, customer: Customer, *, before: int) -> bool:
    """Put it in the place of its former self; False when that is at another revision meanwhile."""
    mine = (customers.c.organisation_id == customer.organisation_id) & (customers.c.customer_id == customer.id)
    changed = customers.update().where(mine, customers.c.revision == before).values(customer_to_row(customer))
    return connection.execute(changed).rowcount == 1

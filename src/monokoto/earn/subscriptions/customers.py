"""Customers: made, changed, archived. Plain methods block: call them from a thread."""

from __future__ import annotations

import builtins
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from monokoto.earn.subscriptions import customer_store as store
from monokoto.earn.subscriptions.customer import Address, Customer, checked
from monokoto.earn.subscriptions.ports import Buyers
from monokoto.earn.subscriptions.store import count_live
from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, Invalid, NotFound
from monokoto.kernel.ids import CustomerId, OrganisationId, new_id
from monokoto.kernel.limits import CUSTOMERS_PER_ORGANISATION_MAX, PAGE_SIZE_DEFAULT
from monokoto.web import if_match


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCustomer:
    """Who is to be a customer; checked when it is made."""

    name: str
    country: str
    currency: str
    organisation: str = ""
    """Slug or id of its own organisation on this platform; empty: it has none."""
    email: str = ""
    reference: str = ""
    address: Address = field(default_factory=Address)
    vat_id: str = ""
    iban: str = ""
    timezone: str = "UTC"
    language: str = "en"
    terms_days: int = 14


class Customers:
    """The customers of all makers; every method is about those of one."""

    def __init__(self, records: Records, clock: Clock, buyers: Buyers) -> None:
        self._records = records
        self._clock = clock
        self._buyers = buyers

    def get(self, organisation_id: int, customer_id: int) -> Customer:
        """One customer; raises NotFound."""
        with self._records.read() as connection:
            return store.find(connection, organisation_id, customer_id)

    def get_many(self, organisation_id: int, customer_ids: Collection[int]) -> dict[int, Customer]:
        """Customers by id; raises NotFound when one is not there."""
        with self._records.read() as connection:
            found = store.find_many(connection, organisation_id, customer_ids)
            for customer_id in customer_ids:
                if customer_id not in found:
                    store.find(connection, organisation_id, customer_id)
        return found

    def list(
        self,
        organisation_id: int,
        *,
        text: str = "",
        buyer_id: int = 0,
        archived: bool = False,
        after: int = 0,
        limit: int = PAGE_SIZE_DEFAULT,
    ) -> builtins.list[Customer]:
        """Customers in the order they were made, past one: with a text in their name, mail or reference; of one organisation."""
        with self._records.read() as connection:
            return store.find_all(
                connection, organisation_id, text=text, buyer_id=buyer_id, archived=archived, after=after, limit=limit
            )

    def of_buyer(self, buyer_id: int, *, after: int = 0, limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Customer]:
        """The customers an organisation is, of all makers, past one."""
        with self._records.read() as connection:
            return store.find_of_buyer(connection, buyer_id, after=after, limit=limit)

    def create(self, organisation_id: int, new: NewCustomer) -> Customer:
        """A new customer. Raises Invalid, Conflict (its organisation is a customer already)."""
        now = self._clock.now()
        plain = {name: getattr(new, name) for name in NewCustomer.__slots__ if name != "organisation"}
        made = checked(
            Customer(
                id=CustomerId(new_id()),
                organisation_id=OrganisationId(organisation_id),
                customer_organisation_id=self._buyer(organisation_id, new.organisation),
                created_at=now,
                updated_at=now,
                **plain,
            )
        )
        try:
            with self._records.write() as connection:
                if store.count(connection, organisation_id) >= CUSTOMERS_PER_ORGANISATION_MAX:
                    raise Conflict(f"There are {CUSTOMERS_PER_ORGANISATION_MAX} customers, the most there may be.")
                store.insert(connection, made)
        except sa.exc.IntegrityError:
            raise _taken() from None
        return made

    def change(
        self, organisation_id: int, customer_id: int, changes: dict[str, Any], *, match: str | None = None
    ) -> Customer:
        """The customer with other fields (those of `NewCustomer`). What was invoiced keeps what it was. Raises as `create`,
        NotFound, PreconditionFailed; Conflict when the currency is to change while there are subscriptions in it."""
        fields = dict(changes)
        if "organisation" in fields:
            fields["customer_organisation_id"] = self._buyer(organisation_id, fields.pop("organisation"))
        try:
            with self._records.write() as connection:
                before = store.find(connection, organisation_id, customer_id)
                if_match(match, before.revision)
                after = checked(replace(before, **fields))
                if after == before:
                    return before
                live = count_live(connection, organisation_id, customer_id, now=self._clock.now())
                if live and (after.currency, after.archived_at) != (before.currency, before.archived_at):
                    raise Conflict(
                        f"The customer has {live} subscriptions that have not ended.", remedy="End them first."
                    )
                after = replace(after, revision=before.revision + 1, updated_at=self._clock.now())
                if not store.update(connection, after, before=before.revision):
                    raise Conflict("Somebody else changed the customer at the same time.", remedy="Try again.")
        except sa.exc.IntegrityError:
            raise _taken() from None
        return after

    def archive(self, organisation_id: int, customer_id: int) -> Customer:
        """No customer any more; what it bought stays on record. Raises NotFound, Conflict while it has subscriptions."""
        return self.change(organisation_id, customer_id, {"archived_at": self._clock.now()})

    def _buyer(self, organisation_id: int, reference: str) -> OrganisationId | None:
        if not reference:
            return None
        try:
            found = self._buyers.find(reference)
        except NotFound as error:
            raise Invalid(
                "This is not a customer.", faults=[Fault(place="organisation", reason=error.message)]
            ) from None
        if found == organisation_id:
            fault = Fault(place="organisation", reason="is the maker's own")
            raise Invalid("Nobody is a customer of themselves.", faults=[fault])
        return OrganisationId(found)


def _taken() -> Conflict:
    return Conflict("This organisation is a customer already.", remedy="Change that customer.")

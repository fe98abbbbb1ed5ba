# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.customers`: Who pays: names, addresses, VAT ids, terms."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import Customer, CustomerPage, PostalAddress
from monokoto.client.wire import Api, Call, Pages, given, segment


class CustomersApi:
    """Who pays: names, addresses, VAT ids, terms."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_customers(
        self,
        *,
        search: str | None = None,
        organisation: str | None = None,
        archived: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Pages[CustomerPage, Customer]:
        """List customers.

        In the order they were made. Needs `earn:read`.

        Args:
            search: In their name, mail or reference (at most 200 characters).
            organisation: Of the organisation with this id.
            archived: Those that are archived, instead (default: false).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/customers",
            query=given(search=search, organisation=organisation, archived=archived, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, CustomerPage, Customer)

    def create_customer(
        self,
        *,
        name: str,
        country: str,
        currency: str,
        organisation: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        reference: str | UnsetType = UNSET,
        address: PostalAddress | UnsetType = UNSET,
        vat_id: str | UnsetType = UNSET,
        iban: str | UnsetType = UNSET,
        timezone: str | UnsetType = UNSET,
        language: str | UnsetType = UNSET,
        terms_days: int | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Make a customer.

        VAT id and IBAN are held to the formats and check digits of their country. Needs `earn:write`. Raises
        Conflict, TooLarge.

        Args:
            name: At most 200 characters.
            country: ISO 3166, such as DE.
            currency: ISO 4217, such as EUR.
            organisation: Slug or id of its own organisation on this platform.
            reference: At most 200 characters.
            timezone: Default: utc.
            language: Default: en.
            terms_days: Default: 14.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/customers",
            body=given(name=name, country=country, currency=currency, organisation=organisation, email=email)
            | given(reference=reference, address=address, vat_id=vat_id, iban=iban, timezone=timezone)
            | given(language=language, terms_days=terms_days),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Customer)

    def get_customer(self, customer: str) -> Customer:
        """Look at a customer.

        Archived ones, too. Needs `earn:read`. Raises NotFound.

        Args:
            customer: Id of the customer.
        """
        call = Call(method="GET", path=f"/api/v1/customers/{segment(customer)}", repeatable=True)
        return self._api.ask(call, Customer)

    def change_customer(
        self,
        customer: str,
        *,
        name: str | UnsetType = UNSET,
        country: str | UnsetType = UNSET,
        currency: str | UnsetType = UNSET,
        organisation: str | UnsetType = UNSET,
        email: str | UnsetType = UNSET,
        reference: str | UnsetType = UNSET,
        address: PostalAddress | UnsetType = UNSET,
        vat_id: str | UnsetType = UNSET,
        iban: str | UnsetType = UNSET,
        timezone: str | UnsetType = UNSET,
        language: str | UnsetType = UNSET,
        terms_days: int | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> Customer:
        """Change a customer.

        What was invoiced keeps what it was. `If-Match` takes the revision. Needs `earn:write`. Raises NotFound,
        Conflict, PreconditionFailed, TooLarge.

        Args:
            customer: Id of the customer.
            name: At most 200 characters.
            organisation: Slug or id; empty: none.
            reference: At most 200 characters.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/customers/{segment(customer)}",
            body=given(name=name, country=country, currency=currency, organisation=organisation, email=email)
            | given(reference=reference, address=address, vat_id=vat_id, iban=iban, timezone=timezone)
            | given(language=language, terms_days=terms_days),
            key=idempotency_key,
            keyed=True,
        )
        return self._api.ask(call, Customer)

    def retire_customer(self, customer: str, *, idempotency_key: str | None = None) -> Customer:
        """Archive a customer.

        409 while it has subscriptions that have not ended. What it bought stays on record. Needs `earn:write`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            customer: Id of the customer.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path=f"/api/v1/customers/{segment(customer)}/archive", key=idempotency_key, keyed=True
        )
        return self._api.ask(call, Customer)

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.ledger`: What was booked, in double entry; balances; the audit."""

from __future__ import annotations

from monokoto.client.types import (
    BooksAudit,
    LedgerEntry,
    LedgerEntryPage,
    MyPartnership,
    MyPartnershipPage,
    PartnerOrganisation,
    PartnerOrganisations,
    Partners,
    Statement,
    StatementRow,
    TrialBalance,
)
from monokoto.client.wire import AsyncApi, AsyncDownload, AsyncPages, Call, given, segment


class AsyncLedgerApi:
    """What was booked, in double entry; balances; the audit."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def check_books(self) -> BooksAudit:
        """Audit the books.

        Everything read and added up again: chains, numbers, sums, documents and payments against the books. Needs
        `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/ledger/audit", repeatable=True)
        return await self._api.ask(call, BooksAudit)

    async def list_balances(self, *, at: str | None = None, accounts: str | None = None) -> TrialBalance:
        """The trial balance.

        Every account; debits and credits are the same. Needs `earn:read`.

        Args:
            at: As of this instant (RFC 3339); else of all entries.
            accounts: Those that begin so, such as `revenue:` (at most 120 characters).
        """
        call = Call(
            method="GET", path="/api/v1/ledger/balances", query=given(at=at, accounts=accounts), repeatable=True
        )
        return await self._api.ask(call, TrialBalance)

    def list_ledger_entries(
        self,
        *,
        account: str | None = None,
        customer: str | None = None,
        document: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[LedgerEntryPage, LedgerEntry]:
        """What was booked.

        The newest first; nothing of it ever changes. Needs `earn:read`.

        Args:
            account: On this account, such as `cash:manual` (at most 120 characters).
            customer: On this customer's accounts: owed, paid ahead, credit.
            document: About the invoice of this number: from its document to its payments (at most 64 characters).
            from_: That count from this instant (RFC 3339) or later.
            to: That count from before this instant.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/ledger/entries",
            query=given(account=account, customer=customer, document=document, from_=from_, to=to, limit=limit)
            | given(cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, LedgerEntryPage, LedgerEntry)

    def export_ledger(
        self,
        *,
        account: str | None = None,
        customer: str | None = None,
        document: str | None = None,
        from_: str | None = None,
        to: str | None = None,
    ) -> AsyncDownload:
        """What was booked, as a file.

        CSV, a row for each posting, the newest entry first; as much as there is, under the conditions of the list.
        Needs `earn:read`.

        Args:
            account: On this account, such as `cash:manual` (at most 120 characters).
            customer: On this customer's accounts: owed, paid ahead, credit.
            document: About the invoice of this number: from its document to its payments (at most 64 characters).
            from_: That count from this instant (RFC 3339) or later.
            to: That count from before this instant.
        """
        call = Call(
            method="GET",
            path="/api/v1/ledger/export",
            query=given(account=account, customer=customer, document=document, from_=from_, to=to),
            repeatable=True,
            accept="text/csv",
        )
        return self._api.download(call)

    def list_my_partnerships(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[MyPartnershipPage, MyPartnership]:
        """Of whose sales we have a part.

        By maker and name, with what we are owed. Needs `portal:read`.

        Args:
            limit: Rows at most (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/my/partnerships", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, MyPartnershipPage, MyPartnership)

    def get_my_partner_statement(
        self,
        maker: str,
        partner: str,
        *,
        currency: str,
        from_: str,
        to: str,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Statement, StatementRow]:
        """What we were owed and got.

        As the maker sees it: lines of documents with our percentage, and what was paid to us. Who bought is not in
        it. Needs `portal:read`. Raises NotFound.

        Args:
            maker: Id of the maker's organisation.
            partner: Name of the partner, as plans say it.
            currency: ISO 4217, such as EUR (at most 3 characters).
            from_: From then on (RFC 3339).
            to: Until before then (RFC 3339).
            limit: Rows at most (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/my/partnerships/{segment(maker)}/{segment(partner)}/statement",
            query=given(currency=currency, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, Statement, StatementRow)

    async def list_partner_organisations(self) -> PartnerOrganisations:
        """Which organisations partners are.

        By name; a partner that is none here is a name in plans alone. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/partner-organisations", repeatable=True)
        return await self._api.ask(call, PartnerOrganisations)

    async def put_partner_organisation(
        self, partner: str, *, organisation: str, idempotency_key: str | None = None
    ) -> PartnerOrganisation:
        """Say which organisation a partner is.

        It sees from now on what it was owed and got under this name, from the beginning; whoever it was before sees
        no more. Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            partner: Name of the partner, as plans say it.
            organisation: Its slug or id (at most 200 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/partner-organisations/{segment(partner)}",
            body=given(organisation=organisation),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, PartnerOrganisation)

    async def delete_partner_organisation(self, partner: str, *, idempotency_key: str | None = None) -> None:
        """Let a partner be a name alone.

        What it is owed stays; the organisation sees it no more. Needs `earn:write`. Raises NotFound, Conflict,
        TooLarge.

        Args:
            partner: Name of the partner, as plans say it.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="DELETE", path=f"/api/v1/partner-organisations/{segment(partner)}", key=idempotency_key, keyed=True
        )
        await self._api.tell(call)

    async def list_partners(self) -> Partners:
        """What partners are owed.

        By partner and currency, as the shares of plans and what was paid come to. Needs `earn:read`.
        """
        call = Call(method="GET", path="/api/v1/partners", repeatable=True)
        return await self._api.ask(call, Partners)

    def get_partner_statement(
        self, partner: str, *, currency: str, from_: str, to: str, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[Statement, StatementRow]:
        """What a partner was owed and got.

        The rows name the lines of documents of which the partner has a part, and how much of them. Needs
        `earn:read`.

        Args:
            partner: Name of the partner, as plans say it.
            currency: ISO 4217, such as EUR (at most 3 characters).
            from_: From then on (RFC 3339).
            to: Until before then (RFC 3339).
            limit: Rows at most (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/partners/{segment(partner)}/statement",
            query=given(currency=currency, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, Statement, StatementRow)

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.ledger`: What was booked, in double entry; balances; the audit."""

from __future__ import annotations

from monokoto.client.types import (
    BooksAudit,
    LedgerEntry,
    LedgerEntryPage,
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

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.bank_statements`: What a bank says came and went, and which invoice it pays."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from monokoto.client.types import BankEntry, BankEntryPage, BankStatement, BankStatementPage, EntryState, TakenStatement
from monokoto.client.wire import AsyncApi, AsyncContent, AsyncPages, Call, given, segment


class AsyncBankStatementsApi:
    """What a bank says came and went, and which invoice it pays."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list_bank_entries(
        self,
        *,
        state: EntryState | None = None,
        statement: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[BankEntryPage, BankEntry]:
        """Entries of a bank's statements.

        The newest first; those that are `open` wait for somebody. Needs `earn:read`.

        Args:
            state: In this state.
            statement: Of this statement.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/bank-entries",
            query=given(state=state, statement=statement, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, BankEntryPage, BankEntry)

    async def assign_bank_entry(
        self,
        entry: str,
        *,
        invoice: str | UnsetType | None = UNSET,
        customer: str | UnsetType | None = UNSET,
        nothing_of_ours: str | UnsetType = UNSET,
        idempotency_key: str | None = None,
    ) -> BankEntry:
        """Say what an entry of a statement is.

        It pays an invoice, is a customer's credit, or is nothing of ours. Said twice, it is booked once. Needs
        `earn:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            entry: Id of the entry of a bank's statement.
            invoice: It pays this one first; what is over is credit.
            customer: It is credit of this customer, and pays the oldest due.
            nothing_of_ours: Why it is not booked at all (at most 500 characters).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path=f"/api/v1/bank-entries/{segment(entry)}/assignment",
            body=given(invoice=invoice, customer=customer, nothing_of_ours=nothing_of_ours),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, BankEntry)

    def list(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[BankStatementPage, BankStatement]:
        """What a bank's statements brought.

        The newest first. Needs `earn:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/bank-statements", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, BankStatementPage, BankStatement)

    async def read(self, content: AsyncContent, *, idempotency_key: str | None = None) -> TakenStatement:
        """Take in a bank's statement.

        The body is a camt.053 or camt.054 (ISO 20022). What came pays the invoice it names, returned debits are owed
        again; what nothing names waits for somebody to say. Given again, nothing changes. Needs `earn:write`. Raises
        Conflict, TooLarge.

        Args:
            content: What is sent, as it is.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/bank-statements",
            content=content,
            key=idempotency_key,
            keyed=True,
            content_type="application/xml",
        )
        return await self._api.ask(call, TakenStatement)

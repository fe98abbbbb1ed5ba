"""The ledger over HTTP: what was booked, what it comes to, whether it is right; and all of it as a file."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Invoices
from monokoto.earn.ledger import Booked, Ledger
from monokoto.earn.payments.json import (
    BooksAuditJson,
    FindingJson,
    LedgerEntryJson,
    TrialBalanceJson,
    balance_to_json,
    entry_to_json,
)
from monokoto.earn.payments.service import Payments
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.web import Caller, Page, Scope, by_hand, decode_cursor, page_of, problem_responses, requires

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Account = Annotated[str, QueryParameter(description="On this account, such as `cash:manual`", max_length=120)]
Customer = Annotated[str, QueryParameter(description="On this customer's accounts: owed, paid ahead, credit")]
Document = Annotated[
    str,
    QueryParameter(description="About the invoice of this number: from its document to its payments", max_length=64),
]
Begin = Annotated[str, QueryParameter(name="from", description="That count from this instant (RFC 3339) or later")]
End = Annotated[str, QueryParameter(name="to", description="That count from before this instant")]
_FOREVER = 1 << 62
_CHUNK = 500
_COLUMNS = (
    "number", "at", "booked_at", "key", "title", "account", "debit", "credit", "currency", "digest",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries."""

    account: str = ""
    accounts: tuple[str, ...] = ()
    keys: tuple[str, ...] | None = None
    within: Span | None = None


class LedgerController(Controller):
    """`/api/v1/ledger`."""

    path = "/api/v1/ledger"
    tags = ("Ledger",)
    guards = (requires(Scope.EARN_READ),)

    @get("/entries", operation_id="listLedgerEntries", responses=problem_responses(), summary="What was booked")
    async def entries(
        self,
        caller: NamedDependency[Caller],
        ledger: NamedDependency[Ledger],
        payments: NamedDependency[Payments],
        account: Account = "",
        customer: Customer = "",
        document: Document = "",
        begin: Begin = "",
        end: End = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[LedgerEntryJson]:
        """The newest first; nothing of it ever changes."""
        wanted = await asyncio.to_thread(_wanted, caller, payments, account, customer, document, begin, end)
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(_entries, ledger, caller, wanted, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.number, entry_to_json)

    @get(
        "/export",
        operation_id="exportLedger",
        responses=problem_responses(),
        operation_class=by_hand(gives=["text/csv"]),
        summary="What was booked, as a file",
    )
    async def export(
        self,
        caller: NamedDependency[Caller],
        ledger: NamedDependency[Ledger],
        payments: NamedDependency[Payments],
        account: Account = "",
        customer: Customer = "",
        document: Document = "",
        begin: Begin = "",
        end: End = "",
    ) -> Stream:
        """CSV, a row for each posting, the newest entry first; as much as there is, under the conditions of the list."""
        wanted = await asyncio.to_thread(_wanted, caller, payments, account, customer, document, begin, end)
        headers = {"Content-Disposition": 'attachment; filename="ledger.csv"'}
        return Stream(_chunks(ledger, caller, wanted), media_type="text/csv; charset=utf-8", headers=headers)

    @get("/balances", operation_id="listBalances", responses=problem_responses(), summary="The trial balance")
    async def balances(
        self,
        caller: NamedDependency[Caller],
        ledger: NamedDependency[Ledger],
        at: Annotated[str, QueryParameter(description="As of this instant (RFC 3339); else of all entries")] = "",
        accounts: Annotated[
            str, QueryParameter(description="Those that begin so, such as `revenue:`", max_length=120)
        ] = "",
    ) -> TrialBalanceJson:
        """Every account; debits and credits are the same."""
        until = _instant(at, "at") if at else None
        found = await asyncio.to_thread(ledger.balances, caller.organisation_id, prefix=accounts, at=until)
        return TrialBalanceJson(accounts=[balance_to_json(one) for one in found])

    @get("/audit", operation_id="checkBooks", responses=problem_responses(), summary="Audit the books")
    async def audit(
        self,
        caller: NamedDependency[Caller],
        ledger: NamedDependency[Ledger],
        invoices: NamedDependency[Invoices],
        payments: NamedDependency[Payments],
    ) -> BooksAuditJson:
        """Everything read and added up again: chains, numbers, sums, documents and payments against the books."""
        organisation_id = caller.organisation_id
        findings = []
        for work in (ledger.audit, invoices.audit, payments.audit):
            findings += await asyncio.to_thread(work, organisation_id)
        head = await asyncio.to_thread(ledger.head, organisation_id)
        return BooksAuditJson(
            sound=not findings,
            entries=head.number,
            head=head.digest.hex(),
            findings=[FindingJson(one.where, one.what) for one in findings],
        )


def _wanted(
    caller: Caller, payments: Payments, account: str, customer: str, document: str, begin: str, end: str
) -> Wanted:
    accounts: tuple[str, ...] = ()
    if customer:
        name = format_id(parse_id(customer, what="customer"))
        accounts = tuple(f"{word}:{name}" for word in ("receivable", "wallet", "credit"))
    within = None
    if begin or end:
        within = Span(_instant(begin, "from") if begin else 0, _instant(end, "to") if end else _FOREVER)
    keys = tuple(payments.tracing.keys(caller.organisation_id, document)) if document else None
    return Wanted(account=account, accounts=accounts, keys=keys, within=within)


def _entries(ledger: Ledger, caller: Caller, wanted: Wanted, *, before: int | None, limit: int) -> Sequence[Booked]:
    return ledger.entries(
        caller.organisation_id,
        account=wanted.account,
        accounts=wanted.accounts,
        keys=wanted.keys,
        within=wanted.within,
        before=before,
        limit=limit,
    )


async def _chunks(ledger: Ledger, caller: Caller, wanted: Wanted) -> AsyncIterator[bytes]:
    yield _csv([_COLUMNS])
    before: int | None = None
    while found := await asyncio.to_thread(_entries, ledger, caller, wanted, before=before, limit=_CHUNK):
        yield _csv([row for one in found for row in _rows(one)])
        before = found[-1].number


def _rows(booked: Booked) -> list[tuple[Any, ...]]:
    entry = booked.entry
    about = (booked.number, format_instant(entry.at), format_instant(booked.booked_at), entry.key, entry.title)
    return [
        (
            *(f"'{cell}" if str(cell).startswith(_FORMULA) else cell for cell in (*about, one.account)),
            *((f"{one.amount:f}", "") if one.amount > 0 else ("", f"{-one.amount:f}")),
            one.currency,
            booked.digest.hex(),
        )
        for one in entry.postings
    ]


def _csv(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no instant.", faults=[Fault(place=place, reason=str(error))]) from None

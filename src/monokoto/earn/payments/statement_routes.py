"""A bank's statements over HTTP: taken in, and what nothing in them names said by somebody."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation
from msgspec import Meta

from monokoto.earn.invoices import INVOICE_CHANGED, Invoice
from monokoto.earn.payments.facts import payment_fact
from monokoto.earn.payments.payment import REASON_LENGTH_MAX
from monokoto.earn.payments.statement_tables import BankEntry, BankStatement, EntryState
from monokoto.earn.payments.statements import BankStatements, Taken
from monokoto.earn.subscriptions import Customers
from monokoto.kernel.clock import Clock, Instant, format_instant
from monokoto.kernel.facts import Fact, Facts
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, PAYMENT_ANSWER_BYTES_MAX
from monokoto.web import Caller, Page, Scope, by_hand, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class BankStatementJson(msgspec.Struct, frozen=True):
    """A message of a bank that was taken in."""

    id: str
    kind: Annotated[str, Meta(description="camt.053 or camt.054")]
    message_id: str
    entries: Annotated[int, Meta(description="That it brought; others that went are not kept")]
    known: Annotated[int, Meta(description="That other messages had brought before")]
    created_at: str


class TakenStatementJson(msgspec.Struct, frozen=True):
    """What came of a message."""

    statement: BankStatementJson
    again: Annotated[bool, Meta(description="Whether the same file was taken in before")]
    matched: Annotated[int, Meta(description="Entries that are of a payment or paid an invoice")]
    open: Annotated[int, Meta(description="Entries somebody has to look at")]
    others: Annotated[int, Meta(description="Money that went and that nothing here asked for")]
    changed: Annotated[list[str], Meta(description="Payments that came, failed or were taken back by it")]


class BankEntryJson(msgspec.Struct, frozen=True):
    """An entry of a bank's statement."""

    id: str
    statement: str
    state: EntryState
    why: Annotated[str, Meta(description="Why it is open, or what was said of it")]
    came: Annotated[bool, Meta(description="Whether the money came; else it went")]
    currency: str
    amount: str
    booked_on: str
    name: str
    iban: Annotated[str, Meta(description="The last four characters of the other side's account")]
    text: str
    references: list[str]
    end_to_end: str
    reason: Annotated[str, Meta(description="Why it was returned")]
    invoice: Annotated[str | None, Meta(description="The invoice it paid, or may be for")]
    payment: str | None


class AssignBankEntryRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose money it is: one of these."""

    invoice: Annotated[str | None, Meta(description="It pays this one first; what is over is credit")] = None
    customer: Annotated[str | None, Meta(description="It is credit of this customer, and pays the oldest due")] = None
    nothing_of_ours: Annotated[str, Meta(max_length=REASON_LENGTH_MAX, description="Why it is not booked at all")] = ""


class BankStatementsController(Controller):
    """`/api/v1/bank-statements` and `/api/v1/bank-entries`."""

    path = "/api/v1"
    tags = ("Bank statements",)

    @get("/bank-statements", operation_id="listBankStatements", guards=_READ, responses=problem_responses(),
         summary="What a bank's statements brought")  # fmt: skip
    async def statements(
        self,
        caller: NamedDependency[Caller],
        bank_statements: NamedDependency[BankStatements],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[BankStatementJson]:
        """The newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(bank_statements.list, caller.organisation_id, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, _statement_to_json)

    @post("/bank-statements", operation_id="readBankStatement", guards=_WRITE, status_code=200,
          request_max_body_size=PAYMENT_ANSWER_BYTES_MAX + 1, responses=problem_responses(),
          operation_class=by_hand(takes=("application/xml",)), summary="Take in a bank's statement")  # fmt: skip
    async def take(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        bank_statements: NamedDependency[BankStatements],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
    ) -> TakenStatementJson:
        """The body is a camt.053 or camt.054 (ISO 20022). What came pays the invoice it names, returned debits are owed again; what
        nothing names waits for somebody to say. Given again, nothing changes."""
        taken = await asyncio.to_thread(bank_statements.take, caller.organisation_id, await request.body())
        for one in taken.changed:
            await facts.tell(payment_fact(one, clock.now()))
        for invoice in taken.asked:
            await facts.tell(_invoice_fact(invoice, clock.now()))
        return _taken_to_json(taken)

    @get("/bank-entries", operation_id="listBankEntries", guards=_READ, responses=problem_responses(),
         summary="Entries of a bank's statements")  # fmt: skip
    async def entries(
        self,
        caller: NamedDependency[Caller],
        bank_statements: NamedDependency[BankStatements],
        in_state: Annotated[EntryState | None, QueryParameter(name="state", description="In this state")] = None,
        statement: Annotated[str, QueryParameter(description="Of this statement")] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[BankEntryJson]:
        """The newest first; those that are `open` wait for somebody."""
        found = await asyncio.to_thread(
            bank_statements.entries,
            caller.organisation_id,
            state=in_state,
            statement_id=parse_id(statement, what="statement") if statement else None,
            before=decode_cursor(cursor, int)[0] if cursor else None,
            limit=limit + 1,
        )
        return page_of(found, limit, lambda one: one.id, _entry_to_json)

    @post("/bank-entries/{entry:str}/assignment", operation_id="assignBankEntry", guards=_WRITE, status_code=200,
          responses=problem_responses(404, 409), summary="Say what an entry of a statement is")  # fmt: skip
    async def assign(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        bank_statements: NamedDependency[BankStatements],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        entry: FromPath[str],
        data: JSONBody[AssignBankEntryRequest],
    ) -> BankEntryJson:
        """It pays an invoice, is a customer's credit, or is nothing of ours. Said twice, it is booked once."""
        organisation_id, entry_id = caller.organisation_id, parse_id(entry, what="entry")
        if data.nothing_of_ours:
            dismiss = bank_statements.dismiss
            return _entry_to_json(await asyncio.to_thread(dismiss, organisation_id, entry_id, data.nothing_of_ours))
        customer_id = None if data.customer is None else parse_id(data.customer, what="customer")
        if customer_id is not None:
            await asyncio.to_thread(customers.get, organisation_id, customer_id)
        invoice_id = None if data.invoice is None else parse_id(data.invoice, what="invoice")
        after, payment = await asyncio.to_thread(
            bank_statements.assign, organisation_id, entry_id, invoice_id=invoice_id, customer_id=customer_id
        )
        await facts.tell(payment_fact(payment, clock.now()))
        return _entry_to_json(after)


def _invoice_fact(invoice: Invoice, now: Instant) -> Fact:
    data = {"invoice_id": invoice.id, "customer_id": invoice.customer_id, "state": invoice.state.value}
    return Fact(name=INVOICE_CHANGED, organisation_id=invoice.organisation_id, at=now, data=data)


def _statement_to_json(one: BankStatement) -> BankStatementJson:
    return BankStatementJson(
        id=format_id(one.id), kind=one.kind, message_id=one.message_id, entries=one.entries, known=one.known,
        created_at=format_instant(one.created_at),
    )  # fmt: skip


def _taken_to_json(taken: Taken) -> TakenStatementJson:
    return TakenStatementJson(
        statement=_statement_to_json(taken.statement),
        again=taken.again,
        matched=taken.states[EntryState.MATCHED],
        open=taken.states[EntryState.OPEN],
        others=taken.others,
        changed=[format_id(one.id) for one in taken.changed],
    )


def _entry_to_json(one: BankEntry) -> BankEntryJson:
    move = one.move
    return BankEntryJson(
        id=format_id(one.id), statement=format_id(one.statement_id), state=one.state, why=one.why, came=move.credit,
        currency=move.currency, amount=f"{move.amount:f}", booked_on=move.booked_on, name=move.name, iban=move.iban[-4:],
        text=move.text, references=list(move.references), end_to_end=move.end_to_end, reason=move.reason,
        invoice=None if one.invoice_id is None else format_id(one.invoice_id),
        payment=None if one.payment_id is None else format_id(one.payment_id),
    )  # fmt: skip

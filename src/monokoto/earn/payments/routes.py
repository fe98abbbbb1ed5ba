"""Payments over HTTP: the seller's side."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from litestar import Controller, Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter, SkipValidation

from monokoto.earn.invoices import Invoices
from monokoto.earn.payments.dunning import DunningPolicy
from monokoto.earn.payments.facts import payment_fact
from monokoto.earn.payments.json import (
    CollectRequest,
    CreditsJson,
    DunningStepsJson,
    MakePaymentFileRequest,
    MandateJson,
    OwingJson,
    PaymentFileJson,
    PaymentJson,
    PaymentOutcomeRequest,
    PutMandateRequest,
    RecordPaymentRequest,
    RefundRequest,
    credit_to_json,
    file_to_json,
    mandate_to_json,
    owing_to_json,
    payment_to_json,
    step_to_json,
)
from monokoto.earn.payments.ledger_routes import LedgerController
from monokoto.earn.payments.mandates import Mandates, PaymentFiles
from monokoto.earn.payments.moving_routes import MovingMoneyController
from monokoto.earn.payments.pause_routes import DunningPauseController
from monokoto.earn.payments.payment import Direction, Mandate, Payment, PaymentState, Purpose, Receipt
from monokoto.earn.payments.reminding import Reminding
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.subscriptions import Customers
from monokoto.kernel.clock import Clock, Instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from monokoto.kernel.money import number
from monokoto.web import Caller, Page, Scope, decode_cursor, page_of, problem_responses, requires

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]


class PaymentsController(Controller):
    """`/api/v1/payments`, `/api/v1/refunds`, and what a customer has left."""

    path = "/api/v1"
    tags = ("Payments",)

    @get("/payments", operation_id="listPayments", guards=_READ, responses=problem_responses(), summary="List payments")
    async def list_payments(
        self,
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        customer: Annotated[str, QueryParameter(description="Of this customer")] = "",
        invoice: Annotated[str, QueryParameter(description="For this invoice")] = "",
        in_state: Annotated[PaymentState | None, QueryParameter(name="state", description="In this state")] = None,
        direction: Annotated[Direction | None, QueryParameter(description="in or out")] = None,
        method: Annotated[str, QueryParameter(description="Of this method", max_length=32)] = "",
        file: Annotated[str, QueryParameter(description="In this file for a bank")] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[PaymentJson]:
        """The newest first."""
        wanted = PaymentFilter(
            customer_id=parse_id(customer, what="customer") if customer else None,
            invoice_id=parse_id(invoice, what="invoice") if invoice else None,
            state=in_state,
            direction=direction,
            method=method,
            file_id=parse_id(file, what="file") if file else None,
        )
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(payments.list, caller.organisation_id, wanted, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, payment_to_json)

    @post("/payments", operation_id="recordPayment", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Record money that came")  # fmt: skip
    async def record(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[RecordPaymentRequest],
    ) -> PaymentJson:
        """It is put on the invoice named, then on the oldest due; what is over is credit."""
        customer_id = parse_id(data.customer, what="customer")
        await asyncio.to_thread(customers.get, caller.organisation_id, customer_id)
        receipt = Receipt(
            organisation_id=caller.organisation_id,
            customer_id=customer_id,
            amount=number(data.amount),
            currency=data.currency,
            method=data.method,
            key=data.key,
            purpose=Purpose.WALLET if data.wallet else Purpose.INVOICES,
            invoice_id=None if data.invoice is None else parse_id(data.invoice, what="invoice"),
            reference=data.reference,
            received_at=None if data.received_at is None else _instant(data.received_at, "received_at"),
        )
        return await _told(await asyncio.to_thread(payments.receive, receipt), facts, clock)

    @post("/payments/collect", operation_id="startCollection", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Ask for what is open of an invoice")  # fmt: skip
    async def collect(
        self,
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[CollectRequest],
    ) -> PaymentJson:
        """As the customer's mandate for the method allows."""
        made = await asyncio.to_thread(
            payments.collect,
            caller.organisation_id,
            parse_id(data.invoice, what="invoice"),
            method=data.method,
            key=data.key,
        )
        return await _told(made, facts, clock)

    @get("/payments/{payment:str}", operation_id="getPayment", guards=_READ, responses=problem_responses(404),
         summary="Look at a payment")  # fmt: skip
    async def one(
        self, caller: NamedDependency[Caller], payments: NamedDependency[Payments], payment: FromPath[str]
    ) -> PaymentJson:
        """One."""
        found = await asyncio.to_thread(payments.get, caller.organisation_id, parse_id(payment, what="payment"))
        return payment_to_json(found)

    @post("/payments/{payment:str}/outcome", operation_id="confirmPayment", guards=_WRITE, status_code=200,
          responses=problem_responses(404, 409), summary="Say what became of a payment")  # fmt: skip
    async def outcome(
        self,
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        payment: FromPath[str],
        data: JSONBody[PaymentOutcomeRequest],
    ) -> PaymentJson:
        """`succeeded` or `failed` of a pending one, `reversed` of one that came: its invoices are owed again."""
        made = await asyncio.to_thread(
            payments.resolve,
            caller.organisation_id,
            parse_id(payment, what="payment"),
            data.state,
            reason=data.reason,
            reference=data.reference,
        )
        return await _told(made, facts, clock)

    @post("/refunds", operation_id="createRefund", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Send credit back to a customer")  # fmt: skip
    async def refund(
        self,
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[RefundRequest],
    ) -> PaymentJson:
        """No more than there is; give something back by a credit note first."""
        made = await asyncio.to_thread(
            payments.refund,
            caller.organisation_id,
            parse_id(data.customer, what="customer"),
            number(data.amount),
            data.currency,
            method=data.method,
            key=data.key,
            iban=data.iban,
            holder=data.holder,
        )
        return await _told(made, facts, clock)

    @get("/customers/{customer:str}/credit", operation_id="getCustomerCredit", guards=_READ, responses=problem_responses(),
         summary="What a customer has left")  # fmt: skip
    async def credit(
        self, caller: NamedDependency[Caller], mandates: NamedDependency[Mandates], customer: FromPath[str]
    ) -> CreditsJson:
        """Money that pays no invoice yet; the next one takes it."""
        found = await asyncio.to_thread(mandates.credit, caller.organisation_id, parse_id(customer, what="customer"))
        return CreditsJson(credits=[credit_to_json(one) for one in found])


class MandatesController(Controller):
    """`/api/v1/customers/{customer}/mandates/{method}` and `/api/v1/payment-files`."""

    path = "/api/v1"
    tags = ("Payments",)

    @get("/customers/{customer:str}/mandates/{method:str}", operation_id="getMandate", guards=_READ,
         responses=problem_responses(404), summary="By what a customer is charged")  # fmt: skip
    async def mandate(
        self,
        caller: NamedDependency[Caller],
        mandates: NamedDependency[Mandates],
        customer: FromPath[str],
        method: FromPath[str],
    ) -> MandateJson:
        """For one method."""
        customer_id = parse_id(customer, what="customer")
        return mandate_to_json(await asyncio.to_thread(mandates.get, caller.organisation_id, customer_id, method))

    @put("/customers/{customer:str}/mandates/{method:str}", operation_id="putMandate", guards=_WRITE,
         responses=problem_responses(404), summary="Keep what a customer agreed to")  # fmt: skip
    async def put_mandate(
        self,
        caller: NamedDependency[Caller],
        mandates: NamedDependency[Mandates],
        customer: FromPath[str],
        method: FromPath[str],
        data: JSONBody[PutMandateRequest],
    ) -> MandateJson:
        """In the place of what it agreed to before."""
        wanted = Mandate(
            organisation_id=caller.organisation_id,
            customer_id=parse_id(customer, what="customer"),
            method=method,
            iban=data.iban,
            bic=data.bic,
            holder=data.holder,
            reference=data.reference,
            signed_at=Instant(_instant(data.signed_at, "signed_at")),
            created_at=Instant(0),
        )
        return mandate_to_json(await asyncio.to_thread(mandates.put, wanted))

    @delete("/customers/{customer:str}/mandates/{method:str}", operation_id="removeMandate", guards=_WRITE,
            status_code=204, responses=problem_responses(404), summary="A mandate is taken back")  # fmt: skip
    async def revoke(
        self,
        caller: NamedDependency[Caller],
        mandates: NamedDependency[Mandates],
        customer: FromPath[str],
        method: FromPath[str],
    ) -> None:
        """Asked again, nothing changes."""
        await asyncio.to_thread(mandates.revoke, caller.organisation_id, parse_id(customer, what="customer"), method)

    @get("/payment-files", operation_id="listPaymentFiles", guards=_READ, responses=problem_responses(),
         summary="Files for a bank")  # fmt: skip
    async def files(
        self,
        caller: NamedDependency[Caller],
        payment_files: NamedDependency[PaymentFiles],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[PaymentFileJson]:
        """The newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(payment_files.list, caller.organisation_id, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, file_to_json)

    @post("/payment-files", operation_id="makePaymentFile", guards=_WRITE, responses=problem_responses(409),
          summary="Put what waits into a file for a bank")  # fmt: skip
    async def make_file(
        self,
        caller: NamedDependency[Caller],
        payment_files: NamedDependency[PaymentFiles],
        data: JSONBody[MakePaymentFileRequest],
    ) -> PaymentFileJson:
        """Each SEPA payment is in one file."""
        day = None if data.on is None else _day(data.on)
        made = await asyncio.to_thread(payment_files.make, caller.organisation_id, data.kind, on=day)
        return file_to_json(made)

    @get("/payment-files/{file:str}", operation_id="getPaymentFile", guards=_READ, media_type="application/xml",
         responses=problem_responses(404), summary="A file for a bank")  # fmt: skip
    async def file(
        self, caller: NamedDependency[Caller], payment_files: NamedDependency[PaymentFiles], file: FromPath[str]
    ) -> Response[str]:
        """ISO 20022."""
        made, text = await asyncio.to_thread(payment_files.get, caller.organisation_id, parse_id(file, what="file"))
        headers = {"content-disposition": f'attachment; filename="{made.message_id}.xml"'}
        return Response(text, media_type="application/xml", headers=headers)


class DunningController(Controller):
    """`/api/v1/dunning-policy`, and what was done about an invoice."""

    path = "/api/v1"
    tags = ("Dunning",)

    @get("/dunning-policy", operation_id="getDunningPolicy", guards=_READ, responses=problem_responses(),
         summary="What follows when nobody pays")  # fmt: skip
    async def policy(self, caller: NamedDependency[Caller], reminding: NamedDependency[Reminding]) -> DunningPolicy:
        """No steps: nobody is reminded."""
        return await asyncio.to_thread(reminding.policy, caller.organisation_id)

    @put("/dunning-policy", operation_id="putDunningPolicy", guards=_WRITE, responses=problem_responses(),
         summary="Say what follows when nobody pays")  # fmt: skip
    async def put_policy(
        self, caller: NamedDependency[Caller], reminding: NamedDependency[Reminding], data: JSONBody[DunningPolicy]
    ) -> DunningPolicy:
        """A suspension is the last step, needs a notice before it, and never closes a safety function."""
        return await asyncio.to_thread(reminding.put_policy, caller.organisation_id, data)

    @get("/dunning", operation_id="listDunning", guards=_READ, responses=problem_responses(),
         summary="What is overdue, and what follows")  # fmt: skip
    async def owing(
        self,
        caller: NamedDependency[Caller],
        reminding: NamedDependency[Reminding],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> Page[OwingJson]:
        """The oldest invoice first: what was done about each, and what comes next and when."""
        after = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(reminding.owing, caller.organisation_id, after=after, limit=limit + 1)
        return page_of(found, limit, lambda one: one.invoice.id, owing_to_json)

    @get("/invoices/{invoice:str}/dunning", operation_id="listDunningSteps", guards=_READ, responses=problem_responses(404),
         summary="What was done about an invoice")  # fmt: skip
    async def steps(
        self,
        caller: NamedDependency[Caller],
        invoices: NamedDependency[Invoices],
        reminding: NamedDependency[Reminding],
        invoice: FromPath[str],
    ) -> DunningStepsJson:
        """Notices, and a suspension."""
        found = await asyncio.to_thread(invoices.get, caller.organisation_id, parse_id(invoice, what="invoice"))
        done = await asyncio.to_thread(reminding.steps, caller.organisation_id, found.id)
        return DunningStepsJson(steps=[step_to_json(one) for one in done])


async def _told(payment: Payment, facts: Facts, clock: Clock) -> PaymentJson:
    await facts.tell(payment_fact(payment, clock.now()))
    return payment_to_json(payment)


def _instant(text: str, place: str) -> int:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no instant.", faults=[Fault(place=place, reason=str(error))]) from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("This is no day.", faults=[Fault(place="on", reason=str(error))]) from None


CONTROLLERS = (
    PaymentsController,
    MovingMoneyController,
    MandatesController,
    DunningController,
    DunningPauseController,
    LedgerController,
)
"""What `api` mounts."""

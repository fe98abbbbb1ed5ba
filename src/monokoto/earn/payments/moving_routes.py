"""Money asked for ahead, money for partners, and what a bank answers to a file, over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, SkipValidation
from msgspec import Meta

from monokoto.earn.payments.answering import Answered, BankAnswers
from monokoto.earn.payments.facts import payment_fact
from monokoto.earn.payments.json import CurrencyText, KeyText, MethodText, MoneyText, PaymentJson, payment_to_json
from monokoto.earn.payments.mandates import PaymentFiles
from monokoto.earn.payments.service import Payments
from monokoto.earn.subscriptions import Customers
from monokoto.kernel.clock import Clock
from monokoto.kernel.facts import Facts
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import PAYMENT_ANSWER_BYTES_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import number
from monokoto.web import Caller, Scope, by_hand, problem_responses, requires

_WRITE = [requires(Scope.EARN_WRITE)]


class TopUpRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask a customer for money ahead."""

    customer: str
    amount: MoneyText
    currency: CurrencyText
    method: MethodText
    key: KeyText


class PayoutRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send a partner its share."""

    partner: Annotated[str, Meta(min_length=1, max_length=100, description="Its name in plans")]
    amount: MoneyText
    currency: CurrencyText
    key: KeyText
    method: MethodText = "manual"
    iban: Annotated[str, Meta(max_length=42)] = ""
    holder: Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] = ""


class RefusedAnswerJson(msgspec.Struct, frozen=True):
    """Something a bank says that cannot be put on a payment."""

    payment: str
    reason: str


class BankAnswerJson(msgspec.Struct, frozen=True):
    """What came of a bank's report."""

    changed: Annotated[list[PaymentJson], Meta(description="Payments of which something is known now")]
    waiting: Annotated[int, Meta(description="Payments of the file nobody knows about yet")]
    refused: list[RefusedAnswerJson]
    unknown: Annotated[list[str], Meta(description="What the bank names and the file has not")]


class MovingMoneyController(Controller):
    """`/api/v1/top-ups`, `/api/v1/payouts`, and answers to files for a bank."""

    path = "/api/v1"
    tags = ("Payments",)

    @post("/top-ups", operation_id="startTopUp", guards=_WRITE, responses=problem_responses(404, 409),
          summary="Ask for money ahead")  # fmt: skip
    async def top_up(
        self,
        caller: NamedDependency[Caller],
        customers: NamedDependency[Customers],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[TopUpRequest],
    ) -> PaymentJson:
        """As the customer's mandate for the method allows; it goes into the wallet, which pays invoices when they are made."""
        customer_id = parse_id(data.customer, what="customer")
        await asyncio.to_thread(customers.get, caller.organisation_id, customer_id)
        made = await asyncio.to_thread(
            payments.top_up,
            caller.organisation_id,
            customer_id,
            number(data.amount),
            data.currency,
            method=data.method,
            key=data.key,
        )
        await facts.tell(payment_fact(made, clock.now()))
        return payment_to_json(made)

    @post("/payouts", operation_id="createPayout", guards=_WRITE, responses=problem_responses(409),
          summary="Send a partner its share")  # fmt: skip
    async def pay_out(
        self,
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        data: JSONBody[PayoutRequest],
    ) -> PaymentJson:
        """No more than it is owed: `GET /api/v1/partners` says how much that is."""
        made = await asyncio.to_thread(
            payments.pay_out,
            caller.organisation_id,
            data.partner,
            number(data.amount),
            data.currency,
            method=data.method,
            key=data.key,
            iban=data.iban,
            holder=data.holder,
        )
        await facts.tell(payment_fact(made, clock.now()))
        return payment_to_json(made)

    @post(
        "/payment-files/{file:str}/answers",
        operation_id="readBankAnswer",
        guards=_WRITE,
        status_code=200,
        request_max_body_size=PAYMENT_ANSWER_BYTES_MAX + 1,
        responses=problem_responses(404),
        operation_class=by_hand(takes=("application/xml",)),
        summary="Say what a bank answered to a file",
    )
    async def answer(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        payments: NamedDependency[Payments],
        payment_files: NamedDependency[PaymentFiles],
        facts: NamedDependency[SkipValidation[Facts]],
        clock: NamedDependency[SkipValidation[Clock]],
        file: FromPath[str],
    ) -> BankAnswerJson:
        """The body is the bank's payment status report (ISO 20022 pain.002). What came is booked, what was refused or taken back is
        owed again; given again, nothing changes."""
        answers = BankAnswers(payments, payment_files)
        file_id, content = parse_id(file, what="file"), await request.body()
        found = await asyncio.to_thread(answers.take, caller.organisation_id, file_id, content)
        for one in found.changed:
            await facts.tell(payment_fact(one, clock.now()))
        return _shown(found)


def _shown(found: Answered) -> BankAnswerJson:
    return BankAnswerJson(
        changed=[payment_to_json(one) for one in found.changed],
        waiting=found.waiting,
        refused=[RefusedAnswerJson(name, reason) for name, reason in found.refused.items()],
        unknown=found.unknown,
    )

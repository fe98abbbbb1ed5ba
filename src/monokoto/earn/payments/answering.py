"""A bank's answer to a file, put on the payments in it. Blocking; called in threads. Given again, nothing changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from monokoto.earn.payments.bank_answers import BankAnswer, Said, read_answer
from monokoto.earn.payments.mandates import PaymentFiles
from monokoto.earn.payments.payment import Payment, PaymentState
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PAYMENT_FILE_PAYMENTS_MAX


@dataclass(slots=True)
class Answered:
    """What came of it."""

    changed: list[Payment] = field(default_factory=list)
    waiting: int = 0
    """Payments of the file nobody knows about yet."""
    refused: dict[str, str] = field(default_factory=dict)
    """Why something the bank says cannot be put on a payment, by its id."""
    unknown: list[str] = field(default_factory=list)
    """What the bank names and the file has not."""


class BankAnswers:
    """Of all sellers."""

    def __init__(self, payments: Payments, files: PaymentFiles) -> None:
        self._payments = payments
        self._files = files

    def take(self, organisation_id: int, file_id: int, content: bytes) -> Answered:
        """Put a status report on the payments of the file it is about.

        Raises:
            NotFound: there is no such file.
            Invalid: this is no status report, or one about another file; nothing is changed.
        """
        made, _ = self._files.get(organisation_id, file_id)
        answer = read_answer(content)
        if answer.message_id != made.message_id:
            raise Invalid(
                f"This is about the message {answer.message_id!r}.", remedy=f"Look for the report on {made.message_id}."
            )
        found = self._payments.list(organisation_id, PaymentFilter(file_id=file_id), limit=PAYMENT_FILE_PAYMENTS_MAX)
        answered = Answered(unknown=sorted(set(answer.each) - {format_id(one.id) for one in found}))
        for payment in found:
            self._put(payment, answer, answered)
        return answered

    def _put(self, payment: Payment, answer: BankAnswer, answered: Answered) -> None:
        name = format_id(payment.id)
        state, said = _becomes(payment, answer, name)
        if state is None:
            answered.waiting += payment.state is PaymentState.PENDING
            return
        try:
            after = self._payments.resolve(payment.organisation_id, payment.id, state, reason=said.reason)
        except Conflict as error:
            answered.refused[name] = error.message
        else:
            answered.changed.append(after)


def _becomes(payment: Payment, answer: BankAnswer, name: str) -> tuple[PaymentState | None, Said]:
    """What becomes of a payment; None: nothing."""
    named = answer.each.get(name)
    said = named or answer.whole
    if payment.state is PaymentState.PENDING:
        return (None if said.state is PaymentState.PENDING else said.state), said
    if payment.state is PaymentState.SUCCEEDED and named is not None and named.state is PaymentState.FAILED:
        return PaymentState.REVERSED, said  # it came, and the customer's bank took it back
    return None, said

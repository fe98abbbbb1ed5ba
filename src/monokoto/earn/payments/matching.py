"""What an entry of a bank's statement is of: a payment we asked for, a file of them, a return, or an invoice it names. Blocking."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from monokoto.earn.invoices import Invoice, Invoices, InvoiceState
from monokoto.earn.payments.booking import summed
from monokoto.earn.payments.camt import Move
from monokoto.earn.payments.mandates import PaymentFiles
from monokoto.earn.payments.payment import Direction, Payment, PaymentState
from monokoto.earn.payments.service import Payments
from monokoto.earn.payments.store import PaymentFilter
from monokoto.earn.pricing import currency
from monokoto.kernel.errors import Conflict, Invalid, NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import BANK_CHARGE_UNTOLD_MAX, PAYMENT_FILE_PAYMENTS_MAX
from monokoto.kernel.money import ZERO, exact

_FILE: Final = "koto-"
"""How the names of our files begin."""
_WORDS_MAX, _WORDS_OF_A_LABEL = 60, 5
_WORD = re.compile(r"[^\s,;:()\[\]\"'/_.\-]+")
_RETURNED: Final = "The bank took it back."


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What was found."""

    found: bool = False
    """Whether it is a payment's; what that changed is in `changed`."""
    pays: Invoice | None = None
    """The invoice it names and pays to the cent; the one who asks books it."""
    changed: Sequence[Payment] = ()
    payment_id: int | None = None
    invoice_id: int | None = None
    why: str = ""
    """Why somebody has to look at it."""
    charge: Decimal = ZERO
    """What the bank took besides, for the payment; the one who asks books it."""


class Matching:
    """For all sellers."""

    def __init__(self, payments: Payments, files: PaymentFiles, invoices: Invoices) -> None:
        self._payments = payments
        self._files = files
        self._invoices = invoices

    def concerns(self, organisation_id: int, move: Move) -> bool:
        """Whether money that went is of something we asked for, or says that it is a return."""
        return bool(
            move.reason
            or self._payment(organisation_id, move.end_to_end) is not None
            or self._in_file(organisation_id, move)
        )

    def match(self, organisation_id: int, move: Move) -> Match:
        """Find what it is of, and end the payments it tells of. Asked again, nothing changes."""
        payment = self._payment(organisation_id, move.end_to_end)
        if payment is not None and move.parts == 1:
            return self._ended(payment, move)
        if among := self._in_file(organisation_id, move):
            return self._file_ended(among, move)
        if move.reason or not move.credit:
            return Match(why=f"It was returned ({move.reason or 'no reason'}), and names no payment of ours.")
        if move.parts > 1:
            return Match(why=f"It is the sum of {move.parts}, of which this message does not tell one by one.")
        return self._of_invoice(organisation_id, move)

    # Payments we asked for

    def _payment(self, organisation_id: int, name: str) -> Payment | None:
        try:
            return self._payments.get(organisation_id, parse_id(name, what="payment"))
        except (Invalid, NotFound):
            return None

    def _ended(self, payment: Payment, move: Move) -> Match:
        about = Match(payment_id=int(payment.id), invoice_id=payment.invoice_id)
        came = move.credit == (payment.direction is Direction.IN)
        charge = _charge(payment, move, returned=not came or bool(move.reason))
        if charge is None:
            told = f"The payment it names is of {payment.amount:f} {payment.currency}."
            return replace(about, why=told)
        if came and not move.reason:
            state = PaymentState.SUCCEEDED
        else:
            state = PaymentState.FAILED if payment.state is PaymentState.PENDING else PaymentState.REVERSED
        if payment.state is state or (payment.state is PaymentState.FAILED and state is PaymentState.REVERSED):
            return replace(about, found=True, charge=charge)
        why = "" if state is PaymentState.SUCCEEDED else move.reason or _RETURNED
        try:
            after = self._payments.resolve(payment.organisation_id, payment.id, state, reason=why)
        except Conflict as error:
            return replace(about, why=error.message)
        return replace(about, found=True, changed=[after], why=why, charge=charge)

    def _in_file(self, organisation_id: int, move: Move) -> list[Payment]:
        """The payments of our file a sum is booked for; nothing: it is of none."""
        if not move.batch.startswith(_FILE) or (move.parts == 1 and move.end_to_end):
            return []
        try:
            file_id = parse_id(move.batch.removeprefix(_FILE), what="file")
            self._files.get(organisation_id, file_id)
        except (Invalid, NotFound):
            return []
        found = self._payments.list(organisation_id, PaymentFilter(file_id=file_id), limit=PAYMENT_FILE_PAYMENTS_MAX)
        return [one for one in found if move.credit == (one.direction is Direction.IN)]

    def _file_ended(self, among: Sequence[Payment], move: Move) -> Match:
        live = [one for one in among if one.state is not PaymentState.FAILED]
        if summed([one.amount for one in live]) != move.amount or {one.currency for one in live} != {move.currency}:
            return Match(why="It is of one of our files, and not what its payments come to: say what became of each.")
        waiting = [one for one in live if one.state is PaymentState.PENDING]
        changed = [self._payments.resolve(one.organisation_id, one.id, PaymentState.SUCCEEDED) for one in waiting]
        return Match(found=True, changed=changed)

    # Invoices it names

    def _of_invoice(self, organisation_id: int, move: Move) -> Match:
        labels = list(dict.fromkeys(_labels(move)))
        found = self._invoices.labelled(organisation_id, labels) if labels else []
        if not found:
            return Match(why="Nothing in it names an invoice.")
        owed = [one for one in found if one.state is InvoiceState.FINALISED and _is(one, move.amount, move.currency)]
        if len(owed) == 1 and len(found) == 1:
            return Match(pays=owed[0], invoice_id=int(owed[0].id))
        if len(found) > 1:
            return Match(why=f"It names {', '.join(one.label for one in found[:5])}.", invoice_id=int(found[0].id))
        one = found[0]
        return Match(why=f"It names {one.label}, of which {one.open:f} {one.currency} is open.", invoice_id=int(one.id))


@exact
def _charge(payment: Payment, move: Move, *, returned: bool) -> Decimal | None:
    """What the bank took besides a payment's amount; None: the amounts do not fit.

    Of money that came it is taken off; on money that went back it is added, told or not: the amount of a return is known. What is
    not told and too much for a charge is something else.
    """
    over = payment.amount - move.amount if move.credit else move.amount - payment.amount
    fits = over in {ZERO, move.charges} or (returned and not move.credit and ZERO < over <= BANK_CHARGE_UNTOLD_MAX)
    if move.currency != payment.currency or not fits:
        return None
    charge = max(over, move.charges)
    return charge if currency(payment.currency).round(charge) == charge else None


def _is(invoice: Invoice, amount: Decimal, code: str) -> bool:
    return invoice.open == amount and invoice.currency == code


def _labels(move: Move) -> Iterator[str]:
    """What in it may be an invoice's number, however it is spaced: `INV 2026 000003`, `inv-2026-000003`, `INV/2026/000003`."""
    for text in (*move.references, move.end_to_end, move.text):
        yield from (one for one in text.split()[:_WORDS_MAX] if any(sign.isdigit() for sign in one))
        words = _WORD.findall(text)[:_WORDS_MAX]
        for start in range(len(words)):
            for count in range(1, _WORDS_OF_A_LABEL + 1):
                some = words[start : start + count]
                if len(some) == count and some[-1][-1].isdigit():
                    yield "-".join(some)
                    yield "-".join(some).upper()

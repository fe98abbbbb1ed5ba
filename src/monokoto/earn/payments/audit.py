"""The auditor of payments: nothing of what came is lost, nothing is given twice. Reads rows by plain SQL; fractions only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from monokoto.earn.ledger import Finding
from monokoto.earn.payments.audit_entries import unexplained
from monokoto.kernel.ids import format_id

FINDINGS_MAX = 100
_PAYMENTS = (
    "SELECT payment_id, customer_id, partner, direction, purpose, method, currency, amount, lost, state FROM payments"
)
_CREDITS = (
    'SELECT credit_id, customer_id, currency, source, source_id, amount, "left" AS rest, has_left FROM payment_credits'
)
_ALLOCATIONS = "SELECT credit_id, invoice_id, refund_id, amount, undone_at FROM payment_allocations"
_LOSSES = "SELECT payment_id, amount, fee, fee_currency FROM payment_losses"
_INVOICES = (
    "SELECT invoice_id, label, state, customer_id, currency, gross, prepaid, paid, applied, written_off FROM invoices"
)
_NOTES = "SELECT credit_note_id, customer_id, currency, over, voids FROM credit_notes"
_POSTINGS = "SELECT account, currency, amount FROM ledger_postings"
_HERE = " WHERE organisation_id = :organisation"
Sums = dict[tuple[str, str], Fraction]


def audit_payments(connection: sa.Connection, organisation_id: int) -> list[Finding]:
    """Credits against what was paid and given, invoices against what was put on them, and both against the ledger."""

    def rows(statement: str, more: str = "") -> list[Any]:
        return list(connection.execute(sa.text(statement + _HERE + more), {"organisation": organisation_id}))

    payments, held = rows(_PAYMENTS), rows(_CREDITS)
    notes, sent = rows(_NOTES), rows(_INVOICES, " AND document_id IS NOT NULL")
    used = [one for one in rows(_ALLOCATIONS) if one.undone_at is None]
    findings = [*_wrong_credits(payments, notes, held, used), *_wrong_invoices(sent, used)]
    findings += _wrong_refunds(payments, used)
    findings += unexplained(connection, organisation_id)
    losses = rows(_LOSSES)
    findings += _wrong_losses(payments, losses)
    expected = _expected(payments, notes, held, sent)
    _take_fees(expected, payments, losses)
    booked: Sums = defaultdict(Fraction)
    for one in connection.execute(sa.text(_POSTINGS + _HERE), {"organisation": organisation_id}):
        booked[one.account, one.currency] += Fraction(one.amount)
    for account, code in sorted({*booked, *expected}):
        if account.partition(":")[0] not in _COMPARED:
            continue
        if booked[account, code] != expected[account, code]:
            told = f"comes to {expected[account, code]}, the books to {booked[account, code]}"
            findings.append(Finding(f"{account} {code}", told))
    return findings[:FINDINGS_MAX]


_COMPARED = frozenset({"cash", "credit", "receivable", "wallet", "uncollectible", "fees"})


def _wrong_credits(payments: list[Any], notes: list[Any], held: list[Any], used: list[Any]) -> Iterator[Finding]:
    taken: dict[int, Fraction] = defaultdict(Fraction)
    for one in used:
        taken[one.credit_id] += Fraction(one.amount)
    paid = {
        one.payment_id: one
        for one in payments
        if one.direction == "in" and one.purpose == "invoices" and one.state in {"succeeded", "reversed"}
    }
    given = {one.credit_note_id: one for one in notes if not one.voids}
    seen = set()
    for credit in held:
        where = f"credit {format_id(credit.credit_id)}"
        if Fraction(credit.amount) != Fraction(credit.rest) + taken[credit.credit_id]:
            yield Finding(where, f"{credit.amount} were given; used and left is something else")
        if Fraction(credit.rest) < 0 or bool(Fraction(credit.rest)) != bool(credit.has_left):
            yield Finding(where, f"{credit.rest} is left of it")
        source: Any = (paid if credit.source == "payment" else given).get(credit.source_id)
        worth = None if source is None else _worth(source, credit.source)
        if worth != Fraction(credit.amount) or (source.customer_id, source.currency) != (
            credit.customer_id,
            credit.currency,
        ):
            yield Finding(where, f"its {credit.source} gave {worth}, and not {credit.amount}")
        seen.add((credit.source, credit.source_id))
    for payment_id in paid:
        if ("payment", payment_id) not in seen:
            yield Finding(f"payment {format_id(payment_id)}", "it came, and gave no credit")


def _worth(source: Any, kind: str) -> Fraction:
    if kind == "note":
        return Fraction(source.over)
    return Fraction(source.amount) - Fraction(source.lost) if source.state == "succeeded" else Fraction(0)


def _wrong_invoices(sent: list[Any], used: list[Any]) -> Iterator[Finding]:
    paid: dict[int, Fraction] = defaultdict(Fraction)
    for one in used:
        if one.invoice_id is not None:
            paid[one.invoice_id] += Fraction(one.amount)
    for invoice in sent:
        if Fraction(invoice.paid) != paid.pop(invoice.invoice_id, Fraction(0)):
            yield Finding(invoice.label, "what was put on it is not what its row says")
    yield from (Finding(f"invoice {format_id(one)}", "something paid it, and it is not there") for one in paid)


def _wrong_losses(payments: list[Any], losses: list[Any]) -> Iterator[Finding]:
    taken: dict[int, Fraction] = defaultdict(Fraction)
    for one in losses:
        taken[one.payment_id] += Fraction(one.amount)
    for payment in payments:
        total, lost = taken.pop(payment.payment_id, Fraction(0)), Fraction(payment.lost)
        # One that is gone as a whole keeps what it had lost before; the dispute that took the rest may name more.
        if (lost != total and payment.state != "reversed") or lost > total or lost > Fraction(payment.amount):
            yield Finding(
                f"payment {format_id(payment.payment_id)}", f"{lost} of it is lost, its disputes took {total}"
            )
    yield from (Finding(f"payment {format_id(one)}", "a dispute took of it, and it is not there") for one in taken)


def _take_fees(found: Sums, payments: list[Any], losses: list[Any]) -> None:
    methods = {one.payment_id: one.method for one in payments}
    for one in losses:
        if one.fee_currency:
            method = methods.get(one.payment_id, "")
            found[f"fees:{method}", one.fee_currency] += Fraction(one.fee)
            found[f"cash:{method}", one.fee_currency] -= Fraction(one.fee)


def _wrong_refunds(payments: list[Any], used: list[Any]) -> Iterator[Finding]:
    taken: dict[int, Fraction] = defaultdict(Fraction)
    for one in used:
        if one.refund_id is not None:
            taken[one.refund_id] += Fraction(one.amount)
    for payment in payments:
        if payment.purpose == "refund":
            live = Fraction(payment.amount) if payment.state in {"pending", "succeeded"} else Fraction(0)
            if taken[payment.payment_id] != live:
                yield Finding(f"payment {format_id(payment.payment_id)}", "it sent back other money than was credit")


def _expected(payments: list[Any], notes: list[Any], held: list[Any], sent: list[Any]) -> Sums:
    """What each account must come to, from documents and payments alone."""
    found: Sums = defaultdict(Fraction)
    for one in payments:
        amount = Fraction(one.amount) - Fraction(one.lost)
        if one.direction == "in" and one.state == "succeeded":
            found[f"cash:{one.method}", one.currency] += amount
            if one.purpose == "wallet":
                found[f"wallet:{format_id(one.customer_id)}", one.currency] -= amount
        if one.direction == "out" and one.state in {"pending", "succeeded"}:
            found[f"cash:{one.method}", one.currency] -= amount
    taken_up = {one.source_id for one in held if one.source == "note"}
    for one in held:
        found[f"credit:{format_id(one.customer_id)}", one.currency] -= Fraction(one.rest)
    for one in notes:
        if one.credit_note_id not in taken_up:
            found[f"credit:{format_id(one.customer_id)}", one.currency] -= Fraction(one.over)
    for one in sent:
        if one.state == "void":
            continue
        customer, prepaid = format_id(one.customer_id), Fraction(one.prepaid)
        asked = max(Fraction(one.gross) - prepaid, Fraction(0))
        rest = asked - Fraction(one.paid) - Fraction(one.applied) - Fraction(one.written_off)
        found[f"receivable:{customer}", one.currency] += rest
        found[f"wallet:{customer}", one.currency] += prepaid
        found["uncollectible", one.currency] += Fraction(one.written_off)
    return found

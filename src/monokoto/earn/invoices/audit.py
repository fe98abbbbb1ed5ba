"""The auditor of documents: reads their texts by plain SQL, chains and adds them up again, and holds them against the ledger.

It shares no code with what it audits but the shape of a finding: sums are fractions, the rules those of docs/invoices.md.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from monokoto.earn.ledger import Finding
from monokoto.kernel.ids import format_id

FINDINGS_MAX = 100
_AT_ONCE = 500
_DOCUMENTS = sa.text(
    "SELECT position, kind, year, number, label, document_id, invoice_id, customer_id, issued_at, text, digest"
    " FROM invoice_documents WHERE organisation_id = :organisation AND position > :after ORDER BY position LIMIT :limit"
)
_HEAD = sa.text("SELECT position, digest FROM invoice_heads WHERE organisation_id = :organisation")
_SERIES = sa.text("SELECT kind, year, last FROM invoice_series WHERE organisation_id = :organisation")
_INVOICES = sa.text(
    "SELECT invoice_id, label, state, currency, customer_id, net, tax, gross, prepaid, paid, credited, applied, written_off,"
    " document_id FROM invoices WHERE organisation_id = :organisation AND document_id IS NOT NULL"
)
_NOTES = sa.text(
    "SELECT credit_note_id, document_id, invoice_id, customer_id, currency, gross, applied, over, voids"
    " FROM credit_notes WHERE organisation_id = :organisation"
)
_ENTRY = sa.text(
    "SELECT p.account, p.currency, p.amount FROM ledger_entries e JOIN ledger_postings p"
    " ON p.organisation_id = e.organisation_id AND p.number = e.number"
    " WHERE e.organisation_id = :organisation AND (e.key LIKE 'invoice:%' OR e.key LIKE 'credit-note:%' OR e.key LIKE 'void:%')"
)
_SOLD = ("revenue", "tax")
Copies = dict[int, tuple[Any, ...]]
"""By document: invoice, customer, currency, number, net, tax, gross, prepaid."""


def audit_documents(connection: sa.Connection, organisation_id: int) -> list[Finding]:
    """Chain, numbers, sums and what became of every document of an organisation; at most FINDINGS_MAX findings."""
    asked = {"organisation": organisation_id}
    findings: list[Finding] = []
    position, digest = 0, bytes(32)
    last: dict[tuple[str, int], int] = {}
    sold: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    gross: dict[int, Fraction] = {}
    copies: Copies = {}
    given: dict[int, Fraction] = defaultdict(Fraction)
    for row in _documents(connection, organisation_id):
        told = json.loads(row.text)
        findings += [Finding(row.label, what) for what in _wrong_place(row, told, position, digest, last)]
        findings += [Finding(row.label, what) for what in _wrong_sums(told)]
        sign = 1 if row.kind == "invoice" else -1
        for account, amount in _accounts(told):
            sold[account, told["currency"]] += sign * amount
        if row.kind == "invoice":
            gross[row.invoice_id] = Fraction(told["totals"]["gross"])
        else:
            given[row.invoice_id] += Fraction(told["totals"]["gross"])
        copies[row.document_id] = _copied(row, told)
        position, digest = row.position, bytes(row.digest)
        if len(findings) >= FINDINGS_MAX:
            return findings[:FINDINGS_MAX]
    head = connection.execute(_HEAD, asked).one_or_none()
    if (0 if head is None else head.position) != position or (head is not None and bytes(head.digest) != digest):
        findings.append(Finding("the last document", "it is not the one the head names"))
    series = {(row.kind, row.year): row.last for row in connection.execute(_SERIES, asked)}
    findings += [
        Finding(f"{kind} {year}", f"the series ends at {series.get((kind, year))}, its documents elsewhere")
        for kind, year in sorted({*series, *last})
        if series.get((kind, year)) != last.get((kind, year))
    ]
    findings += _wrong_copies(connection, organisation_id, copies)
    findings += _wrong_invoices(connection, organisation_id, gross, given)
    findings += _wrong_books(connection, organisation_id, sold)
    return findings[:FINDINGS_MAX]


def _documents(connection: sa.Connection, organisation_id: int) -> Iterator[Any]:
    after = 0
    while rows := list(
        connection.execute(_DOCUMENTS, {"organisation": organisation_id, "after": after, "limit": _AT_ONCE})
    ):
        after = rows[-1].position
        yield from rows


def _wrong_place(
    row: Any, told: dict[str, Any], position: int, digest: bytes, last: dict[tuple[str, int], int]
) -> Iterator[str]:
    if row.position != position + 1:
        yield "documents before it are missing"
    elif told["previous"] != digest.hex():
        yield "it is not chained to the one before it"
    if hashlib.sha256(row.text.encode()).digest() != bytes(row.digest):
        yield "its text was changed"
    if json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False) != row.text:
        yield "its text is not canonical"
    copied = (told["kind"], told["year"], told["number"], told["label"], told["position"], told["issued_at"])
    about = (told["invoice"], told["buyer"]["customer_id"])
    if copied != (row.kind, row.year, row.number, row.label, row.position, row.issued_at) or about != (
        format_id(row.invoice_id),
        format_id(row.customer_id),
    ):
        yield "its row is not what its text says"
    series = (row.kind, row.year)
    if row.number != last.get(series, 0) + 1:
        yield f"the number before it is {last.get(series, 0)}"
    last[series] = row.number


def _copied(row: Any, told: dict[str, Any]) -> tuple[Any, ...]:
    """What the row of an invoice or note copies of its document."""
    totals = told["totals"]
    sums = tuple(Fraction(totals[name]) for name in ("net", "tax", "gross"))
    return told["invoice"], told["buyer"]["customer_id"], told["currency"], row.label, *sums, Fraction(told["prepaid"])


def _wrong_copies(connection: sa.Connection, organisation_id: int, copies: Copies) -> Iterator[Finding]:
    asked = {"organisation": organisation_id}
    of: set[int] = set()
    for row in connection.execute(_INVOICES, asked):
        of.add(row.document_id)
        sums = (Fraction(row.net), Fraction(row.tax), Fraction(row.gross), Fraction(row.prepaid))
        here = (format_id(row.invoice_id), format_id(row.customer_id), row.currency, row.label, *sums)
        if copies.get(row.document_id) != here:
            yield Finding(row.label, "its row is not what its document says")
    for note in connection.execute(_NOTES, asked):
        of.add(note.document_id)
        there = copies.get(note.document_id, ())
        belongs = (format_id(note.invoice_id), format_id(note.customer_id), note.currency)
        # An invoice below zero gives credit as a note does, and has a row like one: of nothing, with all of it over.
        gives = (
            (0, there[7] - there[6]) if there and there[6] < 0 else (there[6] if there else None, Fraction(note.over))
        )
        if there[:3] != belongs or gives != (Fraction(note.gross), Fraction(note.over)):
            yield Finding(f"credit note {format_id(note.credit_note_id)}", "its row is not what its document says")
    yield from (
        Finding(there[3], "no invoice and no credit note has it") for one, there in copies.items() if one not in of
    )


def _wrong_sums(told: dict[str, Any]) -> Iterator[str]:
    totals = told["totals"]
    bases: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for line in told["lines"]:
        bases[line["vat"], line["rate"]] += Fraction(line["amount"])
    taxes = {(row["vat"], row["rate"]): Fraction(row["taxable"]) for row in totals["taxes"]}
    if dict(bases) != taxes:
        yield "its tax rows are not of its lines (BR-CO-18)"
    if Fraction(totals["net"]) != sum(bases.values()):
        yield "its net is not the sum of its lines (BR-CO-10)"
    if Fraction(totals["tax"]) != sum(Fraction(row["tax"]) for row in totals["taxes"]):
        yield "its tax is not the sum of its rows (BR-CO-14)"
    if Fraction(totals["gross"]) != Fraction(totals["net"]) + Fraction(totals["tax"]):
        yield "its gross is not net and tax (BR-CO-15)"
    if Fraction(told["payable"]) != Fraction(totals["gross"]) - Fraction(told["prepaid"]):
        yield "what it asks for is not its gross less what was paid ahead (BR-CO-16)"
    for row in totals["taxes"]:
        digits = len(row["tax"].partition(".")[2])
        # A note of several brings the sum of all of them to the nearest cent, and may itself be one beside it.
        slack = Fraction(1, 2) if told["kind"] == "invoice" else Fraction(3, 2)
        exact = Fraction(row["taxable"]) * Fraction(row["rate"]) / 100
        if abs(Fraction(row["tax"]) - exact) > slack / 10**digits:
            yield f"its tax at {row['rate']} % is wrong (BR-CO-17)"


def _accounts(told: dict[str, Any]) -> Iterator[tuple[str, Fraction]]:
    for line in told["lines"]:
        yield "revenue:" + (line["product"] or line["meter"].split("/")[0] or "other"), Fraction(line["amount"])
    for row in told["totals"]["taxes"]:
        yield f"tax:{row['vat']}-{row['rate']}", Fraction(row["tax"])


def _wrong_invoices(
    connection: sa.Connection, organisation_id: int, gross: dict[int, Fraction], given: dict[int, Fraction]
) -> Iterator[Finding]:
    applied: dict[int, Fraction] = defaultdict(Fraction)
    voided: set[int] = set()
    for note in connection.execute(_NOTES, {"organisation": organisation_id}):
        if note.voids:
            voided.add(note.invoice_id)
        else:
            applied[note.invoice_id] += Fraction(note.applied)
    for row in connection.execute(_INVOICES, {"organisation": organisation_id}):
        wrong = []
        if gross.pop(row.invoice_id, None) != Fraction(row.gross):
            wrong.append("its row has another sum than its document, or there is none")
        back = given[row.invoice_id]
        if back > max(Fraction(row.gross), Fraction(0)):
            wrong.append("more was given back than it charged")
        if row.state != "void" and (back != Fraction(row.credited) or applied[row.invoice_id] != Fraction(row.applied)):
            wrong.append("its credit notes are not what its row says")
        if (row.state == "void") != (row.invoice_id in voided):
            wrong.append(f"it is {row.state}, and {'was' if row.invoice_id in voided else 'was never'} taken back")
        if row.state == "void" and back != Fraction(row.gross):
            wrong.append("it is void, and not all of it was given back")
        asked = max(Fraction(row.gross) - Fraction(row.prepaid), Fraction(0))
        rest = asked - Fraction(row.paid) - Fraction(row.applied) - Fraction(row.written_off)
        if row.state != "void" and (rest < 0 or (rest == 0) != (row.state in {"paid", "uncollectible"})):
            wrong.append(f"it is {row.state}, and {rest} of it is open")
        yield from (Finding(row.label, what) for what in wrong)
    yield from (Finding(f"document of {invoice_id}", "no invoice belongs to it") for invoice_id in gross)


def _wrong_books(
    connection: sa.Connection, organisation_id: int, sold: dict[tuple[str, str], Fraction]
) -> Iterator[Finding]:
    booked: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for row in connection.execute(_ENTRY, {"organisation": organisation_id}):
        if row.account.partition(":")[0] in _SOLD:
            booked[row.account, row.currency] -= Fraction(row.amount)
    for account, code in sorted({*booked, *sold}):
        if booked[account, code] != sold[account, code]:
            yield Finding(
                f"{account} {code}", f"documents come to {sold[account, code]}, the books to {booked[account, code]}"
            )

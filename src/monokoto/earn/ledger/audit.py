"""The auditor of the ledger: reads its rows by plain SQL and adds everything up again in whole numbers.

It shares no code with what it audits: digests, sums and digits are computed here from their definitions (docs/ledger.md), so that a
mistake there is not repeated here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

FINDINGS_MAX = 100
_AT_ONCE = 2_000
_ENTRIES = sa.text(
    "SELECT number, key, at, booked_at, text, digest FROM ledger_entries"
    " WHERE organisation_id = :organisation AND number > :after ORDER BY number LIMIT :limit"
)
_POSTINGS = sa.text(
    "SELECT number, position, account, currency, amount, smallest, at FROM ledger_postings"
    " WHERE organisation_id = :organisation AND number > :after AND number <= :until ORDER BY number, position"
)
_HEAD = sa.text("SELECT number, digest FROM ledger_heads WHERE organisation_id = :organisation")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    where: str
    """`entry 7`, `invoice INV-2026-000003`."""
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def audit_ledger(connection: sa.Connection, organisation_id: int) -> list[Finding]:
    """Chain, numbers, sums and copies of every entry of an organisation; at most FINDINGS_MAX findings."""
    findings: list[Finding] = []
    number, digest = 0, bytes(32)
    for rows, postings in _pieces(connection, organisation_id):
        for row in rows:
            if row.number != number + 1:
                findings.append(Finding(f"entry {number + 1}", f"missing, with all before {row.number}"))
            elif _digest(digest, organisation_id, row) != bytes(row.digest):
                findings.append(Finding(f"entry {row.number}", "it was changed, or the one before it"))
            findings += [
                Finding(f"entry {row.number}", what) for what in _wrong(row, json.loads(row.text), postings[row.number])
            ]
            # On from what stands there: one changed entry is one finding, not a finding of all after it.
            number, digest = row.number, bytes(row.digest)
        if len(findings) >= FINDINGS_MAX:
            return findings[:FINDINGS_MAX]
    head = connection.execute(_HEAD, {"organisation": organisation_id}).one_or_none()
    if (0 if head is None else head.number) != number or (head is not None and bytes(head.digest) != digest):
        findings.append(Finding("the last entry", "it is not the one the head names"))
    return findings


def _pieces(connection: sa.Connection, organisation_id: int) -> Iterator[tuple[list[Any], dict[int, list[Any]]]]:
    after = 0
    while True:
        asked = {"organisation": organisation_id, "after": after}
        rows = list(connection.execute(_ENTRIES, asked | {"limit": _AT_ONCE}))
        if not rows:
            return
        until = rows[-1].number
        postings: dict[int, list[Any]] = {row.number: [] for row in rows}
        for one in connection.execute(_POSTINGS, asked | {"until": until}):
            postings.setdefault(one.number, []).append(one)
        after = until
        yield rows, postings


def _digest(before: bytes, organisation_id: int, row: Any) -> bytes:
    told = json.dumps([organisation_id, row.number, row.booked_at, row.text], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(before + told.encode()).digest()


def _wrong(row: Any, told: dict[str, Any], postings: list[Any]) -> Iterator[str]:
    if (told["key"], told["at"]) != (row.key, row.at):
        yield "its key or instant is not what its text says"
    if [[one.account, one.amount, one.currency] for one in postings] != told["postings"]:
        yield "its postings are not what its text says"
    if any(one.at != row.at for one in postings):
        yield "a posting is at another instant"
    sums: dict[str, Fraction] = {}
    for one in postings:
        digits = len(one.amount.partition(".")[2])
        if Fraction(one.amount) * 10**digits != one.smallest:
            yield f"its posting {one.position} is summed as something else than it is"
        sums[one.currency] = sums.get(one.currency, Fraction(0)) + Fraction(one.amount)
    for code, total in sums.items():
        if total:
            yield f"its debits and credits differ by {total} {code}"

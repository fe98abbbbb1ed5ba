"""The auditor of what entries are of: each is of a document, a payment or what was put where, which is there. Plain SQL."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from monokoto.earn.ledger import Finding
from monokoto.kernel.ids import format_id

_ENTRIES = sa.text("SELECT number, key FROM ledger_entries WHERE organisation_id = :organisation ORDER BY number")
_SOURCES = {
    "SELECT invoice_id FROM invoices WHERE organisation_id = :organisation AND document_id IS NOT NULL": (
        "invoice", "void", "uncollectible", "reinstated",
    ),
    "SELECT credit_note_id FROM credit_notes WHERE organisation_id = :organisation": ("credit-note",),
    "SELECT document_id FROM invoice_documents WHERE organisation_id = :organisation": ("shares",),
    "SELECT payment_id FROM payments WHERE organisation_id = :organisation": ("payment", "payment-reversed"),
    "SELECT payment_id FROM payment_losses WHERE organisation_id = :organisation": ("payment-lost", "payment-fee"),
    "SELECT allocation_id FROM payment_allocations WHERE organisation_id = :organisation": ("allocation", "allocation-undone"),
}  # fmt: skip
"""Where the things are that entries are of, by the word before the colon of their keys (docs/ledger.md)."""


def unexplained(connection: sa.Connection, organisation_id: int) -> Iterator[Finding]:
    """Entries of nothing that is there."""
    asked = {"organisation": organisation_id}
    known: dict[str, set[str]] = {}
    for statement, words in _SOURCES.items():
        ids = {format_id(one) for one in connection.execute(sa.text(statement), asked).scalars()}
        known |= dict.fromkeys(words, ids)
    for row in connection.execute(_ENTRIES, asked):
        word, _, rest = row.key.partition(":")
        if rest.partition(":")[0] not in known.get(word, set()):
            yield Finding(f"entry {row.number}", f"it is of {row.key}, which is not there")

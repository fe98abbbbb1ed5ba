"""A document: an invoice or a credit note as it was sent, numbered, chained to the one before it, never changed.

Its text is canonical JSON (keys in order, no spaces, amounts as texts) and holds the digest of the document before it; its
own digest is SHA-256 over that text. Numbers run from 1 without a gap in each series: organisation, kind, year of the seller's
calendar.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from monokoto.earn.calendar import Span, local
from monokoto.earn.invoices.line import line_to_plain
from monokoto.earn.invoices.party import Buyer, Issuer, buyer_to_plain, issuer_to_plain
from monokoto.earn.invoices.tax import rate_text
from monokoto.earn.invoices.totals import TaxedLine, Totals
from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import DocumentId, InvoiceId, OrganisationId, format_id
from monokoto.kernel.money import Currency

NO_DIGEST: Final = bytes(32)
VERSION: Final = 1
"""Of the text's shape."""


class DocumentKind(StrEnum):
    """What was sent."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One, in its place."""

    id: DocumentId
    organisation_id: OrganisationId
    invoice_id: InvoiceId
    """The invoice it is, or gives back of."""
    customer_id: int
    customer_organisation_id: int | None
    kind: DocumentKind
    year: int
    number: int
    label: str
    position: int
    """In the organisation's chain, from 1."""
    issued_at: Instant
    text: str
    digest: bytes

    @property
    def content(self) -> Mapping[str, Any]:
        """The text as values."""
        found: dict[str, Any] = msgspec.json.decode(self.text)
        return found


@dataclass(frozen=True, slots=True)
class DocumentHead:
    """The end of an organisation's chain of documents."""

    position: int = 0
    digest: bytes = NO_DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a document says, before it has its place."""

    kind: DocumentKind
    invoice_id: InvoiceId
    key: str
    """Names what it is made from: the invoice's key, the credit note's."""
    currency: Currency
    period: Span
    issued_at: Instant
    due_at: Instant | None
    issuer: Issuer
    buyer: Buyer
    lines: tuple[TaxedLine, ...]
    totals: Totals
    prepaid: str = "0"
    payable: str = "0"
    gives_back: str = ""
    """The number of the invoice a credit note is for."""
    reason: str = ""


def year_of(issued_at: int, timezone: str) -> int:
    """The year of the seller's calendar."""
    return local(issued_at, timezone).year


def label_of(issuer: Issuer, kind: DocumentKind, year: int, number: int) -> str:
    """`INV-2026-000001`."""
    prefix = issuer.invoice_prefix if kind is DocumentKind.INVOICE else issuer.credit_note_prefix
    return f"{prefix}-{year}-{number:06d}"


def written(content: Content, *, head: DocumentHead, year: int, number: int, document_id: DocumentId) -> Document:
    """The document that follows `head`."""
    label = label_of(content.issuer, content.kind, year, number)
    told = _told(content) | {
        "label": label,
        "number": number,
        "position": head.position + 1,
        "previous": head.digest.hex(),
        "year": year,
    }
    text = canonical(told)
    return Document(
        id=document_id,
        organisation_id=content.issuer.organisation_id,
        invoice_id=content.invoice_id,
        customer_id=content.buyer.customer_id,
        customer_organisation_id=content.buyer.customer_organisation_id,
        kind=content.kind,
        year=year,
        number=number,
        label=label,
        position=head.position + 1,
        issued_at=content.issued_at,
        text=text,
        digest=hashlib.sha256(text.encode()).digest(),
    )


def _told(content: Content) -> dict[str, Any]:
    digits = content.currency.digits
    return {
        "buyer": buyer_to_plain(content.buyer),
        "currency": content.currency.code,
        "due_at": content.due_at,
        "gives_back": content.gives_back,
        "invoice": format_id(content.invoice_id),
        "issued_at": content.issued_at,
        "key": content.key,
        "kind": content.kind.value,
        "lines": [
            line_to_plain(one.line)
            | {
                "amount": f"{one.line.amount:.{digits}f}",
                "vat": one.category.value,
                "rate": rate_text(one.rate_percent),
            }
            for one in content.lines
        ],
        "organisation": format_id(content.issuer.organisation_id),
        "payable": content.payable,
        "period": [content.period.start, content.period.end],
        "prepaid": content.prepaid,
        "reason": content.reason,
        "seller": issuer_to_plain(content.issuer),
        "totals": {
            "net": f"{content.totals.net:f}",
            "tax": f"{content.totals.tax:f}",
            "gross": f"{content.totals.gross:f}",
            "taxes": [
                {
                    "vat": row.category,
                    "rate": rate_text(row.rate_percent),
                    "taxable": f"{row.taxable:f}",
                    "tax": f"{row.tax:f}",
                    "reason": _reason(content.lines, row.category),
                }
                for row in content.totals.subtotals
            ],
        },
        "version": VERSION,
    }


def _reason(lines: tuple[TaxedLine, ...], category: str) -> str:
    return next((one.reason for one in lines if one.category == category and one.reason), "")


def canonical(told: Mapping[str, Any]) -> str:
    """Canonical JSON: keys in the order of their code points at every depth, no spaces, UTF-8."""
    return msgspec.json.encode(told, order="sorted").decode()

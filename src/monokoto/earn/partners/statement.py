"""What a partner was owed, got and is owed, read off the ledger and the documents. Blocking; called in threads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from monokoto.earn.calendar import Span
from monokoto.earn.invoices import Document, DocumentKind, Invoices, Partners, line_from_plain
from monokoto.earn.ledger import Booked, Ledger
from monokoto.kernel.errors import Invalid, NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.money import ZERO, exact

_ACCOUNT = "payable:"
_SHARES = "shares:"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementLine:
    """A line of a document of which the partner has a part."""

    title: str
    net: Decimal
    """Without tax; below zero on a credit note."""
    percent: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementRow:
    """Something that moved what a partner is owed."""

    number: int
    """Of the ledger's entry."""
    at: int
    title: str
    amount: Decimal
    """Above zero: the partner is owed more."""
    document: str = ""
    """The label of the invoice or credit note; empty for what was paid."""
    lines: tuple[StatementLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """What a partner is owed in a currency."""

    partner: str
    currency: str
    owed: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Of one partner, one currency and one time: `opening` and all rows come to `closing`."""

    partner: str
    currency: str
    span: Span
    opening: Decimal
    closing: Decimal
    rows: tuple[StatementRow, ...]
    """The newest first; a page of them."""


class Statements:
    """Of all makers; every method is about one."""

    def __init__(self, ledger: Ledger, invoices: Invoices, partners: Partners) -> None:
        self._ledger = ledger
        self._invoices = invoices
        self._partners = partners

    def owed(self, organisation_id: int) -> list[Owed]:
        """What each partner that was ever owed something is owed now, by partner and currency."""
        return [
            Owed(partner=one.account.removeprefix(_ACCOUNT), currency=one.currency, owed=_negated(one.amount))
            for one in self._ledger.balances(organisation_id, prefix=_ACCOUNT)
        ]

    def of(
        self,
        organisation_id: int,
        partner: str,
        code: str,
        span: Span,
        *,
        before: int | None = None,
        limit: int,
        expected: bool = False,
    ) -> Statement:
        """A partner's statement; `before` is the number of a row, after which the next page begins. One that is `expected` may have
        been owed nothing yet.

        Raises:
            Invalid: the time does not begin before it ends.
            NotFound: nothing was ever shared with it.
        """
        if span.start >= span.end:
            raise Invalid("The time begins before it ends.")
        account = _ACCOUNT + partner
        if not expected and account not in {
            one.account for one in self._ledger.balances(organisation_id, prefix=account)
        }:
            raise NotFound(
                f"There is no partner {partner[:80]!r}.", remedy="GET /api/v1/partners lists those there are."
            )
        booked = self._ledger.entries(
            organisation_id, account=account, code=code, before=before, within=span, limit=limit
        )
        documents = self._invoices.documents_named(organisation_id, _document_ids(booked))
        opening, closing = (
            _negated(self._ledger.balance(organisation_id, account, code, at=at - 1)) for at in (span.start, span.end)
        )
        return Statement(
            partner=partner,
            currency=code,
            span=span,
            opening=opening,
            closing=closing,
            rows=tuple(self._row(one, partner, code, documents) for one in booked),
        )

    def _row(self, booked: Booked, partner: str, code: str, documents: Mapping[int, Document]) -> StatementRow:
        entry = booked.entry
        amount = _owed_by([post.amount for post in entry.postings
                           if (post.account, post.currency) == (_ACCOUNT + partner, code)])  # fmt: skip
        document = documents.get(_document_id(entry.key) or 0)
        return StatementRow(
            number=booked.number,
            at=entry.at,
            title=entry.title,
            amount=amount,
            document="" if document is None else document.label,
            lines=() if document is None else tuple(self._lines(document, partner)),
        )

    def _lines(self, document: Document, partner: str) -> Iterable[StatementLine]:
        told: Sequence[Mapping[str, Any]] = document.content["lines"]
        for line in map(line_from_plain, told):
            percent = self._partners.shares(document.organisation_id, line).get(partner)
            if percent is not None:
                net = line.amount if document.kind is DocumentKind.INVOICE else _negated(line.amount)
                yield StatementLine(title=line.title, net=net, percent=percent)


def _document_id(key: str) -> int | None:
    return parse_id(key.removeprefix(_SHARES), what="document") if key.startswith(_SHARES) else None


def _document_ids(booked: Iterable[Booked]) -> set[int]:
    return {found for one in booked if (found := _document_id(one.entry.key)) is not None}


@exact
def _negated(amount: Decimal) -> Decimal:
    return ZERO - amount if amount else amount


@exact
def _owed_by(postings: Iterable[Decimal]) -> Decimal:
    return -sum(postings, ZERO)

"""Who else has a part of what was sold: pure, from lines to what is owed to partners.

The part of a line is a percentage of its amount without tax, by the version of the plan it was rated by, which never changes: what
was shared can be worked out again from the document at any time. Each line is divided by itself; the parts, the seller's among
them, add up to it (`pricing.share_out`). A credit note takes back the difference between the parts of what was left of a line and
of what is left now, so that a line that is given back in pieces leaves nothing with anybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from monokoto.earn.invoices.line import InvoiceLine
from monokoto.earn.ledger import Entry, Posting, merged
from monokoto.earn.pricing import share_out
from monokoto.kernel.ids import format_id
from monokoto.kernel.money import ZERO, Currency, exact

SELLER = ""
"""Whose the rest is; of equal losses it gets the cent."""
_WHOLE = Decimal(100)


class Partners(Protocol):
    """What documents need to know of partners."""

    def shares(self, organisation_id: int, line: InvoiceLine) -> Mapping[str, Decimal]:
        """Percent of the line by partner; none: all of it is the seller's."""
        ...


class NoPartners:
    """As `Partners`: everything is the seller's."""

    def shares(self, _organisation_id: int, _line: InvoiceLine) -> Mapping[str, Decimal]:
        """As `Partners.shares`."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a partner gets of a line; below zero: gives back."""

    partner: str
    line: InvoiceLine
    percent: Decimal
    amount: Decimal


@exact
def parts_of(
    partners: Partners,
    organisation_id: int,
    lines: Iterable[InvoiceLine],
    currency: Currency,
    *,
    before: Mapping[str, Decimal] | None = None,
) -> list[Part]:
    """The partners' parts of lines.

    Args:
        partners: Who has how much of what.
        organisation_id: The seller.
        lines: Of a document. Of a credit note their amounts are what is given back.
        currency: Of the document.
        before: Of a credit note: by line what was left of it before; the parts are of what is left after, less those.
    """
    found = []
    for line in lines:
        percents = partners.shares(organisation_id, line)
        if percents:
            had = ZERO if before is None else before[line.key]
            now = line.amount if before is None else had - line.amount
            first, last = (_divided(amount, percents, currency) for amount in (had, now))
            found += [
                Part(partner=name, line=line, percent=percent, amount=last[name] - first[name])
                for name, percent in percents.items()
                if last[name] != first[name]
            ]
    return found


@exact
def _divided(amount: Decimal, percents: Mapping[str, Decimal], currency: Currency) -> dict[str, Decimal]:
    return share_out(amount, {**percents, SELLER: _WHOLE - sum(percents.values(), ZERO)}, currency)


@exact
def shared(document_id: int, label: str, at: int, parts: Iterable[Part], code: str) -> list[Entry]:
    """The entry: from the revenue of the products to what partners are owed; none when nothing is shared."""
    postings = []
    for part in parts:
        postings += [
            Posting(f"revenue:{part.line.revenue_of}", part.amount, code),
            Posting(f"payable:{part.partner}", -part.amount, code),
        ]
    moved = merged(postings)
    title = f"Shares of {label}"
    return [Entry(key=f"shares:{format_id(document_id)}", at=at, title=title, postings=moved)] if moved else []

"""An entry of the ledger: amounts moved between accounts at one instant, under a name, never changed.

An amount above zero is a debit, one below zero a credit; the postings of an entry sum to zero in each currency. Amounts are payable
ones: they have the digits of their currency and no more (docs/adr/0018), so that a ledger never has to round.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

import msgspec

from monokoto.earn.pricing import currency
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import LedgerEntryId, OrganisationId
from monokoto.kernel.limits import (
    LEDGER_KEY_LENGTH_MAX,
    LEDGER_POSTINGS_MAX,
    LEDGER_SMALLEST_MAX,
    TITLE_LENGTH_MAX,
)
from monokoto.kernel.money import ZERO, exact

NO_DIGEST: Final = bytes(32)
"""What the first entry of an organisation is chained to."""


class Kind(StrEnum):
    """What an account is; the side it usually stands on is in `ACCOUNTS`."""

    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


ACCOUNTS: Final[dict[str, tuple[Kind, str]]] = {
    "receivable": (Kind.ASSET, "a customer's open invoices"),
    "cash": (Kind.ASSET, "money that came, by method"),
    "revenue": (Kind.INCOME, "what was sold, by product, without tax"),
    "tax": (Kind.LIABILITY, "tax to hand on, by category and rate"),
    "wallet": (Kind.LIABILITY, "money a customer paid ahead"),
    "credit": (Kind.LIABILITY, "money of a customer that pays no invoice yet"),
    "payable": (Kind.LIABILITY, "a partner's share"),
    "uncollectible": (Kind.EXPENSE, "invoices nobody will pay"),
    "fees": (Kind.EXPENSE, "what payment providers take, by method"),
}
"""The accounts there are, by the word before the colon: what they are and what they hold."""
WITHOUT_A_PART: Final = frozenset({"uncollectible"})
"""Accounts of which there is one."""
_PART = re.compile(r"[A-Za-z0-9._/@%-]{1,100}")


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount on an account; above zero a debit, below zero a credit."""

    account: str
    """`receivable:<customer>`, `revenue:<product>`, ... (`ACCOUNTS`)."""
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be booked. The same key booked twice is booked once."""

    key: str
    """Names it in its organisation: `invoice:<id>`, `payment:<id>`."""
    at: int
    """The instant it counts from, µs: balances as of an instant hold what is at or before it."""
    title: str
    postings: tuple[Posting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """An entry in its place in the chain."""

    id: LedgerEntryId
    organisation_id: OrganisationId
    number: int
    """Counted from 1 in each organisation, without a gap."""
    entry: Entry
    booked_at: Instant
    digest: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of an organisation's chain."""

    number: int = 0
    digest: bytes = NO_DIGEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """An account in one currency."""

    account: str
    currency: str
    debits: Decimal
    credits: Decimal
    """Not negative."""

    @property
    def amount(self) -> Decimal:
        """Debits less credits."""
        with_digits: Decimal = _difference(self.debits, self.credits)
        return with_digits


@exact
def _difference(first: Decimal, second: Decimal) -> Decimal:
    return first - second


def money_text(amount: Decimal, code: str) -> str:
    """The canonical text of a payable amount: all digits of its currency, no exponent, no negative zero."""
    return f"{currency(code).round(amount):f}"


@exact
def faults_of(entry: Entry) -> Iterator[Fault]:
    """What keeps it from being booked."""
    if not 0 < len(entry.key) <= LEDGER_KEY_LENGTH_MAX:
        yield Fault(place="key", reason=f"has 1 to {LEDGER_KEY_LENGTH_MAX} characters")
    if len(entry.title) > TITLE_LENGTH_MAX:
        yield Fault(place="title", reason=f"has at most {TITLE_LENGTH_MAX} characters")
    if not 2 <= len(entry.postings) <= LEDGER_POSTINGS_MAX:
        yield Fault(place="postings", reason=f"an entry has 2 to {LEDGER_POSTINGS_MAX}")
    sums: dict[str, Decimal] = {}
    for number, one in enumerate(entry.postings):
        yield from _posting_faults(one, f"postings/{number}")
        sums[one.currency] = sums.get(one.currency, ZERO) + one.amount
    for code, total in sorted(sums.items()):
        if total:
            yield Fault(place="postings", reason=f"debits and credits differ by {total:f} {code}")


def _posting_faults(one: Posting, place: str) -> Iterator[Fault]:
    name, colon, part = one.account.partition(":")
    named = not colon if name in WITHOUT_A_PART else _PART.fullmatch(part) is not None
    if name not in ACCOUNTS or not named:
        yield Fault(place=f"{place}/account", reason=f"{one.account[:80]!r} is no account")
    try:
        units = currency(one.currency).smallest(one.amount)
    except Invalid as error:
        yield Fault(place=f"{place}/amount", reason=error.message)
        return
    if not 0 < abs(units) <= LEDGER_SMALLEST_MAX:
        yield Fault(place=f"{place}/amount", reason="is zero, or larger than the ledger takes")


def entry_text(entry: Entry) -> str:
    """Canonical JSON: what is kept, and what the digest is over."""
    told: dict[str, Any] = {
        "at": entry.at,
        "key": entry.key,
        "postings": [[one.account, money_text(one.amount, one.currency), one.currency] for one in entry.postings],
        "title": entry.title,
    }
    return msgspec.json.encode(told, order="sorted").decode()


def digest_of(before: bytes, number: int, organisation_id: int, booked_at: int, text: str) -> bytes:
    """The digest of the entry that follows one with the digest `before`: SHA-256 over it, the place and the text."""
    return hashlib.sha256(before + msgspec.json.encode([organisation_id, number, booked_at, text])).digest()


def reversed_entry(entry: Entry, *, key: str, at: int, title: str) -> Entry:
    """The entry that takes this one back."""
    postings = tuple(Posting(one.account, _difference(ZERO, one.amount), one.currency) for one in entry.postings)
    return Entry(key=key, at=at, title=title, postings=postings)


@exact
def merged(postings: Sequence[Posting]) -> tuple[Posting, ...]:
    """One posting for each account and currency, in the order they came; those that come to nothing are left out."""
    sums: dict[tuple[str, str], Decimal] = {}
    for one in postings:
        key = (one.account, one.currency)
        sums[key] = sums.get(key, ZERO) + one.amount
    return tuple(Posting(account, amount, code) for (account, code), amount in sums.items() if amount)

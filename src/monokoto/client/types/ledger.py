# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.ledger`."""

from __future__ import annotations

from msgspec import Struct


class Balance(Struct, frozen=True, kw_only=True):
    """An account in one currency."""

    account: str
    currency: str
    debits: str
    credits: str
    balance: str
    """Debits less credits"""


class BooksAudit(Struct, frozen=True, kw_only=True):
    """What the auditors found."""

    sound: bool
    entries: int
    """In the ledger's chain"""
    head: str
    """Digest of the last entry: kept elsewhere, it shows later that none was cut off"""
    findings: list[Finding]


class Finding(Struct, frozen=True, kw_only=True):
    """Something that is not as it must be."""

    where: str
    what: str


class LedgerEntry(Struct, frozen=True, kw_only=True):
    """What was booked."""

    number: int
    key: str
    at: str
    title: str
    postings: list[Posting]
    booked_at: str
    digest: str


class LedgerEntryPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[LedgerEntry]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Posting(Struct, frozen=True, kw_only=True):
    """An amount on an account; above zero a debit."""

    account: str
    amount: str
    currency: str


class TrialBalance(Struct, frozen=True, kw_only=True):
    """All accounts; debits and credits are the same in each currency."""

    accounts: list[Balance]

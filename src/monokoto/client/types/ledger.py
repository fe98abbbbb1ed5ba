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


class MyPartnership(Struct, frozen=True, kw_only=True):
    """A maker of whose sales one has a part."""

    maker: str
    maker_name: str
    partner: str
    """What the maker's plans call one"""
    since: str
    owed: list[PartnerOwed]


class MyPartnershipPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyPartnership]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Partner(Struct, frozen=True, kw_only=True):
    """A partner, and what it is owed in a currency."""

    partner: str
    currency: str
    owed: str
    """An exact decimal; below zero it has to give back"""


class PartnerOrganisation(Struct, frozen=True, kw_only=True):
    """Which organisation a partner is."""

    partner: str
    organisation: str
    """Its id; it sees the statements of this partner, and no others"""
    name: str


class PartnerOrganisations(Struct, frozen=True, kw_only=True):
    """All partners that are organisations here."""

    items: list[PartnerOrganisation]


class PartnerOwed(Struct, frozen=True, kw_only=True):
    """What is owed in a currency."""

    currency: str
    owed: str
    """An exact decimal; below zero it has to give back"""


class Partners(Struct, frozen=True, kw_only=True):
    """All partners that were ever owed something."""

    items: list[Partner]


class Posting(Struct, frozen=True, kw_only=True):
    """An amount on an account; above zero a debit."""

    account: str
    amount: str
    currency: str


class Statement(Struct, frozen=True, kw_only=True):
    """What a partner was owed, got and is owed. What it opens with and all rows come to what it closes with."""

    partner: str
    currency: str
    start: str
    end: str
    opening: str
    closing: str
    items: list[StatementRow]
    """The newest first"""
    next_cursor: str | None


class StatementLine(Struct, frozen=True, kw_only=True):
    """A line of a document of which the partner has a part."""

    title: str
    net: str
    """Without tax; below zero on a credit note"""
    percent: str


class StatementRow(Struct, frozen=True, kw_only=True):
    """Something that moved what a partner is owed."""

    at: str
    title: str
    amount: str
    """Above zero: the partner is owed more"""
    document: str
    """The invoice or credit note; empty for what was paid"""
    lines: list[StatementLine]


class TrialBalance(Struct, frozen=True, kw_only=True):
    """All accounts; debits and credits are the same in each currency."""

    accounts: list[Balance]

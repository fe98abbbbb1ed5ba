# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.bank_statements`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class BankEntry(Struct, frozen=True, kw_only=True):
    """An entry of a bank's statement."""

    id: str
    statement: str
    state: EntryState
    why: str
    """Why it is open, or what was said of it"""
    came: bool
    """Whether the money came; else it went"""
    currency: str
    amount: str
    booked_on: str
    name: str
    iban: str
    """The last four characters of the other side's account"""
    text: str
    references: list[str]
    end_to_end: str
    reason: str
    """Why it was returned"""
    invoice: str | None
    """The invoice it paid, or may be for"""
    payment: str | None


class BankEntryPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[BankEntry]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class BankStatement(Struct, frozen=True, kw_only=True):
    """A message of a bank that was taken in."""

    id: str
    kind: str
    """camt.053 or camt.054"""
    message_id: str
    entries: int
    """That it brought; others that went are not kept"""
    known: int
    """That other messages had brought before"""
    created_at: str


class BankStatementPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[BankStatement]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class EntryState(StrEnum):
    """Where an entry of a statement stands."""

    NEW = "new"
    MATCHED = "matched"
    OPEN = "open"
    ASSIGNED = "assigned"
    DISMISSED = "dismissed"
    REPLACED = "replaced"


class TakenStatement(Struct, frozen=True, kw_only=True):
    """What came of a message."""

    statement: BankStatement
    again: bool
    """Whether the same file was taken in before"""
    matched: int
    """Entries that are of a payment or paid an invoice"""
    open: int
    """Entries somebody has to look at"""
    others: int
    """Money that went and that nothing here asked for"""
    changed: list[str]
    """Payments that came, failed or were taken back by it"""

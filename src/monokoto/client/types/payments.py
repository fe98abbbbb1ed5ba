# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.payments`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class BankAnswer(Struct, frozen=True, kw_only=True):
    """What came of a bank's report."""

    changed: list[Payment]
    """Payments of which something is known now"""
    waiting: int
    """Payments of the file nobody knows about yet"""
    refused: list[RefusedAnswer]
    unknown: list[str]
    """What the bank names and the file has not"""


class Credit(Struct, frozen=True, kw_only=True):
    """Money of a customer that pays no invoice yet."""

    source: str
    """`payment` or `note`: where it came from"""
    currency: str
    amount: str
    left: str
    created_at: str


class Credits(Struct, frozen=True, kw_only=True):
    """All of a customer."""

    credits: list[Credit]


class Direction(StrEnum):
    """Whose account it comes to."""

    IN_ = "in"
    OUT = "out"


class Mandate(Struct, frozen=True, kw_only=True):
    """By what a customer lets itself be charged."""

    customer: str
    method: str
    iban: str
    """Its last four characters"""
    holder: str
    reference: str
    signed_at: str


class Payment(Struct, frozen=True, kw_only=True):
    """Money that came or went."""

    id: str
    direction: Direction
    purpose: Purpose
    customer: str | None
    partner: str
    method: str
    currency: str
    amount: str
    state: PaymentState
    key: str
    invoice: str | None
    reference: str
    reason: str
    lost: str
    """What disputes took of it while the rest holds"""
    file: str | None
    """The file for the bank it is in"""
    received_at: str
    created_at: str
    settled_at: str | None


class PaymentEvent(Struct, frozen=True, kw_only=True):
    """What came of an event."""

    changed: bool
    """Whether a payment ended by it; what was heard before, or is of no payment, changes nothing"""


class PaymentFile(Struct, frozen=True, kw_only=True):
    """A file for a bank."""

    id: str
    kind: str
    message_id: str
    payments: int
    total: str
    created_at: str


class PaymentFilePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[PaymentFile]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class PaymentPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Payment]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class PaymentProvider(Struct, frozen=True, kw_only=True):
    """An account with a provider, less its secrets."""

    method: str
    live: bool
    """Whether real money moves; else its test mode"""
    events: str
    """The path the provider is to call with what it tells"""
    heard: bool
    """Whether it has a signing secret, so that what it tells is heard"""
    changed_at: str


class PaymentState(StrEnum):
    """Where it stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"


class Purpose(StrEnum):
    """What it is for."""

    INVOICES = "invoices"
    WALLET = "wallet"
    REFUND = "refund"
    PAYOUT = "payout"


class RefusedAnswer(Struct, frozen=True, kw_only=True):
    """Something a bank says that cannot be put on a payment."""

    payment: str
    reason: str

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.payments`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Act(StrEnum):
    """What a step does."""

    NOTICE = "notice"
    SUSPEND = "suspend"


class BankAnswer(Struct, frozen=True, kw_only=True):
    """What came of a bank's report."""

    changed: list[Payment]
    """Payments of which something is known now"""
    waiting: int
    """Payments of the file nobody knows about yet"""
    refused: list[RefusedAnswer]
    unknown: list[str]
    """What the bank names and the file has not"""


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


class DunningPause(Struct, frozen=True, kw_only=True):
    """Whether reminding is paused for an invoice."""

    paused: bool
    since: str | None
    until: str | None
    """When it ends by itself; null: when somebody ends it"""
    because: str
    paused_seconds: int
    """All pauses up to now: so much later every step comes"""


class DunningPolicy(Struct, frozen=True, kw_only=True):
    """The steps, in their order; none: nobody is reminded."""

    steps: list[PaymentsStep] = []


class DunningStep(Struct, frozen=True, kw_only=True):
    """A step that was done."""

    step: int
    act: Act
    told: str
    at: str


class DunningSteps(Struct, frozen=True, kw_only=True):
    """What was done about an invoice."""

    steps: list[DunningStep]


class EntryState(StrEnum):
    """Where an entry of a statement stands."""

    NEW = "new"
    MATCHED = "matched"
    OPEN = "open"
    ASSIGNED = "assigned"
    DISMISSED = "dismissed"
    REPLACED = "replaced"


class Mandate(Struct, frozen=True, kw_only=True):
    """By what a customer lets itself be charged."""

    customer: str
    method: str
    iban: str
    """Its last four characters"""
    holder: str
    reference: str
    signed_at: str


class Owing(Struct, frozen=True, kw_only=True):
    """An invoice that is overdue, and what is done about it."""

    invoice: str
    number: str
    customer: str
    open: str
    currency: str
    due_at: str
    done: list[DunningStep]
    paused: bool
    next: Act | None
    """What comes next; null: nothing more"""
    next_at: str | None
    """When; one that is past comes with the next look"""


class OwingPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Owing]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


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


class PaymentsStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step."""

    after_days: int
    """Days after the invoice was due"""
    act: Act


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

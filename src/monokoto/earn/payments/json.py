"""Payments and the ledger as JSON: amounts are texts, instants RFC 3339, ids 13 characters."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.earn.ledger import Balance, Booked
from monokoto.earn.payments.dunning import Act
from monokoto.earn.payments.payment import (
    METHOD_LENGTH_MAX,
    REASON_LENGTH_MAX,
    REFERENCE_LENGTH_MAX,
    Credit,
    Direction,
    Mandate,
    Payment,
    PaymentFile,
    PaymentState,
    Purpose,
)
from monokoto.earn.payments.reminding import DoneStep, Owing
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import LEDGER_KEY_LENGTH_MAX, TITLE_LENGTH_MAX

MoneyText = Annotated[str, Meta(max_length=80, description='Above zero, as a text: "12.30"')]
CurrencyText = Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217")]
KeyText = Annotated[str, Meta(max_length=LEDGER_KEY_LENGTH_MAX, description="The same key twice is one payment")]
MethodText = Annotated[str, Meta(max_length=METHOD_LENGTH_MAX, description="manual, sandbox, sepa, stripe")]
Reference = Annotated[str, Meta(max_length=REFERENCE_LENGTH_MAX)]


class PaymentJson(msgspec.Struct, frozen=True):
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
    lost: Annotated[str, Meta(description="What disputes took of it while the rest holds")]
    file: Annotated[str | None, Meta(description="The file for the bank it is in")]
    received_at: str
    created_at: str
    settled_at: str | None


class RecordPaymentRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money that came."""

    customer: str
    amount: MoneyText
    currency: CurrencyText
    key: KeyText
    method: MethodText = "manual"
    wallet: Annotated[bool, Meta(description="Paid ahead, into the wallet; else it pays invoices")] = False
    invoice: Annotated[str | None, Meta(description="Pays this one first; else the oldest due")] = None
    reference: Reference = ""
    received_at: str | None = None


class CollectRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ask for what is open of an invoice."""

    invoice: str
    method: MethodText
    key: KeyText


class RefundRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Send credit back to a customer."""

    customer: str
    amount: MoneyText
    currency: CurrencyText
    key: KeyText
    method: MethodText = "manual"
    iban: Annotated[str, Meta(max_length=42)] = ""
    holder: Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] = ""


class PaymentOutcomeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a payment."""

    state: PaymentState
    reason: Annotated[str, Meta(max_length=REASON_LENGTH_MAX)] = ""
    reference: Reference = ""


class CreditJson(msgspec.Struct, frozen=True):
    """Money of a customer that pays no invoice yet."""

    source: Annotated[str, Meta(description="`payment` or `note`: where it came from")]
    currency: str
    amount: str
    left: str
    created_at: str


class CreditsJson(msgspec.Struct, frozen=True):
    """All of a customer."""

    credits: list[CreditJson]


class MandateJson(msgspec.Struct, frozen=True):
    """By what a customer lets itself be charged."""

    customer: str
    method: str
    iban: Annotated[str, Meta(description="Its last four characters")]
    holder: str
    reference: str
    signed_at: str


class PutMandateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a customer agreed to."""

    reference: Annotated[Reference, Meta(description="The mandate's id, or a provider's id of the means of payment")]
    signed_at: str
    iban: Annotated[str, Meta(max_length=42)] = ""
    bic: Annotated[str, Meta(max_length=11)] = ""
    holder: Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)] = ""


class PaymentFileJson(msgspec.Struct, frozen=True):
    """A file for a bank."""

    id: str
    kind: str
    message_id: str
    payments: int
    total: str
    created_at: str


class MakePaymentFileRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put what waits into a file."""

    kind: Annotated[str, Meta(description="pain.008 (direct debits) or pain.001 (credit transfers)")]
    on: Annotated[str | None, Meta(description="The day (ISO 8601) it is carried out; null: in five days")] = None


class PostingJson(msgspec.Struct, frozen=True):
    """An amount on an account; above zero a debit."""

    account: str
    amount: str
    currency: str


class LedgerEntryJson(msgspec.Struct, frozen=True):
    """What was booked."""

    number: int
    key: str
    at: str
    title: str
    postings: list[PostingJson]
    booked_at: str
    digest: str


class BalanceJson(msgspec.Struct, frozen=True):
    """An account in one currency."""

    account: str
    currency: str
    debits: str
    credits: str
    balance: Annotated[str, Meta(description="Debits less credits")]


class TrialBalanceJson(msgspec.Struct, frozen=True):
    """All accounts; debits and credits are the same in each currency."""

    accounts: list[BalanceJson]


class FindingJson(msgspec.Struct, frozen=True):
    """Something that is not as it must be."""

    where: str
    what: str


class BooksAuditJson(msgspec.Struct, frozen=True):
    """What the auditors found."""

    sound: bool
    entries: Annotated[int, Meta(description="In the ledger's chain")]
    head: Annotated[
        str, Meta(description="Digest of the last entry: kept elsewhere, it shows later that none was cut off")
    ]
    findings: list[FindingJson]


class DunningStepJson(msgspec.Struct, frozen=True):
    """A step that was done."""

    step: int
    act: Act
    told: str
    at: str


class DunningStepsJson(msgspec.Struct, frozen=True):
    """What was done about an invoice."""

    steps: list[DunningStepJson]


class OwingJson(msgspec.Struct, frozen=True):
    """An invoice that is overdue, and what is done about it."""

    invoice: str
    number: str
    customer: str
    open: str
    currency: str
    due_at: str
    done: list[DunningStepJson]
    paused: bool
    next: Annotated[Act | None, Meta(description="What comes next; null: nothing more")]
    next_at: Annotated[str | None, Meta(description="When; one that is past comes with the next look")]


def owing_to_json(one: Owing) -> OwingJson:
    """As the API shows it."""
    invoice = one.invoice
    return OwingJson(
        invoice=format_id(invoice.id),
        number=invoice.label,
        customer=format_id(invoice.customer_id),
        open=f"{invoice.open:f}",
        currency=invoice.currency,
        due_at=format_instant(invoice.due_at or 0),
        done=[step_to_json(step) for step in one.done],
        paused=one.paused,
        next=one.next,
        next_at=None if one.next_at is None else format_instant(one.next_at),
    )


def step_to_json(one: DoneStep) -> DunningStepJson:
    """As the API shows it."""
    return DunningStepJson(step=one.step, act=one.act, told=one.told, at=format_instant(one.at))


def payment_to_json(one: Payment) -> PaymentJson:
    """As the API shows it."""
    return PaymentJson(
        id=format_id(one.id),
        direction=one.direction,
        purpose=one.purpose,
        customer=None if one.customer_id is None else format_id(one.customer_id),
        partner=one.partner,
        method=one.method,
        currency=one.currency,
        amount=f"{one.amount:f}",
        state=one.state,
        key=one.key,
        invoice=None if one.invoice_id is None else format_id(one.invoice_id),
        reference=one.reference,
        reason=one.reason,
        lost=f"{one.lost:f}",
        file=None if one.file_id is None else format_id(one.file_id),
        received_at=format_instant(one.received_at),
        created_at=format_instant(one.created_at),
        settled_at=None if one.settled_at is None else format_instant(one.settled_at),
    )


def credit_to_json(one: Credit) -> CreditJson:
    """As the API shows it."""
    return CreditJson(
        source=one.source,
        currency=one.currency,
        amount=f"{one.amount:f}",
        left=f"{one.left:f}",
        created_at=format_instant(one.created_at),
    )


def mandate_to_json(one: Mandate) -> MandateJson:
    """As the API shows it: nobody needs to see a whole account number again."""
    return MandateJson(
        customer=format_id(one.customer_id),
        method=one.method,
        iban=one.iban[-4:],
        holder=one.holder,
        reference=one.reference,
        signed_at=format_instant(one.signed_at),
    )


def file_to_json(one: PaymentFile) -> PaymentFileJson:
    """As the API shows it."""
    return PaymentFileJson(
        id=format_id(one.id),
        kind=one.kind,
        message_id=one.message_id,
        payments=one.payments,
        total=f"{one.total:f}",
        created_at=format_instant(one.created_at),
    )


def entry_to_json(one: Booked) -> LedgerEntryJson:
    """As the API shows it."""
    return LedgerEntryJson(
        number=one.number,
        key=one.entry.key,
        at=format_instant(one.entry.at),
        title=one.entry.title,
        postings=[PostingJson(post.account, f"{post.amount:f}", post.currency) for post in one.entry.postings],
        booked_at=format_instant(one.booked_at),
        digest=one.digest.hex(),
    )


def balance_to_json(one: Balance) -> BalanceJson:
    """As the API shows it."""
    return BalanceJson(
        account=one.account,
        currency=one.currency,
        debits=f"{one.debits:f}",
        credits=f"{one.credits:f}",
        balance=f"{one.amount:f}",
    )

"""Money that comes and goes: payments, the credit they give, and what the credit paid.

Every payment first becomes credit of its customer; credit is then put on invoices, the oldest due first. What is over stays credit:
nothing is lost between two documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from monokoto.kernel.clock import Instant
from monokoto.kernel.ids import InvoiceId, OrganisationId, PaymentId
from monokoto.kernel.money import ZERO

REFERENCE_LENGTH_MAX = 200
REASON_LENGTH_MAX = 500
METHOD_LENGTH_MAX = 32


class Direction(StrEnum):
    """Whose account it comes to."""

    IN = "in"
    OUT = "out"


class Purpose(StrEnum):
    """What it is for."""

    INVOICES = "invoices"
    WALLET = "wallet"
    """Paid ahead."""
    REFUND = "refund"
    """Credit goes back to the customer."""
    PAYOUT = "payout"
    """A partner's share."""


class PaymentState(StrEnum):
    """Where it stands."""

    PENDING = "pending"
    """Asked for; nobody knows yet."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    """It came, and was taken back: a debit returned by the bank, a card charged back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One."""

    id: PaymentId
    organisation_id: OrganisationId
    customer_id: int | None
    """None: to a partner."""
    partner: str = ""
    direction: Direction
    purpose: Purpose
    method: str
    """The adapter: `manual`, `sepa`, ..."""
    currency: str
    amount: Decimal
    """Above zero in both directions."""
    state: PaymentState
    key: str
    invoice_id: InvoiceId | None = None
    """The invoice it is for before all others; None: the oldest."""
    iban: str = ""
    """Of a payment out."""
    holder: str = ""
    reference: str = ""
    """What the bank or provider calls it."""
    reason: str = ""
    """Why it failed or was reversed."""
    lost: Decimal = ZERO
    """What disputes took of it while the rest holds."""
    file_id: int | None = None
    """The file for the bank it is in."""
    received_at: Instant
    """The instant it counts from."""
    created_at: Instant
    settled_at: Instant | None = None
    """When it was known what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What a dispute took of a payment that came."""

    reference: str
    """What the provider calls the dispute; the same one is booked once."""
    amount: Decimal
    """Above zero; as much as the payment or more: all of it."""
    fee: Decimal = ZERO
    """What the provider takes for it."""
    fee_currency: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Money that came."""

    organisation_id: int
    customer_id: int
    amount: Decimal
    currency: str
    method: str = "manual"
    key: str
    """The same key twice is one payment."""
    purpose: Purpose = Purpose.INVOICES
    invoice_id: int | None = None
    reference: str = ""
    received_at: int | None = None
    """None: now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money of a customer that pays its invoices: out of a payment, or given back by a document."""

    id: int
    organisation_id: OrganisationId
    customer_id: int
    currency: str
    source: str
    """`payment` or `note`."""
    source_id: int
    amount: Decimal
    left: Decimal
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What of a credit went where: onto an invoice, or back to the customer."""

    id: int
    organisation_id: OrganisationId
    credit_id: int
    invoice_id: InvoiceId | None
    refund_id: PaymentId | None
    amount: Decimal
    created_at: Instant
    undone_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """By what a customer lets itself be charged with one method."""

    organisation_id: OrganisationId
    customer_id: int
    method: str
    iban: str = ""
    bic: str = ""
    holder: str = ""
    reference: str
    """A SEPA mandate's id, a provider's id of the means of payment."""
    signed_at: Instant
    created_at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFile:
    """A file for a bank."""

    id: int
    organisation_id: OrganisationId
    kind: str
    """`pain.008` or `pain.001`."""
    message_id: str
    payments: int
    total: Decimal
    created_at: Instant


NOTHING = ZERO

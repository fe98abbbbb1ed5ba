"""An invoice: from a draft whose lines may still change to a document that never does, and what became of it.

    draft -> grace -> finalised -> paid | void | uncollectible

What is owed (`open`) is what the document says, less what was paid, given back and written off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from monokoto.earn.calendar import Span
from monokoto.earn.invoices.line import KEY_LENGTH_MAX, InvoiceLine, LineKind, line_faults
from monokoto.earn.pricing import currency
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, Fault
from monokoto.kernel.ids import DocumentId, InvoiceId, OrganisationId, format_id
from monokoto.kernel.limits import INVOICE_LINES_MAX
from monokoto.kernel.money import ZERO, exact


class InvoiceState(StrEnum):
    """Where it stands."""

    DRAFT = "draft"
    """Its period goes on; lines come and go."""
    GRACE = "grace"
    """Its period is over; late readings still count."""
    FINALISED = "finalised"
    """A document, and not all of it is paid."""
    PAID = "paid"
    VOID = "void"
    """Taken back as a whole, or a draft that was thrown away."""
    UNCOLLECTIBLE = "uncollectible"


CHANGEABLE = frozenset({InvoiceState.DRAFT, InvoiceState.GRACE})
"""Its lines may be replaced."""
ISSUED = frozenset(InvoiceState) - CHANGEABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftInvoice:
    """What is to become an invoice."""

    organisation_id: int
    customer_id: int
    currency: str
    period: Span
    lines: tuple[InvoiceLine, ...]
    key: str
    """Names it in its organisation: the same key twice is one invoice."""
    subscription_id: int | None = None
    """None: made by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One, without its lines."""

    id: InvoiceId
    organisation_id: OrganisationId
    customer_id: int
    customer_organisation_id: int | None
    subscription_id: int | None
    currency: str
    period: Span
    key: str
    state: InvoiceState
    revision: int
    """Counts changes; the ETag."""
    label: str = ""
    """The number on the document: `INV-2026-000001`."""
    document_id: DocumentId | None = None
    net: Decimal = ZERO
    """The sum of its lines; of a draft, too."""
    tax: Decimal = ZERO
    gross: Decimal = ZERO
    prepaid: Decimal = ZERO
    """Taken from the wallet."""
    paid: Decimal = ZERO
    credited: Decimal = ZERO
    """By credit notes, tax included."""
    applied: Decimal = ZERO
    """Of that, what lessened this invoice; the rest went to the customer's credit."""
    written_off: Decimal = ZERO
    closes_at: Instant | None = None
    """The end of grace."""
    issued_at: Instant | None = None
    due_at: Instant | None = None
    settled_at: Instant | None = None
    created_at: Instant
    reason: str = ""
    """Why it is void or uncollectible."""

    @property
    def payable(self) -> Decimal:
        """What the document asks for; below zero: what it gives."""
        return _sum(self.gross, -self.prepaid)

    @property
    def open(self) -> Decimal:
        """What is still owed; never below zero."""
        if self.state in CHANGEABLE or self.state is InvoiceState.VOID:
            return currency(self.currency).round(ZERO)
        asked = max(self.payable, ZERO)
        return currency(self.currency).round(_sum(asked, -self.paid, -self.applied, -self.written_off))

    @property
    def name(self) -> str:
        """For sentences: the number, or its id while there is none."""
        return self.label or format_id(self.id)

    def must_be(self, *states: InvoiceState, to: str) -> Invoice:
        """Itself; raises Conflict when it stands elsewhere."""
        if self.state not in states:
            wanted = " or ".join(states)
            raise Conflict(f"The invoice {self.name} is {self.state}; {to} needs one that is {wanted}.")
        return self

    def settled(self, now: Instant) -> Invoice:
        """Itself as paid when nothing is owed, as finalised when something is."""
        if self.open == ZERO:
            return replace(self, state=InvoiceState.PAID, settled_at=self.settled_at or now)
        return replace(self, state=InvoiceState.FINALISED, settled_at=None)

    def with_paid(self, amount: Decimal, now: Instant) -> Invoice:
        """After a payment of so much was put on it, or (below zero) taken off it. Raises Conflict beyond what is owed."""
        self.must_be(InvoiceState.FINALISED, InvoiceState.PAID, to="a payment")
        if amount > self.open or _sum(self.paid, amount) < 0:
            raise Conflict(f"{amount:f} {self.currency} is not what {self.name} can be paid or paid back.")
        return replace(self, paid=_sum(self.paid, amount)).settled(now)


@exact
def _sum(*amounts: Decimal) -> Decimal:
    return sum(amounts, ZERO)


@exact
def net_of(lines: Sequence[InvoiceLine], code: str) -> Decimal:
    """What the lines sum to, wallets apart."""
    return currency(code).round(sum((line.amount for line in lines if line.kind is not LineKind.WALLET), ZERO))


def draft_faults(draft: DraftInvoice) -> Iterator[Fault]:
    """What keeps it from being one."""
    found = currency(draft.currency)
    if not 0 < len(draft.key) <= KEY_LENGTH_MAX:
        yield Fault(place="key", reason=f"has 1 to {KEY_LENGTH_MAX} characters")
    if len(draft.lines) > INVOICE_LINES_MAX:
        yield Fault(place="lines", reason=f"at most {INVOICE_LINES_MAX}")
        return
    seen: set[str] = set()
    for number, line in enumerate(draft.lines):
        yield from line_faults(line, found, f"lines/{number}")
        if line.key in seen:
            yield Fault(place=f"lines/{number}/key", reason="another line has it")
        seen.add(line.key)

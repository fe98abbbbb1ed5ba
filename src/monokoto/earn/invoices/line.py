"""A line of an invoice: an amount somebody pays, what it is for, and how it came about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from monokoto.earn.calendar import Span
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import INVOICE_EXPLANATION_BYTES_MAX, NAME_LENGTH_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import ZERO, Currency

KEY_LENGTH_MAX = 200
STANDARD = "standard"
"""The kind of supply of a line that names none."""


class LineKind(StrEnum):
    """What a line is for."""

    USAGE = "usage"
    FEE = "fee"
    ONE_TIME = "one-time"
    CREDIT = "credit"
    """Given back within the plan: a fee not used to the end, availability missed."""
    MINIMUM = "minimum"
    DISCOUNT = "discount"
    WALLET = "wallet"
    """At most so much is taken from what the customer paid ahead; negative, no part of the totals, never taxed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLine:
    """One line; its amount is without tax and payable (it has the digits of the currency)."""

    key: str
    """Names it within its invoice, whatever is rated again."""
    kind: LineKind
    title: str
    amount: Decimal
    quantity: Decimal | None = None
    """None: there is none to speak of (a fee is 1 of itself)."""
    unit: str = ""
    price: Decimal | None = None
    """Of one unit, where there is one price for all; what tiers did is in `explanation`."""
    tax_category: str = STANDARD
    """The kind of supply, as the organisation's tax rules name it: `standard`, `reduced`, ..."""
    span: Span | None = None
    """When it was supplied; None: in the invoice's period."""
    meter: str = ""
    """`product/meter`."""
    unit_id: int | None = None
    product: str = ""
    """Whose revenue it is; empty: the meter's product."""
    explanation: Mapping[str, Any] = field(default_factory=dict)
    """Plain JSON: tiers and parts, and the question that shows the readings."""

    @property
    def revenue_of(self) -> str:
        """The product its revenue belongs to."""
        return self.product or self.meter.partition("/")[0] or "other"


def line_faults(line: InvoiceLine, currency: Currency, place: str) -> Iterator[Fault]:
    """What keeps it off an invoice."""
    if not 0 < len(line.key) <= KEY_LENGTH_MAX:
        yield Fault(place=f"{place}/key", reason=f"has 1 to {KEY_LENGTH_MAX} characters")
    if not 0 < len(line.title) <= TITLE_LENGTH_MAX:
        yield Fault(place=f"{place}/title", reason=f"has 1 to {TITLE_LENGTH_MAX} characters")
    if currency.round(line.amount) != line.amount:
        yield Fault(place=f"{place}/amount", reason=f"has more digits than {currency.code}")
    if line.kind is LineKind.WALLET and line.amount > ZERO:
        yield Fault(place=f"{place}/amount", reason="what a wallet pays is not above zero")
    if not 0 < len(line.tax_category) <= NAME_LENGTH_MAX:
        yield Fault(place=f"{place}/tax_category", reason="names the kind of supply")
    if len(msgspec.json.encode(line.explanation)) > INVOICE_EXPLANATION_BYTES_MAX:
        yield Fault(place=f"{place}/explanation", reason=f"is over {INVOICE_EXPLANATION_BYTES_MAX} bytes")


def line_to_plain(line: InvoiceLine) -> dict[str, Any]:
    """As plain JSON values: amounts as text, nothing left out."""
    return {
        "key": line.key,
        "kind": line.kind.value,
        "title": line.title,
        "amount": f"{line.amount:f}",
        "quantity": None if line.quantity is None else f"{line.quantity:f}",
        "unit": line.unit,
        "price": None if line.price is None else f"{line.price:f}",
        "tax_category": line.tax_category,
        "span": None if line.span is None else [line.span.start, line.span.end],
        "meter": line.meter,
        "unit_id": None if line.unit_id is None else format_id(line.unit_id),
        "product": line.product,
        "explanation": dict(line.explanation),
    }


def line_from_plain(told: Mapping[str, Any]) -> InvoiceLine:
    """The line in what `line_to_plain` gave."""
    span = told["span"]
    return InvoiceLine(
        key=told["key"],
        kind=LineKind(told["kind"]),
        title=told["title"],
        amount=Decimal(told["amount"]),
        quantity=None if told["quantity"] is None else Decimal(told["quantity"]),
        unit=told["unit"],
        price=None if told["price"] is None else Decimal(told["price"]),
        tax_category=told["tax_category"],
        span=None if span is None else Span(span[0], span[1]),
        meter=told["meter"],
        unit_id=None if told["unit_id"] is None else parse_id(told["unit_id"], what="unit"),
        product=told["product"],
        explanation=told["explanation"],
    )

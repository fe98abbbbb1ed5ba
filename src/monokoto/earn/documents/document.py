"""A document as it goes to a customer: who, to whom, for what, how much, and until when. Values only, complete by themselves.

The numbers are given and never made here: `pricing.electronic_totals` added them up, and each of the forms a document takes
(`ubl.py`, `pdf.py`) shows the same ones. BT and BG numbers are the business terms of EN 16931-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from monokoto.earn.pricing import DocumentAdjustment, ElectronicLine, ElectronicTotals
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, Currency

VAT_SCHEMES = {
    "AD": "9922", "AL": "9923", "AT": "9914", "BA": "9924", "BE": "9925", "BG": "9926", "CH": "9927", "CY": "9928",
    "CZ": "9929", "DE": "9930", "EE": "9931", "EL": "9933", "ES": "9920", "FR": "9957", "GB": "9932", "HR": "9934",
    "HU": "9910", "IE": "9935", "IT": "0211", "LI": "9936", "LT": "9937", "LU": "9938", "LV": "9939", "MC": "9940",
    "ME": "9941", "MK": "9942", "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947", "RS": "9948",
    "SI": "9949", "SK": "9950", "SM": "9951", "TR": "9952", "VA": "9953",
}  # fmt: skip
"""By the two letters a VAT id begins with: its scheme in the code list EAS of Peppol."""


class DocumentKind(StrEnum):
    """What it is; the value is its code in UNTDID 1001 (BT-3)."""

    INVOICE = "380"
    CREDIT_NOTE = "381"


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who sells (BG-4) or buys (BG-7)."""

    name: str
    country: str
    """ISO 3166-1, two letters."""
    street: str = ""
    city: str = ""
    postcode: str = ""
    vat_id: str = ""
    """BT-31, BT-48; with its country in front."""
    registration: str = ""
    """The number in a register of companies: BT-30, BT-47."""
    email: str = ""
    phone: str = ""
    endpoint: str = ""
    """The electronic address (BT-34, BT-49)."""
    endpoint_scheme: str = ""
    """Of the code list EAS."""

    @property
    def electronic_address(self) -> tuple[str, str]:
        """Scheme and address: the one given, else the VAT id in its country's scheme, else the mail address (of the
        standard's scheme EM, which Peppol does not take); two empty texts where there is none."""
        if self.endpoint:
            return self.endpoint_scheme, self.endpoint
        scheme = VAT_SCHEMES.get(self.vat_id[:2])
        if scheme:
            return scheme, self.vat_id
        return ("EM", self.email) if self.email else ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentPeriod:
    """From a day through a day, as the customer's calendar has them."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    """One thing that is charged (BG-25)."""

    id: str
    title: str
    net: Decimal
    """BT-131, with the currency's digits. Negative: it takes something back."""
    category: str
    """Of VAT, UNCL5305."""
    rate_percent: Decimal = ZERO
    quantity: Decimal = Decimal(1)
    unit: str = ""
    """As the meter has it: kWh, h, wash."""
    price: Decimal | None = None
    """Of one; None where the amount is no product of the two."""
    description: str = ""
    period: DocumentPeriod | None = None
    details: tuple[str, ...] = ()
    """How it came about, a sentence a line: tiers, free units, what was already booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How it is to be paid (BG-16)."""

    iban: str = ""
    bic: str = ""
    account_name: str = ""
    reference: str = ""
    """What the payer writes; empty: the document's number."""
    mandate: str = ""
    """With a mandate the seller collects the amount (SEPA direct debit)."""
    creditor_id: str = ""
    terms: str = ""
    """A sentence (BT-20)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or a credit note, whole."""

    kind: DocumentKind
    number: str
    issued: date
    currency: Currency
    seller: Party
    buyer: Party
    lines: tuple[DocumentLine, ...]
    totals: ElectronicTotals
    due: date | None = None
    adjustments: tuple[DocumentAdjustment, ...] = ()
    adjustment_reasons: tuple[str, ...] = ()
    """One for each adjustment."""
    period: DocumentPeriod | None = None
    payment: Payment = Payment()
    buyer_reference: str = ""
    """BT-10; Peppol asks for it, so that without one the document's number stands there."""
    order_reference: str = ""
    preceding: str = ""
    """The number of the invoice a credit note is for (BT-25)."""
    note: str = ""
    exemptions: tuple[tuple[str, str], ...] = ()
    """For each category without tax the reason (BT-120), in words."""
    language: str = "en"
    digest: str = ""
    """Of the chained record, printed so that a paper can be held against it."""

    def __post_init__(self) -> None:
        faults = [
            Fault(place=place, reason="is empty")
            for place, value in (
                ("number", self.number), ("seller.name", self.seller.name), ("buyer.name", self.buyer.name),
                ("seller.country", self.seller.country), ("buyer.country", self.buyer.country),
            )
            if not value
        ]  # fmt: skip
        if len(self.adjustment_reasons) != len(self.adjustments):
            faults.append(Fault(place="adjustment_reasons", reason="are not one for each adjustment"))
        reasons = dict(self.exemptions)
        faults += [
            Fault(place=f"exemptions.{row.category}", reason="is not given, and no tax is charged")
            for row in self.totals.subtotals
            if row.category in EXPLAINED and not reasons.get(row.category)
        ]
        if faults:
            raise Invalid("The document is not complete.", faults=faults)

    @property
    def is_credit(self) -> bool:
        """Whether it gives back."""
        return self.kind is DocumentKind.CREDIT_NOTE


EXPLAINED = frozenset({"E", "AE", "K", "G", "O"})
"""Categories that need a reason why there is no tax (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10)."""


def electronic_line(line: DocumentLine) -> ElectronicLine:
    """What of a line its document's totals are made of."""
    return ElectronicLine(net=line.net, category=line.category, rate_percent=line.rate_percent)

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.invoices`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from monokoto.client.types.shared import InvoiceLine, LineKind, Period


class Address(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where documents come from; the country stands beside it."""

    street: str = ""
    more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


class AllNumberSeries(Struct, frozen=True, kw_only=True):
    """All of a seller, the newest year first."""

    series: list[NumberSeries]


class BuyerKind(StrEnum):
    """Whom a rule is for."""

    ANY = "any"
    BUSINESS = "business"
    CONSUMER = "consumer"


class Category(StrEnum):
    """UNCL5305, as EN 16931 takes it."""

    S = "S"
    Z = "Z"
    E = "E"
    AE = "AE"
    K = "K"
    G = "G"
    O = "O"  # noqa: E741


class CreditNote(Struct, frozen=True, kw_only=True):
    """What was given back."""

    id: str
    number: str
    gross: str
    applied: str
    """Taken off what was owed"""
    over: str
    """Gone to the customer's credit"""


class Document(Struct, frozen=True, kw_only=True):
    """An invoice or credit note as it was sent."""

    number: str
    kind: DocumentKind
    issued_at: str
    digest: str
    """SHA-256 of the document's text, hex"""
    content: dict[str, Any]
    """The text as JSON; docs/invoices.md says what is in it"""
    electronic_lacking: list[Lacking]
    """Why it has no electronic form; empty: it has"""


class DocumentKind(StrEnum):
    """What was sent."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"


class Invoice(Struct, frozen=True, kw_only=True):
    """What is owed. Amounts of a draft are without tax until it is a document."""

    id: str
    number: str
    """On the document; empty while it is a draft"""
    state: InvoiceState
    customer: str
    subscription: str | None
    currency: str
    period: Period
    key: str
    net: str
    tax: str
    gross: str
    prepaid: str
    """Taken from what the customer paid ahead"""
    paid: str
    credited: str
    """Given back by credit notes, tax included"""
    written_off: str
    open: str
    """Still owed"""
    issued_at: str | None
    due_at: str | None
    settled_at: str | None
    created_at: str
    reason: str
    revision: int


class InvoiceDetails(Struct, frozen=True, kw_only=True):
    """An invoice with all that belongs to it."""

    invoice: Invoice
    lines: list[InvoiceLine]
    documents: list[Document]
    """The invoice and its credit notes"""
    preview: Totals | None = None
    """Of a draft to which nothing is lacking"""
    lacking: list[Lacking] = []


class InvoiceLineRequest(Struct, frozen=True, kw_only=True):
    """One line, without tax."""

    key: str
    title: str
    amount: str
    """An exact decimal as a text: "12.30" """
    kind: LineKind | UnsetType = UNSET
    quantity: str | UnsetType | None = UNSET
    """An exact decimal as a text: "12.30" """
    unit: str | UnsetType = UNSET
    price: str | UnsetType | None = UNSET
    """An exact decimal as a text: "12.30" """
    tax_category: str | UnsetType = UNSET
    product: str | UnsetType = UNSET


class InvoicePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Invoice]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class InvoiceState(StrEnum):
    """Where it stands."""

    DRAFT = "draft"
    GRACE = "grace"
    FINALISED = "finalised"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


class Issuer(Struct, frozen=True, kw_only=True):
    """Who sells, as it stands on documents."""

    name: str = ""
    address: Address = field(default_factory=Address)
    country: str = ""
    """ISO 3166-1, such as DE"""
    vat_id: str = ""
    registration: str = ""
    email: str = ""
    iban: str = ""
    bic: str = ""
    creditor_id: str = ""
    """For SEPA direct debits"""
    invoice_prefix: str = "INV"
    credit_note_prefix: str = "CN"
    timezone: str = "UTC"
    terms_days: int = 14
    grace_seconds: int = 3600
    """Between the end of a period and the document"""
    note: str = ""


class Lacking(Struct, frozen=True, kw_only=True):
    """What keeps a draft from being a document, or a document from being an electronic invoice."""

    place: str
    reason: str


class NumberSeries(Struct, frozen=True, kw_only=True):
    """Numbers of one kind of document in one year, without a gap."""

    kind: DocumentKind
    """invoice or credit-note"""
    year: int
    """Of the seller's calendar"""
    last: int
    """The highest one given"""
    following: str
    """What the next document of that year would be called"""


class Tax(Struct, frozen=True, kw_only=True):
    """What is due for one category and rate."""

    vat: str
    """Category of VAT (UNCL5305): S, Z, E, AE, K, G, O"""
    rate: str
    taxable: str
    tax: str


class TaxRule(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A row: which tax a supply has. The most particular row that applies holds."""

    category: Category
    rate_percent: str = "0"
    """An exact decimal as a text: "12.30" """
    supply: str = "standard"
    """The `tax_category` of lines"""
    country: str = ""
    """The buyer's; EU: all states of the Union; empty: any"""
    buyer: BuyerKind | None = None
    reason: str = ""
    from_: str | None = field(name="from", default=None)
    """For supplies from this instant (RFC 3339) on"""
    to: str | None = None
    """For supplies before this instant"""


class TaxRules(Struct, frozen=True, kw_only=True):
    """All rows of a seller."""

    rules: list[TaxRule]


class Totals(Struct, frozen=True, kw_only=True):
    """What a draft would come to as a document now."""

    net: str
    tax: str
    gross: str
    taxes: list[Tax]

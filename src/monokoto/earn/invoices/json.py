"""Invoices as JSON: amounts are texts, instants RFC 3339, ids 13 characters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.earn.calendar import Span
from monokoto.earn.invoices.document import Document, DocumentKind
from monokoto.earn.invoices.invoice import Invoice, InvoiceState
from monokoto.earn.invoices.line import KEY_LENGTH_MAX, InvoiceLine, LineKind
from monokoto.earn.invoices.paper import electronic_lacking
from monokoto.earn.invoices.party import NOTE_LENGTH_MAX, Address, Issuer
from monokoto.earn.invoices.tax import BuyerKind, Category, TaxRule, rate_text
from monokoto.earn.invoices.totals import Totals
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import OrganisationId, format_id, parse_id
from monokoto.kernel.limits import INVOICE_LINES_MAX, NAME_LENGTH_MAX, TAX_RULES_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import number

Amount = Annotated[str, Meta(max_length=80, description='An exact decimal as a text: "12.30"')]
Title = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]
Reason = Annotated[str, Meta(max_length=500)]


class PeriodJson(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """From an instant until before another."""

    begin: str
    end: str


class InvoiceJson(msgspec.Struct, frozen=True):
    """What is owed. Amounts of a draft are without tax until it is a document."""

    id: str
    number: Annotated[str, Meta(description="On the document; empty while it is a draft")]
    state: InvoiceState
    customer: str
    subscription: str | None
    currency: str
    period: PeriodJson
    key: str
    net: str
    tax: str
    gross: str
    prepaid: Annotated[str, Meta(description="Taken from what the customer paid ahead")]
    paid: str
    credited: Annotated[str, Meta(description="Given back by credit notes, tax included")]
    written_off: str
    open: Annotated[str, Meta(description="Still owed")]
    issued_at: str | None
    due_at: str | None
    settled_at: str | None
    created_at: str
    reason: str
    revision: int


class TaxJson(msgspec.Struct, frozen=True):
    """What is due for one category and rate."""

    vat: Annotated[str, Meta(description="Category of VAT (UNCL5305): S, Z, E, AE, K, G, O")]
    rate: str
    taxable: str
    tax: str


class TotalsJson(msgspec.Struct, frozen=True):
    """What a draft would come to as a document now."""

    net: str
    tax: str
    gross: str
    taxes: list[TaxJson]


class LackingJson(msgspec.Struct, frozen=True):
    """What keeps a draft from being a document, or a document from being an electronic invoice."""

    place: str
    reason: str


class DocumentJson(msgspec.Struct, frozen=True):
    """An invoice or credit note as it was sent."""

    number: str
    kind: DocumentKind
    issued_at: str
    digest: Annotated[str, Meta(description="SHA-256 of the document's text, hex")]
    content: Annotated[dict[str, Any], Meta(description="The text as JSON; docs/invoices.md says what is in it")]
    electronic_lacking: Annotated[list[LackingJson], Meta(description="Why it has no electronic form; empty: it has")]


class InvoiceLineJson(msgspec.Struct, frozen=True):
    """One line, without tax. A document's text has the same with instants as µs, and is never changed."""

    key: Annotated[str, Meta(description="Names it within its invoice")]
    kind: LineKind
    title: str
    amount: str
    quantity: str | None
    unit: str
    price: Annotated[str | None, Meta(description="Of one unit; null: not one price for all")]
    tax_category: str
    span: Annotated[PeriodJson | None, Meta(description="When it was supplied; null: in the invoice's period")]
    meter: Annotated[str, Meta(description="`product/meter`; empty: it charges for no usage")]
    unit_id: str | None
    product: str
    explanation: Annotated[dict[str, Any], Meta(description="How it came about")]
    vat: Annotated[str, Meta(description="Category of VAT (UNCL5305); empty while it is a draft's")] = ""
    rate: Annotated[str, Meta(description="Of VAT, percent; empty while it is a draft's")] = ""


class InvoiceDetailsJson(msgspec.Struct, frozen=True):
    """An invoice with all that belongs to it."""

    invoice: InvoiceJson
    lines: list[InvoiceLineJson]
    documents: Annotated[list[DocumentJson], Meta(description="The invoice and its credit notes")]
    preview: Annotated[TotalsJson | None, Meta(description="Of a draft to which nothing is lacking")] = None
    lacking: list[LackingJson] = []


class CreditNoteJson(msgspec.Struct, frozen=True):
    """What was given back."""

    id: str
    number: str
    gross: str
    applied: Annotated[str, Meta(description="Taken off what was owed")]
    over: Annotated[str, Meta(description="Gone to the customer's credit")]


class InvoiceLineRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line, without tax."""

    key: Annotated[str, Meta(max_length=KEY_LENGTH_MAX)]
    title: Title
    amount: Amount
    kind: LineKind = LineKind.ONE_TIME
    quantity: Amount | None = None
    unit: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = ""
    price: Amount | None = None
    tax_category: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = "standard"
    product: Annotated[str, Meta(max_length=NAME_LENGTH_MAX)] = ""


Lines = Annotated[list[InvoiceLineRequest], Meta(max_length=INVOICE_LINES_MAX)]


class CreateInvoiceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invoice by hand."""

    customer: str
    currency: Annotated[str, Meta(min_length=3, max_length=3)]
    period: PeriodJson
    lines: Lines
    key: Annotated[str, Meta(max_length=KEY_LENGTH_MAX, description="The same key twice is one invoice")]


class PutInvoiceLinesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other lines for a draft."""

    lines: Lines


class ReasonRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason = ""


class CreateCreditNoteRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is given back."""

    key: Annotated[str, Meta(max_length=KEY_LENGTH_MAX, description="The same key twice is one credit note")]
    reason: Reason = ""
    lines: Annotated[
        dict[str, Amount] | None, Meta(description="Net amounts by the keys of lines; null: all that is left")
    ] = None


class AddressJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where documents come from; the country stands beside it."""

    street: Title = ""
    more: Title = ""
    postal_code: Title = ""
    city: Title = ""
    region: Title = ""


class IssuerJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who sells, as it stands on documents."""

    name: Title = ""
    address: AddressJson = AddressJson()
    country: Annotated[str, Meta(max_length=2, description="ISO 3166-1, such as DE")] = ""
    vat_id: Annotated[str, Meta(max_length=32)] = ""
    registration: Title = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    iban: Annotated[str, Meta(max_length=42)] = ""
    bic: Annotated[str, Meta(max_length=11)] = ""
    creditor_id: Annotated[str, Meta(max_length=35, description="For SEPA direct debits")] = ""
    invoice_prefix: Annotated[str, Meta(max_length=16)] = "INV"
    credit_note_prefix: Annotated[str, Meta(max_length=16)] = "CN"
    timezone: Annotated[str, Meta(max_length=64)] = "UTC"
    terms_days: int = 14
    grace_seconds: Annotated[int, Meta(description="Between the end of a period and the document")] = 3600
    note: Annotated[str, Meta(max_length=NOTE_LENGTH_MAX)] = ""


class TaxRuleJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"begin": "from", "end": "to"}):
    """A row: which tax a supply has. The most particular row that applies holds."""

    category: Category
    rate_percent: Amount = "0"
    supply: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="The `tax_category` of lines")] = "standard"
    country: Annotated[str, Meta(max_length=2, description="The buyer's; EU: all states of the Union; empty: any")] = ""
    buyer: BuyerKind = BuyerKind.ANY
    reason: Title = ""
    begin: Annotated[str | None, Meta(description="For supplies from this instant (RFC 3339) on")] = None
    end: Annotated[str | None, Meta(description="For supplies before this instant")] = None


class TaxRulesJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rows of a seller."""

    rules: Annotated[list[TaxRuleJson], Meta(max_length=TAX_RULES_MAX)]


class NumberSeriesJson(msgspec.Struct, frozen=True):
    """Numbers of one kind of document in one year, without a gap."""

    kind: Annotated[DocumentKind, Meta(description="invoice or credit-note")]
    year: Annotated[int, Meta(description="Of the seller's calendar")]
    last: Annotated[int, Meta(description="The highest one given")]
    following: Annotated[str, Meta(description="What the next document of that year would be called")]


class AllNumberSeriesJson(msgspec.Struct, frozen=True):
    """All of a seller, the newest year first."""

    series: list[NumberSeriesJson]


def invoice_to_json(invoice: Invoice) -> InvoiceJson:
    """As the API shows it."""
    return InvoiceJson(
        id=format_id(invoice.id),
        number=invoice.label,
        state=invoice.state,
        customer=format_id(invoice.customer_id),
        subscription=None if invoice.subscription_id is None else format_id(invoice.subscription_id),
        currency=invoice.currency,
        period=PeriodJson(begin=format_instant(invoice.period.start), end=format_instant(invoice.period.end)),
        key=invoice.key,
        **{name: f"{getattr(invoice, name):f}" for name in _AMOUNTS},
        issued_at=_instant(invoice.issued_at),
        due_at=_instant(invoice.due_at),
        settled_at=_instant(invoice.settled_at),
        created_at=format_instant(invoice.created_at),
        reason=invoice.reason,
        revision=invoice.revision,
    )


_AMOUNTS = ("net", "tax", "gross", "prepaid", "paid", "credited", "written_off", "open")


def _instant(value: int | None) -> str | None:
    return None if value is None else format_instant(value)


def line_to_json(plain: Mapping[str, Any]) -> InvoiceLineJson:
    """As the API shows it; `plain` as `line_to_plain` gives it, or as it stands in a document."""
    shown = {name: plain[name] for name in InvoiceLineJson.__struct_fields__ if name in plain}
    span = plain["span"]
    return InvoiceLineJson(
        **shown
        | {
            "span": None if span is None else PeriodJson(begin=format_instant(span[0]), end=format_instant(span[1])),
            "explanation": _explanation(plain["explanation"]),
        }
    )


def _explanation(told: Mapping[str, Any]) -> dict[str, Any]:
    """With the instants and ids of outages as the API writes them."""
    if "outages" not in told:
        return dict(told)
    outages = [
        one
        | {"unit_id": format_id(one["unit_id"]), "from": format_instant(one["from"]), "to": format_instant(one["to"])}
        for one in told["outages"]
    ]
    return {**told, "outages": outages}


def document_to_json(document: Document) -> DocumentJson:
    """As the API shows it."""
    return DocumentJson(
        number=document.label,
        kind=document.kind,
        issued_at=format_instant(document.issued_at),
        digest=document.digest.hex(),
        content=dict(document.content),
        electronic_lacking=lacking_to_json(electronic_lacking(document)),
    )


def lacking_to_json(faults: Iterable[Fault]) -> list[LackingJson]:
    """As the API shows it."""
    return [LackingJson(place=fault.place, reason=fault.reason) for fault in faults]


def totals_to_json(totals: Totals) -> TotalsJson:
    """As the API shows it."""
    return TotalsJson(
        net=f"{totals.net:f}",
        tax=f"{totals.tax:f}",
        gross=f"{totals.gross:f}",
        taxes=[
            TaxJson(vat=row.category, rate=rate_text(row.rate_percent), taxable=f"{row.taxable:f}", tax=f"{row.tax:f}")
            for row in totals.subtotals
        ],
    )


def line_from_json(line: InvoiceLineRequest) -> InvoiceLine:
    """Raises Invalid."""
    return InvoiceLine(
        key=line.key,
        kind=line.kind,
        title=line.title,
        amount=number(line.amount),
        quantity=None if line.quantity is None else number(line.quantity),
        unit=line.unit,
        price=None if line.price is None else number(line.price),
        tax_category=line.tax_category,
        product=line.product,
    )


def period_from_json(period: PeriodJson) -> Span:
    """Raises Invalid."""
    return Span(instant_of(period.begin, "period/from"), instant_of(period.end, "period/to"))


def instant_of(text: str, place: str) -> int:
    """Raises Invalid."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no instant.", faults=[Fault(place=place, reason=str(error))]) from None


def amounts_from_json(amounts: Mapping[str, str] | None) -> dict[str, Decimal] | None:
    """Raises Invalid."""
    return None if amounts is None else {key: number(amount) for key, amount in amounts.items()}


_SAME = tuple(name for name in IssuerJson.__struct_fields__ if name != "address")


def issuer_from_json(organisation_id: int, told: IssuerJson) -> Issuer:
    """What was said."""
    plain: dict[str, Any] = {name: getattr(told, name) for name in _SAME}
    address = Address(**{name: getattr(told.address, name) for name in AddressJson.__struct_fields__})
    return Issuer(organisation_id=OrganisationId(organisation_id), address=address, **plain)


def issuer_to_json(issuer: Issuer) -> IssuerJson:
    """As the API shows it."""
    plain: dict[str, Any] = {name: getattr(issuer, name) for name in _SAME}
    address = AddressJson(**{name: getattr(issuer.address, name) for name in AddressJson.__struct_fields__})
    return IssuerJson(address=address, **plain)


def rule_from_json(told: TaxRuleJson, place: str) -> TaxRule:
    """Raises Invalid."""
    return TaxRule(
        supply=told.supply,
        country=told.country,
        buyer=told.buyer,
        category=told.category,
        rate_percent=number(told.rate_percent),
        reason=told.reason,
        begin=None if told.begin is None else instant_of(told.begin, f"{place}/from"),
        end=None if told.end is None else instant_of(told.end, f"{place}/to"),
    )


def rule_to_json(rule: TaxRule) -> TaxRuleJson:
    """As the API shows it."""
    return TaxRuleJson(
        supply=rule.supply,
        country=rule.country,
        buyer=rule.buyer,
        category=rule.category,
        rate_percent=rate_text(rule.rate_percent),
        reason=rule.reason,
        begin=_instant(rule.begin),
        end=_instant(rule.end),
    )


def invoice_id_of(text: str) -> int:
    """Raises Invalid."""
    return parse_id(text, what="invoice")

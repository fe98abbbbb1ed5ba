"""A document as UBL 2.1, the syntax of EN 16931 that Peppol BIS Billing 3.0 uses.

What an element is for is in the standard under the BT number; the order of elements is the schema's. The price of an electronic
line must not be negative and quantity times price must come to its net amount (BR-27, PEPPOL-EN16931-R120), which prices in
tiers, minima and rounded running sums do not: such a line is one of its amount, and its details tell the rest.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from decimal import Decimal

from monokoto.earn.documents.document import Document, DocumentLine, DocumentPeriod, Party
from monokoto.earn.documents.units import ONE, unit_code
from monokoto.earn.pricing import DocumentAdjustment, TaxSubtotal
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import exact

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_ROOT = "urn:oasis:names:specification:ubl:schema:xsd:{}-2"
_AGGREGATE = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_BASIC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_CREDIT_TRANSFER, _SEPA_TRANSFER, _SEPA_DEBIT = "30", "58", "59"
"""Of UNCL4461."""
_SLACK = Decimal("0.01")
_DETAILS_MAX = 1000
"""Characters of an item's description."""

Tree = tuple[str, object]
"""A name, and a text, a list of trees, or None for an element that is left out. `name@attribute=value` gives it an attribute."""


_SELLER_TAXED = frozenset({"S", "Z", "E", "AE", "K", "G", "L", "M"})
_BUYER_TAXED = frozenset({"AE", "K"})


def ubl(document: Document) -> bytes:
    """The XML, in UTF-8. Raises Invalid when something is missing that the standard asks of every electronic document."""
    _check(document)
    root = "CreditNote" if document.is_credit else "Invoice"
    for prefix, space in (("cac", _AGGREGATE), ("cbc", _BASIC), ("", _ROOT.format(root))):
        ET.register_namespace(prefix, space)
    top = ET.Element(f"{{{_ROOT.format(root)}}}{root}")
    for tree in _document(document):
        _add(top, tree)
    ET.indent(top)
    made: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
    return made


_DIGITS_MAX = 2
"""After the point of any amount but a unit's price: BR-DEC-01 to BR-DEC-28 of EN 16931. Amounts of three are not rounded to fit:
the document would ask for another sum than the books."""


def electronic_faults(document: Document) -> list[Fault]:
    """What a document lacks of what the standard asks of every electronic one; `ubl` refuses it with these."""
    categories = {row.category for row in document.totals.subtotals}
    seller, buyer = document.seller, document.buyer
    wanted = (
        (
            "currency",
            document.currency.digits <= _DIGITS_MAX,
            f"{document.currency.code} has {document.currency.digits} digits, amounts of the standard have two (BR-DEC)",
        ),
        ("seller.vat_id", seller.vat_id or not categories & _SELLER_TAXED, "is missing (BR-S-02 and its like)"),
        ("buyer.vat_id", buyer.vat_id or not categories & _BUYER_TAXED, "is missing (BR-AE-02, BR-IC-02)"),
        ("seller.endpoint", all(seller.electronic_address), "no electronic address, VAT id or mail address"),
        ("buyer.endpoint", all(buyer.electronic_address), "no electronic address, VAT id or mail address"),
        (
            "due",
            document.due or document.payment.terms or document.totals.payable <= 0,
            "nor terms are there (BR-CO-25)",
        ),
    )
    return [Fault(place=place, reason=reason) for place, holds, reason in wanted if not holds]


def _check(document: Document) -> None:
    faults = electronic_faults(document)
    if faults:
        remedy = "Complete the seller or the customer; a document that is finalised already stays as it is on paper."
        raise Invalid("The document has no electronic form.", faults=faults, remedy=remedy)


def _add(parent: ET.Element, tree: Tree) -> None:
    name, content = tree
    if content is None or content in ("", []):
        return
    name, *attributes = name.split("@")
    space = _BASIC if isinstance(content, str) else _AGGREGATE
    element = ET.SubElement(parent, f"{{{space}}}{name}", dict(one.split("=", 1) for one in attributes))
    if isinstance(content, str):
        element.text = content
    else:
        for child in content:  # type: ignore[attr-defined]
            _add(element, child)
        if not len(element):
            parent.remove(element)


def _document(document: Document) -> list[Tree]:
    credit = document.is_credit
    totals = document.totals
    currency = document.currency.code
    return [
        ("CustomizationID", CUSTOMIZATION),
        ("ProfileID", PROFILE),
        ("ID", document.number),
        ("IssueDate", document.issued.isoformat()),
        ("DueDate", None if credit or document.due is None else document.due.isoformat()),
        ("CreditNoteTypeCode" if credit else "InvoiceTypeCode", document.kind.value),
        ("Note", document.note),
        ("DocumentCurrencyCode", currency),
        ("BuyerReference", document.buyer_reference or ("" if document.order_reference else document.number)),
        ("InvoicePeriod", _period(document.period)),
        ("OrderReference", [("ID", document.order_reference)]),
        ("BillingReference", [("InvoiceDocumentReference", [("ID", document.preceding)])]),
        ("AccountingSupplierParty", [("Party", _party(document.seller, seller=True))]),
        ("AccountingCustomerParty", [("Party", _party(document.buyer, seller=False))]),
        ("Delivery", _delivery(document)),
        ("PaymentMeans", _payment(document)),
        ("PaymentTerms", [("Note", document.payment.terms)]),
        *(
            ("AllowanceCharge", _adjustment(one, reason, currency))
            for one, reason in zip(document.adjustments, document.adjustment_reasons, strict=True)
        ),
        (
            "TaxTotal",
            [
                _amount("TaxAmount", totals.tax_total, currency),
                *(("TaxSubtotal", _subtotal(row, document)) for row in totals.subtotals),
            ],
        ),
        (
            "LegalMonetaryTotal",
            [
                _amount("LineExtensionAmount", totals.line_total, currency),
                _amount("TaxExclusiveAmount", totals.tax_exclusive, currency),
                _amount("TaxInclusiveAmount", totals.tax_inclusive, currency),
                _optional("AllowanceTotalAmount", totals.allowances, currency),
                _optional("ChargeTotalAmount", totals.charges, currency),
                _optional("PrepaidAmount", totals.prepaid, currency),
                _optional("PayableRoundingAmount", totals.rounding, currency),
                _amount("PayableAmount", totals.payable, currency),
            ],
        ),
        *(("CreditNoteLine" if credit else "InvoiceLine", _line(line, document)) for line in document.lines),
    ]


def _amount(name: str, amount: Decimal, currency: str) -> Tree:
    return f"{name}@currencyID={currency}", f"{amount:f}"


def _optional(name: str, amount: Decimal, currency: str) -> Tree:
    return _amount(name, amount, currency) if amount else (name, None)


def _period(period: DocumentPeriod | None) -> list[Tree]:
    if period is None:
        return []
    return [("StartDate", period.first.isoformat()), ("EndDate", period.last.isoformat())]


def _party(party: Party, *, seller: bool) -> list[Tree]:
    scheme, address = party.electronic_address
    return [
        (f"EndpointID@schemeID={scheme}", address),
        ("PartyName", [("Name", party.name)]),
        (
            "PostalAddress",
            [
                ("StreetName", party.street),
                ("CityName", party.city),
                ("PostalZone", party.postcode),
                ("Country", [("IdentificationCode", party.country)]),
            ],
        ),
        ("PartyTaxScheme", [("CompanyID", party.vat_id), ("TaxScheme", [("ID", "VAT")])] if party.vat_id else []),
        ("PartyLegalEntity", [("RegistrationName", party.name), ("CompanyID", party.registration)]),
        ("Contact", [("Telephone", party.phone), ("ElectronicMail", party.email)] if seller else []),
    ]


def _delivery(document: Document) -> list[Tree]:
    """Where and when an intra-community supply went, which its rules ask for (BR-IC-11, BR-IC-12)."""
    if all(row.category != "K" for row in document.totals.subtotals):
        return []
    day = None if document.period else document.issued.isoformat()
    country = [("Country", [("IdentificationCode", document.buyer.country)])]
    return [("ActualDeliveryDate", day), ("DeliveryLocation", [("Address", country)])]


def _payment(document: Document) -> list[Tree]:
    paid = document.payment
    if document.is_credit or not (paid.iban or paid.mandate):
        return []
    reference = ("PaymentID", paid.reference or document.number)
    if paid.mandate:
        return [("PaymentMeansCode", _SEPA_DEBIT), reference, ("PaymentMandate", [("ID", paid.mandate)])]
    code = _SEPA_TRANSFER if document.currency.code == "EUR" else _CREDIT_TRANSFER
    account: list[Tree] = [("ID", paid.iban), ("Name", paid.account_name)]
    if paid.bic:
        account.append(("FinancialInstitutionBranch", [("ID", paid.bic)]))
    return [("PaymentMeansCode", code), reference, ("PayeeFinancialAccount", account)]


def _tax(name: str, category: str, rate: Decimal, reason: str = "") -> Tree:
    # Category O stands outside the scope of VAT and has no rate (BR-O-05).
    percent = None if category == "O" else f"{rate.normalize():f}"
    return name, [
        ("ID", category), ("Percent", percent), ("TaxExemptionReason", reason), ("TaxScheme", [("ID", "VAT")]),
    ]  # fmt: skip


def _subtotal(row: TaxSubtotal, document: Document) -> list[Tree]:
    currency = document.currency.code
    reason = dict(document.exemptions).get(row.category, "")
    return [
        _amount("TaxableAmount", row.taxable, currency),
        _amount("TaxAmount", row.tax, currency),
        _tax("TaxCategory", row.category, row.rate_percent, reason),
    ]


def _adjustment(one: DocumentAdjustment, reason: str, currency: str) -> list[Tree]:
    return [
        ("ChargeIndicator", "true" if one.is_charge else "false"),
        ("AllowanceChargeReason", reason),
        _amount("Amount", one.amount, currency),
        _tax("TaxCategory", one.category, one.rate_percent),
    ]


def _line(line: DocumentLine, document: Document) -> list[Tree]:
    currency = document.currency.code
    quantity, price, unit = priced(line, document)
    quantity_name = "CreditedQuantity" if document.is_credit else "InvoicedQuantity"
    told = "\n".join(text for text in (line.description, *line.details) if text)
    return [
        ("ID", line.id),
        (f"{quantity_name}@unitCode={unit}", f"{quantity:f}"),
        _amount("LineExtensionAmount", line.net, currency),
        ("InvoicePeriod", _period(line.period)),
        (
            "Item",
            [
                ("Description", told[:_DETAILS_MAX]),
                ("Name", line.title),
                _tax("ClassifiedTaxCategory", line.category, line.rate_percent),
            ],
        ),
        ("Price", [_amount("PriceAmount", price, currency)]),
    ]


@exact
def priced(line: DocumentLine, document: Document) -> tuple[Decimal, Decimal, str]:
    """Quantity, price (never negative) and unit code, whose product rounds to the line's net amount: to the currency's digits, and
    to a hundredth, as the rule has it of currencies without digits too."""
    if line.price is not None and line.price >= 0:
        product = line.quantity * line.price
        if document.currency.round(product) == line.net and abs(product - line.net) < _SLACK:
            return line.quantity, line.price, unit_code(line.unit)
    return Decimal(1).copy_sign(line.net), abs(line.net), ONE

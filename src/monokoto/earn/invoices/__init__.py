"""Invoices: what is owed, on documents that never change."""

from monokoto.earn.invoices.document import Document, DocumentKind
from monokoto.earn.invoices.facts import INVOICE_CHANGED
from monokoto.earn.invoices.giving import GivingBack
from monokoto.earn.invoices.invoice import CHANGEABLE, DraftInvoice, Invoice, InvoiceState
from monokoto.earn.invoices.issuers import Issuers
from monokoto.earn.invoices.json import InvoiceLineJson, line_to_json
from monokoto.earn.invoices.line import KEY_LENGTH_MAX, InvoiceLine, LineKind, line_from_plain, line_to_plain
from monokoto.earn.invoices.paper import paper_of
from monokoto.earn.invoices.party import Address, Buyer, Customers, Issuer, compact_iban, is_iban, is_vat_id
from monokoto.earn.invoices.routes import CONTROLLERS
from monokoto.earn.invoices.service import Invoices
from monokoto.earn.invoices.sharing import Part, Partners, parts_of
from monokoto.earn.invoices.store import CreditNote, InvoiceFilter
from monokoto.earn.invoices.tax import BuyerKind, Category, TaxRule, rule_for
from monokoto.earn.invoices.totals import TaxedLine, Totals, discount_lines, taxed_lines, totals_of

__all__ = [
    "CHANGEABLE",
    "CONTROLLERS",
    "INVOICE_CHANGED",
    "KEY_LENGTH_MAX",
    "Address",
    "Buyer",
    "BuyerKind",
    "Category",
    "CreditNote",
    "Customers",
    "Document",
    "DocumentKind",
    "DraftInvoice",
    "GivingBack",
    "Invoice",
    "InvoiceFilter",
    "InvoiceLine",
    "InvoiceLineJson",
    "InvoiceState",
    "Invoices",
    "Issuer",
    "Issuers",
    "LineKind",
    "Part",
    "Partners",
    "TaxRule",
    "TaxedLine",
    "Totals",
    "compact_iban",
    "discount_lines",
    "is_iban",
    "is_vat_id",
    "line_from_plain",
    "line_to_json",
    "line_to_plain",
    "paper_of",
    "parts_of",
    "rule_for",
    "taxed_lines",
    "totals_of",
]

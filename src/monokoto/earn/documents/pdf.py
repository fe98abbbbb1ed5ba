"""A document on paper: a PDF set by Typst from `invoice.typ`, which gets finished texts and decides nothing.

The file is PDF/A-3a and PDF/UA-1, for archives and screen readers, and the same document is the same bytes. Amounts and dates are
in the customer's language; one in euros to be transferred carries the code that banking applications scan (EPC 069-12).
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path

import segno
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from segno.helpers import make_epc_qr

from monokoto.earn.documents.document import Document, DocumentLine, DocumentPeriod, Party
from monokoto.earn.documents.words import words
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO

_HERE = Path(str(files("monokoto.earn.documents")))
TEMPLATE = _HERE / "invoice.typ"
FONTS = _HERE / "fonts"
_EPC_LIMITS = (Decimal("0.01"), Decimal("999999999.99"))


def pdf(document: Document) -> bytes:
    """The PDF. Raises Invalid when a text in it cannot be set."""
    import typst  # noqa: PLC0415 - of 80 MB, and most processes never set a page

    inputs = {"document": json.dumps(_content(document), ensure_ascii=False, sort_keys=True)}
    stamped = datetime.combine(document.issued, time(), tzinfo=UTC)
    try:
        return typst.compile(  # type: ignore[no-any-return, call-overload]
            TEMPLATE.read_bytes(), output=None, font_paths=[str(FONTS)], ignore_system_fonts=True, format="pdf",
            sys_inputs=inputs, pdf_standards=["a-3a", "ua-1"], timestamp=int(stamped.timestamp()),
        )  # fmt: skip
    except RuntimeError as error:
        raise Invalid(f"The document {document.number} cannot be set on paper: {error}") from error


@cache
def _locale(language: str, country: str) -> Locale:
    for name in (f"{language}_{country}", language, "en"):
        try:
            return Locale.parse(name)
        except (ValueError, UnknownLocaleError):
            continue
    return Locale("en")


def written_day(day: date, language: str, country: str) -> str:
    """A day as a reader of that language and country writes it, in sentences and tables alike."""
    return format_date(day, "medium", locale=_locale(language, country))


class _Reader:
    """How the reader of a document writes numbers and dates."""

    def __init__(self, document: Document) -> None:
        self._language, self._country = document.language, document.buyer.country
        self.locale = _locale(self._language, self._country)
        self._currency = document.currency

    def money(self, amount: Decimal) -> str:
        return format_currency(amount, self._currency.code, locale=self.locale)

    def price(self, price: Decimal) -> str:
        """With all its digits, and at least the currency's."""
        digits = max(self._currency.digits, -int(price.normalize().as_tuple().exponent))
        # Babel rounds to the currency's digits unless told its own pattern.
        return format_decimal(price, format=f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self.locale)

    def number(self, value: Decimal) -> str:
        digits = max(0, -int(value.normalize().as_tuple().exponent))
        return format_decimal(value, format=f"#,##0.{'0' * digits}" if digits else "#,##0", locale=self.locale)

    def day(self, day: date | None) -> str:
        return "" if day is None else written_day(day, self._language, self._country)

    def period(self, period: DocumentPeriod | None) -> str:
        if period is None:
            return ""
        first, last = self.day(period.first), self.day(period.last)
        return first if first == last else f"{first} – {last}"


def _content(document: Document) -> dict[str, object]:
    reader, told = _Reader(document), words(document.language)
    return {
        "language": document.language if document.language in ("en", "ko") else "en",
        "words": told,
        "title": told["credit_note" if document.is_credit else "invoice"],
        "number": document.number,
        "seller": _address(document.seller, document.buyer, reader),
        "buyer": _address(document.buyer, document.seller, reader),
        "facts": [[name, value] for name, value in _facts(document, reader, told) if value],
        "footer": _footer(document.seller, told),
        "lines": [_line(line, reader, document) for line in document.lines],
        "totals": _totals(document, reader, told),
        "payable": [told["credited" if document.is_credit else "payable"], reader.money(document.totals.payable)],
        "payment": _payment(document, told),
        "qr": _epc(document),
        "notes": [text for text in (document.note, *(reason for _, reason in document.exemptions)) if text],
        "digest": document.digest,
    }


def _address(party: Party, other: Party, reader: _Reader) -> list[str]:
    """The lines of an address; the country only where a letter crosses a border."""
    town = f"{party.postcode} {party.city}".strip()
    country = "" if party.country == other.country else reader.locale.territories.get(party.country, party.country)
    return [line for line in (party.name, party.street, town, country) if line]


def _footer(seller: Party, told: dict[str, str]) -> list[str]:
    contact = [seller.email, seller.phone]
    numbers = [
        f"{told[name]} {value}"
        for name, value in (("vat", seller.vat_id), ("registration", seller.registration))
        if value
    ]
    return [text for text in (seller.name, *contact, *numbers) if text]


def _facts(document: Document, reader: _Reader, told: dict[str, str]) -> list[tuple[str, str]]:
    return [
        (told["number"], document.number),
        (told["issued"], reader.day(document.issued)),
        (told["due"], "" if document.is_credit else reader.day(document.due)),
        (told["period"], reader.period(document.period)),
        (told["preceding"], document.preceding),
        (told["order"], document.order_reference),
        (told["reference"], document.buyer_reference),
        (told["customer_vat"], document.buyer.vat_id),
    ]


def _line(line: DocumentLine, reader: _Reader, document: Document) -> dict[str, object]:
    shown = line.price is not None and document.currency.round(line.quantity * line.price) == line.net
    return {
        "title": line.title,
        "details": [
            text for text in (line.description, *line.details, reader.period(line.period)) if text
        ],
        "quantity": f"{reader.number(line.quantity)} {line.unit}".strip() if shown or line.quantity != 1 else "",
        "price": reader.price(line.price) if shown and line.price is not None else "",
        "amount": reader.money(line.net),
    }  # fmt: skip


def _totals(document: Document, reader: _Reader, told: dict[str, str]) -> list[list[str]]:
    totals = document.totals
    rows = [[told["sum"], reader.money(totals.line_total)]] if document.adjustments else []
    for one, reason in zip(document.adjustments, document.adjustment_reasons, strict=True):
        rows.append([reason, reader.money(one.amount if one.is_charge else -one.amount)])
    rows.append([told["net"], reader.money(totals.tax_exclusive)])
    for tax in totals.subtotals:
        text = told["tax"] if tax.rate_percent else told["no_tax"]
        said = text.format(rate=reader.number(tax.rate_percent), base=reader.money(tax.taxable))
        rows.append([said, reader.money(tax.tax)])
    if totals.prepaid or totals.rounding:
        rows.append([told["gross"], reader.money(totals.tax_inclusive)])
    rows += [[told["prepaid"], reader.money(-totals.prepaid)]] if totals.prepaid else []
    rows += [[told["rounding"], reader.money(totals.rounding)]] if totals.rounding else []
    return rows


def _payment(document: Document, told: dict[str, str]) -> list[list[str]]:
    paid = document.payment
    if document.is_credit or document.totals.payable <= ZERO:
        return []
    rows = [["", paid.terms]] if paid.terms else []
    if paid.mandate:
        return [*rows, ["", told["collected"].format(mandate=paid.mandate)]]
    if not paid.iban:
        return rows
    account = " ".join(paid.iban[place : place + 4] for place in range(0, len(paid.iban), 4))
    rows.append([told["pay_to"], f"{account}   {paid.bic}".strip()])
    rows.append([told["holder"], paid.account_name or document.seller.name])
    rows.append([told["pay_reference"], paid.reference or document.number])
    return rows


def _epc(document: Document) -> str:
    """The code as an SVG; empty where there is nothing to transfer in euros."""
    paid, amount = document.payment, document.totals.payable
    asked = document.currency.code == "EUR" and paid.iban and not paid.mandate and not document.is_credit
    if not asked or not _EPC_LIMITS[0] <= amount <= _EPC_LIMITS[1]:
        return ""
    try:
        code = make_epc_qr(
            name=(paid.account_name or document.seller.name)[:70], iban=paid.iban, bic=paid.bic or None, amount=amount,
            text=(paid.reference or document.number)[:140],
        )  # fmt: skip
    except (ValueError, segno.DataOverflowError):
        return ""
    drawn = BytesIO()
    code.save(drawn, kind="svg", scale=1, border=0, xmldecl=False, svgns=True)
    return drawn.getvalue().decode()

"""A kept document as the paper and the electronic invoice it goes out as: nothing but what stands in its text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from monokoto.earn import documents as papers
from monokoto.earn.calendar import local
from monokoto.earn.invoices.document import Document, DocumentKind
from monokoto.earn.pricing import ElectronicTotals, TaxSubtotal, currency
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, Currency

_KINDS = {DocumentKind.INVOICE: papers.DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE: papers.DocumentKind.CREDIT_NOTE}
_TERMS = {"en": "Due by {day}.", "ko": "지급 기한: {day}"}
_GIVEN = {"en": "Credited to the customer.", "ko": "고객에게 환급됩니다."}
"""Where nothing is due: EN 16931 asks for a date or for terms (BR-CO-25), of credit notes too."""


def paper_of(document: Document) -> papers.Document:
    """What is set in type and written as UBL. The days of a period are those of the customer's calendar, others the seller's."""
    told = document.content
    money = currency(told["currency"])
    seller, buyer = told["seller"], told["buyer"]
    zone = seller["timezone"]
    calendar = buyer["timezone"] or zone
    language = buyer["language"].partition("-")[0]
    due = None if told["due_at"] is None else _day(told["due_at"], zone)
    return papers.Document(
        kind=_KINDS[document.kind],
        number=document.label,
        issued=_day(told["issued_at"], zone),
        due=due,
        currency=money,
        seller=_party(seller),
        buyer=_party(buyer),
        lines=tuple(_line(line, number, calendar) for number, line in enumerate(told["lines"], 1)),
        totals=_totals(told, money),
        period=_period(told["period"], calendar),
        payment=_payment(told, due, language),
        preceding=told["gives_back"],
        note="\n".join(text for text in (told["reason"], seller["note"]) if text),
        exemptions=tuple((row["vat"], row["reason"]) for row in told["totals"]["taxes"] if row["reason"]),
        language=language,
        digest=document.digest.hex(),
    )


def electronic_lacking(document: Document) -> list[Fault]:
    """Why a kept document cannot go out as an electronic invoice, though it does on paper; nothing: it can."""
    try:
        return papers.electronic_faults(paper_of(document))
    except Invalid as refused:
        return list(refused.faults) or [Fault(reason=refused.message)]


def _day(instant: int, zone: str) -> date:
    return local(instant, zone).date()


def _period(span: list[int] | None, zone: str) -> papers.DocumentPeriod | None:
    if span is None:
        return None
    first = _day(span[0], zone)
    # The last day is the one before the end; a period of no length is that day.
    last = _day(max(span[0], span[1] - 1), zone)
    return papers.DocumentPeriod(first=first, last=max(first, last))


def _party(told: Mapping[str, Any]) -> papers.Party:
    address = told["address"]
    street = ", ".join(text for text in (address["street"], address["more"]) if text)
    city = ", ".join(text for text in (address["city"], address["region"]) if text)
    return papers.Party(
        name=told["name"], country=told["country"], street=street, city=city, postcode=address["postal_code"],
        vat_id=told["vat_id"], registration=told.get("registration", ""), email=told["email"],
    )  # fmt: skip


def _line(line: Mapping[str, Any], number: int, zone: str) -> papers.DocumentLine:
    quantity = Decimal(1) if line["quantity"] is None else Decimal(line["quantity"])
    return papers.DocumentLine(
        id=str(number),
        title=line["title"],
        net=Decimal(line["amount"]),
        category=line["vat"],
        rate_percent=Decimal(line["rate"]),
        quantity=quantity,
        unit=line["unit"],
        price=None if line["price"] is None else Decimal(line["price"]),
        period=_period(line["span"], zone),
    )


def _totals(told: Mapping[str, Any], money: Currency) -> ElectronicTotals:
    totals = told["totals"]
    zero = money.round(ZERO)
    return ElectronicTotals(
        line_total=Decimal(totals["net"]),
        allowances=zero,
        charges=zero,
        tax_exclusive=Decimal(totals["net"]),
        tax_total=Decimal(totals["tax"]),
        tax_inclusive=Decimal(totals["gross"]),
        prepaid=Decimal(told["prepaid"]),
        rounding=zero,
        payable=Decimal(totals["gross"]) - Decimal(told["prepaid"]),
        subtotals=tuple(
            TaxSubtotal(
                category=row["vat"], rate_percent=Decimal(row["rate"]), taxable=Decimal(row["taxable"]), tax=Decimal(row["tax"])
            )
            for row in totals["taxes"]
        ),
    )  # fmt: skip


def _payment(told: Mapping[str, Any], due: date | None, language: str) -> papers.Payment:
    seller = told["seller"]
    texts = _GIVEN if due is None else _TERMS
    day = "" if due is None else papers.written_day(due, language, told["buyer"]["country"])
    terms = texts.get(language, texts["en"]).format(day=day)
    return papers.Payment(iban=seller["iban"], bic=seller["bic"], account_name=seller["name"], terms=terms)

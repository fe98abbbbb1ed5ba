"""Documents of many kinds, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from monokoto.earn.documents import (
    Document,
    DocumentKind,
    DocumentLine,
    DocumentPeriod,
    Party,
    Payment,
    electronic_line,
)
from monokoto.earn.pricing import DocumentAdjustment, currency, electronic_totals

SELLER = Party(
    name="Wasch & Söhne AG", country="DE", street="Hauptstr. 1", city="Berlin", postcode="10115", vat_id="DE136695976",
    registration="HRB 1234", email="invoices@laundry.example", phone="+49 30 1234",
)  # fmt: skip
BUYER = Party(name="Hotel <Mond>", country="AT", vat_id="ATU13585627", city="Linz", postcode="4020")
OCTOBER = DocumentPeriod(first=date(2026, 10, 1), last=date(2026, 10, 31))
PAYMENT = Payment(iban="DE89370400440532013000", account_name="Wasch AG", terms="Due within 14 days.")


def line(net: str, *, id: str = "1", category: str = "S", rate: str = "19", **more: object) -> DocumentLine:  # noqa: A002 - its name
    """A line of so much."""
    return DocumentLine(
        id=id, title=f"Line {id}", net=Decimal(net), category=category, rate_percent=Decimal(rate), **more  # type: ignore[arg-type]
    )  # fmt: skip


WASHES = line(
    "5.70", quantity=Decimal(5), unit="wash", period=OCTOBER, details=("2 free", "3 at 1.20", "2.10 were booked before")
)
ENERGY = line("12.35", id="2", quantity=Decimal("41.166"), unit="kWh", price=Decimal("0.30"))
BACK = line("-1.20", id="3", quantity=Decimal(-1), unit="wash", price=Decimal("1.20"))
FULL = (WASHES, ENERGY, BACK)


def document(
    lines: Sequence[DocumentLine] = FULL,
    adjustments: Sequence[DocumentAdjustment] = (),
    *,
    money: str = "EUR",
    **more: object,
) -> Document:
    """An invoice; `more` are fields of `Document`."""
    unit = currency(money)
    fields: dict[str, object] = {
        "kind": DocumentKind.INVOICE, "number": "2026-000017", "issued": date(2026, 11, 1), "due": date(2026, 11, 15),
        "seller": SELLER, "buyer": BUYER, "payment": PAYMENT, "period": OCTOBER, **more,
    }  # fmt: skip
    return Document(
        currency=unit, lines=tuple(lines), adjustments=tuple(adjustments),
        adjustment_reasons=tuple("Coupon" for _ in adjustments),
        totals=electronic_totals([electronic_line(one) for one in lines], adjustments, unit), **fields,  # type: ignore[arg-type]
    )  # fmt: skip

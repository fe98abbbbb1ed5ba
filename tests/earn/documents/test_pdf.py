"""The document on paper: what stands on it, in both languages, over several pages, the same bytes each time."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from papers import FULL, SELLER, document, line
from pypdf import PdfReader

from monokoto.earn.documents import Document, DocumentKind, Payment, pdf
from monokoto.earn.documents.pdf import FONTS
from monokoto.earn.pricing import DocumentAdjustment

pytestmark = pytest.mark.skipif(
    not (FONTS / "NanumGothic-Regular.ttf").exists(), reason="the fonts are not there: python hatch_build.py"
)
COUPON = DocumentAdjustment(amount=Decimal("2.00"), category="S", rate_percent=Decimal(19))


def _pages(paper: Document) -> list[str]:
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf(paper))).pages]


def test_an_invoice_says_who_what_how_much_and_where_to_pay() -> None:
    (page,) = _pages(document(FULL, (COUPON,), digest="ab" * 32))
    for told in (
        "Invoice", "2026-000017", "1 Nov 2026", "15 Nov 2026", "Wasch & Söhne AG", "Hotel <Mond>", "Austria", "3 at 1.20",
        "41,166 kWh", "0,30", "€ 12,35", "VAT 19 % on € 14,85", "€ 2,82", "To pay", "€ 17,67",
        "DE89 3704 0044 0532 0130 00", "Due within 14 days.", "Scan to pay", "ab" * 32, "Page 1 / 1",
    ):  # fmt: skip
        assert told in page.replace("\xa0", " "), told


def test_it_speaks_korean_to_a_korean_customer() -> None:
    (page,) = _pages(document(language="ko", money="KRW", lines=(line("57000"),)))
    for told in ("청구서", "청구 금액", "₩67,830", "2026. 11. 1."):
        assert told in page.replace("\xa0", " "), told


def test_a_credit_note_asks_for_no_money() -> None:
    (page,) = _pages(document(kind=DocumentKind.CREDIT_NOTE, preceding="2026-000016"))
    assert "Credit note" in page
    assert "2026-000016" in page
    assert "Credited to you" in page
    assert "Please pay to" not in page
    assert "Scan" not in page


def test_a_mandate_says_that_the_amount_is_collected() -> None:
    (page,) = _pages(document(payment=Payment(mandate="M-1", iban="DE89370400440532013000")))
    assert "mandate M-1" in page
    assert "Scan" not in page


def test_many_lines_go_over_pages_under_repeated_heads() -> None:
    pages = _pages(document([line("1.00", id=str(number)) for number in range(1, 121)]))
    assert len(pages) > 2
    assert all("Amount" in page for page in pages[:-1])
    assert f"Page 2 / {len(pages)}" in pages[1]
    assert "".join(pages).count("Line ") == 120


def test_the_same_document_is_the_same_bytes_and_fit_for_archives() -> None:
    first = pdf(document())
    assert first == pdf(document())
    assert b"pdfaid:part" in first
    assert PdfReader(io.BytesIO(first)).metadata.title == "Invoice 2026-000017"


def test_texts_are_never_taken_for_markup() -> None:
    odd = '#panic("x") $1$ *bold* [a](b) \\ 한글 "quoted" <b>'
    (page,) = _pages(document(note=odd, seller=SELLER))
    assert "#panic" in page
    assert "*bold*" in page

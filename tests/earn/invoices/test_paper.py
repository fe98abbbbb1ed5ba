"""Kept documents as they go out: on paper and as UBL, with the numbers of the books and no others."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pytest
from invoices_making import ANN, FIRM, MAKER, SEOUL, World, line
from pypdf import PdfReader

from monokoto.earn.documents import pdf, ubl
from monokoto.earn.documents.pdf import FONTS
from monokoto.earn.invoices.json import document_to_json
from monokoto.earn.invoices.paper import paper_of
from monokoto.earn.pricing import ElectronicLine, broken_rules
from monokoto.kernel.errors import Invalid

SQLITE = pytest.mark.parametrize("records_kind", ["sqlite"], indirect=True)
FOUND = pytest.mark.skipif(not (FONTS / "NanumGothic-Regular.ttf").exists(), reason="no fonts: python hatch_build.py")


def _amount(xml: str, name: str) -> str:
    found = re.search(rf"<cbc:{name} currencyID=\"\w+\">([^<]+)<", xml)
    assert found, name
    return found[1]


@SQLITE
def test_an_invoice_says_the_same_in_the_books_on_paper_and_as_data(world: World) -> None:
    world.customers.move(ANN, timezone="UTC")
    made = world.sent(
        line("r", "5.00", tax_category="reduced"),
        line("e", "12.35", quantity=Decimal("41.166"), unit="kWh", price=Decimal("0.30")),
    )
    invoice = world.invoices.get(MAKER, made)
    paper = paper_of(world.invoices.documents(MAKER, made)[0])
    assert (
        broken_rules(
            paper.totals,
            [ElectronicLine(net=one.net, category=one.category, rate_percent=one.rate_percent) for one in paper.lines],
            (),
        )
        == []
    )
    xml = ubl(paper).decode()
    assert (_amount(xml, "TaxInclusiveAmount"), _amount(xml, "PayableAmount")) == (
        f"{invoice.gross}",
        f"{invoice.payable}",
    )
    assert "<cbc:ID>INV-2026-000001</cbc:ID>" in xml
    assert "<cbc:StartDate>2026-07-01</cbc:StartDate>" in xml
    assert "<cbc:EndDate>2026-07-31</cbc:EndDate>" in xml, "of the customer's calendar, which is UTC here"
    assert ">41.166<" in xml


@SQLITE
def test_reverse_charge_carries_its_reason(world: World) -> None:
    paper = paper_of(world.invoices.documents(MAKER, world.sent("100.00", customer=FIRM))[0])
    assert paper.exemptions == (("AE", "Reverse charge"),)
    assert paper.totals.tax_total == 0
    assert "Reverse charge" in ubl(paper).decode()


@SQLITE
def test_a_credit_note_names_its_invoice(world: World) -> None:
    made = world.sent("10.00")
    world.giving.credit_note(MAKER, made, lines={"l0": Decimal("4.00")}, reason="Broken lamp", key="c1")
    note = paper_of(world.invoices.documents(MAKER, made)[1])
    xml = ubl(note).decode()
    assert "<CreditNote" in xml
    assert "<cbc:ID>INV-2026-000001</cbc:ID>" in xml
    assert _amount(xml, "PayableAmount") == "4.76"
    assert "Broken lamp" in xml


@SQLITE
@FOUND
def test_a_consumer_abroad_gets_paper_though_there_is_no_electronic_form(world: World) -> None:
    kept = world.invoices.documents(MAKER, world.sent("7.50", customer=SEOUL))[0]
    paper = paper_of(kept)
    assert [one.place for one in document_to_json(kept).electronic_lacking] == ["buyer.endpoint"]
    mailed = world.invoices.documents(MAKER, world.sent("7.50"))[0]
    assert document_to_json(mailed).electronic_lacking == []
    with pytest.raises(Invalid, match="no electronic form"):
        ubl(paper)
    text = PdfReader(io.BytesIO(pdf(paper))).pages[0].extract_text()
    assert "서울" in text
    assert "Not taxable here" in text


@SQLITE
@pytest.mark.parametrize(
    ("language", "country", "said"),
    [
        ("en", "US", r"Due by \w{3} \d{1,2}, \d{4}\."),
        ("en-GB", "GB", r"Due by \d{1,2} \w{3,4} \d{4}\."),
        ("ko", "KR", r"지급 기한: \d{4}\. \d{1,2}\. \d{1,2}\."),
    ],
)
def test_the_day_to_pay_by_is_written_as_its_reader_writes_days(
    world: World, language: str, country: str, said: str
) -> None:
    world.customers.move(SEOUL, language=language, country=country)
    paper = paper_of(world.invoices.documents(MAKER, world.sent("7.50", customer=SEOUL))[0])
    assert paper.payment is not None
    assert re.fullmatch(said, paper.payment.terms), paper.payment.terms
    assert paper.due is not None
    assert paper.due.isoformat() not in paper.payment.terms

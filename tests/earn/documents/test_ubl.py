"""The electronic document against the schema of UBL 2.1 and the official rules of EN 16931 and Peppol BIS Billing 3.0."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judging import Judge
from papers import BUYER, ENERGY, FULL, SELLER, document, line

from monokoto.earn.documents import Document, DocumentKind, DocumentLine, Payment, electronic_faults, ubl
from monokoto.earn.pricing import DocumentAdjustment, currency
from monokoto.kernel.errors import Invalid

pytest.importorskip("saxonche")

UNTAXED = (("AE", "Reverse charge"), ("K", "Intra-community supply"), ("E", "Exempt"), ("G", "Export"), ("Z", ""))
COUPON = DocumentAdjustment(amount=Decimal("2.00"), category="S", rate_percent=Decimal(19))
SURCHARGE = DocumentAdjustment(amount=Decimal("1.50"), category="S", rate_percent=Decimal(7), is_charge=True)
CREDIT = {"kind": DocumentKind.CREDIT_NOTE, "preceding": "2026-000016"}
PAPERS: dict[str, Document] = {
    "plain": document(),
    "with a coupon": document(FULL, (COUPON,)),
    "two rates and a surcharge": document((*FULL, line("10.00", id="4", rate="7")), (COUPON, SURCHARGE)),
    "credit note": document(**CREDIT),
    "credit note with a coupon taken back": document(FULL, (COUPON,), **CREDIT),
    "collected by direct debit": document(payment=Payment(mandate="M-1", creditor_id="DE98ZZZ09999999999")),
    "no account": document(payment=Payment(terms="At the counter.")),
    "reference and order": document(buyer_reference="Dept. 7", order_reference="PO 4711", note="Thank you."),
    "in dollars": document(money="USD"),
    "in yen, without digits": document((line("570"),), money="JPY"),
    "by a price with many digits": document((line("0.33", quantity=Decimal(333), price=Decimal("0.001")),)),
    "nothing to pay": document((line("5.00"), line("-5.00", id="2"))),
    "less than nothing": document((line("-5.00"),)),
    **{
        f"category {code}": document((line("1000.00", category=code, rate="0"),), exemptions=((code, reason),))
        for code, reason in UNTAXED
    },
}


@pytest.mark.parametrize("name", PAPERS)
def test_every_kind_of_document_keeps_every_rule(judge: Judge, name: str) -> None:
    assert judge(ubl(PAPERS[name])) == set()


@given(
    st.lists(
        st.tuples(
            st.decimals("-5000", "5000", places=2).filter(bool),
            st.sampled_from([("S", "19"), ("S", "7"), ("Z", "0")]),
            st.decimals("0.001", "9999", places=3),
            st.decimals("0", "50", places=5),
        ),
        min_size=1,
        max_size=8,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], print_blob=True)
def test_any_lines_keep_the_arithmetic_rules(
    judge: Judge, rows: list[tuple[Decimal, tuple[str, str], Decimal, Decimal]]
) -> None:
    lines: list[DocumentLine] = [
        line(str(net), id=str(number), category=category, rate=rate, quantity=quantity, price=price, unit="kWh")
        for number, (net, (category, rate), quantity, price) in enumerate(rows, 1)
    ]
    assert judge(ubl(document(lines))) == set()


@pytest.mark.parametrize(
    ("before", "after", "rule"),
    [
        (b"<cac:LegalMonetaryTotal>", b"<cac:LegalMonetaryTotal><cbc:Note>late</cbc:Note>", "schema"),
        (b'currencyID="EUR">16.85</cbc:LineExtensionAmount', b'currencyID="EUR">16.84</cbc:LineExtensionAmount', "BR-CO-10"),
        (b'unitCode="KWH">41.166<', b'unitCode="KWH">42.166<', "PEPPOL-EN16931-R120"),
        (b"DE136695976", b"136695976", "BR-CO-09"),
        (b"<cbc:BuyerReference>2026-000017</cbc:BuyerReference>", b"", "PEPPOL-EN16931-R003"),
        (b">380<", b">999<", "BR-CL-01"),
    ],
)  # fmt: skip
def test_the_rules_find_what_is_wrong(judge: Judge, before: bytes, after: bytes, rule: str) -> None:
    right = ubl(document())
    assert before in right
    assert rule in judge(right.replace(before, after))


def test_a_price_that_does_not_come_to_the_amount_is_one_of_the_amount() -> None:
    told = ubl(document()).decode()
    washes, energy = re.findall(r"<cac:InvoiceLine>.*?</cac:InvoiceLine>", told, re.DOTALL)[:2]
    assert ">1</cbc:InvoicedQuantity>" in washes
    assert ">5.70</cbc:PriceAmount>" in washes
    assert "3 at 1.20" in washes, "how it came about is told all the same"
    assert f">{ENERGY.quantity}</cbc:InvoicedQuantity>" in energy
    assert ">0.30</cbc:PriceAmount>" in energy


def test_what_the_standard_asks_for_and_is_missing_is_named() -> None:
    paper = document(seller=replace(SELLER, vat_id="", email=""), payment=Payment(), due=None)
    with pytest.raises(Invalid) as refused:
        ubl(paper)
    assert {fault.place for fault in refused.value.faults} == {"seller.vat_id", "seller.endpoint", "due"}


@pytest.mark.parametrize(("code", "places"), [("EUR", []), ("JPY", []), ("KWD", ["currency"]), ("IQD", ["currency"])])
def test_a_currency_of_three_digits_has_no_electronic_form(code: str, places: list[str]) -> None:
    paper = replace(document((line("570"),)), currency=currency(code))
    assert [one.place for one in electronic_faults(paper)] == places
    if places:
        with pytest.raises(Invalid, match="no electronic form") as refused:
            ubl(paper)
        assert "BR-DEC" in refused.value.faults[0].reason


def test_reverse_charge_needs_the_customers_vat_id_and_a_reason() -> None:
    lines = (line("10.00", category="AE", rate="0"),)
    with pytest.raises(Invalid, match="not complete"):
        document(lines)
    with pytest.raises(Invalid) as refused:
        ubl(
            document(
                lines, exemptions=(("AE", "Reverse charge"),), buyer=replace(BUYER, vat_id="", email="a@b.example")
            )
        )
    assert [fault.place for fault in refused.value.faults] == ["buyer.vat_id"]

"""Random documents against the schema and the official rules: every tax, credit notes, allowances, sums of zero, currencies."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from judging import Judge
from papers import BUYER, SELLER, document, line

from monokoto.earn.documents import Document, DocumentKind, DocumentLine, Payment, ubl
from monokoto.earn.pricing import DocumentAdjustment, currency

pytest.importorskip("saxonche")
REASONS = {
    "E": "Exempt", "AE": "Reverse charge", "K": "Intra-community supply", "G": "Export outside the EU",
    "O": "Outside the scope of VAT",
}  # fmt: skip
TAXED = (("S", "19"), ("S", "7"), ("S", "5.5"), ("Z", "0"), ("E", "0"))
ALONE = (("AE", "0"), ("K", "0"), ("G", "0"), ("O", "0"))
"""What a whole document is."""
CURRENCIES = ("EUR", "USD", "JPY", "KRW", "CHF", "GBP")
SHORT, LONG = 20, 300


def paper(chance: random.Random) -> Document:
    """Any document that can be."""
    code = chance.choice(CURRENCIES)
    taxes = [chance.choice(ALONE)] if chance.random() < 0.35 else chance.sample(TAXED, chance.randint(1, 3))
    lines = [_line(chance, str(number), code, *chance.choice(taxes)) for number in range(1, chance.randint(2, 9))]
    if chance.random() < 0.15:
        back = lines[0]
        lines = [back, replace(back, id="2", net=-back.net, quantity=-back.quantity)]
    used = sorted({(one.category, f"{one.rate_percent:f}") for one in lines})
    adjustments = [_adjustment(chance, code, *chance.choice(used)) for _ in range(chance.choice((0, 0, 1, 2)))]
    outside = used == [("O", "0")]
    known = chance.random() < 0.6 or used[0][0] in {"AE", "K"}
    seller = replace(SELLER, vat_id="") if outside else SELLER
    buyer = BUYER if known and not outside else replace(BUYER, vat_id="", endpoint="9930:x", endpoint_scheme="9930")
    more: dict[str, object] = {
        "seller": replace(seller, endpoint="DE136695976", endpoint_scheme="9930"), "buyer": buyer,
        "exemptions": tuple((name, REASONS[name]) for name, _ in used if name in REASONS),
        "payment": chance.choice((Payment(terms="Soon."), Payment(iban="DE89370400440532013000"),
                                  Payment(mandate="M-1", creditor_id="DE98ZZZ09999999999"))),
        "period": None if chance.random() < 0.3 else document().period, "due": date(2026, 11, 15),
    }  # fmt: skip
    if chance.random() < 0.3:
        more |= {"kind": DocumentKind.CREDIT_NOTE, "preceding": "2026-000016"}
    return document(lines, adjustments, money=code, **more)


def _line(chance: random.Random, name: str, code: str, category: str, rate: str) -> DocumentLine:
    quantity = Decimal(chance.randint(-3000, 9000) or 1).scaleb(-chance.randint(0, 3))
    price = Decimal(chance.randint(0, 500_000)).scaleb(-chance.randint(0, 5))
    exact = chance.random() < 0.7
    net = quantity * price if exact else Decimal(chance.randint(-50_000, 90_000)).scaleb(-2)
    rounded = f"{currency(code).round(net):f}"
    told = {"quantity": quantity, "unit": chance.choice(("kWh", "h", "wash", "")), "price": price}
    return line(rounded, id=name, category=category, rate=rate, **told)


def _adjustment(chance: random.Random, code: str, category: str, rate: str) -> DocumentAdjustment:
    amount = currency(code).round(Decimal(chance.randint(1, 9999)).scaleb(-2))
    charge = chance.random() < 0.4
    return DocumentAdjustment(amount=amount, category=category, rate_percent=Decimal(rate), is_charge=charge)


def held(judge: Judge, seeds: range) -> None:
    """All of them keep all rules; those that do not are named by their seed."""
    broken = {seed: found for seed in seeds if (found := judge(ubl(paper(random.Random(f"paper {seed}")))))}
    assert broken == {}


def test_random_documents_keep_every_rule(judge: Judge) -> None:
    held(judge, range(SHORT))


@pytest.mark.long
def test_hundreds_of_random_documents_keep_every_rule(judge: Judge) -> None:
    held(judge, range(SHORT, LONG))

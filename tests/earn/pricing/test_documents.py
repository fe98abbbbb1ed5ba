"""Parts add up to their whole, documents to their totals, and nobody pays a cent too much."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.earn import pricing
from monokoto.earn.metering import Span
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, Currency

quick = settings(max_examples=150, deadline=None)

EURO = pricing.currency("EUR")
cents = st.integers(-1_000_000, 1_000_000).map(EURO.of_smallest)
paid = st.integers(0, 1_000_000).map(EURO.of_smallest)
rates = st.sampled_from([Decimal(text) for text in ("0", "7", "19", "20", "25.5", "8.875")])


@quick
@given(cents, st.lists(st.fractions(0, 100), min_size=1, max_size=9).filter(any))
def test_what_is_divided_adds_up(total: Decimal, weights: list[Fraction]) -> None:
    parts = pricing.allocate(total, weights, EURO)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(Fraction(part) - Fraction(total) * weight / sum(weights)) < Fraction(1, 100)
        assert weight or not part, "nothing for nobody"
    assert pricing.allocate(-total, weights, EURO) == [-part for part in parts], "taking back undoes"


def test_cents_go_to_those_who_lost_most() -> None:
    assert pricing.allocate(Decimal("100.00"), [Decimal(1)] * 3, EURO) == [
        Decimal("33.34"),
        Decimal("33.33"),
        Decimal("33.33"),
    ]
    shared = pricing.share_out(Decimal("10.01"), {"city": Decimal(50), "bus": Decimal(30), "app": Decimal(20)}, EURO)
    assert shared == {"app": Decimal("2.00"), "bus": Decimal("3.00"), "city": Decimal("5.01")}
    for total, weights in (
        (Decimal(1), []),
        (Decimal(1), [ZERO]),
        (Decimal(1), [Decimal(-1), Decimal(2)]),
        (Decimal("0.001"), [Decimal(1)]),
    ):
        with pytest.raises(Invalid):
            pricing.allocate(total, weights, EURO)


coupons = st.lists(
    st.one_of(
        st.builds(pricing.Coupon, amount=paid, lines=st.none() | st.frozensets(st.integers(0, 4))),
        st.builds(
            pricing.Coupon, percent=st.decimals(0, 100, places=1), lines=st.none() | st.frozensets(st.integers(0, 4))
        ),
    ),
    max_size=4,
)


@quick
@given(
    st.lists(st.tuples(cents, rates), min_size=1, max_size=5), coupons, paid, paid, st.sampled_from(pricing.TaxRounding)
)
def test_an_invoice_adds_up(
    fees: list[tuple[Decimal, Decimal]],
    coupons: list[pricing.Coupon],
    noted: Decimal,
    prepaid: Decimal,
    rounding: pricing.TaxRounding,
) -> None:
    lines = [pricing.Fee(amount=amount, tax_percent=rate) for amount, rate in fees]
    found = pricing.invoice_totals(
        lines, EURO, coupons=coupons, credit_notes=noted, prepaid=prepaid, tax_rounding=rounding
    )
    off = [sum(one[index] for one in found.coupons) for index in range(len(fees))]
    assert found.subtotal == sum(amount for amount, _ in fees) - sum(off)
    assert all(0 <= gone <= max(amount, ZERO) for gone, (amount, _) in zip(off, fees, strict=True))
    assert found.total == found.subtotal + found.tax
    assert found.due == found.total - found.credit_notes - found.prepaid
    assert 0 <= found.credit_notes <= noted
    assert 0 <= found.prepaid <= prepaid
    assert found.due >= 0 or found.due == found.total < 0, "credits are never turned into money owed"
    exactly = sum(
        Fraction(amount - gone) * Fraction(rate) / 100 for gone, (amount, rate) in zip(off, fees, strict=True)
    )
    assert abs(Fraction(found.tax) - exactly) <= Fraction(len(fees), 200)
    for value in fields(found):
        amount = getattr(found, value.name)
        assert isinstance(amount, tuple) or EURO.round(amount) == amount


@quick
@given(st.lists(paid, min_size=1, max_size=5), coupons)
def test_payable_parts_of_coupons_are_the_exact_ones_rounded(
    lines: list[Decimal], coupons: list[pricing.Coupon]
) -> None:
    exactly = pricing.coupon_shares(lines, coupons)
    payable = pricing.coupon_lines(lines, coupons, EURO)
    for index, share in enumerate(exactly):
        assert 0 <= share <= lines[index]
        taken = sum((one[index] for one in payable), ZERO)
        assert abs(Fraction(taken) - share) <= Fraction(3 * len(coupons), 100)


@quick
@given(st.lists(paid, min_size=1, max_size=8), rates)
def test_credit_notes_give_back_what_was_charged(nets: list[Decimal], rate: Decimal) -> None:
    notes = pricing.credit_notes(nets, rate, EURO)
    assert sum(notes) == EURO.round(Fraction(sum(nets)) * (1 + Fraction(rate) / 100))
    assert all(note >= 0 for note in notes)


@quick
@given(st.lists(cents, max_size=6), st.lists(paid, max_size=3))
def test_credits_pay_lines_and_vanish_nowhere(lines: list[Decimal], offered: list[Decimal]) -> None:
    left = pricing.put_on_lines(lines, offered)
    used = sum(lines, ZERO) - sum(left, ZERO)
    assert used == min(sum(offered, ZERO), sum((line for line in lines if line > 0), ZERO))
    assert all(after == before or 0 <= after < before for before, after in zip(lines, left, strict=True))


categories = st.sampled_from([("S", "19"), ("S", "7"), ("Z", "0"), ("AE", "0"), ("O", "0")])
electronic_lines = st.lists(st.tuples(cents, categories), min_size=1, max_size=6).map(
    lambda rows: [
        pricing.ElectronicLine(net=net, category=name, rate_percent=Decimal(rate)) for net, (name, rate) in rows
    ]
)
adjusting = st.lists(st.tuples(cents, categories, st.booleans()), max_size=4).map(
    lambda rows: [
        pricing.DocumentAdjustment(amount=amount, category=name, rate_percent=Decimal(rate), is_charge=charge)
        for amount, (name, rate), charge in rows
    ]
)


@quick
@given(electronic_lines, adjusting, cents, st.data())
def test_electronic_documents_keep_the_rules(
    lines: list[pricing.ElectronicLine],
    adjustments: list[pricing.DocumentAdjustment],
    prepaid: Decimal,
    data: st.DataObject,
) -> None:
    found = pricing.electronic_totals(lines, adjustments, EURO, prepaid=prepaid)
    assert pricing.broken_rules(found, lines, adjustments) == []
    name = data.draw(st.sampled_from([one.name for one in fields(found) if one.name != "subtotals"]))
    spoilt = replace(found, **{name: getattr(found, name) + Decimal("0.01")})
    assert pricing.broken_rules(spoilt, lines, adjustments), f"{name} is a cent off and nobody noticed"
    row = found.subtotals[0]
    for wrong in (replace(row, tax=row.tax + Decimal("0.02")), replace(row, taxable=row.taxable + Decimal("0.01"))):
        spoilt = replace(found, subtotals=(wrong, *found.subtotals[1:]))
        assert pricing.broken_rules(spoilt, lines, adjustments)


def test_documents_the_standard_has_no_place_for_are_refused() -> None:
    line = pricing.ElectronicLine(net=Decimal(1), category="S", rate_percent=Decimal(19))
    for lines, code in (
        ([], "EUR"),
        ([line], "KWD"),
        ([replace(line, net=Decimal("0.001"))], "EUR"),
        ([replace(line, net=Decimal("0.5"))], "JPY"),
        ([replace(line, category="Q")], "EUR"),
        ([replace(line, rate_percent=ZERO)], "EUR"),
        ([replace(line, category="AE")], "EUR"),
    ):
        with pytest.raises(Invalid):
            pricing.electronic_totals(lines, [], pricing.currency(code))


def test_maintenance_is_neither_up_nor_down() -> None:
    month = Span(0, 1000)
    down = [Span(-50, 100), Span(50, 150), Span(900, 2000)]
    assert pricing.uptime_percent(month, []) == 100
    assert pricing.uptime_percent(month, down) == 75
    assert pricing.uptime_percent(month, [Span(0, 500), Span(100, 200), Span(300, 400)]) == 50, "one within another"
    assert pricing.uptime_percent(month, down, [Span(0, 200)]) == Fraction(700, 8)
    assert pricing.uptime_percent(month, down, [Span(0, 1000)]) == 100
    table = pricing.CreditTable(
        tiers=tuple(
            pricing.CreditTier(at_least_percent=Decimal(low), credit_percent=Decimal(back))
            for low, back in ((99, 0), (75, 10), (0, 50))
        ),
        minimum=Decimal(1),
    )
    assert table.credit(pricing.uptime_percent(month, down), Decimal("123.45"), EURO) == Decimal("12.35")
    assert table.credit(Fraction(100), Decimal(100), EURO) == 0
    assert table.credit(Decimal(80), Decimal(10), EURO) == 0, "one euro is not above one euro"
    assert table.credit(Decimal(80), Decimal("10.10"), EURO) == Decimal("1.01")


@quick
@given(st.lists(paid, min_size=1, max_size=8), st.integers(0, 1_000_000).map(Decimal))
def test_how_sales_are_cut_up_changes_no_share(sales: list[Decimal], border: Decimal) -> None:
    terms = pricing.RevenueShare(
        tiers=(
            pricing.RateTier(up_to=border + 1, rate_percent=ZERO),
            pricing.RateTier(up_to=None, rate_percent=Decimal("12.5")),
        ),
        processing_percent=Decimal("2.9"),
    )
    so_far, kept, out = ZERO, ZERO, ZERO
    for gross in sales:
        found = terms.split(so_far, gross, EURO)
        assert found.payout + found.platform_fee + found.processing_fee == gross
        so_far, kept, out = so_far + gross, kept + found.platform_fee, out + found.payout
    at_once = terms.split(ZERO, so_far, EURO)
    assert (kept, out) == (at_once.platform_fee, at_once.payout)


def test_a_currency_of_our_own_has_the_digits_it_says() -> None:
    token = Currency("TOKEN", 6)
    assert pricing.allocate(Decimal(1), [Decimal(1)] * 3, token)[0] == Decimal("0.333334")
    with pytest.raises(Invalid):
        Currency("TOKEN", 40)

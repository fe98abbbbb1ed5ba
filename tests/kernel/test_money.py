"""Amounts are exact, and rounding does what it says."""

from __future__ import annotations

import decimal
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import EXACT, Currency, Money, Rounding, exact, number, rounded

EURO = Currency("EUR", 2)
amounts = st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, allow_infinity=False, places=6)


@pytest.mark.parametrize(
    "value", [0.1, True, None, "0,1", "", "NaN", "-Infinity", "1" * 39, "1E+39", "1e-39", "9" * 500]
)
def test_what_is_no_exact_number_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        number(value)


def test_numbers_come_from_texts_and_whole_numbers() -> None:
    assert number("0.10") == number("1E-1") == Decimal("0.1")
    assert number(7) == 7


def test_sums_and_products_lose_no_digit_whatever_the_thread_computes_with() -> None:
    long = Decimal("1" * 38)

    @exact
    def computed() -> Decimal:
        return long * long + Decimal("1e-38")

    with decimal.localcontext(decimal.Context(prec=3)):
        assert int(computed()) == int("1" * 38) ** 2
        assert Fraction(computed()) - int("1" * 38) ** 2 == Fraction(1, 10**38)
        assert str(Money(long, EURO) + Money(Decimal("0.01"), EURO)) == f"{long}.01 EUR"


def test_what_would_lose_a_digit_raises() -> None:
    with decimal.localcontext(EXACT), pytest.raises(decimal.Inexact):
        _ = Decimal(1) / 3
    with decimal.localcontext(EXACT), pytest.raises(decimal.FloatOperation):
        _ = Decimal(1) < 0.5


@given(amounts, st.integers(-3, 6), st.sampled_from(Rounding))
def test_decimals_and_fractions_round_alike(amount: Decimal, places: int, mode: Rounding) -> None:
    found = rounded(amount, places, mode)
    assert found == rounded(Fraction(amount), places, mode)
    assert abs(found - amount) * (2 if mode in {Rounding.HALF_UP, Rounding.HALF_EVEN} else 1) <= Decimal(10) ** -places
    assert not (mode is Rounding.CEIL and found < amount)
    assert not (mode is Rounding.FLOOR and found > amount)


@given(amounts)
def test_taking_back_undoes(amount: Decimal) -> None:
    assert EURO.round(-amount) == -EURO.round(amount)
    assert str(EURO.round(amount)) != "-0.00"
    assert EURO.of_smallest(EURO.smallest(EURO.round(amount))) == EURO.round(amount)


def test_a_half_goes_away_from_zero() -> None:
    assert (rounded(Decimal("2.5"), 0), rounded(Decimal("-2.5"), 0)) == (3, -3)
    assert rounded(Decimal("2.5"), 0, Rounding.HALF_EVEN) == rounded(Fraction(5, 2), 0, Rounding.HALF_EVEN) == 2


def test_currencies_do_not_mix() -> None:
    with pytest.raises(Invalid):
        _ = Money(Decimal(1), EURO) + Money(Decimal(1), Currency("USD", 2))
    assert -Money(Decimal(0), EURO) == Money(Decimal(0), EURO)
    assert Money(Decimal(1), EURO) - Money(Decimal(3), EURO) < Money(Decimal(-1), EURO)


def test_a_part_of_a_cent_is_no_number_of_cents() -> None:
    with pytest.raises(Invalid):
        EURO.smallest(Decimal("0.001"))
    with pytest.raises(Invalid):
        Money(Decimal("NaN"), EURO)

"""Money: exact decimals, currencies with their own digits, and the only functions that round.

Sums and products are exact: they run in `EXACT`, which has far more digits than two bounded numbers can need and raises
`decimal.Inexact` rather than lose one. A division has no exact decimal, so a ratio stays a `fractions.Fraction` until
`rounded` makes a decimal of it. Binary fractions (`float`) are refused: 0.1 is not a tenth of anything. Why, and what
was refused: docs/adr/0018.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from functools import wraps
from typing import ParamSpec, TypeVar

from monokoto.kernel import limits
from monokoto.kernel.errors import Invalid

P = ParamSpec("P")
R = TypeVar("R")

EXACT = decimal.Context(
    prec=400,
    rounding=decimal.ROUND_HALF_EVEN,
    traps=[
        decimal.InvalidOperation,
        decimal.DivisionByZero,
        decimal.Overflow,
        decimal.FloatOperation,
        decimal.Inexact,
    ],
)
"""Sums and products in here keep every digit, or raise."""

_ROUNDING = decimal.Context(prec=400, traps=[decimal.InvalidOperation, decimal.FloatOperation])

ZERO = Decimal(0)


class Rounding(StrEnum):
    """How a number is cut to fewer digits."""

    HALF_UP = "half_up"
    """The nearest; a half goes away from zero, so that a reversal is the negative of what it reverses."""
    HALF_EVEN = "half_even"
    CEIL = "ceil"
    """Toward plus infinity."""
    FLOOR = "floor"
    """Toward minus infinity."""


_DECIMAL_ROUNDING = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.CEIL: decimal.ROUND_CEILING,
    Rounding.FLOOR: decimal.ROUND_FLOOR,
}


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` in `EXACT`, whatever the thread's context is."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with decimal.localcontext(EXACT):
            return function(*args, **kwargs)

    return inside


def number(value: str | int | Decimal) -> Decimal:
    """An exact decimal of a text, a whole number or a decimal. Raises Invalid for anything else, and for what is too long."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Invalid(
            f"An amount is an exact decimal, not a {type(value).__name__}.", remedy='Write it as a text: "0.1".'
        )
    if isinstance(value, str) and len(value) > 4 * limits.DECIMAL_DIGITS_MAX:
        raise Invalid("The number is too long.")
    try:
        found = Decimal(value)
    except decimal.InvalidOperation:
        raise Invalid(f"{value!r} is not a decimal number.", remedy='Write it like "1234.50".') from None
    if not found.is_finite():
        raise Invalid(f"{value!r} is not an amount.")
    digits, exponent = found.as_tuple().digits, found.as_tuple().exponent
    assert isinstance(exponent, int)
    if len(digits) > limits.DECIMAL_DIGITS_MAX or abs(exponent) > limits.DECIMAL_DIGITS_MAX:
        raise Invalid(f"A number has at most {limits.DECIMAL_DIGITS_MAX} digits before and after the point.")
    return found


def rounded(value: Decimal | Fraction, places: int, mode: Rounding = Rounding.HALF_UP) -> Decimal:
    """`value` with `places` digits after the point; negative places round to tens, hundreds. Never a negative zero."""
    if isinstance(value, Fraction):
        found = Decimal(_whole(value * Fraction(10) ** places, mode)).scaleb(-places, context=EXACT)
    else:
        found = value.quantize(Decimal(1).scaleb(-places), rounding=_DECIMAL_ROUNDING[mode], context=_ROUNDING)
    return found if found else abs(found)


def plain(value: Decimal) -> Decimal:
    """The same without zeros at the end of its fraction, and never in powers of ten."""
    shorter = value.normalize(EXACT)
    exponent = shorter.as_tuple().exponent
    return shorter.quantize(Decimal(1), context=EXACT) if isinstance(exponent, int) and exponent > 0 else shorter


def _whole(value: Fraction, mode: Rounding) -> int:
    if mode is Rounding.HALF_EVEN:
        return round(value)
    if mode is Rounding.CEIL:
        return -((-value.numerator) // value.denominator)
    if mode is Rounding.FLOOR:
        return value.numerator // value.denominator
    nearest = (2 * abs(value.numerator) + value.denominator) // (2 * value.denominator)
    return nearest if value >= 0 else -nearest


@dataclass(frozen=True, slots=True)
class Currency:
    """A unit of money and how many digits after the point it has. Known ones: `earn.pricing.currency`."""

    code: str
    digits: int

    def __post_init__(self) -> None:
        if not 0 <= self.digits <= limits.CURRENCY_DIGITS_MAX:
            raise Invalid(f"A currency has 0 to {limits.CURRENCY_DIGITS_MAX} digits after the point.")

    def round(self, amount: Decimal | Fraction) -> Decimal:
        """The nearest amount that can be paid; half a smallest unit goes away from zero."""
        return rounded(amount, self.digits)

    @exact
    def smallest(self, amount: Decimal) -> int:
        """`amount` in the smallest units (cents). Raises Invalid when it is not a whole number of them."""
        scaled = amount.scaleb(self.digits)
        if scaled != scaled.to_integral_value(context=_ROUNDING):
            raise Invalid(f"{amount} {self.code} is not a whole number of its smallest unit.")
        return int(scaled)

    @exact
    def of_smallest(self, units: int) -> Decimal:
        """The amount of so many smallest units."""
        return Decimal(units).scaleb(-self.digits)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, exact; `rounded` makes it payable. Two currencies never meet in one sum."""

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise Invalid("An amount of money is a finite exact decimal.")

    @exact
    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    @exact
    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    @exact
    def __neg__(self) -> Money:
        return Money(-self.amount if self.amount else self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def rounded(self) -> Money:
        """What can be paid."""
        return Money(self.currency.round(self.amount), self.currency)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency.code}"

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise Invalid(f"{self.currency.code} and {other.currency.code} do not add up.")

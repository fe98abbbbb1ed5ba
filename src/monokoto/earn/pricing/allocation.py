"""Splitting an amount into parts that can be paid and still add up: the method of the largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import Currency, Rounding, exact, rounded


@exact
def round_together(amounts: Sequence[Decimal | Fraction], total: Decimal, places: int) -> list[Decimal]:
    """Round `amounts` to `places` so that they add up to `total`.

    Each is cut down, and the smallest units that are then missing go to the parts that lost most, of equal losses to the
    earlier one. `total` is less than one smallest unit for each amount away from their sum; otherwise raises Invalid.
    """
    cut = [rounded(amount, places, Rounding.FLOOR) for amount in amounts]
    missing = (total - sum(cut, Decimal(0))).scaleb(places)
    if missing != missing.to_integral_value() or not 0 <= missing <= len(cut):
        raise Invalid("The amounts do not come to that total.")
    lost = [Fraction(amount) - Fraction(down) for amount, down in zip(amounts, cut, strict=True)]
    order = sorted(range(len(cut)), key=lambda index: (-lost[index], index))
    for index in order[: int(missing)]:
        cut[index] += Decimal(1).scaleb(-places)
    return cut


@exact
def allocate(total: Decimal, weights: Sequence[Decimal | Fraction], currency: Currency) -> list[Decimal]:
    """Split a payable `total` by weight into payable parts that add up to it.

    A negative total is split as its positive, so that taking back undoes. Raises Invalid for negative weights, weights
    that are all zero, or a total that cannot be paid.
    """
    whole = sum((Fraction(weight) for weight in weights), Fraction(0))
    if any(weight < 0 for weight in weights) or (total and not whole):
        raise Invalid("Weights are zero or more, and not all zero.")
    if currency.round(total) != total:
        raise Invalid(f"{total} {currency.code} cannot be paid.")
    if not total:
        return [currency.round(total) for _ in weights]
    exact_parts = [Fraction(abs(total)) * Fraction(weight) / whole for weight in weights]
    parts = round_together(exact_parts, abs(total), currency.digits)
    return [currency.round(-part) for part in parts] if total < 0 else parts

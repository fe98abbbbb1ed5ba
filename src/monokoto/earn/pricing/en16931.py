"""Document totals as the European standard EN 16931-1 (6.4.2, rules BR-CO-10 to BR-CO-18) defines them, and the check of
a document against it.

`electronic_totals` computes; `broken_rules` is written from the rules alone and shares nothing with it. BT numbers are
the standard's business terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.money import ZERO, Currency, exact

_PLACES_MAX = 2  # BR-DEC: no amount of a document has more digits after the point
_TAXED = frozenset({"S", "L", "M"})
_UNTAXED = frozenset({"Z", "E", "AE", "K", "G", "O"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronicLine:
    """An invoice line's net amount (BT-131) and its VAT category (BT-151, UNCL5305) and rate (BT-152)."""

    net: Decimal
    category: str
    rate_percent: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentAdjustment:
    """An allowance (BT-92) or charge (BT-99) on the document."""

    amount: Decimal
    category: str
    rate_percent: Decimal = ZERO
    is_charge: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSubtotal:
    """One row of the VAT breakdown (BG-23)."""

    category: str
    rate_percent: Decimal
    taxable: Decimal
    """BT-116."""
    tax: Decimal
    """BT-117."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectronicTotals:
    """BG-22 and BG-23."""

    line_total: Decimal
    """BT-106."""
    allowances: Decimal
    """BT-107."""
    charges: Decimal
    """BT-108."""
    tax_exclusive: Decimal
    """BT-109."""
    tax_total: Decimal
    """BT-110."""
    tax_inclusive: Decimal
    """BT-112."""
    prepaid: Decimal
    """BT-113."""
    rounding: Decimal
    """BT-114."""
    payable: Decimal
    """BT-115."""
    subtotals: tuple[TaxSubtotal, ...]


@exact
def electronic_totals(
    lines: Sequence[ElectronicLine],
    adjustments: Sequence[DocumentAdjustment],
    currency: Currency,
    *,
    prepaid: Decimal = ZERO,
    rounding: Decimal = ZERO,
) -> ElectronicTotals:
    """Add a document up; the breakdown is ordered by category and rate.

    Raises Invalid for amounts with more digits than the currency or the standard has, and for rates that contradict
    their category.
    """
    if currency.digits > _PLACES_MAX:
        raise Invalid(f"EN 16931 has no place for the {currency.digits} digits of {currency.code}.")
    _check_input(lines, adjustments, currency)
    bases: dict[tuple[str, Decimal], Decimal] = {}
    rows: list[ElectronicLine | DocumentAdjustment] = [*lines, *adjustments]
    for one in rows:
        key = (one.category, one.rate_percent)
        bases[key] = bases.get(key, ZERO) + _signed(one)
    subtotals = tuple(
        TaxSubtotal(
            category=category,
            rate_percent=rate,
            taxable=taxable,
            tax=currency.round(Fraction(taxable) * Fraction(rate) / 100),
        )
        for (category, rate), taxable in sorted(bases.items())
    )
    line_total = sum((line.net for line in lines), ZERO)
    allowances = sum((one.amount for one in adjustments if not one.is_charge), ZERO)
    charges = sum((one.amount for one in adjustments if one.is_charge), ZERO)
    tax_total = sum((row.tax for row in subtotals), ZERO)
    tax_exclusive = line_total - allowances + charges
    return ElectronicTotals(
        line_total=line_total,
        allowances=allowances,
        charges=charges,
        tax_exclusive=tax_exclusive,
        tax_total=tax_total,
        tax_inclusive=tax_exclusive + tax_total,
        prepaid=prepaid,
        rounding=rounding,
        payable=tax_exclusive + tax_total - prepaid + rounding,
        subtotals=subtotals,
    )


def _signed(one: ElectronicLine | DocumentAdjustment) -> Decimal:
    if isinstance(one, ElectronicLine):
        return one.net
    return one.amount if one.is_charge else -one.amount


def _check_input(
    lines: Sequence[ElectronicLine], adjustments: Sequence[DocumentAdjustment], currency: Currency
) -> None:
    faults = []
    rows: list[ElectronicLine | DocumentAdjustment] = [*lines, *adjustments]
    for number, one in enumerate(rows, 1):
        place = f"{number}"
        if currency.round(_signed(one)) != _signed(one):
            faults.append(Fault(place=place, reason="has more digits than the currency"))
        if one.category not in _TAXED | _UNTAXED:
            faults.append(Fault(place=place, reason=f"has no VAT category of UNCL5305: {one.category!r}"))
        elif one.category == "S" and one.rate_percent <= 0:
            faults.append(Fault(place=place, reason="is of category S, whose rate is above zero (BR-S-05)"))
        elif one.category in _UNTAXED and one.rate_percent:
            faults.append(Fault(place=place, reason=f"is of category {one.category}, whose rate is zero"))
    if not lines:
        faults.append(Fault(place="lines", reason="an invoice has at least one (BR-16)"))
    if faults:
        raise Invalid("The document cannot be added up.", faults=faults)


@exact
def broken_rules(
    totals: ElectronicTotals, lines: Sequence[ElectronicLine], adjustments: Sequence[DocumentAdjustment]
) -> list[str]:
    """The arithmetic rules a document breaks, by their names; none: it adds up."""
    given = {True: ZERO, False: ZERO}
    for one in adjustments:
        given[one.is_charge] += one.amount
    half = Fraction(1, 200)
    taxes_near = all(
        abs(Fraction(row.tax) - Fraction(row.taxable) * Fraction(row.rate_percent) / 100) <= half
        for row in totals.subtotals
    )
    keys = [(row.category, row.rate_percent) for row in totals.subtotals]
    bases: dict[tuple[str, Decimal], Decimal] = {}
    for line in lines:
        key = (line.category, line.rate_percent)
        bases[key] = bases.get(key, ZERO) + line.net
    for one in adjustments:
        key = (one.category, one.rate_percent)
        bases[key] = bases.get(key, ZERO) + (one.amount if one.is_charge else -one.amount)
    told = {(row.category, row.rate_percent): row.taxable for row in totals.subtotals}
    rules = (
        ("BR-CO-10", totals.line_total == sum((line.net for line in lines), ZERO)),
        ("BR-CO-11", totals.allowances == given[False]),
        ("BR-CO-12", totals.charges == given[True]),
        ("BR-CO-13", totals.tax_exclusive == totals.line_total - totals.allowances + totals.charges),
        ("BR-CO-14", totals.tax_total == sum((row.tax for row in totals.subtotals), ZERO)),
        ("BR-CO-15", totals.tax_inclusive == totals.tax_exclusive + totals.tax_total),
        ("BR-CO-16", totals.payable == totals.tax_inclusive - totals.prepaid + totals.rounding),
        ("BR-CO-17", taxes_near),
        ("BR-CO-18", bool(keys) and len(keys) == len(set(keys)) and told == bases),
    )
    return [name for name, holds in rules if not holds]

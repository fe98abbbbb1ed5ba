"""Giving back: which lines of an invoice a credit note takes, and that all of them together never give more than it charged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from monokoto.earn.invoices.line import LineKind
from monokoto.earn.invoices.totals import TaxedLine, Totals
from monokoto.earn.pricing import TaxSubtotal, credit_notes
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.money import ZERO, Currency, exact

Group = tuple[str, Decimal]
"""Category and rate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a credit note says: amounts above zero are given back."""

    lines: tuple[TaxedLine, ...]
    totals: Totals


@exact
def give_back(
    charged: Sequence[TaxedLine],
    gross: Decimal,
    before: Sequence[Given],
    wanted: Mapping[str, Decimal] | None,
    currency: Currency,
) -> Given:
    """The next credit note for an invoice of these lines, after those `before`: net amounts by line, or all that is left.

    Each note brings what is given back so far, for each category and rate, to the rounded gross of it: together they give what one
    note would (`pricing.credit_notes`).

    Raises:
        Invalid: a line that is not there, an amount with too many digits, more than a line charged.
        Conflict: nothing is left, or more than the invoice charged would be given back.
    """
    left = left_of(charged, before)
    amounts = {key: amount for key, amount in left.items() if amount} if wanted is None else dict(wanted)
    _check(amounts, left, currency)
    lines = tuple(
        replace(
            one, line=replace(one.line, amount=amounts[one.line.key], kind=LineKind.CREDIT, quantity=None, price=None)
        )
        for one in charged
        if one.line.key in amounts
    )
    totals = _totals(lines, before, currency)
    _check_bounds(charged, gross, [*before, Given(lines=lines, totals=totals)])
    return Given(lines=lines, totals=totals)


@exact
def left_of(charged: Sequence[TaxedLine], before: Sequence[Given]) -> dict[str, Decimal]:
    """By line what the credit notes `before` left of it."""
    left = {one.line.key: one.line.amount for one in charged}
    for note in before:
        for one in note.lines:
            left[one.line.key] -= one.line.amount
    return left


def _check(amounts: Mapping[str, Decimal], left: Mapping[str, Decimal], currency: Currency) -> None:
    faults = []
    for key, amount in amounts.items():
        if key not in left:
            faults.append(Fault(place=f"lines/{key}", reason="the invoice has no such line"))
        elif currency.round(amount) != amount:
            faults.append(Fault(place=f"lines/{key}", reason=f"has more digits than {currency.code}"))
        elif not amount or (amount > 0) != (left[key] > 0) or abs(amount) > abs(left[key]):
            faults.append(Fault(place=f"lines/{key}", reason=f"{left[key]:f} of it is left to give back"))
    if faults:
        raise Invalid("This cannot be given back.", faults=faults)
    if not amounts:
        raise Conflict("Nothing of this invoice is left to give back.")


def _groups(lines: Sequence[TaxedLine]) -> dict[Group, Decimal]:
    found: dict[Group, Decimal] = {}
    for one in lines:
        group = (one.category.value, one.rate_percent)
        found[group] = found.get(group, ZERO) + one.line.amount
    return found


def _totals(lines: Sequence[TaxedLine], before: Sequence[Given], currency: Currency) -> Totals:
    subtotals = []
    for group, net in sorted(_groups(lines).items()):
        earlier = [found[group] for note in before if group in (found := _groups(note.lines))]
        gross = credit_notes([*earlier, net], group[1], currency)[-1]
        subtotals.append(TaxSubtotal(category=group[0], rate_percent=group[1], taxable=net, tax=gross - net))
    net = sum((row.taxable for row in subtotals), ZERO)
    tax = sum((row.tax for row in subtotals), ZERO)
    return Totals(net=net, tax=tax, gross=net + tax, subtotals=tuple(subtotals))


def _check_bounds(charged: Sequence[TaxedLine], gross: Decimal, notes: Sequence[Given]) -> None:
    given: dict[Group, Decimal] = {}
    for note in notes:
        for group, net in _groups(note.lines).items():
            given[group] = given.get(group, ZERO) + net
    limits = _groups(charged)
    over = any(not min(limits[group], ZERO) <= net <= max(limits[group], ZERO) for group, net in given.items())
    total = sum((note.totals.gross for note in notes), ZERO)
    if over or total > gross or notes[-1].totals.gross <= ZERO:
        raise Conflict(
            f"All credit notes together would give back {total:f}; the invoice is over {gross:f}.",
            remedy="Give back the discounts of the lines with them, or all that is left.",
        )

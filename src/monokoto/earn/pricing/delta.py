"""Delta rating: rate the cumulative usage, subtract what is booked, and book the difference.

The one mechanism for whatever happens to usage after it was first charged: more of it, late data, corrections,
deletions, tiers crossed, caps reached, minima at the end, previews (the same call, not booked), invoices in the middle
of a period. What is booked never changes; what became too much is taken back by lines of negative amount. This is also
the one place where usage is rounded: the cumulative amount is, and its parts so that they add up to it. Therefore any
way to split the usage into runs books the same total as rating it at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate

from monokoto.earn.pricing.models import Rated, Usage
from monokoto.earn.pricing.tariff import Tariff
from monokoto.kernel.money import ZERO, Currency, exact


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A payable amount for one part of a price. Negative: it takes back."""

    key: str
    """The part it is for (`Part.key`)."""
    amount: Decimal
    quantity: Decimal = ZERO


@exact
def book(
    tariff: Tariff, usage: Usage, booked: Iterable[Line], currency: Currency, *, final: bool = False
) -> list[Line]:
    """The lines that bring what is booked to what cumulative `usage` costs.

    Args:
        tariff: With which the whole period is rated.
        usage: All of the period as it is known now.
        booked: Every line of the period so far.
        currency: Whose digits the lines have.
        final: Whether the period is over.

    Returns:
        Lines in the order of the price's parts, what is no longer due first; none where no amount changes.
    """
    return difference(lines_of(tariff.rate(usage, final=final), currency), booked)


@exact
def lines_of(rated: Rated, currency: Currency) -> list[Line]:
    """A rating as payable lines that add up to its rounded amount: the rounding point of usage.

    Part for part the running sum is rounded, not by largest remainder: a part that did not change, behind parts that did not
    change, then keeps its cents, and a later run has no line that moves a cent from one to the other.
    """
    amounts = differences_of(list(accumulate(part.amount for part in rated.parts)), currency)
    return [
        Line(key=part.key, amount=amount, quantity=part.quantity)
        for part, amount in zip(rated.parts, amounts, strict=True)
    ]


@exact
def difference(due: Iterable[Line], booked: Iterable[Line]) -> list[Line]:
    """What has to be booked on top of `booked` so that all of it comes to `due`, key by key."""
    wanted, had = _by_key(due), _by_key(booked)
    nothing = Line(key="", amount=ZERO)
    found = []
    for key in [*(key for key in had if key not in wanted), *wanted]:
        now, before = wanted.get(key, nothing), had.get(key, nothing)
        if now.amount != before.amount:
            found.append(Line(key=key, amount=now.amount - before.amount, quantity=now.quantity - before.quantity))
    return found


@exact
def total_of(lines: Iterable[Line]) -> Decimal:
    """What lines come to."""
    return sum((line.amount for line in lines), ZERO)


@exact
def differences_of(cumulative: Sequence[Decimal], currency: Currency) -> list[Decimal]:
    """The payable steps of a growing exact amount: each rounds the whole and subtracts what the steps before it came to."""
    steps, before = [], currency.round(ZERO)
    for amount in cumulative:
        now = currency.round(amount)
        steps.append(now - before)
        before = now
    return steps


def _by_key(lines: Iterable[Line]) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for line in lines:
        before = found.get(line.key)
        if before is not None:
            line = Line(  # noqa: PLW2901 - the sum takes the line's place
                key=line.key, amount=before.amount + line.amount, quantity=before.quantity + line.quantity
            )
        found[line.key] = line
    return found

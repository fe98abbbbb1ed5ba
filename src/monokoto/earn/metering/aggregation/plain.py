"""Aggregations that look at the values alone. Nothing used is 0; a statistic of nothing (highest, average) is 0, too:
nothing is charged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.metering.usage_event import UsageEvent
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO, exact, rounded

QUANTITY_PLACES = 12
"""Digits after the point of a quantity that has no exact decimal; more than any price can make visible."""


def count(events: Iterable[UsageEvent]) -> Decimal:
    """How many."""
    return Decimal(sum(1 for _ in events))


@exact
def total(events: Iterable[UsageEvent], multiplier: Decimal = Decimal(1)) -> Decimal:
    """The sum, times `multiplier` (grams to kilograms: 0.001)."""
    return sum((event.value for event in events), ZERO) * multiplier


def maximum(events: Iterable[UsageEvent]) -> Decimal:
    """The highest value."""
    return max((event.value for event in events), default=ZERO)


def minimum(events: Iterable[UsageEvent]) -> Decimal:
    """The lowest value."""
    return min((event.value for event in events), default=ZERO)


def latest(events: Iterable[UsageEvent]) -> Decimal:
    """The value with the latest time of its own; of several at one instant the last to arrive, and of those the last given."""
    found: UsageEvent | None = None
    for event in events:
        if found is None or (event.at, event.arrival) >= (found.at, found.arrival):
            found = event
    return ZERO if found is None else found.value


def unique_count(events: Iterable[UsageEvent]) -> Decimal:
    """How many different keys."""
    return Decimal(len({event.key for event in events}))


@exact
def average(events: Iterable[UsageEvent], places: int = QUANTITY_PLACES) -> Decimal:
    """The mean of the values, rounded to `places`."""
    values = [event.value for event in events]
    return rounded(Fraction(sum(values, ZERO)) / len(values), places) if values else ZERO


def percentile(events: Iterable[UsageEvent], at: Decimal) -> Decimal:
    """The lowest value that `at` per cent of the values do not exceed (nearest rank: always a value that was there)."""
    if not 0 < at <= 100:
        raise Invalid("A percentile lies above 0 and at most at 100.")
    values = sorted(event.value for event in events)
    if not values:
        return ZERO
    rank = Fraction(at) * len(values) / 100
    return values[-(-rank.numerator // rank.denominator) - 1]


AGGREGATIONS: Mapping[str, Callable[[Iterable[UsageEvent]], Decimal]] = {
    "count": count,
    "sum": total,
    "max": maximum,
    "min": minimum,
    "latest": latest,
    "unique_count": unique_count,
    "average": average,
}
"""Those that need events and nothing else, by the name a meter calls them."""

"""Aggregations in which it matters when and how long."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.calendar import Span
from monokoto.earn.metering.aggregation.plain import QUANTITY_PLACES
from monokoto.earn.metering.usage_event import UsageEvent
from monokoto.kernel.money import ZERO, Rounding, exact, rounded


@exact
def weighted_sum(
    changes: Iterable[UsageEvent],
    span: Span,
    initial: Decimal = ZERO,
    *,
    places: int = QUANTITY_PLACES,
    mode: Rounding = Rounding.HALF_UP,
) -> Decimal:
    """What was held, weighted by the share of the span it was held for: 10 GB from the middle on are 5.

    Args:
        changes: Events whose values are added to what is held; before the span they add to `initial`, after it they do not count.
        span: The period.
        initial: What is held before all changes.
        places: Digits of the result, which is exact until then.
        mode: How it is rounded.
    """
    held = Fraction(initial)
    for event in changes:
        held += Fraction(event.value) * (span.share(event.at, span.end) if event.at > span.start else 1)
    return rounded(held, places, mode)


@exact
def prorated_sum(
    parts: Iterable[tuple[Decimal, Fraction]],
    *,
    places: int = QUANTITY_PLACES,
    mode: Rounding = Rounding.HALF_UP,
) -> Decimal:
    """The sum of quantities, each for its share of the period; a thing that was there half the time counts a half (1, 1/2)."""
    return rounded(sum((Fraction(quantity) * share for quantity, share in parts), Fraction(0)), places, mode)


@exact
def seconds_where(
    states: Iterable[UsageEvent], span: Span, wanted: Collection[str], before: str | None = None
) -> Decimal:
    """How many seconds of the span a state among `wanted` held. A state holds from its event until the next one's.

    Args:
        states: Events whose key names the state that began.
        span: The period; a state that began before it counts from its start.
        wanted: The states to count.
        before: The state before the first event; None: not known, which counts as none of them.
    """
    ordered = sorted(states, key=lambda event: (event.at, event.arrival))
    held, since, micros = before, span.start, 0
    for event in ordered:
        if held in wanted:
            micros += span.clip(since, event.at)
        held, since = event.key, event.at
    if held in wanted:
        micros += span.clip(since, span.end)
    return Decimal(micros).scaleb(-6)


@exact
def counter_delta(readings: Iterable[UsageEvent], before: Decimal | None = None) -> Decimal:
    """By how much a meter that only counts up went up.

    A reading below the one before it, or a reading with another `key` (the meter's serial: it was replaced), means that
    it started from zero: all it shows counts. What it counted between its last reading and the reset nobody knows.

    Args:
        readings: What the meter showed.
        before: What it showed before; None: unknown, the first reading is where counting begins.
    """
    shown, key, went = before, None, ZERO
    for event in sorted(readings, key=lambda one: (one.at, one.arrival)):
        if shown is not None:
            fresh = event.value < shown or (key is not None and event.key != key)
            went += event.value if fresh else event.value - shown
        shown, key = event.value, event.key
    return went


@exact
def windowed(
    events: Iterable[UsageEvent],
    aggregate: Callable[[Iterable[UsageEvent]], Decimal],
    window_of: Callable[[int], object],
) -> Decimal:
    """The sum over windows of what each comes to: the peaks of all quarters of an hour.

    Args:
        events: Of any windows.
        aggregate: What the events of one window come to.
        window_of: Names the window of an instant (µs): the customer's calendar is its business.
    """
    windows: dict[object, list[UsageEvent]] = {}
    for event in events:
        windows.setdefault(window_of(event.at), []).append(event)
    return sum((aggregate(inside) for inside in windows.values()), ZERO)

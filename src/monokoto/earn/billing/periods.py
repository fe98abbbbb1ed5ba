"""From a subscription's phases to what is rated: which periods an invoice looks at, and which version held in each part. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monokoto.earn.billing.due import Stretch
from monokoto.earn.calendar import Cycle, Span
from monokoto.earn.plans import Plan
from monokoto.earn.subscriptions import Period, Phase, Subscription

EVER = 1 << 61
"""Past every instant, µs."""
PlanOf = Callable[[Phase], Plan]


def charged_from(subscription: Subscription) -> int:
    """When charging begins: with the subscription, or when its trial is over."""
    return max(subscription.starts_at, subscription.trial_until or subscription.starts_at)


def stretches_of(subscription: Subscription, period: Period, plan_of: PlanOf) -> list[Stretch]:
    """The parts of a period by the version that held in each; none for a trial."""
    found = []
    for phase, held in _held(subscription):
        start, end = max(held.start, period.span.start), min(held.end, period.span.end)
        if start < end:
            found.append(
                Stretch(
                    plan=plan_of(phase), span=Span(start, end), period=period.whole, began=period.span.start,
                    anchor=phase.anchor, held=held,
                )
            )  # fmt: skip
    return found


def _held(subscription: Subscription) -> Iterator[tuple[Phase, Span]]:
    begin = charged_from(subscription)
    over = EVER if subscription.ends_at is None else subscription.ends_at
    ends = [*(phase.begin for phase in subscription.phases[1:]), EVER]
    for phase, end in zip(subscription.phases, ends, strict=True):
        start, stop = max(phase.begin, begin), min(end, over)
        if start < stop:
            yield phase, Span(start, stop)


def look_back(subscription: Subscription, until: int, plan_of: PlanOf, touched: int | None = None) -> int:
    """From when on an invoice of `until` rates.

    The period that ended then; further back where readings came late (`touched`) or a fee of a longer rhythm (a year's, billed by
    the month) may still change.
    """
    begin = subscription.starts_at
    if until <= begin:
        return begin
    last = min(until, subscription.ends_at or until) - 1
    found = [subscription.period(max(last, begin)).span.start]
    if touched is not None:
        found.append(subscription.period(max(min(touched, last), begin)).span.start)
    for phase in subscription.phases:
        if phase.begin < until:
            found += _longer_fees(subscription, phase, plan_of(phase), last)
    return max(begin, min(found))


def _longer_fees(subscription: Subscription, phase: Phase, plan: Plan, at: int) -> Iterator[int]:
    for fee in plan.fees:
        if (fee.every, fee.count) == (phase.every, phase.count):
            continue
        cycle = Cycle(every=fee.every, count=fee.count, anchor=phase.anchor, timezone=subscription.timezone)
        start = max(cycle.containing(max(at, phase.begin)).start, phase.begin, subscription.starts_at)
        if start <= at:
            yield subscription.period(start).span.start

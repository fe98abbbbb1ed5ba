"""What is given back when a promised availability was missed, and the evidence for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.billing.due import Due, Stretch, named
from monokoto.earn.billing.rating import Circumstances
from monokoto.earn.calendar import Cycle, Span
from monokoto.earn.invoices import LineKind
from monokoto.earn.plans import Promise
from monokoto.earn.pricing import uptime_percent
from monokoto.kernel.money import ZERO, exact, rounded

PERCENT_PLACES = 4
"""Digits of an availability as it is shown; it is compared exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A time in which a unit was not available, and what says so."""

    span: Span
    because: str
    """The alert's id, or the maintenance window's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitOutages:
    """What kept one unit from being available, and what of that does not count."""

    down: Sequence[Outage] = ()
    excluded: Sequence[Outage] = ()


Outages = Mapping[int, UnitOutages]
"""By unit; one that is not named was always available."""


@exact
def credits_of(
    stretches: Sequence[Stretch],
    dues: Sequence[Due],
    outages: Mapping[str, Outages],
    circumstances: Circumstances,
    *,
    now: int,
) -> list[Due]:
    """What is due back for the promises of a billing period that are over.

    A promise is kept or missed by all units of the subscription together: the availability is that of their time added up. Of its
    charges' amounts in the period a part is given back, as its table says; never more than they came to.

    Args:
        stretches: Of the period.
        dues: What is due for it.
        outages: By the promise's name.
        circumstances: Of the subscription.
        now: Promises whose time is not over by then are open.
    """  # fmt: skip
    found: list[Due] = []
    for stretch in stretches:
        for promise in stretch.plan.outcome:
            if now >= stretch.span.end:
                found += _credit(promise, stretch, dues, outages.get(promise.name, {}), circumstances)
    return found


def _credit(
    promise: Promise, stretch: Stretch, dues: Sequence[Due], outages: Outages, circumstances: Circumstances
) -> Iterable[Due]:
    plan = stretch.plan
    names = set(promise.of) or {fee.name for fee in plan.fees}
    fee = sum((due.amount for due in dues if due.charge in names and due.stretch.span == stretch.span), ZERO)
    measured = [measure(one, outages, circumstances) for one in _periods(promise, stretch, circumstances)]
    parts = Fraction(1, len(measured)) if measured else Fraction(0)
    for one in measured:
        share = plan.currency.round(Fraction(fee) * parts)
        credit = promise.credits.credit(one.percent, max(share, ZERO), plan.currency)
        if credit:
            yield Due(
                key=named(stretch.began, stretch.name, promise.name, one.span.start),
                kind=LineKind.CREDIT, charge=promise.name, amount=-credit, quantity=Decimal(1), at=stretch.span.end,
                span=one.span, stretch=stretch, explanation=one.evidence,
            )  # fmt: skip


def _periods(promise: Promise, stretch: Stretch, circumstances: Circumstances) -> list[Span]:
    """The promise's own periods, cut to the stretch."""
    cycle = Cycle(every=promise.every, count=promise.count, anchor=stretch.anchor, timezone=circumstances.timezone)
    found, at = [], stretch.span.start
    while at < stretch.span.end:
        period = cycle.containing(at)
        found.append(Span(at, min(period.end, stretch.span.end)))
        at = period.end
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The availability of a time, exactly, and what it is made of."""

    span: Span
    percent: Fraction
    evidence: Mapping[str, object]


def measure(span: Span, outages: Outages, circumstances: Circumstances) -> Measured:
    """How available the subscription's units were in `span`."""
    up, counted, told = Fraction(0), Fraction(0), []
    for unit_id, spans in circumstances.units.items():
        for own in spans:
            if own.start >= span.end or own.end <= span.start:
                continue
            part = Span(max(own.start, span.start), min(own.end, span.end))
            one = outages.get(unit_id, UnitOutages())
            percent = uptime_percent(part, [o.span for o in one.down], [o.span for o in one.excluded])
            weight = Fraction(part.length - _covered(part, [o.span for o in one.excluded]))
            up, counted = up + percent * weight, counted + weight
            told += [_told(unit_id, kind, o, part) for kind, all_ in (("down", one.down), ("excluded", one.excluded))
                     for o in all_ if o.span.start < part.end and part.start < o.span.end]  # fmt: skip
    percent = up / counted if counted else Fraction(100)
    return Measured(
        span=span, percent=percent,
        evidence={"availability_percent": f"{rounded(percent, PERCENT_PLACES):f}", "outages": told[:OUTAGES_TOLD_MAX],
                  "outages_count": len(told)},
    )  # fmt: skip


OUTAGES_TOLD_MAX = 50
"""Outages named on a line; all of them are in the alerts."""


def _told(unit_id: int, kind: str, outage: Outage, part: Span) -> dict[str, object]:
    start, end = max(outage.span.start, part.start), min(outage.span.end, part.end)
    return {"unit_id": unit_id, "kind": kind, "because": outage.because, "from": start, "to": end}


def _covered(span: Span, others: Iterable[Span]) -> int:
    """How many µs of `span` lie in at least one of the others."""
    down = uptime_percent(span, others)
    return int((100 - down) * span.length / 100)

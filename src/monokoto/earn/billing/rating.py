"""Rating a billing period: from a plan's charges and what was used to what is due. Pure; nothing here knows what is booked.

A period is rated whole, every time. What a run adds is the difference to what is booked (`booking.py`), so that a change of plan in
the middle, units that come and go, late readings and corrections need no arithmetic of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from monokoto.earn.billing.due import Due, Stretch, named, sum_of
from monokoto.earn.calendar import Cycle, Span
from monokoto.earn.invoices import LineKind
from monokoto.earn.metering import QUANTITY_PLACES
from monokoto.earn.plans import Due as WhenDue
from monokoto.earn.plans import OneTimeFee, Per, Plan, RecurringFee, UsageCharge
from monokoto.earn.pricing import Line, Part, Tariff, Usage, lines_of, prorated, share
from monokoto.kernel.money import ZERO, exact, rounded

UsageOf = Mapping[tuple[int, str], Usage]
"""By the stretch's place among the period's stretches and the charge's name."""
UnitSpans = Mapping[int, Sequence[Span]]
"""By unit the times it belongs to the subscription; a time that goes on ends past every instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What of a subscription rating depends on."""

    begin: int
    """From when on it is charged: its start, or the end of its trial."""
    timezone: str
    units: UnitSpans = field(default_factory=dict)


@exact
def dues_of(stretches: Sequence[Stretch], usage: UsageOf, circumstances: Circumstances, *, now: int) -> list[Due]:
    """Everything that is due for a billing period: all of it, however much of that is booked.

    Args:
        stretches: The period's parts in order, each with the version of the plan that held; none before `begin`.
        usage: What was used in each stretch, cumulatively, as it is known now; a charge not named was not used.
        circumstances: Of the subscription.
        now: What is over by then is final: minima and true-ups are due.
    """
    found: list[Due] = []
    for place, stretch in enumerate(stretches):
        mine = [*_usages(stretch, place, usage, circumstances, now), *_fees(stretch, circumstances)]
        found += mine
        found += _minimum(stretch, mine, circumstances, now)
        found += _once(stretch, circumstances)
    return found


def _usages(stretch: Stretch, place: int, usage: UsageOf, circumstances: Circumstances, now: int) -> Iterator[Due]:
    final = now >= stretch.span.end
    part_of_period = _share(stretch.span, stretch.period, stretch.plan, circumstances)
    for charge in stretch.plan.usage_charges:
        tariff = _for_part(charge.tariff, part_of_period, stretch.plan)
        rated = tariff.rate(usage.get((place, charge.name), Usage()), final=final)
        for part, line in zip(rated.parts, lines_of(rated, stretch.plan.currency), strict=True):
            yield _usage(charge, stretch, part, line)


def _usage(charge: UsageCharge, stretch: Stretch, part: Part, line: Line) -> Due:
    return Due(
        key=named(stretch.began, stretch.name, charge.name, part.key),
        kind=LineKind.USAGE, charge=charge.name, amount=line.amount, quantity=part.quantity, part=part.key,
        price=part.price or None, at=stretch.span.end, span=stretch.span, stretch=stretch,
        explanation={"exact": f"{part.amount:f}"},
    )  # fmt: skip


def _for_part(tariff: Tariff, part: Fraction, plan: Plan) -> Tariff:
    """The tariff of a stretch that is but a part of its period: what is promised for a whole period is promised by the part."""
    if part == 1 or (tariff.minimum is None and tariff.commitment is None):
        return tariff
    least = None if tariff.minimum is None else prorated(tariff.minimum, part, plan.currency)
    promise = tariff.commitment
    if promise is not None and promise.amount is not None:
        promise = replace(promise, amount=prorated(promise.amount, part, plan.currency))
    elif promise is not None and promise.quantity is not None:
        promise = replace(promise, quantity=rounded(Fraction(promise.quantity) * part, QUANTITY_PLACES))
    return replace(tariff, minimum=least, commitment=promise)


def _fees(stretch: Stretch, circumstances: Circumstances) -> Iterator[Due]:
    for fee in stretch.plan.fees:
        cycle = Cycle(every=fee.every, count=fee.count, anchor=stretch.anchor, timezone=circumstances.timezone)
        for period in _fee_periods(cycle, stretch):
            part = Span(max(period.start, stretch.held.start), min(period.end, stretch.held.end))
            yield _fee(fee, stretch, period, part, circumstances)


def _fee_periods(cycle: Cycle, stretch: Stretch) -> Iterator[Span]:
    """The periods of a fee that a stretch pays for: those that begin in it, and the one its plan came into.

    A fee may be longer than the bill's period (a year's, billed by the month) or shorter. It is paid where it begins, for as
    long as the plan holds; when the plan ends before it, that shows when the stretch is rated again.
    """
    period = cycle.containing(stretch.span.start)
    while period.start < stretch.span.end:
        if period.start >= stretch.span.start or stretch.span.start == stretch.held.start:
            yield period
        period = cycle.containing(period.end)


def _fee(fee: RecurringFee, stretch: Stretch, period: Span, part: Span, circumstances: Circumstances) -> Due:
    plan = stretch.plan
    pieces = _pieces(fee.per, part, circumstances)
    taken = sum((_share(piece, period, plan, circumstances) for piece in pieces), Fraction(0))
    whole = taken.denominator == 1
    advance = fee.due is WhenDue.ADVANCE
    return Due(
        key=named(period.start, stretch.name, fee.name, "fee"),
        kind=LineKind.FEE, charge=fee.name, amount=prorated(fee.fee, taken, plan.currency),
        quantity=rounded(taken, QUANTITY_PLACES), price=fee.fee if whole else None,
        at=max(part.start, circumstances.begin) if advance else part.end, span=part, stretch=stretch,
        explanation={"fee": f"{fee.fee:f}", "share": f"{taken.numerator}/{taken.denominator}"},
    )  # fmt: skip


def _pieces(per: Per, part: Span, circumstances: Circumstances) -> Sequence[Span]:
    if per is Per.SUBSCRIPTION:
        return (part,)
    return [
        Span(max(span.start, part.start), min(span.end, part.end))
        for spans in circumstances.units.values()
        for span in spans
        if span.start < part.end and part.start < span.end
    ]


def _once(stretch: Stretch, circumstances: Circumstances) -> Iterator[Due]:
    """Fees of the beginning: of the subscription, or of each unit that comes into it."""
    for fee in stretch.plan.charges:
        if not isinstance(fee, OneTimeFee):
            continue
        if fee.per is Per.SUBSCRIPTION:
            begins = [circumstances.begin] if stretch.span.start == circumstances.begin else []
        else:
            first = (
                max(min(span.start for span in spans), circumstances.begin) for spans in circumstances.units.values()
            )
            begins = [at for at in first if stretch.span.start <= at < stretch.span.end]
        if begins:
            quantity = Decimal(len(begins))
            yield Due(
                key=named(stretch.began, stretch.name, fee.name, "once"),
                kind=LineKind.ONE_TIME, charge=fee.name, amount=stretch.plan.currency.round(fee.fee * quantity),
                quantity=quantity, price=fee.fee, at=min(begins), span=Span(min(begins), stretch.span.end), stretch=stretch,
            )  # fmt: skip


def _minimum(stretch: Stretch, mine: Sequence[Due], circumstances: Circumstances, now: int) -> Iterator[Due]:
    plan = stretch.plan
    if plan.minimum is None or now < stretch.span.end:
        return
    least = prorated(plan.minimum, _share(stretch.span, stretch.period, plan, circumstances), plan.currency)
    missing = least - sum_of(mine)
    if missing > ZERO:
        yield Due(
            key=named(stretch.began, stretch.name, "", "minimum"), kind=LineKind.MINIMUM, charge="", amount=missing,
            at=stretch.span.end, span=stretch.span, stretch=stretch, explanation={"minimum": f"{least:f}"},
        )  # fmt: skip


def _share(part: Span, whole: Span, plan: Plan, circumstances: Circumstances) -> Fraction:
    return share(part, whole, plan.proration, circumstances.timezone)

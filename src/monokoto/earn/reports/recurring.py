"""What a subscription brings in a month again and again, at an instant. Pure; the one rounding point is the subscription."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from math import lcm

from monokoto.earn.calendar import Every, Span
from monokoto.earn.plans import Per, Plan
from monokoto.earn.pricing import Coupon, coupon_shares
from monokoto.earn.subscriptions import GivenCoupon, Phase, Subscription
from monokoto.kernel.money import exact

PlanOf = Callable[[Phase], Plan]
UnitCounts = Sequence[int]
"""How many units it was for, by month end."""
DAYS_OF_MONTH = Fraction(30436875, 1_000_000)
"""The mean month of the calendar: 365.2425 days by 12."""
_MONTHS: Mapping[Every, Fraction] = {
    Every.DAY: 1 / DAYS_OF_MONTH,
    Every.WEEK: 7 / DAYS_OF_MONTH,
    Every.MONTH: Fraction(1),
    Every.YEAR: Fraction(12),
}


def a_month(amount: Decimal, every: Every, count: int) -> Fraction:
    """What comes every so often, a month: a year's by 12, a quarter's by 3, a week's by its part of a mean month."""
    return Fraction(amount) / (_MONTHS[every] * count)


@exact
def recurring_of(plan: Plan, phase: Phase, units: int, coupons: Sequence[GivenCoupon]) -> int:
    """The recurring fees of a plan a month, coupons taken off, in the smallest unit of its currency."""
    fees = [
        a_month(fee.fee, fee.every, fee.count) * (units if fee.per is Per.UNIT else 1) for fee in plan.fees
    ]  # fmt: skip
    names = [fee.name for fee in plan.fees]
    total = sum(fees, Fraction(0))
    if coupons and total > 0:
        total -= _taken_off(fees, names, phase, coupons)
    return plan.currency.smallest(plan.currency.round(total))


def _taken_off(
    fees: Sequence[Fraction], names: Sequence[str], phase: Phase, coupons: Sequence[GivenCoupon]
) -> Fraction:
    """What coupons take off fees of a month. Coupons know decimals, so all is counted in parts small enough to be whole."""
    amounts = [
        None if one.amount is None else a_month(one.amount, phase.every, phase.count) for one in coupons
    ]  # fmt: skip
    parts = lcm(*(part.denominator for part in (*fees, *(one for one in amounts if one is not None))))
    given = [
        Coupon(
            amount=None if amount is None else Decimal(int(amount * parts)),
            percent=one.percent,
            lines=frozenset(place for place, name in enumerate(names) if name in one.charges) if one.charges else None,
        )
        for one, amount in zip(coupons, amounts, strict=True)
    ]
    taken = coupon_shares([Decimal(int(fee * parts)) for fee in fees], given)
    return sum(taken, Fraction(0)) / parts


def by_month_end(
    one: Subscription, ends: Sequence[int], plan_of: PlanOf, units: UnitCounts | None
) -> Iterator[tuple[int, int, int]]:
    """For each month end at which it is paid for (begun, out of its trial, not over; suspended or not): the place in `ends`,
    what it brings a month in the smallest unit of its currency, its units."""
    charged = max(one.starts_at, one.trial_until or one.starts_at)
    stop = len(ends) if one.ends_at is None else bisect_left(ends, one.ends_at)
    known: dict[tuple[int, int, tuple[int, ...]], int] = {}
    for place in range(bisect_left(ends, charged), stop):
        at = ends[place]
        phase = one.phase_at(at)
        count = 0 if units is None else units[place]
        holding = _holding(one, at) if one.coupons else ()
        key = (phase.begin, count, holding)
        if key not in known:
            known[key] = recurring_of(plan_of(phase), phase, count, [one.coupons[number] for number in holding])
        yield place, known[key], count


def _holding(one: Subscription, at: int) -> tuple[int, ...]:
    """The coupons that hold for the billing period an instant lies in: those in whose time it began."""
    began = one.period(at).span.start
    return tuple(
        number
        for number, coupon in enumerate(one.coupons)
        if coupon.begin <= began and (coupon.end is None or began < coupon.end)
    )


def counted(units: Mapping[int, Sequence[Span]], ends: Sequence[int]) -> list[int]:
    """How many of the units there were at each month end."""
    steps = [0] * (len(ends) + 1)
    for spans in units.values():
        for span in spans:
            steps[bisect_left(ends, span.start)] += 1
            steps[bisect_left(ends, span.end)] -= 1
    return list(accumulate(steps[:-1]))

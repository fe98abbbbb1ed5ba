"""What can become of a subscription: started, changed, moved, suspended, ended. Pure: a subscription in, another one out.

Nothing that was is ever changed: whatever is asked takes effect now or later. What was planned for a later time gives way to a
newer plan for that time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta

from monokoto.earn.calendar import Every, Span, local, start_of_day
from monokoto.earn.plans import Anchor, Plan
from monokoto.earn.subscriptions.subscription import (
    Coverage,
    GivenCoupon,
    NamedUnit,
    Pause,
    Phase,
    Status,
    Subscription,
)
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import UnitId
from monokoto.kernel.limits import (
    SUBSCRIPTION_AHEAD_SECONDS_MAX,
    SUBSCRIPTION_COUPONS_MAX,
    SUBSCRIPTION_PHASES_MAX,
    SUBSCRIPTION_UNITS_MAX,
)

_AHEAD = SUBSCRIPTION_AHEAD_SECONDS_MAX * 1_000_000


def first_phase(plan: Plan, *, starts_at: int, trial_until: int | None, timezone: str) -> Phase:
    """The phase a subscription begins with; its periods are counted from the end of the trial."""
    return _phase(plan, starts_at, anchor=trial_until or starts_at, timezone=timezone)


def change(subscription: Subscription, plan: Plan, *, at: int, now: int) -> Subscription:
    """Another plan, or another version of it, from an instant on. Raises Invalid, Conflict."""
    at = _checked(subscription, max(at, subscription.starts_at), now)
    if plan.currency.code != subscription.currency:
        raise Conflict(
            f"The subscription is in {subscription.currency}, the plan in {plan.currency.code}.",
            remedy="End it and start another one.",
        )
    kept = tuple(one for one in subscription.phases if one.begin < at)
    if len(kept) >= SUBSCRIPTION_PHASES_MAX:
        raise Conflict(f"The subscription has {len(kept)} changes behind it, the most it may.", remedy="Start another.")
    if kept and (kept[-1].plan, kept[-1].version) == (plan.name, plan.version):
        return replace(subscription, phases=kept)
    # A change in the first instant puts another beginning in the place of the first.
    before = kept[-1] if kept else subscription.phases[0]
    return replace(subscription, phases=(*kept, _following(subscription, before, plan, at)))


def _following(subscription: Subscription, before: Phase, plan: Plan, at: int) -> Phase:
    """The next phase: periods go on where the rhythm is the same, and are counted anew where it is not."""
    if (plan.every, plan.count, plan.anchor) == (before.every, before.count, before.anchored):
        return replace(before, begin=at, plan=plan.name, version=plan.version)
    anchor = max(at, subscription.trial_until or at)
    return _phase(plan, at, anchor=anchor, timezone=subscription.timezone)


def _phase(plan: Plan, begin: int, *, anchor: int, timezone: str) -> Phase:
    if plan.anchor is Anchor.CALENDAR:
        anchor = calendar_anchor(anchor, plan.every, plan.count, timezone)
    return Phase(
        begin=begin, plan=plan.name, version=plan.version, every=plan.every, count=plan.count, anchored=plan.anchor,
        anchor=anchor,
    )  # fmt: skip


def calendar_anchor(at: int, every: Every, count: int, timezone: str) -> int:
    """The beginning of the calendar's period an instant lies in: three months are a quarter of the year."""
    day = local(at, timezone).date()
    if every is Every.WEEK:
        day -= timedelta(days=day.weekday())
    elif every is Every.MONTH:
        months = (day.year * 12 + day.month - 1) // count * count
        day = date(months // 12, months % 12 + 1, 1)
    elif every is Every.YEAR:
        day = date(day.year, 1, 1)
    return start_of_day(day, timezone)


def end(subscription: Subscription, *, at: int, now: int) -> Subscription:
    """Over from an instant on; planned changes after it fall away. Raises Invalid, Conflict."""
    at = _checked(replace(subscription, ends_at=_past_end(subscription, now)), max(at, subscription.starts_at), now)
    kept = tuple(one for one in subscription.phases if one.begin < at) or subscription.phases[:1]
    return replace(subscription, ends_at=at, phases=kept)


def _past_end(subscription: Subscription, now: int) -> int | None:
    """An end that has come; a planned one may be planned anew."""
    return subscription.ends_at if subscription.status(now) is Status.ENDED else None


def withdraw(subscription: Subscription, *, now: int) -> Subscription:
    """What is planned for later does not happen: a change, an end. Raises Conflict."""
    _not_ended(subscription, now)
    kept = tuple(one for one in subscription.phases if one.begin <= max(now, subscription.starts_at))
    if kept == subscription.phases and subscription.ends_at is None:
        raise Conflict("Nothing is planned that could be withdrawn.")
    return replace(subscription, phases=kept, ends_at=None)


def suspend(subscription: Subscription, *, now: int, because: str) -> Subscription:
    """Suspended from now on. Raises Conflict."""
    _not_ended(subscription, now)
    if subscription.pauses and subscription.pauses[-1].end is None:
        raise Conflict("The subscription is suspended already.")
    return replace(subscription, pauses=(*subscription.pauses, Pause(begin=now, because=because)))


def resume(subscription: Subscription, *, now: int) -> Subscription:
    """Not suspended any more. Raises Conflict."""
    _not_ended(subscription, now)
    if not subscription.pauses or subscription.pauses[-1].end is not None:
        raise Conflict("The subscription is not suspended.")
    *before, last = subscription.pauses
    over = () if last.begin >= now else (replace(last, end=now),)
    return replace(subscription, pauses=(*before, *over))


def with_units(subscription: Subscription, add: Iterable[int], remove: Iterable[int], *, now: int) -> Subscription:
    """Some more units, some no longer, from now on. Raises Conflict."""
    _not_ended(subscription, now)
    if subscription.coverage is not Coverage.UNITS:
        raise Conflict(f"The subscription is for {subscription.coverage.value} units, none of them named.")
    since = max(now, subscription.starts_at)
    there = {one.unit_id for one in subscription.named if one.end is None}
    gone = set(remove) & there
    ended = (replace(one, end=since) if one.end is None and one.unit_id in gone else one for one in subscription.named)
    # What was named and taken back in the same instant never was.
    kept = [one for one in ended if one.end is None or one.begin < one.end]
    kept += [NamedUnit(unit_id=UnitId(one), begin=since) for one in dict.fromkeys(add) if one not in there - gone]
    if len(kept) > SUBSCRIPTION_UNITS_MAX:
        raise Conflict(f"A subscription names at most {SUBSCRIPTION_UNITS_MAX} units, with those it had before.")
    return replace(subscription, named=tuple(kept))


def with_coupon(subscription: Subscription, coupon: GivenCoupon, *, now: int) -> Subscription:
    """One more coupon. Raises Conflict."""
    _not_ended(subscription, now)
    if len(subscription.coupons) >= SUBSCRIPTION_COUPONS_MAX:
        raise Conflict(f"The subscription has {SUBSCRIPTION_COUPONS_MAX} coupons, the most it may have.")
    if any(one.name == coupon.name for one in subscription.coupons):
        raise Conflict(f"The subscription has the coupon {coupon.name!r} already.")
    return replace(subscription, coupons=(*subscription.coupons, coupon))


def coupon_end(subscription: Subscription, begin: int, periods: int) -> int:
    """When a coupon that is good for so many periods ends: with the last of them, the one it begins in counted."""
    at = begin
    for _ in range(periods):
        if not subscription.holds(at):
            break
        at = subscription.period(at).span.end
    return at


def after_notice(subscription: Subscription, notice: int, *, now: int) -> int:
    """When a change of price may begin: with the first period that begins when the notice is over."""
    told = max(now + notice, subscription.starts_at)
    if told <= subscription.starts_at:
        return subscription.starts_at
    if not subscription.holds(told):
        raise Conflict("The subscription ends before the notice is over.")
    period = subscription.period(told)
    return told if period.span.start == told else period.span.end


def period_end(subscription: Subscription, *, now: int) -> int:
    """The end of the period that runs now; of one that has not begun, its beginning. Raises Conflict."""
    _not_ended(subscription, now)
    return subscription.starts_at if now < subscription.starts_at else subscription.period(now).span.end


def overlap(one: Subscription, other: Subscription) -> bool:
    """Whether two of one customer are for the same plan and the same units at the same time."""
    if one.product != other.product or {p.plan for p in one.phases[-1:]} != {p.plan for p in other.phases[-1:]}:
        return False
    if any(a.ends_at is not None and a.ends_at <= b.starts_at for a, b in ((one, other), (other, one))):
        return False
    if one.coverage is not other.coverage:
        return False
    named = ({unit.unit_id for unit in each.named if unit.end is None} for each in (one, other))
    return one.coverage is not Coverage.UNITS or not set.isdisjoint(*named)


def clipped(subscription: Subscription, span: Span) -> Span | None:
    """The part of a time in which the subscription was there."""
    start = max(span.start, subscription.starts_at)
    until = span.end if subscription.ends_at is None else min(span.end, subscription.ends_at)
    return Span(start, until) if start < until else None


def _checked(subscription: Subscription, at: int, now: int) -> int:
    """The instant, when something may be decided for it."""
    _not_ended(subscription, now)
    if at < now:
        raise Invalid("What was cannot be changed.", faults=[Fault(place="at", reason="lies in the past")])
    if at > now + _AHEAD:
        raise Invalid("That is too far ahead.", faults=[Fault(place="at", reason="lies more than five years ahead")])
    if subscription.ends_at is not None and at >= subscription.ends_at:
        raise Conflict("The subscription is over by then.", remedy="Withdraw its end first.")
    return at


def _not_ended(subscription: Subscription, now: int) -> None:
    if subscription.status(now) is Status.ENDED:
        raise Conflict("The subscription has ended.", remedy="Start another one.")

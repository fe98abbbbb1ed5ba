"""How a subscription begins: what is asked for, and everything that may be wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from monokoto.earn.calendar import zone
from monokoto.earn.plans import Plan
from monokoto.earn.subscriptions import life
from monokoto.earn.subscriptions.customer import Customer
from monokoto.earn.subscriptions.ports import Owners
from monokoto.earn.subscriptions.subscription import Coverage, Gift, GivenCoupon, NamedUnit, Subscription
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, Fault, Invalid
from monokoto.kernel.ids import OrganisationId, ProductName, SubscriptionId, UnitId, format_id, new_id
from monokoto.kernel.limits import (
    PLAN_SECONDS_MAX,
    SUBSCRIPTION_AHEAD_SECONDS_MAX,
    SUBSCRIPTION_BACKDATED_SECONDS_MAX,
    SUBSCRIPTION_COUPONS_MAX,
    SUBSCRIPTION_UNITS_MAX,
    TITLE_LENGTH_MAX,
)

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCoupon:
    """A coupon to be given."""

    name: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    charges: tuple[str, ...] = ()
    periods: int = 0
    """For so many periods; 0: for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscription:
    """What is to be subscribed to."""

    customer_id: int
    product: str
    plan: str
    version: int = 0
    """0: the newest."""
    coverage: Coverage = Coverage.OWNED
    unit_ids: tuple[int, ...] = ()
    starts_at: int | None = None
    """None: now."""
    trial: int | None = None
    """µs; None: as the plan says."""
    timezone: str = ""
    """Empty: the customer's."""
    ends_at: int | None = None
    coupons: tuple[NewCoupon, ...] = ()
    gift: Gift | None = None


def made(customer: Customer, new: NewSubscription, plan: Plan, owners: Owners, *, now: Instant) -> Subscription:
    """The subscription that begins. Raises Invalid with every fault, Conflict."""
    starts_at = now if new.starts_at is None else new.starts_at
    trial = plan.trial if new.trial is None else new.trial
    timezone = new.timezone or customer.timezone
    _check(customer, new, plan, owners, starts_at=starts_at, trial=trial, timezone=timezone, now=now)
    trial_until = starts_at + trial if trial else None
    begun = Subscription(
        id=SubscriptionId(new_id()),
        organisation_id=OrganisationId(customer.organisation_id),
        customer_id=customer.id,
        product=ProductName(new.product),
        coverage=new.coverage,
        named=tuple(NamedUnit(unit_id=UnitId(one), begin=starts_at) for one in dict.fromkeys(new.unit_ids)),
        currency=plan.currency.code,
        timezone=timezone,
        starts_at=starts_at,
        trial_until=trial_until,
        ends_at=new.ends_at,
        phases=(life.first_phase(plan, starts_at=starts_at, trial_until=trial_until, timezone=timezone),),
        gift=new.gift,
        created_at=now,
        updated_at=now,
    )
    for coupon in new.coupons:
        begun = life.with_coupon(begun, given(begun, coupon, plan, starts_at), now=now)
    return begun


def _check(
    customer: Customer,
    new: NewSubscription,
    plan: Plan,
    owners: Owners,
    *,
    starts_at: int,
    trial: int,
    timezone: str,
    now: int,
) -> None:
    """Raise Invalid with every fault, or Conflict."""
    faults = []
    earliest = now - SUBSCRIPTION_BACKDATED_SECONDS_MAX * _SECOND
    if not earliest <= starts_at <= now + SUBSCRIPTION_AHEAD_SECONDS_MAX * _SECOND:
        faults.append(Fault(place="starts_at", reason="lies more than a year ago or more than five ahead"))
    if new.ends_at is not None and new.ends_at <= starts_at:
        faults.append(Fault(place="ends_at", reason="does not lie after the beginning"))
    if not 0 <= trial <= PLAN_SECONDS_MAX * _SECOND:
        faults.append(Fault(place="trial", reason=f"lies between 0 and {PLAN_SECONDS_MAX // 86_400} days"))
    try:
        zone(timezone)
    except Invalid as error:
        faults.append(Fault(place="timezone", reason=error.message))
    if len(new.coupons) > SUBSCRIPTION_COUPONS_MAX:
        faults.append(Fault(place="coupons", reason=f"are at most {SUBSCRIPTION_COUPONS_MAX}"))
    faults += _unit_faults(customer, new, owners)
    if faults:
        raise Invalid("This cannot be subscribed to.", faults=faults)
    if customer.archived_at is not None:
        raise Conflict("The customer is archived.", remedy="Make a new customer.")
    if customer.currency != plan.currency.code:
        raise Conflict(f"The customer pays in {customer.currency}, the plan is in {plan.currency.code}.")


def _unit_faults(customer: Customer, new: NewSubscription, owners: Owners) -> list[Fault]:
    named = new.coverage is Coverage.UNITS
    if named != bool(new.unit_ids):
        return [Fault(place="units", reason="are named where the subscription is for named ones, and only there")]
    if new.coverage is Coverage.OWNED and customer.customer_organisation_id is None:
        return [Fault(place="units", reason="that belong to the customer: it has no organisation here; name them")]
    return strangers(owners, customer.organisation_id, new.product, new.unit_ids)


def strangers(owners: Owners, organisation_id: int, product: str, unit_ids: Sequence[int]) -> list[Fault]:
    """What is wrong with units that are named."""
    if len(unit_ids) > SUBSCRIPTION_UNITS_MAX:
        return [Fault(place="units", reason=f"are at most {SUBSCRIPTION_UNITS_MAX}")]
    return [
        Fault(place=f"units/{number}", reason=f"{format_id(one)} is no unit of {product}")
        for number, one in enumerate(unit_ids)
        if not owners.is_unit(organisation_id, product, one)
    ]


def given(one: Subscription, coupon: NewCoupon, plan: Plan, begin: int) -> GivenCoupon:
    """The coupon with its time. Raises Invalid."""
    faults = []
    if not 1 <= len(coupon.name.strip()) <= TITLE_LENGTH_MAX:
        faults.append(Fault(place="coupon/name", reason=f"has 1 to {TITLE_LENGTH_MAX} characters"))
    if (coupon.percent is None) == (coupon.amount is None):
        faults.append(Fault(place="coupon", reason="is of a percentage or of an amount"))
    if coupon.percent is not None and not 0 < coupon.percent <= 100:
        faults.append(Fault(place="coupon/percent", reason="lies between 0 and 100"))
    if coupon.amount is not None and (coupon.amount <= 0 or plan.currency.round(coupon.amount) != coupon.amount):
        faults.append(Fault(place="coupon/amount", reason=f"is an amount of {plan.currency.code} above 0"))
    if not 0 <= coupon.periods <= 1000:
        faults.append(Fault(place="coupon/periods", reason="lies between 0 and 1000"))
    faults += [
        Fault(place="coupon/charges", reason=f"the plan has no charge {name[:80]!r}")
        for name in coupon.charges
        if plan.charge(name) is None
    ]
    if faults:
        raise Invalid("The coupon cannot be given.", faults=faults)
    return GivenCoupon(
        name=coupon.name.strip(), percent=coupon.percent, amount=coupon.amount, charges=coupon.charges, begin=begin,
        end=life.coupon_end(one, begin, coupon.periods) if coupon.periods else None,
    )  # fmt: skip

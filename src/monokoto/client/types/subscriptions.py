# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.subscriptions`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from monokoto.client.types.shared import PlanCharge


class Billing(Struct, frozen=True, kw_only=True):
    """Who pays."""

    name: str
    country: str
    """ISO 3166, such as DE"""
    email: str | UnsetType = UNSET
    address: BillingAddress | UnsetType = UNSET
    vat_id: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    language: str | UnsetType = UNSET


class BillingAddress(Struct, frozen=True, kw_only=True):
    """Where invoices go."""

    street: str | UnsetType = UNSET
    more: str | UnsetType = UNSET
    postal_code: str | UnsetType = UNSET
    city: str | UnsetType = UNSET
    region: str | UnsetType = UNSET


class CouponRequest(Struct, frozen=True, kw_only=True):
    """A coupon."""

    name: str
    percent: str | int | UnsetType | None = UNSET
    """Of what is charged; this or `amount`"""
    amount: str | int | UnsetType | None = UNSET
    """Off each period"""
    charges: list[str] | UnsetType = UNSET
    """Only off these charges; none: off all"""
    periods: int | UnsetType = UNSET
    """For so many; 0: for ever"""


class Gift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody else pays."""

    giver: str
    """Id of the customer who pays"""
    message: str = ""


class GiftPlan(Struct, frozen=True, kw_only=True):
    """What is given."""

    id: str
    maker: str
    maker_name: str
    product: str
    plan: str
    version: int
    title: dict[str, str]
    """By language; under the empty tag the text without one"""
    message: str
    state: GiftState
    created_at: str
    expires_at: str
    """Nobody can take it from then on"""
    subscription: str | None
    """What it became"""


class GiftPlanPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[GiftPlan]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class GiftState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class GivenCoupon(Struct, frozen=True, kw_only=True):
    """What need not be paid."""

    name: str
    percent: str | None
    amount: str | None
    charges: list[str]
    begins_at: str
    ends_at: str | None


class LeftSubscription(Struct, frozen=True, kw_only=True):
    """One that stays on its version, and why."""

    id: str
    reason: str


class MovedSubscriptions(Struct, frozen=True, kw_only=True):
    """What a move came to, or would come to."""

    version: int
    moved: int
    first_at: str | None
    """When the first of them pays by the new version"""
    last_at: str | None
    left: list[LeftSubscription]
    """At most 1000 of them"""


class MyAccount(Struct, frozen=True, kw_only=True):
    """What one has with a maker."""

    maker: str
    maker_name: str
    balances: list[MyBalance]


class MyAccountPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyAccount]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class MyBalance(Struct, frozen=True, kw_only=True):
    """What is left in a currency."""

    currency: str
    credit: str
    """Pays the next invoice by itself"""
    wallet: str
    """Paid ahead"""


class MyPhase(Struct, frozen=True, kw_only=True):
    """What holds from an instant on."""

    begins_at: str
    plan: str
    version: int
    title: dict[str, str]
    """Of the plan, by language"""


class MyPlan(Struct, frozen=True, kw_only=True):
    """What a plan costs and includes."""

    product: str
    product_title: str
    """What people call the product; empty: nothing"""
    plan: str
    version: int
    title: dict[str, str]
    """By language; under the empty tag the text without one"""
    currency: str
    every: str
    count: int
    trial_seconds: int
    notice_seconds: int
    minimum: str | None
    lasts_seconds: int | None
    """It ends by itself after this; null: it goes on"""
    offered: bool
    """Whether owners choose it by themselves"""
    charges: list[OfferedCharge]
    includes: list[OfferedFeature]


class MyShare(Struct, frozen=True, kw_only=True):
    """A function of a unit of one's own that another unit may use too."""

    id: str
    product: str
    feature: str
    title: dict[str, str]
    """Of the function, by language"""
    unit: str
    """That has it"""
    with_unit: str
    """That may use it too"""
    begin: str
    end: str | None
    """null: as long as the unit has it"""


class MySharePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyShare]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class MySubscription(Struct, frozen=True, kw_only=True):
    """A subscription as its customer sees it."""

    id: str
    maker: str
    """Id of the organisation that sells it"""
    product: str
    title: str
    plan: str
    version: int
    status: SubscriptionsStatus
    units: str | list[str]
    """owned, fleet, or ids of units"""
    currency: str
    starts_at: str
    trial_until: str | None
    ends_at: str | None
    period: Span | None
    phases: list[MyPhase]
    """Those to come too: a change of price is told here"""


class MySubscriptionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MySubscription]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NewGift(Struct, frozen=True, kw_only=True):
    """A present that was made."""

    gift: GiftPlan
    code: str
    """Opens it; shown this once: hand it to whom it is for"""


class OfferedCharge(Struct, frozen=True, kw_only=True):
    """A line of a plan, in words of the product."""

    charge: PlanCharge
    written: dict[str, Any]
    """As the plan has it: prices, tiers"""
    meter_title: dict[str, str]
    """By language; under the empty tag the text without one"""
    unit: str
    """In which the meter counts"""


class OfferedFeature(Struct, frozen=True, kw_only=True):
    """A function that comes with a plan."""

    feature: str
    title: dict[str, str]
    """By language; under the empty tag the text without one"""
    kind: str
    """boolean, value or metered; empty: the product has it no more"""
    value: Any
    quota: OfferedQuota | None
    unit: str
    """In which its quota is counted"""


class OfferedQuota(Struct, frozen=True, kw_only=True):
    """So much of something that is metered."""

    amount: str
    every: str | None
    """day, week, month or year; null: once"""
    count: int
    rollover_max: str
    """At most this is carried over"""


class OpenedGift(Struct, frozen=True, kw_only=True):
    """What a code opens."""

    gift: GiftPlan
    plan: MyPlan
    units: list[str]
    """Your units it could be for"""
    known: bool
    """Whether the maker knows you as a customer: else say who you are"""


class Pause(Struct, frozen=True, kw_only=True):
    """A time in which it is suspended."""

    begins_at: str
    ends_at: str | None
    because: str


class Phase(Struct, frozen=True, kw_only=True):
    """A version of a plan holds from this instant on."""

    begins_at: str
    plan: str
    version: int
    every: str
    count: int


class PlanOffer(Struct, frozen=True, kw_only=True):
    """A plan that may be bought."""

    maker: str
    """Id of the organisation that sells it"""
    maker_name: str
    plan: MyPlan
    units: list[str]
    """Your units it could be for; at most 1000 of them"""


class PlanOfferPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[PlanOffer]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Span(Struct, frozen=True, kw_only=True):
    """From an instant until before another one."""

    begins_at: str
    ends_at: str | None


class SubscribedUnit(Struct, frozen=True, kw_only=True):
    """A unit, and when it was in the subscription."""

    unit: str
    times: list[Span]


class SubscribedUnitPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[SubscribedUnit]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Subscription(Struct, frozen=True, kw_only=True):
    """A subscription."""

    id: str
    customer: str
    product: str
    units: str | list[str]
    """`owned`: those of the product the customer owns; `fleet`: all of it; or a list of ids"""
    status: SubscriptionsStatus
    plan: str
    """Which holds now"""
    version: int
    phases: list[Phase]
    """All there were, and those that are planned"""
    currency: str
    timezone: str
    starts_at: str
    trial_until: str | None
    ends_at: str | None
    period: Span | None
    """The one that runs now"""
    pauses: list[Pause]
    coupons: list[GivenCoupon]
    gift: Gift | None
    billed_until: str | None
    revision: int
    created_at: str
    updated_at: str


class SubscriptionEvent(Struct, frozen=True, kw_only=True):
    """Something that was decided about it; written once and never changed."""

    id: str
    kind: str
    """started, changed, moved, ended, withdrawn, suspended, resumed, units or coupon"""
    at: str
    """From when on it holds"""
    recorded_at: str
    actor: str
    """Id of the person or key; empty: the platform itself"""
    revision: int
    detail: dict[str, Any]


class SubscriptionEventPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[SubscriptionEvent]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class SubscriptionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Subscription]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class SubscriptionsStatus(StrEnum):
    """Where a subscription stands at an instant."""

    SCHEDULED = "scheduled"
    TRIALING = "trialing"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"

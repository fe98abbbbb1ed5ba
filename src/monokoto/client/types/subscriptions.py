# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.subscriptions`."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from monokoto.client.types.shared import BillingAddress, Span, SubscriptionsStatus


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


class MyBilling(Struct, frozen=True, kw_only=True):
    """Who one is on the invoices of a maker."""

    maker: str
    maker_name: str
    name: str
    email: str
    vat_id: str
    address: BillingAddress
    country: str
    """ISO 3166; the maker changes it, since taxes hang on it"""
    language: str
    """Of the documents and notices"""


class MyBillingPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyBilling]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


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

"""Customers and subscriptions as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monokoto.earn.calendar import Span
from monokoto.earn.subscriptions.customer import Address, Customer
from monokoto.earn.subscriptions.customers import NewCustomer
from monokoto.earn.subscriptions.moving import Moved
from monokoto.earn.subscriptions.starting import NewCoupon, NewSubscription
from monokoto.earn.subscriptions.store import SubscriptionEvent
from monokoto.earn.subscriptions.subscription import Coverage, Gift, Status, Subscription
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import CustomerId, format_id, parse_id
from monokoto.kernel.limits import SUBSCRIPTION_COUPONS_MAX, SUBSCRIPTION_UNITS_MAX, TITLE_LENGTH_MAX
from monokoto.kernel.money import number

Text = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]
Units = str | list[str]
_UNITS = "`owned`: those of the product the customer owns; `fleet`: all of it; or a list of ids"
_AT = "`now`, `period-end`, or an instant (RFC 3339)"
_SHOWN_MAX = 1000
"""Units of one subscription named in its own document, and subscriptions in the answer of a move; the lists have them all."""


class PostalAddressJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where documents go."""

    street: str = ""
    more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


class CustomerJson(msgspec.Struct, frozen=True):
    """Who pays."""

    id: str
    organisation: Annotated[str | None, Meta(description="Id of its own organisation on this platform")]
    name: str
    email: str
    reference: Annotated[str, Meta(description="What the maker's own books call it")]
    address: PostalAddressJson
    country: str
    vat_id: str
    iban: str
    currency: str
    timezone: str
    language: str
    terms_days: Annotated[int, Meta(description="How long it may take to pay")]
    revision: Annotated[int, Meta(description="Also its ETag")]
    created_at: str
    updated_at: str
    archived_at: str | None


class CreateCustomerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be a customer."""

    name: Text
    country: Annotated[str, Meta(description="ISO 3166, such as DE")]
    currency: Annotated[str, Meta(description="ISO 4217, such as EUR")]
    organisation: Annotated[str, Meta(description="Slug or id of its own organisation on this platform")] = ""
    email: str = ""
    reference: Text = ""
    address: PostalAddressJson = PostalAddressJson()
    vat_id: str = ""
    iban: str = ""
    timezone: str = "UTC"
    language: str = "en"
    terms_days: int = 14


class ChangeCustomerRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a customer is to be another; the rest stays."""

    name: Text | UnsetType = UNSET
    country: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    organisation: Annotated[str | UnsetType, Meta(description="Slug or id; empty: none")] = UNSET
    email: str | UnsetType = UNSET
    reference: Text | UnsetType = UNSET
    address: PostalAddressJson | UnsetType = UNSET
    vat_id: str | UnsetType = UNSET
    iban: str | UnsetType = UNSET
    timezone: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    terms_days: int | UnsetType = UNSET


class PhaseJson(msgspec.Struct, frozen=True):
    """A version of a plan holds from this instant on."""

    begins_at: str
    plan: str
    version: int
    every: str
    count: int


class SpanJson(msgspec.Struct, frozen=True):
    """From an instant until before another one."""

    begins_at: str
    ends_at: str | None


class PauseJson(msgspec.Struct, frozen=True):
    """A time in which it is suspended."""

    begins_at: str
    ends_at: str | None
    because: str


class GivenCouponJson(msgspec.Struct, frozen=True):
    """What need not be paid."""

    name: str
    percent: str | None
    amount: str | None
    charges: list[str]
    begins_at: str
    ends_at: str | None


class GiftJson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody else pays."""

    giver: Annotated[str, Meta(description="Id of the customer who pays")]
    message: Text = ""


class SubscriptionJson(msgspec.Struct, frozen=True):
    """A subscription."""

    id: str
    customer: str
    product: str
    units: Annotated[Units, Meta(description=_UNITS)]
    status: Status
    plan: Annotated[str, Meta(description="Which holds now")]
    version: int
    phases: Annotated[list[PhaseJson], Meta(description="All there were, and those that are planned")]
    currency: str
    timezone: str
    starts_at: str
    trial_until: str | None
    ends_at: str | None
    period: Annotated[SpanJson | None, Meta(description="The one that runs now")]
    pauses: list[PauseJson]
    coupons: list[GivenCouponJson]
    gift: GiftJson | None
    billed_until: str | None
    revision: int
    created_at: str
    updated_at: str


class CouponRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A coupon."""

    name: Text
    percent: Annotated[str | int | None, Meta(description="Of what is charged; this or `amount`")] = None
    amount: Annotated[str | int | None, Meta(description="Off each period")] = None
    charges: Annotated[list[str], Meta(max_length=50, description="Only off these charges; none: off all")] = []
    periods: Annotated[int, Meta(ge=0, le=1000, description="For so many; 0: for ever")] = 0


class StartSubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is subscribed to."""

    customer: str
    product: str
    plan: str
    version: Annotated[int, Meta(ge=0, description="0: the newest")] = 0
    units: Annotated[Units, Meta(description=_UNITS)] = "owned"
    starts_at: Annotated[str | None, Meta(description="Left out: now")] = None
    trial_days: Annotated[int, Meta(ge=0, le=366, description="Left out: as the plan says")] | None = None
    ends_at: str | None = None
    timezone: Annotated[str, Meta(description="Left out: the customer's")] = ""
    coupons: Annotated[list[CouponRequest], Meta(max_length=SUBSCRIPTION_COUPONS_MAX)] = []
    gift: GiftJson | None = None


class ChangeSubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which plan is to hold, and from when on."""

    plan: Annotated[str, Meta(description="Left out: the same, in another version")] = ""
    version: Annotated[int, Meta(ge=0, description="0: the newest")] = 0
    at: Annotated[str, Meta(description=f"{_AT}; `notice`: the first period after the notice")] = "now"
    agreed: Annotated[bool, Meta(description="The customer agrees to a change of price before the notice is over")] = (
        False
    )


class EndSubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When it is to end."""

    at: Annotated[str, Meta(description=_AT)] = "period-end"
    because: Text = ""


class SuspendSubscriptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is suspended."""

    because: Text = ""


class ChangeUnitsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units join and which leave, from now on."""

    add: Annotated[list[str], Meta(max_length=SUBSCRIPTION_UNITS_MAX)] = []
    remove: Annotated[list[str], Meta(max_length=SUBSCRIPTION_UNITS_MAX)] = []


class MoveSubscriptionsRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to be moved to which version."""

    product: str
    plan: str
    version: Annotated[int, Meta(ge=0, description="0: the newest")] = 0
    from_version: Annotated[int, Meta(ge=0, description="Only those on this one; 0: on whichever")] = 0
    preview: Annotated[bool, Meta(description="Only say what would happen")] = False


class LeftSubscriptionJson(msgspec.Struct, frozen=True):
    """One that stays on its version, and why."""

    id: str
    reason: str


class MovedSubscriptionsJson(msgspec.Struct, frozen=True):
    """What a move came to, or would come to."""

    version: int
    moved: int
    first_at: Annotated[str | None, Meta(description="When the first of them pays by the new version")]
    last_at: str | None
    left: Annotated[list[LeftSubscriptionJson], Meta(description="At most 1000 of them")]


class SubscriptionEventJson(msgspec.Struct, frozen=True):
    """Something that was decided about it; written once and never changed."""

    id: str
    kind: Annotated[
        str,
        Meta(description="started, changed, moved, ended, withdrawn, suspended, resumed, units or coupon"),
    ]
    at: Annotated[str, Meta(description="From when on it holds")]
    recorded_at: str
    actor: Annotated[str, Meta(description="Id of the person or key; empty: the platform itself")]
    revision: int
    detail: dict[str, Any]


class SubscribedUnitJson(msgspec.Struct, frozen=True):
    """A unit, and when it was in the subscription."""

    unit: str
    times: list[SpanJson]


def _told(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)


def customer_to_json(customer: Customer) -> CustomerJson:
    """As the API shows it."""
    address, buyer = customer.address, customer.customer_organisation_id
    return CustomerJson(
        id=format_id(customer.id), organisation=None if buyer is None else format_id(buyer), name=customer.name,
        email=customer.email, reference=customer.reference,
        address=PostalAddressJson(address.street, address.more, address.postal_code, address.city, address.region),
        country=customer.country, vat_id=customer.vat_id, iban=customer.iban, currency=customer.currency,
        timezone=customer.timezone, language=customer.language, terms_days=customer.terms_days,
        revision=customer.revision, created_at=format_instant(customer.created_at),
        updated_at=format_instant(customer.updated_at), archived_at=_told(customer.archived_at),
    )  # fmt: skip


def customer_from_json(data: CreateCustomerRequest) -> NewCustomer:
    """What the body asks for."""
    plain = {name: getattr(data, name) for name in data.__struct_fields__ if name != "address"}
    return NewCustomer(address=_address(data.address), **plain)


def changes_from_json(data: ChangeCustomerRequest) -> dict[str, Any]:
    """The fields the body has."""
    found = {name: getattr(data, name) for name in data.__struct_fields__ if getattr(data, name) is not UNSET}
    if "address" in found:
        found["address"] = _address(found["address"])
    return found


def _address(given: PostalAddressJson) -> Address:
    return Address(**msgspec.structs.asdict(given))


def subscription_to_json(one: Subscription, now: int) -> SubscriptionJson:
    """As the API shows it at an instant."""
    phase = one.phase_at(max(now, one.starts_at))
    units: Units = one.coverage.value
    if one.coverage is Coverage.UNITS:
        units = [format_id(unit.unit_id) for unit in one.named if unit.end is None][:_SHOWN_MAX]
    gift = None if one.gift is None else GiftJson(format_id(one.gift.giver_id), one.gift.message)
    return SubscriptionJson(
        id=format_id(one.id), customer=format_id(one.customer_id), product=one.product, units=units,
        status=one.status(now), plan=phase.plan, version=phase.version,
        phases=[
            PhaseJson(format_instant(each.begin), each.plan, each.version, each.every.value, each.count)
            for each in one.phases
        ],
        currency=one.currency, timezone=one.timezone, starts_at=format_instant(one.starts_at),
        trial_until=_told(one.trial_until), ends_at=_told(one.ends_at),
        period=span_to_json(one.period(now).span) if one.holds(now) else None,
        pauses=[PauseJson(format_instant(each.begin), _told(each.end), each.because) for each in one.pauses],
        coupons=[
            GivenCouponJson(
                each.name, None if each.percent is None else f"{each.percent:f}",
                None if each.amount is None else f"{each.amount:f}", list(each.charges), format_instant(each.begin),
                _told(each.end),
            )
            for each in one.coupons
        ],
        gift=gift, billed_until=_told(one.billed_until), revision=one.revision,
        created_at=format_instant(one.created_at), updated_at=format_instant(one.updated_at),
    )  # fmt: skip


def span_to_json(span: Span) -> SpanJson:
    """As the API shows it."""
    return SpanJson(format_instant(span.start), format_instant(span.end))


def event_to_json(event: SubscriptionEvent) -> SubscriptionEventJson:
    """As the API shows it."""
    return SubscriptionEventJson(
        id=format_id(event.id), kind=event.kind, at=format_instant(event.at),
        recorded_at=format_instant(event.recorded_at), actor=format_id(event.actor_id) if event.actor_id else "",
        revision=event.revision, detail=dict(event.detail),
    )  # fmt: skip


def moved_to_json(moved: Moved) -> MovedSubscriptionsJson:
    """As the API shows it."""
    left = [LeftSubscriptionJson(format_id(one.subscription.id), one.reason) for one in moved.left[:_SHOWN_MAX]]
    return MovedSubscriptionsJson(moved.version, len(moved.moved), _told(moved.first_at), _told(moved.last_at), left)


def new_from_json(data: StartSubscriptionRequest) -> NewSubscription:
    """What the body asks for. Raises Invalid."""
    coverage, ids = _coverage(data.units)
    gift = None
    if data.gift is not None:
        gift = Gift(giver_id=CustomerId(parse_id(data.gift.giver, what="customer id")), message=data.gift.message)
    return NewSubscription(
        customer_id=parse_id(data.customer, what="customer id"), product=data.product, plan=data.plan,
        version=data.version, coverage=coverage, unit_ids=ids,
        starts_at=None if data.starts_at is None else instant_of(data.starts_at, "starts_at"),
        ends_at=None if data.ends_at is None else instant_of(data.ends_at, "ends_at"),
        trial=None if data.trial_days is None else data.trial_days * 86_400_000_000, timezone=data.timezone,
        coupons=tuple(coupon_from_json(one) for one in data.coupons), gift=gift,
    )  # fmt: skip


def coupon_from_json(data: CouponRequest) -> NewCoupon:
    """What the body asks for. Raises Invalid."""
    percent, amount = (None if one is None else number(one) for one in (data.percent, data.amount))
    return NewCoupon(name=data.name, percent=percent, amount=amount, charges=tuple(data.charges), periods=data.periods)


def _coverage(units: Units) -> tuple[Coverage, tuple[int, ...]]:
    if isinstance(units, list):
        return Coverage.UNITS, ids_of(units)
    if units not in {Coverage.OWNED.value, Coverage.FLEET.value}:
        raise Invalid("For which units?", faults=[Fault(place="units", reason="is owned, fleet or a list of ids")])
    return Coverage(units), ()


def ids_of(units: list[str]) -> tuple[int, ...]:
    """Ids of units. Raises Invalid."""
    return tuple(parse_id(one, what="unit id") for one in units)


def instant_of(text: str, place: str) -> int:
    """An instant. Raises Invalid."""
    try:
        return parse_instant(text)
    except ValueError as error:
        raise Invalid("This is no time.", faults=[Fault(place=place, reason=str(error))]) from None


def when_of(text: str) -> int | str:
    """`now`, `period-end`, `notice`, or an instant. Raises Invalid."""
    return text if text in {"now", "period-end", "notice"} else instant_of(text, "at")

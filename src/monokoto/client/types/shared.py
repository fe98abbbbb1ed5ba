# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of several groups."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import UNSET, Struct, UnsetType, field


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


class BillingAddress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where invoices go."""

    street: str = ""
    more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""


class Credential(Struct, frozen=True, kw_only=True):
    """What is known of a credential."""

    id: str
    kind: str
    name: str
    hint: str
    """First characters of a token; subject of a certificate"""
    fingerprint: str
    """SHA-256 of the token's text or of the certificate's DER form, hex"""
    created_at: str
    starts_at: str | None
    ends_at: str | None
    """It opens nothing from here on; null: no end is set"""
    revoked_at: str | None


class InvoiceLine(Struct, frozen=True, kw_only=True):
    """One line, without tax. A document's text has the same with instants as µs, and is never changed."""

    key: str
    """Names it within its invoice"""
    kind: LineKind
    title: str
    amount: str
    quantity: str | None
    unit: str
    price: str | None
    """Of one unit; null: not one price for all"""
    tax_category: str
    span: Period | None
    """When it was supplied; null: in the invoice's period"""
    meter: str
    """`product/meter`; empty: it charges for no usage"""
    unit_id: str | None
    product: str
    explanation: dict[str, Any]
    """How it came about"""
    vat: str = ""
    """Category of VAT (UNCL5305); empty while it is a draft's"""
    rate: str = ""
    """Of VAT, percent; empty while it is a draft's"""


class LineKind(StrEnum):
    """What a line is for."""

    USAGE = "usage"
    FEE = "fee"
    ONE_TIME = "one-time"
    CREDIT = "credit"
    MINIMUM = "minimum"
    DISCOUNT = "discount"
    WALLET = "wallet"


class Membership(Struct, frozen=True, kw_only=True):
    """One of a person's organisations, and their role there."""

    organisation: Organisation
    role: str


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


class Offline(StrEnum):
    """What happens with a unit that is not connected when its turn comes."""

    QUEUE = "queue"
    SKIP = "skip"


class Order(StrEnum):
    """How the steps follow each other."""

    SEQUENCE = "sequence"
    TOGETHER = "together"


class Organisation(Struct, frozen=True, kw_only=True):
    """An organisation."""

    id: str
    slug: str
    name: str
    kind: str
    created_at: str


class OrganisationKind(StrEnum):
    """Which side of the market it stands on."""

    MAKER = "maker"
    OWNER = "owner"
    PROVIDER = "provider"
    PLATFORM = "platform"


class Period(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From an instant until before another."""

    from_: str = field(name="from")
    to: str


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    id: str
    email: str
    name: str
    locale: str
    """The language they chose, or else the one they were seen with last"""
    locale_chosen: bool
    time_zone: str
    """An IANA name, such as `Asia/Seoul`"""
    has_password: bool
    created_at: str


class PlanCharge(Struct, frozen=True, kw_only=True):
    """A line of a plan."""

    name: str
    kind: str
    """usage, fee or one-time"""
    title: dict[str, str]
    """By language; under the empty tag the text without one"""
    meter: str
    """What it follows; empty for fees"""
    model: str
    """The charge model; empty for fees"""
    by: str
    """The group a matrix prices"""
    fee: str
    """Empty for usage"""
    due: str
    """advance or arrears; empty but for recurring fees"""
    every: str
    count: int
    per: str
    """subscription or unit"""


class ScenesStep(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One action with its input, or a set of desired values, for some units."""

    units: StepUnits
    action: str = ""
    input: Any = None
    """What goes into the action"""
    desired: dict[str, Any] | None = None
    """A JSON merge patch (RFC 7396) of the desired state"""
    expires_seconds: int = 0
    """Until a command expires; 0: as the action says"""


class Scope(StrEnum):
    """What a caller may do. `write` includes `read` of the same noun."""

    ADMIN = "admin"
    PLATFORM = "platform"
    PRODUCTS_READ = "products:read"
    PRODUCTS_WRITE = "products:write"
    UNITS_READ = "units:read"
    UNITS_WRITE = "units:write"
    TELEMETRY_READ = "telemetry:read"
    TELEMETRY_WRITE = "telemetry:write"
    CONTROL_READ = "control:read"
    CONTROL_WRITE = "control:write"
    OWNERSHIP_READ = "ownership:read"
    OWNERSHIP_WRITE = "ownership:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    EARN_READ = "earn:read"
    EARN_WRITE = "earn:write"
    PORTAL_READ = "portal:read"
    PORTAL_WRITE = "portal:write"


class Session(Struct, frozen=True, kw_only=True):
    """A session: one person on one device."""

    id: str
    method: str
    """How it began"""
    address: str
    agent: str
    """What the browser says it is"""
    created_at: str
    last_seen_at: str
    """Coarse: written at most once a minute"""
    expires_at: str
    current: bool
    """Whether it is the one this request came with"""


class Severity(StrEnum):
    """How bad it is, from the least on. After ITU-T X.733, with `info` below."""

    INFO = "info"
    WARNING = "warning"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


class SignedIn(Struct, frozen=True, kw_only=True):
    """Who is signed in, where they act, and what they may do there."""

    person: Person
    organisation: Organisation | None
    """The organisation the session acts in; null: a member of none"""
    role: str | None
    scopes: list[Scope]
    csrf: str
    """Send it as `X-Koto-CSRF` with every change"""
    memberships: list[Membership]
    session: Session


class Span(Struct, frozen=True, kw_only=True):
    """From an instant until before another one."""

    begins_at: str
    ends_at: str | None


class StepUnits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which units: one group, or these, or all that meet the conditions. Looked up when the scene is run."""

    group: str = ""
    """Its name or id"""
    ids: list[str] = []
    product: str = ""
    tags: list[str] = []
    below: str = ""
    """All parts of this unit, at every depth"""


class StopOnFailure(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When to leave off: more than `percent` of at least `of` units that came to an end have failed."""

    percent: float
    of: int = 1


class SubscribedUnit(Struct, frozen=True, kw_only=True):
    """A unit, and when it was in the subscription."""

    unit: str
    times: list[Span]


class SubscribedUnitPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[SubscribedUnit]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class SubscriptionsStatus(StrEnum):
    """Where a subscription stands at an instant."""

    SCHEDULED = "scheduled"
    TRIALING = "trialing"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"


class UsageRow(Struct, frozen=True, kw_only=True):
    """One sample: the evidence behind a total."""

    row: str
    """What it is known by; a correction names it"""
    meter: str
    unit: str
    at: str
    arrived: str
    value: str
    """An exact decimal"""
    key: str
    """The text it carries: whom to count once, which state began, which counter"""
    groups: dict[str, str]
    source: str
    id: str
    kind: str
    """first, correction or deletion"""
    origin: str
    subject: str
    """The property or event of the unit at `at` that it was taken from"""

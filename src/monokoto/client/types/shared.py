# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of several groups."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct


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


class Membership(Struct, frozen=True, kw_only=True):
    """One of a person's organisations, and their role there."""

    organisation: Organisation
    role: str


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


class Person(Struct, frozen=True, kw_only=True):
    """Somebody who signs in."""

    id: str
    email: str
    name: str
    locale: str
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

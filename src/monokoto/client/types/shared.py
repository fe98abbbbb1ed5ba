# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of several groups."""

from __future__ import annotations

from enum import StrEnum

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

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.entitlements`."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct


class Entitlement(Struct, frozen=True, kw_only=True):
    """A feature somebody was given, bought, shares."""

    id: str
    product: str
    feature: str
    holder: str
    """subscription, customer or unit"""
    holder_id: str
    source: str
    key: str
    begin: str
    end: str | None
    value: Any
    amount: str | None
    priority: int
    shared_from: str | None
    """Of a share: the unit that has it"""
    note: str
    created_at: str
    created_by: str | None
    taken_at: str | None


class EntitlementPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Entitlement]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class EntitlementToken(Struct, frozen=True, kw_only=True):
    """What a unit may do while it is away, signed."""

    unit: str
    token: str
    """A compact JWS, EdDSA; docs/entitlements.md says what is in it"""
    counter: int
    issued_at: str
    expires_at: str


class ReachedThreshold(Struct, frozen=True, kw_only=True):
    """So much of a quota was used; told once in each period of it."""

    id: str
    at: str
    """When it was noticed"""
    product: str
    feature: str
    unit: str
    """One of those that draw on the quota"""
    pool: str
    """Whose quota it is: `subscription:…`, `customer:…` or `unit:…`"""
    threshold: str
    """`80%` of what was granted, or a quantity"""
    used: str
    total: str
    """What was granted"""


class ReachedThresholdPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[ReachedThreshold]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class SigningKeys(Struct, frozen=True, kw_only=True):
    """A JSON Web Key Set (RFC 7517)."""

    keys: list[dict[str, Any]]


class Suspension(Struct, frozen=True, kw_only=True):
    """A customer without features, but for those of safety."""

    customer: str
    because: str
    by: Literal["hand", "dunning"]
    begin: str


class SuspensionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Suspension]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Verdict(Struct, frozen=True, kw_only=True):
    """Whether a unit may use a feature."""

    feature: str
    title: str
    kind: str
    """boolean, value or metered"""
    allowed: bool
    reason: str
    value: Any
    """Of a feature that has one"""
    left: str | None
    """Of a metered feature: an exact decimal"""
    used: str | None
    overage: str | None
    period_begin: str | None
    until: str | None
    """When this answer ends by itself; null: nothing ends it"""
    source: str
    safety: bool
    evidence: dict[str, Any]

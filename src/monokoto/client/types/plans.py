# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.plans`."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from monokoto.client.types.shared import PlanCharge


class PlanPreview(Struct, frozen=True, kw_only=True):
    """A whole period, before coupons and tax."""

    currency: str
    total: str
    lines: list[PlanPreviewLine]


class PlanPreviewLine(Struct, frozen=True, kw_only=True):
    """What one charge comes to."""

    charge: str
    kind: str
    """usage, fee, one-time or minimum"""
    title: dict[str, str]
    meter: str
    quantity: str
    amount: str
    parts: list[PlanPreviewPart]


class PlanPreviewPart(Struct, frozen=True, kw_only=True):
    """One reason for a line's money."""

    key: str
    """Such as `tier-2`, `packages`, `minimum-spend`"""
    quantity: str
    price: str
    """For one; 0 where the amount is no product"""
    exact: str
    """Before rounding"""
    amount: str
    size: str | None
    """How many of the meter's units the quantity counts by; null: it counts others"""


class PublishedPlan(Struct, frozen=True, kw_only=True):
    """A version of a plan; it never changes."""

    product: str
    name: str
    version: int
    """Of the newest one also the ETag"""
    latest: int
    title: dict[str, str]
    currency: str
    every: str
    count: int
    anchor: str
    proration: str
    trial_seconds: int
    notice_seconds: int
    minimum: str | None
    """Least spend in a period"""
    charges: list[PlanCharge]
    plan: dict[str, Any]
    """All of it, as it was written"""
    digest: str
    """SHA-256 of `plan` in canonical JSON"""
    source: str
    """The product's version it came with; empty: published by itself"""
    published_at: str
    retired_at: str | None
    """Since when nobody can subscribe to the plan any more"""


class PublishedPlanPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[PublishedPlan]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class QuantityRequest(Struct, frozen=True, kw_only=True):
    """Usage that is more than one number."""

    quantity: str | int | UnsetType = UNSET
    """An exact decimal, as a text: `1.20`"""
    groups: dict[str, str | int | list[str | int]] | UnsetType = UNSET
    """For a matrix; each amount of a group whose price is a percentage"""
    transactions: list[str | int] | UnsetType = UNSET
    """Where each counts by itself: a percentage"""

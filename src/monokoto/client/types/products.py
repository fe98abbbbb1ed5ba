# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.products`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Applied(Struct, frozen=True, kw_only=True):
    """What applying a folder did."""

    product: Product
    plan: Plan


class Change(Struct, frozen=True, kw_only=True):
    """One difference between two versions."""

    place: str
    """JSON pointer into product.yaml"""
    kind: str
    """added, removed or changed"""
    needs: str
    """The least move of the version that may carry it: patch, minor, major"""
    reason: str
    before: Any = None
    after: Any = None


class ChangePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Change]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Checked(Struct, frozen=True, kw_only=True):
    """A folder without a fault."""

    product: str
    version: str
    digest: str
    properties: int
    actions: int
    events: int
    notes: list[Note]


class Note(Struct, frozen=True, kw_only=True):
    """Worth knowing, and no fault."""

    text: str
    place: str
    file: str
    line: int


class Plan(Struct, frozen=True, kw_only=True):
    """What applying a folder would do."""

    product: str
    version: str
    outcome: str
    """create, add-version, unchanged or refused"""
    base: str
    """The version it is compared with; empty for a new product"""
    needs: str
    """How far the version must move: none, patch, minor, major"""
    changes: list[Change]
    refusal: str
    suggested_version: str
    notes: list[Note]


class Product(Struct, frozen=True, kw_only=True):
    """A product."""

    product: str
    title: str
    current_version: str
    """What new units get"""
    created_at: str
    updated_at: str


class ProductPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Product]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Version(Struct, frozen=True, kw_only=True):
    """A version of a product; it never changes."""

    version: str
    digest: str
    """SHA-256 of what was applied, in canonical JSON"""
    created_at: str


class VersionContent(Struct, frozen=True, kw_only=True):
    """A version and what was applied."""

    product: str
    version: str
    digest: str
    created_at: str
    thing_model: dict[str, Any]
    """W3C WoT Thing Model 1.1"""
    document: dict[str, Any]
    """All sections of product.yaml"""
    files: dict[str, str]
    """The text as it was applied"""


class VersionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Version]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

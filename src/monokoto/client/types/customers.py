# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.customers`."""

from __future__ import annotations

from msgspec import Struct


class Customer(Struct, frozen=True, kw_only=True):
    """Who pays."""

    id: str
    organisation: str | None
    """Id of its own organisation on this platform"""
    name: str
    email: str
    reference: str
    """What the maker's own books call it"""
    address: PostalAddress
    country: str
    vat_id: str
    iban: str
    currency: str
    timezone: str
    language: str
    terms_days: int
    """How long it may take to pay"""
    revision: int
    """Also its ETag"""
    created_at: str
    updated_at: str
    archived_at: str | None


class CustomerPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Customer]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class PostalAddress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where documents go."""

    street: str = ""
    more: str = ""
    postal_code: str = ""
    city: str = ""
    region: str = ""

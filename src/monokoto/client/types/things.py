# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.things`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class AccessToken(Struct, frozen=True, kw_only=True):
    """A short-lived token."""

    token: str
    """Put it into the address as `access_token`"""
    expires_at: str


class Format(StrEnum):
    """How a page is written."""

    ARRAY = "array"
    COLLECTION = "collection"

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.organisation`."""

from __future__ import annotations

from msgspec import Struct

from monokoto.client.types.shared import Organisation, Scope


class ApiKey(Struct, frozen=True, kw_only=True):
    """What is known of a key."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: str
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    """Coarse: written at most once a minute"""


class ApiKeyPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[ApiKey]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NewApiKey(Struct, frozen=True, kw_only=True):
    """A key just made: `secret` is shown this once."""

    key: ApiKey
    secret: str
    """Send it as `Authorization: Bearer ...`; it is not kept here"""


class OrganisationPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Organisation]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.credentials`."""

from __future__ import annotations

from msgspec import Struct

from monokoto.client.types.shared import Credential


class CredentialPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Credential]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class NewCredential(Struct, frozen=True, kw_only=True):
    """A credential just made: `token` is shown this once."""

    credential: Credential
    token: str | None
    """Put it on the unit; null for a certificate"""

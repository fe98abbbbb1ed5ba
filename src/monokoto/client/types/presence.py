# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.presence`."""

from __future__ import annotations

from msgspec import Struct


class FleetPresence(Struct, frozen=True, kw_only=True):
    """How many units are online, and a page of them."""

    online: int
    offline: int
    never_seen: int
    """Of those offline, how many were never heard of"""
    items: list[UnitPresence]
    next_cursor: str | None
    """Pass as `cursor` for the next page; null on the last"""


class UnitConnection(Struct, frozen=True, kw_only=True):
    """One live connection."""

    gateway: str
    session: str
    client_id: str
    address: str
    protocol: str
    since: str


class UnitPresence(Struct, frozen=True, kw_only=True):
    """Whether a unit is connected, and when it was heard of."""

    unit: str
    online: bool
    since: str | None
    """Online or offline since; null: it never was online"""
    last_seen: str | None
    """When it last sent anything, over HTTP too; null: never"""
    reason: str | None
    """Why it is offline"""
    sessions: list[UnitConnection]

"""Presence: whether a unit is connected, since when, and when it was last heard of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One live connection of a unit."""

    gateway: str
    session: str
    client_id: str = ""
    address: str = ""
    protocol: str = ""
    since: int
    """Microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitPresence:
    """One unit's presence. A unit that only ever posts over HTTP is never online, but it is seen."""

    unit_id: int
    online: bool = False
    since: int = 0
    """When it became online or offline; 0: it never was online."""
    last_seen: int = 0
    """The arrival of the last thing it sent, a connection included; 0: never."""
    reason: str = ""
    """Why it is offline; empty while it is online."""
    sessions: tuple[Session, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPresence:
    """How many units of an organisation, retired ones not counted, are online."""

    online: int
    offline: int
    never_seen: int
    """Of those offline, how many were never heard of."""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.units`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import UNSET, Struct, UnsetType

from monokoto.client.types.shared import Credential


class ImportMode(StrEnum):
    """What a faulty row does to the others."""

    ALL_OR_NOTHING = "all-or-nothing"
    SKIP_FAULTY = "skip-faulty"


class Location(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a unit is: WGS 84, a place's name, or both."""

    latitude: float | None = None
    """Degrees north, WGS 84"""
    longitude: float | None = None
    """Degrees east, WGS 84"""
    altitude: float | None = None
    """Metres above the ellipsoid"""
    place: str = ""


class LocationPatch(Struct, frozen=True, kw_only=True):
    """What a merge patch says of a location."""

    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    altitude: float | UnsetType | None = UNSET
    place: str | UnsetType | None = UNSET


class Registered(Struct, frozen=True, kw_only=True):
    """A unit just registered: `token` is shown this once."""

    unit: Unit
    credentials: list[Credential]
    token: str | None
    """Put it on the unit; it is not kept here"""


class Side(StrEnum):
    """As what the caller's organisation stands to the unit."""

    MAKER = "maker"
    OWNER = "owner"
    GUEST = "guest"


class Tree(Struct, frozen=True, kw_only=True):
    """A unit's place: what is above it, and a page of what is below."""

    above: list[Unit]
    """From the top down"""
    items: list[Unit]
    """The unit, then its parts, each before its own parts"""
    next_cursor: str | None
    """Pass as `cursor` for the next page; null on the last"""


class Unit(Struct, frozen=True, kw_only=True):
    """A unit."""

    id: str
    product: str
    version: str
    serial: str
    name: str
    tags: list[str]
    location: Location | None
    parent: str | None
    """The unit it is a part of"""
    depth: int
    """1 at the top of its product system"""
    status: UnitStatus
    side: Side
    """As what the asker stands to it: its maker, an owner, a guest"""
    owned: bool
    """Whether it belongs to somebody other than its maker at present"""
    revision: int
    """Rises with every change; the ETag"""
    created_at: str
    updated_at: str


class UnitPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Unit]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class UnitStatus(StrEnum):
    """Where a unit stands in its life."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class Upgraded(Struct, frozen=True, kw_only=True):
    """How many units changed their version."""

    units: int

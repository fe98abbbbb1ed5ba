# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.overview`."""

from __future__ import annotations

from msgspec import Struct


class Cluster(Struct, frozen=True, kw_only=True):
    """Units near each other as one place."""

    latitude: float
    longitude: float
    units: int
    online: int
    box: str
    """`south,west,north,east` of all of them, as `GET /api/v1/units` takes it"""
    unit: str | None
    """The unit, where it is one alone"""
    serial: str | None


class FleetMap(Struct, frozen=True, kw_only=True):
    """Where units are."""

    units: int
    """In all clusters together"""
    clusters: list[Cluster]
    """The most units first"""


class FleetSummary(Struct, frozen=True, kw_only=True):
    """A fleet in numbers."""

    since: str
    units: int
    """All that are not retired"""
    online: int
    never_seen: int
    """Of those offline, how many were never heard of"""
    suspended: int
    new: int
    """Since then: registered; to whoever holds units of others, come to them"""
    claimed: int
    """Belong to somebody other than their maker"""
    located: int
    """Have a location"""
    products: list[ProductCount]
    """The most units first"""
    dead_letters: int | None
    """Since then; null: not open to the asker"""
    pace: Pace | None
    """Readings as they arrive; null: not open to the asker"""
    alerts: int | None = None
    """Alerts that stand now; null: not open to the asker"""


class Pace(Struct, frozen=True, kw_only=True):
    """What arrived in each minute of the last hour."""

    begin: str
    """The first minute's beginning"""
    width_seconds: int
    readings: list[int | None]
    """The last minute is passing; null: before the platform began to count"""


class ProductCount(Struct, frozen=True, kw_only=True):
    """How many units of a product there are."""

    product: str
    units: int
    online: int
    versions: dict[str, int]
    """Of each version how many"""

"""A unit: one physical thing, and what is known of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from msgspec import UNSET, UnsetType

from monokoto.connect.fleet.tree import depth_of
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId
from monokoto.kernel.limits import (
    NAME_LENGTH_MAX,
    PLACE_LENGTH_MAX,
    SERIAL_LENGTH_MAX,
    TAG_LENGTH_MAX,
    TAGS_PER_UNIT_MAX,
    UNIT_NAME_LENGTH_MAX,
)

NOWHERE = UnitId(0)
"""The parent of a unit at the top of its product system."""
_TAG_SEPARATORS = frozenset(",;")


class Status(StrEnum):
    """Where a unit stands in its life."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """May not connect until it is active again; its credentials stay."""
    RETIRED = "retired"
    """Kept for its history; its credentials have ended and its serial stays taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a unit is: WGS 84 degrees, metres above the ellipsoid, or a place's name, or both."""

    latitude: float | None = None
    longitude: float | None = None
    altitude: float | None = None
    place: str = ""

    @property
    def known(self) -> bool:
        """Whether it says anything."""
        return self.latitude is not None or bool(self.place)


@dataclass(frozen=True, slots=True)
class UnitIdentity:
    """What every message needs to know of its unit. Small, and the same object for every message of a session."""

    unit_id: int
    organisation_id: int
    product: str
    version: str
    serial: str
    parent_id: int = 0
    """0: at the top of its product system."""
    credential_id: int = 0
    """The credential it came with; 0 when nobody authenticated (the directory)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One unit of the fleet."""

    id: UnitId
    organisation_id: OrganisationId
    product: ProductName
    version: str
    serial: str
    name: str = ""
    tags: tuple[str, ...] = ()
    location: Location = Location()
    parent_id: UnitId = NOWHERE
    path: str
    """The ids from the top of its product system down to its own, 13 characters each."""
    status: Status = Status.ACTIVE
    revision: int = 1
    created_at: Instant
    updated_at: Instant

    @property
    def depth(self) -> int:
        """1 at the top of its product system."""
        return depth_of(self.path)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUnit:
    """A unit to be registered, as its maker describes it."""

    serial: str
    product: str
    version: str = ""
    """Empty: the product's current version."""
    name: str = ""
    tags: tuple[str, ...] = ()
    location: Location = Location()
    parent: str = ""
    """The id or serial of the unit it is a part of; empty: none."""
    token: str = ""
    """A token the unit's firmware already has; empty: a fresh one is made."""
    certificate: str = ""
    """Its X.509 certificate (PEM); with one, no token is made unless asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationChange:
    """What to change of a location; UNSET leaves it."""

    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    altitude: float | UnsetType | None = UNSET
    place: str | UnsetType = UNSET

    def applied(self, before: Location) -> Location:
        """The location after the change."""
        return Location(
            latitude=before.latitude if self.latitude is UNSET else self.latitude,
            longitude=before.longitude if self.longitude is UNSET else self.longitude,
            altitude=before.altitude if self.altitude is UNSET else self.altitude,
            place=before.place if self.place is UNSET else self.place,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """What to change of a unit; None leaves it."""

    name: str | None = None
    tags: tuple[str, ...] | None = None
    location: LocationChange | None = None
    parent_id: int | None = None
    """0: out of its product system."""
    version: str | None = None
    status: Status | None = None


def new_unit_faults(new: NewUnit) -> list[Fault]:
    """Everything wrong with a description that can be told without looking anything up."""
    return [
        *_text_faults(new.serial, "serial", 1, SERIAL_LENGTH_MAX),
        *_text_faults(new.product, "product", 1, NAME_LENGTH_MAX),
        *_text_faults(new.version, "version", 0, NAME_LENGTH_MAX),
        *_text_faults(new.parent, "parent", 0, SERIAL_LENGTH_MAX),
        *descriptive_faults(new.name, new.tags, new.location),
    ]


def descriptive_faults(name: str, tags: tuple[str, ...], location: Location) -> list[Fault]:
    """Everything wrong with what may be changed at any time."""
    return [
        *_text_faults(name, "name", 0, UNIT_NAME_LENGTH_MAX),
        *_tag_faults(tags),
        *_location_faults(location),
    ]


def _text_faults(text: str, place: str, length_min: int, length_max: int) -> Iterator[Fault]:
    if not length_min <= len(text) <= length_max:
        reason = "missing" if not text else f"has {len(text)} characters, at most {length_max} are allowed"
        yield Fault(place=place, reason=reason)
    elif text != text.strip():
        yield Fault(place=place, reason="starts or ends with a space")
    elif text and not text.isprintable():
        yield Fault(place=place, reason="has characters that cannot be printed")


def _tag_faults(tags: tuple[str, ...]) -> Iterator[Fault]:
    if len(tags) > TAGS_PER_UNIT_MAX:
        yield Fault(place="tags", reason=f"{len(tags)} tags, at most {TAGS_PER_UNIT_MAX} are allowed")
        return
    for tag in tags:
        yield from _text_faults(tag, "tags", 1, TAG_LENGTH_MAX)
        if not _TAG_SEPARATORS.isdisjoint(tag):
            yield Fault(place="tags", reason=f"{tag!r} holds a comma or semicolon, which separate tags")
    if len(set(tags)) != len(tags):
        yield Fault(place="tags", reason="a tag is named twice")


def _location_faults(location: Location) -> Iterator[Fault]:
    yield from _text_faults(location.place, "location/place", 0, PLACE_LENGTH_MAX)
    if (location.latitude is None) != (location.longitude is None):
        yield Fault(place="location", reason="latitude and longitude go together")
    if location.altitude is not None and location.latitude is None:
        yield Fault(place="location/altitude", reason="an altitude needs latitude and longitude")
    for name, value, low, high in (
        ("latitude", location.latitude, -90.0, 90.0),
        ("longitude", location.longitude, -180.0, 180.0),
        ("altitude", location.altitude, -12_000.0, 1e9),
    ):
        # `not (low <= ...)` refuses NaN too.
        if value is not None and not (low <= value <= high and math.isfinite(value)):
            yield Fault(place=f"location/{name}", reason=f"{value} is not between {low:g} and {high:g}")

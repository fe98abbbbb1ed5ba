"""Units and credentials as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monokoto.connect.fleet.credential import ALWAYS, NEVER, Credential
from monokoto.connect.fleet.registration import Registered
from monokoto.connect.fleet.unit import NOWHERE, Location, LocationChange, NewUnit, Status, Unit, UnitChange
from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import UnitId, format_id, parse_id
from monokoto.web import Reach, Side


class LocationJson(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a unit is: WGS 84, a place's name, or both."""

    latitude: Annotated[float | None, Meta(description="Degrees north, WGS 84")] = None
    longitude: Annotated[float | None, Meta(description="Degrees east, WGS 84")] = None
    altitude: Annotated[float | None, Meta(description="Metres above the ellipsoid")] = None
    place: str = ""


class LocationPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a merge patch says of a location."""

    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    altitude: float | UnsetType | None = UNSET
    place: str | UnsetType | None = UNSET


class UnitJson(msgspec.Struct, frozen=True):
    """A unit."""

    id: str
    product: str
    version: str
    serial: str
    name: str
    tags: list[str]
    location: LocationJson | None
    parent: Annotated[str | None, Meta(description="The unit it is a part of")]
    depth: Annotated[int, Meta(description="1 at the top of its product system")]
    status: Status
    side: Annotated[Side, Meta(description="As what the asker stands to it: its maker, an owner, a guest")]
    owned: Annotated[bool, Meta(description="Whether it belongs to somebody other than its maker at present")]
    revision: Annotated[int, Meta(description="Rises with every change; the ETag")]
    created_at: str
    updated_at: str


class TreeJson(msgspec.Struct, frozen=True):
    """A unit's place: what is above it, and a page of what is below."""

    above: Annotated[list[UnitJson], Meta(description="From the top down")]
    items: Annotated[list[UnitJson], Meta(description="The unit, then its parts, each before its own parts")]
    next_cursor: Annotated[str | None, Meta(description="Pass as `cursor` for the next page; null on the last")]


class CredentialJson(msgspec.Struct, frozen=True):
    """What is known of a credential."""

    id: str
    kind: str
    name: str
    hint: Annotated[str, Meta(description="First characters of a token; subject of a certificate")]
    fingerprint: Annotated[str, Meta(description="SHA-256 of the token's text or of the certificate's DER form, hex")]
    created_at: str
    starts_at: str | None
    ends_at: Annotated[str | None, Meta(description="It opens nothing from here on; null: no end is set")]
    revoked_at: str | None


class RegisterRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit to register; also one row of an NDJSON import."""

    serial: str
    product: str = ""
    version: Annotated[str, Meta(description="Empty: the product's current version")] = ""
    name: str = ""
    tags: list[str] = []
    location: LocationJson | None = None
    parent: Annotated[str, Meta(description="Id or serial of the unit it is a part of")] = ""
    token: Annotated[str, Meta(description="A token its firmware already has; empty: a fresh one is made")] = ""
    certificate: Annotated[str, Meta(description="Its X.509 certificate (PEM); with one, no token is made")] = ""


class RegisteredJson(msgspec.Struct, frozen=True):
    """A unit just registered: `token` is shown this once."""

    unit: UnitJson
    credentials: list[CredentialJson]
    token: Annotated[str | None, Meta(description="Put it on the unit; it is not kept here")]


class UpdateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A merge patch (RFC 7386) of a unit."""

    name: str | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    location: LocationPatch | UnsetType | None = UNSET
    parent: Annotated[str | UnsetType | None, Meta(description="Id of the unit to move it below; null: to the top")] = (
        UNSET
    )
    version: str | UnsetType = UNSET
    status: Status | UnsetType = UNSET


class NewCredentialJson(msgspec.Struct, frozen=True):
    """A credential just made: `token` is shown this once."""

    credential: CredentialJson
    token: Annotated[str | None, Meta(description="Put it on the unit; null for a certificate")]


class IssueRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credential to make: a fresh token, a token the unit already has, or a certificate."""

    name: str = ""
    token: Annotated[str, Meta(description="A token the unit already has; empty: a fresh one")] = ""
    certificate: Annotated[str, Meta(description="X.509 certificate (PEM) instead of a token")] = ""
    expires_at: Annotated[str | None, Meta(description="RFC 3339, for a token; null: it does not expire")] = None


class RotateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A successor for a credential."""

    grace_seconds: Annotated[int, Meta(ge=0, description="How long the old one goes on beside it")] = 0
    token: str = ""
    certificate: str = ""


class UpgradeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units of a product go to which version; every condition given must hold."""

    product: str
    version: Annotated[str, Meta(description="The version they get")]
    from_version: str = ""
    tags: list[str] = []
    below: Annotated[str | None, Meta(description="Only parts of this unit")] = None


class UpgradedJson(msgspec.Struct, frozen=True):
    """How many units changed their version."""

    units: int


def location_to_json(location: Location) -> LocationJson | None:
    """As the API shows it."""
    if not location.known:
        return None
    return LocationJson(
        latitude=location.latitude, longitude=location.longitude, altitude=location.altitude, place=location.place
    )


def location_from_json(data: LocationJson | None) -> Location:
    """What a request says; null: nowhere known."""
    if data is None:
        return Location()
    return Location(latitude=data.latitude, longitude=data.longitude, altitude=data.altitude, place=data.place)


def unit_to_json(unit: Unit, reach: Reach | None = None, *, parent_open: bool = True) -> UnitJson:
    """As the API shows it to its maker; with a reach of somebody else, as it shows it to them.

    Tags are the maker's notes. Its name and place are shown while the present is open: they may be of another's time.
    What it is a part of is named where that lies open too.
    """
    if reach is not None and reach.side is not Side.MAKER:
        unit = replace(
            unit,
            name=reach.label or (unit.name if reach.now else ""),
            tags=(),
            location=unit.location if reach.now else Location(),
        )
    return UnitJson(
        id=format_id(unit.id),
        product=unit.product,
        version=unit.version,
        serial=unit.serial,
        name=unit.name,
        tags=list(unit.tags),
        location=location_to_json(unit.location),
        parent=None if unit.parent_id == NOWHERE or not parent_open else format_id(unit.parent_id),
        depth=unit.depth,
        status=unit.status,
        side=Side.MAKER if reach is None else reach.side,
        owned=reach is not None and reach.owned,
        revision=unit.revision,
        created_at=format_instant(unit.created_at),
        updated_at=format_instant(unit.updated_at),
    )


def credential_to_json(credential: Credential) -> CredentialJson:
    """As the API shows it."""
    return CredentialJson(
        id=format_id(credential.id),
        kind=credential.kind.value,
        name=credential.name,
        hint=credential.hint,
        fingerprint=credential.fingerprint.hex(),
        created_at=format_instant(credential.created_at),
        starts_at=None if credential.starts_at == ALWAYS else format_instant(credential.starts_at),
        ends_at=None if credential.ends_at == NEVER else format_instant(credential.ends_at),
        revoked_at=None if credential.revoked_at is None else format_instant(credential.revoked_at),
    )


def registered_to_json(registered: Registered) -> RegisteredJson:
    """As the API shows it, once."""
    return RegisteredJson(
        unit=unit_to_json(registered.unit),
        credentials=[credential_to_json(credential) for credential in registered.credentials],
        token=registered.token or None,
    )


def new_unit_from_json(data: RegisterRequest, *, product: str = "") -> NewUnit:
    """What a request or a row says; `product` stands in where it names none."""
    return NewUnit(
        serial=data.serial,
        product=data.product or product,
        version=data.version,
        name=data.name,
        tags=tuple(data.tags),
        location=location_from_json(data.location),
        parent=data.parent,
        token=data.token,
        certificate=data.certificate,
    )


def change_from_json(data: UpdateRequest) -> UnitChange:
    """What a merge patch asks for: what it leaves out stays, null empties."""
    return UnitChange(
        name=None if data.name is UNSET else data.name or "",
        tags=None if data.tags is UNSET else tuple(data.tags or ()),
        location=None if data.location is UNSET else _location_change(data.location),
        parent_id=None if data.parent is UNSET else _parent_id(data.parent),
        version=None if data.version is UNSET else data.version,
        status=None if data.status is UNSET else data.status,
    )


def _location_change(data: LocationPatch | None) -> LocationChange:
    if data is None:
        return LocationChange(latitude=None, longitude=None, altitude=None, place="")
    place = data.place if data.place is UNSET else data.place or ""
    return LocationChange(latitude=data.latitude, longitude=data.longitude, altitude=data.altitude, place=place)


def _parent_id(text: str | None) -> UnitId:
    return UnitId(parse_id(text, what="parent")) if text else NOWHERE

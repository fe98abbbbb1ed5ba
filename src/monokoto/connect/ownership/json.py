"""Ownership as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from monokoto.connect.ownership.ownership import Access, Ending, Ownership
from monokoto.connect.ownership.service import Offer
from monokoto.kernel.clock import Instant, format_instant, parse_instant
from monokoto.kernel.errors import Fault, Invalid
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import PLACE_LENGTH_MAX, UNIT_NAME_LENGTH_MAX

Label = Annotated[str, Meta(max_length=UNIT_NAME_LENGTH_MAX)]
Slug = Annotated[str, Meta(min_length=1, max_length=64, description="The organisation's slug")]
Code = Annotated[str, Meta(max_length=64, description="As on the box: letters in any case, hyphens or none")]


class PartyJson(msgspec.Struct, frozen=True):
    """An organisation."""

    slug: str
    name: str


Parties = Callable[[int], PartyJson]
"""Who an organisation is."""


class OwnershipJson(msgspec.Struct, frozen=True):
    """A unit's time with one owner."""

    id: str
    unit: str
    owner: Annotated[PartyJson | None, Meta(description="null where the contract does not tell the maker")]
    begin: str
    end: Annotated[str | None, Meta(description="Itself not included; null: it goes on")]
    ending: Annotated[Ending | None, Meta(description="How it ended")]
    maker_sees: Annotated[bool, Meta(description="Whether the contract shows its data to the maker")]
    label: Annotated[str, Meta(description="What the owner calls the unit; told to the owner alone")]
    place: Annotated[str, Meta(description="Where the owner says it is; told to the owner alone")]


class ClaimRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code from a box, or from an owner who hands the unit on."""

    code: Code
    label: Annotated[Label, Meta(description="What to call the unit")] = ""


class ClaimedJson(msgspec.Struct, frozen=True):
    """What became the asker's."""

    unit: str
    ownership: OwnershipJson
    parts: Annotated[list[str], Meta(description="Parts of the unit that came with it")]


class ClaimCodeJson(msgspec.Struct, frozen=True):
    """A code, shown this once."""

    unit: str
    code: str
    url: Annotated[str, Meta(description="What the QR code holds: the console's page to claim the unit")]
    qr_svg: Annotated[str, Meta(description="The QR code as SVG")]


class ClaimCodesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units get a fresh code; every condition given must hold, and nobody may own them."""

    product: str = ""
    version: str = ""
    serial_prefix: str = ""
    tags: list[str] = []
    below: Annotated[str | None, Meta(description="Only parts of this unit")] = None


class DescribeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the owner calls the unit and where it is; what is left out stays."""

    label: Label | UnsetType = UNSET
    place: Annotated[str, Meta(max_length=PLACE_LENGTH_MAX)] | UnsetType = UNSET


class TransferRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to offer the unit to; nobody: a code is made for whoever gets it."""

    to: Annotated[Slug | None, Meta(description="The organisation's slug; null: make a transfer code")] = None


class TransferJson(msgspec.Struct, frozen=True):
    """A unit about to change hands."""

    id: Annotated[str | None, Meta(description="What the other side accepts; null for a code")]
    unit: str
    giver: PartyJson
    taker: Annotated[PartyJson | None, Meta(description="null: whoever has the code")]
    expires_at: str
    code: Annotated[str | None, Meta(description="Shown this once; null for an offer")] = None
    url: str | None = None
    qr_svg: str | None = None


class AcceptRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which offer to take."""

    transfer: str


class ShareRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to let look in, beside the owner."""

    to: Slug
    since: Annotated[str | None, Meta(description="RFC 3339, the first instant whose data it shows; null: now")] = None
    until: Annotated[str | None, Meta(description="RFC 3339; null: until it is taken back")] = None
    control: Annotated[bool, Meta(description="Whether they may tell the unit what to do")] = False
    label: Label = ""


class RentalRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who shall have the unit alone, and how long."""

    to: Slug
    end: Annotated[str, Meta(description="RFC 3339; itself not included")]
    begin: Annotated[str | None, Meta(description="RFC 3339; null: now")] = None
    owner_sees: Annotated[bool, Meta(description="Whether the owner sees that time too")] = False
    label: Label = ""


class AccessJson(msgspec.Struct, frozen=True):
    """A share or a rental."""

    id: str
    unit: str
    giver: PartyJson
    guest: PartyJson
    begin: str
    end: str | None
    lasting: Annotated[bool, Meta(description="Whether it lasts now")]
    control: bool
    owner_sees: bool
    label: str


def ownership_to_json(one: Ownership, parties: Parties, *, asker_id: int) -> OwnershipJson:
    """As the API shows it to its owner, or to the maker."""
    mine = one.owner_id == asker_id
    return OwnershipJson(
        id=format_id(one.id),
        unit=format_id(one.unit_id),
        owner=parties(one.owner_id) if mine or one.maker_sees else None,
        begin=format_instant(one.begin),
        end=None if one.end is None else format_instant(one.end),
        ending=one.ending,
        maker_sees=one.maker_sees,
        label=one.label if mine else "",
        place=one.place if mine else "",
    )


def offer_to_json(offer: Offer, parties: Parties) -> TransferJson:
    """As the API shows it."""
    return TransferJson(
        id=format_id(offer.id),
        unit=format_id(offer.unit_id),
        giver=parties(offer.from_id),
        taker=parties(offer.to_id),
        expires_at=format_instant(offer.expires_at),
    )


def access_to_json(one: Access, parties: Parties, *, now: int) -> AccessJson:
    """As the API shows it."""
    return AccessJson(
        id=format_id(one.id),
        unit=format_id(one.unit_id),
        giver=parties(one.giver_id),
        guest=parties(one.guest_id),
        begin=format_instant(one.begin),
        end=None if one.end is None else format_instant(one.end),
        lasting=one.holds(now),
        control=one.control,
        owner_sees=one.owner_sees,
        label=one.label,
    )


def instants_from_json(**texts: str | None) -> dict[str, Any]:
    """Instants by name, None where there is none. Raises Invalid with every text that is no time."""
    found: dict[str, Instant | None] = {}
    faults: list[Fault] = []
    for place, text in texts.items():
        try:
            found[place] = None if text is None else parse_instant(text)
        except ValueError as error:
            faults.append(Fault(place=place, reason=str(error)))
    if faults:
        raise Invalid("This is not a time for it.", faults=faults)
    return found

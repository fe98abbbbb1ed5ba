# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.ownership`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Access(Struct, frozen=True, kw_only=True):
    """A share or a rental."""

    id: str
    unit: str
    giver: Party
    guest: Party
    begin: str
    end: str | None
    lasting: bool
    """Whether it lasts now"""
    control: bool
    owner_sees: bool
    label: str


class AccessPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Access]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class ClaimCode(Struct, frozen=True, kw_only=True):
    """A code, shown this once."""

    unit: str
    code: str
    url: str
    """What the QR code holds: the console's page to claim the unit"""
    qr_svg: str
    """The QR code as SVG"""


class Claimed(Struct, frozen=True, kw_only=True):
    """What became the asker's."""

    unit: str
    ownership: Ownership
    parts: list[str]
    """Parts of the unit that came with it"""


class Ending(StrEnum):
    """How an ownership ended."""

    TRANSFERRED = "transferred"
    RETURNED = "returned"


class Ownership(Struct, frozen=True, kw_only=True):
    """A unit's time with one owner."""

    id: str
    unit: str
    owner: Party | None
    """null where the contract does not tell the maker"""
    begin: str
    end: str | None
    """Itself not included; null: it goes on"""
    ending: Ending | None
    """How it ended"""
    maker_sees: bool
    """Whether the contract shows its data to the maker"""
    label: str
    """What the owner calls the unit; told to the owner alone"""
    place: str
    """Where the owner says it is; told to the owner alone"""


class OwnershipPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Ownership]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Party(Struct, frozen=True, kw_only=True):
    """An organisation."""

    slug: str
    name: str


class Transfer(Struct, frozen=True, kw_only=True):
    """A unit about to change hands."""

    id: str | None
    """What the other side accepts; null for a code"""
    unit: str
    giver: Party
    taker: Party | None
    """null: whoever has the code"""
    expires_at: str
    code: str | None = None
    """Shown this once; null for an offer"""
    url: str | None = None
    qr_svg: str | None = None


class TransferPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Transfer]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

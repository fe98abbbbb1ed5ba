# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.gifts`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from monokoto.client.types.shared import MyPlan


class GiftPlan(Struct, frozen=True, kw_only=True):
    """What is given."""

    id: str
    maker: str
    maker_name: str
    product: str
    plan: str
    version: int
    title: dict[str, str]
    """By language; under the empty tag the text without one"""
    message: str
    state: GiftState
    created_at: str
    expires_at: str
    """Nobody can take it from then on"""
    subscription: str | None
    """What it became"""


class GiftPlanPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[GiftPlan]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class GiftState(StrEnum):
    """Where it stands."""

    OPEN = "open"
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class NewGift(Struct, frozen=True, kw_only=True):
    """A present that was made."""

    gift: GiftPlan
    code: str
    """Opens it; shown this once: hand it to whom it is for"""


class OpenedGift(Struct, frozen=True, kw_only=True):
    """What a code opens."""

    gift: GiftPlan
    plan: MyPlan
    units: list[str]
    """Your units it could be for"""
    known: bool
    """Whether the maker knows you as a customer: else say who you are"""

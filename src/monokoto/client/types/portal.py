# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.portal`."""

from __future__ import annotations

from msgspec import Struct

from monokoto.client.types.shared import MyPlan, MySubscription


class MyAccount(Struct, frozen=True, kw_only=True):
    """What one has with a maker."""

    maker: str
    maker_name: str
    balances: list[MyBalance]


class MyAccountPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyAccount]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class MyBalance(Struct, frozen=True, kw_only=True):
    """What is left in a currency."""

    currency: str
    credit: str
    """Pays the next invoice by itself"""
    wallet: str
    """Paid ahead"""


class MyShare(Struct, frozen=True, kw_only=True):
    """A function of a unit of one's own that another unit may use too."""

    id: str
    product: str
    feature: str
    title: dict[str, str]
    """Of the function, by language"""
    unit: str
    """That has it"""
    with_unit: str
    """That may use it too"""
    begin: str
    end: str | None
    """null: as long as the unit has it"""


class MySharePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MyShare]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class MySubscriptionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[MySubscription]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class PlanOffer(Struct, frozen=True, kw_only=True):
    """A plan that may be bought."""

    maker: str
    """Id of the organisation that sells it"""
    maker_name: str
    plan: MyPlan
    units: list[str]
    """Your units it could be for; at most 1000 of them"""


class PlanOfferPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[PlanOffer]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.views`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Listed(StrEnum):
    """The lists that views are of."""

    UNITS = "units"


class View(Struct, frozen=True, kw_only=True):
    """A saved view."""

    id: str
    list: Listed
    name: str
    query: str
    shared: bool
    """Everybody in the organisation sees it"""
    own: bool
    """Whether the caller saved it"""
    changeable: bool
    """Whether the caller may change or delete it"""
    created_at: str
    updated_at: str


class ViewPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[View]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

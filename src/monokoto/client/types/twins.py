# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.twins`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Desired(Struct, frozen=True, kw_only=True):
    """What is wanted of the unit."""

    revision: int
    """Counts the changes from 1; 0: nothing was ever desired"""
    at: str | None
    """When it was desired"""
    properties: dict[str, Any]


class DesiredRevision(Struct, frozen=True, kw_only=True):
    """A desired state that was current once."""

    revision: int
    at: str | None
    by: str
    """The API key that asked"""
    properties: dict[str, Any]


class DesiredRevisionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[DesiredRevision]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class LatestColumn(Struct, frozen=True, kw_only=True):
    """One property over the units of its product; null where a unit never reported it."""

    values: list[Any]
    at: list[str | None]


class LatestColumns(Struct, frozen=True, kw_only=True):
    """`format=columns`: columns per product; several times smaller and faster than rows."""

    items: list[LatestProduct]
    next_cursor: str | None = None


class LatestProduct(Struct, frozen=True, kw_only=True):
    """The units of one product, and a column per property in the same order."""

    product: str
    units: list[str]
    properties: dict[str, LatestColumn]


class LatestRow(Struct, frozen=True, kw_only=True):
    """One unit; properties it never reported are left out."""

    unit: str
    product: str
    properties: dict[str, LatestValue]


class LatestRows(Struct, frozen=True, kw_only=True):
    """`format=rows`: an item per unit."""

    items: list[LatestRow]
    next_cursor: str | None = None


class LatestValue(Struct, frozen=True, kw_only=True):
    """A value and the unit's own time of it."""

    value: Any
    at: str


class Rebuild(Struct, frozen=True, kw_only=True):
    """How far a rebuild is."""

    state: str
    """running, done or failed"""
    properties_done: int
    properties_total: int
    values: int
    started_at: str
    ended_at: str | None
    detail: str


class Reported(Struct, frozen=True, kw_only=True):
    """What the unit said last, property by property."""

    revision: int
    """Rises with what arrives; the same after any restart or replay"""
    at: str | None
    """The newest time of any value"""
    properties: dict[str, ReportedValue]


class ReportedValue(Struct, frozen=True, kw_only=True):
    """A value and the unit's own time of it."""

    value: Any
    at: str


class Twin(Struct, frozen=True, kw_only=True):
    """One unit's reported and desired state."""

    unit: str
    product: str
    reported: Reported
    desired: Desired
    drift: dict[str, Any]
    """Desired values the unit has not reported"""

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.history`."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from msgspec import Struct

from monokoto.client.wire import OpenObject


class ChartMethod(StrEnum):
    """How many readings become few without losing the curve's shape."""

    LTTB = "lttb"
    M4 = "m4"


class Event(Struct, frozen=True, kw_only=True):
    """Something a unit said happened."""

    unit: str
    event: str
    at: str
    arrived: str
    data: Any


class EventPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Event]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class History(Struct, frozen=True, kw_only=True):
    """Readings or buckets by series."""

    series: list[Series]
    next_cursor: str | None = None
    """Of raw readings: pass as `cursor`; null on the last page"""


class ImportFault(Struct, frozen=True, kw_only=True):
    """One thing wrong with a row."""

    row: int
    """Counted from 1, a header counted too"""
    place: str
    reason: str


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did."""

    rows: int
    readings: int
    refused: int
    faults: list[ImportFault]
    """The first of the refused ones"""


class Series(OpenObject):
    """One property of one unit (or product, or named set): parallel lists. Buckets have a list for each aggregate asked
    for.

    Members the question names are read as items.
    """

    property: str
    at: list[str]
    unit: str
    product: str
    group: str
    value: list[Any]
    defaults: ClassVar[dict[str, Any]] = {"unit": "", "product": "", "group": "", "value": []}

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.usage`."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field

from monokoto.client.types.shared import UsageRow


class CorrectionRequest(Struct, frozen=True, kw_only=True):
    """What a sample counts from now on; without a value it counts nothing."""

    meter: str
    reason: str
    row: str | UnsetType | None = UNSET
    """Of a sample that is there: as usage rows have it"""
    value: str | UnsetType | None = UNSET
    """An exact decimal; null: it does not count"""
    unit: str | UnsetType | None = UNSET
    """Of a sample nobody told: whose"""
    at: str | UnsetType | None = UNSET
    """Of a sample nobody told: when it was used"""
    id: str | UnsetType = UNSET
    """Of a sample nobody told: your name for it"""
    groups: dict[str, str] | UnsetType = UNSET
    key: str | UnsetType = UNSET


class CustomerUsage(Struct, frozen=True, kw_only=True):
    """What the units of one customer used."""

    customer: str
    name: str
    subscriptions: int
    """That were for some unit in this time"""
    units: int
    quantity: str
    """An exact decimal"""


class Meter(Struct, frozen=True, kw_only=True):
    """One meter of a product, as the newest version with it says."""

    meter: str
    """`product/name`"""
    title: dict[str, str]
    """By language; under the empty name the text without one"""
    unit: str
    aggregation: str
    origin: str
    """property, event or external"""
    subject: str
    """The property, the event, or the type of external events"""
    by: list[str]
    """Fields its usage can be asked for by"""
    definition: dict[str, Any]
    """As product.yaml has it"""


class MeterPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Meter]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Usage(Struct, frozen=True, kw_only=True):
    """Usage of one meter."""

    meter: str
    unit_of_measure: str
    items: list[UsageBucket]
    next_cursor: str | None
    """Pass as `cursor` for further units; null on the last page"""


class UsageBucket(Struct, frozen=True, kw_only=True):
    """What was used in a part of the time."""

    start: str
    end: str
    quantity: str
    """An exact decimal"""
    unit: str | None = None
    """With `by=unit`: whose"""
    group: str | None = None
    """With `by` a field: its value; empty where it was not told"""


class UsageByCustomer(Struct, frozen=True, kw_only=True):
    """Usage of one meter in one time, customer by customer."""

    meter: str
    unit: str
    """What it counts in"""
    from_: str = field(name="from")
    to: str
    items: list[CustomerUsage]
    next_cursor: str | None


class UsageCorrection(Struct, frozen=True, kw_only=True):
    """One correction that was made."""

    id: str
    meter: str
    unit: str
    at: str
    row: str
    kind: str
    value: str
    """An exact decimal"""
    before: str | None
    """What it counted until then; null: nothing"""
    reason: str
    corrected_at: str
    corrected_by: str | None


class UsageCorrectionPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[UsageCorrection]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class UsageCorrections(Struct, frozen=True, kw_only=True):
    """Those of one request, in its order."""

    corrections: list[UsageCorrection]


class UsageEventResult(Struct, frozen=True, kw_only=True):
    """What became of one usage event."""

    status: str
    """accepted, duplicate or refused"""
    source: str = ""
    id: str = ""
    meters: list[str] = []
    """The meters that looked at it"""
    reason: str = ""
    """malformed, too-old, in-the-future, too-large, unknown-unit or no-value"""
    detail: str = ""


class UsageEvents(Struct, frozen=True, kw_only=True):
    """What became of the usage events of a request, in their order. Accepted ones are on disk."""

    accepted: int
    duplicates: int
    refused: int
    items: list[UsageEventResult]


class UsageRowPage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[UsageRow]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""

"""The twin as the API shows it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.operate.twins.reported.rebuild import RebuildProgress
from monokoto.operate.twins.twin import Desired, Reported, Twin


class ReportedValueJson(msgspec.Struct, frozen=True):
    """A value and the unit's own time of it."""

    value: Any
    at: str


class ReportedJson(msgspec.Struct, frozen=True):
    """What the unit said last, property by property."""

    revision: Annotated[int, Meta(description="Rises with what arrives; the same after any restart or replay")]
    at: Annotated[str | None, Meta(description="The newest time of any value")]
    properties: dict[str, ReportedValueJson]


class DesiredJson(msgspec.Struct, frozen=True):
    """What is wanted of the unit."""

    revision: Annotated[int, Meta(description="Counts the changes from 1; 0: nothing was ever desired")]
    at: Annotated[str | None, Meta(description="When it was desired")]
    properties: dict[str, Any]


class TwinJson(msgspec.Struct, frozen=True):
    """One unit's reported and desired state."""

    unit: str
    product: str
    reported: ReportedJson
    desired: DesiredJson
    drift: Annotated[dict[str, Any], Meta(description="Desired values the unit has not reported")]


class DesiredRevisionJson(msgspec.Struct, frozen=True):
    """A desired state that was current once."""

    revision: int
    at: str | None
    by: Annotated[str, Meta(description="The API key that asked")]
    properties: dict[str, Any]


class ReportedEventJson(msgspec.Struct, frozen=True):
    """Event `reported` of a stream: the values that are new."""

    unit: str
    product: str
    revision: int
    at: str | None
    properties: dict[str, ReportedValueJson]


class DesiredEventJson(msgspec.Struct, frozen=True):
    """Event `desired` of a stream: the whole desired state."""

    unit: str
    product: str
    revision: int
    at: str | None
    properties: dict[str, Any]


class RebuildJson(msgspec.Struct, frozen=True):
    """How far a rebuild is."""

    state: Annotated[str, Meta(description="running, done or failed")]
    properties_done: int
    properties_total: int
    values: int
    started_at: str
    ended_at: str | None
    detail: str


def optional_instant(instant: int | None) -> str | None:
    """RFC 3339, or null."""
    return None if instant is None else format_instant(instant)


def values_to_json(reported: Reported) -> dict[str, ReportedValueJson]:
    """The values by property."""
    return {name: ReportedValueJson(held.value, format_instant(held.at)) for name, held in reported.properties.items()}


def desired_to_json(desired: Desired) -> DesiredJson:
    """As it stands in a twin."""
    return DesiredJson(revision=desired.revision, at=optional_instant(desired.at), properties=dict(desired.properties))


def twin_to_json(twin: Twin) -> TwinJson:
    """The whole twin."""
    return TwinJson(
        unit=format_id(twin.unit_id),
        product=twin.product,
        reported=ReportedJson(
            revision=twin.reported.revision,
            at=optional_instant(twin.reported.at),
            properties=values_to_json(twin.reported),
        ),
        desired=desired_to_json(twin.desired),
        drift=dict(twin.drift),
    )


def revision_to_json(desired: Desired) -> DesiredRevisionJson:
    """As the history shows it."""
    return DesiredRevisionJson(
        revision=desired.revision,
        at=optional_instant(desired.at),
        by=format_id(desired.by),
        properties=dict(desired.properties),
    )


def reported_event_to_json(unit_id: int, product: str, reported: Reported) -> ReportedEventJson:
    """A stream's event."""
    return ReportedEventJson(
        unit=format_id(unit_id),
        product=product,
        revision=reported.revision,
        at=optional_instant(reported.at),
        properties=values_to_json(reported),
    )


def desired_event_to_json(unit_id: int, product: str, desired: Desired) -> DesiredEventJson:
    """A stream's event."""
    return DesiredEventJson(
        unit=format_id(unit_id),
        product=product,
        revision=desired.revision,
        at=optional_instant(desired.at),
        properties=dict(desired.properties),
    )


def rebuild_to_json(progress: RebuildProgress) -> RebuildJson:
    """How far it is."""
    return RebuildJson(
        state=progress.state,
        properties_done=progress.properties_done,
        properties_total=progress.properties_total,
        values=progress.values,
        started_at=format_instant(progress.started_at),
        ended_at=optional_instant(progress.ended_at),
        detail=progress.detail,
    )

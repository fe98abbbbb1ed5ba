"""Schedules as the API shows them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import NAME_LENGTH_MAX, SCHEDULE_CATCH_UP_SECONDS_MAX, TITLE_LENGTH_MAX
from monokoto.operate.scenes import SceneSpec
from monokoto.operate.schedules.calendar import When, local_text
from monokoto.operate.schedules.schedule import CATCH_UP_SECONDS_DEFAULT, Schedule, ScheduleSpec
from monokoto.operate.schedules.service import Coming

Title = Annotated[str, Meta(max_length=TITLE_LENGTH_MAX)]
Zone = Annotated[
    str, Meta(max_length=64, description="IANA name; left out: the group's, else the person's who saves it, else UTC")
]
Latitude = Annotated[float, Meta(ge=-90, le=90, description="Whose sun; left out: the group's")]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
PerUnit = Annotated[
    bool, Meta(description="Each unit by its own clock (its tag `timezone:…`) and its own sun, where they are known")
]
CatchUp = Annotated[int, Meta(ge=0, le=SCHEDULE_CATCH_UP_SECONDS_MAX, description="How late it may still begin")]
SceneName = Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="Name or id of the scene to run")]


class PutScheduleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a schedule is to do, and when."""

    when: When
    title: Title = ""
    scene: SceneName = ""
    run: SceneSpec | None = None
    timezone: Zone = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    per_unit: PerUnit = False
    catch_up_seconds: CatchUp = CATCH_UP_SECONDS_DEFAULT
    confirmed: bool = False
    enabled: bool = True


class ScheduleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new schedule."""

    name: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="In lower case, as in `every-evening`")]
    when: When
    title: Title = ""
    scene: SceneName = ""
    run: SceneSpec | None = None
    timezone: Zone = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    per_unit: PerUnit = False
    catch_up_seconds: CatchUp = CATCH_UP_SECONDS_DEFAULT
    confirmed: bool = False
    enabled: bool = True


class EnableRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a schedule runs."""

    enabled: bool


class ScheduleJson(msgspec.Struct, frozen=True):
    """When a scene is run."""

    id: str
    name: str
    title: str
    enabled: bool
    when: When
    scene: str
    run: SceneSpec | None
    timezone: str
    latitude: float | None
    longitude: float | None
    per_unit: bool
    catch_up_seconds: int
    confirmed: bool
    revision: Annotated[int, Meta(description="Also its ETag")]
    created_at: str
    updated_at: str


class ComingJson(msgspec.Struct, frozen=True):
    """One time a schedule comes."""

    at: str
    local: Annotated[str, Meta(description="By the clock there")]
    timezone: str
    units: Annotated[int | None, Meta(description="For how many units; null: for all of the scene")]


class NextJson(msgspec.Struct, frozen=True):
    """The next times a schedule comes."""

    enabled: bool
    times: list[ComingJson]


def spec_of(data: PutScheduleRequest | ScheduleRequest) -> ScheduleSpec:
    """What a request says."""
    return ScheduleSpec(
        when=data.when,
        scene=data.scene,
        run=data.run,
        timezone=data.timezone,
        latitude=data.latitude,
        longitude=data.longitude,
        per_unit=data.per_unit,
        catch_up_seconds=data.catch_up_seconds,
        confirmed=data.confirmed,
    )


def schedule_to_json(schedule: Schedule) -> ScheduleJson:
    """As the API shows it."""
    spec = schedule.spec
    return ScheduleJson(
        id=format_id(schedule.id),
        name=schedule.name,
        title=schedule.title,
        enabled=schedule.enabled,
        when=spec.when,
        scene=spec.scene,
        run=spec.run,
        timezone=spec.timezone,
        latitude=spec.latitude,
        longitude=spec.longitude,
        per_unit=spec.per_unit,
        catch_up_seconds=spec.catch_up_seconds,
        confirmed=spec.confirmed,
        revision=schedule.revision,
        created_at=format_instant(schedule.created_at),
        updated_at=format_instant(schedule.updated_at),
    )


def coming_to_json(coming: Coming) -> ComingJson:
    """As the API shows it."""
    zone, unit_ids = coming.where.place.zone, coming.where.unit_ids
    return ComingJson(
        at=format_instant(coming.at),
        local=local_text(coming.at, zone),
        timezone=zone.key,
        units=None if unit_ids is None else len(unit_ids),
    )

"""A schedule: when a scene (or something of its own) is run, by whose clock, and what of it was done already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from msgspec import Meta

from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Fault
from monokoto.kernel.ids import OrganisationId, ScheduleId
from monokoto.kernel.limits import NAME_LENGTH_MAX, SCHEDULE_CATCH_UP_SECONDS_MAX
from monokoto.operate.scenes import SceneSpec
from monokoto.operate.schedules.calendar import Place, When
from monokoto.web import Caller

CATCH_UP_SECONDS_DEFAULT = 300
TIMEZONE_TAG = "timezone:"
"""A unit's tag that names its time zone: `timezone:Europe/Vienna`."""


class ScheduleSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a schedule does and when."""

    when: When
    scene: Annotated[str, Meta(max_length=NAME_LENGTH_MAX, description="Name or id of the scene to run")] = ""
    run: Annotated[SceneSpec | None, Meta(description="Instead of a scene: what to run")] = None
    timezone: Annotated[
        str,
        Meta(max_length=64, description="IANA name; left out: the group's, else the person's who saves it, else UTC"),
    ] = ""
    latitude: Annotated[float, Meta(ge=-90, le=90, description="Whose sun; left out: the group's")] | None = None
    longitude: Annotated[float, Meta(ge=-180, le=180)] | None = None
    per_unit: Annotated[
        bool,
        Meta(description="Each unit by its own clock (its tag `timezone:…`) and its own sun, where they are known"),
    ] = False
    catch_up_seconds: Annotated[
        int, Meta(ge=0, le=SCHEDULE_CATCH_UP_SECONDS_MAX, description="How late it may still begin")
    ] = CATCH_UP_SECONDS_DEFAULT
    confirmed: Annotated[bool, Meta(description="Yes to what must be said yes to, for every run")] = False

    def faults(self) -> Iterator[Fault]:
        """Everything wrong with it that can be told without looking anything up."""
        yield from self.when.faults()
        if bool(self.scene) == (self.run is not None):
            yield Fault(place="scene", reason="name a `scene`, or say what to `run`: one of them")
        if self.run is not None:
            yield from self.run.faults("run/")
        if self.timezone and self.timezone not in available_timezones():
            yield Fault(place="timezone", reason=f"{self.timezone!r} is no IANA time zone such as Asia/Seoul")
        if (self.latitude is None) != (self.longitude is None):
            yield Fault(place="latitude", reason="latitude and longitude go together")

    @property
    def place(self) -> Place:
        """Whose clock and sun, where units have none of their own."""
        return Place(ZoneInfo(self.timezone or "UTC"), self.latitude, self.longitude)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A schedule as it is kept. It is the organisation's: it goes on when who made it has left."""

    id: ScheduleId
    organisation_id: OrganisationId
    caller: Caller
    """Who saved it last, without scopes; its runs are in their name."""
    name: str
    title: str
    spec: ScheduleSpec
    enabled: bool
    revision: int
    checked_until: Instant
    """Of every planned instant up to this one it is decided what became of it."""
    created_at: Instant
    updated_at: Instant

    @property
    def anchor(self) -> date:
        """Where a rule without `since` begins to count."""
        return (
            (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.created_at))
            .astimezone(self.spec.place.zone)
            .date()
        )

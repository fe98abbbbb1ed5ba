# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""Types of `client.schedules`."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from monokoto.client.types.shared import Offline, Order, ScenesStep, StopOnFailure


class Coming(Struct, frozen=True, kw_only=True):
    """One time a schedule comes."""

    at: str
    local: str
    """By the clock there"""
    timezone: str
    units: int | None
    """For how many units; null: for all of the scene"""


class Day(StrEnum):
    """A day of the week."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


class Next(Struct, frozen=True, kw_only=True):
    """The next times a schedule comes."""

    enabled: bool
    times: list[Coming]


class SceneSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a scene does, whatever it is called."""

    steps: list[ScenesStep]
    order: Order | None = None
    pace: int = 0
    """Units a second at most; 0: as fast as it goes"""
    offline: Offline | None = None
    stop_on_failure: StopOnFailure | None = None


class Schedule(Struct, frozen=True, kw_only=True):
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
    revision: int
    """Also its ETag"""
    created_at: str
    updated_at: str


class SchedulePage(Struct, frozen=True, kw_only=True):
    """Some items and the way to the next ones."""

    items: list[Schedule]
    next_cursor: str | None = None
    """Pass as `cursor` for the next page; null on the last"""


class Sun(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By the sun."""

    event: SunEvent
    offset_minutes: int = 0
    """Before it, when negative"""


class SunEvent(StrEnum):
    """What the sun does. Dawn and dusk are civil: the sun 6 degrees below the horizon."""

    DAWN = "dawn"
    SUNRISE = "sunrise"
    SUNSET = "sunset"
    DUSK = "dusk"


class When(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Times of day, or the sun, on all dates for which every condition given holds."""

    at: list[str] = []
    """Times of day: `18:30`, `18:30:15`"""
    sun: Sun | None = None
    days: list[Day] = []
    """Days of the week; none: all"""
    dates: list[str] = []
    """These dates alone: `2026-12-24`"""
    rule: str = ""
    """Dates by an RFC 5545 rule: `FREQ=MONTHLY;BYDAY=1MO`"""
    since: str = ""
    """The first date; also where `rule` begins to count"""
    until: str = ""
    """The last date"""
    except_: list[str] = field(name="except", default=[])
    """Not on these: `2026-12-25`, `2026-12-24/2027-01-06`"""

"""Schedules: scenes run by a clock on the wall, or by the sun."""

from monokoto.operate.schedules.calendar import (
    Day,
    Place,
    Sun,
    SunEvent,
    When,
    local_instant,
    next_occurrences,
    occurrences,
)
from monokoto.operate.schedules.places import PlaceFinder, UnitsAt
from monokoto.operate.schedules.routes import CONTROLLERS, SchedulesController
from monokoto.operate.schedules.schedule import Schedule, ScheduleSpec
from monokoto.operate.schedules.scheduler import Scheduler
from monokoto.operate.schedules.service import Coming, Schedules

__all__ = [
    "CONTROLLERS",
    "Coming",
    "Day",
    "Place",
    "PlaceFinder",
    "Schedule",
    "ScheduleSpec",
    "Scheduler",
    "Schedules",
    "SchedulesController",
    "Sun",
    "SunEvent",
    "UnitsAt",
    "When",
    "local_instant",
    "next_occurrences",
    "occurrences",
]

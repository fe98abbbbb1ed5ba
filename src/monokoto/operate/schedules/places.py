"""Where the units of a schedule are: one place for all, or each unit's own, those of one place together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

from monokoto.connect.fleet import Unit, UnitFilter
from monokoto.kernel.errors import MonokotoError
from monokoto.kernel.limits import SCENE_ITEMS_MAX, SCHEDULE_PLACES_MAX
from monokoto.operate.groups import Groups
from monokoto.operate.scenes import Looker, SceneSpec
from monokoto.operate.schedules.calendar import Place
from monokoto.operate.schedules.schedule import TIMEZONE_TAG, Schedule

_DEGREES = 1
"""Digits of a degree that tell places apart: a tenth, in which the sun comes at most 24 seconds later."""


@dataclass(frozen=True, slots=True)
class UnitsAt:
    """Units that live by one clock and one sun."""

    place: Place
    label: str = ""
    """Tells places apart in the names of runs; empty: the schedule's own place."""
    unit_ids: frozenset[int] | None = None
    """None: all units of the scene."""

    def has(self, unit_id: int) -> bool:
        """Whether a unit is one of them."""
        return self.unit_ids is None or unit_id in self.unit_ids


class PlaceFinder:
    """Finds them. Blocking."""

    def __init__(self, groups: Groups, looker: Looker) -> None:
        self._groups = groups
        self._looker = looker

    def of_group(self, schedule_spec: SceneSpec, organisation_id: int) -> Place | None:
        """The place of the first group its steps name that says one."""
        for step in schedule_spec.steps:
            if step.units.group:
                try:
                    place = self._groups.get(organisation_id, step.units.group).place
                except MonokotoError:
                    continue
                if place.timezone or place.latitude is not None:
                    return Place(ZoneInfo(place.timezone or "UTC"), place.latitude, place.longitude)
        return None

    def places(self, schedule: Schedule, spec: SceneSpec) -> list[UnitsAt]:
        """Where the units are; raises what finding them raises."""
        own = schedule.spec.place
        if not schedule.spec.per_unit:
            return [UnitsAt(own)]
        by_place: dict[Place, set[int]] = {}
        sun = schedule.spec.when.sun is not None
        for unit, default in self._units(schedule, spec):
            by_place.setdefault(_place_of(unit, default, sun=sun), set()).add(unit.id)
        rest: set[int] = by_place.pop(own, set())
        ordered = sorted(by_place.items(), key=lambda one: (-len(one[1]), _label(one[0])))
        for _, units in ordered[SCHEDULE_PLACES_MAX:]:
            rest |= units
        found = [UnitsAt(place, _label(place), frozenset(units)) for place, units in ordered[:SCHEDULE_PLACES_MAX]]
        return [*found, UnitsAt(own, "", frozenset(rest))] if rest or not found else found

    def _units(self, schedule: Schedule, spec: SceneSpec) -> Iterator[tuple[Unit, Place]]:
        """Every unit once, with the place that is its when it has none of its own."""
        seen: set[int] = set()
        for step in spec.steps:
            chosen = self._looker.units_of(schedule.caller, step)
            fresh = [one.unit_id for one in chosen if one.maker_id and one.unit_id not in seen]
            seen.update(fresh)
            default = schedule.spec.place
            if step.units.group:
                of_group = self._groups.get(schedule.organisation_id, step.units.group).place
                default = Place(
                    ZoneInfo(of_group.timezone) if of_group.timezone else default.zone,
                    default.latitude if of_group.latitude is None else of_group.latitude,
                    default.longitude if of_group.longitude is None else of_group.longitude,
                )
            wanted = UnitFilter(among=(fresh,))
            for unit in self._groups.finder.found(schedule.caller, wanted, limit=SCENE_ITEMS_MAX):
                yield unit, default


def _place_of(unit: Unit, default: Place, *, sun: bool) -> Place:
    zone = _zone_of(unit.tags) or default.zone
    if not sun:
        return Place(zone)
    latitude, longitude = unit.location.latitude, unit.location.longitude
    if latitude is None or longitude is None:
        return Place(zone, default.latitude, default.longitude)
    return Place(zone, round(latitude, _DEGREES), round(longitude, _DEGREES))


def _zone_of(tags: Sequence[str]) -> ZoneInfo | None:
    for tag in tags:
        name = tag.removeprefix(TIMEZONE_TAG)
        if name != tag and name in available_timezones():
            return ZoneInfo(name)
    return None


def _label(place: Place) -> str:
    where = "" if place.latitude is None else f"@{place.latitude:g},{place.longitude:g}"
    return f"{place.zone.key}{where}"

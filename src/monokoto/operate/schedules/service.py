"""Schedules: made, changed, asked when they come next. Plain methods block: call them from a thread."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import dataclass, replace

import msgspec
import sqlalchemy as sa

from monokoto.engines.records import Records
from monokoto.kernel.clock import Clock
from monokoto.kernel.errors import Conflict, Fault, NotFound, PreconditionFailed
from monokoto.kernel.ids import SceneId, ScheduleId, new_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, SCHEDULES_PER_ORGANISATION_MAX
from monokoto.operate.groups import check_named, named_faults
from monokoto.operate.scenes import NO_SCENE, Scenes, SceneSpec
from monokoto.operate.schedules import store
from monokoto.operate.schedules.calendar import next_occurrences
from monokoto.operate.schedules.places import PlaceFinder, UnitsAt
from monokoto.operate.schedules.schedule import Schedule, ScheduleSpec
from monokoto.web import Caller, if_match


@dataclass(frozen=True, slots=True)
class Coming:
    """One time a schedule comes."""

    at: int
    where: UnitsAt


@dataclass(frozen=True, slots=True)
class What:
    """What a schedule runs."""

    spec: SceneSpec
    name: str
    scene_id: SceneId = NO_SCENE


class Schedules:
    """The schedules of all organisations. `signal` is called when one was changed."""

    def __init__(
        self,
        records: Records,
        clock: Clock,
        *,
        scenes: Scenes,
        finder: PlaceFinder,
        zone_of: Callable[[Caller], str] = lambda _caller: "",
    ) -> None:
        """`zone_of`: the time zone of whoever saves a schedule; empty: not known."""
        self.records = records
        self.clock = clock
        self._scenes = scenes
        self._finder = finder
        self._zone_of = zone_of
        self.signal: Callable[[], None] = lambda: None

    def get(self, organisation_id: int, reference: str) -> Schedule:
        """One schedule; raises NotFound."""
        with self.records.read() as connection:
            return store.find(connection, organisation_id, reference)

    def list(self, organisation_id: int, *, after: str = "", limit: int = PAGE_SIZE_DEFAULT) -> builtins.list[Schedule]:
        """Schedules by name, past one."""
        with self.records.read() as connection:
            return store.find_all(connection, organisation_id, after=after, limit=limit)

    def create(self, caller: Caller, name: str, title: str, spec: ScheduleSpec, *, enabled: bool = True) -> Schedule:
        """A new schedule. Raises Invalid, Conflict (its name is taken, or there are too many)."""
        spec = self._checked(caller, name, title, spec)
        now = self.clock.now()
        schedule = Schedule(
            id=ScheduleId(new_id()),
            organisation_id=caller.organisation_id,
            caller=replace(caller, scopes=frozenset(), session_id=None),
            name=name,
            title=title,
            spec=spec,
            enabled=enabled,
            revision=1,
            checked_until=now,
            created_at=now,
            updated_at=now,
        )
        try:
            with self.records.write() as connection:
                if store.count(connection, caller.organisation_id) >= SCHEDULES_PER_ORGANISATION_MAX:
                    raise Conflict(
                        f"There are {SCHEDULES_PER_ORGANISATION_MAX} schedules already.", remedy="Delete some."
                    )
                store.insert(connection, schedule)
        except sa.exc.IntegrityError:
            raise Conflict(f"There is a schedule {name!r} already.", remedy="Change that one.") from None
        self.signal()
        return schedule

    def put(
        self,
        caller: Caller,
        name: str,
        title: str,
        spec: ScheduleSpec,
        *,
        enabled: bool = True,
        match: str | None = None,
    ) -> tuple[Schedule, bool]:
        """Make the schedule of this name be so, and whether it is new. Raises as `create`, PreconditionFailed.

        Times that passed unseen before a change are decided no more: a changed schedule begins anew.
        """
        try:
            before = self.get(caller.organisation_id, name)
        except NotFound:
            if match is not None:
                raise PreconditionFailed(f"There is no schedule {name!r}.") from None
            return self.create(caller, name, title, spec, enabled=enabled), True
        spec = self._checked(caller, before.name, title, spec)
        if_match(match, before.revision)
        if (title, spec, enabled) == (before.title, before.spec, before.enabled):
            return before, False
        after = replace(before, title=title, spec=spec, enabled=enabled)
        return self._changed(replace(caller, scopes=frozenset(), session_id=None), before, after), False

    def enable(self, caller: Caller, reference: str, enabled: bool) -> Schedule:
        """Let it run, or not. What would have been meanwhile is not made up for. Raises NotFound."""
        before = self.get(caller.organisation_id, reference)
        if before.enabled == enabled:
            return before
        return self._changed(before.caller, before, replace(before, enabled=enabled))

    def _changed(self, caller: Caller, before: Schedule, after: Schedule) -> Schedule:
        now = self.clock.now()
        changed = replace(
            after,
            caller=caller,
            revision=before.revision + 1,
            checked_until=max(now, before.checked_until),
            updated_at=now,
        )
        with self.records.write() as connection:
            if not store.update(connection, changed, before=before.revision):
                raise Conflict("Somebody else changed the schedule at the same time.", remedy="Try again.")
        self.signal()
        return changed

    def delete(self, organisation_id: int, reference: str) -> Schedule:
        """Forget it; its runs stay, and go on. Raises NotFound."""
        with self.records.write() as connection:
            found = store.find(connection, organisation_id, reference)
            store.delete(connection, organisation_id, found.id)
        self.signal()
        return found

    # When

    def what(self, schedule: Schedule) -> What:
        """What it runs; raises NotFound when its scene is no more."""
        if schedule.spec.run is not None:
            return What(schedule.spec.run, schedule.name)
        scene = self._scenes.get(schedule.organisation_id, schedule.spec.scene)
        return What(scene.spec, scene.name, scene.id)

    def places(self, schedule: Schedule) -> builtins.list[UnitsAt]:
        """Where its units are. Raises NotFound (a scene, a group), TooLarge."""
        if not schedule.spec.per_unit:
            return [UnitsAt(schedule.spec.place)]
        return self._finder.places(schedule, self.what(schedule).spec)

    def coming(self, schedule: Schedule, count: int, *, after: int | None = None) -> builtins.list[Coming]:
        """The next times it comes, for each place of its units, whether it is enabled or not."""
        since = self.clock.now() if after is None else after
        found = [
            Coming(at, where)
            for where in self.places(schedule)
            for at in next_occurrences(
                schedule.spec.when, where.place, anchor=schedule.anchor, after=since, count=count
            )
        ]
        return sorted(found, key=lambda one: (one.at, one.where.label))[:count]

    def _checked(self, caller: Caller, name: str, title: str, spec: ScheduleSpec) -> ScheduleSpec:
        """The spec with its place said; raises Invalid with every fault."""
        faults = [*named_faults(name, title), *spec.faults()]
        check_named("schedule", faults)
        what = spec.run
        if what is None:
            try:
                what = self._scenes.get(caller.organisation_id, spec.scene).spec
            except NotFound as error:
                check_named("schedule", [Fault(place="scene", reason=error.message)])
        assert what is not None
        group = self._finder.of_group(what, caller.organisation_id)
        if not spec.timezone:
            zone = (group.zone.key if group is not None else "") or self._zone_of(caller) or "UTC"
            spec = msgspec.structs.replace(spec, timezone=zone)
        if spec.latitude is None and group is not None:
            spec = msgspec.structs.replace(spec, latitude=group.latitude, longitude=group.longitude)
        if spec.when.sun is not None and not spec.place.located and not spec.per_unit:
            reason = "the sun needs a place: latitude and longitude here or of the group, or `per_unit`"
            check_named("schedule", [Fault(place="latitude", reason=reason)])
        return spec

"""Schedules: each time begun once, late or told as missed, for each unit by its own clock."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from groups_making import MAKER, OTHER, caller_of, register
from schedules_making import BLINK, Hours, daily

from monokoto.connect.fleet import Location
from monokoto.engines.records import Records
from monokoto.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unavailable
from monokoto.kernel.ids import format_id
from monokoto.operate.groups import GroupDraft, GroupPlace
from monokoto.operate.scenes import SceneSpec, Step, StepUnits
from monokoto.operate.schedules import Scheduler, ScheduleSpec, Sun, SunEvent, When
from monokoto.operate.schedules import scheduler as scheduler_module
from monokoto.operate.schedules import service as schedules_service
from monokoto.operate.schedules.store import schedules


def test_what_is_due_is_begun_once(hours: Hours) -> None:
    lamps = hours.house.lamps(2)
    made = hours.make(when=daily("18:30"), timezone="Asia/Seoul")
    hours.tick()
    assert hours.told() == []
    hours.at("2026-03-02T09:30:00Z")
    for _ in range(3):
        hours.tick()
    assert hours.told() == [("waiting", "2026-03-02T09:30:00Z")]
    (run,) = hours.runs.list(MAKER, schedule_id=made.id)
    assert (run.name, run.items, run.caller.actor_id) == ("evening", 2, MAKER)
    ended = asyncio.run(hours.house.work(run))
    assert ended.counts == {"done": 2}
    assert [unit for unit, _ in hours.house.actions.asked] == lamps


def test_a_process_that_dies_before_it_notes_what_it_began_begins_nothing_twice(
    hours: Hours, monkeypatch: pytest.MonkeyPatch
) -> None:
    hours.house.lamps(1)
    hours.make(when=daily("06:00"))
    hours.at("2026-03-02T06:00:01Z")

    def dies(*_given: Any) -> None:
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(Scheduler, "_note_checked", dies)
        for _ in range(2):
            with pytest.raises(Unavailable):
                hours.tick()
    hours.tick()
    assert hours.told() == [("waiting", "2026-03-02T06:00:00Z")]


def test_two_processes_begin_one_run(hours: Hours) -> None:
    hours.house.lamps(1)
    hours.make(when=daily("06:00", "06:01"))
    hours.at("2026-03-02T06:01:30Z")

    async def both() -> None:
        await asyncio.gather(*(Scheduler(hours.schedules, hours.runs).tick() for _ in range(3)))

    asyncio.run(both())
    assert hours.told() == [("waiting", "2026-03-02T06:00:00Z"), ("waiting", "2026-03-02T06:01:00Z")]


def test_what_was_planned_while_nobody_was_there_is_late_or_missed(hours: Hours) -> None:
    hours.house.lamps(1)
    hours.make(when=daily("06:00", "09:00", "09:58"), catch_up_seconds=300)
    hours.at("2026-03-03T10:00:00Z")
    hours.tick()
    days = [f"2026-03-0{day}T{at}:00Z" for day in (2, 3) for at in ("06:00", "09:00", "09:58")]
    assert hours.told() == [*(("missed", at) for at in days[:5]), ("waiting", days[5])]
    (missed, *_) = [run for run in hours.runs.list(MAKER) if run.state == "missed"]
    assert "300 s" in missed.reason
    hours.tick()
    assert len(hours.told()) == 6


def test_only_the_last_missed_times_are_told(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler_module, "SCHEDULE_MISSED_MAX", 3)
    hours.house.lamps(1)
    hours.make(when=daily("06:00"))
    hours.at("2026-03-20T12:00:00Z")
    hours.tick()
    assert [at[:10] for _, at in hours.told()] == ["2026-03-18", "2026-03-19", "2026-03-20"]
    assert "19 times were missed" in hours.runs.list(MAKER)[0].reason


def test_what_is_not_enabled_does_not_run_and_is_not_made_up_for(hours: Hours) -> None:
    hours.house.lamps(1)
    hours.make(when=daily("06:00"), enabled=False)
    scheduler = Scheduler(hours.schedules, hours.runs)
    hours.at("2026-03-02T06:00:00Z")
    hours.tick(scheduler)
    hours.schedules.enable(caller_of(), "evening", True)
    hours.tick()
    assert hours.told() == []
    hours.at("2026-03-03T06:00:00Z")
    hours.tick()
    assert hours.told() == [("waiting", "2026-03-03T06:00:00Z")]
    hours.schedules.enable(caller_of(), "evening", False)
    hours.at("2026-03-04T06:00:00Z")
    hours.tick()
    assert len(hours.told()) == 1


def test_a_change_is_noticed_by_who_is_running(hours: Hours) -> None:
    hours.house.lamps(1)
    hours.make(when=daily("06:00"))

    async def story() -> None:
        scheduler = Scheduler(hours.schedules, hours.runs)
        await scheduler.start()
        try:
            await asyncio.to_thread(
                hours.schedules.put, caller_of(), "evening", "", ScheduleSpec(when=daily("05:00"), run=BLINK)
            )
            await asyncio.sleep(0.1)
            hours.at("2026-03-02T05:00:00Z")
            async with asyncio.timeout(30):
                while not hours.told():
                    await asyncio.sleep(0.02)
        finally:
            await scheduler.stop()

    asyncio.run(story())
    assert hours.told() == [("waiting", "2026-03-02T05:00:00Z")]


def test_a_scene_or_group_that_is_gone_is_told(hours: Hours) -> None:
    hours.house.lamps(1)
    scene = hours.house.scene(Step(units=StepUnits(group="hall"), action="blink"))
    with pytest.raises(Invalid) as refused:
        hours.make(when=daily("06:00"), scene="no-such-scene", run=None)
    assert [fault.place for fault in refused.value.faults] == ["scene"]
    hours.make(when=daily("06:00"), scene=scene.name, run=None)
    hours.at("2026-03-02T06:00:00Z")
    hours.tick()
    hours.house.scenes.delete(MAKER, scene.name)
    hours.at("2026-03-03T06:00:00Z")
    hours.tick()
    found = hours.runs.list(MAKER)
    assert [run.state for run in found] == ["failed", "failed"]
    assert "There is no scene" in found[0].reason
    assert "There is no group 'hall'" in found[1].reason
    assert found[1].scene_id == scene.id


def test_what_needs_a_yes_runs_with_the_schedules(hours: Hours) -> None:
    register(hours.house.fleet, 1, product="pump", prefix="p")
    flush = SceneSpec(steps=[Step(units=StepUnits(product="pump"), action="flush")])
    hours.make("silent", when=daily("06:00"), run=flush)
    hours.make("sure", when=daily("06:00"), run=flush, confirmed=True)
    hours.at("2026-03-02T06:00:00Z")
    hours.tick()
    assert {run.name: run.state.value for run in hours.runs.list(MAKER)} == {"silent": "failed", "sure": "waiting"}


def test_each_unit_by_its_own_clock(hours: Hours) -> None:
    seoul = hours.house.lamps(2, tags=("timezone:Asia/Seoul",))
    vienna = hours.house.lamps(1, tags=("timezone:Europe/Vienna",))
    rest = hours.house.lamps(1, tags=("timezone:Mars/Olympus",))
    made = hours.make(when=daily("08:00"), timezone="America/New_York", per_unit=True)
    coming = hours.schedules.coming(made, 3)
    assert [(one.where.place.zone.key, len(one.where.unit_ids or ())) for one in coming] == [
        ("Europe/Vienna", 1), ("America/New_York", 1), ("Asia/Seoul", 2),
    ]  # fmt: skip
    scheduler = Scheduler(hours.schedules, hours.runs)
    for at, units in (("07:00", vienna), ("13:00", rest), ("23:00", seoul)):
        hours.at(f"2026-03-02T{at}:00Z")
        hours.tick(scheduler)
        run = hours.runs.list(MAKER)[0]
        assert [item.unit_id for item in hours.runs.items(MAKER, run.id)] == units
    assert len(hours.told()) == 3


def test_each_unit_by_its_own_sun(hours: Hours) -> None:
    east = hours.house.lamps(2, location=Location(latitude=37.57, longitude=126.98))
    west = hours.house.lamps(1, location=Location(latitude=48.2, longitude=16.4))
    made = hours.make(when=When(sun=Sun(SunEvent.SUNSET)), per_unit=True)
    coming = hours.schedules.coming(made, 2)
    assert [sorted(one.where.unit_ids or ()) for one in coming] == [east, west]
    assert coming[1].at - coming[0].at > 6 * 3600 * 1_000_000


def test_places_are_bounded(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    from monokoto.operate.schedules import places  # noqa: PLC0415

    monkeypatch.setattr(places, "SCHEDULE_PLACES_MAX", 2)
    for zone, count in (("Asia/Seoul", 3), ("Europe/Vienna", 2), ("Asia/Tokyo", 1)):
        hours.house.lamps(count, tags=(f"timezone:{zone}",))
    made = hours.make(when=daily("08:00"), per_unit=True)
    found = [(one.place.zone.key, len(one.unit_ids or ())) for one in hours.schedules.places(made)]
    assert found == [("Asia/Seoul", 3), ("Europe/Vienna", 2), ("UTC", 1)]


def test_a_schedule_takes_the_place_of_its_group_or_the_zone_of_who_saves_it(hours: Hours) -> None:
    lamps = hours.house.lamps(1)
    place = GroupPlace(timezone="Asia/Seoul", latitude=37.5, longitude=127.0)
    hours.house.groups.create(caller_of(), "hall", GroupDraft(units=tuple(lamps), place=place))
    hall = SceneSpec(steps=[Step(units=StepUnits(group="hall"), action="blink")])
    by_group = hours.make("by-group", when=When(sun=Sun(SunEvent.SUNSET)), run=hall)
    assert (by_group.spec.timezone, by_group.spec.latitude) == ("Asia/Seoul", 37.5)
    hours.zones[MAKER] = "Europe/Vienna"
    assert hours.make("by-person", when=daily("06:00")).spec.timezone == "Europe/Vienna"
    with pytest.raises(Invalid) as refused:
        hours.make("nowhere", when=When(sun=Sun(SunEvent.SUNSET)))
    assert [fault.place for fault in refused.value.faults] == ["latitude"]


def test_every_fault_is_told_and_names_are_minded(hours: Hours) -> None:
    spec = ScheduleSpec(when=When(), timezone="Nowhere", latitude=1.0)
    with pytest.raises(Invalid) as refused:
        hours.schedules.create(caller_of(), "No Name", "", spec)
    assert {fault.place for fault in refused.value.faults} == {"name", "when/at", "scene", "timezone", "latitude"}
    made = hours.make(when=daily("06:00"))
    with pytest.raises(Conflict):
        hours.make(when=daily("06:00"))
    for reference in ("evening", format_id(made.id)):
        with pytest.raises(NotFound):
            hours.schedules.get(OTHER, reference)
    again, new = hours.schedules.put(caller_of(), "evening", "", ScheduleSpec(when=daily("06:00"), run=BLINK))
    assert (new, again.revision) == (False, 1)
    with pytest.raises(PreconditionFailed):
        hours.schedules.put(caller_of(), "evening", "x", made.spec, match='"7"')
    assert [one.name for one in hours.schedules.list(MAKER)] == ["evening"]
    assert hours.schedules.list(OTHER) == []
    hours.schedules.delete(MAKER, "evening")
    hours.at("2026-03-02T06:00:00Z")
    hours.tick()
    assert hours.told() == []


def test_schedules_are_bounded(hours: Hours, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedules_service, "SCHEDULES_PER_ORGANISATION_MAX", 1)
    hours.make("one", when=daily("06:00"))
    with pytest.raises(Conflict):
        hours.make("two", when=daily("06:00"))


def test_the_migrated_table_is_that_of_the_code(records: Records) -> None:
    found = sa.inspect(records.engine)
    columns = {column["name"]: bool(column["nullable"]) for column in found.get_columns("schedules")}
    assert columns == {column.name: bool(column.nullable) for column in schedules.columns}
    indexes = {
        index["name"]: (index["column_names"], bool(index["unique"])) for index in found.get_indexes("schedules")
    }
    assert indexes == {
        index.name: ([column.name for column in index.columns], bool(index.unique)) for index in schedules.indexes
    }

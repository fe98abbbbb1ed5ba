"""Jobs through their front door: chosen once, previewed, done, undone; killed in between and still exact."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jobs_making import (
    ACME,
    OTHER,
    OWNER,
    FixedGate,
    FixedSets,
    caller_of,
    fleet_of,
    is_open,
    jobs_of,
    register,
    work_until_done,
)

from monokoto.connect.fleet import Fleet, LocationChange, Status, UnitChange
from monokoto.connect.jobs import NO_LONGER, ItemState, Job, Jobs, JobState, Plan, Selection, Worker
from monokoto.engines.records import Records, migrate, open_records
from monokoto.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge, TooMany, Unavailable
from monokoto.kernel.ids import UnitId, format_id
from monokoto.web import Caller, Reach, Scope, Side

ALL = Selection(product="robot")


def names(ids: list[int]) -> list[str]:
    return [format_id(one) for one in ids]


def tags(fleet: Fleet, unit_id: int, organisation_id: int = ACME) -> tuple[str, ...]:
    return fleet.get(organisation_id, unit_id).tags


def done(jobs: Jobs, job: Job) -> Job:
    work_until_done(jobs)
    return jobs.get(job.organisation_id, job.id)


def test_units_are_tagged_and_the_tags_taken_back(jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 30)
    fleet.update(ACME, ids[0], UnitChange(tags=("old", "kept")))
    fleet.update(ACME, ids[1], UnitChange(tags=("new",)))
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["new"], "remove": ["old"]})
    assert job.state is JobState.WAITING
    ended = done(jobs, job)
    assert ended.state is JobState.DONE
    assert ended.counts == {ItemState.DONE: 29, ItemState.UNCHANGED: 1}
    assert tags(fleet, ids[0]) == ("kept", "new")
    assert all("new" in tags(fleet, one) for one in ids)
    # What others do meanwhile is theirs.
    fleet.update(ACME, ids[2], UnitChange(tags=("new", "theirs")))
    jobs.undo(ACME, job.id)
    undone = done(jobs, job)
    assert undone.state is JobState.UNDONE
    assert undone.counts == {ItemState.UNDONE: 29, ItemState.UNCHANGED: 1}
    assert set(tags(fleet, ids[0])) == {"kept", "old"}
    assert tags(fleet, ids[1]) == ("new",), "it had the tag before"
    assert tags(fleet, ids[2]) == ("theirs",)
    with pytest.raises(Conflict, match="nothing to undo"):
        jobs.undo(ACME, job.id)


def test_a_job_whose_key_is_revoked_begins_nothing_more_and_can_be_taken_back(jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 60)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["new"]})
    asked: list[Caller] = []

    def first_turn_alone(caller: Caller) -> bool:
        asked.append(caller)
        return len(asked) == 1

    work_until_done(jobs, still_may=first_turn_alone)
    ended = jobs.get(ACME, job.id)
    assert (ended.state, ended.reason) == (JobState.CANCELLED, NO_LONGER)
    assert {one.key_id for one in asked} == {ACME}
    tagged = [one for one in ids if tags(fleet, one)]
    assert 0 < len(tagged) < len(ids)
    assert ended.counts == {ItemState.DONE: len(tagged), ItemState.WAITING: len(ids) - len(tagged)}
    jobs.undo(ACME, job.id)
    work_until_done(jobs, still_may=lambda _caller: False)
    assert jobs.get(ACME, job.id).state is JobState.UNDONE
    assert not any(tags(fleet, one) for one in ids)


def test_the_units_are_those_of_the_moment_it_was_made(jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 3)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    late = register(fleet, ACME, 1, prefix="late")
    assert done(jobs, job).counts == {ItemState.DONE: 3}
    assert tags(fleet, ids[2]) == ("a",)
    assert tags(fleet, late[0]) == ()


def test_a_preview_says_what_would_happen_and_does_nothing(jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 5)
    fleet.update(ACME, ids[0], UnitChange(tags=("x",)))
    fleet.update(ACME, ids[1], UnitChange(tags=tuple(f"t{number}" for number in range(32))))
    preview = asyncio.run(jobs.preview(caller_of(ACME), "units.tag", ALL, {"add": ["x"]}))
    assert (preview.selected, preview.looked_at) == (5, 5)
    assert (preview.changed, preview.unchanged, preview.refused) == (3, 1, 1)
    assert preview.undoable
    assert "32" in preview.sample[0].refusal
    assert preview.sample[1].plan == Plan({"tags": []}, {"tags": ["x"]})
    assert jobs.list(ACME) == []
    assert tags(fleet, ids[2]) == ()


def test_units_are_moved_and_moved_back(jobs: Jobs, fleet: Fleet) -> None:
    line, hall, first, second, third = register(fleet, ACME, 5)
    fleet.move(ACME, first, hall)
    selection = Selection(ids=names([first, second, third, line]))
    job = jobs.create(caller_of(ACME), "units.move", selection, {"parent": format_id(line)})
    ended = done(jobs, job)
    assert ended.counts == {ItemState.DONE: 3, ItemState.FAILED: 1}
    (failed,) = jobs.items(ACME, job.id, states=[ItemState.FAILED])
    assert failed.target.unit_id == line
    assert "part of itself" in failed.reason
    assert {fleet.get(ACME, one).parent_id for one in (first, second, third)} == {line}
    fleet.move(ACME, third, hall)
    jobs.undo(ACME, job.id)
    assert done(jobs, job).counts == {ItemState.UNDONE: 2, ItemState.KEPT: 1, ItemState.FAILED: 1}
    assert fleet.get(ACME, first).parent_id == hall
    assert fleet.get(ACME, second).parent_id == 0
    assert fleet.get(ACME, third).parent_id == hall
    (kept,) = jobs.items(ACME, job.id, states=[ItemState.KEPT])
    assert "since" in kept.reason


def test_names_and_places_are_changed_and_put_back(jobs: Jobs, fleet: Fleet) -> None:
    first, second = register(fleet, ACME, 2)
    fleet.update(ACME, first, UnitChange(name="One", location=LocationChange(latitude=1.0, longitude=2.0)))
    parameters = {"name": None, "location": {"place": "Hall 3", "latitude": None, "longitude": None}}
    job = jobs.create(caller_of(ACME), "units.update", Selection(ids=names([first, second])), parameters)
    assert done(jobs, job).counts == {ItemState.DONE: 2}
    unit = fleet.get(ACME, first)
    assert (unit.name, unit.location.place, unit.location.latitude) == ("", "Hall 3", None)
    fleet.update(ACME, second, UnitChange(name="Two"))
    jobs.undo(ACME, job.id)
    assert done(jobs, job).counts == {ItemState.UNDONE: 1, ItemState.KEPT: 1}
    unit = fleet.get(ACME, first)
    assert (unit.name, unit.location.place, unit.location.latitude) == ("One", "", 1.0)
    assert fleet.get(ACME, second).name == "Two"


def test_retired_units_stay_retired(jobs: Jobs, fleet: Fleet) -> None:
    top, part, alone = register(fleet, ACME, 3)
    fleet.move(ACME, part, top)
    selection = Selection(ids=names([top, alone]))
    job = jobs.create(caller_of(ACME), "units.retire", selection, {})
    assert done(jobs, job).counts == {ItemState.DONE: 1, ItemState.FAILED: 1}
    assert fleet.get(ACME, alone).status is Status.RETIRED
    with pytest.raises(Conflict, match="cannot be undone"):
        jobs.undo(ACME, job.id)
    again = jobs.create(caller_of(ACME), "units.retire", selection, {"parts": True})
    assert done(jobs, again).counts == {ItemState.DONE: 1, ItemState.UNCHANGED: 1}
    assert fleet.get(ACME, part).status is Status.RETIRED


@pytest.mark.parametrize(
    ("kind", "selection", "parameters", "error"),
    [
        ("units.explode", ALL, {}, Invalid),
        ("units.tag", ALL, {}, Invalid),
        ("units.tag", ALL, {"add": ["a"], "remove": ["a"]}, Invalid),
        ("units.tag", ALL, {"add": "a"}, Invalid),
        ("units.tag", ALL, {"add": ["a"], "more": 1}, Invalid),
        ("units.move", ALL, {}, Invalid),
        ("units.update", ALL, {}, Invalid),
        ("units.tag", Selection(product="none"), {"add": ["a"]}, Invalid),
        ("units.tag", Selection(status=["gone"]), {"add": ["a"]}, Invalid),
        ("units.tag", Selection(ids=[format_id(1)]), {"add": ["a"]}, NotFound),
        ("units.tag", Selection(ids=["x"]), {"add": ["a"]}, Invalid),
        ("units.tag", Selection(ids=[], product="robot"), {"add": ["a"]}, Invalid),
    ],
)
def test_what_is_no_job_is_refused_whole(
    jobs: Jobs, fleet: Fleet, kind: str, selection: Selection, parameters: dict[str, Any], error: type[Exception]
) -> None:
    register(fleet, ACME, 1)
    with pytest.raises(error):
        jobs.create(caller_of(ACME), kind, selection, parameters)
    assert jobs.list(ACME) == []


def test_limits(jobs: Jobs, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    register(fleet, ACME, 4)
    monkeypatch.setattr("monokoto.connect.jobs.service.JOB_ITEMS_MAX", 3)
    with pytest.raises(TooLarge):
        jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    monkeypatch.setattr("monokoto.connect.jobs.service.JOB_ITEMS_MAX", 4)
    monkeypatch.setattr("monokoto.connect.jobs.service.JOBS_OPEN_PER_ORGANISATION_MAX", 1)
    jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    with pytest.raises(TooMany):
        jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    register(fleet, OTHER, 1)
    jobs.create(caller_of(OTHER), "units.tag", ALL, {"add": ["a"]})


def test_scopes_and_walls(jobs: Jobs, fleet: Fleet, gate: FixedGate) -> None:
    (mine,) = register(fleet, ACME, 1)
    (foreign,) = register(fleet, OTHER, 1)
    with pytest.raises(Forbidden):
        jobs.create(caller_of(ACME, Scope.UNITS_READ), "units.tag", ALL, {"add": ["a"]})
    with pytest.raises(NotFound):
        jobs.create(caller_of(ACME), "units.tag", Selection(ids=names([mine, foreign])), {"add": ["a"]})
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    for ask in (jobs.get, jobs.items, jobs.cancel, jobs.undo):
        with pytest.raises(NotFound):
            ask(OTHER, job.id)
    assert done(jobs, job).counts == {ItemState.DONE: 1}
    assert tags(fleet, foreign, OTHER) == ()
    # An owner holds a unit; its description stays its maker's.
    gate.held[mine] = Reach(unit_id=UnitId(mine), organisation_id=caller_of(ACME).organisation_id, side=Side.OWNER)
    job = jobs.create(caller_of(OWNER), "units.tag", Selection(), {"add": ["b"]})
    assert done(jobs, job).counts == {ItemState.FAILED: 1}
    assert tags(fleet, mine) == ("a",)
    # Nor does it learn the maker's notes by asking which units bear them.
    with pytest.raises(Invalid, match="chooses no unit"):
        jobs.create(caller_of(OWNER), "units.tag", Selection(tags=["a"]), {"add": ["b"]})


def test_a_cancelled_job_ends_and_can_be_undone(jobs: Jobs, fleet: Fleet) -> None:
    ids = register(fleet, ACME, 40)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]}, pace=10)

    async def run() -> None:
        worker = Worker(jobs)
        await worker.start()
        async with asyncio.timeout(30):
            while jobs.get(ACME, job.id).counts.get(ItemState.DONE, 0) < 5:
                await asyncio.sleep(0.02)
            assert jobs.cancel(ACME, job.id).cancelling
            while jobs.get(ACME, job.id).open:
                await asyncio.sleep(0.02)
        await worker.stop()

    asyncio.run(run())
    ended = jobs.get(ACME, job.id)
    assert ended.state is JobState.CANCELLED
    reached = ended.counts[ItemState.DONE]
    assert 5 <= reached < 40
    assert ended.counts == {ItemState.DONE: reached, ItemState.WAITING: 40 - reached}
    assert sum("a" in tags(fleet, one) for one in ids) == reached
    with pytest.raises(Conflict):
        jobs.cancel(ACME, job.id)
    jobs.undo(ACME, job.id)
    assert done(jobs, job).counts == {ItemState.UNDONE: reached, ItemState.WAITING: 40 - reached}
    assert not any(tags(fleet, one) for one in ids)


def test_a_pace_is_kept(jobs: Jobs, fleet: Fleet) -> None:
    register(fleet, ACME, 20)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]}, pace=20)
    began = time.monotonic()
    assert done(jobs, job).counts == {ItemState.DONE: 20}
    # 20 at 20 a second: the last turn of 10 begins half a second after the first.
    assert time.monotonic() - began >= 0.45


def test_a_long_job_does_not_hold_up_another_organisation(jobs: Jobs, fleet: Fleet) -> None:
    order: list[int] = []
    kind = jobs.kinds["units.tag"]
    apply = kind.apply

    async def noted(caller: Any, target: Any, parameters: Any) -> None:
        order.append(caller.organisation_id)
        await apply(caller, target, parameters)

    kind.apply = noted  # type: ignore[method-assign]
    register(fleet, ACME, 100)
    register(fleet, OTHER, 10)
    # Many long ones first.
    for tag in ("a", "b", "c"):
        jobs.create(caller_of(ACME), "units.tag", ALL, {"add": [tag]})
    jobs.create(caller_of(OTHER), "units.tag", ALL, {"add": ["z"]})
    work_until_done(jobs)
    assert order.count(ACME) == 300
    last = max(place for place, organisation in enumerate(order) if organisation == OTHER)
    assert last < 120, "it was done among the first turns"


class CarefulTags:
    """`units.tag`, with room for so many more in each turn."""

    def __init__(self, kind: Any, rooms: list[int]) -> None:
        self.kind, self.rooms, self.applied = kind, rooms, 0
        self.turns: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kind, name)

    async def plan(self, *given: Any) -> Any:
        return await self.kind.plan(*given)

    async def undo(self, *given: Any) -> None:
        await self.kind.undo(*given)

    async def apply(self, *given: Any) -> None:
        self.applied += 1
        await self.kind.apply(*given)

    async def room(self, _parameters: Any) -> int:
        self.turns.append(self.applied)
        return self.rooms.pop(0) if self.rooms else 25


def test_a_careful_kind_says_how_many_may_be_begun(jobs: Jobs, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = register(fleet, ACME, 8)
    careful = CarefulTags(jobs.kinds["units.tag"], [2, 0, 3])
    monkeypatch.setattr(jobs, "kinds", {**jobs.kinds, "units.tag": careful})
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["new"]})
    assert done(jobs, job).counts == {ItemState.DONE: len(ids)}
    assert careful.turns[:5] == [0, 2, 2, 5, 8]


def test_an_engine_that_is_away_makes_a_job_wait_and_nothing_fails(
    jobs: Jobs, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monokoto.connect.jobs.worker.PAUSE_SECONDS", 0.05)
    ids = register(fleet, ACME, 10)
    kind = jobs.kinds["units.tag"]
    apply, calls = kind.apply, []

    async def sometimes(caller: Any, target: Any, parameters: Any) -> None:
        calls.append(target)
        if len(calls) % 3 == 0:
            raise Unavailable("The records are away.")
        await apply(caller, target, parameters)

    monkeypatch.setattr(kind, "apply", sometimes)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    assert done(jobs, job).counts == {ItemState.DONE: 10}
    assert all(tags(fleet, one) == ("a",) for one in ids)


def test_a_mistake_in_one_unit_is_that_units(jobs: Jobs, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = register(fleet, ACME, 3)
    kind = jobs.kinds["units.tag"]
    apply = kind.apply

    async def wrong(caller: Any, target: Any, parameters: Any) -> None:
        if target.unit_id == ids[1]:
            raise ZeroDivisionError
        await apply(caller, target, parameters)

    monkeypatch.setattr(kind, "apply", wrong)
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})
    assert done(jobs, job).counts == {ItemState.DONE: 2, ItemState.FAILED: 1}


def test_two_processes_never_work_on_one_job(records: Records, fleet: Fleet, gate: FixedGate) -> None:
    register(fleet, ACME, 60)
    one, two = jobs_of(records, fleet, gate), jobs_of(records, fleet, gate)
    applied: list[tuple[int, int]] = []
    for number, jobs in enumerate((one, two)):
        kind = jobs.kinds["units.tag"]

        def noting(number: int = number, apply: Any = kind.apply) -> Any:
            async def noted(caller: Any, target: Any, parameters: Any) -> None:
                applied.append((number, target.unit_id))
                await apply(caller, target, parameters)

            return noted

        kind.apply = noting()  # type: ignore[method-assign]
    job = one.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"]})

    async def run() -> None:
        workers = [Worker(one), Worker(two)]
        for worker in workers:
            await worker.start()
        async with asyncio.timeout(30):
            while await asyncio.to_thread(is_open, one):
                await asyncio.sleep(0.02)
        for worker in workers:
            await worker.stop()

    asyncio.run(run())
    assert one.get(ACME, job.id).counts == {ItemState.DONE: 60}
    assert len({unit_id for _, unit_id in applied}) == len(applied) == 60


@pytest.mark.parametrize("pauses", [(0.05, 0.3), pytest.param((0.02, 0.05, 0.1, 0.2, 0.3) * 4, marks=pytest.mark.long)])
def test_killed_again_and_again_it_is_done_exactly(tmp_path: Path, pauses: tuple[float, ...]) -> None:
    records = open_records("", data_dir=tmp_path)
    migrate(records)
    fleet = fleet_of(records)
    ids = register(fleet, ACME, 200)
    fleet.update(ACME, ids[7], UnitChange(tags=("had",)))
    jobs = jobs_of(records, fleet, FixedGate(fleet))
    job = jobs.create(caller_of(ACME), "units.tag", ALL, {"add": ["a"], "remove": ["had"]}, pace=100)

    def kill_between(pauses: tuple[float, ...]) -> int:
        kills = 0
        for pause in pauses:
            child = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("jobs_making.py")), str(tmp_path)],
                stdout=subprocess.PIPE,
            )
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(pause)
            kills += child.poll() is None
            child.kill()
            child.wait()
            child.stdout.close()
        return kills

    assert kill_between(pauses) >= 2
    if len(pauses) == 2:
        assert jobs.get(ACME, job.id).open
    work_until_done(jobs, hold_seconds=0.5)
    assert jobs.get(ACME, job.id).counts == {ItemState.DONE: 200}
    assert all(tags(fleet, one) == ("a",) for one in ids)
    before = [item.before for item in jobs.items(ACME, job.id, limit=200)]
    assert [msgspec.json.decode(one or "")["tags"] for one in before].count(["had"]) == 1
    jobs.undo(ACME, job.id)
    kill_between(pauses[1:])
    work_until_done(jobs, hold_seconds=0.5)
    assert jobs.get(ACME, job.id).counts == {ItemState.UNDONE: 200}
    assert [tags(fleet, one) for one in ids].count(()) == 199
    assert tags(fleet, ids[7]) == ("had",)
    records.close()


def test_a_selection_knows_what_other_parts_know_of_units(records: Records, fleet: Fleet, gate: FixedGate) -> None:
    sets = FixedSets()
    jobs = jobs_of(records, fleet, gate, sets)
    here, there, lost = register(fleet, ACME, 3)
    sets.connected, sets.claimed = [here, there], [there]
    fleet.update(ACME, here, UnitChange(location=LocationChange(latitude=37.5, longitude=127.0)))

    def chosen(**conditions: Any) -> list[int]:
        found = jobs.create(caller_of(ACME), "units.tag", Selection(**conditions), {"add": ["x"]})
        return [item.target.unit_id for item in jobs.items(ACME, found.id, states=(), after=0, limit=10)]

    assert chosen(online=True) == [here, there]
    assert chosen(online=False) == [lost]
    assert chosen(claimed=True) == [there]
    assert chosen(online=True, claimed=False) == [here]
    assert chosen(box="37,126,38,128") == [here]
    with pytest.raises(Invalid):
        chosen(box="everywhere")

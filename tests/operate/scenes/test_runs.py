"""Runs: what becomes of each unit, in which order, how fast, and when something goes wrong."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

import pytest
from groups_making import MAKER, OTHER, OWNER, caller_of, register
from scenes_making import ENDED, House, every

from monokoto.connect.audit import AuditFilter
from monokoto.kernel.clock import Instant
from monokoto.kernel.errors import Conflict, Invalid, NotFound, TooMany, Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, format_id
from monokoto.operate.groups import GroupDraft
from monokoto.operate.scenes import (
    Offline,
    Order,
    Outcome,
    Run,
    RunItem,
    RunItemState,
    RunState,
    Step,
    StepUnits,
    StopOnFailure,
)
from monokoto.operate.scenes import runs as runs_module
from monokoto.operate.scenes.run_store import update_items
from monokoto.operate.scenes.worker import NO_LONGER
from monokoto.web import Scope


def test_evening_desires_values_and_asks_for_actions(house: House) -> None:
    hall, rest = house.lamps(3, tags=("hall",)), house.lamps(2)
    house.groups.create(caller_of(), "rest", GroupDraft(units=tuple(rest)))
    scene = house.scene(
        Step(units=StepUnits(tags=["hall"]), desired={"brightness": 30, "on": True}),
        Step(units=StepUnits(group="rest"), action="blink", input={"times": 2}),
    )
    run = asyncio.run(house.run(scene))
    assert (run.state, run.counts) == (RunState.DONE, {RunItemState.DONE: 5})
    assert [house.desired(unit) for unit in hall] == [{"brightness": 30, "on": True}] * 3
    assert house.actions.asked == [(unit, "blink") for unit in rest]
    assert [ended.id for ended in house.ended] == [run.id]
    again = asyncio.run(house.run(scene))
    assert again.counts == {RunItemState.UNCHANGED: 3, RunItemState.DONE: 2}, "what is desired already is no change"


def test_a_step_waits_for_the_answers_of_the_one_before_it(house: House) -> None:
    lamps = house.lamps(2)
    first, second = (Step(units=StepUnits(ids=[format_id(one)]), action="blink") for one in lamps)
    house.actions.later.add(lamps[0])

    async def story(order: Order) -> None:
        house.actions.asked.clear()
        house.actions.commands.clear()
        run = await house.runs.start(caller_of(), house.scene(first, second, order=order))
        worker = house.worker()
        await worker.start()
        try:
            await house.until(run, lambda now: now.counts.get(RunItemState.ASKED) == 1)
            if order is Order.SEQUENCE:
                assert house.actions.asked == [(lamps[0], "blink")]
            else:
                await house.until(run, lambda now: now.counts.get(RunItemState.DONE) == 1)
            house.actions.answer(lamps[0])
            command_id = house.actions.commands[run.id, 1]
            await worker.heard(
                Fact(
                    name="commands.changed",
                    organisation_id=OrganisationId(MAKER),
                    at=Instant(0),
                    data={"commands": [{"command_id": command_id, "status": "succeeded"}]},
                )
            )
            ended = await house.until(run, lambda now: not now.open)
            assert ended.counts == {RunItemState.DONE: 2}
        finally:
            await worker.stop()

    for order in Order:
        asyncio.run(story(order))


def test_what_no_fact_told_is_found_by_period(house: House) -> None:
    (lamp,) = house.lamps(1)
    house.actions.later.add(lamp)

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink")))
        worker = house.worker()
        await worker.start()
        try:
            await house.until(run, lambda now: now.counts.get(RunItemState.ASKED))
            house.actions.answer(lamp, state=RunItemState.FAILED)
            ended = await house.until(run, lambda now: not now.open)
            assert ended.counts == {RunItemState.FAILED: 1}
        finally:
            await worker.stop()

    asyncio.run(story())


def test_units_are_begun_at_the_pace_that_was_asked_for(house: House) -> None:
    house.lamps(12)
    began = time.monotonic()
    run = asyncio.run(house.run(house.scene(Step(units=every(), action="blink"), pace=20)))
    assert run.counts == {RunItemState.DONE: 12}
    assert time.monotonic() - began >= 10 / 20, "never faster"


def test_too_many_failures_stop_it(house: House) -> None:
    lamps = house.lamps(20)
    house.actions.answers = dict.fromkeys(lamps[:4], RunItemState.FAILED)
    house.actions.later.update(lamps[4:])
    stop = StopOnFailure(percent=50, of=4)
    scene = house.scene(Step(units=every(), action="blink"), pace=16, stop_on_failure=stop)
    run = asyncio.run(house.run(scene))
    assert run.state is RunState.STOPPED
    assert run.counts[RunItemState.FAILED] == 4
    assert run.counts[RunItemState.LEFT] >= 8
    assert run.counts.get(RunItemState.CANCELLED, 0) == len(house.actions.taken_back)
    assert "4 units failed" in run.reason
    assert len(house.actions.asked) + run.counts[RunItemState.LEFT] == 20


def test_few_failures_stop_nothing(house: House) -> None:
    lamps = house.lamps(8)
    house.actions.answers = {lamps[0]: RunItemState.FAILED}
    stop = StopOnFailure(percent=20, of=5)
    run = asyncio.run(house.run(house.scene(Step(units=every(), action="blink"), stop_on_failure=stop)))
    assert (run.state, run.counts) == (RunState.DONE, {RunItemState.FAILED: 1, RunItemState.DONE: 7})
    assert house.items(run)[lamps[0]] == ("failed", "it said so")


@pytest.mark.parametrize("offline", Offline)
def test_units_that_are_away_wait_or_are_left_out(house: House, offline: Offline) -> None:
    lamps = house.lamps(2)
    house.away.add(lamps[0])
    run = asyncio.run(house.run(house.scene(Step(units=every(), desired={"on": True}), offline=offline)))
    states = [house.items(run)[unit][0] for unit in lamps]
    assert states == (["done", "done"] if offline is Offline.QUEUE else ["skipped", "done"])


def test_dangerous_actions_are_said_yes_to_once(house: House) -> None:
    register(house.fleet, 3, product="pump", prefix="p")
    scene = house.scene(Step(units=every("pump"), action="flush"))
    with pytest.raises(Conflict) as refused:
        asyncio.run(house.run(scene))
    assert [fault.place for fault in refused.value.faults] == ["steps/0"]
    assert house.runs.list(MAKER) == []
    run = asyncio.run(house.run(scene, confirmed=True))
    assert run.counts == {RunItemState.DONE: 3}


def test_a_run_is_undone_where_nobody_desired_something_else(house: House) -> None:
    lamps = house.lamps(3)
    asyncio.run(house.twins.patch_desired(MAKER, lamps[0], {"brightness": 80}, by=1))
    scene = house.scene(
        Step(units=every(), desired={"brightness": 30}),
        Step(units=StepUnits(ids=[format_id(lamps[0])]), desired={"brightness": 10}),
        Step(units=StepUnits(ids=[format_id(lamps[2])]), action="blink"),
    )
    run = asyncio.run(house.run(scene))
    asyncio.run(house.twins.patch_desired(MAKER, lamps[1], {"brightness": 55}, by=1))

    async def undone() -> None:
        await house.work(await asyncio.to_thread(house.runs.undo, MAKER, run.id))

    asyncio.run(undone())
    now = house.runs.get(MAKER, run.id)
    assert now.state is RunState.UNDONE
    assert now.counts == {RunItemState.UNDONE: 3, RunItemState.KEPT: 1, RunItemState.DONE: 1}, (
        "an action cannot be taken back"
    )
    assert [house.desired(unit) for unit in lamps] == [{"brightness": 80}, {"brightness": 55}, {}]
    with pytest.raises(Conflict):
        house.runs.undo(MAKER, run.id)


def test_cancelling_begins_nothing_more_and_takes_back_what_nobody_heard(house: House) -> None:
    lamps = house.lamps(10)
    house.actions.later.update(lamps)

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink"), pace=4))
        worker = house.worker()
        await worker.start()
        try:
            await house.until(run, lambda now: now.counts.get(RunItemState.ASKED, 0) >= 2)
            await asyncio.to_thread(house.runs.cancel, MAKER, run.id)
            ended = await house.until(run, lambda now: not now.open)
        finally:
            await worker.stop()
        assert ended.state is RunState.CANCELLED
        assert ended.counts[RunItemState.CANCELLED] == len(house.actions.taken_back) >= 2
        assert ended.counts[RunItemState.LEFT] == 10 - len(house.actions.taken_back)
        with pytest.raises(Conflict):
            house.runs.cancel(MAKER, run.id)

    asyncio.run(story())


def test_a_run_ends_when_who_began_it_may_no_longer(house: House) -> None:
    """As with jobs: a revoked key begins nothing more, and what no unit has heard of is taken back."""
    lamps = house.lamps(10)
    house.actions.later.update(lamps)
    in_force = {True}

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink"), pace=4))
        worker = house.worker(still_may=lambda caller: bool(in_force) and Scope.CONTROL_WRITE in caller.scopes)
        await worker.start()
        try:
            await house.until(run, lambda now: now.counts.get(RunItemState.ASKED, 0) >= 2)
            in_force.clear()
            ended = await house.until(run, lambda now: not now.open)
        finally:
            await worker.stop()
        assert (ended.state, ended.reason) == (RunState.CANCELLED, NO_LONGER)
        assert ended.counts[RunItemState.CANCELLED] == len(house.actions.taken_back) >= 2
        assert ended.counts[RunItemState.LEFT] == 10 - len(house.actions.taken_back)

    asyncio.run(story())


def test_a_schedules_run_is_the_organisations(house: House) -> None:
    lamps = house.lamps(2)

    async def story() -> None:
        scene = house.scene(Step(units=every(), action="blink"))
        draft = house.runs.draft(caller_of(), scene.name, scene.spec, schedule_id=5, planned_at=1)
        run = await house.runs.begin(draft)
        worker = house.worker(still_may=lambda _caller: False)
        await worker.start()
        try:
            ended = await house.until(run, lambda now: not now.open)
        finally:
            await worker.stop()
        assert (ended.state, ended.counts) == (RunState.DONE, {RunItemState.DONE: len(lamps)})

    asyncio.run(story())


def test_slow_turns_of_one_organisation_hold_up_nobody_elses(house: House) -> None:
    house.lamps(1)
    register(house.fleet, 1, organisation_id=OTHER, prefix="theirs-")
    house.directory.refresh()
    asks, stuck = house.actions.ask, asyncio.Event()

    async def slow(run: Run, item: RunItem, step: Step) -> Outcome:
        if run.organisation_id == MAKER:
            await stuck.wait()
        return await asks(run, item, step)

    async def story() -> None:
        house.actions.ask = slow  # type: ignore[method-assign]
        scene = house.scene(Step(units=every(), action="blink"))
        slow_ones = [await house.runs.start(caller_of(), scene) for _ in range(4)]
        worker = house.worker()
        await worker.start()
        try:
            theirs = caller_of(OTHER)
            quick = await house.runs.start(theirs, house.scene(Step(units=every(), action="blink"), caller=theirs))
            ended = await house.until(quick, lambda now: not now.open)
            assert ended.state is RunState.DONE
            assert all(house.runs.get(MAKER, run.id).open for run in slow_ones)
            stuck.set()
            for run in slow_ones:
                assert (await house.until(run, lambda now: not now.open)).state is RunState.DONE
        finally:
            stuck.set()
            await worker.stop()

    asyncio.run(story())


def test_what_a_dead_process_began_is_asked_once(house: House) -> None:
    """An item that was begun, and of which nobody knows whether it was asked, is asked again under its own name."""
    lamps = house.lamps(3)

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink")))
        items = house.runs.items(MAKER, run.id)
        await house.actions.ask(run, items[0], run.spec.steps[0])  # and died before it could say so
        with house.records.write() as connection:
            update_items(connection, MAKER, run.id, [replace(items[0], state=RunItemState.BEGUN)])
        ended = await house.work(run)
        assert ended.counts == {RunItemState.DONE: 3}
        assert sorted(house.actions.asked) == [(unit, "blink") for unit in lamps]
        assert house.actions.calls == 4

    asyncio.run(story())


def test_a_run_whose_process_died_is_taken_up(house: House) -> None:
    house.lamps(3)

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink"), pace=4))
        first = house.worker(hold_seconds=1.0)
        await first.start()
        await house.until(run, lambda now: now.counts.get(RunItemState.DONE))
        for task in first._tasks:
            task.cancel()  # without a word: it goes on holding the run for a second
        second = house.worker(hold_seconds=1.0)
        await second.start()
        try:
            ended = await house.until(run, lambda now: not now.open)
        finally:
            await second.stop()
        assert ended.counts == {RunItemState.DONE: 3}
        assert len(house.actions.asked) == 3

    asyncio.run(story())


class Died(BaseException):
    """The process, in the middle."""


@pytest.mark.parametrize("after", [False, True])
def test_whatever_dies_at_a_runs_end_its_entry_stands_in_the_log_once(house: House, *, after: bool) -> None:
    """In the middle of the transaction, or with its end written and not yet told."""
    house.lamps(2)
    died: list[bool] = []

    def dying(run: Run) -> None:
        if not died:
            died.append(after)
            raise Died

    async def story() -> None:
        run = await house.runs.start(caller_of(), house.scene(Step(units=every(), action="blink")))
        first = house.worker(hold_seconds=0.5, workers=1)
        if after:
            first._runs.tell = lambda run: asyncio.to_thread(dying, run)  # type: ignore[method-assign]
        else:
            house.dying = dying
        await first.start()
        await asyncio.gather(*first._tasks, return_exceptions=True)
        entries = house.audit.list(MAKER, AuditFilter(action=ENDED))
        assert (died, len(entries), house.runs.get(MAKER, run.id).open) == ([after], int(after), not after)
        ended = await house.work(run)
        assert ended.counts == {RunItemState.DONE: 2}
        (entry,) = house.audit.list(MAKER, AuditFilter(action=ENDED))
        assert (entry.draft.subject.id, entry.detail) == (format_id(run.id), {"state": "done"})

    asyncio.run(story())


def test_an_engine_that_is_away_makes_it_wait(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.lamps(2)
    ask, away = house.actions.ask, [True, True]

    async def sometimes(*given: object) -> object:
        if away:
            away.pop()
            raise Unavailable("the log is away")
        return await ask(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(house.actions, "ask", sometimes)
    run = asyncio.run(house.run(house.scene(Step(units=every(), action="blink"))))
    assert run.counts == {RunItemState.DONE: 2}
    assert len(house.actions.asked) == 2


def test_begun_twice_with_one_name_it_is_one_run(house: House) -> None:
    house.lamps(1)
    scene = house.scene(Step(units=every(), action="blink"))

    async def story() -> None:
        both = await asyncio.gather(*(house.runs.start(caller_of(), scene, key="one") for _ in range(4)))
        assert len({run.id for run in both}) == 1

    asyncio.run(story())
    assert len(house.runs.list(MAKER)) == 1


def test_reach_is_asked_again_at_each_units_turn(house: House) -> None:
    lamps = house.lamps(4)
    for unit in lamps[:3]:
        house.gate.give(unit, MAKER)
    owner = caller_of(OWNER)
    step = Step(units=StepUnits(ids=[format_id(one) for one in lamps]), action="blink")
    scene = house.scene(step, caller=owner)

    async def story() -> None:
        run = await house.runs.start(owner, scene)
        house.gate.take(lamps[0])
        house.gate.give(lamps[1], MAKER, control=False)
        ended = await house.work(run)
        assert ended.counts == {RunItemState.FAILED: 3, RunItemState.DONE: 1}
        told = house.items(ended)
        assert [told[unit][1] for unit in lamps] == [
            "there is no such unit, or it is not yours at present", "it is not yours to control", "",
            "there is no such unit, or it is not yours at present",
        ]  # fmt: skip

    asyncio.run(story())
    assert house.actions.asked == [(lamps[2], "blink")]


def test_runs_are_walled_and_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.lamps(1)
    scene = house.scene(Step(units=every(), action="blink"))
    run = asyncio.run(house.runs.start(caller_of(), scene))
    for asked in (house.runs.get, house.runs.items, house.runs.cancel, house.runs.undo):
        with pytest.raises(NotFound):
            asked(OTHER, run.id)
    assert house.runs.list(OTHER) == []
    monkeypatch.setattr(runs_module, "SCENE_RUNS_OPEN_PER_ORGANISATION_MAX", 1)
    with pytest.raises(TooMany):
        asyncio.run(house.runs.start(caller_of(), scene))
    with pytest.raises(Invalid):
        asyncio.run(house.runs.start(caller_of(), house.scene(Step(units=every("pump"), action="stop"))))


def test_old_runs_are_forgotten(house: House) -> None:
    house.lamps(1)
    run = asyncio.run(house.run(house.scene(Step(units=every(), action="blink"))))
    assert house.runs.forget_old(run.finished_at or 0) == 0
    assert house.runs.forget_old((run.finished_at or 0) + 1) == 1
    with pytest.raises(NotFound):
        house.runs.get(MAKER, run.id)


def test_a_worker_that_is_woken_in_the_moment_it_is_stopped_ends(house: House) -> None:
    async def story(steps: int) -> None:
        worker = house.worker()
        await worker.start()
        await asyncio.sleep(0.05)
        house.runs.signal()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await worker.stop()

    for steps in range(6):
        asyncio.run(story(steps))

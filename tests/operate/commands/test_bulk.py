"""An action asked of many units as a job: each with its own command, once after a crash, no further when too many go wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from commands_making import CHILD, FOREIGN, MAKER, UNIT, House, make_house, said

from monokoto.connect.jobs import Jobs, JobState, Selection, Target, Worker
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import OrganisationId, UnitId
from monokoto.operate.commands import AskOfUnits, Status
from monokoto.web import Caller, Reach, Scope, Side

CALLER = Caller(organisation_id=OrganisationId(MAKER), scopes=frozenset({Scope.ADMIN}), key_id=9)


class FixedGate:
    def unit(self, _caller: Caller, unit_id: int) -> Reach:
        if unit_id == FOREIGN:
            raise NotFound("There is no such unit.")
        return Reach(unit_id=UnitId(unit_id), organisation_id=OrganisationId(MAKER), side=Side.MAKER)

    def held(self, _caller: Caller) -> Sequence[Reach]:
        return ()


class FixedSelector:
    def targets(self, _caller: Caller, _selection: Selection, *, limit: int) -> Sequence[Target]:
        return [Target(UnitId(one), OrganisationId(MAKER)) for one in (UNIT, CHILD, FOREIGN)][:limit]


@pytest.fixture
def house(tmp_path: Path) -> Any:
    made = make_house(tmp_path)
    yield made
    made.records.close()


def jobs_of(house: House) -> Jobs:
    kind = AskOfUnits(house.commands, FixedGate())  # type: ignore[arg-type]
    return Jobs(house.records, house.clock, kinds=[kind], selector=FixedSelector())


async def until(condition: Callable[[], Any]) -> None:
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


def test_each_unit_has_its_command_and_its_own_outcome(house: House) -> None:
    async def story() -> None:
        jobs = jobs_of(house)
        parameters = {"action": "boost", "input": {"minutes": 5}}
        preview = await jobs.preview(CALLER, "commands.ask", Selection(), parameters)
        assert (preview.selected, preview.changed, preview.refused) == (3, 2, 1)
        job = await asyncio.to_thread(jobs.create, CALLER, "commands.ask", Selection(), parameters)
        worker = Worker(jobs)
        await worker.start()
        await until(lambda: not jobs.get(MAKER, job.id).open)
        await worker.stop()
        found = house.commands.list_of({MAKER}, batch=job.id)
        assert {one.unit_id for one in found} == {UNIT, CHILD}
        counts = {state.value: count for state, count in jobs.get(MAKER, job.id).counts.items() if count}
        assert counts == {"done": 2, "failed": 1}
        # After a crash an item is applied again: it is the same command.
        kind = AskOfUnits(house.commands, FixedGate()).of_job(job)  # type: ignore[arg-type]
        _, wanted = jobs.checked(CALLER, "commands.ask", parameters)
        await kind.apply(CALLER, Target(UnitId(UNIT), OrganisationId(MAKER)), wanted)
        assert len(house.commands.list_of({MAKER}, batch=job.id)) == 2
        await house.commands.run()
        assert house.commands.outcomes({MAKER}, job.id) == {Status.SENT: 2}

    asyncio.run(asyncio.wait_for(story(), 60))


def test_it_stops_when_too_many_went_wrong(house: House) -> None:
    async def story() -> None:
        jobs = jobs_of(house)
        parameters = {"action": "restart", "stop_share": 0.5, "stop_after": 1}
        job = await asyncio.to_thread(jobs.create, CALLER, "commands.ask", Selection(), parameters, pace=1)
        worker = Worker(jobs)
        await worker.start()
        await until(lambda: house.commands.list_of({MAKER}, batch=job.id))
        (first,) = house.commands.list_of({MAKER}, batch=job.id)
        await house.hear(said(first, "failed"))
        await until(lambda: not jobs.get(MAKER, job.id).open)
        await worker.stop()
        ended = jobs.get(MAKER, job.id)
        assert (ended.state, ended.reason) == (
            JobState.CANCELLED, "1 of 1 went wrong; more than 50% was to stop it.",
        )  # fmt: skip
        assert len(house.commands.list_of({MAKER}, batch=job.id)) == 1

    asyncio.run(asyncio.wait_for(story(), 60))


def test_without_a_pace_no_more_is_under_way_than_could_stand_to_fail(house: House) -> None:
    """What was asked at once could not be stopped by how it goes."""

    async def story() -> None:
        jobs = jobs_of(house)
        parameters = {"action": "restart", "stop_share": 0.5, "stop_after": 1}
        job = await asyncio.to_thread(jobs.create, CALLER, "commands.ask", Selection(), parameters)
        kind = AskOfUnits(house.commands, FixedGate()).of_job(job)  # type: ignore[arg-type]
        _, wanted = jobs.checked(CALLER, "commands.ask", parameters)
        assert await kind.room(wanted) == 1
        await kind.apply(CALLER, Target(UnitId(UNIT), OrganisationId(MAKER)), wanted)
        assert await kind.room(wanted) == 1, "it may be away, and wait long: that holds up nobody"
        await house.commands.run()
        assert await kind.room(wanted) == 0, "it went down; how it goes is not known yet"
        (first,) = house.commands.list_of({MAKER}, batch=job.id)
        await house.hear(said(first, "succeeded"))
        assert await kind.room(wanted) == 1
        _, at_once = jobs.checked(CALLER, "commands.ask", {"action": "restart"})
        assert await kind.room(at_once) > 100, "nothing is to stop it"

    asyncio.run(asyncio.wait_for(story(), 60))

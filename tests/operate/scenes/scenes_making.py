"""A fleet of lamps and pumps, a way down that forgets, units that answer as they are told."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from groups_making import MAKER, SomeGate, SomeProducts, caller_of, model_of, register

from monokoto.connect.audit import SYSTEM, AuditLog, Subject
from monokoto.connect.fleet import Directory, Fleet
from monokoto.engines.objects import open_objects
from monokoto.engines.records import Records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import format_id
from monokoto.operate.groups import Groups, UnitFinder
from monokoto.operate.scenes import (
    Doer,
    Looker,
    Outcome,
    Run,
    RunItem,
    RunItemState,
    Runs,
    Scene,
    Scenes,
    SceneSpec,
    Step,
    StepUnits,
    Worker,
)
from monokoto.operate.twins import DesireOfUnits, Twins
from monokoto.web import Caller

_numbers = itertools.count(1)
ENDED = "scene-run.finished"


class NoSeries:
    def query(self, _sql: str, _parameters: Any = None) -> pa.Table:
        return pa.table({"organisation": pa.array([], pa.int64())})


class NoReadings:
    name = "readings"

    async def observe(self, _batch: object) -> None: ...

    def kept(self, _partition: int) -> int:
        return 2**62


class NoDown:
    async def send(self, _unit_id: int, **_more: object) -> None: ...

    async def retain(self, _unit_id: int, **_more: object) -> None: ...


class FakeActions:
    """Units that answer at once with what `answers` says (done), or when they are told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, str]] = []
        """(unit, action) as they were asked, each once."""
        self.answers: dict[int, RunItemState] = {}
        self.later: set[int] = set()
        """Units that answer nothing until `answer`."""
        self.commands: dict[tuple[int, int], int] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.taken_back: list[int] = []
        self.calls = 0
        self.heard: Callable[[Fact], Any] | None = None

    async def ask(self, run: Run, item: RunItem, step: Step) -> Outcome:
        self.calls += 1
        name = (run.id, item.number)
        if name not in self.commands:
            self.commands[name] = command_id = next(_numbers)
            self.asked.append((item.unit_id, step.action))
            state = (
                RunItemState.ASKED if item.unit_id in self.later else self.answers.get(item.unit_id, RunItemState.DONE)
            )
            reason = "it said so" if state is RunItemState.FAILED else ""
            self.outcomes[command_id] = Outcome(command_id, state, reason)
        return self.outcomes[self.commands[name]]

    async def look(self, items: Sequence[RunItem]) -> Mapping[int, Outcome]:
        return {item.command_id: self.outcomes[item.command_id] for item in items}

    async def take_back(self, items: Sequence[RunItem]) -> None:
        for item in items:
            self.taken_back.append(item.unit_id)
            self.outcomes[item.command_id] = Outcome(item.command_id, RunItemState.CANCELLED)

    def answer(self, *unit_ids: int, state: RunItemState = RunItemState.DONE) -> None:
        """Let units give their last word."""
        for name, command_id in self.commands.items():
            unit_id = next(
                unit for unit, key in zip((one for one, _ in self.asked), self.commands, strict=True) if key == name
            )
            if unit_id in unit_ids:
                self.outcomes[command_id] = Outcome(command_id, state)


class House:
    """Everything scenes stand on."""

    def __init__(self, records: Records, folder: Path) -> None:
        clock = SystemClock()
        self.records = records
        self.clock = clock
        self.fleet = Fleet(records, SomeProducts(), clock)
        self.gate = SomeGate(self.fleet)
        self.directory = Directory(records)
        self.groups = Groups(records, clock, finder=UnitFinder(self.fleet, self.gate))
        self.twins = Twins(
            records=records,
            series=NoSeries(),
            objects=open_objects("", data_dir=folder),
            directory=self.directory,
            products=SomeProducts(),
            downlink=NoDown(),
            readings=NoReadings(),
            clock=clock,
        )
        self.looker = Looker(self.groups, self.directory, model_of, self.twins)
        self.scenes = Scenes(records, clock, looker=self.looker)
        self.runs = Runs(records, clock, looker=self.looker)
        self.actions = FakeActions()
        self.away: set[int] = set()
        self.ended: list[Run] = []
        self.audit = AuditLog(records, clock)
        self.dying: Callable[[Run], None] = lambda _run: None

    def write_end(self, connection: sa.Connection, run: Run) -> None:
        """An end stands in the audit log."""
        subject = Subject("scene-run", format_id(run.id))
        detail = {"state": run.state.value}
        draft = self.audit.draft(run.organisation_id, actor=SYSTEM, action=ENDED, subject=subject, detail=detail)
        self.audit.write([draft], within=connection)
        self.dying(run)
        self.ended.append(run)

    def worker(self, **more: Any) -> Worker:
        doer = Doer(
            gate=self.gate,
            actions=self.actions,
            desires=DesireOfUnits(self.twins, self.gate),
            online=lambda _maker, unit: unit not in self.away,
            clock=self.clock,
        )

        def finished(_run: Run) -> Callable[[sa.Connection, Run], None]:
            return self.write_end

        return Worker(self.runs, doer, finished=finished, **more)

    def lamps(self, count: int, **more: Any) -> list[int]:
        found = register(self.fleet, count, prefix=f"l{next(_numbers)}-", **more)
        self.directory.refresh()
        return found

    def scene(self, *steps: Step, caller: Caller | None = None, **more: Any) -> Scene:
        name = f"scene-{next(_numbers)}"
        return self.scenes.create(caller or caller_of(), name, "", SceneSpec(steps=list(steps), **more))

    async def run(self, scene: Scene, *, caller: Caller | None = None, seconds: float = 60.0, **more: Any) -> Run:
        """Run a scene and wait for its end."""
        begun = await self.runs.start(caller or caller_of(), scene, **more)
        return await self.work(begun, seconds=seconds)

    async def work(self, run: Run, *, seconds: float = 60.0) -> Run:
        """Work until the run has ended."""
        worker = self.worker()
        await worker.start()
        try:
            return await self.until(run, lambda now: not now.open, seconds=seconds)
        finally:
            await worker.stop()

    async def until(self, run: Run, holds: Callable[[Run], object], *, seconds: float = 60.0) -> Run:
        async with asyncio.timeout(seconds):
            while True:
                now = await asyncio.to_thread(self.runs.get, run.organisation_id, run.id)
                if holds(now):
                    return now
                await asyncio.sleep(0.01)

    def items(self, run: Run) -> dict[int, tuple[str, str]]:
        """Unit to state and reason."""
        found = self.runs.items(run.organisation_id, run.id, limit=1000)
        return {item.unit_id: (item.state.value, item.reason) for item in found}

    def desired(self, unit_id: int) -> Mapping[str, Any]:
        return self.twins.desired.get(MAKER, unit_id).properties


def every(product: str = "lamp") -> StepUnits:
    return StepUnits(product=product)

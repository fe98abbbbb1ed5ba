"""Scenes with a clock that is told what time it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from groups_making import MAKER, caller_of
from scenes_making import House

from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock, parse_instant
from monokoto.operate.scenes import Run, Runs, SceneSpec, Step, StepUnits
from monokoto.operate.schedules import PlaceFinder, Schedule, Scheduler, Schedules, ScheduleSpec, When

START = "2026-03-02T00:00:00Z"
"""A Monday."""
BLINK = SceneSpec(steps=[Step(units=StepUnits(product="lamp"), action="blink")])


class Hours:
    """Everything schedules stand on; time goes on when it is told to."""

    def __init__(self, records: Records, folder: Path) -> None:
        self.house = House(records, folder)
        self.clock = ManualClock(parse_instant(START))
        self.runs = Runs(records, self.clock, looker=self.house.looker)
        self.house.runs = self.runs
        self.zones = {}
        self.schedules = Schedules(
            records,
            self.clock,
            scenes=self.house.scenes,
            finder=PlaceFinder(self.house.groups, self.house.looker),
            zone_of=lambda caller: self.zones.get(caller.actor_id, ""),
        )

    def make(self, name: str = "evening", *, enabled: bool = True, **more: Any) -> Schedule:
        more.setdefault("run", BLINK)
        return self.schedules.create(caller_of(), name, "", ScheduleSpec(**more), enabled=enabled)

    def at(self, text: str) -> None:
        """Let it be this time."""
        self.clock.advance((parse_instant(text) - self.clock.now()) / 1_000_000)

    def tick(self, scheduler: Scheduler | None = None) -> None:
        """One look at the clock, by a process of its own unless one is given."""
        run(self._tick(scheduler or Scheduler(self.schedules, self.runs)))

    async def _tick(self, scheduler: Scheduler) -> None:
        await scheduler.tick()

    def told(self) -> list[tuple[str, str]]:
        """(state, planned instant) of every run, the earliest first."""
        found: list[Run] = self.runs.list(MAKER, limit=1000)
        return sorted(((one.state.value, _text(one.planned_at or 0)) for one in found), key=lambda pair: pair[1])


def _text(instant: int) -> str:
    from monokoto.kernel.clock import format_instant  # noqa: PLC0415

    return format_instant(instant)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def daily(*times: str, **more: Any) -> When:
    return When(at=list(times), **more)

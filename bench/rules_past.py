"""100 mixed rules begin with the past of 1,000 units: how long it takes, and for how long the line waits meanwhile.

The past lies in the store (chDB): a message a second of each unit, five readings in each. While it is read the line goes on
handing over batches; what counts for it is how long `observe` takes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bench.report import Report
from bench.rules import NUMBERS, PROPERTIES, SECOND, _mixed, model
from monokoto.connect.line import Batch, Block, Column
from monokoto.engines.objects import open_objects
from monokoto.engines.series import Series, open_series
from monokoto.kernel.clock import ManualClock
from monokoto.operate.rules import AlertChange, Engine, Held, RulesObserver, StoredPast, Surroundings
from monokoto.operate.telemetry import ReadingsObserver, Telemetry

UNITS = 1_000
START = 1_780_272_000 * SECOND
IDENTITY = SimpleNamespace(organisation_id=1, product="machine", version="1.0.0", parent_id=0)


def run(report: Report, *, quick: bool) -> None:
    """Ten minutes of readings, and what comes while they are read."""
    seconds = 120 if quick else 600
    with tempfile.TemporaryDirectory() as folder:
        series = open_series(data_dir=Path(folder))
        try:
            asyncio.run(_measure(report, Path(folder), series, seconds))
        finally:
            series.close()


class _World:
    """One product of 1,000 units, of which all say the same things at other instants."""

    def __init__(self, seconds: int) -> None:
        self.model = model()
        self.seconds = seconds
        self._chance = np.random.default_rng(1)

    def batch(self, second: int, number: int) -> Batch:
        """A message of each unit."""
        at = START + second * SECOND + np.arange(UNITS, dtype=np.int64) * 900
        values = {name: self._chance.uniform(5, 90, UNITS) for name in NUMBERS}
        values["open"] = (self._chance.uniform(0, 1, UNITS) > 0.5).astype(np.float64)
        columns = tuple(Column(self.model.properties[name], values[name]) for name in PROPERTIES)
        block = Block(self.model, np.arange(1, UNITS + 1, dtype=np.int64), at, np.full(UNITS, at[-1]), columns)
        return Batch(
            partition=0, first_sequence=number, last_sequence=number, blocks=(block,),
            seen_units=block.unit, seen_arrived=block.arrived,
        )  # fmt: skip

    def reported(self, _maker: int, _product: str, names: Sequence[str]) -> Held:
        """Their last values."""
        at = START + (self.seconds - 1) * SECOND + np.arange(UNITS, dtype=np.int64) * 900
        values = {name: [False if name == "open" else 50.0] * UNITS for name in names if name in PROPERTIES}
        return Held(np.arange(1, UNITS + 1, dtype=np.int64), {name: (each, at) for name, each in values.items()})


async def _measure(report: Report, folder: Path, series: Series, seconds: int) -> None:
    world = _World(seconds)
    directory: Any = SimpleNamespace(find=lambda _unit: None)
    clock = ManualClock(START + seconds * SECOND)
    telemetry = Telemetry(series, units=directory, model_of=lambda *_: world.model, clock=clock)
    store = ReadingsObserver(series, linger_ms=0)
    for first in range(0, seconds, 60):
        for second in range(first, min(first + 60, seconds)):
            await store.observe(world.batch(second, second + 1))
    observer = _observer(folder, world, telemetry, clock)
    rules = [replace(one, versions=frozenset({"1.0.0"})) for one in _mixed()]
    await observer.start([])
    observer._quiet_since = 0  # there is nothing to take up again
    began = time.monotonic()
    await observer.set_rules(rules)

    async def load() -> None:
        while any(len(one.unwatched()) for one in observer.engine.running()):
            await observer.load_past()
            await asyncio.sleep(0.05)

    task = asyncio.create_task(load())
    held, second = [], seconds
    while not task.done():
        clock.advance(1)
        since = time.monotonic()
        await observer.observe(world.batch(second, second + 1))
        held.append(time.monotonic() - since)
        second += 1
        await asyncio.sleep(0.05)
    await task
    took = time.monotonic() - began
    waits = sum(len(one.unwatched()) for one in observer.engine.running())
    await observer.stop()
    report.row(f"100 mixed rules, {UNITS:,} units, {seconds} s of their past, until all watch", took, "s")
    report.row("readings in that time, all in the store", seconds * UNITS * len(PROPERTIES), "")
    report.row(f"batches of {UNITS:,} messages handed over meanwhile", len(held), "")
    report.row("the longest of them held", max(held) * 1000, "ms", goal="under 500")
    report.row("of them, p50", float(np.median(held)) * 1000, "ms")
    report.row("units and rules that do not watch", waits, "", goal="0")


def _observer(folder: Path, world: _World, telemetry: Telemetry, clock: ManualClock) -> RulesObserver:
    async def told(_changes: Sequence[AlertChange]) -> None:
        return

    class Here(StoredPast):
        def stored(self, positions: Mapping[int, int]) -> bool:
            del positions
            return True

    products: Any = SimpleNamespace(model=lambda *_: world.model)
    past = Here(telemetry=telemetry, products=products, kept=lambda _: 0, open_to=lambda *_: None)
    engine = Engine(Surroundings(identity=lambda _unit: IDENTITY), world.reported)
    return RulesObserver(
        engine=engine, objects=open_objects("", data_dir=folder / "objects"), sink=told, clock=clock, past=past,
        snapshot_seconds=3600, tick_seconds=3600, grace_seconds=0,
    )  # fmt: skip

"""The rebuild against a real series store: it ends where the live twins are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from twins_making import MAKER, MODEL, OTHER, FakeUnits, House, Message, batch, make_house, property_model, unit, until

from monokoto.connect.products import ProductModel
from monokoto.engines.series import Series
from monokoto.kernel.errors import Conflict, Unavailable
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import ReadingsObserver, create_tables

UNITS = range(1, 40)
START = 1_767_225_600_000_000
VALUES: dict[str, Any] = {
    "temperature": lambda rng: rng.random() * 250,
    "count": lambda rng: float(rng.randrange(-(2**53), 2**53)),
    "on": lambda rng: float(rng.random() < 0.5),
    "mode": lambda rng: rng.choice(["slow", "fast", ""]),
    "place": lambda rng: rng.choice(["{}", '{"lat":1.5}']),
    "path": lambda rng: rng.choice(["[]", "[1,2]"]),
}


@pytest.fixture(scope="module")
def engine(lend_series: Callable[[], AbstractContextManager[Series]]) -> Iterator[Series]:
    with lend_series() as series:
        create_tables(series)
        yield series


@pytest.fixture
def series(engine: Series) -> Series:
    engine.command("TRUNCATE TABLE readings")
    return engine


def some_messages(rng: random.Random, count: int, first_arrived: int) -> list[Message]:
    """Late, repeated and of equal times; arrival rises."""
    return [
        Message(
            rng.choice(UNITS),
            START + rng.randrange(50) * 1_000_000,
            START + first_arrived + number,
            {name: VALUES[name](rng) for name in rng.sample(sorted(VALUES), rng.randrange(1, 4))},
        )
        for number in range(count)
    ]


def house_with(series: Series, folder: Path, readings: Any = None) -> tuple[House, ReadingsObserver]:
    observer = ReadingsObserver(series)
    units = FakeUnits(*(unit(number) for number in UNITS), unit(900, organisation_id=OTHER))
    return make_house(folder, units=units, series=series, readings=readings or observer), observer


def test_a_rebuild_ends_where_the_live_twins_are(series: Series, tmp_path: Path) -> None:
    rng = random.Random(20260402)
    house, observer = house_with(series, tmp_path)

    async def main() -> None:
        await house.twins.start()
        await until(lambda: not house.twins.repairing)
        for sequence in range(1, 9):
            some = batch(some_messages(rng, 60, sequence * 1000), first=sequence, last=sequence)
            await asyncio.gather(house.twins.observe(some), observer.observe(some))
        live = house.twins.reported_many(MAKER, list(UNITS))
        assert sum(len(reported.properties) for reported in live.values()) > 150

        house.twins.rebuild(MAKER)
        with pytest.raises(Conflict):
            house.twins.rebuild(MAKER)
        progress = await house.twins.rebuilt(MAKER)
        assert (progress.state, progress.detail) == ("done", "")
        assert progress.properties_done == progress.properties_total == 6
        assert progress.values == sum(len(reported.properties) for reported in live.values())
        assert house.twins.reported_many(MAKER, list(UNITS)) == live
        assert house.twins.rebuild_progress(OTHER) is None

        # A process without snapshots comes to the same by itself.
        again, _ = house_with(series, tmp_path / "again", observer)
        await again.twins.start()
        await until(lambda: not again.twins.repairing)
        assert again.twins.reported_many(MAKER, list(UNITS)) == live
        await again.twins.stop()
        await house.twins.stop()

    asyncio.run(main())


def test_what_comes_during_a_rebuild_is_not_lost(series: Series, tmp_path: Path) -> None:
    """The readings lag behind: the rebuild waits for what the twins had seen, and takes the rest from the line."""
    rng = random.Random(7)

    class Lagging:
        name = "readings"
        up_to = 0

        async def observe(self, batch: Any) -> None: ...

        def kept(self, partition: int) -> int:
            return self.up_to

    lagging = Lagging()
    house, observer = house_with(series, tmp_path, lagging)
    reference, _ = house_with(series, tmp_path / "reference", lagging)

    async def main() -> None:
        early = batch(some_messages(rng, 100, 1000), first=1, last=1)
        late = batch(some_messages(rng, 100, 2000), first=2, last=2)
        for twins in (house.twins, reference.twins):
            await twins.observe(early)
        house.twins.rebuild(MAKER)
        await asyncio.sleep(0.1)
        for twins in (house.twins, reference.twins):
            await twins.observe(late)
        progress = house.twins.rebuild_progress(MAKER)
        assert progress is not None
        assert progress.state == "running"
        await observer.observe(early)
        lagging.up_to = 1
        assert (await house.twins.rebuilt(MAKER)).state == "done"
        assert house.twins.reported_many(MAKER, list(UNITS)) == reference.twins.reported_many(MAKER, list(UNITS))

    asyncio.run(main())


def test_a_failed_rebuild_leaves_the_twins_as_they_are(tmp_path: Path) -> None:
    class Broken:
        def query(self, sql: str, parameters: Any = None) -> Any:
            raise Unavailable("the series store is away")

    house = make_house(tmp_path, series=Broken())

    async def main() -> None:
        await house.twins.observe(batch([Message(1, 1, 1, {"count": 1.0})]))
        house.twins.rebuild(MAKER)
        progress = await house.twins.rebuilt(MAKER)
        assert progress.state == "failed"
        assert progress.detail == "the series store is away"
        assert house.twins.reported(MAKER, 1).properties["count"].value == 1
        house.twins.rebuild(MAKER)
        assert (await house.twins.rebuilt(MAKER)).state == "failed", "and it may be tried again"

    asyncio.run(main())


def test_kinds_of_two_major_versions_come_back(series: Series, tmp_path: Path) -> None:
    second = ProductModel(
        organisation_id=MAKER,
        product="cooker",
        version="2.0.0",
        properties={**MODEL.properties, "count": property_model("count", Kind.STRING)},
    )
    house, observer = house_with(series, tmp_path)

    async def main() -> None:
        for number, (value, model) in enumerate([(5.0, MODEL), ("many", second)], 1):
            some = batch([Message(number, START + 1, START + number, {"count": value})], last=number, model=model)
            await asyncio.gather(house.twins.observe(some), observer.observe(some))
        live = house.twins.reported_many(MAKER, [1, 2])
        house.twins.rebuild(MAKER)
        assert (await house.twins.rebuilt(MAKER)).state == "done"
        assert house.twins.reported_many(MAKER, [1, 2]) == live
        assert [live[number].properties["count"].plain for number in (1, 2)] == [5, "many"]

    asyncio.run(main())

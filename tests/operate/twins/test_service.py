"""The observer over restarts: snapshots, what is kept, damage made good."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
from twins_making import MAKER, FakeUnits, House, Message, batch, make_house, unit, until

from monokoto.engines.objects import open_objects
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.facts import Fact
from monokoto.operate.twins import DESIRED_CHANGED


def messages(rng: random.Random, count: int, first_arrived: int) -> list[Message]:
    return [
        Message(
            rng.randrange(1, 30),
            rng.randrange(1000),
            first_arrived + number,
            {"count": float(number), "mode": rng.choice(["slow", "fast"])},
        )
        for number in range(count)
    ]


def all_units() -> FakeUnits:
    return FakeUnits(*(unit(number) for number in range(1, 30)))


def reported(house: House) -> dict[int, Any]:
    return house.twins.reported_many(MAKER, list(range(1, 30)))


def test_twins_survive_kills_at_any_time(tmp_path: Path) -> None:
    """Some batches, a kill (no stop, the tasks just end), a start, the log again from what was kept. Many times."""
    seed = int(os.environ.get("MONOKOTO_TEST_SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}: set MONOKOTO_TEST_SEED to repeat")
    rng = random.Random(seed)
    log: list[list[Message]] = []
    never_killed = make_house(tmp_path / "reference", units=all_units())

    async def lived(house: House) -> House:
        """One life of the process; the next one comes back."""
        await house.twins.start()
        for sequence in range(house.twins._snapshots.loaded.get(0, 0) + 1, len(log) + 1):
            await house.twins.observe(batch(log[sequence - 1], first=sequence, last=sequence))
        for _ in range(rng.randrange(1, 6)):
            fresh = messages(rng, rng.randrange(1, 40), 1000 * (len(log) + 1))
            log.append(fresh)
            await house.twins.observe(batch(fresh, first=len(log), last=len(log)))
            await never_killed.twins.observe(batch(fresh, first=len(log), last=len(log)))
            await asyncio.sleep(rng.choice([0, 0.03, 0.06]))
        assert house.twins.kept(0) <= len(log)
        assert reported(house) == reported(never_killed)
        for task in house.twins._tasks:
            task.cancel()
        return house.again()

    house = make_house(tmp_path / "killed", units=all_units())
    for _ in range(12):
        house = asyncio.run(lived(house))


def test_an_orderly_stop_keeps_everything(tmp_path: Path) -> None:
    house = make_house(tmp_path)

    async def main() -> None:
        await house.twins.start()
        await until(lambda: not house.twins.repairing)
        await house.twins.observe(batch([Message(1, 5, 6, {"on": 1.0})], first=1, last=41))
        await house.twins.stop()
        assert house.twins.kept(0) == 41
        again = house.again()
        await again.twins.start()
        assert again.twins._snapshots.loaded == {0: 41}
        assert again.twins.reported(MAKER, 1) == house.twins.reported(MAKER, 1)
        await again.twins.stop()

    asyncio.run(main())


def test_old_generations_go_and_a_damaged_one_is_passed_over(tmp_path: Path) -> None:
    house = make_house(tmp_path)
    asked: list[str] = []

    class Series:
        def query(self, sql: str, parameters: Any = None) -> pa.Table:
            asked.append(sql)
            return pa.table({"organisation": pa.array([], pa.int64())})

    async def main() -> None:
        objects = open_objects("", data_dir=tmp_path)
        await house.twins.start()
        asked.clear()
        for sequence in range(1, 6):
            await house.twins.observe(
                batch([Message(1, sequence, sequence, {"count": float(sequence)})], last=sequence)
            )
            await until(lambda wanted=sequence: house.twins.kept(0) == wanted)
        await house.twins.stop()
        kept = sorted(info.path for info in await objects.list("twins/"))
        assert len(kept) in {2, 3}, "the newest, the one before it, and one that the stop came too early to delete"
        await objects.put(kept[-1], b"not a snapshot")
        again = house.again(series=Series())
        await again.twins.start()
        assert again.twins._snapshots.loaded == {0: 4}
        assert again.twins.reported(MAKER, 1).properties["count"].value == 4
        await until(lambda: asked)
        assert "organisation" in asked[0], "what the damage lost is looked for in the series store"
        await again.twins.observe(batch([Message(1, 6, 6, {"count": 6.0})], last=6))
        await until(lambda: again.twins.kept(0) == 6)
        await again.twins.stop()
        third = house.again()
        await third.twins.start()
        assert third.twins._snapshots.loaded == {0: 6}
        await third.twins.stop()

    asyncio.run(main())


def test_a_log_begun_anew_counts_from_one_again(tmp_path: Path) -> None:
    """The old log is lost, the snapshots are not: nothing of the new log may be passed over as kept already."""
    house = make_house(tmp_path)

    async def main() -> None:
        await house.twins.start()
        await until(lambda: not house.twins.repairing)
        await house.twins.observe(batch([Message(1, 5, 5, {"count": 5.0})], last=1000))
        await house.twins.stop()
        again = house.again()
        await again.twins.start()
        assert again.twins.kept(0) == 0
        await again.twins.observe(batch([Message(1, 6, 6, {"count": 6.0})], last=1))
        await until(lambda: again.twins.kept(0) == 1)
        await again.twins.stop()
        third = house.again()
        await third.twins.start()
        assert third.twins.reported(MAKER, 1).properties["count"].value == 6
        await third.twins.stop()

    asyncio.run(main())


def test_no_snapshot_claims_what_a_failed_repair_did_not_bring_back(tmp_path: Path) -> None:
    class Away:
        def query(self, sql: str, parameters: Any = None) -> pa.Table:
            raise Unavailable("the series store is away")

    house = make_house(tmp_path, series=Away())

    async def main() -> None:
        await house.twins.start()
        await house.twins.observe(batch([Message(1, 1, 1, {"count": 1.0})], last=7))
        await asyncio.sleep(0.15)
        await house.twins.stop()
        assert house.twins.kept(0) == 0, "the log must not be trimmed past what nobody has"
        assert house.twins.reported(MAKER, 1).properties["count"].value == 1

    asyncio.run(main())


def test_a_change_in_another_process_wakes_the_listeners_here(tmp_path: Path) -> None:
    class Facts:
        def __init__(self) -> None:
            self.heard: Any = None
            self.told: list[Fact] = []

        async def tell(self, fact: Fact) -> None:
            self.told.append(fact)
            await self.heard(fact)

        async def listen(self, name: str, heard: Any) -> None:
            assert name == DESIRED_CHANGED
            self.heard = heard

    facts = Facts()
    house = make_house(tmp_path, facts=facts)

    async def main() -> None:
        await house.twins.start()
        listener = house.twins.listeners.open(MAKER, unit_id=1)
        await house.twins.patch_desired(MAKER, 1, {"count": 1}, by=1)
        assert (await listener.take(timeout_seconds=1)).desired == {1}
        assert (await listener.take(timeout_seconds=0.01)).empty, "the own fact is not heard a second time"
        other = Fact(
            name=DESIRED_CHANGED,
            organisation_id=facts.told[0].organisation_id,
            at=facts.told[0].at,
            data={"unit_id": 1},
        )
        await facts.heard(other)
        assert (await listener.take(timeout_seconds=1)).desired == {1}
        await house.twins.stop()

    asyncio.run(main())

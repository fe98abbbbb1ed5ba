"""Twins on the real log, line and way down: what units send, over a kill of the platform, and what comes back to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from twins_making import MAKER, House, make_house, until

from monokoto.connect.gateway import Downlink, Route, encode_commit, line_stream, with_subject
from monokoto.connect.line import Decoder, Line
from monokoto.engines.log import Log, NatsServer, log_facts, open_log
from monokoto.engines.objects import open_objects
from monokoto.kernel.clock import ManualClock, SystemClock
from monokoto.settings import LogSettings


@asynccontextmanager
async def running_log(folder: Path) -> AsyncIterator[Log]:
    server = NatsServer(folder / "log")
    log = await open_log(await server.start())
    try:
        yield log
    finally:
        await log.close()
        await server.stop()


@asynccontextmanager
async def platform(log: Log, house: House, folder: Path) -> AsyncIterator[Line]:
    """A line with the twins on it; it ends like a kill: nothing is saved on the way out but what was saved before."""
    line = Line(
        partition=0,
        log=log,
        objects=open_objects("", data_dir=folder),
        decoder=Decoder(house.units, house.twins._products.model),
        observers=[house.twins],
        refresh_units=house.units.refresh,
        linger_ms=5,
        keep_hours=6,
        bytes_max=1 << 30,
    )
    await house.twins.start()
    task = asyncio.create_task(line.run())
    try:
        yield line
    finally:
        task.cancel()
        for job in house.twins._tasks:
            job.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def commit(log: Log, *records: tuple[int, Route, bytes], arrived: int) -> int:
    units, routes, payloads = zip(*records, strict=True)
    return await log.append("line.0", encode_commit(units, routes, payloads, arrived=arrived))


def telemetry(**values: Any) -> bytes:
    return msgspec.json.encode(values)


async def sent_down(log: Log, unit_text: str) -> dict[str, Any]:
    """What stands on the log for a unit, by topic."""
    found: dict[str, Any] = {}
    sequence = 0
    while (entry := await log.next_after("DOWN", f"down.{unit_text}", sequence)) is not None:
        sequence = entry.sequence
        topic, payload, *_ = msgspec.msgpack.decode(entry.body)
        found[topic] = msgspec.json.decode(payload)
    return found


def test_twins_are_the_same_after_a_kill_and_units_are_answered(tmp_path: Path) -> None:
    asyncio.run(_live_and_die(tmp_path))


async def _live_and_die(folder: Path) -> None:
    now = SystemClock().now()
    async with running_log(folder) as log:
        await log.ensure_stream(line_stream(LogSettings(bytes_max=1 << 28)))
        down: Any = Downlink(log)
        await down.send(3, topic="koto/v1/desired", payload=b"{}")  # the stream is made with the first message
        facts: Any = log_facts(log)
        first = make_house(folder, clock=ManualClock(now), down=down, facts=facts)
        async with platform(log, first, folder):
            last = 0
            for number in range(50):
                last = await commit(
                    log,
                    (1, Route.TELEMETRY, telemetry(temperature=20.0 + number, count=number)),
                    (2, Route.TELEMETRY, telemetry(mode="slow", on=True, place={"lat": number})),
                    (1, Route.TELEMETRY, msgspec.json.encode({"ts": now // 1000 - 5000, "values": {"count": -1}})),
                    arrived=now + number * 10,
                )
            await until(lambda: first.twins._snapshots.observed_up_to().get(0) == last)
            await until(lambda: first.twins.kept(0) == last)
            await first.twins.patch_desired(MAKER, 1, {"mode": "fast", "count": 49}, by=1)
            shadow = with_subject("$aws/things/SN-1/shadow/get", b"{}")
            last = await commit(
                log,
                (1, Route.TELEMETRY, telemetry(temperature=99.0)),
                (1, Route.REQUEST, shadow),
                (2, Route.SHADOW_UPDATE, msgspec.json.encode({"state": {"reported": {"count": 7}}})),
                arrived=now + 1_000,
            )
            await until(lambda: first.twins._snapshots.observed_up_to().get(0) == last)
            answers = {"$aws/things/SN-1/shadow/get/accepted", "koto/v1/desired", "v1/devices/me/attributes"}
            async with asyncio.timeout(30):
                while not answers <= (told := await sent_down(log, "0000000000001")).keys():
                    await asyncio.sleep(0.02)
            before = first.twins.reported_many(MAKER, [1, 2, 3])
        held = {name: value.plain for name, value in before[1].properties.items()}
        assert held == {"temperature": 99.0, "count": 49}
        assert {name: value.plain for name, value in before[2].properties.items()} == {
            "mode": "slow",
            "on": True,
            "place": {"lat": 49},
            "count": 7,
        }
        accepted = told["$aws/things/SN-1/shadow/get/accepted"]["state"]
        assert accepted == {
            "reported": {"temperature": 99.0, "count": 49},
            "desired": {"mode": "fast", "count": 49},
            "delta": {"mode": "fast"},
        }
        assert told["koto/v1/desired"] == {"revision": 1, "desired": {"mode": "fast", "count": 49}}
        assert told["v1/devices/me/attributes"] == {"mode": "fast", "count": 49}

        second = make_house(folder, units=first.units, clock=first.clock, records=first.records, down=down, facts=facts)
        async with platform(log, second, folder):
            await until(lambda: second.twins.reported_many(MAKER, [1, 2, 3]) == before)
            assert {one.tag for one in second.twins.reported_many(MAKER, [1, 2, 3]).values()} == {
                one.tag for one in before.values()
            }

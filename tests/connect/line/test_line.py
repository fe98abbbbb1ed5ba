"""The line over a real log: order, positions, restarts, engines that are away, bugs, trimming."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from monokoto.connect.gateway import Route, line_stream
from monokoto.connect.line import Batch
from monokoto.connect.line.decode import Decoder
from monokoto.connect.line.line import STREAM, Line
from monokoto.connect.line.trimming import trim_partition
from monokoto.engines.log import Log, NatsServer, open_log
from monokoto.kernel.errors import Unavailable
from monokoto.settings import LogSettings

_spec = importlib.util.spec_from_file_location("line_conftest", Path(__file__).with_name("conftest.py"))
assert _spec is not None
assert _spec.loader is not None
world = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(world)
OVEN = world.OVEN


class Recorder:
    """An observer that remembers; it fails when told to, and keeps when told to."""

    def __init__(self, name: str = "recorder") -> None:
        self.name = name
        self.seen: list[float] = []
        self.sequences: list[int] = []
        self.fail: Callable[[Batch], Exception | None] = lambda _batch: None
        self.keeping = True
        self._kept = 0

    async def observe(self, batch: Batch) -> None:
        if (error := self.fail(batch)) is not None:
            raise error
        for block in batch.blocks:
            self.seen += block.columns[0].values.tolist()  # type: ignore[union-attr]
        self.sequences.append(batch.last_sequence)
        if self.keeping:
            self._kept = batch.last_sequence

    def kept(self, partition: int) -> int:
        assert partition == 0
        return self._kept


class Shelf:
    """Where raw entries are set aside."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    async def put(self, path: str, body: bytes) -> None:
        self.stored[path] = body


def on_a_log(folder: Path, story: Callable[[Log, NatsServer], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        server = NatsServer(folder / "log")
        log = await open_log(await server.start())
        try:
            await log.ensure_stream(line_stream(LogSettings(bytes_max=64 << 20)))
            await story(log, server)
        finally:
            await log.close()
            await server.stop()

    asyncio.run(run())


@asynccontextmanager
async def running(
    log: Log,
    *observers: Recorder,
    shelf: Shelf | None = None,
    units: Any = None,
    refresh_units: Callable[[], int] = lambda: 0,
) -> AsyncIterator[Line]:
    line = Line(
        partition=0,
        log=log,
        objects=shelf or Shelf(),  # type: ignore[arg-type]
        decoder=Decoder(units or world.Units(), world.find_model),
        observers=observers,
        refresh_units=refresh_units,
        linger_ms=20,
        keep_hours=0,
        bytes_max=64 << 20,
    )
    task = asyncio.create_task(line.run())
    try:
        yield line
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def append(log: Log, *numbers: int) -> None:
    for number in numbers:
        entry = world.entry_of((OVEN, Route.TELEMETRY, b'{"cycles":%d}' % number), arrived=world.NOW + number)
        await log.append("line.0", entry.body, message_id=f"m{number}")


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


def test_everything_in_order_and_on_after_a_restart(tmp_path: Path) -> None:
    async def story(log: Log, _server: NatsServer) -> None:
        recorder = Recorder()
        await append(log, *range(10))
        async with running(log, recorder) as line:
            await append(log, *range(10, 20))
            await until(lambda: len(recorder.seen) == 20)
            assert line.state.readings == 20
        assert recorder.seen == list(range(20))
        # Stopped in order, the position is saved: the next one sees only what is new.
        after = Recorder()
        async with running(log, after):
            await append(log, 20)
            await until(lambda: bool(after.seen))
        assert after.seen == [20]

    on_a_log(tmp_path, story)


def test_readings_for_a_child_registered_a_moment_ago_are_taken(tmp_path: Path) -> None:
    units = world.Units()
    child = units.by_id.pop(world.CHILD)
    asked: list[int] = []

    def refresh() -> int:
        asked.append(1)
        if len(asked) > 1:  # the first look is for a name nobody has
            units.by_id[world.CHILD] = child
        return len(asked) > 1

    async def story(log: Log, _server: NatsServer) -> None:
        recorder = Recorder()
        letters: list[str] = []

        def note(batch: Batch) -> None:
            letters.extend(one.detail for one in batch.dead_letters)

        recorder.fail = note
        async with running(log, recorder, units=units, refresh_units=refresh) as line:
            for number, name in enumerate(("nobody", "SN-3", "SN-3")):
                body = b'{"%s":{"cycles":%d}}' % (name.encode(), number)
                entry = world.entry_of((OVEN, Route.GATEWAY_TELEMETRY, body), arrived=world.NOW + number)
                await log.append("line.0", entry.body, message_id=f"c{number}")
                await until(lambda wanted=number + 1: line.state.batches >= wanted)  # type: ignore[misc]
        assert recorder.seen == [1, 2]
        assert [text.partition(" ")[0] for text in letters] == ["'nobody'"]
        assert len(asked) == 2

    on_a_log(tmp_path, story)


def test_what_was_not_kept_is_seen_again(tmp_path: Path) -> None:
    async def story(log: Log, _server: NatsServer) -> None:
        quick, careless = Recorder("quick"), Recorder("careless")
        careless.keeping = False
        await append(log, *range(5))
        async with running(log, quick, careless):
            await until(lambda: len(careless.seen) == 5 == len(quick.seen))
        again = Recorder("careless")
        async with running(log, Recorder("quick"), again):
            await until(lambda: len(again.seen) == 5)

    on_a_log(tmp_path, story)


def test_an_engine_that_is_away_is_waited_for(tmp_path: Path) -> None:
    async def story(log: Log, _server: NatsServer) -> None:
        recorder = Recorder()
        away = True
        recorder.fail = lambda _batch: Unavailable("The disk is full.") if away else None
        async with running(log, recorder) as line:
            await append(log, 1, 2)
            await until(lambda: "disk is full" in line.state.stalled)
            assert not recorder.seen
            away = False
            await until(lambda: len(recorder.seen) == 2)
            await until(lambda: not line.state.stalled)

    on_a_log(tmp_path, story)


def test_a_bug_in_an_observer_does_not_stop_the_others_or_the_line(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("monokoto.connect.line.line.TRIES_BEFORE_ASIDE", 2)

    async def story(log: Log, _server: NatsServer) -> None:
        good, bad, shelf = Recorder("good"), Recorder("bad"), Shelf()
        bad.fail = lambda batch: ZeroDivisionError() if batch.first_sequence == 1 else None
        async with running(log, good, bad, shelf=shelf) as line:
            await append(log, 1)
            await until(lambda: line.state.set_aside == 1)
            await append(log, 2)
            await until(lambda: good.seen == [1, 2] and bad.seen == [2])
        assert list(shelf.stored) == ["set-aside/bad/0-1.commit"]

    on_a_log(tmp_path, story)


def test_a_killed_log_costs_time_and_nothing_else(tmp_path: Path) -> None:
    async def story(log: Log, server: NatsServer) -> None:
        recorder = Recorder()
        async with running(log, recorder):
            for start in (0, 10, 20):
                await append(log, *range(start, start + 10))
                await until(lambda start=start: len(set(recorder.seen)) == start + 10)  # type: ignore[misc]
                assert server.pid is not None
                os.kill(server.pid, signal.SIGKILL)
                await server.stop()
                await server.start()
                await _until_back(log)
        assert sorted(set(recorder.seen)) == list(range(30))

    on_a_log(tmp_path, story)


async def _until_back(log: Log) -> None:
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(Unavailable):
                await log.state(STREAM)
                return
            await asyncio.sleep(0.05)


def test_trimming_stops_at_the_lowest_position(tmp_path: Path) -> None:
    async def story(log: Log, _server: NatsServer) -> None:
        await append(log, *range(10))

        async def trim(kept: int, keep_hours: float, bytes_max: int = 1 << 30) -> int:
            await trim_partition(log, STREAM, "line.0", kept=kept, keep_hours=keep_hours, bytes_max=bytes_max)
            return (await log.state(STREAM)).first_sequence

        assert await trim(0, 0) == 1, "nobody kept anything"
        assert await trim(4, 1) == 1, "kept, but young"
        assert await trim(4, 0) == 5
        assert await trim(4, 0) == 5
        assert await trim(7, 1, bytes_max=1) == 8, "the disk limit is near: age protects no longer, positions do"
        assert await trim(10, 0) == 11
        state = await log.state(STREAM)
        assert (state.messages, state.last_sequence) == (0, 10)

    on_a_log(tmp_path, story)

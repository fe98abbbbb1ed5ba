"""What every log must do while its servers are killed, its disk is full, its port is taken."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from pathlib import Path
from typing import Any

import pytest

from monokoto.engines.log import Entry, Log, Reader, StreamSpec
from monokoto.kernel.errors import Conflict, Unavailable


async def read_until_quiet(reader: Reader, *, seconds: float = 1.0) -> list[Entry]:
    entries: list[Entry] = []
    while page := await reader.read(entries_max=100, wait_seconds=seconds):
        entries += page
    return entries


async def until_away(log: Log) -> None:
    while log.connected:
        await asyncio.sleep(0.005)


async def append_and_read_over_kills(log: Log, service: Any, seed: int, kills: int) -> None:
    """Several writers and a reader while the service is killed: everything acked is there once, in order."""
    print(f"seed {seed}")
    chance = random.Random(seed)
    acked: dict[str, list[tuple[int, bytes]]] = {f"line.{writer}": [] for writer in range(3)}
    ended, written = asyncio.Event(), asyncio.Event()
    read: list[Entry] = []

    async def write(subject: str) -> None:
        """Pipelined, at most eight outstanding; what was refused is tried again with the same id."""
        free, number = asyncio.Semaphore(8), 0

        async def one(body: bytes) -> None:
            while True:
                with contextlib.suppress(Unavailable):
                    acked[subject].append((await log.append(subject, body, message_id=f"{subject}/{body!r}"), body))
                    break
            free.release()

        async with asyncio.TaskGroup() as group:
            while not ended.is_set():
                await free.acquire()
                group.create_task(one(b"%d" % number))
                number += 1
                await asyncio.sleep(0)

    async def follow() -> None:
        reader = await log.reader("LINE", "line.*")
        while True:
            with contextlib.suppress(Unavailable):
                page = await reader.read(entries_max=50, wait_seconds=0.5)
                read.extend(page)
                if written.is_set() and not page and len(read) >= sum(map(len, acked.values())):
                    break
        await reader.close()

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write(subject)) for subject in acked]
        follower = group.create_task(follow())
        for _ in range(kills):
            await asyncio.sleep(chance.uniform(0.05, 0.4))
            await service.kill()
            await asyncio.sleep(chance.uniform(0.0, 0.3))
            await service.start()
        await asyncio.sleep(0.3)
        ended.set()
        await asyncio.wait(writers)
        written.set()
        await asyncio.wait_for(follower, 30)

    sequences = [entry.sequence for entry in read]
    assert sequences == sorted(set(sequences)), "the reader skipped back or gave an entry twice"
    for subject, answers in acked.items():
        stored = [(entry.sequence, entry.body) for entry in read if entry.subject == subject]
        bodies = [body for _, body in stored]
        assert len(bodies) == len(set(bodies)), "an entry was stored twice"
        assert not {body for _, body in answers} - set(bodies), "an acked entry is missing"
        assert set(answers) <= set(stored), "an acked entry is elsewhere than the ack said"
        assert bodies == [b"%d" % number for number in range(len(bodies))], "appends changed places"
        assert len(answers) > kills, "hardly anything was written"


def test_nothing_acked_is_lost_doubled_or_out_of_order_over_kills(running: Any, service: Any) -> None:
    async def story() -> None:
        async with running(service) as log:
            await append_and_read_over_kills(log, service, seed=2026, kills=3)

    asyncio.run(story())


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_nothing_acked_is_lost_over_many_kills(running: Any, own: Any, seed: int) -> None:
    async def story() -> None:
        async with running(own) as log:
            await append_and_read_over_kills(log, own, seed=seed, kills=10)

    asyncio.run(story())


def test_what_is_appended_while_the_server_is_away_is_stored_when_it_is_back(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            assert await log.append("line.0", b"before") == 1
            await own.kill()
            await until_away(log)
            waiting = [asyncio.create_task(log.append("line.0", b"%d" % number)) for number in range(20)]
            bucket = asyncio.create_task(log.bucket("kept"))
            await asyncio.sleep(0.2)
            await own.start()
            assert await asyncio.gather(*waiting) == list(range(2, 22))
            assert await (await bucket).put("k", b"v") == 1

    asyncio.run(story())


def test_while_the_server_is_away_callers_are_told_in_time_and_may_go_on_later(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            reader = await log.reader("LINE", "line.0")
            await log.append("line.0", b"1")
            assert len(await reader.read(entries_max=1, wait_seconds=2)) == 1
            await own.kill()
            await until_away(log)
            started = time.monotonic()
            with pytest.raises(Unavailable, match="cannot be reached"):
                await reader.read(entries_max=1, wait_seconds=0.2)
            with pytest.raises(Unavailable):
                await log.request("anything", b"", timeout_seconds=0.2)
            await log.tell("live", b"lost, and that is said")
            with pytest.raises(Unavailable, match="may have been stored"):
                await log._appends.append("line.0", b"2", message_id="two", seconds=0.3)
            assert time.monotonic() - started < 3
            await own.start()
            assert await log.append("line.0", b"2", message_id="two") == 2
            (entry,) = await reader.read(entries_max=9, wait_seconds=5)
            assert (entry.sequence, entry.body) == (2, b"2")

    asyncio.run(story())


def test_a_cancelled_append_leaves_the_others_alone(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            await own.kill()
            await until_away(log)
            tasks = [asyncio.create_task(log.append("line.0", b"%d" % number)) for number in range(5)]
            await asyncio.sleep(0.05)
            tasks[0].cancel()
            tasks[3].cancel()
            await own.start()
            await asyncio.wait(tasks)
            reader = await log.reader("LINE", "line.0")
            assert [entry.body for entry in await read_until_quiet(reader)] == [b"1", b"2", b"4"]

    asyncio.run(story())


def test_listeners_and_answers_survive_a_restart(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            heard = asyncio.Event()

            async def on_body(_subject: str, _body: bytes) -> None:
                heard.set()

            async def reply(body: bytes) -> bytes:
                return body + b"!"

            await log.listen("live", on_body)
            await log.answer("ask", reply)
            await own.kill()
            await own.start()
            await log.append("line.0", b"connected again")
            await log.tell("live", b"1")
            await asyncio.wait_for(heard.wait(), 30)
            assert await log.request("ask", b"here", timeout_seconds=5) == b"here!"

    asyncio.run(story())


def test_buckets_trims_and_deletes_are_kept_over_a_kill(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            bucket = await log.bucket("positions")
            revision = await bucket.put("line.0", b"10")
            await bucket.put("gone", b"x")
            for _ in range(5):
                await log.append("line.0", b"x")
            await bucket.delete("gone")
            await log.trim("LINE", before_sequence=4)
            await own.kill()
            await own.start()
            assert await bucket.get("line.0") == (b"10", revision)
            assert await bucket.get("gone") is None
            state = await log.state("LINE")
            assert (state.first_sequence, state.last_sequence) == (4, 5)
            with pytest.raises(Conflict):
                await bucket.put("line.0", b"11", revision=revision + 7)

    asyncio.run(story())


def test_a_full_disk_refuses_loses_nothing_and_heals(running: Any, own_in: Any, small_disk: Path) -> None:
    async def story() -> None:
        own = own_in(small_disk / "log")
        async with running(own) as log:
            watch = asyncio.create_task(own.server.watch_disk())
            ballast = small_disk / "ballast"
            ballast.write_bytes(bytes(70 << 20))
            acked = []
            with contextlib.suppress(Unavailable):
                for number in range(100):
                    body = b"%03d" % number + bytes(1_000_000)
                    acked.append(await log._appends.append("line.0", body, seconds=1.5))
            assert 5 < len(acked) < 100, "the disk was never full"
            with pytest.raises(Unavailable):
                await log._appends.append("line.0", bytes(1_000_000), seconds=0.5)
            ballast.unlink()
            await asyncio.wait_for(own.server.wait(), 10)
            await own.start()
            after = await log.append("line.0", b"room again")
            reader = await log.reader("LINE", "line.0")
            entries = await read_until_quiet(reader)
            assert {entry.sequence for entry in entries} >= {*acked, after}
            assert [int(entry.body[:3]) for entry in entries[: len(acked)]] == list(range(len(acked)))
            watch.cancel()

    asyncio.run(story())


def test_a_stream_filled_by_pipelined_appends_keeps_exactly_what_it_acked(running: Any, own: Any) -> None:
    async def story() -> None:
        async with running(own) as log:
            await log.ensure_stream(StreamSpec(name="SMALL", subjects=("small",), bytes_max=2_000_000))
            results = await asyncio.gather(
                *(log.append("small", b"%03d" % number + bytes(100_000)) for number in range(50)),
                return_exceptions=True,
            )
            acked = [result for result in results if isinstance(result, int)]
            refused = [result for result in results if isinstance(result, Unavailable)]
            assert len(acked) + len(refused) == 50
            assert refused
            state = await log.state("SMALL")
            assert state.messages == len(acked)
            reader = await log.reader("SMALL", "small")
            assert [entry.sequence for entry in await read_until_quiet(reader)] == acked

    asyncio.run(story())

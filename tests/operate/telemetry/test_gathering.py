"""Readings gathered for one insert: none waits for a batch that never comes, and a store that is away is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pyarrow as pa
import pytest

from monokoto.connect.line import Batch, EventRecord
from monokoto.kernel.errors import Unavailable
from monokoto.operate.telemetry import ReadingsObserver

LINGER_MS = 20


class SlowStore:
    """A series store whose inserts wait to be let through, and fail as long as they are told to."""

    def __init__(self) -> None:
        self.rows = 0
        self.inserts = 0
        self.inserting = threading.Event()
        self.let_through = threading.Event()
        self.let_through.set()
        self.failure = ""

    def insert(self, _table: str, rows: pa.Table) -> None:
        self.inserting.set()
        assert self.let_through.wait(10)
        if self.failure:
            raise Unavailable(self.failure, remedy="Free disk space.")
        self.inserts += 1
        self.rows += rows.num_rows


def batch(sequence: int) -> Batch:
    """One event."""
    event = EventRecord(
        organisation_id=1, product="p", unit_id=7, name="e", at=sequence, arrived=sequence, data=b"%d" % sequence
    )
    return Batch(partition=0, first_sequence=sequence, last_sequence=sequence, events=[event])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


def test_what_comes_in_during_an_insert_is_inserted_without_another_batch() -> None:
    async def story() -> None:
        store = SlowStore()
        observer = ReadingsObserver(store, linger_ms=LINGER_MS)  # type: ignore[arg-type]
        store.let_through.clear()
        await observer.observe(batch(1))
        await asyncio.to_thread(store.inserting.wait, 10)
        await observer.observe(batch(2))
        await observer.observe(batch(3))
        assert observer.kept(0) == 0
        store.let_through.set()
        await until(lambda: store.rows == 3)
        await until(lambda: observer.kept(0) == 3)
        assert store.inserts == 2, "the last two by one insert"

    asyncio.run(story())


def test_a_store_that_is_away_is_told_once_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        store = SlowStore()
        observer = ReadingsObserver(store, linger_ms=LINGER_MS)  # type: ignore[arg-type]
        store.failure = "The series store cannot write."
        await observer.observe(batch(1))
        await until(lambda: observer.waits_for is not None)
        await observer.observe(batch(2))
        await asyncio.sleep(0.7)
        assert observer.waits_for is not None
        assert observer.waits_for.remedy == "Free disk space."
        assert observer.kept(0) == 0
        store.failure = ""
        await until(lambda: observer.kept(0) == 2)
        assert observer.waits_for is None
        assert store.rows == 2

    asyncio.run(story())
    assert capsys.readouterr().out.count("cannot write") == 1, "one line for as long as it lasts"

"""Whose usage of the line came late: told for many inserts at once, and never lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monokoto.earn.metering import Metering, UsageObserver
from monokoto.earn.metering.keeping import LATE, LateMarks, UsageWriter
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock, SystemClock
from monokoto.kernel.errors import Unavailable


class _Watched:
    """The store, with what goes into one table counted, or refused."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self.inserted = 0
        self.away = False

    def insert(self, table: str, rows: Any) -> None:
        if table == LATE:
            if self.away:
                raise Unavailable("away")
            self.inserted += 1
        self._series.insert(table, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._series, name)


@pytest.fixture
def watched(series: Series) -> _Watched:
    return _Watched(series)


@pytest.fixture
def observer(watched: _Watched, metering: Metering, kit: SimpleNamespace, clock: ManualClock) -> UsageObserver:
    return UsageObserver(UsageWriter(watched, clock), metering.book, kit.Units(), linger_ms=0)


def _washes(kit: SimpleNamespace, maker: int, clock: ManualClock, count: int) -> list[Any]:
    """Batches with a wash of a day ago each, the last of which is the earliest."""
    now = clock.now()
    rows = [
        (maker * 1000 + 1, now - kit.DAY - number, now + number, {"programme": "eco", "litres": 1.0})
        for number in range(count)
    ]
    return [
        replace(kit.batch_of(maker, events=[row]), first_sequence=number + 1, last_sequence=number + 1)
        for number, row in enumerate(rows)
    ]


def _touched(metering: Metering, clock: ManualClock, mark: int, maker: int) -> set[tuple[str, int]]:
    clock.advance(1)
    found, _ = metering.touched(mark, 100)
    return {(one.meter, one.first_at) for one in found if one.organisation_id == maker}


def test_many_inserts_are_told_as_late_by_one(
    observer: UsageObserver, watched: _Watched, metering: Metering, maker: int, kit: SimpleNamespace, clock: ManualClock
) -> None:
    mark = clock.now()
    clock.advance(1)
    batches = _washes(kit, maker, clock, 5)

    async def work() -> None:
        for batch in batches:
            await observer.observe(batch)
        assert (watched.inserted, observer.kept(0)) == (0, 0), "stored, but not told: the log must have it still"
        assert observer.samples
        await observer.close()
        assert (watched.inserted, observer.kept(0)) == (1, 5)

    asyncio.run(work())
    first = min(event.at for batch in batches for event in batch.events)
    assert _touched(metering, clock, mark, maker) == {
        (f"washer/{name}", first) for name in ("washes", "litres", "water", "users")
    }


def test_what_was_not_told_when_the_process_died_is_told_from_the_log(
    observer: UsageObserver, watched: _Watched, metering: Metering, maker: int, kit: SimpleNamespace, clock: ManualClock
) -> None:
    mark = clock.now()
    clock.advance(1)
    batches = _washes(kit, maker, clock, 2)
    asyncio.run(observer.observe(batches[0]))
    assert not _touched(metering, clock, mark, maker)
    after = UsageObserver(UsageWriter(watched, clock), metering.book, kit.Units(), linger_ms=0)

    async def work() -> None:
        for batch in batches[observer.kept(0) :]:
            await after.observe(batch)
        await after.close()

    asyncio.run(work())
    first = min(event.at for batch in batches for event in batch.events)
    assert ("washer/washes", first) in _touched(metering, clock, mark, maker)


def test_who_asks_is_told_what_gathers(
    series: Series, metering: Metering, maker: int, kit: SimpleNamespace, clock: ManualClock
) -> None:
    living = Metering(series, book=metering.book, products=kit.Products(), units=kit.Units(), clock=SystemClock())
    observer = UsageObserver(living.writer, living.book, kit.Units(), linger_ms=0)
    mark = SystemClock().now()
    batch = _washes(kit, maker, clock, 1)[0]
    asyncio.run(observer.observe(batch))
    found, _ = living.touched(mark, 100)
    told = {(one.meter, one.first_at) for one in found if one.organisation_id == maker}
    assert ("washer/washes", batch.events[0].at) in told
    assert observer.kept(0) == 1


def test_they_are_told_by_themselves_and_wait_for_a_store_that_is_away(
    observer: UsageObserver,
    watched: _Watched,
    metering: Metering,
    maker: int,
    kit: SimpleNamespace,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("monokoto.earn.metering.observer.USAGE_LATE_SECONDS", 0.01)
    watched.away = True
    batch, later = _washes(kit, maker, clock, 2)

    async def work() -> None:
        await observer.observe(batch)
        with pytest.raises(Unavailable):
            await observer.close()
        assert observer.kept(0) == 0
        watched.away = False
        await observer.observe(later)
        async with asyncio.timeout(30):
            while observer.kept(0) < 2:
                await asyncio.sleep(0.01)
        assert watched.inserted == 1

    asyncio.run(work())


def test_a_batch_without_usage_does_not_move_past_late_ones(
    observer: UsageObserver, maker: int, kit: SimpleNamespace, clock: ManualClock
) -> None:
    batch = _washes(kit, maker, clock, 1)[0]

    async def work() -> None:
        await observer.observe(batch)
        await observer.observe(replace(kit.batch_of(maker), first_sequence=2, last_sequence=2))
        assert observer.kept(0) == 0
        await observer.close()
        assert observer.kept(0) == 2

    asyncio.run(work())


def test_so_many_gather_and_no_more() -> None:
    marks = LateMarks(seconds=1e9, rows_max=3)
    one = ((1, "washer", "washes"), np.array([1, 2]), np.array([5, 5]))
    marks.add([one])
    assert [marks.due, len(marks)] == [False, 2]
    marks.add([one])
    assert [marks.due, len(marks)] == [True, 4]
    with marks.taken() as told:
        assert len(told) == 2
    assert [marks.due, len(marks), LateMarks(seconds=0).due] == [False, 0, False]

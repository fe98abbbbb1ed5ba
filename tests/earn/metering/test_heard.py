"""Who follows a quota hears whose usage was written, and asks the store only for what lasts."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from monokoto.assembly.entitling import ByMetering
from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering, UsageObserver
from monokoto.earn.metering.keeping import heard
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock


class _Counted:
    """The store, with questions counted."""

    def __init__(self, series: Series) -> None:
        self._series = series
        self.asked = 0

    def query(self, *given: Any, **named: Any) -> Any:
        self.asked += 1
        return self._series.query(*given, **named)

    def stream(self, *given: Any, **named: Any) -> Any:
        self.asked += 1
        return self._series.stream(*given, **named)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._series, name)


@pytest.fixture
def store(series: Series) -> _Counted:
    return _Counted(series)


@pytest.fixture
def metering(store: _Counted, book: Any, kit: SimpleNamespace, clock: ManualClock) -> Metering:
    return Metering(store, book=book, products=kit.Products(), units=kit.Units(), clock=clock)


@pytest.fixture
def news(metering: Metering, clock: ManualClock) -> ByMetering:
    return ByMetering(metering, clock)


class _Line:
    """What the line stores, at once."""

    def __init__(self, metering: Metering, kit: SimpleNamespace, maker: int, clock: ManualClock) -> None:
        self._observer = UsageObserver(metering.writer, metering.book, kit.Units(), linger_ms=0)
        self._kit, self._maker, self._clock = kit, maker, clock
        self._number = 0

    def wash(self, unit: int, at: int | None = None) -> None:
        self._observe(events=[(unit, at or self._clock.now(), self._clock.now(), {"programme": "eco", "litres": 1.0})])

    def say(self, unit: int, **values: Any) -> None:
        self._observe(readings=[(unit, self._clock.now(), self._clock.now(), values)])

    def _observe(self, **rows: Any) -> None:
        self._number += 1
        asyncio.run(self._observer.observe(self._kit.batch_of(self._maker, sequence=self._number, **rows)))


@pytest.fixture
def line(metering: Metering, kit: SimpleNamespace, maker: int, clock: ManualClock) -> _Line:
    return _Line(metering, kit, maker, clock)


def _follow(news: ByMetering, maker: int, meter: str, clock: ManualClock) -> None:
    news.sums(maker, "washer", meter, {maker * 1000 + 1: [Span(0, clock.now())]}, [Span(0, clock.now())])
    clock.advance(1)
    _units(news)


def _units(news: ByMetering) -> list[int]:
    return [unit_id for *_, unit_id, _ in news.used()]


def test_nobody_asks_before_there_is_a_quota(news: ByMetering, store: _Counted, line: _Line, maker: int) -> None:
    line.wash(maker * 1000 + 1)
    asked = store.asked
    assert (_units(news), store.asked) == ([], asked)


def test_each_use_is_told_once_though_it_looks_like_the_one_before(
    news: ByMetering, store: _Counted, line: _Line, maker: int, clock: ManualClock
) -> None:
    unit = maker * 1000 + 1
    _follow(news, maker, "washes", clock)
    for _ in range(3):  # one each time: what is shown of the last minutes is the same
        line.wash(unit)
        assert _units(news) == [unit]
        asked = store.asked
        assert _units(news) == []
        assert store.asked == asked, "nothing was written, and the store was asked"
        clock.advance(600)


def test_what_comes_late_is_told_with_its_time(
    news: ByMetering, store: _Counted, line: _Line, maker: int, clock: ManualClock, kit: SimpleNamespace
) -> None:
    _follow(news, maker, "washes", clock)
    at = clock.now() - 3 * kit.HOUR
    line.wash(maker * 1000 + 2, at)
    assert at not in [since for *_, since in news.used()], "it counts as stored this very microsecond"
    clock.advance(1)
    told = [(meter, unit_id, since) for _, _, meter, unit_id, since in news.used()]
    assert ("washes", maker * 1000 + 2, at) in told
    _units(news)
    asked = store.asked
    assert (_units(news), store.asked) == ([], asked)


def test_what_lasts_is_looked_at_without_a_word_of_the_unit(
    news: ByMetering, line: _Line, maker: int, clock: ManualClock
) -> None:
    unit = maker * 1000 + 3
    _follow(news, maker, "heated", clock)
    line.say(unit, state="heating")
    assert _units(news) == [unit]
    clock.advance(5)
    assert _units(news) == [unit], "it heats"
    clock.advance(3600)
    line.say(unit, state="off")
    assert _units(news) == [unit]
    clock.advance(3600)
    assert _units(news) == []


def test_what_nobody_takes_is_kept_once_for_each_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "_ROWS_MAX", 100)
    kept, key = heard.Heard(), (1, "washer", "washes")
    kept.add(key, np.arange(5))
    assert kept.taken(key).tolist() == [], "nobody followed it"
    kept.follow(key)
    for _ in range(1000):
        kept.add(key, np.arange(5))
    assert len(kept._units[key]) <= 21
    assert (kept.taken(key).tolist(), kept.taken(key).tolist()) == ([0, 1, 2, 3, 4], [])

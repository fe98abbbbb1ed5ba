"""Usage told from outside: each event once, whoever tells it how often, and an answer for each."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering, UsageIntake
from monokoto.earn.metering.told.names import Recent
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Invalid, Unavailable
from monokoto.kernel.ids import format_id


@pytest.fixture
def intake(series: Series, metering: Metering, clock: ManualClock, kit: SimpleNamespace) -> UsageIntake:
    return UsageIntake(series, metering.writer, metering.book, kit.Units(), clock)


def _event(clock: ManualClock, unit: int, number: int | str, seconds_ago: float = 60, **changes: Any) -> dict[str, Any]:
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clock.now()) - timedelta(seconds=seconds_ago)
    return {
        "specversion": "1.0", "id": str(number), "source": "/gateway/1", "type": "com.example.call",
        "subject": format_id(unit), "time": time.isoformat(), "data": {"n": 1, "region": "eu"},
    } | changes  # fmt: skip


def _take(intake: UsageIntake, maker: int, *bodies: list[dict[str, Any]]) -> list[list[Any]]:
    async def work() -> list[list[Any]]:
        return list(await asyncio.gather(*(intake.take(maker, json.dumps(body).encode()) for body in bodies)))

    return asyncio.run(work())


def _said(items: list[Any]) -> list[str]:
    return [item.refusal.reason.value if item.refusal else item.status.value for item in items]


@pytest.mark.parametrize("filtered", [False, True])
def test_the_first_of_a_name_holds_wherever_it_is_told(
    intake: UsageIntake, metering: Metering, maker: int, clock: ManualClock, kit: SimpleNamespace, filtered: bool
) -> None:
    one, other = maker * 1000 + 1, maker * 1000 + 2
    if filtered:
        asyncio.run(intake.start())
    first = _event(clock, one, "a", data={"n": "0.1", "region": "eu"})
    moved = first | {"subject": format_id(other), "time": "2026-01-01T12:00:00Z", "data": {"n": 7, "region": "us"}}
    elsewhere = first | {"source": "/gateway/2", "data": {"n": 0.2, "region": "us"}}
    ((*found,),) = _take(intake, maker, [first, moved, elsewhere])
    assert _said(found) == ["accepted", "duplicate", "accepted"]
    assert found[0].meters == ("washer/calls", "washer/tries")
    clock.advance(5)
    assert [_said(items) for items in _take(intake, maker, [moved], [first], [elsewhere])] == [["duplicate"]] * 3
    span = Span(kit.START, kit.START + 2 * kit.DAY)
    (usage,) = metering.totals(maker, "washer/calls", None, span, by="data.region")
    assert (usage.unit_id, str(usage.quantity)) == (one, "0.3")
    assert {name: str(quantity) for name, quantity in usage.groups.items()} == {"eu": "0.1", "us": "0.2"}
    rows = metering.rows(maker, "washer/calls", None, span)
    assert [(row.source, row.id) for row in rows] in (
        [("/gateway/1", "a"), ("/gateway/2", "a")],
        [("/gateway/2", "a"), ("/gateway/1", "a")],
    )


def test_of_two_requests_at_once_one_is_first(
    intake: UsageIntake, metering: Metering, maker: int, clock: ManualClock, kit: SimpleNamespace
) -> None:
    unit = maker * 1000 + 1
    answers = _take(intake, maker, *([[_event(clock, unit, number) for number in range(50)]] * 6))
    assert sum(item.status == "accepted" for items in answers for item in items) == 50
    assert metering.total(maker, "washer/calls", None, Span(kit.START, kit.START + 2 * kit.DAY)) == 50


def test_each_event_is_answered_for_itself(intake: UsageIntake, maker: int, clock: ManualClock) -> None:
    unit = maker * 1000 + 1
    (found,) = _take(
        intake, maker,
        [
            _event(clock, unit, 1),
            _event(clock, unit, 2, specversion="0.3"),
            _event(clock, unit, 3, id=7),
            _event(clock, unit, 4, seconds_ago=36 * 86_400),
            _event(clock, unit, 5, seconds_ago=-301),
            _event(clock, (maker + 1) * 1000 + 1, 6),
            _event(clock, unit, 7, subject="none"),
            _event(clock, unit, 8, data={"region": "eu"}),
            _event(clock, unit, 9, data={"n": "many"}),
            _event(clock, unit, 10, time="2026-01-01T12:00:00"),
            _event(clock, unit, 11, data={"n": 1, "more": "x" * 20_000}),
            _event(clock, unit, 12, type="com.example.other", data=None),
        ],
    )  # fmt: skip
    assert _said(found) == [
        "accepted", "malformed", "malformed", "too-old", "in-the-future", "unknown-unit", "unknown-unit", "no-value",
        "no-value", "malformed", "too-large", "accepted",
    ]  # fmt: skip
    assert found[-1].meters == ()
    # What was refused has no name: told rightly it is taken.
    assert _said(_take(intake, maker, [_event(clock, unit, 8)])[0]) == ["accepted"]


@pytest.mark.parametrize("data", [b'{"n": "\xff"}', b'{"n": ' + b"1" * 5_000 + b"}", b"[" * 700 + b"]" * 700])
def test_data_that_cannot_be_read_are_refused_alone(
    intake: UsageIntake, maker: int, clock: ManualClock, data: bytes
) -> None:
    good, bad = (json.dumps(_event(clock, maker * 1000 + 1, number)).encode() for number in ("good", "bad"))
    bad = bad.replace(b'{"n": 1, "region": "eu"}', data)

    async def work() -> list[list[Any]]:
        return list(await asyncio.gather(intake.take(maker, b"[" + bad + b"]"), intake.take(maker, good)))

    found = [_said(items) for items in asyncio.run(work())]
    assert found[0] in (["malformed"], ["no-value"])  # what nests so deep some readers read; it has no `n` then
    assert found[1] == ["accepted"]


@pytest.mark.parametrize("kind", ["names", "samples"])
def test_what_was_cut_short_is_counted_when_it_is_told_again(
    series: Series, metering: Metering, maker: int, clock: ManualClock, kit: SimpleNamespace, kind: str
) -> None:
    """The process ends between the two inserts, or before the first; then the request is told again, elsewhere in time."""
    broken = UsageIntake(_Failing(series, "usage_events" if kind == "names" else ""), _writer(metering, kind), metering.book,
                         kit.Units(), clock)  # fmt: skip
    events = [_event(clock, maker * 1000 + 1, number) for number in range(5)]
    with pytest.raises(Unavailable):
        _take(broken, maker, events)
    clock.advance(3)
    whole = UsageIntake(series, metering.writer, metering.book, kit.Units(), clock)
    late = [event | {"time": None} for event in events]
    status = "accepted" if kind == "names" else "duplicate"
    assert _said(_take(whole, maker, late)[0]) == [status] * 5
    assert _said(_take(whole, maker, events)[0]) == ["duplicate"] * 5
    assert metering.total(maker, "washer/calls", None, Span(kit.START, kit.START + 2 * kit.DAY)) == 5


class _Failing:
    """A store that takes everything but one table's rows."""

    def __init__(self, series: Series, table: str) -> None:
        self._series, self._table = series, table

    def insert(self, table: str, rows: Any) -> None:
        if table == self._table:
            raise Unavailable("The store is away.")
        self._series.insert(table, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._series, name)


def _writer(metering: Metering, kind: str) -> Any:
    def write(_samples: Any) -> None:
        raise Unavailable("The store is away.")

    return SimpleNamespace(write=write) if kind == "samples" else metering.writer


def test_a_repeat_of_what_was_counted_lately_asks_nothing_of_the_store(
    series: Series, metering: Metering, maker: int, clock: ManualClock, kit: SimpleNamespace
) -> None:
    store = _Counting(series)
    intake = UsageIntake(store, metering.writer, metering.book, kit.Units(), clock)
    events = [_event(clock, maker * 1000 + 1, number) for number in range(20)]
    _take(intake, maker, events)
    before = store.calls
    assert _said(_take(intake, maker, events)[0]) == ["duplicate"] * 20
    assert store.calls == before


class _Counting:
    """A store that counts what is asked of it."""

    def __init__(self, series: Series) -> None:
        self._series, self.calls = series, 0

    def __getattr__(self, name: str) -> Any:
        self.calls += 1
        return getattr(self._series, name)


def test_names_are_kept_in_memory_up_to_a_limit() -> None:
    recent = Recent()
    recent.add(range(150_000))
    recent.add(range(150_000, 250_000))
    assert 249_999 in recent
    assert 0 not in recent
    assert len(recent) <= 200_000


@pytest.mark.parametrize("body", [b"", b"[", b"7", b'{"a": 1', b'"x"'])
def test_what_is_no_list_of_events_is_refused_whole(intake: UsageIntake, maker: int, body: bytes) -> None:
    with pytest.raises(Invalid):
        asyncio.run(intake.take(maker, body))


def test_one_event_needs_no_list(intake: UsageIntake, maker: int, clock: ManualClock) -> None:
    async def work() -> list[Any]:
        return await intake.take(maker, json.dumps(_event(clock, maker * 1000 + 1, 1)).encode())

    assert _said(asyncio.run(work())) == ["accepted"]

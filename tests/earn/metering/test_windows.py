"""Windows begin when the customer's clocks show it, wherever these stand and whenever they change."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from monokoto.earn.calendar import Span, clocks, local, next_hour
from monokoto.earn.metering import MeterBook, Metering, UsageEvent, maximum, windowed
from monokoto.earn.metering.sampling import Samples, of_doubles
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock

MINUTE, HOUR = 60_000_000, 3_600_000_000
_EVERY = (15, 20, 30, 60)
_METERS: Mapping[str, Any] = {f"peak-{every}": {"maximum": "power", "every": f"{every} min"} for every in _EVERY}
_CHANGES = {
    "UTC": ["2026-03-29T01:00"],
    "Asia/Kolkata": ["2026-01-31T18:30"],
    "Asia/Kathmandu": ["2026-01-31T18:15"],
    "Australia/Eucla": ["2026-01-31T15:15"],
    "Pacific/Chatham": ["2026-04-04T14:00", "2026-09-26T14:00"],
    "Australia/Lord_Howe": ["2026-04-04T15:00", "2026-10-03T15:30"],
    "America/St_Johns": ["2026-03-08T05:30", "2026-11-01T04:30"],
    "Europe/Berlin": ["2026-03-29T01:00", "2026-10-25T01:00"],
}
"""When clocks change (half an hour on Lord Howe), or a month begins, UTC."""


def _micros(text: str) -> int:
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def _window(at: int, timezone: str, every: int) -> tuple[object, ...]:
    """What a clock on the wall says, and which clock."""
    shown = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)).astimezone(ZoneInfo(timezone))
    return shown.date(), shown.hour, shown.minute // every, shown.utcoffset()


@pytest.fixture
def peaks(series: Series, kit: SimpleNamespace, clock: ManualClock) -> Metering:
    products = kit.Products(_METERS)
    return Metering(series, book=MeterBook(products), products=products, units=kit.Units(), clock=clock)


@pytest.mark.parametrize("timezone", _CHANGES)
def test_windows_begin_as_clocks_on_the_wall_show_it(peaks: Metering, maker: int, timezone: str) -> None:
    chance = random.Random(timezone)
    unit = maker * 1000 + 1
    for change in map(_micros, _CHANGES[timezone]):
        span = Span(change - 5 * HOUR - 7 * MINUTE, change + 5 * HOUR)
        times = sorted(chance.sample(range(span.start, span.end, MINUTE), 200))
        # Just before, at and after the change itself.
        times = sorted({*times, change - 1, change, change + 1})
        values = [Decimal(chance.randrange(1, 10_000)) / 100 for _ in times]
        for every in _EVERY:
            name = f"peak-{every}"
            at = np.array(times, np.int64)
            peaks.writer.write(
                [
                    Samples(
                        organisation_id=maker, product="washer", meter=name, unit=np.full(len(at), unit), at=at,
                        arrived=at, value=of_doubles(np.array([float(value) for value in values])),
                    )
                ]
            )  # fmt: skip
            told = [UsageEvent(at=one, value=value) for one, value in zip(times, values, strict=True)]
            expected = windowed(told, maximum, lambda at: _window(at, timezone, every))  # noqa: B023
            key = f"washer/{name}"
            (found,) = peaks.totals(maker, key, None, span, timezone=timezone)
            assert found.quantity == expected, (change, every)
            (found,) = peaks.totals(maker, key, {unit: [span]}, span, timezone=timezone)
            assert found.quantity == expected, (change, every)
            # Hours of the list end where windows do: together they are the whole.
            course = peaks.course(maker, key, None, span, cut="hour", timezone=timezone)
            assert sum(one.quantity for one in course) == expected, (change, every)


@pytest.mark.parametrize("timezone", _CHANGES)
def test_hours_end_as_clocks_on_the_wall_show_it(timezone: str) -> None:
    for change in map(_micros, _CHANGES[timezone]):
        at = change - 5 * HOUR - 7 * MINUTE
        while at < change + 5 * HOUR:
            following = next_hour(at, timezone)
            assert at < following <= at + HOUR
            assert {_window(one, timezone, 60) for one in range(at, following, MINUTE)} == {_window(at, timezone, 60)}
            assert _window(following, timezone, 60) != _window(at, timezone, 60)
            at = following


@pytest.mark.parametrize("timezone", _CHANGES)
def test_clocks_of_a_year_are_those_on_the_wall(timezone: str) -> None:
    year = Span(_micros("2026-01-01"), _micros("2027-01-01"))
    found = clocks(year, timezone)
    assert len(found) in {1, 3}
    changes = [_micros(one) for one in _CHANGES[timezone]]
    assert [one.start for one in found] == [year.start, *(changes if len(found) > 1 else [])]
    for one in found:
        assert local(one.start, timezone).utcoffset() == timedelta(microseconds=one.offset)

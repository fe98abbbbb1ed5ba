"""Instants: RFC 3339 in and out, exact to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monokoto.kernel.clock import ManualClock, format_instant, parse_instant

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


# Hypothesis wants naive bounds and adds the zone itself.
@given(st.datetimes(datetime(1700, 1, 1), datetime(2300, 1, 1), timezones=ZONES))  # noqa: DTZ001
def test_any_zone_means_the_same_instant(moment: datetime) -> None:
    instant = parse_instant(moment.isoformat())
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant) == moment
    assert parse_instant(format_instant(instant)) == instant


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:00.5z", 500_000),
        ("2026-03-01 08:30:00.123456789+01:00", 1_772_350_200_123_456),
    ],
)
def test_forms_that_units_write(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize("text", ["2026-03-01T08:30:00", "2026-13-01T00:00:00Z", "now", "", "2026-03-01", "1772350200"])
def test_what_is_not_an_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@pytest.mark.parametrize(
    ("instant", "text"),
    [(0, "1970-01-01T00:00:00Z"), (1_000, "1970-01-01T00:00:00.001Z"), (1, "1970-01-01T00:00:00.000001Z")],
)
def test_as_many_digits_as_needed(instant: int, text: str) -> None:
    assert format_instant(instant) == text


def test_a_manual_clock_stands_still_until_told() -> None:
    clock = ManualClock(5)
    assert clock.now() == clock.now() == 5
    clock.advance(0.25)
    assert clock.now() == 250_005

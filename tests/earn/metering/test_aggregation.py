"""Whatever order events come in, and however often, they come to the same."""

from __future__ import annotations

import random
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.earn import metering
from monokoto.earn.metering import Keep, Span, UsageEvent
from monokoto.kernel.errors import Invalid
from monokoto.kernel.money import ZERO

quick = settings(max_examples=150, deadline=None)

values = st.decimals(-1000, 1000, places=3)
times = st.integers(0, 1000)
MINUTE = 60_000_000


def events(*pairs: tuple[int, object], key: str = "") -> list[UsageEvent]:
    return [
        UsageEvent(at=at, value=Decimal(str(value)), key=key, arrival=place) for place, (at, value) in enumerate(pairs)
    ]


many = st.lists(st.tuples(times, values), max_size=12).map(lambda pairs: events(*pairs))


@quick
@given(many, st.randoms(use_true_random=False))
def test_order_changes_nothing(found: list[UsageEvent], chance: random.Random) -> None:
    shuffled = list(found)
    chance.shuffle(shuffled)
    span = Span(100, 900)
    for aggregate in (
        *metering.AGGREGATIONS.values(),
        metering.counter_delta,
        lambda some: metering.percentile(some, Decimal(95)),
        lambda some: metering.weighted_sum(some, span),
        lambda some: metering.windowed(some, metering.maximum, lambda at: at // 100),
    ):
        assert aggregate(found) == aggregate(shuffled)


@quick
@given(many, st.integers(1, 3), st.randoms(use_true_random=False))
def test_telling_again_changes_nothing(found: list[UsageEvent], times: int, chance: random.Random) -> None:
    named = [
        UsageEvent(at=one.at, value=one.value, source="s", id=str(place), arrival=place)
        for place, one in enumerate(found)
    ]
    again = [
        UsageEvent(at=one.at, value=one.value + 1, source="s", id=one.id, arrival=one.arrival + 100) for one in named
    ]
    everything = named + again * times
    chance.shuffle(everything)
    assert metering.total(metering.deduplicate(everything)) == metering.total(named)
    assert metering.total(metering.deduplicate(everything, Keep.LATEST)) == metering.total(again)


def test_nameless_events_are_all_different() -> None:
    assert metering.count(metering.deduplicate([UsageEvent(at=0), UsageEvent(at=0)])) == 2


def test_of_nothing_comes_nothing() -> None:
    assert {aggregate([]) for aggregate in metering.AGGREGATIONS.values()} == {ZERO}
    assert metering.percentile([], Decimal(50)) == metering.counter_delta([]) == 0


def test_a_percentile_is_a_value_that_was_there() -> None:
    hundred = events(*((at, at + 1) for at in range(100)))
    assert [metering.percentile(hundred, Decimal(at)) for at in ("0.5", "1", "95", "95.1", "100")] == [
        1,
        1,
        95,
        96,
        100,
    ]
    for wrong in ("0", "101"):
        with pytest.raises(Invalid):
            metering.percentile(hundred, Decimal(wrong))


def test_a_meter_that_starts_again_keeps_counting() -> None:
    shown = events((1, 100), (2, 130), (3, 5), (4, 9))
    assert metering.counter_delta(shown) == 30 + 5 + 4
    assert metering.counter_delta(shown, before=Decimal(90)) == 10 + 30 + 5 + 4
    replaced = [UsageEvent(at=1, value=Decimal(100), key="a"), UsageEvent(at=2, value=Decimal(120), key="b")]
    assert metering.counter_delta(replaced) == 120, "another meter began at zero, though it shows more"


@quick
@given(st.lists(st.integers(0, 50), min_size=1, max_size=12), st.integers(1, 11))
def test_counting_on_from_a_snapshot_is_counting_at_once(shown: list[int], cut: int) -> None:
    readings = events(*enumerate(shown))
    cut = min(cut, len(shown))
    first, second = (
        metering.counter_delta(readings[:cut]),
        metering.counter_delta(readings[cut:], Decimal(shown[cut - 1])),
    )
    assert first + second == metering.counter_delta(readings)


def test_time_in_a_state() -> None:
    states = [
        UsageEvent(at=at * MINUTE, key=key)
        for at, key in ((-5, "heating"), (10, "off"), (30, "heating"), (50, "boost"))
    ]
    hour = Span(0, 60 * MINUTE)
    assert metering.seconds_where(states, hour, {"heating"}) == 30 * 60
    assert metering.seconds_where(reversed(states), hour, {"heating", "boost"}) == 40 * 60
    assert metering.seconds_where([], hour, {"heating"}, before="heating") == 3600
    assert metering.seconds_where([], hour, {"heating"}) == 0


@quick
@given(st.lists(st.tuples(st.integers(-500, 1500), values), max_size=10), values, st.integers(1, 999))
def test_a_weighted_sum_is_the_sum_of_its_parts(pairs: list[tuple[int, Decimal]], initial: Decimal, cut: int) -> None:
    changes = events(*pairs)
    whole = metering.weighted_sum(changes, Span(0, 1000), initial)
    first = Fraction(metering.weighted_sum(changes, Span(0, cut), initial)) * cut / 1000
    second = Fraction(metering.weighted_sum(changes, Span(cut, 1000), initial)) * (1000 - cut) / 1000
    assert abs(first + second - Fraction(whole)) < Fraction(2, 10**12)


def test_values_are_exact() -> None:
    for wrong in (0.1, Decimal("NaN")):
        with pytest.raises(Invalid):
            UsageEvent(at=0, value=wrong)  # type: ignore[arg-type]

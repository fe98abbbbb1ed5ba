"""What the store adds up is what the pure functions give, whatever order, cuts and repeats the samples came in."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest

from monokoto.earn.calendar import Span, local
from monokoto.earn.metering import (
    Metering,
    UsageEvent,
    UsageObserver,
    average,
    count,
    counter_delta,
    latest,
    maximum,
    minimum,
    percentile,
    seconds_where,
    total,
    unique_count,
    weighted_sum,
    windowed,
)
from monokoto.earn.metering.asking import statements
from monokoto.kernel.money import ZERO, exact, rounded

PROGRAMMES = ["eco", "hot", "rinse"]
POWERS = ["0", "0.1", "12.25", "1499.999", "3", "0.30000000000000004"]


def _history(kit: SimpleNamespace, seed: int, units: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Readings and events over four days, some told again (the same, or with other content), arriving in some order."""
    chance = random.Random(seed)
    readings: list[Any] = []
    events: list[Any] = []
    arrived = kit.START + 5 * kit.DAY
    for _ in range(chance.randint(5, 60)):
        unit = chance.choice(units)
        at = kit.START - kit.DAY + chance.randrange(0, 4 * 24 * 60) * kit.MINUTE
        told: dict[str, Any] = {}
        if chance.random() < 0.7:
            told["power"] = float(chance.choice(POWERS))
        if chance.random() < 0.6:
            told["energy"] = chance.choice([0.5, 1.5, 2.0, 7.25, 100.0, 0.1])
            told["meter"] = chance.choice(["A", "A", "B"])
        if chance.random() < 0.5:
            told["state"] = chance.choice(["heating", "idle"])
        if chance.random() < 0.5:
            told["on"] = chance.random() < 0.5
        if told:
            readings.append((unit, at, arrived, told))
        else:
            events.append(
                (unit, at, arrived, {"programme": chance.choice(PROGRAMMES), "litres": chance.choice([0.1, 0.5, 45.5])})
            )
        arrived += chance.choice([0, 1, kit.SECOND])
        if readings and chance.random() < 0.2:
            again = chance.choice(readings)
            readings.append(
                (again[0], again[1], arrived + 1, again[3] | {"power": 99.0} if "power" in again[3] else again[3])
            )
            arrived += 2
    return readings, events


def _tell(
    kit: SimpleNamespace, metering: Metering, maker: int, readings: list[Any], events: list[Any], chance: random.Random
) -> None:
    """Through the observer, cut into batches somehow, and part of it again, as after a crash."""
    observer = UsageObserver(metering.writer, metering.book, kit.Units(), linger_ms=0)

    async def work() -> None:
        parts: list[Any] = []
        for kind, rows in (("readings", readings), ("events", events)):
            rest = list(rows)
            while rest:
                # A commit is never cut: rows of one arrival stay together.
                size = chance.randint(1, len(rest))
                while size < len(rest) and rest[size][2] == rest[size - 1][2]:
                    size += 1
                parts.append(kit.batch_of(maker, **{kind: rest[:size]}))
                rest = rest[size:]
        chance.shuffle(parts)
        for part in [*parts, *chance.sample(parts, len(parts) // 2)]:
            await observer.observe(part)
        await observer.close()

    asyncio.run(work())


def _first(rows: list[Any], name: str | None) -> list[Any]:
    """Of those of one unit and instant the first to arrive (of equals the first told)."""
    held: dict[Any, Any] = {}
    for row in sorted(rows, key=lambda one: one[2]):
        key = (row[0], row[1], None if name else str(row[3]))
        if name is None or name in row[3]:
            held.setdefault(key, row)
    return list(held.values())


def _exactly(value: float) -> Decimal:
    return Decimal(f"{value:.15g}")


def _events(
    rows: list[Any], value: Callable[[Any], Decimal], key: Callable[[Any], str] = lambda told: ""
) -> list[UsageEvent]:
    return [UsageEvent(at=at, value=value(told), key=key(told), arrival=arrived) for _, at, arrived, told in rows]


@exact
def _integral(kit: SimpleNamespace, readings: list[UsageEvent], span: Span, per: int | None) -> Decimal:
    ordered = sorted(readings, key=lambda one: one.at)
    changes, held = [], ZERO
    for one in ordered:
        changes.append(UsageEvent(at=one.at, value=one.value - held))
        held = one.value
    if per is None:
        return weighted_sum(changes, span)
    found = Fraction(0)
    for one, following in zip(ordered, [*[one.at for one in ordered[1:]], 1 << 62], strict=True):
        found += Fraction(one.value) * span.clip(one.at, following)
    return rounded(found / per, 12)


def _expected(
    kit: SimpleNamespace, name: str, readings: list[Any], events: list[Any], unit: int, span: Span
) -> Decimal:
    mine = [row for row in readings if row[0] == unit]
    inside = [row for row in mine if span.start <= row[1] < span.end]
    happened = [
        row for row in _first([row for row in events if row[0] == unit], None) if span.start <= row[1] < span.end
    ]
    power = _events(_first(inside, "power"), lambda told: _exactly(told["power"]))
    energy = _first(mine, "energy")

    def counted(key: Callable[[Any], str]) -> Decimal:
        found = _events(energy, lambda told: _exactly(told["energy"]), key)
        upto = counter_delta([one for one in found if one.at < span.end])
        return upto - counter_delta([one for one in found if one.at < span.start])

    def held(column: str, said: Callable[[Any], str]) -> list[UsageEvent]:
        return _events(_first(mine, column), lambda told: ZERO, lambda told: said(told[column]))

    powers = _events(_first(mine, "power"), lambda told: _exactly(told["power"]))
    # What a filter leaves out was not told: of two readings of one instant the first that passes counts.
    passing = [row for row in inside if row[3].get("power", 0) > 10 and row[3].get("state") == "heating"]
    hot = _first(passing, "power")
    answers: dict[str, Callable[[], Decimal]] = {
        "washes": lambda: count(row for row in happened if row[3]["programme"] != "rinse"),
        "litres": lambda: total(_events(happened, lambda told: _exactly(told["litres"] * 2))),
        "water": lambda: total(_events([row for row in happened if row[3]["litres"] > 0.5], lambda told: _exactly(told["litres"]))),
        "users": lambda: unique_count(_events(happened, lambda told: ZERO, lambda told: told["programme"])),
        "energy": lambda: counted(lambda told: ""),
        "replaced": lambda: counted(lambda told: told["meter"]),
        "heated": lambda: rounded(Fraction(seconds_where(held("state", str), span, {"heating"})) / 3600, 12),
        "running": lambda: seconds_where(held("on", lambda value: str(value).lower()), span, {"true"}),
        "peak": lambda: windowed(power, maximum, lambda at: at // (15 * kit.MINUTE)),
        "highest": lambda: maximum(power), "lowest": lambda: minimum(power), "last": lambda: latest(power),
        "mean": lambda: average(power), "most": lambda: percentile(power, Decimal(95)),
        "held": lambda: _integral(kit, powers, span, kit.HOUR), "share": lambda: _integral(kit, powers, span, None),
        "hot": lambda: Decimal(len(hot)),
    }  # fmt: skip
    return answers[name]()


@pytest.mark.parametrize("seed", range(6))
def test_the_store_adds_up_what_the_pure_functions_do(
    metering: Metering, maker: int, kit: SimpleNamespace, seed: int
) -> None:
    units = [maker * 1000 + number for number in range(1, 4)]
    readings, events = _history(kit, seed, units)
    _tell(kit, metering, maker, readings, events, random.Random(seed))
    span = Span(kit.START, kit.START + 2 * kit.DAY)
    for name in kit.METERS:
        if name in {"calls", "tries"}:
            continue
        found = {one.unit_id: one.quantity for one in metering.totals(maker, f"washer/{name}", None, span)}
        for unit in units:
            expected = _expected(kit, name, readings, events, unit, span)
            assert found.get(unit, ZERO) == expected, (name, unit)


@pytest.mark.parametrize("lately", [0, 1, 36])
def test_the_state_at_the_beginning_is_found_however_long_ago_it_was_told(
    metering: Metering, maker: int, kit: SimpleNamespace, lately: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told days and hours before the span; where samples are looked for first decides nothing."""
    units = [maker * 1000 + number for number in range(1, 5)]
    chance = random.Random(lately)
    readings = [
        (unit, kit.START - hours * kit.HOUR, kit.START + kit.DAY + place,
         {"energy": float(chance.randint(1, 50)), "power": float(chance.randint(0, 9)), "on": chance.random() < 0.5})
        for place, (unit, hours) in enumerate(
            (unit, hours) for unit, told in zip(units, ([900, 40, 5], [900, 40], [900], []), strict=True)
            for hours in told + ([-3, -7] if unit % 2 else [])
        )
    ]  # fmt: skip
    _tell(kit, metering, maker, readings, [], chance)
    monkeypatch.setattr(statements, "LATELY_US", lately * kit.HOUR)
    span = Span(kit.START, kit.START + kit.DAY)
    for name in ("energy", "running", "held", "share"):
        found = {one.unit_id: one.quantity for one in metering.totals(maker, f"washer/{name}", None, span)}
        for unit in units:
            said = any(row[0] == unit for row in readings)
            expected = _expected(kit, name, readings, [], unit, span) if said else ZERO
            assert found.get(unit, ZERO) == expected, (name, unit)
            assert metering.total(maker, f"washer/{name}", {unit: [span]}, span) == expected, (name, unit)


def test_days_of_the_customers_calendar_add_up(metering: Metering, maker: int, kit: SimpleNamespace) -> None:
    unit = maker * 1000 + 1
    start = 1_774_652_400_000_000  # 2026-03-28T00:00 in Berlin: the next day has 23 hours
    events = [
        (unit, start + hour * kit.HOUR, start + 9 * kit.DAY, {"programme": "eco", "litres": 1.0}) for hour in range(72)
    ]
    states = [(unit, start - kit.DAY, start, {"state": "heating"})]
    _tell(kit, metering, maker, states, events, random.Random(1))
    span = Span(start, start + 71 * kit.HOUR)
    washes = metering.course(maker, "washer/washes", {unit: [span]}, span, cut="day", timezone="Europe/Berlin")
    assert [bucket.quantity for bucket in washes] == [24, 23, 24]
    assert local(washes[1].span.end, "Europe/Berlin").hour == 0
    heated = metering.course(maker, "washer/heated", {unit: [span]}, span, cut="day", timezone="Europe/Berlin")
    assert [bucket.quantity for bucket in heated] == [24, 23, 24]
    assert sum(bucket.quantity for bucket in metering.course(maker, "washer/washes", None, span, cut="hour")) == 71


def test_only_the_times_of_a_unit_that_are_asked_for_count(
    metering: Metering, maker: int, kit: SimpleNamespace
) -> None:
    mine, other = maker * 1000 + 1, maker * 1000 + 2
    events = [
        (unit, kit.START + hour * kit.HOUR, kit.START + kit.DAY, {"programme": programme, "litres": 1.0})
        for unit in (mine, other) for hour, programme in enumerate(["eco", "hot"] * 6)
    ]  # fmt: skip
    _tell(kit, metering, maker, [(mine, kit.START, kit.START, {"state": "heating"})], events, random.Random(2))
    span = Span(kit.START, kit.START + kit.DAY)
    times = {
        mine: [Span(kit.START, kit.START + 3 * kit.HOUR), Span(kit.START + 6 * kit.HOUR, kit.START + 8 * kit.HOUR)]
    }
    (usage,) = metering.totals(maker, "washer/washes", times, span, by="programme", transactions=True)
    assert (usage.unit_id, usage.quantity, dict(usage.groups)) == (mine, 5, {"eco": 3, "hot": 2})
    assert usage.transactions == (1,) * 5
    assert usage.instants == tuple(kit.START + hour * kit.HOUR for hour in (0, 1, 2, 6, 7))
    assert metering.total(maker, "washer/heated", times, span) == 5
    assert metering.total(maker, "washer/washes", {}, span) == 0
    assert metering.total(maker + 1, "washer/washes", None, span) == 0
    rows = metering.rows(maker, "washer/washes", times, span)
    assert [row.groups["programme"] for row in rows] == ["eco", "hot", "eco", "eco", "hot"]
    assert rows[0].id.startswith("finished@2026-01-01T00:00:00")


def test_only_what_comes_late_touches_what_is_over(
    metering: Metering, maker: int, kit: SimpleNamespace, clock: Any
) -> None:
    unit = maker * 1000 + 1
    clock.advance(10)
    mark = clock.now()
    clock.advance(1)
    now = clock.now()
    _tell(
        kit, metering, maker, [], [(unit, now - kit.MINUTE, now, {"programme": "eco", "litres": 1.0})], random.Random(3)
    )
    clock.advance(1)
    assert metering.touched(mark, 10) == ([], mark)
    _tell(kit, metering, maker, [], [(unit, now - kit.DAY, now, {"programme": "eco", "litres": 1.0})], random.Random(3))
    clock.advance(1)
    found, mark = metering.touched(mark, 10)
    assert {(one.meter, one.unit_id, one.first_at) for one in found} == {
        (f"washer/{name}", unit, now - kit.DAY) for name in ("washes", "litres", "water", "users")
    }
    assert metering.touched(mark, 10) == ([], mark)

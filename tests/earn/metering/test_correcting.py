"""Corrections hold above whatever is told, before or after them, and touch what was billed."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace

import pytest

from monokoto.earn.calendar import Span
from monokoto.earn.metering import Corrections, Metering, UsageObserver, Wanted
from monokoto.engines.records import Records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import Invalid


@pytest.fixture
def corrections(records: Records, metering: Metering, kit: SimpleNamespace, clock: ManualClock) -> Corrections:
    return Corrections(records, metering, kit.Units(), clock)


def test_a_correction_holds_above_what_is_told_again(
    corrections: Corrections, metering: Metering, maker: int, kit: SimpleNamespace, clock: ManualClock
) -> None:
    unit, span = maker * 1000 + 1, Span(kit.START, kit.START + kit.DAY)
    observer = UsageObserver(metering.writer, metering.book, kit.Units(), linger_ms=0)
    batch = kit.batch_of(
        maker,
        events=[(unit, kit.START + n, kit.START + kit.HOUR, {"programme": "eco", "litres": 10.0}) for n in range(3)],
    )
    asyncio.run(observer.observe(batch))
    first, second, _ = metering.rows(maker, "washer/water", None, span)
    mark = clock.now()
    clock.advance(1)
    made = corrections.correct(
        maker,
        [
            Wanted(
                meter="washer/water", unit_id=unit, at=first.at, name=first.name, value=Decimal("7.5"), reason="leak"
            ),
            Wanted(meter="washer/water", unit_id=unit, at=second.at, name=second.name, value=None, reason="test run"),
            Wanted(
                meter="washer/water", unit_id=unit, at=kit.START - 90 * kit.DAY, id="a", value=Decimal(1), reason="old"
            ),
        ],
        by=5,
    )
    asyncio.run(observer.observe(batch))
    assert metering.total(maker, "washer/water", None, span) == Decimal("17.5")
    assert metering.total(maker, "washer/water", None, Span(kit.START - 100 * kit.DAY, kit.START)) == 1
    assert metering.total(maker, "washer/washes", None, span) == 3
    clock.advance(1)
    touched, _ = metering.touched(mark, 100)
    assert ("washer/water", unit, kit.START - 90 * kit.DAY) in {
        (one.meter, one.unit_id, one.first_at) for one in touched
    }
    clock.advance(1)
    again = Wanted(
        meter="washer/water", unit_id=unit, at=second.at, name=second.name, value=Decimal(2), reason="was one"
    )
    (back,) = corrections.correct(maker, [again], by=5)
    assert back.before is None
    assert metering.total(maker, "washer/water", None, span) == Decimal("19.5")
    assert [one.id for one in corrections.list(maker)] == [back.id, *[one.id for one in reversed(made)]]
    assert made[0].before == 10
    assert corrections.list(maker + 1) == []
    assert corrections.finish() == 0


def test_what_is_not_there_is_not_corrected(
    corrections: Corrections, maker: int, kit: SimpleNamespace, metering: Metering
) -> None:
    unit = maker * 1000 + 1
    wrong = [
        Wanted(meter="washer/water", unit_id=unit, at=kit.START, name=1, value=Decimal(1), reason="x"),
        Wanted(meter="washer/none", unit_id=unit, at=kit.START, id="a", value=Decimal(1), reason="x"),
        Wanted(meter="washer/water", unit_id=unit + 1000, at=kit.START, id="a", value=Decimal(1), reason="x"),
        Wanted(meter="washer/water", unit_id=unit, at=kit.START, value=Decimal(1), reason="x"),
        Wanted(meter="washer/water", unit_id=unit, at=kit.START, id="a", value=Decimal(1), reason="right"),
    ]
    with pytest.raises(Invalid) as refused:
        corrections.correct(maker, wrong, by=5)
    assert [fault.place for fault in refused.value.faults] == [f"/corrections/{place}" for place in range(4)]
    assert metering.total(maker, "washer/water", None, Span(kit.START, kit.START + kit.DAY)) == 0

"""A meter over history gives what it would have given live, and changes nothing of what was metered live."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import msgspec

from monokoto.connect.jobs import Target
from monokoto.earn.calendar import Span
from monokoto.earn.metering import Metering, ReplayMeters, ReplayParameters, UsageObserver
from monokoto.kernel.clock import format_instant


class _History:
    """Readings and events of every unit alike."""

    def __init__(self, readings: list[Any], events: list[Any]) -> None:
        self._readings, self._events = readings, events

    def readings(self, _organisation_id: int, _unit_id: int, span: Span) -> Iterator[Any]:
        return ((at, told) for _, at, _, told in self._readings if span.start <= at < span.end)

    def events(self, _organisation_id: int, _unit_id: int, _name: str, span: Span) -> Iterator[Any]:
        return (
            (at, arrived, msgspec.json.encode(data))
            for _, at, arrived, data in self._events
            if span.start <= at < span.end
        )


def test_history_metered_late_is_history_metered_live(metering: Metering, maker: int, kit: SimpleNamespace) -> None:
    live, late = maker * 1000 + 1, maker * 1000 + 2
    told = [
        {"energy": 1.5 * n, "meter": "A", "power": 10.0 * n, "state": "heating" if n % 2 else "idle"} for n in range(40)
    ]
    readings = [(live, kit.START + n * kit.HOUR, kit.START + n * kit.HOUR + 1, one) for n, one in enumerate(told)]
    happened = [(live, at, arrived, {"programme": "eco", "litres": 0.1}) for _, at, arrived, _ in readings[::3]]
    observer = UsageObserver(metering.writer, metering.book, kit.Units(), linger_ms=0)
    asyncio.run(observer.observe(kit.batch_of(maker, readings, happened)))
    replay = ReplayMeters(metering, _History(readings, happened), lambda *_: kit.model_of(maker), kit.Units())
    parameters = ReplayParameters(start=format_instant(kit.START), end=format_instant(kit.START + 3 * kit.DAY))
    span = Span(kit.START, kit.START + 2 * kit.DAY)

    def everything() -> dict[str, dict[int, Any]]:
        names = [name for name in kit.METERS if name not in {"calls", "tries"}]
        return {
            name: {one.unit_id: one.quantity for one in metering.totals(maker, f"washer/{name}", None, span)}
            for name in names
        }

    before = everything()
    for unit in (live, late, late):
        asyncio.run(replay.apply(None, Target(unit, maker), parameters))  # type: ignore[arg-type]
    after = everything()
    assert all(after[name] for name in ("washes", "energy", "heated"))
    for name, found in after.items():
        assert found.get(live) == before[name].get(live) == found.get(late), name

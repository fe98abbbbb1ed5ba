"""A real store, and a product with meters of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import count
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from monokoto.connect.line import Batch, Block, Column, EventRecord
from monokoto.connect.products import EventModel, ProductModel, PropertyModel
from monokoto.earn.metering import MeterBook, Metering
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.values import Kind

START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
PRODUCT, VERSION = "washer", "1.0.0"
METERS: Mapping[str, Any] = {
    "washes": {"count": "finished", "where": 'programme != "rinse"', "by": ["programme"], "unit": "wash"},
    "litres": {"sum": "finished", "value": "data.litres * 2.0", "unit": "L"},
    "water": {"sum": "finished", "value": "data.litres", "where": "litres > 0.5"},
    "users": {"unique": "finished", "value": "data.programme"},
    "energy": {"counter": "energy", "unit": "kWh"},
    "replaced": {"counter": "energy", "serial": "meter", "unit": "kWh"},
    "heated": {"duration": "state", "in": ["heating"], "unit": "h"},
    "running": {"duration": "on", "in": [True], "unit": "s"},
    "peak": {"maximum": "power", "every": "15 min"},
    "highest": {"maximum": "power"},
    "lowest": {"minimum": "power"},
    "last": {"latest": "power"},
    "mean": {"average": "power"},
    "most": {"percentile": "power", "at": 95},
    "held": {"weighted": "power", "per": "h"},
    "share": {"weighted": "power"},
    "hot": {"count": "power", "where": 'power > 10.0 && state == "heating"', "by": ["state"]},
    "calls": {"sum": "com.example.call", "external": True, "value": "data.n", "by": ["data.region"]},
    "tries": {"count": "com.example.call", "external": True, "where": "data.region != 'test'"},
}
PROPERTIES = {
    "energy": PropertyModel(name="energy", kind=Kind.NUMBER, schema={"type": "number"}),
    "power": PropertyModel(name="power", kind=Kind.NUMBER, schema={"type": "number"}),
    "on": PropertyModel(name="on", kind=Kind.BOOLEAN, schema={"type": "boolean"}),
    "state": PropertyModel(name="state", kind=Kind.STRING, schema={"type": "string"}),
    "meter": PropertyModel(name="meter", kind=Kind.STRING, schema={"type": "string"}),
}
FINISHED = EventModel(
    name="finished",
    data={"type": "object", "properties": {"programme": {"type": "string"}, "litres": {"type": "number"}}},
)


def model_of(organisation_id: int) -> ProductModel:
    """The washer of a maker."""
    return ProductModel(
        organisation_id=organisation_id, product=PRODUCT, version=VERSION, properties=PROPERTIES,
        events={"finished": FINISHED},
    )  # fmt: skip


class Products:
    """Every organisation makes the same washer."""

    def __init__(self, meters: Mapping[str, Any] = METERS) -> None:
        self.meters = meters

    def content(self, organisation_id: int, product: str, version: str) -> Any:
        return SimpleNamespace(document={"meters": self.meters})

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        return model_of(organisation_id)

    def versions(self, organisation_id: int, product: str) -> list[Any]:
        return [SimpleNamespace(version=VERSION)] if product == PRODUCT else []

    def list(self, organisation_id: int, *, after: str = "", limit: int = 100) -> list[Any]:
        return [SimpleNamespace(product=PRODUCT)] if not after else []


class Units:
    """Units of the maker whose number they begin with: 7001 is a unit of 7."""

    def get(self, unit_id: int) -> Any:
        if unit_id < 1000:
            return None
        return SimpleNamespace(unit_id=unit_id, organisation_id=unit_id // 1000, product=PRODUCT, version=VERSION)

    find = get


@pytest.fixture(scope="module")
def series(lend_series: Callable[[], AbstractContextManager[Series]]) -> Iterator[Series]:
    with lend_series() as store:
        yield store


_MAKERS = count(10)


@pytest.fixture
def maker() -> int:
    """A maker nobody else in this store has."""
    return next(_MAKERS)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START + DAY)


@pytest.fixture
def book() -> MeterBook:
    return MeterBook(Products())


@pytest.fixture
def metering(series: Series, book: MeterBook, clock: ManualClock) -> Metering:
    return Metering(series, book=book, products=Products(), units=Units(), clock=clock)


def block_of(maker: int, rows: list[tuple[int, int, int, dict[str, Any]]]) -> Block:
    """Messages as the line has them: unit, at, arrived, what was told."""
    names = [name for name in PROPERTIES if any(name in row[3] for row in rows)]
    columns = []
    for name in names:
        there = np.array([name in row[3] for row in rows])
        values: Any = [row[3].get(name) for row in rows]
        if PROPERTIES[name].kind.numeric:
            values = np.array([np.nan if value is None else float(value) for value in values])
        columns.append(Column(PROPERTIES[name], values, None if there.all() else there))
    units, at, arrived = (np.array([row[place] for row in rows], np.int64) for place in range(3))
    return Block(model_of(maker), units, at, arrived, tuple(columns))


def batch_of(
    maker: int,
    readings: list[tuple[int, int, int, dict[str, Any]]] | None = None,
    events: list[tuple[int, int, int, dict[str, Any]]] | None = None,
    sequence: int = 1,
) -> Batch:
    """A batch of the line: readings and `finished` events, each (unit, at, arrived, content)."""
    return Batch(
        partition=0, first_sequence=sequence, last_sequence=sequence,
        blocks=(block_of(maker, readings),) if readings else (),
        events=[
            EventRecord(
                organisation_id=maker, unit_id=unit, product=PRODUCT, name="finished", at=at, arrived=arrived,
                data=msgspec.json.encode(data),
            )
            for unit, at, arrived, data in events or []
        ],
    )  # fmt: skip


@pytest.fixture(scope="session")
def kit() -> SimpleNamespace:
    """The names tests need; test folders are no packages to import them from."""
    return SimpleNamespace(
        START=START, SECOND=SECOND, MINUTE=MINUTE, HOUR=HOUR, DAY=DAY, METERS=METERS, model_of=model_of, Units=Units,
        block_of=block_of, batch_of=batch_of, Products=Products,
    )  # fmt: skip

"""A real store for every test, and a small product with a property of each kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, Block, Column, EventRecord
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.series import Series
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import ReadingsObserver, Selection, Telemetry, create_tables

MAKER, OTHER = 7, 8
START = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z
SECOND, MINUTE, HOUR, DAY = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000

PROPERTIES = {
    "temperature": PropertyModel(name="temperature", kind=Kind.NUMBER, schema={"type": "number"}),
    "level": PropertyModel(name="level", kind=Kind.NUMBER, schema={"type": "number"}, minimum=0.0, maximum=100.0),
    "cycles": PropertyModel(name="cycles", kind=Kind.INTEGER, schema={"type": "integer"}),
    "on": PropertyModel(name="on", kind=Kind.BOOLEAN, schema={"type": "boolean"}),
    "mode": PropertyModel(name="mode", kind=Kind.STRING, schema={"type": "string"}),
    "state": PropertyModel(
        name="state", kind=Kind.STRING, schema={"type": "string", "enum": ["idle", "busy"]}, enum=("idle", "busy")
    ),
    "place": PropertyModel(name="place", kind=Kind.OBJECT, schema={"type": "object"}),
    "steps": PropertyModel(name="steps", kind=Kind.ARRAY, schema={"type": "array"}),
}
MODEL = ProductModel(organisation_id=MAKER, product="cooker", version="1.0.0", properties=PROPERTIES)


@dataclass(frozen=True)
class Said:
    """One reading as a unit sent it; `value` as JSON has it."""

    unit: int
    property: str
    at: int
    arrived: int
    value: Any


@dataclass(frozen=True)
class Happened:
    """One event as a unit told it."""

    unit: int
    name: str
    at: int
    arrived: int
    data: bytes


def block(said: Sequence[Said], model: ProductModel = MODEL) -> Block:
    """One row for each reading: the widest, emptiest block there can be."""
    columns = []
    for name in sorted({one.property for one in said}):
        kind = model.properties[name].kind
        present = np.array([one.property == name for one in said])
        values: Any
        if kind.numeric:
            values = np.array([float(one.value) if one.property == name else np.nan for one in said])
        else:
            values = [_text(kind, one.value) if one.property == name else None for one in said]
        columns.append(Column(model.properties[name], values, present))
    return Block(
        model,
        np.array([one.unit for one in said], np.int64),
        np.array([one.at for one in said], np.int64),
        np.array([one.arrived for one in said], np.int64),
        tuple(columns),
    )


def _text(kind: Kind, value: Any) -> str:
    return str(value) if kind is Kind.STRING else msgspec.json.encode(value).decode()


class FakeUnits:
    """The directory: every unit id below 1000 is the maker's, the others somebody else's."""

    def find(self, unit_id: int) -> UnitIdentity | None:
        if unit_id >= 2000:
            return None
        return UnitIdentity(unit_id, MAKER if unit_id < 1000 else OTHER, "cooker", "1.0.0", f"serial-{unit_id}")


@dataclass
class Store:
    """A store, what writes to it and what asks it."""

    series: Series
    telemetry: Telemetry
    observer: ReadingsObserver
    clock: ManualClock
    sequence: int = field(default=0)

    def say(self, *said: Said, model: ProductModel = MODEL) -> None:
        """Have the line observe these readings as one batch."""
        self.observe(block(said, model))

    def observe(self, *blocks: Block, events: Sequence[EventRecord] = ()) -> None:
        self.sequence += 1
        number = self.sequence
        batch = Batch(partition=0, first_sequence=number, last_sequence=number, blocks=blocks, events=events)
        asyncio.run(self.observer.observe(batch))

    def happen(self, *happened: Happened) -> None:
        """Have the line observe these events as one batch."""
        self.observe(
            events=[
                EventRecord(
                    organisation_id=MAKER,
                    unit_id=one.unit,
                    product="cooker",
                    name=one.name,
                    at=one.at,
                    arrived=one.arrived,
                    data=one.data,
                )
                for one in happened
            ]
        )

    def empty(self) -> None:
        """Forget everything: one engine serves many tests."""
        for table in ("readings", "events"):
            self.series.command(f"TRUNCATE TABLE {table}")


@pytest.fixture(scope="module")
def engine(lend_series: Callable[[], AbstractContextManager[Series]]) -> Iterator[Series]:
    with lend_series() as series:
        create_tables(series)
        for table in ("readings", "events"):
            # Thousands of tiny inserts need no disk to turn for each; that inserts last is the engine's own suite.
            series.command(f"ALTER TABLE {table} MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0")
        yield series


@pytest.fixture
def store(engine: Series) -> Store:
    clock = ManualClock(START + 365 * DAY)
    telemetry = Telemetry(engine, units=FakeUnits(), model_of=lambda *_: MODEL, clock=clock)
    fresh = Store(engine, telemetry, ReadingsObserver(engine), clock)
    fresh.empty()
    return fresh


@pytest.fixture
def select() -> Callable[..., Selection]:
    """A selection of the maker's cookers over the whole year, unless said otherwise."""

    def make(**changes: Any) -> Selection:
        values: dict[str, Any] = {
            "organisation_id": MAKER,
            "product": "cooker",
            "start": START - 10 * DAY,
            "end": START + 400 * DAY,
        }
        return Selection(**(values | changes))

    return make


class Kit(SimpleNamespace):
    """The names tests need to speak of readings; test folders are no packages to import them from."""

    def __repr__(self) -> str:
        return "kit"


@pytest.fixture
def kit() -> Kit:
    return Kit(
        **{item.__name__: item for item in (Said, Happened, block, FakeUnits, Kind, ProductModel, PropertyModel)},
        MAKER=MAKER,
        OTHER=OTHER,
        START=START,
        MODEL=MODEL,
        SECOND=SECOND,
        MINUTE=MINUTE,
        HOUR=HOUR,
        DAY=DAY,
    )

"""What the tests of the twins share: a product, messages, and the line's blocks made of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.line import Batch, Block, Column
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.objects import open_objects
from monokoto.engines.records import Records, metadata, open_records
from monokoto.kernel.clock import ManualClock
from monokoto.kernel.errors import NotFound, Unavailable
from monokoto.kernel.ids import UnitId, format_id
from monokoto.kernel.values import Kind
from monokoto.operate.twins import Twins
from monokoto.operate.twins.desired.store import twin_desired, twin_desired_revisions
from monokoto.web import Caller, Gate, Reach, Side

MAKER = 7
OTHER = 8
TABLES = [twin_desired, twin_desired_revisions]


def property_model(name: str, kind: Kind, **more: Any) -> PropertyModel:
    return PropertyModel(name=name, kind=kind, schema={"type": kind.name.lower(), **more.pop("schema", {})}, **more)


KINDS = {
    "temperature": Kind.NUMBER,
    "count": Kind.INTEGER,
    "on": Kind.BOOLEAN,
    "mode": Kind.STRING,
    "place": Kind.OBJECT,
    "path": Kind.ARRAY,
}
MODEL = ProductModel(
    organisation_id=MAKER,
    product="cooker",
    version="1.0.0",
    properties={
        "temperature": property_model(
            "temperature", Kind.NUMBER, schema={"minimum": 0, "maximum": 250}, minimum=0, maximum=250
        ),
        "count": property_model("count", Kind.INTEGER),
        "on": property_model("on", Kind.BOOLEAN),
        "mode": property_model("mode", Kind.STRING, schema={"enum": ["slow", "fast"]}, enum=("slow", "fast")),
        "place": property_model(
            "place", Kind.OBJECT, schema={"properties": {"lat": {"type": "number"}, "note": {"type": "string"}}}
        ),
        "path": property_model("path", Kind.ARRAY, schema={"items": {"type": "integer"}}),
        "serial": property_model("serial", Kind.STRING, read_only=True),
    },
)


def unit(unit_id: int, *, organisation_id: int = MAKER, product: str = "cooker", parent_id: int = 0) -> UnitIdentity:
    return UnitIdentity(
        unit_id=unit_id,
        organisation_id=organisation_id,
        product=product,
        version="1.0.0",
        serial=f"SN-{unit_id}",
        parent_id=parent_id,
    )


@dataclass(frozen=True)
class Message:
    """One message as the line decodes it; values as stored (numbers, or text for the other kinds)."""

    unit_id: int
    at: int
    arrived: int
    values: Mapping[str, float | str]


def block(messages: Sequence[Message], model: ProductModel = MODEL) -> Block:
    """The messages as one block, in order."""
    names = sorted({name for message in messages for name in message.values})
    columns = []
    for name in names:
        described = model.properties[name]
        held = [message.values.get(name) for message in messages]
        present = np.array([value is not None for value in held])
        values: Any = (
            np.array([np.nan if value is None else value for value in held], float) if described.kind.numeric else held
        )
        columns.append(Column(described, values, None if present.all() else present))
    return Block(
        model,
        np.array([message.unit_id for message in messages], np.int64),
        np.array([message.at for message in messages], np.int64),
        np.array([message.arrived for message in messages], np.int64),
        tuple(columns),
    )


def batch(
    messages: Sequence[Message],
    *,
    first: int = 1,
    last: int = 1,
    partition: int = 0,
    requests: Sequence[Any] = (),
    model: ProductModel = MODEL,
) -> Batch:
    return Batch(
        partition=partition,
        first_sequence=first,
        last_sequence=last,
        blocks=(block(messages, model),) if messages else (),
        requests=requests,
    )


def as_json(kind: Kind, stored: float | str) -> Any:
    """A stored value as the API shows it."""
    if kind is Kind.NUMBER:
        return float(stored)
    if kind is Kind.INTEGER:
        return int(stored)
    if kind is Kind.BOOLEAN:
        return bool(stored)
    return stored if kind is Kind.STRING else msgspec.json.decode(str(stored))


class FakeUnits:
    """The fleet's directory."""

    def __init__(self, *units: UnitIdentity) -> None:
        self.units = {one.unit_id: one for one in units}
        self.late: dict[int, UnitIdentity] = {}
        """Registered, but only seen after `refresh`."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        return self.units.get(unit_id)

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        below = [one for one in self.units.values() if parent_unit_id in (one.parent_id, one.unit_id)]
        return next((one for one in below if one.serial == name), None)

    def refresh(self) -> int:
        self.units |= self.late
        return len(self.late)


class FakeGate(Gate):
    """Units are their maker's; what is put into `reaches` (by organisation and unit) lies open instead."""

    def __init__(self, units: FakeUnits) -> None:
        self._units = units
        self.reaches: dict[tuple[int, int], Reach] = {}
        self.holding = False
        """Whether callers make nothing themselves, and see what is in `reaches` only."""

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        reach = self.reaches.get((caller.organisation_id, unit_id))
        if reach is not None:
            return reach
        self._units.refresh()
        found = self._units.get(unit_id)
        if found is None or found.organisation_id != caller.organisation_id:
            raise NotFound(f"There is no unit {format_id(unit_id)!r}.")
        return Reach(unit_id=UnitId(unit_id), organisation_id=caller.organisation_id, side=Side.MAKER)

    def units(self, caller: Caller) -> Sequence[Reach] | None:
        return self.held(caller) if self.holding else None

    def held(self, caller: Caller) -> Sequence[Reach]:
        return [
            reach for (organisation_id, _), reach in self.reaches.items() if organisation_id == caller.organisation_id
        ]

    def clipped(self, _caller: Caller) -> Mapping[int, Reach]:
        return {}


class FakeProducts:
    """Every product is a cooker."""

    def model(self, organisation_id: int, product: str, version: str) -> ProductModel:
        assert (organisation_id, product, version) == (MAKER, "cooker", "1.0.0")
        return MODEL


class FakeDown:
    """The way down to the units; can be away."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str, Any]] = []
        self.retained: dict[tuple[int, str], Any] = {}
        self.away = False

    async def send(self, unit_id: int, *, topic: str, payload: bytes, qos: int = 1, expires_at: int = 0) -> None:
        self._check()
        self.sent.append((unit_id, topic, msgspec.json.decode(payload)))

    async def retain(self, unit_id: int, *, topic: str, payload: bytes | None) -> None:
        self._check()
        self.retained[unit_id, topic] = None if payload is None else msgspec.json.decode(payload)

    def _check(self) -> None:
        if self.away:
            raise Unavailable("the log is away")


class FakeReadings:
    """The observer that keeps readings; it always has everything."""

    name = "readings"

    async def observe(self, batch: Batch) -> None: ...

    def kept(self, partition: int) -> int:
        return 2**62


class NoSeries:
    """A series store without readings."""

    def query(self, sql: str, parameters: Any = None) -> pa.Table:
        return pa.table({"organisation": pa.array([], pa.int64())})


@dataclass
class House:
    """Twins with everything around them."""

    twins: Twins
    records: Records
    down: FakeDown
    units: FakeUnits
    clock: ManualClock
    folder: Path

    @cached_property
    def gate(self) -> FakeGate:
        return FakeGate(self.units)

    def again(self, **changes: Any) -> House:
        """The same after a crash: another process on the same records and objects."""
        return make_house(self.folder, units=self.units, clock=self.clock, records=self.records, **changes)


def make_house(
    folder: Path,
    *,
    units: FakeUnits | None = None,
    clock: ManualClock | None = None,
    records: Records | None = None,
    series: Any = None,
    facts: Any = None,
    down: FakeDown | None = None,
    readings: Any = None,
) -> House:
    if units is None:
        units = FakeUnits(unit(1), unit(2), unit(3, parent_id=2), unit(9, organisation_id=OTHER))
    if records is None:
        records = open_records("", data_dir=folder)
        metadata.create_all(records.engine, tables=TABLES)
    clock, down = clock or ManualClock(), down or FakeDown()
    twins = Twins(
        records=records,
        series=series or NoSeries(),
        objects=open_objects("", data_dir=folder),
        directory=units,
        products=FakeProducts(),
        downlink=down,
        readings=readings or FakeReadings(),
        clock=clock,
        facts=facts,
        snapshot_seconds=0.05,
    )
    return House(twins, records, down, units, clock, folder)


async def until(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Wait for something that comes by itself."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)

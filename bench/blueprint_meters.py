"""What the blueprints' own meters cost: messages of all properties of each product, decoded and stored, and metered on top."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from bench.report import Report
from bench.rules import START
from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import Route, encode_commit
from monokoto.connect.line import Decoder, EventRecord
from monokoto.connect.products import ProductModel, PropertyModel, compile_model
from monokoto.engines.log import Entry
from monokoto.engines.series import Series
from monokoto.kernel.ids import UnitId
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import ReadingsObserver

BLUEPRINTS = Path(__file__).parent.parent / "blueprints"
ROWS = 60_000
MESSAGES_AN_EVENT = 100
"""Events are rarer than readings: one for so many messages, of each event that is metered."""
EVENT = {"programme": "eco", "litres": 44.1, "kwh": 0.71, "zone": "north", "km": 3.2}


class _Everyone:
    """A fleet in which every id is a unit of the product."""

    def __init__(self, model: ProductModel) -> None:
        self._model = model

    def get(self, unit_id: int) -> UnitIdentity | None:
        model = self._model
        return UnitIdentity(
            UnitId(unit_id), model.organisation_id, model.product, model.version, f"u{unit_id}", UnitId(0)
        )

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        del parent_unit_id, name
        return None


def run(report: Report, series: Series, observer_of: Any, *, rounds: int) -> None:
    """A row for each blueprint with meters. `observer_of`: from its meters and model to what meters."""
    for path in sorted(BLUEPRINTS.glob("*/product.yaml")):
        document = yaml.safe_load(path.read_text())
        if document.get("meters"):
            _one(report, series, document, observer_of, rounds)


def _one(report: Report, series: Series, document: dict[str, Any], observer_of: Any, rounds: int) -> None:
    model = compile_model(1, document["product"], document["model"])
    fleet = _Everyone(model)
    decoder, readings = Decoder(fleet, lambda *_: model), ReadingsObserver(series)
    observer = observer_of(document["meters"], model, fleet)
    plain, metered = [], []
    for number in range(rounds + 1):
        began = time.process_time_ns()
        batch = decoder.decode(0, [Entry("line.0", number + 1, START + number, _body(model, number))])
        asyncio.run(readings.observe(batch))
        plain.append((time.process_time_ns() - began) / ROWS)
        batch = replace(batch, events=_events(model, document["meters"], number))
        began = time.process_time_ns()
        asyncio.run(observer.observe(batch))
        metered.append((time.process_time_ns() - began) / ROWS)
    base, more = statistics.median(plain[1:]), statistics.median(metered[1:])
    assert observer.samples, "the meters took nothing"
    samples = observer.samples / (ROWS * (rounds + 1))
    name = (
        f"{model.product}: {len(document['meters'])} meters, {samples:.2f} samples a message of {len(model.properties)}"
    )
    report.row(name, more / 1000, "us of CPU a message")
    report.row(f"{model.product}: that is", 100 * more / base, "% of decoding and storing", goal="20 % at most")


def _body(model: ProductModel, number: int) -> bytes:
    chance = np.random.default_rng(number)
    columns = {name: _values(one, chance) for name, one in model.properties.items()}
    columns = {name: values for name, values in columns.items() if values}
    payloads = []
    for row in range(ROWS):
        values = {name: each[row] for name, each in columns.items()}
        payloads.append(json.dumps({"ts": START // 1000 + number * 1000 + row // 100, "values": values}).encode())
    units = [row % 1_000 + 1 for row in range(ROWS)]
    return encode_commit(units, [Route.TELEMETRY] * ROWS, payloads, arrived=START + (number + 1) * 10**6)


def _values(one: PropertyModel, chance: np.random.Generator) -> list[Any]:
    if one.enum:
        return [one.enum[place] for place in chance.integers(0, len(one.enum), ROWS).tolist()]
    if one.kind is Kind.BOOLEAN:
        return list((chance.uniform(0, 1, ROWS) > 0.5).tolist())
    low = 0.0 if one.minimum is None else one.minimum
    high = low + 80 if one.maximum is None else one.maximum
    if one.kind is Kind.INTEGER:
        return list(chance.integers(int(np.ceil(low)), int(high) + 1, ROWS).tolist())
    return list(chance.uniform(low, high, ROWS).round(3).tolist()) if one.kind is Kind.NUMBER else []


def _events(model: ProductModel, meters: dict[str, Any], number: int) -> tuple[EventRecord, ...]:
    data = json.dumps(EVENT).encode()
    told = {
        text for meter in meters.values() for text in meter.values() if isinstance(text, str) and text in model.events
    }
    return tuple(
        EventRecord(
            organisation_id=int(model.organisation_id), product=str(model.product), unit_id=row % 1_000 + 1, name=name,
            at=START + number * 1_000_000 + row * 10, arrived=START + (number + 1) * 1_000_000, data=data,
        )
        for name in sorted(told)
        for row in range(0, ROWS, MESSAGES_AN_EVENT)
    )  # fmt: skip

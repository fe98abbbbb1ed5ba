"""Bytes a reading on disk, of real recordings: C-MAPSS FD001 (simulated engines), NAB, CityLearn, bike sharing."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bench.report import Report
from monokoto.connect.line import Batch, Block, Column
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.series import open_series
from monokoto.kernel.ids import OrganisationId, ProductName
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import ReadingsObserver, create_tables

DATA = Path(os.environ.get("MONOKOTO_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
START = 1_767_225_600_000_000
RECORDINGS = {  # name -> (pattern, column of the unit; empty: each file is one, seconds between rows)
    "C-MAPSS FD001 train (simulated), 100 engines": ("cmapss/train_FD001*", "unit", 60),
    "NAB, one of realKnownCause each": ("nab/data/realKnownCause/*.csv*", "", 300),
    "CityLearn 2022 (simulated), 17 buildings": ("citylearn/*2022*/Building_*.csv*", "", 3600),
    "bike sharing, hourly, one unit": ("bikeshare_hour.csv.gz", "", 3600),
}


def run(report: Report, *, quick: bool) -> None:
    """Each recording as its units would have sent it, arriving up to 50 ms late; sizes after a merge."""
    del quick
    if not DATA.is_dir():
        report.note(f"no recordings at {DATA}: nothing measured (set MONOKOTO_SHARED_DATA)")
        return
    for name, (pattern, unit_column, seconds) in RECORDINGS.items():
        found = sorted(DATA.glob(pattern))
        if not found:
            report.note(f"{name}: no file {pattern}")
            continue
        readings, size = _store([csv.read_csv(file) for file in found], unit_column, seconds)
        report.row(f"{name}: {readings:,} readings", size / readings, "bytes a reading", goal="under 4")


def _store(tables: list[pa.Table], unit_column: str, seconds: int) -> tuple[int, int]:
    """How many readings, and their bytes on disk."""
    numeric = [
        field.name
        for field in tables[0].schema
        if field.name != unit_column and (pa.types.is_floating(field.type) or pa.types.is_integer(field.type))
    ]
    model = ProductModel(
        organisation_id=OrganisationId(1),
        product=ProductName("recorded"),
        version="1.0.0",
        properties={name: PropertyModel(name=name, kind=Kind.NUMBER, schema={"type": "number"}) for name in numeric},
    )
    blocks = [_block(table, model, number, unit_column, seconds) for number, table in enumerate(tables, 1)]
    present = sum(int(np.isfinite(column.values).sum()) for block in blocks for column in block.columns)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        series = open_series(data_dir=Path(folder))
        try:
            create_tables(series)
            batch = Batch(partition=0, first_sequence=1, last_sequence=1, blocks=tuple(blocks))
            asyncio.run(ReadingsObserver(series).observe(batch))
            series.command("OPTIMIZE TABLE readings FINAL")
            parts = series.query(
                "SELECT sum(bytes_on_disk) AS b, sum(rows) AS n FROM system.parts WHERE active AND table = 'readings'"
            )
        finally:
            series.close()
    assert parts["n"][0].as_py() == present
    return present, int(parts["b"][0].as_py())


def _block(table: pa.Table, model: ProductModel, number: int, unit_column: str, seconds: int) -> Block:
    rows = table.num_rows
    unit = np.asarray(table[unit_column]).astype(np.int64) if unit_column else np.full(rows, number, np.int64)
    row_of_unit = np.zeros(rows, np.int64)
    for one in np.unique(unit):
        mine = unit == one
        row_of_unit[mine] = np.arange(mine.sum())
    at = START + row_of_unit * seconds * 1_000_000
    # Units keep their own time exactly; the way to us takes a varying while; commits are stamped in whole milliseconds.
    arrived = (at + np.random.default_rng(number).integers(2_000, 50_000, rows)) // 1_000 * 1_000
    columns = tuple(
        Column(model.properties[name], np.asarray(table[name]).astype(np.float64)) for name in model.properties
    )
    return Block(model, unit, at, arrived, columns)

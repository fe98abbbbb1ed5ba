"""Questions to 10^8 readings: one unit's day, a fleet's hourly averages, each held against the answer without the engine's help."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from bench.report import Report
from monokoto.connect.line import Batch, Block, Column
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.series import Series, open_series
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId
from monokoto.kernel.values import Kind
from monokoto.operate.telemetry import (
    BucketQuestion,
    RawQuestion,
    ReadingsObserver,
    Selection,
    Telemetry,
    buckets_arrow,
    parse_aggregates,
    parse_width,
)

ORGANISATION = OrganisationId(77)
UNITS, PROPERTIES = 2_000, 5
MINUTE = 60_000_000
START = 1_767_225_600_000_000  # 2026-01-01
BATCH_MINUTES = 25  # 50,000 messages, as the line hands them over


def run(report: Report, *, quick: bool) -> None:
    """A reading a minute of 2,000 units and 5 properties for a week, a twentieth of them sent twice."""
    minutes = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        series = open_series(data_dir=Path(folder))
        try:
            telemetry = Telemetry(series, units=_Nobody(), model_of=_no_model, clock=SystemClock())
            began = time.monotonic()
            sums = _fill(series, minutes)
            report.row("readings", UNITS * PROPERTIES * minutes)
            report.row("stored at", UNITS * PROPERTIES * minutes * 1.05 / (time.monotonic() - began), "readings/s")
            settled = _settle(series)
            report.note(f"asked when the background merges had come to rest, {settled:.0f} s after the load")
            _ask_unit_days(report, telemetry, minutes)
            _ask_averages(report, telemetry, sums, minutes, "merges at rest")
            # A week that is over is merged into one part by itself a quarter of an hour later; here it is asked for.
            series.command("OPTIMIZE TABLE readings FINAL")
            _ask_averages(report, telemetry, sums, minutes, "finished weeks merged")
            size = series.query("SELECT sum(bytes_on_disk) AS b FROM system.parts WHERE active AND table = 'readings'")
            report.row(
                "on disk", size["b"][0].as_py() / (UNITS * PROPERTIES * minutes), "bytes a reading (random values)"
            )
        finally:
            series.close()


class _Nobody:
    def get(self, _unit_id: int) -> None:
        return None


def _no_model(*_: object) -> ProductModel:
    raise LookupError


def _fill(series: Series, minutes: int) -> npt.NDArray[np.float64]:
    """Store them as the line does; the sum of property p0 for each hour, for the check."""
    observer = ReadingsObserver(series)
    source = np.random.default_rng(1)
    model = ProductModel(
        organisation_id=ORGANISATION,
        product=ProductName("load"),
        version="1.0.0",
        properties={
            f"p{n}": PropertyModel(name=f"p{n}", kind=Kind.NUMBER, schema={"type": "number"}) for n in range(PROPERTIES)
        },
    )

    sums = np.zeros(-(-minutes // 60))
    level = source.normal(20, 5, (PROPERTIES, UNITS))
    for number, first in enumerate(range(0, minutes, BATCH_MINUTES)):
        count = min(BATCH_MINUTES, minutes - first)
        unit = np.tile(np.arange(1, UNITS + 1), count)
        minute = np.repeat(np.arange(first, first + count), UNITS)
        at = START + minute * MINUTE + unit * 1_000
        walk = level[:, None, :] + np.cumsum(source.normal(0, 0.1, (PROPERTIES, count, UNITS)), axis=1)
        values = walk.round(2).reshape(PROPERTIES, -1)
        level = walk[:, -1, :]
        np.add.at(sums, minute // 60, values[0])
        columns = tuple(Column(model.properties[f"p{n}"], values[n]) for n in range(PROPERTIES))
        block = Block(model, unit, at, at + 50_000, columns)
        asyncio.run(observer.observe(Batch(partition=0, first_sequence=number, last_sequence=number, blocks=(block,))))
        if number % 20 == 0:  # what was sent twice arrives again, a little later
            again = Block(model, unit, at, at + 90_000, columns)
            asyncio.run(
                observer.observe(Batch(partition=0, first_sequence=number, last_sequence=number, blocks=(again,)))
            )
    return sums


def _settle(series: Series) -> float:
    """Wait until the number of parts stands still for some seconds, two minutes at most."""
    began, before, since = time.monotonic(), -1, time.monotonic()
    while time.monotonic() - began < 120 and time.monotonic() - since < 8:
        parts = series.query("SELECT count() AS n FROM system.parts WHERE active AND table = 'readings'")["n"][
            0
        ].as_py()
        if parts != before:
            before, since = parts, time.monotonic()
        time.sleep(0.5)
    return time.monotonic() - began


def _ask_unit_days(report: Report, telemetry: Telemetry, minutes: int) -> None:
    source = np.random.default_rng(2)
    day = min(1440, minutes)

    def unit_day() -> None:
        first = START + int(source.integers(0, max(1, minutes - day + 1))) * MINUTE
        selection = Selection(
            organisation_id=ORGANISATION,
            start=first,
            end=first + day * MINUTE,
            units=(UnitId(int(source.integers(1, UNITS + 1))),),
            product="load",
            properties=("p2",),
        )
        found = telemetry.readings(RawQuestion(selection=selection, limit=10_000))
        assert len(found) == day, f"{len(found)} readings in a day of {day}"

    times = _times(unit_day, 100)
    report.row("one unit's day, one property: p50", times[50] * 1000, "ms")
    report.row("one unit's day, one property: p95", times[95] * 1000, "ms", goal="under 30 ms")


def _ask_averages(
    report: Report, telemetry: Telemetry, sums: npt.NDArray[np.float64], minutes: int, state: str
) -> None:
    """Half of everything, all properties: 5x10^7 readings in the long form."""
    half = minutes // 2 // 60 * 60

    def hourly(aggregates: list[str]) -> pa.Table:
        end = START + half * MINUTE
        selection = Selection(organisation_id=ORGANISATION, start=START, end=end, product="load", properties=())
        question = BucketQuestion(
            selection=selection, width=parse_width("1h"), aggregates=parse_aggregates(aggregates), group="product"
        )
        return buckets_arrow(telemetry.buckets(question))

    times = _times(lambda: hourly(["avg"]), 5)
    asked = UNITS * PROPERTIES * half
    report.row(f"hourly averages of {asked:,} readings, {state}: median", times[2], "s", goal="under 2 s")
    _check(report, hourly(["sum"]), sums[: half // 60])


def _check(report: Report, table: pa.Table, sums: npt.NDArray[np.float64]) -> None:
    rows = [row for row in table.to_pylist() if row["property"] == "p0"]
    found = np.array([row["sum"] for row in sorted(rows, key=lambda row: row["at"])])
    exact = len(found) == len(sums) and np.allclose(found, sums, rtol=1e-9)
    report.row("hourly sums equal the numbers sent", str(bool(exact)), goal="True")


def _times(work: Callable[[], object], count: int) -> list[float]:
    work()
    taken = []
    for _ in range(count):
        began = time.monotonic()
        work()
        taken.append(time.monotonic() - began)
    return sorted(taken)

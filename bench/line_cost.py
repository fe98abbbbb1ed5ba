"""What the line costs without rules: decoding messages of five readings and storing them, in this process."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path

import numpy as np

from bench.rules import NUMBERS, ROWS, START, model
from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import Route, encode_commit
from monokoto.connect.line import Decoder
from monokoto.engines.log import Entry
from monokoto.engines.series import open_series
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId
from monokoto.operate.telemetry import ReadingsObserver, create_tables


class Everyone:
    """A fleet in which every id is a unit of the product."""

    def get(self, unit_id: int) -> UnitIdentity | None:
        """As `line.Units.get`."""
        return UnitIdentity(
            UnitId(unit_id), OrganisationId(1), ProductName("machine"), "1.0.0", f"m{unit_id}", UnitId(0)
        )

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        """As `line.Units.child`."""
        del parent_unit_id, name
        return None


def decode_and_store_ns(folder: Path, *, rounds: int) -> float:
    """Nanoseconds a message, the median of some batches after the first."""
    series = open_series(data_dir=folder)
    try:
        create_tables(series)
        observer = ReadingsObserver(series)
        decoder = Decoder(Everyone(), lambda *_: model())
        took = []
        for number in range(rounds + 1):
            entry = Entry("line.0", number + 1, START + number, body(number))
            began = time.perf_counter_ns()
            batch = decoder.decode(0, [entry])
            asyncio.run(observer.observe(batch))
            took.append((time.perf_counter_ns() - began) / ROWS)
            assert batch.blocks[0].readings == 5 * ROWS
        return statistics.median(took[1:])
    finally:
        series.close()


def body(number: int) -> bytes:
    """A commit of ROWS messages of five readings."""
    chance = np.random.default_rng(number)
    columns = [chance.uniform(5, 90, ROWS).round(2).tolist() for _ in NUMBERS]
    payloads = [
        f'{{"ts":{START // 1000 + number * 1000 + row // 100},"values":{{'.encode()
        + ",".join(f'"{name}":{column[row]}' for name, column in zip(NUMBERS, columns, strict=True)).encode()
        + b',"open":true}}'
        for row in range(ROWS)
    ]
    units = [row % 1_000 + 1 for row in range(ROWS)]
    return encode_commit(units, [Route.TELEMETRY] * ROWS, payloads, arrived=START + (number + 1) * 10**6)

"""Millions of readings: memory stays flat, and nothing is lost between writer and file."""

from __future__ import annotations

import io
import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pyarrow as pa
import pytest

from monokoto.connect.line import Block, Column
from monokoto.operate.telemetry import ExportQuestion, Format

READINGS = 5_000_000
PER_BATCH = 50_000


class Watch:
    """The greatest resident memory while it is open, in bytes."""

    def __enter__(self) -> Watch:
        self._process = psutil.Process()
        self._done = threading.Event()
        self.first = self.most = self._process.memory_info().rss
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.02):
            self.most = max(self.most, self._process.memory_info().rss)


@pytest.fixture
def millions(store: Any, kit: SimpleNamespace) -> int:
    """A thousand units, one reading a second each; returns the sum of all values."""
    dice, total = np.random.default_rng(11), 0
    for number in range(READINGS // PER_BATCH):
        values = dice.integers(0, 1000, PER_BATCH).astype(np.float64)
        total += int(values.sum())
        at = kit.START + (number * PER_BATCH + np.arange(PER_BATCH)) // 1000 * kit.SECOND
        unit = np.arange(PER_BATCH, dtype=np.int64) % 1000
        store.observe(Block(kit.MODEL, unit, at, at, (Column(kit.MODEL.properties["cycles"], values),)))
    return total


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("wide", [False, True], ids=["tall", "wide"])
@pytest.mark.parametrize("format_", [Format.CSV, Format.ARROW])
def test_an_export_of_millions_takes_no_more_memory(
    store: Any, select: Any, millions: int, format_: Format, wide: bool
) -> None:
    question = ExportQuestion(selection=select(end=select().end), format=format_, wide=wide)
    lines, content = 0, io.BytesIO()
    with Watch() as watch:
        for piece in store.telemetry.export(question):
            lines += piece.count(b"\n")
            if format_ is Format.ARROW:
                content.write(piece)
    # The whole, as arrow has it, would be over 250 MB beside what the engine takes to read.
    assert watch.most - watch.first < 300 << 20, f"{(watch.most - watch.first) >> 20} MB"
    if format_ is Format.CSV:
        assert lines == READINGS + 1
        return
    content.seek(0)
    name = "cycles" if wide else "number"
    counted = [(batch.num_rows, int(np.asarray(batch.column(name)).sum())) for batch in pa.ipc.open_stream(content)]
    assert (sum(rows for rows, _ in counted), sum(values for _, values in counted)) == (READINGS, millions)

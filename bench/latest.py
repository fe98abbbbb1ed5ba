"""`latest` of 10,000 units over HTTP, and single twins."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.generator import load
from bench.product import caught_up, prepare
from bench.report import Report
from monokoto.testing import Installation


def run(report: Report, *, quick: bool) -> None:
    """Every unit has sent; then they are asked for, all in one request."""
    units = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        with here:
            api, tokens, rows = prepare(here, units)
            sent = load(here.mqtt_port, tokens=tokens, clients=units, seconds=3, window=1, rate=units)
            caught_up(here, sent["acked"] * 5)
            ids = [row["unit"] for row in rows]
            for form in ("columns", "rows"):
                body = {"units": ids, "format": form}
                times = _times(lambda body=body: api.request("POST", "/api/v1/latest", json=body), 15)  # type: ignore[misc]
                report.row(f"latest of {units:,} units x 5, {form}: median", times[7] * 1000, "ms", goal="under 100 ms")
            times = _times(lambda: api.get(f"/api/v1/units/{ids[0]}/twin"), 200)
            report.row("one twin: median", times[100] * 1000, "ms")
            report.row("one twin: p95", times[190] * 1000, "ms")


def _times(work: Callable[[], object], count: int) -> list[float]:
    work()
    taken = []
    for _ in range(count):
        began = time.monotonic()
        work()
        taken.append(time.monotonic() - began)
    return sorted(taken)

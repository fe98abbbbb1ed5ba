"""Everything on one box: generator, gateway, log, line, store. As fast as it goes."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.generator import load
from bench.product import caught_up, prepare, usage
from bench.report import Report
from monokoto.engines.series import open_series
from monokoto.testing import Installation

CLIENTS = 100
READINGS_PER_MESSAGE = 5


def run(report: Report, *, quick: bool) -> None:
    """Three runs; the rate counts the time until the last acknowledged reading is stored and its twin current."""
    seconds = 5 if quick else 20
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        rates, acks, total = [], [], 0
        with here:
            _, tokens, _ = prepare(here, CLIENTS)
            warm = load(here.mqtt_port, tokens=tokens, clients=CLIENTS, seconds=1)
            base = warm["acked"] * READINGS_PER_MESSAGE
            caught_up(here, base)
            start_ms = int(time.time() * 1000) - 3_600_000
            before = usage(here)
            for _ in range(3):
                begun = time.monotonic()
                figures = load(
                    here.mqtt_port, tokens=tokens, clients=CLIENTS, seconds=seconds, window=20, start=start_ms
                )
                start_ms += figures["sent"] + 1000
                total += figures["acked"]
                caught_up(here, base + total * READINGS_PER_MESSAGE)
                rates.append(figures["acked"] / (time.monotonic() - begun))
                acks.append(figures)
                report.note(f"run: {figures['per_second']:,.0f} acked/s, {rates[-1]:,.0f}/s until queryable")
            after = usage(here)
        rates.sort()
        report.row("messages/s acked, stored, queryable (median of 3)", rates[1], "/s", goal="60,000, better 100,000")
        report.row("readings/s", rates[1] * READINGS_PER_MESSAGE, "/s", goal="500,000")
        report.row("acked/s while sending (median)", sorted(one["per_second"] for one in acks)[1], "/s")
        report.row("PUBACK p50", sorted(one["p50_ms"] for one in acks)[1], "ms")
        report.row("PUBACK p99", sorted(one["p99_ms"] for one in acks)[1], "ms")
        for kind in ("gateway", "log", "platform"):
            spent = after[kind]["cpu"] - before[kind]["cpu"]
            report.row(f"{kind} CPU a message", spent / total * 1e6, "us")
            report.row(f"{kind} resident", after[kind]["mb"], "MB")
        report.row("generator CPU a message", sum(one["generator_cpu_seconds"] for one in acks) / total * 1e6, "us")
        series = open_series(data_dir=here.data_dir)
        try:
            stored = series.query("SELECT count() AS n FROM readings FINAL").column("n")[0].as_py()
        finally:
            series.close()
        wanted = base + total * READINGS_PER_MESSAGE
        report.row("readings stored, of those acked", f"{stored:,} of {wanted:,}", goal="all, none twice")

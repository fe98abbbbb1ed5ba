"""Many units connected that say nothing."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.generator import start
from bench.product import prepare, processes, usage
from bench.report import Report
from monokoto.testing import Installation


def run(report: Report, *, quick: bool) -> None:
    """Connections one after the other, held for a while; the gateway's memory before and after."""
    connections = 1_000 if quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        with here:
            _, tokens, _ = prepare(here, connections)
            gateway = processes(here)["gateway"]
            before = gateway.memory_info().rss

            begun = time.monotonic()
            generator = start(here.mqtt_port, tokens=tokens, clients=connections, idle=True, seconds=20)
            assert generator.stdout is not None
            generator.stdout.readline()
            took = time.monotonic() - begun
            time.sleep(5)
            held = gateway.memory_info().rss
            idle_before = usage(here)
            time.sleep(10)
            idle_after = usage(here)
            report.row("connections", connections)
            report.row("connected in", took, "s")
            report.row("connects a second", connections / took, "/s")
            report.row("memory a connection", (held - before) / connections / 1024, "KB", goal="under 10 KB")
            report.row("gateway resident", held / 2**20, "MB")
            for kind in ("gateway", "platform", "log"):
                spent = idle_after[kind]["cpu"] - idle_before[kind]["cpu"]
                report.row(f"{kind} CPU while idle", spent / 10 * 100, "% of a core")
            generator.wait(60)

"""The HTTP API by keep-alive connections: twins read, desired state written, units listed, people signed in beside ingest.

Asked by `wrk` (Debian's package `wrk`), because a generator written in Python would need more of the processor than what it
measures. One wrk thread; the platform, the gateway and nats-server share the machine with it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.product import prepare, processes
from bench.report import Report
from monokoto.testing import Installation

SCRIPT = Path(__file__).parent / "load" / "api.lua"
UNLIMITED = {
    f"MONOKOTO_API_{name}": "1000000"
    for name in ("REQUESTS_PER_SECOND", "BURST", "ANONYMOUS_REQUESTS_PER_SECOND", "ANONYMOUS_BURST")
}
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


@dataclass(frozen=True)
class Asked:
    """What wrk found."""

    per_second: float
    p50_ms: float
    p99_ms: float
    p95_ms: float
    refused: int
    """Requests; of many at once their items."""
    platform_cores: float


def ask(here: Installation, mode: str, authorization: str, ids: Path, *, connections: int, seconds: int) -> Asked:
    """Ask as fast as it goes; raises when wrk could not, or nothing succeeded."""
    platform = processes(here)["platform"]
    began, before = time.monotonic(), sum(platform.cpu_times()[:2])
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(SCRIPT), here.api_url]
    done = subprocess.run([*command, "--", mode, authorization, str(ids)], capture_output=True, text=True, check=True)
    cores = (sum(platform.cpu_times()[:2]) - before) / (time.monotonic() - began)
    text = done.stdout
    refused = sum(int(found) for found in re.findall(r"(?:Non-2xx or 3xx responses|Items not done): (\d+)", text))
    percentiles = {
        int(found[1]): float(found[2]) * _UNITS[found[3]]
        for found in re.finditer(r"^\s+(50|75|90|99)%\s+([\d.]+)(us|ms|s)", text, re.MULTILINE)
    }
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]
    # wrk tells 90 and 99: p95 lies between, and the greater of two straight lines is on the safe side.
    p95 = percentiles[90] + (percentiles[99] - percentiles[90]) * 5 / 9
    return Asked(rate, percentiles[50], percentiles[99], p95, refused, cores)


def run(report: Report, *, quick: bool) -> None:
    """Units that have sent once; then each kind of request by itself."""
    if shutil.which("wrk") is None:
        report.note("`wrk` is not installed (apt-get install wrk): nothing was measured")
        return
    count, seconds = (1_000, 3) if quick else (10_000, 10)
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder), UNLIMITED)
        with here:
            api, _, rows = prepare(here, count)
            ids = Path(folder) / "ids.txt"
            ids.write_text("".join(f"{row.get('unit') or row['id']}\n" for row in rows))
            made = api.post("/api/v1/keys", {"name": "bench", "scopes": ["admin"]})
            key = f"Bearer {made['secret']}"
            for mode, connections, what, goal in (
                ("twin", 16, "twin reads", 2_800),
                ("desired", 64, "desired-state writes", 800),
            ):
                # Once over all units first: what nobody asked for since the start is read from the disk.
                ask(here, mode, key, ids, connections=connections, seconds=max(2, seconds // 2))
                found = ask(here, mode, key, ids, connections=connections, seconds=seconds)
                report.row(f"{what}, {count:,} units", found.per_second, "/s", goal=f"at least {goal:,}/s")
                report.row(f"{what}: p50 / p99", f"{found.p50_ms:.1f} / {found.p99_ms:.1f}", "ms")
                report.row(f"{what}: refused", found.refused)
                report.row(f"{what}: platform process", found.platform_cores, "cores")
            found = ask(here, "list", key, ids, connections=1, seconds=seconds)
            report.row(f"list of {count:,} units, seven filters, 100 on a page: p95", found.p95_ms, "ms", goal="100 ms")
            report.row("the same: p50", found.p50_ms, "ms")
            report.row("the same: refused", found.refused)

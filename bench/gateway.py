"""The gateway alone (its log, no line) beside mosquitto, which stores nothing: same generator, same run, in turn."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench.generator import load
from bench.product import prepare, processes
from bench.report import Report
from monokoto.testing import Installation

ROUNDS = 3


def run(report: Report, *, quick: bool) -> None:
    """100 clients, 20 unacknowledged each, and 1 unacknowledged each; medians of three rounds, A B A B A B."""
    seconds = 2 if quick else 8
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        with here, _mosquitto(Path(folder)) as (broker_port, broker):
            _, tokens, _ = prepare(here, 100)
            found = processes(here)
            # The platform sleeps through this one: the gateway and its log are measured by themselves.
            found["platform"].suspend()
            try:
                for window in (20, 1):
                    _compare(report, window, seconds, here.mqtt_port, tokens, broker_port, found["gateway"], broker)
            finally:
                found["platform"].resume()


def _compare(
    report: Report,
    window: int,
    seconds: float,
    port: int,
    tokens: Path,
    broker_port: int,
    gateway: psutil.Process,
    broker: psutil.Process | None,
) -> None:
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        ours.append(_measured(gateway, port=port, tokens=tokens, clients=100, seconds=seconds, window=window))
        if broker is not None:
            theirs.append(
                _measured(broker, port=broker_port, clients=100, seconds=seconds, window=window, topic="load/%d/t")
            )
    for name, runs in (("ours, fsynced", ours), ("mosquitto, not stored", theirs)):
        if not runs:
            report.note("mosquitto is not installed: no comparison")
            continue
        middle = sorted(runs, key=lambda one: one["per_second"])[len(runs) // 2]
        report.row(
            f"window {window}: {name}", middle["per_second"], "/s", goal="ahead of mosquitto" if runs is ours else ""
        )
        report.row(f"window {window}: {name}, PUBACK p50 / p99", f"{middle['p50_ms']} / {middle['p99_ms']}", "ms")
        report.row(f"window {window}: {name}, CPU a message", middle["cpu_us"], "us")
    if theirs:
        ratio = sorted(a["per_second"] / b["per_second"] for a, b in zip(ours, theirs, strict=True))[ROUNDS // 2]
        report.row(f"window {window}: ours / mosquitto", ratio, "", goal="over 1")


def _measured(process: psutil.Process, **options: Any) -> dict[str, Any]:
    before = process.cpu_times()
    figures = load(options.pop("port"), **options)
    after = process.cpu_times()
    spent = after.user + after.system - before.user - before.system
    return {**figures, "cpu_us": spent / max(figures["acked"], 1) * 1e6}


class _mosquitto:  # noqa: N801 - used like a function
    """A mosquitto on a free port, when there is one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> tuple[int, psutil.Process | None]:
        binary = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
        if binary is None:
            return 0, None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        configuration = self._folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n"
        )
        self._process = subprocess.Popen([binary, "-c", configuration], stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        return port, psutil.Process(self._process.pid)

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

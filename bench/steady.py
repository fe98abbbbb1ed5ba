"""A day in the life: 5,000 messages/s for minutes, then a burst of three times that, then quiet."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt

from bench.generator import start
from bench.product import caught_up, prepare, usage
from bench.report import Report
from monokoto.engines.series import open_series
from monokoto.testing import Installation, register

RATE = 5_000
CLIENTS = 500


def run(report: Report, *, quick: bool) -> None:
    """Ten minutes at the rate (one when quick), a burst of two minutes (ten seconds), everything counted at the end."""
    seconds, burst_seconds = (60, 10) if quick else (600, 120)
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        with here:
            api, tokens, _ = prepare(here, CLIENTS)
            probe = register(api, "load", ["PROBE"])[0]
            watch = _Watch(here, api, probe)
            begun_ms = int(time.time() * 1000) - 7_200_000
            generator = start(
                here.mqtt_port, tokens=tokens, clients=CLIENTS, rate=RATE, seconds=seconds, window=200, start=begun_ms
            )
            time.sleep(seconds * 0.1)
            before, at = usage(here), time.monotonic()
            memory: list[dict[str, float]] = []
            _sample(here, memory, until=at + seconds * 0.5)
            after, until = usage(here), time.monotonic()
            # The one that asks for what it sent comes second: its questions cost the platform more than 5,000 messages/s.
            watch.begin()
            while generator.poll() is None:
                _sample(here, memory, until=time.monotonic() + 2)
            watch.end()
            figures = _figures(generator)
            _report_steady(report, figures, before, after, until - at, memory, watch)
            total = figures["acked"] + _burst(report, here, tokens, burst_seconds, begun_ms + 10_000_000)
            caught_up(here, total * 5)
            probes = watch.sent
        series = open_series(data_dir=here.data_dir)
        try:
            stored = series.query("SELECT count() AS n FROM readings FINAL").column("n")[0].as_py()
        finally:
            series.close()
        report.row("readings stored, of those acked", f"{stored:,} of {total * 5 + probes:,}", goal="all, none twice")


def _sample(here: Installation, memory: list[dict[str, float]], *, until: float) -> None:
    while time.monotonic() < until:
        time.sleep(1)
        memory.append({kind: one["mb"] for kind, one in usage(here).items()})


def _figures(generator: object) -> dict[str, float]:
    import json  # noqa: PLC0415

    return json.loads(generator.stdout.read())  # type: ignore[attr-defined,no-any-return]


def _report_steady(report: Report, figures, before, after, seconds, memory, watch) -> None:  # type: ignore[no-untyped-def]
    report.row("messages/s acked", figures["per_second"], "/s")
    report.row("PUBACK p50", figures["p50_ms"], "ms")
    report.row("PUBACK p99", figures["p99_ms"], "ms", goal="under 20 ms")
    if watch.delays:
        ordered = sorted(watch.delays)
        report.row("publish to queryable, p50", statistics.median(ordered) * 1000, "ms")
        report.row("publish to queryable, p99", ordered[int(len(ordered) * 0.99)] * 1000, "ms", goal="under 1 s")
    whole = 0.0
    for kind in ("supervisor", "gateway", "log", "platform"):
        share = (after[kind]["cpu"] - before[kind]["cpu"]) / seconds * 100
        whole += share
        report.row(f"{kind} CPU", share, "% of a core")
    report.row("whole platform CPU", whole, "% of a core", goal="under 40")
    _report_memory(report, memory)


def _report_memory(report: Report, memory: list[dict[str, float]]) -> None:
    """Quarter by quarter, so that growth that levels off is told from growth that does not; and whose it is."""
    quarter = max(1, len(memory) // 4)
    parts = [memory[index * quarter : (index + 1) * quarter] for index in range(4)]
    for index, part in enumerate(parts, start=1):
        whole = statistics.median(sum(sample.values()) for sample in part)
        each = ", ".join(f"{kind} {statistics.median(one[kind] for one in part):,.0f}" for kind in part[0])
        report.row(f"resident, quarter {index} ({each})", whole, "MB", goal="flat, under 1,500")


def _burst(report: Report, here: Installation, tokens: Path, seconds: float, start_ms: int) -> int:
    generator = start(
        here.mqtt_port, tokens=tokens, clients=CLIENTS, rate=3 * RATE, seconds=seconds, window=200, start=start_ms
    )
    generator.wait(seconds + 120)
    figures = _figures(generator)
    report.row("burst: messages/s acked", figures["per_second"], "/s", goal=f"{3 * RATE:,}")
    report.row("burst: PUBACK p99", figures["p99_ms"], "ms")
    report.row("burst: connections lost", figures["closed"], "", goal="0")
    return int(figures["acked"])


class _Watch:
    """A unit that publishes now and then, and asks the history until it finds what it sent."""

    def __init__(self, here: Installation, api, unit: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
        self.delays: list[float] = []
        self.sent = 0
        self._here = here
        self._unit = unit["unit"]
        self._key = api._http.headers["Authorization"]
        self._stop = threading.Event()
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="probe")
        self._client.username_pw_set(unit["token"])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def begin(self) -> None:
        """Start watching."""
        self._client.connect("127.0.0.1", self._here.mqtt_port)
        self._client.loop_start()
        self._thread.start()

    def end(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join(30)
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        with httpx.Client(base_url=self._here.api_url, headers={"Authorization": self._key}, timeout=30) as http:
            while not self._stop.wait(0.5):
                at = int(time.time() * 1_000_000)
                begun = time.monotonic()
                self._client.publish("koto/v1/telemetry", f'{{"at":{at},"values":{{"rpm":{self.sent}}}}}', qos=1)
                self.sent += 1
                while not self._found(http, at) and time.monotonic() - begun < 20:
                    time.sleep(0.02)
                self.delays.append(time.monotonic() - begun)

    def _found(self, http: httpx.Client, at: int) -> bool:
        answer = http.get(
            f"/api/v1/units/{self._unit}/history", params={"property": "rpm", "from": _text(at - 1_000_000)}
        )
        answer.raise_for_status()
        return f"{at % 1_000_000:06d}".rstrip("0") in answer.text


def _text(at: int) -> str:
    from monokoto.kernel.clock import format_instant  # noqa: PLC0415

    return format_instant(at)

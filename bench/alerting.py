"""From publish to alert: a unit publishes a reading that crosses a limit, and whoever watches the stream of alerts sees it.

Beside it 500 units publish 5,000 messages/s, all of which the same rules watch: thresholds, windows, timers. The clock runs
from before the publish to the server-sent event with the alert that began at that reading, and the same for its end.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from random import Random
from typing import Any

import httpx
import paho.mqtt.client as mqtt

from bench.generator import start
from bench.product import prepare, usage
from bench.report import Report
from monokoto.kernel.clock import format_instant
from monokoto.testing import Installation, register, wait_until

RATE, CLIENTS = 5_000, 500
PROBES = 5
RULE = "load/bursting"
_OTHERS = 19
SEED = 7
LOST_SECONDS = 20.0


def _rules() -> str:
    """The one that is measured, and others that look at every message of every unit."""
    found = ["rules:", "  bursting: {severity: critical, when: pressure > 1000000.0}"]
    for index in range(_OTHERS):
        shapes = (
            f"{{when: temperature > {1000 + index}.0}}",
            f"{{when: rpm > {100000 + index}.0 && power > {90000 + index}.0, for: 10 s}}",
            f"{{signals: {{mean: {{average: temperature, over: 5 min}}}}, when: mean > {1000 + index}.0}}",
            f"{{signals: {{hits: {{count: humidity > {1000 + index}.0, over: 1 min}}}}, when: hits > 3.0}}",
        )
        found.append(f"  other-{index}: {shapes[index % len(shapes)]}")
    return "\n".join(found) + "\n"


def run(report: Report, *, quick: bool) -> None:
    """Quiet first, then under load; medians of everything the probes saw."""
    seconds = 20 if quick else 90
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder)) as here:
        api, tokens, _ = prepare(here, CLIENTS, rules=_rules())
        probes = register(api, "load", [f"PROBE{number}" for number in range(PROBES)])
        wait_until(lambda: len(api.get(f"/api/v1/units/{probes[0]['unit']}/rules")["items"]) == _OTHERS + 1, seconds=60)
        watch = _Watch(here, api)
        try:
            _report(report, "quiet", watch.measure(here, probes, seconds / 4))
            generator = start(
                here.mqtt_port, tokens=tokens, clients=CLIENTS, rate=RATE, seconds=seconds + 8, window=200,
                start=int(time.time() * 1000) - 7_200_000,
            )  # fmt: skip
            time.sleep(5)
            before, at = usage(here), time.monotonic()
            _report(report, f"{RATE:,} messages/s", watch.measure(here, probes, seconds))
            after, took = usage(here), time.monotonic() - at
            figures = json.loads(generator.communicate(timeout=seconds + 60)[0])
            report.row("messages/s acked", figures["per_second"], "/s", goal=f"{RATE:,}")
            cores = {kind: (after[kind]["cpu"] - before[kind]["cpu"]) / took for kind in after}
            report.row("cores", ", ".join(f"{kind} {used:.2f}" for kind, used in cores.items()))
        finally:
            watch.end()


def _report(report: Report, what: str, delays: list[float]) -> None:
    ordered = sorted(delays)
    lost = sum(one >= LOST_SECONDS for one in ordered)
    p99 = ordered[min(int(len(ordered) * 0.99), len(ordered) - 1)]
    report.row(f"{what}: publish to alert, p50", statistics.median(ordered) * 1000, "ms")
    report.row(f"{what}: publish to alert, p99 of {len(ordered)}", p99 * 1000, "ms", goal="under 500 ms")
    report.row(f"{what}: never seen", lost, "", goal="0")


class _Watch:
    """The stream of alerts, read by a thread; it notes when each alert was seen to begin and to end."""

    def __init__(self, here: Installation, api: Any) -> None:
        self._seen: dict[tuple[str, str], float] = {}
        self._ended = False
        self._connected = threading.Event()
        self._here, self._key = here, api._http.headers["Authorization"]
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        assert self._connected.wait(30)

    def end(self) -> None:
        """The stream ends with the installation."""
        self._ended = True

    def _read(self) -> None:
        headers = {"Authorization": self._key}
        timeout = httpx.Timeout(30, read=None)
        try:
            with httpx.stream(
                "GET", f"{self._here.api_url}/api/v1/alerts/stream", headers=headers, timeout=timeout
            ) as answer:
                self._connected.set()
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        self._note(json.loads(line[5:]), time.monotonic())
        except httpx.HTTPError:
            assert self._ended, "the stream of alerts broke off"

    def _note(self, alert: dict[str, Any], now: float) -> None:
        if alert.get("rule") == RULE:
            for name in ("began_at", "cleared_at"):
                if alert[name]:
                    self._seen.setdefault((alert["unit"], alert[name]), now)

    def measure(self, here: Installation, probes: list[dict[str, str]], seconds: float) -> list[float]:
        """All delays the probes saw."""
        delays: list[float] = []
        until = time.monotonic() + seconds
        threads = [
            threading.Thread(target=self._probe, args=(here, probe, until, Random(SEED + number), delays))
            for number, probe in enumerate(probes)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return delays

    def _probe(
        self, here: Installation, probe: dict[str, str], until: float, chance: Random, delays: list[float]
    ) -> None:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=probe["serial"])
        client.username_pw_set(probe["token"])
        client.connect("127.0.0.1", here.mqtt_port)
        client.loop_start()
        number = 0
        while time.monotonic() < until or number % 2:  # the last one ends what the one before it began
            time.sleep(chance.uniform(0.1, 0.4))
            number += 1
            at = time.time_ns() // 1000
            body = json.dumps({"at": at, "values": {"pressure": 2e6 if number % 2 else 1.0}})
            began = time.monotonic()
            client.publish("koto/v1/telemetry", body, qos=1)
            name = (probe["unit"], format_instant(at))
            while name not in self._seen and time.monotonic() - began < LOST_SECONDS:
                time.sleep(0.001)
            delays.append(self._seen.get(name, began + LOST_SECONDS) - began)
        client.disconnect()
        client.loop_stop()

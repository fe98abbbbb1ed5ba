"""Applications that watch units: from a unit's publish to 100 applications, and what watching costs the others.

The applications are one process of their own (`python -m bench.applications ...` inside), each a plain MQTT 3.1.1 connection
with QoS 0, read byte by byte as a client would; latency is taken from every 20th message, whose time is the unit's.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.generator import start
from bench.product import prepare, usage
from bench.report import Report
from monokoto.kernel.clock import parse_instant
from monokoto.mqtt import Connect, Subscribe, Subscription, Version, encode, frame
from monokoto.testing import Installation

APPLICATIONS = 100
UNITS = 100
BEHIND = 5_000
"""Messages a second of units nobody watches."""


def run(report: Report, *, quick: bool) -> None:
    """100 applications, each watching all 100 units, at rising rates; then a busy fleet beside one watched unit."""
    seconds = 5 if quick else 15
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder))
        with here:
            api, tokens, rows = prepare(here, UNITS + 500)
            key = api._http.headers["Authorization"].split()[1]
            watched, others = rows[:UNITS], here.folder / "others.txt"
            others.write_text("".join(row["token"] + "\n" for row in rows[UNITS:]))
            for rate in (1, 2, 5):
                _fan_out(report, here, key, watched, rate=rate, seconds=seconds)
            _unwatched(report, here, key, watched[:1], others, seconds)
    del tokens


def _fan_out(
    report: Report, here: Installation, key: str, rows: list[dict[str, str]], *, rate: float, seconds: float
) -> None:
    applications = _applications(here, key, [row["unit"] for row in rows], seconds=seconds + 4)
    assert applications.stdout is not None
    applications.stdout.readline()  # all are subscribed
    before, began = usage(here), time.monotonic()
    sent = asyncio.run(_publish(here.mqtt_port, [row["token"] for row in rows], rate=rate, seconds=seconds))
    after, taken = usage(here), time.monotonic() - began
    heard = json.loads(applications.communicate(timeout=60)[0])
    name = f"{APPLICATIONS} applications x {UNITS} units at {rate:g}/s"
    expected = sent * APPLICATIONS
    report.row(f"{name}: told", heard["messages"] / taken, "/s", goal=f"{expected / taken:,.0f}")
    report.row(f"{name}: p50", heard["p50_ms"], "ms")
    report.row(f"{name}: p99", heard["p99_ms"], "ms", goal="under 500 ms")
    for kind in ("gateway", "platform"):
        report.row(f"{name}: {kind} CPU", (after[kind]["cpu"] - before[kind]["cpu"]) / taken * 100, "% of a core")


def _unwatched(
    report: Report, here: Installation, key: str, rows: list[dict[str, str]], others: Path, seconds: float
) -> None:
    """The same load three times: nobody watches, one quiet unit is watched by 100, and again nobody."""
    begun_ms = int(time.time() * 1000) - 7_200_000
    for turn, watching in enumerate((False, True, False)):
        applications = (
            _applications(here, key, [row["unit"] for row in rows], seconds=seconds + 8) if watching else None
        )
        if applications is not None:
            assert applications.stdout is not None
            applications.stdout.readline()
        generator = start(
            here.mqtt_port, tokens=others, clients=500, rate=BEHIND, seconds=seconds + 4, window=200,
            start=begun_ms + turn * 1_000_000,
        )  # fmt: skip
        time.sleep(2)
        before, began = usage(here), time.monotonic()
        time.sleep(seconds)
        after, taken = usage(here), time.monotonic() - began
        generator.communicate(timeout=60)
        who = "100 watch one other unit" if watching else "nobody watches"
        for kind in ("gateway", "platform"):
            share = (after[kind]["cpu"] - before[kind]["cpu"]) / taken * 100
            report.row(f"{BEHIND:,}/s, {who}: {kind} CPU", share, "% of a core")
        if applications is not None:
            applications.communicate(timeout=60)
        time.sleep(8)  # until the platform has forgotten who watched


def _applications(here: Installation, key: str, units: list[str], *, seconds: float) -> subprocess.Popen[str]:
    listed = here.folder / "watched.txt"
    listed.write_text("\n".join(units))
    command = [sys.executable, "-m", "bench.applications", str(here.mqtt_port), key, str(listed), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


async def _publish(port: int, tokens: list[str], *, rate: float, seconds: float) -> int:
    """Every unit by its own connection, evenly spread; how many were sent."""
    writers = []
    for token in tokens:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode(Connect(version=Version.V3_1_1, client_id="u", username=token), Version.V3_1_1))
        writers.append(writer)
    await asyncio.sleep(1)
    topic = b"koto/v1/telemetry"
    begun, sent, step = time.monotonic(), 0, 1 / (rate * len(writers))
    while time.monotonic() - begun < seconds:
        for writer in writers:
            at = int(time.time() * 1_000_000)
            payload = b'{"at":%d,"values":{"temperature":%d,"rpm":%d}}' % (at, sent % 50, sent)
            body = len(topic).to_bytes(2, "big") + topic + payload
            writer.write(bytes((0x30, len(body))) + body)
            sent += 1
            ahead = begun + sent * step - time.monotonic()
            if ahead > 0.002:
                await asyncio.sleep(ahead)
    await asyncio.sleep(1)
    for writer in writers:
        writer.close()
    return sent


class _Application(asyncio.Protocol):
    """One client that subscribes and counts."""

    def __init__(self, key: str, units: list[str], figures: _Figures) -> None:
        self._key, self._units, self._figures = key, units, figures
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        filters = tuple(Subscription(filter=f"koto/v1/units/{unit}/telemetry") for unit in self._units)
        transport.write(
            encode(
                Connect(version=Version.V3_1_1, client_id=f"a{id(self)}", username="app", password=self._key.encode()),
                Version.V3_1_1,
            )
        )
        transport.write(encode(Subscribe(packet_id=1, subscriptions=filters), Version.V3_1_1))

    def data_received(self, data: bytes) -> None:
        now = time.time()
        data = self._rest + data
        at, end = 0, len(data)
        while at + 2 <= end:
            start, stop = frame(data, at, end)
            if not start or stop > end:
                break
            if data[at] & 0xF0 == 0x30:
                self._figures.take(data, start, stop, now)
            elif data[at] == 0x90:
                self._figures.subscribed += 1
            at = stop
        self._rest = data[at:]


class _Figures:
    def __init__(self) -> None:
        self.messages = self.subscribed = 0
        self.delays: list[float] = []

    def take(self, data: bytes, start: int, stop: int, now: float) -> None:
        self.messages += 1
        if self.messages % 20 == 0:
            payload = start + 2 + int.from_bytes(data[start : start + 2], "big")
            told = json.loads(data[payload:stop])
            self.delays.append(now - parse_instant(told["at"]) / 1_000_000)


async def _listen(port: int, key: str, units: list[str], seconds: float) -> None:
    figures = _Figures()
    loop = asyncio.get_running_loop()
    for _ in range(APPLICATIONS):
        await loop.create_connection(lambda: _Application(key, units, figures), "127.0.0.1", port)
    deadline = loop.time() + 60
    while figures.subscribed < APPLICATIONS and loop.time() < deadline:
        await asyncio.sleep(0.05)
    print(figures.subscribed, flush=True)
    figures.messages = 0
    figures.delays.clear()
    await asyncio.sleep(seconds)
    delays = sorted(figures.delays) or [0.0]
    said = {
        "messages": figures.messages,
        "p50_ms": statistics.median(delays) * 1000,
        "p99_ms": delays[int(len(delays) * 0.99)] * 1000,
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(_listen(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_text().split(), float(sys.argv[4])))

"""Commands round trip: asked over HTTP, carried out by units over MQTT, seen to have succeeded by who asked.

Asked by `wrk` with `wait`: a request is answered when the unit's last word is known, so that its latency is the round trip.
One by one, a request for each command; then fifty in each request, answered when the last of them is done.
The units are as plain as can be (one process, bytes in and bytes out), because they share the machine with what is measured.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import struct
import tempfile
from multiprocessing.synchronize import Event
from pathlib import Path

from bench.api import UNLIMITED, ask
from bench.product import metric, usage
from bench.report import Report
from monokoto.mqtt import Connect, Subscribe, Subscription, Version, encode, encode_publish
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: actor
model:
  title: A unit that does what it is asked
  version: { model: "1.0.0" }
  actions:
    turn:
      input: {type: object, required: [by], properties: {by: {type: integer, minimum: 0, maximum: 360}}}
      output: {type: object, required: [angle], properties: {angle: {type: number}}}
"""
MANY = 50
"""As in `load/api.lua`."""
TOPIC = "koto/v1/actions/"
DONE = b'{"status":"succeeded","output":{"angle":7}}'


class Actor(asyncio.Protocol):
    """A unit: answers every command at once."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._rest = b""
        self._next = 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        hello = Connect(client_id="", version=Version.V3_1_1, clean_start=True, keep_alive=0, username=self._token)
        subscribe = Subscribe(packet_id=1, subscriptions=(Subscription(filter=f"{TOPIC}+/+", qos=1),))
        transport.write(encode(hello) + encode(subscribe, Version.V3_1_1))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        while len(data) > 2:
            length, at = data[1] & 0x7F, 2
            if data[1] & 0x80:
                if len(data) < 3:
                    break
                length, at = length | (data[2] & 0x7F) << 7, 3
            if len(data) < at + length:
                break
            if data[0] >> 4 == 3:
                self._answer(data[at : at + length])
            data = data[at + length :]
        self._rest = data

    def _answer(self, body: bytes) -> None:
        end = 2 + struct.unpack_from(">H", body)[0]
        self._next = self._next % 65_535 + 1
        status = encode_publish(body[2:end] + b"/status", DONE, qos=1, packet_id=self._next, version=Version.V3_1_1)
        self._transport.write(b"\x40\x02" + body[end : end + 2] + status)


def act(port: int, tokens: list[str], stop: Event) -> None:
    """The process of the units."""

    async def live() -> None:
        loop = asyncio.get_running_loop()
        for token in tokens:
            await loop.create_connection(lambda token=token: Actor(token), "127.0.0.1", port)
        await asyncio.to_thread(stop.wait)

    asyncio.run(live())


def run(report: Report, *, quick: bool) -> None:
    """Units that are there; then asked by more and more askers at once."""
    if shutil.which("wrk") is None:
        report.note("`wrk` is not installed (apt-get install wrk): nothing was measured")
        return
    units, seconds = (200, 5) if quick else (1_000, 20)
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder), UNLIMITED) as here:
        api = here.organisation("bench")
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        rows = register(api, "actor", [f"A{number:05d}" for number in range(units)])
        ids = Path(folder) / "ids.txt"
        ids.write_text("".join(f"{row.get('unit') or row['id']}\n" for row in rows))
        key = f"Bearer {api.post('/api/v1/keys', {'name': 'bench', 'scopes': ['admin']})['secret']}"
        stop = multiprocessing.get_context("spawn").Event()
        actors = multiprocessing.get_context("spawn").Process(
            target=act, args=(here.mqtt_port, [row["token"] for row in rows], stop), daemon=True
        )
        actors.start()
        try:
            wait_until(lambda: metric(here, "units_online") >= units, seconds=120)
            ask(here, "command", key, ids, connections=16, seconds=3)
            for connections in (16, 32, 64, 96):
                _measure(report, here, key, ids, f"{connections} ask one by one", "command", connections, seconds)
            for connections in (2, 4, 8):
                what = f"{connections} ask {MANY} in each request"
                _measure(report, here, key, ids, what, "commands", connections, seconds, each=MANY)
        finally:
            stop.set()
            actors.join(10)
            actors.kill()


def _measure(
    report: Report,
    here: Installation,
    key: str,
    ids: Path,
    what: str,
    mode: str,
    connections: int,
    seconds: int,
    *,
    each: int = 1,
) -> None:
    before = usage(here)
    found = ask(here, mode, key, ids, connections=connections, seconds=seconds)
    after = usage(here)
    trips = found.per_second * each
    report.row(f"{what}: round trips", trips, "/s", goal="1,000/s")
    report.row(f"{what}: p50 / p99", f"{found.p50_ms:.1f} / {found.p99_ms:.1f}", "ms", goal="p99 100 ms")
    report.row(f"{what}: refused or not done", found.refused)
    spent = {kind: (after[kind]["cpu"] - before[kind]["cpu"]) / (trips * seconds) * 1000 for kind in after}
    shown = ", ".join(f"{kind} {used:.2f}" for kind, used in spent.items() if used >= 0.005)
    report.row(f"{what}: ms of a core for each", shown)

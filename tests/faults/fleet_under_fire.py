"""Units that publish without a pause while the platform under them is killed, and the judge of what became of it.

A reading is a function of its unit and number, so that the judge needs no copy of what was sent: it recomputes it. The units
live on an event loop in a thread of their own; the test's main thread kills and starts (a child dies with the thread that
started it, so that must be one which lasts).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from monokoto.cli.client import ApiClient
from monokoto.device import Device, DeviceOptions
from monokoto.engines.series import open_series
from monokoto.kernel.clock import format_instant, parse_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.mqtt import Version
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: pump
model:
  "@context": ["https://www.w3.org/2022/wot/td/v1.1"]
  "@type": "tm:ThingModel"
  title: A pump
  version: { model: "1.0.0" }
  properties:
    level: { type: number, unit: m }
    strokes: { type: integer }
    note: { type: string }
    target: { type: integer }
"""
STEP = 1_000
"""Microseconds between two readings of one unit."""
SHUFFLED = 16
"""Readings leave in another order than they were made: late ones must not turn a twin back."""
PROPERTIES = ("level", "note", "strokes")


@dataclass(frozen=True, slots=True)
class Manner:
    """How a unit sends."""

    version: Version = Version.V5
    qos: int = 1
    session_seconds: int = 0
    http: bool = False


MANNERS = (
    Manner(),
    Manner(version=Version.V3_1_1),
    Manner(session_seconds=3600),
    Manner(version=Version.V3_1_1, session_seconds=3600),
    Manner(qos=2, session_seconds=3600),
    Manner(version=Version.V3_1_1, qos=2),
    Manner(http=True),
    Manner(http=True),
)


@dataclass(slots=True, eq=False)
class Pump:
    """One unit, and what it knows of what it sent."""

    number: int
    manner: Manner
    unit: str
    token: str
    begun: int
    sent: set[int] = field(default_factory=set)
    acked: set[int] = field(default_factory=set)
    refused: list[str] = field(default_factory=list)
    device: Device | None = None
    silenced: bool = False

    def values(self, number: int) -> dict[str, Any]:
        """What it measured the `number`th time."""
        return {
            "level": number * 0.5 + self.number,
            "note": f"{self.number}/{number}",
            "strokes": number * 2_654_435_761 % 1_000_003 + self.number,
        }

    def at(self, number: int) -> int:
        """When, in microseconds."""
        return self.begun + number * STEP

    def payload(self, number: int) -> bytes:
        """As it travels."""
        return json.dumps({"at": self.at(number), "values": self.values(number)}).encode()


class Fleet:
    """The pumps of one installation, running until `finish`."""

    def __init__(self, here: Installation, api: ApiClient, *, seed: int, manners: Sequence[Manner] = MANNERS) -> None:
        self.here, self.api = here, api
        self._random = Random(seed)
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        rows = register(api, "pump", [f"P{number}" for number in range(len(manners))])
        begun = (int(time.time()) - 7200) * 1_000_000
        self.pumps = [
            Pump(number, manner, row["unit"], row["token"], begun)
            for number, (manner, row) in enumerate(zip(manners, rows, strict=True))
        ]
        self.heard: list[dict[str, Any]] = []
        """What the first pump was told is desired of it."""
        self.desired_acked = 0
        self._desired_tried = 0
        self._stopping = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fleet", daemon=True)
        self._tasks: dict[str, asyncio.Future[None]] = {}

    # The life of it

    def start(self, *, pace: float = 150.0, desire: bool = True) -> None:
        """Begin to send, each pump so many readings a second, and to desire something new of the first one."""
        self._thread.start()
        self._run(self._start(pace, desire))

    def silence(self, pumps: Sequence[Pump]) -> None:
        """These stop where they are and never come back: what they did not get acknowledged stays so."""
        self._run(self._silence(pumps))

    def finish(self, *, seconds: float = 120.0) -> None:
        """Send no more, and wait until the platform has acknowledged what was sent."""
        self._stopping.set()
        self._run(asyncio.wait_for(self._drain(), seconds))

    def close(self) -> None:
        """Take the pumps off."""
        self._stopping.set()
        if self._thread.is_alive():
            self._run(self._close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        self._loop.close()

    @property
    def acked(self) -> int:
        """Messages acknowledged so far."""
        return sum(len(pump.acked) for pump in self.pumps)

    def acked_within(self, seconds: float) -> int:
        """Messages acknowledged from now on for so long."""
        before = self.acked
        time.sleep(seconds)
        return self.acked - before

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _start(self, pace: float, desire: bool) -> None:
        for pump in self.pumps:
            if not pump.manner.http:
                pump.device = self._device(pump)
            self._tasks[pump.unit] = asyncio.ensure_future(self._pump(pump, pace))
        first = self.pumps[0].device
        if desire and first is not None:
            first.subscribe("koto/v1/desired", lambda _topic, payload: self.heard.append(json.loads(payload)))
            self._tasks["desire"] = asyncio.ensure_future(self._desire())

    def _device(self, pump: Pump) -> Device:
        options = DeviceOptions(
            version=pump.manner.version,
            client_id=f"pump-{pump.number}",
            session_seconds=pump.manner.session_seconds,
            keep_alive_seconds=5,
            connect_seconds=5.0,
            wait_seconds=0.2,
            wait_seconds_max=1.0,
        )
        device = Device(
            f"mqtt://127.0.0.1:{self.here.mqtt_port}",
            token=pump.token,
            options=options,
            random=Random(self._random.random()),
        )
        device.begin()
        return device

    async def _silence(self, pumps: Sequence[Pump]) -> None:
        for pump in pumps:
            pump.silenced = True
            task = self._tasks.pop(pump.unit)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if pump.device is not None:
                await pump.device.pause()

    async def _drain(self) -> None:
        await asyncio.gather(*self._tasks.values())
        await asyncio.gather(*(pump.device.drain() for pump in self.pumps if pump.device and not pump.silenced))

    async def _close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for pump in self.pumps:
            if pump.device is not None:
                await pump.device.stop(drain_seconds=0)

    # What a pump does

    async def _pump(self, pump: Pump, pace: float) -> None:
        chance = Random(self._random.random())
        send = self._send_http if pump.manner.http else self._send_mqtt
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {pump.token}"}, timeout=5) as http:
            for first in range(0, 10**9, SHUFFLED):
                if self._stopping.is_set():
                    return
                numbers = list(range(first, first + SHUFFLED))
                chance.shuffle(numbers)
                await send(pump, numbers, http)
                await asyncio.sleep(SHUFFLED / pace)

    async def _send_mqtt(self, pump: Pump, numbers: list[int], _http: httpx.AsyncClient) -> None:
        device = pump.device
        assert device is not None
        for number in numbers:
            pump.sent.add(number)
            done = await device.send("koto/v1/telemetry", pump.payload(number), qos=pump.manner.qos)
            done.add_done_callback(lambda done, number=number: self._answered(pump, number, done))

    @staticmethod
    def _answered(pump: Pump, number: int, done: asyncio.Future[int]) -> None:
        if done.cancelled():
            return
        if done.result() < 0x80:
            pump.acked.add(number)
        else:
            pump.refused.append(f"{number}: reason {done.result():#x}")

    async def _send_http(self, pump: Pump, numbers: list[int], http: httpx.AsyncClient) -> None:
        """The same body again until it is taken."""
        body = b"[" + b",".join(pump.payload(number) for number in numbers) + b"]"
        pump.sent.update(numbers)
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = await http.post(f"{self.here.api_url}/api/v1/telemetry", content=body)
                if answer.status_code == 204:
                    pump.acked.update(numbers)
                    return
                if answer.status_code < 500:
                    pump.refused.append(f"{answer.status_code}: {answer.text}")
                    return
            await asyncio.sleep(0.2)

    async def _desire(self) -> None:
        """Desire one number after the other; what was answered must stay desired."""
        key = self.api._http.headers["Authorization"]
        path = f"{self.here.api_url}/api/v1/units/{self.pumps[0].unit}/twin/desired"
        async with httpx.AsyncClient(headers={"Authorization": key}, timeout=5) as http:
            while not self._stopping.is_set():
                self._desired_tried += 1
                with contextlib.suppress(httpx.TransportError):
                    answer = await http.patch(
                        path,
                        content=json.dumps({"target": self._desired_tried}),
                        headers={"Content-Type": "application/merge-patch+json"},
                    )
                    if answer.status_code == 200:
                        self.desired_acked = self._desired_tried
                await asyncio.sleep(0.3)

    # The judge

    def judge(self, *, seconds: float = 90.0) -> None:
        """Fail unless, in a while, the API tells exactly what happened."""
        told: list[str] = ["nothing was asked yet"]

        def agree() -> bool:
            try:
                told[:] = [*self._readings_wrong(), *self._presence_wrong(), *self._desired_wrong()]
            except MonokotoError as error:
                told[:] = [str(error)]
            return not told

        with contextlib.suppress(TimeoutError):
            wait_until(agree, seconds=seconds, every=0.5)
        assert not told, "\n".join(told[:20])

    def _readings_wrong(self) -> Iterator[str]:
        stored = self.stored()
        for pump in self.pumps:
            found = stored.get(pump.unit, {})
            yield from (f"pump {pump.number} was refused {reason}" for reason in pump.refused[:3])
            yield from _readings_compared(pump, found)
            yield from self._twin_wrong(pump, found)
        if letters := self.api.get("/api/v1/dead-letters/counts"):
            yield f"dead letters: {letters}"

    def stored(self) -> dict[str, dict[int, dict[str, Any]]]:
        """Unit -> time -> property -> value, as the export tells it."""
        begun = min(pump.begun for pump in self.pumps)
        since, until = format_instant(begun), format_instant(int(time.time() * 1e6) + 10**9)
        params = {"product": "pump", "from": since, "to": until, "format": "ndjson"}
        found: dict[str, dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
        with self.api.stream("GET", "/api/v1/export", params=params) as answer:
            for line in answer.iter_lines():
                row = json.loads(line)
                values = found[row["unit"]][parse_instant(row["at"])]
                assert row["property"] not in values, f"told twice: {row}"
                values[row["property"]] = row["value"]
        return found

    def _twin_wrong(self, pump: Pump, found: dict[int, dict[str, Any]]) -> Iterator[str]:
        if not found:
            return
        last = max(found)
        reported = self.api.get(f"/api/v1/units/{pump.unit}/twin")["reported"]["properties"]
        told = {name: (parse_instant(one["at"]), one["value"]) for name, one in reported.items()}
        wanted = {name: (last, value) for name, value in found[last].items()}
        if told != wanted:
            yield f"the twin of pump {pump.number} is {told} and not {wanted}"

    def _presence_wrong(self) -> Iterator[str]:
        for pump in self.pumps:
            told = self.api.get(f"/api/v1/units/{pump.unit}/presence")
            online = not pump.silenced and not pump.manner.http
            if told["online"] is not online:
                yield f"pump {pump.number} is {'on' if online else 'off'}line, the platform says {told}"

    def _desired_wrong(self) -> Iterator[str]:
        if not self._desired_tried:
            return
        desired = self.api.get(f"/api/v1/units/{self.pumps[0].unit}/twin")["desired"]
        target = desired["properties"].get("target", 0)
        if not self.desired_acked <= target <= self._desired_tried:
            yield f"desired is {target}, answered was {self.desired_acked}"
        if not self.heard or self.heard[-1] != {"revision": desired["revision"], "desired": desired["properties"]}:
            yield f"desired is {desired}, the unit heard last {self.heard[-1:]}"
        revisions = [one["revision"] for one in self.heard]
        if revisions != sorted(revisions):
            yield f"the unit heard of older desires after newer ones: {revisions}"


def count_in_store(data_dir: Path) -> tuple[int, int]:
    """How many readings a stopped installation holds: as every query sees them, and by distinct name."""
    series = open_series(data_dir=data_dir)
    try:
        (row,) = series.query(
            "SELECT count() AS rows, uniqExact(unit, property, at) AS names FROM readings FINAL"
        ).to_pylist()
        return row["rows"], row["names"]
    finally:
        series.close()


def _readings_compared(pump: Pump, found: dict[int, dict[str, Any]]) -> Iterator[str]:
    numbers = {(at - pump.begun) // STEP for at in found}
    if missing := pump.acked - numbers:
        yield f"pump {pump.number}: {len(missing)} acked readings are missing, e.g. {sorted(missing)[:5]}"
    if unknown := numbers - pump.sent:
        yield f"pump {pump.number}: {len(unknown)} readings were never sent, e.g. {sorted(unknown)[:5]}"
    if not pump.silenced and (unacked := pump.sent - pump.acked):
        yield f"pump {pump.number}: {len(unacked)} readings were not acknowledged, e.g. {sorted(unacked)[:5]}"
    for at, values in found.items():
        wanted = pump.values((at - pump.begun) // STEP)
        if values != wanted:
            yield f"pump {pump.number} at {at}: {values} and not {wanted}"

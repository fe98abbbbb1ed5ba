"""Metering: usage events by HTTP, what ten meters cost the line, questions over 100,000 units."""

from __future__ import annotations

import asyncio
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from bench import blueprint_meters
from bench.generator import start
from bench.line_cost import Everyone, body
from bench.product import prepare
from bench.report import Report
from bench.rules import ROWS, START, model
from monokoto.connect.line import Decoder
from monokoto.earn.calendar import Span
from monokoto.earn.metering import MeterBook, Metering, UsageObserver
from monokoto.earn.metering.sampling import Samples, of_doubles
from monokoto.engines.log import Entry
from monokoto.engines.series import Series, open_series
from monokoto.kernel.clock import ManualClock, SystemClock, format_instant
from monokoto.operate.telemetry import ReadingsObserver, create_tables
from monokoto.testing import Installation, register, wait_until

BATCH = 1_000
LINE_RATE = 5_000
LINE_CLIENTS = 500
SENDERS = 4
DAY = 86_400_000_000
METERS: Mapping[str, Any] = {
    "one": {"counter": "temperature"},
    "two": {"maximum": "load", "every": "15 min"},
    "three": {"count": "temperature", "where": "temperature > 80.0"},
    "four": {"count": "load", "where": "load > 85.0 && latitude < 20.0"},
    "five": {"sum": "latitude", "where": "latitude > 88.0"},
    "six": {"weighted": "longitude", "per": "h", "where": "longitude > 70.0"},
    "seven": {"duration": "open", "in": [True]},
    "eight": {"percentile": "longitude", "at": 95, "where": "open"},
    "nine": {"sum": "com.example.call", "external": True, "value": "data.n"},
    "ten": {"count": "com.example.call", "external": True},
}
FEW: Mapping[str, Any] = {
    **{name: METERS[name] for name in ("four", "five", "nine", "ten")},
    "three": {"count": "temperature", "where": "temperature > 88.0"},
    "six": {"weighted": "longitude", "per": "h", "where": "longitude > 85.0"},
    "seven": {"duration": "open", "in": [True], "where": "load > 88.0"},
    "eight": {"percentile": "longitude", "at": 95, "where": "open && load < 8.0"},
    "one": {"counter": "temperature", "where": "latitude > 88.0"},
    "two": {"maximum": "load", "every": "15 min", "where": "load > 88.0"},
}
KEPT = (1, 2, 3, 5)
"""Of the five readings of a message, how many are kept as samples: from which share on does it cost too much?"""
PRODUCT = """
product: caller
model:
  title: Caller
  version: {model: 1.0.0}
  properties:
    energy: {type: number, readOnly: true}
meters:
  calls: {sum: com.example.call, external: true, value: data.n, by: [data.region]}
  energy: {counter: energy, unit: kWh}
"""


def run(report: Report, *, quick: bool) -> None:
    """The line's cost, then questions, then HTTP: each with a store of its own."""
    _line(report, rounds=4 if quick else 12)
    with tempfile.TemporaryDirectory() as folder:
        _blueprints(report, Path(folder), rounds=4 if quick else 8)
    with tempfile.TemporaryDirectory() as folder:
        _questions(report, Path(folder), units=10_000 if quick else 100_000)
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder)) as here:
        _http(report, here, seconds=5 if quick else 20)
        _beside(report, here, seconds=10 if quick else 30)


class _Products:
    """One product with the ten meters."""

    def __init__(self, meters: Mapping[str, Any], like: Any) -> None:
        self._meters, self._like = meters, like

    def content(self, *_: object) -> Any:
        return SimpleNamespace(document={"meters": self._meters})

    def model(self, *_: object) -> Any:
        return self._like

    def versions(self, *_: object) -> list[Any]:
        return [SimpleNamespace(version=self._like.version)]

    def list(self, *_: object, **__: object) -> list[Any]:
        return []


def _line(report: Report, *, rounds: int) -> None:
    """Each mix of meters beside decoding and storing of its own, in turn, on a store of its own: merges are of what it wrote."""
    mixes: Mapping[str, tuple[Mapping[str, Any], int]] = {
        "ten meters of whatever is read": (METERS, 0),
        "ten meters of few readings": (FEW, 0),
        "ten meters of few readings, an hour late": (FEW, 3_600),
        **{f"{count} of 5 readings kept": (_kept(count), 0) for count in KEPT},
    }
    found: list[tuple[float, float]] = []
    for name, (meters, late) in mixes.items():
        with tempfile.TemporaryDirectory() as folder:
            samples, more, share = _cost(report, Path(folder), name, meters, late, rounds)
        report.row(f"{name}: {samples:.2f} samples a message", more / 1000, "us of CPU a message")
        report.row("that is", share, "% of decoding and storing", goal="20 % at most")
        found.append((share, samples))
    slope, level = np.polyfit(*zip(*found, strict=True), 1)
    report.row("20 % are passed at", float(20 * slope + level), "samples a message of 5 readings")


def _cost(
    report: Report, folder: Path, name: str, meters: Mapping[str, Any], late: int, rounds: int
) -> tuple[float, float, float]:
    """Samples a message; ns of CPU of this process a message for them; that in % of decoding and storing five readings."""
    series = open_series(data_dir=folder)
    try:
        create_tables(series)
        readings, decoder = ReadingsObserver(series), Decoder(Everyone(), lambda *_: model())
        observer = _observer(series, meters, model(), late=late)
        plain, metered = [], []
        for number in range(rounds + 1):
            entry = Entry("line.0", number + 1, START + number, body(number))
            began = time.process_time_ns()
            batch = decoder.decode(0, [entry])
            asyncio.run(readings.observe(batch))
            plain.append((time.process_time_ns() - began) / ROWS)
            began = time.process_time_ns()
            asyncio.run(observer.observe(batch))
            metered.append((time.process_time_ns() - began) / ROWS)
        base, more = statistics.median(plain[1:]), statistics.median(metered[1:])
        # The median hides what some batches do for many: telling what is late, merging.
        mean = 100 * sum(metered[1:]) / sum(plain[1:])
        report.note(f"{name}: decoding and storing {base / 1000:.2f} us a message; of the means it is {mean:.1f} %")
        return observer.samples / (ROWS * (rounds + 1)), more, 100 * more / base
    finally:
        series.close()


def _kept(count: int) -> Mapping[str, Any]:
    """Meters that keep every reading of so many of the five properties."""
    kinds = ({"sum": name} for name in ("temperature", "load", "latitude", "longitude"))
    meters = [*kinds, {"count": "open"}][:count]
    return {f"kept-{place}": meter for place, meter in enumerate(meters)}


def _observer(
    series: Series, meters: Mapping[str, Any], kind: Any, fleet: Any = None, *, late: int = 0
) -> UsageObserver:
    """`late`: seconds the clock is ahead of the readings."""
    products, clock = _Products(meters, kind), ManualClock(START + (15 + late) * 1_000_000)
    units = fleet or Everyone()
    metering = Metering(series, book=MeterBook(products), products=products, units=units, clock=clock)
    metering.book.of_version(*kind.key)
    return UsageObserver(metering.writer, metering.book, units, linger_ms=0)


def _blueprints(report: Report, folder: Path, *, rounds: int) -> None:
    series = open_series(data_dir=folder)
    try:
        create_tables(series)
        blueprint_meters.run(report, series, partial(_observer, series), rounds=rounds)
    finally:
        series.close()


def _questions(report: Report, folder: Path, *, units: int) -> None:
    """A month of every unit: 30 samples each."""
    series = open_series(data_dir=folder)
    try:
        book = MeterBook(
            _Products({"calls": {"sum": "x", "external": True, "value": "data.n"}, "runs": METERS["one"]}, _plain())
        )
        metering = Metering(series, book=book, products=_Products({}, _plain()), units=Everyone(), clock=SystemClock())
        began = time.monotonic()
        rows = 0
        for name in ("calls", "runs"):
            for day in range(30):
                rows += _fill(metering, name, units, START + day * DAY)
        report.row("samples", rows)
        report.row("stored at", rows / (time.monotonic() - began), "samples/s")
        span = Span(START, START + 31 * DAY)
        for name in ("calls", "runs"):
            key = f"{_plain().product}/{name}"
            one = 4_711 % units + 1
            report.row(
                f"{name}: a unit's month", 1000 * _median(partial(metering.total, 1, key, {one: [span]}, span)), "ms"
            )
            began = time.monotonic()
            found = sum(1 for _ in metering.totals(1, key, None, span))
            took = time.monotonic() - began
            report.row(f"{name}: month of {found:,} units", took, "s")
            report.row(
                f"{name}: that is for 50 million samples", took * 50_000_000 / (rows / 2), "s", goal="part of 600 s"
            )
            mapping = {unit: [span] for unit in range(1, units + 1)}
            began = time.monotonic()
            assert sum(1 for _ in metering.totals(1, key, mapping, span)) == units
            report.row(f"{name}: with each unit's own times", time.monotonic() - began, "s")
    finally:
        series.close()


def _plain() -> Any:
    return model()


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(7):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _fill(metering: Metering, name: str, units: int, at: int) -> int:
    ids = np.arange(1, units + 1, dtype=np.int64)
    when = np.full(units, at, np.int64) + ids
    metering.writer.write(
        [
            Samples(
                organisation_id=1, product=_plain().product, meter=name, unit=ids, at=when, arrived=when,
                value=of_doubles(np.round(ids % 97 + (at - START) / DAY, 2)),
            )
        ]
    )  # fmt: skip
    return units


def _http(report: Report, here: Installation, *, seconds: float) -> None:
    """Batches of a thousand from several senders; then the same again, all duplicates; then a reading until it is usage."""
    api = here.organisation("maker")
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    key = api.post("/api/v1/keys", {"name": "meter", "scopes": ["earn:write"]})["secret"]
    units = register(api, "caller", [f"c{number}" for number in range(100)])
    ids = [one["unit"] for one in units]
    wait_until(lambda: _send(here, key, _bodies(ids, "try", 1)[0])["accepted"] == BATCH, seconds=60)
    batches = _bodies(ids, "real", max(8, int(seconds) * 15))
    taken, took, slowest = _all(here, key, batches)
    report.row("usage events accepted", taken / took, "events/s", goal="10,000/s")
    report.row("a batch of 1,000 took", 1000 * slowest[len(slowest) // 2], "ms, median")
    report.row("slowest batch", 1000 * slowest[-1], "ms")
    again = batches[: max(4, len(batches) // 4)]
    _, took, _ = _all(here, key, again)
    report.row("duplicates recognised", BATCH * len(again) / took, "events/s")
    total = api.get("/api/v1/usage?meter=caller/calls&from=-1h")["items"][0]["quantity"]
    assert int(total) == (len(batches) + 1) * BATCH, total
    report.note("the total over HTTP equals what was accepted, the repeats counted once")


def _beside(report: Report, here: Installation, *, seconds: float) -> None:
    """The same beside LINE_RATE messages a second of other units, in real time."""
    _, tokens, _ = prepare(here, LINE_CLIENTS)
    maker = here.organisation("maker-beside")
    maker.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    key = maker.post("/api/v1/keys", {"name": "meter", "scopes": ["earn:write"]})["secret"]
    ids = [one["unit"] for one in register(maker, "caller", [f"b{number}" for number in range(100)])]
    wait_until(lambda: _send(here, key, _bodies(ids, "try", 1)[0])["accepted"] == BATCH, seconds=60)
    line = start(
        here.mqtt_port, tokens=tokens, clients=LINE_CLIENTS, rate=LINE_RATE, seconds=seconds, window=200,
        start=int(time.time() * 1000) - int(seconds * 1000),
    )  # fmt: skip
    time.sleep(seconds * 0.2)
    accepted, took, slowest, until, number = 0, 0.0, [], time.monotonic() + seconds * 0.6, 0
    while time.monotonic() < until:
        batches = _bodies(ids, f"beside-{number}", 20)
        some, spent, each = _all(here, key, batches)
        accepted, took, number = accepted + some, took + spent, number + 1
        slowest += each
    figures = json.loads(line.communicate(timeout=seconds + 120)[0])
    slowest.sort()
    report.row(f"beside {LINE_RATE:,} messages/s: usage events accepted", accepted / took, "events/s", goal="10,000/s")
    report.row("a batch of 1,000 took", 1000 * slowest[len(slowest) // 2], "ms, median")
    report.row("the line meanwhile: messages acknowledged", figures["per_second"], "/s", goal=f"{LINE_RATE:,}")
    report.row("PUBACK p99", figures["p99_ms"], "ms")


def _bodies(ids: Sequence[str], source: str, count: int) -> list[bytes]:
    now = format_instant(SystemClock().now())
    return [
        json.dumps(
            [
                {
                    "specversion": "1.0", "id": f"{number}-{one}", "source": source, "type": "com.example.call",
                    "subject": ids[one % len(ids)], "time": now, "data": {"n": 1, "region": "eu"},
                }
                for one in range(BATCH)
            ]
        ).encode()
        for number in range(count)
    ]  # fmt: skip


def _send(here: Installation, key: str, body: bytes, connection: http.client.HTTPConnection | None = None) -> Any:
    there = connection or http.client.HTTPConnection(urlsplit(here.api_url).netloc, timeout=60)
    there.request(
        "POST", "/api/v1/usage-events", body,
        {"authorization": f"Bearer {key}", "content-type": "application/cloudevents-batch+json"},
    )  # fmt: skip
    answer = there.getresponse()
    text = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status}: {text[:300]!r}")
    return json.loads(text)


def _all(here: Installation, key: str, batches: Sequence[bytes]) -> tuple[int, float, list[float]]:
    waiting, accepted, took = list(batches), [0], []
    lock = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(here.api_url).netloc, timeout=60)
        while True:
            with lock:
                if not waiting:
                    return
                body = waiting.pop()
            began = time.monotonic()
            answer = _send(here, key, body, connection)
            with lock:
                accepted[0] += answer["accepted"]
                took.append(time.monotonic() - began)

    senders = [threading.Thread(target=work) for _ in range(SENDERS)]
    began = time.monotonic()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return accepted[0], time.monotonic() - began, sorted(took)

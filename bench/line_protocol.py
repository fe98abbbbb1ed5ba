"""InfluxDB line protocol, as a fleet of 500 trucks would have it written (the shape of TSBS's `iot` readings)."""

from __future__ import annotations

import random
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from bench.product import caught_up, metric
from bench.report import Report
from monokoto.testing import Installation, register

FIELDS = ("latitude", "longitude", "elevation", "velocity", "heading", "grade", "fuel_consumption")
TRUCKS, ROWS_PER_REQUEST, WRITERS = 500, 5_000, 4
PRODUCT = """\
product: truck
model:
  "@context": ["https://www.w3.org/2022/wot/td/v1.1"]
  "@type": "tm:ThingModel"
  title: Truck
  version: {{ model: "1.0.0" }}
  properties:
{properties}
"""


def run(report: Report, *, quick: bool) -> None:
    """Four writers send rows of all trucks, ten seconds apart; the depot's token may write for the trucks below it."""
    requests = 8 if quick else 80
    with tempfile.TemporaryDirectory() as folder:
        here = Installation(Path(folder), {"MONOKOTO_GATEWAY_UNIT_MESSAGES_PER_SECOND": "1000000"})
        with here:
            api = here.organisation("bench")
            properties = "\n".join(f"    {name}: {{ type: number }}" for name in FIELDS)
            api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT.format(properties=properties)}})
            depot = register(api, "truck", ["depot"])[0]
            _register_below(api, depot["unit"])
            bodies = _bodies(requests)
            with httpx.Client(base_url=here.api_url, timeout=60) as http:
                began = time.monotonic()
                with ThreadPoolExecutor(WRITERS) as writers:
                    answers = list(writers.map(lambda body: _write(http, depot["token"], body), bodies))
                acked = time.monotonic() - began
            caught_up(here, requests * ROWS_PER_REQUEST * len(FIELDS))
            whole = time.monotonic() - began
            assert set(answers) == {204}, answers
            rows = requests * ROWS_PER_REQUEST
            report.row("rows written and fsynced", rows / acked, "rows/s")
            report.row("rows written, stored, queryable", rows / whole, "rows/s")
            report.row("readings", rows * len(FIELDS) / whole, "/s")
            report.row("dead letters", metric(here, "line_dead_letters_total"), goal="0")


def _register_below(api, parent: str) -> None:  # type: ignore[no-untyped-def]
    body = "serial,product,parent\n" + "".join(f"truck_{number},truck,{parent}\n" for number in range(TRUCKS))
    with api.stream(
        "POST",
        "/api/v1/units/import",
        content=body.encode(),
        headers={"Content-Type": "text/csv"},
        params={"tokens": "false"},
    ) as answer:
        refused = [line for line in answer.iter_lines() if ",refused," in line]
    assert not refused, refused[:3]


def _bodies(requests: int) -> list[bytes]:
    source = random.Random(4)
    at = int(time.time()) - 40_000
    bodies = []
    for request in range(requests):
        lines = []
        for row in range(ROWS_PER_REQUEST):
            number = request * ROWS_PER_REQUEST + row
            fields = ",".join(f"{name}={source.uniform(0, 100):.2f}" for name in FIELDS)
            moment = (at + number // TRUCKS * 10) * 1_000_000_000
            lines.append(
                f"readings,unit=truck_{number % TRUCKS},fleet=West,driver=Trish,model=G-2000 {fields} {moment}"
            )
        bodies.append("\n".join(lines).encode())
    return bodies


def _write(http: httpx.Client, token: str, body: bytes) -> int:
    return http.post("/write?db=fleet", content=body, headers={"Authorization": f"Token {token}"}).status_code

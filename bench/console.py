"""First contentful paint of the console's pages with 10,000 units, in Chromium on the same machine (W3C Paint Timing).

Each page is opened by a browser without a cache and by one that has its scripts and styles already; the figure is the paint
the browser itself tells of (`PerformanceObserver`), from the moment the page was asked for.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from pathlib import Path

import httpx

from bench.report import Report
from monokoto.testing import Installation, wait_until

ROOT = Path(__file__).resolve().parents[1]
UNITS = 10_000
CHUNK = 2_000
COLD, WARM = 7, 15
GOAL = "under 1,000"
PAGES = (
    ("overview", "/console"),
    ("units", "/console/units"),
    ("units found by text", "/console/units?text=0042"),
    ("products", "/console/products"),
    ("a unit", "/console/units/{unit}"),
    ("its charts", "/console/units/{unit}/charts"),
    ("audit", "/console/audit"),
)
PAINT = """() => new Promise((told) => {
  const look = (entries) => {
    const paint = entries.find((one) => one.name === "first-contentful-paint");
    if (paint) told(paint.startTime);
  };
  new PerformanceObserver((list) => look(list.getEntries())).observe({ type: "paint", buffered: true });
})"""
UNLIMITED = {"MONOKOTO_API_REQUESTS_PER_SECOND": "100000", "MONOKOTO_API_BURST": "100000"}


def run(report: Report, *, quick: bool) -> None:
    """Register the units, then look at one page after another."""
    sys.path.append(str(ROOT / "tests" / "console"))
    import browser  # noqa: PLC0415 - beside the tests, found only now

    if lacks := browser.missing():
        report.note(lacks)
        return
    with tempfile.TemporaryDirectory() as folder, Installation(Path(folder), UNLIMITED) as here:
        client = browser.begin_platform(here)
        units = _register(client, 1_000 if quick else UNITS)
        report.row("units", float(units[1]))
        with browser.chromium(here.api_url) as chrome:
            cookies = browser.session_cookies(client, here.api_url)
            for name, template in PAGES:
                path = template.format(unit=units[0])
                if client.get(path, follow_redirects=True).status_code != 200:
                    report.note(f"{path} is not there")
                    continue
                cold, warm = [], []
                for _ in range(3 if quick else COLD):
                    with chrome.visitor(cookies=cookies) as visitor:
                        cold.append(float(visitor.go(path).evaluate(PAINT)))
                with chrome.visitor(cookies=cookies) as visitor:
                    warm = [float(visitor.go(path).evaluate(PAINT)) for _ in range(5 if quick else WARM)][1:]
                report.row(f"{name}: median, nothing cached", statistics.median(cold), "ms", goal=GOAL)
                report.row(f"{name}: slowest, nothing cached", max(cold), "ms", goal=GOAL)
                report.row(f"{name}: median, scripts cached", statistics.median(warm), "ms", goal=GOAL)


def _register(client: httpx.Client, count: int) -> tuple[str, int]:
    """So many units of a blueprint; the first, which also measured something, and how many there are."""
    text = (ROOT / "blueprints" / "thermostat" / "product.yaml").read_text("utf-8")
    client.post("/api/v1/products/apply", json={"files": {"product.yaml": text}}).raise_for_status()
    first: dict[str, str] = {}
    made = 0
    headers = {"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"}
    for begin in range(0, count, CHUNK):
        rows = (
            {"product": "thermostat", "serial": f"TH-{number:06d}", "tags": [f"floor {number % 40}"],
             "location": {"latitude": -50 + number % 100, "longitude": -170 + number * 7 % 340}}
            for number in range(begin, min(begin + CHUNK, count))
        )  # fmt: skip
        body = "".join(json.dumps(row) + "\n" for row in rows)
        answer = client.post("/api/v1/units/import", content=body, headers=headers, timeout=120).raise_for_status()
        registered = [json.loads(line) for line in answer.text.splitlines() if line]
        made += sum("token" in row for row in registered)
        first = first or registered[0]
    device = httpx.Client(base_url=client.base_url, headers={"Authorization": f"Bearer {first['token']}"})
    for number in range(60):
        device.post("/api/v1/telemetry", json={"temperature": 20 + number % 7, "mode": "heat"}).raise_for_status()
    wait_until(lambda: client.get(f"/api/v1/units/{first['unit']}/twin").json()["reported"]["properties"])
    return first["unit"], made

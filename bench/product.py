"""The product whose units the generator plays, and an installation with such units."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import psutil

from monokoto.cli.client import ApiClient
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: load
model:
  "@context": ["https://www.w3.org/2022/wot/td/v1.1"]
  "@type": "tm:ThingModel"
  title: A unit under load
  version: { model: "1.0.0" }
  properties:
    temperature: { type: number, unit: "°C" }
    humidity: { type: number, unit: "%" }
    power: { type: number, unit: W }
    rpm: { type: number }
    pressure: { type: number, unit: bar }
"""


def prepare(here: Installation, units: int, *, rules: str = "") -> tuple[ApiClient, Path, list[dict[str, str]]]:
    """An organisation with the product (`rules`: its section of rules) and so many units; a file with a token a line."""
    api = here.organisation("bench")
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT + rules}})
    rows = register(api, "load", [f"L{number:06d}" for number in range(units)])
    tokens = here.folder / "tokens.txt"
    tokens.write_text("".join(row["token"] + "\n" for row in rows))
    return api, tokens, rows


TOPIC_BELOW = "koto/v1/units/L%06d/telemetry"
"""Where a gateway publishes for the units below it; the generator numbers them (`--each`)."""


def prepare_below(
    here: Installation, units: int, gateways: int, *, rules: str = ""
) -> tuple[ApiClient, Path, list[dict[str, str]]]:
    """As `prepare`, with units that have no connection of their own: as many below each gateway, whose tokens are in the file,
    in the order of the units' numbers."""
    api, tokens, above = prepare(here, 0, rules=rules)
    above = register(api, "load", [f"G{number:03d}" for number in range(gateways)])
    tokens.write_text("".join(row["token"] + "\n" for row in above))
    each = units // gateways
    for number, gateway in enumerate(above):
        rows = [
            {"product": "load", "serial": f"L{place:06d}", "parent": gateway["unit"]}
            for place in range(number * each, (number + 1) * each)
        ]
        body = "".join(json.dumps(row) + "\n" for row in rows).encode()
        with api.stream(
            "POST", "/api/v1/units/import", content=body,
            headers={"Content-Type": "application/x-ndjson", "Accept": "application/x-ndjson"},
        ) as answer:  # fmt: skip
            made = sum('"token"' in line for line in answer.iter_lines())
        if made != each:
            raise RuntimeError(f"{made} of {each} units were registered")
    return api, tokens, above


def metric(here: Installation, name: str) -> float:
    """One number of the platform's metrics."""
    text = httpx.get(f"{here.api_url}/metrics", timeout=30).text
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(f"monokoto_{name}"))


def caught_up(here: Installation, readings: int, *, seconds: float = 120) -> None:
    """Wait until the line has decoded and its observers have taken in so many readings."""
    wait_until(lambda: metric(here, "line_readings_total") >= readings, seconds=seconds, every=0.02)


def processes(here: Installation) -> dict[str, psutil.Process]:
    """The installation's processes by kind: `log`, `gateway`, `platform`, `supervisor`."""
    found = {"supervisor": psutil.Process(here.pid)}
    for child in found["supervisor"].children(recursive=True):
        words = " ".join(child.cmdline())
        kind = "log" if "nats-server" in words else "gateway" if " gateway" in words else "platform"
        found[kind] = child
    return found


def usage(here: Installation) -> dict[str, dict[str, Any]]:
    """CPU seconds and resident megabytes of each process."""
    figures = {}
    for kind, process in processes(here).items():
        times = process.cpu_times()
        figures[kind] = {"cpu": times.user + times.system, "mb": process.memory_info().rss / 2**20}
    return figures

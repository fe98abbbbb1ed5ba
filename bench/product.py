"""The product whose units the generator plays, and an installation with such units."""

from __future__ import annotations

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

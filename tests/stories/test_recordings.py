"""Real recordings, replayed through real MQTT: every reading of the file arrives, and sent twice it is there once."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import parse_instant
from monokoto.testing import Installation, register, wait_until

Reading = tuple[str, str, int, float]
"""Serial, property, time in microseconds, value."""
HOUR = 3_600_000_000
START = parse_instant("2026-01-01T00:00:00Z")


def apply(api: ApiClient, folder: Path) -> None:
    api.post("/api/v1/products/apply", {"files": {"product.yaml": (folder / "product.yaml").read_text()}})


def exported(api: ApiClient, product: str, serials: dict[str, str]) -> set[Reading]:
    """Everything stored of a product; a reading that is there twice fails."""
    query = {"product": product, "from": "1980-01-01T00:00:00Z", "to": "2040-01-01T00:00:00Z", "format": "ndjson"}
    found: set[Reading] = set()
    with api.stream("GET", "/api/v1/export", params=query) as answer:
        for line in answer.iter_lines():
            row = json.loads(line)
            reading = (serials[row["unit"]], row["property"], int(parse_instant(row["at"])), float(row["value"]))
            assert reading not in found
            found.add(reading)
    return found


def replay(here: Installation, *arguments: str) -> dict[str, Any]:
    done = here.koto("replay", *arguments, "--url", str(here.told["mqtt"]), "--json")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def engines_of(file: Path, prefix: str) -> Iterator[Reading]:
    with gzip.open(file, "rt") as text:
        for row in csv.DictReader(text):
            at = START + int(float(row["cycle"])) * HOUR
            for name, value in row.items():
                if name != "unit":
                    yield (f"{prefix}{row['unit']}", name, at, float(value))


@pytest.mark.long
@pytest.mark.shared_data
def test_a_hundred_engines_lives(here: Installation, blueprints: Path, shared_data: Path, tmp_path: Path) -> None:
    with here.organisation("turbines") as api:
        apply(api, blueprints / "turbofan")
        rows = register(api, "turbofan", [f"{kind}-{number}" for kind in ("train", "test") for number in range(1, 101)])
        serials = {row["unit"]: row["serial"] for row in rows}
        credentials = tmp_path / "credentials.csv"
        credentials.write_text("serial,token\n" + "".join(f"{row['serial']},{row['token']}\n" for row in rows))
        sent: set[Reading] = set()
        for _ in range(2):
            for kind in ("train", "test"):
                file = shared_data / "cmapss" / f"{kind}_FD001.csv.gz"
                sent.update(engines_of(file, f"{kind}-"))
                report = replay(
                    here, str(file), "--unit", "unit", "--serial", f"{kind}-{{}}", "--time", "cycle", "--cycle-seconds", "3600",
                    "--credentials", str(credentials), "--batch", "20",
                )  # fmt: skip
                assert report["rows"] == {"train": 20_631, "test": 13_096}[kind]
            stored = wait_until(lambda: _all(api, serials, len(sent)), seconds=60, every=1)
            assert stored == sent
        assert len(sent) == (20_631 + 13_096) * 25
        assert api.get("/api/v1/dead-letters")["items"] == []
        _twins_hold_the_last_cycle(api, rows, sent)
        # Power by the hour: each cycle flown is an hour, however often the tables are sent.
        hours = wait_until(lambda: _flight_hours(api, len(sent) // 25), seconds=60, every=1)
        assert hours == {f"{kind}-1": cycles for kind, cycles in (("train", 192), ("test", 31))}


def _flight_hours(api: ApiClient, flown: int) -> dict[str, int] | None:
    """Of two engines, once the fleet has all that were flown."""
    question = {"meter": "turbofan/flight-hours", "from": "2025-12-31T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    (total,) = api.get("/api/v1/usage", question)["items"]
    if total["quantity"] != str(flown):
        return None
    found = {}
    for serial in ("train-1", "test-1"):
        (unit,) = api.get("/api/v1/units", {"serial": serial})["items"]
        (own,) = api.get("/api/v1/usage", {**question, "unit": unit["id"]})["items"]
        found[serial] = int(own["quantity"])
    return found


def _all(api: ApiClient, serials: dict[str, str], count: int) -> set[Reading] | None:
    question = {"product": "turbofan", "from": "2025-01-01T00:00:00Z", "to": "2030-01-01T00:00:00Z", "width": "1y"}
    answer = api.post("/api/v1/history", {**question, "aggregates": ["count"], "group": "product"})
    known = sum(int(one or 0) for series in answer["series"] for one in series["count"])
    return exported(api, "turbofan", serials) if known >= count else None


def _twins_hold_the_last_cycle(api: ApiClient, rows: list[dict[str, str]], sent: set[Reading]) -> None:
    last: dict[tuple[str, str], tuple[int, float]] = {}
    for serial, name, at, value in sent:
        last[serial, name] = max(last.get((serial, name), (0, 0.0)), (at, value))
    for row in rows[::40]:
        reported = api.get(f"/api/v1/units/{row['unit']}/twin")["reported"]["properties"]
        assert {name: one["value"] for name, one in reported.items()} == {
            name: value for (serial, name), (_, value) in last.items() if serial == row["serial"]
        }


@pytest.mark.shared_data
def test_a_machines_temperature(here: Installation, blueprints: Path, shared_data: Path) -> None:
    (file,) = shared_data.glob("nab/data/realKnownCause/machine_temperature_system_failure.csv*")
    text = gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()
    # The file tells some moments twice (a clock set back): a reading is named by its time, the later one holds.
    rows = {
        int(parse_instant(row["timestamp"] + "Z")): float(row["value"]) for row in csv.DictReader(text.splitlines())
    }
    with here.organisation("factory") as api:
        apply(api, blueprints / "sensor")
        (unit,) = register(api, "sensor", ["machine-1"])
        for _ in range(2):
            replay(
                here,
                str(file),
                "--time",
                "timestamp",
                "--assume-utc",
                "--token",
                unit["token"],
                "--only",
                "value",
                "--batch",
                "50",
            )
        wanted = {("machine-1", "value", at, value) for at, value in rows.items()}
        stored = wait_until(lambda: _same_size(api, unit, len(wanted)), seconds=60, every=0.5)
        assert stored == wanted


def _same_size(api: ApiClient, unit: dict[str, str], count: int) -> set[Reading] | None:
    found = exported(api, "sensor", {unit["unit"]: "machine-1"})
    return found if len(found) >= count else None

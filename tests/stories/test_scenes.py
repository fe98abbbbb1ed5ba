"""An evening in a house of twenty lamps: groups, a scene, a schedule; and a power cut in the middle of it."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from unit_clients import Paho

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import parse_instant
from monokoto.testing import Installation, register, wait_until

PRODUCT = """
product: house-lamp
model:
  title: Lamp
  version: {model: 1.0.0}
  properties:
    on: {type: boolean}
    brightness: {type: integer, minimum: 0, maximum: 100}
  actions:
    blink: {input: {type: object, properties: {times: {type: integer}}}}
"""
GROUPS = """
group: hall
filter: {product: house-lamp}
place: {timezone: Asia/Seoul}
---
group: porch
units: [%s]
"""
SCENES = """
scene: evening
title: Evening
steps:
  - units: {group: hall}
    desired: {on: true, brightness: 30}
  - units: {group: porch}
    action: blink
    input: {times: 2}
---
scene: too-bright
steps:
  - units: {product: house-lamp}
    desired: {brightness: 300}
"""


class Lamp:
    """A lamp that blinks when it is told to, and remembers each command it ever heard of."""

    def __init__(self, port: int, token: str) -> None:
        self.asked: list[str] = []
        self._client = Paho(port, token)
        assert self._client.connect() == 0
        self._client.subscribe("koto/v1/actions/+/+")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._live, daemon=True)
        self._thread.start()

    def _live(self) -> None:
        while not self._ends.is_set():
            with contextlib.suppress(queue.Empty, ConnectionResetError):
                topic, said = self._client.message(0.2)
                if "cancel" not in said:
                    self.asked.append(topic.split("/")[4])
                    self._client.publish(f"{topic}/status", {"status": "succeeded"})

    def end(self) -> None:
        self._ends.set()
        self._thread.join(40)
        self._client.leave()


def plain(text: str) -> str:
    """Ids differ from run to run."""
    return re.sub(r"\b[0-9a-hjkmnp-tv-z]{13}\b", "ID", text)


@pytest.fixture(scope="module")
def house(here: Installation) -> Installation:
    return here


@pytest.fixture(scope="module")
def maker(house: Installation) -> Iterator[ApiClient]:
    with house.organisation("lights") as api:
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        yield api


def koto(house: Installation, api: ApiClient, *words: str) -> Any:
    key = api.api.http.headers["Authorization"].removeprefix("Bearer ")
    return house.koto(*words, key=key)


def test_an_evening_from_the_command_line(house: Installation, maker: ApiClient, tmp_path: Path) -> None:
    lamps = register(maker, "house-lamp", [f"lamp-{number:02}" for number in range(20)])
    porch = lamps[:2]
    (tmp_path / "groups.yaml").write_text(GROUPS % ", ".join(one["unit"] for one in porch))
    (tmp_path / "scenes.yaml").write_text(SCENES)
    done = koto(house, maker, "groups", "apply", str(tmp_path / "groups.yaml"))
    assert done.stdout == "hall  product house-lamp  version 1\nporch  2 named  version 1\n", done.stderr
    done = koto(house, maker, "scenes", "apply", str(tmp_path / "scenes.yaml"))
    assert done.stdout == "evening  2 steps, revision 1\ntoo-bright  1 steps, revision 1\n", done.stderr
    assert "20 house-lamp 1.0.0 units" in done.stderr, "what would be refused is warned of"
    done = koto(house, maker, "scenes", "run", "evening", "--preview")
    assert done.stdout == "step 0: 20 units\nstep 1: 2 units\n", done.stderr
    there = [Lamp(house.mqtt_port, one["token"]) for one in porch]
    try:
        done = koto(house, maker, "scenes", "run", "evening")
    finally:
        for lamp in there:
            lamp.end()
    assert done.returncode == 0, done.stdout + done.stderr
    assert plain(done.stdout) == "ID  evening  done  22 done\n"
    assert [len(set(lamp.asked)) for lamp in there] == [1, 1]
    twin = f"/api/v1/units/{lamps[7]['unit']}/twin"
    assert maker.get(twin)["desired"]["properties"] == {"on": True, "brightness": 30}
    runs = maker.get("/api/v1/scene-runs")["items"]
    done = koto(house, maker, "scenes", "undo", runs[0]["id"])
    assert done.returncode == 0, done.stderr
    ended = wait_until(lambda: _ended(maker, runs[0]["id"]))
    assert ended["state"] == "undone"
    assert maker.get(twin)["desired"]["properties"] == {}
    # Its end, and that of undoing it; written when the run has ended.
    wait_until(lambda: len(maker.get("/api/v1/audit", {"action": "scene-run.finished"})["items"]) == 2)


@pytest.mark.long
def test_a_scheduled_run_survives_sigkill_and_asks_each_unit_once(house: Installation, maker: ApiClient) -> None:
    lamps = register(maker, "house-lamp", [f"garden-{number}" for number in range(8)])
    ids = [one["unit"] for one in lamps]
    there = [Lamp(house.mqtt_port, one["token"]) for one in lamps]
    planned = (datetime.now(UTC) + timedelta(seconds=4)).replace(microsecond=0)
    schedule = {
        "name": "garden",
        "when": {"at": [planned.strftime("%H:%M:%S")]},
        "run": {"steps": [{"units": {"ids": ids}, "action": "blink", "input": {}}], "pace": 4},
        "timezone": "UTC",
    }
    try:
        made = maker.post("/api/v1/schedules", schedule)
        (first, *_) = maker.get("/api/v1/schedules/garden/next")["times"]
        assert parse_instant(first["at"]) == int(planned.timestamp()) * 1_000_000

        def runs() -> list[Any]:
            found: list[Any] = maker.get("/api/v1/scene-runs", {"schedule": made["id"]})["items"]
            return found

        wait_until(
            lambda: any(run["counts"].get("done", 0) + run["counts"].get("asked", 0) >= 2 for run in runs()), seconds=60
        )
        house.kill()
        for lamp in there:
            lamp.end()
        house.start()
        again = [Lamp(house.mqtt_port, one["token"]) for one in lamps]
        try:
            (run,) = runs()
            ended = wait_until(lambda: _ended(maker, run["id"]), seconds=90)
        finally:
            for lamp in again:
                lamp.end()
        assert (ended["state"], ended["counts"]) == ("done", {"done": 8}), ended
        assert len(runs()) == 1
        for before, after in zip(there, again, strict=True):
            assert len({*before.asked, *after.asked}) == 1, "one command, however often its message came"
    finally:
        for lamp in there:
            lamp.end()


def _ended(api: ApiClient, run_id: str) -> Any:
    run = api.get(f"/api/v1/scene-runs/{run_id}")
    return run if run["state"] not in {"waiting", "running", "stopping", "undoing"} else None

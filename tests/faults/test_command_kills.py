"""SIGKILL of platform, gateway and unit at random instants: no command is done twice, none is lost, none is stuck."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import httpx
import psutil
import pytest
from test_kills import children, seed

from monokoto.cli.client import ApiClient
from monokoto.engines.host import tethered
from monokoto.kernel.errors import MonokotoError
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: actor
model:
  version: {model: "1.0.0"}
  actions:
    turn:
      input: {type: object, required: [by], properties: {by: {type: integer}}}
      output: {type: object, required: [angle], properties: {angle: {type: integer}}}
"""
STOPPED = "the unit stopped while it was at it"
ASKERS = 4
ASKED_MIN = 12
"""Fewer would show nothing."""
ENDED = {"succeeded", "failed"}


class Unit:
    """The unit's process; it starts again after each kill."""

    def __init__(self, here: Installation, token: str, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        script = Path(__file__).with_name("acting_unit.py")
        self._command = [sys.executable, str(script), f"mqtt://127.0.0.1:{here.mqtt_port}", token, str(folder)]
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(tethered(self._command))

    def kill(self) -> None:
        self.stop()
        self._process = self._start()

    def stop(self) -> None:
        # The tether is the parent: whoever it holds dies with it.
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                child.send_signal(signal.SIGKILL)
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def done(self) -> Counter[str]:
        path = self.folder / "done"
        return Counter(path.read_text().split() if path.exists() else ())


class Asker:
    """Asks without a pause, each command until it is taken; what was taken must come to an end."""

    def __init__(self, here: Installation, api: ApiClient, unit: str) -> None:
        self._url = f"{here.api_url}/api/v1/units/{unit}/actions/turn"
        self._key = api._http.headers["Authorization"]
        self.taken: dict[str, int] = {}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(first,), daemon=True) for first in range(ASKERS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, first: int) -> None:
        with httpx.Client(headers={"Authorization": self._key}, timeout=5) as http:
            for number in range(first, 10**6, ASKERS):
                while not self._stopping.is_set():
                    with contextlib.suppress(httpx.TransportError):
                        params = {"request": f"r{number}", "timeout": 300}
                        answer = http.post(self._url, params=params, json={"by": number})
                        if answer.status_code == 201:
                            self.taken[answer.json()["id"]] = number
                            break
                        assert answer.status_code in {429, 503}, answer.text
                    time.sleep(0.1)
                if self._stopping.wait(0.02):
                    return

    def finish(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(20)


def after_kills(folder: Path, *, kills: int, longest_pause: float) -> None:
    chance = Random(seed())
    with Installation(folder / "here") as here:
        api = here.organisation("acme")
        api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
        (row,) = register(api, "actor", ["A1"])
        unit = Unit(here, row["token"], folder / "unit")
        try:
            asker = Asker(here, api, row["unit"])
            wait_until(unit.done, seconds=60)
            for victim in (chance.choice(("platform", "gateway", "unit")) for _ in range(kills)):
                strike(here, unit, victim)
                time.sleep(chance.uniform(0.2, longest_pause))
            wait_until(lambda: len(asker.taken) > ASKED_MIN, seconds=60)
            for victim in ("unit", "platform"):
                strike(here, unit, victim)
            asker.finish()
            commands = wait_until(lambda: ended(api, row["unit"], asker.taken), seconds=120, every=0.5)
        finally:
            unit.stop()
        judge(commands, asker.taken, unit.done())


def strike(here: Installation, unit: Unit, victim: str) -> None:
    if victim == "unit":
        unit.kill()
        return
    found = wait_until(lambda: next((one for kind, one in children(here).items() if kind.startswith(victim)), None))
    with contextlib.suppress(psutil.NoSuchProcess):
        os.kill(found.pid, signal.SIGKILL)


def ended(api: ApiClient, unit: str, taken: dict[str, int]) -> dict[str, dict[str, Any]] | None:
    """All commands once all have ended."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    try:
        while True:
            page = api.get(f"/api/v1/units/{unit}/actions", {"limit": "200", **({"cursor": cursor} if cursor else {})})
            found |= {one["id"]: one for one in page["items"]}
            cursor = page.get("next_cursor") or ""
            if not cursor:
                break
    except MonokotoError:
        return None  # it starts again
    return found if found.keys() >= taken.keys() and all(one["status"] in ENDED for one in found.values()) else None


def judge(commands: dict[str, dict[str, Any]], taken: dict[str, int], done: Counter[str]) -> None:
    print(f"{len(taken)} commands: {Counter(one['status'] for one in commands.values())}")
    assert len(taken) > ASKED_MIN
    assert not [one for one, times in done.items() if times > 1], "done twice"
    for command_id, number in taken.items():
        command = commands[command_id]
        assert command["input"] == {"by": number}
        if command["status"] == "succeeded":
            assert done[command_id] == 1
            assert command["output"] == {"angle": number}
        else:
            assert command["error"] == STOPPED
    assert sum(one["status"] == "succeeded" for one in commands.values()) > len(taken) / 2


@pytest.mark.timeout(300)
def test_no_command_is_done_twice_lost_or_stuck_whoever_is_killed(tmp_path: Path) -> None:
    after_kills(tmp_path, kills=3, longest_pause=2.0)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_the_same_many_times(tmp_path: Path) -> None:
    after_kills(tmp_path, kills=40, longest_pause=4.0)

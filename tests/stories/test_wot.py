"""A unit as a Web of Things Thing: node-wot, which knows nothing of us but the description and a key, uses a live unit."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from monokoto.cli.client import ApiClient
from monokoto.engines.host import tethered
from monokoto.testing import Installation, wait_until

WOT = Path(__file__).resolve().parents[1] / "wot"
sys.path.append(str(WOT))
import wot_node  # noqa: E402

SECONDS = 60.0


@dataclass
class Thing:
    """A simulated unit that lives, and what an application has of it: its description and a key."""

    api: ApiClient
    key: str
    unit: str
    token: str
    """One of the unit's own."""
    here: Installation

    @property
    def url(self) -> str:
        return f"{self.here.api_url}/api/v1/units/{self.unit}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def description(self, **query: Any) -> dict[str, Any]:
        answer = httpx.get(f"{self.url}/td", headers=self.headers, params=query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/td+json")
        return answer.json()

    def happen(self, event: str, data: Any) -> None:
        """Let the unit say that something happened."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.post(f"{self.here.api_url}/api/v1/events/{event}", json=data, headers=headers)
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def thing(here: Installation, blueprints: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Thing]:
    folder = tmp_path_factory.mktemp("thing")
    product = yaml.safe_load((blueprints / "thermostat" / "product.yaml").read_text())
    product["simulation"]["every"] = "1s"
    product["simulation"].pop("offline")
    product["model"]["actions"]["boost"]["output"] = {"type": "object", "required": ["watts"], "properties": {
        "watts": {"type": "number", "minimum": 100}}}  # fmt: skip
    product["model"]["actions"]["ping"] = {"synchronous": True, "output": {"type": "string", "enum": ["pong"]}}
    (folder / "product.yaml").write_text(yaml.safe_dump(product, sort_keys=False))
    with here.organisation("wot") as api:
        key = str(api.post("/api/v1/keys", {"name": "consumer", "scopes": ["admin"]})["secret"])
        assert here.koto("apply", str(folder), key=key).returncode == 0
        environment = {**here.environment, "MONOKOTO_URL": here.api_url, "MONOKOTO_KEY": key}
        command = [sys.executable, "-m", "monokoto.cli", "simulate", str(folder), "--units", "1", "--json"]
        simulating = subprocess.Popen(
            tethered([*command, "--url", f"mqtt://127.0.0.1:{here.mqtt_port}"]),
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            (unit,) = wait_until(lambda: api.get("/api/v1/units")["items"], seconds=SECONDS)
            token = api.post(f"/api/v1/units/{unit['id']}/credentials", {"name": "testing"})["token"]
            living = Thing(api, key, unit["id"], token, here)
            wait_until(lambda: "temperature" in api.get(f"/api/v1/units/{unit['id']}/properties"), seconds=SECONDS)
            yield living
        finally:
            simulating.send_signal(signal.SIGINT)
            try:
                simulating.wait(20)
            except subprocess.TimeoutExpired:
                simulating.kill()


class Consumer:
    """A node-wot process that does what it is told and tells what it gets."""

    def __init__(self, node: list[str], description: dict[str, Any], key: str, *, mqtt: bool = False) -> None:
        self.told: dict[str, list[Any]] = {}
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process = subprocess.Popen(
            tethered([*node, str(WOT / "consumer.mjs")]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "NODE_NO_WARNINGS": "1"},
        )
        threading.Thread(target=self._read, daemon=True).start()
        self._write({"td": description, "key": key, "mqtt": mqtt})

    def _write(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(line) + "\n")
        self._process.stdin.flush()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            answer = json.loads(line) if line.startswith("{") else {"step": "noise"}
            if answer["step"] == "told":
                self.told.setdefault(answer["name"], []).append(answer["value"])
            elif answer["step"] not in {"failed", "noise"}:
                self._answers.put(answer)

    def __call__(self, do: str, name: str = "", **more: Any) -> Any:
        """Do one step; what came of it."""
        self._write({"do": do, "name": name, **more})
        answer = self._answers.get(timeout=SECONDS)
        assert answer["step"] == do
        assert "error" not in answer or more.get("may_fail"), answer
        return answer.get("value")

    def hears(self, name: str, count: int) -> list[Any]:
        """What it was told of something, once that is so many."""
        return wait_until(lambda: len(self.told.get(name, [])) >= count and self.told[name], seconds=SECONDS)

    def __enter__(self) -> Consumer:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def node() -> list[str]:
    return wot_node.fetched()


def test_node_wot_reads_writes_observes_subscribes_and_invokes_over_http(thing: Thing, node: list[str]) -> None:
    with Consumer(node, thing.description(), thing.key) as consume:
        assert -40 <= consume("read", "temperature") <= 85
        assert consume("read", "firmware")["version"]
        assert consume("readMany", names=["mode", "heating"]).keys() == {"mode", "heating"}
        consume("write", "target", value=23.5)
        wait_until(lambda: consume("read", "target", may_fail=True) == 23.5, seconds=SECONDS)
        consume("write", "schedule", value=[{"day": "sun", "from": "07:00", "target": 19}])
        wait_until(lambda: consume("read", "schedule", may_fail=True)[0]["day"] == "sun", seconds=SECONDS)
        consume("observe", "temperature")
        assert all(isinstance(value, float | int) for value in consume.hears("temperature", 3))
        consume("stop", "temperature")
        consume("subscribe", "window_opened")
        for drop in (1.5, 2.5, 3.5):  # a poll for each; none is lost in between
            thing.happen("window_opened", {"drop": drop})
        assert [one["drop"] for one in consume.hears("window_opened", 3)] == [1.5, 2.5, 3.5]
        assert consume("invoke", "ping") == "pong"
        command = consume("invoke", "boost", value={"minutes": 5})
        assert command["status"] in {"queued", "sent", "received", "running", "succeeded"}
        query = f"{thing.url}/actions/boost/{command['id']}"
        done = httpx.get(query, headers=thing.headers, params={"wait": 30}, timeout=60).json()
        assert (done["status"], done["output"]) == ("succeeded", {"watts": 100})


def test_node_wot_hears_server_sent_events_by_a_token_in_the_address(thing: Thing, node: list[str]) -> None:
    described = thing.description(with_token=True)
    forms = described["properties"]["temperature"]["forms"]
    (index,) = (number for number, form in enumerate(forms) if form.get("subprotocol") == "sse")
    with Consumer(node, described, thing.key) as consume:
        consume("observe", "temperature", form=index)
        assert len(consume.hears("temperature", 3)) >= 3


def test_node_wot_reads_writes_observes_and_invokes_over_mqtt(thing: Thing, node: list[str]) -> None:
    described = thing.description(protocol="mqtt")
    with Consumer(node, described, thing.key, mqtt=True) as consume:
        consume("observe", "temperature")
        assert all(isinstance(value, float | int) for value in consume.hears("temperature", 3))
        assert consume("read", "mode") in {"off", "heat", "cool", "auto"}
        consume("write", "target", value=26)
        wait_until(lambda: thing.api.get(f"/api/v1/units/{thing.unit}/properties").get("target") == 26, seconds=SECONDS)
        consume("subscribe", "fault")
        consume("invoke", "boost", value={"minutes": 7})
        asked = f"/api/v1/units/{thing.unit}/actions/boost"

        def carried_out() -> bool:
            newest = thing.api.get(asked)["items"][:1]
            return bool(newest) and newest[0]["input"] == {"minutes": 7} and newest[0]["status"] == "succeeded"

        wait_until(carried_out, seconds=SECONDS)
        thing.happen("fault", "relay")
        assert "relay" in consume.hears("fault", 1)

"""SIGKILL at random instants while values cross thresholds: the alerts there are in the end are those that a plain look at
everything acknowledged finds, each once, none lost, none stuck; and each is told of once."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from test_kills import Killer, seed

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import MonokotoError
from monokoto.testing import Installation, register, wait_until

PRODUCT = """\
product: cooker
model:
  "@context": "https://www.w3.org/2022/wot/td/v1.1"
  "@type": "tm:ThingModel"
  title: Cooker
  version: {model: "1.0.0"}
  properties:
    temperature: {type: number}
    door: {type: string}
rules:
  hot:
    title: Too hot
    severity: major
    when: temperature > 80.0
    clear: temperature < 75.0
    severities: {critical: temperature > 95.0}
  simmering:
    title: Warm for long
    severity: minor
    when: temperature > 60.0
    for: 150 s
  jammed:
    title: The door is jammed
    severity: critical
    when: door == "jammed" && temperature > 50.0
  rising:
    title: Hot three times
    severity: warning
    signals:
      hits: {count: temperature > 90.0, over: 10 min}
    when: hits >= 3.0
"""
RULES = ("cooker/hot", "cooker/simmering", "cooker/jammed", "cooker/rising")
STEP = 60_000_000
"""Event time between two readings: far more than an outage takes, so that no clock is needed to know what a unit said."""
HOLD, WINDOW = 150_000_000, 600_000_000
UNITS = 6
LEVELS = (20.0, 55.0, 65.0, 77.0, 85.0, 92.0, 97.0)


@dataclass
class Sender:
    """A unit: one reading after the other, each until it is acknowledged."""

    port: int
    unit: str
    token: str
    chance: Random
    begun: int
    sent: list[tuple[int, float, str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"cooker-{self.unit}")
        self._client.username_pw_set(self.token)
        self._client.reconnect_delay_set(1, 1)
        self._acked = threading.Event()
        self._client.on_publish = lambda *_: self._acked.set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._client.connect_async("127.0.0.1", self.port)
        self._client.loop_start()
        self._thread.start()

    def finish(self) -> None:
        self.stopping.set()
        self._thread.join(120)
        assert not self._thread.is_alive(), "a reading was not acknowledged"
        self._client.disconnect()
        self._client.loop_stop()

    def _run(self) -> None:
        door = "shut"
        while not self.stopping.is_set():
            level = self.chance.choice(LEVELS)
            door = self.chance.choice(("shut", "shut", "open", "jammed"))
            for _ in range(self.chance.randint(3, 40)):
                self._send(level + self.chance.uniform(-1, 1), door)
                if self.stopping.is_set():
                    break
        for _ in range(12):
            self._send(20.0, "shut")

    def _send(self, temperature: float, door: str) -> None:
        at = self.begun + len(self.sent) * STEP
        self.sent.append((at, temperature, door))
        body = json.dumps({"at": at, "values": {"temperature": temperature, "door": door}})
        self._acked.clear()
        self._client.publish("koto/v1/telemetry", body, qos=1)  # not connected: it is sent once it is
        self._acked.wait()


def expected(sent: list[tuple[int, float, str]]) -> Counter[tuple[str, str, str]]:
    """(rule, began, cleared) by a plain look, one reading after the other."""
    found: Counter[tuple[str, str, str]] = Counter()
    since: dict[str, int] = {}
    warm_since = 0
    for place, (at, temperature, door) in enumerate(sent):
        warm_since = (warm_since or at) if temperature > 60 else 0
        hits = sum(value > 90 for when, value, _ in sent[max(0, place - 20) : place + 1] if when > at - WINDOW)
        now = {
            "cooker/hot": temperature > 80 or ("cooker/hot" in since and temperature >= 75),
            "cooker/simmering": bool(warm_since),
            "cooker/jammed": door == "jammed" and temperature > 50,
            "cooker/rising": hits >= 3,
        }
        for rule, holds in now.items():
            if holds:
                since.setdefault(rule, at)
            elif rule in since:
                began = since.pop(rule)
                # The count falls when a hit leaves the window, which falls on the instant of a reading.
                if rule != "cooker/simmering" or at - began > HOLD:
                    found[rule, format_instant(began), format_instant(at)] += 1
    assert not since
    return found


def told_alerts(api: ApiClient, unit: str) -> list[dict[str, Any]]:
    """All alerts of a unit."""
    return whole(api, "/api/v1/alerts", unit=unit)


def whole(api: ApiClient, path: str, **query: str) -> list[dict[str, Any]]:
    """All pages of a list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = api.get(path, {"limit": "200", **query, **({"cursor": cursor} if cursor else {})})
        found += page["items"]
        cursor = page.get("next_cursor") or ""
        if not cursor:
            return found


@pytest.fixture
def receiver() -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """The address of a receiver, and the messages it took by name."""
    messages: dict[str, dict[str, Any]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = json.loads(self.rfile.read(int(self.headers["content-length"])))["data"]
            messages[data["message"]] = data
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", messages
    server.shutdown()
    server.server_close()


def prepare(api: ApiClient, url: str) -> list[dict[str, str]]:
    """The product, its units, and who is told."""
    api.post("/api/v1/products/apply", {"files": {"product.yaml": PRODUCT}})
    rows = register(api, "cooker", [f"C{number}" for number in range(UNITS)])
    hook = {"name": "hook", "kind": "webhook", "url": url, "pace": {"burst": 1000, "every_seconds": 1}}
    receiver = api.post("/api/v1/receivers", hook)["receiver"]["id"]
    route = {"name": "all", "match": {"rules": ["cooker/jammed"]}, "steps": [{"receivers": [receiver]}]}
    api.post("/api/v1/notification-routes", route)
    for row in rows:
        wait_until(
            lambda row=row: len(api.get(f"/api/v1/units/{row['unit']}/rules")["items"]) == len(RULES), seconds=60
        )
    return rows


def after_kills(folder: Path, url: str, messages: dict[str, dict[str, Any]], *, kills: int, pause: float) -> None:
    """The story of this file."""
    chance = Random(seed())
    with Installation(folder, {"MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"}) as here:
        api = here.organisation("acme")
        rows = prepare(api, url)
        begun = (int(time.time()) // 60 - 20 * 24 * 60) * 60_000_000
        senders = [
            Sender(here.mqtt_port, row["unit"], row["token"], Random(chance.getrandbits(32)), begun) for row in rows
        ]
        for sender in senders:
            sender.start()
        killer = Killer(here, chance)
        victims = killer.victims()
        while killer.killed < kills:
            time.sleep(chance.uniform(0.3, pause))
            killer.strike(next(victims))
        time.sleep(pause)
        for sender in senders:
            sender.finish()
        print(f"{killer.killed} kills, {sum(len(sender.sent) for sender in senders)} readings acknowledged")
        wait_until(lambda: answers(api), seconds=120, every=0.5)  # the last kill may have been a moment ago
        judge(api, senders)
        told_once(api, senders, messages)


def answers(api: ApiClient) -> bool:
    """Whether the platform is there again."""
    try:
        api.get("/api/v1/alerts")
    except MonokotoError:
        return False
    return True


def judge(api: ApiClient, senders: list[Sender]) -> None:
    """Every unit has the alerts it must have."""
    total: Counter[str] = Counter()
    for sender in senders:
        wanted = expected(sender.sent)
        with contextlib.suppress(TimeoutError):
            wait_until(lambda sender=sender, wanted=wanted: seen(api, sender.unit) == wanted, seconds=60, every=0.5)
        found = seen(api, sender.unit)
        assert (found - wanted, wanted - found) == (Counter(), Counter())
        total.update(rule for rule, *_ in wanted.elements())
    print(f"{total.total()} alerts: {dict(total)}")
    assert set(total) == set(RULES), "hardly anything happened"


def seen(api: ApiClient, unit: str) -> Counter[tuple[str, str, str]]:
    """The alerts of a unit as `expected` has them."""
    return Counter((one["rule"], one["began_at"], one["cleared_at"] or "stands") for one in told_alerts(api, unit))


def told_once(api: ApiClient, senders: list[Sender], messages: dict[str, dict[str, Any]]) -> None:
    """What was jammed is told of once for each alert, unless the alert is quiet."""
    alerts = [one for sender in senders for one in told_alerts(api, sender.unit) if one["rule"] == "cooker/jammed"]
    loud = {one["id"] for one in alerts if one["quiet"] is None and not one["flapping"]}

    def told() -> Counter[str]:
        """By alert, how many notifications came; a message names ten and counts the others, so the log says which it held."""
        each = whole(api, "/api/v1/notifications")
        return Counter(one["alert"] for one in each if one["what"] == "raised" and one["message"] in messages)

    with contextlib.suppress(TimeoutError):
        wait_until(lambda: told().keys() >= loud, seconds=60, every=0.5)
    twice = {alert: times for alert, times in told().items() if times > 1}
    print(f"{len(loud)} of {len(alerts)} alerts were to be told of, {len(messages)} messages")
    assert (loud - told().keys(), twice) == (set(), {})


@pytest.mark.long
@pytest.mark.timeout(400)
def test_alerts_are_those_of_what_was_acknowledged(
    tmp_path: Path, receiver: tuple[str, dict[str, dict[str, Any]]]
) -> None:
    after_kills(tmp_path, *receiver, kills=3, pause=2.0)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_alerts_are_those_of_what_was_acknowledged_after_fifty_kills(
    tmp_path: Path, receiver: tuple[str, dict[str, dict[str, Any]]]
) -> None:
    after_kills(tmp_path, *receiver, kills=50, pause=4.0)

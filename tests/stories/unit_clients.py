"""Real clients for the stories: paho as an object that waits, mosquitto's two commands, and short questions to the API."""

from __future__ import annotations

import json
import queue
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import SystemClock, parse_instant
from monokoto.testing import Installation, register, wait_until

WAIT_SECONDS = 20.0
V3_1, V3_1_1, V5 = paho.MQTTv31, paho.MQTTv311, paho.MQTTv5
MOSQUITTO_VERSIONS = ("mqttv31", "mqttv311", "mqttv5")
needs_mosquitto = pytest.mark.skipif(not shutil.which("mosquitto_pub"), reason="mosquitto-clients are not installed")
needs_curl = pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
BLUEPRINTS = Path(__file__).resolve().parents[2] / "blueprints"


# --- the API


@dataclass(frozen=True, slots=True)
class Unit:
    """A registered unit and the API of its organisation."""

    api: ApiClient
    id: str
    serial: str
    token: str

    def get(self, path: str, **query: Any) -> Any:
        """The answer of `GET /api/v1/units/{id}{path}`."""
        return self.api.get(f"/api/v1/units/{self.id}{path}", query)

    def reported(self) -> dict[str, Any]:
        """The twin's reported values."""
        return {name: one["value"] for name, one in self.get("/twin")["reported"]["properties"].items()}

    def latest(self) -> dict[str, Any]:
        """What `latest` answers."""
        items = self.api.get("/api/v1/latest", {"units": self.id})["items"]
        return {name: one["value"] for item in items for name, one in item["properties"].items()}

    def history(self, name: str, **query: Any) -> dict[str, Any]:
        """Readings of a property by their time; one that is there twice fails."""
        asked = {"property": name, "from": "-7d", "to": "2100-01-01T00:00:00Z", **query}
        found: dict[str, Any] = {}
        for series in self.get("/history", **asked)["series"]:
            assert series["unit"] == self.id
            assert series["property"] == name
            for at, value in zip(series["at"], series["value"], strict=True):
                assert at not in found
                found[at] = value
        return found

    def values(self, name: str) -> list[Any]:
        """A property's values in the order of time."""
        return list(self.history(name).values())

    def letters(self) -> list[dict[str, Any]]:
        """Its dead letters, oldest first."""
        return self.api.get("/api/v1/dead-letters", {"unit": self.id})["items"][::-1]  # type: ignore[no-any-return]

    def reasons(self) -> list[str]:
        """Why each of its dead letters is one."""
        return [letter["reason"] for letter in self.letters()]

    def desire(self, patch: dict[str, Any]) -> None:
        """Ask for desired state by merge patch."""
        headers = {"Content-Type": "application/merge-patch+json"}
        path = f"/api/v1/units/{self.id}/twin/desired"
        self.api.request("PATCH", path, content=json.dumps(patch), headers=headers)

    def presence(self) -> dict[str, Any]:
        """Its presence."""
        return self.get("/presence")  # type: ignore[no-any-return]

    def online(self, *, is_so: bool = True, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """Its presence, once it is (or is not) online."""
        return wait_until(lambda: (said := self.presence())["online"] is is_so and said, seconds=seconds)  # type: ignore[no-any-return]


def apply(api: ApiClient, product: str) -> None:
    """Apply one of the blueprints."""
    files = {"product.yaml": (BLUEPRINTS / product / "product.yaml").read_text("utf-8")}
    api.post("/api/v1/products/apply", {"files": files})


def units(api: ApiClient, product: str, *serials: str) -> list[Unit]:
    """Register units of an applied product; the stories of a file share an organisation, each has serials of its own."""
    made = [Unit(api, row["unit"], row["serial"], row["token"]) for row in register(api, product, serials)]
    assert [one.serial for one in made] == list(serials), (
        "a serial was refused: does another story of this file use it?"
    )
    return made


def soon(condition: Callable[[], Any], expected: Any) -> None:
    """The condition has this value within a while; what it has instead is shown."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (found := condition()) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == expected


def micros(text: str) -> int:
    """Microseconds of RFC 3339."""
    return int(parse_instant(text))


def seconds_ago(seconds: int) -> int:
    """Whole seconds since the epoch, so long ago."""
    return int(SystemClock().now()) // 1_000_000 - seconds


# --- paho


class Paho:
    """A paho client whose calls wait for the gateway's answer. Use as a context manager: it connects and disconnects."""

    def __init__(
        self,
        port: int,
        token: str,
        *,
        version: int = V5,
        client_id: str = "",
        transport: str = "tcp",
        keep_session_seconds: int = 0,
        tls: ssl.SSLContext | None = None,
        will: tuple[str, str] | None = None,
    ) -> None:
        self.port = port
        self._version = version
        self._expiry = keep_session_seconds
        clean = {} if version == V5 else {"clean_session": not keep_session_seconds}
        self.client = paho.Client(
            paho.CallbackAPIVersion.VERSION2,
            client_id,
            protocol=version,
            transport=transport,
            # paho would connect again by itself: what a refusal did would be hidden.
            reconnect_on_failure=False,
            # By itself it acknowledges once the callback is over: who has the message by then may have left unacknowledged.
            manual_ack=True,
            **clean,
        )
        if token:
            self.client.username_pw_set(token)
        if transport == "websockets":
            self.client.ws_set_options(path="/mqtt")
        if tls is not None:
            self.client.tls_set_context(tls)
        if will is not None:
            self.client.will_set(*will, qos=1)
        self.session_present = False
        self.closed = threading.Event()
        self.close_reason = -1
        self._connacks: queue.Queue[int] = queue.Queue()
        self._answers: dict[int, Any] = {}
        self._messages: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_publish = lambda _c, _u, mid, reason, _p: self._answers.__setitem__(mid, reason.value)
        self.client.on_subscribe = self._on_subscribe
        self.client.on_message = self._on_message

    def __enter__(self) -> Paho:
        assert self.connect() == 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def connect(self) -> int:
        """Connect once; the reason code of the CONNACK (3.1.1's codes as paho's version 5 ones)."""
        options: dict[str, Any] = {}
        if self._version == V5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = self._expiry
            options = {"clean_start": not self._expiry, "properties": properties}
        self.closed.clear()
        self.client.connect("127.0.0.1", self.port, 30, **options)
        self.client.loop_start()
        wait_until(lambda: not self._connacks.empty() or self._gone(), seconds=WAIT_SECONDS, every=0.005)
        return self._connacks.get_nowait()

    def leave(self) -> None:
        """Disconnect politely."""
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self) -> None:
        """Let the network go away: the socket closes without a DISCONNECT."""
        self.client.loop_stop()
        socket = self.client.socket()
        assert socket is not None
        socket.close()

    def publish(self, topic: str, payload: Any, *, qos: int = 1, content_type: str = "", retain: bool = False) -> int:
        """Publish (what is no text or bytes as JSON) and wait; the reason code of the last acknowledgement."""
        if not isinstance(payload, str | bytes):
            payload = json.dumps(payload, ensure_ascii=False)
        properties = None
        if content_type:
            properties = Properties(PacketTypes.PUBLISH)
            properties.ContentType = content_type
        sent = self.client.publish(topic, payload, qos, retain=retain, properties=properties)
        return wait_until(lambda: (self._answers.get(sent.mid, -1) + 1) or self._gone(), every=0.005) - 1  # type: ignore[no-any-return]

    def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """Subscribe and wait; the reason codes of the SUBACK."""
        _, mid = self.client.subscribe([(one, qos) for one in filters])
        return wait_until(lambda: self._answers.get(mid) or self._gone(), every=0.005)  # type: ignore[no-any-return]

    def message(self, seconds: float = WAIT_SECONDS) -> tuple[str, Any]:
        """The next message: topic, and payload as JSON."""
        topic, payload, _ = self._messages.get(timeout=seconds)
        return topic, json.loads(payload)

    def on(self, topic: str) -> Any:
        """The payload of the next message on this topic; messages on others are passed over."""
        while True:
            found, payload = self.message()
            if found == topic:
                return payload

    def text_on(self, topic: str) -> str:
        """The same of a payload that is no JSON."""
        while True:
            found, payload, _ = self._messages.get(timeout=WAIT_SECONDS)
            if found == topic:
                return str(payload, "utf-8") if isinstance(payload, bytes) else str(payload)

    def hears_nothing(self, seconds: float = 0.5) -> bool:
        """Whether no message comes for so long."""
        time.sleep(seconds)
        return self._messages.empty()

    def _gone(self) -> None:
        if self.closed.is_set():
            raise ConnectionResetError(f"the gateway closed the connection, reason {self.close_reason:#x}")

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.session_present = flags.session_present
        self._connacks.put(reason.value)

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.close_reason = reason.value if flags.is_disconnect_packet_from_server else -1
        self.closed.set()

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        self.client.ack(message.mid, message.qos)
        self._messages.put((message.topic, message.payload, message.retain))

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: Sequence[Any], _properties: Any) -> None:
        self._answers[mid] = [reason.value for reason in reasons]


# --- mosquitto


def mosquitto_pub(
    here: Installation, token: str, topic: str, message: str, *options: str
) -> subprocess.CompletedProcess[str]:
    """Run `mosquitto_pub`; what it answered."""
    where = ("-h", "127.0.0.1", "-p", str(here.mqtt_port), "-u", token)
    command = ["mosquitto_pub", *where, "-t", topic, "-m", message, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=WAIT_SECONDS, check=False)


class MosquittoSub:
    """A running `mosquitto_sub`; `line` is the next message's payload. Use as a context manager."""

    def __init__(self, here: Installation, token: str, *options: str) -> None:
        where = ("-h", "127.0.0.1", "-p", str(here.mqtt_port), "-u", token, "-W", "60")
        self.process = subprocess.Popen(
            ["mosquitto_sub", *where, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> MosquittoSub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it politely (it sends DISCONNECT)."""
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:  # it may lock itself out when the signal meets its own disconnect
            self.kill()
        self._reader.join(WAIT_SECONDS)

    def kill(self) -> None:
        """SIGKILL: no DISCONNECT."""
        self.process.kill()
        self.process.wait(WAIT_SECONDS)

    def line(self, seconds: float = WAIT_SECONDS) -> str:
        """The next line it prints."""
        return self._lines.get(timeout=seconds)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.rstrip("\n"))

"""A whole installation is killed between an alert and its escalation: everybody is told once, in the end."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from monokoto.testing import Installation, register, wait_until

PRODUCT = """
product: cooker
model:
  "@context": "https://www.w3.org/2022/wot/td/v1.1"
  "@type": "tm:ThingModel"
  title: Cooker
  version: {model: "1.0.0"}
  properties:
    temperature: {type: number, unit: "°C", readOnly: true}
rules:
  overheating:
    title: The motor is too hot
    severity: major
    when: temperature > 80.0
"""


@pytest.fixture
def taken() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a receiver, and the messages it took."""
    messages: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            messages.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["data"])
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/", messages
    server.shutdown()
    server.server_close()


@pytest.mark.long
def test_a_kill_between_an_alert_and_its_escalation(tmp_path: Path, taken: tuple[str, list[dict[str, Any]]]) -> None:
    url, messages = taken
    with Installation(tmp_path, {"MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"}) as installation:
        api = installation.organisation("acme")
        api.ask("POST", "/api/v1/products/apply", body={"files": {"product.yaml": PRODUCT}})
        (unit,) = register(api, "cooker", ["RC-0001"])
        hook = {"name": "hook", "kind": "webhook", "url": url}
        receiver = api.ask("POST", "/api/v1/receivers", body=hook)["receiver"]["id"]
        steps = [{"receivers": [receiver]}, {"receivers": [receiver], "after_seconds": 20}]
        api.ask("POST", "/api/v1/notification-routes", body={"name": "all", "steps": steps})
        headers = {"authorization": f"Bearer {unit['token']}"}

        # A rule that the engine learns of after a reading would be judged anew on that reading after the kill.
        wait_until(lambda: api.ask("GET", f"/api/v1/units/{unit['unit']}/rules")["items"], seconds=60)
        httpx.post(f"{installation.api_url}/api/v1/telemetry", headers=headers, json={"temperature": 91.5})
        wait_until(lambda: messages, seconds=60)
        installation.kill()
        installation.start()
        wait_until(lambda: any(one["notifications"][0]["reminder"] for one in messages), seconds=120)
        told = Counter((one["alert"], one["reminder"]) for message in messages for one in message["notifications"])
        alert = messages[0]["notifications"][0]["alert"]
        assert told[alert, True] == 1
        names = {message["message"] for message in messages if message["notifications"][0]["alert"] == alert}
        # The first may come again where the kill took its answer away, and is then the same message.
        assert len(names) == 2, messages

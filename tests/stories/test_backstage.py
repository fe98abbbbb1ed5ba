"""What happens beside the answers, in a whole installation: written down, done to many, posted; and killed in between."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from standardwebhooks import Webhook as Verifier
from unit_clients import Paho, apply

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import OrganisationKind
from monokoto.testing import Installation, register, wait_until


class Receiver:
    """Takes what is signed with its secret; `down` makes it answer 500."""

    def __init__(self) -> None:
        self.secret = ""
        self.down = False
        self.taken: list[dict[str, Any]] = []
        self.names: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                if not receiver.down:
                    Verifier(receiver.secret).verify(body, headers)
                    receiver.taken.append(json.loads(body))
                    receiver.names.append(headers["webhook-id"])
                self.send_response(500 if receiver.down else 204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [body["data"] for body in list(self.taken) if body["type"] == kind]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def backstage(here: Installation) -> Installation:
    return here


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


def listen(api: ApiClient, receiver: Receiver, *events: str) -> str:
    made = api.post("/api/v1/webhooks", {"url": receiver.url, "events": list(events) or ["*"], "name": "story"})
    receiver.secret = made["secret"]
    return str(made["webhook"]["id"])


def soon(condition: Any) -> Any:
    return wait_until(condition, seconds=60)


def test_everything_public_reaches_a_receiver(backstage: Installation, receiver: Receiver) -> None:
    with backstage.organisation("events") as api:
        webhook = listen(api, receiver)
        apply(api, "thermostat")
        soon(lambda: receiver.of("product.version_applied"))
        (unit,) = register(api, "thermostat", ["e-1"])
        soon(lambda: receiver.of("unit.registered"))
        assert receiver.of("unit.registered")[0]["serial"] == "e-1"
        with Paho(backstage.mqtt_port, unit["token"]) as client:
            soon(lambda: receiver.of("unit.online"))
            api.request("PUT", f"/api/v1/units/{unit['unit']}/twin/desired", json={"target": 21})
            assert soon(lambda: receiver.of("twin.desired_changed"))[0]["desired"] == {"target": 21}
            client.publish("koto/v1/telemetry", b"this is no json")
            assert soon(lambda: receiver.of("dead_letter.stored"))[0]["unit"] == unit["unit"]
        assert soon(lambda: receiver.of("unit.offline"))[0]["unit"] == unit["unit"]
        job = api.post("/api/v1/jobs", {"kind": "units.tag", "selection": {}, "parameters": {"add": ["a"]}})
        assert soon(lambda: receiver.of("job.finished"))[0]["job"] == job["id"]
        assert len(set(receiver.names)) == len(receiver.names), "each once while nothing fails"
        assert api.post(f"/api/v1/webhooks/{webhook}/ping", None)["status"] == 204
        assert receiver.of("webhook.ping")
        listed = backstage.koto("webhooks", "list", "--json", key=_key_of(api))
        assert listed.returncode == 0, listed.stderr
        assert receiver.url in listed.stdout


def _key_of(api: ApiClient) -> str:
    return str(api._http.headers["authorization"]).removeprefix("Bearer ")


def test_what_everybody_did_is_written_down_and_holds(backstage: Installation) -> None:
    with backstage.organisation("deeds") as api:
        apply(api, "thermostat")
        (unit,) = register(api, "thermostat", ["d-1"])
        api.request("PUT", f"/api/v1/units/{unit['unit']}/twin/desired", json={"target": 22})
        found = api.get("/api/v1/audit", {"subject": f"unit:{unit['unit']}"})["items"]
        assert [one["action"] for one in found] == ["putDesired"]
        assert found[0]["actor"]["name"] == "testing"
        assert found[0]["detail"] == {"fields": ["target"]}
        actions = [one["action"] for one in api.get("/api/v1/audit")["items"]]
        assert actions[0] == "putDesired"
        assert {"applyProduct", "importUnits"} <= set(actions)
        exported = backstage.koto("audit", "export", "--format", "csv", key=_key_of(api))
        assert exported.stdout.count("\n") == len(actions) + 1
        verified = backstage.koto("audit", "verify", "-o", "deeds", "--json")
        assert verified.returncode == 0, verified.stderr
        told = msgspec.json.decode(verified.stdout)
        assert told[0]["sound"]
        assert told[0]["entries"] == len(actions)


@pytest.mark.long
def test_killed_amid_everything_nothing_acknowledged_is_lost(tmp_path: Path, receiver: Receiver) -> None:
    here = Installation(tmp_path, {"MONOKOTO_WEBHOOKS_ALLOW_PRIVATE": "true"})
    here.start()
    try:
        with here.organisation("killed") as api:
            apply(api, "thermostat")
            units = register(api, "thermostat", [f"k-{number}" for number in range(60)])
            listen(api, receiver, "twin.desired_changed", "job.finished")
            receiver.down = True
            job = api.post(
                "/api/v1/jobs",
                {
                    "kind": "twins.desire",
                    "selection": {"product": "thermostat"},
                    "parameters": {"patch": {"target": 23}},
                    "pace": 40,
                },
            )
            path = f"/api/v1/jobs/{job['id']}"
            soon(lambda: api.get(path)["counts"].get("done", 0) >= 10)
            answered = 0
            for unit in units[:20]:
                api.request("PATCH", f"/api/v1/units/{unit['unit']}/twin/desired", json={"mode": "heat"})
                answered += 1
            here.kill()
            receiver.down = False
            here.start()
            ended = soon(lambda: (found := api.get(path))["state"] == "done" and found)
            assert ended["counts"] == {"done": 60}
            recorded = list(api.pages("/api/v1/audit", {"action": "patchDesired"}))
            assert len(recorded) == answered
            soon(lambda: receiver.of("job.finished"))
            last = {
                unit["unit"]: {"target": 23} | ({"mode": "heat"} if number < 20 else {})
                for number, unit in enumerate(units)
            }
            soon(lambda: {one["unit"] for one in receiver.of("twin.desired_changed")} == set(last))
            soon(lambda: _latest(receiver) == last)
            undone = api.post(f"{path}/undo")
            assert undone["state"] == "undoing"
            ended = soon(lambda: (found := api.get(path))["state"] == "undone" and found)
            assert ended["counts"] == {"undone": 60}
            assert api.get(f"/api/v1/units/{units[0]['unit']}/twin/desired") == {"mode": "heat"}
    finally:
        here.stop()


def _latest(receiver: Receiver) -> dict[str, Any]:
    found: dict[str, tuple[int, Any]] = {}
    for one in receiver.of("twin.desired_changed"):
        found[one["unit"]] = max(
            found.get(one["unit"], (0, None)), (one["revision"], one["desired"]), key=lambda it: it[0]
        )
    return {unit: desired for unit, (_, desired) in found.items()}


def test_an_owner_hears_of_its_own_units_alone(backstage: Installation, receiver: Receiver) -> None:
    with (
        backstage.organisation("hearing-maker") as maker,
        backstage.organisation("hearing-owner", kind=OrganisationKind.OWNER) as owner,
    ):
        apply(maker, "thermostat")
        mine, other = register(maker, "thermostat", ["h-1", "h-2"])
        listen(owner, receiver)
        codes = maker.post(f"/api/v1/units/{mine['unit']}/claim-code", None)
        owner.post("/api/v1/claims", {"code": codes["code"]})
        soon(lambda: receiver.of("unit.claimed"))
        for unit in (other, mine):
            maker.request("PUT", f"/api/v1/units/{unit['unit']}/twin/desired", json={"target": 19})
        soon(lambda: receiver.of("twin.desired_changed"))
        with Paho(backstage.mqtt_port, other["token"]), Paho(backstage.mqtt_port, mine["token"]):
            soon(lambda: receiver.of("unit.online"))
        soon(lambda: receiver.of("unit.offline"))
        assert {body["data"].get("unit") for body in receiver.taken} == {mine["unit"]}

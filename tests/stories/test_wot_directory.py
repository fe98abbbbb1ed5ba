"""The directory of Things, tokens in addresses, and what a caller of another organisation sees of it all: nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from monokoto.cli.client import ApiClient
from monokoto.testing import Installation, register, wait_until

SECONDS = 60.0


class Maker:
    """An organisation with thermostats, and a key for each scope."""

    def __init__(self, here: Installation, api: ApiClient, count: int) -> None:
        self.here, self.api = here, api
        self.units = register(api, "thermostat", [f"thing-{number}" for number in range(count)])
        self.key = self.key_for("admin")

    def key_for(self, *scopes: str) -> str:
        return str(self.api.post("/api/v1/keys", {"name": "consumer", "scopes": list(scopes)})["secret"])

    def get(self, path: str, *, key: str = "", **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.get(self.here.api_url + path, headers=headers, params=query, timeout=30)

    def report(self, index: int, values: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.units[index]['token']}"}
        answer = httpx.post(f"{self.here.api_url}/api/v1/telemetry", json=values, headers=headers)
        assert answer.status_code == 204, answer.text


@pytest.fixture(scope="module")
def maker(here: Installation, blueprints: Any) -> Iterator[Maker]:
    with here.organisation("things") as api:
        key = str(api.post("/api/v1/keys", {"name": "applying", "scopes": ["admin"]})["secret"])
        assert here.koto("apply", str(blueprints / "thermostat"), key=key).returncode == 0
        yield Maker(here, api, 3)


@pytest.fixture(scope="module")
def stranger(here: Installation) -> Iterator[str]:
    with here.organisation("strangers") as api:
        yield str(api.post("/api/v1/keys", {"name": "stranger", "scopes": ["admin"]})["secret"])


def test_the_directory_says_where_it_is_lists_pages_and_searches(maker: Maker, stranger: str) -> None:
    well_known = httpx.get(f"{maker.here.api_url}/.well-known/wot")
    assert well_known.headers["content-type"].startswith("application/td+json")
    assert well_known.json()["@type"] == "ThingDirectory"
    listed: list[str] = []
    url: str | None = f"{maker.here.api_url}/api/v1/things?limit=2"
    while url:
        page = httpx.get(url, headers={"Authorization": f"Bearer {maker.key}"}, timeout=30)
        assert len(page.json()) <= 2
        listed += [thing["id"] for thing in page.json()]
        assert page.links["canonical"]
        url = page.links.get("next", {}).get("url")
    assert listed == [f"urn:monokoto:unit:{unit.get('id') or unit['unit']}" for unit in maker.units]
    collection = maker.get("/api/v1/things", format="collection", limit=2).json()
    assert (collection["@type"], collection["total"], len(collection["member"])) == ("ThingCollection", 3, 2)
    one = maker.get(f"/api/v1/things/{listed[0]}")
    assert one.json()["monokoto:serial"] == "thing-0"
    found = maker.get("/api/v1/search/jsonpath", query="$[?@['monokoto:serial']=='thing-1'].id").json()
    assert found == [listed[1]]
    assert maker.get("/api/v1/search/jsonpath", query="$[?match(@.title, '(a+)+$')]").status_code == 422
    assert maker.get("/api/v1/things", key=stranger).json() == []
    assert maker.get("/api/v1/search/jsonpath", key=stranger, query="$[*].id").json() == []
    for path in ("td", "thing-model", "properties", "properties/mode", "properties/mode/observe", "actions", "observe"):
        unit = listed[0].rpartition(":")[2]
        assert maker.get(f"/api/v1/units/{unit}/{path}", key=stranger, timeout=1).status_code in {404, 422}, path


def test_every_form_of_a_description_does_what_it_says(maker: Maker) -> None:
    unit = maker.units[0].get("id") or maker.units[0]["unit"]
    base = f"/api/v1/units/{unit}"
    maker.report(0, {"temperature": 20.5, "mode": "auto", "firmware": {"version": "1.0.0"}})
    wait_until(lambda: maker.get(f"{base}/properties").json().get("temperature") == 20.5, seconds=SECONDS)
    assert maker.get(f"{base}/properties/firmware").json() == {"version": "1.0.0"}
    assert maker.get(f"{base}/properties", names="mode,temperature").json() == {"mode": "auto", "temperature": 20.5}
    assert maker.get(f"{base}/properties/humidity").status_code == 404
    headers = {"Authorization": f"Bearer {maker.key}"}
    url = maker.here.api_url + base

    def chunked(value: Any) -> Iterator[bytes]:  # as node-wot writes
        yield json.dumps(value).encode()

    typed = headers | {"Content-Type": "application/json"}
    assert httpx.put(f"{url}/properties/target", content=chunked(21.5), headers=typed).status_code == 204
    assert httpx.put(f"{url}/properties", json={"mode": "heat", "target": 22}, headers=headers).status_code == 204
    assert maker.get(f"{base}/twin/desired").json() == {"mode": "heat", "target": 22}
    for name, value in (("target", 99), ("temperature", 20), ("nothing", 1), ("mode", None)):
        assert httpx.put(f"{url}/properties/{name}", json=value, headers=headers).status_code == 422, name
    reader = {"Authorization": f"Bearer {maker.key_for('telemetry:read', 'control:read', 'units:read')}"}
    assert httpx.put(f"{url}/properties/target", json=20, headers=reader).status_code == 403
    assert httpx.post(f"{url}/actions/restart", headers=reader).status_code == 403
    assert httpx.head(f"{url}/properties/mode/observe", headers=reader, timeout=10).status_code == 200
    nothing_new = maker.get(f"{base}/properties/mode/observe", timeout=0.2)
    assert nothing_new.status_code == 204
    after = nothing_new.headers["monokoto-after"]
    maker.report(0, {"mode": "cool"})
    assert maker.get(f"{base}/properties/mode/observe", after=after).json() == "cool"


def test_a_token_in_the_address_reads_live_changes_and_nothing_else(maker: Maker, stranger: str) -> None:
    unit = maker.units[1].get("id") or maker.units[1]["unit"]
    url = f"{maker.here.api_url}/api/v1/units/{unit}"
    headers = {"Authorization": f"Bearer {maker.key}"}
    made = httpx.post(f"{maker.here.api_url}/api/v1/access-tokens", json={}, headers=headers).json()
    token = made["token"]
    maker.report(1, {"temperature": 1.5})
    heard: list[str] = []

    def listen() -> None:
        stream = httpx.stream(
            "GET",
            f"{url}/properties/temperature/observe",
            params={"access_token": token},
            headers={"Accept": "text/event-stream"},
            timeout=SECONDS,
        )
        with stream as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    heard.append(line.removeprefix("data: "))
                if len(heard) == 2:
                    return

    listening = threading.Thread(target=listen)
    listening.start()
    wait_until(lambda: heard == ["1.5"], seconds=SECONDS)
    maker.report(1, {"temperature": 2.5})
    listening.join(SECONDS)
    assert heard == ["1.5", "2.5"]
    for path, query in (("/properties", {"access_token": token}), ("/td", {"access_token": token})):
        assert httpx.get(url + path, params=query).status_code in {401, 422}, path
    assert httpx.get(f"{url}/observe", params={"access_token": token[:-2], "timeout": 0.1}).status_code == 401
    foreign = httpx.post(
        f"{maker.here.api_url}/api/v1/access-tokens", json={}, headers={"Authorization": f"Bearer {stranger}"}
    ).json()["token"]
    assert httpx.get(f"{url}/observe", params={"access_token": foreign, "timeout": 0.1}).status_code == 404


def test_what_happens_in_the_directory_is_told(maker: Maker) -> None:
    told: list[tuple[str, str]] = []
    ready = threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {maker.key}"}
        with httpx.stream(
            "GET", f"{maker.here.api_url}/api/v1/things/events", headers=headers, timeout=SECONDS
        ) as answer:
            kind = ""
            for line in answer.iter_lines():
                ready.set()
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    told.append((kind, json.loads(line.removeprefix("data: "))["id"]))
                    if kind == "thing_deleted":
                        return

    listening = threading.Thread(target=listen)
    listening.start()
    assert ready.wait(SECONDS)
    (added,) = register(maker.api, "thermostat", ["thing-late"])
    unit = added.get("id") or added["unit"]
    thing = f"urn:monokoto:unit:{unit}"
    wait_until(lambda: ("thing_created", thing) in told, seconds=SECONDS)
    maker.api.request("PATCH", f"/api/v1/units/{unit}", json={"name": "Hall"})
    wait_until(lambda: ("thing_updated", thing) in told, seconds=SECONDS)
    maker.api.request("DELETE", f"/api/v1/units/{unit}")
    wait_until(lambda: ("thing_deleted", thing) in told, seconds=SECONDS)
    listening.join(SECONDS)
    assert [one for one in told if one[1] == thing] == [
        (kind, thing) for kind in ("thing_created", "thing_updated", "thing_deleted")
    ]


def test_actions_of_a_unit_that_is_away_wait_are_one_by_name_and_can_be_cancelled(maker: Maker, stranger: str) -> None:
    unit = maker.units[2].get("id") or maker.units[2]["unit"]
    url = f"{maker.here.api_url}/api/v1/units/{unit}/actions"
    headers = {"Authorization": f"Bearer {maker.key}"}

    def invoke(action: str, body: Any = None, **query: Any) -> httpx.Response:
        return httpx.post(f"{url}/{action}", json=body, params=query, headers=headers, timeout=30)

    made = invoke("boost", {"minutes": 5}, request="once")
    assert made.status_code == 201
    again = invoke("boost", {"minutes": 5}, request="once")
    assert again.json()["id"] == made.json()["id"]
    assert invoke("boost", {"minutes": 6}, request="once").status_code == 409
    for action, body, status in (
        ("boost", {"minutes": 500}, 422),
        ("boost", None, 422),
        ("restart", 1, 422),
        ("x", None, 404),
    ):
        assert invoke(action, body).status_code == status, action
    here = maker.here.api_url + made.headers["location"]
    assert httpx.get(here, headers=headers).json()["status"] == "queued", "nobody is there to send it to"
    waited = invoke("restart", answer="output", wait=0.2)
    assert (waited.status_code, waited.json()["code"]) == (503, "unavailable")
    assert httpx.delete(here, headers={"Authorization": f"Bearer {stranger}"}).status_code == 404
    assert httpx.delete(here, headers=headers).json()["status"] == "cancelled"
    assert httpx.delete(here, headers=headers).status_code == 409
    cancelled = httpx.get(f"{url}/boost", params={"status": "cancelled"}, headers=headers).json()["items"]
    assert [one["id"] for one in cancelled] == [made.json()["id"]]
    short = invoke("restart", timeout=1).json()
    done = httpx.get(f"{url}/restart/{short['id']}", params={"wait": 30}, headers=headers, timeout=60).json()
    assert (done["status"], done["ended_at"] > short["expires_at"]) == ("expired", True)

"""Walls: a unit speaks only as itself and for what is below it, an organisation sees only its own, nobody writes unnamed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from unit_clients import (
    V3_1_1,
    V5,
    MosquittoSub,
    Paho,
    Unit,
    apply,
    mosquitto_pub,
    needs_mosquitto,
    soon,
    units,
)

from monokoto.cli.client import ApiClient
from monokoto.kernel.errors import Forbidden, Invalid, NotFound, Unauthenticated
from monokoto.testing import Installation, wait_until
from monokoto.web import Scope

NOT_AUTHORIZED, NO_SUCH_TOPIC, BAD_FILTER, BAD_CREDENTIAL = 0x87, 0x90, 0x8F, 0x86
SUBSCRIPTION_FAILED = 0x80
AT_ONCE_SECONDS = 5.0
"""A second, where nothing else runs."""
NOBODY = "0000000000001"
TOKENS = ("not-a-token", "0" * 64, "ü", "' OR 1=1 --", "x" * 5000)


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("walls") as api:
        apply(api, "thermostat")
        yield api


@pytest.fixture(scope="module")
def neighbour(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("walls-neighbour") as api:
        apply(api, "thermostat")
        yield api


def foreign_topics(other: Unit) -> list[tuple[str, int]]:
    """Topics that name another unit, and what version 5 is told."""
    return [
        (f"$aws/things/{other.serial}/shadow/update", NOT_AUTHORIZED),
        (f"$aws/things/{other.id}/shadow/get", NOT_AUTHORIZED),
        (f"koto/v1/units/{other.serial}/telemetry", NOT_AUTHORIZED),
        (f"koto/v1/units/{other.id}/telemetry", NOT_AUTHORIZED),
        (f"v1/devices/{other.id}/telemetry", NO_SUCH_TOPIC),
        (f"koto/v1/{other.id}/telemetry", NO_SUCH_TOPIC),
        ("koto/v1/desired", NO_SUCH_TOPIC),
        ("$SYS/broker/uptime", NO_SUCH_TOPIC),
    ]


def foreign_filters(other: Unit) -> list[tuple[str, int]]:
    """Filters that name another unit or nothing at all, and what version 5 is told."""
    return [
        (f"$aws/things/{other.serial}/shadow/#", NOT_AUTHORIZED),
        (f"$aws/things/{other.id}/shadow/update/delta", NOT_AUTHORIZED),
        (f"koto/v1/units/{other.serial}/telemetry", BAD_FILTER),
        (f"koto/v1/{other.id}/desired", BAD_FILTER),
        ("koto/v1/telemetry", BAD_FILTER),
        ("$SYS/#", BAD_FILTER),
    ]


# --- topics


@pytest.mark.parametrize("qos", [1, 2])
def test_version_5_is_told_why_a_topic_is_not_the_units(here: Installation, maker: ApiClient, qos: int) -> None:
    unit, other = units(maker, "thermostat", f"speaker-{qos}", f"victim-{qos}")
    topics = foreign_topics(other)
    with Paho(here.mqtt_port, unit.token) as client:
        for topic, reason in topics:
            told = client.publish(topic, {"power": 666, "state": {"reported": {"power": 666}}}, qos=qos)
            # paho answers the PUBREC that refuses with a PUBREL all the same; the PUBCOMP then knows no such message.
            assert told == (reason if qos == 1 else 0x92)
        assert client.publish("koto/v1/telemetry", {"power": 1}, qos=qos) == 0
    soon(unit.reported, {"power": 1})
    soon(lambda: len(unit.letters()), len(topics))
    for letter, (topic, reason) in zip(unit.letters(), topics, strict=True):
        assert topic in letter["subject"] + letter["detail"]
        assert letter["reason"] == {NOT_AUTHORIZED: "not-authorized", NO_SUCH_TOPIC: "topic-name-invalid"}[reason]
    assert other.reported() == {}
    assert other.letters() == []


def test_version_3_1_1_is_closed(here: Installation, maker: ApiClient) -> None:
    unit, other = units(maker, "thermostat", "speaker-3", "victim-3")
    topics = foreign_topics(other)
    for qos, (topic, _) in zip((0, 1, 2, 1, 1, 1, 1, 1), topics, strict=True):
        client = Paho(here.mqtt_port, unit.token, version=V3_1_1)
        assert client.connect() == 0
        assert client.publish("koto/v1/telemetry", {"power": 1}, qos=1) == 0
        if qos:
            with pytest.raises(ConnectionResetError):
                client.publish(topic, {"power": 666}, qos=qos)
        else:
            client.publish(topic, {"power": 666}, qos=qos)
            assert client.closed.wait(20)
        client.leave()
    soon(lambda: len(unit.letters()), len(topics))
    soon(unit.reported, {"power": 1})
    assert other.reported() == {}


@needs_mosquitto
def test_mosquittos_clients_are_refused(here: Installation, maker: ApiClient) -> None:
    unit, other = units(maker, "thermostat", "mosquitto-speaker", "mosquitto-victim")
    for topic, _ in foreign_topics(other)[:4]:
        done = mosquitto_pub(here, unit.token, topic, '{"power": 666}', "-V", "mqttv5", "-q", "1")
        assert "Not authorized" in done.stderr + done.stdout
        assert mosquitto_pub(here, unit.token, topic, '{"power": 666}', "-q", "1").returncode != 0
    for version in ("mqttv311", "mqttv5"):
        done = mosquitto_pub(here, "not-a-token", "koto/v1/telemetry", "{}", "-V", version)
        assert done.returncode != 0
        with MosquittoSub(here, unit.token, "-V", version, "-t", f"$aws/things/{other.id}/shadow/#") as sub:
            assert "denied" in sub.line().lower()
    soon(lambda: len(unit.letters()), 10)
    assert other.reported() == {}


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_subscription_to_what_is_anothers_is_refused(here: Installation, maker: ApiClient, version: int) -> None:
    unit, other = units(maker, "thermostat", f"listener-{version}", f"heard-{version}")
    filters = foreign_filters(other)
    with Paho(here.mqtt_port, unit.token, version=version) as client:
        told = client.subscribe(*(one for one, _ in filters), "koto/v1/desired", "+/v1/#", "#")
        assert told == [reason if version == V5 else SUBSCRIPTION_FAILED for _, reason in filters] + [1, 1, 1]
        if version == V5:
            assert client.subscribe("$share/all/koto/v1/desired") == [0x9E]
        other.desire({"target": 20})
        with Paho(here.mqtt_port, other.token) as heard:
            heard.subscribe("#")
            heard.on("koto/v1/desired")
        assert client.hears_nothing()
    wanted = len(filters) + (version == V5)
    soon(lambda: len(unit.letters()) >= len(filters), True)
    assert len(unit.letters()) in (len(filters), wanted)


def test_a_gateway_unit_speaks_for_nobody_beside_or_above_it(here: Installation, maker: ApiClient) -> None:
    top, hub, leaf, beside = units(maker, "thermostat", "top", "middle", "leaf", "beside")
    for child, parent in ((hub, top), (leaf, hub), (beside, top)):
        maker.request("PATCH", f"/api/v1/units/{child.id}", json={"parent": parent.id})
    with Paho(here.mqtt_port, hub.token) as client:
        wait_until(lambda: client.publish("koto/v1/units/leaf/telemetry", {"power": 1}) == 0)
        for name in ("top", top.id, "beside", beside.id, "nobody", NOBODY):
            assert client.publish(f"koto/v1/units/{name}/telemetry", {"power": 666}) == NOT_AUTHORIZED
            column = {"unit": name, "at": [int(time.time())], "values": {"power": [666]}}
            assert client.publish("koto/v1/columns", column) == 0  # taken as a whole; the line refuses the rows
            assert client.publish("v1/gateway/telemetry", {name: [{"power": 666}]}) == 0
    query = {"unit_tag": "name"}
    for name in ("top", "beside"):
        answer = httpx.post(
            f"{here.api_url}/write", params={**query, "p": hub.token}, content=f"m,name={name} power=666"
        )
        assert answer.status_code == 204
    soon(lambda: hub.reasons().count("not-yours"), 14)
    soon(leaf.reported, {"power": 1})
    # What was below it and is moved away is not its own any more.
    maker.request("PATCH", f"/api/v1/units/{leaf.id}", json={"parent": beside.id})
    with Paho(here.mqtt_port, hub.token) as client:
        wait_until(lambda: client.publish("koto/v1/units/leaf/telemetry", {"power": 2}) == NOT_AUTHORIZED)
    for unit in (top, beside):
        assert unit.reported() == {}


# --- credentials


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_wrong_token_opens_nothing(here: Installation, maker: ApiClient, version: int) -> None:
    (unit,) = units(maker, "thermostat", f"token-{version}")
    for token in ("", *TOKENS, unit.token[:-1], unit.token + "0", unit.token.swapcase()):
        client = Paho(here.mqtt_port, token, version=version)
        assert client.connect() in {BAD_CREDENTIAL, NOT_AUTHORIZED}
        client.leave()
        for headers in ({"Authorization": f"Bearer {token or 'nothing'}".encode()}, {}):
            for path in ("telemetry", "columns", "events/fault"):
                answer = httpx.post(f"{here.api_url}/api/v1/{path}", json={"power": 1}, headers=headers)
                assert answer.status_code == 401
        assert httpx.post(f"{here.api_url}/write", params={"p": token}, content="m power=1").status_code == 401
    with Paho(here.mqtt_port, unit.token, version=version) as client:
        client.publish("koto/v1/telemetry", {"power": 2})
    soon(unit.reported, {"power": 2})


def _credential(unit: Unit) -> str:
    """The id of its newest credential."""
    return str(unit.get("/credentials")["items"][-1]["id"])


def _closed_at_once(client: Paho, asked: float) -> None:
    assert client.closed.wait(20)
    assert time.monotonic() - asked < AT_ONCE_SECONDS
    assert client.close_reason == NOT_AUTHORIZED


def _opens_nothing(here: Installation, unit: Unit, token: str) -> None:
    client = Paho(here.mqtt_port, token)
    assert client.connect() in {BAD_CREDENTIAL, NOT_AUTHORIZED}
    client.leave()
    answer = httpx.post(
        f"{here.api_url}/api/v1/telemetry", json={"power": 666}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401
    assert httpx.post(f"{here.api_url}/api/v1/{token}/telemetry", json={"power": 666}).status_code == 401
    assert unit.reported().get("power") != 666


def test_a_revoked_credential_ends_a_live_connection_at_once(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "revoked")
    _warm(here, unit.token)
    client = Paho(here.mqtt_port, unit.token)
    assert client.connect() == 0
    asked = time.monotonic()
    maker.delete(f"/api/v1/units/{unit.id}/credentials/{_credential(unit)}")
    _closed_at_once(client, asked)
    _opens_nothing(here, unit, unit.token)
    soon(lambda: unit.presence()["reason"], "credential-ended")


def test_a_rotated_credential_ends_at_once_and_its_successor_opens(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "rotated")
    _warm(here, unit.token)
    client = Paho(here.mqtt_port, unit.token)
    assert client.connect() == 0
    path = f"/api/v1/units/{unit.id}/credentials/{_credential(unit)}/rotate"
    asked = time.monotonic()
    fresh = maker.post(path, {})["token"]
    _closed_at_once(client, asked)
    _opens_nothing(here, unit, unit.token)
    with Paho(here.mqtt_port, fresh) as client:
        # With a grace the old one goes on beside the new one, and ends by itself.
        newest = maker.post(f"/api/v1/units/{unit.id}/credentials/{_credential(unit)}/rotate", {"grace_seconds": 2})
        with Paho(here.mqtt_port, newest["token"]), Paho(here.mqtt_port, fresh):
            assert not client.closed.is_set()
        assert client.closed.wait(12), "the end of a grace is seen within the period of five seconds"
    _opens_nothing(here, unit, fresh)


@pytest.mark.parametrize("how", ["suspended", "retired"])
def test_a_suspended_or_retired_unit_is_closed_out(here: Installation, maker: ApiClient, how: str) -> None:
    (unit,) = units(maker, "thermostat", f"status-{how}")
    _warm(here, unit.token)
    client = Paho(here.mqtt_port, unit.token)
    assert client.connect() == 0
    asked = time.monotonic()
    if how == "suspended":
        maker.request("PATCH", f"/api/v1/units/{unit.id}", json={"status": "suspended"})
    else:
        maker.delete(f"/api/v1/units/{unit.id}")
    _closed_at_once(client, asked)
    _opens_nothing(here, unit, unit.token)
    if how == "suspended":
        maker.request("PATCH", f"/api/v1/units/{unit.id}", json={"status": "active"})

        def opens() -> bool:
            again = Paho(here.mqtt_port, unit.token)
            reason = again.connect()
            again.leave()
            return reason == 0

        wait_until(opens)


def _warm(here: Installation, token: str) -> None:
    """Let every cache know the token."""
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.post(f"{here.api_url}/api/v1/telemetry", json={"humidity": 1}, headers=headers).status_code == 204


# --- organisations, scopes, nobody


def _operations(api: ApiClient) -> list[tuple[str, str]]:
    """Those that ask who one is; the doors by which people get in cannot, and `tests/api` lists them."""
    document = api.get("/openapi/openapi.json")
    methods = {"get", "put", "post", "delete", "patch"}
    return [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in methods and (operation["security"] or operation["tags"] == ["Ingest"])
    ]


def _filled(path: str, unit: Unit) -> str:
    """The path with this unit's things in it."""
    names = {"unit": unit.id, "product": "thermostat", "version": "1.0.0", "credential": NOBODY, "key": NOBODY,
             "event": "fault", "token": "not-a-token"}  # fmt: skip
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: names.get(found[1], NOBODY), path)


def test_nobody_writes_unnamed_and_nothing_is_read_unnamed(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "anonymous")
    operations = _operations(maker)
    assert len([one for one in operations if one[0] != "GET"]) >= 20
    with httpx.Client(base_url=here.api_url) as http:
        for method, path in operations:
            if method == "GET" and not path.startswith("/api/"):
                continue
            for headers in ({}, {"Authorization": "Bearer koto_nobody"}, {"Authorization": "Basic bm9ib2R5Og=="}):
                answer = http.request(method, _filled(path, unit), headers=headers, content=b"{}")
                assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
                assert answer.headers["content-type"].startswith("application/problem+json")


def test_a_units_token_is_no_key_and_a_key_is_no_units_token(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "no-key")
    with ApiClient(here.api_url, unit.token) as api, pytest.raises(Unauthenticated):
        api.get("/api/v1/units")
    key = maker.post("/api/v1/keys", {"name": "for a unit", "scopes": ["admin"]})["secret"]
    with Paho(here.mqtt_port, key) as application:
        assert application.publish("koto/v1/telemetry", {"power": 1}, qos=1) == NO_SUCH_TOPIC, "it is no unit"
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.post(f"{here.api_url}/api/v1/telemetry", json={"power": 1}, headers=headers).status_code == 401


def test_another_organisation_sees_nothing(here: Installation, maker: ApiClient, neighbour: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "mine")
    (own,) = units(neighbour, "thermostat", "mine")
    with Paho(here.mqtt_port, unit.token) as client:
        client.publish("koto/v1/telemetry", {"power": 1, "colour": "red"})
        client.publish("koto/v1/events/fault", '"relay"')
        unit.online()
    soon(lambda: unit.values("power"), [1])
    soon(unit.reasons, ["unknown-property"])
    operations = [(method, path) for method, path in _operations(maker) if "{unit}" in path and "stream" not in path]
    assert len(operations) >= 15
    body = {"PUT": b'{"target": 6}', "PATCH": b'{"target": 6}', "POST": b"{}"}
    for method, path in operations:
        kind = "application/merge-patch+json" if path.endswith("desired") and method == "PATCH" else "application/json"
        content = body.get(method, b"") if "twin" in path else b"{}"
        headers = {"Content-Type": kind}
        with pytest.raises((NotFound, Invalid)) as foreign:
            neighbour.request(method, _filled(path, unit), content=content, headers=headers)
        # A body that is none is told before anybody looks for the unit; then, too, a foreign unit is no different from none.
        with pytest.raises(type(foreign.value)) as none:
            neighbour.request(method, _filled(path, unit).replace(unit.id, NOBODY), content=content, headers=headers)
        assert str(foreign.value).replace(unit.id, NOBODY) == str(none.value)
    with pytest.raises(NotFound), neighbour.stream("GET", f"/api/v1/units/{unit.id}/twin/stream"):
        pass
    assert unit.get("/twin/desired") == {}
    _lists_are_empty(neighbour, unit, own)


def _lists_are_empty(neighbour: ApiClient, unit: Unit, own: Unit) -> None:
    """Questions about many units know nothing of the other's, whether asked by id, product, serial or at large."""
    assert [one["id"] for one in neighbour.pages("/api/v1/units", {"serial": "mine"})] == [own.id]
    for query in ({"below": unit.id}, {"parent": unit.id}):
        assert _empty_or_not_found(neighbour, "/api/v1/units", query)
    times = {"from": "-1d", "to": "2100-01-01T00:00:00Z"}
    assert _empty_or_not_found(neighbour, "/api/v1/history", {"unit": unit.id, **times})
    assert neighbour.get("/api/v1/history", {"product": "thermostat", **times})["series"] == []
    assert _empty_or_not_found(neighbour, "/api/v1/latest", {"units": unit.id})
    assert neighbour.get("/api/v1/latest", {"product": "thermostat"})["items"] in ([], [{}])
    assert _empty_or_not_found(neighbour, "/api/v1/dead-letters", {"unit": unit.id})
    assert neighbour.get("/api/v1/dead-letters/counts") == []
    presence = neighbour.get("/api/v1/presence")
    assert [one["unit"] for one in presence["items"]] == [own.id]
    for shape in ({"product": "thermostat"}, {"unit": unit.id}):
        query = {**shape, **times, "format": "ndjson"}
        try:
            with neighbour.stream("GET", "/api/v1/export", params=query) as answer:
                assert answer.read() == b""
        except NotFound:
            pass
    row = f'{{"unit": "{unit.id}", "property": "power", "at": "2026-01-01T00:00:00Z", "value": 666}}\n'
    done = neighbour.request("POST", "/api/v1/import", params={"format": "ndjson"}, content=row.encode())
    assert (done["readings"], done["refused"]) == (0, 1)


def _empty_or_not_found(api: ApiClient, path: str, query: dict[str, Any]) -> bool:
    try:
        answer = api.get(path, query)
    except NotFound:
        return True
    return not (answer.get("items") or answer.get("series"))


def test_a_key_opens_what_its_scopes_say(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "scoped")
    path = f"/api/v1/units/{unit.id}"
    desired = (f"{path}/twin/desired", {"target": 20})
    cases: dict[Scope, list[tuple[str, str, Any, bool]]] = {
        Scope.UNITS_READ: [
            ("GET", path, None, True),
            ("GET", f"{path}/presence", None, True),
            ("PATCH", path, {"name": "x"}, False),
            ("POST", "/api/v1/units", {"product": "thermostat", "serial": "by-scope"}, False),
            ("POST", f"{path}/credentials", {}, False),
            ("PUT", *desired, False),
            ("GET", f"{path}/twin", None, False),
            ("GET", "/api/v1/history?product=thermostat", None, False),
            ("GET", "/api/v1/keys", None, False),
        ],
        Scope.TELEMETRY_READ: [
            ("GET", f"{path}/twin", None, True),
            ("GET", "/api/v1/dead-letters", None, True),
            ("GET", "/api/v1/export?product=thermostat", None, True),
            ("POST", "/api/v1/import?format=ndjson", None, False),
            ("PUT", *desired, False),
            ("GET", path, None, False),
            ("POST", "/api/v1/twins/rebuild", None, False),
        ],
        Scope.UNITS_WRITE: [
            ("GET", path, None, True),
            ("PATCH", path, {"name": "x"}, True),
            ("PUT", *desired, False),
            ("POST", "/api/v1/products/apply", {"files": {}}, False),
            ("POST", "/api/v1/keys", {"name": "more", "scopes": ["admin"]}, False),
        ],
        Scope.CONTROL_WRITE: [
            ("PUT", *desired, True),
            ("PATCH", path, {"name": "x"}, False),
            ("GET", f"{path}/twin", None, False),
        ],
        Scope.PRODUCTS_READ: [
            ("GET", "/api/v1/products/thermostat", None, True),
            ("POST", "/api/v1/products/apply", {"files": {}}, False),
            ("GET", path, None, False),
        ],
    }
    for scope, requests in cases.items():
        made = maker.post("/api/v1/keys", {"name": f"only {scope}", "scopes": [scope.value]})
        headers = {"Authorization": f"Bearer {made['secret']}"}
        with httpx.Client(base_url=here.api_url, headers=headers) as http:
            for method, address, body, allowed in requests:
                status = http.request(method, address, json=body).status_code
                assert status < 300 if allowed else status == 403, f"{scope} {method} {address}: {status}"
            assert http.get("/api/v1/organisation").json()["slug"] == "walls"
        maker.delete(f"/api/v1/keys/{made['key']['id']}")
        with ApiClient(here.api_url, made["secret"]) as api, pytest.raises((Unauthenticated, Forbidden)):
            api.get("/api/v1/organisation")

"""Applications over MQTT: an API key watches and controls the units within its reach, with ordinary clients."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa
from unit_clients import V3_1_1, V5, MosquittoSub, Paho, Unit, apply, mosquitto_pub, needs_mosquitto, soon, units

from monokoto.cli.client import ApiClient
from monokoto.connect.tenancy import OrganisationKind
from monokoto.engines.records import open_records
from monokoto.kernel.limits import APPLICATION_SUBSCRIPTIONS_MAX
from monokoto.mqtt import Reason
from monokoto.testing import Installation, wait_until

TELEMETRY = "koto/v1/telemetry"


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("applications") as api:
        apply(api, "thermostat")
        yield api


@pytest.fixture(scope="module")
def stranger(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("strangers") as api:
        apply(api, "thermostat")
        yield api


def key_of(api: ApiClient, *scopes: str) -> str:
    """A new key with these scopes; `key_and_id` for its id too."""
    return key_and_id(api, *scopes)[0]


def key_and_id(api: ApiClient, *scopes: str) -> tuple[str, str]:
    made = api.post("/api/v1/keys", {"name": "application", "scopes": list(scopes or ["admin"])})
    return made["secret"], made["key"]["id"]


def topic(unit: Unit, tail: str) -> str:
    return f"koto/v1/units/{unit.id}/{tail}"


def report(unit: Unit, client: Paho, values: dict[str, Any]) -> None:
    """Send, and wait until the twin has it."""
    client.publish(TELEMETRY, values)
    soon(lambda: {name: unit.reported().get(name) for name in values}, values)


@pytest.mark.parametrize("version", [V3_1_1, V5])
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_an_application_sees_what_a_unit_reports(
    here: Installation, maker: ApiClient, version: int, transport: str
) -> None:
    (unit,) = units(maker, "thermostat", f"seen-{version}-{transport}")
    port = here.mqtt_port if transport == "tcp" else int(here.told["websocket"].rpartition(":")[2].partition("/")[0])
    with (
        Paho(here.mqtt_port, unit.token) as device,
        Paho(port, key_of(maker, "telemetry:read"), version=version, transport=transport) as app,
    ):
        report(unit, device, {"temperature": 20.5, "mode": "heat"})
        assert app.subscribe(topic(unit, "properties/temperature"), topic(unit, "telemetry")) == [1, 1]
        first = app._messages.get(timeout=20)
        assert first == (topic(unit, "properties/temperature"), b"20.5", True), "how things stand, as retained"
        device.publish(TELEMETRY, {"at": "2026-03-01T08:30:00.250Z", "values": {"humidity": 40}})
        assert app.message() == (
            topic(unit, "telemetry"),
            {"at": "2026-03-01T08:30:00.250Z", "values": {"humidity": 40.0}},
        )
        device.publish(TELEMETRY, {"temperature": 21, "occupied": True})
        assert app._messages.get(timeout=20) == (topic(unit, "properties/temperature"), b"21.0", False)
        assert app.message()[1]["values"] == {"temperature": 21.0, "occupied": True}


def test_late_readings_are_no_news(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "late")
    with Paho(here.mqtt_port, unit.token) as device, Paho(here.mqtt_port, key_of(maker)) as app:
        report(unit, device, {"temperature": 20})
        app.subscribe(topic(unit, "properties/+"))
        assert app.message()[1] == 20
        device.publish(TELEMETRY, {"at": "2026-01-01T00:00:00Z", "values": {"temperature": 5}})
        device.publish(TELEMETRY, {"humidity": 44})
        assert app.message() == (topic(unit, "properties/humidity"), 44.0)


def test_events_presence_and_desired(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "events")
    with Paho(here.mqtt_port, key_of(maker)) as app:
        assert app.subscribe(*(topic(unit, tail) for tail in ("events/+", "presence", "desired"))) == [1, 1, 1]
        with Paho(here.mqtt_port, unit.token) as device:
            found, payload = app.message()
            assert (found, payload["online"]) == (topic(unit, "presence"), True)
            device.publish("koto/v1/events/fault", '"relay"')
            assert app.message() == (topic(unit, "events/fault"), "relay")
            unit.desire({"target": 22})
            assert app.message() == (topic(unit, "desired"), {"revision": 1, "desired": {"target": 22}})
        found, payload = app.message()
        assert (found, payload["online"], payload["reason"]) == (topic(unit, "presence"), False, "disconnected")
    with Paho(here.mqtt_port, key_of(maker)) as later:
        later.subscribe(topic(unit, "#"))
        found = {later.message()[0] for _ in range(2)}
        assert found == {topic(unit, "presence"), topic(unit, "desired")}


def test_what_an_application_sets_reaches_the_unit(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "set")
    with (
        Paho(here.mqtt_port, unit.token) as device,
        Paho(here.mqtt_port, key_of(maker, "telemetry:read", "control:write")) as app,
    ):
        device.subscribe("koto/v1/desired")
        assert app.publish(topic(unit, "properties/target/set"), "23.5") == Reason.SUCCESS
        assert device.on("koto/v1/desired") == {"revision": 1, "desired": {"target": 23.5}}
        assert app.publish(topic(unit, "desired"), {"target": None, "mode": "cool"}, qos=2) == Reason.SUCCESS
        assert device.on("koto/v1/desired") == {"revision": 2, "desired": {"mode": "cool"}}
        for tail, payload in (
            ("properties/target/set", '"warm"'),
            ("properties/target/set", "not json"),
            ("properties/temperature/set", "21"),
            ("desired", "[]"),
        ):
            assert app.publish(topic(unit, tail), payload) == Reason.PAYLOAD_FORMAT_INVALID, (tail, payload)
        for tail in ("properties/target", "telemetry", "nonsense"):
            assert app.publish(topic(unit, tail), "1") == Reason.TOPIC_NAME_INVALID
        assert app.publish(TELEMETRY, "{}") == Reason.TOPIC_NAME_INVALID
        assert unit.get("/twin/desired") == {"mode": "cool"}


def test_of_two_publishes_the_second_is_carried_out_second(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "order")
    with Paho(here.mqtt_port, key_of(maker)) as app:
        for value in range(5, 30):
            app.client.publish(topic(unit, "properties/target/set"), str(value), 0)
        app.publish(topic(unit, "properties/target/set"), "30")
        assert unit.get("/twin/desired") == {"target": 30}
        # In order, one by one: as many revisions as publishes, the newest first.
        revisions = maker.get(f"/api/v1/units/{unit.id}/twin/desired/revisions", {"limit": 100})["items"]
        assert [one["properties"]["target"] for one in revisions] == list(range(30, 4, -1))


def test_an_action_is_a_command_whose_status_is_told(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "action")
    with Paho(here.mqtt_port, unit.token) as device, Paho(here.mqtt_port, key_of(maker)) as app:
        device.subscribe("koto/v1/actions/+/+")
        app.subscribe(topic(unit, "actions/+/+/status"))
        assert app.publish(topic(unit, "actions/boost"), {"minutes": 5}) == Reason.SUCCESS
        asked, payload = device.message()
        _, _, _, action, command = asked.split("/")
        assert action == "boost"
        assert payload["input"] == {"minutes": 5}
        device.publish(f"koto/v1/actions/boost/{command}/status", {"status": "succeeded"})
        statuses = []
        while not statuses or statuses[-1] != "succeeded":
            found, document = app.message()
            assert found == topic(unit, f"actions/boost/{command}/status")
            assert document["id"] == command
            statuses.append(document["status"])
        assert app.publish(topic(unit, "actions/boost"), {"minutes": 500}) == Reason.PAYLOAD_FORMAT_INVALID
        assert app.publish(topic(unit, "actions/fly"), "") == Reason.TOPIC_NAME_INVALID
        assert app.publish(topic(unit, "actions/restart"), "") == Reason.SUCCESS


def test_the_units_of_others_are_none(here: Installation, maker: ApiClient, stranger: ApiClient) -> None:
    (mine,) = units(maker, "thermostat", "mine")
    (foreign,) = units(stranger, "thermostat", "foreign")
    refused = [Reason.NOT_AUTHORIZED]
    with Paho(here.mqtt_port, foreign.token) as device, Paho(here.mqtt_port, key_of(maker)) as app:
        for tail in ("properties/temperature", "telemetry", "events/+", "#"):
            assert app.subscribe(topic(foreign, tail)) == refused
        assert app.subscribe("koto/v1/units/0000000000000/telemetry", "koto/v1/units/nobody/telemetry") == refused * 2
        assert app.subscribe("koto/v1/units/+/telemetry", topic(mine, "telemetry")) == [1, 1]
        assert app.publish(topic(foreign, "properties/target/set"), "21") == Reason.NOT_AUTHORIZED
        assert app.publish(topic(foreign, "actions/restart"), "") == Reason.NOT_AUTHORIZED
        report(foreign, device, {"temperature": 19})
        assert app.hears_nothing()
        assert foreign.get("/twin/desired") == {}


def test_an_owner_watches_and_controls_their_own_unit_as_long_as_it_is_theirs(
    here: Installation, maker: ApiClient
) -> None:
    owned, other = units(maker, "thermostat", "owned", "not-owned")
    with (
        here.organisation("household", kind=OrganisationKind.OWNER) as owner,
        Paho(here.mqtt_port, owned.token) as device,
        Paho(here.mqtt_port, key_of(owner)) as app,
    ):
        report(owned, device, {"temperature": 15})
        assert app.subscribe(topic(owned, "properties/temperature")) == [Reason.NOT_AUTHORIZED]
        code = maker.post(f"/api/v1/units/{owned.id}/claim-code", {})["code"]
        owner.post("/api/v1/claims", {"code": code})
        assert app.subscribe(topic(owned, "properties/temperature"), topic(other, "telemetry")) == [
            1,
            Reason.NOT_AUTHORIZED,
        ]
        assert app.subscribe("koto/v1/units/+/telemetry") == [Reason.NOT_AUTHORIZED]
        device.publish(TELEMETRY, {"temperature": 21})
        assert app.message() == (topic(owned, "properties/temperature"), 21.0), "and not the 15 of before"
        assert app.publish(topic(owned, "properties/target/set"), "22") == Reason.SUCCESS
        soon(lambda: owner.get(f"/api/v1/units/{owned.id}/twin/desired"), {"target": 22})
        owner.request("DELETE", f"/api/v1/units/{owned.id}/ownership")
        time.sleep(2)  # the promise is one
        device.publish(TELEMETRY, {"temperature": 23})
        soon(lambda: owned.reported().get("temperature"), 23)
        assert app.hears_nothing()
        assert app.publish(topic(owned, "properties/target/set"), "25") == Reason.NOT_AUTHORIZED


def test_a_key_does_what_its_scopes_say(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "scopes")
    with Paho(here.mqtt_port, key_of(maker, "units:read")) as app:
        assert app.subscribe(topic(unit, "telemetry")) == [Reason.NOT_AUTHORIZED]
        assert app.publish(topic(unit, "properties/target/set"), "21") == Reason.NOT_AUTHORIZED
    with Paho(here.mqtt_port, key_of(maker, "telemetry:read")) as app:
        assert app.subscribe(topic(unit, "telemetry")) == [1]
        assert app.publish(topic(unit, "properties/target/set"), "21") == Reason.NOT_AUTHORIZED
        assert app.subscribe(topic(unit, "properties/colour"), topic(unit, "nonsense"), "#", "$share/a/b") == [
            Reason.TOPIC_FILTER_INVALID,
            Reason.TOPIC_FILTER_INVALID,
            Reason.TOPIC_FILTER_INVALID,
            Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
        ]


def test_a_refusal_closes_a_client_of_3_1_1(here: Installation, maker: ApiClient, stranger: ApiClient) -> None:
    (foreign,) = units(stranger, "thermostat", "foreign-311")
    with Paho(here.mqtt_port, key_of(maker), version=V3_1_1) as app:
        assert app.subscribe(topic(foreign, "telemetry")) == [0x80]
        with pytest.raises(ConnectionResetError):
            app.publish(topic(foreign, "properties/target/set"), "21")


def test_a_whole_fleet_is_watched_by_one_filter(here: Installation, maker: ApiClient) -> None:
    first, second = units(maker, "thermostat", "fleet-1", "fleet-2")
    with (
        Paho(here.mqtt_port, first.token) as one,
        Paho(here.mqtt_port, second.token) as two,
        Paho(here.mqtt_port, key_of(maker)) as app,
    ):
        assert app.subscribe("koto/v1/units/+/properties/humidity") == [1]
        one.publish(TELEMETRY, {"humidity": 41, "temperature": 20})
        assert app.message() == (topic(first, "properties/humidity"), 41.0)
        two.publish(TELEMETRY, {"humidity": 42, "temperature": 20})
        assert app.message() == (topic(second, "properties/humidity"), 42.0)


def test_a_revoked_key_is_out_within_two_seconds(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "revoked")
    secret, key_id = key_and_id(maker, "telemetry:read")
    with Paho(here.mqtt_port, unit.token) as device, Paho(here.mqtt_port, secret) as app:
        app.subscribe(topic(unit, "telemetry"))
        maker.request("DELETE", f"/api/v1/keys/{key_id}")
        began = time.monotonic()
        assert app.closed.wait(20)
        taken = time.monotonic() - began
        assert app.close_reason == Reason.NOT_AUTHORIZED
        assert not device.closed.is_set()
        assert taken < 10, "two seconds are the promise; a slow machine is given some more"
        assert wait_until(lambda: Paho(here.mqtt_port, secret).connect() == Reason.BAD_USERNAME_OR_PASSWORD)


def test_subscriptions_are_bounded(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "bounded")
    names = [topic(unit, f"events/number-{number}") for number in range(APPLICATION_SUBSCRIPTIONS_MAX + 10)]
    with Paho(here.mqtt_port, unit.token) as device, Paho(here.mqtt_port, key_of(maker)) as app:
        answers = [
            answer for start in range(0, len(names), 500) for answer in app.subscribe(*names[start : start + 500])
        ]
        assert answers == [1] * APPLICATION_SUBSCRIPTIONS_MAX + [Reason.QUOTA_EXCEEDED] * 10
        assert app.subscribe(topic(unit, "telemetry")) == [Reason.QUOTA_EXCEEDED]
        app.client.unsubscribe(names[0])
        wait_until(lambda: app.subscribe(topic(unit, "telemetry")) == [1])
        device.publish(TELEMETRY, {"temperature": 20})
        assert app.message()[1]["values"] == {"temperature": 20.0}


@needs_mosquitto
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_watches_and_sets(here: Installation, maker: ApiClient, version: str) -> None:
    (unit,) = units(maker, "thermostat", f"mosquitto-{version}")
    key = key_of(maker)
    with Paho(here.mqtt_port, unit.token) as device:
        report(unit, device, {"temperature": 20.5})
        options = ("-V", version, "-q", "1", "-F", "%r %t %p", "-t", topic(unit, "properties/temperature"))
        with MosquittoSub(here, "anything", "-P", key, *options) as sub:
            assert sub.line() == f"1 {topic(unit, 'properties/temperature')} 20.5"
            device.publish(TELEMETRY, {"temperature": 21.5})
            assert sub.line() == f"0 {topic(unit, 'properties/temperature')} 21.5"
    done = mosquitto_pub(here, key, topic(unit, "properties/target/set"), "24", "-V", version, "-q", "1")
    assert done.returncode == 0, done.stderr
    soon(lambda: unit.get("/twin/desired"), {"target": 24})


def test_mqtt_5_tells_the_time_and_the_type(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "properties-of-5")
    with Paho(here.mqtt_port, unit.token) as device, Paho(here.mqtt_port, key_of(maker)) as app:
        told: list[Any] = []
        app.client.on_message = lambda _c, _u, one: told.append(one.properties)
        app.subscribe(topic(unit, "properties/temperature"))
        device.publish(TELEMETRY, {"at": "2026-03-01T08:30:00Z", "values": {"temperature": 21}})
        (properties,) = wait_until(lambda: told)
        assert properties.ContentType == "application/json"
        assert dict(properties.UserProperty) == {"at": "2026-03-01T08:30:00Z"}


def test_what_was_asked_over_mqtt_stands_in_the_audit_log(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "audited")
    with Paho(here.mqtt_port, key_of(maker)) as app:
        app.publish(topic(unit, "properties/target/set"), "21")
        app.publish(topic(unit, "properties/target/set"), "9999")
    records = open_records("", data_dir=here.data_dir)
    try:
        with records.read() as connection:
            query = sa.text("SELECT outcome FROM audit_entries WHERE action = 'live.property' AND subject_id = :unit")
            assert sorted(connection.execute(query, {"unit": unit.id}).scalars()) == ["done", "refused"]
    finally:
        records.close()


@pytest.mark.long
def test_kept_sessions_go_on_after_their_gateway_died_and_after_the_platform_did(tmp_path: Path) -> None:
    with Installation(tmp_path) as here, here.organisation("acme") as api:
        apply(api, "thermostat")
        (unit,) = units(api, "thermostat", "kept")
        key = key_of(api)

        def application(version: int) -> Paho:
            return Paho(here.mqtt_port, key, version=version, client_id=f"d{version}", keep_session_seconds=3600)

        def back(version: int) -> Paho | None:
            client = application(version)
            try:
                return client if client.connect() == 0 else None
            except OSError:
                return None

        with Paho(here.mqtt_port, unit.token) as device:
            report(unit, device, {"temperature": 20})
        for app in (before := [application(V3_1_1), application(V5)]):
            app.connect()
            assert app.subscribe(topic(unit, "properties/temperature")) == [1]
            assert app.message()[1] == 20
        os.kill(process_of(here, "gateway"), signal.SIGKILL)
        assert all(app.closed.wait(20) for app in before)
        after = [wait_until(partial(back, version)) for version in (V3_1_1, V5)]
        try:
            with Paho(here.mqtt_port, unit.token) as device:
                for app in after:
                    assert app.session_present
                    assert app.message() == (topic(unit, "properties/temperature"), 20.0), "how things stand, unasked"
                device.publish(TELEMETRY, {"temperature": 22})
                for app in after:
                    assert app.message() == (topic(unit, "properties/temperature"), 22.0)
                os.kill(process_of(here, "platform"), signal.SIGKILL)
                device.publish(TELEMETRY, {"temperature": 23})
                for app in after:
                    while app.message(60)[1] != 23:  # 22 may be told once more
                        pass
        finally:
            for app in after:
                app.leave()


def process_of(here: Installation, name: str) -> int:
    """The process id of one of its processes."""
    for child in psutil.Process(here.pid).children(recursive=True):
        if name in child.cmdline():
            return child.pid
    raise AssertionError([child.cmdline() for child in psutil.Process(here.pid).children(recursive=True)])

"""Firmware and writers made for other platforms, unchanged: ThingsBoard's SDKs, AWS shadows, InfluxDB's client, plain HTTP."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from typing import Any

import cbor2
import httpx
import pytest
from influxdb_client import InfluxDBClient, Point, WritePrecision
from influxdb_client.client.write_api import SYNCHRONOUS, WriteOptions
from influxdb_client.rest import ApiException
from tb_device_http import TBHTTPDevice
from tb_device_mqtt import TBDeviceMqttClient
from tb_gateway_mqtt import TBGatewayMqttClient
from unit_clients import V3_1_1, V5, WAIT_SECONDS, Paho, Unit, apply, micros, needs_curl, seconds_ago, soon, units

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import SystemClock, format_instant
from monokoto.testing import Installation, wait_until

SECOND = 1_000_000


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("dialects") as api:
        apply(api, "thermostat")
        yield api


def stamp(seconds: float) -> str:
    return format_instant(round(seconds * SECOND))


# --- ThingsBoard


def test_thingsboards_device_sdk(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "tb-device")
    unit.desire({"target": 22.5})
    start = seconds_ago(100)
    client = TBDeviceMqttClient("127.0.0.1", port=here.mqtt_port, username=unit.token)
    changes: list[Any] = []
    answers: list[Any] = []
    client.connect(timeout=WAIT_SECONDS)
    try:
        wait_until(client.is_connected)
        client.subscribe_to_all_attributes(lambda content, _error: changes.append(content))
        assert client.send_telemetry({"temperature": 21.5, "heating": True}).get() == 0
        several = [{"ts": (start + n) * 1000, "values": {"humidity": 40 + n}} for n in range(20)]
        assert client.send_telemetry(several).get() == 0
        assert client.send_attributes({"firmware": {"version": "1.4.2"}, "mode": "heat"}).get() == 0
        soon(unit.reported, {"temperature": 21.5, "heating": True, "humidity": 59, "firmware": {"version": "1.4.2"},
                             "mode": "heat"})  # fmt: skip
        client.request_attributes(["mode"], ["target"], callback=lambda result, *_: answers.append(result))
        assert wait_until(lambda: answers) == [{"client": {"mode": "heat"}, "shared": {"target": 22.5}}]
        unit.desire({"target": 18, "mode": "off"})
        soon(lambda: changes[-1:], [{"target": 18, "mode": "off"}])
        unit.desire({"mode": None})
        soon(lambda: changes[-1:], [{"deleted": ["mode"]}])
    finally:
        client.stop()
        client.disconnect()
    soon(lambda: unit.history("humidity"), {stamp(start + n): 40 + n for n in range(20)})
    assert unit.letters() == []


def test_thingsboards_gateway_sdk(here: Installation, maker: ApiClient) -> None:
    hub, room, hall = units(maker, "thermostat", "tb-gateway", "room 1", "hall")
    for child in (room, hall):
        maker.request("PATCH", f"/api/v1/units/{child.id}", json={"parent": hub.id})
    start = seconds_ago(50)
    client = TBGatewayMqttClient("127.0.0.1", port=here.mqtt_port, username=hub.token)
    changes: list[Any] = []
    client.connect(timeout=WAIT_SECONDS)
    try:
        wait_until(client.is_connected)
        for child in (room, hall):
            assert client.gw_connect_device(child.serial).get() == 0
        client.gw_subscribe_to_all_attributes(changes.append)
        row = {"ts": start * 1000, "values": {"temperature": 19}}
        assert (
            client.gw_send_telemetry("room 1", [row, {"ts": start * 1000 + 500, "values": {"temperature": 20}}]).get()
            == 0
        )
        assert client.gw_send_telemetry("hall", {"temperature": 17}).get() == 0
        assert client.gw_send_attributes("room 1", {"mode": "auto"}).get() == 0
        assert client.gw_send_telemetry("nobody's", {"temperature": 1}).get() == 0
        soon(room.reported, {"temperature": 20, "mode": "auto"})
        soon(hall.reported, {"temperature": 17})
        room.desire({"target": 23})
        soon(lambda: [one for one in changes if one.get("device") == "room 1"],
             [{"device": "room 1", "data": {"target": 23}}])  # fmt: skip
    finally:
        client.stop()
        client.disconnect()
    soon(lambda: room.history("temperature"), {stamp(start): 19, stamp(start + 0.5): 20})
    soon(hub.reasons, ["not-yours"])


def test_thingsboards_http_sdk(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "tb-http")
    device = TBHTTPDevice(here.api_url, unit.token, "any name")
    device.send_telemetry({"temperature": 12.5}, queued=False)
    device.send_attributes({"mode": "cool"})
    soon(unit.reported, {"temperature": 12.5, "mode": "cool"})
    with pytest.raises(Exception, match="401"):
        TBHTTPDevice(here.api_url, "nobody", "any name").send_telemetry({"temperature": 1}, queued=False)


# --- AWS


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_an_aws_shadow(here: Installation, maker: ApiClient, version: int) -> None:
    (unit,) = units(maker, "thermostat", f"shadow-{version}")
    shadow = f"$aws/things/{unit.serial}/shadow"
    with Paho(here.mqtt_port, unit.token, version=version) as client:
        topics = [f"{shadow}/{name}" for name in ("get/+", "update/accepted", "update/rejected", "update/delta")]
        assert client.subscribe(*topics) == [1, 1, 1, 1]
        client.publish(f"{shadow}/get", {"clientToken": "t0"})
        assert client.on(f"{shadow}/get/rejected")["code"] == 404
        client.publish(
            f"{shadow}/update", {"state": {"reported": {"target": 19, "heating": True}}, "clientToken": "t1"}
        )
        accepted = client.on(f"{shadow}/update/accepted")
        assert accepted["state"] == {"reported": {"target": 19, "heating": True}}
        assert accepted["clientToken"] == "t1"
        soon(unit.reported, {"target": 19, "heating": True})
        unit.desire({"target": 21})
        assert client.on(f"{shadow}/update/delta")["state"] == {"target": 21}
        client.publish(f"{shadow}/get", "")
        document = client.on(f"{shadow}/get/accepted")
        assert document["state"] == {
            "reported": {"target": 19, "heating": True},
            "desired": {"target": 21},
            "delta": {"target": 21},
        }
        client.publish(f"{shadow}/update", {"state": {"reported": {"target": 21}}})
        assert client.on(f"{shadow}/update/accepted")["state"]["reported"] == {"target": 21}
        soon(lambda: unit.get("/twin")["drift"], {})
        client.publish(f"{shadow}/update", {"state": "on fire"})
        assert client.on(f"{shadow}/update/rejected")["code"] == 400
    soon(lambda: unit.values("target"), [19, 21])


# --- InfluxDB


def influxdb(here: Installation, unit: Unit, **options: Any) -> InfluxDBClient:
    return InfluxDBClient(here.api_url, unit.token, org="any", **options)


def test_influxdbs_client_writes_points(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "influx")
    start = seconds_ago(3000)
    with influxdb(here, unit, enable_gzip=True) as client, client.write_api(write_options=SYNCHRONOUS) as writer:
        point = (
            Point("room").tag("floor", "2").field("temperature", 21.5).field("switch_count", 7).field("heating", True)
            .field("mode", "heat").field("display_text", 'Café "zwei", = \\').time(start, WritePrecision.S)
        )  # fmt: skip
        writer.write("any", record=point)
        writer.write(
            "any", record={"measurement": "room", "fields": {"power": 12.5}, "time": (start + 1) * 10**9 + 1000}
        )
        writer.write("any", record=f"room power=13.5 {start * 1000 + 2500}", write_precision=WritePrecision.MS)
        writer.write("any", record="room humidity=33")
    soon(unit.reported, {"temperature": 21.5, "switch_count": 7, "heating": True, "mode": "heat", "power": 13.5,
                         "display_text": 'Café "zwei", = \\', "humidity": 33})  # fmt: skip
    soon(lambda: unit.history("power"), {stamp(start + 1.000001): 12.5, stamp(start + 2.5): 13.5})
    soon(lambda: unit.history("temperature"), {stamp(start): 21.5})
    (at,) = unit.history("humidity")
    assert abs(micros(at) - SystemClock().now()) < 60 * SECOND
    assert unit.letters() == []


def test_influxdbs_client_writes_batches_for_many_units(here: Installation, maker: ApiClient) -> None:
    hub, *rooms = units(maker, "thermostat", "influx-hub", *(f"room-{n}" for n in range(5)))
    for room in rooms:
        maker.request("PATCH", f"/api/v1/units/{room.id}", json={"parent": hub.id})
    start = seconds_ago(4000)
    faults: list[Any] = []
    options = WriteOptions(batch_size=250, flush_interval=200)
    with (
        influxdb(here, hub) as client,
        client.write_api(write_options=options, error_callback=lambda *one: faults.append(one)) as writer,
    ):
        for n in range(1000):
            point = (
                Point("m").tag("unit", f"room-{n % 5}").field("temperature", n / 50).time(start + n, WritePrecision.S)
            )
            writer.write("any", record=point)
    assert faults == []
    for number, room in enumerate(rooms):
        wanted = {stamp(start + n): n / 50 for n in range(number, 1000, 5)}
        soon(lambda one=room: one.history("temperature"), wanted)
    assert hub.letters() == []


def test_influxdbs_client_is_told_what_is_wrong(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "influx-faulty")
    with influxdb(here, unit) as client, client.write_api(write_options=SYNCHRONOUS) as writer:
        with pytest.raises(ApiException) as told:
            writer.write("any", record=["room power=1", "room power", "room power=2"])
        assert told.value.status == 400
        assert "1 lines" in told.value.message
        writer.write("any", record="room colour=7")
    soon(unit.reported, {"power": 2})
    soon(unit.reasons, ["unknown-property"])
    with (
        InfluxDBClient(here.api_url, "nobody", org="any") as client,
        client.write_api(write_options=SYNCHRONOUS) as writer,
        pytest.raises(ApiException) as told,
    ):
        writer.write("any", record="room power=1")
    assert told.value.status == 401


@needs_curl
def test_version_1_writers_over_write(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "influx-1")
    start = seconds_ago(2000)
    lines = Point("room").field("temperature", 20.5).field("heating", False).time(start, WritePrecision.S)
    text = lines.to_line_protocol(precision=WritePrecision.S)
    write = f"{here.api_url}/write?db=any&precision=s"
    ways = (
        ("-u", f"any:{unit.token}"),
        ("-H", f"Authorization: Token any:{unit.token}"),
        ("-H", f"Authorization: Bearer {unit.token}"),
    )
    for number, way in enumerate(ways):
        body = f"{text}\nroom power={number} {start + number}"
        command = ["curl", "-sS", "-w", "%{http_code}", "-XPOST", *way, write, "--data-binary", body]
        assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == "204"
    body = gzip.compress(f"room power=9 {start + 9}".encode())
    query = {"db": "any", "precision": "s", "u": "any", "p": unit.token}
    answer = httpx.post(f"{here.api_url}/write", params=query, content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 204
    soon(lambda: unit.history("power"), {stamp(start + n): n for n in (0, 1, 2, 9)})
    assert unit.reported() == {"temperature": 20.5, "heating": False, "power": 9}
    assert httpx.get(f"{here.api_url}/ping").status_code == 204


# --- HTTP


def test_plain_http(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "http")
    start = seconds_ago(1000)
    with httpx.Client(base_url=here.api_url, headers={"Authorization": f"Bearer {unit.token}"}) as http:

        def post(path: str, body: Any, *, kind: str = "application/json") -> int:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return http.post(path, content=content, headers={"Content-Type": kind}).status_code

        assert post("/api/v1/telemetry", {"temperature": 1.5, "display_text": "naïve"}) == 204
        assert post("/api/v1/telemetry", {"mode": "heat"}, kind="application/x-www-form-urlencoded") == 204
        packed = cbor2.dumps([{"at": start + n, "values": {"signal": -n}} for n in range(30)])
        assert post("/api/v1/telemetry", packed, kind="application/cbor") == 204
        columns = {"at": [start + n for n in range(30)], "values": {"power": [n / 2 for n in range(30)]}}
        assert post("/api/v1/columns", columns) == 204
        columns = {"at": [start + 30], "values": {"power": [15.0], "heating": [True]}}
        assert post("/api/v1/columns", cbor2.dumps(columns), kind="application/cbor") == 204
        assert post("/api/v1/events/window_opened", {"drop": 3}) == 204
        assert post("/api/v1/events/fault", {"at": start, "data": "relay"}) == 204
        assert post("/api/v1/telemetry", b"{") == 422
        assert post("/api/v1/telemetry", {"colour": "red"}) == 204
    assert httpx.post(f"{here.api_url}/api/v1/{unit.token}/telemetry", json={"outdoor": -3}).status_code == 200
    assert httpx.post(f"{here.api_url}/api/v1/{unit.token}/attributes", json={"target": 20}).status_code == 200
    wanted = {"temperature": 1.5, "display_text": "naïve", "mode": "heat", "signal": -29, "power": 15, "heating": True,
              "outdoor": -3, "target": 20}  # fmt: skip
    soon(unit.reported, wanted)
    assert unit.latest() == wanted
    soon(lambda: unit.history("signal"), {stamp(start + n): -n for n in range(30)})
    soon(lambda: unit.history("power"), {stamp(start + n): n / 2 for n in range(31)})
    events = wait_until(lambda: len(found := unit.get("/events", order="oldest")["items"]) == 2 and found)
    assert [(one["event"], one["data"]) for one in events] == [("fault", "relay"), ("window_opened", {"drop": 3})]
    soon(unit.reasons, ["unknown-property"])
    presence = unit.presence()
    assert not presence["online"]
    assert presence["last_seen"] is not None

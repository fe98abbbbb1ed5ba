"""mosquitto's and paho's clients, unchanged, against a whole installation: what they sent is what the API answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import cbor2
import pytest
from unit_clients import (
    MOSQUITTO_VERSIONS,
    V3_1,
    V3_1_1,
    V5,
    MosquittoSub,
    Paho,
    Unit,
    apply,
    micros,
    mosquitto_pub,
    needs_mosquitto,
    seconds_ago,
    soon,
    units,
)

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import SystemClock, format_instant
from monokoto.testing import Installation, wait_until

SECOND = 1_000_000
TRANSPORTS = ((V3_1, "tcp"), (V3_1_1, "tcp"), (V5, "tcp"), (V3_1_1, "websockets"), (V5, "websockets"))
EVERYTHING: dict[str, Any] = {
    "temperature": 21.25,
    "humidity": 0,
    "heating": True,
    "occupied": False,
    "switch_count": 9_007_199_254_740_991,
    "signal": -120,
    "mode": "cool",
    "display_text": 'Grüße – 你好, здравствуй 👋🏽 "quoted" \\ back\nline \u0000',
    "firmware": {"version": "1.2.30", "channel": "beta"},
    "schedule": [{"day": "mon", "from": "06:30", "target": 21.5}, {"day": "sun", "from": "00:00", "target": 5}],
}


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("clients") as api:
        apply(api, "thermostat")
        yield api


@needs_mosquitto
def test_mosquitto_pub_in_every_version_and_quality(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "mosquitto")
    start, wanted = seconds_ago(1000) * SECOND, {}
    for number, (version, qos) in enumerate((v, q) for v in MOSQUITTO_VERSIONS for q in "012"):
        at = start + number * SECOND
        payload = {"ts": at // 1000, "values": {"temperature": 20 + number / 4}}
        done = mosquitto_pub(here, unit.token, "koto/v1/telemetry", json.dumps(payload), "-V", version, "-q", qos)
        assert done.returncode == 0, done.stderr
        wanted[format_instant(at)] = 20 + number / 4
    soon(lambda: unit.history("temperature"), wanted)
    soon(unit.latest, {"temperature": 22.0})
    assert unit.reported() == {"temperature": 22.0}
    assert unit.letters() == []


@needs_mosquitto
def test_a_retained_publish_is_a_reading_and_is_never_sent_back(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "retaining")
    for version in MOSQUITTO_VERSIONS:
        done = mosquitto_pub(here, unit.token, "koto/v1/telemetry", '{"signal": -7}', "-V", version, "-q", "1", "-r")
        assert done.returncode == 0, done.stderr
    soon(lambda: unit.values("signal"), [-7, -7, -7])
    with Paho(here.mqtt_port, unit.token) as client:
        assert client.subscribe("#") == [1]
        assert client.hears_nothing()


@needs_mosquitto
@pytest.mark.parametrize("version", MOSQUITTO_VERSIONS[1:])
def test_a_will_is_an_event_when_the_client_dies_and_nothing_when_it_leaves(
    here: Installation, maker: ApiClient, version: str
) -> None:
    (unit,) = units(maker, "thermostat", f"will-{version}")
    will = ("-V", version, "--will-topic", "koto/v1/events/fault", "--will-payload", '"radio"', "--will-qos", "1")
    done = mosquitto_pub(here, unit.token, "koto/v1/telemetry", '{"power": 1}', "-q", "1", *will)
    assert done.returncode == 0, done.stderr
    wait_until(unit.reported)
    soon(lambda: unit.presence()["reason"], "disconnected")
    dying = MosquittoSub(here, unit.token, "-t", "koto/v1/desired", *will)
    unit.online()
    dying.kill()
    (event,) = wait_until(lambda: unit.get("/events")["items"])
    assert (event["event"], event["data"]) == ("fault", "radio")
    soon(lambda: unit.presence()["reason"], "connection-lost")


@needs_mosquitto
def test_version_5_may_leave_with_its_will(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "will-on-leaving")
    will = ("--will-topic", "koto/v1/events/fault", "--will-payload", '"relay"')
    with MosquittoSub(here, unit.token, "-V", "mqttv5", "-t", "koto/v1/desired", *will):
        unit.online()  # ended by SIGTERM it sends DISCONNECT with reason 0x04
    (event,) = wait_until(lambda: unit.get("/events")["items"])
    assert event["data"] == "relay"
    soon(lambda: unit.presence()["reason"], "disconnected-with-will")


@needs_mosquitto
def test_mosquitto_pub_line_by_line(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "lines")
    start = seconds_ago(5000) * SECOND
    rows = [{"at": format_instant(start + n * SECOND), "values": {"switch_count": n}} for n in range(200)]
    command = ["mosquitto_pub", "-p", str(here.mqtt_port), "-u", unit.token, "-q", "1", "-t", "koto/v1/telemetry", "-l"]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    soon(lambda: unit.values("switch_count"), list(range(200)))
    (bucket,) = unit.get(
        "/history",
        **{"property": "switch_count", "from": format_instant(start), "to": format_instant(start + 200 * SECOND)},
        width="day",
        aggregate="count,sum,min,max",
    )["series"]
    assert (sum(bucket["count"]), sum(bucket["sum"])) == (200, 199 * 100)
    assert (min(bucket["min"]), max(bucket["max"])) == (0, 199)


@pytest.mark.parametrize(("version", "transport"), TRANSPORTS)
def test_paho_sends_values_of_every_kind(here: Installation, maker: ApiClient, version: int, transport: str) -> None:
    (unit,) = units(maker, "thermostat", f"paho-{version}-{transport}")
    port = int(here.told["websocket"].rpartition(":")[2].partition("/")[0]) if transport != "tcp" else here.mqtt_port
    with Paho(port, unit.token, version=version, transport=transport, client_id="paho") as client:
        for qos in (0, 1, 2):
            client.publish("koto/v1/telemetry", EVERYTHING, qos=qos)
        presence = unit.online()
        (session,) = presence["sessions"]
        assert session["client_id"] == "paho"
        assert session["protocol"] == {V3_1: "MQTT 3.1", V3_1_1: "MQTT 3.1.1", V5: "MQTT 5"}[version]
    soon(unit.reported, EVERYTHING)
    assert unit.latest() == EVERYTHING
    soon(lambda: len(unit.values("schedule")), 3)
    for name, value in EVERYTHING.items():
        assert unit.values(name) == [value] * 3
    assert unit.letters() == []


def test_times_in_every_form(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "times")
    start = seconds_ago(100_000) * SECOND
    before = int(SystemClock().now())
    wanted = {}
    with Paho(here.mqtt_port, unit.token) as client:
        forms: list[tuple[Any, int]] = [
            (start // SECOND, start),
            ((start + 1_250_000) / SECOND, start + 1_250_000),
            ((start + 2_001_000) // 1000, start + 2_001_000),
            (start + 3_000_001, start + 3_000_001),
            (format_instant(start + 4_500_000), start + 4_500_000),
            (format_instant(start + 5 * SECOND).replace("Z", "+00:00"), start + 5 * SECOND),
            (format_instant(start + 7_206 * SECOND).replace("Z", "+02:00"), start + 6 * SECOND),
        ]
        for number, (form, at) in enumerate(forms):
            name = ("at", "ts")[number % 2]
            assert client.publish("koto/v1/telemetry", {name: form, "values": {"power": number}}) == 0
            wanted[format_instant(at)] = number
        several = [{"at": start + (10 + n) * SECOND, "values": {"power": 100 + n}} for n in range(50)]
        assert client.publish("koto/v1/telemetry", [*several, *several[:10]]) == 0
        wanted |= {format_instant(start + (10 + n) * SECOND): 100 + n for n in range(50)}
        assert client.publish("koto/v1/telemetry", {"power": 999}) == 0
    found = wait_until(lambda: len(one := unit.history("power")) > len(wanted) and one)
    last_at, last = found.popitem()
    assert found == wanted
    assert last == 999
    assert before <= micros(last_at) <= int(SystemClock().now())
    assert unit.letters() == []


def test_of_two_readings_with_one_name_the_later_holds_and_late_ones_move_nothing_back(
    here: Installation, maker: ApiClient
) -> None:
    (unit,) = units(maker, "thermostat", "late")
    start = seconds_ago(5000) * SECOND
    with Paho(here.mqtt_port, unit.token, version=V3_1_1) as client:
        for at, value in ((50, 20), (10, 10), (50, 21), (49, 12), (50, 21)):
            client.publish("koto/v1/telemetry", {"at": start + at * SECOND, "values": {"outdoor": value}})
    wanted = {format_instant(start + at * SECOND): value for at, value in ((10, 10), (49, 12), (50, 21))}
    soon(lambda: unit.history("outdoor"), wanted)
    assert unit.reported() == unit.latest() == {"outdoor": 21}


def test_property_topics_take_one_bare_value(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "properties")
    with Paho(here.mqtt_port, unit.token) as client:
        for name, value in EVERYTHING.items():
            assert client.publish(f"koto/v1/properties/{name}", value if value != "cool" else '"cool"') == 0
        assert client.publish("koto/v1/properties/display_text", json.dumps(EVERYTHING["display_text"])) == 0
    soon(unit.reported, EVERYTHING)


def test_events_bare_and_in_an_envelope(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "events")
    at = seconds_ago(60) * SECOND
    with Paho(here.mqtt_port, unit.token) as client:
        assert client.publish("koto/v1/events/window_opened", {"drop": 2.5}, qos=2) == 0
        assert client.publish("koto/v1/events/fault", {"at": at, "id": "f-1", "data": "relay"}) == 0
        assert client.publish("koto/v1/events/fault", {"at": at, "id": "f-1", "data": "relay"}) == 0  # sent again
        assert client.publish("koto/v1/events/explosion", {"drop": 2.5}) == 0
        assert client.publish("koto/v1/events/fault", '"toast"') == 0
    items = wait_until(lambda: len(found := unit.get("/events", order="oldest")["items"]) >= 2 and found)
    assert [(one["event"], one["data"]) for one in items] == [("fault", "relay"), ("window_opened", {"drop": 2.5})]
    assert items[0]["at"] == format_instant(at)
    assert len(unit.get("/events", event="fault")["items"]) == 1
    soon(unit.reasons, ["unknown-event", "wrong-type"])


def test_cbor_by_topic_and_by_content_type(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "cbor")
    start = seconds_ago(500) * SECOND
    with Paho(here.mqtt_port, unit.token) as client:
        assert client.publish("koto/v1/telemetry/cbor", cbor2.dumps(EVERYTHING)) == 0
        one = {"at": start, "values": {"power": 1.5}}
        assert client.publish("koto/v1/telemetry", cbor2.dumps(one), content_type="application/cbor") == 0
        columns = {
            "at": [start + SECOND, start + 2 * SECOND],
            "values": {"power": [2.5, None], "mode": ["off", "heat"]},
        }
        assert client.publish("koto/v1/columns/cbor", cbor2.dumps(columns)) == 0
        assert client.publish("koto/v1/telemetry", {"signal": -1}) == 0  # JSON again, on the same connection
    soon(unit.reported, {**EVERYTHING, "power": 2.5, "signal": -1})
    stamps = [format_instant(start + n * SECOND) for n in range(3)]
    soon(lambda: unit.history("power"), {stamps[0]: 1.5, stamps[1]: 2.5})
    assert {at: mode for at, mode in unit.history("mode").items() if at in stamps} == {
        stamps[1]: "off",
        stamps[2]: "heat",
    }
    assert unit.letters() == []


def _below(api: ApiClient, parent: Unit, *children: Unit) -> None:
    for child in children:
        api.request("PATCH", f"/api/v1/units/{child.id}", json={"parent": parent.id})


def test_a_gateway_unit_speaks_for_the_units_below_it(here: Installation, maker: ApiClient) -> None:
    hub, upper, lower, stranger = units(maker, "thermostat", "hub", "upper", "lower", "stranger")
    _below(maker, hub, upper)
    _below(maker, upper, lower)
    start = seconds_ago(900) * SECOND
    with Paho(here.mqtt_port, hub.token) as client:
        # Processes hear of a change in the fleet within two seconds.
        wait_until(lambda: client.publish("koto/v1/units/lower/telemetry", {"power": 1}) == 0)
        assert client.publish(f"koto/v1/units/{upper.id}/telemetry", [{"at": start, "values": {"power": 2}}]) == 0
        assert client.publish("koto/v1/units/hub/telemetry", {"power": 3}) == 0
        rows = 300
        columns = {
            "unit": [("hub", "upper", lower.id)[n % 3] for n in range(rows)],
            "at": [start + n * SECOND for n in range(rows)],
            "values": {
                "temperature": [n / 10 if n % 5 else None for n in range(rows)],
                "heating": [n % 2 == 0 for n in range(rows)],
                "display_text": [f"row {n} é" for n in range(rows)],
            },
        }
        assert client.publish("koto/v1/columns", columns) == 0
        strange = {"unit": ["stranger", "hub"], "at": [start, start - SECOND], "values": {"signal": [-1, -2]}}
        assert client.publish("koto/v1/columns", [strange]) == 0
    for offset, unit in enumerate((hub, upper, lower)):
        mine = [n for n in range(rows) if n % 3 == offset]
        soon(lambda u=unit: len(u.values("heating")), 100)
        assert unit.values("heating") == [n % 2 == 0 for n in mine]
        assert unit.values("display_text") == [f"row {n} é" for n in mine]
        assert unit.history("temperature") == {format_instant(start + n * SECOND): n / 10 for n in mine if n % 5}
    soon(lambda: hub.values("signal"), [-2])
    assert upper.values("power") == [2]
    assert stranger.reported() == {}
    soon(lambda: set(hub.reasons()) - {"not-authorized"}, {"not-yours"})
    _columns_of_latest(maker, hub, upper, lower)


def _columns_of_latest(api: ApiClient, *wanted: Unit) -> None:
    query = {"product": "thermostat", "properties": "display_text", "format": "columns"}
    (table,) = api.get("/api/v1/latest", query)["items"]
    texts = dict(zip(table["units"], table["properties"]["display_text"]["values"], strict=True))
    assert [texts[unit.id] for unit in wanted] == ["row 297 é", "row 298 é", "row 299 é"]


BAD: tuple[tuple[str, Any, str], ...] = (
    ("koto/v1/telemetry", {"temperature": "warm"}, "wrong-type"),
    ("koto/v1/telemetry", {"temperature": 1000}, "out-of-range"),
    ("koto/v1/telemetry", {"mode": "party"}, "not-in-enum"),
    ("koto/v1/telemetry", {"colour": "red"}, "unknown-property"),
    ("koto/v1/telemetry", '{"temperature": 2', "bad-json"),
    ("koto/v1/telemetry", b"\xff\xfe", "bad-json"),
    ("koto/v1/telemetry", [1, 2], "bad-shape"),
    ("koto/v1/telemetry", {"at": "yesterday", "values": {"power": 1}}, "bad-time"),
    ("koto/v1/telemetry", {"at": 4_102_444_800, "values": {"power": 1}}, "time-out-of-range"),
    ("koto/v1/telemetry/cbor", b"\xff\xff", "bad-cbor"),
    ("koto/v1/columns", {"at": [1], "values": {"power": [1, 2]}}, "bad-shape"),
    ("koto/v1/properties/colour", '"red"', "unknown-property"),
)


def test_what_does_not_fit_is_a_dead_letter_with_its_reason(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "faulty")
    with Paho(here.mqtt_port, unit.token) as client:
        for topic, payload, _ in BAD:
            assert client.publish(topic, payload) == 0
        assert client.publish("koto/v1/telemetry", {"temperature": True, "humidity": 40}) == 0
        assert client.publish("koto/v1/telemetry", " " * (256 * 1024 + 1)) == 0x97
        assert client.publish("koto/v1/telemetry", {"power": 5}) == 0
    soon(unit.reported, {"humidity": 40, "power": 5})
    soon(lambda: len(unit.letters()), len(BAD) + 2)
    letters = unit.letters()
    assert [letter["reason"] for letter in letters[: len(BAD)]] == [reason for _, _, reason in BAD]
    assert letters[len(BAD)]["reason"] == "wrong-type"
    assert letters[0]["payload"] == '{"temperature": "warm"}'
    assert all(letter["detail"] for letter in letters)
    (count,) = maker.get("/api/v1/dead-letters/counts", {"unit": unit.id})
    assert count["total"] == len(BAD) + 2
    assert count["reasons"]["bad-json"] == 2

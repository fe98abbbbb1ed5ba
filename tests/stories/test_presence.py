"""Who is there: presence follows the connections of real clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit_clients import Paho, apply, micros, soon, units

from monokoto.cli.client import ApiClient
from monokoto.kernel.clock import SystemClock
from monokoto.testing import Installation, wait_until


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("presence") as api:
        apply(api, "thermostat")
        yield api


def test_online_by_connecting_offline_by_leaving(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "comes-and-goes")
    assert unit.presence() == {
        "unit": unit.id, "online": False, "since": None, "last_seen": None, "reason": None, "sessions": [],
    }  # fmt: skip
    before = int(SystemClock().now())
    with Paho(here.mqtt_port, unit.token, client_id="a"):
        came = unit.online()
        assert before <= micros(came["since"]) <= int(SystemClock().now())
        assert [one["client_id"] for one in came["sessions"]] == ["a"]
        assert came["sessions"][0]["address"].startswith("127.0.0.1:")
        with Paho(here.mqtt_port, unit.token, client_id="b"):
            wait_until(lambda: len(unit.presence()["sessions"]) == 2)
        wait_until(lambda: len(unit.presence()["sessions"]) == 1)
        assert unit.presence()["since"] == came["since"], "it was online all the time"
    left = unit.online(is_so=False)
    assert (left["reason"], left["sessions"]) == ("disconnected", [])
    assert micros(left["since"]) > micros(came["since"])


def test_who_sends_was_seen(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "seen")
    with Paho(here.mqtt_port, unit.token) as client:
        first = micros(wait_until(lambda: unit.presence()["last_seen"]))
        client.publish("koto/v1/telemetry", {"power": 1})
        wait_until(lambda: micros(unit.presence()["last_seen"]) > first)


def test_a_client_that_vanishes_is_missed(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "vanishes")
    client = Paho(here.mqtt_port, unit.token, will=("koto/v1/events/fault", '"radio"'))
    assert client.connect() == 0
    unit.online()
    client.vanish()
    soon(lambda: unit.presence()["reason"], "connection-lost")
    soon(lambda: [one["data"] for one in unit.get("/events")["items"]], ["radio"])


def test_one_client_id_has_one_connection(here: Installation, maker: ApiClient) -> None:
    unit, other = units(maker, "thermostat", "twice", "namesake")
    with Paho(here.mqtt_port, other.token, client_id="same") as namesake:
        first = Paho(here.mqtt_port, unit.token, client_id="same")
        assert first.connect() == 0
        with Paho(here.mqtt_port, unit.token, client_id="same") as second:
            assert first.closed.wait(20)
            assert first.close_reason == 0x8E  # session taken over
            assert second.publish("koto/v1/telemetry", {"power": 2}) == 0
            assert namesake.publish("koto/v1/telemetry", {"power": 3}) == 0
            wait_until(lambda: len(unit.presence()["sessions"]) == 1)
            assert unit.presence()["online"]
        first.leave()
        assert other.online()["online"]


def test_the_fleets_presence(here: Installation) -> None:
    with here.organisation("presence-fleet") as api:
        apply(api, "thermostat")
        one, two, three = units(api, "thermostat", "one", "two", "three")
        with Paho(here.mqtt_port, one.token), Paho(here.mqtt_port, two.token):
            two.online()
            one.online()
            fleet = api.get("/api/v1/presence")
            assert (fleet["online"], fleet["offline"], fleet["never_seen"]) == (2, 1, 1)
            online = api.get("/api/v1/presence", {"online": "true"})["items"]
            assert {item["unit"] for item in online} == {one.id, two.id}
            away = api.get("/api/v1/presence", {"online": "false"})["items"]
            assert [item["unit"] for item in away] == [three.id]

"""A unit that lost what is desired of it, or never did it, is told again each time it comes back, until it reports it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from unit_clients import V3_1_1, Paho, apply, soon, units

from monokoto.cli.client import ApiClient
from monokoto.testing import Installation

DESIRED = "koto/v1/desired"


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("again") as api:
        apply(api, "thermostat")
        yield api


def test_dialects_without_retained_messages_are_told_what_drifts_at_every_reconnect(
    here: Installation, maker: ApiClient
) -> None:
    (unit,) = units(maker, "thermostat", "again-dialects")
    unit.desire({"target": 21, "mode": "heat"})
    attributes, shadow = "v1/devices/me/attributes", f"$aws/things/{unit.serial}/shadow/update/delta"
    for _ in range(2):  # it does nothing about it: told at each reconnect
        with Paho(here.mqtt_port, unit.token, version=V3_1_1) as client:
            client.subscribe(attributes, shadow, qos=0)
            told = dict(client.message() for _ in range(2))
            assert told[attributes] == {"target": 21, "mode": "heat"}
            assert told[shadow]["state"] == {"target": 21, "mode": "heat"}
            client.publish(attributes, {"humidity": 40})
    with Paho(here.mqtt_port, unit.token) as client:
        client.publish(attributes, {"target": 21})
    soon(lambda: unit.reported().get("target"), 21)
    with Paho(here.mqtt_port, unit.token) as client:
        client.subscribe(attributes)
        assert client.on(attributes) == {"mode": "heat"}  # only what it does not report


def test_a_session_that_was_told_and_lost_it_is_told_again(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "again-session")
    with Paho(here.mqtt_port, unit.token, client_id="s", keep_session_seconds=600) as client:
        client.subscribe(DESIRED)
        unit.desire({"target": 19})
        assert client.on(DESIRED)["desired"] == {"target": 19}
    # It had the message and acknowledged it; then the unit crashed. Its session is there, and nothing is queued in it.
    with Paho(here.mqtt_port, unit.token, client_id="s", keep_session_seconds=600) as client:
        assert client.session_present
        assert client.on(DESIRED)["desired"] == {"target": 19}
        client.publish("koto/v1/telemetry", {"target": 19})
        soon(lambda: unit.reported().get("target"), 19)
    with Paho(here.mqtt_port, unit.token, client_id="s", keep_session_seconds=600) as client:
        assert client.hears_nothing(1.0)  # it reports it: there is nothing to tell

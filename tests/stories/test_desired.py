"""What is desired reaches the unit: at once when it is there, from the retained message when it asks, queued while it is away.

Changes in quick succession may reach it as one, and who subscribes while one is told gets it twice. A story that counts
messages has a witness, another connection of the unit, and goes on when the witness was told.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from unit_clients import V3_1_1, V5, MosquittoSub, Paho, Unit, apply, needs_mosquitto, soon, units

from monokoto.cli.client import ApiClient
from monokoto.kernel.errors import Invalid, PreconditionFailed
from monokoto.testing import Installation, wait_until

DESIRED = "koto/v1/desired"


@pytest.fixture(scope="module")
def maker(here: Installation) -> Iterator[ApiClient]:
    with here.organisation("desired") as api:
        apply(api, "thermostat")
        yield api


def told(revision: int, **desired: Any) -> dict[str, Any]:
    return {"revision": revision, "desired": desired}


def desire(unit: Unit, witness: Paho, patch: dict[str, Any]) -> None:
    """Ask for it, and wait until the unit was told."""
    unit.desire(patch)
    witness.on(DESIRED)


@needs_mosquitto
@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
def test_mosquitto_sub_is_told_now_and_at_every_change(here: Installation, maker: ApiClient, version: str) -> None:
    (unit,) = units(maker, "thermostat", f"live-{version}")
    with Paho(here.mqtt_port, unit.token) as witness:
        witness.subscribe(DESIRED)
        desire(unit, witness, {"target": 20, "display_text": "Grüße 👋"})
    with MosquittoSub(here, unit.token, "-V", version, "-q", "1", "-t", DESIRED, "-F", "%r %t %p") as sub:
        retained, topic, text = sub.line().split(" ", 2)
        assert (retained, topic) == ("1", DESIRED)
        assert json.loads(text) == told(1, target=20, display_text="Grüße 👋")
        unit.desire({"target": 21.5})
        retained, _, text = sub.line().split(" ", 2)
        assert retained == "0", "to those who have subscribed a change is news, not history"
        assert json.loads(text) == told(2, target=21.5, display_text="Grüße 👋")
        unit.desire({"display_text": None})
        assert json.loads(sub.line().split(" ", 2)[2]) == told(3, target=21.5)
        maker.request("PUT", f"/api/v1/units/{unit.id}/twin/desired", json={"mode": "heat"})
        assert json.loads(sub.line().split(" ", 2)[2]) == told(4, mode="heat")


@needs_mosquitto
@pytest.mark.parametrize("options", [("-V", "mqttv311"), ("-V", "mqttv5", "-x", "3600")], ids=["3.1.1", "5"])
def test_mosquitto_sub_finds_what_was_queued_while_it_was_away(
    here: Installation, maker: ApiClient, options: tuple[str, ...]
) -> None:
    (unit,) = units(maker, "thermostat", f"away-{options[1]}")
    arguments = (*options, "-c", "-i", "thermostat", "-q", "1", "-t", DESIRED)
    with Paho(here.mqtt_port, unit.token) as witness:
        witness.subscribe(DESIRED)
        desire(unit, witness, {"target": 20})
        with MosquittoSub(here, unit.token, *arguments) as sub:
            assert json.loads(sub.line()) == told(1, target=20)
        wait_until(lambda: len(unit.presence()["sessions"]) == 1)
        desire(unit, witness, {"target": 21})
        desire(unit, witness, {"target": 22})
    with MosquittoSub(here, unit.token, *arguments) as sub:
        # It subscribes anew, so the retained one follows.
        assert [json.loads(sub.line()) for _ in range(3)] == [
            told(2, target=21),
            told(3, target=22),
            told(3, target=22),
        ]


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_kept_session_gets_each_message_once(here: Installation, maker: ApiClient, version: int) -> None:
    (unit,) = units(maker, "thermostat", f"session-{version}")

    def client() -> Paho:
        return Paho(here.mqtt_port, unit.token, version=version, client_id="unit", keep_session_seconds=3600)

    with client() as first:
        assert not first.session_present
        assert first.subscribe("koto/v1/#", "v1/devices/me/attributes") == [1, 1]
        unit.desire({"target": 20})
        found = [first.message(), first.message()]
        assert sorted(found, key=lambda one: one[0]) == [
            (DESIRED, told(1, target=20)),
            ("v1/devices/me/attributes", {"target": 20}),
        ]
    with Paho(here.mqtt_port, unit.token) as witness:
        witness.subscribe(DESIRED)
        witness.on(DESIRED)
        for value in range(21, 24):
            desire(unit, witness, {"target": value})
    with client() as second:
        assert second.session_present
        # It subscribed while it was told: that may have gone down twice.
        queued = list(itertools.islice((one for one in iter(second.message, None) if one not in found), 6))
        assert [payload for topic, payload in queued if topic == DESIRED] == [
            told(value - 19, target=value) for value in range(21, 24)
        ]
        second.publish("koto/v1/telemetry", {"target": 23})  # until it says so it is told again at each reconnect
        soon(lambda: unit.reported().get("target"), 23)
    with client() as third:
        assert third.session_present
        assert third.hears_nothing()


def test_a_session_that_is_not_kept_starts_from_the_retained_state(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "forgetful")
    with Paho(here.mqtt_port, unit.token, client_id="unit") as client:
        client.subscribe(DESIRED)
        assert client.hears_nothing(0.2), "nothing was ever desired"
        desire(unit, client, {"target": 18})
        desire(unit, client, {"target": 19})
    with Paho(here.mqtt_port, unit.token, client_id="unit") as client:
        assert not client.session_present
        client.subscribe(DESIRED)
        assert client.message() == (DESIRED, told(2, target=19))
        assert client.hears_nothing()


def test_two_connections_of_one_unit_are_both_told(here: Installation, maker: ApiClient) -> None:
    unit, other = units(maker, "thermostat", "both", "neither")
    with (
        Paho(here.mqtt_port, unit.token, client_id="a") as one,
        Paho(here.mqtt_port, unit.token, client_id="b", version=V3_1_1) as two,
        Paho(here.mqtt_port, other.token, client_id="a") as stranger,
    ):
        for client in (one, two, stranger):
            client.subscribe("#")
        unit.desire({"mode": "off"})
        for client in (one, two):
            assert client.on(DESIRED) == told(1, mode="off")
        assert stranger.hears_nothing()
        assert len(unit.online()["sessions"]) == 2


def test_the_loop_closes(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "loop")
    schedule = [{"day": "mon", "from": "06:30", "target": 21}]
    with Paho(here.mqtt_port, unit.token) as client:
        client.subscribe(DESIRED)
        unit.desire({"target": 23.5, "schedule": schedule})
        assert unit.get("/twin")["drift"] == {"target": 23.5, "schedule": schedule}
        assert client.publish("koto/v1/telemetry", client.on(DESIRED)["desired"]) == 0
        soon(lambda: unit.get("/twin")["drift"], {})
        client.publish("koto/v1/telemetry", {"target": 20})
        soon(lambda: unit.get("/twin")["drift"], {"target": 23.5})


def test_what_cannot_be_desired_is_refused_and_never_told(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "refused")
    with Paho(here.mqtt_port, unit.token) as client:
        client.subscribe(DESIRED)
        for patch in ({"target": 99}, {"target": "warm"}, {"temperature": 20}, {"colour": "red"}, {"mode": "party"}):
            with pytest.raises(Invalid) as refused:
                unit.desire(patch)
            assert refused.value.faults
        desire(unit, client, {"target": 20})
        path = f"/api/v1/units/{unit.id}/twin/desired"
        with pytest.raises(PreconditionFailed):
            maker.request("PUT", path, json={"target": 5}, headers={"If-Match": '"7"'})
        maker.request("PUT", path, json={"target": 6}, headers={"If-Match": '"1"'})
        assert client.message() == (DESIRED, told(2, target=6))
        assert client.hears_nothing()
    revisions = unit.get("/twin/desired/revisions")["items"]
    assert [(one["revision"], one["properties"]) for one in revisions] == [(2, {"target": 6}), (1, {"target": 20})]


def test_who_listens_to_the_twin_sees_both_sides_live(here: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "streamed")
    events: list[tuple[str, Any]] = []
    listening = threading.Thread(target=_listen, args=(unit, events), daemon=True)
    listening.start()
    wait_until(lambda: events)
    assert events[0][0] == "twin"
    with Paho(here.mqtt_port, unit.token) as client:
        client.publish("koto/v1/telemetry", {"temperature": 19.5})
        wait_until(lambda: len(events) == 2)
        unit.desire({"target": 20})
        wait_until(lambda: len(events) == 3)
    listening.join(10)
    assert [name for name, _ in events] == ["twin", "reported", "desired"]
    assert events[1][1]["properties"]["temperature"]["value"] == 19.5
    assert events[2][1]["properties"] == {"target": 20}


def _listen(unit: Unit, events: list[tuple[str, Any]]) -> None:
    """Gather three server-sent events."""
    with unit.api.stream("GET", f"/api/v1/units/{unit.id}/twin/stream", timeout=30) as answer:
        name = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                events.append((name, json.loads(value)))
                if len(events) == 3:
                    return

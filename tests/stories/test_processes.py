"""Two gateway processes behind one port, one of them killed, and the whole stopped and started again: nobody notices more
than a broken connection.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from unit_clients import V3_1_1, V5, Paho, Unit, apply, seconds_ago, soon, units

from monokoto.cli.client import ApiClient
from monokoto.kernel.errors import Unavailable
from monokoto.testing import Installation, wait_until

TAKEN_OVER = 0x8E
DESIRED = "koto/v1/desired"
ATTEMPTS = 60


@pytest.fixture(scope="module")
def maker(fortress: Installation) -> Iterator[ApiClient]:
    with fortress.organisation("processes") as api:
        apply(api, "thermostat")
        yield api


def gateway_of(unit: Unit, client_id: str, *, other_than: str = "") -> tuple[str, str]:
    """Gateway and session of the unit's only connection, once it is another session than that one."""

    def only() -> tuple[str, str] | None:
        sessions = [one for one in unit.presence()["sessions"] if one["client_id"] == client_id]
        if len(sessions) != 1 or sessions[0]["session"] == other_than:
            return None
        return sessions[0]["gateway"], sessions[0]["session"]

    return wait_until(only)  # type: ignore[no-any-return]


def test_what_is_kept_is_the_owners_alone_to_read(fortress: Installation, maker: ApiClient) -> None:
    assert maker.get("/api/v1/organisation")
    assert fortress.data_dir.stat().st_mode & 0o777 == 0o700
    written = [fortress.data_dir / name for name in ("records.sqlite", "records.sqlite-wal")]
    assert {path.name: path.stat().st_mode & 0o077 for path in written} == dict.fromkeys(
        ["records.sqlite", "records.sqlite-wal"], 0
    )


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_session_moves_between_the_processes(fortress: Installation, maker: ApiClient, version: int) -> None:
    (unit,) = units(maker, "thermostat", f"mover-{version}")

    def connect() -> Paho:
        client = Paho(fortress.mqtt_port, unit.token, version=version, client_id="mover", keep_session_seconds=3600)
        assert client.connect() == 0
        return client

    client = connect()
    assert client.subscribe(DESIRED) == [1]
    gateway, session = gateway_of(unit, "mover")
    moves: set[tuple[str, str]] = set()
    value = 5.0
    for _ in range(ATTEMPTS):
        after = connect()
        assert client.closed.wait(20), "the older connection ends, wherever it is"
        if version == V5:
            assert client.close_reason == TAKEN_OVER
        client.leave()
        client = after
        assert client.session_present
        before, (gateway, session) = gateway, gateway_of(unit, "mover", other_than=session)
        moves.add((before, gateway))
        value = value + 0.5 if value < 30 else 5.0
        unit.desire({"target": value})
        assert wait_until(lambda one=client, v=value: one.message()[1]["desired"]["target"] == v)
        assert client.publish("koto/v1/telemetry", {"target": value}) == 0
        if len({move for move in moves if move[0] != move[1]}) == 2:
            break
    client.leave()
    assert len({move for move in moves if move[0] != move[1]}) == 2, "both ways"
    soon(unit.reported, {"target": value})
    # What the process kept that had the session before must not stand over what the last one kept.
    unit.desire({"mode": "off"})
    with ExitStack() as stack:
        found = stack.enter_context(_kept(fortress, unit, version))
        assert found.session_present
        assert found.message()[1]["desired"] == {"target": value, "mode": "off"}


def _kept(fortress: Installation, unit: Unit, version: int) -> Paho:
    return Paho(fortress.mqtt_port, unit.token, version=version, client_id="mover", keep_session_seconds=3600)


def test_what_is_desired_reaches_units_on_every_process(fortress: Installation, maker: ApiClient) -> None:
    fleet = units(maker, "thermostat", *(f"spread-{n}" for n in range(16)))
    with ExitStack() as stack:
        clients = [stack.enter_context(Paho(fortress.mqtt_port, unit.token)) for unit in fleet]
        for client in clients:
            assert client.subscribe(DESIRED) == [1]
        for number, unit in enumerate(fleet):
            unit.desire({"target": 10 + number / 2})
        for number, client in enumerate(clients):
            assert client.message() == (DESIRED, {"revision": 1, "desired": {"target": 10 + number / 2}})
        gateways = {unit.online()["sessions"][0]["gateway"] for unit in fleet}
    assert len(gateways) == 2, "the kernel spreads connections over the processes"


def test_revocation_closes_on_every_process(fortress: Installation, maker: ApiClient) -> None:
    (unit,) = units(maker, "thermostat", "revoked-everywhere")
    clients = [Paho(fortress.mqtt_port, unit.token) for _ in range(8)]
    assert [client.connect() for client in clients] == [0] * 8
    (credential,) = unit.get("/credentials")["items"]
    maker.delete(f"/api/v1/units/{unit.id}/credentials/{credential['id']}")
    for client in clients:
        assert client.closed.wait(20)
        assert client.close_reason == 0x87
    soon(lambda: unit.presence()["sessions"], [])


def _everything(unit: Unit) -> dict[str, Any]:
    """What the API knows of a unit."""
    return {
        "twin": unit.get("/twin"),
        "power": unit.history("power"),
        "buckets": unit.get("/history", property="power", **{"from": "2020-01-01T00:00:00Z"}, width="day"),
        "events": unit.get("/events"),
        "letters": unit.letters(),
        "desired": unit.get("/twin/desired/revisions"),
        "unit": unit.get(""),
        "last_seen": unit.presence()["last_seen"],
    }


def test_a_gateway_is_killed_and_everything_is_started_again(fortress: Installation, maker: ApiClient) -> None:
    steady, sleeper = units(maker, "thermostat", "steady", "sleeper")
    asleep = Paho(fortress.mqtt_port, sleeper.token, client_id="sleeper", keep_session_seconds=3600, version=V3_1_1)
    assert asleep.connect() == 0
    assert asleep.subscribe(DESIRED) == [1]
    asleep.leave()
    sleeper.online(is_so=False)
    sleeper.desire({"target": 11})
    client = Paho(fortress.mqtt_port, steady.token, client_id="steady")
    assert client.connect() == 0
    start = seconds_ago(3600)
    for number in range(20):
        payload = {"ts": start + number, "values": {"power": number, "display_text": f"é {number}"}}
        assert client.publish("koto/v1/telemetry", payload, qos=1 + number % 2) == 0
    assert client.publish("koto/v1/events/fault", '"relay"') == 0
    assert client.publish("koto/v1/telemetry", {"colour": "red"}) == 0
    steady.online()
    _kill_gateways(fortress)
    assert client.closed.wait(20)
    client = _again(fortress, steady)
    assert client.publish("koto/v1/telemetry", {"temperature": 21}) == 0
    client.leave()
    soon(lambda: steady.reported().get("temperature"), 21)
    soon(lambda: len(steady.history("power")), 20)
    soon(steady.reasons, ["unknown-property"])
    steady.desire({"mode": "heat"})
    before = _everything(steady)

    assert fortress.stop() == 0
    with pytest.raises(Unavailable):
        maker.get("/api/v1/units")
    fortress.start()

    assert _everything(steady) == before
    assert steady.online(is_so=False)["sessions"] == []
    sleeper.desire({"target": 12})
    with Paho(
        fortress.mqtt_port, sleeper.token, client_id="sleeper", keep_session_seconds=3600, version=V3_1_1
    ) as woken:
        assert woken.session_present
        assert woken.message() == (DESIRED, {"revision": 1, "desired": {"target": 11}})
        assert woken.message() == (DESIRED, {"revision": 2, "desired": {"target": 12}})
    with Paho(fortress.mqtt_port, steady.token) as client:
        client.subscribe(DESIRED)
        assert client.message()[1]["desired"] == {"mode": "heat"}
        assert client.publish("koto/v1/telemetry", {"temperature": 22}) == 0
        assert steady.online()["reason"] is None
    soon(lambda: steady.reported()["temperature"], 22)


@pytest.mark.long
def test_a_unit_whose_gateway_died_is_missed_and_its_will_is_done(fortress: Installation, maker: ApiClient) -> None:
    """Within half a minute: a gateway is dead when it has not been heard of for 15 s."""
    assert fortress.stop() == 0  # what was told of the processes is of their last start
    fortress.start()
    lost, back = units(maker, "thermostat", "lost", "back")
    will = ("koto/v1/events/fault", '"radio"')
    clients = [Paho(fortress.mqtt_port, unit.token, client_id=unit.serial, will=will) for unit in (lost, back)]
    assert [client.connect() for client in clients] == [0, 0]
    for unit in (lost, back):
        unit.online()
    _kill_gateways(fortress)
    for client in clients:
        assert client.closed.wait(20)
    client = _again(fortress, back)
    assert lost.online(is_so=False, seconds=60)["sessions"] == [], "its gateway died with it"
    (event,) = wait_until(lambda: lost.get("/events")["items"])
    assert event["data"] == "radio"
    assert len(back.online()["sessions"]) == 1
    client.leave()


def _kill_gateways(fortress: Installation) -> None:
    for name in ("gateway-1", "gateway-2"):
        os.kill(fortress.told["pids"][name], signal.SIGKILL)


def _again(fortress: Installation, unit: Unit) -> Paho:
    """Connect as a unit does: again and again until somebody answers."""

    def attempt() -> Paho | None:
        client = Paho(fortress.mqtt_port, unit.token, client_id=unit.serial)
        try:
            return client if client.connect() == 0 else None
        except OSError:
            return None

    return wait_until(attempt, every=0.2)  # type: ignore[no-any-return]

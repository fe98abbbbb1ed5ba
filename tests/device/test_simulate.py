"""Virtual units on the wire: the same for the same seed, away and back, obedient to desired state."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monokoto.connect.products import (
    ActionModel,
    EventModel,
    PropertyModel,
    Simulation,
    VirtualUnit,
    parse_simulation,
)
from monokoto.device import DeviceOptions, Refused
from monokoto.device.replay import MAX_SPEED, Speed
from monokoto.device.simulate import FleetSimulation, simulate
from monokoto.kernel.clock import parse_instant
from monokoto.kernel.errors import Invalid
from monokoto.kernel.values import Kind
from monokoto.mqtt import Session

WithPlatform = Callable[[Any], None]
NOW = parse_instant("2026-06-01T12:00:00Z")
PROPERTIES = {
    name: PropertyModel(name=name, kind=kind, schema={})
    for name, kind in (("temperature", Kind.NUMBER), ("on", Kind.BOOLEAN))
}
EVENTS = {"door": EventModel(name="door")}
CREDENTIALS = [(f"unit-{index}", f"token-{index}") for index in range(5)]


def described(**section: Any) -> Simulation:
    properties = {"temperature": {"walk": {"start": 20, "step": 1}}, "on": {"chance": 0.5}}
    return parse_simulation({"every": "10s", "properties": properties, **section}, PROPERTIES, EVENTS)


def plan(platform: Any, simulation: Simulation, **rest: Any) -> FleetSimulation:
    return FleetSimulation(simulation=simulation, url=platform.url, **{"speed": MAX_SPEED, "minutes": 30, **rest})


def readings(platform: Any) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    found = defaultdict(list)
    for token, topic, payload in platform.taken:
        if topic == "koto/v1/telemetry":
            body = json.loads(payload)
            at = body["at"] * 1000 if isinstance(body["at"], int) else parse_instant(body["at"])
            found[token].append((at, body["values"]))
    return found


@pytest.mark.parametrize("section", [{}, {"offline": {"every": "5m", "for": "2m"}, "jitter": "20%"}])
def test_a_fleet_sends_what_its_seed_says(with_platform: WithPlatform, section: dict[str, Any]) -> None:
    async def body(platform: Any) -> None:
        simulation = described(**section)
        report = await simulate(plan(platform, simulation, seed=3), CREDENTIALS, now=NOW)
        start = NOW - 30 * 60 * 1_000_000
        sent = readings(platform)
        total = 0
        for index, (_, token) in enumerate(CREDENTIALS):
            virtual = VirtualUnit(simulation, seed=3, index=index, start=start)
            lived = [moment for moment in (virtual.tick() for _ in range(200)) if moment.at < NOW]
            assert sent[token] == [(moment.at, moment.values) for moment in lived]
            total += len(lived)
        assert (report.units, report.messages, report.readings, report.refused) == (5, total, 2 * total, 0)
        if section:
            assert len(platform.connects) > 5  # they were away, and came back

    with_platform(body)


def test_what_is_not_kept_while_away_is_not_sent(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        simulation = described(offline={"every": "5m", "for": "5m", "keep": False})
        report = await simulate(plan(platform, simulation), CREDENTIALS, now=NOW)
        assert 300 < report.messages < 800  # of 900
        assert sum(map(len, readings(platform).values())) == report.messages

    with_platform(body)


def test_events_are_sent_with_their_time_and_data(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        simulation = described(events={"door": {"every": "2m", "data": {"chance": 1}}})
        report = await simulate(plan(platform, simulation), CREDENTIALS, now=NOW)
        sent = [json.loads(payload) for _, topic, payload in platform.taken if topic == "koto/v1/events/door"]
        assert len(sent) == report.events > 30
        assert {one["data"] for one in sent} == {True}

    with_platform(body)


def test_desired_state_is_taken_over_reported_and_let_go(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        chosen = plan(platform, described(every="100ms"), speed=Speed(1.0), minutes=None)
        task = asyncio.create_task(simulate(chosen, CREDENTIALS[:1], now=NOW))

        async def desire(document: Any) -> list[float]:
            while not any(len(session.subscriptions) for session in platform.sessions.values()):
                await asyncio.sleep(0.01)
            (client_id,) = platform.sessions
            platform.deliver(client_id, "koto/v1/desired", json.dumps(document).encode())
            already = len(platform.taken)
            while len(platform.taken) < already + 4:
                await asyncio.sleep(0.01)
            sent = readings(platform)["token-0"]
            return [values["temperature"] for _, values in sent[-2:] if "temperature" in values]

        assert await desire({"revision": 1, "desired": {"temperature": 55, "stranger": 1}}) == [55, 55]
        assert set(await desire({"revision": 2, "desired": {}})) - {55}
        for nonsense in ([], {"desired": 5}, "x"):
            await desire(nonsense)
        task.cancel()
        report = await task
        assert report.interrupted
        assert report.desired == 2

    with_platform(body)


def test_time_passes_at_the_speed_asked_for(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        began = asyncio.get_running_loop().time()
        report = await simulate(plan(platform, described(), speed=Speed(3600.0), minutes=30), CREDENTIALS, now=NOW)
        assert 0.4 < asyncio.get_running_loop().time() - began < 5
        assert report.messages == 5 * 180
        last = max(at for sent in readings(platform).values() for at, _ in sent)
        assert NOW - 11_000_000 < last <= NOW + 500_000  # it ends now: in half a second, as the clock then says

    with_platform(body)


def test_units_do_not_run_into_the_future() -> None:
    endless = FleetSimulation(simulation=described(), url="mqtt://host", speed=Speed(60.0))
    with pytest.raises(Invalid, match="in the future"):
        endless.start(NOW)
    dated = FleetSimulation(simulation=described(start="2026-01-01T00:00:00Z"), url="mqtt://host", speed=Speed(60.0))
    assert dated.start(NOW) == parse_instant("2026-01-01T00:00:00Z")
    assert FleetSimulation(simulation=described(), url="mqtt://host").start(NOW) == NOW


def test_a_unit_that_is_not_let_in_is_named(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        platform.tokens = {"token-0"}
        with pytest.raises(Refused, match=r"Unit unit-[1-4]"):
            await simulate(plan(platform, described()), CREDENTIALS, now=NOW)
        assert all(isinstance(session, Session) and not session.connected for session in platform.sessions.values())

    with_platform(body)


ACTIONS = {
    "boost": ActionModel(name="boost", output={"type": "object", "required": ["watts"], "properties": {"watts": {}}}),
    "restart": ActionModel(name="restart"),
}
ACTING = {
    "actions": {
        "boost": {
            "takes": {"from": "2s", "to": "9s"},
            "progress": "1s",
            "refuses": "20%",
            "fails": 0.2,
            "silent": "10%",
            "error": "stuck",
            "output": {"object": {"watts": {"constant": 800}}},
            "sets": {"on": True},
        }
    },
    "desired": {"refuses": 0.5, "leaves": ["on"]},
}


def acting(**section: Any) -> Simulation:
    properties = {"temperature": {"constant": 20}, "on": {"constant": False}}
    return parse_simulation({"properties": properties, **ACTING, **section}, PROPERTIES, EVENTS, ACTIONS)


def test_the_same_seed_has_the_same_fate_in_the_shares_that_were_asked_for() -> None:
    def fates(seed: int) -> list[str]:
        unit = VirtualUnit(acting(), seed=seed, index=0, start=NOW)
        deeds = [unit.act("boost") for _ in range(2000)]
        assert all(2 <= one.seconds <= 9 for one in deeds if not one.silent and one.seconds)
        return ["silent" if one.silent else one.error or "well" for one in deeds]

    first = fates(1)
    assert first == fates(1) != fates(2)
    shares = {fate: first.count(fate) / len(first) for fate in set(first)}
    assert shares == pytest.approx({"refused: stuck": 0.2, "stuck": 0.2, "silent": 0.1, "well": 0.5}, abs=0.05)
    unit = VirtualUnit(acting(), seed=1, index=0, start=NOW)
    taken = [unit.takes_over({"on": True, "temperature": 3.0}) for _ in range(400)]
    assert {tuple(one) for one in taken} == {(), ("temperature",)}
    assert sum(map(bool, taken)) / 400 == pytest.approx(0.5, abs=0.1)


def test_virtual_units_act_say_how_far_they_are_and_set_what_they_did(with_platform: WithPlatform) -> None:
    async def body(platform: Any) -> None:
        section = {"actions": {"boost": {"takes": "2s", "progress": "1s", "sets": {"on": True}}}, "every": "1s"}
        fleet = plan(platform, acting(**section), minutes=None, speed=Speed(20.0), actions=ACTIONS, seed=5)
        fleet = replace(fleet, simulation=replace(fleet.simulation, start=NOW), options=DeviceOptions(client_id="u"))
        living = asyncio.create_task(simulate(fleet, CREDENTIALS[:1], now=NOW))
        async with asyncio.timeout(20):
            while "u" not in platform.sessions or len(platform.sessions["u"].subscriptions) < 2:
                await asyncio.sleep(0.01)
            for _ in range(2):  # the second is the first again
                platform.deliver("u", "koto/v1/actions/boost/c1", b'{"input": null}')
            while {"status": "succeeded", "output": {"watts": None}} not in said(platform, "c1"):
                await asyncio.sleep(0.01)
        words = [one["status"] for one in said(platform, "c1")]
        assert words.count("succeeded") == 1
        assert {"received", "running"} <= set(words)
        assert [one["progress"] for one in said(platform, "c1") if "progress" in one] == [0.5]
        assert any(values.get("on") is True for _, values in readings(platform)[CREDENTIALS[0][1]])
        living.cancel()
        assert (await living).actions == 1

    with_platform(body)


def said(platform: Any, command: str) -> list[dict[str, Any]]:
    return [json.loads(payload) for _, topic, payload in platform.taken if topic.endswith(f"/{command}/status")]


@pytest.mark.parametrize(
    ("section", "place"),
    [
        ({"actions": {"bost": {}}}, "/simulation/actions/bost"),
        ({"actions": {"boost": {"takes": "soon"}}}, "/simulation/actions/boost/takes"),
        ({"actions": {"boost": {"takes": {"from": "5s", "to": "1s"}}}}, "/simulation/actions/boost/takes"),
        ({"actions": {"boost": {"fails": "120%"}}}, "/simulation/actions/boost/fails"),
        ({"actions": {"boost": {"fails": 0.7, "refuses": 0.7}}}, "/simulation/actions/boost"),
        ({"actions": {"boost": {"sets": {"of": 1}}}}, "/simulation/actions/boost/sets/of"),
        ({"desired": {"leaves": ["of"]}}, "/simulation/desired/leaves"),
        ({"desired": {"later": "1s"}}, "/simulation/desired/later"),
    ],
)
def test_what_cannot_be_acted_is_a_fault(section: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse_simulation(section, PROPERTIES, EVENTS, ACTIONS)
    assert [fault.place for fault in caught.value.faults] == [place]

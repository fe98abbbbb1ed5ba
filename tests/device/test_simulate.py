"""Virtual units on the wire: the same for the same seed, away and back, obedient to desired state."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from monokoto.connect.products import EventModel, PropertyModel, Simulation, VirtualUnit, parse_simulation
from monokoto.device import Refused
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

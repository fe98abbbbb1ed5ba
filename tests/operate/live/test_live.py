"""What is told to whom: access and its periods, gaps healed, slow readers, keys that end."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

sys.path.append(str(Path(__file__).parent))

from live_making import MAKER, OWNER, UNIT, Application, World, event, open_world

from monokoto.connect.gateway.connections.keeper import StoredSession
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import APPLICATION_WAITING_MAX
from monokoto.mqtt import Disconnect, Properties, Puback, Publish, Reason, Version, Will
from monokoto.web import Period


def run(body: Callable[[World], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60), open_world() as world:
            await body(world)

    asyncio.run(whole())


async def until(condition: Callable[[], object], *, seconds: float = 15.0) -> None:
    deadline = asyncio.get_running_loop().time() + seconds
    while not condition():
        assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def test_properties_that_are_not_observable_are_not_told() -> None:
    async def body(world: World) -> None:
        app = await world.application()
        assert await app.subscribe("properties/secret") == [Reason.TOPIC_FILTER_INVALID]
        assert await app.subscribe("properties/#", "telemetry") == [0, 0]
        world.live.heard(world.fleet.report(UNIT, 5_000_000, secret=1, flow=2))
        assert await app.told() == ("properties/flow", b"2")
        assert await app.told() == ("telemetry", b'{"at":"1970-01-01T00:00:05Z","values":{"flow":2}}')
        assert await app.nothing()

    run(body)


def test_each_sees_their_own_period() -> None:
    async def body(world: World) -> None:
        world.fleet.open(OWNER, UNIT, Period(begin=100))  # type: ignore[arg-type]
        world.fleet.report(UNIT, 50, flow=1)
        world.fleet.report(UNIT, 150, pressure=1)
        owner, maker = await world.application("owner"), await world.application("maker")
        assert await owner.subscribe("properties/+") == [0]
        assert await owner.told() == ("properties/pressure", b"1")
        assert await maker.subscribe("properties/+") == [0]
        assert {await maker.told(), await maker.told()} == {("properties/flow", b"1"), ("properties/pressure", b"1")}
        world.live.heard(world.fleet.report(UNIT, 60, flow=2))
        assert await maker.told() == ("properties/flow", b"2")
        world.live.heard(world.fleet.report(UNIT, 160, flow=3))
        assert await maker.told() == await owner.told() == ("properties/flow", b"3")

    run(body)


@pytest.mark.parametrize("how", ["gone", "past"])
def test_access_that_ends_stops_the_flow_and_comes_back(how: str) -> None:
    async def body(world: World) -> None:
        world.fleet.open(OWNER, UNIT)
        owner, maker = await world.application("owner"), await world.application("maker")
        await owner.subscribe("properties/flow")
        await maker.subscribe("properties/flow")
        world.live.heard(world.fleet.report(UNIT, 10, flow=1))
        assert await owner.told() == await maker.told() == ("properties/flow", b"1")
        if how == "gone":
            del world.fleet.reach[OWNER, UNIT]
        else:
            world.fleet.open(OWNER, UNIT, now=False)
        await asyncio.sleep(1.1)  # so long an answer of the gate may be remembered
        world.live.heard(world.fleet.report(UNIT, 20, flow=2))
        assert await maker.told() == ("properties/flow", b"2")
        assert await owner.nothing()
        packet = Publish(topic=f"koto/v1/units/{format_id(UNIT)}/properties/flow/set", payload=b"1", qos=1, packet_id=9)
        await owner.send(packet)
        answer = await owner.receive()
        assert isinstance(answer, Puback)
        assert answer.reason == Reason.NOT_AUTHORIZED
        world.fleet.open(OWNER, UNIT)
        await asyncio.sleep(1.1)
        world.live.heard(world.fleet.report(UNIT, 30, flow=3))
        assert await owner.told() == ("properties/flow", b"3")

    run(body)


def test_what_is_granted_is_told_from_that_moment_on() -> None:
    async def body(world: World) -> None:
        world.fleet.open(OWNER, UNIT)
        before, maker = await world.application("owner"), await world.application("maker")
        await before.subscribe("properties/pressure")
        await maker.subscribe("properties/flow")
        del world.fleet.reach[OWNER, UNIT]
        world.live.heard(world.fleet.report(UNIT, 10, flow=1, pressure=1))
        assert await maker.told() == ("properties/flow", b"1"), "and the owner's access was found closed"
        world.fleet.open(OWNER, UNIT, Period(begin=20))  # type: ignore[arg-type]
        owner = await world.application("owner")
        assert await owner.subscribe("properties/flow") == [0]
        world.live.heard(world.fleet.report(UNIT, 20, flow=2))
        assert await owner.told() == ("properties/flow", b"2")

    run(body)


def test_only_a_maker_watches_a_whole_fleet() -> None:
    async def body(world: World) -> None:
        world.fleet.add(UNIT + 1)
        owner, maker = await world.application("owner"), await world.application("maker")
        assert await owner.subscribe("telemetry", unit="+") == [Reason.NOT_AUTHORIZED]
        assert await owner.subscribe("telemetry", unit="0000000000000") == [Reason.NOT_AUTHORIZED]
        assert await maker.subscribe("events/+", unit="+") == [0]
        world.live.heard(event(UNIT + 1, "leak", b'{"drops":3}'))
        assert await maker.told() == ("events/leak", b'{"drops":3}')
        del world.fleet.reach[MAKER, UNIT + 1]
        await asyncio.sleep(1.1)
        world.live.heard(event(UNIT + 1, "leak", b"1"))
        world.live.heard(event(UNIT, "leak", b"2"))
        assert await maker.told() == ("events/leak", b"2")

    run(body)


def test_what_nobody_watches_is_not_looked_up() -> None:
    async def body(world: World) -> None:
        world.fleet.add(UNIT + 1)
        app = await world.application()
        await app.subscribe("telemetry")
        asked, told = world.fleet.asked, len(world.log.told)
        for at in range(10, 50):
            world.live.heard(world.fleet.report(UNIT + 1, at, flow=at))
        world.live.heard(world.fleet.report(UNIT, 60, flow=1))
        await app.told()
        assert world.fleet.asked - asked <= 1, "the gate was asked for the one unit alone"
        assert sum(subject.startswith("live.news") for subject in world.log.told[told:]) == 1

    run(body)


def test_nothing_is_told_any_more_after_unsubscribing_and_leaving() -> None:
    async def body(world: World) -> None:
        app = await world.application()
        await app.subscribe("telemetry")
        app.writer.close()
        await until(lambda: not len(world.gateway.applications.watches))  # type: ignore[union-attr,arg-type]
        await until(lambda: not world.live.interest)
        told = len(world.log.told)
        world.live.heard(world.fleet.report(UNIT, 60, flow=1))
        await asyncio.sleep(0.2)
        assert not [subject for subject in world.log.told[told:] if subject.startswith("live.news")]

    run(body)


def test_a_lost_bulletin_is_made_good() -> None:
    async def body(world: World) -> None:
        app = await world.application()
        await app.subscribe("properties/flow")
        world.live.heard(world.fleet.report(UNIT, 10, flow=1))
        assert await app.told() == ("properties/flow", b"1")
        world.log.lose = "live.news"
        world.live.heard(world.fleet.report(UNIT, 20, flow=2))
        await until(lambda: world.live.interest.gateways[world.gateway.gateway.name].sent >= 2)
        world.log.lose = ""
        assert await app.told() == ("properties/flow", b"2")

    run(body)


def test_a_platform_that_begins_anew_learns_who_watches() -> None:
    async def body(world: World) -> None:
        app = await world.application()
        await app.subscribe("properties/flow")
        await world.live.stop()
        world.fleet.report(UNIT, 20, flow=2)  # while no platform ran
        world.live = world.new_live()
        await world.live.start()
        assert await app.told() == ("properties/flow", b"2")
        world.live.heard(world.fleet.report(UNIT, 30, flow=3))
        assert await app.told() == ("properties/flow", b"3")

    run(body)


def test_a_platform_that_is_starting_is_waited_for() -> None:
    async def body(world: World) -> None:
        await world.live.stop()
        app = await world.application()
        asked = asyncio.create_task(app.subscribe("properties/flow"))
        await asyncio.sleep(0.6)
        assert not asked.done()
        await world.live.start()
        assert await asked == [0]

    run(body)


def test_a_slow_reader_delays_nobody_and_gets_the_newest() -> None:
    async def body(world: World) -> None:
        slow, quick = await world.application(client_id="slow"), await world.application(client_id="quick")
        await slow.subscribe("properties/+", "events/+", qos=1)
        await quick.subscribe("properties/flow")
        connection = next(one for one in world.gateway.gateway.connections if one.client_id == "slow")
        connection.pause_writing()  # as its transport does when the peer takes nothing
        for number in range(3 * APPLICATION_WAITING_MAX):
            world.live.heard(world.fleet.report(UNIT, 10 + number, flow=number))
            if number % 100 == 0:
                await asyncio.sleep(0)
                world.live.heard(event(UNIT, f"e{number}", b"1"))
        last = b"%d" % (3 * APPLICATION_WAITING_MAX - 1)
        while (await quick.told())[1] != last:
            pass
        assert await slow.nothing(seconds=0.1)
        dialogue = connection.dialogue
        (listener,) = [one for one in dialogue._listeners.values() if one.connection is connection]  # type: ignore[attr-defined]
        assert len(listener.waiting) <= APPLICATION_WAITING_MAX
        await until(lambda: any(told.payload == last for told, _, _ in listener.waiting.values()))
        connection.resume_writing()
        flows = []
        while not flows or flows[-1] != last:
            packet = await slow.receive()
            await slow.send(Puback(packet_id=packet.packet_id))
            if packet.topic.endswith("properties/flow"):
                flows.append(packet.payload)
        assert len(flows) == 1, "of a property the newest alone"

    run(body)


def test_the_window_of_qos_1_is_kept() -> None:
    async def body(world: World) -> None:
        app = await world.application()
        await app.subscribe("events/+", qos=1)
        for number in range(400):
            world.live.heard(event(UNIT, f"e{number}", b"%d" % number))
        first = [await app.receive() for _ in range(256)]
        assert await app.nothing()
        await app.send(*(Puback(packet_id=one.packet_id) for one in first))
        rest = [await app.receive() for _ in range(144)]
        assert [one.payload for one in (*first, *rest)] == [b"%d" % number for number in range(400)]

    run(body)


def test_a_key_that_ends_closes_its_connections() -> None:
    async def body(world: World) -> None:
        maker, owner = await world.application("maker"), await world.application("owner")
        world.fleet.ended_keys.add(50)
        answer = await maker.receive()
        assert isinstance(answer, Disconnect)
        assert answer.reason == Reason.NOT_AUTHORIZED
        assert await owner.nothing(seconds=1.2)
        again = await world.application("maker")
        assert again.connack.reason == Reason.BAD_USERNAME_OR_PASSWORD

    run(body)


def test_sessions_of_applications_that_never_come_back_are_forgotten() -> None:
    async def body(world: World) -> None:
        gateway = world.gateway.gateway
        stays = {"clean_start": False, "properties": Properties(session_expiry_interval=60)}
        app = await world.application(client_id="kept", **stays)
        app.writer.transport.abort()
        bucket = world.log.buckets["sessions"]
        await until(lambda: bucket.values and not gateway.of_owner and not gateway.keeper.saving)
        (key,) = bucket.values
        applications = world.gateway.applications
        assert applications is not None
        assert await applications.forget_expired() == 0
        # As a gateway that died would have left it: connected. It begins to expire, and is forgotten when that is long past.
        stored, _, session = await gateway.keeper.load_key(key)  # type: ignore[misc]
        session.expires_at = 0
        left = StoredSession("dead", True, stored.position, session.to_bytes())
        await bucket.put(key, msgspec.msgpack.encode(left))
        assert await applications.forget_expired() == 0
        stored, _, session = await gateway.keeper.load_key(key)  # type: ignore[misc]
        assert not stored.connected
        assert session.expires_at > gateway.clock.now()
        session.expires_at = 1
        await gateway.keeper.rest(key, stored, session)
        assert await applications.forget_expired() == 1
        assert not bucket.values

    run(body)


def test_the_same_client_of_a_key_has_one_connection() -> None:
    async def body(world: World) -> None:
        first = await world.application(client_id="one")
        second = await world.application(client_id="one")
        assert (await first.receive()).reason == Reason.SESSION_TAKEN_OVER
        other = await world.application("owner", client_id="one")
        assert await second.subscribe("telemetry") == [0]
        assert other.connack.reason == second.connack.reason == Reason.SUCCESS

    run(body)


def test_an_application_has_no_will() -> None:
    async def body(world: World) -> None:
        app = await world.application(will=Will(topic="koto/v1/events/x", payload=b"1"))
        assert app.connack.reason == Reason.NOT_AUTHORIZED

    run(body)


@pytest.mark.parametrize(("handling", "expected"), [(0, 2), (1, 1), (2, 0)])
def test_how_things_stand_is_told_as_asked(handling: int, expected: int) -> None:
    async def body(world: World) -> None:
        world.fleet.report(UNIT, 10, flow=1)
        app = await world.application()
        heard = 0
        for _ in range(2):
            await app.subscribe("properties/flow", retain_handling=handling)
            while not await app.nothing(seconds=0.2):
                packet = await app.receive()
                assert packet.retain
                heard += 1
        assert heard == expected

    run(body)


def test_overlapping_filters_of_3_1_1_and_the_unit_of_nobody() -> None:
    async def body(world: World) -> None:
        app: Application = await world.application(version=Version.V3_1_1)
        assert await app.subscribe("properties/+", "properties/flow") == [0, 0]
        world.live.heard(world.fleet.report(UNIT, 10, flow=1))
        assert await app.told() == await app.told() == ("properties/flow", b"1")
        assert await app.subscribe("telemetry", unit=format_id(UNIT + 9)) == [0x80]

    run(body)

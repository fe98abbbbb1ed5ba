"""Sessions: who may open one, what outlives a connection and a gateway, wills, takeover, what is sent to units."""

from __future__ import annotations

import asyncio
import json

import msgspec
import pytest

from monokoto.connect.gateway import Downlink, Route, split_subject
from monokoto.mqtt import (
    Connack,
    Connect,
    Disconnect,
    Pingreq,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
    encode,
)

DESIRED = "koto/v1/desired"
STAYS = {"clean_start": False, "properties": Properties(session_expiry_interval=600)}


def _subscribe(*filters: str, qos: int = 1, packet_id: int = 1, **options) -> Subscribe:
    wanted = tuple(Subscription(filter=topic_filter, qos=qos, **options) for topic_filter in filters)
    return Subscribe(packet_id=packet_id, subscriptions=wanted)


def _presence(world, *routes) -> list[tuple[int, str]]:
    found = world.log.records(*(routes or (Route.CONNECTED, Route.DISCONNECTED)))
    return [(unit, json.loads(payload).get("reason", "connected")) for unit, _, payload in found]


# --- CONNECT


@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
@pytest.mark.parametrize(
    ("connect", "reason"),
    [
        ({"username": "wrong"}, Reason.BAD_USERNAME_OR_PASSWORD),
        ({"username": None}, Reason.BAD_USERNAME_OR_PASSWORD),
        ({"username": "any", "password": b"token-a"}, Reason.SUCCESS),
        ({"username": "token-a", "password": b""}, Reason.SUCCESS),
        ({"username": "token-a", "password": b"\xff\xfe"}, Reason.SUCCESS),
        ({"client_id": "x" * 257}, Reason.CLIENT_IDENTIFIER_NOT_VALID),
        ({"client_id": "日本 🚜/+#"}, Reason.SUCCESS),
    ],
)
def test_who_may_connect(world, client, version, connect, reason):
    async def body():
        async with world() as w, client(w, version=version, **connect) as c:
            if version == Version.V5 or not reason:
                assert c.connack.reason == reason
            else:
                assert c.connack.reason in {reason, Reason.SERVER_UNAVAILABLE}
            if reason:
                assert await c.receive() is None
                assert w.process.counters.turned_away == 1

    asyncio.run(body())


def test_a_client_without_an_id_is_given_one(world, client):
    async def body():
        async with world() as w:
            async with client(w, client_id="") as c:
                assert c.connack.properties.assigned_client_identifier
            async with client(w, version=Version.V3_1_1, client_id="") as c:
                assert c.connack.reason == 0
            async with client(w, version=Version.V3_1_1, client_id="", clean_start=False) as c:
                assert c.connack.reason == Reason.CLIENT_IDENTIFIER_NOT_VALID

    asyncio.run(body())


def test_what_the_server_offers(world, client):
    async def body():
        async with world() as w, client(w, keep_alive=0) as c:
            assert c.connack.properties.server_keep_alive == 3600
            assert c.connack.properties.shared_subscription_available == 0
        async with world() as w, client(w, properties=Properties(session_expiry_interval=2**32 - 1)) as c:
            assert c.connack.properties.session_expiry_interval == 7 * 24 * 3600
        async with world() as w, client(w, properties=Properties(authentication_method="SCRAM")) as c:
            assert c.connack.reason == Reason.BAD_AUTHENTICATION_METHOD

    asyncio.run(body())


def test_the_first_packet_is_connect_and_comes_once(world, client):
    async def body():
        async with world() as w:
            reader, writer = await asyncio.open_connection("127.0.0.1", w.port)
            writer.write(encode(Pingreq()))
            assert await reader.read() == b""
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", w.port)
            writer.write(b"\x10\x10\x00\x04MQTT\x09\x02\x00\x00\x00\x04abcd")
            assert (await reader.read())[:2] == b"\x20\x02"  # unacceptable protocol version
            writer.close()
            async with client(w) as c:
                await c.send(Connect(client_id="c", username="token-a"))
                assert (await c.receive()).reason == Reason.PROTOCOL_ERROR

    asyncio.run(body())


def test_a_publish_on_the_heels_of_connect(world):
    async def body():
        async with world() as w:
            _, writer = await asyncio.open_connection("127.0.0.1", w.port)
            connect = encode(Connect(client_id="c", username="token-a"))
            writer.write(connect + encode(Publish(topic="koto/v1/telemetry", payload=b"{}")) + encode(Disconnect()))
            await w.until(lambda: w.log.records(Route.TELEMETRY))
            writer.close()

    asyncio.run(body())


def test_limits_of_connections(world, client):
    async def body():
        limits = {"unit_connections_max": 2, "connections_max": 3}
        async with world(**limits) as w, client(w, client_id="1"), client(w, client_id="2"):
            async with client(w, client_id="3") as c:
                assert c.connack.reason == Reason.QUOTA_EXCEEDED
            async with client(w, "token-b", client_id="1") as c:
                assert c.connack.reason == 0
                async with client(w, "token-b", client_id="2") as d:
                    assert d.connack.reason == Reason.SERVER_BUSY

    asyncio.run(body())


def test_the_records_are_away(world, client):
    async def body():
        async with world() as w:
            w.fleet.broken = True
            async with client(w) as c:
                assert c.connack.reason == Reason.SERVER_UNAVAILABLE

    asyncio.run(body())


def test_keep_alive(world, client):
    async def body():
        async with world() as w, client(w, keep_alive=1) as c, client(w, "token-b", keep_alive=60) as d:
            assert (await c.receive(seconds=6)).reason == Reason.KEEP_ALIVE_TIMEOUT
            assert await c.receive() is None
            await d.send(Pingreq())
            assert await d.receive() is not None
            await w.until(lambda: _presence(w, Route.DISCONNECTED))
            assert _presence(w, Route.DISCONNECTED) == [(1001, "keep-alive-timeout")]

    asyncio.run(body())


def test_presence(world, client):
    async def body():
        async with world() as w:
            async with client(w) as c:
                await c.send(Disconnect())
                assert await c.receive() is None
            async with client(w, "token-b"):
                pass
            await w.until(lambda: len(_presence(w)) == 4)
            told = [(1001, "connected"), (1001, "disconnected"), (1002, "connected"), (1002, "connection-lost")]
            assert _presence(w) == told
            first = json.loads(w.log.records(Route.CONNECTED)[0][2])
            assert first.keys() == {"gateway", "session", "client_id", "address", "protocol"}
            assert json.loads(w.log.records(Route.DISCONNECTED)[0][2])["session"] == first["session"]

    asyncio.run(body())


# --- subscriptions and what is sent to units


@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
def test_a_unit_subscribes_to_its_own_topics_only(world, client, version):
    own = [DESIRED, "koto/v1/actions/+/+", "v1/devices/me/rpc/request/+", "$aws/things/unit-a/shadow/update/delta", "#"]
    foreign = ["$aws/things/unit-b/shadow/update/delta", "$aws/things/unit-b/#"]
    unknown = ["koto/v1/units/unit-b/desired", "other", "koto/v1/telemetry"]

    async def body():
        async with world() as w, client(w, version=version) as c:
            await c.send(_subscribe(*own, *foreign, *unknown), _subscribe("$share/g/koto/v1/desired", packet_id=2))
            refused = [Reason.NOT_AUTHORIZED] * 2 + [Reason.TOPIC_FILTER_INVALID] * 3
            shared = Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
            if version != Version.V5:
                refused, shared = [0x80] * 5, 0x80
            assert await c.receive() == Suback(packet_id=1, reasons=(1, 1, 1, 1, 1, *refused))
            assert await c.receive() == Suback(packet_id=2, reasons=(shared,))
            await w.until(lambda: len(w.log.records(Route.REFUSED)) == 5)
            assert split_subject(w.log.records(Route.REFUSED)[0][2])[0] == f"not-authorized {foreign[0]}"

    asyncio.run(body())


def test_a_message_goes_to_its_unit_alone(world, client):
    async def body():
        async with world() as w, client(w) as a, client(w, "token-b") as b:
            downlink = Downlink(w.log)
            for each in (a, b):
                await each.send(_subscribe("#"))
                assert isinstance(await each.receive(), Suback)
            await downlink.send(1001, topic="koto/v1/actions/start/1", payload=b"{}")
            message = await a.receive()
            assert (message.topic, message.payload, message.qos) == ("koto/v1/actions/start/1", b"{}", 1)
            assert await b.nothing()
            await a.send(Puback(packet_id=message.packet_id))
            await a.send(Unsubscribe(packet_id=2, filters=("#", "x")))
            assert (await a.receive()).reasons == (0, Reason.NO_SUBSCRIPTION_EXISTED)
            await downlink.send(1001, topic="koto/v1/actions/start/2", payload=b"{}")
            assert await a.nothing()

    asyncio.run(body())


def test_the_desired_state_is_retained(world, client):
    async def body():
        async with world() as w:
            downlink = Downlink(w.log)
            await downlink.retain(1001, topic=DESIRED, payload=b'{"revision":1}')
            await downlink.retain(1001, topic="v1/devices/me/attributes", payload=b'{"k":1}')
            await w.until(lambda: w.process.gateway.downlinks.position == len(w.log.entries))
            async with client(w) as c:
                await c.send(_subscribe(DESIRED))
                assert isinstance(await c.receive(), Suback)
                message = await c.receive()
                assert (message.payload, message.retain, message.qos) == (b'{"revision":1}', True, 1)
                await downlink.retain(1001, topic=DESIRED, payload=b'{"revision":2}')
                message = await c.receive()
                assert (message.payload, message.retain) == (b'{"revision":2}', False)
                await downlink.retain(1001, topic=DESIRED, payload=None)
                await c.send(_subscribe(DESIRED, packet_id=2))
                assert isinstance(await c.receive(), Suback)
                assert await c.nothing()

    asyncio.run(body())


@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
@pytest.mark.parametrize("restart", [False, True])
def test_a_session_is_kept_over_reconnect_and_restart(world, client, new_log, new_fleet, version, restart):
    stays = STAYS if version == Version.V5 else {"clean_start": False}

    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a")
        downlink = Downlink(log)
        async with world(log=log, fleet=fleet) as w:
            async with client(w, version=version, **stays) as c:
                assert not c.connack.session_present
                await c.send(_subscribe(DESIRED, "koto/v1/actions/+/+"))
                assert isinstance(await c.receive(), Suback)
                await downlink.send(1001, topic="koto/v1/actions/a/0", payload=b"0")
                assert (await c.receive()).payload == b"0"  # and it is not acknowledged
            await w.until(lambda: not w.process.gateway.of_owner)
            if not restart:
                await _comes_back(w)
        if restart:
            async with world(log=log, fleet=fleet) as w:
                await _comes_back(w)

    async def _comes_back(w):
        downlink = Downlink(w.log)
        for number in range(1, 6):
            await downlink.send(1001, topic=f"koto/v1/actions/a/{number}", payload=b"%d" % number)
        await downlink.send(1001, topic="koto/v1/actions/a/x", payload=b"expired", expires_at=1)
        async with client(w, version=version, **stays) as c:
            assert c.connack == Connack(session_present=True, properties=c.connack.properties)
            received = [await c.receive() for _ in range(6)]
            assert [message.payload for message in received] == [b"0", b"1", b"2", b"3", b"4", b"5"]
            assert [message.dup for message in received] == [True] + [False] * 5
            await c.send(*(Puback(packet_id=message.packet_id) for message in received))
            assert await c.nothing()
            await c.send(Disconnect())
        async with client(w, version=version, **stays) as c:
            assert c.connack.session_present
            assert await c.nothing()
        async with client(w, version=version, clean_start=True) as c:
            assert not c.connack.session_present
        await w.until(lambda: not w.process.gateway.of_owner)
        await w.until(lambda: not w.log.buckets["sessions"].values)

    asyncio.run(body())


def test_qos_2_is_remembered_over_a_restart(world, client, new_log, new_fleet):
    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a")
        publish = Publish(topic="koto/v1/telemetry", payload=b"{}", qos=2, packet_id=9)
        async with world(log=log, fleet=fleet) as w, client(w, **STAYS) as c:
            await c.send(publish)
            assert await c.receive() == Pubrec(packet_id=9)
        async with world(log=log, fleet=fleet) as w, client(w, **STAYS) as c:
            await c.send(publish)
            assert await c.receive() == Pubrec(packet_id=9)
            await c.send(Pubrel(packet_id=9))
            assert await c.receive() == Pubcomp(packet_id=9)
            assert len(log.records(Route.TELEMETRY)) == 1

    asyncio.run(body())


def test_qos_2_to_the_unit(world, client):
    async def body():
        async with world() as w, client(w, **STAYS) as c:
            await c.send(_subscribe("koto/v1/actions/+/+", qos=2))
            assert await c.receive() == Suback(packet_id=1, reasons=(2,))
            await Downlink(w.log).send(1001, topic="koto/v1/actions/a/1", payload=b"1", qos=2)
            message = await c.receive()
            await c.send(Pubrec(packet_id=message.packet_id))
            assert await c.receive() == Pubrel(packet_id=message.packet_id)
            await c.send(Pubcomp(packet_id=message.packet_id))
            assert await c.nothing()

    asyncio.run(body())


def test_the_same_client_again_takes_its_session_over(world, client):
    async def body():
        async with world() as w, client(w, **STAYS) as old, client(w, "token-b", **STAYS) as other:
            await old.send(_subscribe(DESIRED))
            assert isinstance(await old.receive(), Suback)
            async with client(w, **STAYS) as new:
                assert new.connack.session_present
                assert (await old.receive()).reason == Reason.SESSION_TAKEN_OVER
                assert await old.receive() is None
                await Downlink(w.log).send(1001, topic=DESIRED, payload=b"1")
                assert (await new.receive()).payload == b"1"
            # A client id is a name within its unit: the other unit's client of the same name stayed.
            await other.send(Pingreq())
            assert await other.receive() is not None

    asyncio.run(body())


def test_takeover_between_two_gateways(world, client, new_log, new_fleet):
    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a")
        engines = {"log": log, "fleet": fleet}
        async with world(**engines) as one, world(**engines) as two, client(one, **STAYS) as old:
            await old.send(_subscribe(DESIRED))
            assert isinstance(await old.receive(), Suback)
            async with client(two, **STAYS) as new:
                assert new.connack.session_present
                assert (await old.receive()).reason == Reason.SESSION_TAKEN_OVER
                await new.send(Pingreq())
                assert await new.receive() is not None

    asyncio.run(body())


@pytest.mark.parametrize("kept", [False, True])
def test_what_is_stored_of_a_session_taken_over_is_the_new_gateways(world, client, new_log, new_fleet, kept):
    """Of a session that ends with its connection the will is stored: the gateway that lost it must not delete that."""

    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a", serial="unit-a")
        properties = Properties(session_expiry_interval=3600 if kept else 0)
        will = Will(topic="koto/v1/events/gone", payload=b"1", qos=1)
        more = {"clean_start": not kept, "properties": properties, "will": will}
        async with world(log=log, fleet=fleet) as one, world(log=log, fleet=fleet) as two, client(one, **more) as first:
            await one.until(lambda: log.buckets["sessions"].values)
            async with client(two, **more) as second:
                assert (await first.receive()).reason == Reason.SESSION_TAKEN_OVER
                assert await first.receive() is None
                await asyncio.sleep(0.1)  # whatever the first gateway still writes
                ((value, _),) = log.buckets["sessions"].values.values()
                gateway, connected, *_ = msgspec.msgpack.decode(value)
                assert (gateway, connected) == (two.process.gateway.name, True)
                assert await second.nothing()

    asyncio.run(body())


def test_an_ended_credential_closes_the_connection(world, client):
    async def body():
        async with world() as w, client(w) as a, client(w, "token-b") as b, client(w, version=Version.V3_1_1) as c:
            del w.fleet.by_token["token-a"]  # the end is in the records before anybody is told of it
            w.process.gateway.end_credentials([5001])
            assert (await a.receive()).reason in {Reason.NOT_AUTHORIZED, Reason.SESSION_TAKEN_OVER}
            assert await c.receive() is None
            await b.send(Pingreq())
            assert await b.receive() is not None
            async with client(w) as again:
                assert again.connack.reason == Reason.BAD_USERNAME_OR_PASSWORD

    asyncio.run(body())


def test_an_ended_credential_is_noticed_without_the_fact(world, client, monkeypatch):
    monkeypatch.setattr("monokoto.connect.gateway.process.POLL_SECONDS", 0.05)

    async def body():
        async with world() as w, client(w) as a:
            w.fleet.ended.append(5001)
            assert (await a.receive()).reason == Reason.NOT_AUTHORIZED
            assert w.process.counters.revoked == 1

    asyncio.run(body())


# --- wills


def _will(delay: int | None = None, topic: str = "koto/v1/events/offline") -> dict[str, object]:
    properties = Properties(will_delay_interval=delay) if delay else Properties()
    return {"will": Will(topic=topic, payload=b'"gone"', qos=1, properties=properties)}


@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
def test_a_will_is_published_when_the_connection_is_lost(world, client, version):
    async def body():
        async with world() as w:
            async with client(w, version=version, **_will()) as c:
                await c.send(Disconnect())
                assert await c.receive() is None
            await w.until(lambda: len(_presence(w)) == 2)
            assert not w.log.records(Route.EVENT)
            async with client(w, version=version, **_will()) as c:
                c.drop()
            await w.until(lambda: w.log.records(Route.EVENT))
            assert split_subject(w.log.records(Route.EVENT)[0][2]) == ("offline", b'"gone"')
            assert w.process.counters.wills == 1

    asyncio.run(body())


def test_a_will_waits_for_its_delay(world, client):
    async def body():
        async with world() as w:
            stays = {"clean_start": False, "properties": Properties(session_expiry_interval=600)}
            async with client(w, **stays, **_will(1)):
                pass
            async with client(w, **stays, **_will(1)):  # back in time: no will
                pass
            await asyncio.sleep(0.5)
            assert not w.log.records(Route.EVENT)
            await w.until(lambda: w.log.records(Route.EVENT))
            await asyncio.sleep(0.1)
            assert len(w.log.records(Route.EVENT)) == 1

    asyncio.run(body())


@pytest.mark.parametrize(("clean", "wills"), [(True, 1), (False, 0)])
def test_a_delayed_will_of_a_client_that_comes_back_elsewhere(world, client, new_log, new_fleet, clean, wills):
    """Its session ends there, and the will with it, once; or goes on there, and then nobody publishes it."""

    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a", serial="unit-a")
        stays = {"clean_start": False, "properties": Properties(session_expiry_interval=600)}
        async with world(log=log, fleet=fleet) as one, world(log=log, fleet=fleet) as two:
            async with client(one, **stays, **_will(1)) as c:
                c.drop()
            await one.until(lambda: one.process.gateway.resting)
            (resting,) = one.process.gateway.resting.values()
            await one.until(lambda: resting.stored and resting.saving is None and not resting.dirty)
            async with client(two, **stays | {"clean_start": clean}) as c:
                assert c.connack.session_present is not clean
                await one.until(lambda: not one.process.gateway.resting)
                await asyncio.sleep(1.3)  # the will's delay
                assert len(log.records(Route.EVENT)) == wills

    asyncio.run(body())


def test_a_disconnect_with_will(world, client):
    async def body():
        async with world() as w, client(w, **_will()) as c:
            await c.send(Disconnect(reason=Reason.DISCONNECT_WITH_WILL))
            await w.until(lambda: w.log.records(Route.EVENT))

    asyncio.run(body())


def test_a_will_on_a_foreign_topic_is_a_dead_letter(world, client):
    async def body():
        async with world() as w:
            async with client(w, **_will(topic="$aws/things/unit-b/shadow/update")):
                pass
            await w.until(lambda: w.log.records(Route.REFUSED))
            assert not w.log.records(Route.SHADOW_UPDATE)

    asyncio.run(body())


def test_the_will_of_a_unit_whose_gateway_died(world, client, new_log, new_fleet, monkeypatch):
    monkeypatch.setattr("monokoto.connect.gateway.connections.neighbours.DEAD_SECONDS", 0.3)
    monkeypatch.setattr("monokoto.connect.gateway.connections.neighbours.BEAT_SECONDS", 0.1)

    async def body():
        log, fleet = new_log(), new_fleet()
        for name in ("token-a", "token-b"):
            fleet.add(name)
        async with (
            world(log=log, fleet=fleet) as dead,
            client(dead, **_will()),
            client(dead, "token-b", **_will()),
        ):
            await dead.until(lambda: len(log.buckets["sessions"].values) == 2)
            await dead.process.gateway.neighbours.stop()  # it beats no more
            log.buckets["gateways"].values = {
                key: (value.replace(b'"stopped":true', b'"stopped":false'), revision)
                for key, (value, revision) in log.buckets["gateways"].values.items()
            }
            async with world(log=log, fleet=fleet) as heir, client(heir, "token-b"):  # b came back in time
                await heir.until(lambda: log.records(Route.EVENT))
                await asyncio.sleep(0.3)
                assert [unit for unit, _, _ in log.records(Route.EVENT)] == [1001]

    asyncio.run(body())


# --- the end


def test_an_orderly_stop_acknowledges_what_is_pending_and_says_good_bye(world, client):
    async def body():
        async with world() as w, client(w) as c, client(w, "token-b", version=Version.V3_1_1) as d:
            w.log.delay = 0.2
            await c.send(Publish(topic="koto/v1/telemetry", payload=b"{}", qos=1, packet_id=1))
            await asyncio.sleep(0.05)
            await w.process.stop()
            assert await c.receive() == Puback(packet_id=1)
            assert (await c.receive()).reason == Reason.SERVER_SHUTTING_DOWN
            assert await c.receive() is None
            assert await d.receive() is None
            assert len(_presence(w, Route.DISCONNECTED)) == 2
            beats = [json.loads(value) for value, _ in w.log.buckets["gateways"].values.values()]
            assert [beat["stopped"] for beat in beats] == [True]

    asyncio.run(body())


def test_a_peer_that_reads_nothing_costs_no_memory(world, client):
    async def body():
        async with world() as w, client(w) as c:
            await c.send(_subscribe("koto/v1/actions/+/+"))
            assert isinstance(await c.receive(), Suback)
            c.writer.transport.pause_reading()
            for number in range(300):
                await Downlink(w.log).send(1001, topic=f"koto/v1/actions/a/{number}", payload=b"x" * 200_000)
            connection = next(iter(w.process.gateway.connections))
            await w.until(lambda: connection.blocked or connection.kept.session.outbound.dropped)
            waiting = connection.transport.get_write_buffer_size()
            assert waiting < 40 * 200_000
            assert connection.kept.session.outbound.queued <= 100

    asyncio.run(body())


def test_unsuback_in_311(world, client):
    async def body():
        async with world() as w, client(w, version=Version.V3_1_1) as c:
            await c.send(Unsubscribe(packet_id=3, filters=("koto/v1/desired",)))
            assert await c.receive() == Unsuback(packet_id=3)

    asyncio.run(body())

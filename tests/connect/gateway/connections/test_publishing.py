"""What a unit publishes: kept before it is acknowledged, refused aloud, slowed down when it is too fast."""

from __future__ import annotations

import asyncio
import json
import random

import pytest

from monokoto.connect.gateway import Route, split_subject
from monokoto.kernel.limits import PAYLOAD_BYTES_MAX, RECEIVE_MAXIMUM
from monokoto.mqtt import (
    Disconnect,
    Pingreq,
    Pingresp,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Version,
    encode,
)

VERSIONS = (Version.V3_1, Version.V3_1_1, Version.V5)
TELEMETRY = "koto/v1/telemetry"


def _publish(number: int = 1, *, topic: str = TELEMETRY, payload: bytes = b'{"t":1}', qos: int = 1, **more) -> Publish:
    return Publish(topic=topic, payload=payload, qos=qos, packet_id=number if qos else 0, **more)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_a_reading_reaches_the_log(world, client, version, qos):
    async def body():
        async with world() as w, client(w, version=version) as c:
            await c.send(_publish(qos=qos))
            if qos == 1:
                assert await c.receive() == Puback(packet_id=1)
            if qos == 2:
                assert await c.receive() == Pubrec(packet_id=1)
                await c.send(Pubrel(packet_id=1))
                assert await c.receive() == Pubcomp(packet_id=1)
            await w.until(lambda: w.log.records(Route.TELEMETRY))
            assert w.log.records(Route.TELEMETRY) == [(1001, 1, b'{"t":1}')]

    asyncio.run(body())


def test_nothing_is_acknowledged_before_it_is_kept(world, client):
    async def body():
        async with world() as w, client(w) as c:
            w.log.delay = 0.3
            await c.send(_publish(1), _publish(2, qos=2))
            assert await c.nothing(seconds=0.25)
            assert {type(await c.receive()), type(await c.receive())} == {Puback, Pubrec}

    asyncio.run(body())


def test_acknowledgements_keep_the_order_of_the_messages(world, client):
    async def body():
        async with world(commit_linger_ms=0) as w, client(w, version=Version.V3_1_1) as c:
            for number in range(1, 201):
                await c.send(_publish(number, topic=f"koto/v1/properties/p{number % 3}", payload=b"1"))
                if number % 20 == 0:
                    await asyncio.sleep(0.002)
            assert [(await c.receive()).packet_id for _ in range(200)] == list(range(1, 201))

    asyncio.run(body())


@pytest.mark.parametrize("version", VERSIONS)
def test_the_stream_may_be_cut_anywhere(world, client, version):
    chance = random.Random(5)
    packets, sent = [], []
    for number in range(1, 120):
        payload = bytes([65 + number % 26]) * chance.choice(
            [0, 1, 10, 110, 130, 200, 17_000 if number % 40 == 0 else 5]
        )
        topic = chance.choice([TELEMETRY, "koto/v1/properties/speed", "v1/devices/me/telemetry", "koto/v1/events/e"])
        qos = chance.choice([0, 1, 1, 1])
        alias = Properties(topic_alias=1) if version == Version.V5 and chance.random() < 0.2 else Properties()
        packets.append(encode(_publish(number, topic=topic, payload=payload, qos=qos, properties=alias), version))
        sent.append(payload)
        if number % 10 == 0:
            packets.append(encode(Pingreq(), version))
    stream = b"".join(packets)

    async def body():
        async with world() as w, client(w, version=version) as c:
            offset = 0
            while offset < len(stream):
                step = chance.choice([1, 2, 3, 7, 50, 400, 3000])
                await c.send(stream[offset : offset + step])
                offset += step
                await asyncio.sleep(0)
            await w.until(lambda: len(w.log.records(1, 5, 6)) == len(sent))
            received = [
                payload if route == Route.TELEMETRY else split_subject(payload)[1]
                for _, route, payload in w.log.records(1, 5, 6)
            ]
            assert received == sent

    asyncio.run(body())


@pytest.mark.parametrize(
    ("topic", "route", "subject"),
    [
        ("koto/v1/telemetry", Route.TELEMETRY, None),
        ("koto/v1/telemetry/cbor", Route.TELEMETRY_CBOR, None),
        ("koto/v1/columns", Route.COLUMNS, None),
        ("koto/v1/columns/cbor", Route.COLUMNS_CBOR, None),
        ("koto/v1/properties/température", Route.PROPERTY, "température"),
        ("koto/v1/events/door-opened", Route.EVENT, "door-opened"),
        ("koto/v1/units/part-1/telemetry", Route.CHILD_TELEMETRY, "part-1"),
        ("koto/v1/units/unit-a/telemetry", Route.TELEMETRY, None),
        ("koto/v1/actions/start/c1/status", Route.ACTION_STATUS, "start/c1"),
        ("v1/devices/me/telemetry", Route.TELEMETRY, None),
        ("v1/devices/me/attributes", Route.TELEMETRY, None),
        ("v1/devices/me/attributes/request/3", Route.REQUEST, "v1/devices/me/attributes/request/3"),
        ("v1/devices/me/rpc/request/4", Route.REQUEST, "v1/devices/me/rpc/request/4"),
        ("v1/devices/me/rpc/response/9", Route.ACTION_STATUS, "rpc/9"),
        ("v1/gateway/telemetry", Route.GATEWAY_TELEMETRY, None),
        ("v1/gateway/attributes", Route.GATEWAY_TELEMETRY, None),
        ("v1/gateway/connect", Route.REQUEST, "v1/gateway/connect"),
        ("v1/gateway/attributes/request", Route.REQUEST, "v1/gateway/attributes/request"),
        ("v2/t", Route.TELEMETRY, None),
        ("$aws/things/unit-a/shadow/get", Route.REQUEST, "$aws/things/unit-a/shadow/get"),
    ],
)
def test_every_topic_has_its_route(world, client, topic, route, subject):
    async def body():
        async with world() as w:
            w.fleet.add("token-part", serial="part-1", parent_id=w.fleet.by_token["token-a"].unit_id)
            async with client(w) as c:
                await c.send(_publish(topic=topic))
                assert await c.receive() == Puback(packet_id=1)
                (unit, kept, payload), *others = w.log.records(*set(Route) - {Route.CONNECTED})
                assert (unit, kept, others) == (1001, route, [])
                assert (split_subject(payload) if subject else (None, payload)) == (subject, b'{"t":1}')

    asyncio.run(body())


def test_a_shadow_update_is_a_reading_and_a_question(world, client):
    async def body():
        async with world() as w, client(w) as c:
            topic = "$aws/things/unit-a/shadow/update"
            await c.send(_publish(topic=topic, payload=b'{"state":{"reported":{"t":1}}}'))
            assert await c.receive() == Puback(packet_id=1)
            assert len(w.log.records(Route.SHADOW_UPDATE)) == 1
            assert split_subject(w.log.records(Route.REQUEST)[0][2])[0] == topic

    asyncio.run(body())


FOREIGN = ["$aws/things/unit-b/shadow/update", "koto/v1/units/unit-b/telemetry", "$aws/things/unit-a/shadow/delete"]
UNKNOWN = ["unknown/topic", "koto/v2/telemetry", "koto/v1/desired", "v1/devices/other/telemetry", "koto/v1/events/"]


@pytest.mark.parametrize("topic", [*FOREIGN, *UNKNOWN, "v1/devices/me/claim"])
def test_what_is_not_the_units_own_is_refused_aloud(world, client, topic):
    async def body():
        reason = Reason.TOPIC_NAME_INVALID if topic in UNKNOWN else Reason.NOT_AUTHORIZED
        async with world() as w:
            w.fleet.add("token-c", serial="unit-c")
            async with client(w) as c:
                await c.send(_publish(7, topic=topic), _publish(8), _publish(9, topic=topic, qos=2))
                assert await c.receive() == Puback(packet_id=7, reason=reason)
                assert await c.receive() == Puback(packet_id=8)
                assert await c.receive() == Pubrec(packet_id=9, reason=reason)
            third = "token-b" if "unit-a" in topic else "token-c"
            async with client(w, third, version=Version.V3_1_1) as c:
                await c.send(_publish(8), _publish(7, topic=topic))
                packets = [await c.receive(), await c.receive()]
                assert packets[-1] is None or packets == [Puback(packet_id=8), None]
            await w.until(lambda: len(w.log.records(Route.REFUSED)) == 3)
            subjects = {split_subject(payload)[0] for _, _, payload in w.log.records(Route.REFUSED)}
            assert subjects == {f"{reason.name.lower().replace('_', '-')} {topic}"}
            assert len(w.log.records(Route.TELEMETRY)) == 2
            assert w.process.counters.refused == 3

    asyncio.run(body())


def test_cbor_by_content_type(world, client):
    async def body():
        async with world() as w, client(w) as c:
            cbor = Properties(content_type="application/cbor")
            await c.send(
                _publish(1, properties=cbor), _publish(2), _publish(3, topic="v1/gateway/telemetry", properties=cbor)
            )
            assert [(await c.receive()).reason for _ in range(3)] == [0, 0, Reason.PAYLOAD_FORMAT_INVALID]
            assert [route for _, route, _ in w.log.records(1, 2)] == [2, 1]

    asyncio.run(body())


def test_topic_alias(world, client):
    async def body():
        async with world() as w, client(w) as c:
            assert c.connack.properties.topic_alias_maximum == 16
            alias = Properties(topic_alias=3)
            await c.send(
                _publish(1, topic="koto/v1/properties/speed", payload=b"1", properties=alias),
                _publish(2, topic="", payload=b"2", properties=alias),
                _publish(3, payload=b"3"),
            )
            assert [(await c.receive()).packet_id for _ in range(3)] == [1, 2, 3]
            assert [split_subject(p) for _, _, p in w.log.records(Route.PROPERTY)] == [("speed", b"1"), ("speed", b"2")]
            await c.send(_publish(4, topic="", properties=Properties(topic_alias=9)))
            assert (await c.receive()).reason == Reason.PROTOCOL_ERROR
            assert await c.receive() is None

    asyncio.run(body())


def test_qos_2_is_taken_once_however_often_it_is_repeated(world, client):
    async def body():
        async with world() as w, client(w) as c:
            await c.send(_publish(5, qos=2), _publish(5, qos=2, dup=True))
            assert await c.receive() == Pubrec(packet_id=5)
            await c.send(_publish(5, qos=2, dup=True))
            while not await c.nothing():
                assert await c.receive() == Pubrec(packet_id=5)
            await c.send(Pubrel(packet_id=5))
            assert await c.receive() == Pubcomp(packet_id=5)
            await c.send(Pubrel(packet_id=5))
            assert await c.receive() == Pubcomp(packet_id=5, reason=Reason.PACKET_IDENTIFIER_NOT_FOUND)
            assert len(w.log.records(Route.TELEMETRY)) == 1

    asyncio.run(body())


def test_payloads_have_a_limit(world, client):
    async def body():
        async with world() as w, client(w) as c:
            await c.send(_publish(1, payload=b"x" * PAYLOAD_BYTES_MAX))
            assert await c.receive() == Puback(packet_id=1)
            for topic in ("koto/v1/events/e", TELEMETRY):  # a topic met before, and the one of the publish before
                await c.send(_publish(2, payload=b"x" * (PAYLOAD_BYTES_MAX + 1), topic=topic))
                assert await c.receive() == Puback(packet_id=2, reason=Reason.QUOTA_EXCEEDED)
                await c.send(_publish(3))
                assert await c.receive() == Puback(packet_id=3)
            assert c.connack.properties.maximum_packet_size > PAYLOAD_BYTES_MAX
            await c.send(b"\x32\xff\xff\x7f" + b"x" * 1000)  # announces 2 MB
            assert (await c.receive()).reason == Reason.PACKET_TOO_LARGE
            assert await c.receive() is None

    asyncio.run(body())


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (b"\x00\x00", Reason.MALFORMED_PACKET),
        (b"\x32\x04\x00\x01a\x00", Reason.MALFORMED_PACKET),
        (b"\x36\x06\x00\x01a\x00\x01x", Reason.MALFORMED_PACKET),
        (b"\x38\x05\x00\x01a\x00x", Reason.MALFORMED_PACKET),
        (encode(Puback(packet_id=1))[:1] + b"\x00", Reason.MALFORMED_PACKET),
        (b"\x30\xff\xff\xff\xff\x01", Reason.MALFORMED_PACKET),
        (b"\x32\x16\x00\x11koto/v1/telemetry\x00\x00\x00", Reason.MALFORMED_PACKET),
        (b"\x10\x02\x00\x00", Reason.MALFORMED_PACKET),
        (encode(Publish(topic="a", properties=Properties(topic_alias=17))), Reason.TOPIC_ALIAS_INVALID),
        (b"\x20\x03\x00\x00\x00", Reason.PROTOCOL_ERROR),
    ],
)
def test_a_broken_packet_ends_the_connection_with_its_reason(world, client, hostile, reason):
    async def body():
        async with world() as w, client(w) as c:
            await c.send(b"".join(encode(_publish(number)) for number in (1, 2, 3)) + hostile)
            packets = []
            while (packet := await c.receive()) is not None:
                packets.append(packet)
            assert packets[-1].reason == reason
            # What came in front of it is taken nevertheless.
            await w.until(lambda: len(w.log.records(Route.TELEMETRY)) >= 3)

    asyncio.run(body())


def test_random_bytes_never_hurt_the_others(world, client):
    chance = random.Random(11)

    async def body():
        async with world(unit_connections_max=50) as w, client(w, "token-b", client_id="good") as good:
            for round_number in range(60):
                async with client(w, client_id=f"bad{round_number}") as bad:
                    packet = bytearray(encode(_publish(1, payload=chance.randbytes(20))))
                    for _ in range(chance.randrange(1, 4)):
                        packet[chance.randrange(len(packet))] = chance.randrange(256)
                    await bad.send(bytes(packet) + chance.randbytes(chance.randrange(40)))
                await good.send(_publish(round_number + 1))
                assert await good.receive() == Puback(packet_id=round_number + 1)

    asyncio.run(body())


def test_receive_maximum(world, client):
    async def body():
        async with world() as w, client(w) as c:
            assert c.connack.properties.receive_maximum == RECEIVE_MAXIMUM
            w.log.delay = 1
            await c.send(b"".join(encode(_publish(number)) for number in range(1, RECEIVE_MAXIMUM + 2)))
            packet = await c.receive()
            assert packet.reason == Reason.RECEIVE_MAXIMUM_EXCEEDED
            w.log.delay = 0

    asyncio.run(body())


def test_ping(world, client):
    async def body():
        async with world() as w, client(w, version=Version.V3_1_1) as c:
            await c.send(Pingreq())
            assert await c.receive() == Pingresp()

    asyncio.run(body())


def test_a_unit_that_is_too_fast_is_slowed_down_and_loses_nothing(world, client):
    async def body():
        async with world(unit_messages_per_second=200) as w, client(w) as c:
            started = asyncio.get_running_loop().time()
            stream = b"".join(encode(_publish(number)) for number in range(1, 101))
            for _ in range(5):  # a burst of a second is free, 300 more take a second and a half
                await c.send(stream)
                for _ in range(100):
                    assert isinstance(await c.receive(), Puback)
            assert asyncio.get_running_loop().time() - started > 0.9
            assert w.process.counters.paused > 0
            assert len(w.log.records(Route.TELEMETRY)) == 500

    asyncio.run(body())


def test_when_the_log_is_away_sockets_wait_and_then_all_is_kept(world, client):
    async def body():
        async with world() as w, client(w, version=Version.V3_1_1) as c:
            w.process.committer._waiting_bytes_max, w.process.committer.bytes_max = 100_000, 50_000
            w.log.down = True
            await c.send(b"".join(encode(_publish(n, payload=b"x" * 1000), Version.V3_1_1) for n in range(1, 400)))
            await w.until(lambda: w.process.committer.stalled)
            assert await c.nothing()
            w.log.down = False
            assert [(await c.receive()).packet_id for _ in range(399)] == list(range(1, 400))
            assert len(w.log.records(Route.TELEMETRY)) == 399
            assert not w.process.committer.stalled

    asyncio.run(body())


def test_when_the_log_stays_away_the_connection_is_closed_without_acknowledgement(world, client):
    async def body():
        async with world() as w, client(w) as c:
            await w.until(lambda: w.log.records(Route.CONNECTED))
            w.process.committer._patience = 0.1
            w.log.down = True
            await c.send(_publish(1), _publish(2, qos=2))
            packet = await c.receive()
            assert isinstance(packet, Disconnect)
            assert packet.reason == Reason.IMPLEMENTATION_SPECIFIC_ERROR
            assert await c.receive() is None
            w.log.down = False
            # Presence is told when the log is back.
            await w.until(lambda: w.log.records(Route.DISCONNECTED))
            assert json.loads(w.log.records(Route.DISCONNECTED)[0][2])["reason"] == "log-unavailable"

    asyncio.run(body())


def test_a_retained_publish_is_taken_for_what_it_says(world, client):
    async def body():
        async with world() as w, client(w) as c:
            assert c.connack.properties.retain_available is None
            await c.send(_publish(1, retain=True))
            assert await c.receive() == Puback(packet_id=1)
            assert len(w.log.records(Route.TELEMETRY)) == 1

    asyncio.run(body())

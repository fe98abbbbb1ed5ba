"""The codec both ways: what is encoded decodes to the same, what decodes encodes to what decodes to the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monokoto.mqtt import (
    SLOW,
    Connack,
    Connect,
    Decoder,
    Packet,
    PacketError,
    Properties,
    Publish,
    Reason,
    Suback,
    Subscribe,
    Subscription,
    Version,
    Will,
    decode_packet,
    encode,
    encode_publish,
    frame,
    publish_head,
)

AnyPacket = Callable[[Version], st.SearchStrategy[Packet]]
VERSIONS = st.sampled_from(list(Version))


def decoded(data: bytes, version: Version) -> list[Packet]:
    return list(Decoder(version=version).feed(data))


@given(data=st.data(), version=VERSIONS)
@settings(max_examples=300, deadline=None)
def test_every_packet_of_every_version_survives_the_wire(
    any_packet: AnyPacket, data: st.DataObject, version: Version
) -> None:
    packet = data.draw(any_packet(version))
    encoded = encode(packet, version)
    start, stop = frame(encoded, 0, len(encoded))
    assert stop == len(encoded)
    assert decode_packet(encoded, encoded[0], start, stop, version) == packet


@given(data=st.data(), version=VERSIONS)
@settings(max_examples=200, deadline=None)
def test_a_stream_cut_anywhere_gives_the_same_packets(
    any_packet: AnyPacket, data: st.DataObject, version: Version
) -> None:
    packets = data.draw(st.lists(any_packet(version), min_size=1, max_size=6))
    stream = b"".join(encode(packet, version) for packet in packets)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    decoder, found = Decoder(version=version), []
    for start, stop in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        found.extend(decoder.feed(stream[start:stop]))
    assert found == packets
    assert decoder.pending == 0


@given(data=st.data(), version=VERSIONS)
@settings(max_examples=60, deadline=None)
def test_a_stream_byte_by_byte_gives_the_same_packets(
    any_packet: AnyPacket, data: st.DataObject, version: Version
) -> None:
    packets = data.draw(st.lists(any_packet(version), min_size=1, max_size=3))
    stream = b"".join(encode(packet, version) for packet in packets)
    decoder = Decoder(version=version)
    assert [packet for byte in stream for packet in decoder.feed(bytes((byte,)))] == packets


@given(data=st.data(), version=VERSIONS)
@settings(max_examples=200, deadline=None)
def test_every_proper_prefix_of_a_packet_waits_for_the_rest(
    any_packet: AnyPacket, data: st.DataObject, version: Version
) -> None:
    encoded = encode(data.draw(any_packet(version)), version)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    decoder = Decoder(version=version)
    assert list(decoder.feed(encoded[:cut])) == []
    assert len(list(decoder.feed(encoded[cut:]))) == 1


@given(data=st.data(), version=st.sampled_from([Version.V3_1_1, Version.V5]))
@settings(max_examples=300, deadline=None)
def test_the_hot_path_sees_what_the_codec_sees(any_publish: AnyPacket, data: st.DataObject, version: Version) -> None:
    packet = data.draw(any_publish(version))
    assert isinstance(packet, Publish)
    encoded = encode(packet, version)
    start, stop = frame(encoded, 0, len(encoded))
    topic, packet_id, payload = publish_head(encoded, encoded[0], start, stop, version)
    if packet_id == SLOW:
        assert packet.properties != Properties()
    else:
        assert (topic.decode(), packet_id, encoded[payload:stop]) == (packet.topic, packet.packet_id, packet.payload)
        if not packet.dup and not packet.retain:
            assert encoded == encode_publish(
                topic, packet.payload, qos=packet.qos, packet_id=packet_id, version=version
            )


@given(
    first=st.integers(0x30, 0x3F), body=st.binary(max_size=40), version=st.sampled_from([Version.V3_1_1, Version.V5])
)
@settings(max_examples=2000, deadline=None)
def test_the_hot_path_takes_nothing_that_the_codec_refuses_but_the_topic(
    first: int, body: bytes, version: Version
) -> None:
    topic, packet_id, payload = publish_head(body, first, 0, len(body), version)
    if packet_id == SLOW:
        return
    try:
        packet = decode_packet(body, first, 0, len(body), version)
    except PacketError:
        # Only an unknown topic may be wrong; the caller looks it up among those that passed once.
        head = 2 + len(topic)
        with_good_topic = body[:2] + b"t" * len(topic) + body[head:]
        assert topic == b"" or decode_packet(with_good_topic, first, 0, len(body), version)
        return
    assert isinstance(packet, Publish)
    assert (packet.topic.encode(), packet.packet_id, packet.payload) == (topic, packet_id, body[payload:])


def test_what_a_version_cannot_say_is_left_out_or_translated() -> None:
    refused = encode(Connack(reason=Reason.BANNED, properties=Properties(reason_string="no")), Version.V3_1_1)
    assert refused == b"\x20\x02\x00\x05"
    assert encode(Connack(reason=Reason.SERVER_BUSY), Version.V3_1_1) == b"\x20\x02\x00\x03"
    failed = Suback(packet_id=1, reasons=(1, Reason.NOT_AUTHORIZED))
    assert encode(failed, Version.V3_1_1) == b"\x90\x04\x00\x01\x01\x80"
    assert encode(failed, Version.V5) == b"\x90\x05\x00\x01\x00\x01\x87"


def test_packets_in_front_of_a_fault_are_given_before_it_is_raised() -> None:
    good = encode(Publish(topic="a", payload=b"1"), Version.V3_1_1)
    decoder, found = Decoder(), []
    with pytest.raises(PacketError):
        found.extend(map(id, decoder.feed(good + good + b"\x00\x00")))
    assert len(found) == 2


def test_packets_left_in_the_iterator_come_with_the_next_call() -> None:
    stream = b"".join(encode(Publish(topic="a", payload=bytes((number,))), Version.V3_1_1) for number in range(3))
    decoder = Decoder()
    first = next(iter(decoder.feed(stream)))
    rest = list(decoder.feed(b""))
    assert [packet.payload for packet in (first, *rest)] == [b"\0", b"\1", b"\2"]  # type: ignore[attr-defined]


def test_the_version_is_learned_from_the_connect() -> None:
    subscribe = Subscribe(
        packet_id=1, subscriptions=(Subscription(filter="a", retain_handling=2),), properties=Properties()
    )
    stream = encode(Connect(version=Version.V5, client_id="a")) + encode(subscribe, Version.V5)
    decoder = Decoder()
    assert list(decoder.feed(stream))[1] == subscribe
    assert decoder.version == Version.V5


@pytest.mark.parametrize(
    "packet",
    [
        Publish(topic="a/#"),
        Publish(topic=""),
        Publish(topic="a", qos=3, packet_id=1),
        Publish(topic="a", qos=1),
        Publish(topic="a", packet_id=1),
        Publish(topic="a", dup=True),
        Publish(topic="a\0"),
        Publish(topic="\ud800"),
        Publish(topic="a" * 65_536),
        Subscribe(packet_id=1, subscriptions=()),
        Subscribe(packet_id=0, subscriptions=(Subscription(filter="a"),)),
        Subscribe(packet_id=1, subscriptions=(Subscription(filter="a/b#"),)),
        Subscribe(packet_id=1, subscriptions=(Subscription(filter="$share/a/b", no_local=True),)),
        Subscribe(packet_id=1, subscriptions=(Subscription(filter="a", retain_handling=3),)),
        Connect(keep_alive=65_536),
        Connect(will=Will(topic="+")),
        Connect(version=Version.V3_1_1, password=b"p"),
        Connack(session_present=True, reason=Reason.BANNED),
        Connack(properties=Properties(topic_alias=1)),
        Publish(topic="a", properties=Properties(message_expiry_interval=2**32)),
    ],
)
def test_what_no_packet_can_say_is_not_encoded(packet: Packet) -> None:
    with pytest.raises(ValueError):
        encode(packet, Version.V5)


def test_a_packet_larger_than_the_limit_is_refused_by_its_length_alone() -> None:
    decoder = Decoder(packet_bytes_max=1000)
    with pytest.raises(PacketError) as caught:
        list(decoder.feed(b"\x30\xff\xff\xff\x7f"))
    assert caught.value.reason == Reason.PACKET_TOO_LARGE
    exact = encode(Publish(topic="a", payload=b"x" * 994), Version.V3_1_1)
    assert len(exact) == 1000
    assert len(list(Decoder(packet_bytes_max=1000).feed(exact))) == 1


def test_a_large_packet_in_small_pieces_is_put_together_once() -> None:
    encoded = encode(Publish(topic="a", payload=b"x" * 200_000), Version.V5)
    decoder = Decoder(version=Version.V5)
    found = [packet for at in range(0, len(encoded), 10) for packet in decoder.feed(encoded[at : at + 10])]
    assert len(found) == 1

"""Hostile bytes: whatever comes, the codec answers with packets or its own error, soon, and in bounded memory."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter

import pytest

from monokoto.mqtt import (
    Connack,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    PacketError,
    Properties,
    Puback,
    Publish,
    Session,
    SessionLimits,
    Suback,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    Will,
    encode,
)

SEEDS: tuple[Packet, ...] = (
    Connect(client_id="a", username="u", password=b"p", will=Will(topic="w", payload=b"x", qos=1)),
    Connect(version=Version.V3_1_1, client_id="unit-7", keep_alive=60),
    Connack(properties=Properties(receive_maximum=5, topic_alias_maximum=3, reason_string="because")),
    Publish(topic="koto/v1/telemetry", payload=b'{"temperature": 21.5}', qos=1, packet_id=9),
    Publish(topic="", qos=2, packet_id=3, properties=Properties(topic_alias=2, user_properties=(("k", "v"),))),
    Publish(topic="t", properties=Properties(message_expiry_interval=9, response_topic="r", correlation_data=b"c")),
    Subscribe(packet_id=1, subscriptions=(Subscription(filter="a/+/#", qos=2), Subscription(filter="$share/s/a"))),
    Unsubscribe(packet_id=2, filters=("a", "b/#")),
    Suback(packet_id=1, reasons=(0, 1, 2, 0x80)),
    Puback(packet_id=9, reason=0x10, properties=Properties(reason_string="x")),
    Disconnect(reason=0x04, properties=Properties(session_expiry_interval=5)),
)
CORPUS = {
    version: [encode(packet, version) for packet in SEEDS if version == Version.V5 or packet != SEEDS[4]]
    for version in Version
}
VERSIONS = list(Version)
PACKET_BYTES_MAX = 2000


def hostile(source: random.Random, corpus: list[bytes]) -> bytes:
    """Random, mutated, truncated, spliced, or with a length that lies."""
    data = bytearray(source.choice(corpus))
    match source.randrange(6):
        case 0:
            return source.randbytes(source.randrange(64))
        case 1:
            for _ in range(source.randrange(1, 6)):
                data[source.randrange(len(data))] = source.randrange(256)
        case 2:
            del data[source.randrange(len(data)) :]
        case 3:
            other = source.choice(corpus)
            data[source.randrange(len(data)) :] = other[source.randrange(len(other)) :]
        case 4:
            data[1:2] = source.randbytes(source.randrange(1, 6))
        case 5:
            first = bytes((source.randrange(256),))
            data = bytearray(first + bytes((source.randrange(128),)) + source.randbytes(source.randrange(128)))
    return bytes(data)


def attack(count: int, seed: int) -> Counter[str]:
    """Feed `count` hostile strings in random pieces to fresh decoders, and what passes to sessions."""
    source, outcomes = random.Random(seed), Counter[str]()
    for _ in range(count):
        version = source.choice(VERSIONS)
        decoder = Decoder(version=version, packet_bytes_max=PACKET_BYTES_MAX)
        good = source.choice(CORPUS[version]) if source.random() < 0.3 else b""
        data = good + b"".join(hostile(source, CORPUS[version]) for _ in range(source.randrange(1, 3)))
        cut = source.randrange(len(data) + 1)
        try:
            for piece in (data[:cut], data[cut:]):
                for packet in decoder.feed(piece):
                    outcomes["packet"] += 1
                    again(packet, decoder.version)
        except PacketError as error:
            assert error.reason.failed
            outcomes[error.reason.name] += 1
        assert decoder.pending <= PACKET_BYTES_MAX + len(data)
    return outcomes


def again(packet: Packet, version: Version) -> None:
    """What decodes can be said again, and means the same."""
    (same,) = Decoder(version=version).feed(encode(packet, version))
    assert same == packet


def test_hostile_bytes_give_packets_or_the_codecs_own_error() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    outcomes = attack(20_000, seed)
    print(dict(outcomes))
    assert outcomes["packet"] > 5000
    assert outcomes["MALFORMED_PACKET"] > 1000


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_million_hostile_strings_in_bounded_memory() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    attack(1000, seed)
    tracemalloc.start()
    try:
        began = time.monotonic()
        outcomes = Counter[str]()
        for part in range(1000):
            outcomes.update(attack(1000, seed + part))
            kept, peak = tracemalloc.get_traced_memory()
            assert kept < 2_000_000, (seed, part)
            assert peak < 8_000_000, (seed, part)
        print(f"{time.monotonic() - began:.0f} s", dict(outcomes))
    finally:
        tracemalloc.stop()
    assert outcomes["packet"] > 250_000


def test_a_length_that_promises_much_takes_no_memory() -> None:
    tracemalloc.start()
    try:
        for first in range(0x10, 0x100):
            for length in (b"\xff\xff\xff\x7f", b"\xff\xff\x7f", b"\xff\x7f"):
                decoder = Decoder(version=Version.V5, packet_bytes_max=PACKET_BYTES_MAX)
                with pytest.raises(PacketError):
                    list(decoder.feed(bytes((first,)) + length))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


def test_many_small_things_in_one_packet_take_their_share_only() -> None:
    """The largest packets of the shortest parts: one filter a byte, one property a few bytes."""
    size = 300_000
    many_filters = b"\x82" + _length(2 + 4 * (size // 4)) + b"\0\1" + b"\0\1a\0" * (size // 4)
    pairs = b"\x26\0\0\0\0" * (size // 5)
    many_pairs = b"\x30" + _length(3 + 3 + len(pairs)) + b"\0\1a" + _length(len(pairs)) + pairs
    for data, version in ((many_filters, Version.V3_1_1), (many_pairs, Version.V5)):
        began = time.process_time()
        assert len(list(Decoder(version=version).feed(data))) == 1
        assert time.process_time() - began < 5


def _length(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes((*encoded, value))


def test_hostile_sessions_at_rest_are_refused_with_a_value_error() -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    source, bounds = random.Random(seed), SessionLimits()
    whole = Session("client", bounds).to_bytes()
    for _ in range(3000):
        data = bytearray(whole)
        for _ in range(source.randrange(1, 5)):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            Session.from_bytes(bytes(data), bounds)
        except ValueError:
            continue

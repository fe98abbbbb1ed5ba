"""The hot path: where things are inside a PUBLISH, without making an object of it.

For a server that takes hundreds of thousands a second. Everything rare (an alias, properties, a strange flag) answers
with a negative packet identifier: then `decode_packet` does it thoroughly.
"""

from __future__ import annotations

from monokoto.mqtt.packets import Version
from monokoto.mqtt.wire import encode_variable

SLOW = -1
"""The packet identifier of a PUBLISH that `publish_head` leaves to `decode_packet`."""

PUBACK_HEAD = b"\x40\x02"
"""In front of each packet identifier; `PUBACK_HEAD + PUBACK_HEAD.join(ids)` answers many at once, in every version."""


def publish_head(buffer: bytes, first: int, start: int, end: int, version: int) -> tuple[bytes, int, int]:
    """(topic, packet identifier, where the payload starts) of a PUBLISH with the body `buffer[start:end]`.

    The topic is raw: look it up in a table of known topics first; one that is new must pass `decode_packet`, which checks
    it. The identifier is 0 with QoS 0, and `SLOW` when there is anything `decode_packet` must look at: version 5
    properties, a packet cut short, identifier 0, QoS 3.
    """
    if start + 2 > end:
        return b"", SLOW, 0
    position = start + 2 + (buffer[start] << 8 | buffer[start + 1])
    topic = buffer[start + 2 : position]
    packet_id = 0
    if first & 6:
        if first & 6 == 6 or position + 2 > end:
            return topic, SLOW, 0
        packet_id = buffer[position] << 8 | buffer[position + 1] or SLOW
        position += 2
    elif first & 8:
        return topic, SLOW, 0
    if version == 5:
        if position >= end or buffer[position]:
            return topic, SLOW, 0
        position += 1
    return (topic, packet_id, position) if position <= end else (topic, SLOW, 0)


def encode_publish(topic: bytes, payload: bytes, *, qos: int, packet_id: int, version: int = Version.V5) -> bytes:
    """A PUBLISH without properties, topic already encoded and known to be valid: `encode` in a third of the time."""
    tail = (packet_id.to_bytes(2, "big") if qos else b"") + (b"\0" if version == Version.V5 else b"")
    length = 2 + len(topic) + len(tail) + len(payload)
    return b"".join(
        (bytes((0x30 | qos << 1,)), encode_variable(length), len(topic).to_bytes(2, "big"), topic, tail, payload)
    )

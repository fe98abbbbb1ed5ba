"""Packets to bytes. Source: MQTT 5.0 chapters 2 and 3; where 3.1.1 differs, the version decides.

What a version cannot say (reasons and properties before 5) is left out; what no version allows raises ValueError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from monokoto.mqtt.packets import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Subscribe,
    Subscription,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from monokoto.mqtt.properties import NO_PROPERTIES, Carrier, Properties, write_properties
from monokoto.mqtt.reasons import SUBACK_FAILURE, return_code
from monokoto.mqtt.topics import SHARE_PREFIX, split_share, valid_filter, valid_name
from monokoto.mqtt.wire import encode_binary, encode_text, encode_variable

PINGREQ_BYTES = b"\xc0\x00"
PINGRESP_BYTES = b"\xd0\x00"


def _properties(properties: Properties, carrier: Carrier, version: Version) -> bytes:
    return write_properties(properties, carrier) if version == Version.V5 else b""


def _packet_id(packet_id: int) -> bytes:
    if not 0 < packet_id < 65_536:
        raise ValueError(f"a packet identifier lies between 1 and 65535, this is {packet_id}")
    return packet_id.to_bytes(2, "big")


def _qos(qos: int) -> int:
    if qos not in (0, 1, 2):
        raise ValueError(f"QoS is 0, 1 or 2, this is {qos}")
    return qos


def _name(topic: str) -> bytes:
    if not valid_name(topic):
        raise ValueError(f"{topic[:80]!r} is not a topic name")
    return encode_text(topic)


def _filter(topic_filter: str) -> bytes:
    split_share(topic_filter)
    if not valid_filter(topic_filter):
        raise ValueError(f"{topic_filter[:80]!r} is not a topic filter")
    return encode_text(topic_filter)


def _connect(packet: Connect, _version: Version) -> tuple[int, bytes]:
    version = packet.version
    if packet.password is not None and packet.username is None and version != Version.V5:
        raise ValueError("MQTT 3.1.1 knows no password without a username")
    if not 0 <= packet.keep_alive < 65_536:
        raise ValueError("the keep alive lies between 0 and 65535 seconds")
    flags = 0x02 if packet.clean_start else 0
    flags |= (0x80 if packet.username is not None else 0) | (0x40 if packet.password is not None else 0)
    parts = [
        encode_text("MQIsdp" if version == Version.V3_1 else "MQTT"),
        bytes((version, flags if packet.will is None else flags | _will_flags(packet.will))),
        packet.keep_alive.to_bytes(2, "big"),
        _properties(packet.properties, Carrier.CONNECT, version),
        encode_text(packet.client_id),
    ]
    if packet.will is not None:
        parts.append(_properties(packet.will.properties, Carrier.WILL, version))
        parts.append(_name(packet.will.topic) + encode_binary(packet.will.payload))
    if packet.username is not None:
        parts.append(encode_text(packet.username))
    if packet.password is not None:
        parts.append(encode_binary(packet.password))
    return 0x10, b"".join(parts)


def _will_flags(will: Will) -> int:
    return 0x04 | _qos(will.qos) << 3 | (0x20 if will.retain else 0)


def _connack(packet: Connack, version: Version) -> tuple[int, bytes]:
    if packet.reason and packet.session_present:
        raise ValueError("a CONNACK that refuses has no session present")
    code = packet.reason if version == Version.V5 else return_code(packet.reason)
    return 0x20, bytes((packet.session_present, code)) + _properties(packet.properties, Carrier.CONNACK, version)


def _publish(packet: Publish, version: Version) -> tuple[int, bytes]:
    first = 0x30 | _qos(packet.qos) << 1 | packet.retain | (0x08 if packet.dup else 0)
    if packet.dup and not packet.qos:
        raise ValueError("a PUBLISH with QoS 0 is never a duplicate")
    if packet.packet_id and not packet.qos:
        raise ValueError("a PUBLISH with QoS 0 has no packet identifier")
    aliased = not packet.topic and version == Version.V5 and packet.properties.topic_alias
    topic = b"\0\0" if aliased else _name(packet.topic)
    return first, b"".join(
        (
            topic,
            _packet_id(packet.packet_id) if packet.qos else b"",
            _properties(packet.properties, Carrier.PUBLISH, version),
            packet.payload,
        )
    )


def _acknowledgement(first: int, carrier: Carrier) -> Callable[[Any, Version], tuple[int, bytes]]:
    def encode(packet: Puback | Pubrec | Pubrel | Pubcomp, version: Version) -> tuple[int, bytes]:
        body = _packet_id(packet.packet_id)
        return first, body + _reason_and_properties(packet.reason, packet.properties, carrier, version)

    return encode


def _reason_and_properties(reason: int, properties: Properties, carrier: Carrier, version: Version) -> bytes:
    """In the shortest form: nothing for success, no length for no properties."""
    if version != Version.V5:
        return b""
    if properties == NO_PROPERTIES:
        return bytes((reason,)) if reason else b""
    return bytes((reason,)) + write_properties(properties, carrier)


def _subscribe(packet: Subscribe, version: Version) -> tuple[int, bytes]:
    if not packet.subscriptions:
        raise ValueError("a SUBSCRIBE has at least one topic filter")
    parts = [_packet_id(packet.packet_id), _properties(packet.properties, Carrier.SUBSCRIBE, version)]
    for subscription in packet.subscriptions:
        parts.append(_filter(subscription.filter))
        parts.append(bytes((_options(subscription, version),)))
    return 0x82, b"".join(parts)


def _options(subscription: Subscription, version: Version) -> int:
    options = _qos(subscription.qos)
    if version != Version.V5:
        return options
    if subscription.retain_handling not in (0, 1, 2):
        raise ValueError(f"retain handling is 0, 1 or 2, this is {subscription.retain_handling}")
    if subscription.no_local and subscription.filter.startswith(SHARE_PREFIX):
        raise ValueError("a shared subscription cannot have the option no local")
    options |= (0x04 if subscription.no_local else 0) | (0x08 if subscription.retain_as_published else 0)
    return options | subscription.retain_handling << 4


def _suback(packet: Suback, version: Version) -> tuple[int, bytes]:
    reasons: tuple[int, ...] = packet.reasons
    if version != Version.V5:
        reasons = tuple(code if code <= 2 else SUBACK_FAILURE for code in reasons)
    properties = _properties(packet.properties, Carrier.SUBACK, version)
    return 0x90, _packet_id(packet.packet_id) + properties + bytes(reasons)


def _unsubscribe(packet: Unsubscribe, version: Version) -> tuple[int, bytes]:
    if not packet.filters:
        raise ValueError("an UNSUBSCRIBE has at least one topic filter")
    properties = _properties(packet.properties, Carrier.UNSUBSCRIBE, version)
    return 0xA2, _packet_id(packet.packet_id) + properties + b"".join(map(_filter, packet.filters))


def _unsuback(packet: Unsuback, version: Version) -> tuple[int, bytes]:
    if version != Version.V5:
        return 0xB0, _packet_id(packet.packet_id)
    properties = write_properties(packet.properties, Carrier.UNSUBACK)
    return 0xB0, _packet_id(packet.packet_id) + properties + bytes(packet.reasons)


def _empty(first: int) -> Callable[[Any, Version], tuple[int, bytes]]:
    return lambda _packet, _version: (first, b"")


def _disconnect(packet: Disconnect, version: Version) -> tuple[int, bytes]:
    return 0xE0, _reason_and_properties(packet.reason, packet.properties, Carrier.DISCONNECT, version)


def _auth(packet: Auth, version: Version) -> tuple[int, bytes]:
    if version != Version.V5:
        raise ValueError("AUTH is a packet of version 5")
    return 0xF0, _reason_and_properties(packet.reason, packet.properties, Carrier.AUTH, version)


_ENCODERS: dict[type[Packet], Callable[[Any, Version], tuple[int, bytes]]] = {
    Connect: _connect,
    Connack: _connack,
    Publish: _publish,
    Puback: _acknowledgement(0x40, Carrier.PUBACK),
    Pubrec: _acknowledgement(0x50, Carrier.PUBREC),
    Pubrel: _acknowledgement(0x62, Carrier.PUBREL),
    Pubcomp: _acknowledgement(0x70, Carrier.PUBCOMP),
    Subscribe: _subscribe,
    Suback: _suback,
    Unsubscribe: _unsubscribe,
    Unsuback: _unsuback,
    Pingreq: _empty(0xC0),
    Pingresp: _empty(0xD0),
    Disconnect: _disconnect,
    Auth: _auth,
}


def encode(packet: Packet, version: Version = Version.V5) -> bytes:
    """The packet as a version says it (CONNECT goes by its own `version`).

    Raises:
        ValueError: the packet says something no version can carry, or is larger than 256 MB.
    """
    first, body = _ENCODERS[type(packet)](packet, version)
    return bytes((first,)) + encode_variable(len(body)) + body

"""Bytes to packets. Source: MQTT 5.0 chapters 2 and 3; where 3.1.1 differs, the version decides.

`decode_packet` takes one whole packet, `Decoder` (stream.py) cuts packets out of a byte stream.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

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
    Type,
    Unsuback,
    Unsubscribe,
    Version,
    Will,
)
from monokoto.mqtt.properties import NO_PROPERTIES, Carrier, Properties, read_properties
from monokoto.mqtt.reasons import PacketError, Reason, malformed, protocol_error, reason_of
from monokoto.mqtt.topics import SHARE_PREFIX, split_share, valid_filter, valid_name
from monokoto.mqtt.wire import Cursor

_PROTOCOL_NAMES = {Version.V3_1: b"MQIsdp", Version.V3_1_1: b"MQTT", Version.V5: b"MQTT"}
_R = Reason
_PUBLISH_REASONS = frozenset(
    {
        _R.SUCCESS,
        _R.NO_MATCHING_SUBSCRIBERS,
        _R.UNSPECIFIED_ERROR,
        _R.IMPLEMENTATION_SPECIFIC_ERROR,
        _R.NOT_AUTHORIZED,
        _R.TOPIC_NAME_INVALID,
        _R.PACKET_IDENTIFIER_IN_USE,
        _R.QUOTA_EXCEEDED,
        _R.PAYLOAD_FORMAT_INVALID,
    }
)
_RELEASE_REASONS = frozenset({_R.SUCCESS, _R.PACKET_IDENTIFIER_NOT_FOUND})
_SUBACK_REASONS = frozenset(
    {
        _R.SUCCESS,
        _R.GRANTED_QOS_1,
        _R.GRANTED_QOS_2,
        _R.UNSPECIFIED_ERROR,
        _R.IMPLEMENTATION_SPECIFIC_ERROR,
        _R.NOT_AUTHORIZED,
        _R.TOPIC_FILTER_INVALID,
        _R.PACKET_IDENTIFIER_IN_USE,
        _R.QUOTA_EXCEEDED,
        _R.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED,
        _R.SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED,
        _R.WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED,
    }
)
_SUBACK_REASONS_3 = frozenset({0, 1, 2, 0x80})
_UNSUBACK_REASONS = frozenset(
    {
        _R.SUCCESS,
        _R.NO_SUBSCRIPTION_EXISTED,
        _R.UNSPECIFIED_ERROR,
        _R.IMPLEMENTATION_SPECIFIC_ERROR,
        _R.NOT_AUTHORIZED,
        _R.TOPIC_FILTER_INVALID,
        _R.PACKET_IDENTIFIER_IN_USE,
    }
)
_NOT_IN_CONNACK = frozenset({0x8B, 0x8D, 0x8E, 0x8F, 0x91, 0x92, 0x93, 0x94, 0x96, 0x98, 0x9E, 0xA0, 0xA1, 0xA2})
_CONNACK_REASONS = frozenset({_R.SUCCESS, *(code for code in _R if code.failed and code not in _NOT_IN_CONNACK)})
_NOT_IN_DISCONNECT = frozenset({0x84, 0x85, 0x86, 0x88, 0x8A, 0x91, 0x92})
_DISCONNECT_REASONS = frozenset(
    {_R.SUCCESS, _R.DISCONNECT_WITH_WILL, *(code for code in _R if code.failed and code not in _NOT_IN_DISCONNECT)}
)
_AUTH_REASONS = frozenset({_R.SUCCESS, _R.CONTINUE_AUTHENTICATION, _R.REAUTHENTICATE})


def _reason(value: int, allowed: frozenset[int] | frozenset[Reason], carrier: str) -> int:
    if value not in allowed:
        raise protocol_error(f"a {carrier} cannot have the reason 0x{value:02X}")
    return value


def _connect(_flags: int, cursor: Cursor, _version: Version) -> Packet:
    name = cursor.binary()
    level = cursor.u8()
    if level not in _PROTOCOL_NAMES or name != _PROTOCOL_NAMES[Version(level)]:
        raise PacketError(
            Reason.UNSUPPORTED_PROTOCOL_VERSION, f"protocol {name[:16]!r} level {level} is not MQTT 3 or 5"
        )
    version = Version(level)
    flags = cursor.u8()
    _check_connect_flags(flags, version)
    keep_alive = cursor.u16()
    properties = read_properties(cursor, Carrier.CONNECT) if version == Version.V5 else NO_PROPERTIES
    if properties.authentication_data is not None and properties.authentication_method is None:
        raise protocol_error("a CONNECT has authentication data without a method")
    client_id = cursor.text()
    will = _will(flags, cursor, version) if flags & 0x04 else None
    username = cursor.text() if flags & 0x80 else None
    password = cursor.binary() if flags & 0x40 else None
    return Connect(
        client_id=client_id,
        version=version,
        clean_start=bool(flags & 0x02),
        keep_alive=keep_alive,
        username=username,
        password=password,
        will=will,
        properties=properties,
    )


def _check_connect_flags(flags: int, version: Version) -> None:
    if flags & 0x01:
        raise malformed("the reserved flag of CONNECT is set")
    if flags & 0x18 == 0x18:
        raise malformed("a will has QoS 3")
    if not flags & 0x04 and flags & 0x38:
        raise malformed("a CONNECT without a will has the flags of one")
    if flags & 0xC0 == 0x40 and version != Version.V5:
        raise malformed("a CONNECT has a password without a username")


def _will(flags: int, cursor: Cursor, version: Version) -> Will:
    properties = read_properties(cursor, Carrier.WILL) if version == Version.V5 else NO_PROPERTIES
    topic = cursor.text()
    payload = cursor.binary()
    if not valid_name(topic):
        raise PacketError(Reason.TOPIC_NAME_INVALID, "the topic of a will is empty or has a wildcard")
    _check_response_topic(properties)
    return Will(topic=topic, payload=payload, qos=flags >> 3 & 3, retain=bool(flags & 0x20), properties=properties)


def _check_response_topic(properties: Properties) -> None:
    if properties.response_topic is not None and not valid_name(properties.response_topic):
        raise protocol_error("a response topic is empty or has a wildcard")


def _connack(_flags: int, cursor: Cursor, version: Version) -> Packet:
    acknowledge = cursor.u8()
    if acknowledge > 1:
        raise malformed("a reserved flag of CONNACK is set")
    code = cursor.u8()
    if version == Version.V5:
        reason = _reason(code, _CONNACK_REASONS, "CONNACK")
        properties = read_properties(cursor, Carrier.CONNACK)
    else:
        try:
            reason, properties = reason_of(code), NO_PROPERTIES
        except ValueError as error:
            raise malformed(f"a CONNACK has the return code {code}") from error
    if reason and acknowledge:
        raise protocol_error("a CONNACK that refuses has a session present")
    return Connack(session_present=bool(acknowledge), reason=reason, properties=properties)


def _publish(flags: int, cursor: Cursor, version: Version) -> Packet:
    qos = flags >> 1 & 3
    if qos == 3:
        raise malformed("a PUBLISH has QoS 3")
    if flags & 0x08 and not qos:
        raise malformed("a PUBLISH with QoS 0 is marked as duplicate")
    topic = cursor.text()
    packet_id = cursor.packet_id() if qos else 0
    properties = read_properties(cursor, Carrier.PUBLISH) if version == Version.V5 else NO_PROPERTIES
    if not valid_name(topic) and (topic or version != Version.V5):
        raise PacketError(Reason.TOPIC_NAME_INVALID, "a topic name is empty or has a wildcard")
    if not topic and properties.topic_alias is None:
        raise protocol_error("a PUBLISH has neither a topic nor a topic alias")
    _check_response_topic(properties)
    return Publish(
        topic=topic,
        payload=cursor.take(cursor.left()),
        qos=qos,
        retain=bool(flags & 0x01),
        dup=bool(flags & 0x08),
        packet_id=packet_id,
        properties=properties,
    )


_A = TypeVar("_A", Puback, Pubrec, Pubrel, Pubcomp)


def _acknowledgement(
    make: type[_A], carrier: Carrier, allowed: frozenset[Reason]
) -> Callable[[int, Cursor, Version], Packet]:
    def decode(_flags: int, cursor: Cursor, version: Version) -> Packet:
        packet_id = cursor.packet_id()
        if version != Version.V5 or not cursor.left():
            return make(packet_id=packet_id)
        reason = _reason(cursor.u8(), allowed, str(carrier.name))
        properties = read_properties(cursor, carrier) if cursor.left() else NO_PROPERTIES
        return make(packet_id=packet_id, reason=reason, properties=properties)

    return decode


def _subscribe(_flags: int, cursor: Cursor, version: Version) -> Packet:
    packet_id = cursor.packet_id()
    properties = read_properties(cursor, Carrier.SUBSCRIBE) if version == Version.V5 else NO_PROPERTIES
    subscriptions = []
    while cursor.left():
        topic_filter = _filter(cursor)
        subscriptions.append(_subscription(topic_filter, cursor.u8(), version))
    if not subscriptions:
        raise protocol_error("a SUBSCRIBE has no topic filter")
    return Subscribe(packet_id=packet_id, subscriptions=tuple(subscriptions), properties=properties)


def _filter(cursor: Cursor) -> str:
    topic_filter = cursor.text()
    try:
        split_share(topic_filter)
    except ValueError as error:
        raise PacketError(Reason.TOPIC_FILTER_INVALID, str(error)) from error
    if not valid_filter(topic_filter):
        raise PacketError(Reason.TOPIC_FILTER_INVALID, f"{topic_filter[:80]!r} is not a topic filter")
    return topic_filter


def _subscription(topic_filter: str, options: int, version: Version) -> Subscription:
    if options & 3 == 3:
        raise malformed("a subscription has QoS 3")
    if version != Version.V5:
        if options & 0xFC:
            raise malformed("reserved bits of a subscription's QoS are set")
        return Subscription(filter=topic_filter, qos=options)
    if options & 0xC0:
        raise malformed("reserved bits of the subscription options are set")
    if options & 0x30 == 0x30:
        raise protocol_error("a subscription has retain handling 3")
    if options & 0x04 and topic_filter.startswith(SHARE_PREFIX):
        raise protocol_error("a shared subscription has the option no local")
    return Subscription(
        filter=topic_filter,
        qos=options & 3,
        no_local=bool(options & 0x04),
        retain_as_published=bool(options & 0x08),
        retain_handling=options >> 4,
    )


def _suback(_flags: int, cursor: Cursor, version: Version) -> Packet:
    packet_id = cursor.packet_id()
    properties = read_properties(cursor, Carrier.SUBACK) if version == Version.V5 else NO_PROPERTIES
    allowed = _SUBACK_REASONS if version == Version.V5 else _SUBACK_REASONS_3
    reasons = tuple(_reason(code, allowed, "SUBACK") for code in cursor.take(cursor.left()))
    if not reasons:
        raise protocol_error("a SUBACK has no reason")
    return Suback(packet_id=packet_id, reasons=reasons, properties=properties)


def _unsubscribe(_flags: int, cursor: Cursor, version: Version) -> Packet:
    packet_id = cursor.packet_id()
    properties = read_properties(cursor, Carrier.UNSUBSCRIBE) if version == Version.V5 else NO_PROPERTIES
    filters = []
    while cursor.left():
        filters.append(_filter(cursor))
    if not filters:
        raise protocol_error("an UNSUBSCRIBE has no topic filter")
    return Unsubscribe(packet_id=packet_id, filters=tuple(filters), properties=properties)


def _unsuback(_flags: int, cursor: Cursor, version: Version) -> Packet:
    packet_id = cursor.packet_id()
    if version != Version.V5:
        return Unsuback(packet_id=packet_id)
    properties = read_properties(cursor, Carrier.UNSUBACK)
    reasons = tuple(_reason(code, _UNSUBACK_REASONS, "UNSUBACK") for code in cursor.take(cursor.left()))
    if not reasons:
        raise protocol_error("an UNSUBACK has no reason")
    return Unsuback(packet_id=packet_id, reasons=reasons, properties=properties)


def _pingreq(_flags: int, _cursor: Cursor, _version: Version) -> Packet:
    return Pingreq()


def _pingresp(_flags: int, _cursor: Cursor, _version: Version) -> Packet:
    return Pingresp()


def _disconnect(_flags: int, cursor: Cursor, version: Version) -> Packet:
    if version != Version.V5 or not cursor.left():
        return Disconnect()
    reason = _reason(cursor.u8(), _DISCONNECT_REASONS, "DISCONNECT")
    properties = read_properties(cursor, Carrier.DISCONNECT) if cursor.left() else NO_PROPERTIES
    return Disconnect(reason=reason, properties=properties)


def _auth(_flags: int, cursor: Cursor, version: Version) -> Packet:
    if version != Version.V5:
        raise protocol_error("an AUTH comes in version 5 only")
    if not cursor.left():
        return Auth()
    reason = _reason(cursor.u8(), _AUTH_REASONS, "AUTH")
    return Auth(reason=reason, properties=read_properties(cursor, Carrier.AUTH) if cursor.left() else NO_PROPERTIES)


_DECODERS: dict[int, Callable[[int, Cursor, Version], Packet]] = {
    Type.CONNECT: _connect,
    Type.CONNACK: _connack,
    Type.PUBLISH: _publish,
    Type.PUBACK: _acknowledgement(Puback, Carrier.PUBACK, _PUBLISH_REASONS),
    Type.PUBREC: _acknowledgement(Pubrec, Carrier.PUBREC, _PUBLISH_REASONS),
    Type.PUBREL: _acknowledgement(Pubrel, Carrier.PUBREL, _RELEASE_REASONS),
    Type.PUBCOMP: _acknowledgement(Pubcomp, Carrier.PUBCOMP, _RELEASE_REASONS),
    Type.SUBSCRIBE: _subscribe,
    Type.SUBACK: _suback,
    Type.UNSUBSCRIBE: _unsubscribe,
    Type.UNSUBACK: _unsuback,
    Type.PINGREQ: _pingreq,
    Type.PINGRESP: _pingresp,
    Type.DISCONNECT: _disconnect,
    Type.AUTH: _auth,
}
_FLAGS = {Type.PUBREL: 2, Type.SUBSCRIBE: 2, Type.UNSUBSCRIBE: 2}
_DUP = 8


def check_first_byte(first: int, version: Version) -> None:
    """Refuse a packet by its first byte, before any more of it is read.

    Raises:
        PacketError: a reserved type, or reserved flags that are set otherwise than they must.
    """
    kind, flags = first >> 4, first & 15
    if not kind:
        raise malformed("the packet type 0 is reserved")
    if kind == Type.PUBLISH:
        return
    expected = _FLAGS.get(Type(kind), 0)
    # MQTT 3.1 lets a repeated PUBREL, SUBSCRIBE and UNSUBSCRIBE carry the duplicate flag.
    if flags != expected and not (version == Version.V3_1 and expected and flags == expected | _DUP):
        raise malformed(f"a {Type(kind).name} has the flags {flags:04b}")


def decode_packet(buffer: bytes, first: int, start: int, end: int, version: Version) -> Packet:
    """The packet whose first byte is `first` and whose body is `buffer[start:end]`.

    Raises:
        PacketError: it is not a packet of this version; nothing else is ever raised, whatever the bytes.
    """
    check_first_byte(first, version)
    cursor = Cursor(buffer, start, end)
    packet = _DECODERS[first >> 4](first & 15, cursor, version)
    cursor.finish()
    return packet

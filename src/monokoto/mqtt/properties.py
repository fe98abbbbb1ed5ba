"""The properties of MQTT 5: one frozen struct for all packets, one table that says who may carry what.

Source: MQTT 5.0 section 2.2.2. Refused: a struct per packet type (fourteen that repeat each other) and a plain dictionary
(no types, no spelling check).
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag, auto
from typing import Any, NamedTuple

import msgspec

from monokoto.mqtt.reasons import PacketError, Reason, malformed, protocol_error
from monokoto.mqtt.wire import Cursor, encode_binary, encode_text, encode_variable


class Properties(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a version 5 packet says beside its fields; None (or empty) is absent. Intervals are in seconds."""

    payload_format_indicator: int | None = None
    message_expiry_interval: int | None = None
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    subscription_identifiers: tuple[int, ...] = ()
    session_expiry_interval: int | None = None
    assigned_client_identifier: str | None = None
    server_keep_alive: int | None = None
    authentication_method: str | None = None
    authentication_data: bytes | None = None
    request_problem_information: int | None = None
    will_delay_interval: int | None = None
    request_response_information: int | None = None
    response_information: str | None = None
    server_reference: str | None = None
    reason_string: str | None = None
    receive_maximum: int | None = None
    topic_alias_maximum: int | None = None
    topic_alias: int | None = None
    maximum_qos: int | None = None
    retain_available: int | None = None
    user_properties: tuple[tuple[str, str], ...] = ()
    maximum_packet_size: int | None = None
    wildcard_subscription_available: int | None = None
    subscription_identifier_available: int | None = None
    shared_subscription_available: int | None = None


NO_PROPERTIES = Properties()
"""Shared by every packet without properties."""


class Carrier(IntFlag):
    """Where properties occur: the packets, and the will inside CONNECT."""

    CONNECT = auto()
    CONNACK = auto()
    PUBLISH = auto()
    WILL = auto()
    PUBACK = auto()
    PUBREC = auto()
    PUBREL = auto()
    PUBCOMP = auto()
    SUBSCRIBE = auto()
    SUBACK = auto()
    UNSUBSCRIBE = auto()
    UNSUBACK = auto()
    DISCONNECT = auto()
    AUTH = auto()


class _Type(NamedTuple):
    read: Callable[[Cursor], Any]
    write: Callable[[Any], bytes]


def _flag(cursor: Cursor) -> int:
    value = cursor.u8()
    if value > 1:
        raise protocol_error(f"a property that is 0 or 1 is {value}")
    return value


def _number(size: int) -> Callable[[int], bytes]:
    return lambda value: value.to_bytes(size, "big")


def _positive(read: Callable[[Cursor], int]) -> Callable[[Cursor], int]:
    def checked(cursor: Cursor) -> int:
        value = read(cursor)
        if not value:
            raise protocol_error("a property that must not be 0 is 0")
        return value

    return checked


def _pair(cursor: Cursor) -> tuple[str, str]:
    return cursor.text(), cursor.text()


def _write_pair(pair: tuple[str, str]) -> bytes:
    return encode_text(pair[0]) + encode_text(pair[1])


_FLAG = _Type(_flag, _number(1))
_U16 = _Type(Cursor.u16, _number(2))
_U16_POSITIVE = _Type(_positive(Cursor.u16), _number(2))
_U32 = _Type(Cursor.u32, _number(4))
_U32_POSITIVE = _Type(_positive(Cursor.u32), _number(4))
_VARIABLE_POSITIVE = _Type(_positive(Cursor.variable), encode_variable)
_TEXT = _Type(Cursor.text, encode_text)
_BINARY = _Type(Cursor.binary, encode_binary)
_PAIR = _Type(_pair, _write_pair)


def _topic_alias(cursor: Cursor) -> int:
    alias = cursor.u16()
    if not alias:
        raise PacketError(Reason.TOPIC_ALIAS_INVALID, "a topic alias is 0")
    return alias


_ALIAS = _Type(_topic_alias, _number(2))


class _Rule(NamedTuple):
    name: str
    type: _Type
    carriers: Carrier
    repeats: bool = False


_C = Carrier
_ACKNOWLEDGEMENTS = _C.PUBACK | _C.PUBREC | _C.PUBREL | _C.PUBCOMP | _C.SUBACK | _C.UNSUBACK
_EVERYWHERE = ~_C(0)
_RULES: dict[int, _Rule] = {
    0x01: _Rule("payload_format_indicator", _FLAG, _C.PUBLISH | _C.WILL),
    0x02: _Rule("message_expiry_interval", _U32, _C.PUBLISH | _C.WILL),
    0x03: _Rule("content_type", _TEXT, _C.PUBLISH | _C.WILL),
    0x08: _Rule("response_topic", _TEXT, _C.PUBLISH | _C.WILL),
    0x09: _Rule("correlation_data", _BINARY, _C.PUBLISH | _C.WILL),
    0x0B: _Rule("subscription_identifiers", _VARIABLE_POSITIVE, _C.PUBLISH | _C.SUBSCRIBE, repeats=True),
    0x11: _Rule("session_expiry_interval", _U32, _C.CONNECT | _C.CONNACK | _C.DISCONNECT),
    0x12: _Rule("assigned_client_identifier", _TEXT, _C.CONNACK),
    0x13: _Rule("server_keep_alive", _U16, _C.CONNACK),
    0x15: _Rule("authentication_method", _TEXT, _C.CONNECT | _C.CONNACK | _C.AUTH),
    0x16: _Rule("authentication_data", _BINARY, _C.CONNECT | _C.CONNACK | _C.AUTH),
    0x17: _Rule("request_problem_information", _FLAG, _C.CONNECT),
    0x18: _Rule("will_delay_interval", _U32, _C.WILL),
    0x19: _Rule("request_response_information", _FLAG, _C.CONNECT),
    0x1A: _Rule("response_information", _TEXT, _C.CONNACK),
    0x1C: _Rule("server_reference", _TEXT, _C.CONNACK | _C.DISCONNECT),
    0x1F: _Rule("reason_string", _TEXT, _C.CONNACK | _ACKNOWLEDGEMENTS | _C.DISCONNECT | _C.AUTH),
    0x21: _Rule("receive_maximum", _U16_POSITIVE, _C.CONNECT | _C.CONNACK),
    0x22: _Rule("topic_alias_maximum", _U16, _C.CONNECT | _C.CONNACK),
    0x23: _Rule("topic_alias", _ALIAS, _C.PUBLISH),
    0x24: _Rule("maximum_qos", _FLAG, _C.CONNACK),
    0x25: _Rule("retain_available", _FLAG, _C.CONNACK),
    0x26: _Rule("user_properties", _PAIR, _EVERYWHERE, repeats=True),
    0x27: _Rule("maximum_packet_size", _U32_POSITIVE, _C.CONNECT | _C.CONNACK),
    0x28: _Rule("wildcard_subscription_available", _FLAG, _C.CONNACK),
    0x29: _Rule("subscription_identifier_available", _FLAG, _C.CONNACK),
    0x2A: _Rule("shared_subscription_available", _FLAG, _C.CONNACK),
}
_IDENTIFIERS = [(identifier, *rule) for identifier, rule in _RULES.items()]


def read_properties(cursor: Cursor, carrier: Carrier) -> Properties:
    """The properties at the cursor.

    Raises:
        PacketError: an unknown property, one that this packet may not carry, or one that occurs twice.
    """
    length = cursor.variable()
    if not length:
        return NO_PROPERTIES
    stop = cursor.offset + length
    if stop > cursor.end:
        raise malformed("the properties are longer than the packet")
    inner = Cursor(cursor.buffer, cursor.offset, stop)
    found: dict[str, Any] = {}
    while inner.offset < stop:
        _read_property(inner, carrier, found)
    cursor.offset = stop
    if len(found.get("subscription_identifiers", ())) > 1 and carrier is Carrier.SUBSCRIBE:
        raise protocol_error("a SUBSCRIBE has more than one subscription identifier")
    for name in ("user_properties", "subscription_identifiers"):
        if name in found:
            found[name] = tuple(found[name])
    return Properties(**found)


def _read_property(cursor: Cursor, carrier: Carrier, found: dict[str, Any]) -> None:
    identifier = cursor.variable()
    rule = _RULES.get(identifier)
    if rule is None or not rule.carriers & carrier:
        raise malformed(f"a {carrier.name} cannot have the property 0x{identifier:02X}")
    value = rule.type.read(cursor)
    if rule.repeats:
        found.setdefault(rule.name, []).append(value)
    elif rule.name in found:
        raise protocol_error(f"the property {rule.name} occurs twice")
    else:
        found[rule.name] = value


def write_properties(properties: Properties, carrier: Carrier) -> bytes:
    """The properties with their length, in the order of their identifiers.

    Raises:
        ValueError: this packet may not carry one of them, or a value does not fit.
    """
    if properties is NO_PROPERTIES:
        return b"\0"
    parts: list[bytes] = []
    for identifier, name, kind, carriers, repeats in _IDENTIFIERS:
        value = getattr(properties, name)
        if value is None or value == ():
            continue
        if not carriers & carrier:
            raise ValueError(f"a {carrier.name} cannot have the property {name}")
        head = bytes((identifier,))
        try:
            parts.extend(head + kind.write(item) for item in (value if repeats else (value,)))
        except OverflowError as error:
            raise ValueError(f"the property {name} does not fit") from error
    body = b"".join(parts)
    return encode_variable(len(body)) + body

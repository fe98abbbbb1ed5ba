"""What the codec refuses, one case for each rule: bytes in, reason out. The numbers are those of the standards."""

from __future__ import annotations

import pytest

from monokoto.mqtt import (
    Connack,
    Connect,
    Decoder,
    Packet,
    PacketError,
    Properties,
    Publish,
    Reason,
    Subscribe,
    Unsuback,
    Version,
    encode,
)

V3, V31, V5 = Version.V3_1_1, Version.V3_1, Version.V5
R = Reason


def packet(first: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    assert len(body) < 128
    return bytes((first, len(body))) + body


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def properties(*parts: bytes) -> bytes:
    body = b"".join(parts)
    return bytes((len(body),)) + body


def connect(flags: int, *payload: bytes, name: str = "MQTT", level: int = 4, keep_alive: bytes = b"\0\0") -> bytes:
    extra = b"\0" if level == 5 else b""
    return packet(0x10, text(name), bytes((level, flags)), keep_alive, extra, *payload)


def decode(data: bytes, version: Version) -> list[Packet]:
    return list(Decoder(version=version).feed(data))


def refused(data: bytes, version: Version, reason: Reason) -> None:
    with pytest.raises(PacketError) as caught:
        decode(data, version)
    assert caught.value.reason == reason, str(caught.value)


ID = b"\0\1"
SUBSCRIBE_5 = ID + b"\0"

RULES: dict[str, tuple[Version, bytes, Reason]] = {
    # Data types
    "text is UTF-8": (V3, packet(0x30, text(b"\xff\xfe")), R.MALFORMED_PACKET),
    "text has no surrogates": (V3, packet(0x30, text(b"\xed\xa0\x80")), R.MALFORMED_PACKET),
    "text has no overlong forms": (V3, packet(0x30, text(b"\xc0\xaf")), R.MALFORMED_PACKET),
    "text has no U+0000": (V3, packet(0x30, text(b"a\0b")), R.MALFORMED_PACKET),
    "a user property is UTF-8 in its name": (
        V5, packet(0x30, text("a"), properties(b"\x26", text(b"\xff"), text("v"))), R.MALFORMED_PACKET),
    "a user property is UTF-8 in its value": (
        V5, packet(0x30, text("a"), properties(b"\x26", text("k"), text(b"\xff"))), R.MALFORMED_PACKET),
    "a length has at most four bytes": (V3, b"\x30\xff\xff\xff\xff\x01", R.MALFORMED_PACKET),
    "a length is in its shortest form": (V5, b"\xc0\x80\x00", R.MALFORMED_PACKET),
    "a property length is in its shortest form": (V5, packet(0x30, text("a"), b"\x80\x00"), R.MALFORMED_PACKET),
    "a text does not pass the packet": (V3, packet(0x30, b"\0\x09abc"), R.MALFORMED_PACKET),
    "properties do not pass the packet": (V5, packet(0x30, text("a"), b"\x7f"), R.MALFORMED_PACKET),
    "nothing follows the packet": (V3, packet(0xC0, b"\0"), R.MALFORMED_PACKET),
    # Fixed header
    "type 0 is reserved": (V3, b"\x00\x00", R.MALFORMED_PACKET),
    "CONNECT has no flags": (V3, b"\x11" + connect(2, text("a"))[1:], R.MALFORMED_PACKET),
    "PUBACK has no flags": (V3, packet(0x41, ID), R.MALFORMED_PACKET),
    "PUBREL has the flags 0010": (V3, packet(0x60, ID), R.MALFORMED_PACKET),
    "SUBSCRIBE has the flags 0010": (V3, packet(0x80, ID, text("a"), b"\0"), R.MALFORMED_PACKET),
    "UNSUBSCRIBE has the flags 0010": (V3, packet(0xA0, ID, text("a")), R.MALFORMED_PACKET),
    "a repeated SUBSCRIBE is of 3.1 only": (V3, packet(0x8A, ID, text("a"), b"\0"), R.MALFORMED_PACKET),
    "PINGREQ has no flags": (V3, b"\xc1\x00", R.MALFORMED_PACKET),
    "DISCONNECT has no flags": (V3, b"\xe1\x00", R.MALFORMED_PACKET),
    "AUTH has no flags": (V5, b"\xf1\x00", R.MALFORMED_PACKET),
    "AUTH is of version 5": (V3, b"\xf0\x00", R.PROTOCOL_ERROR),
    # CONNECT
    "the protocol is MQTT": (V3, connect(2, text("a"), name="MQTX"), R.UNSUPPORTED_PROTOCOL_VERSION),
    "the protocol of 3.1 is MQIsdp": (V3, connect(2, text("a"), level=3), R.UNSUPPORTED_PROTOCOL_VERSION),
    "there is no version 6": (V3, connect(2, text("a"), level=6), R.UNSUPPORTED_PROTOCOL_VERSION),
    "the reserved connect flag is 0": (V3, connect(3, text("a")), R.MALFORMED_PACKET),
    "a will has no QoS 3": (V3, connect(0x1E, text("a"), text("t"), text("m")), R.MALFORMED_PACKET),
    "no will, no will QoS": (V3, connect(0x0A, text("a")), R.MALFORMED_PACKET),
    "no will, no will retain": (V3, connect(0x22, text("a")), R.MALFORMED_PACKET),
    "a will has a topic and a payload": (V3, connect(0x06, text("a"), text("t")), R.MALFORMED_PACKET),
    "a will's topic is UTF-8": (V3, connect(0x06, text("a"), text(b"\xff"), text("m")), R.MALFORMED_PACKET),
    "a will's topic has no wildcard": (V3, connect(0x06, text("a"), text("#"), text("m")), R.TOPIC_NAME_INVALID),
    "a flag for a username means a username": (V3, connect(0x82, text("a")), R.MALFORMED_PACKET),
    "no flag for a username, no username": (V3, connect(0x02, text("a"), text("u")), R.MALFORMED_PACKET),
    "a flag for a password means a password": (V3, connect(0xC2, text("a"), text("u")), R.MALFORMED_PACKET),
    "no flag for a password, no password": (V3, connect(0x82, text("a"), text("u"), text("p")), R.MALFORMED_PACKET),
    "3.1.1 has no password without a username": (V3, connect(0x42, text("a"), text("p")), R.MALFORMED_PACKET),
    "there is a client id": (V3, connect(0x02), R.MALFORMED_PACKET),
    "a client id is UTF-8": (V3, connect(0x02, text(b"\xff")), R.MALFORMED_PACKET),
    "a username is UTF-8": (V3, connect(0x82, text("a"), text(b"\xff")), R.MALFORMED_PACKET),
    "authentication data has a method": (
        V5, packet(0x10, text("MQTT"), b"\x05\x02\0\0", properties(b"\x16", text("x")), text("a")), R.PROTOCOL_ERROR),
    "a receive maximum is not 0": (
        V5, packet(0x10, text("MQTT"), b"\x05\x02\0\0", properties(b"\x21\0\0"), text("a")), R.PROTOCOL_ERROR),
    "a maximum packet size is not 0": (
        V5, packet(0x10, text("MQTT"), b"\x05\x02\0\0", properties(b"\x27\0\0\0\0"), text("a")), R.PROTOCOL_ERROR),
    "request problem information is 0 or 1": (
        V5, packet(0x10, text("MQTT"), b"\x05\x02\0\0", properties(b"\x17\x02"), text("a")), R.PROTOCOL_ERROR),
    # Properties
    "an unknown property": (V5, packet(0x30, text("a"), properties(b"\x7e\0")), R.MALFORMED_PACKET),
    "a property of another packet": (V5, packet(0x30, text("a"), properties(b"\x21\0\1")), R.MALFORMED_PACKET),
    "a property twice": (V5, packet(0x30, text("a"), properties(b"\x01\1\x01\1")), R.PROTOCOL_ERROR),
    "a property cut short": (V5, packet(0x30, text("a"), properties(b"\x02\0\0")), R.MALFORMED_PACKET),
    # CONNACK
    "a CONNACK's reserved flags are 0": (V3, b"\x20\x02\x02\x00", R.MALFORMED_PACKET),
    "a CONNACK that refuses has no session": (V3, b"\x20\x02\x01\x05", R.PROTOCOL_ERROR),
    "a CONNACK of 3.1.1 has the codes 0 to 5": (V3, b"\x20\x02\x00\x06", R.MALFORMED_PACKET),
    "a CONNACK has its own reasons": (V5, b"\x20\x03\x00\x8e\x00", R.PROTOCOL_ERROR),
    # PUBLISH
    "a PUBLISH has no QoS 3": (V3, packet(0x36, text("a"), ID), R.MALFORMED_PACKET),
    "a PUBLISH of QoS 0 is no duplicate": (V3, packet(0x38, text("a")), R.MALFORMED_PACKET),
    "a PUBLISH has a packet identifier": (V3, packet(0x32, text("a"), b"\0\0"), R.MALFORMED_PACKET),
    "a topic has no wildcard": (V3, packet(0x30, text("a/+")), R.TOPIC_NAME_INVALID),
    "a topic is not empty": (V3, packet(0x30, text("")), R.TOPIC_NAME_INVALID),
    "no topic and no alias": (V5, packet(0x30, text(""), b"\0"), R.PROTOCOL_ERROR),
    "a topic alias is not 0": (V5, packet(0x30, text("a"), properties(b"\x23\0\0")), R.TOPIC_ALIAS_INVALID),
    "a response topic is UTF-8": (V5, packet(0x30, text("a"), properties(b"\x08", text(b"\xff"))), R.MALFORMED_PACKET),
    "a response topic has no wildcard": (
        V5, packet(0x30, text("a"), properties(b"\x08", text("a/#"))), R.PROTOCOL_ERROR),
    "a content type is UTF-8": (V5, packet(0x30, text("a"), properties(b"\x03", text(b"\xff"))), R.MALFORMED_PACKET),
    "a subscription identifier is not 0": (V5, packet(0x30, text("a"), properties(b"\x0b\0")), R.PROTOCOL_ERROR),
    # Acknowledgements
    "a PUBACK has a packet identifier": (V3, packet(0x40, b"\0\0"), R.MALFORMED_PACKET),
    "a PUBACK has its own reasons": (V5, packet(0x40, ID, b"\x92"), R.PROTOCOL_ERROR),
    "a PUBREC has its own reasons": (V5, packet(0x50, ID, b"\x92"), R.PROTOCOL_ERROR),
    "a PUBREL has its own reasons": (V5, packet(0x62, ID, b"\x80"), R.PROTOCOL_ERROR),
    "a PUBCOMP has its own reasons": (V5, packet(0x70, ID, b"\x80"), R.PROTOCOL_ERROR),
    "a PUBACK of 3.1.1 has no reason": (V3, packet(0x40, ID, b"\0"), R.MALFORMED_PACKET),
    # SUBSCRIBE and UNSUBSCRIBE
    "a SUBSCRIBE has a packet identifier": (V3, packet(0x82, b"\0\0", text("a"), b"\0"), R.MALFORMED_PACKET),
    "a SUBSCRIBE has a filter": (V3, packet(0x82, ID), R.PROTOCOL_ERROR),
    "a filter is UTF-8": (V3, packet(0x82, ID, text(b"\xff"), b"\0"), R.MALFORMED_PACKET),
    "a filter is not empty": (V3, packet(0x82, ID, text(""), b"\0"), R.TOPIC_FILTER_INVALID),
    "# comes last": (V3, packet(0x82, ID, text("a/#/b"), b"\0"), R.TOPIC_FILTER_INVALID),
    "# follows a separator": (V3, packet(0x82, ID, text("a#"), b"\0"), R.TOPIC_FILTER_INVALID),
    "+ fills a level": (V3, packet(0x82, ID, text("a/b+"), b"\0"), R.TOPIC_FILTER_INVALID),
    "a subscription has no QoS 3": (V3, packet(0x82, ID, text("a"), b"\3"), R.MALFORMED_PACKET),
    "reserved subscription bits of 3.1.1 are 0": (V3, packet(0x82, ID, text("a"), b"\4"), R.MALFORMED_PACKET),
    "reserved subscription bits of 5 are 0": (V5, packet(0x82, SUBSCRIBE_5, text("a"), b"\x40"), R.MALFORMED_PACKET),
    "there is no retain handling 3": (V5, packet(0x82, SUBSCRIBE_5, text("a"), b"\x30"), R.PROTOCOL_ERROR),
    "no local is not for shared subscriptions": (
        V5, packet(0x82, SUBSCRIBE_5, text("$share/s/a"), b"\4"), R.PROTOCOL_ERROR),
    "a share has a name": (V5, packet(0x82, SUBSCRIBE_5, text("$share//a"), b"\0"), R.TOPIC_FILTER_INVALID),
    "a share's name has no wildcard": (V5, packet(0x82, SUBSCRIBE_5, text("$share/+/a"), b"\0"), R.TOPIC_FILTER_INVALID),
    "a share has a filter": (V5, packet(0x82, SUBSCRIBE_5, text("$share/s/"), b"\0"), R.TOPIC_FILTER_INVALID),
    "a SUBSCRIBE has one subscription identifier": (
        V5, packet(0x82, ID, properties(b"\x0b\1\x0b\2"), text("a"), b"\0"), R.PROTOCOL_ERROR),
    "an UNSUBSCRIBE has a filter": (V3, packet(0xA2, ID), R.PROTOCOL_ERROR),
    "a filter of an UNSUBSCRIBE is UTF-8": (V3, packet(0xA2, ID, text(b"\xff")), R.MALFORMED_PACKET),
    "a SUBACK of 3.1.1 has 0, 1, 2, 128": (V3, packet(0x90, ID, b"\x87"), R.PROTOCOL_ERROR),
    "a SUBACK has its own reasons": (V5, packet(0x90, ID, b"\0\x11"), R.PROTOCOL_ERROR),
    "an UNSUBACK has its own reasons": (V5, packet(0xB0, ID, b"\0\x01"), R.PROTOCOL_ERROR),
    # DISCONNECT and AUTH
    "a DISCONNECT has its own reasons": (V5, packet(0xE0, b"\x01"), R.PROTOCOL_ERROR),
    "a DISCONNECT of 3.1.1 has no reason": (V3, packet(0xE0, b"\x04"), R.MALFORMED_PACKET),
    "an AUTH has its own reasons": (V5, packet(0xF0, b"\x01"), R.PROTOCOL_ERROR),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_refused(rule: str) -> None:
    version, data, reason = RULES[rule]
    refused(data, version, reason)


def test_a_byte_order_mark_stays_a_character() -> None:
    (found,) = decode(packet(0x30, text("\ufeffa")), V3)
    assert isinstance(found, Publish)
    assert found.topic == "\ufeffa"


def test_no_properties_are_one_zero_byte() -> None:
    assert encode(Publish(topic="a"), V5) == b"\x30\x04\x00\x01a\x00"
    assert encode(Connack(), V5) == b"\x20\x03\x00\x00\x00"


def test_acknowledgements_of_success_are_short() -> None:
    for first in (0x40, 0x50, 0x62, 0x70):
        short, long = packet(first, ID), packet(first, ID, b"\0", b"\0")
        assert decode(short, V5) == decode(long, V5)
        assert encode(decode(long, V5)[0], V5) == short


def test_the_fields_of_a_connect_stand_in_their_order() -> None:
    data = connect(0xF6, text("id"), text("will"), text("gone"), text("user"), text("secret"), keep_alive=b"\0\x3c")
    (found,) = decode(data, V3)
    assert isinstance(found, Connect)
    assert found.will is not None
    assert (found.client_id, found.will.topic, found.will.payload) == ("id", "will", b"gone")
    assert (found.username, found.password, found.keep_alive) == ("user", b"secret", 60)
    assert (found.will.qos, found.will.retain, found.clean_start) == (2, True, True)
    assert encode(found) == data


def test_version_5_takes_a_password_without_a_username() -> None:
    (found,) = decode(connect(0x42, text("a"), text("p"), level=5), V5)
    assert isinstance(found, Connect)
    assert (found.username, found.password) == (None, b"p")


def test_mqtt_3_1_is_understood() -> None:
    repeated = packet(0x8A, ID, text("a"), b"\1")
    found = decode(connect(2, text("a"), name="MQIsdp", level=3) + repeated, V3)
    assert isinstance(found[0], Connect)
    assert found[0].version == V31
    assert isinstance(found[1], Subscribe)


def test_client_ids_hold_any_text() -> None:
    for client_id in ("", "0123456789abcdefghijklm", "ünïcödé/…#+ 漢字", "x" * 200):
        (found,) = decode(encode(Connect(client_id=client_id, version=V3)), V3)
        assert isinstance(found, Connect)
        assert found.client_id == client_id


def test_an_unsuback_of_3_1_1_has_no_reasons() -> None:
    assert encode(Unsuback(packet_id=1, reasons=(0,)), V3) == b"\xb0\x02\x00\x01"


def test_user_properties_keep_their_order_and_may_repeat() -> None:
    pairs = (("b", "1"), ("a", "2"), ("b", "1"))
    (found,) = decode(encode(Publish(topic="a", properties=Properties(user_properties=pairs)), V5), V5)
    assert isinstance(found, Publish)
    assert found.properties.user_properties == pairs

"""The codec against an independent one: what paho-mqtt encodes we decode to what was meant, and byte for byte the same."""

from __future__ import annotations

import socket
from typing import Any

import paho.mqtt.client as paho
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.subscribeoptions import SubscribeOptions

from monokoto.mqtt import (
    NO_PROPERTIES,
    Connect,
    Decoder,
    Disconnect,
    Packet,
    Properties,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    Will,
    encode,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=12)
VERSIONS = st.sampled_from([Version.V3_1, Version.V3_1_1, Version.V5])
NAMES = {
    "payload_format_indicator": "PayloadFormatIndicator",
    "message_expiry_interval": "MessageExpiryInterval",
    "content_type": "ContentType",
    "response_topic": "ResponseTopic",
    "correlation_data": "CorrelationData",
    "session_expiry_interval": "SessionExpiryInterval",
    "receive_maximum": "ReceiveMaximum",
    "topic_alias_maximum": "TopicAliasMaximum",
    "topic_alias": "TopicAlias",
    "maximum_packet_size": "MaximumPacketSize",
    "will_delay_interval": "WillDelayInterval",
    "request_problem_information": "RequestProblemInformation",
    "user_properties": "UserProperty",
    "subscription_identifiers": "SubscriptionIdentifier",
}


class Recorder(paho.Client):
    """A paho client whose packets go nowhere but here."""

    def __init__(self, version: Version, *, client_id: str = "", clean: bool = True) -> None:
        clean_session = None if version == Version.V5 else clean
        super().__init__(
            paho.CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean_session, protocol=int(version)
        )
        self.written = b""
        self._clean_start = clean
        self._sock = socket.socket()  # never connected: it publishes only when it has one

    def _packet_queue(self, _command: Any, packet: bytes, *_rest: Any, **_more: Any) -> Any:
        self.written += bytes(packet)
        return paho.MQTT_ERR_SUCCESS


def paho_properties(kind: int, properties: Properties) -> PahoProperties | None:
    if properties == NO_PROPERTIES:
        return None
    made = PahoProperties(kind)
    for ours, theirs in NAMES.items():
        value = getattr(properties, ours)
        if value not in (None, ()):
            setattr(made, theirs, list(value) if isinstance(value, tuple) else value)
    return made


def agree(written: bytes, packet: Packet, version: Version) -> None:
    """paho's bytes mean our packet. Properties may stand in any order, so only the decoded packets are compared then."""
    assert list(Decoder(version=version).feed(written)) == [packet]
    assert len(encode(packet, version)) == len(written)
    if getattr(packet, "properties", NO_PROPERTIES) == NO_PROPERTIES:
        assert encode(packet, version) == written


PUBLISH_PROPERTIES = st.builds(
    Properties,
    payload_format_indicator=st.none() | st.integers(0, 1),
    message_expiry_interval=st.none() | st.integers(0, 2**32 - 1),
    content_type=st.none() | TEXT,
    response_topic=st.none() | TEXT,
    correlation_data=st.none() | st.binary(max_size=9),
    topic_alias=st.none() | st.integers(1, 65_535),
    user_properties=st.lists(st.tuples(TEXT, TEXT), max_size=3).map(tuple),
)


@given(version=VERSIONS, topic=TEXT, payload=st.binary(max_size=200), qos=st.integers(0, 2), retain=st.booleans(),
       properties=PUBLISH_PROPERTIES)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_publish(version: Version, topic: str, payload: bytes, qos: int, retain: bool, properties: Properties) -> None:
    extra = properties if version == Version.V5 else NO_PROPERTIES
    recorder = Recorder(version)
    recorder._send_publish(77, topic.encode(), payload, qos, retain, False, None,
                           paho_properties(PacketTypes.PUBLISH, extra))  # fmt: skip
    packet_id = 77 if qos else 0
    expected = Publish(topic=topic, payload=payload, qos=qos, retain=retain, packet_id=packet_id, properties=extra)
    agree(recorder.written, expected, version)


@given(
    version=VERSIONS, client_id=TEXT, clean=st.booleans(), keep_alive=st.integers(0, 65_535),
    username=st.none() | TEXT, password=st.none() | TEXT, will=st.none() | st.tuples(TEXT, st.binary(max_size=9),
    st.integers(0, 2), st.booleans()), expiry=st.none() | st.integers(0, 2**32 - 1), delay=st.integers(1, 99),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_connect(
    version: Version, client_id: str, clean: bool, keep_alive: int, username: str | None, password: str | None,
    will: Any, expiry: int | None, delay: int,
) -> None:  # fmt: skip
    five = version == Version.V5
    if username is None:
        password = None
    recorder = Recorder(version, client_id=client_id, clean=clean)
    recorder.username_pw_set(username, password)
    will_properties = Properties(will_delay_interval=delay) if five else NO_PROPERTIES
    if will is not None:
        recorder.will_set(*will, properties=paho_properties(PacketTypes.WILLMESSAGE, will_properties))
    extra = Properties(session_expiry_interval=expiry) if five and expiry is not None else NO_PROPERTIES
    recorder._connect_properties = paho_properties(PacketTypes.CONNECT, extra)
    recorder._send_connect(keep_alive)
    expected = Connect(
        client_id=client_id, version=version, clean_start=clean, keep_alive=keep_alive, username=username,
        password=None if password is None else password.encode(), properties=extra,
        will=will and Will(topic=will[0], payload=will[1], qos=will[2], retain=will[3], properties=will_properties),
    )  # fmt: skip
    agree(recorder.written, expected, version)


@given(
    version=st.sampled_from([Version.V3_1_1, Version.V5]),
    filters=st.lists(st.tuples(TEXT, st.integers(0, 2), st.booleans(), st.booleans(), st.integers(0, 2)),
                     min_size=1, max_size=4),
    identifier=st.none() | st.integers(1, 268_435_455),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_subscribe_and_unsubscribe(version: Version, filters: list[Any], identifier: int | None) -> None:
    five = version == Version.V5
    extra = Properties(subscription_identifiers=(identifier,)) if five and identifier else NO_PROPERTIES
    recorder = Recorder(version)
    asked: list[Any] = [
        (name.encode(), SubscribeOptions(qos, no_local, as_published, handling) if five else qos)
        for name, qos, no_local, as_published, handling in filters
    ]
    recorder._send_subscribe(False, asked, paho_properties(PacketTypes.SUBSCRIBE, extra))
    subscriptions = tuple(
        Subscription(
            filter=name, qos=qos, no_local=no_local, retain_as_published=as_published, retain_handling=handling
        )
        if five
        else Subscription(filter=name, qos=qos)
        for name, qos, no_local, as_published, handling in filters
    )
    agree(recorder.written, Subscribe(packet_id=1, subscriptions=subscriptions, properties=extra), version)
    recorder.written = b""
    names = tuple(name for name, *_ in filters)
    recorder._send_unsubscribe(False, [name.encode() for name in names], None)
    agree(recorder.written, Unsubscribe(packet_id=2, filters=names), version)


@pytest.mark.parametrize("version", [Version.V3_1_1, Version.V5])
def test_acknowledgements_and_good_bye(version: Version) -> None:
    for send, expected in (
        (Recorder._send_puback, Puback(packet_id=300)),
        (Recorder._send_pubrec, Pubrec(packet_id=300)),
        (Recorder._send_pubrel, Pubrel(packet_id=300)),
        (Recorder._send_pubcomp, Pubcomp(packet_id=300)),
    ):
        recorder = Recorder(version)
        send(recorder, 300)
        agree(recorder.written, expected, version)
    recorder = Recorder(version)
    recorder._send_disconnect(None, None)
    agree(recorder.written, Disconnect(), version)

"""What hypothesis needs to make packets: every type, every version, every property where it may stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import strategies as st

from monokoto.mqtt import (
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    Properties,
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
    reason_of,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NAME = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#"), min_size=1, max_size=20).filter(
    lambda name: not name.startswith("$share")
)
LEVEL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0+#/"), max_size=4)
FILTER = st.builds(
    lambda levels, last: "/".join([*levels, *last]) or "+",
    st.lists(st.one_of(st.just("+"), LEVEL), max_size=4),
    st.sampled_from([[], ["#"]]),
).filter(lambda text: not text.startswith("$share"))
BINARY = st.binary(max_size=12)
U16, U32 = st.integers(0, 65_535), st.integers(0, 2**32 - 1)
PACKET_ID = st.integers(1, 65_535)
FLAG = st.integers(0, 1)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "payload_format_indicator": FLAG,
    "message_expiry_interval": U32,
    "content_type": TEXT,
    "response_topic": NAME,
    "correlation_data": BINARY,
    "session_expiry_interval": U32,
    "assigned_client_identifier": TEXT,
    "server_keep_alive": U16,
    "authentication_method": TEXT,
    "authentication_data": BINARY,
    "request_problem_information": FLAG,
    "will_delay_interval": U32,
    "request_response_information": FLAG,
    "response_information": TEXT,
    "server_reference": TEXT,
    "reason_string": TEXT,
    "receive_maximum": st.integers(1, 65_535),
    "topic_alias_maximum": U16,
    "topic_alias": st.integers(1, 65_535),
    "maximum_qos": FLAG,
    "retain_available": FLAG,
    "maximum_packet_size": st.integers(1, 2**32 - 1),
    "wildcard_subscription_available": FLAG,
    "subscription_identifier_available": FLAG,
    "shared_subscription_available": FLAG,
}
# Transcribed from table 2-4 of the standard, apart from the table in the source.
MESSAGE = ("payload_format_indicator", "message_expiry_interval", "content_type", "response_topic", "correlation_data")
CARRIED = {
    "CONNECT": ("session_expiry_interval", "request_problem_information", "request_response_information",
                "receive_maximum", "topic_alias_maximum", "maximum_packet_size", "authentication_method"),
    "CONNACK": ("session_expiry_interval", "assigned_client_identifier", "server_keep_alive", "authentication_method",
                "authentication_data", "response_information", "server_reference", "reason_string", "receive_maximum",
                "topic_alias_maximum", "maximum_qos", "retain_available", "maximum_packet_size",
                "wildcard_subscription_available", "subscription_identifier_available", "shared_subscription_available"),
    "PUBLISH": (*MESSAGE, "topic_alias"),
    "WILL": (*MESSAGE, "will_delay_interval"),
    "ACK": ("reason_string",),
    "SUBSCRIBE": (),
    "UNSUBSCRIBE": (),
    "DISCONNECT": ("session_expiry_interval", "server_reference", "reason_string"),
    "AUTH": ("authentication_method", "authentication_data", "reason_string"),
}  # fmt: skip
PUBLISH_REASONS = (0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99)
SUBACK_REASONS = (0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2)
UNSUBACK_REASONS = (0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91)
DISCONNECT_REASONS = (
    0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
    0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
)  # fmt: skip
CONNACK_REASONS = (
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D,
    0x9F,
)  # fmt: skip


def properties(carrier: str, version: Version) -> st.SearchStrategy[Properties]:
    """Properties a carrier may have; none before version 5."""
    if version != Version.V5:
        return st.just(Properties())
    pairs = st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple)
    optional: dict[str, st.SearchStrategy[Any]] = {name: VALUES[name] for name in CARRIED[carrier]}
    identifiers = {"PUBLISH": 3, "SUBSCRIBE": 1}.get(carrier, 0)
    if identifiers:
        listed = st.lists(st.integers(1, 268_435_455), max_size=identifiers).map(tuple)
        optional["subscription_identifiers"] = listed
    if carrier in ("CONNECT",):
        method = st.fixed_dictionaries({"authentication_method": TEXT, "authentication_data": BINARY})
        return st.builds(
            lambda values, user, extra: Properties(**{**values, **extra}, user_properties=user),
            st.fixed_dictionaries({}, optional=optional), pairs, st.one_of(st.just({}), method),
        )  # fmt: skip
    return st.builds(
        lambda values, user: Properties(**values, user_properties=user),
        st.fixed_dictionaries({}, optional=optional),
        pairs,
    )


def connects(version: Version) -> st.SearchStrategy[Connect]:
    will = st.builds(Will, topic=NAME, payload=BINARY, qos=st.integers(0, 2), retain=st.booleans(),
                     properties=properties("WILL", version))  # fmt: skip
    made = st.builds(
        Connect, client_id=TEXT, version=st.just(version), clean_start=st.booleans(), keep_alive=U16,
        username=st.none() | TEXT, password=st.none() | BINARY, will=st.none() | will,
        properties=properties("CONNECT", version),
    )  # fmt: skip
    return made.filter(lambda packet: version == Version.V5 or packet.password is None or packet.username is not None)


def publishes(version: Version) -> st.SearchStrategy[Publish]:
    def make(
        topic: str, payload: bytes, qos: int, retain: bool, dup: bool, packet_id: int, extra: Properties
    ) -> Publish:
        if extra.topic_alias is not None and len(payload) % 2:
            topic = ""
        return Publish(topic=topic, payload=payload, qos=qos, retain=retain, dup=dup and qos > 0,
                       packet_id=packet_id if qos else 0, properties=extra)  # fmt: skip

    return st.builds(make, NAME, st.binary(max_size=300), st.integers(0, 2), st.booleans(), st.booleans(), PACKET_ID,
                     properties("PUBLISH", version))  # fmt: skip


def acknowledgements(version: Version) -> st.SearchStrategy[Packet]:
    five = version == Version.V5
    carried = properties("ACK", version)
    answers = [
        st.builds(kind, packet_id=PACKET_ID, reason=st.sampled_from(reasons if five else (0,)), properties=carried)
        for kind, reasons in (
            (Puback, PUBLISH_REASONS), (Pubrec, PUBLISH_REASONS), (Pubrel, (0, 0x92)), (Pubcomp, (0, 0x92)),
        )
    ]  # fmt: skip
    suback = SUBACK_REASONS if five else (0, 1, 2, 0x80)
    reasons = st.lists(st.sampled_from(suback), min_size=1, max_size=5).map(tuple)
    unsuback = st.lists(st.sampled_from(UNSUBACK_REASONS), min_size=1, max_size=5).map(tuple) if five else st.just(())
    return st.one_of(
        *answers,
        st.builds(Suback, packet_id=PACKET_ID, reasons=reasons, properties=carried),
        st.builds(Unsuback, packet_id=PACKET_ID, reasons=unsuback, properties=carried),
    )


def subscribes(version: Version) -> st.SearchStrategy[Packet]:
    five = version == Version.V5
    options = {"no_local": st.booleans(), "retain_as_published": st.booleans(), "retain_handling": st.integers(0, 2)}
    subscription = st.builds(Subscription, filter=FILTER, qos=st.integers(0, 2), **(options if five else {}))
    return st.one_of(
        st.builds(Subscribe, packet_id=PACKET_ID, properties=properties("SUBSCRIBE", version),
                  subscriptions=st.lists(subscription, min_size=1, max_size=4).map(tuple)),
        st.builds(Unsubscribe, packet_id=PACKET_ID, properties=properties("UNSUBSCRIBE", version),
                  filters=st.lists(FILTER, min_size=1, max_size=4).map(tuple)),
    )  # fmt: skip


def packets(version: Version) -> st.SearchStrategy[Packet]:
    """Any packet a version can say."""
    five = version == Version.V5
    refusals = CONNACK_REASONS if five else tuple(reason_of(code) for code in range(1, 6))
    kinds: list[st.SearchStrategy[Packet]] = [
        connects(version),
        publishes(version),
        acknowledgements(version),
        subscribes(version),
        st.builds(Connack, session_present=st.booleans(), properties=properties("CONNACK", version)),
        st.builds(Connack, reason=st.sampled_from(refusals), properties=properties("CONNACK", version)),
        st.just(Pingreq()),
        st.just(Pingresp()),
        st.builds(Disconnect, reason=st.sampled_from(DISCONNECT_REASONS if five else (0,)),
                  properties=properties("DISCONNECT", version)),
    ]  # fmt: skip
    if five:
        kinds.append(st.builds(Auth, reason=st.sampled_from((0, 0x18, 0x19)), properties=properties("AUTH", version)))
    return st.one_of(kinds)


@pytest.fixture(scope="session")
def any_packet() -> Callable[[Version], st.SearchStrategy[Packet]]:
    """A strategy for any packet of a version."""
    return packets


@pytest.fixture(scope="session")
def topic_names() -> st.SearchStrategy[str]:
    return NAME


@pytest.fixture(scope="session")
def topic_filters() -> st.SearchStrategy[str]:
    return FILTER


@pytest.fixture(scope="session")
def any_publish() -> Callable[[Version], st.SearchStrategy[Publish]]:
    """A strategy for any PUBLISH of a version."""
    return publishes

"""The packets of MQTT 3.1, 3.1.1 and 5.0 as frozen values; what a version does not know stays at its default.

Source: MQTT 5.0 chapter 3, MQTT 3.1.1 chapter 3. They are msgspec structs rather than dataclasses: four times quicker to make.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from monokoto.mqtt.properties import NO_PROPERTIES, Properties


class Version(IntEnum):
    """The protocol level in CONNECT."""

    V3_1 = 3
    V3_1_1 = 4
    V5 = 5


class Type(IntEnum):
    """The upper four bits of a packet's first byte."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    PUBREC = 5
    PUBREL = 6
    PUBCOMP = 7
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14
    AUTH = 15


class Packet(msgspec.Struct, frozen=True, kw_only=True):
    """Any control packet."""


class Will(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The message published for a client that went away without saying so."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    properties: Properties = NO_PROPERTIES


class Connect(Packet, frozen=True, kw_only=True):
    """A client asks to be connected."""

    client_id: str = ""
    version: Version = Version.V5
    clean_start: bool = True
    """`clean session` in 3.1.1, where it also ends the session with the connection."""
    keep_alive: int = 0
    """Seconds; 0: no limit."""
    username: str | None = None
    password: bytes | None = None
    will: Will | None = None
    properties: Properties = NO_PROPERTIES


class Connack(Packet, frozen=True, kw_only=True):
    """The answer to CONNECT. `reason` is always a version 5 reason; the codec translates the codes of 3.1.1."""

    session_present: bool = False
    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Publish(Packet, frozen=True, kw_only=True):
    """A message."""

    topic: str
    """Empty only in version 5 with a topic alias."""
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    """0 with QoS 0 only."""
    properties: Properties = NO_PROPERTIES


class Puback(Packet, frozen=True, kw_only=True):
    """A QoS 1 message was taken."""

    packet_id: int
    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Pubrec(Packet, frozen=True, kw_only=True):
    """A QoS 2 message was received."""

    packet_id: int
    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Pubrel(Packet, frozen=True, kw_only=True):
    """Its packet identifier may be forgotten."""

    packet_id: int
    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Pubcomp(Packet, frozen=True, kw_only=True):
    """It was."""

    packet_id: int
    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Subscription(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One topic filter of a SUBSCRIBE with its options; 3.1.1 knows only the QoS."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0
    """0: send retained messages; 1: only if the subscription is new; 2: do not."""


class Subscribe(Packet, frozen=True, kw_only=True):
    """A client asks for messages."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: Properties = NO_PROPERTIES


class Suback(Packet, frozen=True, kw_only=True):
    """The answer, one reason for each filter in order."""

    packet_id: int
    reasons: tuple[int, ...]
    properties: Properties = NO_PROPERTIES


class Unsubscribe(Packet, frozen=True, kw_only=True):
    """A client wants no more of some."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NO_PROPERTIES


class Unsuback(Packet, frozen=True, kw_only=True):
    """The answer; 3.1.1 has no reasons."""

    packet_id: int
    reasons: tuple[int, ...] = ()
    properties: Properties = NO_PROPERTIES


class Pingreq(Packet, frozen=True, kw_only=True):
    """I am alive, are you?"""


class Pingresp(Packet, frozen=True, kw_only=True):
    """Yes."""


class Disconnect(Packet, frozen=True, kw_only=True):
    """Good-bye; the server sends it in version 5 only."""

    reason: int = 0
    properties: Properties = NO_PROPERTIES


class Auth(Packet, frozen=True, kw_only=True):
    """One step of an extended authentication; version 5 only."""

    reason: int = 0
    properties: Properties = NO_PROPERTIES

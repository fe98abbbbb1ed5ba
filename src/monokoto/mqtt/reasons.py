"""Reason codes, and the one error the codec raises. Source: MQTT 5.0 section 2.4, MQTT 3.1.1 section 3.2.2.3."""

from __future__ import annotations

from enum import IntEnum

from monokoto.kernel.errors import Invalid


class Reason(IntEnum):
    """What became of a packet, or why a connection ends; below 0x80 it went well."""

    SUCCESS = 0x00
    """Also: granted QoS 0 (SUBACK), normal disconnection (DISCONNECT)."""
    GRANTED_QOS_1 = 0x01
    GRANTED_QOS_2 = 0x02
    DISCONNECT_WITH_WILL = 0x04
    NO_MATCHING_SUBSCRIBERS = 0x10
    NO_SUBSCRIPTION_EXISTED = 0x11
    CONTINUE_AUTHENTICATION = 0x18
    REAUTHENTICATE = 0x19
    UNSPECIFIED_ERROR = 0x80
    MALFORMED_PACKET = 0x81
    PROTOCOL_ERROR = 0x82
    IMPLEMENTATION_SPECIFIC_ERROR = 0x83
    UNSUPPORTED_PROTOCOL_VERSION = 0x84
    CLIENT_IDENTIFIER_NOT_VALID = 0x85
    BAD_USERNAME_OR_PASSWORD = 0x86
    NOT_AUTHORIZED = 0x87
    SERVER_UNAVAILABLE = 0x88
    SERVER_BUSY = 0x89
    BANNED = 0x8A
    SERVER_SHUTTING_DOWN = 0x8B
    BAD_AUTHENTICATION_METHOD = 0x8C
    KEEP_ALIVE_TIMEOUT = 0x8D
    SESSION_TAKEN_OVER = 0x8E
    TOPIC_FILTER_INVALID = 0x8F
    TOPIC_NAME_INVALID = 0x90
    PACKET_IDENTIFIER_IN_USE = 0x91
    PACKET_IDENTIFIER_NOT_FOUND = 0x92
    RECEIVE_MAXIMUM_EXCEEDED = 0x93
    TOPIC_ALIAS_INVALID = 0x94
    PACKET_TOO_LARGE = 0x95
    MESSAGE_RATE_TOO_HIGH = 0x96
    QUOTA_EXCEEDED = 0x97
    ADMINISTRATIVE_ACTION = 0x98
    PAYLOAD_FORMAT_INVALID = 0x99
    RETAIN_NOT_SUPPORTED = 0x9A
    QOS_NOT_SUPPORTED = 0x9B
    USE_ANOTHER_SERVER = 0x9C
    SERVER_MOVED = 0x9D
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED = 0x9E
    CONNECTION_RATE_EXCEEDED = 0x9F
    MAXIMUM_CONNECT_TIME = 0xA0
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED = 0xA1
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED = 0xA2

    @property
    def failed(self) -> bool:
        """Whether it tells of a failure."""
        return self >= Reason.UNSPECIFIED_ERROR


class ReturnCode(IntEnum):
    """What a CONNACK says in MQTT 3.1 and 3.1.1."""

    ACCEPTED = 0
    UNACCEPTABLE_PROTOCOL_VERSION = 1
    IDENTIFIER_REJECTED = 2
    SERVER_UNAVAILABLE = 3
    BAD_USERNAME_OR_PASSWORD = 4
    NOT_AUTHORIZED = 5


SUBACK_FAILURE = 0x80
"""The only refusal a SUBACK knows in MQTT 3.1.1."""

_RETURN_CODES = {
    Reason.SUCCESS: ReturnCode.ACCEPTED,
    Reason.UNSUPPORTED_PROTOCOL_VERSION: ReturnCode.UNACCEPTABLE_PROTOCOL_VERSION,
    Reason.CLIENT_IDENTIFIER_NOT_VALID: ReturnCode.IDENTIFIER_REJECTED,
    Reason.BAD_USERNAME_OR_PASSWORD: ReturnCode.BAD_USERNAME_OR_PASSWORD,
    Reason.NOT_AUTHORIZED: ReturnCode.NOT_AUTHORIZED,
    Reason.BANNED: ReturnCode.NOT_AUTHORIZED,
    Reason.BAD_AUTHENTICATION_METHOD: ReturnCode.NOT_AUTHORIZED,
}
_REASONS = {
    ReturnCode.ACCEPTED: Reason.SUCCESS,
    ReturnCode.UNACCEPTABLE_PROTOCOL_VERSION: Reason.UNSUPPORTED_PROTOCOL_VERSION,
    ReturnCode.IDENTIFIER_REJECTED: Reason.CLIENT_IDENTIFIER_NOT_VALID,
    ReturnCode.SERVER_UNAVAILABLE: Reason.SERVER_UNAVAILABLE,
    ReturnCode.BAD_USERNAME_OR_PASSWORD: Reason.BAD_USERNAME_OR_PASSWORD,
    ReturnCode.NOT_AUTHORIZED: Reason.NOT_AUTHORIZED,
}


def return_code(reason: int) -> ReturnCode:
    """The 3.1.1 CONNACK code nearest to a version 5 reason: what has none of its own is 'server unavailable'."""
    return _RETURN_CODES.get(Reason(reason), ReturnCode.SERVER_UNAVAILABLE)


def reason_of(code: int) -> Reason:
    """The version 5 reason of a 3.1.1 CONNACK code.

    Raises:
        ValueError: 3.1.1 has no such code.
    """
    return _REASONS[ReturnCode(code)]


class PacketError(Invalid):
    """What arrived is not the MQTT it must be; the connection ends with `reason`."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def malformed(message: str) -> PacketError:
    """The bytes do not make a packet."""
    return PacketError(Reason.MALFORMED_PACKET, message)


def protocol_error(message: str) -> PacketError:
    """They make a packet that must not come, or not now, or not so."""
    return PacketError(Reason.PROTOCOL_ERROR, message)

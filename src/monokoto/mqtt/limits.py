"""What a server offers a client, and the CONNACK that says so. Source: MQTT 5.0 section 3.2.2.3."""

from __future__ import annotations

from dataclasses import dataclass

from monokoto.kernel import limits
from monokoto.mqtt.packets import Connack, Connect, Version
from monokoto.mqtt.properties import NO_PROPERTIES, Properties
from monokoto.mqtt.reasons import Reason

NEVER = 0xFFFF_FFFF
"""The session expiry interval of a session that does not end."""
_RECEIVE_MAXIMUM_DEFAULT = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """The bounds of one session."""

    receive_maximum: int = limits.RECEIVE_MAXIMUM
    packet_bytes_max: int = limits.PAYLOAD_BYTES_MAX + limits.TOPIC_BYTES_MAX + 1024
    topic_alias_max: int = limits.TOPIC_ALIAS_MAX
    expiry_seconds_max: int = limits.SESSION_EXPIRY_SECONDS_MAX
    keep_alive_seconds_max: int = limits.KEEP_ALIVE_SECONDS_MAX
    subscriptions_max: int = limits.SUBSCRIPTIONS_PER_SESSION_MAX
    queue_max: int = limits.DOWNLINK_QUEUE_MAX
    window: int = 32
    """Messages in flight towards a client that would take more."""
    retain: bool = False
    """Whether clients may publish retained messages."""


def session_expiry(connect: Connect, bounds: SessionLimits) -> int:
    """Seconds the session lives on without a connection. 3.1.1 can only say 'not at all' or 'for ever'."""
    if connect.version == Version.V5:
        asked = connect.properties.session_expiry_interval or 0
    else:
        asked = 0 if connect.clean_start else NEVER
    return min(asked, bounds.expiry_seconds_max)


def keep_alive_seconds(connect: Connect, bounds: SessionLimits) -> int:
    """The keep alive that holds; 0: none. Only version 5 can be told another one than it asked for."""
    if connect.version != Version.V5:
        return connect.keep_alive
    return min(connect.keep_alive or bounds.keep_alive_seconds_max, bounds.keep_alive_seconds_max)


def accept(connect: Connect, bounds: SessionLimits, *, session_present: bool, assigned: str = "") -> Connack:
    """The CONNACK of a connection that is taken; `assigned`: the client id given to one that brought none.

    Only what differs from the protocol's default, or from what was asked, is said.
    """
    if connect.version != Version.V5:
        return Connack(session_present=session_present)
    asked_expiry = connect.properties.session_expiry_interval or 0
    expiry, keep_alive = session_expiry(connect, bounds), keep_alive_seconds(connect, bounds)
    properties = Properties(
        session_expiry_interval=expiry if expiry != asked_expiry else None,
        receive_maximum=bounds.receive_maximum if bounds.receive_maximum < _RECEIVE_MAXIMUM_DEFAULT else None,
        retain_available=None if bounds.retain else 0,
        maximum_packet_size=bounds.packet_bytes_max,
        assigned_client_identifier=assigned or None,
        topic_alias_maximum=bounds.topic_alias_max or None,
        shared_subscription_available=0,
        server_keep_alive=keep_alive if keep_alive != connect.keep_alive else None,
    )
    return Connack(session_present=session_present, properties=properties)


def refusal(connect: Connect, bounds: SessionLimits) -> Reason | None:
    """Why the protocol lets this CONNECT not be accepted, whoever sent it; None: it may be."""
    if connect.version != Version.V5 and not connect.client_id and not connect.clean_start:
        return Reason.CLIENT_IDENTIFIER_NOT_VALID  # 3.1.1: [MQTT-3.1.3-8]
    if len(connect.client_id.encode()) > limits.CLIENT_ID_BYTES_MAX:
        return Reason.CLIENT_IDENTIFIER_NOT_VALID
    if connect.properties.authentication_method is not None:
        return Reason.BAD_AUTHENTICATION_METHOD  # extended authentication is not offered [MQTT-4.12.0-1]
    if connect.will is not None and connect.will.retain and not bounds.retain and connect.version == Version.V5:
        return Reason.RETAIN_NOT_SUPPORTED  # [MQTT-3.2.2-13]
    return None


def refuse(reason: int, *, message: str = "") -> Connack:
    """The CONNACK of a connection that is not taken."""
    return Connack(reason=reason, properties=Properties(reason_string=message) if message else NO_PROPERTIES)

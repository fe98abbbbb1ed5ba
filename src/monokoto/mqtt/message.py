"""A message on its way to a client, and its PUBLISH. Times are instants: microseconds since the epoch."""

from __future__ import annotations

import msgspec

from monokoto.mqtt.packets import Publish, Version
from monokoto.mqtt.properties import NO_PROPERTIES, Properties

_MICROSECONDS_PER_SECOND = 1_000_000


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be delivered, whatever the version of who gets it."""

    topic: str
    payload: bytes = b""
    qos: int = 0
    retain: bool = False
    expires_at: int = 0
    """0: never."""
    origin: str = ""
    """The client id of who published it; '' for the platform itself (see no local)."""
    properties: Properties = NO_PROPERTIES
    """Those a server forwards unaltered; the message expiry interval is `expires_at` here."""

    def expired(self, now: int) -> bool:
        """Whether it must not be delivered any more."""
        return 0 < self.expires_at <= now


_FORWARDED = (
    "payload_format_indicator",
    "content_type",
    "response_topic",
    "correlation_data",
    "user_properties",
)


def message_of(packet: Publish, now: int, *, origin: str = "") -> Message:
    """The message in a PUBLISH whose topic alias is resolved."""
    properties, expires_at = NO_PROPERTIES, 0
    if packet.properties is not NO_PROPERTIES:
        properties = Properties(**{name: getattr(packet.properties, name) for name in _FORWARDED})
        interval = packet.properties.message_expiry_interval
        expires_at = 0 if interval is None else now + interval * _MICROSECONDS_PER_SECOND
    return Message(
        topic=packet.topic,
        payload=packet.payload,
        qos=packet.qos,
        retain=packet.retain,
        expires_at=expires_at,
        origin=origin,
        properties=properties,
    )


def publish_of(
    message: Message, now: int, *, packet_id: int = 0, dup: bool = False, identifiers: tuple[int, ...] = ()
) -> Publish:
    """The PUBLISH that delivers it, with the seconds of life it has left (at least 1: it is being delivered)."""
    properties = message.properties
    if message.expires_at or identifiers:
        left = -(-(message.expires_at - now) // _MICROSECONDS_PER_SECOND)
        properties = msgspec.structs.replace(
            properties,
            message_expiry_interval=max(1, left) if message.expires_at else None,
            subscription_identifiers=identifiers,
        )
    return Publish(
        topic=message.topic,
        payload=message.payload,
        qos=message.qos,
        retain=message.retain,
        dup=dup,
        packet_id=packet_id,
        properties=properties,
    )


def size_bound(packet: Publish, version: Version) -> int:
    """Bytes the PUBLISH surely does not exceed, without encoding it; 3.1.1 has no properties."""
    texts = len(packet.topic) * 4 + len(packet.payload) + 16
    if version != Version.V5 or packet.properties is NO_PROPERTIES:
        return texts
    properties = packet.properties
    strings = [properties.content_type or "", properties.response_topic or ""]
    strings.extend(text for pair in properties.user_properties for text in pair)
    data = len(properties.correlation_data or b"") + 5 * len(properties.subscription_identifiers)
    return texts + 32 + data + sum(4 * len(text) + 5 for text in strings)

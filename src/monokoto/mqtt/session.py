"""A session as the server sees it: pure, without I/O; time is handed in, packets come out.

The caller moves bytes and makes messages durable; the session says what the protocol wants. It outlives connections:
`to_bytes` / `from_bytes` keep it anywhere. QoS 0 and 1 messages from the client need nothing of it beyond `resolve` for
topic aliases, so that the hot path can pass it by.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from monokoto.mqtt.inbound import Inbound, Receipt
from monokoto.mqtt.limits import SessionLimits, keep_alive_seconds, session_expiry
from monokoto.mqtt.message import Message, message_of
from monokoto.mqtt.outbound import Outbound, Pending
from monokoto.mqtt.packets import (
    Connect,
    Disconnect,
    Packet,
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
from monokoto.mqtt.reasons import Reason, protocol_error
from monokoto.mqtt.subscriptions import Granted, Subscriptions

_SECOND = 1_000_000
_FORMAT = 1


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A session at rest."""

    format: int
    client_id: str
    expiry_seconds: int
    subscriptions: tuple[Granted, ...]
    received: tuple[int, ...]
    in_flight: tuple[Pending, ...]
    queue: tuple[Pending, ...]
    next_packet_id: int
    will: Will | None
    expires_at: int
    will_at: int


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Kept)


class Session:
    """One client's session. Not connected when made; `connect` begins a connection, `disconnect` ends it."""

    __slots__ = (
        "bounds",
        "client_id",
        "connected",
        "expires_at",
        "expiry_seconds",
        "inbound",
        "keep_alive",
        "outbound",
        "subscriptions",
        "version",
        "will",
        "will_at",
    )

    def __init__(self, client_id: str, bounds: SessionLimits) -> None:
        self.client_id = client_id
        self.bounds = bounds
        self.version = Version.V3_1_1
        self.connected = False
        self.expiry_seconds = 0
        self.expires_at = 0
        """When the session ends, known while it is not connected."""
        self.keep_alive = 0
        """Seconds; 0: none."""
        self.will: Will | None = None
        self.will_at = 0
        """When the will is to be published, known while it is not connected and has one."""
        self.subscriptions = Subscriptions()
        self.inbound = Inbound(open_max=bounds.receive_maximum, alias_max=bounds.topic_alias_max)
        self.outbound = Outbound(queue_max=bounds.queue_max)

    # Connections

    def connect(self, packet: Connect, now: int) -> list[Packet]:
        """A connection begins; returns what follows the CONNACK: what was in flight again, then what waited."""
        properties = packet.properties
        self.version = packet.version
        self.connected = True
        self.expiry_seconds = session_expiry(packet, self.bounds)
        self.keep_alive = keep_alive_seconds(packet, self.bounds)
        self.will = packet.will
        self.expires_at = self.will_at = 0
        self.inbound.forget_aliases()
        self.outbound.version = packet.version
        self.outbound.window = min(properties.receive_maximum or self.bounds.window, self.bounds.window)
        self.outbound.packet_bytes_max = properties.maximum_packet_size or 0
        return self.outbound.resume(now) + self.outbound.pump(now)

    def idle_until(self, last_received: int) -> int:
        """When a client that has said nothing since `last_received` is gone [MQTT-3.1.2-22]; 0: never."""
        return last_received + self.keep_alive * _SECOND * 3 // 2 if self.keep_alive else 0

    def disconnect(self, packet: Disconnect | None, now: int) -> None:
        """The connection ended, by a DISCONNECT or without a word (None). Sets `expires_at` and `will_at`.

        Raises:
            PacketError: the DISCONNECT asks for what it may not; call again with None.
        """
        if packet is not None:
            asked = packet.properties.session_expiry_interval
            if asked and not self.expiry_seconds:
                raise protocol_error("a DISCONNECT lengthens a session that was to end with its connection")
            if asked is not None:
                self.expiry_seconds = min(asked, self.bounds.expiry_seconds_max)
            if packet.reason != Reason.DISCONNECT_WITH_WILL:
                self.will = None
        self.connected = False
        self.outbound.window = 0
        self.inbound.forget_aliases()
        self.expires_at = now + self.expiry_seconds * _SECOND
        if self.will is not None:
            delay = self.will.properties.will_delay_interval or 0
            self.will_at = min(now + delay * _SECOND, self.expires_at)

    def take_will(self, now: int) -> Message | None:
        """The will, once, when its time has come [MQTT-3.1.2-8, MQTT-3.1.3-9]."""
        if self.connected or self.will is None or now < self.will_at:
            return None
        will, self.will = self.will, None
        publish = Publish(
            topic=will.topic, payload=will.payload, qos=will.qos, retain=will.retain, properties=will.properties
        )
        return message_of(publish, now, origin=self.client_id)

    def expired(self, now: int) -> bool:
        """Whether the session has ended: forget it (after `take_will`)."""
        return not self.connected and now >= self.expires_at

    # Messages from the client

    def resolve(self, packet: Publish) -> Publish:
        """The PUBLISH with its topic in place of an alias. Raises PacketError: the alias is not valid."""
        return self.inbound.resolve(packet)

    def receive_exactly_once(self, packet_id: int) -> Receipt:
        """A QoS 2 PUBLISH that is allowed; says whether its message is new. Raises PacketError: too many are open."""
        return self.inbound.receive(packet_id)

    def recorded(self, packet_id: int) -> Pubrec:
        """The QoS 2 message is durable: the PUBREC to send. Also the answer to a repetition."""
        self.inbound.recorded(packet_id)
        return Pubrec(packet_id=packet_id)

    def receive(self, packet: Puback | Pubrec | Pubrel | Pubcomp, now: int) -> list[Packet]:
        """An acknowledgement came; returns the answer, and what the window now has room for.

        Raises:
            PacketError: it acknowledges what it cannot.
        """
        match packet:
            case Puback():
                self.outbound.puback(packet.packet_id)
                return self.outbound.pump(now)
            case Pubrec():
                return self.outbound.pubrec(packet.packet_id, packet.reason) + self.outbound.pump(now)
            case Pubcomp():
                self.outbound.pubcomp(packet)
                return self.outbound.pump(now)
            case Pubrel():
                known = self.inbound.forget(packet.packet_id)
                reason = Reason.SUCCESS if known else Reason.PACKET_IDENTIFIER_NOT_FOUND
                return [Pubcomp(packet_id=packet.packet_id, reason=reason)]

    # Subscriptions

    def subscribe(
        self, packet: Subscribe, grant: Callable[[Subscription], int]
    ) -> tuple[Suback, list[tuple[Subscription, int]]]:
        """Subscribe to what `grant` allows: it answers a QoS (0, 1, 2, at most the one asked) or a failed Reason.

        Returns the SUBACK and the subscriptions, with their identifiers, whose retained messages are to be sent by
        `deliver_retained` after it.
        """
        identifier = next(iter(packet.properties.subscription_identifiers), 0)
        reasons: list[int] = []
        retained: list[tuple[Subscription, int]] = []
        for asked in packet.subscriptions:
            reason = self._grant(asked, grant)
            reasons.append(reason)
            if reason >= Reason.UNSPECIFIED_ERROR:
                continue
            granted = msgspec.structs.replace(asked, qos=min(reason, asked.qos))
            if self.subscriptions.put(granted, identifier):
                retained.append((granted, identifier))
        return Suback(packet_id=packet.packet_id, reasons=tuple(reasons)), retained

    def _grant(self, asked: Subscription, grant: Callable[[Subscription], int]) -> int:
        if asked.filter.startswith("$share/"):
            return Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED
        if len(self.subscriptions) >= self.bounds.subscriptions_max and asked.filter not in self.subscriptions:
            return Reason.QUOTA_EXCEEDED
        return grant(asked)

    def unsubscribe(self, packet: Unsubscribe) -> Unsuback:
        """Forget the filters; messages of theirs that are already queued are still delivered [MQTT-3.10.4-3]."""
        found = [self.subscriptions.drop(topic_filter) for topic_filter in packet.filters]
        reasons = tuple(Reason.SUCCESS if was else Reason.NO_SUBSCRIPTION_EXISTED for was in found)
        return Unsuback(packet_id=packet.packet_id, reasons=reasons)

    # Messages to the client

    def deliver(self, message: Message, now: int, *, hold: bool = False) -> list[Packet]:
        """A message that may concern the client; returns what to send now. `hold`: queue it, the socket is slow.

        A client that is away keeps QoS 1 and 2 only, and only when its session outlives the connection.
        """
        matched = self.subscriptions.match(message, self.client_id)
        if matched is None or message.expired(now):
            return []
        delivered = msgspec.structs.replace(message, qos=matched.qos, retain=matched.retain)
        return self._send(Pending(message=delivered, identifiers=matched.identifiers), now, hold=hold)

    def deliver_retained(self, message: Message, subscription: Subscription, identifier: int, now: int) -> list[Packet]:
        """A retained message for a subscription that was just made."""
        if message.expired(now):
            return []
        delivered = msgspec.structs.replace(message, qos=min(message.qos, subscription.qos), retain=True)
        identifiers = (identifier,) if identifier else ()
        return self._send(Pending(message=delivered, identifiers=identifiers), now)

    def _send(self, pending: Pending, now: int, *, hold: bool = False) -> list[Packet]:
        if not self.connected and (not pending.message.qos or not self.expiry_seconds):
            return []
        self.outbound.put(pending)
        return [] if hold else self.outbound.pump(now)

    # At rest

    def to_bytes(self) -> bytes:
        """The session as it is to be found after a restart; open QoS 2 messages that are not durable are not in it."""
        in_flight, queue, following = self.outbound.snapshot()
        return _ENCODER.encode(
            _Kept(
                format=_FORMAT,
                client_id=self.client_id,
                expiry_seconds=self.expiry_seconds,
                subscriptions=tuple(self.subscriptions),
                received=self.inbound.recorded_ids(),
                in_flight=in_flight,
                queue=queue,
                next_packet_id=following,
                will=self.will,
                expires_at=self.expires_at,
                will_at=self.will_at,
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes, bounds: SessionLimits) -> Session:
        """The session, not connected. One that was connected when kept has `expires_at` 0: call `disconnect(None, now)`.

        Raises:
            ValueError: the bytes are not a session of a format we read.
        """
        kept = _DECODER.decode(data)  # msgspec.ValidationError is a ValueError
        if kept.format != _FORMAT:
            raise ValueError(f"a session of format {kept.format} cannot be read, only {_FORMAT}")
        session = cls(kept.client_id, bounds)
        session.expiry_seconds = kept.expiry_seconds
        session.subscriptions = Subscriptions(kept.subscriptions)
        session.inbound.restore(kept.received)
        session.outbound.restore(kept.in_flight, kept.queue, kept.next_packet_id)
        session.will = kept.will
        session.expires_at, session.will_at = kept.expires_at, kept.will_at
        return session

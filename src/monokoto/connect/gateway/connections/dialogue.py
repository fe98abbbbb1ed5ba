"""What a unit says and hears beside the hot path: every packet but the common PUBLISH, each with its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.commit import LISTENS, Route, with_subject
from monokoto.connect.gateway.connections.connection import ENDING, Connection
from monokoto.connect.gateway.connections.host import Process
from monokoto.connect.gateway.connections.keeper import KeptSession
from monokoto.connect.gateway.connections.topics import (
    CBOR,
    Refusal,
    Target,
    as_cbor,
    is_told,
    resolve,
    subscription_refusal,
)
from monokoto.kernel.errors import Unavailable
from monokoto.kernel.ids import format_id
from monokoto.kernel.limits import DEAD_LETTER_PAYLOAD_BYTES_MAX, PAYLOAD_BYTES_MAX, RECEIVE_MAXIMUM
from monokoto.mqtt import (
    PINGRESP_BYTES,
    Disconnect,
    Message,
    Packet,
    PacketError,
    Pingreq,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Receipt,
    Subscribe,
    Subscription,
    Unsubscribe,
    Version,
    encode,
)

RPC_REQUEST: Final = "v1/devices/me/rpc/request/"
_SESSION_LIMITS: Final = b'"getSessionLimits"'


class Dialogue:
    """The handlers, one per packet type."""

    def __init__(self, gateway: Process) -> None:
        self._gateway = gateway
        self._handlers: dict[type[Packet], Callable[[Connection, Any], None]] = {
            Publish: self._publish,
            Puback: self._acknowledged,
            Pubrec: self._acknowledged,
            Pubrel: self._acknowledged,
            Pubcomp: self._acknowledged,
            Subscribe: self._subscribe,
            Unsubscribe: self._unsubscribe,
            Pingreq: self._ping,
            Disconnect: self._disconnect,
        }

    def take(self, connection: Connection, packet: Packet) -> None:
        """Deal with one packet. Raises PacketError: the connection must end."""
        handler = self._handlers.get(type(packet))
        if handler is None:
            raise PacketError(Reason.PROTOCOL_ERROR, f"a client does not send {type(packet).__name__.upper()} here")
        handler(connection, packet)

    # --- from the unit

    def _publish(self, connection: Connection, packet: Publish) -> None:
        kept = kept_of(connection)
        packet = kept.session.resolve(packet)
        target = self._target(connection, packet)
        if isinstance(target, Refusal):
            self._refuse(connection, packet, target)
            return
        if packet.qos == 2:
            receipt = kept.session.receive_exactly_once(packet.packet_id)
            _owe_pubrec(connection, packet.packet_id)
            # Not durable yet, maybe sent on an earlier connection: this commit ends after that one, so it may answer.
            if receipt is not Receipt.NEW:
                return
        elif packet.qos == 1:
            connection.owe(encode(Puback(packet_id=packet.packet_id), connection.version))
        if packet.topic.startswith(RPC_REQUEST) and _SESSION_LIMITS in packet.payload:
            self._session_limits(connection, packet.topic[len(RPC_REQUEST) :])
            return
        connection.add(target.route, target.prefix + packet.payload)
        if target.question is not None:
            connection.add(Route.REQUEST, target.question + packet.payload)
        elif packet.properties.content_type != CBOR:
            connection.knows(packet.topic.encode(), target.route, target.prefix)

    def _target(self, connection: Connection, packet: Publish) -> Target | Refusal:
        if len(packet.payload) > PAYLOAD_BYTES_MAX:
            return Refusal(Reason.QUOTA_EXCEEDED, f"a payload may have {PAYLOAD_BYTES_MAX} bytes")
        target = resolve(packet.topic, connection.unit, self._gateway.child_of)
        if isinstance(target, Target) and packet.properties.content_type == CBOR:
            return as_cbor(target)
        return target

    def _refuse(self, connection: Connection, packet: Publish, refusal: Refusal) -> None:
        """Say no aloud: a dead letter, and an answer where the version has one; 3.1.1 knows only the end."""
        self._gateway.counters.refused += 1
        connection.add(Route.REFUSED, refused_record(packet.topic, packet.payload, refusal.reason))
        if connection.version != Version.V5:
            raise PacketError(refusal.reason, refusal.detail)
        if packet.qos == 1:
            connection.owe(encode(Puback(packet_id=packet.packet_id, reason=refusal.reason)))
        elif packet.qos == 2:
            connection.owe(encode(Pubrec(packet_id=packet.packet_id, reason=refusal.reason)))

    def _session_limits(self, connection: Connection, number: str) -> None:
        """ThingsBoard's SDK asks for the limits of its session before it sends: they are the gateway's, so it answers."""
        rate = f"{self._gateway.settings.unit_messages_per_second}:1"
        limits = {
            "maxPayloadSize": PAYLOAD_BYTES_MAX,
            "maxInflightMessages": RECEIVE_MAXIMUM,
            "rateLimits": {"messages": rate, "telemetryMessages": rate, "telemetryDataPoints": ""},
        }
        answer = Message(topic=f"v1/devices/me/rpc/response/{number}", payload=msgspec.json.encode(limits), qos=1)
        self.deliver(connection, answer)

    def _acknowledged(self, connection: Connection, packet: Puback | Pubrec | Pubrel | Pubcomp) -> None:
        kept = kept_of(connection)
        self._send(connection, kept.session.receive(packet, self._gateway.clock.now()))
        kept.dirty = kept.persistent

    def _subscribe(self, connection: Connection, packet: Subscribe) -> None:
        kept = kept_of(connection)
        suback, wanted = kept.session.subscribe(packet, lambda asked: self._grant(connection, asked))
        if kept.waiting is None:
            kept.waiting = []  # what comes live waits for the SUBACK, and for what is retained
        connection.wait()
        self._gateway.spawn(
            self._answer(connection, kept, suback, wanted, [one.filter for one in packet.subscriptions])
        )

    def _grant(self, connection: Connection, asked: Subscription) -> int:
        refusal = subscription_refusal(asked.filter, connection.unit)
        if refusal is None:
            return asked.qos
        self._gateway.counters.refused += 1
        connection.add(Route.REFUSED, refused_record(asked.filter, b"", refusal.reason))
        return refusal.reason

    def _unsubscribe(self, connection: Connection, packet: Unsubscribe) -> None:
        kept = kept_of(connection)
        unsuback = kept.session.unsubscribe(packet)
        connection.wait()
        self._gateway.spawn(self._answer(connection, kept, unsuback, []))

    async def _answer(
        self,
        connection: Connection,
        kept: KeptSession,
        answer: Packet,
        wanted: list[tuple[Subscription, int]],
        asked: Sequence[str] = (),
    ) -> None:
        """Answer when the subscriptions are kept; then send what is retained for them."""
        try:
            if kept.persistent:
                await self._gateway.keeper.save(kept)
            retained = await self._gateway.downlinks.retained(kept.owner_id) if wanted else []
        except Unavailable:
            connection.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "the log is not available", ended_by="log-unavailable")
            return
        if connection.kept is not kept or connection.state == ENDING:
            return
        connection.send(answer)
        now = self._gateway.clock.now()
        for subscription, identifier in wanted:
            for message in retained:
                if kept.covers(subscription, message):
                    packets = kept.session.deliver_retained(message, subscription, identifier, now)
                    self._send(connection, packets)
        self._gateway.downlinks.release(connection, kept)
        self.listens(kept, [one for one in asked if one in kept.session.subscriptions], resumed=False)
        connection.proceed()

    def listens(self, kept: KeptSession, filters: Iterable[str], *, resumed: bool) -> None:
        """The unit listens from now on, or again: what it is to be told may be told."""
        told = [one for one in filters if is_told(one)] if isinstance(kept.owner, UnitIdentity) else []
        if told:
            said = msgspec.json.encode({"filters": told, "resumed": resumed})
            self._gateway.tell(kept.owner_id, Route.REQUEST, with_subject(LISTENS, said))

    def _ping(self, connection: Connection, _packet: Pingreq) -> None:
        connection.transport.write(PINGRESP_BYTES)

    def _disconnect(self, connection: Connection, packet: Disconnect) -> None:
        kept = kept_of(connection)
        kept.session.disconnect(packet, self._gateway.clock.now())
        connection.ended_by = "disconnected" if packet.reason == Reason.SUCCESS else "disconnected-with-will"
        connection.close()

    # --- to the unit

    def deliver(self, connection: Connection, message: Message) -> None:
        """Send a message, or queue it while the peer does not read."""
        kept = kept_of(connection)
        self._send(connection, kept.session.deliver(message, self._gateway.clock.now(), hold=connection.blocked))
        kept.dirty = kept.persistent

    def pump(self, connection: Connection) -> None:
        """The peer reads again: send what waited."""
        kept = connection.kept
        if kept is not None:
            self._send(connection, kept.session.outbound.pump(self._gateway.clock.now()))

    def recorded(self, connection: Connection, packet_ids: list[int]) -> None:
        """QoS 2 messages are kept: let the session remember them, then answer."""
        kept = connection.kept
        if kept is None:
            return
        packets = [kept.session.recorded(packet_id) for packet_id in packet_ids]
        if not kept.persistent:
            self._send(connection, packets)
            return
        self._gateway.spawn(self._remember(connection, kept, packets))

    async def _remember(self, connection: Connection, kept: KeptSession, packets: list[Pubrec]) -> None:
        try:
            await self._gateway.keeper.save(kept)
        except Unavailable:
            connection.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "the log is not available", ended_by="log-unavailable")
            return
        if connection.kept is kept and connection.state != ENDING:
            self._send(connection, packets)

    def unrecorded(self, connection: Connection) -> None:
        """What this connection sent could not be kept: QoS 2 messages of its session are new when they come again."""
        kept = connection.kept
        if kept is not None:
            kept.session.inbound.restore(kept.session.inbound.recorded_ids())

    def left(self, connection: Connection, kept: KeptSession) -> None:
        """The unit's session ended, or rests: that is a record of the unit."""
        gateway = self._gateway
        reason = connection.ended_by or "connection-lost"
        said = {"gateway": gateway.name, "session": format_id(connection.session_id), "reason": reason}
        gateway.tell(kept.owner_id, Route.DISCONNECTED, said)

    def _send(self, connection: Connection, packets: Iterable[Packet]) -> None:
        if connection.state == ENDING:
            return
        encoded = [encode(packet, connection.version) for packet in packets]
        if encoded:
            self._gateway.counters.delivered += len(encoded)
            connection.transport.write(b"".join(encoded))


def refused_record(topic: str, payload: bytes, reason: int) -> bytes:
    """The payload of a `Route.REFUSED`: what a person needs to see what was refused."""
    name = Reason(reason).name.lower().replace("_", "-")
    return with_subject(f"{name} {topic}", payload[:DEAD_LETTER_PAYLOAD_BYTES_MAX])


def kept_of(connection: Connection) -> KeptSession:
    kept = connection.kept
    if kept is None:
        raise PacketError(Reason.SESSION_TAKEN_OVER, "the session went to another connection")
    return kept


def _owe_pubrec(connection: Connection, packet_id: int) -> None:
    acks = connection.pending.owed(connection)
    if acks.recorded is None:
        acks.recorded = []
    acks.recorded.append(packet_id)

"""Messages to one client: the queue, the window of those in flight, their packet identifiers, and redelivery.

Source: MQTT 5.0 sections 4.3, 4.4, 4.6, 4.9. Everything is bounded: the window by what the client can take, the queue by
ours, where the oldest message goes first.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monokoto.mqtt.encoding import encode
from monokoto.mqtt.message import Message, publish_of, size_bound
from monokoto.mqtt.packets import Packet, Pubcomp, Publish, Pubrel, Version
from monokoto.mqtt.reasons import Reason, protocol_error

_PACKET_ID_MAX = 65_535


class Pending(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that waits, or is in flight under a packet identifier."""

    message: Message
    identifiers: tuple[int, ...] = ()
    packet_id: int = 0
    released: bool = False
    """QoS 2: the client has it; only its identifier is still to be given back."""


class Outbound:
    """One client's messages; survives its connections."""

    __slots__ = ("_flight", "_next", "_queue", "dropped", "packet_bytes_max", "queue_max", "version", "window")

    def __init__(self, *, queue_max: int) -> None:
        self.queue_max = queue_max
        self.version = Version.V3_1_1
        self.window = 0
        """How many QoS 1 and 2 messages may be in flight; 0 while the client is away."""
        self.packet_bytes_max = 0
        """The largest packet the client takes; 0: any."""
        self.dropped = 0
        """Messages given up: pushed out of a full queue, expired, or too large for the client."""
        # A list and not a deque: an empty deque takes 600 bytes, and the queue is short.
        self._queue: list[Pending] = []
        self._flight: dict[int, Pending] = {}
        self._next = 1

    def __len__(self) -> int:
        return len(self._queue) + len(self._flight)

    @property
    def in_flight(self) -> int:
        """QoS 1 and 2 messages the client has not acknowledged."""
        return len(self._flight)

    @property
    def queued(self) -> int:
        """Messages that wait for the window, or for the client to come back."""
        return len(self._queue)

    def put(self, pending: Pending) -> None:
        """Queue a message; a full queue loses its oldest."""
        while len(self._queue) >= self.queue_max:
            self._queue.pop(0)
            self.dropped += 1
        self._queue.append(pending)

    def pump(self, now: int) -> list[Packet]:
        """What may be sent now: from the front of the queue, as far as the window reaches. QoS 0 needs no window."""
        packets: list[Packet] = []
        while self._queue and self.window:
            first = self._queue[0]
            if first.message.qos and len(self._flight) >= self.window:
                break
            self._queue.pop(0)
            packet = self._start(first, now)
            if packet is None:
                self.dropped += 1
            else:
                packets.append(packet)
        return packets

    def _start(self, pending: Pending, now: int) -> Publish | None:
        message = pending.message
        if message.expired(now):
            return None
        packet_id = self._allocate() if message.qos else 0
        packet = publish_of(message, now, packet_id=packet_id, identifiers=pending.identifiers)
        if self._too_large(packet):
            return None
        if packet_id:
            self._flight[packet_id] = msgspec.structs.replace(pending, packet_id=packet_id)
            self._next = packet_id % _PACKET_ID_MAX + 1
        return packet

    def _allocate(self) -> int:
        """A packet identifier that is not in use [MQTT-2.2.1-4]; there is one, for the window is smaller than 65535."""
        candidate = self._next
        while candidate in self._flight:
            candidate = candidate % _PACKET_ID_MAX + 1
        return candidate

    def _too_large(self, packet: Publish) -> bool:
        limit = self.packet_bytes_max
        if not limit or size_bound(packet, self.version) <= limit:
            return False
        return len(encode(packet, self.version)) > limit

    def resume(self, now: int) -> list[Packet]:
        """What a client that came back gets again, in the first order and with DUP [MQTT-4.4.0-1, MQTT-4.6.0-1]."""
        packets: list[Packet] = []
        for packet_id, pending in list(self._flight.items()):
            if pending.released:
                packets.append(Pubrel(packet_id=packet_id))
                continue
            again = publish_of(pending.message, now, packet_id=packet_id, dup=True, identifiers=pending.identifiers)
            if self._too_large(again):  # it came back with a smaller maximum: as if delivered [MQTT-3.1.2-25]
                del self._flight[packet_id]
                self.dropped += 1
            else:
                packets.append(again)
        return packets

    def puback(self, packet_id: int) -> None:
        """QoS 1 is done. An identifier we do not know is an answer that came late: ignored."""
        if self._expect(packet_id, qos=1):
            del self._flight[packet_id]

    def pubrec(self, packet_id: int, reason: int) -> list[Packet]:
        """The client has a QoS 2 message, or refuses it."""
        pending = self._expect(packet_id, qos=2)
        if pending is None:
            return [Pubrel(packet_id=packet_id, reason=Reason.PACKET_IDENTIFIER_NOT_FOUND)]
        if reason >= Reason.UNSPECIFIED_ERROR:
            del self._flight[packet_id]
            return []
        # The payload is not needed any more: from here on only the identifier counts.
        emptied = Message(topic=pending.message.topic, qos=2)
        self._flight[packet_id] = Pending(message=emptied, packet_id=packet_id, released=True)
        return [Pubrel(packet_id=packet_id)]

    def pubcomp(self, packet: Pubcomp) -> None:
        """QoS 2 is done."""
        pending = self._expect(packet.packet_id, qos=2)
        if pending is not None and not pending.released:
            raise protocol_error("a PUBCOMP comes before its PUBREC")
        self._flight.pop(packet.packet_id, None)

    def _expect(self, packet_id: int, *, qos: int) -> Pending | None:
        pending = self._flight.get(packet_id)
        if pending is not None and pending.message.qos != qos:
            raise protocol_error(f"a message of QoS {pending.message.qos} is acknowledged as QoS {qos}")
        return pending

    def snapshot(self) -> tuple[tuple[Pending, ...], tuple[Pending, ...], int]:
        """(in flight, queued, next packet identifier), to be kept."""
        return tuple(self._flight.values()), tuple(self._queue), self._next

    def restore(self, flight: Iterable[Pending], queue: Iterable[Pending], following: int) -> None:
        """Take a snapshot back."""
        self._flight = {pending.packet_id: pending for pending in flight}
        self._queue.extend(queue)
        self._next = following

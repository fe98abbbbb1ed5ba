"""One connection of a unit or an application: the hot path, and the flow of bytes in both directions.

PUBLISH is taken apart here, in place, with nothing made per message but the payload and the packet identifier; every other
packet goes to `Dialogue`. What one read brought is settled at once: columns to the commit, one chunk of acknowledgements,
one step of the counters and of the pace.

Memory of an idle connection: this object, its session and the transport. No task, no timer, no queue: one sweep a second
over all connections (`Gateway`) does what time does. Reading stops for five reasons, each a bit in `_pauses`.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.commit import Route
from monokoto.connect.gateway.committer import Acks, Committer, Pending
from monokoto.connect.gateway.connections.keeper import KeptSession
from monokoto.connect.gateway.counters import Counters
from monokoto.connect.gateway.pace import Pace
from monokoto.kernel.limits import PAYLOAD_BYTES_MAX, RECEIVE_MAXIMUM, SOCKET_WRITE_BYTES_MAX, TOPIC_BYTES_MAX
from monokoto.mqtt import (
    PUBACK_HEAD,
    Connect,
    Disconnect,
    Packet,
    PacketError,
    Properties,
    Publish,
    Reason,
    Version,
    decode_packet,
    encode,
    frame,
)

PACKET_BYTES_MAX: Final = PAYLOAD_BYTES_MAX + TOPIC_BYTES_MAX + 1024
"""Payload, topic, and room for properties."""

# Where a connection is in its life.
AWAITING: Final = 0
"""Accepted; no CONNECT yet."""
WORKING: Final = 1
"""A packet is being worked on that takes its time (CONNECT, SUBSCRIBE): what comes behind it waits."""
OPEN: Final = 2
ENDING: Final = 3
"""Nothing more is read; what is written is flushed, then the socket closes."""

# Why a socket is not read.
STALLED: Final = 1
"""The log does not keep up."""
PACED: Final = 2
"""The unit or its organisation is past its pace."""
BLOCKED: Final = 4
"""The peer does not read what we send."""
BUSY: Final = 8
"""A packet is being worked on."""
ASKING: Final = 16
"""An application has asked for more than was done yet."""

_ROUTE_BYTES = tuple(bytes((code,)) for code in range(256))
_ZERO_ID = b"\0\0"
_NO_TOPIC = b"\xff\xff\xff"
"""What no publish begins with: no topic has 65,535 bytes here."""


class Conversation(Protocol):
    """What is said beside the hot path; units have one (`Dialogue`), applications another."""

    def take(self, connection: Connection, packet: Packet) -> None: ...

    def pump(self, connection: Connection) -> None: ...

    def recorded(self, connection: Connection, packet_ids: list[int]) -> None: ...

    def unrecorded(self, connection: Connection) -> None: ...

    def left(self, connection: Connection, kept: KeptSession) -> None:
        """The connection speaks for its session no longer."""
        ...


class Host(Protocol):
    """What a connection asks of the process it belongs to (`Gateway`)."""

    @property
    def counters(self) -> Counters: ...

    @property
    def committer(self) -> Committer: ...

    @property
    def dialogue(self) -> Conversation: ...

    def accepted(self, connection: Connection) -> None: ...

    def open(self, connection: Connection, packet: Connect) -> None: ...

    def leave(self, connection: Connection) -> None: ...

    def lost(self, connection: Connection) -> None: ...

    def refuse_packet(self, connection: Connection, error: PacketError) -> None: ...

    def slow_down(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """A client's socket, TCP or TLS or WebSocket; `transport` is whatever carries the bytes."""

    __slots__ = (
        "_needed",
        "_pauses",
        "_prefix",
        "_rest",
        "_route",
        "_wire",
        "client_id",
        "credential_id",
        "dialogue",
        "ended_by",
        "gateway",
        "heard",
        "kept",
        "organisation_pace",
        "owner_id",
        "patience",
        "pending",
        "session_id",
        "silent",
        "state",
        "transport",
        "unacknowledged",
        "unit",
        "unit_pace",
        "version",
    )

    def __init__(self, gateway: Host) -> None:
        self.gateway = gateway
        self.dialogue = gateway.dialogue
        self.state = AWAITING
        self.version = Version.V3_1_1
        self.heard = False
        self.silent = 0
        """Seconds without a byte, counted by the sweep; before CONNECT: seconds since accept."""
        self.patience = 0
        """Seconds of silence after which the connection ends; 0: never."""
        self.unacknowledged = 0
        self.ended_by = ""
        """Why the connection ended, for presence; empty: the network went away."""
        self.client_id = ""
        self._pauses = 0
        self._rest: bytearray | None = None
        self._needed = 0
        self._wire = _NO_TOPIC
        """Length and bytes of the topic of the last publish: its route is known."""
        self._route = 0
        self._prefix = b""
        self.kept: KeptSession | None = None
        """The session this connection speaks for; None before CONNECT was accepted, and after it was taken over."""
        self.session_id = 0
        # Set when a CONNECT was accepted; nothing reads them before.
        self.owner_id: int
        """The unit's id, or that of the application's API key."""
        self.credential_id: int
        self.unit: UnitIdentity
        """Not of an application."""
        self.pending: Pending
        self.unit_pace: Pace
        self.organisation_pace: Pace
        self.transport: Any

    # --- the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.transport.set_write_buffer_limits(high=SOCKET_WRITE_BYTES_MAX)
        self.gateway.accepted(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gateway.leave(self)
        self.gateway.lost(self)
        self.state = ENDING
        self._rest = None

    def pause_writing(self) -> None:
        self.pause(BLOCKED)

    def resume_writing(self) -> None:
        self.resume(BLOCKED)
        if self.state == OPEN:
            self.dialogue.pump(self)

    @property
    def blocked(self) -> bool:
        """Whether more is waiting to be written than may."""
        return bool(self._pauses & BLOCKED)

    @property
    def held_back(self) -> bool:
        """Whether it is us who do not read, so that silence means nothing."""
        return bool(self._pauses & (STALLED | PACED | BUSY | ASKING))

    def pause(self, why: int) -> None:
        """Read no more until every reason is gone."""
        if not self._pauses and self.state != ENDING and not self.transport.is_closing():
            self.transport.pause_reading()
        self._pauses |= why

    def resume(self, why: int) -> None:
        """One reason is gone."""
        if not self._pauses:
            return
        self._pauses &= ~why
        if not self._pauses and self.state != ENDING and not self.transport.is_closing():
            self.transport.resume_reading()

    def send(self, packet: Packet) -> None:
        """Write one packet."""
        self.transport.write(encode(packet, self.version))

    def end(self, reason: Reason, detail: str = "", *, ended_by: str = "") -> None:
        """Close from our side: version 5 is told why."""
        if self.state == ENDING:
            return
        if self.version == Version.V5 and self.kept is not None:
            properties = Properties(reason_string=detail[:256] or None)
            self.transport.write(encode(Disconnect(reason=reason, properties=properties), Version.V5))
        self.ended_by = self.ended_by or ended_by or reason.name.lower().replace("_", "-")
        self.close()

    def close(self) -> None:
        """Read no more, send what is written, close."""
        if self.state == ENDING:
            return
        self.gateway.leave(self)
        self.state = ENDING
        self.silent = 0
        self._rest = None
        self.transport.close()

    # --- what the committer says

    def acknowledge(self, acks: Acks) -> None:
        """What they answer is kept."""
        self.unacknowledged -= acks.count
        if self.state != ENDING and acks.chunks:
            self.transport.write(b"".join(acks.chunks))
        if acks.recorded is not None:
            self.dialogue.recorded(self, acks.recorded)

    def abandon(self) -> None:
        """What was sent could not be kept: no acknowledgement, so that it is sent again."""
        self.dialogue.unrecorded(self)
        self.end(Reason.IMPLEMENTATION_SPECIFIC_ERROR, "the log is not available", ended_by="log-unavailable")

    # --- bytes in

    def data_received(self, data: bytes) -> None:
        if self.state != OPEN:
            self._early(data)
            return
        self.heard = True
        if self._rest is not None:
            data = self._gather(data)
            if not data:
                return
        try:
            self._take(data)
        except PacketError as error:
            self.gateway.refuse_packet(self, error)

    def _take(self, data: bytes) -> None:
        """The hot loop. 2.5 microseconds a message are all there is; see bench/."""
        payloads = self.pending.payloads
        begin = len(payloads)
        ids: list[bytes] = []
        version5 = self.version == 5
        wire, prefix = self._wire, self._prefix
        at = len(wire)
        skip = at + 3 if version5 else at + 2
        offset, end = 0, len(data)
        while offset + 1 < end:
            length = data[offset + 1]
            start = offset + 2
            if length > 127:
                high = data[start] if start < end else 0
                start += 1
                if 0 < high < 128:
                    stop = start + (length & 127 | high << 7)
                else:
                    # It may raise: what came in front of it is settled first.
                    ids, begin = self._settle(begin, ids), len(payloads)
                    start, stop = self._long(data, offset, end)
                    if not start:
                        break
                    wire = self._wire
            else:
                stop = start + length
            if stop > end:
                break
            first = data[offset]
            body = start + skip
            if (
                first & 0xF6 == 0x32
                and body <= stop
                and data.startswith(wire, start)
                and not (version5 and data[body - 1])
            ):
                here = start + at
                ids.append(data[here : here + 2])
                payloads.append(prefix + data[body:stop] if prefix else data[body:stop])
            else:
                ids = self._settle(begin, ids)
                self._other(data, first, start, stop)
                if self.state != OPEN:
                    offset = stop
                    break
                begin = len(payloads)
                wire, prefix = self._wire, self._prefix
                at = len(wire)
                skip = at + 3 if version5 else at + 2
            offset = stop
        if self.state == OPEN:
            self._settle(begin, ids)
        self._keep_rest(data, offset)
        self._account(end)

    def _settle(self, begin: int, ids: list[bytes]) -> list[bytes]:
        """The publishes from `begin` on are all of this unit and of one route; `ids` are to be acknowledged.

        Returns an empty list for those to come.
        """
        pending = self.pending
        count = len(pending.payloads) - begin
        if not count:
            return ids
        pending.units += [self.owner_id] * count
        pending.routes += _ROUTE_BYTES[self._route] * count
        self.gateway.counters.publishes += count
        self.unit_pace.credit -= count
        self.organisation_pace.credit -= count
        if ids:
            if _ZERO_ID in ids:
                raise PacketError(Reason.MALFORMED_PACKET, "a packet identifier is 0")
            self.owe(PUBACK_HEAD + PUBACK_HEAD.join(ids), len(ids))
        return []

    def owe(self, chunk: bytes, count: int = 1) -> None:
        """Send these acknowledgements when what waits now is kept."""
        acks = self.pending.owed(self)
        acks.chunks.append(chunk)
        acks.count += count
        self.unacknowledged += count
        if self.unacknowledged > RECEIVE_MAXIMUM and self.version == Version.V5:
            raise PacketError(
                Reason.RECEIVE_MAXIMUM_EXCEEDED, f"more than {RECEIVE_MAXIMUM} publishes are unacknowledged"
            )

    def add(self, route: int, payload: bytes) -> None:
        """One record of this unit into the commit, outside the hot loop."""
        pending = self.pending
        pending.units.append(self.owner_id)
        pending.routes.append(route)
        pending.payloads.append(payload)

    def knows(self, topic: bytes, route: Route, prefix: bytes) -> None:
        """From now on publishes to this topic stay in the hot loop."""
        self._wire = len(topic).to_bytes(2, "big") + topic
        self._route = route
        self._prefix = prefix

    def spent(self, count: int) -> None:
        """Messages that did not pass `_settle`."""
        self.gateway.counters.publishes += count
        self.unit_pace.credit -= count
        self.organisation_pace.credit -= count

    def _account(self, size: int) -> None:
        committer = self.gateway.committer
        self.gateway.counters.received_bytes += size
        committer.bytes += size
        if not committer.armed or committer.bytes > committer.bytes_max:
            committer.arm()
        if self.unit_pace.credit < 0 or self.organisation_pace.credit < 0:
            self.gateway.slow_down(self)
        if committer.stalled:
            self.pause(STALLED)

    def _other(self, data: bytes, first: int, start: int, stop: int) -> None:
        """Anything that is not a publish of QoS 1 to the topic of the last one."""
        if first & 0xFE == 0x30 and data.startswith(self._wire, start):  # QoS 0
            version5 = self.version == Version.V5
            body = start + len(self._wire) + version5
            if body <= stop and not (version5 and data[body - 1]):
                self.add(self._route, self._prefix + data[body:stop])
                self.spent(1)
                return
        packet = decode_packet(data, first, start, stop, self.version)
        if isinstance(packet, Publish):
            self.spent(1)
        self.dialogue.take(self, packet)

    # --- bytes that are not a whole packet yet

    def _long(self, data: bytes, offset: int, end: int) -> tuple[int, int]:
        """A length of more than two bytes, or one with a zero in front."""
        start, stop = frame(data, offset, end)
        if start and self.version == Version.V5 and not data[start - 1]:
            raise PacketError(Reason.MALFORMED_PACKET, "the length of a packet is longer than it needs to be")
        if stop - offset > PACKET_BYTES_MAX:
            raise PacketError(Reason.PACKET_TOO_LARGE, f"a packet may have {PACKET_BYTES_MAX} bytes")
        if stop - start > PAYLOAD_BYTES_MAX:
            self._wire = _NO_TOPIC  # out of the hot loop: it does not look at sizes, the dialogue does
        return start, stop

    def _keep_rest(self, data: bytes, offset: int) -> None:
        """Keep the beginning of a packet, and remember how long it will be: it is looked at again when it is whole."""
        left = len(data) - offset
        if not left or self.state == ENDING:
            return
        start, stop = frame(data, offset, len(data))
        self._needed = stop - offset if start and self.state == OPEN else left + 1
        self._rest = bytearray(data[offset:] if offset else data)

    def _gather(self, data: bytes) -> bytes:
        rest = self._rest
        if rest is None:
            return data
        rest += data
        if len(rest) < self._needed:
            return b""
        self._rest = None
        return bytes(rest)

    def _early(self, data: bytes) -> None:
        """Before the connection is open: the CONNECT, then what came on its heels (it waits)."""
        if self.state == ENDING:
            return
        self._rest = (self._rest or bytearray()) + data
        if self.state != AWAITING:
            return
        try:
            whole = bytes(self._rest)
            if whole[0] != 0x10:
                raise PacketError(Reason.PROTOCOL_ERROR, "the first packet must be CONNECT")
            start, stop = frame(whole, 0, len(whole))
            if stop > PACKET_BYTES_MAX:
                raise PacketError(Reason.PACKET_TOO_LARGE, f"a packet may have {PACKET_BYTES_MAX} bytes")
            if not start or stop > len(whole):
                return
            packet = decode_packet(whole, whole[0], start, stop, self.version)
        except PacketError as error:
            self.gateway.refuse_packet(self, error)
            return
        self._rest = bytearray(whole[stop:]) or None
        assert isinstance(packet, Connect)
        self.wait()
        self.gateway.open(self, packet)

    def wait(self) -> None:
        """A packet takes its time: look at nothing behind it."""
        self.state = WORKING
        self.pause(BUSY)

    def proceed(self) -> None:
        """It is done: go on with what came behind it."""
        if self.state != WORKING:
            return
        self.state = OPEN
        self.resume(BUSY)
        rest, self._rest, self._needed = self._rest, None, 0
        if rest:
            self.data_received(bytes(rest))

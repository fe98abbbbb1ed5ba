"""Packets out of a byte stream, however it is cut. Memory stays below the largest packet allowed plus one read."""

from __future__ import annotations

from collections.abc import Iterator

from monokoto.mqtt.decoding import check_first_byte, decode_packet
from monokoto.mqtt.packets import Connect, Packet, Version
from monokoto.mqtt.reasons import PacketError, Reason, malformed

PACKET_BYTES_MAX = 268_435_460
"""The largest packet MQTT has: one byte, four of length, 256 MB less one."""


def frame(buffer: bytes | bytearray, offset: int, end: int) -> tuple[int, int]:
    """Where the body of the packet at `offset` starts and ends; (0, 0) when its length has not arrived whole.

    The end may lie past `end`: then the body has not arrived whole.

    Raises:
        PacketError: the length has more than four bytes.
    """
    position = offset + 1
    length = shift = 0
    while position < end:
        byte = buffer[position]
        position += 1
        length |= (byte & 127) << shift
        if byte < 128:
            return position, position + length
        shift += 7
        if shift > 21:
            raise malformed("the length of a packet has more than four bytes")
    return 0, 0


class Decoder:
    """Cuts a stream into packets. The version is learned from a CONNECT that passes, or set (a client knows it)."""

    __slots__ = ("_buffer", "_needed", "packet_bytes_max", "version")

    def __init__(self, *, version: Version = Version.V3_1_1, packet_bytes_max: int = PACKET_BYTES_MAX) -> None:
        self.version = version
        self.packet_bytes_max = packet_bytes_max
        self._buffer = bytearray()
        self._needed = 2

    @property
    def pending(self) -> int:
        """Bytes that wait for the rest of their packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take bytes in; yields the packets they complete.

        The packets in front of a faulty one are yielded before the fault is raised. Packets not taken from the iterator
        come with the next call.

        Raises:
            PacketError: the stream is not MQTT, or a packet is larger than `packet_bytes_max`. It cannot be continued.
        """
        self._buffer += data
        return self._packets()

    def _packets(self) -> Iterator[Packet]:
        # A packet that arrives byte by byte is copied once, when it is whole.
        while len(self._buffer) >= self._needed:
            buffer = bytes(self._buffer)
            self._buffer.clear()
            offset = 0
            try:
                while True:
                    stop = self._whole(buffer, offset)
                    if not stop:
                        break
                    start, _ = frame(buffer, offset, len(buffer))
                    packet = decode_packet(buffer, buffer[offset], start, stop, self.version)
                    if isinstance(packet, Connect):
                        self.version = packet.version
                    offset = stop
                    self._needed = 2
                    yield packet
            finally:
                self._buffer[:0] = buffer[offset:]

    def _whole(self, buffer: bytes, offset: int) -> int:
        """Where the packet at `offset` ends, or 0 when it is not whole; refuses what will be too large at once."""
        have = len(buffer) - offset
        self._needed = 2
        if have:
            check_first_byte(buffer[offset], self.version)
        if have < 2:
            return 0
        start, stop = frame(buffer, offset, len(buffer))
        if not start:
            self._needed = have + 1
            return 0
        if self.version == Version.V5 and start - offset > 2 and not buffer[start - 1]:
            raise malformed("the length of a packet is longer than it needs to be")
        size = stop - offset
        if size > self.packet_bytes_max:
            raise PacketError(
                Reason.PACKET_TOO_LARGE, f"a packet of {size} bytes is larger than {self.packet_bytes_max}"
            )
        self._needed = size
        return stop if size <= have else 0

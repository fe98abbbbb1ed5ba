"""One connection: bytes to packets and back, keep-alive. It knows nothing of what the packets mean."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from monokoto.mqtt import PINGREQ_BYTES, Decoder, Packet, PacketError, Pingresp, Version

_PUBACK = 0x40


class Owner(Protocol):
    """Who a link tells what came."""

    def packet_received(self, packet: Packet) -> None:
        """A packet other than PINGRESP came."""
        ...

    def acknowledged(self, packet_id: int) -> None:
        """A PUBACK of success came."""
        ...

    def received(self) -> None:
        """All of a read is handled: a good moment to send more."""
        ...

    def lost(self, link: Link, error: Exception | None) -> None:
        """The link is down, once."""
        ...


class Link(asyncio.Protocol):
    """An asyncio protocol; ended by `close`, by the other side, or when the other side is silent too long."""

    __slots__ = (
        "_alive",
        "_decoder",
        "_heard",
        "_loop",
        "_owner",
        "_timer",
        "_transport",
        "_wrote",
        "ready",
        "version",
    )

    def __init__(self, owner: Owner, version: Version, packet_bytes_max: int) -> None:
        self.version = version
        self.ready = False
        """Whether the socket takes more without growing its buffer."""
        self._owner = owner
        self._decoder = Decoder(version=version, packet_bytes_max=packet_bytes_max)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._alive = 0.0
        self._heard = 0.0
        self._wrote = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._heard = self._loop.time()
        self.ready = True

    def data_received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        try:
            self._take(data)
        except PacketError as error:
            self._end(error)
            return
        self._owner.received()

    def _take(self, data: bytes) -> None:
        offset, end = 0, len(data)
        if not self._decoder.pending:  # nearly all that comes are acknowledgements: no objects for them
            while end - offset >= 4 and data[offset] == _PUBACK and data[offset + 1] == 2:
                self._owner.acknowledged(data[offset + 2] << 8 | data[offset + 3])
                offset += 4
        if offset < end:
            for packet in self._decoder.feed(data[offset:] if offset else data):
                if not isinstance(packet, Pingresp):
                    self._owner.packet_received(packet)

    def write(self, data: bytes) -> None:
        """Send bytes; nothing happens when the link is down."""
        if self._transport is not None:
            self._wrote = True
            self._transport.write(data)

    def keep_alive(self, seconds: float) -> None:
        """From now on, send something in every half of `seconds`, and end the link when the other side stays silent."""
        self._alive = seconds
        if seconds and self._timer is None:
            self._timer = self._loop.call_later(seconds / 2, self._check)

    def _check(self) -> None:
        self._timer = None
        if self._transport is None:
            return
        silent = self._loop.time() - self._heard
        if silent >= self._alive * 1.5:
            self._end(TimeoutError("the platform is silent"))
            return
        if not self._wrote or silent >= self._alive / 2 - 0.001:
            self._transport.write(PINGREQ_BYTES)
        self._wrote = False
        self._timer = self._loop.call_later(self._alive / 2, self._check)

    def pause_writing(self) -> None:
        self.ready = False

    def resume_writing(self) -> None:
        self.ready = True
        self._owner.received()

    def close(self) -> None:
        """End the link after what is written is sent."""
        if self._transport is not None:
            self._transport.close()

    def _end(self, error: Exception) -> None:
        transport = self._transport
        self.connection_lost(error)
        if transport is not None:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is None:
            return
        self._transport, self.ready = None, False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._owner.lost(self, exc)

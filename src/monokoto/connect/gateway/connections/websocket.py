"""MQTT over WebSocket (MQTT 5.0 section 6): the frames' bytes go to the same connection as those of a socket would.

The protocol is `websockets`' own without its I/O. One `Connection` runs inside, and takes this object for its transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from monokoto.connect.gateway.connections.connection import PACKET_BYTES_MAX, Connection, Host

PATH: Final = "/mqtt"
_SUBPROTOCOLS = tuple(Subprotocol(name) for name in ("mqtt", "mqttv3.1"))


class WebSocket(asyncio.Protocol):
    """One WebSocket: a protocol towards the socket, a transport towards the connection inside."""

    __slots__ = ("_connection", "_frames", "_socket")

    def __init__(self, gateway: Host) -> None:
        self._connection = Connection(gateway)
        self._frames = ServerProtocol(subprotocols=_SUBPROTOCOLS, select_subprotocol=_select, max_size=PACKET_BYTES_MAX)
        self._socket: Any = None

    # --- towards the socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._socket = transport
        self._connection.connection_made(self)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()

    def data_received(self, data: bytes) -> None:
        try:
            self._frames.receive_data(data)
        except WebSocketException:
            self._socket.abort()
            return
        for event in self._frames.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()
        if self._frames.close_expected():
            self._socket.close()

    def eof_received(self) -> None:
        self._frames.receive_eof()

    def _answer(self, request: Request) -> None:
        if request.path.partition("?")[0] != PATH:
            response = self._frames.reject(404, f"MQTT is at {PATH}.\n")
        else:
            response = self._frames.accept(request)
        self._frames.send_response(response)

    def _take(self, frame: Frame) -> None:
        if frame.opcode is Opcode.TEXT:  # MQTT travels in binary frames [MQTT-6.0.0-1]
            self._frames.fail(CloseCode.UNSUPPORTED_DATA, "MQTT travels in binary frames")
        elif frame.opcode in (Opcode.BINARY, Opcode.CONT) and frame.data:
            self._connection.data_received(bytes(frame.data))

    def _flush(self) -> None:
        for data in self._frames.data_to_send():
            if data:
                self._socket.write(data)
            elif not self._socket.is_closing():
                self._socket.close()  # the closing handshake is done

    # --- towards the connection: what it asks of a transport

    def write(self, data: bytes) -> None:
        """One binary frame."""
        if self._frames.state is State.OPEN:
            self._frames.send_binary(data)
            self._flush()

    def close(self) -> None:
        """Say good-bye and close."""
        if self._frames.state is State.OPEN:
            self._frames.send_close(CloseCode.NORMAL_CLOSURE)
            self._flush()
        self._socket.close()

    def abort(self) -> None:
        """Close at once."""
        self._socket.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return bool(self._socket.is_closing())

    def pause_reading(self) -> None:
        """Let the peer wait."""
        self._socket.pause_reading()

    def resume_reading(self) -> None:
        """Let it go on."""
        self._socket.resume_reading()

    def set_write_buffer_limits(self, high: int) -> None:
        """When `pause_writing` is called."""
        self._socket.set_write_buffer_limits(high=high)

    def get_extra_info(self, name: str) -> Any:
        """As the socket's transport says."""
        return self._socket.get_extra_info(name)


def _select(_protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The first of ours that is offered; a client that offers none is taken as well, one that offers others only is not."""
    if not offered:
        return None
    for subprotocol in _SUBPROTOCOLS:
        if subprotocol in offered:
            return subprotocol
    raise InvalidHandshake("the subprotocol is mqtt")

"""A platform to connect to: real sockets, real sessions, and every misfortune on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, cast

import pytest

from monokoto.mqtt import (
    Connect,
    Decoder,
    Disconnect,
    Message,
    Packet,
    PacketError,
    Pingreq,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Reason,
    Receipt,
    Session,
    SessionLimits,
    Subscribe,
    Unsubscribe,
    Version,
    accept,
    encode,
    refuse,
)

NOW = 1_770_000_000_000_000


class Platform:
    """Takes connections; `taken` is what was published, in the order in which it was acknowledged."""

    def __init__(self) -> None:
        self.bounds = SessionLimits()
        self.tokens: set[str] | None = None
        self.taken: list[tuple[str, str, bytes]] = []
        self.connects: list[Connect] = []
        self.links: list[Connection] = []
        self.sessions: dict[str, Session] = {}
        self.silent = False
        """Answers nothing."""
        self.deaf = False
        """Acknowledges nothing, but keeps the link."""
        self.lose_after = 0
        """Lose the link after so many publishes, before the last is acknowledged; 0: never."""
        self.answer_with = Reason.SUCCESS
        self.server: asyncio.Server | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self.server is not None
        self.server.close()
        for link in list(self.links):
            link.transport.abort()
        await self.server.wait_closed()

    def lose_all(self) -> None:
        for link in list(self.links):
            link.transport.abort()

    def deliver(self, client_id: str, topic: str, payload: bytes, *, qos: int = 1) -> None:
        session = self.sessions[client_id]
        packets = session.deliver(Message(topic=topic, payload=payload, qos=qos), NOW)
        for link in self.links:
            if link.session is session:
                link.send(*packets)

    def payloads(self) -> list[bytes]:
        return [payload for _, _, payload in self.taken]


class Connection(asyncio.Protocol):
    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.decoder = Decoder()
        self.session: Session | None = None
        self.token = ""
        self.publishes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.platform.links.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.platform.links.remove(self)
        if self.session is not None and self.session.connected:
            self.session.disconnect(None, NOW)

    def send(self, *packets: Packet) -> None:
        self.transport.write(b"".join(encode(packet, self.decoder.version) for packet in packets))

    def data_received(self, data: bytes) -> None:
        if self.platform.silent:
            return
        try:
            for packet in self.decoder.feed(data):
                if self.transport.is_closing():
                    return
                self.packet(packet)
        except PacketError as error:  # pragma: no cover - the device would be wrong
            self.platform.taken.append(("error", str(error), b""))
            self.transport.abort()

    def packet(self, packet: Packet) -> None:
        match packet:
            case Connect():
                self.connect(packet)
            case Publish():
                self.publish(packet)
            case Pingreq():
                self.send(Pingresp())
            case Disconnect():
                assert self.session is not None
                self.session.disconnect(packet, NOW)
                self.transport.close()
            case Subscribe() if self.session:
                suback, _ = self.session.subscribe(
                    packet, lambda asked: Reason.NOT_AUTHORIZED if asked.filter == "forbidden" else asked.qos
                )
                self.send(suback)
            case Unsubscribe() if self.session:
                self.send(self.session.unsubscribe(packet))
            case Puback() | Pubrec() | Pubrel() | Pubcomp() if self.session:
                self.send(*self.session.receive(packet, NOW))

    def connect(self, packet: Connect) -> None:
        platform = self.platform
        platform.connects.append(packet)
        if platform.tokens is not None and packet.username not in platform.tokens:
            self.send(refuse(Reason.BAD_USERNAME_OR_PASSWORD, message="unknown"))
            self.transport.close()
            return
        self.token = packet.username or ""
        client_id = packet.client_id or f"assigned-{len(platform.connects)}"
        kept = None if packet.clean_start else platform.sessions.get(client_id)
        self.session = platform.sessions[client_id] = kept or Session(client_id, platform.bounds)
        self.send(accept(packet, platform.bounds, session_present=kept is not None, assigned=client_id))
        self.send(*self.session.connect(packet, NOW))

    def publish(self, packet: Publish) -> None:
        platform, session = self.platform, self.session
        assert session is not None
        self.publishes += 1
        if platform.lose_after and self.publishes >= platform.lose_after:
            if packet.qos == 2 and session.receive_exactly_once(packet.packet_id) is Receipt.NEW:
                self.take(packet)
                session.recorded(packet.packet_id)
            self.transport.abort()
            platform.lose_after = 0
            return
        if packet.qos == 2:
            if session.receive_exactly_once(packet.packet_id) is Receipt.NEW:
                self.take(packet)
            self.send(session.recorded(packet.packet_id))
            return
        self.take(packet)
        if packet.qos and not platform.deaf:
            reason = platform.answer_with if self.decoder.version == Version.V5 else 0
            self.send(Puback(packet_id=packet.packet_id, reason=reason))

    def take(self, packet: Publish) -> None:
        self.platform.taken.append((self.token, packet.topic, packet.payload))


@pytest.fixture
def with_platform() -> Callable[[Callable[[Platform], Coroutine[Any, Any, None]]], None]:
    """Run a coroutine function with a platform that is up; 20 seconds at most."""

    def run(body: Callable[[Platform], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            platform = Platform()
            await platform.start()
            try:
                async with asyncio.timeout(20):
                    await body(platform)
            finally:
                await platform.stop()

        asyncio.run(whole())

    return run


@pytest.fixture
def platform_aside() -> Iterator[Platform]:
    """A platform in a thread of its own, for commands that bring their own loop."""
    loop, platform = asyncio.new_event_loop(), Platform()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(platform.start(), loop).result(5)
    yield platform
    asyncio.run_coroutine_threadsafe(platform.stop(), loop).result(5)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


@pytest.fixture
def new_connection() -> tuple[Platform, Callable[[], Connection]]:
    """A platform without a server, and what makes its connections."""
    platform = Platform()
    return platform, lambda: Connection(platform)

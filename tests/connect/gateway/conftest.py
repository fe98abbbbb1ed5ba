"""A log in memory, a fleet in memory, and a gateway between them."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
import pytest

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import GatewayProcess, Records, decode_commit
from monokoto.engines.log import Entry, StreamSpec, StreamState
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import Conflict, TooLarge, Unauthenticated, Unavailable
from monokoto.mqtt import Connect, Decoder, Packet, Version, encode
from monokoto.settings import GatewaySettings, Settings


def _covers(pattern: str, subject: str) -> bool:
    return fnmatch.fnmatchcase(subject, pattern.replace(">", "*"))


class FakeBucket:
    """A bucket in memory."""

    def __init__(self, log: FakeLog) -> None:
        self.log = log
        self.values: dict[str, tuple[bytes, int]] = {}
        self.revision = 0

    async def get(self, key: str) -> tuple[bytes, int] | None:
        await self.log.reach()
        return self.values.get(key)

    async def put(self, key: str, value: bytes, *, revision: int | None = None) -> int:
        await self.log.reach()
        if revision is not None and self.values.get(key, (b"", 0))[1] != revision:
            raise Conflict("The revision is not current.")
        self.revision += 1
        self.values[key] = (value, self.revision)
        return self.revision

    async def delete(self, key: str) -> None:
        await self.log.reach()
        self.values.pop(key, None)

    async def keys(self) -> list[str]:
        await self.log.reach()
        return list(self.values)


class FakeReader:
    """Reads the entries of one pattern."""

    def __init__(self, log: FakeLog, subject: str, from_sequence: int) -> None:
        self.log = log
        self.subject = subject
        self.next = from_sequence

    async def read(self, *, entries_max: int, wait_seconds: float) -> Sequence[Entry]:
        deadline = asyncio.get_running_loop().time() + wait_seconds
        while asyncio.get_running_loop().time() < deadline:
            found = [
                entry
                for entry in self.log.entries
                if entry.sequence >= self.next and _covers(self.subject, entry.subject)
            ]
            if found:
                self.next = found[:entries_max][-1].sequence + 1
                return found[:entries_max]
            await asyncio.sleep(0.002)
        return []

    async def close(self) -> None: ...


@dataclass
class FakeLog:
    """The port `Log` in memory: what is in `entries` is durable, what `down` refuses is not."""

    entries: list[Entry] = field(default_factory=list)
    buckets: dict[str, FakeBucket] = field(default_factory=dict)
    message_ids: set[str] = field(default_factory=set)
    listeners: list[tuple[str, Callable[[str, bytes], Awaitable[None]]]] = field(default_factory=list)
    body_bytes_max: int = 1 << 20
    delay: float = 0.0
    down: bool = False
    lose_answers: int = 0
    """So many appends are stored, and then answered with Unavailable."""
    connected: bool = True
    appends: int = 0

    async def reach(self) -> None:
        await asyncio.sleep(self.delay)
        if self.down:
            raise Unavailable("The log is away.")

    async def ensure_stream(self, spec: StreamSpec) -> None:
        await self.reach()

    async def append(self, subject: str, body: bytes, *, message_id: str = "") -> int:
        self.appends += 1
        if len(body) > self.body_bytes_max:
            raise TooLarge("too large")
        await self.reach()
        if not message_id or message_id not in self.message_ids:
            self.message_ids.add(message_id)
            self.entries.append(Entry(subject, len(self.entries) + 1, SystemClock().now(), body))
        if self.lose_answers:
            self.lose_answers -= 1
            raise Unavailable("No answer came.")
        return len(self.entries)

    async def reader(self, stream: str, subject: str, *, from_sequence: int = 1) -> FakeReader:
        return FakeReader(self, subject, from_sequence)

    async def last(self, stream: str, subject: str) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if entry.subject == subject), None)

    async def next_after(self, stream: str, subject: str, sequence: int) -> Entry | None:
        await self.reach()
        return next((e for e in self.entries if e.sequence > sequence and _covers(subject, e.subject)), None)

    async def state(self, stream: str) -> StreamState:
        await self.reach()
        return StreamState(1, len(self.entries), len(self.entries), 0)

    async def trim(self, stream: str, *, before_sequence: int, subject: str = "") -> None: ...

    async def bucket(self, name: str) -> FakeBucket:
        return self.buckets.setdefault(name, FakeBucket(self))

    async def tell(self, subject: str, body: bytes) -> None:
        for pattern, heard in self.listeners:
            if _covers(pattern, subject):
                await heard(subject, body)

    async def listen(
        self, subject: str, heard: Callable[[str, bytes], Awaitable[None]]
    ) -> Callable[[], Awaitable[None]]:
        listener = (subject, heard)
        self.listeners.append(listener)

        async def stop() -> None:
            self.listeners.remove(listener)

        return stop

    async def request(self, subject: str, body: bytes, *, timeout_seconds: float) -> bytes:
        raise Unavailable("nobody answers")

    async def answer(self, subject: str, reply: Callable[[bytes], Awaitable[bytes]]) -> Callable[[], Awaitable[None]]:
        raise NotImplementedError

    async def close(self) -> None: ...

    def commits(self) -> list[Records]:
        """The line's entries, decoded."""
        return [decode_commit(entry.body) for entry in self.entries if entry.subject.startswith("line.")]

    def records(self, *routes: int) -> list[tuple[int, int, bytes]]:
        """(unit, route, payload) of every record kept, of these routes (all, when none is named)."""
        return [
            (unit, route, payload)
            for commit in self.commits()
            for unit, route, payload in zip(commit.unit.tolist(), commit.route.tolist(), commit.payloads, strict=True)
            if not routes or route in routes
        ]


@dataclass
class FakeFleet:
    """Units by token, and the tree below them: credentials and directory in one."""

    by_token: dict[str, UnitIdentity] = field(default_factory=dict)
    by_certificate: dict[bytes, UnitIdentity] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)
    broken: bool = False

    def add(self, token: str, *, serial: str = "", parent_id: int = 0, organisation_id: int = 7) -> UnitIdentity:
        number = len(self.by_token) + 1
        unit = UnitIdentity(1000 + number, organisation_id, "pump", "1.0.0", serial or token, parent_id, 5000 + number)
        self.by_token[token] = unit
        return unit

    def authenticate_token(self, token: str) -> UnitIdentity:
        if self.broken:
            raise OSError("the disk is gone")
        if token not in self.by_token:
            raise Unauthenticated("unknown token")
        return self.by_token[token]

    def authenticate_certificate(self, der: bytes) -> UnitIdentity:
        if der not in self.by_certificate:
            raise Unauthenticated("unknown certificate")
        return self.by_certificate[der]

    def ended_since(self, cursor: int) -> tuple[list[int], int]:
        return self.ended[cursor:], len(self.ended)

    def get(self, unit_id: int) -> UnitIdentity | None:
        return next((unit for unit in self.by_token.values() if unit.unit_id == unit_id), None)

    def child(self, parent_unit_id: int, name: str) -> UnitIdentity | None:
        return next((u for u in self.by_token.values() if u.parent_id == parent_unit_id and u.serial == name), None)


@dataclass
class World:
    """A gateway and what it stands on."""

    log: FakeLog
    fleet: FakeFleet
    process: GatewayProcess

    @property
    def port(self) -> int:
        return self.process.ports["mqtt"]

    async def until(self, condition: Callable[[], object], *, seconds: float = 30.0) -> None:
        """Wait for it; fails when it does not come true."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not condition():
            assert asyncio.get_running_loop().time() < deadline, "it did not happen in time"
            await asyncio.sleep(0.005)


@asynccontextmanager
async def open_world(
    *, log: FakeLog | None = None, fleet: FakeFleet | None = None, **settings: object
) -> AsyncIterator[World]:
    """A gateway on free ports; `settings` are the gateway's."""
    log = log or FakeLog()
    if fleet is None:
        fleet = FakeFleet()
        fleet.add("token-a", serial="unit-a")
        fleet.add("token-b", serial="unit-b")
    chosen = GatewaySettings(mqtt_port=0, websocket_port=0, mqtts_port=0)
    chosen = msgspec.structs.replace(chosen, **settings)
    process = GatewayProcess(Settings(gateway=chosen), log=log, credentials=fleet, directory=fleet)
    await process.start()
    try:
        yield World(log, fleet, process)
    finally:
        await process.stop()


@pytest.fixture
def world() -> Callable[..., object]:
    """`async with world(unit_connections_max=1) as w:`"""
    return open_world


@pytest.fixture
def new_log() -> type[FakeLog]:
    return FakeLog


@pytest.fixture
def new_fleet() -> type[FakeFleet]:
    return FakeFleet


class Client:
    """A unit's client that speaks raw packets, so that a test sees every byte's meaning."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: Version) -> None:
        self.reader = reader
        self.writer = writer
        self.version = version
        self.decoder = Decoder(version=version)
        self.packets: list[Packet] = []

    async def send(self, *packets: Packet | bytes) -> None:
        self.writer.write(b"".join(p if isinstance(p, bytes) else encode(p, self.version) for p in packets))
        await self.writer.drain()

    async def receive(self, *, seconds: float = 30.0) -> Packet | None:
        """The next packet; None when the gateway closed."""
        async with asyncio.timeout(seconds):
            while not self.packets:
                data = await self.reader.read(65536)
                if not data:
                    return None
                self.packets.extend(self.decoder.feed(data))
        return self.packets.pop(0)

    async def nothing(self, *, seconds: float = 0.1) -> bool:
        """Whether nothing comes for a while."""
        try:
            self.packets.insert(0, await self.receive(seconds=seconds))
        except TimeoutError:
            return True
        return False

    def drop(self) -> None:
        """Vanish without a word."""
        self.writer.transport.abort()


@asynccontextmanager
async def connected(
    world: World, token: str = "token-a", *, version: Version = Version.V5, **connect: object
) -> AsyncIterator[Client]:
    """A connected client; `client.connack` is what it was told."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.port)
    client = Client(reader, writer, version)
    try:
        await client.send(Connect(**{"version": version, "client_id": "c", "username": token} | connect))
        client.connack = await client.receive()
        yield client
    finally:
        client.drop()


@pytest.fixture
def client() -> Callable[..., object]:
    """`async with client(world, "token-a", version=Version.V5, clean_start=False) as c:`"""
    return connected

"""A gateway and the live service around one log in memory, over a fleet whose gate, twins and presence we hold in hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway import GatewayProcess
from monokoto.connect.line import Batch, Block, EventRecord
from monokoto.connect.presence import UnitPresence
from monokoto.connect.products import ProductModel, PropertyModel
from monokoto.engines.log import Entry, StreamState
from monokoto.kernel.errors import Conflict, NotFound, Unauthenticated, Unavailable
from monokoto.kernel.facts import Fact
from monokoto.kernel.ids import OrganisationId, ProductName, UnitId, format_id
from monokoto.kernel.values import Kind
from monokoto.mqtt import Connect, Decoder, Packet, Publish, Subscribe, Subscription, Version, encode
from monokoto.operate.live import Controls, Drafts, Live, Sights
from monokoto.operate.twins import Desired, Reported, ReportedValue
from monokoto.settings import GatewaySettings, Settings
from monokoto.web import ALWAYS, Caller, Period, Reach, Scope, Side

MAKER, OWNER = 7, 8
UNIT = 1000
MODEL = ProductModel(
    organisation_id=OrganisationId(MAKER),
    product=ProductName("pump"),
    version="1.0.0",
    properties={
        name: PropertyModel(name=name, kind=Kind.NUMBER, schema={}, observable=name != "secret")
        for name in ("flow", "pressure", "secret")
    },
)


class MemoryBucket:
    def __init__(self) -> None:
        self.values: dict[str, tuple[bytes, int]] = {}

    async def get(self, key: str) -> tuple[bytes, int] | None:
        return self.values.get(key)

    async def put(self, key: str, value: bytes, *, revision: int | None = None) -> int:
        held = self.values.get(key, (b"", 0))[1]
        if revision is not None and held != revision:
            raise Conflict("not current")
        self.values[key] = (value, held + 1)
        return held + 1

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)

    async def keys(self) -> list[str]:
        return list(self.values)


@dataclass
class MemoryLog:
    """The live half of the port `Log`; what `lose` names is told to nobody."""

    buckets: dict[str, MemoryBucket] = field(default_factory=dict)
    listeners: list[tuple[str, Callable[[str, bytes], Awaitable[None]]]] = field(default_factory=list)
    answerers: dict[str, Callable[[bytes], Awaitable[bytes]]] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    lose: str = ""
    body_bytes_max: int = 1 << 20
    connected: bool = True

    async def ensure_stream(self, spec: Any) -> None: ...

    async def append(self, subject: str, body: bytes, *, message_id: str = "") -> int:
        return 1

    async def reader(self, stream: str, subject: str, *, from_sequence: int = 1) -> Any:
        async def read(**_: Any) -> list[Entry]:
            await asyncio.sleep(0.2)
            return []

        async def close() -> None: ...

        return SimpleNamespace(read=read, close=close)

    async def next_after(self, stream: str, subject: str, sequence: int) -> None:
        return None

    async def state(self, stream: str) -> StreamState:
        return StreamState(1, 0, 0, 0)

    async def bucket(self, name: str) -> MemoryBucket:
        return self.buckets.setdefault(name, MemoryBucket())

    async def tell(self, subject: str, body: bytes) -> None:
        self.told.append(subject)
        for pattern, heard in list(self.listeners):
            covered = subject == pattern or (pattern.endswith("*") and subject.startswith(pattern[:-1]))
            if covered and not (self.lose and subject.startswith(self.lose)):
                await heard(subject, body)

    async def listen(self, subject: str, heard: Any) -> Callable[[], Awaitable[None]]:
        one = (subject, heard)
        self.listeners.append(one)

        async def stop() -> None:
            self.listeners.remove(one)

        return stop

    async def request(self, subject: str, body: bytes, *, timeout_seconds: float) -> bytes:
        if subject not in self.answerers:
            raise Unavailable("nobody answers")
        return await self.answerers[subject](body)

    async def answer(self, subject: str, reply: Any) -> Callable[[], Awaitable[None]]:
        self.answerers[subject] = reply

        async def stop() -> None:
            self.answerers.pop(subject, None)

        return stop

    async def close(self) -> None: ...


@dataclass
class Fleet:
    """Units, keys, gate, twins, presence and facts."""

    units: dict[int, UnitIdentity] = field(default_factory=dict)
    keys: dict[str, Caller] = field(default_factory=dict)
    ended_keys: set[int] = field(default_factory=set)
    reach: dict[tuple[int, int], Reach] = field(default_factory=dict)
    values: dict[int, dict[str, ReportedValue]] = field(default_factory=dict)
    wanted: dict[int, Desired] = field(default_factory=dict)
    online: dict[int, bool] = field(default_factory=dict)
    listeners: dict[str, Any] = field(default_factory=dict)
    asked: int = 0
    arrived: int = 1000

    def add(self, unit_id: int) -> None:
        self.units[unit_id] = UnitIdentity(unit_id, MAKER, "pump", "1.0.0", f"s{unit_id}")
        self.open(MAKER, unit_id)

    def open(self, organisation_id: int, unit_id: int, *periods: Period, now: bool = True) -> None:
        self.reach[organisation_id, unit_id] = Reach(
            unit_id=UnitId(unit_id),
            organisation_id=OrganisationId(MAKER),
            side=Side.MAKER if organisation_id == MAKER else Side.OWNER,
            periods=periods or ALWAYS,
            now=now,
            control=now,
        )

    # Directory, products, gate, keys

    def get(self, unit_id: int) -> UnitIdentity | None:
        return self.units.get(unit_id)

    def child(self, _parent: int, _name: str) -> None:
        return None

    def model(self, *_: Any) -> ProductModel:
        return MODEL

    def unit(self, caller: Caller, unit_id: int) -> Reach:
        self.asked += 1
        found = self.reach.get((caller.organisation_id, unit_id))
        if found is None:
            raise NotFound("no such unit")
        return found

    def units_of(self, caller: Caller) -> list[Reach] | None:
        return None if caller.organisation_id == MAKER else []

    def authenticate(self, secret: str) -> Caller:
        if secret not in self.keys or self.keys[secret].key_id in self.ended_keys:
            raise Unauthenticated("unknown key")
        return self.keys[secret]

    def ended(self, key_ids: Collection[int]) -> set[int]:
        return set(key_ids) & self.ended_keys

    # Twins, presence, facts

    def report(self, unit_id: int, at: int, **values: float) -> Batch:
        """Let the twin hold them, and make the batch they came in."""
        self.arrived += 1
        held = self.values.setdefault(unit_id, {})
        for name, value in values.items():
            held[name] = ReportedValue(Kind.NUMBER, value, at, self.arrived)
        unit, time, arrived = (np.array([one], np.int64) for one in (unit_id, at, self.arrived))
        return batch(blocks=(Block(MODEL, unit, time, arrived, ()),))

    def reported_many(self, _organisation_id: int, unit_ids: list[int]) -> dict[int, Reported]:
        return {unit_id: Reported(properties=dict(self.values.get(unit_id, {}))) for unit_id in unit_ids}

    def of(self, _organisation_id: int, unit_id: int) -> UnitPresence:
        return UnitPresence(unit_id=unit_id, online=self.online.get(unit_id, False), since=1_000_000)

    async def listen(self, name: str, heard: Any) -> None:
        self.listeners[name] = heard

    async def tell(self, fact: Fact) -> None: ...


def batch(**parts: Any) -> Batch:
    return Batch(partition=0, first_sequence=1, last_sequence=1, **parts)


def event(unit_id: int, name: str, data: bytes, at: int = 5) -> Batch:
    record = EventRecord(
        organisation_id=MAKER, unit_id=unit_id, product="pump", name=name, at=at, arrived=at, data=data
    )
    return batch(events=(record,))


class SettlingLive(Live):
    """Says when it has told all there was."""

    busy = False

    async def _tell_all(self) -> None:
        self.busy = True
        try:
            await super()._tell_all()
        finally:
            self.busy = False

    async def settled(self) -> None:
        while self.busy or self._signal.is_set() or self._present:
            await asyncio.sleep(0.005)


class World:
    """A gateway, the live service and what they share."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.fleet = Fleet()
        self.fleet.add(UNIT)
        for number, (name, organisation, kind) in enumerate((("maker", MAKER, "maker"), ("owner", OWNER, "owner"))):
            self.fleet.keys[f"koto_{name}"] = Caller(
                organisation_id=OrganisationId(organisation),
                organisation_kind=kind,
                scopes=frozenset({Scope.TELEMETRY_READ, Scope.CONTROL_WRITE}),
                key_id=50 + number,  # type: ignore[arg-type]
            )
        self.gateway: GatewayProcess
        self.live: SettlingLive
        self.clients: list[Application] = []

    def new_live(self) -> SettlingLive:
        fleet: Any = self.fleet
        gate: Any = SimpleNamespace(unit=fleet.unit, units=fleet.units_of)
        twins: Any = SimpleNamespace(
            reported_many=fleet.reported_many,
            desired=SimpleNamespace(get=lambda _o, unit: fleet.wanted.get(unit, Desired())),
        )
        commands: Any = SimpleNamespace()
        sights = Sights(gate, fleet, fleet)
        controls = Controls(gate=gate, twins=twins, commands=commands, audit=SimpleNamespace(append=lambda *_, **__: 0))  # type: ignore[arg-type]
        log: Any = self.log
        return SettlingLive(
            log=log,
            facts=fleet,
            sights=sights,
            drafts=Drafts(sights, twins, fleet),
            commands=commands,
            controls=controls,
        )

    async def application(self, name: str = "maker", *, version: Version = Version.V5, **connect: Any) -> Application:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.gateway.ports["mqtt"])
        made = Application(self, reader, writer, version)
        self.clients.append(made)
        password = f"koto_{name}".encode()
        await made.send(
            Connect(**{"version": version, "client_id": name, "username": "any", "password": password} | connect)
        )
        made.connack = await made.receive()
        return made


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    world = World()
    fleet: Any = world.fleet
    log: Any = world.log
    settings = Settings(gateway=GatewaySettings(mqtt_port=0, websocket_port=0, mqtts_port=0))
    credentials = SimpleNamespace(ended_since=lambda cursor: ([], cursor), authenticate_token=_nobody)
    world.gateway = GatewayProcess(settings, log=log, credentials=credentials, directory=fleet, keys=fleet)  # type: ignore[arg-type]
    world.live = world.new_live()
    await world.live.start()
    await world.gateway.start()
    try:
        yield world
    finally:
        for client in world.clients:
            client.writer.transport.abort()
        await world.gateway.stop()
        await world.live.stop()


def _nobody(_token: str) -> UnitIdentity:
    raise Unauthenticated("no such unit")


class Application:
    """A client that speaks raw packets."""

    def __init__(
        self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: Version
    ) -> None:
        self.world = world
        self.reader, self.writer, self.version = reader, writer, version
        self.decoder = Decoder(version=version)
        self.packets: list[Packet] = []
        self.connack: Any = None

    async def send(self, *packets: Packet) -> None:
        self.writer.write(b"".join(encode(packet, self.version) for packet in packets))
        await self.writer.drain()

    async def receive(self, *, seconds: float = 30.0) -> Any:
        """The next packet; None when the gateway closed."""
        async with asyncio.timeout(seconds):
            while not self.packets:
                data = await self.reader.read(65536)
                if not data:
                    return None
                self.packets.extend(self.decoder.feed(data))
        return self.packets.pop(0)

    async def nothing(self, *, seconds: float = 0.3) -> bool:
        try:
            self.packets.insert(0, await self.receive(seconds=seconds))
        except TimeoutError:
            return True
        return False

    async def subscribe(self, *tails: str, qos: int = 0, unit: str = format_id(UNIT), **options: Any) -> list[int]:
        """Subscribe to these topics of a unit; the reasons. How things stand is on its way when this returns."""
        asked = tuple(Subscription(filter=f"koto/v1/units/{unit}/{tail}", qos=qos, **options) for tail in tails)
        await self.send(Subscribe(packet_id=1, subscriptions=asked))
        suback = await self.receive()
        await self.world.live.settled()
        return list(suback.reasons)

    async def told(self) -> tuple[str, bytes]:
        """The next message: the topic behind the unit, and the payload."""
        packet = await self.receive()
        assert isinstance(packet, Publish), packet
        return packet.topic.split("/", 4)[4], packet.payload

"""The gateway as a process of its own, on a real log and real records: killed, stopped, several at one port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from contextlib import asynccontextmanager

import pytest

from monokoto.connect.fleet import Credentials, Directory, Fleet, NewUnit
from monokoto.connect.gateway import COUNTERS, Downlink, GatewayProcess, Route, beats, decode_commit
from monokoto.connect.products import ProductModel
from monokoto.engines.log import NatsServer, log_facts, open_log
from monokoto.engines.records import metadata, open_records
from monokoto.kernel.clock import SystemClock
from monokoto.kernel.errors import BadSettings
from monokoto.mqtt import Connack, Connect, Decoder, Puback, Publish, Reason, Subscribe, Subscription, Version, encode
from monokoto.settings import GatewaySettings, LogSettings, Settings

CHILD = """
import asyncio, json, sys
from monokoto.connect.gateway import run_gateway
from monokoto.settings import GatewaySettings, LogSettings, Settings
data_dir, log_url, port, processes = sys.argv[1:]
gateway = GatewaySettings(mqtt_port=int(port), websocket_port=0, processes=int(processes))
settings = Settings(data_dir=data_dir, gateway=gateway)
asyncio.run(run_gateway(settings, log_url=log_url, ready=lambda told: print(json.dumps(told), flush=True)))
"""
ORGANISATION = 11


class _Products:
    def model(self, organisation_id, product, version):
        return ProductModel(organisation_id=organisation_id, product=product, version=version or "1.0.0")

    def current(self, organisation_id, product):
        return self.model(organisation_id, product, "1.0.0")


class House:
    """A log, records with some units, and gateway processes."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.server = NatsServer(folder / "log")
        self.records = open_records("", data_dir=folder)
        metadata.create_all(self.records.engine)
        self.fleet = Fleet(self.records, _Products(), SystemClock())
        self.credentials = Credentials(self.records, SystemClock())
        self.children: list[asyncio.subprocess.Process] = []
        self.url = ""

    def unit(self, serial: str):
        return self.fleet.register(ORGANISATION, NewUnit(serial=serial, product="pump"))

    async def gateway(self, port: int = 0, *, processes: int = 1) -> tuple[asyncio.subprocess.Process, int]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CHILD, str(self.folder), self.url, str(port), str(processes)),
            stdout=asyncio.subprocess.PIPE,
        )
        self.children.append(child)
        while True:
            line = await asyncio.wait_for(child.stdout.readline(), 20)
            assert line, "the gateway did not start"
            with contextlib.suppress(ValueError):
                return child, json.loads(line)["ports"]["mqtt"]

    @asynccontextmanager
    async def inside(self, **log_settings):
        """A gateway in this process, on the same engines."""
        log = await open_log(self.url)
        directory = Directory(self.records)
        process = GatewayProcess(
            Settings(
                gateway=GatewaySettings(mqtt_port=0, websocket_port=0, commit_bytes_max=100_000),
                log=LogSettings(**log_settings),
            ),
            log=log,
            credentials=self.credentials,
            directory=directory,
            refresh_directory=directory.refresh,
            facts=log_facts(log),
        )
        await process.start()
        try:
            yield process.ports["mqtt"]
        finally:
            await process.stop()
            await log.close()

    async def payloads(self, route: int = Route.TELEMETRY) -> list[bytes]:
        log = await open_log(self.url)
        reader = await log.reader("LINE", "line.>", from_sequence=1)
        last = (await log.state("LINE")).last_sequence
        found: list[bytes] = []
        while last:
            for entry in await reader.read(entries_max=1000, wait_seconds=1):
                commit = decode_commit(entry.body)
                found += [p for r, p in zip(commit.route.tolist(), commit.payloads, strict=True) if r == route]
                last = 0 if entry.sequence >= last else last
        await reader.close()
        await log.close()
        return found


@asynccontextmanager
async def open_house(folder):
    house = House(folder)
    house.url = await house.server.start()
    try:
        yield house
    finally:
        for child in house.children:
            if child.returncode is None:
                child.kill()
                await child.wait()
        await house.server.stop()
        house.records.close()


async def _connect(port: int, token: str, client_id: str, version: Version = Version.V3_1_1):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    connect = Connect(client_id=client_id, username=token, version=version, clean_start=False)
    writer.write(encode(connect))
    decoder = Decoder(version=version)
    packets = []
    while not packets:
        data = await asyncio.wait_for(reader.read(65536), 10)
        if not data:
            raise ConnectionError("closed")
        packets = list(decoder.feed(data))
    if not isinstance(packets[0], Connack) or packets[0].reason:
        raise ConnectionError("refused")
    return reader, writer, decoder


async def _send_all(port: int, token: str, name: str, count: int, window: int = 20) -> set[bytes]:
    """Send numbered messages until all are acknowledged, over any number of connections; returns the acknowledged."""
    waiting = [f'{{"{name}":{number}}}'.encode() for number in range(count)]
    acknowledged: set[bytes] = set()
    in_flight: dict[int, bytes] = {}
    packet_id = 0
    while waiting or in_flight:
        try:
            reader, writer, decoder = await _connect(port, token, name)
            waiting = list(in_flight.values()) + waiting
            in_flight.clear()
            while waiting or in_flight:
                while waiting and len(in_flight) < window:
                    packet_id = packet_id % 60_000 + 1
                    in_flight[packet_id] = waiting.pop(0)
                    publish = Publish(
                        topic="koto/v1/telemetry", payload=in_flight[packet_id], qos=1, packet_id=packet_id
                    )
                    writer.write(encode(publish, Version.V3_1_1))
                data = await asyncio.wait_for(reader.read(65536), 40)
                if not data:
                    raise ConnectionError("closed")
                for packet in decoder.feed(data):
                    assert isinstance(packet, Puback)
                    acknowledged.add(in_flight.pop(packet.packet_id))
            writer.close()
        except (OSError, TimeoutError):
            await asyncio.sleep(0.05)
    return acknowledged


def _kills(tmp_path, kills: int, count: int) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)

    async def body():
        async with open_house(tmp_path) as house:
            tokens = [house.unit(f"unit-{number}").token for number in range(4)]
            child, port = await house.gateway()
            work = asyncio.gather(*(_send_all(port, token, f"c{n}", count) for n, token in enumerate(tokens)))
            for _ in range(kills):
                await asyncio.sleep(0.1 + chance.random() * 0.5)
                if chance.random() < 0.5:
                    child.kill()
                    await child.wait()
                    child, _ = await house.gateway(port)
                else:
                    os.kill(house.server.pid, signal.SIGKILL)
                    await house.server.wait()
                    await house.server.start()
            acknowledged = set().union(*await asyncio.wait_for(work, 150))
            child.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(child.wait(), 20) == 0
            kept = await house.payloads()
            expected = {f'{{"c{n}":{number}}}'.encode() for n in range(4) for number in range(count)}
            assert acknowledged == expected
            assert set(kept) == expected
            # Doubles come from messages that were sent again for want of an acknowledgement, and from nowhere else.
            assert len(kept) - len(expected) <= kills * 4 * 20

    asyncio.run(body())


def test_after_kills_of_gateway_and_log_nothing_acknowledged_is_missing(tmp_path):
    _kills(tmp_path, kills=3, count=800)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_after_many_kills_nothing_acknowledged_is_missing(tmp_path):
    _kills(tmp_path, kills=50, count=60_000)


def test_a_restart_of_the_log_alone_stalls_and_doubles_nothing(tmp_path):
    async def body():
        async with open_house(tmp_path) as house:
            token = house.unit("unit").token
            async with house.inside() as port:
                work = asyncio.ensure_future(_send_all(port, token, "c", 3000, window=5))
                for _ in range(2):
                    await asyncio.sleep(0.2)
                    os.kill(house.server.pid, signal.SIGKILL)
                    await house.server.wait()
                    await house.server.start()
                await asyncio.wait_for(work, 60)
            assert await house.payloads() == [f'{{"c":{number}}}'.encode() for number in range(3000)]

    asyncio.run(body())


def test_a_full_log_refuses_and_goes_on_when_it_is_trimmed(tmp_path):
    async def body():
        async with open_house(tmp_path) as house, house.inside(bytes_max=1 << 20) as port:
            token = house.unit("unit").token
            reader, writer, decoder = await _connect(port, token, "c")
            sent, acknowledged = 3000, []
            publish = b"".join(
                encode(
                    Publish(topic="koto/v1/telemetry", payload=b"%d " % n + b"x" * 1000, qos=1, packet_id=n),
                    Version.V3_1_1,
                )
                for n in range(1, sent + 1)
            )
            writer.write(publish)
            log = await open_log(house.url)
            with contextlib.suppress(TimeoutError):
                while True:  # three megabytes do not fit into one
                    data = await asyncio.wait_for(reader.read(65536), 1)
                    acknowledged += [packet.packet_id for packet in decoder.feed(data)]
            kept = [int(payload.split()[0]) for payload in await house.payloads()]
            assert len(acknowledged) < sent
            assert kept[: len(acknowledged)] == acknowledged == list(range(1, len(acknowledged) + 1))
            while len(acknowledged) < sent:
                await log.trim("LINE", before_sequence=(await log.state("LINE")).last_sequence + 1)
                with contextlib.suppress(TimeoutError):
                    data = await asyncio.wait_for(reader.read(65536), 1)
                    acknowledged += [packet.packet_id for packet in decoder.feed(data)]
            assert acknowledged == list(range(1, sent + 1))
            await log.close()

    asyncio.run(body())


def test_messages_to_units_go_on_after_the_log_was_killed(tmp_path):
    async def body():
        async with open_house(tmp_path) as house, house.inside() as port:
            registered = house.unit("unit")
            reader, writer, decoder = await _connect(port, registered.token, "c")
            wanted = (Subscription(filter="koto/v1/actions/+/+", qos=1),)
            writer.write(encode(Subscribe(packet_id=1, subscriptions=wanted), Version.V3_1_1))
            log = await open_log(house.url)
            received = []

            async def receive(count: int) -> None:
                async with asyncio.timeout(20):
                    while len(received) < count:
                        for packet in decoder.feed(await reader.read(65536)):
                            if isinstance(packet, Publish):
                                received.append(packet.payload)
                                writer.write(encode(Puback(packet_id=packet.packet_id), Version.V3_1_1))

            for number in range(6):
                if number in {2, 4}:
                    os.kill(house.server.pid, signal.SIGKILL)
                    await house.server.wait()
                    await house.server.start()
                topic = f"koto/v1/actions/start/{number}"
                await Downlink(log).send(
                    registered.unit.id, topic=topic, payload=b"%d" % number, message_id=f"command-{number}"
                )
                await receive(number + 1)
            assert received == [b"%d" % number for number in range(6)]
            await log.close()

    asyncio.run(body())


def test_a_revoked_credential_is_felt_at_once(tmp_path):
    async def body():
        async with open_house(tmp_path) as house, house.inside() as port:
            registered = house.unit("unit")
            reader, _, decoder = await _connect(port, registered.token, "c", Version.V5)
            log = await open_log(house.url)
            credential = registered.credentials[0].id
            told = Fleet(house.records, _Products(), SystemClock(), log_facts(log))
            house.credentials.revoke(ORGANISATION, registered.unit.id, credential)
            ended = told.credential_ended(ORGANISATION, credential_id=credential, unit_id=registered.unit.id)
            await told.tell([ended])
            data = await asyncio.wait_for(reader.read(), 30)
            assert [packet.reason for packet in decoder.feed(data)] == [Reason.NOT_AUTHORIZED]
            with pytest.raises(ConnectionError):
                await _connect(port, registered.token, "c")
            await log.close()

    asyncio.run(body())


def test_a_part_is_known_soon_after_it_was_registered(tmp_path):
    async def body():
        async with open_house(tmp_path) as house, house.inside() as port:
            machine = house.unit("machine")
            house.fleet.register(ORGANISATION, NewUnit(serial="part", product="pump", parent="machine"))
            reader, writer, decoder = await _connect(port, machine.token, "c", Version.V5)
            reasons = []
            while reasons[-1:] != [0] and len(reasons) < 100:
                await asyncio.sleep(0.1)
                writer.write(encode(Publish(topic="koto/v1/units/part/telemetry", payload=b"{}", qos=1, packet_id=1)))
                reasons += [packet.reason for packet in decoder.feed(await reader.read(1000))]
            assert reasons[-1] == 0
            assert set(reasons[:-1]) <= {Reason.NOT_AUTHORIZED}
            assert len(await house.payloads(Route.CHILD_TELEMETRY)) == 1

    asyncio.run(body())


def test_several_processes_share_a_port(world, new_log, new_fleet):
    async def body():
        log, fleet = new_log(), new_fleet()
        fleet.add("token-a")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            shared = {"log": log, "fleet": fleet, "processes": 2, "mqtt_port": port}
            async with world(**shared) as one, world(**shared) as two:
                connections = [await _connect(port, "token-a", "same", Version.V5) for _ in range(12)]
                # Wherever each landed, the one before it was closed: a client has one connection among all processes.
                for reader, _, decoder in connections[:-1]:
                    data = await asyncio.wait_for(reader.read(), 30)
                    assert Reason.SESSION_TAKEN_OVER in {packet.reason for packet in decoder.feed(data)}
                assert not connections[-1][0].at_eof()
                assert one.process.counters.accepted + two.process.counters.accepted == 12

    asyncio.run(body())


def test_a_taken_port_is_one_clear_line(new_log, new_fleet):
    async def body():
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            settings = Settings(gateway=GatewaySettings(mqtt_port=taken.getsockname()[1], websocket_port=0))
            fleet = new_fleet()
            process = GatewayProcess(settings, log=new_log(), credentials=fleet, directory=fleet)
            with pytest.raises(BadSettings) as caught:
                await process.start()
            assert str(taken.getsockname()[1]) in str(caught.value)
            assert "gateway.mqtt_port" in caught.value.remedy
            await process.stop()

    asyncio.run(body())


@pytest.mark.parametrize("files", [{"certificate_file": "/nowhere.pem"}, {"certificate_file": __file__}])
def test_a_wrong_certificate_is_one_clear_line(new_log, new_fleet, files):
    async def body():
        fleet = new_fleet()
        settings = Settings(gateway=GatewaySettings(mqtt_port=0, websocket_port=0, **files))
        process = GatewayProcess(settings, log=new_log(), credentials=fleet, directory=fleet)
        with pytest.raises(BadSettings):
            await process.start()
        await process.stop()

    asyncio.run(body())


def test_the_heartbeat_carries_the_counters(world):
    async def body():
        async with world() as w:
            (beat,) = await beats(w.log)
            assert [beat.gateway] == list(w.log.buckets["gateways"].values)
            assert beat.counters == {name: 0 for name, _, _ in COUNTERS}

    asyncio.run(body())

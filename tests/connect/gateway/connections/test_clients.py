"""Real clients, unchanged, against a gateway on a real log: mosquitto, paho, ThingsBoard's SDK; TCP, TLS, WebSocket."""

from __future__ import annotations

import asyncio
import datetime
import shutil
import ssl
import threading
import time
from contextlib import asynccontextmanager

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError

from monokoto.connect.gateway import Downlink, Route, decode_commit, split_subject
from monokoto.engines.log import NatsServer, open_log

mqtt = pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")
mosquitto = pytest.mark.skipif(not shutil.which("mosquitto_pub"), reason="mosquitto-clients are not installed")


@asynccontextmanager
async def real_log(folder):
    server = NatsServer(folder)
    url = await server.start()
    log = await open_log(url)
    try:
        yield log
    finally:
        await log.close()
        await server.stop()


async def _records(log, *routes):
    """What the line would read."""
    reader = await log.reader("LINE", "line.>", from_sequence=1)
    found = []
    last = (await log.state("LINE")).last_sequence
    try:
        while last:
            for entry in await reader.read(entries_max=1000, wait_seconds=1):
                commit = decode_commit(entry.body)
                found += zip(commit.unit.tolist(), commit.route.tolist(), commit.payloads, strict=True)
                if entry.sequence == last:
                    last = 0
    finally:
        await reader.close()
    return [record for record in found if not routes or record[1] in routes]


async def _run(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    return await asyncio.wait_for(process.wait(), 20)


@mosquitto
@pytest.mark.parametrize("version", ["31", "311", "5"])
def test_mosquitto_pub(world, tmp_path, version):
    async def body():
        async with real_log(tmp_path) as log, world(log=log) as w:
            where = ("-h", "127.0.0.1", "-p", str(w.port), "-V", version if version != "31" else "mqttv31")
            for qos in "012":
                message = ("-t", "koto/v1/telemetry", "-m", f'{{"t":{qos}}}', "-q", qos)
                assert await _run("mosquitto_pub", *where, "-u", "token-a", *message) == 0
            assert await _run("mosquitto_pub", *where, "-u", "wrong", "-t", "koto/v1/telemetry", "-m", "{}") != 0
            foreign = ("-u", "token-a", "-t", "$aws/things/unit-b/shadow/update", "-m", "{}", "-q", "1")
            code = await _run("mosquitto_pub", *where, *foreign)
            assert code == 0 if version == "5" else code != 0  # version 5 is told in the PUBACK, which it only prints
            kept = await _records(log, Route.TELEMETRY)
            assert kept == [(1001, 1, b'{"t":0}'), (1001, 1, b'{"t":1}'), (1001, 1, b'{"t":2}')]
            assert not await _records(log, Route.SHADOW_UPDATE)
            # Version 3 is told by the closed connection, which does not wait for the dead letter to be on the log.
            deadline = time.monotonic() + 10
            while not (refused := await _records(log, Route.REFUSED)) and time.monotonic() < deadline:
                await asyncio.sleep(0.02)
            assert len(refused) == 1

    asyncio.run(body())


@mosquitto
def test_mosquitto_sub_finds_the_desired_state(world, tmp_path):
    async def body():
        async with real_log(tmp_path) as log, world(log=log) as w:
            await Downlink(log).retain(1001, topic="koto/v1/desired", payload=b'{"revision":1}')
            process = await asyncio.create_subprocess_exec(
                *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(w.port), "-u", "token-a", "-C", "2"),
                *("-t", "koto/v1/desired", "-W", "10", "-q", "1"),
                stdout=asyncio.subprocess.PIPE,
            )
            assert await process.stdout.readline() == b'{"revision":1}\n'
            await Downlink(log).retain(1001, topic="koto/v1/desired", payload=b'{"revision":2}')
            assert await process.stdout.readline() == b'{"revision":2}\n'
            assert await process.wait() == 0

    asyncio.run(body())


def _paho(
    port: int, *, version: int, transport: str = "tcp", context: ssl.SSLContext | None = None, seconds: float = 30.0
) -> list[int]:
    """Publish 20 messages with paho; returns the reasons of CONNACK and of every acknowledgement."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "paho", protocol=version, transport=transport)
    client.username_pw_set("token-a")
    if transport == "websockets":
        client.ws_set_options(path="/mqtt")
    if context is not None:
        client.username_pw_set(None)
        client.tls_set_context(context)
        client.tls_insecure_set(True)
    reasons, connected = [], threading.Event()
    client.on_connect = lambda _c, _u, _f, reason, _p: (reasons.append(reason.value), connected.set())
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        assert connected.wait(seconds)
        for number in range(20):
            info = client.publish("koto/v1/telemetry", f'{{"n":{number}}}', qos=number % 3)
            info.wait_for_publish(10)
            reasons.append(info.rc)
        client.disconnect()
    finally:
        client.loop_stop()
    return reasons


@pytest.mark.parametrize("version", [3, 4, 5])
@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_paho(world, tmp_path, version, transport):
    async def body():
        async with real_log(tmp_path) as log, world(log=log) as w:
            port = w.process.ports["websocket" if transport == "websockets" else "mqtt"]
            reasons = await asyncio.to_thread(_paho, port, version=version, transport=transport)
            assert reasons == [0] * 21
            kept = await _records(log, Route.TELEMETRY)
            assert [payload for _, _, payload in kept] == [b'{"n":%d}' % n for n in range(20)]

    asyncio.run(body())


def _certificate(folder, name: str) -> tuple[str, str, bytes]:
    """A self-signed certificate; returns its file, its key's file, its DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(pem), str(key_file), certificate.public_bytes(serialization.Encoding.DER)


def test_tls_with_a_client_certificate(world, new_fleet, tmp_path):
    server_file, server_key, _ = _certificate(tmp_path, "gateway")
    unit_file, unit_key, der = _certificate(tmp_path, "unit")
    stranger_file, stranger_key, _ = _certificate(tmp_path, "stranger")
    fleet = new_fleet()
    fleet.by_certificate[der] = fleet.add("token-a", serial="unit-a")

    def context(file: str, key: str) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=server_file)
        made.check_hostname = False
        made.load_cert_chain(file, key)
        return made

    async def body():
        files = {"certificate_file": server_file, "key_file": server_key, "client_ca_file": unit_file}
        async with world(fleet=fleet, **files) as w:
            port = w.process.ports["mqtts"]
            reasons = await asyncio.to_thread(_paho, port, version=5, context=context(unit_file, unit_key))
            assert reasons == [0] * 21
            assert len(w.log.records(Route.TELEMETRY)) == 20
            with pytest.raises((OSError, AssertionError)):
                await asyncio.to_thread(_paho, port, version=5, context=context(stranger_file, stranger_key), seconds=2)

    asyncio.run(body())


def test_websocket_refuses_what_is_not_mqtt(world):
    async def ask(port: int, path: str, protocol: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {protocol}\r\n\r\n".encode()
        )
        line = await asyncio.wait_for(reader.readline(), 30)
        writer.close()
        return line

    async def body():
        async with world() as w:
            port = w.process.ports["websocket"]
            assert b" 101 " in await ask(port, "/mqtt", "mqtt")
            assert b" 404 " in await ask(port, "/other", "mqtt")
            assert b" 4" in await ask(port, "/mqtt", "chat")

    asyncio.run(body())


def test_a_text_frame_ends_the_websocket(world):
    async def body():
        async with world() as w:
            port = w.process.ports["websocket"]
            async with connect(f"ws://127.0.0.1:{port}/mqtt", subprotocols=["mqtt"]) as socket:
                assert socket.subprotocol == "mqtt"
                await socket.send("CONNECT")
                with pytest.raises(ConnectionClosedError) as caught:
                    await asyncio.wait_for(socket.recv(), 30)
                assert caught.value.rcvd.code == 1003

    asyncio.run(body())


def test_thingsboards_own_sdk(world, tmp_path):
    tb = pytest.importorskip("tb_device_mqtt", reason="tb-mqtt-client is not installed")

    def upload(port: int) -> None:
        client = tb.TBDeviceMqttClient("127.0.0.1", port=port, username="token-a")
        connected = threading.Event()
        client.connect(callback=lambda *_: connected.set(), timeout=10)
        try:
            assert connected.wait(30)
            deadline = time.monotonic() + 5
            while not client.rate_limits_received and time.monotonic() < deadline:
                time.sleep(0.02)
            assert client.rate_limits_received
            assert client.max_payload_size > 100_000
            assert client.send_telemetry({"temperature": 21.5}).get() == 0
            assert client.send_attributes({"firmware": "1.2.0"}).get() == 0
            assert client.send_telemetry({"ts": 1767225600000, "values": {"temperature": 22}}).get() == 0
            assert client.request_attributes(["mode"], ["target"], callback=lambda *_: None).get() == 0
        finally:
            client.disconnect()

    async def body():
        async with real_log(tmp_path) as log, world(log=log) as w:
            await asyncio.to_thread(upload, w.port)
            text = b" ".join(payload for _, _, payload in await _records(log, Route.TELEMETRY))
            for part in (b"21.5", b'"firmware"', b"1767225600000"):
                assert part in text
            asked = await _records(log, Route.REQUEST)
            assert any(split_subject(p)[0].startswith("v1/devices/me/attributes/request/") for _, _, p in asked)

    asyncio.run(body())

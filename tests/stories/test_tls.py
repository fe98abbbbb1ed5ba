"""MQTT over TLS: a certificate authority of our own, units with certificates, strangers outside."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from unit_clients import V3_1_1, V5, Paho, Unit, apply, needs_mosquitto, soon, units

from monokoto.cli.client import ApiClient
from monokoto.kernel.errors import Conflict, Invalid
from monokoto.testing import Installation

REFUSED = (0x86, 0x87)


@pytest.fixture(scope="module")
def maker(fortress: Installation) -> Iterator[ApiClient]:
    with fortress.organisation("tls") as api:
        apply(api, "thermostat")
        yield api


def port_of(fortress: Installation) -> int:
    return int(str(fortress.told["mqtts"]).rpartition(":")[2])


def certified(api: ApiClient, authority: Authority, serial: str) -> tuple[Unit, ssl.SSLContext]:
    """A unit registered with a certificate and no token, and the context its client uses."""
    certificate, context = authority.client(serial)
    made = api.post("/api/v1/units", {"product": "thermostat", "serial": serial, "certificate": certificate})
    assert made["token"] is None
    return Unit(api, made["unit"]["id"], serial, ""), context


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_token_over_tls(fortress: Installation, maker: ApiClient, authority: Authority, version: int) -> None:
    (unit,) = units(maker, "thermostat", f"token-{version}")
    with Paho(port_of(fortress), unit.token, version=version, tls=authority.trusting()) as client:
        assert client.publish("koto/v1/telemetry", {"power": 1}) == 0
    soon(unit.reported, {"power": 1})
    stranger = Paho(port_of(fortress), "not-a-token", version=version, tls=authority.trusting())
    assert stranger.connect() in REFUSED
    stranger.leave()


@pytest.mark.parametrize("version", [V3_1_1, V5])
def test_a_client_certificate_is_who_the_unit_is(
    fortress: Installation, maker: ApiClient, authority: Authority, version: int
) -> None:
    unit, context = certified(maker, authority, f"certified-{version}")
    (other,) = units(maker, "thermostat", f"token-beside-{version}")
    with Paho(port_of(fortress), "", version=version, tls=context) as client:
        client.subscribe("koto/v1/desired")
        assert client.publish("koto/v1/telemetry", {"power": 2}) == 0
        unit.desire({"target": 20})
        assert client.on("koto/v1/desired")["desired"] == {"target": 20}
        assert unit.online()["online"]
    # The certificate holds, whatever token comes beside it.
    with Paho(port_of(fortress), other.token, version=version, tls=context) as client:
        assert client.publish("koto/v1/telemetry", {"power": 3}) == 0
    soon(lambda: unit.values("power"), [2, 3])
    assert other.reported() == {}


def test_an_unknown_certificate_opens_nothing(fortress: Installation, maker: ApiClient, authority: Authority) -> None:
    """Of our authority but of no unit: told so. Of another authority, or self-signed: the handshake fails."""
    (unit,) = units(maker, "thermostat", "token-and-stranger")
    _, context = authority.client("nobody")
    client = Paho(port_of(fortress), "", tls=context)
    assert client.connect() in REFUSED
    client.leave()
    for stranger in (Authority(authority.folder / "another"), Authority(authority.folder / "third")):
        _, context = stranger.client("token-and-stranger", trusting=authority)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            _speak(port_of(fortress), context)
    assert unit.presence()["last_seen"] is None


def test_a_revoked_certificate_closes_at_once_and_another_opens(
    fortress: Installation, maker: ApiClient, authority: Authority
) -> None:
    unit, context = certified(maker, authority, "revoked")
    client = Paho(port_of(fortress), "", tls=context)
    assert client.connect() == 0
    fresh, fresh_context = authority.client("revoked")
    (credential,) = unit.get("/credentials")["items"]
    maker.post(f"/api/v1/units/{unit.id}/credentials/{credential['id']}/rotate", {"certificate": fresh})
    assert client.closed.wait(20)
    old = Paho(port_of(fortress), "", tls=context)
    assert old.connect() in REFUSED
    old.leave()
    with Paho(port_of(fortress), "", tls=fresh_context) as client:
        assert client.publish("koto/v1/telemetry", {"power": 4}) == 0
    soon(unit.reported, {"power": 4})


def test_a_certificate_belongs_to_one_unit_and_must_be_one(
    fortress: Installation, maker: ApiClient, authority: Authority
) -> None:
    certificate, _ = authority.client("once")
    body = {"product": "thermostat", "serial": "once", "certificate": certificate}
    maker.post("/api/v1/units", body)
    with pytest.raises((Conflict, Invalid)):
        maker.post("/api/v1/units", {**body, "serial": "twice"})
    with pytest.raises(Invalid):
        maker.post("/api/v1/units", {**body, "serial": "thrice", "certificate": "-----BEGIN CERTIFICATE-----"})


def test_an_expired_certificate_opens_nothing(fortress: Installation, maker: ApiClient, authority: Authority) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    _, context = authority.client("fresh")
    _speak(port_of(fortress), context)
    _, context = authority.client("expired", until=yesterday)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _speak(port_of(fortress), context)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_and_no_tls_are_refused(fortress: Installation, authority: Authority) -> None:
    context = authority.trusting()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        _speak(port_of(fortress), context)
    with socket.create_connection(("127.0.0.1", port_of(fortress)), 5) as plain:
        plain.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04unit")
        plain.settimeout(5)
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = plain.recv(100)
        assert not answer.startswith(b"\x20"), "no CONNACK without TLS"


@needs_mosquitto
def test_mosquitto_pub_over_tls(fortress: Installation, maker: ApiClient, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("mosquitto-tls")
    made = maker.post(
        "/api/v1/units",
        {"product": "thermostat", "serial": "mosquitto-tls", "certificate": certificate.read_text()},
    )
    unit = Unit(maker, made["unit"]["id"], "mosquitto-tls", "")
    where = ("-h", "localhost", "-p", str(port_of(fortress)), "--cafile", str(authority.file))
    message = ("-q", "1", "-t", "koto/v1/telemetry", "-m", '{"power": 5}')
    for who in (("--cert", str(certificate), "--key", str(key)), ()):
        done = subprocess.run(["mosquitto_pub", *where, *who, *message], capture_output=True, timeout=20, check=False)
        assert (done.returncode == 0) is bool(who)
    soon(unit.reported, {"power": 5})


def _speak(port: int, context: ssl.SSLContext) -> None:
    """Handshake and a first read: with TLS 1.3 the client learns of its refusal only there."""
    with socket.create_connection(("127.0.0.1", port), 5) as plain:
        plain.settimeout(5)
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04unit")
            if secure.recv(1) == b"":
                raise ConnectionAbortedError("closed without an answer")

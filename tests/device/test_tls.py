"""The device library over TLS: with a token, and with a client certificate."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from monokoto.device import Certificate, Device, DeviceOptions, Disconnected
from monokoto.kernel.errors import Invalid


def make(folder: Path, name: str) -> Certificate:
    """A certificate that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(certificate_file=folder / f"{name}.pem", key_file=folder / f"{name}.key")
    made.certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def test_tls_with_a_token_and_with_a_certificate(new_connection: Any, tmp_path: Path) -> None:
    server, unit = make(tmp_path, "server"), make(tmp_path, "unit")

    async def body() -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.certificate_file, server.key_file)
        context.load_verify_locations(unit.certificate_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        platform, protocol = new_connection
        listening = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=context)
        url = f"mqtts://localhost:{listening.sockets[0].getsockname()[1]}"
        trusted = {"ca_file": server.certificate_file, "options": DeviceOptions(connect_seconds=5)}
        async with Device(url, token="secret", **trusted) as device:
            await device.publish("t", b"by token")
        async with Device(url, certificate=unit, **trusted) as device:
            await device.publish("t", b"by certificate")
        assert platform.taken == [("secret", "t", b"by token"), ("", "t", b"by certificate")]
        with pytest.raises(Disconnected):  # a platform nobody vouches for
            await Device(url, token="secret").start()
        listening.close()

    asyncio.run(body())


def test_a_certificate_needs_tls(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="needs TLS"):
        Device("mqtt://host", certificate=make(tmp_path, "unit"))

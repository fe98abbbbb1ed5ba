"""A certificate authority made for a test: the gateway's certificate, the units' certificates."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

_DAY = datetime.timedelta(days=1)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


class Authority:
    """Its own key, and files under a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._issued = 0
        self.file = folder / "authority.pem"
        made = self._build("Testing Authority", self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def issue(self, common_name: str, *, until: datetime.datetime | None = None) -> tuple[Path, Path]:
        """The files of a fresh certificate and its key; it is good for localhost too."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate = (
            self._build(common_name, key.public_key(), until=until)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._issued += 1
        file, key_file = self.folder / f"{self._issued}.pem", self.folder / f"{self._issued}.key"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return file, key_file

    def trusting(self) -> ssl.SSLContext:
        """A client's context that trusts what this authority signed."""
        return ssl.create_default_context(cafile=str(self.file))

    def client(
        self, common_name: str, *, trusting: Authority | None = None, until: datetime.datetime | None = None
    ) -> tuple[str, ssl.SSLContext]:
        """A client certificate (PEM) and the context that shows it; the server is trusted by `trusting` or this one."""
        file, key_file = self.issue(common_name, until=until)
        context = (trusting or self).trusting()
        context.load_cert_chain(file, key_file)
        return file.read_text(), context

    def _build(
        self, common_name: str, key: ec.EllipticCurvePublicKey, *, until: datetime.datetime | None = None
    ) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(_name(common_name))
            .issuer_name(_name("Testing Authority"))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 30 * _DAY)
            .not_valid_after(until or now + _DAY)
        )

"""Where the platform is, and how a unit says who it is."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from monokoto.kernel.errors import Invalid

_PORTS = {"mqtt": 1883, "tcp": 1883, "mqtts": 8883, "ssl": 8883}
_SECURE = frozenset({"mqtts", "ssl"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A client certificate and its key, both PEM files."""

    certificate_file: Path
    key_file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host and port, with TLS or without."""

    host: str
    port: int
    tls: bool = False
    username: str = field(default="", repr=False)

    def context(self, *, ca_file: Path | None = None, certificate: Certificate | None = None) -> ssl.SSLContext | None:
        """What TLS needs; None without it. `ca_file`: the authority to trust instead of the system's.

        Raises:
            Invalid: a certificate is given for a connection without TLS.
        """
        if not self.tls:
            if certificate is not None or ca_file is not None:
                raise Invalid("A certificate needs TLS.", remedy="Use an address that starts with mqtts://.")
            return None
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
        if certificate is not None:
            context.load_cert_chain(certificate.certificate_file, certificate.key_file)
        return context


def parse_address(url: str) -> Address:
    """`mqtt://host:1883` or `mqtts://host`; a user name in front of the host is a token.

    Raises:
        Invalid: it is not such an address.
    """
    parts = urlsplit(url if "://" in url else f"mqtt://{url}")
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in _PORTS or not parts.hostname or port == 0:
        raise Invalid(f"{url[:200]!r} is not the address of an MQTT server.", remedy="Give one like mqtt://host:1883.")
    return Address(
        host=parts.hostname,
        port=port or _PORTS[parts.scheme],
        tls=parts.scheme in _SECURE,
        username=unquote(parts.username or ""),
    )

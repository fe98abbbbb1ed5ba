"""Who we are to a browser: the host passkeys are made for, and the origin of our pages (Web Authentication section 5.1.2)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from monokoto.kernel.errors import Conflict

LOCALHOST = "localhost"
_USUAL_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """A passkey made for one host is shown to no other."""

    id: str
    """The host, without a port."""
    origin: str
    """What a browser says it is at: scheme, host, and the port if it is not the usual one."""


def relying_party(address: str) -> RelyingParty:
    """Who we are at this base address.

    A browser takes no IP address for one; on this machine it is `localhost`, which leads to the same place.

    Raises:
        Conflict: there can be no passkeys here: an IP address, or plain HTTP beyond this machine.
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").lower()
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        is_address = False
    else:
        is_address = not known.is_loopback
        host = LOCALHOST if known.is_loopback else host
    if is_address or (parts.scheme != "https" and host != LOCALHOST and not host.endswith(f".{LOCALHOST}")):
        raise Conflict(
            f"There are no passkeys at {parts.scheme}://{host}: browsers make them for a name, over TLS.",
            remedy="Set `api.public_url` to an https address with a name.",
        )
    port = "" if parts.port in {None, _USUAL_PORTS.get(parts.scheme)} else f":{parts.port}"
    return RelyingParty(id=host, origin=f"{parts.scheme}://{host}{port}")

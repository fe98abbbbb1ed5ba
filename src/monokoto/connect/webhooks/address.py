"""Where a receiver may be: in the public network. A receiver's address is given by a customer, and our network is not theirs:
a name is resolved by us, every address it has must be public, and the connection goes to the address that was looked at.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from monokoto.kernel.errors import Fault, Invalid, Unavailable

URL_LENGTH_MAX: Final = 2048
_EMBEDDING: Final = (
    # (network that carries an IPv4 address inside, bits to the right of it)
    (ipaddress.ip_network("64:ff9b::/96"), 0),
    (ipaddress.ip_network("2002::/16"), 80),
    (ipaddress.ip_network("::/96"), 0),
)
_UNROUTED: Final = (ipaddress.ip_network("64:ff9b:1::/48"), ipaddress.ip_network("fec0::/10"))

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """A receiver's address taken apart."""

    scheme: str
    host: str
    port: int
    target: str
    """Path and query."""

    @property
    def host_header(self) -> str:
        """As the receiver expects it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"https": 443, "http": 80}[self.scheme] else f"{host}:{self.port}"


def parse_url(url: str, *, allow_private: bool) -> Place:
    """The parts of a receiver's address.

    Raises:
        Invalid: it is none we would post to.
    """
    reason = ""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _not_a_receiver("it is not a URL") from None
    schemes = {"https", "http"} if allow_private else {"https"}
    if len(url) > URL_LENGTH_MAX or not url.isascii() or not url.isprintable() or " " in url:
        reason = f"a URL has at most {URL_LENGTH_MAX} printable ASCII characters"
    elif parts.scheme not in schemes:
        reason = f"it begins with {' or '.join(f'{one}://' for one in sorted(schemes))}"
    elif not parts.hostname:
        reason = "it names no host"
    elif parts.username is not None or parts.password is not None:
        reason = "user and password do not belong there; the signature says who we are"
    elif parts.fragment:
        reason = "a fragment is never sent"
    if reason:
        raise _not_a_receiver(reason)
    host = parts.hostname or ""
    if not allow_private and (literal := _literal(host)) is not None and not is_public(literal):
        raise _not_a_receiver("its address is not a public one")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Place(parts.scheme, host, port or {"https": 443, "http": 80}[parts.scheme], target)


def _not_a_receiver(reason: str) -> Invalid:
    return Invalid("This cannot be a receiver's address.", faults=[Fault(place="url", reason=reason)])


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, and so is any IPv4 address inside it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _UNROUTED) or address.teredo is not None:
            return False
        for network, shift in _EMBEDDING:
            if address in network:
                return is_public(ipaddress.IPv4Address((int(address) >> shift) & 0xFFFFFFFF))
    return address.is_global and not (
        address.is_multicast or address.is_private or address.is_reserved or address.is_unspecified
    )


async def resolve(place: Place, *, allow_private: bool) -> str:
    """An address to connect to, out of what the name stands for at this moment.

    Raises:
        Unavailable: the name stands for nothing, or for something that is not public: not even one of its addresses may be.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unavailable(f"The name {place.host} cannot be resolved: {error.strerror or error}") from None
    addresses = list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
    if not addresses:
        raise Unavailable(f"The name {place.host} stands for no address.")
    if not allow_private and not all(is_public(ipaddress.ip_address(one)) for one in addresses):
        raise Unavailable(f"The name {place.host} stands for an address that is not public.")
    return addresses[0]

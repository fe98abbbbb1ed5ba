"""The ports an installation listens on, and which of them somebody else has."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from monokoto.kernel.errors import BadSettings, Fault
from monokoto.settings import Settings

LOOPBACK = "127.0.0.1"


def listening(settings: Settings) -> Iterator[tuple[str, str, int]]:
    """The setting, the address and the port of everything that will listen on a port chosen beforehand."""
    gateway, api, log = settings.gateway, settings.api, settings.log
    chosen = [
        ("api.port", api.host, api.port),
        ("gateway.mqtt_port", gateway.host, gateway.mqtt_port),
        ("gateway.websocket_port", gateway.host, gateway.websocket_port),
    ]
    if gateway.certificate_file:
        chosen.append(("gateway.mqtts_port", gateway.host, gateway.mqtts_port))
    if not log.url:
        chosen.append(("log.port", LOOPBACK, log.port))
    for setting, host, port in chosen:
        if port:
            yield setting, host, port


def ports_taken(settings: Settings) -> list[Fault]:
    """A fault for every port that cannot be listened on now, and for every one that two settings name."""
    faults: list[Fault] = []
    first: dict[int, str] = {}
    for setting, host, port in listening(settings):
        if port in first:
            faults.append(Fault(place=setting, reason=f"port {port} is that of {first[port]} already"))
        elif reason := _refusal(host, port):
            faults.append(Fault(place=setting, reason=f"cannot listen on {host}:{port}: {reason}"))
        first.setdefault(port, setting)
    return faults


def require_ports(settings: Settings) -> None:
    """Look before anything is started: a port found taken by the last of several processes has cost a start and a stop.

    Raises:
        BadSettings: with a fault for each port that is not to be had.
    """
    if faults := ports_taken(settings):
        raise BadSettings(
            "Ports are taken; nothing was started.",
            remedy="Stop what listens there, or set another port (0: a free one). `koto settings` lists them.",
            faults=faults,
        )


def _refusal(host: str, port: int) -> str:
    """Why nobody could listen there; empty when one could."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as error:
        return error.strerror or str(error)
    return ""

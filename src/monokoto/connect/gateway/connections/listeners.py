"""The sockets units connect to: TCP, TLS, WebSocket."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

from monokoto.connect.gateway.connections.connection import Connection, Host
from monokoto.connect.gateway.connections.websocket import WebSocket
from monokoto.kernel.errors import BadSettings
from monokoto.settings import GatewaySettings

BACKLOG = 4096


class Listeners:
    """The open listening sockets of one process."""

    def __init__(self, gateway: Host, settings: GatewaySettings) -> None:
        self._gateway = gateway
        self._settings = settings
        self._servers: list[asyncio.Server] = []
        self.ports: dict[str, int] = {}
        """`mqtt`, `mqtts`, `websocket`: the real ports."""

    async def start(self) -> None:
        """Listen. Raises BadSettings: a port is taken, a certificate cannot be read."""
        settings = self._settings
        context = tls_context(settings)
        await self._listen("mqtt", settings.mqtt_port, self._connection, None)
        await self._listen("websocket", settings.websocket_port, self._websocket, None)
        if context is not None:
            await self._listen("mqtts", settings.mqtts_port, self._connection, context)

    async def stop(self) -> None:
        """Accept no more; what is open stays open."""
        for server in self._servers:
            server.close()

    def _connection(self) -> asyncio.Protocol:
        return Connection(self._gateway)

    def _websocket(self) -> asyncio.Protocol:
        return WebSocket(self._gateway)

    async def _listen(
        self, name: str, port: int, protocol: Callable[[], asyncio.Protocol], context: ssl.SSLContext | None
    ) -> None:
        settings = self._settings
        try:
            server = await asyncio.get_running_loop().create_server(
                protocol,
                settings.host,
                port,
                ssl=context,
                backlog=BACKLOG,
                # Only where several processes share the port: else a second Monokoto would take half of the units unseen.
                reuse_port=settings.processes > 1 or None,
            )
        except OSError as error:
            await self.stop()
            raise BadSettings(
                f"The gateway cannot listen on {settings.host} port {port} ({name}): {error.strerror or error}.",
                remedy=f"Stop what uses the port, or set gateway.{name}_port to another one.",
            ) from error
        self._servers.append(server)
        self.ports[name] = server.sockets[0].getsockname()[1]


def tls_context(settings: GatewaySettings) -> ssl.SSLContext | None:
    """TLS 1.2 or later, with client certificates when a CA for them is set; None without a certificate.

    A unit with a self-signed certificate is let in by putting that certificate into `client_ca_file`.

    Raises:
        BadSettings: a file cannot be read or holds something else.
    """
    if not settings.certificate_file:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    files = {
        "gateway.certificate_file": settings.certificate_file,
        "gateway.key_file": settings.key_file,
        "gateway.client_ca_file": settings.client_ca_file,
    }
    for setting, file in files.items():
        if file and not Path(file).is_file():
            raise BadSettings(f"There is no file {file}.", remedy=f"Set {setting} to a PEM file, or to nothing.")
    try:
        context.load_cert_chain(settings.certificate_file, settings.key_file or None)
        if settings.client_ca_file:
            context.load_verify_locations(settings.client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (ssl.SSLError, OSError) as error:
        raise BadSettings(
            f"The gateway's TLS files cannot be used: {error}.",
            remedy="gateway.certificate_file and gateway.key_file must belong together, in PEM.",
        ) from error
    return context

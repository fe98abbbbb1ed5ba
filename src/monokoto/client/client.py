"""The two clients: where the platform is, who asks, and how patiently."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Final

import httpx

from monokoto.client.awaiting import AsyncGroups
from monokoto.client.blocking import Groups
from monokoto.client.errors import BadAddress
from monokoto.client.wire import Api, AsyncApi, Call, Retries

TIMEOUT_SECONDS: Final = 60.0
"""How long nothing may come; live streams say every 15 s that they are there."""
FILE_TIMEOUT_SECONDS: Final = 900.0
"""The same for files, up and down: a large import is answered once it is all there."""
_USER_AGENT: Final = "monokoto-python"
_chance: Final = secrets.SystemRandom().random


class Client(Groups):
    """The API, blocking. To be used as a context manager, or closed; threads may share it.

        with Client("http://127.0.0.1:8080", key) as client:
            for unit in client.units.list(product="thermostat"):
                print(unit.serial, unit.status)

    Args:
        url: Address of the platform.
        key: API key, or a unit's token for `client.ingest`; empty: none (`client.sessions.sign_in` then signs a person in).
        retries: How often a call is tried.
        timeout_seconds: How long nothing may come before a try has failed.
        file_timeout_seconds: The same for files.
        transport: What carries requests, instead of the network.
        sleep: What waits, in seconds.
        chance: Random numbers from [0, 1), for waits.

    Raises:
        BadAddress: `url` is no address.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        retries: Retries | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        file_timeout_seconds: float = FILE_TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = _chance,
    ) -> None:
        self.url = url
        try:
            http = httpx.Client(base_url=url, headers=_headers(key), transport=transport, verify=_authorities(url))
        except httpx.InvalidURL as error:
            raise BadAddress(f"{url!r} is not an address: {error}.") from None
        self.api = Api(
            http,
            retries=retries or Retries(),
            timeout_seconds=timeout_seconds,
            file_timeout_seconds=file_timeout_seconds,
            sleep=sleep,
            chance=chance,
        )
        super().__init__(self.api)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self.api.http.close()

    def ask(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Any route, answered as plain JSON values: what `fields` cuts, what is newer than this client. Raises ApiError.

        Args:
            method: `GET`, `POST`, ...
            path: Such as `/api/v1/units`.
            query: Parameters; None: left out.
            more: Further members of a `Call`: `body`, `headers`, ...
        """
        return self.api.ask_plain(_free_call(method, path, query, more))


class AsyncClient(AsyncGroups):
    """The API on an event loop. To be used with `async with`, or closed. Arguments are those of `Client`."""

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        retries: Retries | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        file_timeout_seconds: float = FILE_TIMEOUT_SECONDS,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = _chance,
    ) -> None:
        self.url = url
        try:
            http = httpx.AsyncClient(base_url=url, headers=_headers(key), transport=transport, verify=_authorities(url))
        except httpx.InvalidURL as error:
            raise BadAddress(f"{url!r} is not an address: {error}.") from None
        self.api = AsyncApi(
            http,
            retries=retries or Retries(),
            timeout_seconds=timeout_seconds,
            file_timeout_seconds=file_timeout_seconds,
            sleep=sleep,
            chance=chance,
        )
        super().__init__(self.api)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close its connections."""
        await self.api.http.aclose()

    async def ask(self, method: str, path: str, *, query: Mapping[str, Any] | None = None, **more: Any) -> Any:
        """Any route, answered as plain JSON values; see `Client.ask`. Raises ApiError."""
        return await self.api.ask_plain(_free_call(method, path, query, more))


def _headers(key: str) -> dict[str, str]:
    headers = {"User-Agent": _USER_AGENT}
    return headers | ({"Authorization": f"Bearer {key}"} if key else {})


def _authorities(url: str) -> ssl.SSLContext | bool:
    """Who vouches for the platform: for a plain address nobody, since to read all of them takes 18 ms of every command."""
    return True if not url.lower().startswith("http://") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _free_call(method: str, path: str, query: Mapping[str, Any] | None, more: Mapping[str, Any]) -> Call:
    reads = method.upper() in {"GET", "HEAD"}
    return Call(
        method=method.upper(), path=path, query=query or {}, **{"repeatable": reads, "keyed": not reads, **more}
    )

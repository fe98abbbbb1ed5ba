# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.health`: How the platform feels. These need no key."""

from __future__ import annotations

from monokoto.client.types import Health
from monokoto.client.wire import AsyncApi, Call


class AsyncHealthApi:
    """How the platform feels. These need no key."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def get_index(self) -> dict[str, str]:
        """Where things are.

        The way to everything else.
        """
        call = Call(method="GET", path="/", repeatable=True)
        return await self._api.ask(call, dict[str, str])

    async def get(self) -> Health:
        """Is the process alive?

        Answers as long as the process does.
        """
        call = Call(method="GET", path="/healthz", repeatable=True)
        return await self._api.ask(call, Health)

    async def get_metrics(self) -> str:
        """Prometheus metrics.

        Numbers about the platform as a whole; none about a single organisation.
        """
        call = Call(method="GET", path="/metrics", repeatable=True, accept="text/plain")
        return await self._api.ask_text(call)

    async def get_readiness(self) -> Health:
        """Can it do its work?

        200 when every engine answers and the line moves; 503 with what is wrong otherwise.
        """
        call = Call(method="GET", path="/readyz", repeatable=True)
        return await self._api.ask(call, Health)

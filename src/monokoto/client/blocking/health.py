# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.health`: How the platform feels. These need no key."""

from __future__ import annotations

from monokoto.client.types import Health
from monokoto.client.wire import Api, Call


class HealthApi:
    """How the platform feels. These need no key."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def get_index(self) -> dict[str, str]:
        """Where things are.

        The way to everything else.
        """
        call = Call(method="GET", path="/", repeatable=True)
        return self._api.ask(call, dict[str, str])

    def get(self) -> Health:
        """Is the process alive?

        Answers as long as the process does.
        """
        call = Call(method="GET", path="/healthz", repeatable=True)
        return self._api.ask(call, Health)

    def get_metrics(self) -> str:
        """Prometheus metrics.

        Numbers about the platform as a whole; none about a single organisation.
        """
        call = Call(method="GET", path="/metrics", repeatable=True, accept="text/plain")
        return self._api.ask_text(call)

    def get_readiness(self) -> Health:
        """Can it do its work?

        200 when every engine answers and the line moves; 503 with what is wrong otherwise.
        """
        call = Call(method="GET", path="/readyz", repeatable=True)
        return self._api.ask(call, Health)

# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.presence`: Which units are connected, and when they were heard of."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.client.types import FleetPresence, UnitPresence
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncPresenceApi:
    """Which units are connected, and when they were heard of."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def list(
        self,
        *,
        online: bool | None = None,
        unit: Sequence[str] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[FleetPresence, UnitPresence]:
        """Count and list who is online.

        Counts of all units that are not retired, and a page of them from the oldest on. To a maker of the units it
        made, to others of those they own or use now. With `unit`, counts and page are of those units alone, as far
        as what they are like now lies open to the asker. Needs `units:read`.

        Args:
            online: Only units online, or only those offline.
            unit: Only these units (at most 10,000).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/presence",
            query=given(online=online, unit=unit, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, FleetPresence, UnitPresence)

    async def get(self, unit: str) -> UnitPresence:
        """Say whether a unit is online.

        Whether it is connected, since when, by which sessions, and when it was last heard of. Needs `units:read`.
        Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/presence", repeatable=True)
        return await self._api.ask(call, UnitPresence)

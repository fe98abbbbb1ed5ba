# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.dead_letters`: What units sent and could not be taken, with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.client.types import DeadLetter, DeadLetterCount, DeadLetterPage
from monokoto.client.wire import Api, Call, Pages, given


class DeadLettersApi:
    """What units sent and could not be taken, with the reason."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list(
        self, *, unit: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> Pages[DeadLetterPage, DeadLetter]:
        """List dead letters, newest first.

        Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Only this unit's.
            cursor: `next_cursor` of the page before.
            limit: At most so many on this page (1 to 10000; default: 100).
        """
        call = Call(
            method="GET",
            path="/api/v1/dead-letters",
            query=given(unit=unit, cursor=cursor, limit=limit),
            repeatable=True,
        )
        return self._api.pages(call, DeadLetterPage, DeadLetter)

    def count(self, *, unit: str | None = None) -> Sequence[DeadLetterCount]:
        """Count dead letters.

        Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Only this unit's.
        """
        call = Call(method="GET", path="/api/v1/dead-letters/counts", query=given(unit=unit), repeatable=True)
        return self._api.ask(call, list[DeadLetterCount])

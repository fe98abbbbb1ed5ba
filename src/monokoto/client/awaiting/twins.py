# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.twins`: What units are like now, and what they should be like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import UNSET, UnsetType

from monokoto.client.types import DesiredRevision, DesiredRevisionPage, LatestColumns, LatestRows, Rebuild, Twin
from monokoto.client.wire import AsyncApi, AsyncEvents, AsyncPages, Call, given, segment


class AsyncTwinsApi:
    """What units are like now, and what they should be like."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def get_latest(
        self,
        *,
        units: Sequence[str] | None = None,
        product: str | None = None,
        properties: Sequence[str] | None = None,
        format: Literal["rows", "columns"] | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> LatestRows | LatestColumns:
        """The latest values of many units.

        For long lists of units use POST. Needs `telemetry:read`. Raises NotFound.

        Args:
            units: Unit ids, repeated or comma-separated.
            product: All units of this product that ever reported.
            properties: Names, repeated or comma-separated.
            format: An item per unit, or columns per product (default: rows).
            limit: At most so many on this page (1 to 10000; default: 10000).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/latest",
            query=given(units=units, product=product, properties=properties, format=format, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return await self._api.ask_one_of(call, LatestRows, LatestColumns)

    async def post_latest(
        self,
        *,
        units: Sequence[str] | UnsetType | None = UNSET,
        product: str | UnsetType | None = UNSET,
        properties: Sequence[str] | UnsetType | None = UNSET,
        format: Literal["rows", "columns"] | UnsetType = UNSET,
        limit: int | UnsetType = UNSET,
        cursor: str | UnsetType | None = UNSET,
    ) -> LatestRows | LatestColumns:
        """The latest values of many units.

        Changes nothing; a POST because ten thousand ids do not fit into an address. Needs `telemetry:read`. Raises
        NotFound, Conflict, TooLarge.

        Args:
            units: At most 10,000.
            properties: At most 100.
            format: Default: rows.
            limit: 1 to 10000; default: 10000.
        """
        call = Call(
            method="POST",
            path="/api/v1/latest",
            body=given(units=units, product=product, properties=properties, format=format, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return await self._api.ask_one_of(call, LatestRows, LatestColumns)

    async def get_rebuild(self) -> Rebuild:
        """How far the rebuild is.

        The running one, or the last since the platform started. Needs `admin`. Raises NotFound.
        """
        call = Call(method="GET", path="/api/v1/twins/rebuild", repeatable=True)
        return await self._api.ask(call, Rebuild)

    async def rebuild(self, *, idempotency_key: str | None = None) -> Rebuild:
        """Compute all reported state anew from the history.

        Runs in the background, for this organisation; readings go on meanwhile. Needs `admin`. Raises Conflict,
        TooLarge.

        Args:
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(method="POST", path="/api/v1/twins/rebuild", key=idempotency_key, keyed=True)
        return await self._api.ask(call, Rebuild)

    def stream_twins(self, *, product: str | None = None, last_event_id: str | None = None) -> AsyncEvents:
        """The changes of all units, live.

        From now on, or from `Last-Event-ID` on. A slow client gets each unit's latest state, never a backlog. To a
        maker the units it made; to others those they own or use, as long as they do. Needs `telemetry:read`.

        Args:
            product: Only units of this product.
            last_event_id: The last event's id, to go on from there.
        """
        call = Call(
            method="GET",
            path="/api/v1/twins/stream",
            query=given(product=product),
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    async def get(self, unit: str) -> Twin:
        """What a unit reports and what is desired of it.

        With `If-None-Match`: 304 when nothing changed. Values of times that are not the asker's are left out. Needs
        `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/twin", repeatable=True)
        return await self._api.ask(call, Twin)

    async def get_desired(self, unit: str) -> dict[str, Any]:
        """What is desired of a unit.

        The document that PUT and PATCH change; its entity tag is the revision. What a former owner desired is not
        shown. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/twin/desired", repeatable=True)
        return await self._api.ask(call, dict[str, Any])

    async def put_desired(
        self, unit: str, values: Mapping[str, Any], *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Desire exactly this.

        Every value is held against the product's model; the unit is told at once, or when it comes back. Needs
        `control:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            values: Values by name.
            if_match: Change only if this is still the entity tag.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/units/{segment(unit)}/twin/desired",
            headers={"If-Match": if_match},
            body=values,
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, dict[str, Any])

    async def patch_desired(
        self, unit: str, values: Mapping[str, Any], *, if_match: str | None = None, idempotency_key: str | None = None
    ) -> dict[str, Any]:
        """Desire this as well.

        A JSON merge patch (RFC 7396): null takes a property out. What a former owner desired is not merged into, but
        gone. Needs `control:write`. Raises NotFound, Conflict, PreconditionFailed, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            values: Values by name.
            if_match: Change only if this is still the entity tag.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PATCH",
            path=f"/api/v1/units/{segment(unit)}/twin/desired",
            headers={"If-Match": if_match},
            body=values,
            key=idempotency_key,
            keyed=True,
            content_type="application/merge-patch+json",
        )
        return await self._api.ask(call, dict[str, Any])

    def list_desired_revisions(
        self, unit: str, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[DesiredRevisionPage, DesiredRevision]:
        """Who desired what, and when.

        Newest first, as many as are kept, of those that were desired in the asker's own times. Needs
        `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            limit: At most so many on this page (1 to 100; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/twin/desired/revisions",
            query=given(limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, DesiredRevisionPage, DesiredRevision)

    def stream_twin(self, unit: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """A unit's changes, live.

        Event `twin` first, then `reported` with the values that are new and `desired` with the whole desired state.
        It ends when the unit's present is no longer the asker's to see. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            last_event_id: The last event's id, to go on from there.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/twin/stream",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

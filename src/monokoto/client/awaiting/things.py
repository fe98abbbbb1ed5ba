# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.things`: Every unit as a W3C Web of Things Thing: its description, forms that work, the directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from monokoto.client.types import AccessToken, Format
from monokoto.client.wire import AsyncApi, AsyncEvents, Call, given, segment


class AsyncThingsApi:
    """Every unit as a W3C Web of Things Thing: its description, forms that work, the directory."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def get_directory_description(self) -> dict[str, Any]:
        """Where the directory of Things is.

        The Thing Description of the directory itself. It needs no key; what it points to does.
        """
        call = Call(method="GET", path="/.well-known/wot", repeatable=True, accept="application/td+json")
        return await self._api.ask(call, dict[str, Any])

    async def create_access_token(
        self, *, seconds: int | UnsetType = UNSET, idempotency_key: str | None = None
    ) -> AccessToken:
        """Make a short-lived token.

        It reads what you may read, on the routes of live changes alone, for 15 minutes at most: for an EventSource.
        Needs `telemetry:read`. Raises Conflict, TooLarge.

        Args:
            seconds: 1 to 900; default: 900.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST", path="/api/v1/access-tokens", body=given(seconds=seconds), key=idempotency_key, keyed=True
        )
        return await self._api.ask(call, AccessToken)

    async def search(self, *, query: str, product: str | None = None) -> Any:
        """Search Thing Descriptions by JSONPath.

        Everything the path finds in the array of descriptions, as `$[?@.title == 'Oven'].id`. Needs `units:read`.
        Raises TooLarge.

        Args:
            query: RFC 9535 (at most 512 characters).
            product: Things of this product alone (at most 128 characters).
        """
        call = Call(
            method="GET", path="/api/v1/search/jsonpath", query=given(query=query, product=product), repeatable=True
        )
        return await self._api.ask_plain(call)

    async def list(
        self,
        *,
        product: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        format: Format | None = None,
    ) -> Any:
        """List Thing Descriptions.

        Of the units within your reach, the oldest first. The `Link` header has the way to the next page. Needs
        `units:read`.

        Args:
            product: Things of this product alone (at most 128 characters).
            limit: At most so many on this page (1 to 1000; default: 100).
            cursor: `next_cursor` of the page before.
            format: How a page is written.
        """
        call = Call(
            method="GET",
            path="/api/v1/things",
            query=given(product=product, limit=limit, cursor=cursor, format=format),
            repeatable=True,
            accept="application/ld+json",
        )
        return await self._api.ask_plain(call)

    def stream_directory(self, *, last_event_id: str | None = None) -> AsyncEvents:
        """What happens in the directory.

        `thing_created`, `thing_updated` and `thing_deleted`, each with the Thing's id. Needs `units:read`.

        Args:
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path="/api/v1/things/events",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    def stream_directory_event(self, kind: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """What happens in the directory, of one kind.

        `thing_created`, `thing_updated` or `thing_deleted`. Needs `units:read`. Raises NotFound.

        Args:
            kind: Which kind.
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/things/events/{segment(kind)}",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    async def get(self, thing: str) -> dict[str, Any]:
        """Retrieve a Thing Description.

        By the Thing's id (`urn:monokoto:unit:...`), or the unit's. Needs `units:read`. Raises NotFound.

        Args:
            thing: Id of the thing: of its unit, or `urn:`.
        """
        call = Call(
            method="GET", path=f"/api/v1/things/{segment(thing)}", repeatable=True, accept="application/td+json"
        )
        return await self._api.ask(call, dict[str, Any])

    def subscribe_event(self, unit: str, name: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """Subscribe to an event.

        Its data, each time it happens. What happened before is at `/events`. Needs `telemetry:read`. Raises
        NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            name: Its name in the product's model.
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/events/{segment(name)}/subscribe",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    def observe_properties(self, unit: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """Observe all properties.

        An object of those that are new, again and again. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/observe",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    async def read_properties(self, unit: str, *, names: str | None = None) -> dict[str, Any]:
        """Read a unit's properties.

        The newest value of each that has one; with their times: `/twin`. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            names: Separated by commas; left out: all.
        """
        call = Call(
            method="GET", path=f"/api/v1/units/{segment(unit)}/properties", query=given(names=names), repeatable=True
        )
        return await self._api.ask(call, dict[str, Any])

    async def write_properties(
        self, unit: str, values: Mapping[str, Any], *, idempotency_key: str | None = None
    ) -> None:
        """Write several properties.

        They are desired of the unit, all or none; the unit is told at once, or when it comes back. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            values: Values by name.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT", path=f"/api/v1/units/{segment(unit)}/properties", body=values, key=idempotency_key, keyed=True
        )
        await self._api.tell(call)

    async def read_property(self, unit: str, name: str) -> Any:
        """Read a property.

        The newest value the unit reported, bare. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            name: Its name in the product's model.
        """
        call = Call(method="GET", path=f"/api/v1/units/{segment(unit)}/properties/{segment(name)}", repeatable=True)
        return await self._api.ask_plain(call)

    async def write_property(self, unit: str, name: str, value: Any, *, idempotency_key: str | None = None) -> None:
        """Write a property.

        The body is the value, bare. It is desired of the unit; what it reports then is what `GET` shows. Needs
        `control:write`. Raises NotFound, Conflict, TooLarge.

        Args:
            unit: Id of the unit: 13 characters.
            name: Its name in the product's model.
            value: A JSON value.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="PUT",
            path=f"/api/v1/units/{segment(unit)}/properties/{segment(name)}",
            body=value,
            key=idempotency_key,
            keyed=True,
        )
        await self._api.tell(call)

    def observe_property(self, unit: str, name: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """Observe a property.

        Each value the unit reports, bare. Server-sent events begin with the value there is. Needs `telemetry:read`.
        Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            name: Its name in the product's model.
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/properties/{segment(name)}/observe",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    def subscribe_events(self, unit: str, *, last_event_id: str | None = None) -> AsyncEvents:
        """Subscribe to all events.

        An object with the event's name and data, each time one happens. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            last_event_id: The last event's id.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/subscribe",
            headers={"Last-Event-ID": last_event_id},
            repeatable=True,
            accept="text/event-stream",
        )
        return self._api.events(call, ends=False)

    async def get_description(
        self, unit: str, *, with_token: bool | None = None, protocol: str | None = None
    ) -> dict[str, Any]:
        """A unit's Thing Description.

        W3C WoT Thing Description 1.1, out of the Thing Model of the unit's product version. Needs `units:read`.
        Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            with_token: Put a token of 15 minutes into the addresses of server-sent events (default: false).
            protocol: Forms over this protocol alone, with its security.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/td",
            query=given(with_token=with_token, protocol=protocol),
            repeatable=True,
            accept="application/td+json",
        )
        return await self._api.ask(call, dict[str, Any])

    async def get_model_of_unit(self, unit: str) -> dict[str, Any]:
        """The Thing Model a unit is made after.

        W3C WoT Thing Model 1.1 of its product version. Needs `units:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/thing-model",
            repeatable=True,
            accept="application/tm+json",
        )
        return await self._api.ask(call, dict[str, Any])

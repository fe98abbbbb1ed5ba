# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.ingest`: Where units send what they measured. A unit's token opens these, not an API key."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from monokoto.client.wire import AsyncApi, AsyncContent, Call, given, segment


class AsyncIngestApi:
    """Where units send what they measured. A unit's token opens these, not an API key."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    async def send_columns(self, value: Any) -> None:
        """Send readings in columns.

        Readings in columns, of one unit or of those below it in its product system. 204: they are on disk. Raises
        TooLarge.

        Args:
            value: A JSON value.
        """
        call = Call(method="POST", path="/api/v1/columns", body=value)
        await self._api.tell(call)

    async def send_event(self, event: str, value: Any = UNSET) -> None:
        """Send an event.

        One event of a unit; the body is its data, or empty. 204: it is on disk. Raises TooLarge.

        Args:
            event: Name of the event in the product's model.
            value: A JSON value.
        """
        call = Call(method="POST", path=f"/api/v1/events/{segment(event)}", body=value)
        await self._api.tell(call)

    async def send_telemetry(self, value: Any) -> None:
        """Send readings.

        Readings of one unit, as JSON or CBOR in any shape of docs/topics.md. 204: they are on disk. Raises TooLarge.

        Args:
            value: A JSON value.
        """
        call = Call(method="POST", path="/api/v1/telemetry", body=value)
        await self._api.tell(call)

    async def send_thingsboard_attributes(self, token: str, value: Any) -> None:
        """Send attributes as a ThingsBoard device.

        ThingsBoard's device API: client attributes are reported properties. 200: they are on disk. Raises TooLarge.

        Args:
            token: The unit's token.
            value: A JSON value.
        """
        call = Call(method="POST", path=f"/api/v1/{segment(token)}/attributes", body=value)
        await self._api.tell(call)

    async def send_thingsboard_telemetry(self, token: str, value: Any) -> None:
        """Send readings as a ThingsBoard device.

        ThingsBoard's device API: telemetry, the token in the path. 200: it is on disk. Raises TooLarge.

        Args:
            token: The unit's token.
            value: A JSON value.
        """
        call = Call(method="POST", path=f"/api/v1/{segment(token)}/telemetry", body=value)
        await self._api.tell(call)

    async def write_lines_influxdb2(
        self,
        content: AsyncContent,
        *,
        precision: str | None = None,
        unit_tag: str | None = None,
        naming: str | None = None,
    ) -> None:
        """Send line protocol as to InfluxDB 2.

        InfluxDB 2: line protocol, `Authorization: Token ...`. `org` and `bucket` are not looked at. Raises TooLarge.

        Args:
            content: What is sent, as it is.
            precision: Of the times: `ns` (default), `us`, `ms`, `s`, `m`, `h`.
            unit_tag: The tag that names a unit below the sender; default `unit`.
            naming: What a property is called: `field` (default), `measurement_field` or `measurement.field`.
        """
        call = Call(
            method="POST",
            path="/api/v2/write",
            query=given(precision=precision, unit_tag=unit_tag, naming=naming),
            content=content,
            content_type="text/plain",
        )
        await self._api.tell(call)

    async def write_lines(
        self,
        content: AsyncContent,
        *,
        precision: str | None = None,
        unit_tag: str | None = None,
        naming: str | None = None,
        p: str | None = None,
        u: str | None = None,
    ) -> None:
        """Send line protocol as to InfluxDB 1.

        InfluxDB 1: line protocol; the token as `p` (or `u`), or in Authorization. `db` and `rp` are not looked at.
        Raises TooLarge.

        Args:
            content: What is sent, as it is.
            precision: Of the times: `ns` (default), `us`, `ms`, `s`, `m`, `h`.
            unit_tag: The tag that names a unit below the sender; default `unit`.
            naming: What a property is called: `field` (default), `measurement_field` or `measurement.field`.
            p: The unit's token (InfluxDB's password).
            u: The unit's token, if `p` is not it.
        """
        call = Call(
            method="POST",
            path="/write",
            query=given(precision=precision, unit_tag=unit_tag, naming=naming, p=p, u=u),
            content=content,
            content_type="text/plain",
        )
        await self._api.tell(call)

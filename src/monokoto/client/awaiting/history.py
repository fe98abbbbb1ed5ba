# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.history`: What units measured: readings, buckets, charts, files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import UNSET, UnsetType

from monokoto.client.types import ChartMethod, Event, EventPage, History, Imported
from monokoto.client.wire import AsyncApi, AsyncContent, AsyncDownload, AsyncPages, Call, given, segment


class AsyncHistoryApi:
    """What units measured: readings, buckets, charts, files."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def export_readings(
        self,
        *,
        unit: Sequence[str] | None = None,
        product: str | None = None,
        property: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        format: str | None = None,
        shape: str | None = None,
        gzip: bool | None = None,
    ) -> AsyncDownload:
        """Export readings as a file.

        Sorted by property, unit and time (tall), or by unit and time (wide). Needs `telemetry:read`. Raises
        NotFound.

        Args:
            unit: Ids of units; left out: all of `product`.
            product: All units of this product.
            property: Left out: all.
            from_: RFC 3339, or before now: `-24h`; default: a day before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            format: csv, ndjson, parquet or arrow (default: csv).
            shape: `tall`: a row a reading; `wide`: a row a moment (default: tall).
            gzip: Compress csv and ndjson (default: false).
        """
        call = Call(
            method="GET",
            path="/api/v1/export",
            query=given(unit=unit, product=product, property=property, from_=from_, to=to, format=format, shape=shape)
            | given(gzip=gzip),
            repeatable=True,
            accept="*/*",
        )
        return self._api.download(call)

    async def get(
        self,
        *,
        product: str | None = None,
        property: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        width: str | None = None,
        zone: str | None = None,
        aggregate: Sequence[str] | None = None,
        group: str | None = None,
        fill: str | None = None,
        points: int | None = None,
        method: ChartMethod | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: str | None = None,
        unit: Sequence[str] | None = None,
    ) -> History:
        """Ask for readings, buckets of readings, or a chart.

        `width` asks for buckets, `points` for few readings that draw the same curve; neither: the readings
        themselves. Needs `telemetry:read`. Raises NotFound.

        Args:
            product: The product whose units are meant.
            property: Left out: all.
            from_: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`; default: a day before `to`.
            to: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`; itself not included; default: now.
            width: Answer buckets: `10s`, `15min`, `6h`, `day`, `week`, `month`, `quarter`, `year`.
            zone: IANA zone in which days and longer buckets are cut (default: UTC).
            aggregate: With `width`; default: avg, min, max, count.
            group: A series for each `unit`, each `product`, or one of `all` (default: unit).
            fill: Empty buckets: `none` (left out), `null`, `previous`, `linear` (default: none).
            points: Answer so many readings of each series that keep the curve's shape (default: 0).
            method: How many readings become few without losing the curve's shape.
            limit: At most so many on this page (default: 1000).
            cursor: `next_cursor` of the page before.
            order: `oldest` or `newest` first (default: oldest).
            unit: Ids of units; left out: all of `product`.
        """
        call = Call(
            method="GET",
            path="/api/v1/history",
            query=given(product=product, property=property, from_=from_, to=to, width=width, zone=zone)
            | given(aggregate=aggregate, group=group, fill=fill, points=points, method=method, limit=limit)
            | given(cursor=cursor, order=order, unit=unit),
            repeatable=True,
        )
        return await self._api.ask(call, History)

    async def post(
        self,
        *,
        units: Sequence[str] | UnsetType = UNSET,
        product: str | UnsetType = UNSET,
        properties: Sequence[str] | UnsetType = UNSET,
        from_: str | UnsetType = UNSET,
        to: str | UnsetType = UNSET,
        width: str | UnsetType = UNSET,
        zone: str | UnsetType = UNSET,
        aggregates: Sequence[str] | UnsetType = UNSET,
        group: str | UnsetType = UNSET,
        groups: Mapping[str, Sequence[str]] | UnsetType = UNSET,
        fill: str | UnsetType = UNSET,
        points: int | UnsetType = UNSET,
        method: ChartMethod | UnsetType = UNSET,
        limit: int | UnsetType = UNSET,
        cursor: str | UnsetType | None = UNSET,
        order: str | UnsetType = UNSET,
    ) -> History:
        """Ask the history about many units.

        A list of units too long for an address goes in the body; so do named sets of units. Needs `telemetry:read`.
        Raises NotFound, Conflict, TooLarge.

        Args:
            units: Empty: all units of `product` (at most 10,000).
            properties: Empty: all.
            from_: First instant: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`; default: a day before
                `to`.
            to: Where the time ends, itself not included: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`;
                default: now.
            width: Answer buckets: `10s`, `15min`, `6h`, `day`, `week`, `month`, `quarter`, `year`.
            zone: IANA zone in which days and longer buckets are cut (default: UTC).
            aggregates: count, sum, avg, min, max, stddev, first, last, p50 (any percentile), time_avg, integral.
            group: A series for each `unit`, each `product`, or one of `all` (default: unit).
            groups: Named sets of units, each a series of its own; with `width`.
            fill: Empty buckets: `none` (left out), `null`, `previous`, `linear` (default: none).
            points: Answer so many readings of each series that keep the curve's shape (default: 0).
            limit: Default: 1000.
            order: `oldest` or `newest` first (default: oldest).
        """
        call = Call(
            method="POST",
            path="/api/v1/history",
            body=given(units=units, product=product, properties=properties, from_=from_, to=to, width=width, zone=zone)
            | given(aggregates=aggregates, group=group, groups=groups, fill=fill, points=points, method=method)
            | given(limit=limit, cursor=cursor, order=order),
            repeatable=True,
        )
        return await self._api.ask(call, History)

    async def import_readings(
        self,
        content: AsyncContent,
        *,
        content_type: Literal[
            "text/csv", "application/x-ndjson", "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"
        ],
        format: str | None = None,
        check: bool | None = None,
        idempotency_key: str | None = None,
    ) -> Imported:
        """Import readings from a file.

        Rows that fit the units' models are stored, the others told and counted. The same file again changes nothing.
        Needs `telemetry:write`. Raises Conflict, TooLarge.

        Args:
            content: What is sent, as it is.
            content_type: How it is written.
            format: csv, ndjson, parquet or arrow; default: by Content-Type.
            check: Only say what would be refused; store nothing (default: false).
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/import",
            query=given(format=format, check=check),
            content=content,
            content_type=content_type,
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, Imported)

    def list_unit_events(
        self,
        unit: str,
        *,
        event: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: str | None = None,
    ) -> AsyncPages[EventPage, Event]:
        """List one unit's events.

        Newest first, unless asked otherwise; a week, unless asked otherwise. Needs `telemetry:read`. Raises
        NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            event: Names of events; left out: all.
            from_: RFC 3339, or before now: `-24h`; default: a day before `to` (default: -7d).
            to: RFC 3339, or before now; itself not included; default: now.
            limit: At most so many on this page (default: 100).
            cursor: `next_cursor` of the page before.
            order: Which come first (default: newest).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/events",
            query=given(event=event, from_=from_, to=to, limit=limit, cursor=cursor, order=order),
            repeatable=True,
        )
        return self._api.pages(call, EventPage, Event)

    async def get_unit_history(
        self,
        unit: str,
        *,
        product: str | None = None,
        property: Sequence[str] | None = None,
        from_: str | None = None,
        to: str | None = None,
        width: str | None = None,
        zone: str | None = None,
        aggregate: Sequence[str] | None = None,
        group: str | None = None,
        fill: str | None = None,
        points: int | None = None,
        method: ChartMethod | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        order: str | None = None,
    ) -> History:
        """Ask for one unit's readings, buckets or chart.

        As `/history` with this unit alone. Needs `telemetry:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            product: The product whose units are meant.
            property: Left out: all.
            from_: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`; default: a day before `to`.
            to: RFC 3339, or so long before now: `-15min`, `-24h`, `-7d`; itself not included; default: now.
            width: Answer buckets: `10s`, `15min`, `6h`, `day`, `week`, `month`, `quarter`, `year`.
            zone: IANA zone in which days and longer buckets are cut (default: UTC).
            aggregate: With `width`; default: avg, min, max, count.
            group: A series for each `unit`, each `product`, or one of `all` (default: unit).
            fill: Empty buckets: `none` (left out), `null`, `previous`, `linear` (default: none).
            points: Answer so many readings of each series that keep the curve's shape (default: 0).
            method: How many readings become few without losing the curve's shape.
            limit: At most so many on this page (default: 1000).
            cursor: `next_cursor` of the page before.
            order: `oldest` or `newest` first (default: oldest).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/history",
            query=given(product=product, property=property, from_=from_, to=to, width=width, zone=zone)
            | given(aggregate=aggregate, group=group, fill=fill, points=points, method=method, limit=limit)
            | given(cursor=cursor, order=order),
            repeatable=True,
        )
        return await self._api.ask(call, History)

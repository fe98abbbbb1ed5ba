# Written by `uv run poe client` from the OpenAPI document of the application: changes made here are lost.
"""`client.usage`: What units used: meters, totals, the samples behind them; usage told from outside; corrections."""

from __future__ import annotations

from collections.abc import Sequence

from monokoto.client.types import (
    CorrectionRequest,
    CustomerUsage,
    Meter,
    MeterPage,
    Usage,
    UsageBucket,
    UsageByCustomer,
    UsageCorrection,
    UsageCorrectionPage,
    UsageCorrections,
    UsageEvents,
    UsageRow,
    UsageRowPage,
)
from monokoto.client.wire import AsyncApi, AsyncPages, Call, given, segment


class AsyncUsageApi:
    """What units used: meters, totals, the samples behind them; usage told from outside; corrections."""

    def __init__(self, api: AsyncApi) -> None:
        self._api = api

    def get_customer_usage(
        self,
        *,
        meter: str,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[UsageByCustomer, CustomerUsage]:
        """Ask how much customers used.

        Of their subscriptions' units while these were theirs, in the order the customers were made. Usage of several
        units adds up; where two customers pay for the same unit at the same time, it counts for both. Needs
        `earn:read`. Raises NotFound.

        Args:
            meter: The meter: `product/name` (at most 160 characters).
            from_: RFC 3339, or before now: `-24h`; default: 30 days before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            limit: At most so many on this page (1 to 200; default: 50).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/customer-usage",
            query=given(meter=meter, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, UsageByCustomer, CustomerUsage)

    def list_meters(
        self, *, product: str | None = None, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[MeterPage, Meter]:
        """List meters.

        What is counted of your products, by product and name. Needs `earn:read`. Raises NotFound.

        Args:
            product: Only of this product (at most 64 characters).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/meters",
            query=given(product=product, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, MeterPage, Meter)

    def get_unit_usage(
        self,
        unit: str,
        *,
        meter: str,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        timezone: str | None = None,
    ) -> AsyncPages[Usage, UsageBucket]:
        """Ask how much a unit was used.

        One total, by hour, day or month of a time zone, or by a field. Only your own time with the unit is counted.
        Needs `portal:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            meter: The meter: its name, or `product/name` (at most 160 characters).
            from_: RFC 3339, or before now: `-24h`; default: 30 days before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            by: hour, day, month, unit, or a field of the meter's `by`; empty: one total (at most 200 characters).
            timezone: Whose days and months: an IANA time zone (at most 64 characters; default: UTC).
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/usage",
            query=given(meter=meter, from_=from_, to=to, by=by, timezone=timezone),
            repeatable=True,
        )
        return self._api.pages(call, Usage, UsageBucket)

    def list_unit_usage_rows(
        self,
        unit: str,
        *,
        meter: str,
        from_: str | None = None,
        to: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[UsageRowPage, UsageRow]:
        """List the samples behind a unit's usage.

        Of your own time with the unit. Needs `portal:read`. Raises NotFound.

        Args:
            unit: Id of the unit: 13 characters.
            meter: The meter: its name, or `product/name` (at most 160 characters).
            from_: RFC 3339, or before now: `-24h`; default: 30 days before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path=f"/api/v1/units/{segment(unit)}/usage-rows",
            query=given(meter=meter, from_=from_, to=to, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, UsageRowPage, UsageRow)

    def get_usage(
        self,
        *,
        meter: str,
        unit: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        by: str | None = None,
        timezone: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[Usage, UsageBucket]:
        """Ask how much was used.

        Of your products: one unit, or all. Usage of several units adds up. With `by=unit` in pages. Needs
        `earn:read`. Raises NotFound.

        Args:
            meter: The meter: `product/name` (at most 160 characters).
            unit: Id of a unit; left out: all of the meter's product.
            from_: RFC 3339, or before now: `-24h`; default: 30 days before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            by: hour, day, month, unit, or a field of the meter's `by`; empty: one total (at most 200 characters).
            timezone: Whose days and months: an IANA time zone (at most 64 characters; default: UTC).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/usage",
            query=given(
                meter=meter, unit=unit, from_=from_, to=to, by=by, timezone=timezone, limit=limit, cursor=cursor
            ),
            repeatable=True,
        )
        return self._api.pages(call, Usage, UsageBucket)

    def list_usage_corrections(
        self, *, limit: int | None = None, cursor: str | None = None
    ) -> AsyncPages[UsageCorrectionPage, UsageCorrection]:
        """List corrections of usage.

        The newest first. Needs `earn:read`.

        Args:
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET", path="/api/v1/usage-corrections", query=given(limit=limit, cursor=cursor), repeatable=True
        )
        return self._api.pages(call, UsageCorrectionPage, UsageCorrection)

    async def make_usage_corrections(
        self, *, corrections: Sequence[CorrectionRequest], idempotency_key: str | None = None
    ) -> UsageCorrections:
        """Correct usage.

        Give samples another value, take them out, or add some nobody told, of whatever age. What is billed already
        is rated again. Every correction stays on record with its reason. Needs `earn:write`. Raises Conflict,
        TooLarge.

        Args:
            corrections: At most 1,000.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/usage-corrections",
            body=given(corrections=corrections),
            key=idempotency_key,
            keyed=True,
        )
        return await self._api.ask(call, UsageCorrections)

    async def send_usage_events(self, values: str, *, idempotency_key: str | None = None) -> UsageEvents:
        """Tell usage from outside.

        CloudEvents 1.0 in JSON, an array or one; `subject` is the unit's id. Each is answered for itself: accepted
        ones are on disk, duplicates were told before, refused ones say why. Telling a request again changes nothing.
        Needs `earn:write`. Raises Conflict, TooLarge.

        Args:
            values: Values by name.
            idempotency_key: Sent again with the same one, it is done once (default: a fresh one for each call).
        """
        call = Call(
            method="POST",
            path="/api/v1/usage-events",
            body=values,
            key=idempotency_key,
            keyed=True,
            content_type="application/cloudevents-batch+json",
        )
        return await self._api.ask(call, UsageEvents)

    def list_usage_rows(
        self,
        *,
        meter: str,
        unit: str | None = None,
        from_: str | None = None,
        to: str | None = None,
        deleted: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> AsyncPages[UsageRowPage, UsageRow]:
        """List the samples behind usage.

        By unit and time; each names the reading or event it was taken from. Needs `earn:read`. Raises NotFound.

        Args:
            meter: The meter: `product/name` (at most 160 characters).
            unit: Id of a unit; left out: all of the meter's product.
            from_: RFC 3339, or before now: `-24h`; default: 30 days before `to`.
            to: RFC 3339, or before now; itself not included; default: now.
            deleted: Also those a correction took out (default: false).
            limit: At most so many on this page (1 to 10000; default: 100).
            cursor: `next_cursor` of the page before.
        """
        call = Call(
            method="GET",
            path="/api/v1/usage-rows",
            query=given(meter=meter, unit=unit, from_=from_, to=to, deleted=deleted, limit=limit, cursor=cursor),
            repeatable=True,
        )
        return self._api.pages(call, UsageRowPage, UsageRow)

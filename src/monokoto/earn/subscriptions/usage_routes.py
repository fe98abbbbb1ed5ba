"""Usage by customer over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter
from msgspec import Meta

from monokoto.earn.metering import MeterKey, Since, Until, span_of
from monokoto.earn.subscriptions.usage import UsageByCustomer
from monokoto.kernel.clock import Instant, format_instant
from monokoto.kernel.ids import format_id
from monokoto.web import Caller, Scope, decode_cursor, encode_cursor, problem_responses, requires

USAGE_CUSTOMERS_MAX = 200
"""Customers on a page: each of them is looked up with all of their units."""
USAGE_CUSTOMERS_DEFAULT = 50


class CustomerUsageJson(msgspec.Struct, frozen=True):
    """What the units of one customer used."""

    customer: str
    name: str
    subscriptions: Annotated[int, Meta(description="That were for some unit in this time")]
    units: int
    quantity: Annotated[str, Meta(description="An exact decimal")]


class UsageByCustomerJson(msgspec.Struct, frozen=True, rename={"begin": "from", "end": "to"}):
    """Usage of one meter in one time, customer by customer."""

    meter: str
    unit: Annotated[str, Meta(description="What it counts in")]
    begin: str
    end: str
    items: list[CustomerUsageJson]
    next_cursor: str | None


class CustomerUsageController(Controller):
    """`/api/v1/customer-usage`."""

    path = "/api/v1/customer-usage"
    tags = ("Usage",)

    @get(
        "",
        operation_id="getCustomerUsage",
        guards=[requires(Scope.EARN_READ)],
        responses=problem_responses(404),
        summary="Ask how much customers used",
    )
    async def usage(
        self,
        caller: NamedDependency[Caller],
        usage_by_customer: NamedDependency[UsageByCustomer],
        meter: MeterKey,
        since: Since = "",
        until: Until = "",
        limit: Annotated[int, QueryParameter(ge=1, le=USAGE_CUSTOMERS_MAX)] = USAGE_CUSTOMERS_DEFAULT,
        cursor: FromQuery[str | None] = None,
    ) -> UsageByCustomerJson:
        """Of their subscriptions' units while these were theirs, in the order the customers were made. Usage of several units
        adds up; where two customers pay for the same unit at the same time, it counts for both."""
        span = span_of(since, until, usage_by_customer.now())
        after = decode_cursor(cursor, int)[0] if cursor else 0

        def found() -> UsageByCustomerJson:
            rows, more = usage_by_customer.of(caller.organisation_id, meter, span, after=after, limit=limit)
            return UsageByCustomerJson(
                meter=meter,
                unit=usage_by_customer.counted_in(caller.organisation_id, meter),
                begin=format_instant(Instant(span.start)),
                end=format_instant(Instant(span.end)),
                items=[
                    CustomerUsageJson(
                        format_id(one.customer_id), one.name, one.subscriptions, one.units, f"{one.quantity:f}"
                    )
                    for one in rows
                ],
                next_cursor=encode_cursor(rows[-1].customer_id) if more else None,
            )

        return await asyncio.to_thread(found)

"""Usage over HTTP: told, asked for, shown row by row, corrected."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from monokoto.earn.calendar import Span
from monokoto.earn.metering.asking import Question, by_unit
from monokoto.earn.metering.correcting import Corrections
from monokoto.earn.metering.documents import (
    CorrectionsRequest,
    MeterJson,
    UsageBucketJson,
    UsageCorrectionJson,
    UsageCorrectionsJson,
    UsageEventsJson,
    UsageJson,
    UsageRowJson,
    bucket_to_json,
    correction_to_json,
    meter_to_json,
    results_to_json,
    row_to_json,
    wanted_from_json,
)
from monokoto.earn.metering.meters import split_key
from monokoto.earn.metering.questions import (
    Asked,
    Cut,
    MeterKey,
    MeterName,
    Since,
    UnitParameter,
    Until,
    Zone,
    asked_by,
    open_spans,
    span_of,
)
from monokoto.earn.metering.service import Bucket, Metering
from monokoto.earn.metering.told import BATCH_TYPE, SINGLE_TYPE, UsageIntake
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX, USAGE_BODY_BYTES_MAX
from monokoto.web import (
    OWN_LIMITS,
    UNRECORDED,
    Caller,
    Gate,
    Page,
    Reach,
    Scope,
    by_hand,
    decode_cursor,
    encode_cursor,
    page_of,
    problem_responses,
    requires,
)

_READ = [requires(Scope.EARN_READ)]
_WRITE = [requires(Scope.EARN_WRITE)]
_PORTAL = [requires(Scope.PORTAL_READ)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_SIZE_MAX)]
Cursor = FromQuery[str | None]


class UsageController(Controller):
    """`/api/v1/meters`, `/api/v1/usage`, `/api/v1/usage-rows`, `/api/v1/usage-events`, `/api/v1/usage-corrections`."""

    path = "/api/v1"
    tags = ("Usage",)

    @get("/meters", operation_id="listMeters", guards=_READ, responses=problem_responses(404), summary="List meters")
    async def meters(
        self,
        caller: NamedDependency[Caller],
        metering: NamedDependency[Metering],
        product: Annotated[str, QueryParameter(description="Only of this product", max_length=64)] = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[MeterJson]:
        """What is counted of your products, by product and name."""
        found = await asyncio.to_thread(metering.meters, caller.organisation_id, product)
        after = decode_cursor(cursor, str)[0] if cursor else ""
        rest = sorted((meter for meter in found if meter.key > after), key=lambda meter: meter.key)
        return page_of(rest[: limit + 1], limit, lambda meter: meter.key, meter_to_json)

    @get(
        "/usage",
        operation_id="getUsage",
        guards=_READ,
        responses=problem_responses(404),
        summary="Ask how much was used",
    )
    async def usage(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        metering: NamedDependency[Metering],
        meter: MeterKey,
        unit: UnitParameter = "",
        since: Since = "",
        until: Until = "",
        by: Cut = "",
        timezone: Zone = "UTC",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: Cursor = None,
    ) -> UsageJson:
        """Of your products: one unit, or all. Usage of several units adds up. With `by=unit` in pages."""
        span, asked = span_of(since, until, metering.now()), asked_by(by, timezone)
        units = _units(gate, caller, unit, span)
        if asked.by_unit:
            after = decode_cursor(cursor, int)[0] if cursor else -1
            return await asyncio.to_thread(_by_unit, metering, caller.organisation_id, meter, units, span, after, limit)
        return await asyncio.to_thread(_course, metering, caller.organisation_id, meter, units, span, asked, timezone)

    @get(
        "/usage-rows", operation_id="listUsageRows", guards=_READ, responses=problem_responses(404),
        summary="List the samples behind usage",
    )  # fmt: skip
    async def rows(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        metering: NamedDependency[Metering],
        meter: MeterKey,
        unit: UnitParameter = "",
        since: Since = "",
        until: Until = "",
        deleted: Annotated[bool, QueryParameter(description="Also those a correction took out")] = False,
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[UsageRowJson]:
        """By unit and time; each names the reading or event it was taken from."""
        span = span_of(since, until, metering.now())
        units = _units(gate, caller, unit, span)
        return await _rows(metering, caller.organisation_id, meter, units, span, cursor, limit, deleted=deleted)

    @post(
        "/usage-events",
        operation_id="sendUsageEvents",
        guards=_WRITE,
        status_code=200,
        responses=problem_responses(413),
        summary="Tell usage from outside",
        opt={OWN_LIMITS: True, UNRECORDED: True},
        request_max_body_size=USAGE_BODY_BYTES_MAX,
        operation_class=by_hand((BATCH_TYPE, SINGLE_TYPE, "application/json")),
    )
    async def tell(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        usage_intake: NamedDependency[UsageIntake],
    ) -> UsageEventsJson:
        """CloudEvents 1.0 in JSON, an array or one; `subject` is the unit's id. Each is answered for itself: accepted ones are
        on disk, duplicates were told before, refused ones say why. Telling a request again changes nothing."""
        return results_to_json(await usage_intake.take(caller.organisation_id, await request.body()))

    @post(
        "/usage-corrections", operation_id="makeUsageCorrections", guards=_WRITE, status_code=201,
        responses=problem_responses(), summary="Correct usage",
    )  # fmt: skip
    async def correct(
        self,
        caller: NamedDependency[Caller],
        usage_corrections: NamedDependency[Corrections],
        data: JSONBody[CorrectionsRequest],
    ) -> UsageCorrectionsJson:
        """Give samples another value, take them out, or add some nobody told, of whatever age. What is billed already is rated
        again. Every correction stays on record with its reason."""
        wanted = wanted_from_json(data)
        made = await asyncio.to_thread(usage_corrections.correct, caller.organisation_id, wanted, by=caller.actor_id)
        return UsageCorrectionsJson([correction_to_json(one) for one in made])

    @get(
        "/usage-corrections", operation_id="listUsageCorrections", guards=_READ, responses=problem_responses(),
        summary="List corrections of usage",
    )  # fmt: skip
    async def corrections(
        self,
        caller: NamedDependency[Caller],
        usage_corrections: NamedDependency[Corrections],
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[UsageCorrectionJson]:
        """The newest first."""
        before = decode_cursor(cursor, int)[0] if cursor else 0
        found = await asyncio.to_thread(usage_corrections.list, caller.organisation_id, before=before, limit=limit + 1)
        return page_of(found, limit, lambda one: one.id, correction_to_json)


class UnitUsageController(Controller):
    """`/api/v1/units/{unit}/usage`, `/api/v1/units/{unit}/usage-rows`: for whoever has the unit, of their own time."""

    path = "/api/v1/units/{unit:str}"
    tags = ("Usage",)

    @get(
        "/usage",
        operation_id="getUnitUsage",
        guards=_PORTAL,
        responses=problem_responses(404),
        summary="Ask how much a unit was used",
    )
    async def usage(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        metering: NamedDependency[Metering],
        unit: FromPath[str],
        meter: MeterName,
        since: Since = "",
        until: Until = "",
        by: Cut = "",
        timezone: Zone = "UTC",
    ) -> UsageJson:
        """One total, by hour, day or month of a time zone, or by a field. Only your own time with the unit is counted."""
        reach = gate.unit(caller, parse_id(unit, what="unit"))
        span, asked = span_of(since, until, metering.now()), asked_by(by, timezone)
        key = await _key(metering, reach, meter)
        units = open_spans(reach, span)
        if asked.by_unit:
            asked = Asked()
        return await asyncio.to_thread(_course, metering, reach.organisation_id, key, units, span, asked, timezone)

    @get(
        "/usage-rows", operation_id="listUnitUsageRows", guards=_PORTAL, responses=problem_responses(404),
        summary="List the samples behind a unit's usage",
    )  # fmt: skip
    async def rows(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        metering: NamedDependency[Metering],
        unit: FromPath[str],
        meter: MeterName,
        since: Since = "",
        until: Until = "",
        limit: Limit = PAGE_SIZE_DEFAULT,
        cursor: Cursor = None,
    ) -> Page[UsageRowJson]:
        """Of your own time with the unit."""
        reach = gate.unit(caller, parse_id(unit, what="unit"))
        span = span_of(since, until, metering.now())
        key = await _key(metering, reach, meter)
        return await _rows(metering, reach.organisation_id, key, open_spans(reach, span), span, cursor, limit)


CONTROLLERS = (UsageController, UnitUsageController)
"""What `api` mounts."""


async def _key(metering: Metering, reach: Reach, meter: str) -> str:
    """`product/name` of a meter of the unit's product. Raises NotFound for one of another product."""
    product = await asyncio.to_thread(metering.product_of, reach.unit_id)
    key = meter if "/" in meter else f"{product}/{meter}"
    if split_key(key)[0] != product:
        raise NotFound(f"The unit {format_id(reach.unit_id)} has no meter {meter[:80]!r}.")
    return key


def _units(gate: Gate, caller: Caller, unit: str, span: Span) -> Mapping[int, Sequence[Span]] | None:
    """One unit of the caller's making, or all of them."""
    if not unit:
        return None
    return open_spans(gate.unit(caller, parse_id(unit, what="unit")).must_be_maker(), span)


def _course(
    metering: Metering,
    organisation_id: int,
    meter: str,
    units: Mapping[int, Sequence[Span]] | None,
    span: Span,
    asked: Asked,
    timezone: str,
) -> UsageJson:
    course = metering.course(organisation_id, meter, units, span, cut=asked.cut, timezone=timezone, by=asked.group)
    items = [bucket_to_json(bucket, grouped=bool(asked.group)) for bucket in course]
    return UsageJson(meter, metering.meter(organisation_id, meter).unit, items, None)


def _by_unit(
    metering: Metering,
    organisation_id: int,
    meter: str,
    units: Mapping[int, Sequence[Span]] | None,
    span: Span,
    after: int,
    limit: int,
) -> UsageJson:
    found = metering.meter(organisation_id, meter)
    question = Question(organisation_id=organisation_id, meter=found, span=span, units=units, after=after)
    pages = list(islice(by_unit(metering.amounts(question)), limit + 1))
    items: list[UsageBucketJson] = [
        bucket_to_json(Bucket(span, "", one.quantity), unit_id=one.unit_id) for one in pages[:limit]
    ]
    cursor = encode_cursor(pages[limit - 1].unit_id) if len(pages) > limit else None
    return UsageJson(meter, found.unit, items, cursor)


async def _rows(
    metering: Metering,
    organisation_id: int,
    meter: str,
    units: Mapping[int, Sequence[Span]] | None,
    span: Span,
    cursor: str | None,
    limit: int,
    *,
    deleted: bool = False,
) -> Page[UsageRowJson]:
    after = decode_cursor(cursor, int, int, int) if cursor else None
    found = await asyncio.to_thread(
        metering.rows, organisation_id, meter, units, span, after=after, limit=limit + 1, deleted=deleted
    )
    return page_of(found, limit, lambda row: (row.unit_id, row.at, row.name), row_to_json)

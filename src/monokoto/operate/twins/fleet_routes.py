"""Many twins over HTTP: the latest values, and the rebuild."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal, cast

import msgspec
from litestar import Controller, Response, get, post
from litestar.params import Parameter, QueryParameter
from msgspec import Meta

from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import LATEST_PROPERTIES_MAX, LATEST_UNITS_MAX
from monokoto.operate.twins.documents import RebuildJson, rebuild_to_json
from monokoto.operate.twins.reported.latest import (
    Gathered,
    LatestColumnsJson,
    LatestRowsJson,
    columns_to_json,
    rows_to_json,
)
from monokoto.operate.twins.service import Twins
from monokoto.web import Caller, Scope, decode_cursor, encode_cursor, problem_responses, requires

Format = Literal["rows", "columns"]
_WRITERS = {"rows": rows_to_json, "columns": columns_to_json}


class LatestRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which units' latest values: `units`, or all of `product` (paged by `cursor`)."""

    units: Annotated[list[str], Meta(max_length=LATEST_UNITS_MAX)] | None = None
    product: str | None = None
    properties: Annotated[list[str], Meta(max_length=LATEST_PROPERTIES_MAX)] | None = None
    """null: all that were reported."""
    format: Format = "rows"
    limit: Annotated[int, Meta(ge=1, le=LATEST_UNITS_MAX)] = LATEST_UNITS_MAX
    cursor: str | None = None


class LatestController(Controller):
    """`/api/v1/latest`."""

    path = "/api/v1/latest"
    tags = ("Twins",)
    guards = (requires(Scope.TELEMETRY_READ),)

    @get("", operation_id="getLatest", summary="The latest values of many units", responses=problem_responses(404))
    async def get_latest(
        self,
        caller: Caller,
        twins: Twins,
        units: Annotated[list[str] | None, Parameter(description="Unit ids, repeated or comma-separated")] = None,
        product: Annotated[str | None, Parameter(description="All units of this product that ever reported")] = None,
        properties: Annotated[list[str] | None, Parameter(description="Names, repeated or comma-separated")] = None,
        form: Annotated[
            Format, QueryParameter(name="format", description="An item per unit, or columns per product")
        ] = "rows",
        limit: Annotated[int, Parameter(ge=1, le=LATEST_UNITS_MAX)] = LATEST_UNITS_MAX,
        cursor: str | None = None,
    ) -> Response[LatestRowsJson | LatestColumnsJson]:
        """For long lists of units use POST."""
        asked = LatestRequest(
            units=_split(units),
            product=product,
            properties=_split(properties),
            format=form,
            limit=limit,
            cursor=cursor,
        )
        return await _answer(caller, twins, asked)

    @post(
        "",
        operation_id="postLatest",
        status_code=200,
        summary="The latest values of many units",
        responses=problem_responses(404),
    )
    async def post_latest(
        self, caller: Caller, twins: Twins, data: LatestRequest
    ) -> Response[LatestRowsJson | LatestColumnsJson]:
        """Changes nothing; a POST because ten thousand ids do not fit into an address."""
        return await _answer(caller, twins, data)


class RebuildController(Controller):
    """`/api/v1/twins/rebuild`."""

    path = "/api/v1/twins/rebuild"
    tags = ("Twins",)
    guards = (requires(Scope.ADMIN),)

    @post(
        "",
        operation_id="rebuildTwins",
        status_code=202,
        summary="Compute all reported state anew from the history",
        responses=problem_responses(409),
    )
    async def rebuild(self, caller: Caller, twins: Twins) -> RebuildJson:
        """Runs in the background, for this organisation; readings go on meanwhile."""
        return rebuild_to_json(twins.rebuild(caller.organisation_id))

    @get("", operation_id="getTwinsRebuild", summary="How far the rebuild is", responses=problem_responses(404))
    async def progress(self, caller: Caller, twins: Twins) -> RebuildJson:
        """The running one, or the last since the platform started."""
        progress = twins.rebuild_progress(caller.organisation_id)
        if progress is None:
            raise NotFound("No rebuild was started.", remedy="POST /api/v1/twins/rebuild starts one.")
        return rebuild_to_json(progress)


async def _answer(caller: Caller, twins: Twins, asked: LatestRequest) -> Response[LatestRowsJson | LatestColumnsJson]:
    body = await asyncio.to_thread(_latest, caller.organisation_id, twins, asked)
    # Already JSON: ten thousand units are written straight from the columns.
    return Response(cast("LatestRowsJson", body), media_type="application/json")


def _latest(organisation_id: int, twins: Twins, asked: LatestRequest) -> bytes:
    found: Sequence[Gathered]
    if (asked.units is None) == (asked.product is None):
        raise Invalid("Say which units.", faults=[Fault(place="units", reason="give either `units` or `product`")])
    if len(asked.properties or ()) > LATEST_PROPERTIES_MAX:
        fault = Fault(place="properties", reason=f"at most {LATEST_PROPERTIES_MAX}")
        raise Invalid("Too many properties at once.", faults=[fault])
    if asked.units is not None:
        found = twins.latest(organisation_id, _unit_ids(asked.units), asked.properties)
        return _WRITERS[asked.format](found, None)
    after = decode_cursor(asked.cursor, int)[0] if asked.cursor else 0
    one = twins.latest_of_product(
        organisation_id, asked.product or "", after_unit=after, limit=asked.limit, properties=asked.properties
    )
    more = encode_cursor(one.units[-1]) if len(one.units) == asked.limit else None
    return _WRITERS[asked.format]([one], more)


def _unit_ids(texts: Sequence[str]) -> list[int]:
    if len(texts) > LATEST_UNITS_MAX:
        raise Invalid("Too many units at once.", faults=[Fault(place="units", reason=f"at most {LATEST_UNITS_MAX}")])
    return list(dict.fromkeys(parse_id(text, what="unit id") for text in texts))


def _split(texts: list[str] | None) -> list[str] | None:
    if texts is None:
        return None
    return [part for text in texts for part in text.split(",") if part]

"""Many twins over HTTP: the latest values, and the rebuild."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Literal, cast

import msgspec
from litestar import Controller, Response, get, post
from litestar.di import NamedDependency
from litestar.params import Parameter, QueryParameter
from msgspec import Meta

from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.ids import format_id, parse_id
from monokoto.kernel.limits import LATEST_PROPERTIES_MAX, LATEST_UNITS_MAX
from monokoto.operate.twins.documents import RebuildJson, rebuild_to_json
from monokoto.operate.twins.reach import by_maker, seen_latest
from monokoto.operate.twins.reported.latest import (
    Gathered,
    LatestColumnsJson,
    LatestRowsJson,
    columns_to_json,
    rows_to_json,
)
from monokoto.operate.twins.service import Twins
from monokoto.web import Caller, Gate, Reach, Scope, decode_cursor, encode_cursor, problem_responses, requires

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
        gate: NamedDependency[Gate],
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
        return await _answer(caller, gate, twins, asked)

    @post(
        "",
        operation_id="postLatest",
        status_code=200,
        summary="The latest values of many units",
        responses=problem_responses(404),
    )
    async def post_latest(
        self, caller: Caller, gate: NamedDependency[Gate], twins: Twins, data: LatestRequest
    ) -> Response[LatestRowsJson | LatestColumnsJson]:
        """Changes nothing; a POST because ten thousand ids do not fit into an address."""
        return await _answer(caller, gate, twins, data)


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


async def _answer(
    caller: Caller, gate: Gate, twins: Twins, asked: LatestRequest
) -> Response[LatestRowsJson | LatestColumnsJson]:
    body = await asyncio.to_thread(_latest, caller, gate, twins, asked)
    # Already JSON: ten thousand units are written straight from the columns.
    return Response(cast("LatestRowsJson", body), media_type="application/json")


def _latest(caller: Caller, gate: Gate, twins: Twins, asked: LatestRequest) -> bytes:
    if (asked.units is None) == (asked.product is None):
        raise Invalid("Say which units.", faults=[Fault(place="units", reason="give either `units` or `product`")])
    if len(asked.properties or ()) > LATEST_PROPERTIES_MAX:
        fault = Fault(place="properties", reason=f"at most {LATEST_PROPERTIES_MAX}")
        raise Invalid("Too many properties at once.", faults=[fault])
    write = _WRITERS[asked.format]
    if asked.units is not None:
        reaches = _reaches(gate, caller, _unit_ids(asked.units))
        return write(_latest_of(twins, reaches, asked.properties), None)
    after = decode_cursor(asked.cursor, int)[0] if asked.cursor else 0
    product = asked.product or ""
    held = gate.units(caller)
    if held is not None:
        mine = [reach for reach in held if reach.unit_id > after and twins.product_of(reach.unit_id) == product]
        more = encode_cursor(mine[asked.limit - 1].unit_id) if len(mine) > asked.limit else None
        return write(_latest_of(twins, mine[: asked.limit], asked.properties), more)
    one = twins.latest_of_product(
        caller.organisation_id, product, after_unit=after, limit=asked.limit, properties=asked.properties
    )
    following = encode_cursor(one.units[-1]) if len(one.units) == asked.limit else None
    return write([seen_latest(one, gate.clipped(caller))], following)


def _reaches(gate: Gate, caller: Caller, unit_ids: Sequence[int]) -> list[Reach]:
    """What lies open of these units; raises NotFound with every one of which nothing does."""
    found, missing = [], []
    for unit_id in unit_ids:
        try:
            found.append(gate.unit(caller, unit_id))
        except NotFound:
            missing.append(unit_id)
    if missing:
        raise NotFound(
            f"{len(missing)} of these units are not there.",
            faults=[Fault(place=format_id(unit_id), reason="no such unit") for unit_id in missing[:100]],
        )
    return found


def _latest_of(twins: Twins, reaches: Sequence[Reach], properties: list[str] | None) -> list[Gathered]:
    clipped: dict[int, Reach] = {reach.unit_id: reach for reach in reaches if not reach.always}
    return [
        seen_latest(one, clipped)
        for maker_id, units in by_maker(reaches).items()
        for one in twins.latest(maker_id, units, properties)
    ]


def _unit_ids(texts: Sequence[str]) -> list[int]:
    if len(texts) > LATEST_UNITS_MAX:
        raise Invalid("Too many units at once.", faults=[Fault(place="units", reason=f"at most {LATEST_UNITS_MAX}")])
    return list(dict.fromkeys(parse_id(text, what="unit id") for text in texts))


def _split(texts: list[str] | None) -> list[str] | None:
    if texts is None:
        return None
    return [part for text in texts for part in text.split(",") if part]

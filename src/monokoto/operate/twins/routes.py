"""Twins over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from litestar import Controller, Response, get, patch, put
from litestar.datastructures import ResponseHeader
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, HeaderParameter, Parameter
from litestar.response import Stream as StreamResponse

from monokoto.kernel.ids import UnitId, parse_id
from monokoto.kernel.limits import DESIRED_REVISIONS_MAX, PAGE_SIZE_DEFAULT
from monokoto.operate.twins.documents import DesiredRevisionJson, TwinJson, revision_to_json, twin_to_json
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.serving import Stream, parse_last_event_id
from monokoto.operate.twins.streams import Listener
from monokoto.operate.twins.twin import Desired
from monokoto.web import (
    Caller,
    Page,
    Scope,
    decode_cursor,
    encode_cursor,
    format_etag,
    if_match,
    not_modified,
    problem_responses,
    requires,
)

MERGE_PATCH = "application/merge-patch+json"
_ETAG = [ResponseHeader(name="ETag", description="Names this state, for conditional requests", documentation_only=True)]
_STREAM = {
    200: ResponseSpec(
        data_container=str,
        description="Server-sent events `twin`, `reported` and `desired`; the stream does not end",
        media_type="text/event-stream",
        generate_examples=False,
    )
}
IfMatch = Annotated[
    str | None, HeaderParameter(name="If-Match", description="Change only if this is still the entity tag")
]
IfNoneMatch = Annotated[
    str | None, HeaderParameter(name="If-None-Match", description="Answer 304 if this is still the entity tag")
]
LastEventId = Annotated[
    str | None, HeaderParameter(name="Last-Event-ID", description="The last event's id, to go on from there")
]


class TwinController(Controller):
    """`/api/v1/units/{unit}/twin`."""

    path = "/api/v1/units/{unit:str}/twin"
    tags = ("Twins",)

    @get(
        "",
        operation_id="getTwin",
        summary="What a unit reports and what is desired of it",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=problem_responses(404),
        response_headers=_ETAG,
    )
    async def get_twin(
        self, caller: Caller, twins: Twins, unit: str, if_none_match: IfNoneMatch = None
    ) -> Response[TwinJson]:
        """With `If-None-Match`: 304 when nothing changed."""
        unit_id = _unit(unit)
        twin = twins.twin_at_hand(caller.organisation_id, unit_id)
        if twin is None:
            twin = await asyncio.to_thread(twins.twin, caller.organisation_id, unit_id)
        return _tagged(twin_to_json(twin), twin.tag, if_none_match)

    @get(
        "/desired",
        operation_id="getDesired",
        summary="What is desired of a unit",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=problem_responses(404),
        response_headers=_ETAG,
    )
    async def get_desired(
        self, caller: Caller, twins: Twins, unit: str, if_none_match: IfNoneMatch = None
    ) -> Response[dict[str, Any]]:
        """The document that PUT and PATCH change; its entity tag is the revision."""
        unit_id = _unit(unit)
        await asyncio.to_thread(twins.identity, caller.organisation_id, unit_id)
        desired = await asyncio.to_thread(twins.desired.get, caller.organisation_id, unit_id)
        return _tagged(dict(desired.properties), desired.revision, if_none_match)

    @put(
        "/desired",
        operation_id="putDesired",
        summary="Desire exactly this",
        guards=[requires(Scope.UNITS_WRITE)],
        responses=problem_responses(404, 409, 412),
        response_headers=_ETAG,
    )
    async def put_desired(
        self, caller: Caller, twins: Twins, unit: str, data: dict[str, Any], expected: IfMatch = None
    ) -> Response[dict[str, Any]]:
        """Every value is held against the product's model; the unit is told at once, or when it comes back."""
        desired = await twins.put_desired(
            caller.organisation_id,
            _unit(unit),
            data,
            by=caller.actor_id,
            precondition=lambda revision: if_match(expected, revision),
        )
        return _desired(desired)

    @patch(
        "/desired",
        operation_id="patchDesired",
        summary="Desire this as well",
        guards=[requires(Scope.UNITS_WRITE)],
        responses=problem_responses(404, 409, 412),
        response_headers=_ETAG,
    )
    async def patch_desired(
        self,
        caller: Caller,
        twins: Twins,
        unit: str,
        data: Annotated[dict[str, Any], Body(media_type=MERGE_PATCH)],
        expected: IfMatch = None,
    ) -> Response[dict[str, Any]]:
        """A JSON merge patch (RFC 7396): null takes a property out."""
        desired = await twins.patch_desired(
            caller.organisation_id,
            _unit(unit),
            data,
            by=caller.actor_id,
            precondition=lambda revision: if_match(expected, revision),
        )
        return _desired(desired)

    @get(
        "/desired/revisions",
        operation_id="listDesiredRevisions",
        summary="Who desired what, and when",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=problem_responses(404),
    )
    async def revisions(
        self,
        caller: Caller,
        twins: Twins,
        unit: str,
        limit: Annotated[int, Parameter(ge=1, le=DESIRED_REVISIONS_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[DesiredRevisionJson]:
        """Newest first, as many as are kept."""
        unit_id = _unit(unit)
        await asyncio.to_thread(twins.identity, caller.organisation_id, unit_id)
        before = decode_cursor(cursor, int)[0] if cursor else None
        found = await asyncio.to_thread(
            twins.desired.revisions, caller.organisation_id, unit_id, before=before, limit=limit + 1
        )
        more = len(found) > limit
        return Page(
            items=[revision_to_json(desired) for desired in found[:limit]],
            next_cursor=encode_cursor(found[limit - 1].revision) if more else None,
        )

    @get(
        "/stream",
        operation_id="streamTwin",
        summary="A unit's changes, live",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=_STREAM | problem_responses(404, 429),
    )
    async def stream(
        self, caller: Caller, twins: Twins, unit: str, last_event_id: LastEventId = None
    ) -> StreamResponse:
        """Event `twin` first, then `reported` with the values that are new and `desired` with the whole desired state."""
        served = parse_last_event_id(last_event_id)
        identity = await asyncio.to_thread(twins.identity, caller.organisation_id, _unit(unit))
        listener = twins.listeners.open(caller.organisation_id, unit_id=identity.unit_id)
        return _stream(twins, listener, served)


class TwinsStreamController(Controller):
    """`/api/v1/twins/stream`."""

    path = "/api/v1/twins/stream"
    tags = ("Twins",)
    guards = (requires(Scope.TELEMETRY_READ),)

    @get(
        "",
        operation_id="streamTwins",
        summary="The changes of all units, live",
        responses=_STREAM | problem_responses(429),
    )
    async def stream(
        self,
        caller: Caller,
        twins: Twins,
        product: Annotated[str | None, Parameter(description="Only units of this product")] = None,
        last_event_id: LastEventId = None,
    ) -> StreamResponse:
        """From now on, or from `Last-Event-ID` on. A slow client gets each unit's latest state, never a backlog."""
        served = parse_last_event_id(last_event_id)
        return _stream(twins, twins.listeners.open(caller.organisation_id, product=product), served)


def _unit(text: str) -> UnitId:
    return UnitId(parse_id(text, what="unit id"))


def _tagged(content: Any, tag: int | str, if_none_match: str | None) -> Response[Any]:
    headers = {"ETag": format_etag(tag), "Cache-Control": "private, no-cache"}
    if not_modified(if_none_match, tag):
        return Response(None, status_code=304, headers=headers)
    return Response(content, headers=headers)


def _desired(desired: Desired) -> Response[Any]:
    return Response(dict(desired.properties), headers={"ETag": format_etag(desired.revision)})


def _stream(twins: Twins, listener: Listener, served: int | None) -> StreamResponse:
    chunks = Stream(twins, listener, last_event_id=served).chunks()
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamResponse(chunks, media_type="text/event-stream", headers=headers)

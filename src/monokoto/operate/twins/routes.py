"""Twins over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated, Any

from litestar import Controller, Response, get, patch, put
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import Body, HeaderParameter, Parameter
from litestar.response import Stream as StreamResponse

from monokoto.kernel.errors import Conflict, PreconditionFailed
from monokoto.kernel.ids import UnitId, parse_id
from monokoto.kernel.limits import DESIRED_REVISIONS_MAX, PAGE_SIZE_DEFAULT
from monokoto.operate.twins.documents import DesiredRevisionJson, TwinJson, revision_to_json, twin_to_json
from monokoto.operate.twins.reach import seen_desired, seen_twin
from monokoto.operate.twins.service import Twins
from monokoto.operate.twins.serving import Sight, Stream, parse_last_event_id
from monokoto.operate.twins.streams import Listener
from monokoto.operate.twins.twin import Desired, merge_patch
from monokoto.web import (
    Caller,
    Gate,
    Page,
    Reach,
    Scope,
    decode_cursor,
    format_etag,
    if_match,
    not_modified,
    page_of,
    problem_responses,
    requires,
)

_TRIES_MAX = 3
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
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        if_none_match: IfNoneMatch = None,
    ) -> Response[TwinJson]:
        """With `If-None-Match`: 304 when nothing changed. Values of times that are not the asker's are left out."""
        reach = gate.unit(caller, _unit(unit))
        twin = twins.twin_at_hand(reach.organisation_id, reach.unit_id)
        if twin is None:
            twin = await asyncio.to_thread(twins.twin, reach.organisation_id, reach.unit_id)
        twin = seen_twin(twin, reach)
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
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        if_none_match: IfNoneMatch = None,
    ) -> Response[dict[str, Any]]:
        """The document that PUT and PATCH change; its entity tag is the revision. What a former owner desired is not shown."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        desired = await asyncio.to_thread(twins.desired.get, reach.organisation_id, reach.unit_id)
        shown = seen_desired(desired, reach)
        return _tagged(dict(shown.properties), shown.revision, if_none_match)

    @put(
        "/desired",
        operation_id="putDesired",
        summary="Desire exactly this",
        guards=[requires(Scope.CONTROL_WRITE)],
        responses=problem_responses(404, 409, 412),
        response_headers=_ETAG,
    )
    async def put_desired(
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        data: dict[str, Any],
        expected: IfMatch = None,
    ) -> Response[dict[str, Any]]:
        """Every value is held against the product's model; the unit is told at once, or when it comes back."""
        reach = gate.unit(caller, _unit(unit)).must_control()
        desired = await twins.put_desired(
            reach.organisation_id,
            reach.unit_id,
            data,
            by=caller.actor_id,
            precondition=lambda revision: if_match(expected, revision),
        )
        return _desired(desired)

    @patch(
        "/desired",
        operation_id="patchDesired",
        summary="Desire this as well",
        guards=[requires(Scope.CONTROL_WRITE)],
        responses=problem_responses(404, 409, 412),
        response_headers=_ETAG,
    )
    async def patch_desired(
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        data: Annotated[dict[str, Any], Body(media_type=MERGE_PATCH)],
        expected: IfMatch = None,
    ) -> Response[dict[str, Any]]:
        """A JSON merge patch (RFC 7396): null takes a property out. What a former owner desired is not merged into, but gone."""
        reach = gate.unit(caller, _unit(unit)).must_control()
        if not reach.always:
            return _desired(await _patch_what_is_seen(twins, reach, data, caller.actor_id, expected))
        desired = await twins.patch_desired(
            reach.organisation_id,
            reach.unit_id,
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
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        limit: Annotated[int, Parameter(ge=1, le=DESIRED_REVISIONS_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
    ) -> Page[DesiredRevisionJson]:
        """Newest first, as many as are kept, of those that were desired in the asker's own times."""
        reach = gate.unit(caller, _unit(unit))
        before = decode_cursor(cursor, int)[0] if cursor else None
        # There are at most DESIRED_REVISIONS_MAX: all are looked at, so that a page is full although some are not shown.
        found = await asyncio.to_thread(
            twins.desired.revisions,
            reach.organisation_id,
            reach.unit_id,
            before=before,
            limit=limit + 1 if reach.always else DESIRED_REVISIONS_MAX,
        )
        shown = [desired for desired in found if desired.at is None or reach.holds(desired.at)]
        return page_of(shown, limit, lambda desired: desired.revision, revision_to_json)

    @get(
        "/stream",
        operation_id="streamTwin",
        summary="A unit's changes, live",
        guards=[requires(Scope.TELEMETRY_READ)],
        responses=_STREAM | problem_responses(404, 429),
    )
    async def stream(
        self,
        caller: Caller,
        gate: NamedDependency[Gate],
        twins: Twins,
        unit: str,
        last_event_id: LastEventId = None,
    ) -> StreamResponse:
        """Event `twin` first, then `reported` with the values that are new and `desired` with the whole desired state.

        It ends when the unit's present is no longer the asker's to see.
        """
        served = parse_last_event_id(last_event_id)
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        listener = twins.listeners.open(reach.organisation_id, unit_id=reach.unit_id, by=caller.organisation_id)
        return _stream(twins, listener, Sight(gate, caller, held=False), served)


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
        gate: NamedDependency[Gate],
        twins: Twins,
        product: Annotated[str | None, Parameter(description="Only units of this product")] = None,
        last_event_id: LastEventId = None,
    ) -> StreamResponse:
        """From now on, or from `Last-Event-ID` on. A slow client gets each unit's latest state, never a backlog.

        To a maker the units it made; to others those they own or use, as long as they do.
        """
        served = parse_last_event_id(last_event_id)
        sight = Sight(gate, caller, held=gate.units(caller) is not None)
        listener = twins.listeners.open(caller.organisation_id, product=product, among=sight.among())
        return _stream(twins, listener, sight, served)


async def _patch_what_is_seen(
    twins: Twins, reach: Reach, data: dict[str, Any], by: int, expected: str | None
) -> Desired:
    """A merge patch upon what the asker can see. Others may change it meanwhile: then it is looked at again."""
    for _ in range(_TRIES_MAX):
        current = await asyncio.to_thread(twins.desired.get, reach.organisation_id, reach.unit_id)
        if_match(expected, current.revision)
        seen = current.revision

        def unchanged(revision: int, seen: int = seen) -> None:
            if_match(format_etag(seen), revision)

        whose = (reach.organisation_id, reach.unit_id)
        with contextlib.suppress(PreconditionFailed):
            if seen_desired(current, reach) is current:
                return await twins.patch_desired(*whose, data, by=by, precondition=unchanged)
            return await twins.put_desired(*whose, merge_patch({}, data), by=by, precondition=unchanged)
    raise Conflict("Others keep changing this desired state.", remedy="Try again.")


def _unit(text: str) -> UnitId:
    return UnitId(parse_id(text, what="unit id"))


def _tagged(content: Any, tag: int | str, if_none_match: str | None) -> Response[Any]:
    headers = {"ETag": format_etag(tag), "Cache-Control": "private, no-cache"}
    if not_modified(if_none_match, tag):
        return Response(None, status_code=304, headers=headers)
    return Response(content, headers=headers)


def _desired(desired: Desired) -> Response[Any]:
    return Response(dict(desired.properties), headers={"ETag": format_etag(desired.revision)})


def _stream(twins: Twins, listener: Listener, sight: Sight, served: int | None) -> StreamResponse:
    chunks = Stream(twins, listener, sight, last_event_id=served).chunks()
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamResponse(chunks, media_type="text/event-stream", headers=headers)

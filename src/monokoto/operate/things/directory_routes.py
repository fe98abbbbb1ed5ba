"""The Thing Description Directory over HTTP."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, QueryParameter
from litestar.response import Stream

from monokoto.connect.fleet import Directory
from monokoto.kernel.errors import NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import JSONPATH_LENGTH_MAX, PAGE_SIZE_DEFAULT, THINGS_PAGE_MAX
from monokoto.operate.things.description import URN
from monokoto.operate.things.directory import EVENTS, DirectoryEvents, collection, directory_description
from monokoto.operate.things.routes import TD
from monokoto.operate.things.service import Described, Things
from monokoto.operate.things.serving import EVENT_STREAM, parse_place
from monokoto.web import Caller, Gate, Scope, by_hand, problem_responses, requires

LD = "application/ld+json"
_READ = [requires(Scope.UNITS_READ)]
_STREAM = {
    200: ResponseSpec(
        data_container=str,
        description="Server-sent events named thing_created, thing_updated and thing_deleted",
        media_type=EVENT_STREAM,
        generate_examples=False,
    )
}
Token = Annotated[str, QueryParameter(description="A short-lived access token, for clients that send no headers")]
Product = Annotated[str, QueryParameter(description="Things of this product alone", max_length=128)]
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", description="The last event's id")]


class Format(StrEnum):
    """How a page is written."""

    ARRAY = "array"
    COLLECTION = "collection"


@get(
    "/.well-known/wot",
    tags=["Things"],
    opt={"exclude_from_auth": True},
    operation_id="getDirectoryDescription",
    operation_class=by_hand(gives=(TD,)),
    summary="Where the directory of Things is",
)
async def well_known(request: Request[Any, Any, Any], things: NamedDependency[Things]) -> Response[bytes]:
    """The Thing Description of the directory itself. It needs no key; what it points to does."""
    described = directory_description(things.whereabouts.addresses(str(request.base_url)))
    return Response(msgspec.json.encode(described), media_type=TD)


class ThingsController(Controller):
    """`/api/v1/things`."""

    path = "/api/v1"
    tags = ("Things",)

    @get(
        "/things",
        operation_id="listThings",
        guards=_READ,
        responses=problem_responses(),
        operation_class=by_hand(gives=(LD,)),
        summary="List Thing Descriptions",
    )
    async def all(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        directory: NamedDependency[Directory],
        product: Product = "",
        limit: Annotated[int, QueryParameter(ge=1, le=THINGS_PAGE_MAX)] = PAGE_SIZE_DEFAULT,
        cursor: str | None = None,
        format: Format = Format.ARRAY,  # noqa: A002 the specification's word
    ) -> Response[bytes]:
        """Of the units within your reach, the oldest first. The `Link` header has the way to the next page."""
        addresses = things.whereabouts.addresses(str(request.base_url))
        found = await asyncio.to_thread(things.page, caller, addresses, product=product, limit=limit, cursor=cursor)
        base = f"{addresses.api}/api/v1/things"
        asked = {"product": product, "limit": limit, "format": format.value}
        following = _following(base, asked, found)
        links = [f'<{base}>; rel="canonical"', *([f'<{following}>; rel="next"'] if following else [])]
        body: Any = found.things
        if format is Format.COLLECTION:
            reaches = gate.units(caller)
            total = len(directory.units(caller.organisation_id) if reaches is None else [r for r in reaches if r.now])
            here = f"{base}?{urlencode({k: v for k, v in asked.items() if v})}"
            body = collection(found.things, here=here, following=following, total=total)
        return Response(msgspec.json.encode(body), media_type=LD, headers={"Link": ", ".join(links)})

    @get(
        "/things/{thing:str}",
        operation_id="getThing",
        guards=_READ,
        responses=problem_responses(404),
        operation_class=by_hand(gives=(TD,)),
        summary="Retrieve a Thing Description",
    )
    async def one(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        thing: FromPath[str],
    ) -> Response[bytes]:
        """By the Thing's id (`urn:monokoto:unit:...`), or the unit's."""
        reach = gate.unit(caller, _unit(thing)).must_be_present()
        addresses = things.whereabouts.addresses(str(request.base_url))
        described = await asyncio.to_thread(things.describe, reach, addresses)
        return Response(msgspec.json.encode(described), media_type=TD)

    @get(
        "/search/jsonpath",
        operation_id="searchThings",
        guards=_READ,
        responses=problem_responses(413),
        operation_class=by_hand(gives=("application/json",)),
        summary="Search Thing Descriptions by JSONPath",
    )
    async def search(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        things: NamedDependency[Things],
        path: Annotated[str, QueryParameter(name="query", description="RFC 9535", max_length=JSONPATH_LENGTH_MAX)],
        product: Product = "",
    ) -> Response[bytes]:
        """Everything the path finds in the array of descriptions, as `$[?@.title == 'Oven'].id`."""
        addresses = things.whereabouts.addresses(str(request.base_url))
        found = await asyncio.to_thread(things.search, caller, addresses, path, product=product)
        return Response(msgspec.json.encode(found), media_type="application/json")

    @get(
        "/things/events",
        operation_id="streamDirectory",
        guards=_READ,
        opt={"access_token": True},
        responses=_STREAM | problem_responses(429),
        summary="What happens in the directory",
    )
    async def events(
        self,
        caller: NamedDependency[Caller],
        directory_events: NamedDependency[DirectoryEvents],
        last_event_id: LastEventId = None,
        access_token: Token = "",
    ) -> Stream:
        """`thing_created`, `thing_updated` and `thing_deleted`, each with the Thing's id."""
        return _stream(directory_events, caller, EVENTS, last_event_id)

    @get(
        "/things/events/{kind:str}",
        operation_id="streamDirectoryEvent",
        guards=_READ,
        opt={"access_token": True},
        responses=_STREAM | problem_responses(404, 429),
        summary="What happens in the directory, of one kind",
    )
    async def events_of(
        self,
        caller: NamedDependency[Caller],
        directory_events: NamedDependency[DirectoryEvents],
        kind: FromPath[str],
        last_event_id: LastEventId = None,
        access_token: Token = "",
    ) -> Stream:
        """`thing_created`, `thing_updated` or `thing_deleted`."""
        if kind not in EVENTS:
            raise NotFound(f"The directory has no event {kind[:40]!r}.", remedy=f"It has {', '.join(EVENTS)}.")
        return _stream(directory_events, caller, (kind,), last_event_id)


def _stream(
    directory_events: DirectoryEvents, caller: Caller, kinds: tuple[str, ...], last_event_id: str | None
) -> Stream:
    since = parse_place(last_event_id or "", what="Last-Event-ID")
    headers = {"Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}
    return Stream(directory_events.stream(caller, kinds, since), media_type=EVENT_STREAM, headers=headers)


def _following(base: str, asked: dict[str, Any], found: Described) -> str | None:
    if found.next_cursor is None:
        return None
    query = {name: value for name, value in asked.items() if value} | {"cursor": found.next_cursor}
    return f"{base}?{urlencode(query)}"


def _unit(text: str) -> int:
    return parse_id(text.removeprefix(URN), what="thing id")

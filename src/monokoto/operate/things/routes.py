"""A unit as a Thing over HTTP: its description, its properties, its events."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter
from msgspec import Meta

from monokoto.kernel.clock import format_instant
from monokoto.kernel.errors import Fault, Invalid, NotFound
from monokoto.kernel.ids import parse_id
from monokoto.kernel.limits import ACCESS_TOKEN_SECONDS_MAX, LONG_POLL_SECONDS_MAX
from monokoto.operate.things.feed import EventFeed
from monokoto.operate.things.interacting import value_of, values_of, write
from monokoto.operate.things.service import Things
from monokoto.operate.things.serving import (
    EVENT_STREAM,
    Polls,
    bounded_poll,
    long_poll,
    parse_place,
    server_sent,
)
from monokoto.operate.things.watching import Watched, WatchedEvents, WatchedProperties
from monokoto.operate.twins import Twins
from monokoto.web import AccessTokens, Caller, Gate, Reach, Scope, by_hand, problem_responses, requires

TD, TM = "application/td+json", "application/tm+json"
_READ = [requires(Scope.TELEMETRY_READ)]
_BY_TOKEN = {"access_token": True}
"""Routes that also take a short-lived token in the address."""
_STREAM = {
    200: ResponseSpec(
        data_container=str,
        description="Server-sent events when `Accept` asks for them, else one JSON value once there is one (long-poll)",
        media_type=EVENT_STREAM,
        generate_examples=False,
    )
}
Token = Annotated[str, QueryParameter(description="A short-lived access token, for clients that send no headers")]
After = Annotated[str, QueryParameter(pattern="^[0-9]{0,18}$", description="The place you got to: what comes after it")]
Timeout = Annotated[
    float | None,
    QueryParameter(
        ge=0.1, le=LONG_POLL_SECONDS_MAX, description="Long-poll: answer 204 when nothing comes in so many s"
    ),
]
LastEventId = Annotated[str | None, HeaderParameter(name="Last-Event-ID", description="The last event's id")]


class Asking:
    """How somebody asks to be told."""

    def __init__(
        self, request: Request[Any, Any, Any], caller: Caller, place: int | None, seconds: float | None, polls: Polls
    ) -> None:
        self.request = request
        self.stream = EVENT_STREAM in request.headers.get("accept", "")
        self.place = place
        self.seconds = seconds
        self.polls = polls
        self.who = (caller.actor_id, caller.organisation_id, request.url.path)


def asking_of(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Caller],
    polls: NamedDependency[Polls],
    last_event_id: LastEventId = None,
    after: After = "",
    timeout: Timeout = None,
    access_token: Token = "",
) -> Asking:
    """As the parameters say that all routes have which tell what happens. (Whose the token is, has been found before.)"""
    place = parse_place(after, what="after") or parse_place(last_event_id or "", what="Last-Event-ID")
    return Asking(request, caller, place, timeout, polls)


class AccessTokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long it is to live."""

    seconds: Annotated[int, Meta(ge=1, le=ACCESS_TOKEN_SECONDS_MAX)] = ACCESS_TOKEN_SECONDS_MAX


class AccessTokenJson(msgspec.Struct, frozen=True):
    """A short-lived token."""

    token: Annotated[str, Meta(description="Put it into the address as `access_token`")]
    expires_at: str


class ThingController(Controller):
    """`/api/v1/units/{unit}`: what a Thing Description's forms point to."""

    path = "/api/v1/units/{unit:str}"
    tags = ("Things",)
    dependencies: Mapping[str, Provide] = {"asking": Provide(asking_of, sync_to_thread=False)}

    @get(
        "/td",
        operation_id="getThingDescription",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(404),
        operation_class=by_hand(gives=(TD,)),
        summary="A unit's Thing Description",
    )
    async def description(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        access_tokens: NamedDependency[AccessTokens],
        unit: FromPath[str],
        with_token: Annotated[
            bool, QueryParameter(description="Put a token of 15 minutes into the addresses of server-sent events")
        ] = False,
        protocol: Annotated[
            str,
            QueryParameter(pattern="^(http|mqtt)?$", description="Forms over this protocol alone, with its security"),
        ] = "",
    ) -> Response[bytes]:
        """W3C WoT Thing Description 1.1, out of the Thing Model of the unit's product version."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        token = access_tokens.make(caller)[0] if with_token else ""
        addresses = things.whereabouts.addresses(str(request.base_url)).only(protocol)
        if not addresses.http and not addresses.mqtt:
            raise NotFound("Where MQTT is spoken is not told here.", remedy="Set gateway.mqtt_port.")
        described = await asyncio.to_thread(things.describe, reach, addresses, access_token=token)
        return Response(msgspec.json.encode(described), media_type=TD)

    @get(
        "/thing-model",
        operation_id="getThingModelOfUnit",
        guards=[requires(Scope.UNITS_READ)],
        responses=problem_responses(404),
        operation_class=by_hand(gives=(TM,)),
        summary="The Thing Model a unit is made after",
    )
    async def model(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        unit: FromPath[str],
    ) -> Response[bytes]:
        """W3C WoT Thing Model 1.1 of its product version."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        model = await asyncio.to_thread(lambda: things.thing_model(things.unit(reach)))
        return Response(msgspec.json.encode(model), media_type=TM)

    @get(
        "/properties",
        operation_id="readProperties",
        guards=_READ,
        responses=problem_responses(404),
        summary="Read a unit's properties",
    )
    async def read_all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        twins: NamedDependency[Twins],
        unit: FromPath[str],
        names: Annotated[str, QueryParameter(description="Separated by commas; left out: all")] = "",
    ) -> dict[str, Any]:
        """The newest value of each that has one; with their times: `/twin`."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        wanted = [name.strip() for name in names.split(",") if name.strip()]
        return await asyncio.to_thread(values_of, twins, reach, wanted)

    @put(
        "/properties",
        operation_id="writeProperties",
        guards=[requires(Scope.CONTROL_WRITE)],
        responses=problem_responses(404, 409),
        status_code=204,
        summary="Write several properties",
    )
    async def write_many(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        twins: NamedDependency[Twins],
        unit: FromPath[str],
        data: JSONBody[dict[str, Any]],
    ) -> None:
        """They are desired of the unit, all or none; the unit is told at once, or when it comes back."""
        reach = gate.unit(caller, _unit(unit)).must_be_present().must_control()
        await write(twins, reach, data, by=caller.actor_id)

    @get(
        "/properties/{name:str}",
        operation_id="readProperty",
        guards=_READ,
        responses=problem_responses(404),
        operation_class=by_hand(gives=("application/json",)),
        summary="Read a property",
    )
    async def read(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        twins: NamedDependency[Twins],
        unit: FromPath[str],
        name: FromPath[str],
    ) -> Response[bytes]:
        """The newest value the unit reported, bare."""
        reach = gate.unit(caller, _unit(unit)).must_be_present()
        value = await asyncio.to_thread(value_of, twins, reach, name)
        return Response(msgspec.json.encode(value), media_type="application/json")

    @put(
        "/properties/{name:str}",
        operation_id="writeProperty",
        guards=[requires(Scope.CONTROL_WRITE)],
        responses=problem_responses(404, 409),
        operation_class=by_hand(("application/json",)),
        status_code=204,
        summary="Write a property",
    )
    async def write_one(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        twins: NamedDependency[Twins],
        unit: FromPath[str],
        name: FromPath[str],
    ) -> None:
        """The body is the value, bare. It is desired of the unit; what it reports then is what `GET` shows."""
        reach = gate.unit(caller, _unit(unit)).must_be_present().must_control()
        await write(twins, reach, {name: _value(await request.body())}, by=caller.actor_id)

    @get(
        "/properties/{name:str}/observe",
        operation_id="observeProperty",
        guards=_READ,
        opt=_BY_TOKEN,
        responses=_STREAM | problem_responses(404, 429),
        summary="Observe a property",
    )
    async def observe(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        twins: NamedDependency[Twins],
        asking: NamedDependency[Asking],
        unit: FromPath[str],
        name: FromPath[str],
    ) -> Response[Any]:
        """Each value the unit reports, bare. Server-sent events begin with the value there is."""
        look = _looking(gate, caller, _unit(unit))
        model = await asyncio.to_thread(things.compiled, look())
        if name not in model.properties:
            raise NotFound(f"A {model.product} {model.version} has no property {name[:64]!r}.")
        return await _serve(WatchedProperties(twins, look, name, by=caller.organisation_id), asking, from_start=True)

    @get(
        "/observe",
        operation_id="observeProperties",
        guards=_READ,
        opt=_BY_TOKEN,
        responses=_STREAM | problem_responses(404, 429),
        summary="Observe all properties",
    )
    async def observe_all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        twins: NamedDependency[Twins],
        asking: NamedDependency[Asking],
        unit: FromPath[str],
    ) -> Response[Any]:
        """An object of those that are new, again and again."""
        look = _looking(gate, caller, _unit(unit))
        return await _serve(WatchedProperties(twins, look, by=caller.organisation_id), asking, from_start=True)

    @get(
        "/events/{name:str}/subscribe",
        operation_id="subscribeEvent",
        guards=_READ,
        opt=_BY_TOKEN,
        responses=_STREAM | problem_responses(404, 429),
        summary="Subscribe to an event",
    )
    async def subscribe(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        things: NamedDependency[Things],
        event_feed: NamedDependency[EventFeed],
        asking: NamedDependency[Asking],
        unit: FromPath[str],
        name: FromPath[str],
    ) -> Response[Any]:
        """Its data, each time it happens. What happened before is at `/events`."""
        look = _looking(gate, caller, _unit(unit))
        model = await asyncio.to_thread(things.compiled, look())
        if name not in model.events:
            raise NotFound(f"A {model.product} {model.version} has no event {name[:64]!r}.")
        return await _serve(WatchedEvents(event_feed, look, name), asking, from_start=False)

    @get(
        "/subscribe",
        operation_id="subscribeEvents",
        guards=_READ,
        opt=_BY_TOKEN,
        responses=_STREAM | problem_responses(404, 429),
        summary="Subscribe to all events",
    )
    async def subscribe_all(
        self,
        caller: NamedDependency[Caller],
        gate: NamedDependency[Gate],
        event_feed: NamedDependency[EventFeed],
        asking: NamedDependency[Asking],
        unit: FromPath[str],
    ) -> Response[Any]:
        """An object with the event's name and data, each time one happens."""
        look = _looking(gate, caller, _unit(unit))
        return await _serve(WatchedEvents(event_feed, look), asking, from_start=False)


@post(
    "/api/v1/access-tokens",
    tags=["Things"],
    operation_id="createAccessToken",
    guards=_READ,
    responses=problem_responses(),
    status_code=201,
    summary="Make a short-lived token",
)
async def create_access_token(
    caller: NamedDependency[Caller], access_tokens: NamedDependency[AccessTokens], data: JSONBody[AccessTokenRequest]
) -> AccessTokenJson:
    """It reads what you may read, on the routes of live changes alone, for 15 minutes at most: for an EventSource."""
    token, expires_at = access_tokens.make(caller, seconds=data.seconds)
    return AccessTokenJson(token=token, expires_at=format_instant(expires_at))


async def _serve(watched: Watched, asking: Asking, *, from_start: bool) -> Response[Any]:
    if asking.stream:
        return server_sent(watched, asking.place, from_start=from_start)
    if asking.seconds is not None:
        after = watched.newest() if asking.place is None else asking.place
        return await bounded_poll(watched, after, seconds=asking.seconds)
    place = asking.polls.place(asking.who) if asking.place is None else asking.place
    after = watched.newest() if place is None else place
    return await long_poll(asking.request, watched, after, polls=asking.polls, who=asking.who)


def _looking(gate: Gate, caller: Caller, unit_id: int) -> Any:
    """Asks the gate each time it is called: an access may end while somebody is being told."""

    def look() -> Reach:
        return gate.unit(caller, unit_id).must_be_present()

    return look


def _unit(text: str) -> int:
    return parse_id(text, what="unit id")


def _value(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid("The value is not JSON.", faults=[Fault(place="", reason=str(error)[:200])]) from None

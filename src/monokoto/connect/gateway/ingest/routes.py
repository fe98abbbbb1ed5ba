"""The routes by which readings arrive over HTTP: our own, ThingsBoard's, InfluxDB's. A unit's token opens them."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter
from litestar.types import ExceptionHandlersMap

from monokoto.connect.fleet import UnitIdentity
from monokoto.connect.gateway.commit import Route
from monokoto.connect.gateway.ingest.bodies import (
    columns_cbor,
    columns_json,
    inflate,
    telemetry_cbor,
    telemetry_json,
    too_large,
)
from monokoto.connect.gateway.ingest.line_protocol import Reading, parse_lines
from monokoto.connect.gateway.ingest.service import Ingest
from monokoto.kernel.errors import Fault, Invalid, Unauthenticated
from monokoto.kernel.limits import INGEST_BODY_BYTES_MAX, NAME_LENGTH_MAX
from monokoto.web import OWN_LIMITS, Problem, by_hand, problem_responses

_JSON = "application/json"
_CBOR = "application/cbor"
_TEXT = "text/plain"
_UNIT: list[dict[str, list[str]]] = [{"unit": []}]
_RESPONSES = problem_responses(400, 413, 429)
_Cutter = Callable[[bytes], list[bytes]]
_TELEMETRY: dict[str, tuple[Route, _Cutter]] = {
    _JSON: (Route.TELEMETRY, telemetry_json),
    _CBOR: (Route.TELEMETRY_CBOR, telemetry_cbor),
}
_COLUMNS: dict[str, tuple[Route, _Cutter]] = {
    _JSON: (Route.COLUMNS, columns_json),
    _CBOR: (Route.COLUMNS_CBOR, columns_cbor),
}
_EVENT: dict[str, tuple[Route, _Cutter]] = {_JSON: (Route.EVENT, lambda body: [body])}
_IN_THREAD_BYTES = 32 * 1024

Unit = Annotated[str, Parameter(title="Unit", description="The unit's token")]


class PartialWrite(Invalid):
    """Some lines are faulty, the others were taken."""

    code = "partial-write"


class WriteProblem(Problem, frozen=True):
    """What InfluxDB's clients show: `error` (version 1) or `message` (version 2)."""

    error: str = ""
    message: str = ""


def _answer_partial_write(_request: Request[Any, Any, Any], error: PartialWrite) -> Response[WriteProblem]:
    """400, which InfluxDB's clients take for final: they do not send it again."""
    problem = msgspec.convert(
        {
            "title": "Bad request",
            "status": 400,
            "code": error.code,
            "detail": error.message,
            "remedy": error.remedy,
            "faults": [{"reason": fault.reason, "line": fault.line} for fault in error.faults],
            "error": error.message,
            "message": error.message,
        },
        WriteProblem,
    )
    headers = {"X-Influxdb-Error": error.message}
    return Response(problem, status_code=400, media_type="application/problem+json", headers=headers)


_WRITE_ERRORS: ExceptionHandlersMap = {PartialWrite: _answer_partial_write}

_WRITE_QUERY = {
    "precision": "Of the times: `ns` (default), `us`, `ms`, `s`, `m`, `h`",
    "unit_tag": "The tag that names a unit below the sender; default `unit`",
    "naming": "What a property is called: `field` (default), `measurement_field` or `measurement.field`",
}
_WRITE_TOKENS = {"p": "The unit's token (InfluxDB's password)", "u": "The unit's token, if `p` is not it"}


def _ingest(operation_id: str, summary: str, *media_types: str, query: dict[str, str] | None = None) -> dict[str, Any]:
    """What the routes have in common. Their query is not checked: clients of other systems send what they know."""
    return {
        "operation_id": operation_id,
        "summary": summary,
        "opt": {"exclude_from_auth": True, OWN_LIMITS: True},
        "responses": _RESPONSES,
        "tags": ["Ingest"],
        "operation_class": by_hand(media_types, query=query, body_required=operation_id != "sendEvent"),
    }


@post("/api/v1/telemetry", status_code=204, security=_UNIT, **_ingest("sendTelemetry", "Send readings", _JSON, _CBOR))
async def send_telemetry(request: Request[Any, Any, Any], ingest: Ingest) -> None:
    """Readings of one unit, as JSON or CBOR in any shape of docs/topics.md. 204: they are on disk."""
    await _take(request, ingest, await ingest.unit(*_tokens(request)), _TELEMETRY)


@post(
    "/api/v1/columns",
    status_code=204,
    security=_UNIT,
    **_ingest("sendColumns", "Send readings in columns", _JSON, _CBOR),
)
async def send_columns(request: Request[Any, Any, Any], ingest: Ingest) -> None:
    """Readings in columns, of one unit or of those below it in its product system. 204: they are on disk."""
    await _take(request, ingest, await ingest.unit(*_tokens(request)), _COLUMNS)


@post("/api/v1/events/{event:str}", status_code=204, security=_UNIT, **_ingest("sendEvent", "Send an event", _JSON))
async def send_event(request: Request[Any, Any, Any], ingest: Ingest, event: str) -> None:
    """One event of a unit; the body is its data, or empty. 204: it is on disk."""
    if len(event) > NAME_LENGTH_MAX:
        raise Invalid(
            "This is no event.", faults=[Fault(place="event", reason=f"at most {NAME_LENGTH_MAX} characters")]
        )
    await _take(request, ingest, await ingest.unit(*_tokens(request)), _EVENT, subject=event)


@post(
    "/api/v1/{token:str}/telemetry",
    status_code=200,
    security=[],
    **_ingest("sendThingsboardTelemetry", "Send readings as a ThingsBoard device", _JSON),
)
async def send_telemetry_as_thingsboard(request: Request[Any, Any, Any], ingest: Ingest, token: Unit) -> None:
    """ThingsBoard's device API: telemetry, the token in the path. 200: it is on disk."""
    await _take(request, ingest, await ingest.unit(token), _TELEMETRY)


@post(
    "/api/v1/{token:str}/attributes",
    status_code=200,
    security=[],
    **_ingest("sendThingsboardAttributes", "Send attributes as a ThingsBoard device", _JSON),
)
async def send_attributes_as_thingsboard(request: Request[Any, Any, Any], ingest: Ingest, token: Unit) -> None:
    """ThingsBoard's device API: client attributes are reported properties. 200: they are on disk."""
    await _take(request, ingest, await ingest.unit(token), _TELEMETRY)


@post(
    "/write",
    status_code=204,
    exception_handlers=_WRITE_ERRORS,
    security=[{"unit": []}, {}],
    **_ingest("writeLines", "Send line protocol as to InfluxDB 1", _TEXT, query=_WRITE_QUERY | _WRITE_TOKENS),
)
async def write(request: Request[Any, Any, Any], ingest: Ingest) -> None:
    """InfluxDB 1: line protocol; the token as `p` (or `u`), or in Authorization. `db` and `rp` are not looked at."""
    query = request.query_params
    unit = await ingest.unit(*_tokens(request, query.get("p", ""), query.get("u", "")))
    await _write(request, ingest, unit)


@post(
    "/api/v2/write",
    status_code=204,
    exception_handlers=_WRITE_ERRORS,
    security=_UNIT,
    **_ingest("writeLinesInfluxdb2", "Send line protocol as to InfluxDB 2", _TEXT, query=_WRITE_QUERY),
)
async def write_as_influxdb_2(request: Request[Any, Any, Any], ingest: Ingest) -> None:
    """InfluxDB 2: line protocol, `Authorization: Token ...`. `org` and `bucket` are not looked at."""
    await _write(request, ingest, await ingest.unit(*_tokens(request)))


@get("/ping", opt={"exclude_from_auth": True, OWN_LIMITS: True}, status_code=204, include_in_schema=False)
async def ping() -> Response[None]:
    """InfluxDB 1 writers ask this before they write."""
    return Response(None, status_code=204, headers={"X-Influxdb-Version": "1.8-monokoto"})


def ingest_routes() -> list[HTTPRouteHandler]:
    """All of them; they need the dependency `ingest`."""
    return [
        send_telemetry,
        send_columns,
        send_event,
        send_telemetry_as_thingsboard,
        send_attributes_as_thingsboard,
        write,
        write_as_influxdb_2,
        ping,
    ]


async def _take(
    request: Request[Any, Any, Any],
    ingest: Ingest,
    unit: UnitIdentity,
    routes: dict[str, tuple[Route, _Cutter]],
    *,
    subject: str = "",
) -> None:
    kind = request.headers.get("content-type", _JSON).partition(";")[0].strip().lower()
    if kind not in routes:
        kind = _CBOR if kind == _CBOR else _JSON  # curl and many devices say x-www-form-urlencoded for JSON
    if kind not in routes:
        raise Invalid("This takes JSON only.", faults=[Fault(place="Content-Type", reason=_JSON)])
    route, cut = routes[kind]
    body = await _body(request)
    payloads = await asyncio.to_thread(cut, body) if len(body) > _IN_THREAD_BYTES else cut(body)
    await ingest.take(unit, route, payloads, subject=subject, messages=len(payloads))


async def _write(request: Request[Any, Any, Any], ingest: Ingest, unit: UnitIdentity) -> None:
    """What InfluxDB does: faulty lines are refused with their numbers, the others are kept."""
    query = request.query_params
    reading = Reading(
        now=ingest.clock.now(),
        precision=query.get("precision", "ns"),
        unit_tag=query.get("unit_tag", "unit"),
        naming=query.get("naming", "field"),
    )
    parsed = await asyncio.to_thread(parse_lines, await _body(request), reading)
    if parsed.payloads:
        await ingest.take(unit, Route.COLUMNS, parsed.payloads, messages=len(parsed.payloads))
    if parsed.dropped:
        raise PartialWrite(
            f"partial write: {parsed.dropped} lines are not line protocol, {parsed.rows} were taken",
            remedy="Mend the lines named in `faults` and send those again.",
            faults=parsed.faults,
        )


async def _body(request: Request[Any, Any, Any]) -> bytes:
    size = request.headers.get("content-length", "")
    if size.isdigit() and int(size) > INGEST_BODY_BYTES_MAX:
        raise too_large()
    chunks, length = [], 0
    async for chunk in request.stream():
        length += len(chunk)
        if length > INGEST_BODY_BYTES_MAX:
            raise too_large()
        chunks.append(chunk)
    return inflate(b"".join(chunks), request.headers.get("content-encoding", "").lower())


def _tokens(request: Request[Any, Any, Any], *others: str) -> tuple[str, ...]:
    """The tokens a request carries: `Bearer`, `Token` (also `user:password`), `Basic`, or the others given."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    found = [*others]
    if scheme.lower() in {"bearer", "token"}:
        found += [secret.strip(), secret.strip().rpartition(":")[2]]
    elif scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(secret, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise Unauthenticated("The Authorization header is not Basic credentials.") from None
        found += [password, user]
    if not any(found):
        raise Unauthenticated(
            "This request carries no unit's token.", remedy="Send `Authorization: Bearer TOKEN` with the unit's token."
        )
    return tuple(dict.fromkeys(token for token in found if token))

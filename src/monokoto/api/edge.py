"""What holds for every route around its handler: HEAD and OPTIONS are answered, heads are finished, a misspelt query
parameter is refused."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, cast

from litestar import Litestar, Request
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from monokoto.kernel.errors import Fault, Invalid
from monokoto.web import HEAD_STATE, is_open, limit_headers, shape_of

Check = Callable[[Request[Any, Any, Any]], Awaitable[None]]


def answer_head(app: ASGIApp) -> ASGIApp:
    """HEAD as RFC 9110 section 9.3.2 has it: the head of the answer GET would give. A live stream ends after its head."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "HEAD":
            await app(scope, receive, send)
            return
        cast("HTTPScope", scope)["method"] = HttpMethod.GET
        scope.setdefault("state", {})[HEAD_STATE] = True
        begun = asyncio.Event()

        async def receive_until_begun() -> Any:
            message = asyncio.ensure_future(receive())
            gone = asyncio.ensure_future(begun.wait())
            await asyncio.wait({message, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if message.done():
                return message.result()
            message.cancel()
            return {"type": "http.disconnect"}

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                # The server below knows from the method that no body follows, whatever the head says of its length.
                cast("HTTPScope", scope)["method"] = HttpMethod.HEAD
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                begun.set()

        await app(scope, receive_until_begun, send_head)

    return answer


def finish_heads(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """What every answer says beside what its handler said, in one pass over its head.

    `Allow` (RFC 9110 section 10.2.1) names every method of the path, where the framework names those of one of its handlers;
    the headers that keep a browser from misreading an answer, unless the handler set them; what the answer may be kept for;
    and what is left of the caller's limit.
    """
    methods: dict[str, set[str]] = {}

    def allowed(scope: Scope, told: str) -> bytes:
        if not methods:
            for route in app.routes:
                if isinstance(route, HTTPRoute):
                    methods.setdefault(route.path_format, set()).update(route.methods)
        found = (
            {one.strip() for one in told.split(",")} | methods.get(scope.get("path_template", ""), set()) | {"OPTIONS"}
        )
        return ", ".join(sorted(found | ({"HEAD"} if "GET" in found else set()))).encode()

    def finished(scope: Scope, told: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        headers, names = [], set()
        for name, value in told:
            lower = name.lower()
            names.add(lower)
            headers.append((name, allowed(scope, value.decode()) if lower == b"allow" else value))
        headers += [header for header in _GUARDED if header[0] not in names]
        if b"cache-control" not in names and scope["path"].startswith(_PRIVATE_PATHS):
            headers.append(_PRIVATE_CHECKED if b"etag" in names else _NOT_KEPT)
        if scope.get("scheme") == "https":
            headers.append(_ONLY_TLS)
        headers += limit_headers(scope)
        return headers

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_finished(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = cast("Message", {**message, "headers": finished(scope, message["headers"])})
            await send(message)

        await inner(scope, receive, send_finished)

    return answer


_GUARDED = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
_PRIVATE_PATHS = "/api/"
"""Under it every answer is for who asked alone."""
_NOT_KEPT = (b"cache-control", b"no-store")
_PRIVATE_CHECKED = (b"cache-control", b"private, no-cache")
_ONLY_TLS = (b"strict-transport-security", b"max-age=31536000")


def resolve_in_turn(app: Litestar) -> None:
    """Let a handler's dependencies be resolved one after another.

    The framework resolves those that do not need each other at the same time, in a group of tasks, which costs more than many
    a handler; ours are values that are there already, or one look into memory: there is nothing to wait for.
    """
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for _, model in route.route_handler_map.values():
                model.dependency_batches = [{one} for batch in model.dependency_batches for one in batch]


def refuse_unknown_parameters() -> Check:
    """A check for `before_request`: a parameter the route does not know is a 422, never overlooked.

    Because `?prodcut=oven` would otherwise be answered with everything. Routes that speak another system's dialect (ingest)
    take what its clients send.
    """
    known: dict[int, frozenset[str]] = {}

    def names_of(request: Request[Any, Any, Any]) -> frozenset[str]:
        if not known:
            for route in request.app.routes:
                if isinstance(route, HTTPRoute):
                    for handler, model in route.route_handler_map.values():
                        names = {one.field_alias for one in model.expected_query_params}
                        known[id(handler)] = frozenset(names | ({"fields"} if shape_of(handler) else set()))
        return known.get(id(request.route_handler), frozenset())

    async def check(request: Request[Any, Any, Any]) -> None:
        if (
            not request.scope["query_string"]
            or is_open(request.route_handler)
            or request.route_handler.opt.get("any_parameter")
        ):
            return
        names = names_of(request)
        unknown = sorted(set(request.query_params) - names)
        if unknown:
            raise Invalid(
                "This route does not know every parameter of the query.",
                remedy=f"It knows {', '.join(sorted(names)) or 'none'}.",
                faults=[Fault(place=name[:80], reason=_reason(name, names)) for name in unknown[:20]],
            )

    return check


def _reason(name: str, names: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f"there is no such parameter; did you mean `{close[0]}`?" if close else "there is no such parameter"

"""What holds for every route around its handler: HEAD and OPTIONS are answered, a misspelt query parameter is refused."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar import Litestar, Request
from litestar.enums import HttpMethod
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from monokoto.kernel.errors import Fault, Invalid
from monokoto.web import is_open

Check = Callable[[Request[Any, Any, Any]], Awaitable[None]]


def answer_head(app: ASGIApp) -> ASGIApp:
    """HEAD as RFC 9110 section 9.3.2 has it: the head of the answer GET would give. A live stream ends after its head."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") != "HEAD":
            await app(scope, receive, send)
            return
        cast("HTTPScope", scope)["method"] = HttpMethod.GET
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
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                begun.set()

        await app(scope, receive_until_begun, send_head)

    return answer


def name_methods(app: Litestar, inner: ASGIApp) -> ASGIApp:
    """`Allow` (RFC 9110 section 10.2.1) with every method of the path; the framework names those of one of its handlers."""
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

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [
                    (name, allowed(scope, value.decode()) if name.lower() == b"allow" else value)
                    for name, value in message["headers"]
                ]
                message = cast("Message", {**message, "headers": headers})
            await send(message)

        await inner(scope, receive, send_named)

    return answer


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
                        known[id(handler)] = frozenset(one.field_alias for one in model.expected_query_params)
        return known.get(id(request.route_handler), frozenset())

    async def check(request: Request[Any, Any, Any]) -> None:
        if not request.url.query or is_open(request.route_handler) or request.route_handler.opt.get("any_parameter"):
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

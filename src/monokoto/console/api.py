"""The console's way to the public API: in process, with the visitor's own session, and nothing the API does not offer.

The request goes through the whole application (authentication, limits, audit) as if it came over the wire, from the
visitor's address. What the API refuses becomes one of the exceptions below, which the shell renders as a designed page.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import httpx
import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from monokoto.console.growing import growing
from monokoto.console.languages import LANGUAGE_COOKIE, LANGUAGES

CSRF_HEADER = "X-Koto-CSRF"
_FORWARDED = ("user-agent", "accept-language")
_SECONDS_MAX = 60.0


class Fault(msgspec.Struct, frozen=True):
    """One fault of an input, as a problem document names it."""

    reason: str = ""
    place: str = ""
    line: int = 0
    """Of a text, from 1; 0: it has no lines."""


class Problem(msgspec.Struct, frozen=True):
    """What the API said instead of an answer (RFC 9457)."""

    title: str = ""
    status: int = 500
    code: str = "internal"
    detail: str = ""
    remedy: str = ""
    faults: list[Fault] = []

    def at(self, place: str) -> str:
        """The reasons of the faults at a field, for the line under it."""
        return " ".join(fault.reason for fault in self.faults if fault.place == place)


class Refused(Exception):
    """The API did not do it; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class NotSignedIn(Refused):
    """Nobody is signed in, or the session is over (401)."""


class NotAllowed(Refused):
    """Signed in, and this role may not (403)."""


class NotThere(Refused):
    """There is no such thing, or none that is open to this organisation (404)."""


class Broken(Refused):
    """The platform could not answer (5xx)."""


_KINDS: dict[int, type[Refused]] = {401: NotSignedIn, 403: NotAllowed, 404: NotThere}


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a page, which may be missing without spoiling the page: either `value` or `problem`."""

    value: Any = None
    problem: Problem | None = None


@dataclass(slots=True)
class Api:
    """The public API as one visitor sees it."""

    request: Request[Any, Any, Any]
    csrf: str = ""
    """Sent with unsafe methods: the token out of the form or the header of the visitor's request."""
    cookies: list[Cookie] = field(default_factory=list)
    """What the API wants set in the browser; the page that answers carries them."""

    async def get(self, path: str, **query: Any) -> Any:
        """The decoded answer. Raises one of the exceptions above."""
        return await self.call("GET", path, query=query)

    async def post(self, path: str, body: Any = None, **query: Any) -> Any:
        """POST with a JSON body."""
        return await self.call("POST", path, body=body, query=query)

    async def put(self, path: str, body: Any = None, **query: Any) -> Any:
        """PUT with a JSON body."""
        return await self.call("PUT", path, body=body, query=query)

    async def amend(self, path: str, body: Any, tag: str) -> Any:
        """PATCH with a JSON body, unless it is no longer at this entity tag (412); empty: whatever stands there."""
        return await self.call("PATCH", path, body=body, headers={"If-Match": tag} if tag else {})

    async def tagged(self, path: str) -> tuple[Any, str]:
        """As `get`, with the entity tag of the answer."""
        answer = await self._send("GET", path, None, {})
        if answer.status_code >= 400:
            raise refused_of(answer)
        return msgspec.json.decode(answer.content), str(answer.headers.get("etag", ""))

    async def replace(self, path: str, body: Any, version: str) -> Any:
        """PUT with a JSON body, unless somebody else changed it since that version (412); empty: whatever stands there."""
        headers = {"If-Match": f'"{version}"'} if version else {}
        return await self.call("PUT", path, body=body, headers=headers)

    async def patch(self, path: str, body: Any = None, **query: Any) -> Any:
        """PATCH with a JSON body."""
        return await self.call("PATCH", path, body=body, query=query)

    async def delete(self, path: str, **query: Any) -> Any:
        """DELETE."""
        return await self.call("DELETE", path, query=query)

    async def send(self, path: str, content: bytes, *, content_type: str, accept: str, **query: Any) -> httpx.Response:
        """POST a file; the whole answer, for what its headers say. Raises one of the exceptions above."""
        headers = {"Content-Type": content_type, "Accept": accept}
        answer = await self._send("POST", path, None, query, content=content, headers=headers)
        if answer.status_code >= 400:
            raise refused_of(answer)
        return answer

    async def lines(self, path: str, body: Any, *, accept: str) -> AsyncGenerator[bytes]:
        """POST with a JSON body, and the lines of an answer that grows, each as it comes. Closed early, the API sees that its
        caller has gone. Raises one of the exceptions above before the first line."""
        headers = self._headers("POST") | {"Content-Type": "application/json", "Accept": accept}
        async with growing(self.request, path, msgspec.json.encode(body), headers) as answer:
            if answer.status >= 400:
                content = b"".join([piece async for piece in answer.pieces()])
                raise refused_of(httpx.Response(answer.status, content=content))
            rest = b""
            async for piece in answer.pieces():
                *whole, rest = (rest + piece).split(b"\n")
                for line in whole:
                    yield line
            if rest:
                yield rest

    async def part(self, path: str, **query: Any) -> Part:
        """As `get`, for a part of a page; a session that is over still ends the whole page."""
        return await self.part_of("GET", path, query=query)

    async def part_of(
        self, method: str, path: str, *, body: Any = None, query: Mapping[str, Any] | None = None
    ) -> Part:
        """As `part`, for what is asked by another method."""
        try:
            return Part(value=await self.call(method, path, body=body, query=query))
        except NotSignedIn:
            raise
        except Refused as refused:
            return Part(problem=refused.problem)

    def offers(self, path: str) -> bool:
        """Whether the application has such a route, as a template: `/api/v1/units/{unit}/td`."""
        return path in {route.path_format for route in self.request.app.routes}

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request; None for an answer without a body, bytes for one that is not JSON."""
        answer = await self._send(method, path, body, query or {}, headers=headers)
        self.cookies += _cookies_of(answer)
        if answer.status_code >= 400:
            raise refused_of(answer)
        if not answer.content:
            return None
        kind = answer.headers.get("content-type", "").partition(";")[0]
        return msgspec.json.decode(answer.content) if kind.endswith("json") else answer.content

    async def _send(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any],
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        here, client = self.request, self.request.client
        headers = self._headers(method) | dict(headers or {})
        if body is not None:
            headers["Content-Type"] = "application/json"
        transport = httpx.ASGITransport(
            app=here.app,  # type: ignore[arg-type] # the same callable with its own names for the same types
            raise_app_exceptions=False,
            client=(client.host, client.port) if client else ("127.0.0.1", 0),
        )
        async with httpx.AsyncClient(transport=transport, base_url=str(here.base_url), timeout=_SECONDS_MAX) as http:
            return await http.request(
                method,
                path,
                params={name: value for name, value in query.items() if value is not None and value != ""},
                content=content if body is None else msgspec.json.encode(body),
                headers=headers,
            )

    def _headers(self, method: str) -> dict[str, str]:
        """What the API is to know of the visitor's browser and session."""
        here = self.request
        headers = {name: here.headers[name] for name in _FORWARDED if name in here.headers}
        if (chosen := here.cookies.get(LANGUAGE_COOKIE, "")) in LANGUAGES:
            headers["accept-language"] = chosen  # of this browser: mails follow what its visitor reads
        if "cookie" in here.headers:
            headers["Cookie"] = here.headers["cookie"]
        if method != "GET":
            headers[CSRF_HEADER] = self.csrf
        return headers


def refused_of(answer: httpx.Response) -> Refused:
    """The exception for an answer of 4xx or 5xx."""
    try:
        problem = msgspec.json.decode(answer.content, type=Problem)
    except msgspec.MsgspecError:
        problem = Problem(status=answer.status_code, detail=answer.text[:200])
    kind = Broken if answer.status_code >= 500 else _KINDS.get(answer.status_code, Refused)
    return kind(msgspec.structs.replace(problem, status=answer.status_code))


def _cookies_of(answer: httpx.Response) -> list[Cookie]:
    found = []
    for header in answer.headers.get_list("set-cookie"):
        for name, morsel in SimpleCookie(header).items():
            found.append(
                Cookie(
                    key=name,
                    value=morsel.value,
                    path=morsel["path"] or "/",
                    max_age=int(morsel["max-age"]) if morsel["max-age"] else None,
                    secure=bool(morsel["secure"]),
                    httponly=bool(morsel["httponly"]),
                    samesite=morsel["samesite"].lower() or "lax",
                )
            )
    return found

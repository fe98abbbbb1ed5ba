"""The router of the console: what holds for every page of it, and what is shown when a page cannot be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar import Request, Response, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.types import ControllerRouterHandler, ExceptionHandlersMap

from monokoto.console.api import Api, NotSignedIn, Problem, Refused
from monokoto.console.formats import Formats
from monokoto.console.languages import LANGUAGE_COOKIE, choose
from monokoto.console.visit import (
    Visit,
    provide_guest,
    provide_visit,
    sign_in_first,
    theme_of,
    visit_of,
)
from monokoto.kernel.clock import SystemClock

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=()",
}
_SAFE = ("GET", "HEAD", "OPTIONS")
_log = structlog.get_logger(__name__)


def router(handlers: Sequence[ControllerRouterHandler]) -> Router:
    """`/console` with these pages. The pages look after their visitors themselves; the API behind them does the checking."""
    return Router(
        "/console",
        route_handlers=handlers,
        opt={"exclude_from_auth": True, "console": True},
        include_in_schema=False,
        dependencies={"guest": Provide(provide_guest), "visit": Provide(provide_visit)},
        before_request=refuse_other_origins,
        after_request=add_headers,
        exception_handlers=_HANDLERS,
    )


async def refuse_other_origins(request: Request[Any, Any, Any]) -> None:
    """A change asked for by a page of another site is refused before anything reads it.

    Beside the token in every form: it also covers signing in, where there is no session yet to take a token from.
    """
    if request.method in _SAFE:
        return
    told = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    same = told in {"same-origin", "none"} if told else not origin or urlsplit(origin).netloc == request.url.netloc
    if not same:
        raise Refused(Problem(status=403, code="other-origin", title="Forbidden", detail="Sent by another site."))


def add_headers(response: Response[Any]) -> Response[Any]:
    """The headers of every answer; a page is nobody else's and is not kept."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _refused(request: Request[Any, Any, Any], refused: Refused) -> Response[Any]:
    if isinstance(refused, NotSignedIn):
        return add_headers(_to_sign_in(request))
    return add_headers(_show(request, refused.problem))


def _to_sign_in(request: Request[Any, Any, Any]) -> Response[str]:
    if request.headers.get("hx-request") == "true":
        return Response("", status_code=401, headers={"HX-Redirect": sign_in_first(request)}, media_type="text/html")
    return Response("", status_code=303, headers={"Location": sign_in_first(request)}, media_type="text/html")


def _framework(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    return add_headers(_show(request, Problem(status=error.status_code)))


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    _log.error("page_failed", path=request.url.path, method=request.method, exc_info=error)
    return add_headers(_show(request, Problem(status=500)))


def _show(request: Request[Any, Any, Any], problem: Problem) -> Response[str]:
    """The page for what could not be done: no permission, not there, a form that is too old, a platform that is not well."""
    accept = request.headers.get("accept-language", "")
    visit = visit_of(request) or Visit(
        request=request,
        api=Api(request),
        formats=Formats(choose(request.cookies.get(LANGUAGE_COOKIE), accept=accept), "UTC", SystemClock().now()),
        theme=theme_of(request),
    )
    response = visit.page("problem.html", status=problem.status, problem=problem)
    if visit.is_part:
        response.headers.update({"HX-Retarget": "#notice", "HX-Reswap": "innerHTML"})
    return response


_HANDLERS: ExceptionHandlersMap = {
    Refused: _refused,
    HTTPException: _framework,
    Exception: _unforeseen,
}

"""Errors as problem documents (RFC 9457), the status chosen here and nowhere else."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap

from monokoto.kernel import errors

STATUS: dict[type[errors.MonokotoError], int] = {
    errors.Invalid: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooLarge: 413,
    errors.TooMany: 429,
    errors.Unavailable: 503,
    errors.BadSettings: 500,
}
TITLES = {
    400: "Bad request",
    401: "Unauthenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Invalid",
    429: "Too many requests",
    500: "Internal error",
    503: "Unavailable",
}
_log = structlog.get_logger(__name__)


class ProblemFault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One fault of the input."""

    reason: str
    place: str = ""
    file: str = ""
    line: int = 0


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 problem document; `code` is stable, `detail` is for people."""

    title: str
    status: int
    code: str
    detail: str = ""
    remedy: str = ""
    faults: list[ProblemFault] = []
    type: str = "about:blank"


def status_of(error: errors.MonokotoError) -> int:
    """The HTTP status of an error of ours."""
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def _respond(problem: Problem, headers: dict[str, str] | None = None) -> Response[Problem]:
    return Response(problem, status_code=problem.status, media_type="application/problem+json", headers=headers or {})


def problem_of(error: errors.MonokotoError) -> Problem:
    """An error of ours as people and programs are told it, also of one among many in an answer."""
    status = status_of(error)
    faults = [
        ProblemFault(reason=fault.reason, place=fault.place, file=fault.file, line=fault.line) for fault in error.faults
    ]
    return Problem(
        title=TITLES[status], status=status, code=error.code, detail=error.message, remedy=error.remedy, faults=faults
    )


def _ours(_request: Request[Any, Any, Any], error: errors.MonokotoError) -> Response[Problem]:
    problem = problem_of(error)
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    if error.retry_after_seconds or problem.status in {429, 503}:
        headers["Retry-After"] = str(error.retry_after_seconds or 1)
    return _respond(problem, headers)


def _framework(_request: Request[Any, Any, Any], error: HTTPException) -> Response[Problem]:
    faults: list[ProblemFault] = []
    status = error.status_code
    if isinstance(error, ValidationException):
        status = 422
        extra = error.extra if isinstance(error.extra, list) else []
        faults = [
            ProblemFault(reason=str(one.get("message", "")), place=str(one.get("key", "")))
            for one in extra
            if isinstance(one, dict)
        ]
    title = TITLES.get(status, "Error")
    code = title.lower().replace(" ", "-")
    headers = {name: value for name, value in (error.headers or {}).items() if name.lower() == "allow"}
    return _respond(Problem(title=title, status=status, code=code, detail=error.detail, faults=faults), headers)


def _unforeseen(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    _log.error("request_failed", path=request.url.path, method=request.method, exc_info=error)
    return _respond(
        Problem(
            title=TITLES[500],
            status=500,
            code="internal",
            detail="Something went wrong here that is not your doing.",
            remedy="Try again; if it stays, the platform's log has the reason.",
        )
    )


exception_handlers: ExceptionHandlersMap = {
    errors.MonokotoError: _ours,
    HTTPException: _framework,
    Exception: _unforeseen,
}


def problem_responses(*statuses: int) -> dict[int, ResponseSpec]:
    """For a handler's `responses=`: the problem documents it may answer with; those any route may come by themselves."""
    return {
        status: ResponseSpec(
            data_container=Problem,
            description=TITLES[status],
            media_type="application/problem+json",
            generate_examples=False,
        )
        for status in sorted({400, 401, 403, 422, 429, 503, *statuses})
    }

"""What can go wrong when the API is asked: problem documents (RFC 9457) as exceptions, a class for each kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing wrong with what was sent, and where."""

    reason: str
    place: str = ""
    """A JSON pointer, a parameter's name: where in the input."""
    file: str = ""
    line: int = 0
    """Counted from 1; 0 when the input has no lines."""

    def __str__(self) -> str:
        where = self.file + (f":{self.line}" if self.line else "")
        return ": ".join(part for part in (where, self.place, self.reason) if part)


class ApiError(Exception):
    """Anything that keeps a call from being answered."""


class BadAddress(ApiError):
    """The address of the API is none."""


class BadArgument(ApiError, ValueError):
    """An argument cannot be sent: it would ask for something else than it says."""


class Unreachable(ApiError):
    """Nobody answers, or the connection broke off; every try that made sense was made."""


class UnexpectedAnswer(ApiError):
    """The answer is not of the type this client knows: client and platform are of different versions."""


class Problem(ApiError):
    """The platform refused, and says why. The classes below are its kinds; one of a kind not known here is of this class."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        remedy: str = "",
        faults: Sequence[Fault] = (),
        retry_after_seconds: float = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        """A sentence for people."""
        self.status = status
        """HTTP status."""
        self.code = code
        """Stable, for programs; empty when somebody between us and the platform answered."""
        self.remedy = remedy
        """What to do about it; empty when the message says it."""
        self.faults = tuple(faults)
        """Every fault of the input at once."""
        self.retry_after_seconds = retry_after_seconds
        """When another try makes sense; 0: not said."""

    def __str__(self) -> str:
        lines = [self.message, *(f"  {fault}" for fault in self.faults)]
        if self.remedy:
            lines.append(self.remedy)
        return "\n".join(lines)


class Invalid(Problem):
    """What was sent does not say what it must (400, 422); `faults` has every place."""


class IdempotencyKeyReused(Invalid):
    """The idempotency key came with another request before."""


class Unauthenticated(Problem):
    """The key is none, has ended or was revoked (401)."""


class Forbidden(Problem):
    """The key, or the person, may not do this (403)."""


class NotFound(Problem):
    """There is no such thing, or none the asker may know of (404)."""


class Conflict(Problem):
    """It contradicts what is there (409): a serial that is taken, a version that is published."""


class RequestInFlight(Conflict):
    """The same request, with the same idempotency key, is still being carried out."""


class OutcomeUnknown(Conflict):
    """The platform died while carrying the request out: look whether it was done, then send it under a new key."""


class AnswerNotKept(Conflict):
    """The request was carried out before, and its answer is not there any more: look; do not send it again."""


class PreconditionFailed(Problem):
    """It changed since it was read (412): read it again, then repeat the change."""


class TooLarge(Problem):
    """It is over a limit of size (413)."""


class TooMany(Problem):
    """It comes faster than a limit allows (429), after all tries."""


class Unavailable(Problem):
    """Something is away or full (503), after all tries; nothing was taken."""


BY_CODE: dict[str, type[Problem]] = {
    "idempotency-key-reused": IdempotencyKeyReused,
    "request-in-flight": RequestInFlight,
    "outcome-unknown": OutcomeUnknown,
    "answer-not-kept": AnswerNotKept,
}
"""Where the code says more than the status."""
BY_STATUS: dict[int, type[Problem]] = {
    400: Invalid,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    422: Invalid,
    429: TooMany,
    503: Unavailable,
}


class _Document(msgspec.Struct, frozen=True):
    title: str = ""
    code: str = ""
    detail: str = ""
    remedy: str = ""
    faults: list[Fault] = []


def problem_of(status: int, content: bytes, *, retry_after_seconds: float = 0) -> Problem:
    """The exception for an answer that is a problem document, or for any other answer that is no success."""
    try:
        document = msgspec.json.decode(content, type=_Document)
    except msgspec.MsgspecError:
        document = _Document()
    kind = BY_CODE.get(document.code) or BY_STATUS.get(status, Problem)
    return kind(
        document.detail or document.title or f"The answer was HTTP status {status}.",
        status=status,
        code=document.code,
        remedy=document.remedy,
        faults=document.faults,
        retry_after_seconds=retry_after_seconds,
    )


def unexpected(error: Exception, shown: Any = "") -> UnexpectedAnswer:
    """The exception for an answer that cannot be read."""
    return UnexpectedAnswer(f"The answer is not what this client knows: {error}{f' ({shown})' if shown else ''}")
